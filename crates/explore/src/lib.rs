//! The security explorer: the estate as a typed graph in memory, and queries over it. No I/O, no clock.
//!
//! A [`Graph`] belongs to one tenant. It is a projection: built with a [`Loader`] from everything that is
//! there, kept current by lists of [`Change`]s, and thrown away and built anew when in doubt. A
//! [`Snapshot`] is the graph at one moment; readers and the writer do not wait for each other.
//!
//! ```
//! use palisade_explore::{Access, Ask, Change, Graph, Kind, Node, NodeRef, Query, Reading};
//! use palisade_types::{TenantId, TimeMicros};
//!
//! let graph = Graph::new(TenantId::random());
//! let (machine, sensor) = (Kind::named("connected_server").unwrap(), Kind::named("sensor").unwrap());
//! let running = Reading::named("is_running").unwrap();
//! let applied = graph.apply(&[
//!     Change::Upsert(Node::new(machine, "m1", "web-1").with("os", "debian")),
//!     Change::Upsert(Node::new(sensor, "m1", "web-1").with("health_state", "healthy")),
//!     Change::Connect { from: NodeRef::new(machine, "m1"), reading: running, to: NodeRef::new(sensor, "m1") },
//! ]);
//! assert!(applied.refused.is_empty());
//!
//! let query = Query::parse(br#"{"version": 1, "find": {"types": ["virtual_machines"], "that": [
//!     {"connection": "is_running", "to": {"types": ["sensor"]}}]}}"#)?;
//! let everything = Access::default();
//! let answer = graph.snapshot().answer(&query, &Ask::new(TimeMicros::now(), &everything))?;
//! assert_eq!((answer.count, answer.rows[0].node.name.as_str()), (1, "web-1"));
//! # Ok::<(), palisade_explore::QueryError>(())
//! ```
//!
//! What there can be is the [`schema`], read from `data/schema.toml`; [`schema_document`] is the same for
//! a builder of queries. [`Query::link`] and [`Query::from_link`] make a query an address,
//! [`Answer::write_csv`] makes an answer a table. [`templates`] are questions that are ready to be asked.
//! [`Snapshot::exposure`] gives the graph as rows of hunting tables.
//! `docs/explore.md` explains the language and how it is answered.

mod answer;
mod apply;
mod change;
mod eval;
mod exposure;
mod graph;
mod query;
mod schema;
mod store;
mod templates;

pub use answer::{Answer, Ask, Cell, Column, Found, MAX_LISTED, MAX_ROWS, Missing, Named, Row};
pub use change::{Change, ChangeError, MAX_KEY, MAX_TEXT, Node, NodeRef, Value};
pub use eval::{Access, Withheld};
pub use exposure::{EDGE_COLUMNS, Exposure, ExposureScan, NODE_COLUMNS, Only, TextColumn, TextRows};
pub use graph::{Applied, Graph, Loader, Refusal, Snapshot};
pub use query::{
    Branch, Condition, Document, Instant, Literal, MAX_DEPTH, MAX_PARTS, MAX_QUERY_BYTES, MAX_VALUE,
    MAX_VALUES, Negatable, Query, QueryCode, QueryError, Scope, Target, Where,
};
pub use schema::{
    CategoryDocument, Follow, InsightDocument, InsightId, Kind, Operator, OperatorDocument, PropertyDocument,
    Reading, Schema, SchemaDocument, TypeDocument, ValueShape, ValueType, document as schema_document,
    schema,
};
pub use store::Sizes;
pub use templates::{Template, template, templates};
