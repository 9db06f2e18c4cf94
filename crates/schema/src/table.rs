use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// How a table's rows come and go.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableKind {
    /// Rows are appended and never change; (DeviceId, Timestamp, ReportId) names one.
    Event,
    /// The latest set per device replaces the one before.
    Snapshot,
    /// Rows come from the server's state when asked; columns are text, JSON, instants or truths.
    View,
}

/// A column's type, by its name in the query language.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    /// True or false.
    Bool,
    /// 32-bit integer.
    Int,
    /// 64-bit integer.
    Long,
    /// 64-bit floating point.
    Real,
    /// Text, never null: missing is empty.
    String,
    /// An instant in UTC; stored in microseconds.
    Datetime,
    /// A span of time in ticks of 100 ns.
    Timespan,
    /// JSON.
    Dynamic,
    /// A UUID.
    Guid,
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Long => "long",
            Self::Real => "real",
            Self::String => "string",
            Self::Datetime => "datetime",
            Self::Timespan => "timespan",
            Self::Dynamic => "dynamic",
            Self::Guid => "guid",
        })
    }
}

/// Whether the Linux sensor fills a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fill {
    /// On every device; a test of the whole product fails when no row has it.
    Filled,
    /// Where the device has what the column speaks of; the reason says when.
    Conditional,
    /// Not on Linux, or not in this version; the reason says why.
    Na,
}

/// One column.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnSpec {
    /// Its name; case matters.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: ColumnType,
    /// What it means.
    pub description: String,
    /// Whether it is filled.
    pub fill: Fill,
    /// Why it is not, or only sometimes; empty where it is.
    #[serde(default)]
    pub reason: String,
}

/// One table.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableSpec {
    /// Its name; case matters.
    pub name: String,
    /// How its rows come and go.
    pub kind: TableKind,
    /// What its rows are.
    pub description: String,
    /// The lane its facts travel in; empty for a view.
    #[serde(default)]
    pub lane: String,
    /// Whether its name may be written in any case, as those of Azure Resource Graph may.
    #[serde(default)]
    pub any_case: bool,
    /// Values of its column `type`, and what each means.
    #[serde(default)]
    pub types: BTreeMap<String, String>,
    /// Values of ActionType and what each means.
    #[serde(default)]
    pub action_types: BTreeMap<String, String>,
    /// Keys of AdditionalFields and what each means.
    #[serde(default)]
    pub additional_fields: BTreeMap<String, String>,
    /// Other names that queries may use for a column, and the column they mean.
    #[serde(default)]
    pub aliases: BTreeMap<String, String>,
    /// Its columns, in order.
    pub columns: Vec<ColumnSpec>,
}

impl TableSpec {
    /// The column with that exact name; aliases are not looked at.
    pub fn column(&self, name: &str) -> Option<&ColumnSpec> {
        self.columns.iter().find(|c| c.name == name)
    }
}
