//! Users, groups, homes.

mod homes;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Outcome, Probed, some};
use crate::format::accounts::{Accounts, Password, User};
use crate::host::Host;
use crate::parameter::{Scalar, Values};
use crate::report::{Evidence, Reason};

/// The first number of a person's account.
const FIRST_PERSON: u32 = 1000;
/// The number that stands for nobody.
const NOBODY: u32 = 65_534;

/// What is asked of accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountAsk {
    /// Only root has the number 0.
    OnlyRootIsZero,
    /// Only root's own group is 0.
    OnlyRootHasGroupZero,
    /// Only the group root has the number 0.
    OnlyGroupRootIsZero,
    /// Nobody gets in without a password.
    NoEmptyPassword,
    /// No digest stands in `passwd`.
    Shadowed,
    /// Digests are by a method that is slow to try.
    StrongDigests,
    /// No number is there twice.
    UniqueUids,
    /// No group's number is there twice.
    UniqueGids,
    /// No name is there twice.
    UniqueUsers,
    /// No group's name is there twice.
    UniqueGroups,
    /// Every user's group exists.
    GroupsExist,
    /// No line lets accounts of elsewhere in.
    NoLegacyLines,
    /// System accounts have no shell.
    SystemWithoutShell,
    /// Who has no shell has no password either.
    NoShellLocked,
    /// The group `shadow` is nobody's.
    ShadowGroupEmpty,
    /// Passwords end after at most so many days.
    MaxDays,
    /// They are kept for at least so many days.
    MinDays,
    /// So many days of warning.
    WarnDays,
    /// Locked so many days after the password ended.
    InactiveDays,
    /// No password was changed in the future.
    ChangedInPast,
    /// root has a password or is locked: not empty.
    RootPassword,
    /// Homes are there.
    HomesExist,
    /// Homes belong to their users.
    HomesOwner,
    /// Homes have their users' group.
    HomesGroup,
    /// Homes have no permission beyond this.
    HomesMode,
    /// Files in homes that begin with a dot have no permission beyond this.
    DotFilesMode,
    /// They belong to their users.
    DotFilesOwner,
    /// They have their users' group.
    DotFilesGroup,
    /// The shell's history has no permission beyond this.
    HistoryMode,
    /// No `.netrc`.
    NoNetrc,
    /// No `.rhosts` and `.shosts`.
    NoRhosts,
    /// No `.forward`.
    NoForward,
}

/// Users, groups, homes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountProbe {
    /// What is asked.
    pub ask: AccountAsk,
    /// The number or mode that it is compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Scalar>,
    /// Names that may be so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<String>,
}

/// Names that are wrong, with their place.
type Wrong = Vec<(String, Evidence)>;

impl AccountProbe {
    pub(super) fn run(&self, host: &Host, values: &Values) -> Probed {
        let accounts = host.accounts()?;
        if accounts.users.is_empty() {
            return Ok(Outcome::moot("there are no users"));
        }
        let limit = self.limit.as_ref().map(|l| values.of(l));
        let number = match &limit {
            Some(Scalar::Int(n)) => *n,
            _ => 0,
        };
        let wrong: Wrong = match self.ask {
            AccountAsk::HomesExist
            | AccountAsk::HomesOwner
            | AccountAsk::HomesGroup
            | AccountAsk::HomesMode
            | AccountAsk::DotFilesMode
            | AccountAsk::DotFilesOwner
            | AccountAsk::DotFilesGroup
            | AccountAsk::HistoryMode
            | AccountAsk::NoNetrc
            | AccountAsk::NoRhosts
            | AccountAsk::NoForward => {
                let mode = limit.map(|l| u32::from_str_radix(&l.to_string(), 8)).transpose();
                homes::wrong(self.ask, host, &accounts, mode.map_err(|_| Reason::Malformed)?.unwrap_or(0))?
            }
            _ => self.lists(&accounts, number)?,
        };
        let wrong: Wrong = wrong.into_iter().filter(|(n, _)| !self.allowed.iter().any(|a| n == a)).collect();
        let names: Vec<String> = wrong.iter().map(|(n, _)| n.clone()).collect();
        let said = if names.is_empty() { "as wanted".to_owned() } else { some(&names) };
        Ok(wrong.into_iter().fold(Outcome::of(names.is_empty(), said), |o, (_, e)| o.at(e.path, e.line)))
    }

