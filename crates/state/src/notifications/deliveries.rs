//! Deliveries as people see them, what they try, and what they have sent again.

use palisade_estate::notify::{
    Document, DocumentEvent, DocumentTicket, DocumentType, EventKind, SubjectType,
};
use palisade_types::{TenantId, TimeMicros};
use serde_json::{Value, json};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use super::queue::{NewDelivery, enqueue};
use crate::error::is_unique_violation;
use crate::page::{self, Cursor};
use crate::vulnerabilities::Range;
use crate::{Page, Result, State, StateError, row};

/// What a delivery can be.
pub const DELIVERY_STATES: [&str; 5] = ["queued", "sending", "retrying", "delivered", "dead"];

/// Something that was sent, or is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Identifier; the receiver gets it in a header, the same for each attempt.
    pub id: Uuid,
    /// Where to: the webhook and its name.
    pub webhook: (Uuid, String),
    /// The rule that wanted it, and its name.
    pub rule: Option<(Uuid, String)>,
    /// `events`, `ticket`, `test`.
    pub of: String,
    /// What a ticket is about.
    pub subject: String,
    /// One line.
    pub title: String,
    /// One of [`DELIVERY_STATES`].
    pub state: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was queued.
    pub created_at: TimeMicros,
    /// When it was tried last.
    pub attempted_at: Option<TimeMicros>,
    /// When it is tried next; none where it is over.
    pub next_at: Option<TimeMicros>,
    /// When it was over.
    pub finished_at: Option<TimeMicros>,
    /// HTTP status of the last answer.
    pub status: Option<u16>,
    /// Stable code of what went wrong; empty where nothing did.
    pub error_code: String,
    /// The same for people.
    pub error: String,
    /// The ticket's key.
    pub ticket_key: String,
    /// The ticket's address.
    pub ticket_url: String,
    /// What is sent, before it takes its form.
    pub document: Value,
}

/// Which deliveries; all when nothing is said.
#[derive(Clone, Debug, Default)]
pub struct DeliveryQuery {
    /// In one of these states.
    pub state: Vec<String>,
    /// To this webhook.
    pub webhook: Option<Uuid>,
    /// By this rule.
    pub rule: Option<Uuid>,
    /// About this subject.
    pub subject: Option<String>,
    /// Which part; the newest first where the order is turned round.
    pub range: Range,
}

const COLUMNS: &str =
    "d.id, d.webhook_id, w.name AS webhook, d.rule_id, d.rule, d.type, d.subject, d.title, d.state,
    d.attempts, d.created_at, d.attempted_at, d.next_at, d.finished_at, d.last_status, d.error_code, d.error,
    d.ticket_key, d.ticket_url, d.document";

fn from(columns: &str, tenant: TenantId) -> QueryBuilder<Postgres> {
    let mut q = QueryBuilder::<Postgres>::new(format!(
        "SELECT {columns} FROM notification_deliveries d
         JOIN notification_webhooks w ON w.tenant_id = d.tenant_id AND w.id = d.webhook_id WHERE d.tenant_id = "
    ));
    q.push_bind(tenant.0);
    q
}

fn delivery(r: &PgRow) -> Result<Delivery> {
    let rule: Option<Uuid> = r.try_get("rule_id")?;
    let name: String = r.try_get("rule")?;
    let finished_at = row::time_opt(r, "finished_at")?;
    let next_at = row::time(r, "next_at")?;
    Ok(Delivery {
        id: r.try_get("id")?,
        webhook: (r.try_get("webhook_id")?, r.try_get("webhook")?),
        rule: rule.map(|id| (id, name)),
        of: r.try_get("type")?,
        subject: r.try_get("subject")?,
        title: r.try_get("title")?,
        state: r.try_get("state")?,
        attempts: u32::try_from(r.try_get::<i32, _>("attempts")?).unwrap_or_default(),
        created_at: row::time(r, "created_at")?,
        attempted_at: row::time_opt(r, "attempted_at")?,
        next_at: finished_at.is_none().then_some(next_at),
        finished_at,
        status: r.try_get::<Option<i32>, _>("last_status")?.and_then(|s| u16::try_from(s).ok()),
        error_code: r.try_get("error_code")?,
        error: r.try_get("error")?,
        ticket_key: r.try_get("ticket_key")?,
        ticket_url: r.try_get("ticket_url")?,
        document: r.try_get("document")?,
    })
}

