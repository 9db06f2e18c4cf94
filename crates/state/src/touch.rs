//! What devices say about themselves while they run, written many at a time.

use std::collections::BTreeMap;

use palisade_estate::edr::HostFacts;
use palisade_estate::metering::Timeline;
use palisade_types::{DeviceId, TenantId, TimeMicros};
use serde_json::{Value, json};
use sqlx::{PgConnection, Row};

use crate::devices::MAX_JSON;
use crate::health::is_loss_counter;
use crate::{Component, DeviceFacts, Result, State, row};

const MAX_COMPONENTS: usize = 64;
const MAX_COUNTERS: usize = 512;

/// A heartbeat.
#[derive(Clone, Debug, Default)]
pub struct HeartbeatUpdate {
    /// When the server got it.
    pub at: TimeMicros,
    /// All of it, as JSON of at most 64 KiB.
    pub heartbeat: Value,
    /// The sensor's parts, at most 64.
    pub components: Vec<Component>,
    /// The sensor's counters, at most 512.
    pub counters: BTreeMap<String, u64>,
    /// Version of the sensor; empty leaves what is there.
    pub sensor_version: String,
    /// The cgroup subtree that it watches; empty for the whole machine.
    pub scope: String,
}

/// What was heard of one device. Times are the server's; none of them moves backwards.
#[derive(Clone, Debug)]
pub struct DeviceTouch {
    /// The device; one that the tenant does not know is passed over.
    pub device: DeviceId,
    /// Something was heard.
    pub last_seen: TimeMicros,
    /// An event came.
    pub last_event: Option<TimeMicros>,
    /// What it is, where it said so.
    pub facts: Option<DeviceFacts>,
    /// A heartbeat, where there was one.
    pub heartbeat: Option<HeartbeatUpdate>,
    /// What it found out about security products, where it said so, and when the server got that.
    pub products: Option<(HostFacts, TimeMicros)>,
    /// Stretches in which it beat without a gap, from the first to the last beat, by the server's clock as well
    /// as that can be known: also what a spool kept for hours.
    pub heard: Vec<(TimeMicros, TimeMicros)>,
}

impl DeviceTouch {
    /// Only that something was heard.
    pub fn seen(device: DeviceId, last_seen: TimeMicros) -> Self {
        let heard = Vec::new();
        Self { device, last_seen, last_event: None, facts: None, heartbeat: None, products: None, heard }
    }
}

fn component(part: &Component) -> Value {
    json!({
        "name": row::text(&part.name, 100),
        "state": row::text(&part.state, 32),
        "rung": part.rung,
        "detail": row::text(&part.detail, 1000),
        "mechanism": row::text(&part.mechanism, 200),
    })
}

fn counters_json(counters: &BTreeMap<String, u64>) -> Value {
    counters.iter().take(MAX_COUNTERS).map(|(k, v)| (row::text(k, 100), Value::from(*v))).collect()
}

/// Whether a counter of losses stands higher than before. One that stands lower, but not at zero,
/// began to count anew and has risen since.
fn lost_more(before: Option<&Value>, now: &Value) -> bool {
    let value = |counters: &Value, kind: &str| counters.get(kind).and_then(Value::as_u64).unwrap_or(0);
    let kinds = now.as_object().into_iter().flatten().map(|(kind, _)| kind.as_str());
    kinds.filter(|kind| is_loss_counter(kind)).any(|kind| {
        let (was, is) = (before.map_or(0, |b| value(b, kind)), value(now, kind));
        is > 0 && is != was
    })
}

