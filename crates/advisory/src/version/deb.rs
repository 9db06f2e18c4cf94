//! dpkg's order (deb-version(7)).

use std::cmp::Ordering;

use super::parts::{by_value, digits, is_number, take_while};

type Malformed<'a> = (&'a str, &'static str);

pub(super) fn compare<'a>(a: &'a str, b: &'a str) -> Result<Ordering, Malformed<'a>> {
    let (left, right) = (split(a)?, split(b)?);
    Ok(by_value(left.epoch, right.epoch)
        .then_with(|| part(left.upstream, right.upstream))
        .then_with(|| part(left.revision, right.revision)))
}

struct Parts<'a> {
    epoch: &'a [u8],
    upstream: &'a [u8],
    revision: &'a [u8],
}

fn split(version: &str) -> Result<Parts<'_>, Malformed<'_>> {
    if version.bytes().any(|b| b.is_ascii_whitespace() || b.is_ascii_control()) {
        return Err((version, "it has white space in it"));
    }
    let (epoch, rest) = match version.split_once(':') {
        Some((epoch, rest)) if is_number(epoch.as_bytes()) => (epoch, rest),
        Some(_) => return Err((version, "its epoch is no number")),
        None => ("", version),
    };
    let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
    if upstream.is_empty() {
        return Err((version, "nothing stands before its revision"));
    }
    Ok(Parts { epoch: epoch.as_bytes(), upstream: upstream.as_bytes(), revision: revision.as_bytes() })
}

/// Text and numbers in turn; in text a tilde is less than the end, the end less than a letter, and a
/// letter less than anything else.
fn part(mut a: &[u8], mut b: &[u8]) -> Ordering {
    while !a.is_empty() || !b.is_empty() {
        let (text_a, rest_a) = take_while(a, |b| !b.is_ascii_digit());
        let (text_b, rest_b) = take_while(b, |b| !b.is_ascii_digit());
        for i in 0..text_a.len().max(text_b.len()) {
            let order = weight(text_a.get(i)).cmp(&weight(text_b.get(i)));
            if order.is_ne() {
                return order;
            }
        }
        let ((number_a, rest_a), (number_b, rest_b)) = (digits(rest_a), digits(rest_b));
        let order = by_value(number_a, number_b);
        if order.is_ne() {
            return order;
        }
        (a, b) = (rest_a, rest_b);
    }
    Ordering::Equal
}

fn weight(byte: Option<&u8>) -> i32 {
    match byte {
        Some(b'~') => -1,
        None => 0,
        Some(b) if b.is_ascii_alphabetic() => i32::from(*b),
        Some(b) => i32::from(*b) + 256,
    }
}
