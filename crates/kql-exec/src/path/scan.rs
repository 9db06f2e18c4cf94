//! Steps into JSON as machines write it: no escapes, whole numbers, few levels. Nothing is built of it; what is
//! found is a part of the text. Whatever is not so plain is left to the parser of all JSON.

use super::Key;

/// The text is not plain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotPlain;

/// Most levels of arrays and bags.
const MAX_DEPTH: u8 = 32;

/// Most digits of a number.
const MAX_DIGITS: usize = 18;

/// The text of what a path leads to; none where it leads nowhere.
pub(super) fn find<'t>(text: &'t str, keys: &[Key<'_>]) -> Result<Option<&'t str>, NotPlain> {
    let mut scan = Scan { text, at: 0 };
    let found = scan.value(Some(keys), MAX_DEPTH)?;
    scan.space();
    if scan.at == text.len() { Ok(found) } else { Err(NotPlain) }
}

/// The characters of a plain string; none where it is another value.
pub(super) fn string(found: &str) -> Option<&str> {
    found.strip_prefix('"')?.strip_suffix('"')
}

/// Bytes before the first quote, backslash or control character; none where there is none of them.
fn plain_length(text: &[u8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // The lowest high bit that is set is of the first byte below `n`: eight at a time, as in Warren's book.
    let below = |word: u64, n: u64| word.wrapping_sub(ONES * n) & !word;
    let mut passed = 0;
    for eight in text.chunks_exact(8) {
        let word = u64::from_le_bytes(eight.try_into().ok()?);
        let quote = below(word ^ (ONES * u64::from(b'"')), 1);
        let backslash = below(word ^ (ONES * u64::from(b'\\')), 1);
        let found = (quote | backslash | below(word, u64::from(b' '))) & HIGH;
        if found != 0 {
            return Some(passed + found.trailing_zeros() as usize / 8);
        }
        passed += 8;
    }
    let rest = text.get(passed..)?;
    Some(passed + rest.iter().position(|b| matches!(b, b'"' | b'\\' | ..b' '))?)
}

struct Scan<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Scan<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\t' | b'\r')) {
            self.at += 1;
        }
    }

    /// The next character that is no space.
    fn next(&mut self) -> Result<u8, NotPlain> {
        self.space();
        let byte = self.peek().ok_or(NotPlain)?;
        self.at += 1;
        Ok(byte)
    }

    fn part(&self, from: usize) -> Result<&'t str, NotPlain> {
        self.text.get(from..self.at).ok_or(NotPlain)
    }

    /// Passes a value; `keys` lead into it, where they are to be followed.
    fn value(&mut self, keys: Option<&[Key<'_>]>, depth: u8) -> Result<Option<&'t str>, NotPlain> {
        let depth = depth.checked_sub(1).ok_or(NotPlain)?;
        self.space();
        let from = self.at;
        let found = match self.next()? {
            b'{' => self.bag(keys, depth)?,
            b'[' => self.array(keys, depth)?,
            b'"' => {
                self.string()?;
                None
            }
            b't' => self.word("rue")?,
            b'f' => self.word("alse")?,
            b'n' => self.word("ull")?,
            b'-' | b'0'..=b'9' => self.number(from)?,
            _ => return Err(NotPlain),
        };
        match keys {
            Some([]) => self.part(from).map(Some),
            _ => Ok(found),
        }
    }

    /// The rest of a string whose first quote is passed; its characters.
    fn string(&mut self) -> Result<&'t str, NotPlain> {
        let from = self.at;
        let rest = self.text.as_bytes().get(from..).ok_or(NotPlain)?;
        let length = plain_length(rest).ok_or(NotPlain)?;
        if rest.get(length) != Some(&b'"') {
            return Err(NotPlain);
        }
        self.at += length;
        let inside = self.part(from);
        self.at += 1;
        inside
    }

    fn word(&mut self, rest: &str) -> Result<Option<&'t str>, NotPlain> {
        let from = self.at;
        self.at += rest.len();
        if self.part(from)? == rest { Ok(None) } else { Err(NotPlain) }
    }

    /// A whole number that is written as JSON writes it.
    fn number(&mut self, from: usize) -> Result<Option<&'t str>, NotPlain> {
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        let number = self.part(from)?;
        let digits = number.strip_prefix('-').unwrap_or(number);
        let whole = !matches!(self.peek(), Some(b'.' | b'e' | b'E'));
        let first = digits.as_bytes().first().copied().ok_or(NotPlain)?;
        if whole && digits.len() <= MAX_DIGITS && (first != b'0' || number == "0") {
            Ok(None)
        } else {
            Err(NotPlain)
        }
    }

    fn bag(&mut self, keys: Option<&[Key<'_>]>, depth: u8) -> Result<Option<&'t str>, NotPlain> {
        let (wanted, rest) = match keys.and_then(<[_]>::split_first) {
            Some((Key::Field(name), rest)) => (Some(*name), rest),
            _ => (None, &[][..]),
        };
        let mut found = None;
        let mut separator = self.next()?;
        if separator == b'}' {
            return Ok(None);
        }
        loop {
            if separator != b'"' {
                return Err(NotPlain);
            }
            let name = self.string()?;
            if self.next()? != b':' {
                return Err(NotPlain);
            }
            if wanted == Some(name) {
                // Of equal names the last counts.
                found = self.value(Some(rest), depth)?;
            } else {
                self.value(None, depth)?;
            }
            match self.next()? {
                b'}' => return Ok(found),
                b',' => separator = self.next()?,
                _ => return Err(NotPlain),
            }
        }
    }

    fn array(&mut self, keys: Option<&[Key<'_>]>, depth: u8) -> Result<Option<&'t str>, NotPlain> {
        let (wanted, rest) = match keys.and_then(<[_]>::split_first) {
            // An end-relative position needs the length first.
            Some((Key::Index(at), rest)) => (Some(usize::try_from(*at).map_err(|_| NotPlain)?), rest),
            _ => (None, &[][..]),
        };
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(None);
        }
        let mut found = None;
        for at in 0.. {
            let own = self.value((wanted == Some(at)).then_some(rest), depth)?;
            found = found.or(own);
            match self.next()? {
                b']' => break,
                b',' => {}
                _ => return Err(NotPlain),
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_texts_are_followed() {
        use Key::{Field as F, Index as I};
        let text =
            r#" {"a": {"b" : [1, {"c":"x"}, [2,-3]]}, "n":null, "d":{"e":1}, "d":{"f":true}, "z":[]} "#;
        for (keys, expected) in [
            (vec![F("a"), F("b"), I(0)], Some("1")),
            (vec![F("a"), F("b"), I(1), F("c")], Some("\"x\"")),
            (vec![F("a"), F("b"), I(2)], Some("[2,-3]")),
            (vec![F("a"), F("b"), I(3)], None),
            (vec![F("n")], Some("null")),
            (vec![F("d"), F("e")], None),
            (vec![F("d"), F("f")], Some("true")),
            (vec![F("z"), I(0)], None),
            (vec![F("a"), I(0)], None),
            (vec![I(0)], None),
            (vec![F("")], None),
        ] {
            assert_eq!(find(text, &keys), Ok(expected), "{keys:?}");
        }
    }

    #[test]
    fn the_end_of_a_string_is_found_wherever_it_stands() {
        let slow = |text: &[u8]| text.iter().position(|b| matches!(b, b'"' | b'\\' | ..b' '));
        for filler in [b'a', b' ', b'!', b'#', 0x7f, 0x80, 0xa2, 0xff] {
            for length in 0..20 {
                let mut text = vec![filler; length];
                assert_eq!(plain_length(&text), None);
                for at in 0..length {
                    for end in [b'"', b'\\', 0, 1, b'\n', 0x1f] {
                        text[at] = end;
                        assert_eq!(plain_length(&text), slow(&text), "{text:?}");
                        // What stands behind it changes nothing.
                        text[length - 1] = b'"';
                        assert_eq!(plain_length(&text), slow(&text), "{text:?}");
                        text[length - 1] = filler;
                    }
                    text[at] = filler;
                }
            }
        }
    }

    #[test]
    fn what_is_not_plain_is_left_to_others() {
        for text in [
            "",
            "{",
            "{\"a\"",
            "{\"a\":1,}",
            "{\"a\":1} x",
            "[1,]",
            "[1 2]",
            "{\"a\":\"\\n\"}",
            "{\"\\u0061\":1}",
            "{\"a\":1.5}",
            "{\"a\":1e3}",
            "{\"a\":01}",
            "{\"a\":-0}",
            "{\"a\":-}",
            "{\"a\":tru}",
            "{\"a\":nulll}",
            "{\"a\":\"\n\"}",
            "{a:1}",
            "{\"a\":12345678901234567890}",
        ] {
            assert_eq!(find(text, &[Key::Field("a")]), Err(NotPlain), "{text}");
        }
        let deep = format!("{}{}", "[".repeat(60), "]".repeat(60));
        assert_eq!(find(&deep, &[Key::Index(0)]), Err(NotPlain));
        assert_eq!(find("[1]", &[Key::Index(-1)]), Err(NotPlain));
    }
}
