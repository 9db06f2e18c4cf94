//! Agentless scanning in the region's database: switches, how scans stand, and the device that a scan makes.
//!
//! The API writes switches, the estate process asks for scans, the connect process writes what came of them. That
//! process's role reaches the rows of scanned machines only (`migrations/region/0016_agentless.sql`).

mod found;
mod stand;
mod work;

use palisade_estate::agentless::{HOURS, ScanState, SensorSeen};
use palisade_types::{DeviceId, MachineId, SubscriptionId, TenantId, TimeMicros};
use sha2::{Digest, Sha256};
use sqlx::Row;
use uuid::Uuid;

use super::machines::decoded;
use crate::{Result, State, StateError, row};

pub use found::{Found, ScanOutcome};
pub use stand::{AgentlessCounts, AgentlessStand, ScanPast};
pub(super) use stand::{STATE, columns, stand};
pub use work::WantedScan;

/// Most machines of one page.
const PAGE: i64 = 5000;

/// The switch of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentlessSwitch {
    /// Whether its machines without a sensor are scanned.
    pub on: bool,
    /// Hours between two scans.
    pub hours: i32,
}

/// What decides about a machine's scans, as far as the database knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanSubject {
    /// Which.
    pub machine: MachineId,
    /// Its subscription's switch, or its own.
    pub on: bool,
    /// Whether an SSH connector that is in force knows it.
    pub reached: bool,
    /// The sensor that is linked to it and in service.
    pub sensor: Option<SensorSeen>,
    /// Whether the device that scans made is in service.
    pub in_service: bool,
    /// That device's name and hardware id, as the last scan found them; empty where none did.
    pub found: (String, String),
    /// Whether a scan is asked for already.
    pub wanted: bool,
    /// How it stands; none where nothing was ever written down.
    pub state: Option<ScanState>,
    /// Its code.
    pub code: String,
    /// Before this nobody asks by itself.
    pub next_at: TimeMicros,
}

/// The identifier of the device that scans of a machine make: it follows from the machine's, and no sensor can have it,
/// since those are given at random.
pub fn agentless_device(machine: MachineId) -> DeviceId {
    let digest = Sha256::digest(format!("palisade agentless device {machine}").as_bytes());
    let mut bytes = [0; 20];
    bytes.copy_from_slice(&digest[..20]);
    DeviceId(bytes)
}

