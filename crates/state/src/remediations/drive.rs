//! Remediations as their driver reads and writes them: all devices, what they answered, what inventories show.

use std::collections::{HashMap, HashSet};

use palisade_types::{DeviceId, OrderId, TenantId, TimeMicros};
use roaring::RoaringBitmap;
use serde_json::Value;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::{DEVICE_COLUMNS, RemediationState, device_row};
use crate::orders::OrderState;
use crate::{Result, State, StateError, row};

/// How long a driver may take for one step, microseconds; another one takes over then.
const LEASE: i64 = 60 * 1_000_000;

/// A remediation that is not over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenRemediation {
    /// Identifier.
    pub id: Uuid,
    /// Where it stands.
    pub state: RemediationState,
    /// Until when it is to be over.
    pub due_at: Option<TimeMicros>,
}

/// A remediation with what its driver has to know.
#[derive(Clone, Debug)]
pub struct Driven {
    /// Identifier.
    pub id: Uuid,
    /// The recommendation's identifier and kind.
    pub recommendation: String,
    /// `update`, …
    pub kind: String,
    /// What it is about.
    pub product: String,
    /// `debian:12`, `npm`.
    pub ecosystem: String,
    /// The version that fixes.
    pub target: String,
    /// Where it stands.
    pub state: RemediationState,
    /// How it is carried out.
    pub run: Option<Value>,
    /// Why it stands still, as was written last.
    pub reason_code: String,
    /// The same in words.
    pub reason: String,
    /// Who allowed it.
    pub approved_by: String,
    /// Its devices.
    pub devices: Vec<DrivenDevice>,
    /// What inventories say of its software.
    pub held: Held,
}

/// A device with its last order.
#[derive(Clone, Debug)]
pub struct DrivenDevice {
    /// Which.
    pub device: DeviceId,
    /// A name of `vuln::remediation::Step`.
    pub step: String,
    /// Since when.
    pub since: TimeMicros,
    /// Orders in a row that it did not fetch.
    pub missed: u32,
    /// Whether the others wait for it.
    pub canary: bool,
    /// Its last order.
    pub order: Option<DrivenOrder>,
    /// What was said of it last: a code.
    pub code: String,
    /// The same in words.
    pub message: String,
    /// The versions that the update replaced, where it is to go back to them.
    pub versions: Option<Value>,
    /// Since when its inventory shows the fix.
    pub fixed_at: Option<TimeMicros>,
    /// Whether it is in service.
    pub active: bool,
    /// Whether a sensor is there that takes orders; machines that are only scanned have none.
    pub takes_orders: bool,
}

/// Where an order stands.
#[derive(Clone, Debug)]
pub struct DrivenOrder {
    /// Which.
    pub id: OrderId,
    /// Where it stands.
    pub state: OrderState,
    /// Whether its device ever fetched it.
    pub delivered: bool,
    /// What the device answered, where an answer is awaited.
    pub receipt: Option<Value>,
}

/// What inventories say of a software.
#[derive(Clone, Debug, Default)]
pub struct Held {
    /// Each installed version, with who has it.
    pub versions: Vec<(String, Vec<DeviceId>)>,
    /// Who still needs the recommendation, where no version tells.
    pub exposed: HashSet<DeviceId>,
    /// Devices of which something is known at all, and when their inventory was taken.
    pub taken_at: HashMap<DeviceId, TimeMicros>,
}

/// What a driver concluded about a device.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Which.
    pub device: DeviceId,
    /// Where it stood; nothing is written where that is not so any more.
    pub was: String,
    /// A name of `vuln::remediation::Step`.
    pub step: &'static str,
    /// Since when.
    pub since: TimeMicros,
    /// Orders in a row that it did not fetch.
    pub missed: u32,
    /// Whether the others wait for it.
    pub canary: bool,
    /// Its order.
    pub order: Option<OrderId>,
    /// What went wrong.
    pub code: String,
    /// The same in words.
    pub message: String,
    /// What it proved; none leaves what it proved before.
    pub proof: Option<Value>,
    /// The versions that the update replaced; none leaves them.
    pub versions: Option<Value>,
    /// Since when its inventory shows the fix.
    pub fixed_at: Option<TimeMicros>,
}

/// Where the whole stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The state.
    pub state: RemediationState,
    /// Why it stands still or has stopped.
    pub reason_code: String,
    /// The same in words.
    pub reason: String,
}

