//! Functions over whole tables, and sub-queries over groups of rows.

use super::{
    Activity, Autocluster, Basket, Differences, Expand, Expr, Funnel, FunnelKind, Metric, Operator, Pipeline,
    Reduce, RollingPercentile, Sequences, ShapeLookup,
};
use crate::types::{Schema, Type};

/// A call of a function over whole tables.
#[derive(Clone, Debug, PartialEq)]
pub struct TableCall {
    /// Which function; it names its columns by their places in `columns`.
    pub function: TableFunction,
    /// Columns of the rows that come in, computed first; empty in a [`super::Source::Call`].
    pub columns: Vec<(String, Expr)>,
    /// Further tables.
    pub inputs: Vec<Pipeline>,
    /// Columns of the outcome, in the order in which the function gives them.
    pub schema: Schema,
}

/// Functions over whole tables.
#[derive(Clone, Debug, PartialEq)]
pub enum TableFunction {
    /// Rows near those whose last column is true; the outcome lacks that column.
    RowsNear {
        /// Rows before.
        before: u64,
        /// Rows after.
        after: u64,
    },
    /// One row per cell: the column's name, the row's number and the cell as a text.
    Narrow(Vec<String>),
    /// Rows with those of the first further table whose network holds their address.
    AddressLookup {
        /// The column with the address; the last columns are the further keys.
        address: usize,
        /// The column of the further table with the network.
        network: usize,
        /// Pairs of columns that must be equal too.
        keys: Vec<(usize, usize)>,
        /// Columns of the further table in the outcome.
        taken: Vec<usize>,
        /// Rows without a match stay.
        unmatched: bool,
        /// IPv6 addresses, with IPv4 ones among them.
        v6: bool,
    },
    /// Sizes of intersections, from the states of `hll()` in so many last columns: `s0` is the size of
    /// the first set, `s1` that of its intersection with the second, and so on.
    IntersectionSizes(usize),
    /// The rows, then those of all further tables, which have the same columns.
    Append,
    /// Rows by the shapes that are near.
    ShapeLookup(Box<ShapeLookup>),
    /// Counts of ids over a timeline.
    Activity(Box<Activity>),
    /// Values that occur together in many rows.
    Basket(Box<Basket>),
    /// A few segments that tell most about the rows.
    Autocluster(Box<Autocluster>),
    /// Segments whose share differs between two sets of rows.
    Differences(Box<Differences>),
    /// Texts by the patterns that they share.
    Reduce(Box<Reduce>),
    /// A percentile over the last bins.
    RollingPercentile(Box<RollingPercentile>),
    /// Places that follow each other.
    Sequences(Box<Sequences>),
    /// Ids that go through states.
    Funnel(Box<Funnel>),
    /// The nodes of a graph.
    GraphNodes(GraphNodes),
    /// The places where a pattern is in a graph: edges and nodes are the first two further tables.
    Match(Box<Matching>),
}

impl TableFunction {
    /// The name in errors.
    pub fn name(&self) -> &'static str {
        match self {
            TableFunction::RowsNear { .. } => "rows_near",
            TableFunction::Narrow(_) => "narrow",
            TableFunction::AddressLookup { v6: false, .. } => "ipv4_lookup",
            TableFunction::AddressLookup { v6: true, .. } => "ipv6_lookup",
            TableFunction::IntersectionSizes(_) => "dcount_intersect",
            TableFunction::Append => "union",
            TableFunction::ShapeLookup(lookup) if lookup.areas => "geo_polygon_lookup",
            TableFunction::ShapeLookup(_) => "geo_line_lookup",
            TableFunction::Activity(activity) => match activity.metric {
                Metric::ActiveUsers { .. } => "active_users_count",
                Metric::Counts => "activity_counts_metrics",
                Metric::Changes => "activity_metrics",
                Metric::Engagement { .. } => "activity_engagement",
                Metric::Sliding { .. } => "sliding_window_counts",
                Metric::Sessions { .. } => "session_count",
                Metric::Cohorts { .. } => "new_activity_metrics",
            },
            TableFunction::Basket(_) => "basket",
            TableFunction::Autocluster(_) => "autocluster",
            TableFunction::Differences(_) => "diffpatterns",
            TableFunction::Reduce(_) => "reduce",
            TableFunction::RollingPercentile(_) => "rolling_percentile",
            TableFunction::Sequences(_) => "sequence_detect",
            TableFunction::Funnel(funnel) => match funnel.kind {
                FunnelKind::Neighbours { .. } => "funnel_sequence",
                FunnelKind::Completion { .. } => "funnel_sequence_completion",
            },
            TableFunction::GraphNodes(_) => "make-graph",
            TableFunction::Match(matching) if matching.shortest.is_some() => "graph-shortest-paths",
            TableFunction::Match(_) => "graph-match",
        }
    }
}

