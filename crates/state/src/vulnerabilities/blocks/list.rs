//! Rules and their devices as people read them.

use std::collections::HashMap;

use palisade_types::{OrderId, TenantId, TimeMicros};
use sqlx::{PgConnection, Postgres, QueryBuilder, Row, Transaction};
use uuid::Uuid;

use super::{Block, BlockCounts, BlockMode, BlockOnDevice, BlockState, COLUMNS, block, subject};
use crate::page::{self, Cursor};
use crate::vulnerabilities::list::Range;
use crate::vulnerabilities::sight::{Sight, numbers};
use crate::{DeviceScope, Page, Result, State, StateError, row};

/// Which rules; all when nothing is said.
#[derive(Clone, Debug, Default)]
pub struct BlockQuery {
    /// Only in this state.
    pub state: Option<BlockState>,
    /// Only of this mode.
    pub mode: Option<BlockMode>,
    /// Which part.
    pub range: Range,
}

/// Which devices of a rule.
#[derive(Clone, Debug, Default)]
pub struct BlockDeviceQuery {
    /// Only where the rule is in this state.
    pub state: Option<String>,
    /// Which part.
    pub range: Range,
}

fn from(columns: &str, tenant: TenantId, scope: &DeviceScope) -> QueryBuilder<Postgres> {
    let mut q = QueryBuilder::<Postgres>::new(format!(
        "SELECT {columns} FROM application_blocks b
         LEFT JOIN device_groups g ON g.tenant_id = b.tenant_id AND g.id = b.group_id WHERE b.tenant_id = "
    ));
    q.push_bind(tenant.0);
    if let Some(groups) = scope.group_keys() {
        // What holds everywhere is theirs to know where it concerns a device of theirs.
        q.push(" AND (b.group_id = ANY(").push_bind(groups);
        q.push(
            ") OR b.group_id IS NULL AND EXISTS (SELECT FROM application_block_devices x
                WHERE x.tenant_id = b.tenant_id AND x.block_id = b.id",
        );
        scope.push_device(&mut q, "x.tenant_id", "x.device_id");
        q.push("))");
    }
    q
}

pub(super) async fn one(
    tx: &mut PgConnection,
    tenant: TenantId,
    scope: &DeviceScope,
    id: Uuid,
) -> Result<Block> {
    let mut q = from(COLUMNS, tenant, scope);
    q.push(" AND b.id = ").push_bind(id);
    let found = q.build().fetch_optional(tx).await?;
    block(&found.ok_or(StateError::NotFound("application block"))?)
}

