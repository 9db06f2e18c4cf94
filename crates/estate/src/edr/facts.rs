use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::parse::{FactsError, MAX_BYTES, MAX_ENTRIES, MAX_FIELD};
use crate::machine::OsFacts;

/// What keeps a list of packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Manager {
    /// dpkg.
    Deb,
    /// rpm.
    Rpm,
}

/// An installed package whose name is in the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Who says so.
    pub manager: Manager,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// Whether a unit runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitState {
    /// It does.
    Active,
    /// It does not.
    Inactive,
    /// It ended with an error.
    Failed,
    /// It could not be seen.
    Unknown,
}

/// A systemd unit that exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Its name with its suffix.
    pub name: String,
    /// Whether it runs.
    pub state: UnitState,
    /// `enabled`, `disabled`, `masked` and others, as systemd says it; empty if it was not said.
    pub enabled: String,
}

/// Where a process's executable is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The path leads to the file that runs.
    Same,
    /// The path leads to another file, or to none: the process lives in another root.
    Other,
    /// It was a file of root in that folder, and was removed or replaced since it was started.
    Deleted,
    /// It could not be seen.
    #[default]
    Unknown,
}

/// A process that is named, or whose executable is named, like one of a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// What it calls itself.
    pub name: String,
    /// Its executable; empty if it could not be seen.
    pub exe: String,
    /// Where that is.
    pub place: Place,
}

/// A group of fanotify.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FanotifyUser {
    /// Its process.
    pub pid: u32,
    /// What that calls itself.
    pub name: String,
    /// Its executable; empty if it could not be seen.
    pub exe: String,
    /// The group's flags.
    pub flags: u32,
    /// What its marks ask for, all together.
    pub mask: u64,
}

impl FanotifyUser {
    /// `FAN_CLASS_CONTENT` and `FAN_CLASS_PRE_CONTENT`: only such groups may ask for permission events.
    const CLASSES: u32 = 0x04 | 0x08;
    /// `FAN_OPEN_PERM`, `FAN_ACCESS_PERM`, `FAN_OPEN_EXEC_PERM`, `FAN_PRE_ACCESS`.
    const PERMISSIONS: u64 = 0x0001_0000 | 0x0002_0000 | 0x0004_0000 | 0x0010_0000;

    /// Whether others wait for its answers.
    pub fn answers(&self) -> bool {
        self.flags & Self::CLASSES != 0 && self.mask & Self::PERMISSIONS != 0
    }
}

/// A file whose age says something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFact {
    /// Which.
    pub path: String,
    /// When it was written, seconds since 1970 by the machine's clock.
    pub modified: i64,
    /// Its bytes.
    pub size: u64,
}

/// How reading a source went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    /// It was read.
    Ok,
    /// It is there and was not to be read, or nobody could see whether it is.
    Denied,
    /// Its command failed or did not end in time.
    Failed,
    /// Its command could be changed by others than root, and was not run.
    Untrusted,
}

/// What could not be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// Packages.
    Packages,
    /// Units.
    Units,
    /// Kernel modules.
    Modules,
    /// Processes.
    Processes,
    /// Who watches files.
    Fanotify,
    /// Commands of products.
    Commands,
}

impl Section {
    /// Every section.
    pub const ALL: [Self; 6] =
        [Self::Packages, Self::Units, Self::Modules, Self::Processes, Self::Fanotify, Self::Commands];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Packages => "packages",
            Self::Units => "units",
            Self::Modules => "modules",
            Self::Processes => "processes",
            Self::Fanotify => "fanotify",
            Self::Commands => "commands",
        }
    }
}

