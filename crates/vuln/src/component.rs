//! What decides whether a package is vulnerable; many machines share one.

use palisade_advisory::{Ecosystem, Scheme};
use serde::{Deserialize, Serialize};

/// What is installed, reduced to what decides.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Component {
    /// The release of its machine, or the registry that it comes from.
    pub ecosystem: Ecosystem,
    /// The exact release where fixes may be limited to one (`9.4`); else empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub minor: String,
    /// The package's name, in the ecosystem's canonical form.
    pub name: String,
    /// Its version, whole.
    pub version: String,
    /// The source package that it was built from; empty if it is its own or not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// The source's version; empty if it is the package's or not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source_version: String,
    /// In the ecosystem's words; empty if it is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub arch: String,
    /// Its module stream (`nodejs:18`); empty if it belongs to none or it is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub module: String,
    /// The repository beside the main one that it comes from; empty if it is the main one or not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub repository: String,
    /// Who published it, if that is somebody else than the distribution; its advisories say nothing then.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub foreign: String,
    /// Whose files its own are.
    #[serde(default, skip_serializing_if = "Owner::is_none")]
    pub owner: Owner,
    /// Streams of fixes that its machine has (`esm`, `eus`), sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
}

/// Whose files a language's package consists of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// No package of the operating system brought them.
    #[default]
    None,
    /// A package of the distribution did: what that is vulnerable to is the distribution's to say.
    Distribution,
    /// A package of somebody else did: no distribution speaks about it.
    Foreign,
}

impl Owner {
    fn is_none(&self) -> bool {
        *self == Self::None
    }
}

/// Which part of a kernel a package is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KernelPart {
    /// The image or its modules: what runs.
    Code,
    /// Headers, documents, tools, or a package that only leads to another: nothing of the kernel runs from it.
    Files,
}

/// A component on one machine: where it lies and whether it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installed {
    /// What it is.
    pub component: Component,
    /// The file that shows it, or the database that lists it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Whether a process executes, maps or holds open one of its files; none where that cannot be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<bool>,
    /// The container that it is in; empty for the machine itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub container: String,
}

impl Component {
    /// The name under which sources are looked up, and the version that is compared with theirs.
    ///
    /// What a distribution only signs again (`linux-signed-amd64`) is the source that it signed.
    pub fn source_key(&self) -> (&str, std::borrow::Cow<'_, str>) {
        let source = if self.source.is_empty() { &self.name } else { &self.source };
        let version = if self.source_version.is_empty() { &self.version } else { &self.source_version };
        match self.ecosystem.scheme() {
            Some(Scheme::Deb) => {
                if let Some(rest) = source.strip_prefix("linux-signed") {
                    return (signed_kernel(self.ecosystem.family(), rest), self.version.as_str().into());
                }
                if source.starts_with("grub-efi-") && source.ends_with("-signed") {
                    return ("grub2", signed_version(&self.version).into());
                }
                (source, without_rebuild(version).into())
            }
            _ => (source, version.as_str().into()),
        }
    }

    /// Which part of a kernel it is; nothing if it is none.
    pub fn kernel_part(&self) -> Option<KernelPart> {
        let code = |is| Some(if is { KernelPart::Code } else { KernelPart::Files });
        match self.ecosystem.scheme()? {
            Scheme::Deb => {
                let (source, _) = self.source_key();
                if source != "linux" && !UBUNTU_KERNELS.iter().any(|k| source.starts_with(k)) {
                    return None;
                }
                let rest =
                    ["linux-image-unsigned-", "linux-image-", "linux-modules-extra-", "linux-modules-"]
                        .iter()
                        .find_map(|p| self.name.strip_prefix(p));
                code(rest.is_some_and(|r| r.starts_with(|c: char| c.is_ascii_digit())))
            }
            Scheme::Rpm => {
                let source = if self.source.is_empty() { &self.name } else { &self.source };
                let known = |n: &str| {
                    matches!(n, "kernel" | "kernel-rt" | "kernel-uek" | "kernel-default" | "kernel-azure")
                        || n.starts_with("kernel-64k")
                };
                if !known(source) && !known(&self.name) {
                    return None;
                }
                let files = ["headers", "devel", "doc", "tools", "source", "macros", "abi", "srpm", "cross"];
                code(!files.iter().any(|f| self.name.contains(f)))
            }
            _ => None,
        }
    }

    /// Whether its version says that it was built as part of a module.
    pub fn is_modular(&self) -> bool {
        !self.module.is_empty() || (self.ecosystem.scheme() == Some(Scheme::Rpm) && modular(&self.version))
    }

