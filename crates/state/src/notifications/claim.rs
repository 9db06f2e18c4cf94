//! What the connect process takes, and how it says what came of it.

use palisade_estate::notify::{Document, Format, WebhookSettings};
use palisade_types::{TenantId, TimeMicros};
use serde_json::Value;
use sqlx::Row;
use uuid::Uuid;

use crate::{Result, State, StateError, row};

/// How long a worker has for one attempt, microseconds; then another takes it.
const LEASE: i64 = 60_000_000;
/// Most attempts of a tenant in a minute: what goes out is bounded, whatever rules are made.
pub const PER_MINUTE: i64 = 60;
/// A minute, microseconds.
const MINUTE: i64 = 60_000_000;
/// How long deliveries that are over are kept, microseconds: 90 days. Tickets stay as long as their webhook's
/// row, so that a remediation keeps its address.
const KEPT: i64 = 90 * 86_400 * 1_000_000;
/// Most deliveries of a tenant that are over; the oldest go first.
const MOST_KEPT: i64 = 20_000;

/// A delivery that a worker has taken.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Identifier.
    pub id: Uuid,
    /// The webhook.
    pub webhook: Uuid,
    /// Its name.
    pub name: String,
    /// The form of the body.
    pub format: Format,
    /// What else it needs to know.
    pub settings: WebhookSettings,
    /// The origin that both sealed parts are bound to.
    pub origin: String,
    /// The sealed address.
    pub target: Vec<u8>,
    /// The sealed secret.
    pub secret: Vec<u8>,
    /// What is sent.
    pub document: Document,
    /// The number of this attempt, from 1.
    pub attempt: u32,
}

/// How an attempt ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryOutcome {
    /// Whether it has arrived.
    pub delivered: bool,
    /// Try again after so many seconds; none where it has arrived or is given up.
    pub again: Option<u64>,
    /// HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// Stable code of what went wrong, or of what is missing from an answer.
    pub code: String,
    /// The same for people.
    pub error: String,
    /// The ticket's key, if the answer has one.
    pub ticket_key: String,
    /// The ticket's address.
    pub ticket_url: String,
}

