//! Plans of subscriptions, and whether they open and close anything.

use std::collections::BTreeSet;

use palisade_estate::plan::{Enforcement, Override, PlansChange};
use palisade_types::{SubscriptionId, TenantId, TimeMicros};
use uuid::Uuid;

use crate::estate::{self, PLAN_ENFORCEMENT, Subscription};
use crate::{Result, State, StateError, row};

impl State {
    /// Switches plans of a subscription. The meter learns of it in the same transaction.
    ///
    /// # Errors
    /// `not_found`, `trial_used`, `plan_step_missing`.
    pub async fn change_plans(
        &self,
        tenant: TenantId,
        id: SubscriptionId,
        change: &PlansChange,
        now: TimeMicros,
    ) -> Result<Subscription> {
        let mut tx = self.tenant_tx(tenant).await?;
        // Two people who switch at once must not undo each other.
        sqlx::query(
            "SELECT 1 FROM subscriptions WHERE tenant_id = $1 AND id = $2 AND state = 'active' FOR UPDATE",
        )
        .bind(tenant.0)
        .bind(id.0)
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(StateError::NotFound("subscription"))?;
        let before = estate::read_subscription(&mut tx, tenant, id).await?;
        let plans = change
            .apply(&before.plans, now)
            .map_err(|e| StateError::Rule { code: e.code(), message: e.to_string() })?;
        if plans == before.plans {
            return Ok(before);
        }
        sqlx::query("UPDATE subscriptions SET plans = $3, changed_at = $4 WHERE tenant_id = $1 AND id = $2")
            .bind(tenant.0)
            .bind(id.0)
            .bind(estate::encoded(&plans)?)
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        estate::wake(&mut tx).await?;
        tx.commit().await?;
        Ok(Subscription { plans, changed_at: now, ..before })
    }

    /// Asks the reconciler to look at each machine of a subscription of which extension or sensor is
    /// missing; returns how many these are.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn fix_subscription(
        &self,
        tenant: TenantId,
        id: SubscriptionId,
        by: &str,
        now: TimeMicros,
    ) -> Result<u64> {
        let mut tx = self.tenant_tx(tenant).await?;
        estate::read_subscription(&mut tx, tenant, id).await?;
        let asked = sqlx::query(
            "INSERT INTO estate_requests (tenant_id, machine_id, verb, requested_by, requested_at)
             SELECT m.tenant_id, m.id, 'fix', $3, $4 FROM machines m
             LEFT JOIN machine_state s ON s.tenant_id = m.tenant_id AND s.machine_id = m.id
             WHERE m.tenant_id = $1 AND m.subscription_id = $2 AND m.retired_at IS NULL
                 AND coalesce(s.status, 'pending') <> 'not_applicable' AND coalesce(s.extension, 'off') <> 'on'
             ORDER BY m.id",
        )
        .bind(tenant.0)
        .bind(id.0)
        .bind(row::text(by, 300))
        .bind(now.0)
        .execute(&mut *tx)
        .await?
        .rows_affected();
        estate::wake(&mut tx).await?;
        tx.commit().await?;
        Ok(asked)
    }

    /// The subscriptions of which a machine has Plan 1 by itself.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn subscriptions_with_plan_one_alone(
        &self,
        tenant: TenantId,
    ) -> Result<BTreeSet<SubscriptionId>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let found: Vec<Uuid> = sqlx::query_scalar(
            "SELECT DISTINCT subscription_id FROM machines
             WHERE tenant_id = $1 AND retired_at IS NULL AND plan_override = $2",
        )
        .bind(tenant.0)
        .bind(estate::encoded(&Override::PlanOne)?)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(found.into_iter().map(SubscriptionId).collect())
    }

    /// Whether plans open and close anything in a tenant; they do not unless somebody said so.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn plan_enforcement(&self, tenant: TenantId) -> Result<Enforcement> {
        let Some(value) = self.tenant_setting(tenant, PLAN_ENFORCEMENT).await? else {
            return Ok(Enforcement::Off);
        };
        serde_json::from_value(value)
            .map_err(|e| StateError::Internal(format!("setting {PLAN_ENFORCEMENT}: {e}")))
    }

    /// Switches enforcement.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn set_plan_enforcement(
        &self,
        tenant: TenantId,
        enforcement: Enforcement,
        now: TimeMicros,
    ) -> Result<()> {
        self.set_tenant_setting(tenant, PLAN_ENFORCEMENT, &estate::encoded(&enforcement)?, now).await
    }
}
