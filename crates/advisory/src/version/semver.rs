//! Semantic Versioning 2, read as leniently as registries have to: a leading `v`, any number of
//! components, numbers of any size.

use std::cmp::Ordering;

use super::parts::{by_value, digits, is_number, without_v};

pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (Read::of(a), Read::of(b));
    numbers(a.numbers, b.numbers).then_with(|| pre_release(a.pre, b.pre))
}

/// As Dart does: a build is later than none, and builds have an order.
pub(super) fn compare_with_build(a: &str, b: &str) -> Ordering {
    let (x, y) = (Read::of(a), Read::of(b));
    compare(a, b).then_with(|| match (x.build.is_empty(), y.build.is_empty()) {
        (true, empty) => empty.cmp(&true),
        (false, true) => Ordering::Greater,
        (false, false) => identifiers(x.build, y.build),
    })
}

struct Read<'a> {
    numbers: &'a [u8],
    pre: &'a [u8],
    build: &'a [u8],
}

impl<'a> Read<'a> {
    fn of(text: &'a str) -> Self {
        let text = text.as_bytes();
        let text = without_v(text.strip_prefix(b"=").unwrap_or(text));
        let (text, build) = split(text, |b| b == b'+');
        let (numbers, rest) =
            text.split_at(text.iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count());
        // `1.0rc1` is not of the form, but means the same as `1.0-rc1`.
        Self { numbers, pre: rest.strip_prefix(b"-").unwrap_or(rest), build }
    }
}

fn split(text: &[u8], at: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    match text.iter().position(|b| at(*b)) {
        Some(i) => (&text[..i], &text[i + 1..]),
        None => (text, b""),
    }
}

/// Numbers between dots; what is missing is zero.
pub(super) fn numbers(a: &[u8], b: &[u8]) -> Ordering {
    let (mut a, mut b) = (a.split(|b| *b == b'.'), b.split(|b| *b == b'.'));
    loop {
        match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (x, y) => {
                let order = by_value(digits(x.unwrap_or_default()).0, digits(y.unwrap_or_default()).0);
                if order.is_ne() {
                    return order;
                }
            }
        }
    }
}

/// No pre-release is later than any.
pub(super) fn pre_release(a: &[u8], b: &[u8]) -> Ordering {
    match (a.is_empty(), b.is_empty()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => identifiers(a, b),
    }
}

fn identifiers(a: &[u8], b: &[u8]) -> Ordering {
    let (mut a, mut b) = (a.split(|b| *b == b'.'), b.split(|b| *b == b'.'));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(x), Some(y)) => match (is_number(x), is_number(y)) {
                (true, true) => by_value(x, y),
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
                (false, false) => x.cmp(y),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}
