//! From facts and stretches to hours.

use std::collections::BTreeMap;

use palisade_estate::machine::PowerState;
use palisade_estate::metering::{Basis, Hour, HourUsage, Timeline, entitlements};
use palisade_estate::plan::{Override, Plan, SubscriptionPlans};
use palisade_types::{MachineId, SubscriptionId, TenantId, TimeMicros};
use serde::Deserialize;
use serde_json::Value;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::{METER_WINDOW, Metered};
use crate::{Result, row};

/// The first hour that is still open.
pub(super) fn first_open(now: TimeMicros) -> Hour {
    Hour::of(now.plus_micros(-METER_WINDOW))
}

/// Computes the hours of machines that are due.
pub(super) async fn compute(
    tx: &mut PgConnection,
    tenant: TenantId,
    most: u32,
    now: TimeMicros,
) -> Result<Metered> {
    // Locked before anything is read: what is told from here on is due again.
    let rows = sqlx::query(
        "SELECT machine_id, from_at FROM meter_due WHERE tenant_id = $1 ORDER BY machine_id LIMIT $2 FOR UPDATE",
    )
    .bind(tenant.0)
    .bind(i64::from(most))
    .fetch_all(&mut *tx)
    .await?;
    let mut due: BTreeMap<Uuid, Hour> = BTreeMap::new();
    for row in &rows {
        due.insert(row.try_get("machine_id")?, Hour::of(row::time(row, "from_at")?).max(first_open(now)));
    }
    if due.is_empty() {
        return Ok(Metered::default());
    }
    let ids: Vec<Uuid> = due.keys().copied().collect();
    sqlx::query("DELETE FROM meter_due WHERE tenant_id = $1 AND machine_id = ANY($2)")
        .bind(tenant.0)
        .bind(&ids)
        .execute(&mut *tx)
        .await?;
    let first = due.values().min().copied().unwrap_or_else(|| first_open(now));
    let mut timelines = facts(tx, tenant, &ids, now).await?;
    heard(tx, tenant, &ids, first, &mut timelines).await?;
    let usage: Vec<HourUsage> = due
        .iter()
        .filter_map(|(id, first)| Some(timelines.get(id)?.hours(MachineId(*id), *first, now)))
        .flatten()
        .collect();
    let changed = write(tx, tenant, &due, &usage).await?;
    let more = u32::try_from(due.len()).unwrap_or(most) == most;
    Ok(Metered { machines: due.len(), changed, more })
}

/// A fact `entitled`, as a trigger writes it.
#[derive(Deserialize)]
struct Entitled {
    plans: Option<SubscriptionPlans>,
    machine: Option<Override>,
}

async fn facts(
    tx: &mut PgConnection,
    tenant: TenantId,
    ids: &[Uuid],
    now: TimeMicros,
) -> Result<BTreeMap<Uuid, Timeline>> {
    let rows = sqlx::query(
        "SELECT machine_id, kind, at, value FROM meter_facts WHERE tenant_id = $1 AND machine_id = ANY($2)
         ORDER BY machine_id, kind, at",
    )
    .bind(tenant.0)
    .bind(ids)
    .fetch_all(tx)
    .await?;
    let mut timelines: BTreeMap<Uuid, Timeline> = BTreeMap::new();
    let mut entitled: BTreeMap<Uuid, Vec<(TimeMicros, Entitled)>> = BTreeMap::new();
    for row in &rows {
        let machine: Uuid = row.try_get("machine_id")?;
        let (kind, at, value) =
            (row.try_get::<&str, _>("kind")?, row::time(row, "at")?, row.try_get::<Value, _>("value")?);
        let timeline = timelines.entry(machine).or_insert_with(|| Timeline::new(Basis::PowerElseHeard));
        let told = match kind {
            "power" => read::<PowerState>(value).map(|power| timeline.power(at, power)),
            "placed" => read::<SubscriptionId>(value).map(|place| timeline.placed(at, place)),
            "owned" => read::<String>(value).map(|owner| timeline.owned(at, &owner)),
            _ => read::<Entitled>(value).map(|e| entitled.entry(machine).or_default().push((at, e))),
        };
        if told.is_none() {
            // One fact that cannot be read must not stop the meter for all machines.
            tracing::error!(%machine, kind, %at, "a fact of the meter cannot be read");
        }
    }
    for (machine, told) in entitled {
        let Some(timeline) = timelines.get_mut(&machine) else { continue };
        let ends = told.iter().skip(1).map(|(at, _)| *at).chain([now.plus_micros(1)]);
        for ((at, fact), until) in told.iter().zip(ends) {
            let plans = fact.plans.unwrap_or_default();
            for (at, plan) in entitlements(&plans, fact.machine.unwrap_or_default(), *at, until.max(*at)) {
                timeline.entitled(at, plan);
            }
        }
    }
    Ok(timelines)
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> Option<T> {
    serde_json::from_value(value).ok()
}

async fn heard(
    tx: &mut PgConnection,
    tenant: TenantId,
    ids: &[Uuid],
    first: Hour,
    timelines: &mut BTreeMap<Uuid, Timeline>,
) -> Result<()> {
    let rows = sqlx::query(
        "SELECT machine_id, from_at, to_at FROM meter_heard
         WHERE tenant_id = $1 AND machine_id = ANY($2) AND to_at >= $3",
    )
    .bind(tenant.0)
    .bind(ids)
    .bind(first.begins().plus_micros(-Timeline::CONNECTED).0)
    .fetch_all(tx)
    .await?;
    for row in &rows {
        if let Some(timeline) = timelines.get_mut(&row.try_get::<Uuid, _>("machine_id")?) {
            timeline.heard_from(row::time(row, "from_at")?, row::time(row, "to_at")?);
        }
    }
    Ok(())
}

fn product(plan: Plan) -> &'static str {
    match plan {
        Plan::ServersP1 | Plan::ServersP2 => "servers",
        Plan::Posture => "posture",
    }
}

