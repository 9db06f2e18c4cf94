//! Releases as vendors' documents name them: by CPE, or by a product's full name.

use super::{Ecosystem, family_of};

impl Ecosystem {
    /// The release that a CPE names: `cpe:/o:redhat:enterprise_linux:9::baseos`.
    pub fn of_cpe(cpe: &str) -> Option<Self> {
        let rest = cpe.strip_prefix("cpe:/").or_else(|| cpe.strip_prefix("cpe:2.3:"))?;
        let mut parts = rest.splitn(3, ':');
        let (_, vendor, tail) = (parts.next()?, parts.next()?, parts.next()?);
        let version =
            |tail: &str| tail.split(':').nth(1).filter(|v| !matches!(*v, "" | "-" | "*")).map(str::to_owned);
        match vendor {
            "redhat" => Self::of_cpe_tail(tail),
            "suse" | "opensuse" => suse_cpe(tail),
            "almalinux" | "rocky" | "oracle" | "amazon" | "fedoraproject" | "debian" | "canonical" => {
                let family = match vendor {
                    "fedoraproject" => "fedora".to_owned(),
                    "canonical" => "ubuntu".to_owned(),
                    vendor => family_of(vendor),
                };
                Some(Self::new(&family, &version(tail)?, ""))
            }
            _ => None,
        }
    }

    /// What follows `redhat:` in a CPE: `enterprise_linux:9::appstream`, `rhel_eus:8.6::baseos`. Other
    /// products are families of their own (`redhat-openshift`), which no machine is by itself.
    pub(crate) fn of_cpe_tail(tail: &str) -> Option<Self> {
        let mut parts = tail.split(':');
        let (product, version) = (parts.next()?, parts.next().unwrap_or_default());
        match product {
            "enterprise_linux" => Some(Self::new("redhat", version, "")),
            "rhel_eus" | "rhel_aus" | "rhel_e4s" | "rhel_tus" | "rhel_els" | "rhel_eus_long_life" => {
                let channel = product.trim_start_matches("rhel_").trim_end_matches("_long_life");
                Some(Self::new("redhat", version, channel))
            }
            "" => None,
            other => Some(Self::new(&format!("redhat-{other}"), version, "")),
        }
    }

    /// The release that a product's full name names: `Red Hat Enterprise Linux 9`, `Debian GNU/Linux 11`,
    /// `Ubuntu 22.04 LTS`, `SUSE Linux Enterprise Server 15 SP3-LTSS`.
    pub fn of_product(name: &str) -> Option<Self> {
        const PREFIXES: &[(&str, &str)] = &[
            ("Debian GNU/Linux ", "debian"),
            ("Debian ", "debian"),
            ("Ubuntu ", "ubuntu"),
            ("Red Hat Enterprise Linux ", "redhat"),
            ("AlmaLinux ", "almalinux"),
            ("Rocky Linux ", "rocky"),
            ("Oracle Linux ", "oracle"),
            ("Amazon Linux ", "amazon"),
            ("Fedora ", "fedora"),
            ("Photon OS ", "photon"),
            ("CBL-Mariner ", "azurelinux"),
        ];
        let name = name.trim();
        if name.starts_with("SUSE") || name.starts_with("openSUSE") {
            return Self::of_suse_product(name);
        }
        if let Some(rest) = name.strip_prefix("Ubuntu Pro ") {
            // `Ubuntu Pro FIPS-updates 22.04 LTS`
            let (first, second) = rest.split_once(' ').unwrap_or((rest, ""));
            let own = first.starts_with(|c: char| c.is_ascii_digit());
            let (channel, release) = if own { ("esm", first) } else { (first, second.split(' ').next()?) };
            return Some(Self::new("ubuntu", release, &channel.to_ascii_lowercase()));
        }
        let (prefix, family) = PREFIXES.iter().find(|(prefix, _)| name.starts_with(prefix))?;
        let release = name[prefix.len()..].split_whitespace().next()?;
        release.starts_with(|c: char| c.is_ascii_digit()).then(|| Self::new(family, release, ""))
    }

    /// `SUSE Linux Enterprise Server 15 SP3-LTSS`, `SUSE Linux Micro 6.0`, `openSUSE Leap 15.5`,
    /// `openSUSE Tumbleweed`. All products of one service pack have the same packages.
    pub(crate) fn of_suse_product(name: &str) -> Option<Self> {
        if name.ends_with("Tumbleweed") {
            return Some(Self::new("opensuse", "tumbleweed", ""));
        }
        let micro = name.contains("Micro");
        let family = match name {
            n if n.starts_with("openSUSE") && micro => "opensuse-micro",
            n if n.starts_with("openSUSE") => "opensuse",
            _ if micro => "suse-micro",
            n if n.contains("Linux Enterprise") => "suse",
            _ => return None,
        };
        let words: Vec<&str> = name.split([' ', '-']).collect();
        let at = words.iter().position(|w| w.starts_with(|c: char| c.is_ascii_digit()))?;
        let pack = words.get(at + 1).and_then(|w| w.strip_prefix("SP")).filter(|n| !n.is_empty());
        let release = match pack {
            Some(pack) => format!("{}.{pack}", words[at]),
            None => words[at].to_owned(),
        };
        let channel = words[at + 1..].iter().find(|w| matches!(**w, "LTSS" | "ESPOS" | "TERADATA"));
        Some(Self::new(family, &release, &channel.map(|c| c.to_ascii_lowercase()).unwrap_or_default()))
    }
}

/// `sles:15:sp3`, `sles-ltss:15:sp1`, `sle-module-basesystem:15:sp4`, `leap:15.5`.
fn suse_cpe(tail: &str) -> Option<Ecosystem> {
    let parts: Vec<&str> = tail.split(':').collect();
    let (product, version) = (*parts.first()?, *parts.get(1)?);
    let pack = parts.get(2).and_then(|p| p.strip_prefix("sp")).filter(|n| !n.is_empty());
    let release = pack.map_or_else(|| version.to_owned(), |pack| format!("{version}.{pack}"));
    let channel = ["ltss", "espos", "teradata"].into_iter().find(|c| product.contains(c)).unwrap_or_default();
    match product {
        "tumbleweed" => Some(Ecosystem::new("opensuse", "tumbleweed", "")),
        "leap" => Some(Ecosystem::new("opensuse", version, "")),
        p if p.contains("micro") => Some(Ecosystem::new("suse-micro", version, "")),
        p if p.starts_with("sle") => Some(Ecosystem::new("suse", &release, channel)),
        _ => None,
    }
}
