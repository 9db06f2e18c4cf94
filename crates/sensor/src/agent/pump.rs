//! The capture thread: ring to spool, and only then the ring advances.

use std::time::{Duration, Instant};

use palisade_wire::msg::Component;

use super::source::Source;
use super::{Agent, CaptureView};

/// The ring is drained at least this often; the kernel wakes us earlier when it fills.
const DRAIN: Duration = Duration::from_millis(100);

/// A capture that did not start is tried again this often.
const RETRY: Duration = Duration::from_secs(60);

/// Components and counters are read this often.
const LOOK: Duration = Duration::from_secs(1);

/// Runs until the sensor stops; ends with a last drain and a sealed spool.
pub fn run(agent: &Agent) {
    let mut source = start(agent);
    let mut tried = Instant::now();
    let mut looked = Instant::now();
    loop {
        let ending = agent.stop.borrow().ends();
        let asked = agent.take_drain_requests();
        match &mut source {
            Some(s) => {
                if !ending && asked.is_empty() {
                    s.wait(DRAIN);
                }
                s.pump(agent);
                if looked.elapsed() >= LOOK {
                    looked = Instant::now();
                    show(agent, s);
                }
            }
            None => {
                if !ending {
                    std::thread::sleep(DRAIN);
                    if tried.elapsed() >= RETRY {
                        tried = Instant::now();
                        source = start(agent);
                    }
                }
            }
        }
        for a in asked {
            // Nobody may be waiting any more.
            let _ = a.send(());
        }
        agent.spool.tick(Instant::now());
        if ending {
            break;
        }
    }
    agent.spool.close();
}

fn start(agent: &Agent) -> Option<Source> {
    match Source::start(agent) {
        Ok(s) => {
            show(agent, &s);
            Some(s)
        }
        Err(e) => {
            tracing::error!(error = %e, "capture did not start");
            agent.counters.add("capture_start_failures", 1);
            let component = Component {
                name: "capture".into(),
                state: "failed".into(),
                detail: e,
                ..Component::default()
            };
            *agent.capture.lock() = CaptureView { components: vec![component], ..CaptureView::default() };
            None
        }
    }
}

fn show(agent: &Agent, source: &Source) {
    *agent.capture.lock() = source.view();
}
