//! The status file: what `palisade-sensor status` shows, without any secret.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};

use super::Agent;
use crate::device;
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
    /// This device.
    pub device_id: String,
    /// Its tenant.
    pub tenant_id: String,
    /// Part of the names of pins and links.
    pub instance: String,
    /// Cgroup that bounds capture; empty for the whole machine.
    pub scope: String,
    /// The present boot.
    pub boot_id: String,
    /// The way to the server.
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

/// Takes the status of a running sensor.
pub fn take(agent: &Agent, state: &str) -> Status {
    let (device_id, tenant_id) = {
        let i = agent.identity.read();
        (i.device_id.to_string(), i.tenant_id.to_string())
    };
    let capture = agent.capture.lock().clone();
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
        started_us: agent.started_us,
        updated_us: TimeMicros::now().0,
        device_id,
        tenant_id,
        instance: agent.settings.instance.clone(),
        scope: agent.settings.scope.clone().unwrap_or_default(),
        boot_id: agent.boot.id.clone(),
        connection: agent.connection.view(),
        spool: agent.spool.usage(),
        components: agent.components().into_iter().map(view).collect(),
        counters: agent
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
        last_order: agent.orders.last_number(),
    }
}

/// Writes the status now.
pub fn write(agent: &Agent, state: &str) {
    store(agent, &take(agent, state));
}

fn store(agent: &Agent, status: &Status) {
    let written = serde_json::to_vec_pretty(status)
        .map_err(std::io::Error::from)
        .and_then(|b| files::write_lightly(&path(&agent.settings.state_dir), &b, 0o644));
    if let Err(e) = written {
        tracing::debug!(error = %e, "cannot write the status file");
        agent.counters.add("status_write_errors", 1);
    }
}

/// Writes the status each second if it changed, and every ten seconds in any case.
pub async fn run(agent: Arc<Agent>) {
    let mut stop = agent.stop.subscribe();
    let mut last = Status::default();
    let mut written = Instant::now();
    loop {
        let now = take(&agent, "running");
        if !same(&now, &last) || written.elapsed() >= Duration::from_secs(10) {
            store(&agent, &now);
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
