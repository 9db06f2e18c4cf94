//! The query language: lexer, parser and typed binder; pure and fuzzable.
//!
//! [`compile`] turns a text into a [`Program`] of typed, bound operators, or into a list of
//! [`Diagnostic`]s. Nothing here does IO, panics on any input, or recurses deeper than
//! [`MAX_DEPTH`]; texts longer than [`MAX_QUERY_BYTES`] are refused.

pub mod aggregates;
pub mod analyze;
pub mod ast;
mod binder;
pub mod catalogue;
pub mod decimal;
pub mod diagnostic;
pub mod functions;

mod hidden;
mod lexer;
mod literal;
mod parser;
pub mod program;
mod schema_catalogue;
pub mod stored;
pub mod time;
pub mod types;

pub use catalogue::{Catalogue, ColumnDef, HuntingCatalogue, MemoryCatalogue, TableDef};
pub use diagnostic::{Diagnostic, Severity, Span};
pub use hidden::without_hidden;
pub use program::Program;
pub use schema_catalogue::SchemaCatalogue;
pub use stored::{FunctionDef, FunctionError, FunctionShape, WithFunctions};
pub use types::{Column, Schema, Type, Value};

/// Longest accepted query text in bytes.
pub const MAX_QUERY_BYTES: usize = 256 * 1024;
/// Deepest accepted nesting of expressions and sub-queries.
pub const MAX_DEPTH: u16 = 96;
/// Most diagnostics that one call returns.
pub const MAX_DIAGNOSTICS: usize = 50;

/// Parses only: the syntax tree and what is wrong with the text as text.
pub fn parse(text: &str) -> (ast::Query, Vec<Diagnostic>) {
    let mut sink = diagnostic::Sink::new(text);
    if text.len() > MAX_QUERY_BYTES {
        sink.error(
            "query_too_long",
            Span::new(0, 0),
            format!("the query has {} bytes; at most {MAX_QUERY_BYTES} are accepted", text.len()),
            None,
        );
        return (ast::Query::default(), sink.finish());
    }
    let query = parser::parse(text, &mut sink);
    (query, sink.finish())
}

/// Compiles a query against a catalogue. `now_us` (microseconds since 1970, UTC) is what `now()`
/// and `ago()` mean throughout the query.
///
/// # Errors
/// Every diagnostic found, errors first, each in the order of their place in the text.
pub fn compile(text: &str, catalogue: &dyn Catalogue, now_us: i64) -> Result<Program, Vec<Diagnostic>> {
    compile_with(text, catalogue, now_us, &[])
}

/// The same, with what the rows of a first part said about the columns of the rest.
pub(crate) fn compile_with(
    text: &str,
    catalogue: &dyn Catalogue,
    now_us: i64,
    answers: &[Schema],
) -> Result<Program, Vec<Diagnostic>> {
    let (query, diagnostics) = parse(text);
    if diagnostics.iter().any(|d| d.severity == Severity::Error) {
        // The tree after recovery is still bound, so that names are checked in the same round.
        let mut all = diagnostics;
        let mut sink = diagnostic::Sink::new(text);
        binder::bind(&query, catalogue, now_us, &[], &mut sink);
        for extra in sink.finish() {
            // Types of half-read expressions would only confuse.
            let follows = matches!(extra.code.as_str(), "empty_query" | "type_mismatch");
            if !follows && !all.iter().any(|d| d.offset == extra.offset) {
                all.push(extra);
            }
        }
        all.sort_by_key(|d| (d.severity != Severity::Error, d.offset));
        all.truncate(MAX_DIAGNOSTICS);
        return Err(all);
    }
    let mut sink = diagnostic::Sink::new(text);
    let recorder = catalogue::Recorder::new(catalogue);
    let mut program = binder::bind(&query, &recorder, now_us, answers, &mut sink);
    if let Some(program) = &mut program {
        let recorded = recorder.finish();
        program.functions = recorded.called().map(str::to_owned).collect();
        if let Some(open) = &mut program.open {
            open.text = text.into();
            open.catalogue = std::sync::Arc::new(recorded);
        }
    }
    let mut diagnostics = sink.finish();
    match program {
        Some(mut program) if diagnostics.iter().all(|d| d.severity != Severity::Error) => {
            program.warnings.append(&mut diagnostics);
            Ok(program)
        }
        _ => {
            diagnostics.sort_by_key(|d| (d.severity != Severity::Error, d.offset));
            Err(diagnostics)
        }
    }
}

/// What is wrong with a query, errors and warnings, without running it.
pub fn validate(text: &str, catalogue: &dyn Catalogue, now_us: i64) -> Vec<Diagnostic> {
    match compile(text, catalogue, now_us) {
        Ok(program) => program.warnings,
        Err(diagnostics) => diagnostics,
    }
}
