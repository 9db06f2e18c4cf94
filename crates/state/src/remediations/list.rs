//! Remediations as people read them: only with devices that they see.

use palisade_types::{DeviceId, OrderId, TenantId, TimeMicros};
use serde_json::Value;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use super::{COLUMNS, DEVICE_COLUMNS, Remediation, RemediationState, device_row, remediation};
use crate::page::{self, Cursor};
use crate::vulnerabilities::Range;
use crate::{DeviceScope, Page, Result, State, StateError};

/// Which remediations; all when nothing is said.
#[derive(Clone, Debug, Default)]
pub struct RemediationQuery {
    /// Only in one of these states.
    pub state: Vec<RemediationState>,
    /// Only of this recommendation.
    pub recommendation: Option<String>,
    /// Only those of one device.
    pub device: Option<DeviceId>,
    /// Only those that were due before this instant and are not over.
    pub overdue_at: Option<TimeMicros>,
    /// Which part, newest first.
    pub range: Range,
}

/// A device of a remediation.
#[derive(Clone, Debug, PartialEq)]
pub struct RemediationDevice {
    /// Which.
    pub device: DeviceId,
    /// Its name; empty where it is not known any more.
    pub name: String,
    /// Where it stands, a name of `vuln::remediation::Step`.
    pub step: String,
    /// Since when.
    pub since: TimeMicros,
    /// Whether the others wait for it.
    pub canary: bool,
    /// The order that it has or had last.
    pub order: Option<OrderId>,
    /// What went wrong: a code.
    pub code: String,
    /// The same in words.
    pub message: String,
    /// What it proved last.
    pub proof: Option<Value>,
    /// Since when its inventory shows the fix.
    pub fixed_at: Option<TimeMicros>,
}

fn joined(columns: &str, tenant: TenantId, scope: &DeviceScope) -> QueryBuilder<Postgres> {
    let mut q = QueryBuilder::<Postgres>::new(format!(
        "SELECT {columns} FROM remediations r
         JOIN remediation_devices d ON d.tenant_id = r.tenant_id AND d.remediation_id = r.id
         WHERE r.tenant_id = "
    ));
    q.push_bind(tenant.0);
    scope.push_device(&mut q, "d.tenant_id", "d.device_id");
    q
}

/// One that has a device of the scope.
pub(super) async fn one(
    tx: &mut PgConnection,
    tenant: TenantId,
    scope: &DeviceScope,
    id: Uuid,
) -> Result<Remediation> {
    let mut q = joined(COLUMNS, tenant, scope);
    q.push(" AND r.id = ").push_bind(id).push(" GROUP BY r.tenant_id, r.id");
    let found = q.build().fetch_optional(tx).await?;
    remediation(&found.ok_or(StateError::NotFound("remediation"))?, !scope.is_limited())
}

/// The same, and nobody else changes it until the transaction ends.
pub(super) async fn locked(
    tx: &mut PgConnection,
    tenant: TenantId,
    scope: &DeviceScope,
    id: Uuid,
) -> Result<Remediation> {
    sqlx::query("SELECT id FROM remediations WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE")
        .bind(tenant.0)
        .bind(id)
        .execute(&mut *tx)
        .await?;
    one(tx, tenant, scope, id).await
}

