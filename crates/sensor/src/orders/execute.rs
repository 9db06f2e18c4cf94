//! What the sensor does when it is told to.

use std::sync::Arc;
use std::time::Duration;

use palisade_baseline::{Assignment, builtin};
use palisade_types::{Lane, TimeMicros};
use palisade_wire::msg::Order;
use serde_json::{Value, json};

use super::Outcome;
use crate::agent::Agent;
use crate::block::list::List;
use crate::cli::inventory::baselines::ASSIGNED;
use crate::device;
use crate::files;

/// The order that upgrades packages.
const REMEDIATE: &str = "remediate";

/// The order that runs baselines.
const BASELINE: &str = "baseline";

/// Whether an order of that kind runs beside the others, because it may take long.
pub fn goes_beside(kind: &str) -> bool {
    matches!(kind, REMEDIATE | BASELINE)
}

/// Executes a verified, journalled order.
pub async fn execute(agent: &Arc<Agent>, order: &Order) -> Outcome {
    match order.kind.as_str() {
        "ping" => ping(agent),
        "collect-now" => collect_now(agent).await,
        "inventory" => inventory(agent).await,
        REMEDIATE => crate::remediate::order(agent, &order.arguments).await,
        "block-applications" => block_applications(agent, &order.arguments).await,
        BASELINE => baseline(agent, &order.arguments).await,
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

/// How long a list of rules may take until the answer says that it is on its way.
const BLOCKING: Duration = Duration::from_secs(20);

/// Takes a list of rules for vulnerable applications into force; the proof says what came of it.
async fn block_applications(agent: &Arc<Agent>, arguments: &str) -> Outcome {
    let tenant = agent.identity.read().tenant_id.to_string();
    let list = match List::parse(arguments) {
        Ok(list) => List { tenant, ..list },
        Err(why) => return Outcome::failed("block_malformed", why),
    };
    match agent.applications.order(list, BLOCKING).await {
        Ok(view) => Outcome::done(&view.proof()),
        Err(e) => Outcome::failed("block_not_kept", format!("the list cannot be kept: {e}")),
    }
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

/// How long the baselines may take before the order is answered without them.
const CHECKING: Duration = Duration::from_secs(150);

/// Runs the baselines: those that the order brings, from now on, or those that the machine has.
async fn baseline(agent: &Arc<Agent>, arguments: &str) -> Outcome {
    if !agent.settings.inventory || agent.settings.scope.is_some() {
        return Outcome::failed("inventory_off", "this sensor does not tell what the machine holds");
    }
    let Some(_place) = agent.reading.place() else {
        return Outcome::failed("baseline_busy", "the baselines are being run for several orders already");
    };
    let brings = serde_json::from_str::<Value>(arguments).is_ok_and(|a| a.get("profiles").is_some());
    if brings {
        let assignment = match Assignment::read(arguments, builtin()) {
            Ok(assignment) => assignment,
            Err(e) => return Outcome::failed(e.code(), e.to_string()),
        };
        let path = agent.settings.state_dir.join(ASSIGNED);
        let kept = if assignment.profiles.is_empty() {
            std::fs::remove_file(&path).or_else(|e| match e.kind() {
                std::io::ErrorKind::NotFound => Ok(()),
                _ => Err(e),
            })
        } else {
            files::write_atomic(&path, arguments.as_bytes(), 0o600)
        };
        if let Err(e) = kept {
            return Outcome::failed("baseline_not_kept", format!("{}: {e}", path.display()));
        }
    }
    match agent.reading.checked(CHECKING).await {
        Some(told) => {
            agent.spool.seal(Lane::Control);
            Outcome::done(&json!({ "profiles_kept": brings, "parts": told.parts, "parts_sent": told.sent }))
        }
        None => {
            Outcome::failed("baseline_not_run", "the baselines did not end within two and a half minutes")
        }
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
