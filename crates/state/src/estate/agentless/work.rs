//! Asking for scans, taking them, and noting why a machine is not to be scanned.

use palisade_estate::agentless::ScanCode;
use palisade_types::{MachineId, TenantId, TimeMicros};
use sqlx::Row;
use uuid::Uuid;

use super::super::machines::{self, Machine};
use crate::{Result, State};

/// A worker that has said nothing for so long is believed gone, microseconds.
const LEASE: i64 = 120_000_000;

/// A scan that a worker has taken.
#[derive(Clone, Debug)]
pub struct WantedScan {
    /// The machine.
    pub machine: Machine,
    /// The connector that reaches it.
    pub connector: Uuid,
    /// Hours between two scans.
    pub hours: i32,
    /// Failures since the last success.
    pub failures: i32,
}

impl State {
    /// Asks the connect process to scan machines.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn want_scans(&self, tenant: TenantId, ids: &[MachineId], now: TimeMicros) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let ids: Vec<Uuid> = ids.iter().map(|m| m.0).collect();
        let mut tx = self.tenant_tx(tenant).await?;
        sqlx::query(
            "INSERT INTO machine_scans AS s (tenant_id, machine_id, wanted_at, changed_at)
             SELECT tenant_id, id, $3, $3 FROM machines WHERE tenant_id = $1 AND id = ANY($2) ORDER BY id
             ON CONFLICT (tenant_id, machine_id) DO UPDATE SET wanted_at = coalesce(s.wanted_at, excluded.wanted_at),
                 state = CASE WHEN s.state = 'not_applicable' THEN 'waiting' ELSE s.state END,
                 code = CASE WHEN s.state = 'not_applicable' THEN '' ELSE s.code END,
                 message = CASE WHEN s.state = 'not_applicable' THEN '' ELSE s.message END,
                 changed_at = excluded.changed_at",
        )
        .bind(tenant.0)
        .bind(&ids)
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        super::super::wake(&mut tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Notes that machines are not to be scanned, and takes the devices that scans made of them out of service.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn refuse_scans(
        &self,
        tenant: TenantId,
        refused: &[(MachineId, ScanCode)],
        next_at: TimeMicros,
        now: TimeMicros,
    ) -> Result<()> {
        if refused.is_empty() {
            return Ok(());
        }
        let ids: Vec<Uuid> = refused.iter().map(|(m, _)| m.0).collect();
        let codes: Vec<&str> = refused.iter().map(|(_, code)| code.as_str()).collect();
        let titles: Vec<String> = refused.iter().map(|(_, code)| format!("{}.", code.title())).collect();
        let mut tx = self.tenant_tx(tenant).await?;
        sqlx::query(
            "INSERT INTO machine_scans AS s (tenant_id, machine_id, state, code, message, next_at, changed_at)
             SELECT m.tenant_id, m.id, 'not_applicable', u.code, u.title, $5, $6
             FROM unnest($2::uuid[], $3::text[], $4::text[]) AS u(id, code, title)
             JOIN machines m ON m.tenant_id = $1 AND m.id = u.id ORDER BY m.id
             ON CONFLICT (tenant_id, machine_id) DO UPDATE SET state = excluded.state, code = excluded.code,
                 message = excluded.message, next_at = excluded.next_at, wanted_at = NULL, worker = NULL,
                 lease_until = NULL, changed_at = excluded.changed_at",
        )
        .bind(tenant.0)
        .bind(&ids)
        .bind(&codes)
        .bind(&titles)
        .bind(next_at.0)
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "UPDATE devices SET status = 'offboarded'
             WHERE tenant_id = $1 AND source = 'agentless' AND machine_id = ANY($2) AND status = 'active'",
        )
        .bind(tenant.0)
        .bind(&ids)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Takes up to `most` scans that nobody makes; each is this worker's until its lease ends.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn take_scans(
        &self,
        tenant: TenantId,
        worker: &str,
        most: u32,
        now: TimeMicros,
    ) -> Result<Vec<WantedScan>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let taken = sqlx::query(
            "UPDATE machine_scans s SET worker = $2, lease_until = $4
             WHERE s.tenant_id = $1 AND s.machine_id IN (
                 SELECT machine_id FROM machine_scans
                 WHERE tenant_id = $1 AND wanted_at IS NOT NULL AND (lease_until IS NULL OR lease_until < $3)
                 ORDER BY wanted_at LIMIT $5 FOR UPDATE SKIP LOCKED)
             RETURNING s.machine_id, s.failures",
        )
        .bind(tenant.0)
        .bind(worker)
        .bind(now.0)
        .bind(now.0 + LEASE)
        .bind(i64::from(most))
        .fetch_all(&mut *tx)
        .await?;
        let mut scans = Vec::with_capacity(taken.len());
        let mut gone = Vec::new();
        for r in &taken {
            let id = MachineId(r.try_get("machine_id")?);
            let machine = machines::read(&mut tx, tenant, id).await?;
            // Nobody reaches what was retired, or has lost its connector, since.
            let Some(connector) = machine.connector.filter(|_| machine.retired_at.is_none()) else {
                gone.push(id.0);
                continue;
            };
            let hours = sqlx::query_scalar(
                "SELECT agentless_hours FROM subscriptions WHERE tenant_id = $1 AND id = $2",
            )
            .bind(tenant.0)
            .bind(machine.subscription.0)
            .fetch_one(&mut *tx)
            .await?;
            scans.push(WantedScan { machine, connector, hours, failures: r.try_get("failures")? });
        }
        if !gone.is_empty() {
            sqlx::query(
                "UPDATE machine_scans SET wanted_at = NULL, worker = NULL, lease_until = NULL
                 WHERE tenant_id = $1 AND machine_id = ANY($2)",
            )
            .bind(tenant.0)
            .bind(&gone)
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(scans)
    }

    /// Says that this worker still makes its scans.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn renew_scans(
        &self,
        tenant: TenantId,
        ids: &[MachineId],
        worker: &str,
        now: TimeMicros,
    ) -> Result<()> {
        let ids: Vec<Uuid> = ids.iter().map(|m| m.0).collect();
        let mut tx = self.tenant_tx(tenant).await?;
        sqlx::query(
            "UPDATE machine_scans SET lease_until = $4 WHERE tenant_id = $1 AND machine_id = ANY($2) AND worker = $3",
        )
        .bind(tenant.0)
        .bind(&ids)
        .bind(worker)
        .bind(now.0 + LEASE)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }
}
