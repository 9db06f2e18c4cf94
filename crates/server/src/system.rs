//! Users of the roles, and running a child as one of them.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use nix::unistd::{Gid, Group, Uid, User, chown};

/// The group that all roles share: it may read the log, the lake and the hot rows.
pub const GROUP: &str = "palisade";

/// The accounts, one per role that must not read another's secrets.
pub const USERS: [&str; 5] =
    ["palisade-ingest", "palisade-lake", "palisade-api", "palisade-query", "palisade-pg"];

/// Who a role runs as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// User id.
    pub uid: Uid,
    /// Group id.
    pub gid: Gid,
}

/// Whether roles get users of their own: only root can give them.
pub fn privileged() -> bool {
    Uid::effective().is_root()
}

/// Creates the accounts that are missing. Does nothing unless root.
pub fn ensure_accounts() -> Result<()> {
    if !privileged() {
        return Ok(());
    }
    if Group::from_name(GROUP)?.is_none() {
        run("groupadd", &["--system", GROUP])?;
    }
    for user in USERS {
        if User::from_name(user)?.is_none() {
            run(
                "useradd",
                &[
                    "--system",
                    "--no-create-home",
                    "--home-dir",
                    "/nonexistent",
                    "--shell",
                    "/usr/sbin/nologin",
                    "--gid",
                    GROUP,
                    user,
                ],
            )?;
        }
    }
    Ok(())
}

/// The account of a role's user; the current user unless root.
pub fn account(user: &str) -> Result<Account> {
    if !privileged() {
        return Ok(Account { uid: Uid::effective(), gid: Gid::effective() });
    }
    let user_entry = User::from_name(user)?.with_context(|| format!("the user {user} does not exist"))?;
    Ok(Account { uid: user_entry.uid, gid: user_entry.gid })
}

/// Makes a folder with its owner and mode; an existing one gets them anew.
pub fn folder(path: &Path, owner: Account, mode: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::create_dir_all(path).with_context(|| format!("making {}", path.display()))?;
    own(path, owner)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
        .with_context(|| format!("setting the mode of {}", path.display()))
}

/// Hands a path to an account; nothing unless root.
pub fn own(path: &Path, owner: Account) -> Result<()> {
    if !privileged() {
        return Ok(());
    }
    chown(path, Some(owner.uid), Some(owner.gid)).with_context(|| format!("handing over {}", path.display()))
}

fn run(program: &str, args: &[&str]) -> Result<()> {
    let out = Command::new(program).args(args).output().with_context(|| format!("running {program}"))?;
    // Another instance may have made it in the meantime: 9 says that it exists.
    if !out.status.success() && out.status.code() != Some(9) {
        bail!("{program} {}: {}", args.join(" "), String::from_utf8_lossy(&out.stderr).trim());
    }
    Ok(())
}
