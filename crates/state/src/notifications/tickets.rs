//! Tickets: what is opened in other systems, and where it ended up.

use std::collections::HashMap;

use palisade_estate::notify::{Document, DocumentTicket, DocumentType};
use palisade_types::{TenantId, TimeMicros};
use serde_json::Value;
use sqlx::Row;
use uuid::Uuid;

use super::queue::{NewDelivery, enqueue};
use crate::{Result, State, StateError, row};

/// Longest subject, characters.
const MAX_SUBJECT: usize = 200;
/// Longest text, characters.
const MAX_TEXT: usize = 8_000;
/// Most bytes of a detail.
const MAX_DETAIL: usize = 16 << 10;

/// A ticket to open.
#[derive(Clone, Debug, Default)]
pub struct TicketRequest {
    /// What it is about: `remediation:<id>`. One subject has one ticket in each system.
    pub subject: String,
    /// One line.
    pub title: String,
    /// What is to be done; cut at 8,000 characters.
    pub text: String,
    /// `critical`, `high`, `medium`, `low`, `unknown`.
    pub severity: String,
    /// `high`, `medium`, `low`.
    pub priority: String,
    /// Until when.
    pub due_at: Option<TimeMicros>,
    /// Devices that it concerns.
    pub devices: u64,
    /// A path of the console, such as `/remediations/<id>`.
    pub link: String,
    /// More, for the product's own form; at most 16 KiB.
    pub detail: Value,
}

/// A subject's ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Its key in its own system; empty until that has answered, or where the answer had none.
    pub key: String,
    /// Its address; empty in the same cases.
    pub url: String,
    /// The delivery's state.
    pub state: String,
    /// What went wrong; empty where nothing did.
    pub error: String,
    /// The delivery.
    pub delivery: Uuid,
    /// The webhook's name.
    pub webhook: String,
    /// When it was asked for.
    pub at: TimeMicros,
}

impl State {
    /// Queues a ticket in every system that opens tickets, except where the subject has one already. The
    /// deliveries; none where no webhook opens tickets.
    ///
    /// # Errors
    /// `invalid_argument` for a subject that is empty or too long.
    pub async fn queue_ticket(
        &self,
        tenant: TenantId,
        request: &TicketRequest,
        now: TimeMicros,
    ) -> Result<Vec<Uuid>> {
        let chars = request.subject.chars().count();
        if chars == 0 || chars > MAX_SUBJECT {
            return Err(StateError::InvalidArgument("a ticket's subject has 1 to 200 characters".into()));
        }
        let ticket = DocumentTicket {
            subject: request.subject.clone(),
            title: row::text(&request.title, 250),
            text: row::text(&request.text, MAX_TEXT),
            severity: row::text(&request.severity, 20),
            priority: row::text(&request.priority, 20),
            due_at: request.due_at.map(TimeMicros::to_rfc3339),
            devices: request.devices,
            link: row::text(&request.link, 500),
            detail: row::json_bounded(&request.detail, MAX_DETAIL),
        };
        let named = (tenant.to_string(), String::new());
        let document = Document { ticket: Some(ticket), ..Document::of(DocumentType::Ticket, named, now) };
        let mut tx = self.tenant_tx(tenant).await?;
        let webhooks: Vec<Uuid> = sqlx::query_scalar(
            "SELECT id FROM notification_webhooks
             WHERE tenant_id = $1 AND tickets AND enabled AND deleted_at IS NULL ORDER BY id",
        )
        .bind(tenant.0)
        .fetch_all(&mut *tx)
        .await?;
        let mut queued = Vec::with_capacity(webhooks.len());
        for webhook in webhooks {
            let subject = request.subject.clone();
            let new = NewDelivery { webhook, rule: None, subject, document: document.clone() };
            queued.extend(enqueue(&mut tx, tenant, &new, now).await?);
        }
        tx.commit().await?;
        Ok(queued)
    }

    /// Where the tickets of subjects ended up: of several, one that has an address before one that is only
    /// queued. A subject without a ticket is not among them.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn tickets_of(&self, tenant: TenantId, subjects: &[String]) -> Result<HashMap<String, Ticket>> {
        if subjects.is_empty() {
            return Ok(HashMap::new());
        }
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = sqlx::query(
            "SELECT DISTINCT ON (d.subject) d.subject, d.id, d.state, d.error, d.ticket_key, d.ticket_url, d.created_at,
                 w.name AS webhook
             FROM notification_deliveries d
             JOIN notification_webhooks w ON w.tenant_id = d.tenant_id AND w.id = d.webhook_id
             WHERE d.tenant_id = $1 AND d.type = 'ticket' AND d.subject = ANY($2)
             ORDER BY d.subject, d.ticket_url <> '' DESC, d.ticket_key <> '' DESC, d.state = 'delivered' DESC,
                 d.state <> 'dead' DESC, d.created_at DESC, d.id",
        )
        .bind(tenant.0)
        .bind(subjects)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let mut tickets = HashMap::with_capacity(rows.len());
        for r in &rows {
            let ticket = Ticket {
                key: r.try_get("ticket_key")?,
                url: r.try_get("ticket_url")?,
                state: r.try_get("state")?,
                error: r.try_get("error")?,
                delivery: r.try_get("id")?,
                webhook: r.try_get("webhook")?,
                at: row::time(r, "created_at")?,
            };
            tickets.insert(r.try_get("subject")?, ticket);
        }
        Ok(tickets)
    }
}
