//! What no remediation changes unless a person named it. The list itself is data: `never-touch.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use palisade_advisory::Scheme;
use serde::Deserialize;

use super::answer::Fault;

const TEXT: &str = include_str!("never-touch.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    group: Vec<Group>,
}

/// Packages that are left alone for one reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// What they are.
    pub name: String,
    /// Why they are left alone.
    pub why: String,
    deb: Vec<String>,
    rpm: Vec<String>,
    apk: Vec<String>,
}

static GROUPS: LazyLock<Result<Vec<Group>, String>> =
    LazyLock::new(|| toml::from_str::<File>(TEXT).map(|f| f.group).map_err(|e| e.message().to_owned()));

/// The group that a package belongs to by its binary or source name.
///
/// # Errors
/// The list that was compiled in cannot be read: then nothing may be changed.
pub fn group(scheme: Scheme, binary: &str, source: &str) -> Result<Option<&'static Group>, Fault> {
    let groups = GROUPS.as_ref().map_err(|e| Fault::unsupported(format!("the never-touch list: {e}")))?;
    Ok(groups.iter().find(|g| {
        let patterns = match scheme {
            Scheme::Rpm => &g.rpm,
            Scheme::Apk => &g.apk,
            _ => &g.deb,
        };
        patterns.iter().any(|p| fits(p, binary) || fits(p, source))
    }))
}

/// Whether a pattern stands for a name; a star stands for anything at one of its ends or within.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => {
            name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
        }
    }
}

/// Refuses packages of the list that nobody named.
///
/// # Errors
/// `remediation_refused_never_touch`, with each of them and why.
pub fn check<'a>(
    scheme: Scheme,
    packages: impl IntoIterator<Item = (&'a str, &'a str)>,
    named: &[String],
) -> Result<(), Fault> {
    let mut refused: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut why = "";
    for (binary, source) in packages {
        if named.iter().any(|n| n == binary || n == source) {
            continue;
        }
        if let Some(group) = group(scheme, binary, source)? {
            refused.entry(group.name.as_str()).or_default().push(binary);
            why = group.why.as_str();
        }
    }
    if refused.is_empty() {
        return Ok(());
    }
    let all: Vec<String> =
        refused.into_iter().map(|(group, names)| format!("{} ({group})", names.join(", "))).collect();
    Err(Fault::never_touch(format!("{} would change and was not named: {why}", all.join("; "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_holds_what_no_action_may_touch() {
        let deb = [
            ("systemd-sysv", "systemd", "init"),
            ("libc6", "glibc", "libc"),
            ("dash", "dash", "shells"),
            ("openssh-server", "openssh", "ssh"),
            ("dpkg", "dpkg", "package manager"),
            ("libapt-pkg6.0", "apt", "package manager"),
            ("containerd", "containerd", "container runtime"),
            ("docker-ce-cli", "docker-ce", "container runtime"),
            ("palisade-sensor", "palisade", "sensor"),
            ("linux-image-6.1.0-18-amd64", "linux-signed-amd64", "kernel"),
            ("grub-efi-amd64-bin", "grub2", "boot"),
            ("sudo", "sudo", "logins"),
            ("libpam0g", "pam", "logins"),
            ("network-manager", "network-manager", "network"),
            ("postgresql-15", "postgresql-15", "databases"),
            ("mariadb-server-10.11", "mariadb", "databases"),
        ];
        let rpm = [
            ("systemd-libs", "systemd", "init"),
            ("glibc-common", "glibc", "libc"),
            ("bash", "bash", "shells"),
            ("openssh-clients", "openssh", "ssh"),
            ("rpm-libs", "rpm", "package manager"),
            ("rocky-release", "rocky-release", "package manager"),
            ("podman", "podman", "container runtime"),
            ("kernel-core", "kernel", "kernel"),
            ("NetworkManager-libnm", "NetworkManager", "network"),
        ];
        let apk = [
            ("musl", "musl", "libc"),
            ("busybox-binsh", "busybox", "shells"),
            ("apk-tools", "apk-tools", "package manager"),
            ("openrc", "openrc", "init"),
        ];
        for (scheme, all) in [(Scheme::Deb, &deb[..]), (Scheme::Rpm, &rpm[..]), (Scheme::Apk, &apk[..])] {
            for (binary, source, expected) in all {
                let found = group(scheme, binary, source).expect("readable").map(|g| g.name.as_str());
                assert_eq!(found, Some(*expected), "{binary}");
            }
        }
    }

    #[test]
    fn what_is_commonly_vulnerable_can_be_upgraded() {
        for (binary, source) in [
            ("libssl3", "openssl"),
            ("openssl", "openssl"),
            ("curl", "curl"),
            ("libexpat1", "expat"),
            ("nginx", "nginx"),
        ] {
            assert!(group(Scheme::Deb, binary, source).expect("readable").is_none(), "{binary}");
        }
    }

    #[test]
    fn a_named_package_is_let_through_and_no_other() {
        let named = ["openssh".to_owned()];
        assert_eq!(check(Scheme::Deb, [("openssh-server", "openssh")], &named), Ok(()));
        let refused = check(Scheme::Deb, [("openssh-server", "openssh"), ("sudo", "sudo")], &named);
        let refused = refused.expect_err("sudo was not named");
        assert_eq!(refused.code, "remediation_refused_never_touch");
        assert!(
            refused.message.contains("sudo (logins)") && !refused.message.contains("openssh"),
            "{refused:?}"
        );
    }

    #[test]
    fn every_pattern_is_a_name_with_at_most_one_star() {
        let groups = GROUPS.as_ref().expect("readable");
        for pattern in groups.iter().flat_map(|g| g.deb.iter().chain(&g.rpm).chain(&g.apk)) {
            let plain = pattern.replacen('*', "x", 1);
            assert!(super::super::names::is_name(Scheme::Rpm, &plain.replace("-x", "-xx")), "{pattern}");
            assert!(pattern.len() > 2 || !pattern.contains('*'), "{pattern} stands for too much");
        }
        assert!(groups.iter().all(|g| !g.why.is_empty() && !g.deb.is_empty()));
    }
}
