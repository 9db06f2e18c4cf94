use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::Topic;

/// What a product is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It detects and responds: it counts as an EDR solution.
    Edr,
    /// It finds malware in files, and no more.
    Antivirus,
    /// It watches, manages or lists.
    Monitor,
}

impl Kind {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Edr => "edr",
            Self::Antivirus => "antivirus",
            Self::Monitor => "monitor",
        }
    }
}

/// How sure a row of the catalogue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// The vendor's documents or code say so.
    Vendor,
    /// Several public tools and lists agree.
    Public,
    /// No source confirms it.
    Recalled,
}

/// Whether a product answers permission requests of fanotify.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// As it is set up.
    Option,
    /// Nobody has looked.
    Unknown,
}

/// What our sensor does beside a product that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Beside {
    /// It observes only: the other one owns the machine.
    Observe,
    /// What it always does.
    Nothing,
}

/// What it means that a source was read and does not have a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// That nobody knows.
    #[default]
    Unknown,
    /// That the check fails.
    Bad,
    /// That this version of the product says it otherwise.
    Skip,
}

/// How a value is taken from a text; the head of the data file explains each field.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueSpec {
    /// Its name within the source.
    pub key: String,
    /// What stands before it.
    pub after: String,
    /// What ends it; nothing for the end of the line.
    #[serde(default)]
    pub until: String,
    /// Whether `after` may stand anywhere in its line.
    #[serde(default)]
    pub anywhere: bool,
    /// What a part must contain for its number to count.
    #[serde(default)]
    pub when: String,
}

/// Where values come from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its name within the product.
    pub id: String,
    /// A plain file.
    pub file: Option<String>,
    /// A command of the product that changes nothing.
    pub run: Option<String>,
    /// Whether the command needs root.
    #[serde(default = "yes")]
    pub root: bool,
    /// What is taken from it.
    pub values: Vec<ValueSpec>,
}

fn yes() -> bool {
    true
}

/// One check of a product's set-up.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What it belongs to.
    pub of: Topic,
    /// Its stable name.
    pub code: String,
    /// What is wrong when it fails.
    pub says: String,
    /// The value that decides, as `<source>.<key>`.
    pub value: Option<String>,
    /// Values that are well.
    #[serde(default)]
    pub good: Vec<String>,
    /// Values that are not.
    #[serde(default)]
    pub bad: Vec<String>,
    /// What it means that the value is missing.
    #[serde(default)]
    pub missing: Missing,
    /// Another value that must be there for `missing` to mean anything.
    pub given: Option<String>,
    /// Files of which the newest decides.
    #[serde(default)]
    pub newest: Vec<String>,
    /// The greatest age in days.
    pub max_days: Option<u32>,
    /// A process that has to run.
    pub runs: Option<String>,
}

/// One product; the head of the data file explains each field.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// The stable name.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// What it is for.
    pub kind: Kind,
    /// How sure this row is.
    pub confidence: Confidence,
    /// Debian packages.
    #[serde(default)]
    pub deb: Vec<String>,
    /// RPM packages.
    #[serde(default)]
    pub rpm: Vec<String>,
    /// systemd units.
    #[serde(default)]
    pub units: Vec<String>,
    /// File names of executables, perhaps with a `*` at the end.
    pub processes: Vec<String>,
    /// Those of them that others use too.
    #[serde(default)]
    pub common: Vec<String>,
    /// Folders in which they must lie.
    pub homes: Vec<String>,
    /// Kernel modules, perhaps with a `*` at the end.
    #[serde(default)]
    pub modules: Vec<String>,
    /// Traces on the disk.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Whether it answers permission requests.
    pub permission: Permission,
    /// What our sensor does beside it.
    pub beside: Beside,
    /// Whether it has quick and full scans.
    pub scans: bool,
    /// Whether it has definitions that age.
    pub definitions: bool,
    /// Where its state can be read.
    #[serde(default, rename = "source")]
    pub sources: Vec<Source>,
    /// What is checked.
    #[serde(default, rename = "check")]
    pub checks: Vec<Check>,
}

impl Product {
    /// The id of our own product.
    pub const OURS: &'static str = "palisade";

    /// Whether it is our own.
    pub fn is_ours(&self) -> bool {
        self.id == Self::OURS
    }

    /// Whether a file name is one of its executables'.
    pub fn has_executable(&self, name: &str) -> bool {
        self.processes.iter().any(|p| matches(p, name))
    }

    /// Whether a kernel module is one of its own.
    pub fn has_module(&self, name: &str) -> bool {
        self.modules.iter().any(|p| matches(p, name))
    }

    /// Whether an executable lies where its own lie.
    pub fn is_home(&self, exe: &str) -> bool {
        self.homes.iter().any(|h| exe.starts_with(h.as_str()))
    }
}

/// Whether a text fits a pattern in which every `*` stands for anything.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == text };
    let Some(rest) = text.strip_prefix(head) else { return false };
    // Tried at every place; patterns are ours and have at most a few stars.
    (0..=rest.len()).filter(|at| rest.is_char_boundary(*at)).any(|at| matches(tail, &rest[at..]))
}

/// All products that are known.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Products {
    /// In the order of the file.
    #[serde(rename = "product")]
    pub all: Vec<Product>,
}

impl Products {
    /// One product.
    pub fn find(&self, id: &str) -> Option<&Product> {
        self.all.iter().find(|p| p.id == id)
    }
}

static PRODUCTS: LazyLock<Products> = LazyLock::new(|| {
    toml::from_str(include_str!("../../data/security-products.toml")).expect("the built-in catalogue parses")
});

/// The catalogue that this version ships with.
pub fn products_known() -> &'static Products {
    &PRODUCTS
}
