//! An inventory as it is written: `docs/inventory.md` describes each field.

mod host;
mod live;
mod package;
mod settings;

use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};

pub use host::{Boot, Cpu, EndOfLife, Hardware, InstalledKernel, Kernel, Os, Support};
pub use live::{Endpoint, Loaded, LoadedKind, Service};
pub use package::{Ecosystem, Package};
pub use settings::{BrowserExtension, Certificate, Group, PasswordState, Share, User};

/// The word and version that every inventory starts with.
pub const FORMAT: &str = "palisade-inventory/1";

/// What a root file system holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Inventory {
    /// Always [`FORMAT`].
    pub format: String,
    /// When the reading ended.
    pub taken_us: TimeMicros,
    /// Where the root was opened; `/` for the machine itself.
    pub root: String,
    /// Whether processes of this root were looked at; otherwise nothing is known to run.
    pub live: bool,
    /// The machine's name, as the root has it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub host_name: String,
    /// The operating system.
    pub os: Os,
    /// The kernel; none in a container and where none is installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel: Option<Kernel>,
    /// Packages of the operating system and of languages.
    #[serde(default)]
    pub packages: Vec<Package>,
    /// Units and scripts that start programs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Service>,
    /// Sockets that wait for others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<Endpoint>,
    /// Programs and libraries in memory.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub loaded: Vec<Loaded>,
    /// Accounts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<User>,
    /// Groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Group>,
    /// Certificates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<Certificate>,
    /// Folders that others may mount.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<Share>,
    /// Extensions of browsers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<BrowserExtension>,
    /// Processor, memory, firmware.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hardware: Option<Hardware>,
    /// How far the start of the machine is protected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot: Option<Boot>,
    /// Containers that run here, with their packages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub containers: Vec<Container>,
    /// What was read, and what could not be.
    #[serde(default)]
    pub sources: Vec<Source>,
}

/// A running container and what its root holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Container {
    /// The runtime's name of it, 64 hexadecimal digits as a rule; else the mount namespace's number.
    pub id: String,
    /// docker, containerd, podman, crio, kubernetes, lxc; empty where the control group does not tell.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub runtime: String,
    /// The process by which its root was read.
    pub pid: u32,
    /// Its operating system.
    pub os: Os,
    /// Its packages.
    #[serde(default)]
    pub packages: Vec<Package>,
    /// What was read of it, and what could not be.
    #[serde(default)]
    pub sources: Vec<Source>,
}

/// One source of an inventory: a database, a set of files, a walk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// dpkg, rpm, apk, snap, flatpak, languages, kernel, services, accounts, certificates, shares,
    /// extensions, hardware, processes, owners, containers.
    pub name: String,
    /// The file or folder; empty where there are many.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// How it went.
    pub state: SourceState,
    /// How many items it gave.
    pub items: u64,
    /// A stable word for what went wrong.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub code: String,
    /// The same for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// How the reading of a source went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    /// All of it was read.
    #[default]
    Read,
    /// Some of it was read; `code` says what stopped the rest.
    Partial,
    /// It is there, and nothing of it could be read.
    Failed,
}

impl Source {
    pub(crate) fn read(name: &str, path: impl Into<String>, items: usize) -> Self {
        Self { name: name.into(), path: path.into(), items: items as u64, ..Self::default() }
    }

    /// What went wrong, with what was read until then.
    pub(crate) fn failed(name: &str, path: &str, items: usize, error: &crate::InventoryError) -> Self {
        let state = if items > 0 { SourceState::Partial } else { SourceState::Failed };
        let (code, detail) = (error.code().to_owned(), error.to_string());
        Self { state, code, detail, ..Self::read(name, path, items) }
    }
}

/// Left out where it is not so.
pub(crate) fn is_false(b: &bool) -> bool {
    !*b
}

impl Inventory {
    /// Packages that are in this inventory and not in `before`, and the other way round. A package whose
    /// version changed is in both lists.
    pub fn package_changes<'a>(&'a self, before: &'a Self) -> (Vec<&'a Package>, Vec<&'a Package>) {
        let known: std::collections::HashSet<_> = before.packages.iter().map(Package::identity).collect();
        let ours: std::collections::HashSet<_> = self.packages.iter().map(Package::identity).collect();
        (
            self.packages.iter().filter(|p| !known.contains(&p.identity())).collect(),
            before.packages.iter().filter(|p| !ours.contains(&p.identity())).collect(),
        )
    }
}
