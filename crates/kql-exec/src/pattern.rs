//! Regular expressions: compiled once per pattern, bounded in number and size.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use regex::{Regex, RegexBuilder};

type Spans = Vec<Option<(usize, usize)>>;

/// A compiled pattern.
pub(crate) struct Pattern {
    regex: Regex,
}

/// Longest accepted pattern in bytes.
const MAX_PATTERN: usize = 16 * 1024;
/// Most bytes of a compiled pattern; many are kept at once.
const MAX_COMPILED: usize = 4 << 20;
/// Patterns kept at one time.
const MAX_KEPT: usize = 64;

static KEPT: LazyLock<Mutex<HashMap<String, Option<Arc<Pattern>>>>> = LazyLock::new(Mutex::default);

impl Pattern {
    /// The pattern; the error is what the compiler says. Matching takes time that grows with the text
    /// only, and compiling is bounded here.
    pub fn compile(pattern: &str) -> Result<Arc<Pattern>, String> {
        if pattern.len() > MAX_PATTERN {
            return Err(format!("the pattern is longer than {MAX_PATTERN} bytes"));
        }
        let mut builder = RegexBuilder::new(pattern);
        builder.size_limit(MAX_COMPILED).dfa_size_limit(MAX_COMPILED).nest_limit(64);
        match builder.build() {
            Ok(regex) => Ok(Arc::new(Pattern { regex })),
            Err(regex::Error::CompiledTooBig(_)) => {
                Err(format!("the pattern needs more than {} MiB once it is compiled", MAX_COMPILED >> 20))
            }
            Err(error) => Err(error.to_string()),
        }
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
        self.regex.capture_names().position(|n| n == Some(name))
    }

    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// Spans of the whole match and its groups, searching from a byte offset.
    pub fn captures_at(&self, text: &str, at: usize) -> Option<Spans> {
        if at > text.len() {
            return None;
        }
        let found = self.regex.captures_at(text, at)?;
        Some((0..found.len()).map(|n| found.get(n).map(|m| (m.start(), m.end()))).collect())
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

    /// Replaces all matches; `\1` in the replacement is the first group. None when the outcome is longer
    /// than so many bytes.
    pub fn replace_all(&self, text: &str, with: &str, limit: usize) -> Option<String> {
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
        let mut out = String::new();
        let mut done = 0;
        for found in self.regex.captures_iter(text) {
            let whole = found.get(0)?;
            out.push_str(text.get(done..whole.start())?);
            found.expand(&translated, &mut out);
            done = whole.end();
            if out.len() > limit {
                return None;
            }
        }
        out.push_str(text.get(done..)?);
        (out.len() <= limit).then_some(out)
    }
}
