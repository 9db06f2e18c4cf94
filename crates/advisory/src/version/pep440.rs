//! Python: PEP 440. What does not follow it is below everything that does, in the order that
//! installers had before it.

use std::cmp::Ordering;

use super::parts::{by_value, digits, ignoring_case, is_number, take_while, trim_zeros, without_v};

pub(super) fn compare(a: &str, b: &str) -> Ordering {
    match (Read::of(a), Read::of(b)) {
        (Some(a), Some(b)) => a.against(&b),
        (Some(_), None) => Ordering::Greater,
        (None, Some(_)) => Ordering::Less,
        (None, None) => legacy(a, b),
    }
}

/// A pre-release's or post-release's place: what is missing is not the same for each of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Before,
    Alpha,
    Beta,
    Candidate,
    Present,
    After,
}

struct Read<'a> {
    epoch: &'a [u8],
    release: &'a [u8],
    pre: (Place, &'a [u8]),
    post: (Place, &'a [u8]),
    dev: (Place, &'a [u8]),
    local: Option<&'a [u8]>,
}

impl<'a> Read<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let text = without_v(text.as_bytes());
        let (epoch, text) = match text.iter().position(|b| *b == b'!') {
            Some(at) if is_number(&text[..at]) => (&text[..at], &text[at + 1..]),
            Some(_) => return None,
            None => (&b""[..], text),
        };
        let (public, local) = match text.iter().position(|b| *b == b'+') {
            Some(at) => (&text[..at], Some(&text[at + 1..])),
            None => (text, None),
        };
        let (release, mut rest) = release(public)?;
        let pre = labelled(&mut rest, &[b"alpha", b"a"], Place::Alpha)
            .or_else(|| labelled(&mut rest, &[b"beta", b"b"], Place::Beta))
            .or_else(|| labelled(&mut rest, &[b"preview", b"pre", b"rc", b"c"], Place::Candidate));
        let post = implicit_post(&mut rest)
            .or_else(|| labelled(&mut rest, &[b"post", b"rev", b"r"], Place::Present));
        let dev = labelled(&mut rest, &[b"dev"], Place::Present);
        let fits = rest.is_empty() && local.is_none_or(is_local);
        let missing_pre = if post.is_none() && dev.is_some() { Place::Before } else { Place::After };
        fits.then_some(Self {
            epoch,
            release,
            pre: pre.unwrap_or((missing_pre, b"")),
            post: post.unwrap_or((Place::Before, b"")),
            dev: dev.unwrap_or((Place::After, b"")),
            local,
        })
    }

    fn against(&self, other: &Self) -> Ordering {
        let labels = |a: (Place, &[u8]), b: (Place, &[u8])| a.0.cmp(&b.0).then_with(|| by_value(a.1, b.1));
        by_value(self.epoch, other.epoch)
            .then_with(|| super::semver::numbers(self.release, other.release))
            .then_with(|| labels(self.pre, other.pre))
            .then_with(|| labels(self.post, other.post))
            .then_with(|| labels(self.dev, other.dev))
            .then_with(|| match (self.local, other.local) {
                (Some(a), Some(b)) => local(a, b),
                (a, b) => a.is_some().cmp(&b.is_some()),
            })
    }
}

/// Numbers between dots, and what follows.
fn release(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length = digits(text).0.len();
    if length == 0 {
        return None;
    }
    while let [b'.', b, ..] = text[length..]
        && b.is_ascii_digit()
    {
        length += 1 + digits(&text[length + 1..]).0.len();
    }
    Some(text.split_at(length))
}

/// `-1` after everything else is a post-release.
fn implicit_post<'a>(rest: &mut &'a [u8]) -> Option<(Place, &'a [u8])> {
    let [b'-', b, ..] = **rest else { return None };
    if !b.is_ascii_digit() {
        return None;
    }
    let (number, after) = digits(&rest[1..]);
    *rest = after;
    Some((Place::Present, number))
}

/// A label with its number, with `.`, `-` or `_` before and between, or nothing.
fn labelled<'a>(rest: &mut &'a [u8], names: &[&[u8]], place: Place) -> Option<(Place, &'a [u8])> {
    let text = separated(rest);
    let name = names.iter().find(|n| text.get(..n.len()).is_some_and(|t| t.eq_ignore_ascii_case(n)))?;
    let after = &text[name.len()..];
    let (number, after) = match digits(separated(after)) {
        ([], _) => (&b""[..], after),
        found => found,
    };
    *rest = after;
    Some((place, number))
}

fn separated(text: &[u8]) -> &[u8] {
    match text {
        [b'.' | b'-' | b'_', rest @ ..] => rest,
        _ => text,
    }
}

fn local_parts(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|b| matches!(b, b'.' | b'-' | b'_'))
}

fn is_local(text: &[u8]) -> bool {
    local_parts(text).all(|p| !p.is_empty() && p.iter().all(u8::is_ascii_alphanumeric))
}

fn local(a: &[u8], b: &[u8]) -> Ordering {
    let (mut a, mut b) = (local_parts(a), local_parts(b));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(x), Some(y)) => match (is_number(x), is_number(y)) {
                (true, true) => by_value(x, y),
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) => ignoring_case(x, y),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// As setuptools did: runs of digits, of letters, and dots; zeros before a word do not count.
fn legacy(a: &str, b: &str) -> Ordering {
    let (a, b) = (legacy_parts(a), legacy_parts(b));
    a.iter().map(Word::key).cmp(b.iter().map(Word::key))
}

enum Word {
    Number(Vec<u8>),
    Text(Vec<u8>),
}

impl Word {
    /// Words of a pre-release, `*final`, numbers, in this order; numbers by length, then by digits.
    fn key(&self) -> (u8, usize, &[u8]) {
        match self {
            Self::Number(n) => (1, n.len(), n),
            Self::Text(t) => (0, 0, t),
        }
    }
}

fn legacy_parts(version: &str) -> Vec<Word> {
    let lower = version.to_ascii_lowercase();
    let mut rest = lower.as_bytes();
    let mut out: Vec<Word> = Vec::new();
    while let Some(first) = rest.first() {
        let kind = |b: u8| match b {
            b if b.is_ascii_digit() => 0,
            b if b.is_ascii_lowercase() => 1,
            b'.' => 2,
            b'-' => 3,
            _ => 4,
        };
        let (part, after) = take_while(rest, |b| kind(b) == kind(*first));
        rest = after;
        match kind(*first) {
            0 => out.push(Word::Number(trim_zeros(part).to_vec())),
            2 => {}
            // Each hyphen by itself is one of the last words.
            3 => out.extend(part.iter().map(|_| Word::Text(b"*final-".to_vec()))),
            _ => {
                let word: &[u8] = match part {
                    b"pre" | b"preview" | b"rc" => b"c",
                    b"dev" => b"@",
                    other => other,
                };
                let text = [b"*", word].concat();
                if text.as_slice() < &b"*final"[..] {
                    while matches!(out.last(), Some(Word::Text(t)) if t == b"*final-") {
                        out.pop();
                    }
                    while matches!(out.last(), Some(Word::Number(n)) if n.is_empty()) {
                        out.pop();
                    }
                }
                out.push(Word::Text(text));
            }
        }
    }
    out.push(Word::Text(b"*final".to_vec()));
    out
}
