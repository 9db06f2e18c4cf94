//! What the estate process follows, and what it writes back.

use palisade_estate::health::{Finding, Tracker};
use palisade_estate::machine::{OsFacts, OsFamily};
use palisade_estate::plan::Effective;
use palisade_estate::provision::{self, HostReport};
use palisade_types::{DeviceId, MachineId, SubscriptionId, TenantId, TimeMicros};
use serde_json::{Value, json};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::machines::{COLUMNS, Machine, decoded, encoded, machine};
use crate::health::Hearing;
use crate::{Component, Result, State, presence, row};

/// Most rows of one step; what is more comes with the next.
const MOST: i64 = 5000;

/// A device as the estate process judges it.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceView {
    /// Which.
    pub id: DeviceId,
    /// Where it enrolled to.
    pub subscription: SubscriptionId,
    /// Whether it was taken out of service.
    pub offboarded: bool,
    /// Host name.
    pub name: String,
    /// Its system.
    pub os: OsFacts,
    /// Addresses.
    pub addresses: Vec<String>,
    /// What its firmware says it is; empty if nothing.
    pub hardware_id: String,
    /// What its cloud calls it; empty if it said nothing.
    pub cloud_id: String,
    /// The sensor's version.
    pub sensor_version: String,
    /// First enrolment.
    pub first_seen: TimeMicros,
    /// Last enrolment.
    pub enrolled_at: TimeMicros,
    /// Anything heard.
    pub last_seen: TimeMicros,
    /// The last heartbeat.
    pub last_heartbeat: Option<TimeMicros>,
    /// The last event.
    pub last_event: Option<TimeMicros>,
    /// When a counter of losses last rose.
    pub last_loss: Option<TimeMicros>,
    /// The sensor's parts.
    pub components: Vec<Component>,
    /// When the sensor says that it started; empty if it never said.
    pub started: String,
    /// Whether it watches a part of its machine only.
    pub scoped: bool,
    /// When its row was written last, by the database's clock.
    pub touched_at: TimeMicros,
}

/// What the estate process keeps of a machine between steps.
#[derive(Clone, Debug)]
pub struct MachineKept {
    /// Which.
    pub machine: MachineId,
    /// Its reconciler.
    pub reconciler: provision::Machine,
    /// Its health.
    pub tracker: Tracker,
    /// When its state was written last.
    pub changed_at: TimeMicros,
}

/// A finding that was raised or cleared, for the history.
#[derive(Clone, Debug)]
pub struct Raised {
    /// Its code.
    pub code: &'static str,
    /// Its kind.
    pub kind: String,
    /// Raised, or cleared.
    pub raised: bool,
    /// Since when the cause was there.
    pub since: TimeMicros,
    /// Its message then; empty when cleared.
    pub message: String,
}

/// All that is to be written about a machine after a step.
#[derive(Clone, Debug)]
pub struct MachineWrite {
    /// Which.
    pub machine: MachineId,
    /// Its reconciler.
    pub reconciler: provision::Machine,
    /// Its health.
    pub tracker: Tracker,
    /// `healthy`, `unhealthy`, `not_applicable`, `pending`.
    pub status: &'static str,
    /// `on`, `off`, `partial`.
    pub extension: &'static str,
    /// `open`, `finished`, `refused`, `broken`.
    pub progress: String,
    /// What is under way; empty for nothing.
    pub doing: String,
    /// What it is entitled to.
    pub plan: Effective,
    /// A preflight's report that is new.
    pub report: Option<Box<HostReport>>,
    /// The findings that stand.
    pub findings: Vec<Finding>,
    /// What was raised or cleared in this step.
    pub changes: Vec<Raised>,
}

const DEVICE: &str = "id, subscription_id, status, name, os_platform, os_distribution, os_version, kernel,
    architecture, ip_addresses, facts, sensor_version, first_seen, enrolled_at, last_seen, last_heartbeat, last_event,
    last_loss, components, heartbeat, scope, touched_at";

