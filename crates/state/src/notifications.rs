//! Who is told of what changed: webhooks, rules, and deliveries with how each went.
//!
//! Whoever writes events queues what rules want to hear of, in the same transaction. The connect process
//! claims what is due and sends it ([`Claimed`], [`DeliveryOutcome`]); nobody else can open the sealed addresses.

mod claim;
mod deliveries;
mod queue;
mod rules;
mod tickets;
mod webhooks;

pub use claim::{Claimed, DeliveryOutcome, PER_MINUTE};
pub use deliveries::{DELIVERY_STATES, Delivery, DeliveryQuery};
pub(crate) use queue::tell;
pub use queue::{MOST_OPEN, RemediationNotice};
pub use rules::{NewNotificationRule, NotificationRule};
pub use tickets::{Ticket, TicketRequest};
pub use webhooks::{LastAttempt, NewWebhook, Webhook, WebhookChange, webhook_owner};