async fn one(tx: &mut PgConnection, tenant: TenantId, id: Uuid) -> Result<Delivery> {
    let mut q = from(COLUMNS, tenant);
    q.push(" AND d.id = ").push_bind(id);
    let found = q.build().fetch_optional(tx).await?;
    delivery(&found.ok_or(StateError::NotFound("delivery"))?)
}

/// What a test says, so that a receiver sees each part that it has to read.
fn sample(tenant: TenantId, rule: &str, kinds: &[EventKind], now: TimeMicros) -> Document {
    let event = |kind: &EventKind| DocumentEvent {
        id: Uuid::nil().to_string(),
        at: now.to_rfc3339(),
        kind: *kind,
        subject_type: SubjectType::Vulnerability,
        subject: "CVE-0000-0000".into(),
        title: format!("A test of {kind}: nothing has happened"),
        severity: "high".into(),
        exploited: false,
        devices: 1,
        exposure_before: Some(10.0),
        exposure_after: Some(12.5),
        effect: Some(2.5),
        detail: json!({ "test": true }),
    };
    Document {
        rule: rule.to_owned(),
        events: kinds.iter().map(event).collect(),
        ..Document::of(DocumentType::Test, (tenant.to_string(), String::new()), now)
    }
}

impl State {
    /// A page of deliveries.
    ///
    /// # Errors
    /// `cursor_invalid`.
    pub async fn notification_deliveries(
        &self,
        tenant: TenantId,
        wanted: &DeliveryQuery,
    ) -> Result<Page<Delivery>> {
        let range = &wanted.range;
        let list = range.list("notification_deliveries", "at");
        let after = range.cursor.as_deref().map(|c| Cursor::decode(c, &list)).transpose()?;
        let filtered = |columns: &str| {
            let mut q = from(columns, tenant);
            if !wanted.state.is_empty() {
                q.push(" AND d.state = ANY(").push_bind(wanted.state.clone()).push(")");
            }
            if let Some(webhook) = wanted.webhook {
                q.push(" AND d.webhook_id = ").push_bind(webhook);
            }
            if let Some(rule) = wanted.rule {
                q.push(" AND d.rule_id = ").push_bind(rule);
            }
            if let Some(subject) = &wanted.subject {
                q.push(" AND d.subject = ").push_bind(row::text(subject, 200));
            }
            q
        };
        let mut tx = self.tenant_tx(tenant).await?;
        let total: i64 = filtered("count(*)").build_query_scalar().fetch_one(&mut *tx).await?;
        let mut q = filtered(COLUMNS);
        let (order, beyond) = if range.descending { ("DESC", "<") } else { ("ASC", ">") };
        if let Some(after) = after {
            let id: Uuid = after.id.parse().map_err(|_| StateError::CursorInvalid)?;
            q.push(format!(" AND (d.created_at, d.id) {beyond} (")).push_bind(after.number()?);
            q.push(", ").push_bind(id).push(")");
        }
        q.push(format!(" ORDER BY d.created_at {order}, d.id {order} LIMIT "))
            .push_bind(range.sql_limit() + 1);
        let rows = q.build().fetch_all(&mut *tx).await?;
        tx.commit().await?;
        let items = rows.iter().map(delivery).collect::<Result<Vec<_>>>()?;
        Ok(page::finish(items, range.sql_limit(), total, |d| Cursor {
            list: list.clone(),
            key: d.created_at.0.to_string(),
            id: d.id.to_string(),
        }))
    }

