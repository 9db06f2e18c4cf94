//! Paging by keyset: a cursor names the last row that was shown, never a row number.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::{Result, StateError};

/// The most rows of one page.
pub(crate) const MAX_LIMIT: u32 = 1000;

/// A part of a list, with the way to the next part.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The rows of this page.
    pub items: Vec<T>,
    /// Opaque; give it back to get the next page. `None` on the last page.
    pub next_cursor: Option<String>,
    /// How many rows there are over all pages, by the same filter.
    pub total: u64,
}

/// What a cursor holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    /// The list and the order that it belongs to.
    #[serde(rename = "l")]
    pub list: String,
    /// The last row's key as text.
    #[serde(rename = "k")]
    pub key: String,
    /// The last row's identifier, which breaks ties.
    #[serde(rename = "i")]
    pub id: String,
}

impl Cursor {
    pub(crate) fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).expect("three strings always encode"))
    }

    /// Reads a cursor that was made for `list`.
    pub(crate) fn decode(text: &str, list: &str) -> Result<Self> {
        if text.len() > 4096 {
            return Err(StateError::CursorInvalid);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| StateError::CursorInvalid)?;
        let cursor: Self = serde_json::from_slice(&bytes).map_err(|_| StateError::CursorInvalid)?;
        let clean = !cursor.key.contains('\0') && !cursor.id.contains('\0');
        if cursor.list == list && clean { Ok(cursor) } else { Err(StateError::CursorInvalid) }
    }

    /// The key as a number.
    pub(crate) fn number(&self) -> Result<i64> {
        self.key.parse().map_err(|_| StateError::CursorInvalid)
    }
}

/// A limit within its bounds; 0 means the default of 50.
pub(crate) fn limit(asked: u32) -> i64 {
    i64::from(if asked == 0 { 50 } else { asked.min(MAX_LIMIT) })
}

/// Cuts the one row too many that was read to see whether there is a next page.
pub(crate) fn finish<T>(mut items: Vec<T>, limit: i64, total: i64, cursor: impl Fn(&T) -> Cursor) -> Page<T> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = items.len() > limit;
    items.truncate(limit);
    let next_cursor = if more { items.last().map(|last| cursor(last).encode()) } else { None };
    Page { items, next_cursor, total: u64::try_from(total).unwrap_or(0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_only_by_its_own_list() {
        let cursor = Cursor { list: "devices.name.asc".into(), key: "a".into(), id: "1".into() };
        let text = cursor.encode();
        assert_eq!(Cursor::decode(&text, "devices.name.asc").expect("its own"), cursor);
        assert_eq!(Cursor::decode(&text, "devices.name.desc").expect_err("another").code(), "cursor_invalid");
        assert!(Cursor::decode("%%%", "x").is_err());
        assert!(Cursor::decode(&"a".repeat(5000), "x").is_err());
    }

    #[test]
    fn a_page_says_whether_there_is_more() {
        let cursor = |n: &i32| Cursor { list: "l".into(), key: n.to_string(), id: String::new() };
        let page = finish(vec![1, 2, 3], 2, 9, cursor);
        assert_eq!((page.items, page.total), (vec![1, 2], 9));
        assert!(page.next_cursor.is_some());
        assert!(finish(vec![1, 2], 2, 2, cursor).next_cursor.is_none());
    }
}
