//! Onboarding of machines that no connector reaches: a script, user data, a package.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use palisade_connectors::secret::SecretText;
use palisade_connectors::{Artefact, ConnectorError, Invitation, Server, onboard, package};
use palisade_state::NewEnrolmentToken;
use palisade_types::{SubscriptionId, TimeMicros};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::enrolment::{check_bounds, in_hours};
use crate::config::OnboardingOffer;
use crate::error::ApiError;
use crate::extract::{Body, Params};
use crate::gate::{Authorized, EnrolmentManage, audit};
use crate::instant::Instant;
use crate::state::Api;

/// The folder that the sensor lives in.
const FOLDER: &str = "/opt/palisade";

/// How a machine comes by itself.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnboardingForm {
    /// A script that is run as root.
    Script,
    /// User data that a cloud gives a machine at its first start.
    CloudInit,
    /// A script that is run before the package is installed.
    Package,
}

impl OnboardingForm {
    fn file(self) -> &'static str {
        match self {
            Self::Script => "palisade-onboard.sh",
            Self::CloudInit => "palisade-user-data.yaml",
            Self::Package => "palisade-invite.sh",
        }
    }
}

/// What machines shall be given to come by themselves.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOnboarding {
    /// Where they belong.
    subscription_id: String,
    /// How they come.
    form: OnboardingForm,
    /// The life of its token in hours, 1 to 2160.
    #[schema(minimum = 1, maximum = 2160)]
    expires_in_hours: u32,
    /// How many machines the token takes in, 1 to 100000.
    #[schema(minimum = 1, maximum = 100_000)]
    max_uses: i32,
}

/// What machines are given to come by themselves.
#[derive(Serialize, ToSchema)]
pub(crate) struct Onboarding {
    /// The token's identifier, by which it can be ended.
    token_id: String,
    /// How they come.
    form: OnboardingForm,
    /// A name for the file.
    file_name: &'static str,
    /// The file. It holds a token and is never shown again.
    text: String,
    /// When the token ends.
    expires_at: Instant,
    /// How many machines it takes in.
    max_uses: i32,
}

fn offer(api: &Api) -> Result<&OnboardingOffer, ApiError> {
    api.config.onboarding.as_ref().ok_or_else(no_sensor)
}

fn no_sensor() -> ApiError {
    let message = "this instance has no sensor to give to machines";
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "sensor_missing", message)
}

fn not_made(error: &ConnectorError) -> ApiError {
    ApiError::bad("onboarding_not_made", error.to_string())
}

/// Makes what machines are given to come by themselves, with a token that is bounded in time and number.
#[utoipa::path(post, path = "/api/v1/onboarding", operation_id = "onboarding_create", tag = "enrolment",
    request_body = NewOnboarding,
    responses((status = 201, description = "The file, shown this once.", body = Onboarding)))]
pub(crate) async fn create(
    caller: Authorized<EnrolmentManage, audit::OnboardingCreate>,
    State(api): State<Api>,
    Body(body): Body<NewOnboarding>,
) -> Result<(StatusCode, Json<Onboarding>), ApiError> {
    caller.scope.detail("form", serde_json::to_value(body.form).unwrap_or_default());
    caller.scope.detail("expires_in_hours", body.expires_in_hours);
    caller.scope.detail("max_uses", body.max_uses);
    check_bounds(body.expires_in_hours, body.max_uses)?;
    let subscription: SubscriptionId =
        body.subscription_id.parse().map_err(|_| ApiError::invalid("subscription_id is not valid"))?;
    caller.scope.detail("subscription_id", subscription.to_string());
    let offer = offer(&api)?;
    let state = &api.config.state;
    state.subscription(caller.tenant(), subscription).await?;
    let sensor = Artefact::of(&offer.sensor).await.map_err(|e| {
        tracing::error!(cause = %e, "the sensor that machines get cannot be read");
        no_sensor()
    })?;
    let now = TimeMicros::now();
    let new = NewEnrolmentToken {
        created_by: caller.principal.actor().name,
        expires_at: in_hours(now, body.expires_in_hours),
        max_uses: body.max_uses,
        subscription: Some(subscription),
        ..NewEnrolmentToken::default()
    };
    let (token, secret) = state.create_enrolment_token(caller.tenant(), new, now).await?;
    caller.scope.target(token.id);
    let region = state.region_of(caller.tenant()).await?;
    let url = api.config.door(region.as_deref().unwrap_or(&api.config.region)).to_owned();
    let invitation = Invitation {
        server: Server { url, ca_pem: offer.ca_pem.clone() },
        sensor,
        token: SecretText::new(secret),
        path: FOLDER.to_owned(),
    };
    let text = match body.form {
        OnboardingForm::Script => onboard::script(&invitation),
        OnboardingForm::CloudInit => onboard::user_data(&invitation),
        OnboardingForm::Package => onboard::leave_invitation(&invitation),
    };
    let text = match text {
        Ok(text) => text,
        Err(e) => {
            // A token that nobody gets is of no use to anybody.
            state.delete_enrolment_token(caller.tenant(), token.id).await?;
            return Err(not_made(&e));
        }
    };
    let made = Onboarding {
        token_id: token.id.to_string(),
        form: body.form,
        file_name: body.form.file(),
        text: text.as_str().to_owned(),
        expires_at: token.expires_at.into(),
        max_uses: token.max_uses,
    };
    Ok((StatusCode::CREATED, Json(made)))
}

/// Which package managers there are packages for.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PackageForm {
    /// Debian, Ubuntu.
    Deb,
    /// Red Hat, SUSE, Fedora, Amazon Linux.
    Rpm,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct PackageParams {
    /// `deb` or `rpm`.
    #[param(inline)]
    form: PackageForm,
}

/// Gives the sensor as a package. It holds no token: an invitation that lies on the machine has one.
#[utoipa::path(get, path = "/api/v1/onboarding/package", operation_id = "onboarding_package", tag = "enrolment",
    params(PackageParams),
    responses((status = 200, description = "The package.", content_type = "application/octet-stream", body = String)))]
pub(crate) async fn package(
    _caller: Authorized<EnrolmentManage, audit::Unaudited>,
    State(api): State<Api>,
    Params(params): Params<PackageParams>,
) -> Result<Response, ApiError> {
    let path = offer(&api)?.sensor.clone();
    let version = api.config.sensor_version.clone();
    // One at a time: each holds the sensor and its package in memory.
    let _place = api.packing.acquire().await.map_err(|e| ApiError::internal("packing", &e))?;
    let packed = tokio::task::spawn_blocking(move || {
        let sensor = std::fs::read(&path).map_err(package::PackageError::from)?;
        match params.form {
            PackageForm::Deb => package::deb(&sensor, &version).map(|p| (p, version)),
            PackageForm::Rpm => package::rpm(&sensor, &version).map(|p| (p, version)),
        }
    });
    let packed = packed.await.map_err(|e| ApiError::internal("packing", &e))?;
    let (bytes, version) = packed.map_err(|e| {
        tracing::error!(cause = %e, code = e.code(), "the package cannot be made");
        ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            e.code(),
            "the package cannot be made; the server's log says why",
        )
    })?;
    let name = match params.form {
        PackageForm::Deb => format!("{}_{version}_amd64.deb", package::NAME),
        PackageForm::Rpm => format!("{}-{version}-1.x86_64.rpm", package::NAME),
    };
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, bytes).into_response())
}