/// One element of the array that the statement below unfolds.
fn record(touch: &DeviceTouch, lost_now: bool) -> Value {
    let mut record = json!({
        "id": touch.device.to_string(),
        "last_seen": touch.last_seen.0,
        "last_event": touch.last_event.map(|t| t.0),
    });
    if let Some(facts) = touch.facts.as_ref().map(DeviceFacts::cleaned) {
        record["has_facts"] = true.into();
        record["name"] = facts.name.into();
        record["os_platform"] = facts.os_platform.into();
        record["os_distribution"] = facts.os_distribution.into();
        record["os_version"] = facts.os_version.into();
        record["kernel"] = facts.kernel.into();
        record["architecture"] = facts.architecture.into();
        record["sensor_version"] = facts.sensor_version.into();
        record["scope"] = facts.scope.into();
        record["ip_addresses"] = facts.ip_addresses.into();
        record["facts"] = facts.extra;
    }
    if let Some(beat) = &touch.heartbeat {
        let parts: Vec<&Component> = beat.components.iter().take(MAX_COMPONENTS).collect();
        record["last_heartbeat"] = beat.at.0.into();
        record["heartbeat"] = row::json_bounded(&beat.heartbeat, MAX_JSON);
        record["failed_components"] = parts.iter().filter(|c| c.failed()).count().into();
        record["components"] = parts.into_iter().map(component).collect();
        record["scope"] = row::text(&beat.scope, 500).into();
        if !beat.sensor_version.is_empty() {
            record["sensor_version"] = row::text(&beat.sensor_version, 500).into();
        }
        record["last_loss"] = if lost_now { beat.at.0.into() } else { Value::Null };
    }
    record
}

const UPDATE: &str = "UPDATE devices d SET
        last_seen = greatest(d.last_seen, u.last_seen),
        last_event = greatest(d.last_event, u.last_event),
        name = coalesce(u.name, d.name),
        os_platform = coalesce(u.os_platform, d.os_platform),
        os_distribution = coalesce(u.os_distribution, d.os_distribution),
        os_version = coalesce(u.os_version, d.os_version),
        kernel = coalesce(u.kernel, d.kernel),
        architecture = coalesce(u.architecture, d.architecture),
        sensor_version = coalesce(u.sensor_version, d.sensor_version),
        scope = coalesce(u.scope, d.scope),
        ip_addresses = coalesce(u.ip_addresses, d.ip_addresses),
        facts = coalesce(u.facts, d.facts),
        last_heartbeat = greatest(d.last_heartbeat, u.last_heartbeat),
        heartbeat = coalesce(u.heartbeat, d.heartbeat),
        components = coalesce(u.components, d.components),
        failed_components = coalesce(u.failed_components, d.failed_components),
        last_loss = greatest(d.last_loss, u.last_loss)
    FROM jsonb_to_recordset($2) AS u(id text, last_seen bigint, last_event bigint, name text, os_platform text,
        os_distribution text, os_version text, kernel text, architecture text, sensor_version text, scope text,
        ip_addresses text[], facts jsonb, last_heartbeat bigint, heartbeat jsonb, components jsonb,
        failed_components integer, last_loss bigint)
    WHERE d.tenant_id = $1 AND d.id = u.id";

impl State {
    /// Writes down what was heard of many devices of one tenant, in one transaction. Of several
    /// touches of one device the times are merged and the newest heartbeat and facts count.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn touch_devices(&self, tenant: TenantId, touches: &[DeviceTouch]) -> Result<()> {
        if touches.is_empty() {
            return Ok(());
        }
        let mut merged = merge(touches);
        let ids: Vec<String> = merged.keys().map(ToString::to_string).collect();
        // What is left of a tenant that is gone holds up nobody.
        let Some(mut tx) = self.tx_here(tenant).await? else { return Ok(()) };
        // Locked in one order, so that two writers cannot block each other for ever.
        let known = sqlx::query(
            "SELECT id, last_heartbeat FROM devices WHERE tenant_id = $1 AND id = ANY($2) ORDER BY id FOR NO KEY UPDATE",
        )
        .bind(tenant.0)
        .bind(&ids)
        .fetch_all(&mut *tx)
        .await?;
        let mut beats: BTreeMap<String, Option<i64>> = BTreeMap::new();
        for row in &known {
            beats.insert(row.try_get("id")?, row.try_get("last_heartbeat")?);
        }
        merged.retain(|id, touch| {
            let Some(last) = beats.get(&id.to_string()) else { return false };
            // A heartbeat that arrives late must not undo a newer one.
            if touch.heartbeat.as_ref().is_some_and(|beat| last.is_some_and(|last| beat.at.0 < last)) {
                touch.heartbeat = None;
            }
            true
        });
        let lost = write_counters(&mut tx, tenant, &merged).await?;
        let records: Value =
            merged.values().map(|touch| record(touch, lost.contains(&touch.device))).collect();
        sqlx::query(UPDATE).bind(tenant.0).bind(records).execute(&mut *tx).await?;
        write_heard(&mut tx, tenant, &merged).await?;
        let told = |t: &mut DeviceTouch| t.products.take().map(|p| (t.device, p));
        let products = merged.values_mut().filter_map(told).collect();
        crate::estate::write_of_devices(&mut tx, tenant, &products).await?;
        tx.commit().await?;
        Ok(())
    }
}

