//! The status file: what `palisade-sensor status` shows, without any secret.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};

use super::Recorder;
use crate::device;
use crate::error::SensorError;
use crate::files;
use crate::spool::SpoolUsage;
use crate::transport::connection::ConnectionView;

/// The whole status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Status {
    /// running, stopped; `not_running` is what the reader makes of a file without a process.
    pub state: String,
    /// Process id.
    pub pid: u32,
    /// Version of the sensor.
    pub sensor_version: String,
    /// When this process started, microseconds UTC.
    pub started_us: i64,
    /// When the file was written, microseconds UTC.
    pub updated_us: i64,
    /// This device; empty while it is not enrolled.
    pub device_id: String,
    /// Its tenant; empty while it is not enrolled.
    pub tenant_id: String,
    /// Part of the names of pins and links.
    pub instance: String,
    /// Cgroup that bounds capture; empty for the whole machine.
    pub scope: String,
    /// Why it is bounded although nobody asked for it; empty otherwise.
    pub scope_reason: String,
    /// The present boot.
    pub boot_id: String,
    /// The way to the server; its state is `not_enrolled` while there is none.
    pub connection: ConnectionView,
    /// What waits on disk.
    pub spool: SpoolUsage,
    /// Health by part.
    pub components: Vec<ComponentView>,
    /// Everything counted.
    pub counters: BTreeMap<String, u64>,
    /// Resident memory, bytes.
    pub resident_bytes: u64,
    /// CPU used since the start, microseconds.
    pub cpu_us: u64,
    /// Size of the kernel's ring, bytes.
    pub ring_bytes: u64,
    /// Processes in the cache.
    pub processes_cached: u64,
    /// The highest order taken.
    pub last_order: u64,
}

/// One part's health.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ComponentView {
    /// Its name.
    pub name: String,
    /// ok, degraded, failed, off
    pub state: String,
    /// 1 is the best rung; 0 where there is no ladder.
    pub rung: u32,
    /// How it works.
    pub mechanism: String,
    /// What there is to say.
    pub detail: String,
}

/// The file in a state folder.
pub fn path(state_dir: &Path) -> PathBuf {
    state_dir.join("status.json")
}

/// Reads the status file; `None` where no sensor has run with this state folder.
///
/// # Errors
/// When the file cannot be read or is not one of ours.
pub fn read(state_dir: &Path) -> Result<Option<Status>, SensorError> {
    let path = path(state_dir);
    match files::read_bounded(&path, 4 << 20) {
        Ok(bytes) => {
            serde_json::from_slice(&bytes).map(Some).map_err(|e| SensorError::File { path, source: e.into() })
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(SensorError::File { path, source }),
    }
}

/// Takes the status of a running sensor.
pub fn take(recorder: &Recorder, state: &str) -> Status {
    let enrolled = recorder.enrolled().map(|(device, tenant)| (device.to_string(), tenant.to_string()));
    let (device_id, tenant_id) = enrolled.unwrap_or_default();
    let capture = recorder.capture.lock().clone();
    let view = |c: palisade_wire::msg::Component| ComponentView {
        name: c.name,
        state: c.state,
        rung: c.rung,
        mechanism: c.mechanism,
        detail: c.detail,
    };
    Status {
        state: state.into(),
        pid: std::process::id(),
        sensor_version: env!("CARGO_PKG_VERSION").into(),
        started_us: recorder.started_us,
        updated_us: TimeMicros::now().0,
        device_id,
        tenant_id,
        instance: recorder.settings.instance.clone(),
        scope: recorder.settings.scope.clone().unwrap_or_default(),
        scope_reason: recorder.settings.scope_reason.unwrap_or_default().into(),
        boot_id: recorder.boot.id.clone(),
        connection: recorder.connection.view(),
        spool: recorder.spool.usage(),
        components: recorder.components().into_iter().map(view).collect(),
        counters: recorder
            .counters
            .snapshot()
            .into_iter()
            .filter(|c| !c.kind.starts_with('~'))
            .map(|c| (c.kind, c.value))
            .collect(),
        resident_bytes: device::resident_bytes(),
        cpu_us: device::cpu_us(),
        ring_bytes: capture.ring_bytes,
        processes_cached: capture.processes_cached,
        last_order: recorder.orders.last_number(),
    }
}

/// Writes the status now.
pub fn write(recorder: &Recorder, state: &str) {
    store(recorder, &take(recorder, state));
}

fn store(recorder: &Recorder, status: &Status) {
    let written = serde_json::to_vec_pretty(status)
        .map_err(std::io::Error::from)
        .and_then(|b| files::write_lightly(&path(&recorder.settings.state_dir), &b, 0o644));
    if let Err(e) = written {
        tracing::debug!(error = %e, "cannot write the status file");
        recorder.counters.add("status_write_errors", 1);
    }
}

/// Writes the status each second if it changed, and every ten seconds in any case.
pub async fn run(recorder: Arc<Recorder>) {
    let mut stop = recorder.stop.subscribe();
    let mut last = Status::default();
    let mut written = Instant::now();
    loop {
        let now = take(&recorder, "running");
        if !same(&now, &last) || written.elapsed() >= Duration::from_secs(10) {
            store(&recorder, &now);
            last = now;
            written = Instant::now();
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            _ = stop.wait_for(|s| s.ends_now()) => return,
        }
    }
}

/// Whether nothing changed but what always does.
fn same(a: &Status, b: &Status) -> bool {
    let still = |s: &Status| {
        let mut s = s.clone();
        s.updated_us = 0;
        s.cpu_us = 0;
        s.resident_bytes = 0;
        s.connection.clock_offset_us = 0;
        s
    };
    still(a) == still(b)
}
