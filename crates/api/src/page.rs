//! Paging: what a list call may ask, and its answer.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::ApiError;

/// Largest page.
pub(crate) const MAX_LIMIT: u32 = 1_000;
/// The page size when none is asked for.
const DEFAULT_LIMIT: u32 = 50;
/// Longest cursor, bytes.
const MAX_CURSOR: usize = 1_024;

/// Paging of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Paging {
    /// Most items, 1 to 1000; 50 when absent.
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// The asked page size, checked.
pub(crate) fn limit(asked: Option<u32>) -> Result<u32, ApiError> {
    match asked.unwrap_or(DEFAULT_LIMIT) {
        n @ 1..=MAX_LIMIT => Ok(n),
        _ => Err(ApiError::invalid(format!("limit must be 1 to {MAX_LIMIT}"))),
    }
}

/// The asked cursor, checked; an empty one is none.
pub(crate) fn cursor(asked: Option<String>) -> Result<Option<String>, ApiError> {
    match asked {
        Some(text) if text.len() > MAX_CURSOR => {
            Err(ApiError::bad("cursor_invalid", "the cursor is not valid"))
        }
        other => Ok(other.filter(|text| !text.is_empty())),
    }
}

/// Declares the answer of a list call: `{items, next_cursor, total}`.
macro_rules! page {
    ($(#[$doc:meta])* $name:ident of $item:ident) => {
        $(#[$doc])*
        #[derive(Debug, serde::Serialize, utoipa::ToSchema)]
        pub(crate) struct $name {
            /// The items of this page.
            pub items: Vec<$item>,
            /// Asks for the next page; null on the last.
            #[schema(required = true)]
            pub next_cursor: Option<String>,
            /// Items on all pages.
            pub total: u64,
        }

        impl $name {
            /// A list that has only one page.
            #[allow(dead_code)]
            pub(crate) fn whole(items: Vec<$item>) -> Self {
                let total = items.len() as u64;
                Self { items, next_cursor: None, total }
            }
        }

        impl<T> From<palisade_state::Page<T>> for $name
        where
            $item: From<T>,
        {
            fn from(page: palisade_state::Page<T>) -> Self {
                let items = page.items.into_iter().map(Into::into).collect();
                Self { items, next_cursor: page.next_cursor, total: page.total }
            }
        }
    };
}
pub(crate) use page;
