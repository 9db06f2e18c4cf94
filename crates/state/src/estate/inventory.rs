//! Machines page by page in the order of their identifiers, for the tables of hunting.

use palisade_types::{MachineId, SubscriptionId, TenantId};
use sqlx::{QueryBuilder, Row};
use uuid::Uuid;

use super::machine_list::{MachineSummary, columns, from, summary};
use crate::{DeviceScope, Result, State};

/// A machine with what tables of resources say besides.
#[derive(Clone, Debug, PartialEq)]
pub struct MachineEntry {
    /// The machine and how it is.
    pub summary: MachineSummary,
    /// The kind of its connector: `ssh`, `aws`, `cloud_init`.
    pub connector: Option<String>,
    /// Whether its extension is written down.
    pub extension: bool,
}

impl State {
    /// Machines of the scope behind one of them, from the first where there is none; not those that are
    /// retired. At most `limit`.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn machines_after(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        after: Option<MachineId>,
        limit: u32,
    ) -> Result<Vec<MachineEntry>> {
        let mut q = from(
            &format!(
                "{}, (SELECT c.kind FROM connectors c WHERE c.tenant_id = m.tenant_id AND c.id = m.connector_id)
                     AS connector_kind,
                 coalesce((s.reconciler->>'extension')::boolean, false) AS has_extension",
                columns()
            ),
            tenant,
        );
        q.push(" AND m.retired_at IS NULL");
        if let Some(after) = after {
            q.push(" AND m.id > ").push_bind(after.0);
        }
        scope.push_machine(&mut q, "m.tenant_id", "m.id");
        q.push(" ORDER BY m.id LIMIT ").push_bind(i64::from(limit));
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = q.build().fetch_all(&mut *tx).await?;
        tx.commit().await?;
        rows.iter()
            .map(|r| {
                Ok(MachineEntry {
                    summary: summary(r)?,
                    connector: r.try_get("connector_kind")?,
                    extension: r.try_get("has_extension")?,
                })
            })
            .collect()
    }

    /// The subscriptions that machines of the scope are in.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn subscriptions_in(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
    ) -> Result<Vec<SubscriptionId>> {
        let mut q = QueryBuilder::new(
            "SELECT DISTINCT m.subscription_id FROM machines m WHERE m.retired_at IS NULL AND m.tenant_id = ",
        );
        q.push_bind(tenant.0);
        scope.push_machine(&mut q, "m.tenant_id", "m.id");
        let mut tx = self.tenant_tx(tenant).await?;
        let ids: Vec<Uuid> = q.build_query_scalar().fetch_all(&mut *tx).await?;
        tx.commit().await?;
        Ok(ids.into_iter().map(SubscriptionId).collect())
    }
}
