//! Host keys of SSH connectors: seen, confirmed, forgotten.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use palisade_state::estate;
use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::ApiError;
use crate::extract::{Body, Id};
use crate::gate::{Authorized, EstateManage, EstateRead, audit};
use crate::instant::Instant;
use crate::page::page;
use crate::state::Api;

/// Most fingerprints of one call.
const MOST: usize = 10_000;

/// A host key.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HostKey {
    /// `host` or `[host]:port`.
    host: String,
    /// Such as `ssh-ed25519`.
    key_type: String,
    /// `SHA256:…`; compare it with what the machine itself shows.
    fingerprint: String,
    /// When a person confirmed it; nothing is sent to a host without a confirmed key.
    #[schema(required = true)]
    confirmed_at: Option<Instant>,
    /// Who.
    #[schema(required = true)]
    confirmed_by: Option<String>,
}

impl From<estate::HostKey> for HostKey {
    fn from(k: estate::HostKey) -> Self {
        Self {
            host: k.host,
            key_type: k.key_type,
            fingerprint: k.fingerprint,
            confirmed_at: Instant::maybe(k.confirmed_at),
            confirmed_by: k.confirmed_by,
        }
    }
}

page! {
    /// Host keys.
    HostKeyPage of HostKey
}

/// Lists the host keys that a connector has seen.
#[utoipa::path(get, path = "/api/v1/connectors/{id}/host-keys", operation_id = "host_keys_list", tag = "estate",
    params(("id" = String, Path, description = "The connector.")),
    responses((status = 200, description = "Host keys.", body = HostKeyPage)))]
pub(crate) async fn list(
    caller: Authorized<EstateRead, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<Json<HostKeyPage>, ApiError> {
    api.config.state.connector(caller.tenant(), id).await?;
    let keys = api.config.state.host_keys(caller.tenant(), id).await?;
    Ok(Json(HostKeyPage::whole(keys.into_iter().map(Into::into).collect())))
}

/// Which keys are right.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmHostKeys {
    /// Fingerprints that a person has compared.
    fingerprints: Vec<String>,
}

/// How many keys that made known.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConfirmedHostKeys {
    /// Keys that were confirmed by this call.
    confirmed: u64,
}

/// Confirms host keys by their fingerprints.
#[utoipa::path(post, path = "/api/v1/connectors/{id}/host-keys", operation_id = "host_keys_confirm", tag = "estate",
    params(("id" = String, Path, description = "The connector.")), request_body = ConfirmHostKeys,
    responses((status = 200, description = "They are known now.", body = ConfirmedHostKeys)))]
pub(crate) async fn confirm(
    caller: Authorized<EstateManage, audit::HostKeysConfirm>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
    Body(body): Body<ConfirmHostKeys>,
) -> Result<Json<ConfirmedHostKeys>, ApiError> {
    caller.scope.target(id);
    caller.scope.detail("keys", body.fingerprints.len());
    if body.fingerprints.len() > MOST {
        return Err(ApiError::invalid(format!("at most {MOST} fingerprints at once")));
    }
    api.config.state.connector(caller.tenant(), id).await?;
    let by = caller.principal.actor().name;
    let now = TimeMicros::now();
    let confirmed =
        api.config.state.confirm_host_keys(caller.tenant(), id, &body.fingerprints, &by, now).await?;
    Ok(Json(ConfirmedHostKeys { confirmed }))
}

/// Whose keys to forget.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForgetHostKeys {
    /// `host` or `[host]:port`, as the list shows it.
    host: String,
}

/// Forgets a host's keys, after it was set up anew; the next listing looks at it again.
#[utoipa::path(post, path = "/api/v1/connectors/{id}/host-keys/forget", operation_id = "host_keys_forget",
    tag = "estate", params(("id" = String, Path, description = "The connector.")), request_body = ForgetHostKeys,
    responses((status = 204, description = "They are forgotten.")))]
pub(crate) async fn forget(
    caller: Authorized<EstateManage, audit::HostKeysForget>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
    Body(body): Body<ForgetHostKeys>,
) -> Result<StatusCode, ApiError> {
    caller.scope.target(id);
    caller.scope.detail("host", body.host.clone());
    api.config.state.connector(caller.tenant(), id).await?;
    api.config.state.forget_host_keys(caller.tenant(), id, &body.host).await?;
    api.config.state.want_listing(caller.tenant(), id, TimeMicros::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
