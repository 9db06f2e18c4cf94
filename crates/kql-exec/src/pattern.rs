//! Regular expressions: compiled once per pattern, bounded in number and size.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use datafusion::functions::regex::compile_regex;

type Spans = Vec<Option<(usize, usize)>>;

type Matcher = dyn Fn(&str) -> bool + Send + Sync;
type Capturer = dyn Fn(&str, usize) -> Option<Spans> + Send + Sync;
type Replacer = dyn Fn(&str, &str) -> String + Send + Sync;

/// A compiled pattern.
pub(crate) struct Pattern {
    /// Names of its groups, by number.
    names: Vec<Option<String>>,
    is_match: Box<Matcher>,
    captures_at: Box<Capturer>,
    replace_all: Box<Replacer>,
}

/// Longest accepted pattern in bytes.
const MAX_PATTERN: usize = 16 * 1024;
/// Patterns kept at one time.
const MAX_KEPT: usize = 256;

static KEPT: LazyLock<Mutex<HashMap<String, Option<Arc<Pattern>>>>> = LazyLock::new(Mutex::default);

impl Pattern {
    /// The pattern, compiled now or before; the error is what the compiler says.
    pub fn compile(pattern: &str) -> Result<Arc<Pattern>, String> {
        if pattern.len() > MAX_PATTERN {
            return Err(format!("the pattern is longer than {MAX_PATTERN} bytes"));
        }
        let regex = Arc::new(compile_regex(pattern, None).map_err(|e| e.to_string())?);
        let names = regex.capture_names().map(|n| n.map(str::to_owned)).collect();
        let (matcher, capturer) = (Arc::clone(&regex), Arc::clone(&regex));
        Ok(Arc::new(Pattern {
            names,
            is_match: Box::new(move |text| matcher.is_match(text)),
            captures_at: Box::new(move |text, at| {
                let found = capturer.captures_at(text, at)?;
                Some((0..found.len()).map(|n| found.get(n).map(|m| (m.start(), m.end()))).collect())
            }),
            replace_all: Box::new(move |text, with| regex.replace_all(text, with).into_owned()),
        }))
    }

    /// As [`Pattern::compile`], from the kept ones where possible; none when it is not a pattern.
    pub fn cached(pattern: &str) -> Option<Arc<Pattern>> {
        let mut kept = KEPT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(found) = kept.get(pattern) {
            return found.clone();
        }
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        let compiled = Self::compile(pattern).ok();
        kept.insert(pattern.to_owned(), compiled.clone());
        compiled
    }

    /// The number of a named group.
    pub fn group(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| n.as_deref() == Some(name))
    }

    pub fn is_match(&self, text: &str) -> bool {
        (self.is_match)(text)
    }

    /// Spans of the whole match and its groups, searching from a byte offset.
    pub fn captures_at(&self, text: &str, at: usize) -> Option<Spans> {
        if at > text.len() {
            return None;
        }
        (self.captures_at)(text, at)
    }

    /// All matches that do not overlap.
    pub fn all(&self, text: &str) -> Vec<Spans> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(spans) = self.captures_at(text, at) {
            let Some(Some((start, end))) = spans.first().copied() else { break };
            found.push(spans);
            at = if end > start {
                end
            } else {
                text[end..].chars().next().map_or(text.len() + 1, |c| end + c.len_utf8())
            };
        }
        found
    }

    /// Replaces all matches; `\1` in the replacement is the first group.
    pub fn replace_all(&self, text: &str, with: &str) -> String {
        let mut translated = String::new();
        let mut chars = with.chars().peekable();
        while let Some(c) = chars.next() {
            match (c, chars.peek()) {
                ('\\', Some(d)) if d.is_ascii_digit() => {
                    translated.push_str(&format!("${{{d}}}"));
                    chars.next();
                }
                ('$', _) => translated.push_str("$$"),
                _ => translated.push(c),
            }
        }
        (self.replace_all)(text, &translated)
    }
}
