//! Users and groups. Of a password only its state is kept; the file that holds the digests is wiped from
//! memory as soon as it was looked at.

use std::collections::{BTreeMap, BTreeSet};

use palisade_types::TimeMicros;
use zeroize::Zeroizing;

use crate::bytes::ReadAt;
use crate::error::{InventoryError, Result};
use crate::limits::Limits;
use crate::model::{Group, PasswordState, Source, User};
use crate::root::Root;

const PASSWD: &str = "/etc/passwd";
const SHADOW: &str = "/etc/shadow";
const GROUP: &str = "/etc/group";
/// Homes that are looked into.
const MAX_HOMES: usize = 2000;

pub(crate) fn read(root: &Root, limits: &Limits, now: TimeMicros) -> (Vec<User>, Vec<Group>, Vec<Source>) {
    let mut sources = Vec::new();
    let mut text = |path: &str| match root.text(path, limits.text) {
        Ok(text) => text,
        Err(e) => {
            if !e.is_absent() {
                sources.push(Source::failed("accounts", path, 0, &e));
            }
            String::new()
        }
    };
    let (passwd, group) = (text(PASSWD), text(GROUP));
    let groups: Vec<Group> = group.lines().filter_map(parse_group).take(limits.items).collect();
    let mut member: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for g in &groups {
        for m in &g.members {
            member.entry(m).or_default().push(g.name.clone());
        }
    }
    let mut users: Vec<User> = passwd.lines().filter_map(parse_user).take(limits.items).collect();
    for u in &mut users {
        u.groups = member.remove(u.name.as_str()).unwrap_or_default();
    }
    if let Err(e) = passwords(root, limits, now, &mut users)
        && !e.is_absent()
    {
        sources.push(Source::failed("accounts", SHADOW, 0, &e));
    }
    if !users.is_empty() {
        sources.push(Source::read("accounts", PASSWD, users.len()));
    }
    (users, groups, sources)
}

/// Users with their homes; also folders in `/home` whose users come from elsewhere. Each home once.
pub(crate) fn homes(root: &Root, limits: &Limits) -> Vec<(String, String)> {
    let passwd = root.text(PASSWD, limits.text).unwrap_or_default();
    let mut seen = BTreeSet::new();
    let mut homes = Vec::new();
    let real = |home: &str| home.starts_with('/') && home.len() > 1 && !home.contains("nonexistent");
    for u in passwd.lines().filter_map(parse_user).filter(|u| real(&u.home)) {
        if homes.len() < MAX_HOMES && seen.insert(u.home.clone()) {
            homes.push((u.name, u.home));
        }
    }
    for name in root.names("/home") {
        let home = format!("/home/{name}");
        if homes.len() < MAX_HOMES && seen.insert(home.clone()) {
            homes.push((name, home));
        }
    }
    homes
}

fn parse_user(line: &str) -> Option<User> {
    let mut f = line.split(':');
    let (name, password) = (f.next()?, f.next()?);
    let (uid, gid) = (f.next()?.parse().ok()?, f.next()?.parse().ok()?);
    let (home, shell) = (f.nth(1).unwrap_or_default(), f.next().unwrap_or_default());
    // Lines that begin so take users from elsewhere, or leave some out.
    if name.is_empty() || name.starts_with(['+', '-', '#']) {
        return None;
    }
    let password = if password == "x" { PasswordState::Unknown } else { state(password.as_bytes()) };
    let (home, shell) = (home.to_owned(), shell.trim().to_owned());
    Some(User { name: name.to_owned(), uid, gid, home, shell, password, ..User::default() })
}

fn parse_group(line: &str) -> Option<Group> {
    let mut f = line.split(':');
    let name = f.next().filter(|n| !n.is_empty() && !n.starts_with(['+', '-', '#']))?;
    let gid = f.nth(1)?.parse().ok()?;
    let members = f.next().unwrap_or_default().split(',').map(str::trim).filter(|m| !m.is_empty());
    Some(Group { name: name.to_owned(), gid, members: members.map(str::to_owned).collect() })
}