    fn lists(&self, a: &Accounts, limit: i64) -> Result<Wrong, Reason> {
        let users = |bad: &dyn Fn(&User) -> bool| -> Wrong {
            a.users.iter().filter(|u| bad(u)).map(|u| (u.name.clone(), at("/etc/passwd", u.line))).collect()
        };
        // Only a password that is set grows old.
        let needs_shadow = || if a.shadow { Ok(()) } else { Err(Reason::PermissionDenied) };
        let set = |u: &User| matches!(u.password, Password::Strong | Password::Weak);
        let today = today();
        Ok(match self.ask {
            AccountAsk::OnlyRootIsZero => users(&|u| u.uid == 0 && u.name != "root"),
            AccountAsk::OnlyRootHasGroupZero => {
                users(&|u| u.gid == 0 && u.name != "root" && !RED_HAT_ZERO.contains(&u.name.as_str()))
            }
            AccountAsk::OnlyGroupRootIsZero => {
                let bad = a.groups.iter().filter(|g| g.gid == 0 && g.name != "root");
                bad.map(|g| (g.name.clone(), at("/etc/group", g.line))).collect()
            }
            AccountAsk::NoEmptyPassword => {
                needs_shadow()?;
                users(&|u| u.password == Password::Empty)
            }
            AccountAsk::Shadowed => users(&|u| u.in_passwd && u.password != Password::Locked),
            AccountAsk::StrongDigests => {
                needs_shadow()?;
                users(&|u| u.password == Password::Weak)
            }
            AccountAsk::UniqueUids => {
                twice(a.users.iter().map(|u| (u.uid.to_string(), u.line)), "/etc/passwd")
            }
            AccountAsk::UniqueGids => {
                twice(a.groups.iter().map(|g| (g.gid.to_string(), g.line)), "/etc/group")
            }
            AccountAsk::UniqueUsers => twice(a.users.iter().map(|u| (u.name.clone(), u.line)), "/etc/passwd"),
            AccountAsk::UniqueGroups => {
                twice(a.groups.iter().map(|g| (g.name.clone(), g.line)), "/etc/group")
            }
            AccountAsk::GroupsExist => users(&|u| a.group_of(u.gid).is_none()),
            AccountAsk::NoLegacyLines => a.legacy.iter().map(|(p, n)| (p.clone(), at(p, *n))).collect(),
            AccountAsk::SystemWithoutShell => users(&|u| {
                let spared = matches!(u.name.as_str(), "root" | "sync" | "shutdown" | "halt");
                (u.uid < FIRST_PERSON || u.uid == NOBODY) && !spared && !without_shell(&u.shell)
            }),
            AccountAsk::NoShellLocked => {
                needs_shadow()?;
                users(&|u| {
                    u.name != "root" && without_shell(&u.shell) && (set(u) || u.password == Password::Empty)
                })
            }
            AccountAsk::ShadowGroupEmpty => {
                let Some(group) = a.groups.iter().find(|g| g.name == "shadow") else { return Ok(Vec::new()) };
                let mut bad: Wrong = users(&|u| u.gid == group.gid);
                bad.extend(group.members.iter().map(|m| (m.clone(), at("/etc/group", group.line))));
                bad
            }
            AccountAsk::MaxDays => {
                needs_shadow()?;
                users(&|u| set(u) && !u.max_days.is_some_and(|d| d >= 1 && d <= limit))
            }
            AccountAsk::MinDays => {
                needs_shadow()?;
                users(&|u| set(u) && u.min_days.is_none_or(|d| d < limit))
            }
            AccountAsk::WarnDays => {
                needs_shadow()?;
                users(&|u| set(u) && u.warn_days.is_none_or(|d| d < limit))
            }
            AccountAsk::InactiveDays => {
                needs_shadow()?;
                users(&|u| set(u) && !u.inactive_days.is_some_and(|d| (0..=limit).contains(&d)))
            }
            AccountAsk::ChangedInPast => {
                needs_shadow()?;
                users(&|u| u.changed.is_some_and(|d| d > today))
            }
            AccountAsk::RootPassword => {
                needs_shadow()?;
                users(&|u| {
                    u.uid == 0 && matches!(u.password, Password::Empty | Password::Weak | Password::Elsewhere)
                })
            }
            _ => Vec::new(),
        })
    }
}