/// Replaces what is stored of the hours from `due` on; returns how many rows are different now.
async fn write(
    tx: &mut PgConnection,
    tenant: TenantId,
    due: &BTreeMap<Uuid, Hour>,
    usage: &[HourUsage],
) -> Result<u64> {
    let machines: Vec<Uuid> = usage.iter().map(|u| u.machine.0).collect();
    let hours: Vec<i64> = usage.iter().map(|u| u.hour.0).collect();
    let products: Vec<&str> = usage.iter().map(|u| product(u.plan)).collect();
    let gone = sqlx::query(
        "DELETE FROM usage_hours h USING unnest($2::uuid[], $3::bigint[]) AS d(machine, first)
         WHERE h.tenant_id = $1 AND h.machine_id = d.machine AND h.hour >= d.first AND NOT EXISTS (
             SELECT FROM unnest($4::uuid[], $5::bigint[], $6::text[]) AS k(machine, hour, product)
             WHERE k.machine = h.machine_id AND k.hour = h.hour AND k.product = h.product)",
    )
    .bind(tenant.0)
    .bind(due.keys().copied().collect::<Vec<_>>())
    .bind(due.values().map(|h| h.0).collect::<Vec<_>>())
    .bind(&machines)
    .bind(&hours)
    .bind(&products)
    .execute(&mut *tx)
    .await?
    .rows_affected();
    let written = sqlx::query(
        "INSERT INTO usage_hours AS h
             (tenant_id, machine_id, hour, product, plan, subscription_id, owner, trial, micros)
         SELECT $1, * FROM unnest($2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::uuid[], $7::text[],
             $8::boolean[], $9::bigint[])
         ON CONFLICT (tenant_id, machine_id, hour, product) DO UPDATE SET plan = excluded.plan,
             subscription_id = excluded.subscription_id, owner = excluded.owner, trial = excluded.trial,
             micros = excluded.micros
         WHERE (h.plan, h.subscription_id, h.owner, h.trial, h.micros) IS DISTINCT FROM
             (excluded.plan, excluded.subscription_id, excluded.owner, excluded.trial, excluded.micros)",
    )
    .bind(tenant.0)
    .bind(&machines)
    .bind(&hours)
    .bind(&products)
    .bind(usage.iter().map(|u| u.plan.as_str()).collect::<Vec<_>>())
    .bind(usage.iter().map(|u| u.subscription.0).collect::<Vec<_>>())
    .bind(usage.iter().map(|u| u.owner.as_str()).collect::<Vec<_>>())
    .bind(usage.iter().map(|u| u.trial).collect::<Vec<_>>())
    .bind(usage.iter().map(|u| u.micros).collect::<Vec<_>>())
    .execute(&mut *tx)
    .await?
    .rows_affected();
    if gone + written > 0 {
        add_up(tx, tenant, due).await?;
    }
    Ok(gone + written)
}

/// Adds the hours of the days up that have an hour from `due` on.
async fn add_up(tx: &mut PgConnection, tenant: TenantId, due: &BTreeMap<Uuid, Hour>) -> Result<()> {
    sqlx::query(
        "WITH due AS (
             SELECT machine, first / 24 AS day FROM unnest($2::uuid[], $3::bigint[]) AS d(machine, first)
         ), fresh AS (
             SELECT h.machine_id, h.hour / 24 AS day, h.product, h.plan, h.subscription_id, h.owner, h.trial,
                 count(*) AS hours
             FROM due JOIN usage_hours h ON h.machine_id = due.machine AND h.hour >= due.day * 24
             WHERE h.tenant_id = $1
             GROUP BY 1, 2, 3, 4, 5, 6, 7
         ), gone AS (
             DELETE FROM usage_days u USING due
             WHERE u.tenant_id = $1 AND u.machine_id = due.machine AND u.day >= due.day AND NOT EXISTS (
                 SELECT FROM fresh f
                 WHERE (f.machine_id, f.day, f.product, f.plan, f.subscription_id, f.owner, f.trial) =
                     (u.machine_id, u.day, u.product, u.plan, u.subscription_id, u.owner, u.trial))
         )
         INSERT INTO usage_days AS u
             (tenant_id, machine_id, day, product, plan, subscription_id, owner, trial, hours)
         SELECT $1, * FROM fresh
         ON CONFLICT (tenant_id, machine_id, day, product, plan, subscription_id, owner, trial)
         DO UPDATE SET hours = excluded.hours WHERE u.hours <> excluded.hours",
    )
    .bind(tenant.0)
    .bind(due.keys().copied().collect::<Vec<_>>())
    .bind(due.values().map(|h| h.0).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}
