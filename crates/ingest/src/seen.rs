//! When devices were last heard of, gathered and written once a second.

use std::collections::HashMap;
use std::time::{Duration, Instant};

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

/// What was heard and is not written yet.
#[derive(Default)]
struct Inner {
    waiting: HashMap<TenantId, HashMap<DeviceId, Times>>,
    /// When each device was last written.
    written: HashMap<(TenantId, DeviceId), Instant>,
}

/// What was heard since the last writing.
#[derive(Default)]
pub(crate) struct Seen(Mutex<Inner>);

impl Seen {
    /// A device was heard; `events` if it brought facts.
    pub fn note(&self, tenant: TenantId, device: DeviceId, now: TimeMicros, events: bool) {
        merge(&mut self.0.lock(), tenant, device, Times { seen: now, event: events.then_some(now) });
    }

    /// Writes what was gathered of devices that were not written within `every`; what cannot be
    /// written is kept for the next time.
    pub async fn flush(&self, state: &State, every: Duration) -> palisade_state::Result<()> {
        let mut outcome = Ok(());
        for (tenant, touches) in self.due(every) {
            for chunk in touches.chunks(CHUNK) {
                if outcome.is_ok() {
                    outcome = state.touch_devices(tenant, chunk).await;
                }
                let mut inner = self.0.lock();
                for t in chunk {
                    if outcome.is_ok() {
                        inner.written.insert((tenant, t.device), Instant::now());
                    } else {
                        merge(&mut inner, tenant, t.device, Times { seen: t.last_seen, event: t.last_event });
                    }
                }
            }
        }
        outcome
    }

    fn due(&self, every: Duration) -> Vec<(TenantId, Vec<DeviceTouch>)> {
        let mut inner = self.0.lock();
        let mut waiting = std::mem::take(&mut inner.waiting);
        // A device that was not heard for a while is written at once when it comes back.
        inner.written.retain(|_, at| at.elapsed() < every);
        let mut due = Vec::new();
        for (tenant, devices) in &mut waiting {
            let mut touches = Vec::new();
            devices.retain(|device, t| {
                let wait = inner.written.contains_key(&(*tenant, *device));
                if !wait {
                    touches.push(DeviceTouch { last_event: t.event, ..DeviceTouch::seen(*device, t.seen) });
                }
                wait
            });
            due.push((*tenant, touches));
        }
        waiting.retain(|_, devices| !devices.is_empty());
        inner.waiting = waiting;
        due
    }
}

fn merge(inner: &mut Inner, tenant: TenantId, device: DeviceId, new: Times) {
    let times = inner.waiting.entry(tenant).or_default().entry(device).or_insert(new);
    times.seen = times.seen.max(new.seen);
    times.event = times.event.max(new.event);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_written_at_once_and_then_no_more_often_than_wanted() {
        let seen = Seen::default();
        let (t, d) = (TenantId::random(), DeviceId::random());
        let every = Duration::from_secs(3600);
        seen.note(t, d, TimeMicros(5), false);
        seen.note(t, d, TimeMicros(4), true);
        let due = seen.due(every);
        assert_eq!((due[0].1[0].last_seen, due[0].1[0].last_event), (TimeMicros(5), Some(TimeMicros(4))));
        seen.0.lock().written.insert((t, d), Instant::now());
        seen.note(t, d, TimeMicros(9), false);
        assert!(seen.due(every).iter().all(|(_, touches)| touches.is_empty()));
        assert_eq!(seen.due(Duration::ZERO)[0].1[0].last_seen, TimeMicros(9));
    }
}
