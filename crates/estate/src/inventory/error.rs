use std::fmt;

use serde::Serialize;

/// Something that an inventory may not have more of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Bytes in all.
    Bytes,
    /// Bytes of one line.
    Line,
    /// Hosts.
    Hosts,
    /// Groups.
    Groups,
    /// Memberships of hosts in groups.
    Members,
    /// Variables of one host or group.
    Variables,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bytes => "it has more than 8 MiB",
            Self::Line => "the line has more than 16 KiB",
            Self::Hosts => "it has more than 100,000 hosts",
            Self::Groups => "it has more than 10,000 groups",
            Self::Variables => "a host or group has more than 100 variables of ours",
            Self::Members => "it has more than 1,000,000 memberships in groups",
        })
    }
}

/// Why an inventory cannot be read. Lines count from 1; 0 stands for the whole of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InventoryError {
    /// It is too large in some way.
    #[error("line {line}: {bound}")]
    TooMuch {
        /// Where.
        line: usize,
        /// In which.
        bound: Bound,
    },
    /// A line does not have the form that it should.
    #[error("line {line}: {what}")]
    Malformed {
        /// Where.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// A name or address could not be one, or could be taken for an option.
    #[error("line {line}: {name:?} cannot be a {what}")]
    Name {
        /// Where.
        line: usize,
        /// What was written, cut.
        name: String,
        /// What it should be.
        what: &'static str,
    },
    /// A group that contains itself.
    #[error("line {line}: the group {group:?} contains itself")]
    Circle {
        /// Where.
        line: usize,
        /// Which.
        group: String,
    },
}

impl InventoryError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooMuch { .. } => "inventory_too_large",
            Self::Malformed { .. } => "inventory_malformed",
            Self::Name { .. } => "inventory_name_invalid",
            Self::Circle { .. } => "inventory_circular",
        }
    }

    /// The line, from 1; 0 for the whole.
    pub fn line(&self) -> usize {
        match self {
            Self::TooMuch { line, .. }
            | Self::Malformed { line, .. }
            | Self::Name { line, .. }
            | Self::Circle { line, .. } => *line,
        }
    }

    pub(super) fn malformed(line: usize, what: impl Into<String>) -> Self {
        Self::Malformed { line, what: what.into() }
    }

    pub(super) fn name(line: usize, name: &str, what: &'static str) -> Self {
        let name = name.chars().take(80).collect();
        Self::Name { line, name, what }
    }
}

/// Something that was passed over, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// Where; 0 where lines are not known.
    pub line: usize,
    /// The stable code.
    pub code: &'static str,
    /// For people.
    pub message: String,
}