/// What a password's field says, without keeping it.
fn state(field: &[u8]) -> PasswordState {
    match field.first() {
        None => PasswordState::None,
        Some(b'!' | b'*') => PasswordState::Locked,
        Some(_) => PasswordState::Set,
    }
}

fn passwords(root: &Root, limits: &Limits, now: TimeMicros, users: &mut [User]) -> Result<()> {
    let (file, place) = root.file(SHADOW)?;
    let size = usize::try_from(place.stamp.size.min(limits.text)).unwrap_or(0);
    // Of the right size from the start: a buffer that grows leaves copies behind.
    let mut text = Zeroizing::new(vec![0u8; size]);
    file.fill(&mut text, 0)?;
    let today = now.0.div_euclid(86_400_000_000);
    let mut by_name: BTreeMap<&[u8], usize> = BTreeMap::new();
    let names: Vec<String> = users.iter().map(|u| u.name.clone()).collect();
    for (i, name) in names.iter().enumerate() {
        by_name.insert(name.as_bytes(), i);
    }
    for line in text.split(|b| *b == b'\n') {
        let mut f = line.split(|b| *b == b':');
        let Some(i) = f.next().and_then(|name| by_name.get(name)) else { continue };
        let Some(password) = f.next() else { continue };
        users[*i].password = state(password);
        let rest: Vec<Option<i64>> = f.map(|n| std::str::from_utf8(n).ok()?.trim().parse().ok()).collect();
        let number = |n: usize| rest.get(n).copied().flatten();
        // Day 0 asks for a new password at the next logon; it is no day of a change.
        users[*i].password_age_days = number(0).filter(|d| *d > 0).map(|d| today - d);
        // The largest number of days that tools write means "never".
        users[*i].password_max_days = number(2).filter(|d| *d >= 0 && *d < 99_999);
        users[*i].expires_day = number(5).filter(|d| *d >= 0);
    }
    if place.stamp.size > limits.text {
        Err(InventoryError::TooLarge("the file of passwords"))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_kept_and_digests_are_not() {
        let dir = tempfile::tempdir().expect("a folder");
        let etc = dir.path().join("etc");
        std::fs::create_dir_all(&etc).expect("writable");
        let passwd = "root:x:0:0:root:/root:/bin/bash\nopen:x:1000:1000::/home/open:/bin/sh\ndaemon:*:1:1::/usr/sbin:/usr/sbin/nologin\nset:x:1001:1001:Name,,:/home/set:/bin/sh\n+::::::\nbad\n";
        std::fs::write(etc.join("passwd"), passwd).expect("writable");
        std::fs::write(etc.join("shadow"), "root:!$y$SECRETDIGEST:19000:0:99999:7:::\nopen::19000:0:90:7:::\nset:$6$SECRETDIGEST:20000:0:99999:7::20500:\n").expect("writable");
        std::fs::write(etc.join("group"), "sudo:x:27:set,open\nset:x:1001:\n").expect("writable");
        std::fs::create_dir_all(dir.path().join("home/other")).expect("writable");
        let root = Root::open(dir.path()).expect("opens");
        let now = TimeMicros(20_400 * 86_400_000_000);
        let (users, groups, sources) = read(&root, &Limits::default(), now);
        let states: Vec<_> = users.iter().map(|u| (u.name.as_str(), u.password)).collect();
        let expected = [
            ("root", PasswordState::Locked),
            ("open", PasswordState::None),
            ("daemon", PasswordState::Locked),
            ("set", PasswordState::Set),
        ];
        assert_eq!(states, expected);
        let set = &users[3];
        assert_eq!(
            (set.password_age_days, set.expires_day, set.groups.as_slice()),
            (Some(400), Some(20_500), &["sudo".to_owned()][..])
        );
        assert_eq!((users[1].password_max_days, users[0].password_max_days), (Some(90), None));
        assert_eq!((groups.len(), sources.len()), (2, 1));
        let written = serde_json::to_string(&users).expect("JSON");
        assert!(!written.contains("SECRETDIGEST"));
        let homes = homes(&root, &Limits::default());
        assert!(homes.contains(&("other".into(), "/home/other".into())) && homes.len() == 5);
    }
}
