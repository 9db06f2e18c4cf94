//! The graph as rows of the hunting tables `ExposureGraphNodes` and `ExposureGraphEdges`.
//!
//! Rows are made a batch at a time and only of the columns that are asked for, so that a graph of a hundred
//! million edges is never there twice. What the caller may not see is left out before a cell is made.

mod cells;
mod edges;
mod nodes;
mod words;

use std::sync::Arc;

pub use cells::{TextColumn, TextRows};

use serde::{Deserialize, Serialize};

use crate::eval::{Access, sight};
use crate::graph::Snapshot;
use crate::query::QueryError;
use crate::schema::{TableId, schema};
use crate::store::{Set, State};
use edges::Edges;
use nodes::Nodes;

/// Columns of `ExposureGraphNodes`, in order.
pub const NODE_COLUMNS: [&str; 6] =
    ["NodeId", "NodeLabel", "NodeName", "Categories", "NodeProperties", "EntityIds"];
/// Columns of `ExposureGraphEdges`, in order.
pub const EDGE_COLUMNS: [&str; 11] = [
    "EdgeId",
    "EdgeLabel",
    "SourceNodeId",
    "SourceNodeName",
    "SourceNodeLabel",
    "SourceNodeCategories",
    "TargetNodeId",
    "TargetNodeName",
    "TargetNodeLabel",
    "TargetNodeCategories",
    "EdgeProperties",
];

/// Most rows of a batch with cells.
const BATCH_ROWS: usize = 8192;
/// A batch with more bytes of cells than this gets no further row.
const BATCH_BYTES: usize = 4 << 20;
/// Most rows of a batch that only counts them.
const COUNTED_ROWS: usize = 1 << 20;

/// A condition that a scan goes by: the column has one of these texts. Columns for which a scan knows no
/// shorter way than looking at each row are passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Only {
    /// The column's name.
    pub column: String,
    /// The texts; case matters.
    pub texts: Vec<String>,
}

/// A snapshot as somebody sees it.
pub struct Exposure {
    state: Arc<State>,
    /// Which nodes of each table they see; none where all.
    sight: Vec<Option<Set>>,
}

/// Which nodes of a table are asked for. What is none does not matter.
#[derive(Clone, Debug, Default)]
struct Pick {
    ids: Option<Vec<String>>,
    names: Option<Vec<String>>,
    labels: Option<Vec<String>>,
}

/// Rows of one of the two tables as they are made.
pub struct ExposureScan(Kind);

enum Kind {
    Nodes(Nodes),
    Edges(Edges),
}

impl Snapshot {
    /// The snapshot as the rows that somebody may see.
    ///
    /// # Errors
    /// `too_much_work` if it takes too long to find out what these are.
    pub fn exposure(&self, access: &Access) -> Result<Exposure, QueryError> {
        Ok(Exposure { state: Arc::clone(&self.state), sight: sight(&self.state, access)? })
    }
}

impl Exposure {
    /// Rows of `ExposureGraphNodes`: every node, by type and number. `columns` are places in
    /// [`NODE_COLUMNS`]; what is not there has empty cells.
    pub fn nodes(self: &Arc<Self>, columns: &[usize], only: &[Only]) -> ExposureScan {
        ExposureScan(Kind::Nodes(Nodes::new(Arc::clone(self), columns, Pick::of(only, "Node"))))
    }

    /// Rows of `ExposureGraphEdges`: every edge of which both ends are seen, by connection. `columns` are
    /// places in [`EDGE_COLUMNS`].
    pub fn edges(self: &Arc<Self>, columns: &[usize], only: &[Only]) -> ExposureScan {
        ExposureScan(Kind::Edges(Edges::new(Arc::clone(self), columns, only)))
    }

    /// Whether a node is seen.
    fn sees(&self, table: TableId, number: u32) -> bool {
        self.sight[table.index()].as_ref().is_none_or(|s| s.has(number))
    }

    /// The nodes of a table that are asked for and seen; none where that is all of them.
    fn picked(&self, table: TableId, pick: &Pick) -> Option<Set> {
        let own = self.state.table(table);
        let mut found = self.sight[table.index()].clone();
        let mut narrow = |set: Set| match &mut found {
            Some(found) => found.keep(&set),
            None => found = Some(set),
        };
        if let Some(labels) = &pick.labels {
            let kinds = schema().table(table).kinds.iter().zip(0u8..);
            let kinds: Vec<u8> =
                kinds.filter(|(k, _)| labels.iter().any(|l| l == k.name())).map(|(_, at)| at).collect();
            narrow(own.nodes(&kinds));
        }
        if let Some(ids) = &pick.ids {
            let keys = ids.iter().filter_map(|id| id.split_once('/'));
            let keys = keys.filter(|(of, _)| *of == schema().table(table).name);
            narrow(keys.filter_map(|(_, key)| own.find(key, &self.state.hasher)).collect());
        }
        if let Some(names) = &pick.names {
            let mut set = Set::default();
            for name in names {
                let behind = own.behind(&|n, _| n < name.as_str());
                behind.take_while(|n| own.name(*n) == name).for_each(|n| set.insert(n));
            }
            narrow(set);
        }
        found
    }
}

impl Pick {
    /// From conditions on the columns that begin so.
    fn of(only: &[Only], prefix: &str) -> Self {
        let mut pick = Self::default();
        for o in only {
            let slot = match o.column.strip_prefix(prefix) {
                Some("Id" | "NodeId") => &mut pick.ids,
                Some("Name" | "NodeName") => &mut pick.names,
                Some("Label" | "NodeLabel") => &mut pick.labels,
                _ => continue,
            };
            // All conditions hold, so the texts that are in each list.
            match slot {
                Some(texts) => texts.retain(|t| o.texts.contains(t)),
                None => *slot = Some(o.texts.clone()),
            }
        }
        pick
    }
}

impl ExposureScan {
    /// The next rows; none when there are no more. A batch is bounded in rows and bytes.
    pub fn batch(&mut self) -> Option<TextRows> {
        let rows = match &mut self.0 {
            Kind::Nodes(scan) => scan.batch(),
            Kind::Edges(scan) => scan.batch(),
        };
        (rows.rows > 0).then_some(rows)
    }
}
