//! A tenant's graph: one writer at a time, any number of readers, none of which waits for the other.

use std::sync::Arc;

use palisade_types::{TenantId, TimeMicros};
use parking_lot::{Mutex, RwLock};

use crate::apply::apply;
use crate::change::{Change, ChangeError};
use crate::store::{Sizes, State};

/// A change that was not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its place in the list.
    pub at: usize,
    /// Why.
    pub error: ChangeError,
}

/// What became of a list of changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// The generation that has them.
    pub generation: u64,
    /// Those that were not made; the others were.
    pub refused: Vec<Refusal>,
}

/// The graph of one tenant. Nothing is shared between two graphs but the schema.
pub struct Graph {
    tenant: TenantId,
    /// What the next list of changes starts from.
    working: Mutex<State>,
    /// What readers get.
    published: RwLock<Arc<State>>,
}

impl Graph {
    /// An empty graph, whose feeds have not delivered anything yet.
    pub fn new(tenant: TenantId) -> Self {
        Loader::new(tenant).finish()
    }

    /// Whose it is.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Makes changes in their order. Readers see all of them or none.
    pub fn apply(&self, changes: &[Change]) -> Applied {
        let mut working = self.working.lock();
        let refused = apply_all(&mut working, changes);
        working.generation += 1;
        let next = Arc::new(working.clone());
        let generation = next.generation;
        let last = std::mem::replace(&mut *self.published.write(), next);
        drop(working);
        // Whatever it alone held is freed here, outside of both locks.
        drop(last);
        Applied { generation, refused }
    }

    /// The graph as it is now; later changes do not show in it.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { tenant: self.tenant, state: Arc::clone(&self.published.read()) }
    }
}

/// Builds a graph from everything that there is, for which nobody waits in between: much faster
/// than [`Graph::apply`], which keeps what readers may hold.
pub struct Loader {
    tenant: TenantId,
    state: State,
}

impl Loader {
    /// Nothing loaded yet.
    pub fn new(tenant: TenantId) -> Self {
        let mut state = State::new();
        for relation in &mut state.relations {
            Arc::make_mut(relation).begin();
        }
        for table in &mut state.tables {
            Arc::make_mut(table).begin();
        }
        Self { tenant, state }
    }

    /// Makes changes; gives those that were refused.
    pub fn load(&mut self, changes: &[Change]) -> Vec<Refusal> {
        apply_all(&mut self.state, changes)
    }

    /// The graph.
    pub fn finish(mut self) -> Graph {
        for relation in &mut self.state.relations {
            Arc::make_mut(relation).finish();
        }
        for table in &mut self.state.tables {
            Arc::make_mut(table).finish();
        }
        let published = RwLock::new(Arc::new(self.state.clone()));
        Graph { tenant: self.tenant, working: Mutex::new(self.state), published }
    }
}

fn apply_all(state: &mut State, changes: &[Change]) -> Vec<Refusal> {
    let mut refused = Vec::new();
    for (at, change) in changes.iter().enumerate() {
        if let Err(error) = apply(state, change) {
            refused.push(Refusal { at, error });
        }
    }
    refused
}

/// A graph at one moment. It is cheap to take and to keep for a while; what changes meanwhile is
/// copied for as long as it is kept.
#[derive(Clone)]
pub struct Snapshot {
    tenant: TenantId,
    pub(crate) state: Arc<State>,
}

impl Snapshot {
    /// Whose it is.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Which state it is; grows with every list of changes.
    pub fn generation(&self) -> u64 {
        self.state.generation
    }

    /// The time that a feed's data speaks of; none if the feed is not there.
    pub fn as_of(&self, source: &str) -> Option<TimeMicros> {
        self.state.sources.get(source).copied()
    }

    /// How large it is. Counts everything, so not for each request.
    pub fn sizes(&self) -> Sizes {
        Sizes::of(&self.state)
    }
}
