//! apk-tools' order: `1.2.3b_rc4_p5-r6`. Any text has a place: at the first byte that does not fit, the
//! version ends as one that is not valid.

use std::cmp::Ordering;

use super::parts::{by_value, digits, take_while};

/// What stands next, in the order in which parts follow each other. Of two versions that are the same
/// so far, the one whose next part comes earlier here is the later version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Number,
    Letter,
    Suffix,
    SuffixNumber,
    Hash,
    Revision,
    End,
    Invalid,
}

const BEFORE: [&[u8]; 4] = [b"alpha", b"beta", b"pre", b"rc"];
const AFTER: [&[u8]; 5] = [b"cvs", b"svn", b"git", b"hg", b"p"];

pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (Reader::new(a), Reader::new(b));
    loop {
        let (x, y) = (a.next(), b.next());
        if x.kind != y.kind {
            // `1.0_rc1` is before `1.0`, whatever else follows there.
            return match (x.pre_release(), y.pre_release()) {
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
                _ => y.kind.cmp(&x.kind),
            };
        }
        let order = x.against(y);
        if order.is_ne() || matches!(x.kind, Kind::End | Kind::Invalid) {
            return order;
        }
    }
}

#[derive(Clone, Copy)]
struct Part<'a> {
    kind: Kind,
    text: &'a [u8],
    /// Of a suffix, its place among the suffixes, below 0 before the release. Of a number, 1 if leading
    /// zeros make it a fraction.
    rank: i8,
}

impl Part<'_> {
    fn pre_release(self) -> bool {
        self.kind == Kind::Suffix && self.rank < 0
    }

    fn against(self, other: Self) -> Ordering {
        match self.kind {
            Kind::Number if self.rank != 0 || other.rank != 0 => self.text.cmp(other.text),
            Kind::Number | Kind::SuffixNumber | Kind::Revision => by_value(self.text, other.text),
            Kind::Letter | Kind::Hash => self.text.cmp(other.text),
            Kind::Suffix => self.rank.cmp(&other.rank),
            Kind::End => Ordering::Equal,
            // What should have been a revision says nothing.
            Kind::Invalid if self.text.starts_with(b"-") && other.text.starts_with(b"-") => Ordering::Equal,
            Kind::Invalid => self.text.cmp(other.text),
        }
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    last: Option<Kind>,
}

impl<'a> Reader<'a> {
    fn new(version: &'a str) -> Self {
        Self { rest: version.as_bytes(), last: None }
    }

    fn next(&mut self) -> Part<'a> {
        let part = self.read().unwrap_or(Part { kind: Kind::Invalid, text: self.rest, rank: 0 });
        self.last = Some(part.kind);
        part
    }

    fn number(&mut self, skip: usize, kind: Kind) -> Option<Part<'a>> {
        let (text, rest) = digits(&self.rest[skip..]);
        self.rest = rest;
        Some(Part { kind, text, rank: i8::from(skip == 1 && kind == Kind::Number && text.starts_with(b"0")) })
    }

    fn read(&mut self) -> Option<Part<'a>> {
        let Some(last) = self.last else {
            let begins = self.rest.first().is_some_and(u8::is_ascii_digit);
            return if begins { self.number(0, Kind::Number) } else { None };
        };
        match *self.rest {
            [] => Some(Part { kind: Kind::End, text: b"", rank: 0 }),
            [b, ..] if b.is_ascii_lowercase() && last == Kind::Number => {
                let (text, rest) = self.rest.split_at(1);
                self.rest = rest;
                Some(Part { kind: Kind::Letter, text, rank: 0 })
            }
            // Older apk-tools took `7.9p1` so, and packages were named that way.
            [b, ..] if b.is_ascii_digit() && last == Kind::Letter => self.number(0, Kind::Number),
            [b, ..] if b.is_ascii_digit() && last == Kind::Suffix => self.number(0, Kind::SuffixNumber),
            [b'.', b, ..] if b.is_ascii_digit() && last == Kind::Number => self.number(1, Kind::Number),
            [b'_', ..] if last <= Kind::SuffixNumber => self.suffix(),
            [b'~', ..] if last < Kind::Hash => {
                let (text, rest) = take_while(&self.rest[1..], |b| b.is_ascii_hexdigit());
                if text.is_empty() {
                    return None;
                }
                self.rest = rest;
                Some(Part { kind: Kind::Hash, text, rank: 0 })
            }
            [b'-', b'r', ..] if last < Kind::Revision => match self.rest.get(2) {
                Some(b) if !b.is_ascii_digit() && *b != b'-' => None,
                _ => self.number(2, Kind::Revision),
            },
            _ => None,
        }
    }

    fn suffix(&mut self) -> Option<Part<'a>> {
        let (name, rest) = take_while(&self.rest[1..], |b| b.is_ascii_lowercase());
        let place =
            |names: &[&[u8]]| names.iter().position(|n| *n == name).and_then(|at| i8::try_from(at).ok());
        let rank = place(&BEFORE).map(|at| at - 4).or_else(|| place(&AFTER).map(|at| at + 1))?;
        self.rest = rest;
        Some(Part { kind: Kind::Suffix, text: name, rank })
    }
}
