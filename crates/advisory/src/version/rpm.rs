//! rpm's order: `rpmvercmp` over epoch, version and release.

use std::cmp::Ordering;

use super::parts::{by_value, digits, is_number, take_while};

pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let ((epoch_a, rest_a), (epoch_b, rest_b)) = (epoch(a), epoch(b));
    let ((version_a, release_a), (version_b, release_b)) = (release(rest_a), release(rest_b));
    by_value(epoch_a, epoch_b).then_with(|| segments(version_a, version_b)).then_with(|| {
        match (release_a, release_b) {
            (Some(a), Some(b)) => segments(a, b),
            // One that was never built comes before every build of it.
            (a, b) => a.is_some().cmp(&b.is_some()),
        }
    })
}

/// The epoch if there is one: `name-1:2.0-3` has it after the name, which then says nothing.
fn epoch(version: &str) -> (&[u8], &[u8]) {
    match version.split_once(':') {
        Some((epoch, rest)) if is_number(epoch.as_bytes()) => (epoch.as_bytes(), rest.as_bytes()),
        _ => (b"", version.as_bytes()),
    }
}

fn release(version: &[u8]) -> (&[u8], Option<&[u8]>) {
    match version.iter().rposition(|b| *b == b'-') {
        Some(at) => (&version[..at], Some(&version[at + 1..])),
        None => (version, None),
    }
}

fn segments(mut a: &[u8], mut b: &[u8]) -> Ordering {
    let counts = |b: u8| b.is_ascii_alphanumeric() || b == b'~' || b == b'^';
    loop {
        a = take_while(a, |b| !counts(b)).1;
        b = take_while(b, |b| !counts(b)).1;
        match (a.first(), b.first()) {
            (Some(b'~'), Some(b'~')) | (Some(b'^'), Some(b'^')) => (a, b) = (&a[1..], &b[1..]),
            // A tilde is less than all, the end included.
            (Some(b'~'), _) => return Ordering::Less,
            (_, Some(b'~')) => return Ordering::Greater,
            // A caret is more than the end, and less than all that goes on.
            (Some(b'^'), None) => return Ordering::Greater,
            (None, Some(b'^')) => return Ordering::Less,
            (Some(b'^'), _) => return Ordering::Less,
            (_, Some(b'^')) => return Ordering::Greater,
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) => match (x.is_ascii_digit(), y.is_ascii_digit()) {
                (true, false) => return Ordering::Greater,
                (false, true) => return Ordering::Less,
                (number, _) => {
                    let kind = |b: u8| b.is_ascii_alphabetic();
                    let (part_a, rest_a) = if number { digits(a) } else { take_while(a, kind) };
                    let (part_b, rest_b) = if number { digits(b) } else { take_while(b, kind) };
                    let order = if number { by_value(part_a, part_b) } else { part_a.cmp(part_b) };
                    if order.is_ne() {
                        return order;
                    }
                    (a, b) = (rest_a, rest_b);
                }
            },
        }
    }
}
