//! PHP's version_compare: dots between digits and letters, and a fixed order of words.

use std::cmp::Ordering;

use super::parts::{by_value, is_number, take_while, without_v};

pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (Parts(without_v(a.as_bytes())), Parts(without_v(b.as_bytes())));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (Some(x), Some(y)) => match (is_number(x), is_number(y)) {
                (true, true) => by_value(x, y),
                (false, false) => rank(x).cmp(&rank(y)),
                (true, false) => NUMBER.cmp(&rank(y)),
                (false, true) => rank(x).cmp(&NUMBER),
            },
            // A number that goes on is later; a word is what it is against a number.
            (Some(x), None) if is_number(x) => Ordering::Greater,
            (Some(x), None) => rank(x).cmp(&NUMBER),
            (None, Some(y)) if is_number(y) => Ordering::Less,
            (None, Some(y)) => NUMBER.cmp(&rank(y)),
        };
        if order.is_ne() {
            return order;
        }
    }
}

const NUMBER: i8 = 4;

fn rank(word: &[u8]) -> i8 {
    let starts = |with: &str| word.starts_with(with.as_bytes());
    match () {
        () if starts("dev") => 0,
        () if starts("a") => 1,
        () if starts("b") => 2,
        () if starts("RC") || starts("rc") => 3,
        () if starts("#") => NUMBER,
        () if starts("p") => 5,
        () => -1,
    }
}

struct Parts<'a>(&'a [u8]);

impl<'a> Iterator for Parts<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let separates = |b: u8| matches!(b, b'.' | b'-' | b'_' | b'+');
        self.0 = take_while(self.0, separates).1;
        let first = *self.0.first()?;
        let number = first.is_ascii_digit();
        let (part, rest) = take_while(self.0, |b| !separates(b) && b.is_ascii_digit() == number);
        self.0 = rest;
        Some(part)
    }
}
