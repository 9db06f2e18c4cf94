//! Rules as their driver reads and writes them: which device should have which, and what it proved.

use std::collections::{BTreeMap, HashMap, HashSet};

use palisade_types::{DeviceId, OrderId, TenantId, TimeMicros};
use roaring::RoaringBitmap;
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::{BlockMode, BlockTarget, subject, targets};
use crate::orders::OrderState;
use crate::vulnerabilities::sight::visible;
use crate::{DeviceScope, Result, State, StateError, row};

/// A heartbeat so long after a proof speaks of what was proved, microseconds.
const HEARD: i64 = 120 * 1_000_000;

/// Devices whose lists are written at once.
const AT_ONCE: usize = 1_000;

/// A rule that holds, as devices get it.
#[derive(Clone, Debug)]
pub struct WantedRule {
    /// Identifier.
    pub id: Uuid,
    /// Its packages.
    pub targets: Vec<BlockTarget>,
    /// What happens.
    pub mode: BlockMode,
    /// What is told with it.
    pub message: String,
    /// Until when.
    pub expires_at: TimeMicros,
}

/// A device whose list is not acknowledged.
#[derive(Clone, Debug)]
pub struct BlockedList {
    /// The device.
    pub device: DeviceId,
    /// The list's number.
    pub revision: u64,
    /// The rules of it.
    pub rules: Vec<Uuid>,
    /// Orders in a row that came to nothing.
    pub tries: u32,
    /// When the next order may be given.
    pub retry_at: TimeMicros,
    /// The last order, with where it stands and what was answered.
    pub order: Option<(OrderId, OrderState, Option<Value>)>,
}

/// What a device proved about a rule.
#[derive(Clone, Debug, Default)]
pub struct BlockedRule {
    /// The rule.
    pub id: Uuid,
    /// See migration 0015.
    pub state: &'static str,
    /// Programs that are marked.
    pub files: u64,
    /// Packages.
    pub packages: Value,
    /// What is left alone.
    pub refused: Value,
    /// What went wrong.
    pub code: String,
    /// The same in words.
    pub message: String,
}

/// What came of a device's list.
#[derive(Clone, Debug)]
pub enum BlockDevice {
    /// It was ordered.
    Ordered(OrderId),
    /// The order came to nothing; another one is given later.
    Again {
        /// When.
        at: TimeMicros,
        /// What went wrong; empty where the device was only away.
        code: String,
        /// The same in words.
        message: String,
    },
    /// The device proved it.
    Proved {
        /// The rung in force.
        rung: String,
        /// Each rule of the list.
        rules: Vec<BlockedRule>,
    },
}

struct Active {
    rule: WantedRule,
    devices: RoaringBitmap,
}

