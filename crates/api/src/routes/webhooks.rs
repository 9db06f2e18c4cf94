//! Webhooks: where notifications and tickets are sent.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use palisade_connectors::webhook::{Address, Sealed, origin_of};
use palisade_estate::notify::{Format, WebhookSettings, header_name, header_value};
use palisade_state::notifications::{self as state, NewWebhook, WebhookChange, webhook_owner};
use palisade_types::{TenantId, TimeMicros};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::notification_deliveries::NotificationDelivery;
use crate::error::ApiError;
use crate::extract::{Body, Id};
use crate::gate::{Authorized, NotificationsManage, NotificationsRead, audit};
use crate::instant::Instant;
use crate::page::page;
use crate::state::Api;

/// Shortest signing secret, bytes.
const SHORTEST: usize = 16;
/// Longest signing secret, bytes.
const LONGEST: usize = 256;

/// A webhook. Its address, its headers' values and its signing secret are sealed and never shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Webhook {
    /// Identifier.
    id: String,
    /// Name.
    name: String,
    /// Scheme, host and port of its address; the rest may be a secret.
    origin: String,
    /// `palisade`, `chat`, `jira`, `servicenow`.
    format: String,
    /// What it needs to know, by format.
    settings: Value,
    /// Names of its further headers.
    headers: Vec<String>,
    /// Whether tickets of remediations are opened here.
    tickets: bool,
    /// Whether anything is sent.
    enabled: bool,
    /// Who made it.
    created_by: String,
    /// When.
    created_at: Instant,
    /// When it was changed last.
    changed_at: Instant,
    /// When something was last sent to it.
    #[schema(required = true)]
    last_delivery_at: Option<Instant>,
    /// The state of that delivery; empty where nothing was sent.
    last_state: String,
    /// The HTTP status of its answer.
    #[schema(required = true)]
    last_status: Option<u16>,
    /// What went wrong with it; empty where nothing did.
    last_error: String,
}

impl From<state::Webhook> for Webhook {
    fn from(w: state::Webhook) -> Self {
        let last = w.last;
        Self {
            id: w.id.to_string(),
            name: w.name,
            origin: w.origin,
            format: w.format.as_str().to_owned(),
            settings: w.settings,
            headers: w.headers,
            tickets: w.tickets,
            enabled: w.enabled,
            created_by: w.created_by,
            created_at: w.created_at.into(),
            changed_at: w.changed_at.into(),
            last_delivery_at: last.as_ref().map(|l| l.at.into()),
            last_status: last.as_ref().and_then(|l| l.status),
            last_state: last.as_ref().map(|l| l.state.clone()).unwrap_or_default(),
            last_error: last.map(|l| l.error).unwrap_or_default(),
        }
    }
}

page! {
    /// Webhooks.
    WebhookPage of Webhook
}

/// A webhook that was made or got a new secret, with that secret, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookWithSecret {
    /// The webhook.
    #[serde(flatten)]
    webhook: Webhook,
    /// What its bodies are signed with; empty where it stays as it was.
    signing_secret: String,
}

/// A webhook to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWebhookBody {
    /// Name.
    name: String,
    /// Where to: `https://host/path`. Sealed at once; only its origin is shown.
    url: String,
    /// `palisade` (when absent), `chat`, `jira`, `servicenow`.
    format: Option<String>,
    /// What it needs to know, by format.
    #[serde(default)]
    settings: Value,
    /// Further headers, such as `authorization`; sealed at once.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// What bodies are signed with, 16 to 256 bytes; made by the server when absent.
    signing_secret: Option<String>,
    /// Whether tickets of remediations are opened here.
    #[serde(default)]
    tickets: bool,
    /// Whether anything is sent; it is when absent.
    enabled: Option<bool>,
}

/// What changes of a webhook; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookPatch {
    /// Another name.
    name: Option<String>,
    /// Another address. One of another origin needs `headers` and gets another signing secret.
    url: Option<String>,
    /// All settings anew.
    settings: Option<Value>,
    /// All further headers anew, and another signing secret with them.
    headers: Option<BTreeMap<String, String>>,
    /// Another signing secret; all headers have to be sent with it.
    signing_secret: Option<String>,
    /// Whether tickets of remediations are opened here.
    tickets: Option<bool>,
    /// Whether anything is sent.
    enabled: Option<bool>,
}

