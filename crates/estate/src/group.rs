//! Device groups: rules by which devices belong together, and what a group decides for them.
//!
//! A device belongs to every group whose rule it matches, and who may see one of those groups sees
//! the device. Criticality and automation level come from the first of its groups by rank alone.
//! A [`Rule`] is small and typed, so that its evaluation has a bound and can be tried before it is
//! saved; [`Rule::canonical`] makes two spellings of the same rule equal.

mod network;
mod read;
mod rule;
mod subject;

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use network::Network;
pub use read::{RuleError, RuleFault};
pub use rule::{Condition, Rule, TextOp, VersionOp};
pub use subject::Subject;

/// How much harm the loss of a device does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Criticality {
    /// Nobody would miss it for a day.
    Low,
    /// What most devices are.
    #[default]
    Normal,
    /// Others depend on it.
    High,
    /// The business stands still without it.
    VeryHigh,
}

/// How far the product may go on a device without asking a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Automation {
    /// It acts on nobody's behalf: a person starts whatever is done.
    #[default]
    None,
    /// It proposes, and a person approves.
    Semi,
    /// It acts, and a person can undo.
    Full,
}

/// A word that names none of the values.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{what} must be one of {all}")]
pub struct UnknownWord {
    what: &'static str,
    all: &'static str,
}

macro_rules! words {
    ($type:ident, $what:literal, $all:literal: $($variant:ident = $word:literal),*) => {
        impl $type {
            /// As it is written everywhere.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $type {
            type Err = UnknownWord;

            fn from_str(s: &str) -> Result<Self, UnknownWord> {
                match s {
                    $($word => Ok(Self::$variant),)*
                    _ => Err(UnknownWord { what: $what, all: $all }),
                }
            }
        }
    };
}

words!(Criticality, "criticality", "low, normal, high, very_high":
    Low = "low", Normal = "normal", High = "high", VeryHigh = "very_high");
words!(Automation, "automation", "none, semi, full": None = "none", Semi = "semi", Full = "full");
