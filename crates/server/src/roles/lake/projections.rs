//! From the log into state: what devices say of themselves, and receipts of orders.
//!
//! A consumer of its own: it may lag or fail without hurting the lake. All that it writes may be
//! written again.

mod follow;
mod inventories;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use palisade_estate::edr::HostFacts;
use palisade_estate::metering::{Reading, corrected};
use palisade_log::{Cursor, KIND_BATCH, Record};
use palisade_state::{Component, DeviceFacts, DeviceTouch, HeartbeatUpdate, OrderReceipt, State};
use palisade_types::{DeviceId, Lane, OrderId, TenantId, TimeMicros};
use palisade_wire::msg::fact::Kind;
use palisade_wire::{BatchLimits, msg};
use serde_json::{Value, json};

use crate::instance::Instance;
use follow::Follower;

/// Bytes of records taken at once.
const CHUNK: usize = 4 << 20;

/// How often the cursor is made durable; what came since is projected again after a crash.
const CURSOR_EVERY: Duration = Duration::from_secs(2);

/// How often state is told up to when the log was read; health is judged as of then.
const PRESENCE_EVERY: Duration = Duration::from_secs(15);

/// What the metrics tell of it.
#[derive(Default)]
pub struct Counters {
    /// Next offset.
    pub offset: AtomicU64,
    /// Records that could not be decoded; ingest has decoded each before it took it.
    pub undecodable: AtomicU64,
    /// Receipts that closed an order.
    pub receipts: AtomicU64,
    /// Records that were trimmed before they were read.
    pub trimmed: AtomicU64,
}

/// Runs for ever; ends only with an error of the log.
pub async fn run(instance: Instance, state: State, counters: Arc<Counters>) -> Result<()> {
    let cursor = Cursor::open(&instance.cursors_dir(), "projections")?;
    let mut follower = Follower::new(instance.log_dir(), cursor);
    let mut saved = tokio::time::Instant::now();
    let mut said: Option<tokio::time::Instant> = None;
    loop {
        let told = counters.clone();
        let (back, records) = tokio::task::spawn_blocking(move || {
            let records = follower.next(CHUNK, Duration::from_secs(1), &told.trimmed);
            (follower, records)
        })
        .await?;
        follower = back;
        let records = records.context("reading the log for projections")?;
        // At the log's end all is read that came until now.
        let mut read_up_to = TimeMicros::now();
        if let Some(last) = records.last() {
            apply_patiently(&state, &records, &counters).await;
            counters.offset.store(last.offset + 1, Ordering::Relaxed);
            read_up_to = TimeMicros(last.meta.received_at);
        }
        if said.is_none_or(|at| at.elapsed() > PRESENCE_EVERY) {
            match state.mark_projected(read_up_to).await {
                Ok(()) => said = Some(tokio::time::Instant::now()),
                Err(e) => tracing::warn!(error = %e, "state was not told how far the projections are"),
            }
        }
        if saved.elapsed() > CURSOR_EVERY {
            follower.keep()?;
            saved = tokio::time::Instant::now();
        }
    }
}

/// Until state takes it: a database that is away for a while loses nothing.
async fn apply_patiently(state: &State, records: &[Record], counters: &Counters) {
    let mut pause = Duration::from_millis(200);
    while let Err(e) = apply(state, records, counters).await {
        tracing::warn!(error = format!("{e:#}"), "projections wait for the state store");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(10));
    }
}

async fn apply(state: &State, records: &[Record], counters: &Counters) -> Result<()> {
    let mut touches: BTreeMap<TenantId, Vec<DeviceTouch>> = BTreeMap::new();
    let mut receipts = Vec::new();
    let mut inventories = inventories::Told::default();
    for record in records.iter().filter(|r| r.meta.kind == KIND_BATCH) {
        let (tenant, device) = (record.meta.tenant, record.meta.device);
        let at = TimeMicros(record.meta.received_at);
        let mut touch = DeviceTouch::seen(device, at);
        if record.meta.lane == Lane::Control.number() {
            match palisade_wire::open(&record.payload, record.meta.raw_length, &BatchLimits::default()) {
                Ok(mut batch) => {
                    inventories.take(&mut batch.facts, tenant, device, at);
                    read_control(batch, tenant, device, at, &mut touch, &mut receipts);
                }
                Err(e) => {
                    counters.undecodable.fetch_add(1, Ordering::Relaxed);
                    tracing::error!(offset = record.offset, error = %e, "a record of the log cannot be decoded");
                }
            }
        } else {
            touch.last_event = Some(at);
        }
        touches.entry(tenant).or_default().push(touch);
        // A few packed bytes of the log may be very many of an inventory.
        if inventories.is_much() {
            std::mem::take(&mut inventories).write(state).await?;
        }
    }
    for (tenant, touches) in &touches {
        state.touch_devices(*tenant, touches).await?;
    }
    inventories.write(state).await?;
    for (tenant, device, receipt) in receipts {
        match state.complete_order(tenant, device, receipt).await {
            Ok(done) => {
                counters.receipts.fetch_add(u64::from(done.newly), Ordering::Relaxed);
            }
            // A receipt for an order that nobody gave must not stop the others.
            Err(e) if e.is_user_error() => tracing::warn!(%device, error = %e, "a receipt fits no order"),
            Err(e) => return Err(e.into()),
        }
    }
    Ok(())
}