fn invalid(e: impl std::fmt::Display) -> ApiError {
    ApiError::bad("webhook_invalid", e.to_string())
}

/// Headers as they are sent, checked.
fn checked(headers: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, ApiError> {
    let mut out = BTreeMap::new();
    for (name, value) in headers {
        header_value(&value).map_err(invalid)?;
        if out.insert(header_name(&name).map_err(invalid)?, value).is_some() {
            return Err(invalid("a header is there twice"));
        }
    }
    Ok(out)
}

/// The signing secret that is given, or a new one.
fn signing(given: Option<String>) -> Result<String, ApiError> {
    match given {
        Some(text) if (SHORTEST..=LONGEST).contains(&text.len()) => Ok(text),
        Some(_) => Err(invalid("a signing secret has 16 to 256 bytes")),
        // Two random identifiers: 244 bits from the system's generator.
        None => Ok(format!("whsec_{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())),
    }
}

/// Seals something for a webhook and its origin.
fn sealed(
    api: &Api,
    (tenant, id, origin): (TenantId, Uuid, &str),
    plain: &impl Serialize,
) -> Result<Vec<u8>, ApiError> {
    let key = api
        .config
        .sealing_key
        .as_ref()
        .ok_or_else(|| ApiError::internal("sealing", &"this instance has no key for credentials"))?;
    let text =
        serde_json::to_vec(plain).map(Zeroizing::new).map_err(|e| ApiError::internal("sealing", &e))?;
    key.seal(&webhook_owner(tenant, id, origin), &text).map_err(invalid)
}

/// Lists webhooks.
#[utoipa::path(get, path = "/api/v1/webhooks", operation_id = "webhooks_list", tag = "notifications",
    responses((status = 200, description = "Webhooks.", body = WebhookPage)))]
pub(crate) async fn list(
    caller: Authorized<NotificationsRead, audit::Unaudited>,
    State(api): State<Api>,
) -> Result<Json<WebhookPage>, ApiError> {
    let all = api.config.state.webhooks(caller.tenant()).await?;
    Ok(Json(WebhookPage::whole(all.into_iter().map(Into::into).collect())))
}

/// Reads one webhook.
#[utoipa::path(get, path = "/api/v1/webhooks/{id}", operation_id = "webhooks_show", tag = "notifications",
    params(("id" = String, Path, description = "The webhook.")),
    responses((status = 200, description = "The webhook.", body = Webhook)))]
pub(crate) async fn show(
    caller: Authorized<NotificationsRead, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<Json<Webhook>, ApiError> {
    Ok(Json(api.config.state.webhook(caller.tenant(), id).await?.into()))
}

/// Makes a webhook. Its signing secret is in this answer and in no other.
#[utoipa::path(post, path = "/api/v1/webhooks", operation_id = "webhooks_create", tag = "notifications",
    request_body = NewWebhookBody,
    responses((status = 201, description = "The webhook.", body = WebhookWithSecret)))]
pub(crate) async fn create(
    caller: Authorized<NotificationsManage, audit::WebhookCreate>,
    State(api): State<Api>,
    Body(body): Body<NewWebhookBody>,
) -> Result<(StatusCode, Json<WebhookWithSecret>), ApiError> {
    caller.scope.detail("name", body.name.clone());
    let (url, origin) = origin_of(&body.url).map_err(invalid)?;
    caller.scope.detail("origin", origin.clone());
    let format: Format = body.format.as_deref().unwrap_or("palisade").parse().map_err(invalid)?;
    WebhookSettings::read(&body.settings, format).map_err(invalid)?;
    let secret = Sealed { signing: signing(body.signing_secret)?, headers: checked(body.headers)? };
    let id = Uuid::now_v7();
    let owner = (caller.tenant(), id, origin.as_str());
    let new = NewWebhook {
        id,
        name: body.name,
        format,
        settings: body.settings,
        headers: secret.headers.keys().cloned().collect(),
        target: sealed(&api, owner, &Address { url: url.into() })?,
        secret: sealed(&api, owner, &secret)?,
        origin,
        tickets: body.tickets,
        enabled: body.enabled.unwrap_or(true),
        created_by: caller.principal.actor().name,
    };
    let made = api.config.state.create_webhook(caller.tenant(), &new, TimeMicros::now()).await?;
    caller.scope.target(made.id);
    let shown = WebhookWithSecret { webhook: made.into(), signing_secret: secret.signing };
    Ok((StatusCode::CREATED, Json(shown)))
}

