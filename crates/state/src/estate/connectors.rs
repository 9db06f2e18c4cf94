//! Connectors: how a subscription's machines are found and reached.

use std::collections::HashMap;

use palisade_types::{SubscriptionId, TenantId, TimeMicros};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

use super::requests;
use crate::error::is_unique_violation;
use crate::{Result, State, StateError, row};

/// The most bytes of a connector's settings; an inventory is among them.
const MAX_SETTINGS: usize = 4 << 20;

/// What a connector may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectorState {
    /// Machines are listed; nothing is done on them.
    Planned,
    /// The reconciler may act.
    Active,
    /// Its credential is gone.
    Revoked,
}

impl ConnectorState {
    /// As its column holds it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Active => "active",
            Self::Revoked => "revoked",
        }
    }
}

impl std::str::FromStr for ConnectorState {
    type Err = StateError;

    fn from_str(s: &str) -> Result<Self, StateError> {
        match s {
            "planned" => Ok(Self::Planned),
            "active" => Ok(Self::Active),
            "revoked" => Ok(Self::Revoked),
            _ => Err(StateError::InvalidArgument("unknown state of a connector".into())),
        }
    }
}

/// A connector. Its credential is sealed; only the connect process can open it.
#[derive(Clone, Debug, PartialEq)]
pub struct Connector {
    /// Its identifier.
    pub id: Uuid,
    /// Whose machines it finds.
    pub subscription: SubscriptionId,
    /// `ssh`, `aws`, `cloud_init`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What it needs to know, by kind; no credential is in here.
    pub settings: Value,
    /// Whether there is a credential.
    pub has_secret: bool,
    /// What it may do.
    pub state: ConnectorState,
    /// When it was made.
    pub created_at: TimeMicros,
    /// When somebody asked it to list anew, if that was not done yet.
    pub list_wanted_at: Option<TimeMicros>,
    /// When it listed last.
    pub last_listed: Option<TimeMicros>,
    /// What went wrong with that: `message` for people, `code` where it has one of the catalogue's.
    pub last_error: Option<Value>,
    /// What its last test found.
    pub checks: Value,
}

/// What a new connector shall be.
#[derive(Clone, Debug)]
pub struct NewConnector {
    /// Its subscription.
    pub subscription: SubscriptionId,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its settings.
    pub settings: Value,
    /// Its sealed credential.
    pub secret: Option<Vec<u8>>,
}

/// Everything but the credential, which the estate process may not even read.
const COLUMNS: &str =
    "id, subscription_id, kind, name, settings, secret IS NOT NULL AS has_secret, state, created_at,
    list_wanted_at, last_listed, last_error, checks";

fn connector(row: &PgRow) -> Result<Connector> {
    Ok(Connector {
        id: row.try_get("id")?,
        subscription: SubscriptionId(row.try_get("subscription_id")?),
        kind: row.try_get("kind")?,
        name: row.try_get("name")?,
        settings: row.try_get("settings")?,
        has_secret: row.try_get("has_secret")?,
        state: row::parsed(row, "state")?,
        created_at: row::time(row, "created_at")?,
        list_wanted_at: row::time_opt(row, "list_wanted_at")?,
        last_listed: row::time_opt(row, "last_listed")?,
        last_error: row.try_get("last_error")?,
        checks: row.try_get("checks")?,
    })
}

/// What hangs on a connector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectorCounts {
    /// Machines that it lists.
    pub machines: u64,
    /// Host keys that nobody has confirmed yet.
    pub keys_waiting: u64,
}

