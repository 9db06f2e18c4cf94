//! R and Haskell: numbers between dots or hyphens; the one with more of them is the later one.

use std::cmp::Ordering;

use super::parts::{by_value, digits};

pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let split = |b: &u8| *b == b'.' || *b == b'-';
    let (mut a, mut b) = (a.as_bytes().split(split), b.as_bytes().split(split));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(x), Some(y)) => {
                let ((x, rest_x), (y, rest_y)) = (digits(x), digits(y));
                by_value(x, y).then_with(|| rest_x.cmp(rest_y))
            }
        };
        if order.is_ne() {
            return order;
        }
    }
}
