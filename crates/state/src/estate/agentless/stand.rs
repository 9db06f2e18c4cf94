//! How scans stand, for people.

use std::collections::BTreeMap;

use palisade_types::{DeviceId, MachineId, SubscriptionId, TenantId, TimeMicros};
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::agentless_device;
use crate::{Result, State, StateError, row};

/// How scans of a machine stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentlessStand {
    /// The machine's own setting; none: as its subscription says.
    pub own: Option<bool>,
    /// What follows with its subscription's.
    pub on: bool,
    /// Hours between two scans.
    pub hours: i32,
    /// `off`, `not_applicable`, `waiting`, `queued`, `running`, `done`, `limited`, `failed`.
    pub state: String,
    /// A stable code; empty where nothing is wrong.
    pub code: String,
    /// Words to it.
    pub message: String,
    /// The device that scans made, once there is one.
    pub device: Option<DeviceId>,
    /// Whether the last scan that gave something ran as root.
    pub root: Option<bool>,
    /// How many packages it found.
    pub packages: Option<u32>,
    /// When that was.
    pub scanned_at: Option<TimeMicros>,
    /// When one was last tried.
    pub tried_at: Option<TimeMicros>,
    /// When the next one is due.
    pub next_at: Option<TimeMicros>,
    /// Since when one is asked for.
    pub wanted_at: Option<TimeMicros>,
}

/// A scan that was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanPast {
    /// When it ended.
    pub at: TimeMicros,
    /// Its code; empty where nothing was wrong.
    pub code: String,
    /// Words to it.
    pub message: String,
    /// How long it took, microseconds.
    pub micros: i64,
    /// Whether as root; none where it gave nothing.
    pub root: Option<bool>,
    /// How many packages it found.
    pub packages: Option<u32>,
}

/// How many machines of a subscription stand how.
pub type AgentlessCounts = BTreeMap<String, u64>;

/// The state of a machine's scans, from tables `m` (machines), `b` (its subscription) and `a` (its scans). What a
/// person switched off is off, whatever was found before.
pub(crate) const STATE: &str = "CASE WHEN NOT coalesce(m.agentless, b.agentless) THEN 'off'
    WHEN a.wanted_at IS NOT NULL AND a.worker IS NOT NULL THEN 'running'
    WHEN a.wanted_at IS NOT NULL THEN 'queued' ELSE coalesce(a.state, 'waiting') END";

/// The columns that [`stand`] reads.
pub(crate) fn columns() -> String {
    format!(
        "m.agentless AS scan_own, coalesce(m.agentless, b.agentless) AS scan_on, b.agentless_hours AS scan_hours,
         {STATE} AS scan_state, a.code AS scan_code, a.message AS scan_message, a.root AS scan_root,
         a.packages AS scan_packages, a.scanned_at, a.tried_at, a.next_at, a.wanted_at"
    )
}

/// The scans' part of a row about a machine.
pub(crate) fn stand(r: &PgRow, machine: MachineId) -> Result<AgentlessStand> {
    let (state, on): (String, bool) = (r.try_get("scan_state")?, r.try_get("scan_on")?);
    let scanned_at = row::time_opt(r, "scanned_at")?;
    let (mut code, mut message): (Option<String>, Option<String>) =
        (r.try_get("scan_code")?, r.try_get("scan_message")?);
    if !on {
        let off = palisade_estate::agentless::ScanCode::AgentlessOff;
        (code, message) = (Some(off.as_str().to_owned()), Some(format!("{}.", off.title())));
    }
    Ok(AgentlessStand {
        own: r.try_get("scan_own")?,
        on,
        hours: r.try_get("scan_hours")?,
        code: code.unwrap_or_default(),
        message: message.unwrap_or_default(),
        device: scanned_at.map(|_| agentless_device(machine)),
        root: r.try_get("scan_root")?,
        packages: packages(r, "scan_packages")?,
        scanned_at,
        tried_at: row::time_opt(r, "tried_at")?,
        next_at: row::time_opt(r, "next_at")?.filter(|at| on && at.0 > 0),
        wanted_at: row::time_opt(r, "wanted_at")?,
        state,
    })
}

fn packages(r: &PgRow, column: &str) -> Result<Option<u32>> {
    Ok(r.try_get::<Option<i32>, _>(column)?.and_then(|n| u32::try_from(n).ok()))
}

impl State {
    /// How scans of a machine stand.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn agentless(&self, tenant: TenantId, id: MachineId) -> Result<AgentlessStand> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sql = format!(
            "SELECT {} FROM machines m
             JOIN subscriptions b ON b.tenant_id = m.tenant_id AND b.id = m.subscription_id
             LEFT JOIN machine_scans a ON a.tenant_id = m.tenant_id AND a.machine_id = m.id
             WHERE m.tenant_id = $1 AND m.id = $2",
            columns()
        );
        let found =
            sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tenant.0).bind(id.0).fetch_optional(&mut *tx).await?;
        tx.commit().await?;
        stand(&found.ok_or(StateError::NotFound("machine"))?, id)
    }

    /// The last scans of a machine, newest first.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn scans_of(&self, tenant: TenantId, id: MachineId) -> Result<Vec<ScanPast>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = sqlx::query(
            "SELECT at, code, message, micros, root, packages FROM machine_scan_log
             WHERE tenant_id = $1 AND machine_id = $2 ORDER BY at DESC LIMIT 50",
        )
        .bind(tenant.0)
        .bind(id.0)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.iter()
            .map(|r| {
                Ok(ScanPast {
                    at: row::time(r, "at")?,
                    code: r.try_get("code")?,
                    message: r.try_get("message")?,
                    micros: r.try_get("micros")?,
                    root: r.try_get("root")?,
                    packages: packages(r, "packages")?,
                })
            })
            .collect()
    }

    /// How many machines of a subscription stand how.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn agentless_counts(&self, tenant: TenantId, id: SubscriptionId) -> Result<AgentlessCounts> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sql = format!(
            "SELECT {STATE} AS scan_state, count(*) AS machines FROM machines m
             JOIN subscriptions b ON b.tenant_id = m.tenant_id AND b.id = m.subscription_id
             LEFT JOIN machine_scans a ON a.tenant_id = m.tenant_id AND a.machine_id = m.id
             WHERE m.tenant_id = $1 AND m.subscription_id = $2 AND m.retired_at IS NULL GROUP BY 1"
        );
        let rows =
            sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tenant.0).bind(id.0).fetch_all(&mut *tx).await?;
        tx.commit().await?;
        rows.iter()
            .map(|r| {
                let machines: i64 = r.try_get("machines")?;
                Ok((r.try_get("scan_state")?, u64::try_from(machines).unwrap_or_default()))
            })
            .collect()
    }
}