/// Changes a webhook. Headers and signing secret are sealed together, so that they are sent together.
#[utoipa::path(patch, path = "/api/v1/webhooks/{id}", operation_id = "webhooks_update", tag = "notifications",
    params(("id" = String, Path, description = "The webhook.")), request_body = WebhookPatch,
    responses((status = 200, description = "As it is now.", body = WebhookWithSecret)))]
pub(crate) async fn update(
    caller: Authorized<NotificationsManage, audit::WebhookUpdate>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
    Body(body): Body<WebhookPatch>,
) -> Result<Json<WebhookWithSecret>, ApiError> {
    let (scope, tenant) = (&caller.scope, caller.tenant());
    scope.target(id);
    scope.detail("secret", body.headers.is_some() || body.signing_secret.is_some());
    let before = api.config.state.webhook(tenant, id).await?;
    let mut change = WebhookChange {
        name: body.name,
        tickets: body.tickets,
        enabled: body.enabled,
        ..WebhookChange::default()
    };
    if let Some(settings) = body.settings {
        WebhookSettings::read(&settings, before.format).map_err(invalid)?;
        change.settings = Some(settings);
    }
    let mut origin = before.origin.clone();
    if let Some(url) = body.url {
        let (url, other) = origin_of(&url).map_err(invalid)?;
        scope.detail("origin", other.clone());
        let target = sealed(&api, (tenant, id, &other), &Address { url: url.into() })?;
        origin.clone_from(&other);
        change.target = Some((other, target));
    }
    let mut shown = String::new();
    let needs_headers = !before.headers.is_empty() && body.headers.is_none();
    if body.signing_secret.is_some() && needs_headers {
        let message = "its headers are sealed with the signing secret: send all of them anew";
        return Err(ApiError::bad("webhook_secret_needed", message));
    }
    // Another host gets nothing that was meant for the one before; where that had no header, only a new secret.
    let moved = origin != before.origin && !needs_headers;
    if body.headers.is_some() || body.signing_secret.is_some() || moved {
        let headers = checked(body.headers.unwrap_or_default())?;
        let secret = Sealed { signing: signing(body.signing_secret)?, headers };
        let names = secret.headers.keys().cloned().collect();
        change.secret = Some((names, sealed(&api, (tenant, id, &origin), &secret)?));
        shown = secret.signing;
    }
    let now_is = api.config.state.change_webhook(tenant, id, &change, TimeMicros::now()).await?;
    Ok(Json(WebhookWithSecret { webhook: now_is.into(), signing_secret: shown }))
}

/// Ends a webhook: its secrets are wiped, rules no longer name it, what was sent to it stays to be seen.
#[utoipa::path(delete, path = "/api/v1/webhooks/{id}", operation_id = "webhooks_delete", tag = "notifications",
    params(("id" = String, Path, description = "The webhook.")),
    responses((status = 204, description = "It has ended.")))]
pub(crate) async fn delete(
    caller: Authorized<NotificationsManage, audit::WebhookDelete>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, ApiError> {
    caller.scope.target(id);
    api.config.state.end_webhook(caller.tenant(), id, TimeMicros::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a test to a webhook; one that opens tickets gets a ticket that says so.
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/test", operation_id = "webhooks_test", tag = "notifications",
    params(("id" = String, Path, description = "The webhook.")),
    responses((status = 202, description = "The test is queued.", body = NotificationDelivery)))]
pub(crate) async fn test(
    caller: Authorized<NotificationsManage, audit::WebhookTest>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<(StatusCode, Json<NotificationDelivery>), ApiError> {
    caller.scope.target(id);
    let queued = api.config.state.test_webhook(caller.tenant(), id, TimeMicros::now()).await?;
    Ok((StatusCode::ACCEPTED, Json(queued.into())))
}
