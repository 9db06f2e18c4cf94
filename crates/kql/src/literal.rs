//! Decoding of literals.

use serde_json::{Map, Number, Value as Json};

use crate::time;
use crate::types::{Type, Value};

/// The content of a string token in any form; none when an escape is wrong.
pub(crate) fn string(token: &str) -> Option<String> {
    let body = token.strip_prefix(['h', 'H']).unwrap_or(token);
    if let Some(inner) = body.strip_prefix("```") {
        let inner = inner.strip_suffix("```")?;
        // A line break directly after the opening fence is not part of the text.
        return Some(
            inner.strip_prefix("\r\n").or_else(|| inner.strip_prefix('\n')).unwrap_or(inner).to_owned(),
        );
    }
    if let Some(rest) = body.strip_prefix('@') {
        let quote = rest.chars().next()?;
        let inner = rest.strip_prefix(quote)?.strip_suffix(quote)?;
        return Some(inner.replace(&format!("{quote}{quote}"), &quote.to_string()));
    }
    let quote = body.chars().next()?;
    unescape(body.strip_prefix(quote)?.strip_suffix(quote)?)
}

fn unescape(inner: &str) -> Option<String> {
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next()? {
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'a' => out.push('\u{7}'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'v' => out.push('\u{b}'),
            '0' => out.push('\0'),
            'x' => out.push(hex(&mut chars, 2)?),
            'u' => {
                let first = code(&mut chars, 4)?;
                if (0xD800..0xDC00).contains(&first) {
                    let mut ahead = chars.clone();
                    let pair = (ahead.next() == Some('\\') && ahead.next() == Some('u'))
                        .then(|| code(&mut ahead, 4));
                    let low = pair.flatten().filter(|l| (0xDC00..0xE000).contains(l))?;
                    out.push(char::from_u32(0x10000 + ((first - 0xD800) << 10) + (low - 0xDC00))?);
                    chars = ahead;
                } else {
                    out.push(char::from_u32(first)?);
                }
            }
            'U' => out.push(hex(&mut chars, 8)?),
            other @ ('\\' | '"' | '\'' | '/') => out.push(other),
            _ => return None,
        }
    }
    Some(out)
}

fn code(chars: &mut std::str::Chars<'_>, digits: usize) -> Option<u32> {
    let mut n = 0u32;
    for _ in 0..digits {
        n = n.checked_mul(16)? + chars.next()?.to_digit(16)?;
    }
    Some(n)
}

fn hex(chars: &mut std::str::Chars<'_>, digits: usize) -> Option<char> {
    char::from_u32(code(chars, digits)?)
}

/// `1d`, `2.5h`: ticks.
pub(crate) fn timespan(token: &str) -> Option<i64> {
    let at = token.find(|c: char| c.is_ascii_alphabetic())?;
    time::ticks_from(&token[..at], &token[at..])
}

/// `datetime(…)`, `dynamic(…)`, `long(…)`…; the error says what was expected.
pub(crate) fn typed(token: &str) -> Result<Value, String> {
    let open = token.find('(').unwrap_or(0);
    let word = token[..open].trim();
    let content = token[open + 1..].strip_suffix(')').unwrap_or_default().trim();
    let ty = Type::from_name(word).ok_or_else(|| format!("'{word}' is not a type"))?;
    if ty == Type::Dynamic {
        let json = dynamic(content).ok_or("dynamic(...) does not hold a valid value")?;
        return Ok(if json.is_null() {
            Value::Null(Type::Dynamic)
        } else {
            Value::Dynamic(json.to_string())
        });
    }
    let plain = quoted(content).unwrap_or_else(|| content.to_owned());
    if plain == "null" {
        return Ok(Value::Null(ty));
    }
    let wrong = || format!("'{plain}' is not a valid {ty}");
    let value = match ty {
        Type::Bool => Value::Bool(match plain.to_ascii_lowercase().as_str() {
            "true" => true,
            "false" => false,
            other => other.parse::<f64>().map_err(|_| wrong())? != 0.0,
        }),
        Type::Int => Value::Int(i32::try_from(integer(&plain).ok_or_else(wrong)?).map_err(|_| wrong())?),
        Type::Long => Value::Long(integer(&plain).ok_or_else(wrong)?),
        Type::Real => Value::Real(real(&plain).ok_or_else(wrong)?),
        Type::Decimal => Value::Decimal(crate::decimal::canonical(&plain).ok_or_else(wrong)?),
        Type::Datetime => {
            Value::Datetime(time::parse_datetime(&plain).or_else(|| numbered(&plain)).ok_or_else(wrong)?)
        }
        Type::Timespan => Value::Timespan(time::parse_timespan(&plain).ok_or_else(wrong)?),
        Type::Guid => Value::Guid(guid(&plain).ok_or_else(wrong)?),
        Type::String | Type::Dynamic => return Err(wrong()),
    };
    Ok(value)
}

