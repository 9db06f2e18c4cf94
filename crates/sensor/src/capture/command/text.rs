//! Secrets inside one text: addresses, name and value in many notations, headers, SQL, keys.

use super::MASK;
use super::names::{is_key, is_placeholder, is_secret};

/// A name before its value is at most this long.
const NAME: usize = 64;
/// What follows `Bearer` anywhere is a secret from this length on.
const BEARER_LEAST: usize = 16;
/// A user alone in an address is a token from this length on.
const USER_LEAST: usize = 20;

/// Masks the password in `scheme://user:password@host`, whatever signs it has.
pub(super) fn urls(text: &str) -> (String, u32) {
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut masked) = (text, 0);
    while let Some(at) = rest.find("://") {
        let (before, authority) = rest.split_at(at + 3);
        out.push_str(before);
        let ends = |c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '\'' | '`' | '<' | '>');
        let end = authority.find(ends).unwrap_or(authority.len());
        rest = authority;
        let Some(sign) = authority[..end].rfind('@') else { continue };
        let (user, secret) = match authority[..sign].split_once(':') {
            Some((user, secret)) => (&authority[..=user.len()], secret),
            None if sign >= USER_LEAST => ("", &authority[..sign]),
            None => continue,
        };
        if !is_placeholder(secret) {
            out.push_str(user);
            out.push_str(MASK);
            rest = &authority[sign..];
            masked += 1;
        }
    }
    out.push_str(rest);
    (out, masked)
}

/// `NAME=value` and `--name=value`, also behind other names, of which all the rest is a secret.
pub(super) fn whole(text: &str) -> Option<String> {
    let mut from = 0;
    while let Some(sign) = text[from..].find('=') {
        let (name, value) = (&text[from..from + sign], &text[from + sign + 1..]);
        if name.is_empty() || !name.bytes().all(is_name) {
            return None;
        }
        if is_secret(name, value) {
            // Others may follow in a list or a query.
            let list = value.contains(['&', ',', ';']) && value.contains('=');
            return (!list).then(|| format!("{}{MASK}", &text[..=from + sign]));
        }
        from += sign + 1;
    }
    None
}

/// Masks every secret that a text shows by itself.
pub(super) fn inside(text: &str) -> (String, u32) {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let (mut copied, mut at, mut masked) = (0, 0, 0);
    let mut identified = false;
    while at < bytes.len() {
        let b = bytes[at];
        let mut next = at + 1;
        let found = if matches!(b, b'=' | b':') {
            value_of(text, at)
        } else if b == b'-' && text[at..].starts_with("-----BEGIN ") {
            private_key(text, at)
        } else if is_name(b) {
            let end = at + bytes[at..].iter().take_while(|b| is_name(**b)).count();
            let word = &text[at..end];
            next = end;
            if let Some(key) = key_in(word) {
                Some((at + key, end))
            } else if word.eq_ignore_ascii_case("bearer") {
                bearer(text, end)
            } else if word.eq_ignore_ascii_case("password") || identified && word.eq_ignore_ascii_case("by") {
                quoted_after(text, end)
            } else {
                identified |= word.eq_ignore_ascii_case("identified");
                None
            }
        } else {
            None
        };
        if let Some((from, to)) = found {
            out.push_str(&text[copied..from]);
            out.push_str(MASK);
            masked += 1;
            copied = to;
            next = to;
        }
        at = next;
    }
    out.push_str(&text[copied..]);
    (out, masked)
}

fn is_name(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')
}

/// Where in a word a key begins: at its begin or behind a sign.
fn key_in(word: &str) -> Option<usize> {
    let begins = word.bytes().enumerate().filter(|(at, _)| {
        *at == 0 || !word.as_bytes()[at - 1].is_ascii_alphanumeric() && word.as_bytes()[at - 1] != b'.'
    });
    begins.map(|(at, _)| at).find(|at| is_key(&word[*at..]))
}

