//! `passwd`, `shadow`, `group`. Of a password only its kind is kept.

/// How a password is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Password {
    /// It is in `shadow`, which was not read or has no such line.
    #[default]
    Elsewhere,
    /// None is asked for.
    Empty,
    /// No password is right.
    Locked,
    /// A digest by yescrypt, SHA-512, SHA-256 or bcrypt.
    Strong,
    /// A digest by an old method.
    Weak,
}

/// A line of `passwd`, with what `shadow` adds.
#[derive(Clone, Debug, Default)]
pub struct User {
    /// The name.
    pub name: String,
    /// Its number.
    pub uid: u32,
    /// The number of its group.
    pub gid: u32,
    /// The home folder.
    pub home: String,
    /// The shell; empty means `/bin/sh`.
    pub shell: String,
    /// Whether `passwd` itself holds something else than `x`.
    pub in_passwd: bool,
    /// The password, by both files.
    pub password: Password,
    /// Day of its last change, since 1970.
    pub changed: Option<i64>,
    /// Days before it may be changed.
    pub min_days: Option<i64>,
    /// Days before it must be changed.
    pub max_days: Option<i64>,
    /// Days of warning.
    pub warn_days: Option<i64>,
    /// Days after which an expired password locks the account.
    pub inactive_days: Option<i64>,
    /// Line in `passwd`.
    pub line: u32,
}

/// A line of `group`.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// The name.
    pub name: String,
    /// Its number.
    pub gid: u32,
    /// Users that are in it beside those whose own group it is.
    pub members: Vec<String>,
    /// Line in `group`.
    pub line: u32,
}

/// Users and groups of a root.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    /// In the order of `passwd`.
    pub users: Vec<User>,
    /// In the order of `group`.
    pub groups: Vec<Group>,
    /// Whether `shadow` was read.
    pub shadow: bool,
    /// Lines that begin with `+`: they let others' accounts in.
    pub legacy: Vec<(String, u32)>,
}

impl Accounts {
    /// The number of a user, by name or as a number.
    pub fn uid(&self, name: &str) -> Option<u32> {
        name.parse().ok().or_else(|| self.users.iter().find(|u| u.name == name).map(|u| u.uid))
    }

    /// The number of a group, by name or as a number.
    pub fn gid(&self, name: &str) -> Option<u32> {
        name.parse().ok().or_else(|| self.groups.iter().find(|g| g.name == name).map(|g| g.gid))
    }

    /// The user of that number.
    pub fn user_of(&self, uid: u32) -> Option<&User> {
        self.users.iter().find(|u| u.uid == uid)
    }

    /// The group of that number.
    pub fn group_of(&self, gid: u32) -> Option<&Group> {
        self.groups.iter().find(|g| g.gid == gid)
    }
}

/// Reads the three files; `shadow` where it could be read.
pub fn parse(passwd: &str, shadow: Option<&str>, group: &str) -> Accounts {
    let mut out = Accounts { shadow: shadow.is_some(), ..Accounts::default() };
    for (line, n) in passwd.lines().zip(1..) {
        if line.starts_with('+') {
            out.legacy.push(("/etc/passwd".into(), n));
            continue;
        }
        let f: Vec<&str> = line.split(':').collect();
        let [name, password, uid, gid, _, home, shell, ..] = f[..] else { continue };
        let (Ok(uid), Ok(gid)) = (uid.parse(), gid.parse()) else { continue };
        if name.is_empty() || name.starts_with(['-', '#']) {
            continue;
        }
        let in_passwd = password != "x";
        out.users.push(User {
            name: name.into(),
            uid,
            gid,
            home: home.into(),
            shell: shell.trim().into(),
            in_passwd,
            password: if in_passwd { kind(password) } else { Password::Elsewhere },
            line: n,
            ..User::default()
        });
    }
    for (line, n) in shadow.unwrap_or_default().lines().zip(1..) {
        if line.starts_with('+') {
            out.legacy.push(("/etc/shadow".into(), n));
            continue;
        }
        let f: Vec<&str> = line.split(':').collect();
        let (Some(name), Some(password)) = (f.first(), f.get(1)) else { continue };
        let Some(user) = out.users.iter_mut().find(|u| u.name == *name) else { continue };
        if !user.in_passwd {
            user.password = kind(password);
        }
        let number = |n: usize| f.get(n).and_then(|v| v.trim().parse::<i64>().ok());
        user.changed = number(2);
        user.min_days = number(3);
        user.max_days = number(4);
        user.warn_days = number(5);
        user.inactive_days = number(6);
    }
    for (line, n) in group.lines().zip(1..) {
        if line.starts_with('+') {
            out.legacy.push(("/etc/group".into(), n));
            continue;
        }
        let mut f = line.split(':');
        let (Some(name), _, Some(gid)) = (f.next(), f.next(), f.next()) else { continue };
        let Ok(gid) = gid.parse() else { continue };
        let members = f.next().unwrap_or_default().split(',').map(str::trim).filter(|m| !m.is_empty());
        out.groups.push(Group {
            name: name.into(),
            gid,
            members: members.map(str::to_owned).collect(),
            line: n,
        });
    }
    out
}

fn kind(field: &str) -> Password {
    match field {
        "" => Password::Empty,
        f if f.starts_with(['!', '*']) => Password::Locked,
        f if ["$y$", "$6$", "$5$", "$2b$", "$2y$", "$7$", "$gy$"].iter().any(|p| f.starts_with(p)) => {
            Password::Strong
        }
        _ => Password::Weak,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_passwords_are_told_apart() {
        let passwd = "root:x:0:0:r:/root:/bin/bash\na:x:1000:1000::/home/a:/bin/sh\nb::1001:1001::/home/b:\n\
                      c:x:1002:1002::/:/sbin/nologin\n+::::::\nshort:x:1\n";
        let shadow = "root:$y$j9T$x$y:19000:0:99999:7:::\na:$1$old$x:19500:1:90:7:30::\nc:!:19000::::::\n";
        let a = parse(passwd, Some(shadow), "root:x:0:\nsudo:x:27:a,b\nbad\n");
        let kinds: Vec<_> = a.users.iter().map(|u| u.password).collect();
        assert_eq!(kinds, [Password::Strong, Password::Weak, Password::Empty, Password::Locked]);
        assert_eq!((a.users[1].max_days, a.users[1].inactive_days), (Some(90), Some(30)));
        assert_eq!((a.legacy.len(), a.groups[1].members.len()), (1, 2));
        assert_eq!((a.uid("a"), a.gid("27"), a.gid("none")), (Some(1000), Some(27), None));
    }
}
