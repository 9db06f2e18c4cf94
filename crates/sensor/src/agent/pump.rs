//! The capture thread: ring to spool, and only then the ring advances.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use palisade_types::Lane;
use palisade_wire::msg::Component;

use super::source::{Source, application_fact};
use super::{CaptureView, Recorder};
use crate::block::event::Execution;

/// The ring is drained at least this often; the kernel wakes us earlier when it fills.
const DRAIN: Duration = Duration::from_millis(100);

/// A capture that did not start is tried again this often.
const RETRY: Duration = Duration::from_secs(60);

/// Components and counters are read this often.
const LOOK: Duration = Duration::from_secs(1);

/// Runs until the sensor stops; ends with a last drain and a sealed spool.
pub fn run(recorder: &Recorder) {
    let mut source = start(recorder);
    let mut tried = Instant::now();
    let mut looked = Instant::now();
    let mut more = false;
    loop {
        recorder.beat_pulse();
        let ending = recorder.stop.borrow().ends();
        let asked = recorder.take_drain_requests();
        // Taken before the drain: then the drain knows the processes that they name.
        let executions = recorder.applications.take();
        match &mut source {
            Some(s) => {
                // Nothing wakes us for what the last round left in the ring.
                if !ending && !more && asked.is_empty() && executions.is_empty() {
                    s.wait(DRAIN);
                }
                // A defect in reading one record must not silence the spool and the heartbeats.
                // What was not kept stays in the ring for the next start.
                let pumped = catch_unwind(AssertUnwindSafe(|| s.pump(recorder)));
                more = *pumped.as_ref().unwrap_or(&false);
                if pumped.is_err() {
                    source = None;
                    tried = Instant::now();
                    recorder.counters.add("capture_panics", 1);
                    failed(recorder, "capture ended by a defect of its own; it is tried again".into());
                    tell_alone(recorder, &executions);
                } else {
                    s.tell(recorder, &executions);
                }
                if let Some(s) = &mut source
                    && looked.elapsed() >= LOOK
                {
                    looked = Instant::now();
                    show(recorder, s);
                }
            }
            None => {
                tell_alone(recorder, &executions);
                if !ending {
                    std::thread::sleep(DRAIN);
                    if tried.elapsed() >= RETRY {
                        tried = Instant::now();
                        source = start(recorder);
                    }
                }
            }
        }
        for a in asked {
            // Nobody may be waiting any more.
            let _ = a.send(());
        }
        recorder.spool.tick(Instant::now());
        if ending {
            break;
        }
    }
    recorder.spool.close();
}

/// Tells executions without capture, which alone knows processes.
fn tell_alone(recorder: &Recorder, executions: &[Execution]) {
    if !executions.is_empty() {
        let facts = executions.iter().map(|e| application_fact(e, 0, 0)).collect();
        recorder.spool.append_facts(Lane::Priority, facts, None);
    }
}

fn start(recorder: &Recorder) -> Option<Source> {
    let started = catch_unwind(AssertUnwindSafe(|| Source::start(recorder)));
    match started.unwrap_or_else(|_| Err("capture did not start by a defect of its own".into())) {
        Ok(s) => {
            show(recorder, &s);
            Some(s)
        }
        Err(e) => {
            recorder.counters.add("capture_start_failures", 1);
            failed(recorder, e);
            None
        }
    }
}

fn show(recorder: &Recorder, source: &Source) {
    *recorder.capture.lock() = source.view();
}

fn failed(recorder: &Recorder, detail: String) {
    tracing::error!(%detail, "capture does not run");
    let component =
        Component { name: "capture".into(), state: "failed".into(), detail, ..Component::default() };
    *recorder.capture.lock() = CaptureView { components: vec![component], ..CaptureView::default() };
}
