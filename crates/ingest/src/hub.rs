//! Wakes the order streams of a device when it has a new order.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use palisade_state::{OrderNotice, State};
use palisade_types::{DeviceId, TenantId};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::metrics::Metrics;

type Key = (TenantId, DeviceId);

struct Waiting {
    wake: watch::Sender<u64>,
    streams: usize,
}

/// All streams that are open.
#[derive(Clone, Default)]
pub(crate) struct OrderHub(Arc<Mutex<HashMap<Key, Waiting>>>);

/// One stream's place in the hub.
pub(crate) struct Subscription {
    hub: OrderHub,
    key: Key,
    wake: watch::Receiver<u64>,
}

impl OrderHub {
    /// A place for one more stream; `None` if the device has `most` already.
    pub fn subscribe(&self, tenant: TenantId, device: DeviceId, most: usize) -> Option<Subscription> {
        let key = (tenant, device);
        let mut all = self.0.lock();
        let entry = all.entry(key).or_insert_with(|| Waiting { wake: watch::Sender::new(0), streams: 0 });
        if entry.streams >= most {
            return None;
        }
        entry.streams += 1;
        let wake = entry.wake.subscribe();
        Some(Subscription { hub: self.clone(), key, wake })
    }

    fn wake(&self, key: &Key) {
        if let Some(entry) = self.0.lock().get(key) {
            entry.wake.send_modify(|n| *n += 1);
        }
    }

    fn wake_all(&self) {
        for entry in self.0.lock().values() {
            entry.wake.send_modify(|n| *n += 1);
        }
    }

    /// Listens to the database until stopped; while it is down, streams stay open and wait.
    pub async fn listen(self, state: State, metrics: Metrics, stop: CancellationToken) {
        loop {
            let session = async {
                let mut listener = state.order_listener().await?;
                // Orders of before the listening began are not announced.
                self.wake_all();
                loop {
                    match listener.recv().await? {
                        OrderNotice::Order { tenant, device } => self.wake(&(tenant, device)),
                        OrderNotice::Resync => self.wake_all(),
                    }
                }
            };
            let ended: palisade_state::Result<()> = tokio::select! {
                ended = session => ended,
                () = stop.cancelled() => return,
            };
            if let Err(e) = ended {
                metrics.background_failed("order_listener");
                tracing::warn!(error = %e, "listening for orders failed; trying again");
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(2)) => {}
                () = stop.cancelled() => return,
            }
        }
    }
}

impl Subscription {
    /// Returns when there may be an order. Nothing is missed between two calls.
    pub async fn woken(&mut self) {
        if self.wake.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut all = self.hub.0.lock();
        if let Some(entry) = all.get_mut(&self.key) {
            entry.streams -= 1;
            if entry.streams == 0 {
                all.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wake_is_not_lost_and_places_are_bounded() {
        let hub = OrderHub::default();
        let key = (TenantId::random(), DeviceId::random());
        let mut a = hub.subscribe(key.0, key.1, 2).expect("place");
        let b = hub.subscribe(key.0, key.1, 2).expect("place");
        assert!(hub.subscribe(key.0, key.1, 2).is_none());
        hub.wake(&key);
        a.woken().await;
        assert!(futures::poll!(Box::pin(a.woken())).is_pending());
        drop((a, b));
        assert!(hub.0.lock().is_empty());
    }
}
