//! Hunting tables of the product that this one follows which nothing here fills.
//!
//! Queries over them plan, with the right names and types, and give no rows; neither lake nor server
//! knows them. A table moves to `tables/` when something fills it.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::ColumnType;

/// A table without rows.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnfilledTable {
    /// Its name; case matters.
    pub name: String,
    /// Name and type of each column, in order.
    pub columns: Vec<(String, ColumnType)>,
}

static TABLES: LazyLock<Vec<UnfilledTable>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../unfilled.json"))
        .expect("the file of this crate parses, as a test shows")
});

/// Every table that is known and never filled, by name.
pub fn unfilled() -> &'static [UnfilledTable] {
    &TABLES
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_table_is_filled_or_not() {
        assert!(unfilled().is_sorted_by_key(|t| &t.name));
        for table in unfilled() {
            assert!(
                crate::table(&table.name).is_none(),
                "{} is filled: take it out of unfilled.json",
                table.name
            );
            let names: BTreeSet<String> = table.columns.iter().map(|(n, _)| n.to_lowercase()).collect();
            assert_eq!(names.len(), table.columns.len(), "{}: columns differ by more than case", table.name);
            assert!(!names.is_empty(), "{}", table.name);
        }
    }
}
