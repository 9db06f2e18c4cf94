//! Where something is sent.

use palisade_estate::notify::{Format, WebhookSettings};
use palisade_types::{TenantId, TimeMicros};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use crate::error::is_unique_violation;
use crate::{Result, State, StateError, row};

/// Most webhooks of a tenant.
const MOST: i64 = 50;
/// Most further headers of one.
const MOST_HEADERS: usize = 20;
/// Most bytes of a sealed part.
const MAX_SEALED: usize = 128 << 10;

/// A webhook; what is secret of it cannot be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Webhook {
    /// Identifier.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// Scheme, host and port of its address.
    pub origin: String,
    /// The form of its bodies.
    pub format: Format,
    /// [`WebhookSettings`].
    pub settings: Value,
    /// Names of its further headers.
    pub headers: Vec<String>,
    /// Whether tickets are opened here.
    pub tickets: bool,
    /// Whether anything is sent.
    pub enabled: bool,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: TimeMicros,
    /// When it was changed last.
    pub changed_at: TimeMicros,
    /// How its last attempt went: when, the delivery's state, HTTP status, error.
    pub last: Option<LastAttempt>,
}

/// How a webhook's last attempt went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastAttempt {
    /// When.
    pub at: TimeMicros,
    /// The delivery's state since.
    pub state: String,
    /// HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// What went wrong; empty where nothing did.
    pub error: String,
}

/// A webhook to make.
#[derive(Clone, Debug)]
pub struct NewWebhook {
    /// Identifier, because what is sealed is sealed for it.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// Scheme, host and port.
    pub origin: String,
    /// Form.
    pub format: Format,
    /// [`WebhookSettings`].
    pub settings: Value,
    /// Names of the sealed headers.
    pub headers: Vec<String>,
    /// The sealed address.
    pub target: Vec<u8>,
    /// The sealed secret.
    pub secret: Vec<u8>,
    /// Whether tickets are opened here.
    pub tickets: bool,
    /// Whether anything is sent.
    pub enabled: bool,
    /// Who makes it.
    pub created_by: String,
}

/// What changes of one; what is none stays.
#[derive(Clone, Debug, Default)]
pub struct WebhookChange {
    /// Another name.
    pub name: Option<String>,
    /// Other settings, all of them.
    pub settings: Option<Value>,
    /// Another address: its origin, and the sealed whole.
    pub target: Option<(String, Vec<u8>)>,
    /// Another secret: names of headers, and the sealed whole.
    pub secret: Option<(Vec<String>, Vec<u8>)>,
    /// Whether tickets are opened here.
    pub tickets: Option<bool>,
    /// Whether anything is sent.
    pub enabled: Option<bool>,
}

/// For whom the parts of a webhook are sealed: another webhook, another tenant and another origin cannot use
/// them, whoever copies the row. No connector's name holds a line break, so that it is no connector's either.
pub fn webhook_owner(tenant: TenantId, id: Uuid, origin: &str) -> String {
    format!("{tenant}\nwebhook\n{id}\n{origin}")
}

const COLUMNS: &str =
    "w.id, w.name, w.origin, w.format, w.settings, w.headers, w.tickets, w.enabled, w.created_by,
    w.created_at, w.changed_at, l.attempted_at, l.state AS last_state, l.last_status, l.error";

/// With how its last attempt went.
const FROM: &str = "FROM notification_webhooks w LEFT JOIN LATERAL (
        SELECT attempted_at, state, last_status, error FROM notification_deliveries d
        WHERE d.tenant_id = w.tenant_id AND d.webhook_id = w.id AND d.attempted_at IS NOT NULL
        ORDER BY attempted_at DESC LIMIT 1) l ON true
    WHERE w.tenant_id = $1 AND w.deleted_at IS NULL";

fn webhook(r: &PgRow) -> Result<Webhook> {
    let last = row::time_opt(r, "attempted_at")?.map(|at| {
        Ok::<_, StateError>(LastAttempt {
            at,
            state: r.try_get("last_state")?,
            status: r.try_get::<Option<i32>, _>("last_status")?.and_then(|s| u16::try_from(s).ok()),
            error: r.try_get("error")?,
        })
    });
    Ok(Webhook {
        id: r.try_get("id")?,
        name: r.try_get("name")?,
        origin: r.try_get("origin")?,
        format: row::parsed(r, "format")?,
        settings: r.try_get("settings")?,
        headers: r.try_get("headers")?,
        tickets: r.try_get("tickets")?,
        enabled: r.try_get("enabled")?,
        created_by: r.try_get("created_by")?,
        created_at: row::time(r, "created_at")?,
        changed_at: row::time(r, "changed_at")?,
        last: last.transpose()?,
    })
}

fn sealed(part: &[u8]) -> Result<&[u8]> {
    if part.is_empty() || part.len() > MAX_SEALED {
        return Err(StateError::InvalidArgument("a webhook's secrets are too large".into()));
    }
    Ok(part)
}

fn headers(names: &[String]) -> Result<&[String]> {
    if names.len() > MOST_HEADERS {
        return Err(StateError::InvalidArgument(format!("a webhook has at most {MOST_HEADERS} headers")));
    }
    Ok(names)
}

fn settings(value: &Value, format: Format) -> Result<Value> {
    WebhookSettings::read(value, format).map_err(|e| StateError::InvalidArgument(e.to_string()))?;
    Ok(if value.is_null() { Value::Object(serde_json::Map::new()) } else { row::json(value) })
}

fn taken(error: sqlx::Error) -> StateError {
    if is_unique_violation(&error) {
        StateError::Conflict("a webhook has this name".into())
    } else {
        error.into()
    }
}

