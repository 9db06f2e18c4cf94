//! Telling others what changed: kinds of events, what a rule wants to hear of, the bodies that webhooks get,
//! what their answers mean, and when to try again. `docs/notifications.md` explains it to its users.

mod answer;
mod body;
mod event;
mod retry;
mod rule;
mod settings;

pub use answer::{MAX_ANSWER, TicketPlace, ticket_of};
pub use body::{BODY_VERSION, Document, DocumentEvent, DocumentTicket, DocumentType, render};
pub use event::{EventKind, SubjectType, severity_rank};
pub use retry::{Attempt, MOST_ATTEMPTS, Next, next};
pub use rule::{Hears, Wanted};
pub use settings::{Format, SettingsError, WebhookSettings, header_name, header_value};