impl State {
    /// Remediations of a tenant that are not over, oldest first.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn open_remediations(&self, tenant: TenantId) -> Result<Vec<OpenRemediation>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = sqlx::query(
            "SELECT id, state, due_at FROM remediations WHERE tenant_id = $1 AND state NOT IN ('completed', 'cancelled')
             ORDER BY created_at, id",
        )
        .bind(tenant.0)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let open = |r| {
            let due_at = row::time_opt(r, "due_at")?;
            Ok(OpenRemediation { id: r.try_get("id")?, state: row::parsed(r, "state")?, due_at })
        };
        rows.iter().map(open).collect()
    }

    /// All devices of a remediation, for what the product itself tells of it.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn remediation_device_ids(&self, tenant: TenantId, id: Uuid) -> Result<Vec<DeviceId>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = sqlx::query(
            "SELECT device_id FROM remediation_devices WHERE tenant_id = $1 AND remediation_id = $2",
        )
        .bind(tenant.0)
        .bind(id)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.iter().map(|r| row::device(r, "device_id")).collect()
    }

    /// Takes a remediation to carry it forward: nobody else gets it for a minute, or until it is written.
    ///
    /// # Errors
    /// Only those of the store itself; none where somebody else has it, or it is over.
    pub async fn lease_remediation(
        &self,
        tenant: TenantId,
        id: Uuid,
        now: TimeMicros,
    ) -> Result<Option<Driven>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let found = sqlx::query(
            "UPDATE remediations SET leased_until = $3 + $4
             WHERE tenant_id = $1 AND id = $2 AND leased_until <= $3 AND state NOT IN ('completed', 'cancelled')
             RETURNING recommendation_id, kind, product, ecosystem, target, state, run, reason_code, reason,
                 coalesce(approved_by, '') AS approved_by",
        )
        .bind(tenant.0)
        .bind(id)
        .bind(now.0)
        .bind(LEASE)
        .fetch_optional(&mut *tx)
        .await?;
        let Some(r) = found else { return Ok(None) };
        let mut driven = Driven {
            id,
            recommendation: r.try_get("recommendation_id")?,
            kind: r.try_get("kind")?,
            product: r.try_get("product")?,
            ecosystem: r.try_get("ecosystem")?,
            target: r.try_get("target")?,
            state: row::parsed(&r, "state")?,
            run: r.try_get("run")?,
            reason_code: r.try_get("reason_code")?,
            reason: r.try_get("reason")?,
            approved_by: r.try_get("approved_by")?,
            devices: devices(&mut tx, tenant, id).await?,
            held: Held::default(),
        };
        driven.held = held(&mut tx, tenant, &driven).await?;
        tx.commit().await?;
        Ok(Some(driven))
    }

    /// Notes an order right after it was given, so that an end of the driver does not lose it.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn note_remediation_order(&self, tenant: TenantId, id: Uuid, outcome: &Outcome) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        write_device(&mut tx, tenant, id, outcome).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Writes what a driver concluded, and gives the remediation back. What a person decided meanwhile stays.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn write_remediation(
        &self,
        tenant: TenantId,
        (id, was): (Uuid, RemediationState),
        stands: &Standing,
        outcomes: &[Outcome],
        now: TimeMicros,
    ) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        for outcome in outcomes {
            write_device(&mut tx, tenant, id, outcome).await?;
        }
        sqlx::query(
            "UPDATE remediations SET state = $4, reason_code = $5, reason = $6,
                 completed_at = CASE WHEN $4 = 'completed' THEN $7 ELSE completed_at END,
                 changed_at = CASE WHEN state <> $4 OR reason_code <> $5 THEN $7 ELSE changed_at END
             WHERE tenant_id = $1 AND id = $2 AND state = $3",
        )
        .bind(tenant.0)
        .bind(id)
        .bind(was.as_str())
        .bind(stands.state.as_str())
        .bind(row::text(&stands.reason_code, 100))
        .bind(row::text(&stands.reason, 1_000))
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "UPDATE remediations SET measured_at = $3, leased_until = 0 WHERE tenant_id = $1 AND id = $2",
        )
        .bind(tenant.0)
        .bind(id)
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }
}

async fn write_device(tx: &mut PgConnection, tenant: TenantId, id: Uuid, o: &Outcome) -> Result<()> {
    sqlx::query(
        "UPDATE remediation_devices SET step = $4, since = $5, missed = $6, canary = $7, order_id = $8, code = $9,
             message = $10, proof = coalesce($11, proof), versions = coalesce($12, versions), fixed_at = $13
         WHERE tenant_id = $1 AND remediation_id = $2 AND device_id = $3 AND step = $14",
    )
    .bind(tenant.0)
    .bind(id)
    .bind(o.device.to_string())
    .bind(o.step)
    .bind(o.since.0)
    .bind(i32::try_from(o.missed).unwrap_or(i32::MAX))
    .bind(o.canary)
    .bind(o.order.map(|id| id.0))
    .bind(row::text(&o.code, 100))
    .bind(row::text(&o.message, 1_000))
    .bind(o.proof.as_ref().map(row::json))
    .bind(o.versions.as_ref().map(row::json))
    .bind(o.fixed_at.map(|at| at.0))
    .bind(&o.was)
    .execute(tx)
    .await?;
    Ok(())
}

