//! What people ask of the reconciler.

use palisade_types::{MachineId, SubscriptionId, TenantId, TimeMicros};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use uuid::Uuid;

use super::ESTATE_CHANNEL;
use crate::{Result, State, row};

/// A deed that somebody asked for; the estate process applies each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its number; requests are applied in this order.
    pub id: i64,
    /// The machine, unless it is about a whole subscription.
    pub machine: Option<MachineId>,
    /// The subscription, if it is about one.
    pub subscription: Option<SubscriptionId>,
    /// `remove_extension`, `moved`, `fix`, `offboard`, `onboard`, `agentless`, `scan`, `roll_out`, `resume`.
    pub verb: String,
    /// Who.
    pub requested_by: String,
    /// When.
    pub requested_at: TimeMicros,
    /// When it was applied, if it was.
    pub applied_at: Option<TimeMicros>,
}

const COLUMNS: &str = "id, machine_id, subscription_id, verb, requested_by, requested_at, applied_at";

fn request(row: &PgRow) -> Result<Request> {
    Ok(Request {
        id: row.try_get("id")?,
        machine: row.try_get::<Option<Uuid>, _>("machine_id")?.map(MachineId),
        subscription: row.try_get::<Option<Uuid>, _>("subscription_id")?.map(SubscriptionId),
        verb: row.try_get("verb")?,
        requested_by: row.try_get("requested_by")?,
        requested_at: row::time(row, "requested_at")?,
        applied_at: row::time_opt(row, "applied_at")?,
    })
}

/// Wakes the estate and connect processes when the transaction commits.
pub(crate) async fn wake(tx: &mut PgConnection) -> Result<()> {
    sqlx::query("SELECT pg_notify($1, '')").bind(ESTATE_CHANNEL).execute(tx).await?;
    Ok(())
}

/// Writes a request down, in the caller's transaction.
pub(crate) async fn ask(
    tx: &mut PgConnection,
    tenant: TenantId,
    machine: Option<MachineId>,
    subscription: Option<SubscriptionId>,
    verb: &str,
    by: &str,
    now: TimeMicros,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO estate_requests (tenant_id, machine_id, subscription_id, verb, requested_by, requested_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(tenant.0)
    .bind(machine.map(|m| m.0))
    .bind(subscription.map(|s| s.0))
    .bind(verb)
    .bind(row::text(by, 300))
    .bind(now.0)
    .execute(&mut *tx)
    .await?;
    wake(tx).await
}

impl State {
    /// Asks the reconciler for something about a subscription.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn ask_of_subscription(
        &self,
        tenant: TenantId,
        subscription: SubscriptionId,
        verb: &str,
        by: &str,
        now: TimeMicros,
    ) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        ask(&mut tx, tenant, None, Some(subscription), verb, by, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Begins to listen for what waits; look once after this.
    ///
    /// # Errors
    /// `state_unavailable`.
    pub async fn estate_listener(&self) -> Result<EstateListener> {
        let mut listener = sqlx::postgres::PgListener::connect_with(self.region()).await?;
        listener.listen(ESTATE_CHANNEL).await?;
        Ok(EstateListener { listener })
    }

    /// What was asked for and is not applied yet, oldest first.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn open_requests(&self, tenant: TenantId) -> Result<Vec<Request>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sql = format!(
            "SELECT {COLUMNS} FROM estate_requests WHERE tenant_id = $1 AND applied_at IS NULL ORDER BY id LIMIT 1000"
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(tenant.0).fetch_all(&mut *tx).await?;
        tx.commit().await?;
        rows.iter().map(request).collect()
    }

    /// What people asked for about a machine, newest first, at most 50.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn requests_of(&self, tenant: TenantId, machine: MachineId) -> Result<Vec<Request>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sql = format!(
            "SELECT {COLUMNS} FROM estate_requests WHERE tenant_id = $1 AND machine_id = $2 ORDER BY id DESC LIMIT 50"
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(tenant.0).bind(machine.0).fetch_all(&mut *tx).await?;
        tx.commit().await?;
        rows.iter().map(request).collect()
    }

    /// Marks requests as applied.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn requests_applied(&self, tenant: TenantId, ids: &[i64], now: TimeMicros) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        sqlx::query("UPDATE estate_requests SET applied_at = $3 WHERE tenant_id = $1 AND id = ANY($2)")
            .bind(tenant.0)
            .bind(ids)
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Wakes its owner when something waits for the estate or the connect process.
#[derive(Debug)]
pub struct EstateListener {
    listener: sqlx::postgres::PgListener,
}

impl EstateListener {
    /// Ends when somebody woke us, or when the connection was lost: then a look is due as well.
    pub async fn woken(&mut self) {
        if let Err(e) = self.listener.try_recv().await {
            tracing::warn!(error = %e, "the estate's channel is lost");
            // Whoever waits has its own timer; this must not spin.
            tokio::time::sleep(std::time::Duration::from_secs(5)).await;
        }
    }
}
