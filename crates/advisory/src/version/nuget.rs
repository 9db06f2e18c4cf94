//! NuGet: numbers, then a pre-release without regard to case; build metadata says nothing.

use std::cmp::Ordering;

use super::parts::{by_value, ignoring_case, is_number, without_v};
use super::semver::numbers;

pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let ((numbers_a, pre_a), (numbers_b, pre_b)) = (split(a), split(b));
    numbers(numbers_a, numbers_b).then_with(|| match (pre_a, pre_b) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(a), Some(b)) => labels(a, b),
    })
}

fn split(version: &str) -> (&[u8], Option<&[u8]>) {
    let version = without_v(version.as_bytes());
    let version = version.split(|b| *b == b'+').next().unwrap_or_default();
    match version.iter().position(|b| *b == b'-') {
        Some(at) => (&version[..at], Some(&version[at + 1..])),
        None => (version, None),
    }
}

fn labels(a: &[u8], b: &[u8]) -> Ordering {
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
                (false, false) => ignoring_case(x, y),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}
