//! Patterns of `declare pattern`.

use super::{Function, Name};

/// Maps constant texts to queries; one without cases is only declared.
#[derive(Clone, Debug, Default)]
pub struct Pattern {
    /// The parameters, all of them strings.
    pub parameters: Vec<Name>,
    /// The parameter that is written behind the call as `.name` or `.["name"]`, when there is one.
    pub path: Option<Name>,
    /// The cases in order; no two have the same texts.
    pub cases: Vec<PatternCase>,
}

/// One case of a [`Pattern`].
#[derive(Clone, Debug)]
pub struct PatternCase {
    /// A text for each parameter.
    pub arguments: Vec<String>,
    /// The text of the path, when the pattern has one.
    pub path: Option<String>,
    /// The query, as a function without parameters.
    pub body: Function,
}