impl State {
    /// Takes what is due and not taken, within what a tenant may send in a minute.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn claim_deliveries(
        &self,
        tenant: TenantId,
        worker: &str,
        most: u32,
        now: TimeMicros,
    ) -> Result<Vec<Claimed>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let waits: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM notification_deliveries WHERE tenant_id = $1
                 AND ((state IN ('queued', 'retrying') AND next_at <= $2) OR (state = 'sending' AND lease_until < $2)))",
        )
        .bind(tenant.0)
        .bind(now.0)
        .fetch_one(&mut *tx)
        .await?;
        if !waits {
            return Ok(Vec::new());
        }
        // What is for a webhook that was ended or switched off meanwhile is not sent.
        sqlx::query(
            "UPDATE notification_deliveries d SET state = 'dead', finished_at = $2, error_code = 'webhook_off',
                 error = 'the webhook was ended or switched off'
             FROM notification_webhooks w
             WHERE d.tenant_id = $1 AND w.tenant_id = d.tenant_id
               AND (d.state IN ('queued', 'retrying') OR (d.state = 'sending' AND d.lease_until < $2))
               AND w.id = d.webhook_id AND (NOT w.enabled OR w.deleted_at IS NOT NULL OR w.target IS NULL)",
        )
        .bind(tenant.0)
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        let rows = sqlx::query(
            "WITH taken AS (
                 UPDATE notification_deliveries t SET state = 'sending', worker = $3, lease_until = $4,
                     attempts = attempts + 1, attempted_at = $2
                 WHERE t.tenant_id = $1 AND t.id IN (
                     SELECT id FROM notification_deliveries
                     WHERE tenant_id = $1 AND ((state IN ('queued', 'retrying') AND next_at <= $2)
                         OR (state = 'sending' AND lease_until < $2))
                     ORDER BY next_at, id
                     LIMIT least($5, greatest(0, $6 - (SELECT count(*) FROM notification_deliveries
                         WHERE tenant_id = $1 AND attempted_at > $7)))
                     FOR UPDATE SKIP LOCKED)
                 RETURNING t.id, t.webhook_id, t.document, t.attempts)
             SELECT t.id, t.document, t.attempts, w.id AS webhook_id, w.name, w.format, w.settings, w.origin,
                 coalesce(w.target, '') AS target, coalesce(w.secret, '') AS secret
             FROM taken t JOIN notification_webhooks w ON w.tenant_id = $1 AND w.id = t.webhook_id ORDER BY t.id",
        )
        .bind(tenant.0)
        .bind(now.0)
        .bind(row::text(worker, 100))
        .bind(now.0 + LEASE)
        .bind(i64::from(most))
        .bind(PER_MINUTE)
        .bind(now.0 - MINUTE)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let mut claimed = Vec::with_capacity(rows.len());
        for r in &rows {
            let format: Format = row::parsed(r, "format")?;
            let document: Value = r.try_get("document")?;
            let settings: Value = r.try_get("settings")?;
            claimed.push(Claimed {
                id: r.try_get("id")?,
                webhook: r.try_get("webhook_id")?,
                name: r.try_get("name")?,
                format,
                settings: WebhookSettings::read(&settings, format)
                    .map_err(|e| StateError::Internal(e.to_string()))?,
                origin: r.try_get("origin")?,
                target: r.try_get("target")?,
                secret: r.try_get("secret")?,
                document: serde_json::from_value(document)
                    .map_err(|e| StateError::Internal(format!("a delivery cannot be read: {e}")))?,
                attempt: u32::try_from(r.try_get::<i32, _>("attempts")?).unwrap_or_default(),
            });
        }
        Ok(claimed)
    }

    /// Writes down how an attempt ended; nothing where another worker has taken it meanwhile.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn delivery_ended(
        &self,
        tenant: TenantId,
        (id, worker): (Uuid, &str),
        outcome: &DeliveryOutcome,
        now: TimeMicros,
    ) -> Result<()> {
        let state = match (outcome.delivered, outcome.again) {
            (true, _) => "delivered",
            (false, Some(_)) => "retrying",
            (false, None) => "dead",
        };
        let wait = i64::try_from(outcome.again.unwrap_or(0)).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        let mut tx = self.tenant_tx(tenant).await?;
        sqlx::query(
            "UPDATE notification_deliveries SET state = $4, next_at = $5, finished_at = $6, lease_until = NULL,
                 last_status = $7, error_code = $8, error = $9, ticket_key = $10, ticket_url = $11
             WHERE tenant_id = $1 AND id = $2 AND worker = $3 AND state = 'sending'",
        )
        .bind(tenant.0)
        .bind(id)
        .bind(row::text(worker, 100))
        .bind(state)
        .bind(now.0.saturating_add(wait))
        .bind((state != "retrying").then_some(now.0))
        .bind(outcome.status.map(i32::from))
        .bind(row::text(&outcome.code, 60))
        .bind(row::text(&outcome.error, 500))
        .bind(row::text(&outcome.ticket_key, 200))
        .bind(row::text(&outcome.ticket_url, 2_000))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Forgets deliveries that are over since long, or too many.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn prune_deliveries(&self, tenant: TenantId, now: TimeMicros) -> Result<u64> {
        let mut tx = self.tenant_tx(tenant).await?;
        let done = sqlx::query(
            "DELETE FROM notification_deliveries WHERE tenant_id = $1 AND type <> 'ticket'
                 AND state IN ('delivered', 'dead') AND (created_at < $2 OR id IN (
                     SELECT id FROM notification_deliveries
                     WHERE tenant_id = $1 AND type <> 'ticket' AND state IN ('delivered', 'dead')
                     ORDER BY created_at DESC, id DESC OFFSET $3))",
        )
        .bind(tenant.0)
        .bind(now.0 - KEPT)
        .bind(MOST_KEPT)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(done.rows_affected())
    }
}