impl State {
    /// A subscription's switch.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn agentless_switch(&self, tenant: TenantId, id: SubscriptionId) -> Result<AgentlessSwitch> {
        let mut tx = self.tenant_tx(tenant).await?;
        let found = sqlx::query(
            "SELECT agentless, agentless_hours FROM subscriptions WHERE tenant_id = $1 AND id = $2",
        )
        .bind(tenant.0)
        .bind(id.0)
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        let r = found.ok_or(StateError::NotFound("subscription"))?;
        Ok(AgentlessSwitch { on: r.try_get("agentless")?, hours: r.try_get("agentless_hours")? })
    }

    /// Turns a subscription's switch; without hours the interval stays.
    ///
    /// # Errors
    /// `not_found`, `invalid_argument` (hours).
    pub async fn set_agentless_switch(
        &self,
        tenant: TenantId,
        id: SubscriptionId,
        on: bool,
        hours: Option<i32>,
        now: TimeMicros,
    ) -> Result<AgentlessSwitch> {
        if hours.is_some_and(|h| !HOURS.contains(&h)) {
            let words = format!("hours must be {} to {}", HOURS.start(), HOURS.end());
            return Err(StateError::InvalidArgument(words));
        }
        let mut tx = self.tenant_tx(tenant).await?;
        let found = sqlx::query(
            "UPDATE subscriptions SET agentless = $3, agentless_hours = coalesce($4, agentless_hours), changed_at = $5
             WHERE tenant_id = $1 AND id = $2 AND state = 'active' RETURNING agentless, agentless_hours",
        )
        .bind(tenant.0)
        .bind(id.0)
        .bind(on)
        .bind(hours)
        .bind(now.0)
        .fetch_optional(&mut *tx)
        .await?;
        let r = found.ok_or(StateError::NotFound("subscription"))?;
        let now_is = AgentlessSwitch { on: r.try_get("agentless")?, hours: r.try_get("agentless_hours")? };
        super::wake(&mut tx).await?;
        tx.commit().await?;
        Ok(now_is)
    }

    /// Decides for one machine alone; `None`: as its subscription says. The reconciler looks at it at once.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn set_machine_agentless(
        &self,
        tenant: TenantId,
        id: MachineId,
        on: Option<bool>,
        by: &str,
        now: TimeMicros,
    ) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        let done = sqlx::query("UPDATE machines SET agentless = $3 WHERE tenant_id = $1 AND id = $2")
            .bind(tenant.0)
            .bind(id.0)
            .bind(on)
            .execute(&mut *tx)
            .await?;
        if done.rows_affected() == 0 {
            return Err(StateError::NotFound("machine"));
        }
        super::requests::ask(&mut tx, tenant, Some(id), None, "agentless", by, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Machines about whose scans something is to be decided: those that are switched on, and those with a device
    /// that scans made. A page behind `after`, by their identifiers; or `only` one machine, whatever it is.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn scan_subjects(
        &self,
        tenant: TenantId,
        after: MachineId,
        only: Option<MachineId>,
    ) -> Result<Vec<ScanSubject>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = sqlx::query(
            "SELECT m.id, coalesce(m.agentless, b.agentless) AND b.state = 'active' AS switched, c.kind, c.state AS connector,
                    d.enrolled_at, i.received_at, a.status AS device, a.name AS found_name,
                    a.facts ->> 'hardware_uuid' AS found_hardware, s.wanted_at, s.state, s.code, s.next_at
             FROM machines m
             JOIN subscriptions b ON b.tenant_id = m.tenant_id AND b.id = m.subscription_id
             LEFT JOIN connectors c ON c.tenant_id = m.tenant_id AND c.id = m.connector_id
             LEFT JOIN devices d ON d.tenant_id = m.tenant_id AND d.id = m.device_id AND d.status = 'active'
             LEFT JOIN device_inventories i ON i.tenant_id = m.tenant_id AND i.device_id = m.device_id
             LEFT JOIN devices a ON a.tenant_id = m.tenant_id AND a.machine_id = m.id
             LEFT JOIN machine_scans s ON s.tenant_id = m.tenant_id AND s.machine_id = m.id
             WHERE m.tenant_id = $1 AND CASE WHEN $3::uuid IS NULL
                 THEN m.id > $2 AND (coalesce(m.agentless, b.agentless) AND m.retired_at IS NULL OR a.status = 'active')
                 ELSE m.id = $3 END
             ORDER BY m.id LIMIT $4",
        )
        .bind(tenant.0)
        .bind(after.0)
        .bind(only.map(|m| m.0))
        .bind(PAGE)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.iter().map(subject).collect()
    }
}

fn subject(r: &sqlx::postgres::PgRow) -> Result<ScanSubject> {
    let kind: Option<&str> = r.try_get("kind")?;
    let connector: Option<&str> = r.try_get("connector")?;
    let word = |column: &str| r.try_get::<Option<String>, _>(column).map(Option::unwrap_or_default);
    let state: Option<String> = r.try_get("state")?;
    Ok(ScanSubject {
        machine: MachineId(r.try_get::<Uuid, _>("id")?),
        on: r.try_get("switched")?,
        reached: kind == Some("ssh") && connector.is_some_and(|state| state != "revoked"),
        sensor: row::time_opt(r, "enrolled_at")?
            .map(|enrolled_at| {
                Ok::<_, StateError>(SensorSeen {
                    enrolled_at,
                    inventory_at: row::time_opt(r, "received_at")?,
                })
            })
            .transpose()?,
        in_service: r.try_get::<Option<&str>, _>("device")? == Some("active"),
        found: (word("found_name")?, word("found_hardware")?),
        wanted: row::time_opt(r, "wanted_at")?.is_some(),
        state: state.map(|s| decoded(s.into(), "state")).transpose()?,
        code: word("code")?,
        next_at: row::time_opt(r, "next_at")?.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machines_device_is_always_the_same_and_its_own() {
        let (one, other) = (MachineId(Uuid::from_u128(1)), MachineId(Uuid::from_u128(2)));
        assert_eq!(agentless_device(one), agentless_device(one));
        assert_ne!(agentless_device(one), agentless_device(other));
        assert_eq!(agentless_device(one).to_string().len(), 40);
    }
}
