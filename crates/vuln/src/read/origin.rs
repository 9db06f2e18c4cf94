//! Whether a package of an operating system is the distribution's own.

use palisade_advisory::{Ecosystem, Scheme};

/// Words that a distribution's own packages and repositories are signed with, by family.
const OWN: &[(&str, &[&str])] = &[
    ("debian", &["debian"]),
    ("ubuntu", &["ubuntu", "canonical", "debian"]),
    ("redhat", &["red hat", "centos"]),
    ("almalinux", &["almalinux", "alma"]),
    ("rocky", &["rocky"]),
    ("oracle", &["oracle"]),
    ("amazon", &["amazon"]),
    ("fedora", &["fedora"]),
    ("suse", &["suse"]),
    ("opensuse", &["opensuse", "suse"]),
    ("photon", &["vmware", "photon", "broadcom"]),
    ("azurelinux", &["microsoft"]),
    ("mageia", &["mageia"]),
];

/// Where a package belongs to by what its origin says.
pub(super) enum Origin {
    /// To the distribution, or nothing says otherwise.
    Distribution,
    /// To somebody else, by this name.
    Foreign(String),
    /// To a repository that is an ecosystem of its own.
    Of(Ecosystem),
}

/// What a package says about where it comes from.
#[derive(Clone, Copy, Default)]
pub(super) struct Said<'a> {
    pub origin: &'a str,
    /// How the origin is known: by the very version, or only by the name.
    pub by: &'a str,
    pub vendor: &'a str,
    pub version: &'a str,
}

/// Marks that well-known repositories put into the versions of what they build again.
const MARKS: [&str; 4] = ["nodesource", ".pgdg", "~pgdg", "+sury"];

pub(super) fn origin(ecosystem: &Ecosystem, said: &Said<'_>) -> Origin {
    if let Some(mark) = MARKS.iter().find(|m| said.version.contains(**m)) {
        return Origin::Foreign(mark.trim_start_matches(['.', '~', '+']).to_owned());
    }
    let rpm = ecosystem.scheme() == Some(Scheme::Rpm);
    let by = if said.origin.is_empty() && rpm { said.vendor } else { said.origin };
    // Nothing says that it is somebody else's: it is judged, so that nothing is missed.
    if by.is_empty() {
        return Origin::Distribution;
    }
    let family = ecosystem.family();
    // EPEL is built by Fedora for others' releases.
    if by.to_ascii_lowercase().contains("fedora") && family != "fedora" && said.version.contains(".el") {
        return Origin::Of(Ecosystem::new("epel", ecosystem.release(), ""));
    }
    // Of a distribution that we do not know nobody can say who is foreign.
    let Some((_, words)) = OWN.iter().find(|(f, _)| *f == family) else { return Origin::Distribution };
    // A word begins it, so that `Not Debian` does not count.
    let own = |text: &str| words.iter().any(|w| text.to_ascii_lowercase().starts_with(w));
    // A repository that has only another version of it says less than the package's own maker.
    let maker = || words.iter().any(|w| said.vendor.to_ascii_lowercase().contains(w));
    if own(by) || (said.by == "name" && maker()) {
        Origin::Distribution
    } else {
        Origin::Foreign(by.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ecosystem: &str, origin_: &str, by: &str, vendor: &str, version: &str) -> String {
        match origin(&Ecosystem::parse(ecosystem), &Said { origin: origin_, by, vendor, version }) {
            Origin::Distribution => "own".to_owned(),
            Origin::Foreign(by) => format!("foreign {by}"),
            Origin::Of(ecosystem) => ecosystem.to_string(),
        }
    }

    #[test]
    fn whose_packages_are_a_distributions() {
        for (ecosystem, origin, by, vendor, version, expected) in [
            ("debian:12", "Debian", "version", "", "1", "own"),
            ("debian:12", "Debian Backports", "version", "", "1~bpo12+1", "own"),
            ("debian:12", "Docker", "version", "Docker <support@docker.com>", "1", "foreign Docker"),
            ("debian:12", "Docker", "name", "X <x@debian.org>", "1", "own"),
            ("debian:12", "", "", "", "18.1-1nodesource1", "foreign nodesource"),
            ("debian:12", "", "", "Somebody <a@b>", "1", "own"),
            ("ubuntu:22.04", "UbuntuESMApps", "version", "", "1", "own"),
            ("ubuntu:22.04", "LP-PPA-x", "version", "", "1", "foreign LP-PPA-x"),
            ("redhat:9", "", "", "Red Hat, Inc.", "1-1.el9", "own"),
            ("redhat:9", "", "", "Fedora Project", "1-1.el9", "epel:9"),
            ("redhat:9", "", "", "Somebody", "1-1", "foreign Somebody"),
        ] {
            assert_eq!(of(ecosystem, origin, by, vendor, version), expected, "{ecosystem} {origin} {vendor}");
        }
    }
}
