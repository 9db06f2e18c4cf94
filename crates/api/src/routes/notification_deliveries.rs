//! What was sent to webhooks, and how that went.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use palisade_state::notifications::{self as state, DELIVERY_STATES, DeliveryQuery};
use palisade_types::TimeMicros;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::ApiError;
use crate::extract::{Id, Params};
use crate::gate::{Authorized, NotificationsManage, NotificationsRead, audit};
use crate::instant::Instant;
use crate::listing::{self, params};
use crate::page::page;
use crate::state::Api;

/// Something that was sent to a webhook, or is to be.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NotificationDelivery {
    /// Identifier; the receiver gets it in the header `palisade-delivery`, the same for each attempt.
    id: String,
    /// The webhook.
    webhook_id: String,
    /// Its name.
    webhook: String,
    /// The rule that wanted it; null for tickets and tests of a webhook.
    #[schema(required = true)]
    rule_id: Option<String>,
    /// That rule's name.
    rule: String,
    /// `events`, `ticket`, `test`.
    #[serde(rename = "type")]
    of: String,
    /// What a ticket is about, `remediation:<id>`; empty for the others.
    subject: String,
    /// One line for people.
    title: String,
    /// `queued`, `sending`, `retrying`, `delivered`, `dead`.
    state: String,
    /// How often it was tried.
    attempts: u32,
    /// When it was queued.
    created_at: Instant,
    /// When it was tried last.
    #[schema(required = true)]
    attempted_at: Option<Instant>,
    /// When it is tried next; null where it is over.
    #[schema(required = true)]
    next_attempt_at: Option<Instant>,
    /// When it was over.
    #[schema(required = true)]
    finished_at: Option<Instant>,
    /// HTTP status of the last answer; null where there was none.
    #[schema(required = true)]
    last_status: Option<u16>,
    /// Stable code of what went wrong; empty where nothing did.
    error_code: String,
    /// The same for people.
    error: String,
    /// The ticket's key in its own system; empty where there is none.
    ticket_key: String,
    /// The ticket's address.
    ticket_url: String,
    /// What is sent, before it takes the webhook's form.
    document: Value,
}

impl From<state::Delivery> for NotificationDelivery {
    fn from(d: state::Delivery) -> Self {
        let (rule_id, rule) = d.rule.map(|(id, name)| (id.to_string(), name)).unzip();
        Self {
            id: d.id.to_string(),
            webhook_id: d.webhook.0.to_string(),
            webhook: d.webhook.1,
            rule_id,
            rule: rule.unwrap_or_default(),
            of: d.of,
            subject: d.subject,
            title: d.title,
            state: d.state,
            attempts: d.attempts,
            created_at: d.created_at.into(),
            attempted_at: Instant::maybe(d.attempted_at),
            next_attempt_at: Instant::maybe(d.next_at),
            finished_at: Instant::maybe(d.finished_at),
            last_status: d.status,
            error_code: d.error_code,
            error: d.error,
            ticket_key: d.ticket_key,
            ticket_url: d.ticket_url,
            document: d.document,
        }
    }
}

page! {
    /// Deliveries.
    NotificationDeliveryPage of NotificationDelivery
}

const COLUMNS: [&str; 14] = [
    "created_at",
    "type",
    "webhook",
    "rule",
    "title",
    "state",
    "attempts",
    "last_status",
    "error_code",
    "error",
    "ticket_key",
    "ticket_url",
    "finished_at",
    "id",
];

params! {
    pub(crate) struct NotificationDeliveryParams {
        /// Only in these states, separated by commas.
        state: Option<String>,
        /// Only to this webhook, by its identifier.
        webhook: Option<Uuid>,
        /// Only by this rule, by its identifier.
        rule: Option<Uuid>,
        /// Only tickets about this subject: `remediation:<id>`.
        subject: Option<String>,
        /// `asc` or `desc`; desc, the newest first, when absent.
        order: Option<String>,
    }
}

/// Lists what was sent to webhooks, or is to be.
#[utoipa::path(get, path = "/api/v1/notification-deliveries", operation_id = "notification_deliveries_list",
    tag = "notifications", params(NotificationDeliveryParams),
    responses((status = 200, description = "Deliveries.", content((NotificationDeliveryPage = "application/json"), (String = "text/csv")))))]
pub(crate) async fn list(
    caller: Authorized<NotificationsRead, audit::Unaudited>,
    State(api): State<Api>,
    headers: HeaderMap,
    Params(params): Params<NotificationDeliveryParams>,
) -> Result<Response, ApiError> {
    let part = params.part(params.order.as_deref(), true, &headers)?;
    let wanted = DeliveryQuery {
        state: listing::words("state", params.state.as_deref(), &DELIVERY_STATES)?,
        webhook: params.webhook,
        rule: params.rule,
        subject: params.subject.filter(|s| !s.is_empty()),
        range: part.range.clone(),
    };
    let found = api.config.state.notification_deliveries(caller.tenant(), &wanted).await?;
    part.answer("notification-deliveries", &COLUMNS, NotificationDeliveryPage::from(found), |p| {
        (&p.items, p.total)
    })
}

/// Reads one delivery.
#[utoipa::path(get, path = "/api/v1/notification-deliveries/{id}", operation_id = "notification_deliveries_show",
    tag = "notifications", params(("id" = String, Path, description = "The delivery.")),
    responses((status = 200, description = "The delivery.", body = NotificationDelivery)))]
pub(crate) async fn show(
    caller: Authorized<NotificationsRead, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<Json<NotificationDelivery>, ApiError> {
    Ok(Json(api.config.state.notification_delivery(caller.tenant(), id).await?.into()))
}

/// Has a delivery that was given up sent again.
#[utoipa::path(post, path = "/api/v1/notification-deliveries/{id}/retry",
    operation_id = "notification_deliveries_retry", tag = "notifications",
    params(("id" = String, Path, description = "The delivery.")),
    responses((status = 202, description = "It is queued.", body = NotificationDelivery)))]
pub(crate) async fn retry(
    caller: Authorized<NotificationsManage, audit::DeliveryRetry>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<(StatusCode, Json<NotificationDelivery>), ApiError> {
    caller.scope.target(id);
    let queued = api.config.state.retry_delivery(caller.tenant(), id, TimeMicros::now()).await?;
    Ok((StatusCode::ACCEPTED, Json(queued.into())))
}