async fn one(tx: &mut PgConnection, tenant: TenantId, id: Uuid) -> Result<Webhook> {
    let sql = format!("SELECT {COLUMNS} {FROM} AND w.id = $2");
    let found = sqlx::query(AssertSqlSafe(sql)).bind(tenant.0).bind(id).fetch_optional(tx).await?;
    webhook(&found.ok_or(StateError::NotFound("webhook"))?)
}

impl State {
    /// Webhooks by their names.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn webhooks(&self, tenant: TenantId) -> Result<Vec<Webhook>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sql = format!("SELECT {COLUMNS} {FROM} ORDER BY lower(w.name), w.id");
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(tenant.0).fetch_all(&mut *tx).await?;
        tx.commit().await?;
        rows.iter().map(webhook).collect()
    }

    /// One of them.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn webhook(&self, tenant: TenantId, id: Uuid) -> Result<Webhook> {
        let mut tx = self.tenant_tx(tenant).await?;
        let found = one(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// Makes a webhook.
    ///
    /// # Errors
    /// `name_invalid`, `invalid_argument`, `conflict` (the name is taken), `too_many_webhooks`.
    pub async fn create_webhook(
        &self,
        tenant: TenantId,
        new: &NewWebhook,
        now: TimeMicros,
    ) -> Result<Webhook> {
        let name = row::name(&new.name)?;
        let settings = settings(&new.settings, new.format)?;
        let mut tx = self.tenant_tx(tenant).await?;
        let there: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM notification_webhooks WHERE tenant_id = $1 AND deleted_at IS NULL",
        )
        .bind(tenant.0)
        .fetch_one(&mut *tx)
        .await?;
        if there >= MOST {
            let message = format!("there are {MOST} webhooks already");
            return Err(StateError::Rule { code: "too_many_webhooks", message });
        }
        sqlx::query(
            "INSERT INTO notification_webhooks (tenant_id, id, name, origin, format, settings, headers, target, secret,
                 tickets, enabled, created_by, created_at, changed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)",
        )
        .bind(tenant.0)
        .bind(new.id)
        .bind(&name)
        .bind(row::text(&new.origin, 300))
        .bind(new.format.as_str())
        .bind(settings)
        .bind(headers(&new.headers)?)
        .bind(sealed(&new.target)?)
        .bind(sealed(&new.secret)?)
        .bind(new.tickets)
        .bind(new.enabled)
        .bind(row::text(&new.created_by, 200))
        .bind(now.0)
        .execute(&mut *tx)
        .await
        .map_err(taken)?;
        let made = one(&mut tx, tenant, new.id).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// Changes a webhook.
    ///
    /// # Errors
    /// `not_found`, `name_invalid`, `invalid_argument`, `conflict`; `webhook_secret_needed` where another origin
    /// would get what is sealed for the one before.
    pub async fn change_webhook(
        &self,
        tenant: TenantId,
        id: Uuid,
        change: &WebhookChange,
        now: TimeMicros,
    ) -> Result<Webhook> {
        let mut tx = self.tenant_tx(tenant).await?;
        let before = one(&mut tx, tenant, id).await?;
        let name = change.name.as_deref().map(row::name).transpose()?;
        let other = change.settings.as_ref().map(|s| settings(s, before.format)).transpose()?;
        let moves = change.target.as_ref().is_some_and(|(origin, _)| *origin != before.origin);
        if moves && change.secret.is_none() {
            return Err(StateError::Rule {
                code: "webhook_secret_needed",
                message: "another host gets a secret and headers of its own: send them with its address"
                    .into(),
            });
        }
        // What stays is not named: the api may not read what it seals.
        let mut q = QueryBuilder::<Postgres>::new("UPDATE notification_webhooks SET changed_at = ");
        q.push_bind(now.0);
        if let Some(name) = name {
            q.push(", name = ").push_bind(name);
        }
        if let Some(other) = other {
            q.push(", settings = ").push_bind(other);
        }
        if let Some((origin, target)) = &change.target {
            q.push(", origin = ").push_bind(row::text(origin, 300));
            q.push(", target = ").push_bind(sealed(target)?.to_vec());
        }
        if let Some((names, secret)) = &change.secret {
            q.push(", headers = ").push_bind(headers(names)?.to_vec());
            q.push(", secret = ").push_bind(sealed(secret)?.to_vec());
        }
        if let Some(tickets) = change.tickets {
            q.push(", tickets = ").push_bind(tickets);
        }
        if let Some(enabled) = change.enabled {
            q.push(", enabled = ").push_bind(enabled);
        }
        q.push(" WHERE tenant_id = ").push_bind(tenant.0).push(" AND id = ").push_bind(id);
        q.push(" AND deleted_at IS NULL").build().execute(&mut *tx).await.map_err(taken)?;
        let now_is = one(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(now_is)
    }

    /// Ends a webhook: its secrets are wiped, rules no longer name it, what was sent to it stays to be seen.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn end_webhook(&self, tenant: TenantId, id: Uuid, now: TimeMicros) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        one(&mut tx, tenant, id).await?;
        sqlx::query(
            "UPDATE notification_webhooks SET deleted_at = $3, changed_at = $3, target = NULL, secret = NULL,
                 headers = '{}', enabled = false
             WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL",
        )
        .bind(tenant.0)
        .bind(id)
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "UPDATE notification_rules SET webhooks = array_remove(webhooks, $2), changed_at = $3
             WHERE tenant_id = $1 AND $2 = ANY(webhooks)",
        )
        .bind(tenant.0)
        .bind(id)
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }
}
