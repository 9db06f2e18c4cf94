//! What runs, listens and is in memory.

use serde::{Deserialize, Serialize};

use super::is_false;

/// A unit or script that starts a program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Its name; with `.service`, `.socket`, `.timer` for a unit.
    pub name: String,
    /// `systemd`, `sysv` or `openrc`.
    pub kind: String,
    /// `enabled`, `disabled`, `static` (nothing can be enabled), `masked`.
    pub enabled: String,
    /// Whether processes of it run; none where none of this root run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<bool>,
    /// Some of its processes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pids: Vec<u32>,
    /// The program that it starts, without arguments.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub program: String,
    /// As whom; empty is root.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// What it says about itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The file that describes it.
    pub path: String,
    /// The package that brought that file.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub package: String,
}

/// A socket that waits for others.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Endpoint {
    /// tcp or udp.
    pub protocol: String,
    /// The address that it is bound to; `0.0.0.0` and `::` are all of them.
    pub address: String,
    /// The port.
    pub port: u16,
    /// The process, the one of the lowest number where several have it; none where nobody is found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// Its name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub process: String,
    /// Its program.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub program: String,
    /// The package of that program.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub package: String,
    /// The unit that it belongs to.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// The user's number.
    pub uid: u32,
    /// The container whose network it is in.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub container: String,
}

/// A program or library in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loaded {
    /// Its path, as the kernel has it.
    pub path: String,
    /// What it is.
    pub kind: LoadedKind,
    /// The package that brought it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub package: String,
    /// Whether the file was replaced or removed since: those processes need a restart.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deleted: bool,
    /// How many processes have it.
    pub processes: u32,
    /// Some of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pids: Vec<u32>,
    /// Units that those belong to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<String>,
}

/// What a file in memory is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadedKind {
    /// It was executed.
    #[default]
    Program,
    /// It was mapped into a program.
    Library,
    /// It is held open: an archive of Java classes.
    Archive,
}
