//! Who is logged on, from utmp where the machine keeps one.

use std::collections::BTreeSet;

use crate::files::read_bounded;

/// glibc's record on 64-bit Linux.
const RECORD: usize = 384;
const USER_PROCESS: i16 = 7;

/// Names of users with a session, sorted; empty where there is no utmp.
pub fn logged_on() -> Vec<String> {
    ["/run/utmp", "/var/run/utmp"]
        .iter()
        .find_map(|p| read_bounded(p, 1 << 20).ok())
        .map(|b| parse(&b))
        .unwrap_or_default()
}

fn parse(bytes: &[u8]) -> Vec<String> {
    let mut names = BTreeSet::new();
    for r in bytes.chunks_exact(RECORD) {
        let kind = i16::from_le_bytes([r[0], r[1]]);
        let name: Vec<u8> = r[44..76].iter().copied().take_while(|b| *b != 0).collect();
        if kind == USER_PROCESS && !name.is_empty() {
            names.insert(String::from_utf8_lossy(&name).into_owned());
        }
    }
    names.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_user_sessions_are_listed_once() {
        let record = |kind: i16, name: &str| {
            let mut r = vec![0u8; RECORD];
            r[..2].copy_from_slice(&kind.to_le_bytes());
            r[44..44 + name.len()].copy_from_slice(name.as_bytes());
            r
        };
        let bytes =
            [record(7, "root"), record(2, "reboot"), record(7, "anna"), record(7, "root"), vec![1; 10]]
                .concat();
        assert_eq!(parse(&bytes), ["anna", "root"]);
    }
}
