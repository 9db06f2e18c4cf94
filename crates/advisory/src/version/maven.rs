//! Maven 3's ComparableVersion: lists within lists, split at hyphens and where digits meet letters. An
//! underscore is a letter there.

use std::cmp::Ordering;

use super::parts::{by_value, ignoring_case, trim_zeros};

pub(super) fn compare(a: &str, b: &str) -> Ordering {
    lists(&items(a), &items(b))
}

enum Item<'a> {
    /// Without leading zeros.
    Number(&'a [u8]),
    Word(Word<'a>),
    List(Vec<Item<'a>>),
}

/// A qualifier: its place among the known ones, or its text, which is later than all of them.
#[derive(Clone, Copy)]
struct Word<'a> {
    rank: usize,
    text: &'a [u8],
}

const KNOWN: [&str; 7] = ["alpha", "beta", "milestone", "rc", "snapshot", "", "sp"];
const RELEASE: usize = 5;

impl<'a> Word<'a> {
    fn of(text: &'a [u8], before_digit: bool) -> Self {
        let is = |name: &str| text.eq_ignore_ascii_case(name.as_bytes());
        let rank = match () {
            () if before_digit && is("a") => 0,
            () if before_digit && is("b") => 1,
            () if before_digit && is("m") => 2,
            () if is("ga") || is("final") || is("release") => RELEASE,
            () if is("cr") => 3,
            () => KNOWN.iter().position(|k| is(k)).unwrap_or(KNOWN.len()),
        };
        Self { rank, text: if rank == KNOWN.len() { text } else { b"" } }
    }

    fn against(self, other: Self) -> Ordering {
        self.rank.cmp(&other.rank).then_with(|| ignoring_case(self.text, other.text))
    }
}

impl Item<'_> {
    fn is_null(&self) -> bool {
        match self {
            Self::Number(n) => n.is_empty(),
            Self::Word(w) => w.rank == RELEASE,
            Self::List(items) => items.is_empty(),
        }
    }

    fn against_nothing(&self) -> Ordering {
        match self {
            Self::Number(n) => (!n.is_empty()).cmp(&false),
            Self::Word(w) => w.rank.cmp(&RELEASE),
            Self::List(items) => {
                items.iter().map(Self::against_nothing).find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
            }
        }
    }

    fn against(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => by_value(a, b),
            (Self::Word(a), Self::Word(b)) => a.against(*b),
            (Self::List(a), Self::List(b)) => lists(a, b),
            (Self::Number(_), _) => Ordering::Greater,
            (_, Self::Number(_)) => Ordering::Less,
            (Self::Word(_), Self::List(_)) => Ordering::Less,
            (Self::List(_), Self::Word(_)) => Ordering::Greater,
        }
    }
}

fn lists(a: &[Item<'_>], b: &[Item<'_>]) -> Ordering {
    (0..a.len().max(b.len()))
        .map(|i| match (a.get(i), b.get(i)) {
            (Some(x), Some(y)) => x.against(y),
            (Some(x), None) => x.against_nothing(),
            (None, Some(y)) => y.against_nothing().reverse(),
            (None, None) => Ordering::Equal,
        })
        .find(|o| o.is_ne())
        .unwrap_or(Ordering::Equal)
}

fn items(version: &str) -> Vec<Item<'_>> {
    // The lists that are open, the innermost last.
    let mut open: Vec<Vec<Item<'_>>> = vec![Vec::new()];
    let text = version.as_bytes();
    let mut at = 0;
    loop {
        let digit = text.get(at).is_some_and(u8::is_ascii_digit);
        let inside = |b: &&u8| !matches!(**b, b'.' | b'-') && b.is_ascii_digit() == digit;
        let end = at + text[at..].iter().take_while(inside).count();
        let part = &text[at..end];
        let next = text.get(end).copied();
        let meets = next.is_some_and(|b| !matches!(b, b'.' | b'-'));
        let item = match part {
            [] => Item::Number(b""),
            _ if digit => Item::Number(trim_zeros(part)),
            _ => Item::Word(Word::of(part, meets)),
        };
        if let Some(list) = open.last_mut() {
            list.push(item);
        }
        let Some(next) = next else { break };
        if meets || next == b'-' {
            open.push(Vec::new());
        }
        at = if meets { end } else { end + 1 };
    }
    close(open)
}

/// Puts each list into the one before it, without what says nothing at its end.
fn close(mut open: Vec<Vec<Item<'_>>>) -> Vec<Item<'_>> {
    let mut inner: Option<Vec<Item<'_>>> = None;
    while let Some(mut list) = open.pop() {
        // Trailing nulls go, also those before the list that follows.
        while list.last().is_some_and(Item::is_null) {
            list.pop();
        }
        if let Some(inner) = inner.take()
            && !inner.is_empty()
        {
            list.push(Item::List(inner));
        }
        inner = Some(list);
    }
    inner.unwrap_or_default()
}
