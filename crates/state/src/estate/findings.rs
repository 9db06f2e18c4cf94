//! Findings as people read them: what stands, how often, and what was.

use palisade_types::{MachineId, SubscriptionId, TenantId, TimeMicros};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{QueryBuilder, Row};
use uuid::Uuid;

use crate::{DeviceScope, Result, State, row};

/// A finding that stands.
#[derive(Clone, Debug, PartialEq)]
pub struct FindingRow {
    /// The machine.
    pub machine: MachineId,
    /// The machine's name.
    pub machine_name: String,
    /// The stable code.
    pub code: String,
    /// `installation`, `heartbeat`, `not_applicable`.
    pub kind: String,
    /// `unhealthy` or `notice`.
    pub weight: String,
    /// Since when.
    pub since: TimeMicros,
    /// When it was last looked at.
    pub last_evaluated: TimeMicros,
    /// Who found it.
    pub source: String,
    /// What is the case.
    pub message: String,
    /// What it rests on.
    pub evidence: Value,
}

/// A finding that was.
#[derive(Clone, Debug, PartialEq)]
pub struct FindingPast {
    /// The stable code.
    pub code: String,
    /// Its kind.
    pub kind: String,
    /// When it was raised.
    pub raised_at: TimeMicros,
    /// When it was cleared, unless it stands.
    pub cleared_at: Option<TimeMicros>,
    /// Its message.
    pub message: String,
}

/// How many machines have a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingCount {
    /// The stable code.
    pub code: String,
    /// Its kind.
    pub kind: String,
    /// Machines.
    pub machines: u64,
}

fn finding(row: &PgRow) -> Result<FindingRow> {
    Ok(FindingRow {
        machine: MachineId(row.try_get("machine_id")?),
        machine_name: row.try_get("name")?,
        code: row.try_get("code")?,
        kind: row.try_get("kind")?,
        weight: row.try_get("weight")?,
        since: row::time(row, "since")?,
        last_evaluated: row::time(row, "last_evaluated")?,
        source: row.try_get("source")?,
        message: row.try_get("message")?,
        evidence: row.try_get("evidence")?,
    })
}

/// Unhealthy machines by what makes them so; one machine can be among both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnhealthyKinds {
    /// Something about the installation.
    pub installation: u64,
    /// Something about the heartbeat, or what the sensor says of itself.
    pub heartbeat: u64,
}

/// Where and how closely a course of health is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrendQuery {
    /// The first instant.
    pub from: TimeMicros,
    /// From one instant to the next, microseconds; more than 0.
    pub step: i64,
    /// How many instants.
    pub points: u16,
}

const FINDINGS: &str = "SELECT f.machine_id, m.name, f.code, f.kind, f.weight, f.since, f.last_evaluated, f.source,
    f.message, f.evidence FROM findings f JOIN machines m ON m.tenant_id = f.tenant_id AND m.id = f.machine_id";

