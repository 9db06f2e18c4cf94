//! How much there is in a tenant: numbers only.

use std::collections::BTreeMap;

use palisade_types::{SubscriptionId, TenantId};
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::{Result, State};

/// A tenant's numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantCounts {
    /// By what is counted.
    pub of: BTreeMap<&'static str, u64>,
    /// Each subscription's own.
    pub subscriptions: Vec<SubscriptionCounts>,
}

/// A subscription's numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionCounts {
    /// Which one.
    pub id: SubscriptionId,
    /// By what is counted.
    pub of: BTreeMap<&'static str, u64>,
}

/// What is counted of a tenant.
const OF_TENANT: [&str; 13] = [
    "users",
    "subscriptions",
    "connectors",
    "devices_active",
    "devices_offboarded",
    "machines",
    "machines_healthy",
    "machines_unhealthy",
    "machines_not_applicable",
    "machines_pending",
    "findings_installation",
    "findings_heartbeat",
    "findings_not_applicable",
];

/// What is counted of a subscription.
const OF_SUBSCRIPTION: [&str; 3] = ["machines", "devices_active", "connectors"];

fn numbers<const N: usize>(row: &PgRow, names: [&'static str; N]) -> Result<BTreeMap<&'static str, u64>> {
    names.into_iter().map(|name| Ok((name, row.try_get::<i64, _>(name)?.unsigned_abs()))).collect()
}

impl State {
    /// Counts what a tenant has. Needs the role [`crate::DbRole::Owner`].
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn tenant_counts(&self, tenant: TenantId) -> Result<TenantCounts> {
        let mut tx = self.tenant_tx(tenant).await?;
        let row = sqlx::query(
            "SELECT (SELECT count(*) FROM users WHERE tenant_id = $1) AS users,
                    (SELECT count(*) FROM subscriptions WHERE tenant_id = $1 AND state <> 'left') AS subscriptions,
                    (SELECT count(*) FROM connectors WHERE tenant_id = $1 AND state <> 'revoked') AS connectors,
                    d.devices_active, d.devices_offboarded, m.machines, m.machines_healthy, m.machines_unhealthy,
                    m.machines_not_applicable, m.machines_pending, f.findings_installation, f.findings_heartbeat,
                    f.findings_not_applicable
             FROM (SELECT count(*) FILTER (WHERE status = 'active') AS devices_active,
                          count(*) FILTER (WHERE status = 'offboarded') AS devices_offboarded
                   FROM devices WHERE tenant_id = $1) d,
                  (SELECT count(*) AS machines,
                          count(*) FILTER (WHERE s.status = 'healthy') AS machines_healthy,
                          count(*) FILTER (WHERE s.status = 'unhealthy') AS machines_unhealthy,
                          count(*) FILTER (WHERE s.status = 'not_applicable') AS machines_not_applicable,
                          count(*) FILTER (WHERE s.status IS NULL OR s.status = 'pending') AS machines_pending
                   FROM machines m LEFT JOIN machine_state s ON s.tenant_id = m.tenant_id AND s.machine_id = m.id
                   WHERE m.tenant_id = $1 AND m.retired_at IS NULL) m,
                  (SELECT count(*) FILTER (WHERE kind = 'installation') AS findings_installation,
                          count(*) FILTER (WHERE kind = 'heartbeat') AS findings_heartbeat,
                          count(*) FILTER (WHERE kind = 'not_applicable') AS findings_not_applicable
                   FROM findings WHERE tenant_id = $1) f",
        )
        .bind(tenant.0)
        .fetch_one(&mut *tx)
        .await?;
        let subscriptions = sqlx::query(
            "SELECT s.id,
                    (SELECT count(*) FROM machines m WHERE m.tenant_id = s.tenant_id AND m.subscription_id = s.id
                     AND m.retired_at IS NULL) AS machines,
                    (SELECT count(*) FROM devices d WHERE d.tenant_id = s.tenant_id AND d.subscription_id = s.id
                     AND d.status = 'active') AS devices_active,
                    (SELECT count(*) FROM connectors c WHERE c.tenant_id = s.tenant_id AND c.subscription_id = s.id
                     AND c.state <> 'revoked') AS connectors
             FROM subscriptions s WHERE s.tenant_id = $1 AND s.state <> 'left' ORDER BY s.created_at, s.id",
        )
        .bind(tenant.0)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(TenantCounts {
            of: numbers(&row, OF_TENANT)?,
            subscriptions: subscriptions
                .iter()
                .map(|r| {
                    Ok(SubscriptionCounts {
                        id: SubscriptionId(r.try_get("id")?),
                        of: numbers(r, OF_SUBSCRIPTION)?,
                    })
                })
                .collect::<Result<_>>()?,
        })
    }
}
