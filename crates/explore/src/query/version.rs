//! Versions in their order.

use std::cmp::Ordering;

/// A run of digits, or of anything else.
fn run(text: &str) -> (&str, &str, bool) {
    let digits = text.as_bytes().first().is_some_and(u8::is_ascii_digit);
    let end = text.bytes().position(|b| b.is_ascii_digit() != digits).unwrap_or(text.len());
    (&text[..end], &text[end..], digits)
}

fn numbers(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// How a run of other characters compares with one: `~` comes before everything, even the end.
fn words(a: &str, b: &str) -> Ordering {
    let rank = |c: Option<char>| match c {
        Some('~') => (0, '\0'),
        None => (1, '\0'),
        Some(c) if c.is_alphabetic() => (2, c.to_ascii_lowercase()),
        Some(c) => (3, c),
    };
    let (mut a, mut b) = (a.chars(), b.chars());
    loop {
        let (x, y) = (a.next(), b.next());
        match rank(x).cmp(&rank(y)) {
            Ordering::Equal if x.is_none() => return Ordering::Equal,
            Ordering::Equal => {}
            other => return other,
        }
    }
}

/// Compares versions run by run: numbers as numbers, the rest as text. An epoch in front counts first,
/// as packages of Debian and of Red Hat have it.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let split = |v: &str| -> (usize, bool) {
        match v.split_once(':') {
            Some((e, _)) if !e.is_empty() && e.bytes().all(|c| c.is_ascii_digit()) => (e.len(), true),
            _ => (0, false),
        }
    };
    let ((ea, has_a), (eb, has_b)) = (split(a), split(b));
    let first = numbers(&a[..ea], &b[..eb]);
    if first != Ordering::Equal {
        return first;
    }
    let mut a = &a[ea + usize::from(has_a)..];
    let mut b = &b[eb + usize::from(has_b)..];
    while !a.is_empty() || !b.is_empty() {
        let (x, rest_a, digits_a) = run(a);
        let (y, rest_b, digits_b) = run(b);
        let order = match (digits_a, digits_b) {
            (true, true) => numbers(x, y),
            // What is missing at the end counts as zero; else an empty word stands against a number.
            (true, false) if y.is_empty() => numbers(x, y),
            (false, true) if x.is_empty() => numbers(x, y),
            (true, false) => words("", y),
            (false, true) => words(x, ""),
            (false, false) => words(x, y),
        };
        if order != Ordering::Equal {
            return order;
        }
        (a, b) = (rest_a, rest_b);
    }
    Ordering::Equal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_people_expect() {
        let ordered =
            ["0.9", "1.0~rc1", "1.0", "1.0a", "1.0.1", "1.2", "1.10", "2.4.57-2", "2.4.57-10", "10", "1:0.1"];
        for (i, a) in ordered.iter().enumerate() {
            for (j, b) in ordered.iter().enumerate() {
                assert_eq!(compare(a, b), i.cmp(&j), "{a} {b}");
            }
        }
        assert_eq!(compare("1.01", "1.1"), Ordering::Equal);
        assert_eq!((compare("1.5", "1."), compare("1.", "1.0")), (Ordering::Greater, Ordering::Equal));
        assert_eq!(compare("", ""), Ordering::Equal);
    }
}