/// `2025, 6, 14`: a date as three numbers, and a time as up to three more.
fn numbered(text: &str) -> Option<i64> {
    let parts: Option<Vec<i64>> = text.split(',').map(|p| p.trim().parse().ok()).collect();
    match parts?.as_slice() {
        [year, month, day, time @ ..] if time.len() < 4 => {
            let part = |at: usize| time.get(at).copied().unwrap_or(0);
            time::make_datetime(*year, *month, *day, part(0), part(1), part(2), 0)
        }
        _ => None,
    }
}

fn quoted(content: &str) -> Option<String> {
    content.starts_with(['"', '\'', '@']).then(|| string(content)).flatten()
}

/// Decimal or hexadecimal integer with an optional sign.
pub(crate) fn integer(text: &str) -> Option<i64> {
    let (negative, body) = match text.strip_prefix('-') {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let hex = body.strip_prefix("0x").or_else(|| body.strip_prefix("0X"));
    let magnitude = match hex {
        #[allow(clippy::cast_possible_wrap)]
        Some(digits) => {
            return u64::from_str_radix(digits, 16)
                .ok()
                .map(|n| if negative { (n as i64).wrapping_neg() } else { n as i64 });
        }
        None => body.parse::<i128>().ok()?,
    };
    i64::try_from(if negative { -magnitude } else { magnitude }).ok()
}

fn real(text: &str) -> Option<f64> {
    match text.to_ascii_lowercase().as_str() {
        "nan" => Some(f64::NAN),
        "+inf" | "inf" => Some(f64::INFINITY),
        "-inf" => Some(f64::NEG_INFINITY),
        other => other.replace(' ', "").parse().ok(),
    }
}

/// The canonical lower-case form of a guid.
pub fn guid(text: &str) -> Option<String> {
    let digits: String = text.trim_matches(['{', '}', ' ']).chars().filter(|c| *c != '-').collect();
    if digits.len() != 32 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let d = digits.to_ascii_lowercase();
    Some(format!("{}-{}-{}-{}-{}", &d[..8], &d[8..12], &d[12..16], &d[16..20], &d[20..]))
}

/// Deepest nesting of a dynamic literal.
const DYNAMIC_DEPTH: usize = 64;

/// The content of `dynamic(...)`: JSON, also with single quotes and typed literals inside.
fn dynamic(text: &str) -> Option<Json> {
    let mut reader = Dynamic { text, at: 0 };
    let value = reader.value(0)?;
    reader.skip();
    (reader.at == text.len()).then_some(value)
}

/// A number with a unit of time, such as `1.5h`.
fn bare_timespan(word: &str) -> Option<i64> {
    let digits = word.strip_prefix('-').unwrap_or(word);
    let counted = digits.starts_with(|c: char| c.is_ascii_digit()) && !digits.contains(':');
    counted.then(|| time::parse_timespan(word)).flatten()
}

struct Dynamic<'t> {
    text: &'t str,
    at: usize,
}

