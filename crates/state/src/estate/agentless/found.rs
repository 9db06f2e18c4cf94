//! What a scan found, and writing it down.

use palisade_estate::agentless::{ScanCode, ScanState, next_after};
use palisade_types::{MachineId, TenantId, TimeMicros};
use sqlx::{PgConnection, Row};

use super::super::machines::{self, Machine};
use super::{WantedScan, agentless_device};
use crate::inventories::{write_list, write_parts};
use crate::{DeviceFacts, InventoryUpdate, Result, State, row};

/// Scans of a machine that are kept.
const KEPT: i64 = 50;

/// What a scan gave.
#[derive(Clone, Debug)]
pub struct Found {
    /// What the machine is.
    pub facts: DeviceFacts,
    /// What it holds, whole: every part with the list of all.
    pub inventory: InventoryUpdate,
    /// Whether as root.
    pub root: bool,
    /// How many packages there are.
    pub packages: u32,
    /// What stopped the rest, with words; none where everything was read.
    pub limit: Option<(ScanCode, String)>,
}

/// How a scan ended: what it gave, or a stable code and words.
pub type ScanOutcome = std::result::Result<Box<Found>, (String, String)>;

impl State {
    /// Writes down how a scan ended, in one transaction. Without effect if another worker has it now. What an earlier
    /// scan gave stays where this one failed; it is dropped where the machine has got a sensor meanwhile.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn finish_scan(
        &self,
        tenant: TenantId,
        scan: &WantedScan,
        worker: &str,
        outcome: &ScanOutcome,
        began: TimeMicros,
        now: TimeMicros,
    ) -> Result<()> {
        let id = scan.machine.id;
        let mut tx = self.tenant_tx(tenant).await?;
        // The machine first, as everybody does who links a sensor to it: whoever comes second sees the other's work.
        let locked =
            sqlx::query("SELECT id FROM machines WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE")
                .bind(tenant.0)
                .bind(id.0)
                .fetch_optional(&mut *tx)
                .await?;
        let held = sqlx::query(
            "SELECT 1 AS one FROM machine_scans WHERE tenant_id = $1 AND machine_id = $2 AND worker = $3 FOR UPDATE",
        )
        .bind(tenant.0)
        .bind(id.0)
        .bind(worker)
        .fetch_optional(&mut *tx)
        .await?;
        if locked.is_none() || held.is_none() {
            return Ok(());
        }
        let machine = machines::read(&mut tx, tenant, id).await?;
        let overtaken = (machine.device.is_some() && machine.device != scan.machine.device)
            || machine.retired_at.is_some()
            || machine.offboarded_at.is_some();
        let stand = match outcome {
            _ if overtaken => {
                let gone = machine.retired_at.is_some() || machine.offboarded_at.is_some();
                Stand::refused(if gone { ScanCode::MachineGone } else { ScanCode::SensorPresent }, now)
            }
            Ok(found) => {
                write_device(&mut tx, tenant, &machine, &found.facts, now).await?;
                let device = agentless_device(id);
                write_parts(&mut tx, tenant, device, &found.inventory, now).await?;
                write_list(&mut tx, tenant, device, &found.inventory, now).await?;
                Stand::found(found, next_after(now, scan.hours, 0))
            }
            Err((code, words)) => {
                let failures = scan.failures.saturating_add(1);
                Stand::failed(code, words, failures, next_after(now, scan.hours, failures))
            }
        };
        stand.write(&mut tx, tenant, id, now).await?;
        note(&mut tx, tenant, id, &stand, began, now).await?;
        super::super::wake(&mut tx).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// What is written of an ended scan.
struct Stand {
    state: ScanState,
    code: String,
    message: String,
    failures: i32,
    next_at: TimeMicros,
    gave: Option<(bool, u32)>,
}

impl Stand {
    fn found(found: &Found, next_at: TimeMicros) -> Self {
        let (state, code, message) = match &found.limit {
            None => (ScanState::Done, String::new(), String::new()),
            Some((code, words)) => (ScanState::Limited, code.as_str().to_owned(), row::text(words, 1000)),
        };
        Self { state, code, message, failures: 0, next_at, gave: Some((found.root, found.packages)) }
    }

    fn failed(code: &str, words: &str, failures: i32, next_at: TimeMicros) -> Self {
        let (code, message) = (row::text(code, 100), row::text(words, 1000));
        Self { state: ScanState::Failed, code, message, failures, next_at, gave: None }
    }

    fn refused(code: ScanCode, now: TimeMicros) -> Self {
        Self {
            state: ScanState::NotApplicable,
            code: code.as_str().to_owned(),
            message: format!("{}.", code.title()),
            failures: 0,
            next_at: palisade_estate::agentless::look_again(now),
            gave: None,
        }
    }

    async fn write(
        &self,
        tx: &mut PgConnection,
        tenant: TenantId,
        id: MachineId,
        now: TimeMicros,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE machine_scans SET wanted_at = NULL, worker = NULL, lease_until = NULL, tried_at = $3,
                 scanned_at = CASE WHEN $8::boolean IS NULL THEN scanned_at ELSE $3 END, next_at = $4, failures = $5,
                 state = $6, code = $7, root = coalesce($8, root), packages = coalesce($9, packages), message = $10,
                 changed_at = $3
             WHERE tenant_id = $1 AND machine_id = $2",
        )
        .bind(tenant.0)
        .bind(id.0)
        .bind(now.0)
        .bind(self.next_at.0)
        .bind(self.failures)
        .bind(self.state.as_str())
        .bind(&self.code)
        .bind(self.gave.map(|(root, _)| root))
        .bind(self.gave.map(|(_, packages)| i32::try_from(packages).unwrap_or(i32::MAX)))
        .bind(&self.message)
        .execute(tx)
        .await?;
        Ok(())
    }
}

