//! What lies in people's homes.

use palisade_inventory::{Kind, Stamp};

use super::{AccountAsk, Wrong, is_person};
use crate::format::accounts::{Accounts, User};
use crate::host::Host;
use crate::report::{Evidence, Reason};

/// Most homes that are looked into.
const MAX_HOMES: usize = 10_000;

/// What is wrong with homes and their files.
pub(super) fn wrong(ask: AccountAsk, host: &Host, a: &Accounts, mode: u32) -> Result<Wrong, Reason> {
    let mut out = Vec::new();
    for user in a.users.iter().filter(|u| is_person(u)).take(MAX_HOMES) {
        let home = user.home.trim_end_matches('/');
        if home.is_empty() {
            continue;
        }
        let Some(place) = host.look(home)? else {
            if ask == AccountAsk::HomesExist {
                out.push((format!("{home} of {}", user.name), evidence(home)));
            }
            continue;
        };
        if place.stamp.kind() != Kind::Folder {
            continue;
        }
        match ask {
            AccountAsk::HomesOwner | AccountAsk::HomesGroup | AccountAsk::HomesMode => {
                judge(ask, home, user, &place.stamp, mode, &mut out);
            }
            AccountAsk::HomesExist => {}
            _ => files(ask, host, home, user, mode, &mut out)?,
        }
    }
    Ok(out)
}

fn judge(ask: AccountAsk, path: &str, user: &User, stamp: &Stamp, mode: u32, out: &mut Wrong) {
    let own = stamp.mode & 0o7777;
    let said = match ask {
        AccountAsk::HomesOwner | AccountAsk::DotFilesOwner if stamp.uid != user.uid => {
            format!("{path}: owner {}", stamp.uid)
        }
        AccountAsk::HomesGroup | AccountAsk::DotFilesGroup if stamp.gid != user.gid => {
            format!("{path}: group {}", stamp.gid)
        }
        AccountAsk::HomesMode | AccountAsk::DotFilesMode | AccountAsk::HistoryMode if own & !mode != 0 => {
            format!("{path}: mode {own:04o}")
        }
        _ => return,
    };
    out.push((said, evidence(path)));
}

fn files(
    ask: AccountAsk,
    host: &Host,
    home: &str,
    user: &User,
    mode: u32,
    out: &mut Wrong,
) -> Result<(), Reason> {
    for (name, kind) in host.folder(home)? {
        if kind != Kind::File && kind != Kind::Unknown || !name.starts_with('.') {
            continue;
        }
        let path = format!("{home}/{name}");
        let unwanted = match ask {
            AccountAsk::NoNetrc => name == ".netrc",
            AccountAsk::NoRhosts => matches!(name.as_str(), ".rhosts" | ".shosts"),
            AccountAsk::NoForward => name == ".forward",
            AccountAsk::HistoryMode if name != ".bash_history" => continue,
            _ => {
                if let Some(place) = host.look(&path)?.filter(|p| p.stamp.kind() == Kind::File) {
                    judge(ask, &path, user, &place.stamp, mode, out);
                }
                false
            }
        };
        if unwanted {
            out.push((path.clone(), evidence(&path)));
        }
    }
    Ok(())
}

fn evidence(path: &str) -> Evidence {
    Evidence { path: path.to_owned(), line: None }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::host::tests::world;

    #[test]
    fn homes_and_their_files_are_judged() {
        let passwd =
            "a:x:1000:1000::/home/a:/bin/sh\nb:x:1001:1001::/home/b:/bin/sh\nsvc:x:5:5::/home/a:/bin/sh\n";
        let (dir, host) = world(&[("/etc/passwd", passwd), ("/home/a/.netrc", ""), ("/home/a/.bashrc", "")]);
        let at = |p: &str, m| {
            std::fs::set_permissions(dir.path().join(p), std::fs::Permissions::from_mode(m)).expect("ours");
        };
        at("home/a", 0o755);
        at("home/a/.netrc", 0o600);
        at("home/a/.bashrc", 0o644);
        let accounts = host.accounts().expect("reads");
        let ask = |ask, mode| {
            let all = wrong(ask, &host, &accounts, mode).expect("reads");
            all.into_iter().map(|(n, _)| n).collect::<Vec<_>>()
        };
        assert_eq!(ask(AccountAsk::HomesExist, 0), ["/home/b of b"]);
        assert_eq!(ask(AccountAsk::HomesMode, 0o750), ["/home/a: mode 0755"]);
        assert_eq!(ask(AccountAsk::DotFilesMode, 0o740), ["/home/a/.bashrc: mode 0644"]);
        assert_eq!(ask(AccountAsk::NoNetrc, 0), ["/home/a/.netrc"]);
        assert!(ask(AccountAsk::NoForward, 0).is_empty());
    }
}