fn read_control(
    batch: msg::Batch,
    tenant: TenantId,
    device: DeviceId,
    at: TimeMicros,
    touch: &mut DeviceTouch,
    receipts: &mut Vec<(TenantId, DeviceId, OrderReceipt)>,
) {
    for fact in batch.facts {
        let sensor_at = TimeMicros(fact.time_us);
        match fact.kind {
            Some(Kind::DeviceInfo(info)) => touch.facts = Some(facts(info)),
            Some(Kind::Heartbeat(beat)) => {
                touch.heard.push(heard(&beat, sensor_at, at));
                touch.heartbeat = Some(heartbeat(beat, at));
            }
            Some(Kind::Products(told)) => match HostFacts::from_json(&told.facts) {
                Ok(facts) => touch.products = Some((facts, at)),
                // The sensor's own defect; the next one may be better.
                Err(e) => tracing::warn!(%device, error = %e, "facts about products cannot be read"),
            },
            Some(Kind::Receipt(r)) => {
                if let Ok(order) = r.order_id.parse::<OrderId>() {
                    receipts.push((
                        tenant,
                        device,
                        OrderReceipt { order, ok: r.ok, body: receipt_body(&r), at },
                    ));
                }
            }
            _ => {}
        }
    }
}

/// The stretch that a heartbeat tells of: from the first beat since which none was missing, to itself.
fn heard(beat: &msg::Heartbeat, sensor_at: TimeMicros, received: TimeMicros) -> (TimeMicros, TimeMicros) {
    // Nobody can say here when the device enrolled; state cuts off what is earlier.
    let enrolled = TimeMicros(i64::MIN);
    let at = |sensor_at| corrected(&Reading { sensor_at, offset: beat.clock_offset_us, received, enrolled });
    let since = match beat.beating_since_us {
        1.. => TimeMicros(beat.beating_since_us).min(sensor_at),
        _ => sensor_at,
    };
    (at(since), at(sensor_at))
}

fn facts(info: msg::DeviceInfo) -> DeviceFacts {
    let extra = json!({
        "os_version_info": info.os_version_info,
        "vendor": info.vendor,
        "model": info.model,
        "hardware_uuid": info.hardware_uuid,
        "mac_addresses": info.mac_addresses,
        "logged_on_users": info.logged_on_users,
        "device_type": info.device_type,
        "memory_bytes": info.memory_bytes,
        "cpus": info.cpus,
        "boot_time": TimeMicros(info.boot_time_us).to_rfc3339(),
        "timezone": info.timezone,
        "cloud_platform": info.cloud_platform,
    });
    DeviceFacts {
        name: info.name,
        os_platform: info.os_platform,
        os_distribution: info.os_distribution,
        os_version: info.os_version,
        kernel: info.kernel,
        architecture: info.architecture,
        sensor_version: info.sensor_version,
        scope: String::new(),
        ip_addresses: info.ip_addresses,
        extra,
    }
}

fn heartbeat(beat: msg::Heartbeat, at: TimeMicros) -> HeartbeatUpdate {
    HeartbeatUpdate {
        at,
        heartbeat: json!({
            "started": TimeMicros(beat.started_us).to_rfc3339(),
            "resident_bytes": beat.resident_bytes,
            "cpu_us": beat.cpu_us,
            "spool_bytes": beat.spool_bytes,
            "ring_bytes": beat.ring_bytes,
            "processes_cached": beat.processes_cached,
        }),
        components: beat
            .components
            .into_iter()
            .map(|c| Component {
                name: c.name,
                state: c.state,
                rung: c.rung,
                detail: c.detail,
                mechanism: c.mechanism,
            })
            .collect(),
        counters: beat.counters.into_iter().map(|c| (c.kind, c.value)).collect(),
        sensor_version: beat.sensor_version,
        scope: beat.scope,
    }
}

fn receipt_body(r: &msg::OrderReceipt) -> Value {
    json!({
        "ok": r.ok,
        "code": r.code,
        "message": r.message,
        "number": r.number,
        "received": TimeMicros(r.received_us).to_rfc3339(),
        "finished": TimeMicros(r.finished_us).to_rfc3339(),
        "proof": serde_json::from_str::<Value>(&r.proof).unwrap_or_else(|_| Value::String(r.proof.clone())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_tells_of_the_time_without_a_gap_by_the_servers_clock() {
        let received = TimeMicros(1_700_000_000_000_000);
        let hours = |n: i64| received.plus_micros(n * 3_600_000_000);
        let beat = |since: i64, clock_offset_us| msg::Heartbeat {
            beating_since_us: since,
            clock_offset_us,
            ..msg::Heartbeat::default()
        };
        let told = |since: TimeMicros, offset, at| heard(&beat(since.0, offset), at, received);
        assert_eq!(told(hours(-5), None, hours(-1)), (hours(-5), hours(-1)));
        let ahead = Some(-2 * 3_600_000_000);
        assert_eq!(told(hours(-3), ahead, hours(1)), (hours(-5), hours(-1)), "two hours ahead, and known");
        assert_eq!(told(hours(2), None, hours(1)), (received, received), "never after its receipt");
        assert_eq!(told(TimeMicros(0), None, hours(-1)), (hours(-1), hours(-1)), "not told");
        assert_eq!(told(hours(0), None, hours(-1)), (hours(-1), hours(-1)), "no later than the beat");
    }
}
