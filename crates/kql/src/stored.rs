//! Functions that are kept outside of a query's text and called by name.
//!
//! A stored function sees tables, built-in functions and other stored functions, never the names of the
//! query that calls it. The catalogue gives its text ([`crate::Catalogue::function`]); whoever keeps functions
//! adds them to a catalogue with [`WithFunctions`].

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::ast::{Parameter, Statement};
use crate::catalogue::{Catalogue, TableDef};
use crate::diagnostic::{Diagnostic, Severity, Sink};
use crate::lexer::{Tok, lex};
use crate::types::{Column, Type};
use crate::{aggregates, binder, functions, literal, parser};

/// Longest name of a stored function, bytes.
pub const MAX_FUNCTION_NAME: usize = 128;
/// Longest text of a stored function's parameters, bytes.
pub const MAX_PARAMETERS: usize = 4 * 1024;
/// Longest body of a stored function, bytes.
pub const MAX_BODY: usize = 64 * 1024;

/// Words that begin an operator, a statement or a source, or stand for a value.
const WORDS: [&str; 73] = [
    "alias",
    "and",
    "as",
    "asc",
    "between",
    "by",
    "consume",
    "contains",
    "contains_cs",
    "count",
    "datatable",
    "declare",
    "desc",
    "distinct",
    "dynamic",
    "endswith",
    "evaluate",
    "extend",
    "externaldata",
    "facet",
    "false",
    "filter",
    "find",
    "fork",
    "from",
    "getschema",
    "has",
    "has_all",
    "has_any",
    "in",
    "invoke",
    "join",
    "kind",
    "let",
    "limit",
    "lookup",
    "matches",
    "not",
    "null",
    "of",
    "on",
    "or",
    "order",
    "parse",
    "partition",
    "pattern",
    "print",
    "project",
    "range",
    "reduce",
    "render",
    "restrict",
    "sample",
    "scan",
    "search",
    "serialize",
    "set",
    "sort",
    "startswith",
    "step",
    "summarize",
    "take",
    "to",
    "top",
    "true",
    "typeof",
    "union",
    "view",
    "where",
    "with",
    "materialize",
    "totable",
    "toscalar",
];

/// A stored function as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionDef {
    /// Its name; case matters.
    pub name: String,
    /// Its parameters with their brackets, such as `(ip: string, n: long = 5)`.
    pub parameters: String,
    /// Its statements, without braces.
    pub body: String,
}

/// What a stored function gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionShape {
    /// Whether it gives rows; else it gives a value.
    pub tabular: bool,
    /// The columns of its rows, where they are the same whatever it is called with: each parameter has a
    /// default or there is none.
    pub columns: Option<Vec<Column>>,
}

/// Why a function cannot be stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FunctionError {
    /// The name is no plain identifier.
    #[error(
        "a function's name has 1 to 128 letters, digits and underscores, and does not begin with a digit"
    )]
    Name,
    /// The name means something already.
    #[error("'{name}' is the name of {what}")]
    Taken {
        /// The name.
        name: String,
        /// What it is.
        what: &'static str,
    },
    /// A text is longer than it may be.
    #[error("the {what} of a function have at most {most} bytes")]
    TooLong {
        /// Which text.
        what: &'static str,
        /// Its bound.
        most: usize,
    },
    /// The parameters cannot be read.
    #[error("the parameters, column {}: {}", .0.column, .0.message)]
    Parameters(Box<Diagnostic>),
    /// The body is wrong: every diagnostic, places are those of the body.
    #[error("the function's body does not compile")]
    Body(Vec<Diagnostic>),
}

impl FunctionError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Name => "function_name_invalid",
            Self::Taken { .. } => "function_name_taken",
            Self::TooLong { .. } => "query_too_long",
            Self::Parameters(_) => "function_parameters_invalid",
            Self::Body(_) => "function_body_invalid",
        }
    }
}

/// A catalogue and stored functions besides.
pub struct WithFunctions<'c> {
    inner: &'c dyn Catalogue,
    functions: BTreeMap<&'c str, &'c FunctionDef>,
}

impl<'c> WithFunctions<'c> {
    /// The tables of a catalogue, and these functions; of two with one name the last counts.
    pub fn new(inner: &'c dyn Catalogue, functions: impl IntoIterator<Item = &'c FunctionDef>) -> Self {
        Self { inner, functions: functions.into_iter().map(|f| (f.name.as_str(), f)).collect() }
    }
}

impl Catalogue for WithFunctions<'_> {
    fn table(&self, name: &str) -> Option<TableDef> {
        self.inner.table(name)
    }

    fn tables(&self) -> Vec<String> {
        self.inner.tables()
    }

    fn locates_addresses(&self) -> bool {
        self.inner.locates_addresses()
    }

    fn function(&self, name: &str) -> Option<FunctionDef> {
        self.functions.get(name).map(|f| (*f).clone()).or_else(|| self.inner.function(name))
    }

    fn functions(&self) -> Vec<String> {
        let mut names = self.inner.functions();
        names.extend(self.functions.keys().map(|name| (*name).to_owned()));
        names
    }
}

