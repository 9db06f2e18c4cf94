//! What every handler shares.

use std::ops::Deref;
use std::sync::Arc;

use crate::config::ApiConfig;
use crate::running::Running;
use crate::throttle::Throttle;
use palisade_kql::SchemaCatalogue;
use tokio::sync::Semaphore;

/// What every handler shares; cheap to clone.
#[derive(Clone)]
pub(crate) struct Api(Arc<Shared>);

/// The content of [`Api`].
pub(crate) struct Shared {
    pub config: ApiConfig,
    pub catalogue: SchemaCatalogue,
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
            catalogue: SchemaCatalogue,
            running,
            throttle,
            strangers,
            packing: Semaphore::new(1),
            config,
        }))
    }
}

impl Deref for Api {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
