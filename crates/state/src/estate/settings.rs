//! A tenant's settings by name.

use palisade_types::{TenantId, TimeMicros};
use serde_json::Value;
use sqlx::Row;

use crate::{Result, State, row};

/// `estate::health::Thresholds`; the defaults where it is not set.
pub const HEALTH_THRESHOLDS: &str = "health_thresholds";
/// `estate::plan::Enforcement`; off where it is not set.
pub const PLAN_ENFORCEMENT: &str = "plan_enforcement";

impl State {
    /// A setting, if it was set.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn tenant_setting(&self, tenant: TenantId, key: &str) -> Result<Option<Value>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let found = sqlx::query("SELECT value FROM tenant_settings WHERE tenant_id = $1 AND key = $2")
            .bind(tenant.0)
            .bind(key)
            .fetch_optional(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(found.map(|r| r.try_get("value")).transpose()?)
    }

    /// Sets a setting. The caller has checked its value.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn set_tenant_setting(
        &self,
        tenant: TenantId,
        key: &str,
        value: &Value,
        now: TimeMicros,
    ) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        sqlx::query(
            "INSERT INTO tenant_settings (tenant_id, key, value, updated_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (tenant_id, key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
        )
        .bind(tenant.0)
        .bind(key)
        .bind(row::json(value))
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        super::requests::wake(&mut tx).await?;
        tx.commit().await?;
        Ok(())
    }
}
