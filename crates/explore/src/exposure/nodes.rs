use std::sync::Arc;

use super::cells::TextRows;
use super::words::{categories_of, entity_ids, label, node_id, properties};
use super::{BATCH_BYTES, BATCH_ROWS, COUNTED_ROWS, Exposure, Pick};
use crate::schema::TableId;

/// Nodes on their way out, one table after the other.
pub(super) struct Nodes {
    exposure: Arc<Exposure>,
    columns: Vec<usize>,
    pick: Pick,
    /// The table that comes next.
    table: usize,
    /// Nodes of the one before that are still to come, the last of them first.
    left: Vec<u32>,
}

impl Nodes {
    pub fn new(exposure: Arc<Exposure>, columns: &[usize], pick: Pick) -> Self {
        Self { exposure, columns: columns.to_vec(), pick, table: 0, left: Vec::new() }
    }

    pub fn batch(&mut self) -> TextRows {
        let mut out = TextRows::new(self.columns.len());
        loop {
            let Some(at) = self.table.checked_sub(1).map(TableId::at).filter(|_| !self.left.is_empty())
            else {
                if self.table == self.exposure.state.tables.len() {
                    return out;
                }
                self.open();
                continue;
            };
            if self.columns.is_empty() {
                let some = self.left.len().min(COUNTED_ROWS - out.rows);
                self.left.truncate(self.left.len() - some);
                out.rows += some;
            } else if let Some(number) = self.left.pop() {
                self.row(at, number, &mut out);
            }
            let most = if self.columns.is_empty() { COUNTED_ROWS } else { BATCH_ROWS };
            if out.rows >= most || out.bytes() >= BATCH_BYTES {
                return out;
            }
        }
    }

    fn open(&mut self) {
        let table = TableId::at(self.table);
        let found = self.exposure.picked(table, &self.pick);
        self.left = found.unwrap_or_else(|| self.exposure.state.table(table).all()).iter().collect();
        self.left.reverse();
        self.table += 1;
    }

    fn row(&self, table: TableId, number: u32, out: &mut TextRows) {
        let state = &self.exposure.state;
        let own = state.table(table);
        for (column, cells) in self.columns.iter().zip(&mut out.columns) {
            match column {
                0 => cells.push_parts(&node_id(state, table, number)),
                1 => cells.push(label(state, table, number)),
                2 => cells.push(own.name(number)),
                3 => cells.push(categories_of(state, table, number)),
                4 => cells.push(&properties(&self.exposure, table, number)),
                5 => cells.push(&entity_ids(state, table, number)),
                _ => cells.push(""),
            }
        }
        out.rows += 1;
    }
}