impl State {
    /// Brings every device's list up to date: rules whose time is over or whose software is gone end, and lists
    /// that are other ones now get a new number. The rules that hold.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn settle_application_blocks(
        &self,
        tenant: TenantId,
        now: TimeMicros,
    ) -> Result<Vec<WantedRule>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let any: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM application_blocks WHERE tenant_id = $1 AND state = 'active')
                 OR EXISTS (SELECT FROM application_block_devices WHERE tenant_id = $1 AND state <> 'released')",
        )
        .bind(tenant.0)
        .fetch_one(&mut *tx)
        .await?;
        if !any {
            tx.commit().await?;
            return Ok(Vec::new());
        }
        // One process at a time numbers lists.
        sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 45))")
            .bind(format!("{tenant} application block lists"))
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "UPDATE application_blocks SET state = 'expired', ended_at = $2, changed_at = $2
             WHERE tenant_id = $1 AND state = 'active' AND expires_at <= $2",
        )
        .bind(tenant.0)
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        let book = self.shelf().book(&mut tx, tenant).await?;
        let all = visible(&mut tx, tenant, &DeviceScope::all()).await?;
        let mut active = Vec::new();
        for r in active_rows(&mut tx, tenant).await? {
            let targets = targets(&r)?;
            let group: Option<Uuid> = r.try_get("group_id")?;
            let within = match group {
                Some(group) => visible(&mut tx, tenant, &DeviceScope::groups(vec![group])).await?,
                None => all.clone(),
            };
            let id: Uuid = r.try_get("id")?;
            let affected = subject::affected(&book, &targets) & &within;
            let seen: bool = r.try_get("seen_affected")?;
            if affected.is_empty() && seen {
                end_fixed(&mut tx, tenant, id, now).await?;
                continue;
            }
            if !affected.is_empty() && !seen {
                mark_seen(&mut tx, tenant, id).await?;
            }
            let mut devices = RoaringBitmap::new();
            for target in &targets {
                devices |= subject::devices_of_release(&book, &target.ecosystem);
            }
            active.push(Active {
                devices: devices & &within,
                rule: WantedRule {
                    id,
                    targets,
                    mode: row::parsed(&r, "mode")?,
                    message: r.try_get("message")?,
                    expires_at: row::time(&r, "expires_at")?,
                },
            });
        }
        forgotten(&mut tx, tenant).await?;
        let names = names(&mut tx, tenant).await?;
        renumber(&mut tx, tenant, &active, &names, now).await?;
        tx.commit().await?;
        Ok(active.into_iter().map(|a| a.rule).collect())
    }

    /// Devices whose list is not acknowledged and may be ordered or looked at, longest waiting first.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn open_application_block_lists(
        &self,
        tenant: TenantId,
        limit: u32,
        now: TimeMicros,
    ) -> Result<Vec<BlockedList>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = sqlx::query(
            "SELECT l.device_id, l.revision, l.tries, l.retry_at, l.order_id, o.state AS order_state, o.receipt,
                 coalesce((SELECT array_agg(x.block_id ORDER BY x.block_id) FROM application_block_devices x
                     WHERE x.tenant_id = l.tenant_id AND x.device_id = l.device_id AND x.state <> 'released'), '{}') AS rules
             FROM application_block_lists l
             JOIN devices d ON d.tenant_id = l.tenant_id AND d.id = l.device_id AND d.status = 'active'
             LEFT JOIN orders o ON o.tenant_id = l.tenant_id AND o.id = l.order_id
             WHERE l.tenant_id = $1 AND l.acknowledged <> l.revision
               AND (l.order_id IS NULL AND l.retry_at <= $2 OR l.order_id IS NOT NULL AND o.id IS NULL
                    OR o.state NOT IN ('queued', 'delivered'))
             ORDER BY l.retry_at, l.device_id LIMIT $3",
        )
        .bind(tenant.0)
        .bind(now.0)
        .bind(i64::from(limit))
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let mut all = Vec::with_capacity(rows.len());
        for r in &rows {
            let order: Option<Uuid> = r.try_get("order_id")?;
            let state: Option<String> = r.try_get("order_state")?;
            let state = state.map(|s| s.parse()).transpose()?;
            all.push(BlockedList {
                device: row::device(r, "device_id")?,
                revision: u64::try_from(r.try_get::<i64, _>("revision")?).unwrap_or(0),
                rules: r.try_get("rules")?,
                tries: u32::try_from(r.try_get::<i32, _>("tries")?).unwrap_or(0),
                retry_at: row::time(r, "retry_at")?,
                order: order
                    .map(OrderId)
                    .zip(state)
                    .map(|(id, state)| (id, state, r.try_get("receipt").ok().flatten())),
            });
        }
        Ok(all)
    }

    /// Writes what came of a device's list. A list that got another number meanwhile is left as it is.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn note_application_block_list(
        &self,
        tenant: TenantId,
        (device, revision): (DeviceId, u64),
        what: &BlockDevice,
        now: TimeMicros,
    ) -> Result<()> {
        let device = device.to_string();
        let revision = i64::try_from(revision).unwrap_or(i64::MAX);
        let mut tx = self.tenant_tx(tenant).await?;
        let set = match what {
            BlockDevice::Ordered(_) => "order_id = $4, retry_at = $5",
            BlockDevice::Again { .. } => "order_id = $4, tries = tries + 1, retry_at = $5",
            BlockDevice::Proved { .. } => {
                "acknowledged = revision, acknowledged_at = $5, tries = 0, order_id = coalesce($4, order_id)"
            }
        };
        let order = match what {
            BlockDevice::Ordered(id) => Some(id.0),
            _ => None,
        };
        let at = match what {
            BlockDevice::Again { at, .. } => at.0,
            _ => now.0,
        };
        let sql = format!(
            "UPDATE application_block_lists SET {set}
             WHERE tenant_id = $1 AND device_id = $2 AND revision = $3"
        );
        let done = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(tenant.0)
            .bind(&device)
            .bind(revision)
            .bind(order)
            .bind(at)
            .execute(&mut *tx)
            .await?;
        if done.rows_affected() > 0 {
            match what {
                BlockDevice::Ordered(_) => {}
                BlockDevice::Again { code, message, .. } if !code.is_empty() => {
                    failed(&mut tx, tenant, &device, (code, message), now).await?;
                }
                BlockDevice::Again { .. } => {}
                BlockDevice::Proved { rung, rules } => {
                    proved(&mut tx, tenant, &device, (rung, rules), now).await?
                }
            }
        }
        tx.commit().await?;
        Ok(())
    }
}

async fn active_rows(tx: &mut PgConnection, tenant: TenantId) -> Result<Vec<sqlx::postgres::PgRow>> {
    let rows = sqlx::query(
        "SELECT id, targets, group_id, mode, message, expires_at, seen_affected FROM application_blocks
         WHERE tenant_id = $1 AND state = 'active' ORDER BY created_at, id",
    );
    Ok(rows.bind(tenant.0).fetch_all(tx).await?)
}

