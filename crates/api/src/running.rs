//! Queries that run now: slots per tenant, names for cancelling.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use palisade_types::TenantId;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::query::QueryFailure;

/// Queries that run now.
pub(crate) struct Running {
    slots: usize,
    tenants: Mutex<HashMap<TenantId, Arc<Semaphore>>>,
    named: Arc<Mutex<HashMap<(TenantId, String), Run>>>,
}

struct Run {
    owner: String,
    cancel: CancellationToken,
}

/// A named run; its name is free again when this is dropped.
pub(crate) struct Named {
    named: Arc<Mutex<HashMap<(TenantId, String), Run>>>,
    key: (TenantId, String),
    pub cancelled: CancellationToken,
}

impl Drop for Named {
    fn drop(&mut self) {
        self.named.lock().remove(&self.key);
    }
}

impl Running {
    pub(crate) fn new(slots: usize) -> Self {
        Self { slots: slots.max(1), tenants: Mutex::default(), named: Arc::default() }
    }

    /// One of the tenant's slots, waited for no longer than `patience`.
    pub(crate) async fn slot(
        &self,
        tenant: TenantId,
        patience: Duration,
    ) -> Result<OwnedSemaphorePermit, QueryFailure> {
        let semaphore =
            self.tenants.lock().entry(tenant).or_insert_with(|| Arc::new(Semaphore::new(self.slots))).clone();
        match tokio::time::timeout(patience, semaphore.acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(QueryFailure {
                code: "query_busy".to_owned(),
                message: format!(
                    "{} queries of this tenant run already; try again when one has ended",
                    self.slots
                ),
                ..QueryFailure::default()
            }),
        }
    }

    /// Takes a name; none when a run of the tenant has it.
    pub(crate) fn name(&self, tenant: TenantId, query_id: &str, owner: &str) -> Option<Named> {
        let key = (tenant, query_id.to_owned());
        let cancelled = CancellationToken::new();
        let mut named = self.named.lock();
        if named.contains_key(&key) {
            return None;
        }
        named.insert(key.clone(), Run { owner: owner.to_owned(), cancel: cancelled.clone() });
        Some(Named { named: self.named.clone(), key, cancelled })
    }

    /// Cancels a run when `may` agrees with its owner; false when there is none that it agrees to.
    pub(crate) fn cancel(&self, tenant: TenantId, query_id: &str, may: impl Fn(&str) -> bool) -> bool {
        let named = self.named.lock();
        match named.get(&(tenant, query_id.to_owned())) {
            Some(run) if may(&run.owner) => {
                run.cancel.cancel();
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn slots_are_per_tenant_and_come_back() {
        let running = Running::new(1);
        let (a, b) = (TenantId::random(), TenantId::random());
        let held = running.slot(a, Duration::ZERO).await.expect("the first slot");
        assert_eq!(running.slot(a, Duration::ZERO).await.expect_err("no second").code, "query_busy");
        assert!(running.slot(b, Duration::ZERO).await.is_ok());
        drop(held);
        assert!(running.slot(a, Duration::ZERO).await.is_ok());
    }

    #[test]
    fn a_run_is_cancelled_by_its_tenant_and_owner_only() {
        let running = Running::new(1);
        let (a, b) = (TenantId::random(), TenantId::random());
        let run = running.name(a, "q", "ann").expect("free");
        assert!(running.name(a, "q", "ann").is_none());
        assert!(!running.cancel(b, "q", |_| true));
        assert!(!running.cancel(a, "q", |owner| owner == "bob"));
        assert!(!run.cancelled.is_cancelled());
        assert!(running.cancel(a, "q", |owner| owner == "ann") && run.cancelled.is_cancelled());
        drop(run);
        assert!(running.name(a, "q", "bob").is_some());
    }
}