fn merge(touches: &[DeviceTouch]) -> BTreeMap<DeviceId, DeviceTouch> {
    let mut merged: BTreeMap<DeviceId, DeviceTouch> = BTreeMap::new();
    for touch in touches {
        match merged.get_mut(&touch.device) {
            None => {
                merged.insert(touch.device, touch.clone());
            }
            Some(one) => {
                one.last_seen = one.last_seen.max(touch.last_seen);
                one.last_event = one.last_event.max(touch.last_event);
                one.heard.extend(&touch.heard);
                if touch.facts.is_some() {
                    one.facts.clone_from(&touch.facts);
                }
                if touch.products.as_ref().map(|(_, at)| at) >= one.products.as_ref().map(|(_, at)| at) {
                    one.products.clone_from(&touch.products);
                }
                let at = |t: &DeviceTouch| t.heartbeat.as_ref().map(|b| b.at);
                if at(touch) >= at(one) && touch.heartbeat.is_some() {
                    one.heartbeat.clone_from(&touch.heartbeat);
                }
            }
        }
    }
    merged
}

/// Writes when devices beat, for the meter. Nothing was heard of a device before it enrolled.
async fn write_heard(
    tx: &mut PgConnection,
    tenant: TenantId,
    touches: &BTreeMap<DeviceId, DeviceTouch>,
) -> Result<()> {
    let (mut ids, mut from, mut to) = (Vec::new(), Vec::new(), Vec::new());
    for touch in touches.values() {
        for (first, last) in stretches(touch.heard.clone()) {
            ids.push(touch.device.to_string());
            from.push(first.0);
            to.push(last.0);
        }
    }
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO device_heard (tenant_id, device_id, from_at, to_at)
         SELECT $1, d.id, greatest(u.from_at, d.enrolled_at), greatest(u.to_at, d.enrolled_at)
         FROM unnest($2::text[], $3::bigint[], $4::bigint[]) AS u(device_id, from_at, to_at)
         JOIN devices d ON d.tenant_id = $1 AND d.id = u.device_id",
    )
    .bind(tenant.0)
    .bind(&ids)
    .bind(&from)
    .bind(&to)
    .execute(tx)
    .await?;
    Ok(())
}

/// Joins stretches of beats between which there is no longer silence than a machine stays connected for.
pub(crate) fn stretches(mut spans: Vec<(TimeMicros, TimeMicros)>) -> Vec<(TimeMicros, TimeMicros)> {
    spans.sort_unstable();
    let mut joined: Vec<(TimeMicros, TimeMicros)> = Vec::new();
    for (from, to) in spans.into_iter().filter(|(from, to)| from <= to) {
        match joined.last_mut() {
            Some((_, end)) if from <= end.plus_micros(Timeline::CONNECTED) => *end = to.max(*end),
            _ => joined.push((from, to)),
        }
    }
    joined
}

