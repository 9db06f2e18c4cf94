//! A list that is made in memory, by pages: sorted by a key and an identifier, which a cursor names.

use std::cmp::Ordering;

use crate::page::{Cursor, Page};
use crate::{Result, StateError};

/// The most rows that one call gives, for exports.
const MOST: usize = 100_000;
/// Longest text of a key: it goes into a cursor, which has a bound.
const MAX_TEXT: usize = 100;

/// Which part of a list, in which direction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// Whether the order is turned round.
    pub descending: bool,
    /// Rows of a page: 1 to 100,000, 0 for 50.
    pub limit: u32,
    /// From the page before.
    pub cursor: Option<String>,
}

impl Range {
    /// Rows of a page.
    pub(crate) fn rows(&self) -> usize {
        if self.limit == 0 { 50 } else { (self.limit as usize).min(MOST) }
    }

    /// The same for SQL, with the one row more by which a next page is seen.
    pub(crate) fn sql_limit(&self) -> i64 {
        i64::try_from(self.rows()).unwrap_or(50)
    }

    /// The list's name in a cursor.
    pub(crate) fn list(&self, name: &str, sort: &str) -> String {
        format!("{name}.{sort}.{}", if self.descending { "desc" } else { "asc" })
    }
}

/// What a row is sorted by.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Key {
    Number(f64),
    Text(String),
}

impl Key {
    pub fn text(text: &str) -> Self {
        Self::Text(text.to_lowercase().chars().take(MAX_TEXT).collect())
    }

    /// Of what may be missing: it comes before everything else.
    pub fn maybe(number: Option<f64>) -> Self {
        Self::Number(number.unwrap_or(f64::NEG_INFINITY))
    }

    #[allow(clippy::cast_precision_loss)]
    pub fn count(count: u64) -> Self {
        Self::Number(count as f64)
    }

    fn write(&self) -> String {
        match self {
            Self::Number(n) => format!("n{n}"),
            Self::Text(t) => format!("t{t}"),
        }
    }

    fn read(text: &str) -> Result<Self> {
        let bad = || StateError::CursorInvalid;
        match text.split_at_checked(1).ok_or_else(bad)? {
            ("n", number) => number.parse().map(Self::Number).map_err(|_| bad()),
            ("t", text) => Ok(Self::Text(text.to_owned())),
            _ => Err(bad()),
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Number(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Number(_)) => Ordering::Greater,
        }
    }
}

/// A row with what it is sorted by.
pub(super) struct Sorted<T> {
    pub key: Key,
    pub id: String,
    pub row: T,
}

/// Sorts rows and cuts the asked page out of them.
pub(super) fn page<T>(mut rows: Vec<Sorted<T>>, list: &str, range: &Range) -> Result<Page<T>> {
    let after = range.cursor.as_deref().map(|text| Cursor::decode(text, list)).transpose()?;
    let after = after.map(|c| Ok::<_, StateError>((Key::read(&c.key)?, c.id))).transpose()?;
    let turned = |order: Ordering| if range.descending { order.reverse() } else { order };
    let order = |a: (&Key, &str), b: (&Key, &str)| turned(a.0.order(b.0).then_with(|| a.1.cmp(b.1)));
    rows.sort_unstable_by(|a, b| order((&a.key, &a.id), (&b.key, &b.id)));
    let total = rows.len() as u64;
    let from = after.map_or(0, |(key, id)| {
        rows.partition_point(|row| order((&row.key, &row.id), (&key, &id)) != Ordering::Greater)
    });
    let to = from.saturating_add(range.rows()).min(rows.len());
    let next_cursor = (to < rows.len() && to > from).then(|| {
        let last = &rows[to - 1];
        Cursor { list: list.to_owned(), key: last.key.write(), id: last.id.clone() }.encode()
    });
    let items = rows.drain(from..to).map(|row| row.row).collect();
    Ok(Page { items, next_cursor, total })
}

/// Whether a text contains another, without regard to case; `needle` is in lower case.
pub(super) fn contains(text: &str, needle: &str) -> bool {
    needle.is_empty() || text.to_lowercase().contains(needle)
}

/// What is looked for, as [`contains`] takes it.
pub(super) fn needle(search: Option<&str>) -> String {
    search.map(str::trim).unwrap_or_default().chars().take(200).collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(keys: &[Key]) -> Vec<Sorted<usize>> {
        keys.iter()
            .enumerate()
            .map(|(n, key)| Sorted { key: key.clone(), id: format!("{n}"), row: n })
            .collect()
    }

    fn walk(keys: &[Key], descending: bool) -> Vec<usize> {
        let mut range = Range { descending, limit: 2, cursor: None };
        let mut all = Vec::new();
        loop {
            let page = page(rows(keys), "l", &range).expect("a page");
            assert_eq!(page.total, keys.len() as u64);
            all.extend(page.items);
            match page.next_cursor {
                Some(cursor) => range.cursor = Some(cursor),
                None => return all,
            }
        }
    }

    #[test]
    fn pages_join_to_the_whole_in_both_directions() {
        let keys = [Key::Number(0.1), Key::maybe(None), Key::Number(9.8), Key::Number(0.1), Key::count(3)];
        assert_eq!(walk(&keys, false), [1, 0, 3, 4, 2]);
        assert_eq!(walk(&keys, true), [2, 4, 3, 0, 1]);
        let texts = [Key::text("B"), Key::text("a"), Key::text("b")];
        assert_eq!(walk(&texts, false), [1, 0, 2]);
        assert!(walk(&[], false).is_empty());
    }

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let first = page(rows(&[Key::count(1), Key::count(2)]), "a", &Range { limit: 1, ..Range::default() });
        let range = Range { cursor: first.expect("a page").next_cursor, ..Range::default() };
        assert_eq!(page(rows(&[]), "b", &range).expect_err("another").code(), "cursor_invalid");
    }
}
