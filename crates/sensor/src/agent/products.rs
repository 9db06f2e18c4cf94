//! Tells which security products are beside the sensor. Read from files alone: no process is started,
//! and no product is asked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use palisade_estate::edr::HostFacts;
use palisade_types::{Lane, TimeMicros};
use palisade_wire::msg::{Fact, SecurityProducts, fact};

use super::Recorder;
use crate::host;

/// The first look waits for what a start has to do.
const FIRST: Duration = Duration::from_secs(5);
/// How often it is looked.
const LOOK: Duration = Duration::from_secs(900);
/// What has not changed is told again this often: facts count for three days.
const RESEND: Duration = Duration::from_secs(6 * 3600);

/// Looks and tells until the sensor stops. A sensor of a part of a machine says nothing of the machine.
pub async fn run(recorder: Arc<Recorder>) {
    if recorder.settings.scope.is_some() {
        return;
    }
    let mut stop = recorder.stop.subscribe();
    let mut told: Option<(HostFacts, Instant)> = None;
    let mut wait = FIRST;
    loop {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = stop.wait_for(|s| s.ends()) => return,
        }
        wait = LOOK;
        let layout = recorder.settings.layout.clone();
        let Ok(seen) = tokio::task::spawn_blocking(move || host::products_seen(&layout)).await else {
            recorder.counters.add("products_look_failures", 1);
            continue;
        };
        let known =
            told.as_ref().is_some_and(|(before, at)| at.elapsed() < RESEND && before.same_sight(&seen));
        if known {
            continue;
        }
        recorder.send_products(&seen);
        told = Some((seen, Instant::now()));
    }
}

impl Recorder {
    /// Sends what was seen of security products.
    pub fn send_products(&self, seen: &HostFacts) {
        // Facts are lists of texts and numbers, which JSON can hold.
        let facts = serde_json::to_string(seen).unwrap_or_default();
        let kind = Some(fact::Kind::Products(SecurityProducts { facts }));
        let fact = Fact { time_us: TimeMicros::now().0, kind, ..Fact::default() };
        self.spool.append_facts(Lane::Control, vec![fact], None);
    }
}