impl State {
    /// What hangs on each connector that anything hangs on.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn connector_counts(&self, tenant: TenantId) -> Result<HashMap<Uuid, ConnectorCounts>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = sqlx::query(
            "SELECT connector_id, sum(machines)::bigint AS machines, sum(keys)::bigint AS keys FROM (
                 SELECT connector_id, 1 AS machines, 0 AS keys FROM machines
                 WHERE tenant_id = $1 AND connector_id IS NOT NULL AND retired_at IS NULL
                 UNION ALL
                 SELECT connector_id, 0, 1 FROM connector_host_keys WHERE tenant_id = $1 AND confirmed_at IS NULL
             ) parts GROUP BY connector_id",
        )
        .bind(tenant.0)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let count = |n: i64| u64::try_from(n).unwrap_or(0);
        rows.iter()
            .map(|r| {
                let counts = ConnectorCounts {
                    machines: count(r.try_get("machines")?),
                    keys_waiting: count(r.try_get("keys")?),
                };
                Ok((r.try_get("connector_id")?, counts))
            })
            .collect()
    }

    /// Makes a connector and asks for its first listing.
    ///
    /// # Errors
    /// `name_invalid`, `invalid_argument`, `not_found` (subscription), `conflict` (the name is taken).
    pub async fn create_connector(
        &self,
        tenant: TenantId,
        new: &NewConnector,
        now: TimeMicros,
    ) -> Result<Connector> {
        let name = row::name(&new.name)?;
        if new.settings.to_string().len() > MAX_SETTINGS {
            return Err(StateError::InvalidArgument("the connector's settings are larger than 4 MiB".into()));
        }
        let id = Uuid::new_v4();
        let mut tx = self.tenant_tx(tenant).await?;
        super::subscriptions::read(&mut tx, tenant, new.subscription).await?;
        sqlx::query(
            "INSERT INTO connectors (tenant_id, id, subscription_id, kind, name, settings, secret, created_at, changed_at,
                 list_wanted_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $8)",
        )
        .bind(tenant.0)
        .bind(id)
        .bind(new.subscription.0)
        .bind(&new.kind)
        .bind(&name)
        .bind(row::json(&new.settings))
        .bind(new.secret.as_deref())
        .bind(now.0)
        .execute(&mut *tx)
        .await
        .map_err(|e| {
            if is_unique_violation(&e) {
                StateError::Conflict("a connector has this name".into())
            } else {
                e.into()
            }
        })?;
        requests::wake(&mut tx).await?;
        tx.commit().await?;
        self.connector(tenant, id).await
    }

    /// Every connector of a tenant, by name.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn connectors(&self, tenant: TenantId) -> Result<Vec<Connector>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sql = format!(
            "SELECT {COLUMNS} FROM connectors WHERE tenant_id = $1 ORDER BY lower(name), id LIMIT 1000"
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(tenant.0).fetch_all(&mut *tx).await?;
        tx.commit().await?;
        rows.iter().map(connector).collect()
    }

    /// One connector.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn connector(&self, tenant: TenantId, id: Uuid) -> Result<Connector> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sql = format!("SELECT {COLUMNS} FROM connectors WHERE tenant_id = $1 AND id = $2");
        let found = sqlx::query(AssertSqlSafe(sql)).bind(tenant.0).bind(id).fetch_optional(&mut *tx).await?;
        tx.commit().await?;
        connector(&found.ok_or(StateError::NotFound("connector"))?)
    }

    /// What the estate process may know of connectors: which there are, and what each may do.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn connector_states(&self, tenant: TenantId) -> Result<Vec<(Uuid, String, ConnectorState)>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = sqlx::query("SELECT id, kind, state FROM connectors WHERE tenant_id = $1")
            .bind(tenant.0)
            .fetch_all(&mut *tx)
            .await?;
        tx.commit().await?;
        rows.iter().map(|r| Ok((r.try_get("id")?, r.try_get("kind")?, row::parsed(r, "state")?))).collect()
    }

    /// The sealed credential.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn connector_secret(&self, tenant: TenantId, id: Uuid) -> Result<Option<Vec<u8>>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let found = sqlx::query("SELECT secret FROM connectors WHERE tenant_id = $1 AND id = $2")
            .bind(tenant.0)
            .bind(id)
            .fetch_optional(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(found.ok_or(StateError::NotFound("connector"))?.try_get("secret")?)
    }

    /// Lets a connector act, or stops it; revoking it removes its credential for good, and from then on
    /// nobody says how its machines' power is: they are metered while they are heard.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn set_connector_state(
        &self,
        tenant: TenantId,
        id: Uuid,
        state: ConnectorState,
        now: TimeMicros,
    ) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        let done = sqlx::query(
            "UPDATE connectors SET state = $3, changed_at = $4,
                 secret = CASE WHEN $3 = 'revoked' THEN NULL ELSE secret END
             WHERE tenant_id = $1 AND id = $2",
        )
        .bind(tenant.0)
        .bind(id)
        .bind(state.as_str())
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        if state == ConnectorState::Revoked {
            sqlx::query(
                "UPDATE machines SET power = 'unknown', power_since = $3, changed_at = $3
                 WHERE tenant_id = $1 AND connector_id = $2 AND retired_at IS NULL AND power <> 'unknown'",
            )
            .bind(tenant.0)
            .bind(id)
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        }
        requests::wake(&mut tx).await?;
        tx.commit().await?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(StateError::NotFound("connector")) }
    }

    /// Changes a connector's settings, and its credential where a new one is given.
    ///
    /// # Errors
    /// `not_found`, `invalid_argument`.
    pub async fn change_connector(
        &self,
        tenant: TenantId,
        id: Uuid,
        settings: &Value,
        secret: Option<&[u8]>,
        now: TimeMicros,
    ) -> Result<()> {
        if settings.to_string().len() > MAX_SETTINGS {
            return Err(StateError::InvalidArgument("the connector's settings are larger than 4 MiB".into()));
        }
        let mut tx = self.tenant_tx(tenant).await?;
        let done = sqlx::query(
            "UPDATE connectors SET settings = $3, secret = coalesce($4, secret), changed_at = $5, list_wanted_at = $5
             WHERE tenant_id = $1 AND id = $2 AND state <> 'revoked'",
        )
        .bind(tenant.0)
        .bind(id)
        .bind(row::json(settings))
        .bind(secret)
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        requests::wake(&mut tx).await?;
        tx.commit().await?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(StateError::NotFound("connector")) }
    }

    /// Asks for a new listing and test of a connector.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn want_listing(&self, tenant: TenantId, id: Uuid, now: TimeMicros) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        let done = sqlx::query("UPDATE connectors SET list_wanted_at = $3 WHERE tenant_id = $1 AND id = $2")
            .bind(tenant.0)
            .bind(id)
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        requests::wake(&mut tx).await?;
        tx.commit().await?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(StateError::NotFound("connector")) }
    }

    /// Writes down how a listing, and the test that goes with it, ended.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn listing_ended(
        &self,
        tenant: TenantId,
        id: Uuid,
        error: Option<&Value>,
        checks: &Value,
        began: TimeMicros,
    ) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        sqlx::query(
            "UPDATE connectors SET last_error = $3, checks = $4,
                 last_listed = CASE WHEN $3::jsonb IS NULL THEN $5 ELSE last_listed END,
                 list_wanted_at = CASE WHEN list_wanted_at > $5 THEN list_wanted_at END
             WHERE tenant_id = $1 AND id = $2",
        )
        .bind(tenant.0)
        .bind(id)
        .bind(error.map(row::json))
        .bind(row::json(checks))
        .bind(began.0)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }
}