async fn note(
    tx: &mut PgConnection,
    tenant: TenantId,
    id: MachineId,
    stand: &Stand,
    began: TimeMicros,
    now: TimeMicros,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO machine_scan_log (tenant_id, machine_id, at, code, message, micros, root, packages)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(now.0)
    .bind(&stand.code)
    .bind(&stand.message)
    .bind(now.0.saturating_sub(began.0).max(0))
    .bind(stand.gave.map(|(root, _)| root))
    .bind(stand.gave.map(|(_, packages)| i32::try_from(packages).unwrap_or(i32::MAX)))
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "DELETE FROM machine_scan_log WHERE tenant_id = $1 AND machine_id = $2 AND at < (
             SELECT at FROM machine_scan_log WHERE tenant_id = $1 AND machine_id = $2
             ORDER BY at DESC OFFSET $3 LIMIT 1)",
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(KEPT - 1)
    .execute(tx)
    .await?;
    Ok(())
}

/// Makes the machine's device, or brings it back into service with what was found now.
async fn write_device(
    tx: &mut PgConnection,
    tenant: TenantId,
    machine: &Machine,
    facts: &DeviceFacts,
    now: TimeMicros,
) -> Result<()> {
    let facts = facts.cleaned();
    let done = sqlx::query(
        "INSERT INTO devices (tenant_id, id, subscription_id, source, machine_id, name, os_platform, os_distribution,
             os_version, kernel, architecture, sensor_version, scope, ip_addresses, facts, first_seen, last_seen,
             enrolled_at)
         VALUES ($1, $2, $3, 'agentless', $4, $5, $6, $7, $8, $9, $10, '', '', $11, $12, $13, $13, $13)
         ON CONFLICT (tenant_id, id) DO UPDATE SET status = 'active', subscription_id = excluded.subscription_id,
             name = excluded.name, os_platform = excluded.os_platform, os_distribution = excluded.os_distribution,
             os_version = excluded.os_version, kernel = excluded.kernel, architecture = excluded.architecture,
             ip_addresses = excluded.ip_addresses, facts = excluded.facts, last_seen = excluded.last_seen
         RETURNING id",
    )
    .bind(tenant.0)
    .bind(agentless_device(machine.id).to_string())
    .bind(machine.subscription.0)
    .bind(machine.id.0)
    .bind(&facts.name)
    .bind(&facts.os_platform)
    .bind(&facts.os_distribution)
    .bind(&facts.os_version)
    .bind(&facts.kernel)
    .bind(&facts.architecture)
    .bind(&facts.ip_addresses)
    .bind(&facts.extra)
    .bind(now.0)
    .fetch_one(tx)
    .await?;
    done.try_get::<&str, _>("id")?;
    Ok(())
}
