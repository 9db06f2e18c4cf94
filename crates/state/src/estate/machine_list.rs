//! The list of machines with their status, for people.

use std::collections::{BTreeSet, HashMap};

use palisade_estate::plan::Effective;
use palisade_types::{MachineId, SubscriptionId, TenantId, TimeMicros};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder, Row};

use super::agentless::{self, AgentlessStand};
use super::machines::{COLUMNS, Machine, decoded, machine};
use crate::page::{self, Cursor};
use crate::{DeviceScope, Page, Result, State, StateError, row};

/// A machine with what the estate process says of it.
#[derive(Clone, Debug, PartialEq)]
pub struct MachineSummary {
    /// The machine.
    pub machine: Machine,
    /// Its subscription's name.
    pub subscription_name: String,
    /// `healthy`, `unhealthy`, `not_applicable`, `pending`.
    pub status: String,
    /// `on`, `off`, `partial`.
    pub extension: String,
    /// `open`, `finished`, `refused`, `broken`.
    pub progress: String,
    /// What is under way; empty for nothing.
    pub doing: String,
    /// What it is entitled to, once judged.
    pub plan: Option<Effective>,
    /// The last preflight's report.
    pub report: Option<Value>,
    /// When that was.
    pub reported_at: Option<TimeMicros>,
    /// When it was judged last.
    pub evaluated_at: Option<TimeMicros>,
    /// How scans of it stand.
    pub agentless: AgentlessStand,
}

/// Which machines; all, by name, 50 at a time, unless said.
#[derive(Clone, Debug, Default)]
pub struct MachineQuery {
    /// Text that the name, cloud id, an address or a tag contains.
    pub search: Option<String>,
    /// Only those of one of these statuses.
    pub status: Vec<String>,
    /// Only those of one subscription.
    pub subscription: Option<SubscriptionId>,
    /// Only those that one connector knows.
    pub connector: Option<uuid::Uuid>,
    /// Only those with this finding.
    pub code: Option<String>,
    /// Only those with a finding of this kind that is more than a notice.
    pub kind: Option<String>,
    /// Only those whose scans stand in one of these states.
    pub agentless: Vec<String>,
    /// Retired and offboarded ones too.
    pub gone: bool,
    /// In which order.
    pub sort: MachineSort,
    /// That order backwards.
    pub descending: bool,
    /// Rows of a page: 1 to 1000, 0 for 50.
    pub limit: u32,
    /// From the page before.
    pub cursor: Option<String>,
}

/// What machines are ordered by; their identifiers break ties.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MachineSort {
    /// By name.
    #[default]
    Name,
    /// By status.
    Status,
    /// By the subscription's name.
    Subscription,
    /// By system and version.
    System,
    /// By extension.
    Extension,
}

impl MachineSort {
    fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Status => "status",
            Self::Subscription => "subscription",
            Self::System => "system",
            Self::Extension => "extension",
        }
    }

    /// What is compared: texts that are short enough for a cursor.
    fn key(self) -> &'static str {
        match self {
            Self::Name => "left(lower(m.name), 100)",
            Self::Status => "coalesce(s.status, 'pending')",
            Self::Subscription => "left(lower(b.name), 100)",
            Self::System => {
                "left(lower(coalesce(m.os->>'id', '') || ' ' || coalesce(m.os->>'version', '')), 100)"
            }
            Self::Extension => "coalesce(s.extension, 'off')",
        }
    }
}

pub(super) fn summary(row: &PgRow) -> Result<MachineSummary> {
    let plan =
        row.try_get::<Option<Value>, _>("plan")?.filter(|p| p.as_object().is_some_and(|o| !o.is_empty()));
    let machine = machine(row)?;
    Ok(MachineSummary {
        agentless: agentless::stand(row, machine.id)?,
        machine,
        subscription_name: row.try_get("subscription_name")?,
        status: row.try_get::<Option<String>, _>("status")?.unwrap_or_else(|| "pending".into()),
        extension: row.try_get::<Option<String>, _>("extension")?.unwrap_or_else(|| "off".into()),
        progress: row.try_get::<Option<String>, _>("progress")?.unwrap_or_else(|| "open".into()),
        doing: row.try_get::<Option<String>, _>("doing")?.unwrap_or_default(),
        plan: plan.map(|p| decoded(p, "plan")).transpose()?,
        report: row.try_get("report")?,
        reported_at: row::time_opt(row, "reported_at")?,
        evaluated_at: row::time_opt(row, "evaluated_at")?,
    })
}

