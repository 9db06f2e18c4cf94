//! Answers: which nodes, what matched beside them, how many in all, and what is missing.

mod csv;
mod page;
mod rows;

use palisade_types::TimeMicros;
use serde::Serialize;

use crate::change::Value;
use crate::eval::{Access, Evaluation};
use crate::graph::Snapshot;
use crate::query::{About, Query, QueryError};
use crate::schema::{Kind, schema};

pub(crate) use rows::describe;

/// Most rows of an answer.
pub const MAX_ROWS: usize = 100_000;
/// Most nodes that a cell lists.
pub const MAX_LISTED: usize = 100;

/// How a query is asked.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// The present, for values such as `ago(7d)`.
    pub now: TimeMicros,
    /// What the caller may see.
    pub access: &'a Access,
    /// Rows of this page, at most [`MAX_ROWS`].
    pub limit: usize,
    /// What the page before gave as `next`.
    pub after: Option<&'a str>,
    /// Nodes that a cell lists, at most [`MAX_LISTED`]; its total counts all.
    pub listed: usize,
    /// Bound of the work; a unit is about a nanosecond.
    pub work: u64,
}

impl<'a> Ask<'a> {
    /// A first page of 25 rows with ten nodes in a cell, and two seconds' work.
    pub fn new(now: TimeMicros, access: &'a Access) -> Self {
        Self { now, access, limit: 25, after: None, listed: 10, work: 2_000_000_000 }
    }
}

/// What a query comes to.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// The state of the graph that was asked.
    pub generation: u64,
    /// What the cells of a row are about.
    pub columns: Vec<Column>,
    /// Rows in all, on every page.
    pub count: u64,
    /// The rows of this page, by name, type and key.
    pub rows: Vec<Row>,
    /// What to ask the next page with; none if this is the last.
    pub next: Option<String>,
    /// What the answer does not cover.
    pub missing: Vec<Missing>,
}

/// What a cell is about: one branch of the query.
#[derive(Clone, Debug, Serialize)]
pub struct Column {
    /// `insight` or `connection`.
    pub kind: &'static str,
    /// The insight's or connection's stable name.
    pub name: &'static str,
    /// For people.
    pub title: String,
    /// Types of the nodes that cells list.
    pub types: Vec<Kind>,
    /// The branch in the canonical document, as a JSON pointer.
    pub pointer: String,
}

/// One node that was found.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The node.
    pub node: Found,
    /// The subscription that it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscription: Option<Named>,
    /// The resource group that it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_group: Option<Named>,
    /// One for each column.
    pub cells: Vec<Cell>,
}

/// A node with what is known of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its properties by name.
    #[serde(serialize_with = "as_map")]
    pub properties: Vec<(&'static str, Value)>,
}

/// A node by key and name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
}

/// What matched of one branch.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Cell {
    /// Whether the branch holds for the row.
    pub matched: bool,
    /// Nodes that matched.
    pub total: u64,
    /// Whether `total` is all; else there are at least as many.
    pub exact: bool,
    /// Some of them by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<Found>,
    /// For an insight about the node itself: what it says.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "as_map")]
    pub values: Vec<(&'static str, Value)>,
}

#[allow(clippy::ptr_arg)]
fn as_map<S: serde::Serializer>(pairs: &Vec<(&'static str, Value)>, s: S) -> Result<S::Ok, S::Error> {
    s.collect_map(pairs.iter().map(|(k, v)| (k, v)))
}

/// Why an answer can be partial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Missing {
    /// The caller may only see a part of the estate, and that is what was asked.
    ScopeRestricted {
        /// `subscription` or `device_group`.
        of: &'static str,
    },
    /// The query names parts that the caller may not see.
    ScopeNotAllowed {
        /// `subscription` or `device_group`.
        of: &'static str,
        /// Which.
        keys: Vec<String>,
    },
    /// The query names parts that are not there.
    ScopeUnknown {
        /// `subscription` or `device_group`.
        of: &'static str,
        /// Which.
        keys: Vec<String>,
    },
    /// Nothing was ever delivered of what the query asks about.
    SourceAbsent {
        /// The feed.
        source: &'static str,
    },
    /// Nodes of a type are not shown, or not all.
    TypeWithheld {
        /// The type.
        kind: Kind,
        /// Why, as the caller's code.
        reason: String,
    },
}

impl Snapshot {
    /// Answers a query.
    ///
    /// # Errors
    /// `bad_cursor` if `after` comes from elsewhere, `too_much_work` if it would take too long.
    pub fn answer(&self, query: &Query, ask: &Ask<'_>) -> Result<Answer, QueryError> {
        let after = ask.after.map(page::Cursor::read).transpose()?;
        let document = query.document();
        let (mut evaluation, missing) =
            Evaluation::new(&self.state, &query.plan, &document.scope, ask.access, ask.now, ask.work);
        let found = evaluation.target(query.plan.root)?;
        let count = found.iter().map(|f| f.count).sum();
        let limit = ask.limit.clamp(1, MAX_ROWS);
        let picks = evaluation.picks(query.plan.root);
        let (places, more) = page::page(&mut evaluation, picks, &found, after.as_ref(), limit)?;
        let listed = ask.listed.min(MAX_LISTED);
        let mut rows = Vec::with_capacity(places.len());
        for place in &places {
            rows.push(rows::row(&mut evaluation, &query.plan, *place, listed)?);
        }
        let next = if more { places.last().map(|p| page::Cursor::of(&self.state, *p).write()) } else { None };
        Ok(Answer {
            generation: self.generation(),
            columns: query.plan.columns.iter().map(column).collect(),
            count,
            rows,
            next,
            missing,
        })
    }

    /// A node with its properties, if it is there and the caller may see everything.
    pub fn node(&self, kind: Kind, key: &str) -> Option<Found> {
        let table = schema().type_of(kind).table;
        let number = self.state.table(table).find(key, &self.state.hasher)?;
        Some(describe(&self.state, table, number))
    }
}

fn column(plan: &crate::query::PlanColumn) -> Column {
    let (kind, name, title) = match plan.about {
        About::Insight(i) => ("insight", i.name(), i.title().to_owned()),
        About::Connection(r) => {
            let types: Vec<&str> = plan.types.iter().map(|k| k.title()).collect();
            ("connection", r.name(), format!("{} {}", r.title(), types.join(", ")))
        }
    };
    Column { kind, name, title, types: plan.types.clone(), pointer: plan.pointer.clone() }
}