impl State {
    /// The findings that stand on some machines, the machine's and the code's order.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn findings_of(&self, tenant: TenantId, machines: &[MachineId]) -> Result<Vec<FindingRow>> {
        let ids: Vec<Uuid> = machines.iter().map(|m| m.0).collect();
        let mut tx = self.tenant_tx(tenant).await?;
        let sql = format!(
            "{FINDINGS} WHERE f.tenant_id = $1 AND f.machine_id = ANY($2) ORDER BY f.machine_id, f.code"
        );
        let rows =
            sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tenant.0).bind(&ids).fetch_all(&mut *tx).await?;
        tx.commit().await?;
        rows.iter().map(finding).collect()
    }

    /// Findings that stand, by code and machine; of one code or kind only, where given.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn findings(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        code: Option<&str>,
        kind: Option<&str>,
        limit: u32,
    ) -> Result<Vec<FindingRow>> {
        let mut q = QueryBuilder::new(format!("{FINDINGS} WHERE f.tenant_id = "));
        q.push_bind(tenant.0);
        if let Some(code) = code {
            q.push(" AND f.code = ").push_bind(code.to_owned());
        }
        if let Some(kind) = kind {
            q.push(" AND f.kind = ").push_bind(kind.to_owned());
        }
        scope.push_machine(&mut q, "f.tenant_id", "f.machine_id");
        q.push(" ORDER BY f.code, lower(m.name), f.machine_id LIMIT ").push_bind(i64::from(limit));
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = q.build().fetch_all(&mut *tx).await?;
        tx.commit().await?;
        rows.iter().map(finding).collect()
    }

    /// How many machines each finding affects, most first.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn finding_counts(&self, tenant: TenantId, scope: &DeviceScope) -> Result<Vec<FindingCount>> {
        let mut q = QueryBuilder::new(
            "SELECT f.code, f.kind, count(*) AS machines FROM findings f WHERE f.tenant_id = ",
        );
        q.push_bind(tenant.0);
        scope.push_machine(&mut q, "f.tenant_id", "f.machine_id");
        q.push(" GROUP BY f.code, f.kind ORDER BY machines DESC, f.code");
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = q.build().fetch_all(&mut *tx).await?;
        tx.commit().await?;
        rows.iter()
            .map(|r| {
                Ok(FindingCount {
                    code: r.try_get("code")?,
                    kind: r.try_get("kind")?,
                    machines: u64::try_from(r.try_get::<i64, _>("machines")?).unwrap_or(0),
                })
            })
            .collect()
    }

    /// How many machines of the scope have each status, by subscription.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn status_counts(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
    ) -> Result<Vec<(SubscriptionId, String, String, u64)>> {
        let mut q = QueryBuilder::new(
            "SELECT m.subscription_id, coalesce(s.status, 'pending') AS status, coalesce(s.extension, 'off') AS extension,
                 count(*) AS machines
             FROM machines m LEFT JOIN machine_state s ON s.tenant_id = m.tenant_id AND s.machine_id = m.id
             WHERE m.retired_at IS NULL AND m.tenant_id = ",
        );
        q.push_bind(tenant.0);
        scope.push_machine(&mut q, "m.tenant_id", "m.id");
        q.push(" GROUP BY 1, 2, 3 ORDER BY 1, 2, 3");
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = q.build().fetch_all(&mut *tx).await?;
        tx.commit().await?;
        rows.iter()
            .map(|r| {
                let machines = u64::try_from(r.try_get::<i64, _>("machines")?).unwrap_or(0);
                let id = SubscriptionId(r.try_get("subscription_id")?);
                Ok((id, r.try_get("status")?, r.try_get("extension")?, machines))
            })
            .collect()
    }

    /// How many unhealthy machines of the scope are so by which kind of finding.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn unhealthy_kinds(&self, tenant: TenantId, scope: &DeviceScope) -> Result<UnhealthyKinds> {
        let mut q = QueryBuilder::new(
            "SELECT count(DISTINCT f.machine_id) FILTER (WHERE f.kind = 'installation') AS installation,
                 count(DISTINCT f.machine_id) FILTER (WHERE f.kind = 'heartbeat') AS heartbeat
             FROM findings f
             JOIN machines m ON m.tenant_id = f.tenant_id AND m.id = f.machine_id AND m.retired_at IS NULL
             JOIN machine_state s ON s.tenant_id = f.tenant_id AND s.machine_id = f.machine_id
             WHERE s.status = 'unhealthy' AND f.weight <> 'notice' AND f.tenant_id = ",
        );
        q.push_bind(tenant.0);
        scope.push_machine(&mut q, "f.tenant_id", "f.machine_id");
        let mut tx = self.tenant_tx(tenant).await?;
        let row = q.build().fetch_one(&mut *tx).await?;
        tx.commit().await?;
        let count =
            |column: &str| Ok::<_, sqlx::Error>(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0));
        Ok(UnhealthyKinds { installation: count("installation")?, heartbeat: count("heartbeat")? })
    }

    /// At each instant, how many machines of the scope had a finding of one of these codes, by kind.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn health_trend(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        codes: &[&str],
        query: TrendQuery,
    ) -> Result<Vec<UnhealthyKinds>> {
        let codes: Vec<String> = codes.iter().map(|c| (*c).to_owned()).collect();
        let last = query.from.plus_micros(query.step.saturating_mul(i64::from(query.points)));
        // A machine counts once however many findings it had: its spans are joined before they are counted.
        let mut q = QueryBuilder::new(
            "WITH spans AS (SELECT h.kind, unnest(range_agg(int8range(greatest(h.raised_at, ",
        );
        q.push_bind(query.from.0);
        q.push("), CASE WHEN h.cleared_at IS NOT NULL THEN greatest(h.cleared_at, h.raised_at, ");
        q.push_bind(query.from.0).push(") END))) AS span FROM finding_history h WHERE h.tenant_id = ");
        q.push_bind(tenant.0).push(" AND h.code = ANY(").push_bind(codes);
        q.push(") AND h.raised_at < ").push_bind(last.0);
        q.push(" AND (h.cleared_at IS NULL OR h.cleared_at > ").push_bind(query.from.0).push(")");
        scope.push_machine(&mut q, "h.tenant_id", "h.machine_id");
        q.push(
            " GROUP BY h.kind, h.machine_id), steps AS (SELECT kind, lower(span) AS at, 1 AS d FROM spans
             UNION ALL SELECT kind, upper(span), -1 FROM spans WHERE NOT upper_inf(span))
             SELECT kind, (at - ",
        );
        q.push_bind(query.from.0).push(" + ").push_bind(query.step - 1).push(") / ").push_bind(query.step);
        q.push(" AS n, sum(d)::bigint AS d FROM steps GROUP BY 1, 2");
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = q.build().fetch_all(&mut *tx).await?;
        tx.commit().await?;
        let mut steps = vec![(0i64, 0i64); usize::from(query.points)];
        for row in &rows {
            let at = usize::try_from(row.try_get::<i64, _>("n")?).unwrap_or(0);
            let Some((installation, heartbeat)) = steps.get_mut(at) else { continue };
            match row.try_get::<&str, _>("kind")? {
                "installation" => *installation += row.try_get::<i64, _>("d")?,
                "heartbeat" => *heartbeat += row.try_get::<i64, _>("d")?,
                _ => {}
            }
        }
        let mut now = (0i64, 0i64);
        let counted = |n: i64| u64::try_from(n).unwrap_or(0);
        Ok(steps
            .into_iter()
            .map(|(installation, heartbeat)| {
                now = (now.0 + installation, now.1 + heartbeat);
                UnhealthyKinds { installation: counted(now.0), heartbeat: counted(now.1) }
            })
            .collect())
    }

    /// What a machine's findings were, newest first, at most 200.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn finding_history(&self, tenant: TenantId, machine: MachineId) -> Result<Vec<FindingPast>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = sqlx::query(
            "SELECT code, kind, raised_at, cleared_at, message FROM finding_history
             WHERE tenant_id = $1 AND machine_id = $2 ORDER BY raised_at DESC, code LIMIT 200",
        )
        .bind(tenant.0)
        .bind(machine.0)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.iter()
            .map(|r| {
                Ok(FindingPast {
                    code: r.try_get("code")?,
                    kind: r.try_get("kind")?,
                    raised_at: row::time(r, "raised_at")?,
                    cleared_at: row::time_opt(r, "cleared_at")?,
                    message: r.try_get("message")?,
                })
            })
            .collect()
    }
}
