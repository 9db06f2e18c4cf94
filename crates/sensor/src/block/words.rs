//! What the sensor, the resolver and the responder say to each other: one JSON line each.

use serde::{Deserialize, Serialize};

use super::list::Rule;

/// Most files that are marked.
pub const MAX_FILES: usize = 20_000;

/// Most refused files that are named for one rule; all are counted.
pub const MAX_NAMED: usize = 20;

/// Longest line in any direction, bytes.
pub const MAX_LINE: usize = 16 << 20;

/// Which file it is, and in which state: another one by the same name is another file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// The device, as `st_dev`.
    pub dev: u64,
    /// The inode.
    pub ino: u64,
    /// When anything of it last changed: seconds, nanoseconds.
    pub ctime: (i64, i64),
}

/// A program of a package that a rule names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Where it lies on this machine.
    pub path: String,
    /// Which file it was when it was looked at.
    pub identity: Identity,
    /// Its execution is to be denied; else only reported.
    pub block: bool,
    /// Which of [`Resolved::hits`] it belongs to.
    pub hit: usize,
}

/// An installed package that a rule names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// The rule.
    pub rule: String,
    /// The package.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The source package.
    pub source: String,
    /// First version that is not affected; empty where there is none.
    pub fixed: String,
    /// The message of the rule.
    pub message: String,
}

/// A file that is left alone although a rule names its package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Where it lies; empty where it is the whole package.
    pub path: String,
    /// The package.
    pub package: String,
    /// `block_refused_never_touch`, `block_foreign_file_system`, `block_too_many_files`, `block_version_unclear`,
    /// `block_file_changed`.
    pub code: String,
    /// The part of the never-touch list, or what else there is to say.
    pub reason: String,
}

/// What a rule came to on this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleState {
    /// The rule.
    pub id: String,
    /// Packages in its range, `name version`.
    pub packages: Vec<String>,
    /// Programs of these packages.
    pub files: usize,
    /// What is left alone, cut to [`MAX_NAMED`].
    pub refused: Vec<Refused>,
    /// How many are left alone.
    pub refused_total: usize,
}

/// What the resolver found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolved {
    /// The revision of the list that it worked on.
    pub revision: u64,
    /// Every program, once.
    pub programs: Vec<Program>,
    /// Every package.
    pub hits: Vec<Hit>,
    /// Each rule of the list that has not expired.
    pub rules: Vec<RuleState>,
    /// Why the packages could not be read; then there are no programs. Empty else.
    pub unclear: String,
}

/// From the sensor to the resolver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToResolver {
    /// The list that is in force from now on.
    List {
        /// Its revision.
        revision: u64,
        /// Its rules.
        rules: Vec<Rule>,
    },
    /// Look again: a program is not the file that it was.
    Again,
}

/// A file that the responder is to mark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Where it lies.
    pub path: String,
    /// Which file it must be.
    pub identity: Identity,
    /// Its execution is to be denied.
    pub block: bool,
}

/// From the sensor to the responder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToResponder {
    /// What is marked from now on, instead of all before.
    Table {
        /// Names this table in what the responder tells.
        generation: u64,
        /// The files; an event names one by its place here.
        marks: Vec<Mark>,
    },
    /// The sensor lives.
    Ping,
}

/// What was done about an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was denied.
    Denied,
    /// It began, and was killed at once.
    Killed,
    /// It runs.
    Ran,
}

/// The rungs of the ladder that this sensor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    /// The kernel asks before it executes: fanotify's permission events.
    Fanotify,
    /// The kernel tells that it executed, and the process is killed.
    Kill,
    /// It is reported.
    Detect,
}

impl Rung {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fanotify => "fanotify",
            Self::Kill => "kill",
            Self::Detect => "detect",
        }
    }

    /// Its place on the ladder; the first is the security module's, which this sensor does not have.
    pub fn number(self) -> u32 {
        match self {
            Self::Fanotify => 2,
            Self::Kill => 3,
            Self::Detect => 4,
        }
    }
}

/// From the responder to the sensor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromResponder {
    /// It is ready.
    Hello {
        /// On which rung.
        rung: Rung,
        /// What the kernel said to better ones, and what else is not as it should be.
        detail: String,
    },
    /// It lives.
    Pulse,
    /// A table is in force.
    Table {
        /// Which.
        generation: u64,
        /// How many files are marked.
        marked: usize,
        /// Those that are not, by their place, with the reason; cut to [`MAX_NAMED`].
        failed: Vec<(usize, String)>,
    },
    /// Somebody executed a file of the table.
    Exec {
        /// The table.
        generation: u64,
        /// The place in it.
        index: usize,
        /// The process.
        pid: i32,
        /// What was done.
        verdict: Verdict,
        /// When, microseconds UTC.
        time_us: i64,
    },
    /// A file of the table is not the one that it was; it was allowed.
    Stale,
    /// So many events were not told, because nobody read them.
    Lost {
        /// How many.
        count: u64,
    },
}
