//! How much of the door one device holds at this moment, so that none can hold all of it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use palisade_types::{DeviceId, TenantId};
use parking_lot::Mutex;

type Key = (TenantId, DeviceId);

#[derive(Default)]
struct Share {
    uploads: usize,
    bytes: usize,
}

/// Every device that has a request under way.
#[derive(Clone, Default)]
pub(crate) struct InFlight(Arc<Mutex<HashMap<Key, Share>>>);

/// One request's part of its device's share; given back when dropped.
pub(crate) struct Upload {
    all: InFlight,
    key: Key,
    bytes: AtomicUsize,
}

impl InFlight {
    /// A place for one more request; `None` if the device has `most` already.
    pub fn enter(&self, tenant: TenantId, device: DeviceId, most: usize) -> Option<Upload> {
        let key = (tenant, device);
        let mut all = self.0.lock();
        let share = all.entry(key).or_default();
        if share.uploads >= most {
            return None;
        }
        share.uploads += 1;
        Some(Upload { all: self.clone(), key, bytes: AtomicUsize::new(0) })
    }
}

impl Upload {
    /// Takes so many bytes into the device's share; `false` if that would pass `most`.
    pub fn hold(&self, bytes: usize, most: usize) -> bool {
        let mut all = self.all.0.lock();
        let Some(share) = all.get_mut(&self.key) else { return false };
        // One body of any size is always let in.
        if share.bytes > 0 && share.bytes.saturating_add(bytes) > most {
            return false;
        }
        share.bytes += bytes;
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        true
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let mut all = self.all.0.lock();
        if let Some(share) = all.get_mut(&self.key) {
            share.uploads -= 1;
            share.bytes -= self.bytes.load(Ordering::Relaxed);
            if share.uploads == 0 {
                all.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_has_its_share_and_another_has_its_own() {
        let all = InFlight::default();
        let (t, a, b) = (TenantId::random(), DeviceId::random(), DeviceId::random());
        let first = all.enter(t, a, 2).expect("a place");
        let second = all.enter(t, a, 2).expect("a place");
        assert!(all.enter(t, a, 2).is_none());
        let other = all.enter(t, b, 2).expect("another device has places");
        assert!(first.hold(100, 50), "one body is always let in");
        assert!(!second.hold(1, 50) && other.hold(50, 50));
        drop(first);
        assert!(second.hold(50, 50));
        drop((second, other));
        assert!(all.0.lock().is_empty());
    }
}
