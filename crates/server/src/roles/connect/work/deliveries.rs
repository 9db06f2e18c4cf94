//! Sending what rules wanted told, and tickets.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use palisade_connectors::webhook::{Egress, Envelope, Sender, Sent, WebhookError};
use palisade_estate::notify::{Attempt, Next, next};
use palisade_state::notifications::{Claimed, DeliveryOutcome, webhook_owner};
use palisade_types::{TenantId, TimeMicros};

use super::super::Connect;
use super::{Board, Ended};

/// Deliveries of all tenants at once, and of one.
const MOST: usize = 32;
const MOST_OF_ONE: usize = 4;
/// How often old ones are forgotten.
const PRUNE: Duration = Duration::from_secs(3_600);

/// The operator's file in the data folder.
pub const SETTINGS: &str = "notifications.toml";

impl Board {
    /// Begins the deliveries that are due.
    pub async fn deliver(&mut self, connect: &Arc<Connect>, tenant: TenantId) {
        let now = TimeMicros::now();
        if self.pruned.get(&tenant).is_none_or(|at| at.elapsed() > PRUNE) {
            self.pruned.insert(tenant, tokio::time::Instant::now());
            if let Err(e) = connect.state.prune_deliveries(tenant, now).await {
                tracing::warn!(error = %e, "old deliveries cannot be forgotten");
            }
        }
        let own = self.deliveries.iter().filter(|(of, _)| *of == tenant).count();
        let room = MOST_OF_ONE.saturating_sub(own).min(MOST.saturating_sub(self.deliveries.len()));
        if room == 0 {
            return;
        }
        let most = u32::try_from(room).unwrap_or(1);
        let claimed = match connect.state.claim_deliveries(tenant, &connect.worker, most, now).await {
            Ok(claimed) if claimed.is_empty() => return,
            Ok(claimed) => claimed,
            Err(e) => return tracing::warn!(error = %e, "deliveries cannot be taken"),
        };
        // Documents name their tenant as it is called now.
        let name = match connect.state.tenant(tenant).await {
            Ok(found) => found.map(|t| t.name).unwrap_or_default(),
            Err(_) => String::new(),
        };
        for mut one in claimed {
            if !self.deliveries.insert((tenant, one.id)) {
                continue;
            }
            one.document.tenant.clone_from(&name);
            let connect = connect.clone();
            self.running.spawn(async move {
                let id = one.id;
                Box::pin(deliver(&connect, tenant, one)).await;
                (tenant, Ended::Delivery(id))
            });
        }
    }
}

async fn deliver(connect: &Connect, tenant: TenantId, one: Claimed) {
    let sent = attempt(connect, tenant, &one).await;
    let outcome = judged(&sent, &one);
    (if outcome.delivered { &connect.delivered } else { &connect.undelivered })
        .fetch_add(1, Ordering::Relaxed);
    tracing::info!(
        webhook = one.name, delivery = %one.id, attempt = one.attempt, status = outcome.status,
        code = outcome.code, delivered = outcome.delivered, "a webhook was called"
    );
    for _ in 0..5 {
        let of = (one.id, connect.worker.as_str());
        match connect.state.delivery_ended(tenant, of, &outcome, TimeMicros::now()).await {
            Ok(()) => return,
            Err(e) => tracing::warn!(error = %e, "a delivery's outcome cannot be written yet"),
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

async fn attempt(connect: &Connect, tenant: TenantId, one: &Claimed) -> Result<Sent, WebhookError> {
    let egress = egress(connect.instance.home())?;
    let owner = webhook_owner(tenant, one.webhook, &one.origin);
    let (address, sealed) = Sender::open(&connect.key, &owner, (&one.target, &one.secret))?;
    let id = one.id.to_string();
    let envelope = Envelope { id: &id, format: one.format, settings: &one.settings, document: &one.document };
    Sender::new(egress).send(&address, &sealed, &envelope).await
}

/// Read for each attempt, so that the operator's change counts at once.
fn egress(home: &Path) -> Result<Egress, WebhookError> {
    Egress::load(&home.join(SETTINGS)).map_err(|e| WebhookError::Settings(e.to_string()))
}

/// What follows from an attempt.
fn judged(sent: &Result<Sent, WebhookError>, one: &Claimed) -> DeliveryOutcome {
    let attempt = match sent {
        Ok(sent) => Attempt::Answered { status: sent.status, retry_after: sent.retry_after },
        Err(e) => e.attempt(),
    };
    let spread = one.id.as_u128().to_le_bytes()[0].into();
    let next = next(attempt, one.attempt, spread);
    let mut outcome = DeliveryOutcome {
        delivered: next == Next::Delivered,
        again: match next {
            Next::Again(seconds) => Some(seconds),
            Next::Delivered | Next::Dead => None,
        },
        ..DeliveryOutcome::default()
    };
    match sent {
        Ok(sent) => {
            outcome.status = Some(sent.status);
            (outcome.ticket_key, outcome.ticket_url) = (sent.ticket_key.clone(), sent.ticket_url.clone());
            (outcome.code, outcome.error) = said(sent);
        }
        Err(e) => (outcome.code, outcome.error) = (e.code().to_owned(), e.to_string()),
    }
    outcome
}

/// What an answer lacks, in words.
fn said(sent: &Sent) -> (String, String) {
    let (code, error) = match sent.status {
        200..=299 if sent.unread => {
            ("webhook_answer_unread", "it was taken; its answer was not read to its end".to_owned())
        }
        200..=299 => return (String::new(), String::new()),
        300..=399 => (
            "webhook_redirected",
            format!("it answered {} and sends on to another address, which is not followed", sent.status),
        ),
        status => ("webhook_status", format!("it answered {status}")),
    };
    (code.to_owned(), error)
}

#[cfg(test)]
mod tests {
    use palisade_estate::notify::{Document, Format, MOST_ATTEMPTS, WebhookSettings};
    use uuid::Uuid;

    use super::*;

    fn claimed(attempt: u32) -> Claimed {
        Claimed {
            id: Uuid::nil(),
            webhook: Uuid::nil(),
            name: "w".into(),
            format: Format::Palisade,
            settings: WebhookSettings::default(),
            origin: String::new(),
            target: Vec::new(),
            secret: Vec::new(),
            document: Document::default(),
            attempt,
        }
    }

    fn answered(status: u16) -> Result<Sent, WebhookError> {
        Ok(Sent { status, ..Sent::default() })
    }

    #[test]
    fn an_outcome_says_what_happened_and_what_comes_next() {
        let done = judged(&answered(204), &claimed(1));
        assert!(done.delivered && done.code.is_empty() && done.again.is_none());
        let busy = judged(&answered(503), &claimed(1));
        assert_eq!((busy.delivered, busy.again, busy.code.as_str()), (false, Some(15), "webhook_status"));
        let away = judged(&answered(302), &claimed(1));
        assert_eq!((away.again, away.code.as_str()), (None, "webhook_redirected"));
        let last = judged(&answered(503), &claimed(MOST_ATTEMPTS));
        assert_eq!((last.delivered, last.again), (false, None));
        let inward = judged(&Err(WebhookError::Inward("x".into())), &claimed(1));
        assert_eq!((inward.again, inward.code.as_str()), (None, "webhook_address_refused"));
        let slow = judged(&Err(WebhookError::TimedOut), &claimed(1));
        assert_eq!((slow.again, slow.code.as_str()), (Some(15), "webhook_timeout"));
        let long = judged(&Ok(Sent { status: 200, unread: true, ..Sent::default() }), &claimed(1));
        assert!(long.delivered && long.code == "webhook_answer_unread");
    }
}
