//! The form of `data/schema.toml`.

use serde::Deserialize;

use super::{Operator, ValueType};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub version: u32,
    pub category: Vec<Category>,
    #[serde(rename = "type")]
    pub types: Vec<Type>,
    pub connection: Vec<Connection>,
    pub insight: Vec<Insight>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Category {
    pub name: String,
    pub title: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Type {
    pub name: String,
    pub title: String,
    pub category: String,
    pub description: String,
    #[serde(default)]
    pub popular: bool,
    #[serde(default)]
    pub group: bool,
    #[serde(default)]
    pub member_of: Option<String>,
    #[serde(default)]
    pub source: String,
    /// Further categories in the hunting tables.
    #[serde(default)]
    pub also: Vec<String>,
    #[serde(default)]
    pub entity: Option<String>,
    #[serde(default)]
    pub seen_through: Vec<String>,
    #[serde(default)]
    pub properties: Vec<Property>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Property {
    pub name: String,
    pub title: String,
    #[serde(rename = "type")]
    pub value: ValueType,
    #[serde(default)]
    pub values: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Connection {
    pub name: String,
    pub title: String,
    pub reverse: String,
    pub reverse_title: String,
    /// What an edge is called in the hunting tables.
    pub label: String,
    pub pairs: Vec<[String; 2]>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Insight {
    pub name: String,
    pub title: String,
    pub description: String,
    pub on: Vec<String>,
    #[serde(default)]
    pub path: Vec<[String; 2]>,
    #[serde(default)]
    pub fixed: Vec<Condition>,
    #[serde(default)]
    pub default: Vec<Condition>,
    pub properties: Vec<Exposed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exposed {
    pub name: String,
    pub title: String,
    pub property: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Condition {
    pub property: String,
    pub operator: Operator,
    pub value: toml::Value,
}
