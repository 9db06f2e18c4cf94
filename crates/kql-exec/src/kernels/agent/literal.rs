//! Texts of which each match of a regular expression has one in it.

use std::iter::Peekable;
use std::str::Chars;

/// Shorter texts stand nearly everywhere.
const LEAST: usize = 3;
/// Most texts for one expression.
const MOST: usize = 64;

/// Words of so many user agents that they tell little.
const COMMON: [&str; 8] =
    ["Android", "AppleWebKit", "Build", "Linux", "Mobile", "Mozilla", "Safari", "Windows"];

/// How much it tells that a text is there: long ones are rarer than short ones.
fn worth(text: &str) -> usize {
    if COMMON.iter().any(|common| text.contains(common)) { LEAST - 1 } else { text.len() }
}

/// How often something occurs.
#[derive(Clone, Copy, PartialEq)]
enum Times {
    One,
    Some,
    /// Not at all, perhaps.
    Any,
}

/// What is known of a group, or of the whole.
#[derive(Default)]
struct Level {
    /// One of these stands in each match; nothing is known where there are none.
    best: Vec<String>,
    /// What the last characters are for certain.
    run: String,
    /// The same for the ways that were read before, where there are several.
    before: Option<Vec<String>>,
    /// Nothing is known of one of them.
    unknown: bool,
}

impl Level {
    fn end_run(&mut self) {
        if !self.run.is_empty() {
            let run = std::mem::take(&mut self.run);
            self.offer(vec![run]);
        }
    }

    fn offer(&mut self, texts: Vec<String>) {
        let least = |texts: &[String]| texts.iter().map(|text| worth(text)).min().unwrap_or(0);
        if least(&texts) > least(&self.best) {
            self.best = texts;
        }
    }

    fn end_way(&mut self) {
        self.end_run();
        self.unknown |= self.best.is_empty();
        self.before.get_or_insert_default().append(&mut self.best);
    }

    fn finish(mut self) -> Vec<String> {
        if self.before.is_none() {
            self.end_run();
            return self.best;
        }
        self.end_way();
        let texts = self.before.unwrap_or_default();
        if self.unknown || texts.len() > MOST { Vec::new() } else { texts }
    }
}

/// Texts of which each match has one in it, but for the case of letters where that does not count; none where there
/// are none or they are not plain to see.
pub(super) fn required(pattern: &str) -> Option<Vec<String>> {
    let mut chars = pattern.chars().peekable();
    let mut outer: Vec<Level> = Vec::new();
    let mut level = Level::default();
    while let Some(c) = chars.next() {
        match c {
            '(' => {
                if chars.peek() == Some(&'?') {
                    chars.next();
                    // Flags change what letters mean.
                    chars.next_if_eq(&':')?;
                }
                level.end_run();
                outer.push(std::mem::take(&mut level));
            }
            ')' => {
                let inner = std::mem::replace(&mut level, outer.pop()?).finish();
                if times(&mut chars)? != Times::Any {
                    level.offer(inner);
                }
            }
            '|' => level.end_way(),
            '[' => {
                class(&mut chars)?;
                times(&mut chars)?;
                level.end_run();
            }
            '.' | '^' | '$' => {
                times(&mut chars)?;
                level.end_run();
            }
            '\\' => match chars.next()? {
                'd' | 'D' | 'w' | 'W' | 's' | 'S' | 'b' | 'B' => {
                    times(&mut chars)?;
                    level.end_run();
                }
                // A character by its number, a kind of character.
                escaped if escaped.is_alphanumeric() => return None,
                escaped => one(escaped, &mut level, &mut chars)?,
            },
            other => one(other, &mut level, &mut chars)?,
        }
    }
    let whole = if outer.is_empty() { level.finish() } else { Vec::new() };
    (!whole.is_empty() && whole.iter().all(|text| text.len() >= LEAST)).then_some(whole)
}

/// A character that stands for itself.
fn one(c: char, level: &mut Level, chars: &mut Peekable<Chars<'_>>) -> Option<()> {
    let times = times(chars)?;
    if times != Times::Any {
        level.run.push(c);
    }
    if times != Times::One {
        level.end_run();
    }
    Some(())
}

/// Reads how often what was before may occur.
fn times(chars: &mut Peekable<Chars<'_>>) -> Option<Times> {
    let times = match chars.peek() {
        Some('?' | '*') => Times::Any,
        Some('+') => Times::Some,
        Some('{') => {
            while *chars.peek()? != '}' {
                chars.next();
            }
            Times::Any
        }
        _ => return Some(Times::One),
    };
    chars.next();
    chars.next_if_eq(&'?');
    Some(times)
}

/// Reads a class of characters to its end. Classes in classes are not read.
fn class(chars: &mut Peekable<Chars<'_>>) -> Option<()> {
    chars.next_if_eq(&'^');
    let mut first = true;
    loop {
        match chars.next()? {
            ']' if !first => return Some(()),
            '[' => return None,
            '\\' => {
                chars.next()?;
            }
            _ => {}
        }
        first = false;
    }
}

#[cfg(test)]
mod tests {
    use super::required;

    #[test]
    fn what_must_be_there_is_found() {
        for (pattern, texts) in [
            (r"(GeoEvent Server) (\d+)(?:\.(\d+)|)", "GeoEvent Server"),
            (r"^(.{0,200})-iPad\/(\d+) CFNetwork", " CFNetwork"),
            (r"ab+cdef?gh", "cde"),
            (r"(Opera|Chrome)/x Browser", "/x Browser"),
            (r"(Opera|Chrome)/(\d+)", "Opera, Chrome"),
            (r"Firefox|a(?:bcd|efg)", "Firefox, bcd, efg"),
            (r"(?:Firefox)?/1\.2", "/1.2"),
            (r"; {0,2}(HTC_\w+)(?: Build|\) AppleWebKit)", "HTC_"),
            (r"\w+(?: Build|\) AppleWebKit)", " Build, ) AppleWebKit"),
            (r"(?:Firefox)+/1", "Firefox"),
            (r"[Ff]irefox[^]x]abc", "irefox"),
            (r"a\.b\-c\d", "a.b-c"),
        ] {
            assert_eq!(required(pattern).map(|t| t.join(", ")).as_deref(), Some(texts), "{pattern}");
        }
        for pattern in [
            "ab+cde?fg",
            "Firefox|",
            "(?:Firefox){0,2}/1",
            "(?i)Firefox",
            "[[a]b]irefox",
            r"\x41irefox",
            "(one(two)three",
            "one)",
            "Firefox|ab",
            "ab",
            "",
        ] {
            assert_eq!(required(pattern), None, "{pattern}");
        }
    }
}
