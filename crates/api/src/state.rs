//! What every handler shares.

use std::ops::Deref;
use std::sync::Arc;

use crate::config::ApiConfig;
use crate::query::QueryClient;
use crate::running::Running;
use crate::throttle::Throttle;
use palisade_kql::{Catalogue, SchemaCatalogue, TableDef};
use tokio::sync::Semaphore;

/// What every handler shares; cheap to clone.
#[derive(Clone)]
pub(crate) struct Api(Arc<Shared>);

/// The content of [`Api`].
pub(crate) struct Shared {
    pub config: ApiConfig,
    pub catalogue: Tables,
    pub running: Running,
    /// Attempts to sign in or to set up an account.
    pub throttle: Throttle,
    /// Audit entries of calls without a good credential. A bucket of its own: a page that polls with
    /// an ended session, or a foreign page's blind requests, must not use up the attempts to sign in.
    pub strangers: Throttle,
    /// Packages that are made at once.
    pub packing: Semaphore,
}

impl Api {
    pub(crate) fn new(config: ApiConfig) -> Self {
        let running = Running::new(config.query_slots);
        let throttle = Throttle::new(config.attempts_per_minute);
        let strangers = Throttle::new(config.attempts_per_minute);
        Self(Arc::new(Shared {
            catalogue: Tables(Arc::clone(&config.query)),
            running,
            throttle,
            strangers,
            packing: Semaphore::new(1),
            config,
        }))
    }
}

/// The hunting tables, with what those who run queries know besides.
#[derive(Clone)]
pub(crate) struct Tables(Arc<dyn QueryClient>);

impl Catalogue for Tables {
    fn table(&self, name: &str) -> Option<TableDef> {
        SchemaCatalogue.table(name)
    }

    fn tables(&self) -> Vec<String> {
        SchemaCatalogue.tables()
    }

    fn locates_addresses(&self) -> bool {
        self.0.locates_addresses()
    }
}

impl Deref for Api {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