/// Devices of rules by state, of those that the scope covers.
async fn counts(
    tx: &mut PgConnection,
    tenant: TenantId,
    scope: &DeviceScope,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, BlockCounts>> {
    let mut q = QueryBuilder::<Postgres>::new(
        "SELECT x.block_id, x.state, count(*) AS n FROM application_block_devices x
         JOIN devices d ON d.tenant_id = x.tenant_id AND d.id = x.device_id AND d.status = 'active'
         WHERE x.tenant_id = ",
    );
    q.push_bind(tenant.0).push(" AND x.block_id = ANY(").push_bind(ids.to_vec()).push(")");
    scope.push_device(&mut q, "x.tenant_id", "x.device_id");
    q.push(" GROUP BY 1, 2");
    let mut all: HashMap<Uuid, BlockCounts> = HashMap::new();
    for r in q.build().fetch_all(tx).await? {
        let counts = all.entry(r.try_get("block_id")?).or_default();
        let n = u64::try_from(r.try_get::<i64, _>("n")?).unwrap_or(0);
        let of = match r.try_get::<&str, _>("state")? {
            "waiting" => &mut counts.waiting,
            "enforced" => &mut counts.enforced,
            "watched" => &mut counts.watched,
            "refused" => &mut counts.refused,
            "detect_only" => &mut counts.detect_only,
            "disarmed" => &mut counts.disarmed,
            "failed" => &mut counts.failed,
            _ => &mut counts.not_installed,
        };
        *of += n;
        counts.total += n;
    }
    Ok(all)
}

impl State {
    async fn fill(
        &self,
        tx: &mut Transaction<'static, Postgres>,
        tenant: TenantId,
        scope: &DeviceScope,
        blocks: &mut [Block],
        now: TimeMicros,
    ) -> Result<()> {
        let sight = self.sight(tx, tenant, scope, now).await?;
        let ids: Vec<Uuid> = blocks.iter().map(|b| b.id).collect();
        let counts = counts(tx, tenant, scope, &ids).await?;
        for block in blocks {
            block.devices = counts.get(&block.id).copied().unwrap_or_default();
            block.devices.affected = (subject::affected(&sight.book, &block.targets) & &sight.visible).len();
        }
        Ok(())
    }

    pub(super) async fn block_with_counts(
        &self,
        tx: &mut Transaction<'static, Postgres>,
        tenant: TenantId,
        scope: &DeviceScope,
        id: Uuid,
        now: TimeMicros,
    ) -> Result<Block> {
        let mut made = [one_made(tx, tenant, id).await?];
        self.fill(tx, tenant, scope, &mut made, now).await?;
        let [made] = made;
        Ok(made)
    }

    /// A page of rules that concern the scope's devices, newest first.
    ///
    /// # Errors
    /// `cursor_invalid`.
    pub async fn application_blocks(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        wanted: &BlockQuery,
        now: TimeMicros,
    ) -> Result<Page<Block>> {
        let list = "application_blocks";
        let after = wanted.range.cursor.as_deref().map(|c| Cursor::decode(c, list)).transpose()?;
        let filtered = |columns: &str| {
            let mut q = from(columns, tenant, scope);
            if let Some(state) = wanted.state {
                q.push(" AND b.state = ").push_bind(state.as_str());
            }
            if let Some(mode) = wanted.mode {
                q.push(" AND b.mode = ").push_bind(mode.as_str());
            }
            q
        };
        let mut q = filtered(COLUMNS);
        if let Some(after) = after {
            let at = after.number()?;
            let id: Uuid = after.id.parse().map_err(|_| StateError::CursorInvalid)?;
            q.push(" AND (b.created_at, b.id) < (").push_bind(at).push(", ").push_bind(id).push(")");
        }
        let limit = wanted.range.sql_limit();
        q.push(" ORDER BY b.created_at DESC, b.id DESC LIMIT ").push_bind(limit + 1);
        let mut tx = self.tenant_tx(tenant).await?;
        let total: i64 = filtered("count(*)").build_query_scalar().fetch_one(&mut *tx).await?;
        let rows = q.build().fetch_all(&mut *tx).await?;
        let mut items = rows.iter().map(block).collect::<Result<Vec<_>>>()?;
        self.fill(&mut tx, tenant, scope, &mut items, now).await?;
        tx.commit().await?;
        Ok(page::finish(items, limit, total, |b| Cursor {
            list: list.to_owned(),
            key: b.created_at.0.to_string(),
            id: b.id.to_string(),
        }))
    }

    /// One rule that concerns a device of the scope.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn application_block(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        id: Uuid,
        now: TimeMicros,
    ) -> Result<Block> {
        let mut tx = self.tenant_tx(tenant).await?;
        let mut found = [one(&mut tx, tenant, scope, id).await?];
        self.fill(&mut tx, tenant, scope, &mut found, now).await?;
        tx.commit().await?;
        let [found] = found;
        Ok(found)
    }

    /// A page of the devices of a rule, by name.
    ///
    /// # Errors
    /// `not_found`, `cursor_invalid`.
    pub async fn application_block_devices(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        id: Uuid,
        wanted: &BlockDeviceQuery,
        now: TimeMicros,
    ) -> Result<Page<BlockOnDevice>> {
        let list = format!("application_block_devices {id}");
        let after = wanted.range.cursor.as_deref().map(|c| Cursor::decode(c, &list)).transpose()?;
        let mut tx = self.tenant_tx(tenant).await?;
        let rule = one(&mut tx, tenant, scope, id).await?;
        let sight: Sight = self.sight(&mut tx, tenant, scope, now).await?;
        let affected = numbers(&(subject::affected(&sight.book, &rule.targets) & &sight.visible));
        let filtered = |columns: &str| {
            let mut q = QueryBuilder::<Postgres>::new(format!(
                "SELECT {columns} FROM application_block_devices x
                 JOIN devices d ON d.tenant_id = x.tenant_id AND d.id = x.device_id AND d.status = 'active'
                 LEFT JOIN application_block_lists l ON l.tenant_id = x.tenant_id AND l.device_id = x.device_id
                 LEFT JOIN device_ordinals o ON o.tenant_id = x.tenant_id AND o.device_id = x.device_id
                 WHERE x.tenant_id = "
            ));
            q.push_bind(tenant.0).push(" AND x.block_id = ").push_bind(id);
            scope.push_device(&mut q, "x.tenant_id", "x.device_id");
            if let Some(state) = &wanted.state {
                q.push(" AND x.state = ").push_bind(state.clone());
            }
            q
        };
        let mut q = filtered(
            "x.device_id, d.name, x.state, x.rung, x.files, x.packages, x.refused, x.code, x.message, l.order_id,
             l.acknowledged_at, o.ordinal",
        );
        if let Some(after) = after {
            q.push(" AND (d.name, x.device_id) > (")
                .push_bind(after.key)
                .push(", ")
                .push_bind(after.id)
                .push(")");
        }
        let limit = wanted.range.sql_limit();
        q.push(" ORDER BY d.name, x.device_id LIMIT ").push_bind(limit + 1);
        let total: i64 = filtered("count(*)").build_query_scalar().fetch_one(&mut *tx).await?;
        let rows = q.build().fetch_all(&mut *tx).await?;
        tx.commit().await?;
        let mut items = Vec::with_capacity(rows.len());
        for r in &rows {
            let ordinal: Option<i32> = r.try_get("ordinal")?;
            let order: Option<Uuid> = r.try_get("order_id")?;
            let packages: serde_json::Value = r.try_get("packages")?;
            items.push(BlockOnDevice {
                device: row::device(r, "device_id")?,
                name: r.try_get("name")?,
                state: r.try_get("state")?,
                affected: ordinal.is_some_and(|n| affected.binary_search(&n).is_ok()),
                rung: r.try_get("rung")?,
                files: u64::try_from(r.try_get::<i32, _>("files")?).unwrap_or(0),
                packages: serde_json::from_value(packages).unwrap_or_default(),
                refused: r.try_get("refused")?,
                code: r.try_get("code")?,
                message: r.try_get("message")?,
                order: order.map(OrderId),
                acknowledged_at: row::time_opt(r, "acknowledged_at")?,
            });
        }
        Ok(page::finish(items, limit, total, |d| Cursor {
            list: list.clone(),
            key: d.name.clone(),
            id: d.device.to_string(),
        }))
    }
}

/// A rule that was just made or changed by somebody who may: it need not concern a device yet.
async fn one_made(tx: &mut PgConnection, tenant: TenantId, id: Uuid) -> Result<Block> {
    one(tx, tenant, &DeviceScope::all(), id).await
}
