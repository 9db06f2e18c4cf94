//! The one-time set-up link: account, second factor, first session.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use palisade_state::{BeginSetup, ConfirmSetup};
use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::credentials;
use crate::error::ApiError;
use crate::extract::{Body, Params};
use crate::gate::{Anyone, audit};
use crate::model::{Role, User};
use crate::routes::session::SignedIn;
use crate::state::Api;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SetupParams {
    /// The link's token.
    token: String,
}

/// What a set-up link is for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SetupInfo {
    /// The tenant's name; empty when the link is not valid.
    tenant_name: String,
    /// Whether the link can be used.
    valid: bool,
    /// The address of the person who was invited; null where any may be given.
    #[schema(required = true)]
    email: Option<String>,
    /// Their name.
    #[schema(required = true)]
    name: Option<String>,
    /// The role that they will have; null when the link is not valid.
    #[schema(required = true)]
    role: Option<Role>,
}

/// Tells what a set-up link is for, without using it.
#[utoipa::path(get, path = "/api/v1/setup", operation_id = "setup_check", tag = "setup", params(SetupParams),
    responses((status = 200, description = "What the link is for.", body = SetupInfo)))]
pub(crate) async fn check(
    _caller: Anyone<audit::Unaudited>,
    State(api): State<Api>,
    Params(params): Params<SetupParams>,
) -> Result<Json<SetupInfo>, ApiError> {
    let invalid = SetupInfo { tenant_name: String::new(), valid: false, email: None, name: None, role: None };
    match api.config.state.setup_link(&params.token, TimeMicros::now()).await {
        Ok(link) => Ok(Json(SetupInfo {
            tenant_name: link.tenant.name,
            valid: true,
            email: link.email,
            name: link.name,
            role: Some(link.role.into()),
        })),
        Err(error) if error.code() == "setup_link_invalid" => Ok(Json(invalid)),
        Err(error) => Err(error.into()),
    }
}

/// Account data for a set-up link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetupRequest {
    /// The link's token.
    token: String,
    /// Address, by which to sign in.
    email: String,
    /// Name.
    name: String,
    /// Password, at least 12 characters.
    password: String,
}

/// The second factor to add to an authenticator.
#[derive(Serialize, ToSchema)]
pub(crate) struct SetupEnrolment {
    /// The secret in base 32.
    totp_secret: String,
    /// The same as `otpauth:` address, for a QR code.
    totp_uri: String,
    /// Continues the set-up.
    setup_session: String,
}

/// Begins the set-up of an account; the link is used up by the confirmation.
#[utoipa::path(post, path = "/api/v1/setup", operation_id = "setup_begin", tag = "setup", request_body = SetupRequest,
    responses((status = 200, description = "The second factor to add.", body = SetupEnrolment)))]
pub(crate) async fn begin(
    caller: Anyone<audit::SetupBegin>,
    State(api): State<Api>,
    Body(body): Body<SetupRequest>,
) -> Result<Json<SetupEnrolment>, ApiError> {
    let now = TimeMicros::now();
    caller.scope.target(&body.email);
    let link = api.config.state.setup_link(&body.token, now).await?;
    caller.scope.anonymous(link.tenant.id, &body.email);
    let begin =
        BeginSetup { token: &body.token, email: &body.email, name: &body.name, password: &body.password };
    let started = api.config.state.begin_setup(begin, now).await?;
    Ok(Json(SetupEnrolment {
        totp_secret: started.totp_secret,
        totp_uri: started.totp_uri,
        setup_session: started.setup_session,
    }))
}

/// Proof of the second factor.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetupConfirm {
    /// From the answer before.
    setup_session: String,
    /// Six digits from the authenticator; a reader may go without.
    code: Option<String>,
}

/// Ends the set-up and signs in.
#[utoipa::path(post, path = "/api/v1/setup/confirm", operation_id = "setup_confirm", tag = "setup",
    request_body = SetupConfirm,
    responses((status = 200, description = "Signed in; sets the session cookie.", body = SignedIn)))]
pub(crate) async fn confirm(
    caller: Anyone<audit::SetupConfirm>,
    State(api): State<Api>,
    headers: HeaderMap,
    Body(body): Body<SetupConfirm>,
) -> Result<impl IntoResponse, ApiError> {
    let now = TimeMicros::now();
    let confirm = ConfirmSetup {
        setup_session: &body.setup_session,
        code: body.code.as_deref().map(str::trim).filter(|c| !c.is_empty()),
        address: &caller.scope.address(),
        user_agent: user_agent(&headers),
    };
    let signed_in = api.config.state.confirm_setup(confirm, now).await?;
    caller.scope.principal(&signed_in.principal);
    caller.scope.target(&signed_in.principal.email);
    let user = user_of(&api, &signed_in).await?;
    Ok((credentials::set_cookies(&api, &signed_in, now), Json(SignedIn { user })))
}

/// The browser as it names itself, bounded.
pub(crate) fn user_agent(headers: &HeaderMap) -> &str {
    let text = headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    text.get(..256).unwrap_or(text)
}

/// The account that just signed in.
pub(crate) async fn user_of(api: &Api, signed_in: &palisade_state::SignedIn) -> Result<User, ApiError> {
    let principal = &signed_in.principal;
    let id = principal.user.ok_or_else(|| ApiError::internal("sign-in", &"a session without a user"))?;
    Ok(api.config.state.user(principal.tenant, id).await?.into())
}
