//! From beats of devices to stretches in which machines were heard.

use std::collections::BTreeMap;

use palisade_estate::metering::{Hour, Timeline};
use palisade_types::{TenantId, TimeMicros};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::touch::stretches;
use crate::{Result, row};

/// The most rows of beats that one step takes.
const MOST: i64 = 20_000;
/// Rows of a device without a machine that are left as they are, until it has one.
const LOOSE: usize = 20;

type Stretch = (TimeMicros, TimeMicros);

/// Moves beats to the machines whose devices they are of. Returns whether some are left.
pub(super) async fn take(tx: &mut PgConnection, tenant: TenantId, now: TimeMicros) -> Result<bool> {
    let rows = sqlx::query(
        "SELECT h.id, h.device_id, h.from_at, h.to_at, m.id AS machine_id
         FROM device_heard h LEFT JOIN machines m ON m.tenant_id = $1 AND m.device_id = h.device_id
         WHERE h.tenant_id = $1 ORDER BY (m.id IS NULL), h.id LIMIT $2",
    )
    .bind(tenant.0)
    .bind(MOST)
    .fetch_all(&mut *tx)
    .await?;
    let mut taken: Vec<i64> = Vec::new();
    let mut machines: BTreeMap<Uuid, Vec<Stretch>> = BTreeMap::new();
    let mut loose: BTreeMap<String, (Vec<i64>, Vec<Stretch>)> = BTreeMap::new();
    for row in &rows {
        let (id, stretch) = (row.try_get("id")?, (row::time(row, "from_at")?, row::time(row, "to_at")?));
        match row.try_get::<Option<Uuid>, _>("machine_id")? {
            Some(machine) => {
                taken.push(id);
                machines.entry(machine).or_default().push(stretch);
            }
            None => {
                let (ids, spans) = loose.entry(row.try_get("device_id")?).or_default();
                ids.push(id);
                spans.push(stretch);
            }
        }
    }
    let left = i64::try_from(taken.len()).unwrap_or(MOST) == MOST;
    let mut again: Vec<(String, Stretch)> = Vec::new();
    for (device, (ids, spans)) in loose.into_iter().filter(|(_, (ids, _))| ids.len() > LOOSE) {
        let joined = stretches(spans);
        if joined.len() < ids.len() {
            taken.extend(ids);
            again.extend(joined.into_iter().map(|s| (device.clone(), s)));
        }
    }
    if taken.is_empty() {
        return Ok(false);
    }
    sqlx::query("DELETE FROM device_heard WHERE tenant_id = $1 AND id = ANY($2)")
        .bind(tenant.0)
        .bind(&taken)
        .execute(&mut *tx)
        .await?;
    keep_loose(tx, tenant, &again).await?;
    merge(tx, tenant, machines, now).await?;
    Ok(left)
}