pub(super) fn from(columns: &str, tenant: TenantId) -> QueryBuilder<Postgres> {
    let mut q = QueryBuilder::new(format!(
        "SELECT {columns} FROM machines m
         JOIN subscriptions b ON b.tenant_id = m.tenant_id AND b.id = m.subscription_id
         LEFT JOIN machine_state s ON s.tenant_id = m.tenant_id AND s.machine_id = m.id
         LEFT JOIN machine_scans a ON a.tenant_id = m.tenant_id AND a.machine_id = m.id WHERE m.tenant_id = "
    ));
    q.push_bind(tenant.0);
    q
}

pub(super) fn columns() -> String {
    format!(
        "{COLUMNS}, b.name AS subscription_name, s.status, s.extension, s.progress, s.doing, s.plan, s.report,
         s.reported_at, s.evaluated_at, {}",
        agentless::columns()
    )
}

fn filter(q: &mut QueryBuilder<Postgres>, query: &MachineQuery) {
    if !query.gone {
        q.push(" AND m.retired_at IS NULL");
    }
    if let Some(text) = query.search.as_deref().map(str::trim).filter(|t| !t.is_empty()) {
        let pattern = format!(
            "%{}%",
            row::text(text, 200).replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
        );
        q.push(" AND (m.name ILIKE ").push_bind(pattern.clone());
        q.push(" OR m.cloud_id ILIKE ").push_bind(pattern.clone());
        q.push(" OR m.id::text ILIKE ").push_bind(pattern.clone());
        q.push(" OR m.device_id ILIKE ").push_bind(pattern.clone());
        q.push(" OR array_to_string(m.addresses, ' ') ILIKE ").push_bind(pattern.clone());
        q.push(" OR m.tags::text ILIKE ").push_bind(pattern).push(")");
    }
    if !query.status.is_empty() {
        q.push(" AND coalesce(s.status, 'pending') = ANY(").push_bind(query.status.clone()).push(")");
    }
    if let Some(id) = query.subscription {
        q.push(" AND m.subscription_id = ").push_bind(id.0);
    }
    if let Some(id) = query.connector {
        q.push(" AND m.connector_id = ").push_bind(id);
    }
    if !query.agentless.is_empty() {
        q.push(format!(" AND {} = ANY(", agentless::STATE)).push_bind(query.agentless.clone()).push(")");
    }
    if let Some(code) = &query.code {
        q.push(" AND exists (SELECT FROM findings f WHERE f.tenant_id = m.tenant_id AND f.machine_id = m.id AND f.code = ")
            .push_bind(code.clone())
            .push(")");
    }
    if let Some(kind) = &query.kind {
        q.push(" AND exists (SELECT FROM findings f WHERE f.tenant_id = m.tenant_id AND f.machine_id = m.id AND f.weight <> 'notice' AND f.kind = ")
            .push_bind(kind.clone())
            .push(")");
    }
}

impl State {
    /// A page of the scope's machines.
    ///
    /// # Errors
    /// `cursor_invalid`.
    pub async fn machines(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        query: &MachineQuery,
    ) -> Result<Page<MachineSummary>> {
        let limit = page::limit(query.limit);
        let mut count = from("count(*)", tenant);
        filter(&mut count, query);
        scope.push_machine(&mut count, "m.tenant_id", "m.id");
        let key = query.sort.key();
        let (order, beyond) = if query.descending { ("DESC", "<") } else { ("ASC", ">") };
        let list = format!("machines.{}.{}", query.sort.name(), order.to_lowercase());
        let mut q = from(&format!("{}, {key} AS key", columns()), tenant);
        filter(&mut q, query);
        scope.push_machine(&mut q, "m.tenant_id", "m.id");
        if let Some(cursor) = query.cursor.as_deref() {
            let after = Cursor::decode(cursor, &list)?;
            let id: uuid::Uuid = after.id.parse().map_err(|_| StateError::CursorInvalid)?;
            q.push(format!(" AND ({key}, m.id) {beyond} ("))
                .push_bind(after.key)
                .push(", ")
                .push_bind(id)
                .push(")");
        }
        q.push(format!(" ORDER BY {key} {order}, m.id {order} LIMIT ")).push_bind(limit + 1);
        let mut tx = self.tenant_tx(tenant).await?;
        let total: i64 = count.build_query_scalar().fetch_one(&mut *tx).await?;
        let rows = q.build().fetch_all(&mut *tx).await?;
        tx.commit().await?;
        let items: Vec<(String, MachineSummary)> =
            rows.iter().map(|r| Ok((r.try_get::<String, _>("key")?, summary(r)?))).collect::<Result<_>>()?;
        let page = page::finish(items, limit, total, |(key, m)| Cursor {
            list: list.clone(),
            key: key.clone(),
            id: m.machine.id.to_string(),
        });
        Ok(Page {
            items: page.items.into_iter().map(|(_, m)| m).collect(),
            next_cursor: page.next_cursor,
            total: page.total,
        })
    }