fn text_of(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

fn device_view(row: &PgRow) -> Result<DeviceView> {
    let facts: Value = row.try_get("facts")?;
    let platform: String = row.try_get("os_platform")?;
    let family = OsFacts::family_of(&platform);
    Ok(DeviceView {
        id: row::device(row, "id")?,
        subscription: SubscriptionId(row.try_get("subscription_id")?),
        offboarded: row.try_get::<&str, _>("status")? == "offboarded",
        name: row.try_get("name")?,
        os: OsFacts {
            family: if family == OsFamily::Other { OsFamily::Unknown } else { family },
            id: row.try_get::<String, _>("os_distribution")?.to_lowercase(),
            version: row.try_get("os_version")?,
            kernel: row.try_get("kernel")?,
            architecture: row.try_get("architecture")?,
        },
        addresses: row.try_get("ip_addresses")?,
        hardware_id: text_of(&facts, "hardware_uuid"),
        cloud_id: text_of(&facts, "cloud_id"),
        sensor_version: row.try_get("sensor_version")?,
        first_seen: row::time(row, "first_seen")?,
        enrolled_at: row::time(row, "enrolled_at")?,
        last_seen: row::time(row, "last_seen")?,
        last_heartbeat: row::time_opt(row, "last_heartbeat")?,
        last_event: row::time_opt(row, "last_event")?,
        last_loss: row::time_opt(row, "last_loss")?,
        components: decoded(row.try_get("components")?, "components")?,
        started: text_of(&row.try_get::<Value, _>("heartbeat")?, "started"),
        scoped: !row.try_get::<&str, _>("scope")?.is_empty(),
        touched_at: row::time(row, "touched_at")?,
    })
}

impl State {
    /// Devices that were written after an instant of the database's clock, in that order.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn devices_touched_since(
        &self,
        tenant: TenantId,
        since: TimeMicros,
    ) -> Result<Vec<DeviceView>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sql = format!(
            "SELECT {DEVICE} FROM devices WHERE tenant_id = $1 AND touched_at > $2 AND source = 'sensor'
             ORDER BY touched_at LIMIT $3"
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(tenant.0)
            .bind(since.0)
            .bind(MOST)
            .fetch_all(&mut *tx)
            .await?;
        tx.commit().await?;
        rows.iter().map(device_view).collect()
    }

    /// Some devices.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn device_views(&self, tenant: TenantId, ids: &[DeviceId]) -> Result<Vec<DeviceView>> {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let mut tx = self.tenant_tx(tenant).await?;
        let sql = format!(
            "SELECT {DEVICE} FROM devices WHERE tenant_id = $1 AND id = ANY($2) AND source = 'sensor'"
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(tenant.0).bind(&ids).fetch_all(&mut *tx).await?;
        tx.commit().await?;
        rows.iter().map(device_view).collect()
    }

    /// Machines that others changed after an instant, in that order.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn machines_changed_since(&self, tenant: TenantId, since: TimeMicros) -> Result<Vec<Machine>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sql = format!(
            "SELECT {COLUMNS} FROM machines m WHERE m.tenant_id = $1 AND m.changed_at > $2
             ORDER BY m.changed_at LIMIT {MOST}"
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(tenant.0).bind(since.0).fetch_all(&mut *tx).await?;
        tx.commit().await?;
        rows.iter().map(machine).collect()
    }

    /// What was kept of machines, a page at a time in the order of their identifiers.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn kept_machines(&self, tenant: TenantId, after: MachineId) -> Result<Vec<MachineKept>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = sqlx::query(
            "SELECT machine_id, reconciler, tracker, changed_at FROM machine_state
             WHERE tenant_id = $1 AND machine_id > $2 ORDER BY machine_id LIMIT $3",
        )
        .bind(tenant.0)
        .bind(after.0)
        .bind(MOST)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.iter()
            .map(|r| {
                Ok(MachineKept {
                    machine: MachineId(r.try_get("machine_id")?),
                    reconciler: decoded(r.try_get("reconciler")?, "reconciler")?,
                    tracker: decoded(r.try_get("tracker")?, "tracker")?,
                    changed_at: row::time(r, "changed_at")?,
                })
            })
            .collect()
    }

    /// The roll-outs under way, by subscription.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn rollouts(&self, tenant: TenantId) -> Result<Vec<(SubscriptionId, provision::Rollout)>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = sqlx::query("SELECT subscription_id, rollout FROM rollouts WHERE tenant_id = $1")
            .bind(tenant.0)
            .fetch_all(&mut *tx)
            .await?;
        tx.commit().await?;
        rows.iter()
            .map(|r| {
                Ok((
                    SubscriptionId(r.try_get("subscription_id")?),
                    decoded(r.try_get("rollout")?, "rollout")?,
                ))
            })
            .collect()
    }

    /// Keeps a subscription's roll-out.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn write_rollout(
        &self,
        tenant: TenantId,
        id: SubscriptionId,
        rollout: &provision::Rollout,
        by: &str,
        now: TimeMicros,
    ) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        sqlx::query(
            "INSERT INTO rollouts (tenant_id, subscription_id, rollout, begun_by, begun_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (tenant_id, subscription_id) DO UPDATE SET rollout = excluded.rollout",
        )
        .bind(tenant.0)
        .bind(id.0)
        .bind(encoded(rollout)?)
        .bind(row::text(by, 300))
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// When the server itself could hear devices.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn hearing(&self, tenant: TenantId, now: TimeMicros) -> Result<Hearing> {
        let mut tx = self.tenant_tx(tenant).await?;
        let hearing = presence::hearing(&mut tx, now).await?;
        tx.commit().await?;
        Ok(hearing)
    }

    /// Makes a machine of a device that no connector knows, or links the device to a machine.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn link_device(
        &self,
        tenant: TenantId,
        device: &DeviceView,
        to: Option<MachineId>,
        now: TimeMicros,
    ) -> Result<Machine> {
        let mut tx = self.tenant_tx(tenant).await?;
        // Whoever had this device before has lost it to its own copy or its successor.
        sqlx::query(
            "UPDATE machines SET device_id = NULL, changed_at = $4
             WHERE tenant_id = $1 AND device_id = $2 AND id IS DISTINCT FROM $3",
        )
        .bind(tenant.0)
        .bind(device.id.to_string())
        .bind(to.map(|m| m.0))
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        // A machine that was only made for this device has nothing left that is its own.
        sqlx::query(
            "DELETE FROM machines WHERE tenant_id = $1 AND $2::uuid IS NOT NULL AND id <> $2 AND device_id IS NULL
                 AND connector_id IS NULL AND cloud_id = '' AND changed_at = $3",
        )
        .bind(tenant.0)
        .bind(to.map(|m| m.0))
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        let id = to.unwrap_or_else(MachineId::random);
        sqlx::query(
            "INSERT INTO machines AS m (tenant_id, id, subscription_id, name, cloud_id, hardware_id, os, addresses, power,
                 power_since, device_id, first_seen, changed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'unknown', $10, $9, $10, $11)
             ON CONFLICT (tenant_id, id) DO UPDATE SET device_id = excluded.device_id,
                 hardware_id = excluded.hardware_id, changed_at = excluded.changed_at,
                 cloud_id = CASE WHEN m.cloud_id = '' THEN excluded.cloud_id ELSE m.cloud_id END",
        )
        .bind(tenant.0)
        .bind(id.0)
        .bind(device.subscription.0)
        .bind(&device.name)
        .bind(&device.cloud_id)
        .bind(&device.hardware_id)
        .bind(encoded(&device.os)?)
        .bind(&device.addresses)
        .bind(device.id.to_string())
        .bind(device.first_seen.0)
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        let made = super::machines::read(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// Keeps a device's subscription the same as its machine's.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn place_device(&self, tenant: TenantId, device: DeviceId, at: SubscriptionId) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        sqlx::query(
            "UPDATE devices SET subscription_id = $3 WHERE tenant_id = $1 AND id = $2 AND subscription_id <> $3",
        )
        .bind(tenant.0)
        .bind(device.to_string())
        .bind(at.0)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Refuses a device's certificates from now on.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn revoke_device(&self, tenant: TenantId, device: DeviceId, now: TimeMicros) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        for sql in [
            "UPDATE device_certificates SET revoked_at = $3 WHERE tenant_id = $1 AND device_id = $2 AND revoked_at IS NULL",
            "UPDATE devices SET status = 'offboarded' WHERE tenant_id = $1 AND id = $2 AND $3 > 0",
        ] {
            sqlx::query(sql).bind(tenant.0).bind(device.to_string()).bind(now.0).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Writes what followed of a step for many machines, in one transaction.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn write_machines(
        &self,
        tenant: TenantId,
        writes: &[MachineWrite],
        now: TimeMicros,
    ) -> Result<()> {
        if writes.is_empty() {
            return Ok(());
        }
        let mut tx = self.tenant_tx(tenant).await?;
        write_states(&mut tx, tenant, writes, now).await?;
        write_systems(&mut tx, tenant, writes, now).await?;
        write_findings(&mut tx, tenant, writes).await?;
        for write in writes {
            for change in &write.changes {
                write_change(&mut tx, tenant, write.machine, change, now).await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }
}

async fn write_states(
    tx: &mut PgConnection,
    tenant: TenantId,
    writes: &[MachineWrite],
    now: TimeMicros,
) -> Result<()> {
    let mut records = Vec::with_capacity(writes.len());
    for w in writes {
        records.push(json!({
            "machine_id": w.machine.0, "reconciler": encoded(&w.reconciler)?, "tracker": encoded(&w.tracker)?,
            "status": w.status, "extension": w.extension, "progress": w.progress, "doing": w.doing,
            "plan": encoded(&w.plan)?,
            "report": w.report.as_ref().map(|r| encoded(r.as_ref())).transpose()?,
        }));
    }
    sqlx::query(
        "INSERT INTO machine_state AS s (tenant_id, machine_id, reconciler, tracker, status, extension, progress, doing,
             plan, report, reported_at, evaluated_at, changed_at)
         SELECT $1, u.machine_id, u.reconciler, u.tracker, u.status, u.extension, u.progress, u.doing, u.plan, u.report,
             CASE WHEN u.report IS NULL THEN NULL ELSE $3 END, $3, $3
         FROM jsonb_to_recordset($2) AS u(machine_id uuid, reconciler jsonb, tracker jsonb, status text, extension text,
             progress text, doing text, plan jsonb, report jsonb)
         -- A machine that was removed in the meantime is not written.
         JOIN machines m ON m.tenant_id = $1 AND m.id = u.machine_id
         ON CONFLICT (tenant_id, machine_id) DO UPDATE SET reconciler = excluded.reconciler,
             tracker = excluded.tracker, status = excluded.status, extension = excluded.extension,
             progress = excluded.progress, doing = excluded.doing, plan = excluded.plan,
             report = coalesce(excluded.report, s.report),
             reported_at = coalesce(excluded.reported_at, s.reported_at),
             evaluated_at = excluded.evaluated_at, changed_at = excluded.changed_at",
    )
    .bind(tenant.0)
    .bind(Value::Array(records))
    .bind(now.0)
    .execute(tx)
    .await?;
    Ok(())
}

/// What a look at a machine found its system to be is the machine's from then on.
async fn write_systems(
    tx: &mut PgConnection,
    tenant: TenantId,
    writes: &[MachineWrite],
    now: TimeMicros,
) -> Result<()> {
    let mut records = Vec::new();
    for w in writes {
        let Some(os) = w.report.as_ref().map(|r| &r.os).filter(|os| !os.id.is_empty()) else { continue };
        records.push(json!({ "machine_id": w.machine.0, "os": encoded(os)? }));
    }
    if records.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE machines m SET os = u.os, changed_at = $3
         FROM jsonb_to_recordset($2) AS u(machine_id uuid, os jsonb)
         WHERE m.tenant_id = $1 AND m.id = u.machine_id AND m.os IS DISTINCT FROM u.os",
    )
    .bind(tenant.0)
    .bind(Value::Array(records))
    .bind(now.0)
    .execute(tx)
    .await?;
    Ok(())
}

