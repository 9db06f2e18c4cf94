//! A row by the names of its columns.

use palisade_types::TimeMicros;
use serde_json::Value;

/// Cells of a row; a column that is not named is empty.
#[derive(Debug, Default)]
pub(crate) struct Cells(Vec<(&'static str, String)>);

impl Cells {
    pub fn text(mut self, column: &'static str, text: &str) -> Self {
        self.0.push((column, text.to_owned()));
        self
    }

    /// An instant, as workers read it: microseconds.
    pub fn instant(self, column: &'static str, at: Option<TimeMicros>) -> Self {
        self.text(column, &at.map(|at| at.0.to_string()).unwrap_or_default())
    }

    pub fn truth(self, column: &'static str, is: Option<bool>) -> Self {
        self.text(column, is.map_or("", |is| if is { "true" } else { "false" }))
    }

    pub fn json(self, column: &'static str, value: &Value) -> Self {
        self.text(column, &value.to_string())
    }

    pub fn get(&self, column: &str) -> &str {
        self.0.iter().find(|(name, _)| *name == column).map_or("", |(_, text)| text)
    }
}
