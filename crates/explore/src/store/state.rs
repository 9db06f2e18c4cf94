use std::collections::BTreeMap;
use std::hash::RandomState;
use std::sync::Arc;

use palisade_types::TimeMicros;

use super::{Neighbours, Relations, Table};
use crate::schema::{Link, Relation, TableId, schema};

/// A graph at one moment.
#[derive(Clone)]
pub(crate) struct State {
    pub tables: Vec<Arc<Table>>,
    pub relations: Vec<Arc<Relations>>,
    /// Feeds that are there, with the time that their data speaks of.
    pub sources: BTreeMap<&'static str, TimeMicros>,
    /// Grows with every set of changes.
    pub generation: u64,
    pub hasher: Arc<RandomState>,
}

impl State {
    pub fn new() -> Self {
        let schema = schema();
        Self {
            tables: (0..schema.tables.len()).map(|t| Arc::new(Table::new(TableId::at(t)))).collect(),
            relations: schema.relations.iter().map(|_| Arc::default()).collect(),
            sources: BTreeMap::new(),
            generation: 0,
            hasher: Arc::new(RandomState::new()),
        }
    }

    pub fn table(&self, table: TableId) -> &Table {
        &self.tables[table.index()]
    }

    pub fn table_mut(&mut self, table: TableId) -> &mut Table {
        Arc::make_mut(&mut self.tables[table.index()])
    }

    pub fn relation(&self, relation: Relation) -> &Relations {
        &self.relations[relation.index()]
    }

    pub fn relation_mut(&mut self, relation: Relation) -> &mut Relations {
        Arc::make_mut(&mut self.relations[relation.index()])
    }

    /// The neighbours of a node over one step.
    pub fn neighbours(&self, link: Link, number: u32) -> Neighbours<'_> {
        self.relation(link.relation).of(number, link.forward)
    }
}
