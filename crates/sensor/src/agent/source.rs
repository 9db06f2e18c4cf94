//! Capture as the pump sees it: drains become parts of lanes, counts become the sensor's counters.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use palisade_sensor_bpf::PROGRAMS;
use palisade_types::Lane;
use palisade_wire::msg::{Component, Fact, fact::Kind};

use super::{CaptureView, Recorder};
use crate::block::event::Execution;
use crate::capture::{Capture, CaptureConfig, Event, EventKind, ProcessInfo, facts};
use crate::counters::Counters;
use crate::spool::{Drain, Part};

/// Most drains in one go, so that sealing and stopping have their turn in a storm.
const MOST_DRAINS: usize = 16;

/// Counters are folded at least this often, also when nothing happens.
const FOLD: Duration = Duration::from_secs(1);

/// A running capture and its accounts.
pub struct Source {
    capture: Capture,
    events: Vec<Event>,
    marks: Vec<u64>,
    /// What capture's own counters were when last folded; those of the kernel are in the
    /// sensor's counters, since they outlive this process.
    folded: HashMap<String, u64>,
    folded_at: Instant,
}

impl Source {
    /// Starts capture as the settings say, from the marks of the spool.
    pub fn start(recorder: &Recorder) -> Result<Self, String> {
        let s = &recorder.settings;
        if let Some(why) = &s.scope_unknown {
            return Err(why.clone());
        }
        let marks = recorder.spool.marks().unwrap_or_default();
        let known = !marks.is_empty();
        let config = CaptureConfig {
            instance: s.instance.clone(),
            state_dir: s.state_dir.clone(),
            pin_dir: None,
            scope_cgroup: s.scope.as_ref().map(PathBuf::from),
            forced_rung: s.force_rung,
            ring_bytes: s.ring_bytes,
            marks: marks.clone(),
            exclude_paths: s.exclude.clone(),
            hash_max_bytes: s.hash_max_bytes,
            build: PROGRAMS,
        };
        let capture = Capture::start(config).map_err(|e| e.to_string())?;
        if known && !capture.marks_used() {
            recorder.counters.add("capture_ring_renewed", 1);
        }
        if !capture.reused() {
            recorder.counters.reset_hidden();
        }
        Ok(Self { capture, events: Vec::new(), marks, folded: HashMap::new(), folded_at: Instant::now() })
    }

    /// Waits for much data or the end of the time.
    pub fn wait(&self, limit: Duration) {
        if let Err(e) = self.capture.wait(limit) {
            tracing::warn!(error = %e, "cannot wait for the ring");
            std::thread::sleep(limit);
        }
    }

    /// Drains the ring into the spool, then lets it advance; true where more waits in it.
    pub fn pump(&mut self, recorder: &Recorder) -> bool {
        let mut more = false;
        for _ in 0..MOST_DRAINS {
            self.events.clear();
            let mark = self.capture.drain(&mut self.events);
            let moved = mark.marks != self.marks;
            if moved || self.folded_at.elapsed() >= FOLD {
                // Before the append, so that a counted gap and the marks that hide it are kept by
                // the same record.
                self.fold(&recorder.counters);
            }
            if moved || !self.events.is_empty() {
                self.keep(recorder, mark.marks.clone());
                self.marks = mark.marks;
            }
            if mark.records > 0 {
                self.capture.commit();
            }
            more = mark.more;
            if !more {
                break;
            }
        }
        if self.events.capacity() > 8192 {
            self.events = Vec::new();
        }
        more
    }

    /// Tells executions that application control has seen, with the processes that they name.
    pub fn tell(&mut self, recorder: &Recorder, executions: &[Execution]) {
        if executions.is_empty() {
            return;
        }
        let mut parts: [Part; 3] = Default::default();
        let mut processes: HashMap<u64, Arc<ProcessInfo>> = HashMap::new();
        for e in executions {
            let pid = u32::try_from(e.pid).unwrap_or(0);
            let (maker, started) = self.capture.executing(pid, &e.program.path);
            let id = |p: &Option<Arc<ProcessInfo>>| p.as_ref().map_or(0, |p| p.unique_id);
            let fact = application_fact(e, id(&maker), id(&started));
            parts[usize::from(Lane::Priority.number())].facts.push(fact);
            processes.extend(maker.into_iter().chain(started).map(|p| (p.unique_id, p)));
        }
        let dictionary = &mut |id: u64| processes.get(&id).map(|p| facts::process(p));
        recorder.spool.append(Drain { parts, dictionary, marks: None, receipt: None });
    }

    fn keep(&self, recorder: &Recorder, marks: Vec<u64>) {
        let mut parts: [Part; 3] = Default::default();
        let mut processes: HashMap<u64, &Arc<ProcessInfo>> = HashMap::new();
        for e in &self.events {
            let lane = if matches!(e.kind, EventKind::File(_)) { Lane::Bulk } else { Lane::Priority };
            parts[usize::from(lane.number())].facts.push(facts::fact(e));
            for p in e.processes() {
                processes.insert(p.unique_id, p);
            }
        }
        let dictionary = &mut |id: u64| processes.get(&id).map(|p| facts::process(p));
        recorder.spool.append(Drain { parts, dictionary, marks: Some(marks), receipt: None });
    }

    /// Takes capture's counters into the sensor's, which outlive capture and this process.
    fn fold(&mut self, counters: &Counters) {
        self.folded_at = Instant::now();
        for (kind, value) in self.capture.counters().values {
            // The kernel's own counts go on as long as the pins do; what was folded of them is
            // kept beside.
            if kind.starts_with("kernel_") && kind != "kernel_gap" {
                let hidden = format!("~{kind}");
                let before = counters.get(&hidden);
                counters.add(hidden, value.saturating_sub(before));
                counters.add(kind, value.saturating_sub(before));
            } else {
                let before = self.folded.insert(kind.clone(), value).unwrap_or(0);
                counters.add(kind, value.saturating_sub(before));
            }
        }
    }

    /// What status and heartbeat show.
    pub fn view(&self) -> CaptureView {
        let component = |c: &crate::capture::ComponentState| Component {
            name: c.name.into(),
            state: c.state.into(),
            rung: u32::from(c.rung),
            detail: c.detail.clone(),
            mechanism: c.mechanism.into(),
        };
        CaptureView {
            components: self.capture.components().iter().map(component).collect(),
            ring_bytes: self.capture.ring_bytes().1,
            processes_cached: self.capture.processes_cached() as u64,
        }
    }
}

/// The fact of an execution; processes are named by their numbers, 0 where there is none.
pub fn application_fact(e: &Execution, process: u64, started: u64) -> Fact {
    Fact {
        time_us: e.time_us,
        report_id: e.report_id,
        process,
        kind: Some(Kind::ApplicationBlocked(e.fact(started))),
    }
}
