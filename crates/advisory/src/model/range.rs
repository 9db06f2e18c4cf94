use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::version::{Scheme, VersionError};

/// Versions from one on, up to another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Range {
    /// The first affected version; empty means from the beginning.
    pub from: String,
    /// Where it ends.
    pub end: End,
}

/// The end of a [`Range`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Nowhere: no version is known that is not affected.
    #[default]
    Open,
    /// This version is fixed.
    Fixed(String),
    /// This version is the last affected one that is known.
    Last(String),
    /// This version is not affected, but it is not said that it is a fix.
    Before(String),
}

impl Range {
    /// Every version before a fix.
    pub fn before_fix(fix: &str) -> Self {
        Self { from: String::new(), end: End::Fixed(fix.to_owned()) }
    }

    /// Every version.
    pub fn all() -> Self {
        Self::default()
    }

    /// The version that fixes it, if one does.
    pub fn fix(&self) -> Option<&str> {
        match &self.end {
            End::Fixed(fix) => Some(fix),
            _ => None,
        }
    }

    /// Whether a version lies in the range.
    ///
    /// # Errors
    /// If one of the versions is none.
    pub fn contains(&self, scheme: Scheme, version: &str) -> Result<bool, VersionError> {
        if !matches!(self.from.as_str(), "" | "0") && scheme.compare(version, &self.from)?.is_lt() {
            return Ok(false);
        }
        Ok(match &self.end {
            End::Open => true,
            End::Fixed(end) | End::Before(end) => scheme.compare(version, end)?.is_lt(),
            End::Last(end) => scheme.compare(version, end)? != Ordering::Greater,
        })
    }
}
