//! Findings that people reported as wrong, as cases to test with.

use palisade_types::{TenantId, TimeMicros};
use serde_json::Value;
use sqlx::Row;
use uuid::Uuid;

use crate::{DeviceScope, Result, State, row};

/// Most cases of one answer.
const MOST: i64 = 2_000;

/// A finding that was reported as wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct VulnerabilityCase {
    /// The exception by which it was reported.
    pub exception: Uuid,
    /// The package's number.
    pub component: i64,
    /// Why it is wrong, in the words of who reported it.
    pub reason: String,
    /// When it was reported.
    pub reported_at: TimeMicros,
    /// All that decided it, as the vuln process wrote it.
    pub case: Value,
}

impl State {
    /// Findings on the scope's devices that an exception which holds says are wrong, the oldest report first, at
    /// most 2,000.
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
        let sight = self.sight(&mut tx, tenant, scope, now).await?;
        let rows = sqlx::query(
            "SELECT x.id, x.group_id, x.note, x.created_at, f.component_id, f.why -> 'case' AS reported
             FROM vulnerability_exceptions x
             JOIN vulnerability_findings f ON f.tenant_id = x.tenant_id AND f.vulnerability = x.subject
             WHERE x.tenant_id = $1 AND x.subject_kind = 'vulnerability' AND x.justification = 'inaccurate'
                 AND x.cancelled_at IS NULL AND (x.expires_at IS NULL OR x.expires_at > $2) AND f.why ? 'case'
             ORDER BY x.created_at, x.id, f.component_id LIMIT $3",
        )
        .bind(tenant.0)
        .bind(now.0)
        .bind(MOST)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let mut cases = Vec::with_capacity(rows.len());
        for r in &rows {
            let group: Option<Uuid> = r.try_get("group_id")?;
            let component: i64 = r.try_get("component_id")?;
            let package = sight.book.components.binary_search_by_key(&component, |c| c.id);
            let seen = package.is_ok_and(|at| !sight.book.components[at].devices.is_disjoint(&sight.visible));
            if !seen || group.is_some_and(|g| scope.excludes_group(g)) {
                continue;
            }
            cases.push(VulnerabilityCase {
                exception: r.try_get("id")?,
                component,
                reason: r.try_get("note")?,
                reported_at: row::time(r, "created_at")?,
                case: r.try_get("reported")?,
            });
        }
        Ok(cases)
    }
}
