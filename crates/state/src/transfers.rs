//! Moving a whole subscription to another tenant, in another region too: prepare, offboard, re-enrol,
//! done.
//!
//! Nothing that was collected moves. The old tenant keeps its machines, devices, findings, usage and
//! events; the new one gets an empty subscription with the same settings, and machines enter it by
//! enrolling anew. What could still act for the old tenant (connectors' credentials, enrolment tokens,
//! certificates, tasks) is revoked in between. The control database holds ids and the state only. Each
//! step may be repeated: a step that was interrupted goes on where it stopped.

mod steps;

use std::str::FromStr;

use palisade_types::{SubscriptionId, TenantId, TimeMicros};
use serde::Serialize;
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::{Result, State, StateError, row};

/// How far a transfer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferState {
    /// The successor exists, empty; the subscription takes no new machines. It can still be called off.
    Prepared,
    /// The old tenant no longer hears or reaches any of its machines.
    Offboarded,
    /// A token of the new tenant is out; machines enrol with it.
    ReEnrolling,
    /// The last machine has arrived, or somebody said that the rest will not.
    Done,
    /// Called off while it was prepared.
    Cancelled,
}

impl TransferState {
    /// The state as it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prepared => "prepared",
            Self::Offboarded => "offboarded",
            Self::ReEnrolling => "re_enrolling",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        }
    }
}

impl FromStr for TransferState {
    type Err = StateError;

    fn from_str(s: &str) -> Result<Self, StateError> {
        [Self::Prepared, Self::Offboarded, Self::ReEnrolling, Self::Done, Self::Cancelled]
            .into_iter()
            .find(|state| state.as_str() == s)
            .ok_or_else(|| StateError::InvalidArgument("unknown state of a transfer".into()))
    }
}

/// A subscription on its way to another tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Transfer {
    /// Its identifier.
    pub id: Uuid,
    /// Whose subscription it was.
    pub from: TenantId,
    /// The subscription, which stays with the old tenant as history.
    pub subscription: SubscriptionId,
    /// Whose it becomes.
    pub to: TenantId,
    /// The subscription that was made for it there.
    pub successor: SubscriptionId,
    /// How far it is.
    pub state: TransferState,
    /// How many machines were offboarded and are awaited.
    pub machines: i32,
    /// When it began.
    pub created_at: TimeMicros,
    /// When its state changed last.
    pub changed_at: TimeMicros,
}

/// What a transfer will do: to be shown before anything is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TransferPlan {
    /// The subscription's name, in both tenants.
    pub name: String,
    /// The old tenant's region.
    pub from_region: String,
    /// The new tenant's region.
    pub to_region: String,
    /// Machines and devices that have to enrol anew.
    pub machines: i64,
    /// Of those, the ones with a sensor that is in service.
    pub devices: i64,
    /// Connectors whose credentials are destroyed.
    pub connectors: Vec<String>,
    /// Enrolment tokens that end.
    pub tokens: i64,
}

fn transfer(row: &PgRow) -> Result<Transfer> {
    Ok(Transfer {
        id: row.try_get("id")?,
        from: TenantId(row.try_get("from_tenant")?),
        subscription: SubscriptionId(row.try_get("subscription_id")?),
        to: TenantId(row.try_get("to_tenant")?),
        successor: SubscriptionId(row.try_get("successor_id")?),
        state: row::parsed(row, "state")?,
        machines: row.try_get("machines")?,
        created_at: row::time(row, "created_at")?,
        changed_at: row::time(row, "changed_at")?,
    })
}

const COLUMNS: &str =
    "id, from_tenant, subscription_id, to_tenant, successor_id, state, machines, created_at,
    changed_at";

impl State {
    /// The transfers from a tenant, newest first.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn transfers(&self, from: TenantId) -> Result<Vec<Transfer>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM transfers WHERE from_tenant = $1 ORDER BY created_at DESC, id LIMIT 1000"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(from.0).fetch_all(self.control()).await?;
        rows.iter().map(transfer).collect()
    }

    /// The transfer of a subscription that is not over, if there is one.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn open_transfer(
        &self,
        from: TenantId,
        subscription: SubscriptionId,
    ) -> Result<Option<Transfer>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM transfers
             WHERE from_tenant = $1 AND subscription_id = $2 AND state NOT IN ('done', 'cancelled')"
        );
        let found = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(from.0)
            .bind(subscription.0)
            .fetch_optional(self.control())
            .await?;
        found.as_ref().map(transfer).transpose()
    }

    /// One transfer.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn transfer(&self, id: Uuid) -> Result<Transfer> {
        let sql = format!("SELECT {COLUMNS} FROM transfers WHERE id = $1");
        let found = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(self.control()).await?;
        transfer(&found.ok_or(StateError::NotFound("transfer"))?)
    }

    /// Moves a transfer on; of two that try at once, one does.
    async fn advance(
        &self,
        transfer: &Transfer,
        to: TransferState,
        machines: i32,
        now: TimeMicros,
    ) -> Result<Transfer> {
        let done = sqlx::query(
            "UPDATE transfers SET state = $3, machines = $4, changed_at = $5 WHERE id = $1 AND state = $2",
        )
        .bind(transfer.id)
        .bind(transfer.state.as_str())
        .bind(to.as_str())
        .bind(machines)
        .bind(now.0)
        .execute(self.control())
        .await?;
        if done.rows_affected() == 1 {
            Ok(Transfer { state: to, machines, changed_at: now, ..transfer.clone() })
        } else {
            Err(StateError::Conflict("another call has moved this transfer on".into()))
        }
    }
}

/// Refuses a step that the transfer's state does not allow.
fn expect(transfer: &Transfer, allowed: &[TransferState]) -> Result<()> {
    if allowed.contains(&transfer.state) {
        return Ok(());
    }
    Err(StateError::Conflict(format!("the transfer is {}", transfer.state.as_str())))
}