async fn end_fixed(tx: &mut PgConnection, tenant: TenantId, id: Uuid, now: TimeMicros) -> Result<()> {
    sqlx::query(
        "UPDATE application_blocks SET state = 'fixed', ended_at = $3, changed_at = $3 WHERE tenant_id = $1 AND id = $2",
    )
    .bind(tenant.0)
    .bind(id)
    .bind(now.0)
    .execute(tx)
    .await?;
    Ok(())
}

async fn mark_seen(tx: &mut PgConnection, tenant: TenantId, id: Uuid) -> Result<()> {
    sqlx::query("UPDATE application_blocks SET seen_affected = true WHERE tenant_id = $1 AND id = $2")
        .bind(tenant.0)
        .bind(id)
        .execute(tx)
        .await?;
    Ok(())
}

/// Devices that say nothing of the rules which they once proved have lost them, as with their disk: they get their
/// list again.
async fn forgotten(tx: &mut PgConnection, tenant: TenantId) -> Result<()> {
    sqlx::query(
        r#"UPDATE application_block_lists l SET acknowledged = 0, order_id = NULL, retry_at = 0 FROM devices d
           WHERE l.tenant_id = $1 AND l.acknowledged = l.revision AND d.tenant_id = l.tenant_id AND d.id = l.device_id
             AND l.acknowledged_at + $2 < d.last_heartbeat AND NOT d.components @> '[{"name": "application_control"}]'
             AND EXISTS (SELECT FROM application_block_devices x WHERE x.tenant_id = l.tenant_id
                 AND x.device_id = l.device_id AND x.state <> 'released')"#,
    )
    .bind(tenant.0)
    .bind(HEARD)
    .execute(tx)
    .await?;
    Ok(())
}

/// Devices with a sensor, by number.
async fn names(tx: &mut PgConnection, tenant: TenantId) -> Result<HashMap<u32, String>> {
    let rows = sqlx::query(
        "SELECT o.ordinal, o.device_id FROM device_ordinals o
         JOIN devices d ON d.tenant_id = o.tenant_id AND d.id = o.device_id
         WHERE o.tenant_id = $1 AND d.status = 'active' AND d.source = 'sensor'",
    )
    .bind(tenant.0)
    .fetch_all(tx)
    .await?;
    let mut all = HashMap::with_capacity(rows.len());
    for r in &rows {
        if let Ok(n) = u32::try_from(r.try_get::<i32, _>("ordinal")?) {
            all.insert(n, r.try_get("device_id")?);
        }
    }
    Ok(all)
}

fn digest_of(rules: &[&WantedRule]) -> Result<Vec<u8>> {
    let mut hash = Sha256::new();
    for rule in rules {
        let targets =
            serde_json::to_string(&rule.targets).map_err(|e| StateError::Internal(e.to_string()))?;
        let text = format!(
            "{} {} {} {} {targets}\n",
            rule.id,
            rule.mode.as_str(),
            rule.expires_at.0,
            serde_json::Value::from(rule.message.as_str())
        );
        hash.update(text.as_bytes());
    }
    Ok(hash.finalize().to_vec())
}

/// Gives a new number to each list that is another one now.
async fn renumber(
    tx: &mut PgConnection,
    tenant: TenantId,
    active: &[Active],
    names: &HashMap<u32, String>,
    now: TimeMicros,
) -> Result<()> {
    let mut wanted: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, rule) in active.iter().enumerate() {
        for device in rule.devices.iter().filter_map(|n| names.get(&n)) {
            wanted.entry(device).or_default().push(i);
        }
    }
    let known = known_lists(tx, tenant).await?;
    // A device that no rule concerns any more gets an empty list, once.
    for device in known.keys() {
        wanted.entry(device).or_default();
    }
    let mut digests: HashMap<Vec<usize>, Vec<u8>> = HashMap::new();
    let mut changed: Vec<(&str, Vec<u8>)> = Vec::new();
    for (device, rules) in &wanted {
        let digest = match digests.get(rules) {
            Some(digest) => digest.clone(),
            None => {
                let list: Vec<&WantedRule> = rules.iter().map(|i| &active[*i].rule).collect();
                let digest = digest_of(&list)?;
                digests.insert(rules.clone(), digest.clone());
                digest
            }
        };
        if known.get(*device) != Some(&digest) {
            changed.push((device, digest));
        }
    }
    for part in changed.chunks(AT_ONCE) {
        let devices: Vec<String> = part.iter().map(|(d, _)| (*d).to_owned()).collect();
        let digests: Vec<Vec<u8>> = part.iter().map(|(_, digest)| digest.clone()).collect();
        sqlx::query(
            "INSERT INTO application_block_lists (tenant_id, device_id, digest, revision)
             SELECT $1, x.device, x.digest, $4 FROM unnest($2::text[], $3::bytea[]) AS x (device, digest)
             ON CONFLICT (tenant_id, device_id) DO UPDATE SET digest = excluded.digest, order_id = NULL, tries = 0,
                 retry_at = 0, revision = greatest(application_block_lists.revision + 1, excluded.revision)",
        )
        .bind(tenant.0)
        .bind(&devices)
        .bind(&digests)
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
    }
    let changed: HashSet<&str> = changed.into_iter().map(|(d, _)| d).collect();
    let (mut blocks, mut devices) = (Vec::new(), Vec::new());
    for (device, rules) in wanted.iter().filter(|(d, _)| changed.contains(**d)) {
        for i in rules {
            blocks.push(active[*i].rule.id);
            devices.push((*device).to_owned());
        }
    }
    rows_of(tx, tenant, &changed, (&blocks, &devices), now).await
}

