//! Counts of everything that did not go as it should, and component states.

use palisade_sensor_bpf::layout::{CpuState, NOTE_NAMES, kind};

/// State of one component of capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComponentState {
    /// Stable name: process, network, file.
    pub name: &'static str,
    /// ok, degraded, failed.
    pub state: &'static str,
    /// Rung of its ladder in force, 1 is the best; 0 where none is.
    pub rung: u8,
    /// How it gets its events.
    pub mechanism: &'static str,
    /// For people.
    pub detail: String,
}

impl ComponentState {
    pub(crate) fn ok(name: &'static str, rung: usize, mechanism: &'static str, detail: &str) -> Self {
        Self { name, state: "ok", rung: rung as u8, mechanism, detail: detail.to_owned() }
    }

    pub(crate) fn failed(name: &'static str, detail: String) -> Self {
        Self { name, state: "failed", rung: 0, mechanism: "none", detail }
    }
}

/// What this run counted; the kernel's own counts live as long as the pins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RunCounts {
    pub(crate) parse_failures: u64,
    pub(crate) defects: u64,
    pub(crate) outside_policy: u64,
    pub(crate) unknown_process: u64,
    pub(crate) repeated_exit: u64,
    pub(crate) secrets_masked: u64,
    pub(crate) hash_too_large: u64,
    pub(crate) hash_gone: u64,
    pub(crate) hash_unreadable: u64,
    pub(crate) hash_skipped: u64,
    pub(crate) cache_evicted: u64,
    pub(crate) clock_steps: u64,
    pub(crate) programs_replaced: u64,
    pub(crate) programs_taken_over: u64,
    pub(crate) scope_renewed: u64,
    pub(crate) events: u64,
}

/// All counters of capture at one moment. They rise for as long as the sensor runs; those whose
/// names begin with `kernel_` rise for as long as the pins exist, except `kernel_gap`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaptureCounters {
    /// Stable name and value.
    pub values: Vec<(String, u64)>,
}

impl CaptureCounters {
    /// The value of a counter, 0 if it does not exist.
    #[cfg(test)]
    pub fn get(&self, name: &str) -> u64 {
        self.values.iter().find(|(n, _)| n == name).map_or(0, |(_, value)| *value)
    }

    pub(crate) fn collect(
        run: &RunCounts,
        gaps: u64,
        skipped: u64,
        missed: u64,
        states: &[CpuState],
    ) -> Self {
        let mut values = vec![
            ("kernel_missed".to_owned(), missed),
            ("kernel_gap".to_owned(), gaps),
            ("events".to_owned(), run.events),
            ("replay_skipped".to_owned(), skipped),
            ("parse_failure".to_owned(), run.parse_failures),
            ("record_defect".to_owned(), run.defects),
            ("file_outside_policy".to_owned(), run.outside_policy),
            ("process_unknown".to_owned(), run.unknown_process),
            ("exit_repeated".to_owned(), run.repeated_exit),
            ("secret_masked".to_owned(), run.secrets_masked),
            ("hash_too_large".to_owned(), run.hash_too_large),
            ("hash_gone".to_owned(), run.hash_gone),
            ("hash_unreadable".to_owned(), run.hash_unreadable),
            ("hash_not_attempted".to_owned(), run.hash_skipped),
            ("process_cache_evicted".to_owned(), run.cache_evicted),
            ("clock_step".to_owned(), run.clock_steps),
            ("programs_replaced".to_owned(), run.programs_replaced),
            ("programs_taken_over".to_owned(), run.programs_taken_over),
            ("scope_renewed".to_owned(), run.scope_renewed),
        ];
        for (index, name) in kind::NAMES.iter().enumerate().skip(1) {
            let sum = |of: fn(&CpuState) -> &[u64]| -> u64 {
                states.iter().map(|s| of(s).get(index).copied().unwrap_or(0)).sum()
            };
            values.push((format!("kernel_attempt_{name}"), sum(|s| &s.attempts)));
            values.push((format!("kernel_lost_{name}"), sum(|s| &s.lost)));
        }
        for (index, name) in NOTE_NAMES.iter().enumerate() {
            values.push((format!("kernel_{name}"), states.iter().map(|s| s.notes[index]).sum()));
        }
        Self { values }
    }
}

/// Names of all counters of capture.
#[cfg(test)]
pub(crate) fn names() -> Vec<String> {
    let all = CaptureCounters::collect(&RunCounts::default(), 0, 0, 0, &[]);
    all.values.into_iter().map(|(name, _)| name).collect()
}