    /// One of them.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn notification_delivery(&self, tenant: TenantId, id: Uuid) -> Result<Delivery> {
        let mut tx = self.tenant_tx(tenant).await?;
        let found = one(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// Has one that was given up sent again, from the first attempt on.
    ///
    /// # Errors
    /// `not_found`; `conflict` where it was not given up, or its subject has another ticket there since.
    pub async fn retry_delivery(&self, tenant: TenantId, id: Uuid, now: TimeMicros) -> Result<Delivery> {
        let mut tx = self.tenant_tx(tenant).await?;
        let before = one(&mut tx, tenant, id).await?;
        if before.state != "dead" {
            return Err(StateError::Conflict("only what was given up is sent again".into()));
        }
        sqlx::query(
            "UPDATE notification_deliveries SET state = 'queued', attempts = 0, next_at = $3, finished_at = NULL,
                 error_code = '', error = ''
             WHERE tenant_id = $1 AND id = $2 AND state = 'dead'",
        )
        .bind(tenant.0)
        .bind(id)
        .bind(now.0)
        .execute(&mut *tx)
        .await
        .map_err(|e| {
            if is_unique_violation(&e) {
                StateError::Conflict("there is another ticket for it since".into())
            } else {
                e.into()
            }
        })?;
        sqlx::query("SELECT pg_notify($1, '')").bind(crate::estate::ESTATE_CHANNEL).execute(&mut *tx).await?;
        let now_is = one(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(now_is)
    }

    /// Queues a test for a webhook; one that opens tickets gets one that says so.
    ///
    /// # Errors
    /// `not_found`; `conflict` where it is switched off.
    pub async fn test_webhook(&self, tenant: TenantId, id: Uuid, now: TimeMicros) -> Result<Delivery> {
        let webhook = self.webhook(tenant, id).await?;
        if !webhook.enabled {
            return Err(StateError::Conflict("the webhook is switched off".into()));
        }
        let mut document = sample(tenant, "", &[EventKind::NewVulnerability], now);
        if webhook.tickets {
            document.ticket = Some(DocumentTicket {
                subject: format!("test:{}", Uuid::now_v7()),
                title: "A test of Palisade: nothing has happened".into(),
                text: "Somebody tried whether tickets arrive. Close it.".into(),
                severity: "low".into(),
                priority: "low".into(),
                detail: json!({ "test": true }),
                ..DocumentTicket::default()
            });
        }
        let mut tx = self.tenant_tx(tenant).await?;
        let new = NewDelivery { webhook: id, rule: None, subject: String::new(), document };
        let queued = enqueue(&mut tx, tenant, &new, now).await?.ok_or(StateError::NotFound("delivery"))?;
        let queued = one(&mut tx, tenant, queued).await?;
        tx.commit().await?;
        Ok(queued)
    }

    /// Queues a test for a rule's webhooks, with an event of each kind that it wants to hear of.
    ///
    /// # Errors
    /// `not_found`; `conflict` where none of its webhooks is switched on.
    pub async fn test_rule(&self, tenant: TenantId, id: Uuid, now: TimeMicros) -> Result<Vec<Delivery>> {
        let rule = self.notification_rule(tenant, id).await?;
        let document = sample(tenant, &rule.rule.name, &rule.rule.kinds, now);
        let mut tx = self.tenant_tx(tenant).await?;
        let webhooks: Vec<Uuid> = sqlx::query_scalar(
            "SELECT id FROM notification_webhooks
             WHERE tenant_id = $1 AND id = ANY($2) AND enabled AND deleted_at IS NULL ORDER BY id",
        )
        .bind(tenant.0)
        .bind(&rule.rule.webhooks)
        .fetch_all(&mut *tx)
        .await?;
        if webhooks.is_empty() {
            return Err(StateError::Conflict("none of the rule's webhooks is switched on".into()));
        }
        let mut queued = Vec::new();
        for webhook in webhooks {
            let named = Some((id, rule.rule.name.clone()));
            let new =
                NewDelivery { webhook, rule: named, subject: String::new(), document: document.clone() };
            if let Some(id) = enqueue(&mut tx, tenant, &new, now).await? {
                queued.push(one(&mut tx, tenant, id).await?);
            }
        }
        tx.commit().await?;
        Ok(queued)
    }
}
