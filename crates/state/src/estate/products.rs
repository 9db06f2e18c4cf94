//! What was found on machines about security products: told by their sensors, or by a connector that
//! the estate process asked to look.

use std::collections::{BTreeMap, HashMap};

use palisade_estate::edr::HostFacts;
use palisade_types::{DeviceId, MachineId, TenantId, TimeMicros};
use serde_json::json;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::machines::{Machine, decoded, encoded};
use super::requests;
use crate::{Result, State, StateError, row};

/// A worker that has said nothing for so long is believed gone, microseconds. A look takes less.
const LEASE: i64 = 180_000_000;
/// Most rows of one step; what is more comes with the next.
const MOST: i64 = 5000;

/// Who found something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactsBy {
    /// The sensor on the machine.
    Sensor,
    /// A connector.
    Connector,
}

impl FactsBy {
    /// As it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sensor => "sensor",
            Self::Connector => "connector",
        }
    }
}

/// What is known of a machine's products.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KnownProducts {
    /// The newest facts: what, when by the server's clock, and by whom.
    pub facts: Option<(HostFacts, TimeMicros, FactsBy)>,
    /// When a connector was last asked to look and has not answered.
    pub wanted_at: Option<TimeMicros>,
    /// When a connector last tried.
    pub tried_at: Option<TimeMicros>,
}

/// How the last look of a connector went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProductsLook {
    /// When it was tried; never where nobody did.
    pub tried_at: Option<TimeMicros>,
    /// Why it failed: a stable code, and words.
    pub error: Option<(String, String)>,
}

/// A look that a worker has taken.
#[derive(Clone, Debug)]
pub struct WantedLook {
    /// The machine.
    pub machine: Machine,
    /// The connector that reaches it.
    pub connector: Uuid,
}

/// Writes what sensors told, in the caller's transaction.
pub(crate) async fn write_of_devices(
    tx: &mut PgConnection,
    tenant: TenantId,
    found: &BTreeMap<DeviceId, (HostFacts, TimeMicros)>,
) -> Result<()> {
    if found.is_empty() {
        return Ok(());
    }
    let mut records = Vec::with_capacity(found.len());
    for (device, (facts, at)) in found {
        let facts = row::json(&encoded(facts)?);
        records.push(json!({ "device_id": device.to_string(), "facts": facts, "seen_at": at.0 }));
    }
    sqlx::query(
        "INSERT INTO device_products AS p (tenant_id, device_id, facts, seen_at, touched_at)
         SELECT $1, u.device_id, u.facts, u.seen_at, 0
         FROM jsonb_to_recordset($2) AS u(device_id text, facts jsonb, seen_at bigint)
         JOIN devices d ON d.tenant_id = $1 AND d.id = u.device_id
         ON CONFLICT (tenant_id, device_id) DO UPDATE SET facts = excluded.facts, seen_at = excluded.seen_at
         WHERE p.seen_at <= excluded.seen_at",
    )
    .bind(tenant.0)
    .bind(serde_json::Value::Array(records))
    .execute(tx)
    .await?;
    Ok(())
}