async fn keep_loose(tx: &mut PgConnection, tenant: TenantId, of: &[(String, Stretch)]) -> Result<()> {
    sqlx::query(
        "INSERT INTO device_heard (tenant_id, device_id, from_at, to_at)
         SELECT $1, * FROM unnest($2::text[], $3::bigint[], $4::bigint[])",
    )
    .bind(tenant.0)
    .bind(of.iter().map(|(device, _)| device.as_str()).collect::<Vec<_>>())
    .bind(of.iter().map(|(_, (from, _))| from.0).collect::<Vec<_>>())
    .bind(of.iter().map(|(_, (_, to))| to.0).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

/// What changes of the kept stretches.
#[derive(Default)]
struct Change {
    gone: (Vec<Uuid>, Vec<i64>),
    now: (Vec<Uuid>, Vec<i64>, Vec<i64>),
    due: (Vec<Uuid>, Vec<i64>),
}

/// Joins new stretches with those that are kept.
async fn merge(
    tx: &mut PgConnection,
    tenant: TenantId,
    machines: BTreeMap<Uuid, Vec<Stretch>>,
    now: TimeMicros,
) -> Result<()> {
    let machines: BTreeMap<Uuid, Vec<Stretch>> =
        machines.into_iter().map(|(machine, spans)| (machine, stretches(spans))).collect();
    let around = |spans: &Vec<Stretch>| {
        let first = spans.first().map_or(now, |s| s.0).plus_micros(-Timeline::CONNECTED);
        (first, spans.last().map_or(now, |s| s.1).plus_micros(Timeline::CONNECTED))
    };
    let rows = sqlx::query(
        "SELECT h.machine_id, h.from_at, h.to_at FROM meter_heard h
         JOIN unnest($2::uuid[], $3::bigint[], $4::bigint[]) AS u(machine, lower, upper)
             ON h.machine_id = u.machine AND h.to_at >= u.lower AND h.from_at <= u.upper
         WHERE h.tenant_id = $1",
    )
    .bind(tenant.0)
    .bind(machines.keys().copied().collect::<Vec<_>>())
    .bind(machines.values().map(|s| around(s).0.0).collect::<Vec<_>>())
    .bind(machines.values().map(|s| around(s).1.0).collect::<Vec<_>>())
    .fetch_all(&mut *tx)
    .await?;
    let mut kept: BTreeMap<Uuid, Vec<Stretch>> = BTreeMap::new();
    for row in &rows {
        let stretch = (row::time(row, "from_at")?, row::time(row, "to_at")?);
        kept.entry(row.try_get("machine_id")?).or_default().push(stretch);
    }
    let running = Hour::of(now).begins();
    let mut change = Change::default();
    for (machine, new) in machines {
        let old = kept.remove(&machine).unwrap_or_default();
        change.of(machine, &old, new, running);
    }
    change.write(tx, tenant).await
}

impl Change {
    fn of(&mut self, machine: Uuid, old: &[Stretch], new: Vec<Stretch>, running: TimeMicros) {
        let all = stretches(old.iter().copied().chain(new.iter().copied()).collect());
        for (from, _) in old.iter().filter(|(from, _)| all.iter().all(|(f, _)| f != from)) {
            self.gone.0.push(machine);
            self.gone.1.push(from.0);
        }
        for stretch in all.iter().filter(|s| !old.contains(s)) {
            self.now.0.push(machine);
            self.now.1.push(stretch.0.0);
            self.now.2.push(stretch.1.0);
        }
        // A machine that just goes on beating is computed by the next sweep; what begins anew, or is
        // told of hours that the sweeps are past, is computed now.
        let told = new.iter().filter_map(|(from, to)| {
            match old.iter().find(|(f, t)| f <= from && *from <= t.plus_micros(Timeline::CONNECTED)) {
                Some((_, end)) if to <= end || *end >= running => None,
                Some((_, end)) => Some(*end),
                None => Some(*from),
            }
        });
        if let Some(first) = told.min() {
            self.due.0.push(machine);
            self.due.1.push(first.0);
        }
    }

    async fn write(self, tx: &mut PgConnection, tenant: TenantId) -> Result<()> {
        if !self.gone.0.is_empty() {
            sqlx::query(
                "DELETE FROM meter_heard h USING unnest($2::uuid[], $3::bigint[]) AS u(machine, from_at)
                 WHERE h.tenant_id = $1 AND h.machine_id = u.machine AND h.from_at = u.from_at",
            )
            .bind(tenant.0)
            .bind(&self.gone.0)
            .bind(&self.gone.1)
            .execute(&mut *tx)
            .await?;
        }
        if !self.now.0.is_empty() {
            sqlx::query(
                "INSERT INTO meter_heard (tenant_id, machine_id, from_at, to_at)
                 SELECT $1, * FROM unnest($2::uuid[], $3::bigint[], $4::bigint[])
                 ON CONFLICT (tenant_id, machine_id, from_at) DO UPDATE SET to_at = excluded.to_at",
            )
            .bind(tenant.0)
            .bind(&self.now.0)
            .bind(&self.now.1)
            .bind(&self.now.2)
            .execute(&mut *tx)
            .await?;
        }
        if !self.due.0.is_empty() {
            sqlx::query(
                "INSERT INTO meter_due AS d (tenant_id, machine_id, from_at)
                 SELECT $1, * FROM unnest($2::uuid[], $3::bigint[])
                 ON CONFLICT (tenant_id, machine_id) DO UPDATE SET from_at = least(d.from_at, excluded.from_at)",
            )
            .bind(tenant.0)
            .bind(&self.due.0)
            .bind(&self.due.1)
            .execute(&mut *tx)
            .await?;
        }
        Ok(())
    }
}