impl Dynamic<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip(&mut self) {
        loop {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start().len();
            if !self.rest().starts_with("//") {
                return;
            }
            self.at += self.rest().find('\n').unwrap_or(self.rest().len());
        }
    }

    fn eat(&mut self, c: char) -> bool {
        self.skip();
        let found = self.rest().starts_with(c);
        if found {
            self.at += c.len_utf8();
        }
        found
    }

    fn value(&mut self, depth: usize) -> Option<Json> {
        if depth > DYNAMIC_DEPTH {
            return None;
        }
        self.skip();
        match self.rest().chars().next()? {
            '[' => {
                self.at += 1;
                let mut items = Vec::new();
                while !self.eat(']') {
                    items.push(self.value(depth + 1)?);
                    // A forgotten comma between items is forgiven, as in the language.
                    self.eat(',');
                }
                Some(Json::Array(items))
            }
            '{' => {
                self.at += 1;
                let mut bag = Map::new();
                while !self.eat('}') {
                    self.skip();
                    let key = self.string()?;
                    if !self.eat(':') {
                        return None;
                    }
                    let value = self.value(depth + 1)?;
                    bag.insert(key, value);
                    if !self.eat(',') && !self.rest().starts_with('}') {
                        return None;
                    }
                }
                Some(Json::Object(bag))
            }
            '"' | '\'' | '@' | 'h' => self.string().map(Json::String),
            _ => self.word(depth),
        }
    }

    fn string(&mut self) -> Option<String> {
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let mut start = usize::from(bytes.first() == Some(&b'h'));
        let verbatim = bytes.get(start) == Some(&b'@');
        start += usize::from(verbatim);
        let quote = *bytes.get(start)?;
        if quote != b'"' && quote != b'\'' {
            return None;
        }
        let mut end = start + 1;
        loop {
            match *bytes.get(end)? {
                b'\\' if !verbatim => end += 2,
                c if c == quote && verbatim && bytes.get(end + 1) == Some(&quote) => end += 2,
                c if c == quote => break,
                _ => end += 1,
            }
        }
        let decoded = string(rest.get(..=end)?)?;
        self.at += end + 1;
        Some(decoded)
    }

    fn word(&mut self, depth: usize) -> Option<Json> {
        let rest = self.rest();
        let end = rest
            .find(|c: char| matches!(c, ',' | ']' | '}' | '(' | ')') || c.is_whitespace())
            .unwrap_or(rest.len());
        let word = &rest[..end];
        if word == "dynamic" && rest[end..].starts_with('(') {
            self.at += end + 1;
            let inner = self.value(depth + 1)?;
            return self.eat(')').then_some(inner);
        }
        if rest[end..].starts_with('(') {
            let close = rest.find(')')?;
            let value = typed(&rest[..=close]).ok()?;
            self.at += close + 1;
            return Some(match value {
                Value::Null(_) => Json::Null,
                Value::Bool(b) => Json::Bool(b),
                Value::Int(n) => Json::from(n),
                Value::Long(n) => Json::from(n),
                Value::Real(n) => Number::from_f64(n).map_or(Json::Null, Json::Number),
                Value::Datetime(at) => Json::String(time::format_datetime(at)),
                Value::Timespan(ticks) => Json::String(time::format_timespan(ticks)),
                Value::String(s) | Value::Guid(s) | Value::Decimal(s) => Json::String(s),
                Value::Dynamic(_) => return None,
            });
        }
        let value = match word {
            "null" => Json::Null,
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            _ => match (integer(word), word.parse()) {
                (Some(n), _) => Json::from(n),
                (None, Ok(real)) => Json::Number(Number::from_f64(real)?),
                (None, Err(_)) => Json::String(time::format_timespan(bare_timespan(word)?)),
            },
        };
        self.at += end;
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_decode() {
        assert_eq!(string(r"'a\tb\\'").as_deref(), Some("a\tb\\"));
        assert_eq!(string(r"@'c:\d'").as_deref(), Some(r"c:\d"));
        assert_eq!(string("h@\"x\"\"y\"").as_deref(), Some("x\"y"));
        assert_eq!(string("```\nline\n```").as_deref(), Some("line\n"));
        assert_eq!(string(r"'\ud83d\ude00'").as_deref(), Some("😀"));
        assert_eq!(string(r"'\q'"), None);
    }

    #[test]
    fn typed_literals_decode() {
        assert_eq!(typed("int(null)"), Ok(Value::Null(Type::Int)));
        assert_eq!(
            typed("dynamic({'a': [1, 2.5, \"x\"], \"b\": null,})"),
            Ok(Value::Dynamic("{\"a\":[1,2.5,\"x\"],\"b\":null}".into()))
        );
        assert_eq!(typed("long(0x10)"), Ok(Value::Long(16)));
        assert_eq!(
            typed("dynamic({'a': dynamic({}), 'b': dynamic([1, dynamic(null)])})"),
            Ok(Value::Dynamic("{\"a\":{},\"b\":[1,null]}".into()))
        );
        assert_eq!(typed("datetime(2025, 6, 14)"), typed("datetime(2025-06-14)"));
        assert_eq!(typed("decimal(1.50)"), Ok(Value::Decimal("1.5".into())));
        assert!(typed("datetime(hello)").is_err());
        assert!(typed("dynamic([1)").is_err());
        assert_eq!(
            typed("dynamic([1h, 1.5d, -30s, 1e3])"),
            Ok(Value::Dynamic(r#"["01:00:00","1.12:00:00","-00:00:30",1000.0]"#.to_owned()))
        );
        assert!(typed("dynamic([1parsec])").is_err() && typed("dynamic([h1])").is_err());
    }
}