/// Whether a text has the form of a stored function's name.
pub fn is_function_name(name: &str) -> bool {
    name.len() <= MAX_FUNCTION_NAME
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The names in a text that a stored function may have: which functions it calls is among them. Of a text that is
/// too long to be compiled there are none.
pub fn names_in(text: &str) -> BTreeSet<String> {
    if text.len() > crate::MAX_QUERY_BYTES {
        return BTreeSet::new();
    }
    let mut sink = Sink::new(text);
    let tokens = lex(text, &mut sink);
    let quoted = |at: usize| {
        let before = at.checked_sub(1).and_then(|b| tokens.get(b)).map(|t| t.kind);
        before == Some(Tok::OpenBracket) && tokens.get(at + 1).map(|t| t.kind) == Some(Tok::CloseBracket)
    };
    let word = |(at, token): (usize, &crate::lexer::Token)| {
        let slice = text.get(token.span.start..token.span.end)?;
        match token.kind {
            Tok::Ident => Some(slice.to_owned()),
            Tok::Str if quoted(at) => literal::string(slice),
            _ => None,
        }
    };
    tokens.iter().enumerate().filter_map(word).filter(|name| is_function_name(name)).collect()
}

/// Parameters and statements of a stored function.
pub(crate) fn read(def: &FunctionDef) -> Result<(Vec<Parameter>, Vec<Statement>), FunctionError> {
    let mut sink = Sink::new(&def.parameters);
    let Some(parameters) = parser::parse_parameters(&def.parameters, &mut sink) else {
        let first = sink.finish().into_iter().find(|d| d.severity == Severity::Error);
        return Err(first.map_or(FunctionError::Body(Vec::new()), |d| FunctionError::Parameters(Box::new(d))));
    };
    let (query, found) = crate::parse(&def.body);
    match found.iter().any(|d| d.severity == Severity::Error) {
        true => Err(FunctionError::Body(found)),
        false => Ok((parameters, query.statements)),
    }
}

/// A parameter of a stored function, as schemas tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterInfo {
    /// Its name.
    pub name: String,
    /// The type of a value; none for a table.
    pub kind: Option<Type>,
    /// The columns that a table must have; none where any will do.
    pub columns: Vec<Column>,
    /// Its default as it is written.
    pub default: Option<String>,
}

/// The parameters of a stored function; none where they cannot be read.
pub fn parameters_of(text: &str) -> Option<Vec<ParameterInfo>> {
    let parameters = parser::parse_parameters(text, &mut Sink::new(text))?;
    let told = |p: Parameter| ParameterInfo {
        name: p.name.text,
        kind: p.ty,
        columns: p.columns.into_iter().map(|(name, ty)| Column { name: name.text, ty }).collect(),
        default: p.default.and_then(|d| text.get(d.span.start..d.span.end).map(str::to_owned)),
    };
    Some(parameters.into_iter().map(told).collect())
}

/// Whether a name is free for a stored function.
///
/// # Errors
/// [`FunctionError::Name`] and [`FunctionError::Taken`].
pub fn check_name(name: &str, catalogue: &dyn Catalogue) -> Result<(), FunctionError> {
    if !is_function_name(name) {
        return Err(FunctionError::Name);
    }
    let built_in = functions::lookup(name).is_some()
        || functions::columns(name).is_some()
        || functions::SPECIAL.contains(&name)
        || functions::UNSUPPORTED.contains(&name)
        || aggregates::lookup(name).is_some()
        || binder::is_built_in(name)
        || name.starts_with("geo_")
        || name.starts_with("series_");
    let what = match () {
        () if WORDS.contains(&name) => "an operator or keyword",
        () if built_in => "a built-in function",
        () if catalogue.table(name).is_some() => "a table",
        () => return Ok(()),
    };
    Err(FunctionError::Taken { name: name.to_owned(), what })
}

/// Whether a function can be stored, and what it gives. The catalogue has the tables and the other stored
/// functions; the function itself may be among them, in another version.
///
/// # Errors
/// [`FunctionError`].
pub fn check(
    def: &FunctionDef,
    catalogue: &dyn Catalogue,
    now_us: i64,
) -> Result<FunctionShape, FunctionError> {
    check_name(&def.name, catalogue)?;
    for (what, text, most) in
        [("parameters", &def.parameters, MAX_PARAMETERS), ("statements", &def.body, MAX_BODY)]
    {
        if text.len() > most {
            return Err(FunctionError::TooLong { what, most });
        }
    }
    let read = read(def)?;
    let mut names = BTreeSet::new();
    for parameter in &read.0 {
        if !names.insert(parameter.name.text.as_str()) || catalogue.table(&parameter.name.text).is_some() {
            let mut sink = Sink::new(&def.parameters);
            let message = match catalogue.table(&parameter.name.text) {
                Some(_) => format!("'{}' is the name of a table", parameter.name.text),
                None => format!("the parameter '{}' is given twice", parameter.name.text),
            };
            sink.error("wrong_arguments", parameter.name.span, message, None);
            let first = sink.finish().into_iter().next();
            return Err(first.map_or(FunctionError::Name, |d| FunctionError::Parameters(Box::new(d))));
        }
    }
    let with_it = WithFunctions::new(catalogue, [def]);
    let mut sink = Sink::new(&def.body);
    let shape = binder::check_function(def, read, &with_it, now_us, &mut sink);
    let mut found = sink.finish();
    found.sort_by_key(|d| (d.severity != Severity::Error, d.offset));
    shape.ok_or(FunctionError::Body(found))
}