impl State {
    /// A page of remediations with devices of the scope, newest first.
    ///
    /// # Errors
    /// `cursor_invalid`.
    pub async fn remediations(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        wanted: &RemediationQuery,
    ) -> Result<Page<Remediation>> {
        let list = "remediations";
        let after = wanted.range.cursor.as_deref().map(|c| Cursor::decode(c, list)).transpose()?;
        let filtered = |columns: &str| {
            let mut q = joined(columns, tenant, scope);
            if !wanted.state.is_empty() {
                let states: Vec<String> = wanted.state.iter().map(ToString::to_string).collect();
                q.push(" AND r.state = ANY(").push_bind(states).push(")");
            }
            if let Some(id) = &wanted.recommendation {
                q.push(" AND r.recommendation_id = ").push_bind(id.clone());
            }
            if let Some(device) = wanted.device {
                q.push(" AND r.id IN (SELECT of.remediation_id FROM remediation_devices of WHERE of.tenant_id = ")
                    .push_bind(tenant.0)
                    .push(" AND of.device_id = ")
                    .push_bind(device.to_string())
                    .push(") AND d.device_id = ")
                    .push_bind(device.to_string());
            }
            if let Some(at) = wanted.overdue_at {
                q.push(" AND r.state NOT IN ('completed', 'cancelled') AND r.due_at < ").push_bind(at.0);
            }
            q
        };
        let mut q = filtered(COLUMNS);
        if let Some(after) = after {
            let at = after.number()?;
            let id: Uuid = after.id.parse().map_err(|_| StateError::CursorInvalid)?;
            q.push(" AND (r.created_at, r.id) < (").push_bind(at).push(", ").push_bind(id).push(")");
        }
        let limit = wanted.range.sql_limit();
        q.push(" GROUP BY r.tenant_id, r.id ORDER BY r.created_at DESC, r.id DESC LIMIT ")
            .push_bind(limit + 1);
        let mut tx = self.tenant_tx(tenant).await?;
        let total: i64 = filtered("count(DISTINCT r.id)").build_query_scalar().fetch_one(&mut *tx).await?;
        let rows = q.build().fetch_all(&mut *tx).await?;
        tx.commit().await?;
        let whole = !scope.is_limited();
        let items = rows.iter().map(|r| remediation(r, whole)).collect::<Result<Vec<_>>>()?;
        Ok(page::finish(items, limit, total, |r| Cursor {
            list: list.to_owned(),
            key: r.created_at.0.to_string(),
            id: r.id.to_string(),
        }))
    }

    /// One remediation with a device of the scope.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn remediation(&self, tenant: TenantId, scope: &DeviceScope, id: Uuid) -> Result<Remediation> {
        let mut tx = self.tenant_tx(tenant).await?;
        let found = one(&mut tx, tenant, scope, id).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// A page of a remediation's devices that the scope covers: the canary and failures first.
    ///
    /// # Errors
    /// `not_found`, `cursor_invalid`.
    pub async fn remediation_devices(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        id: Uuid,
        range: &Range,
    ) -> Result<Page<RemediationDevice>> {
        let list = format!("remediation_devices.{id}");
        let after = range.cursor.as_deref().map(|c| Cursor::decode(c, &list)).transpose()?;
        let mut tx = self.tenant_tx(tenant).await?;
        let whole = one(&mut tx, tenant, scope, id).await?;
        let rank = "(CASE WHEN d.step IN ('failed', 'refused') THEN 0 WHEN d.canary THEN 1 ELSE 2 END)";
        let mut q = QueryBuilder::<Postgres>::new(format!(
            "SELECT {DEVICE_COLUMNS}, d.proof, {rank} AS rank, coalesce(v.name, '') AS name FROM remediation_devices d
             LEFT JOIN devices v ON v.tenant_id = d.tenant_id AND v.id = d.device_id WHERE d.tenant_id = "
        ));
        q.push_bind(tenant.0).push(" AND d.remediation_id = ").push_bind(id);
        scope.push_device(&mut q, "d.tenant_id", "d.device_id");
        if let Some(after) = after {
            let rank_after = i32::try_from(after.number()?).map_err(|_| StateError::CursorInvalid)?;
            q.push(format!(" AND ({rank}, d.device_id) > (")).push_bind(rank_after);
            q.push(", ").push_bind(after.id).push(")");
        }
        let limit = range.sql_limit();
        q.push(" ORDER BY rank, d.device_id LIMIT ").push_bind(limit + 1);
        let rows = q.build().fetch_all(&mut *tx).await?;
        tx.commit().await?;
        let items = rows
            .iter()
            .map(|r| {
                let d = device_row(r)?;
                let one = RemediationDevice {
                    device: d.device,
                    name: r.try_get("name")?,
                    step: d.step,
                    since: d.since,
                    canary: d.canary,
                    order: d.order,
                    code: d.code,
                    message: d.message,
                    proof: r.try_get("proof")?,
                    fixed_at: d.fixed_at,
                };
                Ok((one, r.try_get::<i32, _>("rank")?))
            })
            .collect::<Result<Vec<_>>>()?;
        let total = i64::try_from(whole.devices).unwrap_or(i64::MAX);
        let page = page::finish(items, limit, total, |(d, rank)| Cursor {
            list: list.clone(),
            key: rank.to_string(),
            id: d.device.to_string(),
        });
        let items = page.items.into_iter().map(|(device, _)| device).collect();
        Ok(Page { items, next_cursor: page.next_cursor, total: page.total })
    }
}