    /// Machines about which something was written after an instant, in that order, at most 5,000.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn summaries_since(
        &self,
        tenant: TenantId,
        since: TimeMicros,
    ) -> Result<Vec<(TimeMicros, MachineSummary)>> {
        const WHEN: &str = "greatest(m.changed_at, coalesce(s.changed_at, 0))";
        let mut q = from(&format!("{}, {WHEN} AS written", columns()), tenant);
        q.push(format!(" AND {WHEN} > ")).push_bind(since.0).push(" ORDER BY written LIMIT 5000");
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = q.build().fetch_all(&mut *tx).await?;
        tx.commit().await?;
        rows.iter().map(|r| Ok((row::time(r, "written")?, summary(r)?))).collect()
    }

    /// How many machines there are, retired ones too.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn count_machines(&self, tenant: TenantId) -> Result<u64> {
        let mut tx = self.tenant_tx(tenant).await?;
        let n: i64 = sqlx::query_scalar("SELECT count(*) FROM machines WHERE tenant_id = $1")
            .bind(tenant.0)
            .fetch_one(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(u64::try_from(n).unwrap_or(0))
    }

    /// The identifiers of all machines.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn machine_ids(&self, tenant: TenantId) -> Result<BTreeSet<MachineId>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let ids: Vec<uuid::Uuid> = sqlx::query_scalar("SELECT id FROM machines WHERE tenant_id = $1")
            .bind(tenant.0)
            .fetch_all(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(ids.into_iter().map(MachineId).collect())
    }

    /// The device groups of each machine that is in one.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn machine_groups(&self, tenant: TenantId) -> Result<HashMap<MachineId, Vec<uuid::Uuid>>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = sqlx::query("SELECT machine_id, group_id FROM machine_group_members WHERE tenant_id = $1")
            .bind(tenant.0)
            .fetch_all(&mut *tx)
            .await?;
        tx.commit().await?;
        let mut of: HashMap<MachineId, Vec<uuid::Uuid>> = HashMap::new();
        for r in &rows {
            of.entry(MachineId(r.try_get("machine_id")?)).or_default().push(r.try_get("group_id")?);
        }
        Ok(of)
    }

    /// Device groups as the explorer shows them: identifier, name, rank, criticality.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn explorer_groups(&self, tenant: TenantId) -> Result<Vec<(uuid::Uuid, String, i32, String)>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = sqlx::query(
            "SELECT id, name, rank, criticality FROM device_groups WHERE tenant_id = $1 ORDER BY rank",
        )
        .bind(tenant.0)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.iter()
            .map(|r| {
                Ok((r.try_get("id")?, r.try_get("name")?, r.try_get("rank")?, r.try_get("criticality")?))
            })
            .collect()
    }

    /// One machine with its status; one out of the scope is not there.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn machine_summary(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        id: MachineId,
    ) -> Result<MachineSummary> {
        let mut q = from(&columns(), tenant);
        q.push(" AND m.id = ").push_bind(id.0);
        scope.push_machine(&mut q, "m.tenant_id", "m.id");
        let mut tx = self.tenant_tx(tenant).await?;
        let found = q.build().fetch_optional(&mut *tx).await?;
        tx.commit().await?;
        summary(&found.ok_or(StateError::NotFound("machine"))?)
    }
}