/// Makes the nodes of a graph. The first further table has two columns, source and target of each
/// edge; each other one has the node's id first, then the columns that it gives to the outcome.
///
/// The outcome has the id, the number of edges that come in and that go out, the number of the
/// component, then the nodes' columns.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphNodes {
    /// For each table of nodes: where each of its columns after the id goes in the outcome, counted
    /// from the first of the nodes' columns.
    pub places: Vec<Vec<usize>>,
    /// The nodes' columns that hold their ids; nodes that are in no table have them too.
    pub ids: Vec<usize>,
    /// Components are numbered by directed paths both ways.
    pub strong: bool,
}

/// A pattern over a graph. The edges have their source and target first, the nodes their id.
#[derive(Clone, Debug, PartialEq)]
pub struct Matching {
    /// The nodes of the pattern, each variable once.
    pub nodes: Vec<MatchNode>,
    /// The edges of the pattern in the order in which they are written.
    pub edges: Vec<MatchEdge>,
    /// What is made of each match.
    pub outputs: Vec<MatchOutput>,
    /// Which cycles are allowed.
    pub cycles: Cycles,
    /// Only the shortest paths between the two ends: all of them (true), or any one. Where the
    /// shortest is shorter than the least length, there is none.
    pub shortest: Option<bool>,
}

/// What may occur twice in one match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cycles {
    /// Everything, within the lengths of paths.
    All,
    /// No node twice, but where the pattern itself names it twice.
    None,
    /// No edge twice.
    UniqueEdges,
}

/// A node of a pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct MatchNode {
    /// Columns of the nodes, all of which must be true.
    pub conditions: Vec<usize>,
}

/// An edge of a pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct MatchEdge {
    /// The node on its left, by its place in [`Matching::nodes`].
    pub left: usize,
    /// The node on its right.
    pub right: usize,
    /// It goes from left to right.
    pub forward: bool,
    /// It goes from right to left; with `forward`, either way.
    pub backward: bool,
    /// Length of a path; none is one single edge.
    pub hops: Option<(u32, u32)>,
    /// Columns of the edges, all of which must be true for every edge.
    pub conditions: Vec<usize>,
    /// Columns of the nodes, all of which must be true for every node between the ends.
    pub inner: Vec<usize>,
}

/// A column of the outcome of a match.
#[derive(Clone, Debug, PartialEq)]
pub struct MatchOutput {
    /// The value.
    pub part: Part,
    /// Its type.
    pub ty: Type,
}

/// Where a column of a match comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// A column of one node.
    Node(usize, usize),
    /// A column of one edge.
    Edge(usize, usize),
    /// A column of the edges of a path as an array, or of the nodes between its ends.
    Path {
        /// The edge of the pattern.
        edge: usize,
        /// The column.
        column: usize,
        /// Of the nodes between the ends.
        inner: bool,
        /// What becomes of the values.
        fold: MatchColumn,
    },
}

/// What becomes of the values along a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchColumn {
    /// An array.
    List,
    /// All are true.
    All,
    /// Some is true.
    Any,
    /// How many there are.
    Count,
}

/// A sub-query over each group of rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Apply {
    /// Rows with the same values are one group; with `expand`, each row is one.
    pub by: Vec<Expr>,
    /// The arrays whose elements are the rows of the group.
    pub expand: Option<Expand>,
    /// The sub-query, over [`super::Source::Rows`].
    pub operators: Vec<Operator>,
    /// Columns of the outcome: name, whether it is one of the row's that the arrays belong to, its
    /// name there, type.
    pub columns: Vec<(String, bool, String, Type)>,
}
