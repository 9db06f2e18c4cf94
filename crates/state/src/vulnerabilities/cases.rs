//! Findings that people reported as wrong, as cases to test with.

use palisade_types::{TenantId, TimeMicros};
use serde_json::Value;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use crate::{DeviceScope, Result, State, row};

/// Most cases of one answer.
const MOST: i64 = 2_000;

/// A finding that was reported as wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct VulnerabilityCase {
    /// The exception by which it was reported.
    pub exception: Uuid,
    /// The package, as the beginning of its key.
    pub component: String,
    /// Why it is wrong, in the words of who reported it.
    pub reason: String,
    /// When it was reported.
    pub reported_at: TimeMicros,
    /// All that decided it when it was reported, as the vuln process wrote it.
    pub case: Value,
    /// Whether the exception still holds.
    pub holds: bool,
    /// Whether the finding is still there.
    pub found: bool,
}

/// Keeps what decided findings that an exception which holds says are wrong, each as it was first known: neither the
/// end of a finding nor that of its exception takes it away.
///
/// # Errors
/// Only those of the store itself.
pub async fn keep_cases(tx: &mut PgConnection, tenant: TenantId, now: TimeMicros) -> Result<()> {
    sqlx::query(
        "INSERT INTO vulnerability_cases (tenant_id, exception_id, component_key, reported, kept_at)
         SELECT x.tenant_id, x.id, c.key, f.why -> 'case', $2
         FROM vulnerability_exceptions x
         JOIN vulnerability_findings f ON f.tenant_id = x.tenant_id AND f.vulnerability = x.subject
         JOIN components c ON c.tenant_id = f.tenant_id AND c.id = f.component_id
         WHERE x.tenant_id = $1 AND x.subject_kind = 'vulnerability' AND x.justification = 'inaccurate'
             AND x.cancelled_at IS NULL AND (x.expires_at IS NULL OR x.expires_at > $2) AND f.why ? 'case'
         ON CONFLICT DO NOTHING",
    )
    .bind(tenant.0)
    .bind(now.0)
    .execute(tx)
    .await?;
    Ok(())
}

impl State {
    /// Findings that were reported as wrong, the newest report first, at most 2,000. For a limited scope those in
    /// packages that one of its devices has now; of others nobody is told that somebody has them.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn vulnerability_cases(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        now: TimeMicros,
    ) -> Result<Vec<VulnerabilityCase>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let mut q = QueryBuilder::<Postgres>::new(
            "SELECT x.id, x.note, x.created_at, k.reported, encode(substring(k.component_key FOR 8), 'hex') AS component,
                 EXISTS (SELECT FROM components c JOIN vulnerability_findings f ON f.tenant_id = c.tenant_id
                     AND f.component_id = c.id AND f.vulnerability = x.subject
                     WHERE c.tenant_id = k.tenant_id AND c.key = k.component_key) AS found,
                 x.cancelled_at IS NULL AND (x.expires_at IS NULL OR x.expires_at > ",
        );
        q.push_bind(now.0).push(
            ") AS holds
             FROM vulnerability_cases k
             JOIN vulnerability_exceptions x ON x.tenant_id = k.tenant_id AND x.id = k.exception_id
             WHERE k.tenant_id = ",
        );
        q.push_bind(tenant.0);
        if let Some(groups) = scope.group_keys() {
            let sight = self.sight(&mut tx, tenant, scope, now).await?;
            let seen = sight.book.components.iter().filter(|c| !c.devices.is_disjoint(&sight.visible));
            q.push(" AND (x.group_id IS NULL OR x.group_id = ANY(").push_bind(groups);
            q.push(")) AND EXISTS (SELECT FROM components c WHERE c.tenant_id = k.tenant_id AND c.key = k.component_key AND c.id = ANY(");
            q.push_bind(seen.map(|c| c.id).collect::<Vec<i64>>()).push("))");
        }
        q.push(" ORDER BY x.created_at DESC, x.id DESC, k.component_key LIMIT ").push_bind(MOST);
        let rows = q.build().fetch_all(&mut *tx).await?;
        tx.commit().await?;
        let case = |r: &sqlx::postgres::PgRow| -> Result<VulnerabilityCase> {
            Ok(VulnerabilityCase {
                exception: r.try_get("id")?,
                component: r.try_get("component")?,
                reason: r.try_get("note")?,
                reported_at: row::time(r, "created_at")?,
                case: r.try_get("reported")?,
                holds: r.try_get("holds")?,
                found: r.try_get("found")?,
            })
        };
        rows.iter().map(case).collect()
    }
}