fn private_key(text: &str, at: usize) -> Option<(usize, usize)> {
    let head = text[at..].find("PRIVATE KEY-----")?;
    let from = at + head + "PRIVATE KEY-----".len();
    let to = text[from..].find("-----END ").map_or(text.len(), |n| from + n);
    (to > from).then_some((from, to))
}

fn bearer(text: &str, end: usize) -> Option<(usize, usize)> {
    let from = end + spaces(&text[end..]);
    let to = from + text[from..].find(is_delimiter).unwrap_or(text.len() - from);
    (from > end && to - from >= BEARER_LEAST && !is_placeholder(&text[from..to])).then_some((from, to))
}

/// SQL: `IDENTIFIED BY 'x'`, `PASSWORD 'x'`.
fn quoted_after(text: &str, end: usize) -> Option<(usize, usize)> {
    let from = end + spaces(&text[end..]);
    let rest = text[from..].strip_prefix('\'')?;
    let length = rest.find('\'')?;
    (from > end && !is_placeholder(&rest[..length])).then_some((from + 1, from + 1 + length))
}

/// The secret value around the `=` or `:` at `sign`, if its name says so.
fn value_of(text: &str, sign: usize) -> Option<(usize, usize)> {
    let colon = text.as_bytes()[sign] == b':';
    let after = &text[sign + 1..];
    if colon && after.starts_with("//") {
        return None;
    }
    let left = text[..sign].trim_end_matches([' ', '\t']);
    let spaced = left.len() < sign;
    let bare = left.trim_end_matches(['"', '\'']).trim_end_matches('\\');
    let quoted = bare.len() < left.len();
    let length = bare.bytes().rev().take(NAME).take_while(|b| is_name(*b)).count();
    let name = &bare[bare.len() - length..];
    if name.is_empty() {
        return None;
    }
    let mut from = sign + 1;
    if let Some(c @ ('>' | '=')) = after.chars().next() {
        from += c.len_utf8();
    }
    let gap = spaces(&text[from..]);
    if gap > 0 && !(colon || spaced || quoted) {
        return None;
    }
    from += gap;
    if colon && is_header_of_secrets(name) {
        return header(text, from);
    }
    let rest = &text[from..];
    let opener = ["\\\"", "\\'", "\"", "'"].into_iter().find(|o| rest.starts_with(o));
    let (from, to) = match opener {
        Some(o) => {
            let from = from + o.len();
            (from, from + text[from..].find(o).unwrap_or(text.len() - from))
        }
        None => (from, from + rest.find(is_delimiter).unwrap_or(rest.len())),
    };
    let value = &text[from..to];
    // An option is no value, and an empty one no secret.
    let option = gap > 0 && value.starts_with('-');
    (!option && is_secret(name, value)).then_some((from, to))
}

fn is_header_of_secrets(name: &str) -> bool {
    ["authorization", "proxy-authorization", "cookie", "set-cookie"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

/// The rest of a header, its scheme left out.
fn header(text: &str, from: usize) -> Option<(usize, usize)> {
    let mut from = from + usize::from(text[from..].starts_with('"'));
    let to = from + text[from..].find(['"', '\'', '\n', '\\']).unwrap_or(text.len() - from);
    let first = text[from..to].split(' ').next().unwrap_or("");
    let scheme = ["bearer", "basic", "token", "digest", "negotiate", "apikey", "aws4-hmac-sha256"];
    if scheme.iter().any(|s| first.eq_ignore_ascii_case(s)) {
        from += first.len();
        from += spaces(&text[from..to]);
    }
    (!is_placeholder(&text[from..to])).then_some((from, to))
}

fn spaces(text: &str) -> usize {
    text.len() - text.trim_start_matches([' ', '\t']).len()
}

fn is_delimiter(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '&' | ';' | ',' | '"' | '\'' | '`' | '|' | ')' | '}' | ']' | '<' | '>' | '\\')
}
