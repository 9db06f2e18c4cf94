//! Users of the roles, what each of them may reach, and making folders for them.

use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, lchown};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use nix::unistd::{Gid, Group, Pid, Uid, User, chown};

/// The group that may reach PostgreSQL's socket; peer authentication decides the rest.
pub const GROUP: &str = "palisade";

/// The group that shares the log and its cursors: ingest and lake.
pub const LOG_GROUP: &str = "palisade-log";

/// The group that reads hot rows and Delta tables. A query worker runs what users wrote, so this is
/// all that it is in.
pub const QUERY_GROUP: &str = "palisade-query";

/// The group of whoever fetches vulnerability feeds. It is in no other: what it decodes comes from anywhere.
pub const FEEDS_GROUP: &str = "palisade-feeds";

/// A role's user with its own group and the further ones.
struct ServiceUser {
    name: &'static str,
    group: &'static str,
    further: &'static [&'static str],
}

/// The accounts, one per role that must not read another's secrets.
const USERS: [ServiceUser; 9] = [
    ServiceUser { name: "palisade-ingest", group: GROUP, further: &[LOG_GROUP] },
    ServiceUser { name: "palisade-lake", group: GROUP, further: &[LOG_GROUP, QUERY_GROUP] },
    ServiceUser { name: "palisade-api", group: GROUP, further: &[] },
    ServiceUser { name: "palisade-query", group: QUERY_GROUP, further: &[] },
    ServiceUser { name: "palisade-estate", group: GROUP, further: &[] },
    ServiceUser { name: "palisade-connect", group: GROUP, further: &[] },
    ServiceUser { name: "palisade-vuln", group: GROUP, further: &[] },
    ServiceUser { name: "palisade-feeds", group: FEEDS_GROUP, further: &[] },
    ServiceUser { name: "palisade-pg", group: GROUP, further: &[] },
];

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
    for group in [GROUP, LOG_GROUP, QUERY_GROUP, FEEDS_GROUP] {
        if Group::from_name(group)?.is_none() {
            run("groupadd", &["--system", group])?;
        }
    }
    for user in &USERS {
        if User::from_name(user.name)?.is_none() {
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
                    user.group,
                    user.name,
                ],
            )?;
        }
    }
    Ok(())
}

/// The account of a role's user; the current user unless root. Its group is ours to say, whatever
/// the system's database has as the user's.
pub fn account(user: &str) -> Result<Account> {
    if !privileged() {
        return Ok(Account { uid: Uid::effective(), gid: Gid::effective() });
    }
    let known = USERS.iter().find(|u| u.name == user).with_context(|| format!("no role runs as {user}"))?;
    let entry = User::from_name(user)?.with_context(|| format!("the user {user} does not exist"))?;
    Ok(Account { uid: entry.uid, gid: group(known.group)? })
}

/// The further groups of a role's user.
pub fn further_groups(user: &str) -> Result<Vec<Gid>> {
    let known = USERS.iter().find(|u| u.name == user).map_or(&[][..], |u| u.further);
    known.iter().map(|name| group(name)).collect()
}

/// The number of one of our groups; the current group unless root.
pub fn group(name: &str) -> Result<Gid> {
    if !privileged() {
        return Ok(Gid::effective());
    }
    Ok(Group::from_name(name)?.with_context(|| format!("the group {name} does not exist"))?.gid)
}

/// Makes a folder with its owner and mode; an existing one gets them anew. Never follows a link:
/// a role that owns the parent must not have another folder handed to it.
pub fn folder(path: &Path, owner: Account, mode: u32) -> Result<()> {
    std::fs::create_dir_all(path).with_context(|| format!("making {}", path.display()))?;
    let real = std::fs::symlink_metadata(path).with_context(|| format!("looking at {}", path.display()))?;
    ensure!(real.is_dir(), "{} is a link, not a folder", path.display());
    own(path, owner)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
        .with_context(|| format!("setting the mode of {}", path.display()))
}

