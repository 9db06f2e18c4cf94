//! When devices were last heard of, gathered and written once a second.

use std::collections::HashMap;

use palisade_state::{DeviceTouch, State};
use palisade_types::{DeviceId, TenantId, TimeMicros};
use parking_lot::Mutex;

/// Devices in one statement.
const CHUNK: usize = 1000;

#[derive(Clone, Copy)]
struct Times {
    seen: TimeMicros,
    event: Option<TimeMicros>,
}

/// What was heard since the last writing.
#[derive(Default)]
pub(crate) struct Seen(Mutex<HashMap<TenantId, HashMap<DeviceId, Times>>>);

impl Seen {
    /// A device was heard; `events` if it brought facts.
    pub fn note(&self, tenant: TenantId, device: DeviceId, now: TimeMicros, events: bool) {
        self.merge(tenant, device, Times { seen: now, event: events.then_some(now) });
    }

    fn merge(&self, tenant: TenantId, device: DeviceId, new: Times) {
        let mut all = self.0.lock();
        let times = all.entry(tenant).or_default().entry(device).or_insert(new);
        times.seen = times.seen.max(new.seen);
        times.event = times.event.max(new.event);
    }

    /// Writes what was gathered; what cannot be written is kept for the next time.
    pub async fn flush(&self, state: &State) -> palisade_state::Result<()> {
        let taken = std::mem::take(&mut *self.0.lock());
        let mut outcome = Ok(());
        for (tenant, devices) in taken {
            let touches: Vec<_> = devices
                .iter()
                .map(|(device, t)| DeviceTouch { last_event: t.event, ..DeviceTouch::seen(*device, t.seen) })
                .collect();
            for chunk in touches.chunks(CHUNK) {
                let written = if outcome.is_ok() { state.touch_devices(tenant, chunk).await } else { Ok(()) };
                if outcome.is_err() || written.is_err() {
                    for t in chunk {
                        self.merge(tenant, t.device, Times { seen: t.last_seen, event: t.last_event });
                    }
                }
                if outcome.is_ok() {
                    outcome = written;
                }
            }
        }
        outcome
    }
}
