//! What the sensor says of itself and its machine: heartbeats and device facts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use palisade_types::{Lane, TimeMicros};
use palisade_wire::msg::{Fact, Heartbeat, fact};

use super::Recorder;
use crate::device;

const HEARTBEAT: Duration = Duration::from_secs(30);
/// A part that has changed its state is told of earlier, but no earlier than this after the last.
const EARLY: Duration = Duration::from_secs(10);
/// Device facts are looked at this often and sent when they changed.
const LOOK: Duration = Duration::from_secs(60);
/// And sent at least this often.
const RESEND: Duration = Duration::from_secs(3600);
/// Freed memory goes back to the system above this.
const TRIM_BYTES: u64 = 24 << 20;

/// Sends both until the sensor stops.
pub async fn run(recorder: Arc<Recorder>) {
    let mut stop = recorder.stop.subscribe();
    let mut looked = Instant::now();
    let mut sent = Instant::now();
    recorder.send_device_info();
    // The first heartbeat waits for capture to say how it started, but not long.
    for _ in 0..50 {
        if !recorder.capture.lock().components.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    loop {
        recorder.send_heartbeat();
        if device::resident_bytes() > TRIM_BYTES {
            // SAFETY: gives unused heap pages back; no pointer is involved.
            unsafe { libc::malloc_trim(0) };
        }
        tokio::select! {
            () = pause(&recorder) => {}
            _ = stop.wait_for(|s| s.ends()) => return,
        }
        if looked.elapsed() >= LOOK {
            looked = Instant::now();
            if sent.elapsed() >= RESEND || recorder.device_changed() {
                sent = Instant::now();
                recorder.send_device_info();
            }
        }
    }
}

/// Waits until the next heartbeat is due, or a part has changed its state.
async fn pause(recorder: &Recorder) {
    let told = recorder.states();
    let changed = async {
        loop {
            tokio::time::sleep(EARLY).await;
            if recorder.states() != told {
                return;
            }
        }
    };
    // That the time is over is as good.
    let _ = tokio::time::timeout(HEARTBEAT, changed).await;
}

impl Recorder {
    /// The parts with their states, but for those that change with the way to the server: while it
    /// comes and goes a heartbeat could not be sent anyway.
    fn states(&self) -> Vec<(String, String)> {
        let way = ["connection", "orders", "clock", "certificate"];
        let parts = self.components().into_iter().filter(|c| !way.contains(&c.name.as_str()));
        parts.map(|c| (c.name, c.state)).collect()
    }

    /// Sends the device's facts.
    pub fn send_device_info(&self) {
        let info = device::device_info(self.settings.device_name.as_deref());
        *self.sent_info.lock() = Some(info.clone());
        self.spool.append_facts(Lane::Priority, vec![now(fact::Kind::DeviceInfo(info))], None);
    }

    fn device_changed(&self) -> bool {
        let info = device::device_info(self.settings.device_name.as_deref());
        self.sent_info.lock().as_ref() != Some(&info)
    }

    /// Sends a heartbeat with all counters and the state of all components.
    pub fn send_heartbeat(&self) {
        let capture = self.capture.lock().clone();
        let connection = self.connection.view();
        let beat = Heartbeat {
            counters: self.counters.snapshot().into_iter().filter(|c| !c.kind.starts_with('~')).collect(),
            components: self.components(),
            started_us: self.started_us,
            resident_bytes: device::resident_bytes(),
            cpu_us: device::cpu_us(),
            spool_bytes: self.spool.usage().bytes,
            sensor_version: env!("CARGO_PKG_VERSION").into(),
            scope: self.settings.scope.clone().unwrap_or_default(),
            ring_bytes: capture.ring_bytes,
            processes_cached: capture.processes_cached,
            clock_offset_us: connection.clock_measured.then_some(connection.clock_offset_us),
            beating_since_us: self.beating.lock().beat(TimeMicros::now().0),
        };
        self.spool.append_facts(Lane::Control, vec![now(fact::Kind::Heartbeat(beat))], None);
    }
}

fn now(kind: fact::Kind) -> Fact {
    Fact { time_us: TimeMicros::now().0, kind: Some(kind), ..Fact::default() }
}