/// What was found on a machine about security products.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HostFacts {
    /// When, seconds since 1970 by the machine's clock.
    pub taken_at: i64,
    /// Whether root looked.
    pub root: bool,
    /// Whether it is a file system only, and not a running machine.
    pub image: bool,
    /// The operating system.
    pub os: OsFacts,
    /// Packages of the catalogue that are installed.
    pub packages: Vec<Package>,
    /// Units of the catalogue that exist.
    pub units: Vec<Unit>,
    /// Processes named like those of the catalogue.
    pub processes: Vec<Process>,
    /// Kernel modules of the catalogue that are loaded.
    pub modules: Vec<String>,
    /// Paths of the catalogue that exist.
    pub paths: Vec<String>,
    /// Files whose age says something.
    pub files: Vec<FileFact>,
    /// Paths of which nothing could be seen.
    pub hidden: Vec<String>,
    /// Who watches files.
    pub fanotify: Vec<FanotifyUser>,
    /// How reading each source went, by `<product>.<source>`; those that do not exist are not there.
    pub sources: BTreeMap<String, SourceState>,
    /// What was read, by `<product>.<source>.<key>`.
    pub values: BTreeMap<String, String>,
    /// What could not be looked at, and why.
    pub blind: BTreeMap<Section, String>,
    /// Whether all of it arrived.
    pub complete: bool,
}

impl HostFacts {
    /// Reads facts as a sensor sends them. They come from a machine that may be hostile.
    ///
    /// # Errors
    /// `facts_too_large`; `facts_malformed` for what is no such JSON.
    pub fn from_json(text: &str) -> Result<Self, FactsError> {
        if text.len() > MAX_BYTES {
            return Err(FactsError::TooLarge);
        }
        serde_json::from_str::<Self>(text).map(Self::bounded).map_err(|_| FactsError::Malformed)
    }

    /// The same within the bounds of what the script's output is read to: entries of each kind, and
    /// characters of each field.
    pub fn bounded(mut self) -> Self {
        fn list<T>(items: &mut Vec<T>, mut fields: impl FnMut(&mut T) -> [Option<&mut String>; 2]) {
            items.truncate(MAX_ENTRIES);
            for item in items {
                fields(item).into_iter().flatten().for_each(cut);
            }
        }
        fn map<K: Ord + Clone, V>(items: &mut BTreeMap<K, V>) {
            if let Some(first) = items.keys().nth(MAX_ENTRIES).cloned() {
                items.split_off(&first);
            }
        }
        [&mut self.os.id, &mut self.os.version, &mut self.os.kernel, &mut self.os.architecture]
            .into_iter()
            .for_each(cut);
        list(&mut self.packages, |p| [Some(&mut p.name), Some(&mut p.version)]);
        list(&mut self.units, |u| [Some(&mut u.name), Some(&mut u.enabled)]);
        list(&mut self.processes, |p| [Some(&mut p.name), Some(&mut p.exe)]);
        list(&mut self.fanotify, |u| [Some(&mut u.name), Some(&mut u.exe)]);
        list(&mut self.files, |f| [Some(&mut f.path), None]);
        for texts in [&mut self.modules, &mut self.paths, &mut self.hidden] {
            list(texts, |t| [Some(t), None]);
        }
        map(&mut self.sources);
        map(&mut self.values);
        self.sources.retain(|key, _| key.len() <= MAX_FIELD);
        self.values.retain(|key, _| key.len() <= MAX_FIELD);
        self.values.values_mut().chain(self.blind.values_mut()).for_each(cut);
        self
    }

    /// Whether two looks at a machine saw the same, but for the clock and the numbers of processes.
    pub fn same_sight(&self, other: &Self) -> bool {
        let still = |facts: &Self| {
            let mut still = Self { taken_at: 0, ..facts.clone() };
            still.processes.iter_mut().for_each(|p| p.pid = 0);
            still.fanotify.iter_mut().for_each(|u| u.pid = 0);
            still.processes.sort_by(|a, b| (&a.exe, &a.name).cmp(&(&b.exe, &b.name)));
            still.processes.dedup();
            still
        };
        still(self) == still(other)
    }
}

/// Without control characters, and cut.
fn cut(text: &mut String) {
    if text.len() > MAX_FIELD || text.chars().any(char::is_control) {
        *text = text.chars().filter(|c| !c.is_control()).take(MAX_FIELD).collect();
    }
}