/// Red Hat's accounts whose own group is root's by design.
const RED_HAT_ZERO: [&str; 4] = ["sync", "shutdown", "halt", "operator"];

/// Whether nobody can work with that shell.
pub(super) fn without_shell(shell: &str) -> bool {
    matches!(shell.rsplit('/').next(), Some("nologin" | "false"))
}

/// Whether a person works with this account.
pub(super) fn is_person(u: &User) -> bool {
    u.uid >= FIRST_PERSON && u.uid != NOBODY && !without_shell(&u.shell)
}

fn at(path: &str, line: u32) -> Evidence {
    Evidence { path: path.into(), line: Some(line) }
}

fn twice(all: impl Iterator<Item = (String, u32)>, path: &str) -> Wrong {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut out = Vec::new();
    for (key, line) in all {
        if !seen.insert(key.clone()) {
            out.push((key, at(path, line)));
        }
    }
    out
}

/// Days since 1970.
fn today() -> i64 {
    palisade_types::TimeMicros::now().0.div_euclid(86_400_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::tests::world;

    const PASSWD: &str = "root:x:0:0::/root:/bin/bash\ntoor:x:0:0::/root:/bin/sh\na:x:1000:1000::/home/a:/bin/sh\n\
                          svc:x:100:9::/:/bin/sh\nb:x:1000:55::/home/b:/usr/sbin/nologin\n+::::::\n";
    const SHADOW: &str =
        "root:*:1::::::\ntoor::1::::::\na:$6$x:1:0:99999:7:::\nb:$1$x:999999:1:90:7:30::\nsvc:!:1::::::\n";
    const GROUP: &str = "root:x:0:\nwheel:x:0:\na:x:1000:\nsvc:x:9:\nshadow:x:42:a\nshadow:x:43:\n";

    #[test]
    fn each_question_finds_its_names() {
        let files = [("/etc/passwd", PASSWD), ("/etc/shadow", SHADOW), ("/etc/group", GROUP)];
        let (_dir, host) = world(&files);
        let ask = |ask, limit: Option<i64>| {
            let probe = AccountProbe { ask, limit: limit.map(Scalar::Int), allowed: vec![] };
            probe.run(&host, &Values::default()).expect("runs").observed
        };
        assert_eq!(ask(AccountAsk::OnlyRootIsZero, None), "toor");
        assert_eq!(ask(AccountAsk::OnlyRootHasGroupZero, None), "toor");
        assert_eq!(ask(AccountAsk::OnlyGroupRootIsZero, None), "wheel");
        assert_eq!(ask(AccountAsk::NoEmptyPassword, None), "toor");
        assert_eq!(ask(AccountAsk::StrongDigests, None), "b");
        assert_eq!(ask(AccountAsk::UniqueUids, None), "0, 1000");
        assert_eq!(ask(AccountAsk::UniqueGids, None), "0");
        assert_eq!(ask(AccountAsk::UniqueGroups, None), "shadow");
        assert_eq!(ask(AccountAsk::GroupsExist, None), "b");
        assert_eq!(ask(AccountAsk::NoLegacyLines, None), "/etc/passwd");
        assert_eq!(ask(AccountAsk::SystemWithoutShell, None), "toor, svc");
        assert_eq!(ask(AccountAsk::NoShellLocked, None), "b");
        assert_eq!(ask(AccountAsk::ShadowGroupEmpty, None), "a");
        assert_eq!(ask(AccountAsk::MaxDays, Some(365)), "a");
        assert_eq!(ask(AccountAsk::InactiveDays, Some(30)), "a");
        assert_eq!(ask(AccountAsk::ChangedInPast, None), "b");
        assert_eq!(ask(AccountAsk::Shadowed, None), "as wanted");
    }
}
