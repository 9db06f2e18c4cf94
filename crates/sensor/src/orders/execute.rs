//! What the sensor does when it is told to.

use std::sync::Arc;
use std::time::Duration;

use palisade_types::{Lane, TimeMicros};
use palisade_wire::msg::Order;
use serde_json::json;

use super::Outcome;
use crate::agent::Agent;
use crate::device;

/// Executes a verified, journalled order.
pub async fn execute(agent: &Arc<Agent>, order: &Order) -> Outcome {
    match order.kind.as_str() {
        "ping" => ping(agent),
        "collect-now" => collect_now(agent).await,
        "inventory" => inventory(agent).await,
        _ => Outcome::failed(
            "order_unknown_kind",
            "this version of the sensor does not know the kind of order",
        ),
    }
}

fn ping(agent: &Agent) -> Outcome {
    let boot = device::boot::read();
    Outcome::done(&json!({
        "boot_id": boot.id,
        "boot_time_us": boot.time_us,
        "uptime_seconds": device::boot::uptime_seconds(),
        "load": device::load(),
        "clock_us": TimeMicros::now().0,
        "clock_offset_us": agent.connection.view().clock_offset_us,
        "pid": std::process::id(),
        "sensor_version": env!("CARGO_PKG_VERSION"),
        "sensor_started_us": agent.started_us,
    }))
}

/// How long a whole reading may take before the order is answered without it.
const READING: Duration = Duration::from_secs(60);

/// Reads anew what the machine holds, and tells all of it.
async fn inventory(agent: &Arc<Agent>) -> Outcome {
    if !agent.settings.inventory || agent.settings.scope.is_some() {
        return Outcome::failed("inventory_off", "this sensor does not tell what the machine holds");
    }
    match agent.reading.anew(READING).await {
        Some(told) => {
            agent.spool.seal(Lane::Control);
            Outcome::done(&json!({ "packages": told.packages, "parts": told.parts, "parts_sent": told.sent }))
        }
        None => Outcome::failed("inventory_not_read", "the reading did not end within a minute"),
    }
}

/// Sends device facts and a heartbeat at once, and all that waits in open batches.
async fn collect_now(agent: &Arc<Agent>) -> Outcome {
    // The capture thread answers when it has drained the ring, so that what happened before the
    // order is part of what is flushed.
    let drained = agent.drain_now().await;
    let processes = device::process_summary();
    agent.send_device_info();
    agent.send_heartbeat();
    let before = agent.spool.usage();
    let mut flushed = serde_json::Map::new();
    for lane in Lane::ALL {
        if let Some(sequence) = agent.spool.seal(lane) {
            flushed.insert(lane.to_string(), json!(sequence));
        }
    }
    let facts: u64 = before.lanes.iter().map(|l| l.open_facts).sum();
    Outcome::done(&json!({
        "epoch": before.epoch,
        "ring_drained": drained,
        "facts_flushed": facts,
        "sequences_flushed": flushed,
        "batches_waiting": before.lanes.iter().map(|l| l.unsent_batches).sum::<u64>(),
        "processes": processes.processes,
        "threads": processes.threads,
        "processes_by_user": processes.by_uid,
    }))
}
