//! What is done to tenants as a whole, in the control database: a tenant's own audit log goes with it.

use palisade_types::{TenantId, TimeMicros};
use serde_json::Value;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::{Result, State, row, secrets};

/// Most that is read at once.
const MOST: i64 = 1000;

/// One deed.
#[derive(Clone, Debug, PartialEq)]
pub struct InstanceDeed {
    /// When it was.
    pub at: TimeMicros,
    /// Who did it.
    pub actor: String,
    /// What was done, such as `tenant.reset`.
    pub kind: String,
    /// What it was done to, by its name.
    pub target: String,
    /// The rest.
    pub detail: Value,
}

/// Writes a deed down, in the caller's transaction.
pub(crate) async fn insert(control: &mut PgConnection, deed: &InstanceDeed) -> Result<()> {
    sqlx::query(
        "INSERT INTO instance_audit (id, at, actor, kind, target, detail) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(Uuid::new_v4())
    .bind(deed.at.0)
    .bind(row::text(&deed.actor, 300))
    .bind(row::text(&deed.kind, 100))
    .bind(row::text(&deed.target, 300))
    .bind(row::json_bounded(&deed.detail, 64 << 10))
    .execute(control)
    .await?;
    Ok(())
}

impl State {
    /// Writes down a deed; it can be neither changed nor removed. Needs the role
    /// [`crate::DbRole::Owner`].
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn record_deed(&self, deed: &InstanceDeed) -> Result<()> {
        let mut control = self.control().acquire().await?;
        insert(&mut control, deed).await
    }

    /// The newest deeds, newest first. Needs the role [`crate::DbRole::Owner`].
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn deeds(&self, limit: u32) -> Result<Vec<InstanceDeed>> {
        let rows = sqlx::query(
            "SELECT at, actor, kind, target, detail FROM instance_audit ORDER BY seq DESC LIMIT $1",
        )
        .bind(i64::from(limit).min(MOST))
        .fetch_all(self.control())
        .await?;
        rows.iter()
            .map(|r| {
                Ok(InstanceDeed {
                    at: row::time(r, "at")?,
                    actor: r.try_get("actor")?,
                    kind: r.try_get("kind")?,
                    target: r.try_get("target")?,
                    detail: r.try_get("detail")?,
                })
            })
            .collect()
    }
}

/// What stands for a tenant's id where the id itself must not be kept: whoever has the id can check
/// it, nobody can get it back.
pub(crate) fn fingerprint(tenant: TenantId) -> String {
    hex::encode(&secrets::sha256(tenant.0.as_bytes())[..8])
}
