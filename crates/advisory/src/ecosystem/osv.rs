//! The names of ecosystems in OSV records.

use super::{Ecosystem, family_of};

impl Ecosystem {
    /// Reads an ecosystem's name as OSV writes it: `Debian:12`, `Ubuntu:Pro:16.04:LTS`, `PyPI`.
    pub fn of_osv(text: &str) -> Self {
        let (base, suffix) = text.split_once(':').unwrap_or((text, ""));
        let base = base.trim();
        match base.to_ascii_lowercase().as_str() {
            "ubuntu" => ubuntu(suffix),
            "alpine" | "alpaquita" => {
                Self::new(&base.to_ascii_lowercase(), suffix.trim_start_matches(['v', 'V']), "")
            }
            "red hat" => Self::of_cpe_tail(suffix).unwrap_or_else(|| Self::new("redhat", suffix, "")),
            "suse" | "opensuse" => Self::of_suse_product(text.replace(':', " ").trim())
                .unwrap_or_else(|| Self::new(&base.to_ascii_lowercase(), suffix, "")),
            "debian" | "almalinux" | "rocky linux" | "mageia" | "photon os" | "azure linux" | "openeuler"
            | "oracle linux" | "amazon linux" | "fedora" => Self::new(&family_of(base), suffix, ""),
            // Other registries of the same language hold the same packages under the same rules.
            _ => Self::new(&family_of(base), "", ""),
        }
    }
}

/// `22.04:LTS`, `Pro:16.04:LTS`, `Pro:FIPS-updates:22.04:LTS`.
fn ubuntu(suffix: &str) -> Ecosystem {
    let parts: Vec<&str> = suffix.split(':').filter(|p| !p.eq_ignore_ascii_case("lts")).collect();
    let release =
        parts.iter().find(|p| p.starts_with(|c: char| c.is_ascii_digit())).copied().unwrap_or_default();
    let channel = match parts.as_slice() {
        [first, second, ..] if first.eq_ignore_ascii_case("pro") && *second != release => {
            second.to_ascii_lowercase()
        }
        [first, ..] if first.eq_ignore_ascii_case("pro") => "esm".to_owned(),
        _ => String::new(),
    };
    Ecosystem::new("ubuntu", release, &channel)
}
