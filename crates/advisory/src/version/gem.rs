//! RubyGems: runs of digits and runs of letters; a letter makes a pre-release.

use std::cmp::Ordering;

use super::parts::{by_value, trim_zeros};

pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (segments(a), segments(b));
    for i in 0..a.len().max(b.len()) {
        let (x, y) = (a.get(i).copied().unwrap_or(b"0"), b.get(i).copied().unwrap_or(b"0"));
        let order = match (is_word(x), is_word(y)) {
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (true, true) => x.cmp(y),
            (false, false) => by_value(x, y),
        };
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

fn is_word(segment: &[u8]) -> bool {
    segment.first().is_some_and(u8::is_ascii_alphabetic)
}

/// The segments without the zeros before the first word and at the end. A hyphen reads `.pre.`.
fn segments(version: &str) -> Vec<&[u8]> {
    let mut all: Vec<&[u8]> = Vec::with_capacity(8);
    let mut rest = version.as_bytes();
    while let Some(first) = rest.first() {
        let kind = |b: &u8| b.is_ascii_digit() == first.is_ascii_digit() && b.is_ascii_alphanumeric();
        let length = rest.iter().take_while(|b| kind(b)).count();
        match length {
            0 if *first == b'-' => all.push(b"pre"),
            0 => {}
            _ => all.push(&rest[..length]),
        }
        rest = &rest[length.max(1)..];
    }
    let zero = |s: &[u8]| !is_word(s) && trim_zeros(s).is_empty();
    let words = all.iter().position(|s| is_word(s)).unwrap_or(all.len());
    while all.len() > words && all.last().is_some_and(|s| zero(s)) {
        all.pop();
    }
    let zeros = all[..words].iter().rev().take_while(|s| zero(s)).count();
    all.drain(words - zeros..words);
    all
}
