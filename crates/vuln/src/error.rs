use serde::Serialize;

/// Why an inventory was not taken, or something of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{}: {reason}", code.as_str())]
pub struct VulnError {
    /// What kind of trouble it is.
    pub code: VulnCode,
    /// What is wrong, in words.
    pub reason: String,
}

/// The kinds of [`VulnError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum VulnCode {
    /// Larger than the bound.
    TooLarge,
    /// Not JSON.
    NotJson,
    /// Neither an inventory of our own nor CycloneDX nor SPDX, or of a version that is not read.
    UnknownFormat,
    /// More components than the bound.
    TooMany,
    /// A component that has no name or no package URL.
    BadComponent,
    /// A package URL that is none.
    BadPurl,
}

impl VulnCode {
    /// The code that does not change.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::NotJson => "not_json",
            Self::UnknownFormat => "unknown_format",
            Self::TooMany => "too_many",
            Self::BadComponent => "bad_component",
            Self::BadPurl => "bad_purl",
        }
    }
}

impl VulnError {
    pub(crate) fn new(code: VulnCode, reason: impl ToString) -> Self {
        let mut reason = reason.to_string();
        reason.truncate(reason.floor_char_boundary(400));
        Self { code, reason }
    }
}