async fn devices(tx: &mut PgConnection, tenant: TenantId, id: Uuid) -> Result<Vec<DrivenDevice>> {
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {DEVICE_COLUMNS}, o.state AS order_state, o.delivered_at IS NOT NULL AS delivered,
             CASE WHEN d.step IN ('checking', 'applying', 'rolling_back') THEN o.receipt END AS receipt,
             CASE WHEN d.step = 'rolling_back' THEN d.versions END AS versions,
             coalesce(v.status = 'active', false) AS active,
             coalesce(v.source = 'sensor', false) AS takes_orders
         FROM remediation_devices d
         LEFT JOIN orders o ON o.tenant_id = d.tenant_id AND o.id = d.order_id AND o.device_id = d.device_id
         LEFT JOIN devices v ON v.tenant_id = d.tenant_id AND v.id = d.device_id
         WHERE d.tenant_id = $1 AND d.remediation_id = $2 ORDER BY d.device_id"
    )))
    .bind(tenant.0)
    .bind(id)
    .fetch_all(tx)
    .await?;
    rows.iter()
        .map(|r| {
            let d = device_row(r)?;
            let state: Option<String> = r.try_get("order_state")?;
            let order = match (d.order, state) {
                (Some(id), Some(state)) => Some(DrivenOrder {
                    id,
                    state: state.parse()?,
                    delivered: r.try_get("delivered")?,
                    receipt: r.try_get("receipt")?,
                }),
                _ => None,
            };
            Ok(DrivenDevice {
                device: d.device,
                step: d.step,
                since: d.since,
                missed: d.missed,
                canary: d.canary,
                order,
                code: d.code,
                message: d.message,
                versions: r.try_get("versions")?,
                fixed_at: d.fixed_at,
                active: r.try_get("active")?,
                takes_orders: r.try_get("takes_orders")?,
            })
        })
        .collect()
}

async fn held(tx: &mut PgConnection, tenant: TenantId, of: &Driven) -> Result<Held> {
    let ids: Vec<String> = of.devices.iter().map(|d| d.device.to_string()).collect();
    let rows = sqlx::query(
        "SELECT o.ordinal, o.device_id, c.taken_at FROM device_ordinals o
         JOIN device_components c ON c.tenant_id = o.tenant_id AND c.device_id = o.device_id
         WHERE o.tenant_id = $1 AND o.device_id = ANY($2)",
    )
    .bind(tenant.0)
    .bind(&ids)
    .fetch_all(&mut *tx)
    .await?;
    let mut held = Held::default();
    let mut numbers: HashMap<u32, DeviceId> = HashMap::new();
    for r in &rows {
        let device = row::device(r, "device_id")?;
        held.taken_at.insert(device, row::time(r, "taken_at")?);
        if let Ok(number) = u32::try_from(r.try_get::<i32, _>("ordinal")?) {
            numbers.insert(number, device);
        }
    }
    let named = |set: &RoaringBitmap| -> Vec<DeviceId> {
        set.iter().filter_map(|n| numbers.get(&n).copied()).collect()
    };
    let (family, release) = of.ecosystem.split_once(':').unwrap_or((&of.ecosystem, ""));
    let release = if release.is_empty() { String::new() } else { of.ecosystem.clone() };
    let rows = sqlx::query(
        "SELECT coalesce(nullif(source_version, ''), version) AS version, devices FROM components
         WHERE tenant_id = $1 AND ecosystem = $2 AND release = $3
           AND coalesce(nullif(source_name, ''), name) = $4",
    )
    .bind(tenant.0)
    .bind(family)
    .bind(release)
    .bind(&of.product)
    .fetch_all(&mut *tx)
    .await?;
    for r in &rows {
        let set = bitmap(r.try_get("devices")?)?;
        held.versions.push((r.try_get("version")?, named(&set)));
    }
    let exposed: Option<Vec<u8>> = sqlx::query_scalar(
        "SELECT devices FROM vulnerability_recommendations WHERE tenant_id = $1 AND id = $2",
    )
    .bind(tenant.0)
    .bind(&of.recommendation)
    .fetch_optional(tx)
    .await?;
    if let Some(bytes) = exposed {
        held.exposed = named(&bitmap(bytes)?).into_iter().collect();
    }
    Ok(held)
}

fn bitmap(bytes: Vec<u8>) -> Result<RoaringBitmap> {
    RoaringBitmap::deserialize_from(&bytes[..])
        .map_err(|_| StateError::Internal("a stored set of devices is damaged".into()))
}
