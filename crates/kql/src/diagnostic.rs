//! What the compiler tells its user, with stable codes and places in the text.

use serde::{Deserialize, Serialize};

use crate::stored::FunctionDef;

/// A place in the text: byte offsets, end exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// A span from byte offsets.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end: end.max(start) }
    }

    /// The smallest span that covers both.
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// How bad a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The query does not run.
    Error,
    /// The query runs, but may not mean what its writer thinks.
    Warning,
}

/// One finding about a query text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// Stable snake_case code.
    pub code: String,
    /// One sentence for people.
    pub message: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Offset from the start of the text, in characters.
    pub offset: u32,
    /// Length in characters.
    pub length: u32,
    /// What the writer probably meant, as replacement text.
    pub suggestion: Option<String>,
}

/// Collects diagnostics and turns byte spans into lines and columns.
pub(crate) struct Sink<'t> {
    text: &'t str,
    found: Vec<Diagnostic>,
    /// Where each one begins, in bytes.
    starts: Vec<usize>,
    suggestions: u16,
    /// The texts that are bound in place of a call, the outermost first.
    within: Vec<Within>,
}

/// A text that is bound in place of a call.
#[derive(Clone, Debug)]
pub(crate) enum Within {
    /// One of our own: all that is wrong in it is reported at the call.
    Own(Span),
    /// A stored function, called there: the message says where in the function, too.
    Stored(std::sync::Arc<FunctionDef>, Span),
    /// The stored function whose body the sink's text is.
    Itself(std::sync::Arc<FunctionDef>),
}

/// Most searches for a similar name: each reads all names, and a text can hold very many wrong ones.
const MAX_SUGGESTIONS: u16 = 200;

impl<'t> Sink<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, found: Vec::new(), starts: Vec::new(), suggestions: 0, within: Vec::new() }
    }

    pub(crate) fn error(&mut self, code: &str, span: Span, message: String, suggestion: Option<String>) {
        self.push(Severity::Error, code, span, message, suggestion);
    }

    pub(crate) fn warning(&mut self, code: &str, span: Span, message: String) {
        self.push(Severity::Warning, code, span, message, None);
    }

    /// As [`nearest`]; none once too much was searched.
    pub(crate) fn nearest<'a>(
        &mut self,
        word: &str,
        candidates: impl IntoIterator<Item = &'a str>,
    ) -> Option<String> {
        if self.suggestions >= MAX_SUGGESTIONS {
            return None;
        }
        self.suggestions += 1;
        nearest(word, candidates)
    }

    /// From now on places are those of another text.
    pub(crate) fn enter(&mut self, text: Within) {
        self.within.push(text);
    }

    /// Ends what [`Sink::enter`] began last.
    pub(crate) fn leave(&mut self) {
        self.within.pop();
    }

    /// The stored functions that are bound now, the outermost first.
    pub(crate) fn called(&self) -> impl Iterator<Item = &FunctionDef> {
        self.within.iter().filter_map(|text| match text {
            Within::Own(_) => None,
            Within::Stored(function, _) | Within::Itself(function) => Some(function.as_ref()),
        })
    }

    /// Forgets what does not meet a condition.
    pub(crate) fn retain(&mut self, condition: impl Fn(&Diagnostic) -> bool) {
        let kept: Vec<bool> = self.found.iter().map(condition).collect();
        let mut kept_starts = kept.iter().copied();
        self.starts.retain(|_| kept_starts.next().unwrap_or(false));
        let mut kept = kept.into_iter();
        self.found.retain(|_| kept.next().unwrap_or(false));
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.found.iter().any(|d| d.severity == Severity::Error)
    }

    pub(crate) fn finish(self) -> Vec<Diagnostic> {
        self.found
    }

    fn push(
        &mut self,
        severity: Severity,
        code: &str,
        mut span: Span,
        mut message: String,
        mut suggestion: Option<String>,
    ) {
        let mut told = false;
        for text in self.within.iter().rev() {
            span = match text {
                Within::Itself(_) => continue,
                Within::Own(call) => *call,
                Within::Stored(function, call) => {
                    if !told {
                        let (line, column, _) =
                            place(&function.body, floor_boundary(&function.body, span.start));
                        message =
                            format!("in function {}, line {line}, column {column}: {message}", function.name);
                    }
                    told = true;
                    *call
                }
            };
            // It would replace the call.
            suggestion = None;
        }
        if self.found.len() >= crate::MAX_DIAGNOSTICS {
            // An error is never crowded out by warnings.
            let warning = self.found.iter().rposition(|d| d.severity == Severity::Warning);
            match warning {
                Some(at) if severity == Severity::Error => {
                    self.found.remove(at);
                    self.starts.remove(at);
                }
                _ => return,
            }
        }
        let start = floor_boundary(self.text, span.start);
        let end = floor_boundary(self.text, span.end).max(start);
        let duplicate = self.starts.iter().zip(&self.found).any(|(s, d)| *s == start && d.code == code);
        if duplicate {
            return;
        }
        let (line, column, offset) = place(self.text, start);
        let length = u32::try_from(self.text[start..end].chars().count()).unwrap_or(u32::MAX);
        self.starts.push(start);
        self.found.push(Diagnostic {
            severity,
            code: code.to_owned(),
            message,
            line,
            column,
            offset,
            length,
            suggestion,
        });
    }
}

fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn place(text: &str, at: usize) -> (u32, u32, u32) {
    let before = &text[..at];
    let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
    let line_start = before.rfind('\n').map_or(0, |p| p + 1);
    let column = before[line_start..].chars().count() + 1;
    let offset = before.chars().count();
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    (number(line), number(column), number(offset))
}

/// The candidate nearest to `word`, when it is near enough to be a slip.
fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    if word.len() > 128 {
        return None;
    }
    let lower = word.to_lowercase();
    let mut best: Option<(f64, &str)> = None;
    for candidate in candidates {
        let other = candidate.to_lowercase();
        let score = if other == lower { 2.0 } else { strsim::normalized_damerau_levenshtein(&lower, &other) };
        if score >= 0.6 && best.is_none_or(|(top, _)| score > top) {
            best = Some((score, candidate));
        }
    }
    best.map(|(_, name)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_not_bytes() {
        let mut sink = Sink::new("ä\nbö c");
        sink.error("x", Span::new(7, 8), String::new(), None);
        let found = sink.finish();
        assert_eq!((found[0].line, found[0].column, found[0].offset, found[0].length), (2, 4, 5, 1));
    }

    #[test]
    fn nearest_prefers_the_same_word_in_another_case() {
        assert_eq!(nearest("filename", ["FileNames", "FileName"]), Some("FileName".to_owned()));
        assert_eq!(nearest("zzz", ["FileName"]), None);
    }
}
