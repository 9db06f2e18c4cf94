//! Releases as machines name themselves.

use super::{Ecosystem, family_of, release_of_codename};

impl Ecosystem {
    /// The release of a machine, by os-release's `ID` and `VERSION_ID`, or by a package URL's namespace
    /// and the version in its `distro`. An `ID` that is not known is a family of its own.
    pub fn of_host(id: &str, version: &str) -> Self {
        let id = id.trim().to_ascii_lowercase();
        let version = version.trim().trim_matches('"');
        let major = || version.split('.').next().unwrap_or_default();
        let two = || version.splitn(3, '.').take(2).collect::<Vec<_>>().join(".");
        let family = family_of(&id);
        let release = match family.as_str() {
            "debian" | "ubuntu" if release_of_codename(&family, version).is_some() => {
                release_of_codename(&family, version).unwrap_or_default().to_owned()
            }
            // Testing and unstable have no number.
            "debian" if version.is_empty() => "sid".to_owned(),
            "debian" | "redhat" | "almalinux" | "rocky" | "oracle" | "fedora" | "raspbian" => {
                major().to_owned()
            }
            "ubuntu" | "suse" | "photon" | "azurelinux" | "mageia" => two(),
            "alpine" if version == "edge" || version.contains("_alpha") => "edge".to_owned(),
            "alpine" => two().trim_start_matches('v').to_owned(),
            // Version 1 called itself by its date.
            "amazon" if version.starts_with("201") => "1".to_owned(),
            "amazon" => major().to_owned(),
            "wolfi" | "chainguard" => String::new(),
            "opensuse-tumbleweed" => return Self::new("opensuse", "tumbleweed", ""),
            "opensuse" => two(),
            _ => version.to_owned(),
        };
        Self::new(if family == "raspbian" { "debian" } else { &family }, &release, "")
    }
}