async fn write_findings(tx: &mut PgConnection, tenant: TenantId, writes: &[MachineWrite]) -> Result<()> {
    let machines: Vec<uuid::Uuid> = writes.iter().map(|w| w.machine.0).collect();
    let mut records = Vec::new();
    for f in writes.iter().flat_map(|w| &w.findings) {
        let word = |v: Value| v.as_str().unwrap_or_default().to_owned();
        records.push(json!({
            "machine_id": f.machine.0, "code": f.code.as_str(), "kind": word(encoded(&f.kind)?),
            "weight": word(encoded(&f.weight)?), "since": f.since.0, "last_evaluated": f.last_evaluated.0,
            "source": word(encoded(&f.source)?), "message": row::text(&f.message, 4000),
            "evidence": encoded(&f.evidence)?,
        }));
    }
    sqlx::query("DELETE FROM findings WHERE tenant_id = $1 AND machine_id = ANY($2)")
        .bind(tenant.0)
        .bind(&machines)
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "INSERT INTO findings (tenant_id, machine_id, code, kind, weight, since, last_evaluated, source, message, evidence)
         SELECT $1, u.machine_id, u.code, u.kind, u.weight, u.since, u.last_evaluated, u.source, u.message, u.evidence
         FROM jsonb_to_recordset($2) AS u(machine_id uuid, code text, kind text, weight text, since bigint,
             last_evaluated bigint, source text, message text, evidence jsonb)
         JOIN machines m ON m.tenant_id = $1 AND m.id = u.machine_id",
    )
    .bind(tenant.0)
    .bind(Value::Array(records))
    .execute(tx)
    .await?;
    Ok(())
}

async fn write_change(
    tx: &mut PgConnection,
    tenant: TenantId,
    machine: MachineId,
    change: &Raised,
    now: TimeMicros,
) -> Result<()> {
    let sql = if change.raised {
        "INSERT INTO finding_history (tenant_id, machine_id, code, kind, raised_at, message)
         SELECT $1, $2, $3, $4, $5, $6 WHERE exists (SELECT FROM machines WHERE tenant_id = $1 AND id = $2)
         ON CONFLICT DO NOTHING"
    } else {
        "UPDATE finding_history SET cleared_at = $5
         WHERE tenant_id = $1 AND machine_id = $2 AND code = $3 AND cleared_at IS NULL AND $4 <> '' AND $6 = ''"
    };
    sqlx::query(sql)
        .bind(tenant.0)
        .bind(machine.0)
        .bind(change.code)
        .bind(&change.kind)
        .bind(if change.raised { change.since.0 } else { now.0 })
        .bind(row::text(&change.message, 4000))
        .execute(tx)
        .await?;
    Ok(())
}
