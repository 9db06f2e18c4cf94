//! What the preflight finds on a machine, as it reports it.

use palisade_types::{DeviceId, TenantId};
use serde::{Deserialize, Serialize};

use crate::edr::HostFacts;
use crate::machine::OsFacts;

/// Another security product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Its name for people.
    pub name: String,
    /// By what it was recognised: a package, unit, process or module.
    pub evidence: String,
    /// Whether it runs.
    pub running: bool,
}

/// Whether the machine reaches the server, tried with the sensor's own code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Reach {
    /// It does.
    Reached,
    /// A step failed: `dns`, `tcp`, `tls`, `protocol`, `proxy`.
    Failed {
        /// Which.
        step: String,
        /// What was said.
        detail: String,
    },
    /// It was not tried.
    NotTried,
}

/// What keeps services running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceManager {
    /// systemd, as PID 1.
    Systemd,
    /// None that is known: the sensor's own supervisor runs in the foreground.
    None,
}

/// The folder that the sensor shall live in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallPath {
    /// Which.
    pub path: String,
    /// Free bytes.
    pub free_bytes: u64,
    /// Whether root can write there.
    pub writable: bool,
    /// Whether programs may run from there.
    pub executable: bool,
    /// Whether a symbolic link is in its path.
    pub symlink: bool,
}

/// The sensor that is, or is not, on the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum HostSensor {
    /// None.
    #[default]
    Absent,
    /// One is there.
    Present {
        /// Its version.
        version: String,
        /// Whether it runs.
        running: bool,
        /// Files of it that are missing or changed.
        missing: Vec<String>,
        /// The server that it reports to; empty if it never enrolled.
        server: String,
        /// Its tenant, if it enrolled.
        tenant: Option<TenantId>,
        /// Its device, if it enrolled.
        device: Option<DeviceId>,
    },
}

/// Everything that a preflight reports. It changes nothing on the machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostReport {
    /// The operating system.
    pub os: OsFacts,
    /// Whether the connector is root there, or became it.
    pub root: bool,
    /// The user that it is.
    pub user: String,
    /// Whether the kernel describes its types.
    pub kernel_types: bool,
    /// What the kernel said to a trial load of a capture program; `None` where it loaded.
    pub bpf_refused: Option<String>,
    /// Processors.
    pub cpus: u32,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// Where the sensor shall live.
    pub path: InstallPath,
    /// Basic tools that are missing.
    pub tools_missing: Vec<String>,
    /// Other security products.
    pub products: Vec<Product>,
    /// A process other than ours that answers permission requests of fanotify.
    pub fanotify_user: Option<String>,
    /// What both were recognised by; `None` from a sensor that does not tell it, and once it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Box<HostFacts>>,
    /// What keeps services running.
    pub service_manager: ServiceManager,
    /// The server's address that was tried.
    pub server: String,
    /// Whether it was reached.
    pub reach: Reach,
    /// The proxy that was used; empty for none.
    pub proxy: String,
    /// The server's clock minus the machine's, microseconds; `None` if it could not be compared.
    pub clock_offset: Option<i64>,
    /// The sensor that is there.
    pub sensor: HostSensor,
    /// Whether the machine itself says no, by /etc/palisade/exclude.
    pub excluded_by_file: bool,
}