/// Makes a folder where every user of the machine may make one (`/dev/shm`): what somebody else
/// put there goes first, so that nothing that they prepared inside is handed to a role.
pub fn folder_among_strangers(path: &Path, owner: Account, mode: u32) -> Result<()> {
    let own_uid = Uid::effective().as_raw();
    match std::fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() && meta.uid() == own_uid => {}
        Ok(meta) => {
            tracing::warn!(path = %path.display(), uid = meta.uid(), "removed what another user had put there");
            // Neither follows a link.
            if meta.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }
                .with_context(|| format!("removing {}", path.display()))?;
            make_private(path)?;
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => make_private(path)?,
        Err(e) => return Err(e).with_context(|| format!("looking at {}", path.display())),
    }
    let meta = std::fs::symlink_metadata(path)?;
    ensure!(meta.is_dir() && meta.uid() == own_uid, "{} is not ours", path.display());
    folder(path, owner, mode)
}

/// Fails where there is something already.
fn make_private(path: &Path) -> Result<()> {
    let made = std::fs::DirBuilder::new().mode(0o700).create(path);
    made.with_context(|| format!("making {}", path.display()))
}

/// Gives everything below a folder to a group, where it was another's: an instance that an earlier
/// version made.
pub fn regroup(path: &Path, gid: Gid) -> Result<()> {
    for entry in std::fs::read_dir(path).with_context(|| format!("listing {}", path.display()))? {
        let entry = entry?;
        let meta = entry.metadata()?;
        if meta.gid() != gid.as_raw() {
            lchown(entry.path(), None, Some(gid.as_raw()))
                .with_context(|| format!("handing over {}", entry.path().display()))?;
        }
        if meta.is_dir() {
            regroup(&entry.path(), gid)?;
        }
    }
    Ok(())
}

/// Hands a path to an account; nothing unless root.
pub fn own(path: &Path, owner: Account) -> Result<()> {
    if !privileged() {
        return Ok(());
    }
    chown(path, Some(owner.uid), Some(owner.gid)).with_context(|| format!("handing over {}", path.display()))
}

/// Hands over a file or a folder with all that is in it, where there is one; follows no link.
pub fn hand_over(path: &Path, owner: Account) -> Result<()> {
    let named = || format!("handing over {}", path.display());
    let Ok(meta) = std::fs::symlink_metadata(path) else { return Ok(()) };
    if meta.is_dir() {
        for entry in std::fs::read_dir(path).with_context(named)? {
            hand_over(&entry.with_context(named)?.path(), owner)?;
        }
    }
    lchown(path, Some(owner.uid.as_raw()), Some(owner.gid.as_raw())).with_context(named)
}

/// The processes that serve with an executable of that folder: supervisor, roles, sensor; not the
/// commands of people.
pub fn servers_below(bin: &Path) -> Vec<Pid> {
    let mut found = Vec::new();
    let Ok(bin) = bin.canonicalize() else { return found };
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse::<i32>().ok()) else { continue };
        // A replaced executable is shown with a note behind its name, still below the folder.
        if !std::fs::read_link(entry.path().join("exe")).is_ok_and(|exe| exe.starts_with(&bin)) {
            continue;
        }
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let serves = line.split(|b| *b == 0).skip(1).any(|a| matches!(a, b"serve" | b"role" | b"run"));
        if serves {
            found.push(Pid::from_raw(pid));
        }
    }
    found
}

fn run(program: &str, args: &[&str]) -> Result<()> {
    let out = Command::new(program).args(args).output().with_context(|| format!("running {program}"))?;
    // Another instance may have made it in the meantime: 9 says that it exists.
    if !out.status.success() && out.status.code() != Some(9) {
        bail!("{program} {}: {}", args.join(" "), String::from_utf8_lossy(&out.stderr).trim());
    }
    Ok(())
}