async fn known_lists(tx: &mut PgConnection, tenant: TenantId) -> Result<HashMap<String, Vec<u8>>> {
    let rows = sqlx::query(
        "SELECT l.device_id, l.digest FROM application_block_lists l
         JOIN devices d ON d.tenant_id = l.tenant_id AND d.id = l.device_id AND d.status = 'active'
         WHERE l.tenant_id = $1",
    )
    .bind(tenant.0)
    .fetch_all(tx)
    .await?;
    rows.iter().map(|r| Ok((r.try_get("device_id")?, r.try_get("digest")?))).collect()
}

/// Rows of rules on devices whose lists changed: those of the list wait, the others are released.
async fn rows_of(
    tx: &mut PgConnection,
    tenant: TenantId,
    changed: &HashSet<&str>,
    (blocks, devices): (&[Uuid], &[String]),
    now: TimeMicros,
) -> Result<()> {
    if changed.is_empty() {
        return Ok(());
    }
    let all: Vec<String> = changed.iter().map(|d| (*d).to_owned()).collect();
    sqlx::query(
        "UPDATE application_block_devices x SET state = 'released', changed_at = $3
         WHERE x.tenant_id = $1 AND x.device_id = ANY($2) AND x.state <> 'released'
           AND NOT EXISTS (SELECT FROM unnest($4::uuid[], $5::text[]) AS w (block_id, device_id)
               WHERE w.block_id = x.block_id AND w.device_id = x.device_id)",
    )
    .bind(tenant.0)
    .bind(&all)
    .bind(now.0)
    .bind(blocks)
    .bind(devices)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "INSERT INTO application_block_devices (tenant_id, block_id, device_id, changed_at)
         SELECT $1, w.block_id, w.device_id, $4 FROM unnest($2::uuid[], $3::text[]) AS w (block_id, device_id)
         ON CONFLICT (tenant_id, block_id, device_id) DO UPDATE
             SET state = 'waiting', code = '', message = '', changed_at = excluded.changed_at",
    )
    .bind(tenant.0)
    .bind(blocks)
    .bind(devices)
    .bind(now.0)
    .execute(&mut *tx)
    .await?;
    Ok(())
}

async fn failed(
    tx: &mut PgConnection,
    tenant: TenantId,
    device: &str,
    (code, message): (&str, &str),
    now: TimeMicros,
) -> Result<()> {
    sqlx::query(
        "UPDATE application_block_devices SET state = 'failed', code = $3, message = $4, changed_at = $5
         WHERE tenant_id = $1 AND device_id = $2 AND state <> 'released'",
    )
    .bind(tenant.0)
    .bind(device)
    .bind(row::text(code, 100))
    .bind(row::text(message, 500))
    .bind(now.0)
    .execute(tx)
    .await?;
    Ok(())
}

async fn proved(
    tx: &mut PgConnection,
    tenant: TenantId,
    device: &str,
    (rung, rules): (&str, &[BlockedRule]),
    now: TimeMicros,
) -> Result<()> {
    for rule in rules {
        sqlx::query(
            "UPDATE application_block_devices SET state = $4, rung = $5, files = $6, packages = $7, refused = $8,
                 code = $9, message = $10, changed_at = $11
             WHERE tenant_id = $1 AND block_id = $2 AND device_id = $3 AND state <> 'released'",
        )
        .bind(tenant.0)
        .bind(rule.id)
        .bind(device)
        .bind(rule.state)
        .bind(row::text(rung, 20))
        .bind(i32::try_from(rule.files).unwrap_or(i32::MAX))
        .bind(&rule.packages)
        .bind(&rule.refused)
        .bind(row::text(&rule.code, 100))
        .bind(row::text(&rule.message, 500))
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}
