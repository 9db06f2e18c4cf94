//! What the api process does by itself: it carries out, step by step, what people decided, because it alone can
//! sign orders, and makes exports by the clock. Each driver is a module of its own, and reads from the database what is still to be done, so
//! that an end in the middle loses nothing.

use tokio::task::JoinSet;

use crate::state::Api;
use crate::{baseline_driver, block_driver, export_driver, remediation_driver};

/// The drivers, not yet running.
pub struct Background {
    api: Api,
}

impl std::fmt::Debug for Background {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Background")
    }
}

impl Background {
    pub(crate) fn new(api: Api) -> Self {
        Self { api }
    }

    /// Runs all of them for good; dropping it ends them.
    pub async fn run(self) {
        let mut drivers = JoinSet::new();
        drivers.spawn(remediation_driver::run(self.api.clone()));
        drivers.spawn(baseline_driver::run(self.api.clone()));
        drivers.spawn(block_driver::run(self.api.clone()));
        drivers.spawn(export_driver::run(self.api.clone()));
        while let Some(ended) = drivers.join_next().await {
            if let Err(e) = ended {
                tracing::error!(error = %e, "a driver of the api ended");
            }
        }
    }
}
