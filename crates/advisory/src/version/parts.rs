//! What the schemes share: runs of digits as numbers of any size.

use std::cmp::Ordering;

/// Without leading zeros.
pub(super) fn trim_zeros(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|b| **b == b'0').count();
    &digits[zeros..]
}

/// Two runs of digits as numbers, however long.
pub(super) fn by_value(a: &[u8], b: &[u8]) -> Ordering {
    let (a, b) = (trim_zeros(a), trim_zeros(b));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// What is at the start for as long as the bytes are of that kind, and the rest.
pub(super) fn take_while(text: &[u8], kind: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    text.split_at(text.iter().take_while(|b| kind(**b)).count())
}

/// The digits at the start, and the rest.
pub(super) fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    take_while(text, |b| b.is_ascii_digit())
}

/// Whether there is something, and it is digits only.
pub(super) fn is_number(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

/// The text without its `v`, as in `v1.2`.
pub(super) fn without_v(text: &[u8]) -> &[u8] {
    match text {
        [b'v' | b'V', rest @ ..] => rest,
        _ => text,
    }
}

/// Text order without regard to ASCII case.
pub(super) fn ignoring_case(a: &[u8], b: &[u8]) -> Ordering {
    a.iter().map(u8::to_ascii_lowercase).cmp(b.iter().map(u8::to_ascii_lowercase))
}
