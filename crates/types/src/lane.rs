use std::fmt;

use serde::{Deserialize, Serialize};

/// One of the three independent streams of a sensor; none ever waits for another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// Heartbeats and receipts.
    Control = 0,
    /// Facts that detection waits for: processes, network, device facts.
    Priority = 1,
    /// Facts in volume: files.
    Bulk = 2,
}

impl Lane {
    /// All lanes, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Control, Self::Priority, Self::Bulk];

    /// The lane with that number on the wire, if there is one.
    pub fn from_number(n: u32) -> Option<Self> {
        Self::ALL.get(usize::try_from(n).ok()?).copied()
    }

    /// The lane's number on the wire.
    pub fn number(self) -> u8 {
        self as u8
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Control => "control",
            Self::Priority => "priority",
            Self::Bulk => "bulk",
        })
    }
}

/// How bad a finding is; four steps, no others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing, nothing to do.
    Informational,
    /// Look when there is time.
    Low,
    /// Look today.
    Medium,
    /// Look now.
    High,
}
