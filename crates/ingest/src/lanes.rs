//! One at a time per device and lane, so that a lane's batches enter the log in their order.

use std::collections::HashMap;
use std::sync::Arc;

use palisade_types::{DeviceId, Lane, TenantId};
use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;

type Key = (TenantId, DeviceId, Lane);
type Locks = Mutex<HashMap<Key, Arc<tokio::sync::Mutex<()>>>>;

/// The locks that are in use now.
#[derive(Clone, Default)]
pub(crate) struct LaneLocks(Arc<Locks>);

/// Held while a lane's batches are judged and appended.
pub(crate) struct LaneGuard {
    locks: Arc<Locks>,
    key: Key,
    guard: Option<OwnedMutexGuard<()>>,
}

impl LaneLocks {
    pub async fn lock(&self, tenant: TenantId, device: DeviceId, lane: Lane) -> LaneGuard {
        let key = (tenant, device, lane);
        let lock = self.0.lock().entry(key).or_default().clone();
        let guard = lock.lock_owned().await;
        LaneGuard { locks: self.0.clone(), key, guard: Some(guard) }
    }
}

impl Drop for LaneGuard {
    fn drop(&mut self) {
        let mut locks = self.locks.lock();
        self.guard = None;
        // Only the map holds it: nobody waits, and nobody can begin to while the map is locked.
        if locks.get(&self.key).is_some_and(|l| Arc::strong_count(l) == 1) {
            locks.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_lane_is_exclusive_others_are_free_and_nothing_is_left_behind() {
        let locks = LaneLocks::default();
        let (t, d) = (TenantId::random(), DeviceId::random());
        let first = locks.lock(t, d, Lane::Bulk).await;
        let other = locks.lock(t, d, Lane::Control).await;
        let mut second = Box::pin(locks.lock(t, d, Lane::Bulk));
        assert!(futures::poll!(&mut second).is_pending());
        drop(first);
        drop(second.await);
        drop(other);
        assert!(locks.0.lock().is_empty());
    }
}
