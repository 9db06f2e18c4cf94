//! What the graph can hold and what a query may ask, read once from `data/schema.toml`.
//!
//! [`schema`] resolves names to the small numbers that store and evaluation work with; [`document`] is
//! the same for a builder of queries: what may follow what, which operators a property has, which
//! values a picker shows.

mod build;
mod document;
mod file;
mod ids;
mod operator;

pub use document::{
    CategoryDocument, Follow, InsightDocument, OperatorDocument, PropertyDocument, SchemaDocument,
    TypeDocument, document,
};
pub use ids::{InsightId, Kind, Reading};
pub use operator::{Operator, ValueShape};

pub(crate) use ids::{ConnectionId, Relation, TableId};

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::query::Literal;

/// What kind of value a property has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueType {
    /// Text; compared without regard to case.
    Text,
    /// One of a few words.
    Choice,
    /// Text that is ordered as versions are: `9.10` comes after `9.9`.
    Version,
    /// True or false.
    Bool,
    /// A 64-bit integer.
    Integer,
    /// A floating-point number.
    Real,
    /// An instant.
    Time,
}

/// A property of a table's nodes. The first of every table is `name`.
#[derive(Debug)]
pub(crate) struct PropertySpec {
    pub name: &'static str,
    pub title: &'static str,
    pub value: ValueType,
    /// What a choice can be; empty for other types.
    pub values: Vec<&'static str>,
}

/// Nodes that share columns and numbers: a type, or a group with its members.
#[derive(Debug)]
pub(crate) struct TableSpec {
    pub name: &'static str,
    pub properties: Vec<PropertySpec>,
    /// The types that its nodes can have, in the order of the file.
    pub kinds: Vec<Kind>,
    pub source: &'static str,
    pub entity: &'static str,
    /// Readings that lead towards machines.
    pub seen_through: Vec<Reading>,
}

/// A type, or a group of types.
#[derive(Debug)]
pub(crate) struct TypeSpec {
    pub name: &'static str,
    pub title: &'static str,
    pub category: usize,
    /// Further categories in the hunting tables.
    pub also: Vec<&'static str>,
    pub description: &'static str,
    pub popular: bool,
    pub table: TableId,
    /// Which of the table's kinds it stands for: several for a group.
    pub members: Vec<u8>,
    pub group: Option<Kind>,
    pub is_group: bool,
}

/// One way to read a connection.
#[derive(Debug)]
pub(crate) struct ReadingSpec {
    pub name: &'static str,
    pub title: &'static str,
    /// Where it leads: from a table, to a table, over a relation.
    pub links: Vec<Link>,
}

/// One step of a reading between two tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub from: TableId,
    pub to: TableId,
    pub relation: Relation,
    pub forward: bool,
}

/// The edges of one connection between two tables.
#[derive(Debug)]
pub(crate) struct RelationSpec {
    pub connection: ConnectionId,
    pub from: TableId,
    pub to: TableId,
}

/// A property as an insight names it.
#[derive(Debug)]
pub(crate) struct InsightProperty {
    pub name: &'static str,
    pub title: &'static str,
    /// The property of the node that the insight is about.
    pub property: usize,
}

/// A condition of the file, which is part of what an insight means.
#[derive(Debug)]
pub(crate) struct FixedCondition {
    pub property: usize,
    pub operator: Operator,
    pub value: Literal,
}

/// Something that can be said of a node in one word.
#[derive(Debug)]
pub(crate) struct InsightSpec {
    pub name: &'static str,
    pub title: &'static str,
    pub description: &'static str,
    pub on: Vec<TableId>,
    /// The steps to the node that it is about; none if that is the node itself.
    pub path: Vec<Link>,
    pub fixed: Vec<FixedCondition>,
    pub default: Vec<FixedCondition>,
    pub properties: Vec<InsightProperty>,
}

impl InsightSpec {
    /// The table of the node that it is about, for a node of the table `on`.
    pub(crate) fn about(&self, on: TableId) -> TableId {
        self.path.last().map_or(on, |l| l.to)
    }
}

/// A picker's heading.
#[derive(Debug)]
pub(crate) struct CategorySpec {
    pub name: &'static str,
    pub title: &'static str,
}

/// Everything of the file, resolved.
#[derive(Debug)]
pub struct Schema {
    pub(crate) version: u32,
    pub(crate) categories: Vec<CategorySpec>,
    pub(crate) types: Vec<TypeSpec>,
    pub(crate) tables: Vec<TableSpec>,
    /// Labels of connections in the hunting tables.
    pub(crate) labels: Vec<&'static str>,
    pub(crate) readings: Vec<ReadingSpec>,
    pub(crate) relations: Vec<RelationSpec>,
    pub(crate) insights: Vec<InsightSpec>,
    pub(crate) sources: Vec<&'static str>,
    pub(crate) kind_names: HashMap<&'static str, Kind>,
    pub(crate) reading_names: HashMap<&'static str, Reading>,
    pub(crate) insight_names: HashMap<&'static str, InsightId>,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    build::build(include_str!("../data/schema.toml"))
        .expect("the schema of this crate is whole, as a test shows")
});

/// The schema; it is the same for every graph.
pub fn schema() -> &'static Schema {
    &SCHEMA
}

impl Schema {
    /// Its version; a query document names the one that it was written for.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The type or group with that name.
    pub fn kind(&self, name: &str) -> Option<Kind> {
        self.kind_names.get(name).copied()
    }

    /// The reading of a connection with that name.
    pub fn reading(&self, name: &str) -> Option<Reading> {
        self.reading_names.get(name).copied()
    }

    /// The insight with that name.
    pub fn insight(&self, name: &str) -> Option<InsightId> {
        self.insight_names.get(name).copied()
    }

    /// Every type and group, in the order of the file.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> + '_ {
        (0..self.types.len()).map(Kind::at)
    }

    /// The names of the feeds that fill the graph.
    pub fn sources(&self) -> &[&'static str] {
        &self.sources
    }

    pub(crate) fn type_of(&self, kind: Kind) -> &TypeSpec {
        &self.types[kind.index()]
    }

    pub(crate) fn table(&self, table: TableId) -> &TableSpec {
        &self.tables[table.index()]
    }

    pub(crate) fn reading_of(&self, reading: Reading) -> &ReadingSpec {
        &self.readings[reading.index()]
    }

    pub(crate) fn insight_of(&self, insight: InsightId) -> &InsightSpec {
        &self.insights[insight.index()]
    }

    /// The steps that a reading offers from a table.
    pub(crate) fn links(&self, reading: Reading, from: TableId) -> impl Iterator<Item = Link> + '_ {
        self.reading_of(reading).links.iter().copied().filter(move |l| l.from == from)
    }
}

impl TableSpec {
    pub(crate) fn property(&self, name: &str) -> Option<usize> {
        self.properties.iter().position(|p| p.name == name)
    }
}