/// Writes the counters and tells on which devices a counter of losses has risen.
async fn write_counters(
    tx: &mut PgConnection,
    tenant: TenantId,
    touches: &BTreeMap<DeviceId, DeviceTouch>,
) -> Result<Vec<DeviceId>> {
    let beats: Vec<(DeviceId, TimeMicros, Value)> = touches
        .values()
        .filter_map(|t| t.heartbeat.as_ref().map(|b| (t.device, b.at, counters_json(&b.counters))))
        .collect();
    if beats.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<String> = beats.iter().map(|(id, ..)| id.to_string()).collect();
    let rows = sqlx::query(
        "SELECT device_id, counters FROM device_counters WHERE tenant_id = $1 AND device_id = ANY($2)",
    )
    .bind(tenant.0)
    .bind(&ids)
    .fetch_all(&mut *tx)
    .await?;
    let mut before: BTreeMap<String, Value> = BTreeMap::new();
    for row in &rows {
        before.insert(row.try_get("device_id")?, row.try_get("counters")?);
    }
    let rose =
        |(id, _, counters): &&(DeviceId, TimeMicros, Value)| lost_more(before.get(&id.to_string()), counters);
    let lost = beats.iter().filter(rose).map(|(id, ..)| *id).collect();
    let records: Value = beats
        .into_iter()
        .map(|(id, at, counters)| json!({"device_id": id.to_string(), "counters": counters, "updated_at": at.0}))
        .collect();
    sqlx::query(
        "INSERT INTO device_counters (tenant_id, device_id, counters, updated_at)
         SELECT $1, u.device_id, u.counters, u.updated_at
         FROM jsonb_to_recordset($2) AS u(device_id text, counters jsonb, updated_at bigint)
         ON CONFLICT (tenant_id, device_id) DO UPDATE SET
             counters = excluded.counters, updated_at = excluded.updated_at",
    )
    .bind(tenant.0)
    .bind(records)
    .execute(tx)
    .await?;
    Ok(lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn touches_of_one_device_are_merged() {
        let device = DeviceId([1; 20]);
        let beat = |at| HeartbeatUpdate { at: TimeMicros(at), ..HeartbeatUpdate::default() };
        let touches = [
            DeviceTouch {
                heartbeat: Some(beat(5)),
                last_event: Some(TimeMicros(4)),
                ..DeviceTouch::seen(device, TimeMicros(9))
            },
            DeviceTouch { heartbeat: Some(beat(3)), ..DeviceTouch::seen(device, TimeMicros(7)) },
            DeviceTouch::seen(DeviceId([2; 20]), TimeMicros(1)),
        ];
        let merged = merge(&touches);
        assert_eq!(merged.len(), 2);
        let one = &merged[&device];
        assert_eq!((one.last_seen.0, one.last_event), (9, Some(TimeMicros(4))));
        assert_eq!(one.heartbeat.as_ref().map(|b| b.at.0), Some(5));
    }

    #[test]
    fn beats_are_joined_into_stretches() {
        let at = |minute: i64| TimeMicros(minute * 60_000_000);
        let spans = [(at(40), at(45)), (at(0), at(0)), (at(15), at(15)), (at(3), at(3)), (at(31), at(31))];
        assert_eq!(stretches(spans.to_vec()), [(at(0), at(15)), (at(31), at(45))]);
        assert!(stretches(Vec::new()).is_empty());
    }

    #[test]
    fn only_a_loss_that_rose_counts() {
        let before = json!({"kernel_gap": 5, "spool_dropped_bulk": 3, "secrets_masked": 9});
        let lost = |now: Value| lost_more(Some(&before), &now);
        assert!(!lost(json!({"kernel_gap": 5, "spool_dropped_bulk": 3, "secrets_masked": 20})));
        assert!(!lost(json!({"kernel_gap": 5, "spool_dropped_bulk": 0})), "began anew, lost nothing yet");
        assert!(lost(json!({"kernel_gap": 5, "spool_dropped_bulk": 1})), "began anew and lost");
        assert!(lost(json!({"kernel_gap": 6, "spool_dropped_bulk": 3})));
        assert!(lost_more(None, &json!({"x_lost": 1})) && !lost_more(None, &json!({"x_lost": "no"})));
    }
}