    /// Whether it was carried back from a later release of Debian (`~bpo12+1`).
    pub fn is_backport(&self) -> bool {
        self.ecosystem.family() == "debian" && self.version.contains("~bpo")
    }
}

/// Kernels of Ubuntu beside the one that is called `linux`.
const UBUNTU_KERNELS: [&str; 10] = [
    "linux-hwe",
    "linux-aws",
    "linux-azure",
    "linux-gcp",
    "linux-oracle",
    "linux-kvm",
    "linux-lowlatency",
    "linux-oem",
    "linux-raspi",
    "linux-signed",
];

pub(crate) fn modular(version: &str) -> bool {
    version.contains(".module_") || version.contains(".module+")
}

/// `-amd64` of Debian's is the architecture, `-hwe-6.5` of Ubuntu's another kernel.
fn signed_kernel<'a>(family: &str, rest: &'a str) -> &'a str {
    const NAMES: &[(&str, &str)] = &[
        ("-hwe", "linux-hwe"),
        ("-aws", "linux-aws"),
        ("-azure", "linux-azure"),
        ("-gcp", "linux-gcp"),
        ("-oracle", "linux-oracle"),
        ("-oem", "linux-oem"),
        ("-lowlatency", "linux-lowlatency"),
        ("-kvm", "linux-kvm"),
    ];
    if family != "ubuntu" {
        return "linux";
    }
    NAMES.iter().find(|(suffix, _)| *suffix == rest).map_or("linux", |(_, name)| name)
}

/// `1+2.06+13+deb12u1` signs `2.06-13+deb12u1`.
fn signed_version(version: &str) -> String {
    let rest = match version.split_once('+') {
        Some((number, rest)) if number.bytes().all(|b| b.is_ascii_digit() || b == b'.') => rest,
        _ => version,
    };
    if rest.contains('-') { rest.to_owned() } else { rest.replacen('+', "-", 1) }
}

/// A rebuild alone (`+b2`) is the same source.
fn without_rebuild(version: &str) -> &str {
    match version.rsplit_once("+b") {
        Some((before, n)) if !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()) => before,
        _ => version,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(os: &str, name: &str, version: &str, source: &str, source_version: &str) -> Component {
        Component {
            ecosystem: Ecosystem::parse(os),
            name: name.into(),
            version: version.into(),
            source: source.into(),
            source_version: source_version.into(),
            ..Component::default()
        }
    }

    #[test]
    fn sources_as_advisories_name_them() {
        for (c, name, version) in [
            (component("debian:12", "libssl3", "3.0.1-1+b2", "openssl", ""), "openssl", "3.0.1-1"),
            (component("debian:12", "acl", "2.3.1-3", "", ""), "acl", "2.3.1-3"),
            (
                component("debian:12", "gcc-12-base", "12.2.0-14", "gcc-12", "12.2.0-14"),
                "gcc-12",
                "12.2.0-14",
            ),
            (
                component(
                    "debian:12",
                    "linux-image-6.1.0-18-amd64",
                    "6.1.76-1",
                    "linux-signed-amd64",
                    "6.1.76+1",
                ),
                "linux",
                "6.1.76-1",
            ),
            (
                component(
                    "debian:12",
                    "grub-efi-amd64-signed",
                    "1+2.06+13+deb12u1",
                    "grub-efi-amd64-signed",
                    "",
                ),
                "grub2",
                "2.06-13+deb12u1",
            ),
            (
                component("redhat:9", "openssl-libs", "1:3.0.7-1.el9", "openssl", ""),
                "openssl",
                "1:3.0.7-1.el9",
            ),
        ] {
            let (n, v) = c.source_key();
            assert_eq!((n, v.as_ref()), (name, version), "{}", c.name);
        }
    }

    #[test]
    fn parts_of_a_kernel() {
        for (os, name, source, part) in [
            ("debian:12", "linux-image-6.1.0-18-amd64", "linux-signed-amd64", Some(KernelPart::Code)),
            ("debian:12", "linux-image-amd64", "linux-signed-amd64", Some(KernelPart::Files)),
            ("debian:12", "linux-libc-dev", "linux", Some(KernelPart::Files)),
            ("debian:12", "linux-base", "linux-base", None),
            ("redhat:9", "kernel-core", "kernel", Some(KernelPart::Code)),
            ("redhat:9", "kernel-headers", "kernel", Some(KernelPart::Files)),
            ("redhat:9", "bash", "bash", None),
        ] {
            assert_eq!(component(os, name, "1-1", source, "").kernel_part(), part, "{name}");
        }
    }
}
