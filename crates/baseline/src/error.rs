//! What is wrong with a catalogue or a profile.

/// Why a catalogue or profile is refused.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// It is no TOML, or not of this form.
    #[error("not a baseline document: {0}")]
    Syntax(String),
    /// It is larger than the bound.
    #[error("a profile has at most {0} bytes")]
    TooLarge(usize),
    /// It is of another version of the form.
    #[error("the format is {0:?}, expected {expected:?}", expected = crate::profile::FORMAT)]
    Format(String),
    /// A name that is not made of small letters, digits, `-`, `_` and `.`.
    #[error("{0:?} is no name: small letters, digits, '-', '_' and '.', at most 80")]
    Name(String),
    /// There is no such profile.
    #[error("there is no profile {0:?}")]
    UnknownProfile(String),
    /// There is no such check.
    #[error("there is no check {0:?}")]
    UnknownCheck(String),
    /// Two of the same name.
    #[error("{0:?} is there twice")]
    Duplicate(String),
    /// The check has no such parameter.
    #[error("check {check:?} has no parameter {name:?}")]
    UnknownParameter {
        /// The check.
        check: String,
        /// The parameter.
        name: String,
    },
    /// A value that the parameter does not take.
    #[error("{check}.{name}: {problem}")]
    Value {
        /// The check.
        check: String,
        /// The parameter.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A profile without checks, or that extends itself.
    #[error("{0}")]
    Profile(String),
    /// The root cannot be opened.
    #[error("{0}")]
    Root(#[from] palisade_inventory::InventoryError),
}

impl BaselineError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Syntax(_) => "baseline_syntax",
            Self::TooLarge(_) => "baseline_too_large",
            Self::Format(_) => "baseline_format",
            Self::Name(_) => "baseline_name",
            Self::UnknownProfile(_) => "baseline_unknown_profile",
            Self::UnknownCheck(_) => "baseline_unknown_check",
            Self::Duplicate(_) => "baseline_duplicate",
            Self::UnknownParameter { .. } => "baseline_unknown_parameter",
            Self::Value { .. } => "baseline_value",
            Self::Profile(_) => "baseline_profile",
            Self::Root(_) => "baseline_root",
        }
    }
}

pub(crate) type Result<T, E = BaselineError> = std::result::Result<T, E>;
