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

/// The pattern with each brace escaped that opens no repetition, class or name, and `\0` as the character that it is;
/// none where there is neither.
fn as_re2(pattern: &str) -> Option<String> {
    let mut out = String::with_capacity(pattern.len() + 8);
    let (mut rest, mut changed, mut in_class) = (pattern, false, false);
    while let Some(c) = rest.chars().next() {
        let (own, after) = rest.split_at(c.len_utf8());
        rest = after;
        match c {
            '\\' => {
                if rest.starts_with('0') && !rest[1..].starts_with(|d: char| d.is_digit(8)) {
                    out.push_str("\\x00");
                    rest = &rest[1..];
                    changed = true;
                    continue;
                }
                out.push(c);
                // What is escaped keeps its meaning, with the name that \p{…} and the like have.
                let mut taken = rest.chars().next().map_or(0, char::len_utf8);
                if rest.starts_with(['p', 'P', 'x', 'u', 'U', 'b']) && rest[taken..].starts_with('{') {
                    taken = rest.find('}').map_or(taken, |end| end + 1);
                }
                out.push_str(&rest[..taken]);
                rest = &rest[taken..];
                continue;
            }
            '[' => in_class = true,
            ']' => in_class = false,
            '{' if !in_class && !counts(rest) => {
                out.push('\\');
                changed = true;
            }
            _ => {}
        }
        out.push_str(own);
    }
    changed.then_some(out)
}

/// Whether what follows a brace makes it a repetition: `n}`, `n,}` or `n,m}`.
fn counts(rest: &str) -> bool {
    let Some((inside, _)) = rest.split_once('}') else { return false };
    let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
    !least.is_empty() && least.bytes().chain(most.bytes()).all(|b| b.is_ascii_digit())
}

impl Pattern {
    /// The pattern; the error is what the compiler says. Matching takes time that grows with the text
    /// only, and compiling is bounded here.
    pub fn compile(pattern: &str) -> Result<Arc<Pattern>, String> {
        if pattern.len() > MAX_PATTERN {
            return Err(format!("the pattern is longer than {MAX_PATTERN} bytes"));
        }
        let build = |pattern: &str| {
            let mut builder = RegexBuilder::new(pattern);
            builder.size_limit(MAX_COMPILED).dfa_size_limit(MAX_COMPILED).nest_limit(64).build()
        };
        // A brace that counts nothing stands for itself in the language, as in RE2.
        let built = build(pattern).or_else(|error| match (&error, as_re2(pattern)) {
            (regex::Error::Syntax(_), Some(other)) => build(&other).map_err(|_| error),
            _ => Err(error),
        });
        match built {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_that_count_nothing_stand_for_themselves() {
        let matches = |pattern: &str, text: &str| Pattern::compile(pattern).is_ok_and(|p| p.is_match(text));
        assert!(matches(r"pipe-\d+_[0-9]{1-3}+", "pipe-1_5{1-3}"));
        assert!(matches("^a{,2}$", "a{,2}"));
        assert!(matches("^{x}$", "{x}"));
        assert!(matches(r"^a\0$", "a\0"));
        // What counts still counts, and names stay names.
        assert!(matches(r"^a{2}{b}\p{L}[{]$", "aa{b}x{"));
        assert!(!matches(r"^a{2}{b}$", "a{2}{b}"));
        assert!(Pattern::compile("(").is_err() && Pattern::compile("{x}(").is_err());
    }
}
