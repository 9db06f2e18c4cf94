//! What lists have in common: words in query strings, and the whole list as CSV.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use palisade_estate::metering::csv_field;
use palisade_state::vulnerabilities::Range;
use serde::Serialize;
use serde_json::Value;

use crate::error::ApiError;
use crate::page;

/// The most rows of a CSV.
const CSV_ROWS: u32 = 100_000;
/// Longest search text, characters.
const MAX_SEARCH: usize = 200;
/// Most words of one filter.
const MAX_WORDS: usize = 20;

/// How a list is asked for: which part, and whether as CSV.
pub(crate) struct Part {
    /// Which part.
    pub range: Range,
    csv: bool,
}

impl Part {
    /// Reads what the caller said; `usual` is whether the order is turned round where nothing is said.
    pub(crate) fn asked(
        (limit, cursor): (Option<u32>, Option<String>),
        (order, usual): (Option<&str>, bool),
        (format, headers): (Option<&str>, &HeaderMap),
    ) -> Result<Self, ApiError> {
        let descending = match order {
            None | Some("") => usual,
            Some("asc") => false,
            Some("desc") => true,
            Some(_) => return Err(ApiError::invalid("order must be asc or desc")),
        };
        let csv = wants_csv(format, headers)?;
        // A file has no pages.
        let (limit, cursor) = match csv {
            true => (CSV_ROWS, None),
            false => (page::limit(limit)?, page::cursor(cursor)?),
        };
        Ok(Self { range: Range { descending, limit, cursor }, csv })
    }

    /// Answers with a page, or with all of it as CSV of these columns.
    pub(crate) fn answer<T: Serialize, P: Serialize>(
        &self,
        name: &str,
        columns: &[&str],
        page: P,
        items: impl FnOnce(&P) -> (&[T], u64),
    ) -> Result<Response, ApiError> {
        if !self.csv {
            return Ok(Json(page).into_response());
        }
        let (items, total) = items(&page);
        if total > u64::from(CSV_ROWS) {
            let message = format!("more than {CSV_ROWS} rows; ask for less at once");
            return Err(ApiError::bad("too_many_rows", message));
        }
        let text = table(columns, items).map_err(|e| ApiError::internal("csv", &e))?;
        let mut response = text.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
        if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}.csv\"")) {
            headers.insert(header::CONTENT_DISPOSITION, value);
        }
        Ok(response)
    }
}

/// Declares what a list may be asked: the fields that are given, then form, size and cursor, which all lists
/// have. Other words in a query string are refused. (Serde cannot do that for a struct within another.)
macro_rules! params {
    ($(#[$doc:meta])* $see:vis struct $name:ident {
        $($(#[$about:meta])* $field:ident: $kind:ty,)*
    }) => {
        $(#[$doc])*
        #[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
        #[into_params(parameter_in = Query)]
        #[serde(deny_unknown_fields)]
        $see struct $name {
            $($(#[$about])* $field: $kind,)*
            /// `json` (default) or `csv`, which has no pages; also by `Accept: text/csv`.
            format: Option<String>,
            /// Most items, 1 to 1000; 50 when absent.
            #[param(minimum = 1, maximum = 1000)]
            limit: Option<u32>,
            /// `next_cursor` of the page before.
            cursor: Option<String>,
        }

        impl $name {
            /// The part that is asked for, in this order; `usual` is whether it is turned round where nothing
            /// is said.
            fn part(
                &self,
                order: Option<&str>,
                usual: bool,
                headers: &axum::http::HeaderMap,
            ) -> Result<crate::listing::Part, crate::error::ApiError> {
                let format = (self.format.as_deref(), headers);
                crate::listing::Part::asked((self.limit, self.cursor.clone()), (order, usual), format)
            }
        }
    };
}
pub(crate) use params;

fn wants_csv(format: Option<&str>, headers: &HeaderMap) -> Result<bool, ApiError> {
    match format {
        Some("csv") => Ok(true),
        Some("json") => Ok(false),
        Some(_) => Err(ApiError::invalid("format must be json or csv")),
        None => {
            let accept = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
            let first = accept.split([',', ';']).next().unwrap_or_default();
            Ok(first.trim().eq_ignore_ascii_case("text/csv"))
        }
    }
}

/// Items as lines with a head line; a column is a property's name, `a.b` one inside another.
fn table<T: Serialize>(columns: &[&str], items: &[T]) -> Result<String, serde_json::Error> {
    let mut out = columns.join(",") + "\r\n";
    for item in items {
        let value = serde_json::to_value(item)?;
        for (n, column) in columns.iter().enumerate() {
            if n > 0 {
                out.push(',');
            }
            let cell = column.split('.').fold(&value, |at, part| &at[part]);
            out.push_str(&csv_field(&text(cell)));
        }
        out.push_str("\r\n");
    }
    Ok(out)
}

fn text(cell: &Value) -> String {
    match cell {
        Value::Null => String::new(),
        Value::String(s) => s.clone(),
        Value::Array(list) if list.iter().all(|v| !v.is_object() && !v.is_array()) => {
            list.iter().map(text).collect::<Vec<_>>().join("; ")
        }
        other => other.to_string(),
    }
}

/// Words separated by commas; each must be one of those that are known, where a list is given.
pub(crate) fn words(name: &str, text: Option<&str>, known: &[&str]) -> Result<Vec<String>, ApiError> {
    let list: Vec<String> = text
        .unwrap_or_default()
        .split(',')
        .map(|w| w.trim().to_owned())
        .filter(|w| !w.is_empty())
        .take(MAX_WORDS + 1)
        .collect();
    if list.len() > MAX_WORDS {
        return Err(ApiError::invalid(format!("{name} has at most {MAX_WORDS} words")));
    }
    match list.iter().find(|w| !known.is_empty() && !known.contains(&w.as_str())) {
        Some(_) => Err(ApiError::invalid(format!("{name} must be of {}", known.join(", ")))),
        None => Ok(list),
    }
}

/// A search text, bounded.
pub(crate) fn search(text: Option<String>) -> Result<Option<String>, ApiError> {
    match text {
        Some(t) if t.chars().count() > MAX_SEARCH => {
            Err(ApiError::invalid(format!("search has at most {MAX_SEARCH} characters")))
        }
        other => Ok(other.filter(|t| !t.trim().is_empty())),
    }
}

/// A word of a list, or the usual one.
pub(crate) fn sort<S: std::str::FromStr<Err = palisade_state::StateError> + Default>(
    text: Option<&str>,
) -> Result<S, ApiError> {
    match text {
        None | Some("") => Ok(S::default()),
        Some(word) => Ok(word.parse()?),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_has_the_columns_that_are_named_and_no_formulas() {
        let items =
            [json!({"id": "=1", "n": 2, "list": ["a", "b"], "in": {"x": "y,z"}}), json!({"id": null})];
        let text = table(&["id", "n", "list", "in.x"], &items).expect("a table");
        assert_eq!(text, "id,n,list,in.x\r\n'=1,2,a; b,\"y,z\"\r\n,,,\r\n");
    }

    #[test]
    fn words_are_known_and_few() {
        assert_eq!(words("x", Some("a, b,"), &["a", "b"]).expect("known"), ["a", "b"]);
        assert!(words("x", Some("c"), &["a"]).is_err());
        assert!(words("x", Some(&"a,".repeat(30)), &[]).is_err());
        assert!(words("x", None, &["a"]).expect("none").is_empty());
    }
}
