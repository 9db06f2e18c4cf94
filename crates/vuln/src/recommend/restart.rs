use serde::{Deserialize, Serialize};

use super::Key;
use crate::score::Usage;

/// What must start again for a fix to take effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Restart {
    /// Nothing.
    #[default]
    None,
    /// The processes that have it loaded.
    Processes,
    /// The machine.
    Reboot,
}

/// What cannot be exchanged below running processes: the kernel and its firmware, the C library, the init, the bus.
const REBOOT: [&str; 26] = [
    "linux",
    "linux-signed",
    "linux-signed-amd64",
    "linux-signed-arm64",
    "kernel",
    "kernel-core",
    "kernel-rt",
    "kernel-uek",
    "kernel-default",
    "kernel-source",
    "kernel-64k",
    "linux-lts",
    "linux-virt",
    "glibc",
    "eglibc",
    "musl",
    "systemd",
    "sysvinit",
    "openrc",
    "dbus",
    "dbus-broker",
    "intel-microcode",
    "amd64-microcode",
    "microcode_ctl",
    "linux-firmware",
    "firmware-nonfree",
];

impl Restart {
    /// After an update of a software that is used so. Where use is not known, it is taken to be in use.
    pub fn after_update(key: &Key, usage: Usage) -> Self {
        // Ubuntu and Amazon name a kernel's source after its flavour or series.
        let name = key.source.as_str();
        let flavour = ["linux-meta", "linux-image", "linux-aws", "linux-azure", "linux-gcp", "linux-oracle"];
        let series = name.strip_prefix("kernel").is_some_and(|s| s.starts_with(|c: char| c.is_ascii_digit()));
        let hwe = name.starts_with("linux-hwe") || name.starts_with("linux-lowlatency");
        if REBOOT.contains(&name) || flavour.iter().any(|f| name.starts_with(f)) || series || hwe {
            return Self::Reboot;
        }
        match usage {
            Usage::Installed => Self::None,
            Usage::Unknown | Usage::Running => Self::Processes,
        }
    }
}