impl State {
    /// Machines about whose products something was written after an instant of the database's clock, in
    /// that order, with that instant.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn products_touched_since(
        &self,
        tenant: TenantId,
        since: TimeMicros,
    ) -> Result<Vec<(MachineId, TimeMicros)>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = sqlx::query(
            "SELECT machine_id, touched_at FROM (
                 (SELECT machine_id, touched_at FROM machine_products
                  WHERE tenant_id = $1 AND touched_at > $2 ORDER BY touched_at LIMIT $3)
                 UNION ALL
                 (SELECT m.id, p.touched_at FROM device_products p
                  JOIN machines m ON m.tenant_id = p.tenant_id AND m.device_id = p.device_id
                  WHERE p.tenant_id = $1 AND p.touched_at > $2 ORDER BY p.touched_at LIMIT $3)
             ) both_ways ORDER BY touched_at LIMIT $3",
        )
        .bind(tenant.0)
        .bind(since.0)
        .bind(MOST)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.iter().map(|r| Ok((MachineId(r.try_get("machine_id")?), row::time(r, "touched_at")?))).collect()
    }

    /// What is known of some machines' products. Of what a sensor told and what a connector found, the
    /// newer counts.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn known_products(
        &self,
        tenant: TenantId,
        machines: &[MachineId],
    ) -> Result<HashMap<MachineId, KnownProducts>> {
        let ids: Vec<Uuid> = machines.iter().map(|m| m.0).collect();
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = sqlx::query(
            "SELECT m.id, d.facts AS told, d.seen_at AS told_at, p.facts AS found, p.seen_at AS found_at,
                    p.wanted_at, p.tried_at
             FROM machines m
             LEFT JOIN device_products d ON d.tenant_id = m.tenant_id AND d.device_id = m.device_id
             LEFT JOIN machine_products p ON p.tenant_id = m.tenant_id AND p.machine_id = m.id
             WHERE m.tenant_id = $1 AND m.id = ANY($2)",
        )
        .bind(tenant.0)
        .bind(&ids)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let mut known = HashMap::new();
        for r in &rows {
            let told = row::time_opt(r, "told_at")?.map(|at| (at, FactsBy::Sensor, "told"));
            let found = row::time_opt(r, "found_at")?.map(|at| (at, FactsBy::Connector, "found"));
            let newest = told.into_iter().chain(found).max_by_key(|(at, ..)| *at);
            let facts = newest
                .map(|(at, by, column)| Ok::<_, StateError>((decoded(r.try_get(column)?, column)?, at, by)))
                .transpose()?;
            let one = KnownProducts {
                facts,
                wanted_at: row::time_opt(r, "wanted_at")?,
                tried_at: row::time_opt(r, "tried_at")?,
            };
            known.insert(MachineId(r.try_get("id")?), one);
        }
        Ok(known)
    }

    /// Asks the connect process to look at machines.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn want_products(
        &self,
        tenant: TenantId,
        machines: &[MachineId],
        now: TimeMicros,
    ) -> Result<()> {
        if machines.is_empty() {
            return Ok(());
        }
        let ids: Vec<Uuid> = machines.iter().map(|m| m.0).collect();
        let mut tx = self.tenant_tx(tenant).await?;
        sqlx::query(
            "INSERT INTO machine_products AS p (tenant_id, machine_id, wanted_at, touched_at)
             SELECT tenant_id, id, $3, 0 FROM machines WHERE tenant_id = $1 AND id = ANY($2)
             ON CONFLICT (tenant_id, machine_id) DO UPDATE SET wanted_at = coalesce(p.wanted_at, excluded.wanted_at)",
        )
        .bind(tenant.0)
        .bind(&ids)
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        requests::wake(&mut tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Writes what a preflight found on a machine beside its own answer.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn write_products(
        &self,
        tenant: TenantId,
        machine: MachineId,
        facts: &HostFacts,
        now: TimeMicros,
    ) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        sqlx::query(
            "INSERT INTO machine_products (tenant_id, machine_id, facts, seen_at, tried_at, touched_at)
             SELECT tenant_id, id, $3, $4, $4, 0 FROM machines WHERE tenant_id = $1 AND id = $2
             ON CONFLICT (tenant_id, machine_id) DO UPDATE SET facts = excluded.facts, seen_at = excluded.seen_at,
                 tried_at = excluded.tried_at, error_code = NULL, error = NULL",
        )
        .bind(tenant.0)
        .bind(machine.0)
        .bind(row::json(&encoded(facts)?))
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Takes up to `most` looks that nobody makes; each is this worker's until its lease ends.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn take_looks(
        &self,
        tenant: TenantId,
        worker: &str,
        most: u32,
        now: TimeMicros,
    ) -> Result<Vec<WantedLook>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let taken: Vec<Uuid> = sqlx::query_scalar(
            "UPDATE machine_products p SET worker = $2, lease_until = $4
             WHERE p.tenant_id = $1 AND p.machine_id IN (
                 SELECT machine_id FROM machine_products
                 WHERE tenant_id = $1 AND wanted_at IS NOT NULL AND (lease_until IS NULL OR lease_until < $3)
                 ORDER BY wanted_at LIMIT $5 FOR UPDATE SKIP LOCKED)
             RETURNING p.machine_id",
        )
        .bind(tenant.0)
        .bind(worker)
        .bind(now.0)
        .bind(now.0 + LEASE)
        .bind(i64::from(most))
        .fetch_all(&mut *tx)
        .await?;
        let mut looks = Vec::with_capacity(taken.len());
        let mut gone = Vec::new();
        for id in taken {
            let machine = super::machines::read(&mut tx, tenant, MachineId(id)).await?;
            // Nobody reaches what was retired, or has lost its connector, since.
            match machine.connector.filter(|_| machine.retired_at.is_none()) {
                Some(connector) => looks.push(WantedLook { machine, connector }),
                None => gone.push(id),
            }
        }
        if !gone.is_empty() {
            sqlx::query(
                "UPDATE machine_products SET wanted_at = NULL, worker = NULL, lease_until = NULL, tried_at = $3
                 WHERE tenant_id = $1 AND machine_id = ANY($2)",
            )
            .bind(tenant.0)
            .bind(&gone)
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(looks)
    }

    /// Writes down how a look ended: facts, or a stable code and words. Without effect if another worker
    /// has it now. Facts of before stay where it failed.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn finish_look(
        &self,
        tenant: TenantId,
        machine: MachineId,
        worker: &str,
        outcome: Result<&HostFacts, (&str, &str)>,
        now: TimeMicros,
    ) -> Result<()> {
        let (facts, error) = match outcome {
            Ok(facts) => (Some(row::json(&encoded(facts)?)), None),
            Err((code, words)) => (None, Some((row::text(code, 100), row::text(words, 1000)))),
        };
        let (code, words) = error.unzip();
        let mut tx = self.tenant_tx(tenant).await?;
        sqlx::query(
            "UPDATE machine_products SET facts = coalesce($4, facts),
                 seen_at = CASE WHEN $4 IS NULL THEN seen_at ELSE $5 END, tried_at = $5, error_code = $6, error = $7,
                 wanted_at = NULL, lease_until = NULL, worker = NULL
             WHERE tenant_id = $1 AND machine_id = $2 AND worker = $3",
        )
        .bind(tenant.0)
        .bind(machine.0)
        .bind(worker)
        .bind(facts)
        .bind(now.0)
        .bind(code)
        .bind(words)
        .execute(&mut *tx)
        .await?;
        requests::wake(&mut tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// How the last look of a connector at a machine went.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn products_look(&self, tenant: TenantId, machine: MachineId) -> Result<ProductsLook> {
        let mut tx = self.tenant_tx(tenant).await?;
        let found = sqlx::query(
            "SELECT tried_at, error_code, error FROM machine_products WHERE tenant_id = $1 AND machine_id = $2",
        )
        .bind(tenant.0)
        .bind(machine.0)
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        let Some(r) = found else { return Ok(ProductsLook::default()) };
        let (code, words): (Option<String>, Option<String>) = (r.try_get("error_code")?, r.try_get("error")?);
        Ok(ProductsLook { tried_at: row::time_opt(&r, "tried_at")?, error: code.zip(words) })
    }
}
