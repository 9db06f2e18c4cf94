//! Exceptions: vulnerabilities and recommendations that people decided to leave as they are.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use palisade_state::vulnerabilities::{self as state, ExceptionSubject, Justification, Range};
use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::error::ApiError;
use crate::extract::{Body, Id, Params};
use crate::gate::{Authorized, VulnerabilitiesManage, VulnerabilitiesRead, audit};
use crate::instant::Instant;
use crate::page::{self, page};
use crate::state::Api;

/// An exception.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VulnerabilityException {
    /// Identifier.
    id: String,
    /// `vulnerability`, `recommendation`.
    subject_type: String,
    /// The vulnerability's or recommendation's identifier.
    subject: String,
    /// The device group on whose devices it holds; null where it holds everywhere.
    #[schema(required = true)]
    device_group_id: Option<String>,
    /// That group's name.
    device_group: String,
    /// `third_party_control`, `alternate_mitigation`, `risk_accepted`, `planned_remediation`, `inaccurate`.
    justification: String,
    /// Why, in words.
    note: String,
    /// Who made it.
    created_by: String,
    /// When.
    created_at: Instant,
    /// Until when it holds; null for good.
    #[schema(required = true)]
    expires_at: Option<Instant>,
    /// When it was cancelled.
    #[schema(required = true)]
    cancelled_at: Option<Instant>,
    /// Who cancelled it; empty where nobody did.
    cancelled_by: String,
    /// Whether it holds now.
    active: bool,
}

impl From<state::Exception> for VulnerabilityException {
    fn from(x: state::Exception) -> Self {
        let active = x.is_active(TimeMicros::now());
        let (group, name) = x.group.map(|(id, name)| (id.to_string(), name)).unzip();
        let (cancelled_at, cancelled_by) = x.cancelled.unzip();
        Self {
            id: x.id.to_string(),
            subject_type: x.subject.kind().to_owned(),
            subject: x.subject.id().to_owned(),
            device_group_id: group,
            device_group: name.unwrap_or_default(),
            justification: x.justification.to_string(),
            note: x.note,
            created_by: x.created_by,
            created_at: x.created_at.into(),
            expires_at: Instant::maybe(x.expires_at),
            cancelled_at: Instant::maybe(cancelled_at),
            cancelled_by: cancelled_by.unwrap_or_default(),
            active,
        }
    }
}

page! {
    /// Exceptions, newest first.
    VulnerabilityExceptionPage of VulnerabilityException
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExceptionParams {
    /// Only those that hold now, or only others.
    active: Option<bool>,
    /// Most items, 1 to 1000; 50 when absent.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists exceptions, newest first.
#[utoipa::path(get, path = "/api/v1/vulnerability-exceptions", operation_id = "vulnerability_exceptions_list",
    tag = "vulnerabilities", params(ExceptionParams),
    responses((status = 200, description = "Exceptions.", body = VulnerabilityExceptionPage)))]
pub(crate) async fn list(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    Params(params): Params<ExceptionParams>,
) -> Result<Json<VulnerabilityExceptionPage>, ApiError> {
    let (limit, cursor) = (page::limit(params.limit)?, page::cursor(params.cursor)?);
    let range = Range { limit, cursor, descending: true };
    let (tenant, scope, now) = (caller.tenant(), caller.devices(), TimeMicros::now());
    let found = api.config.state.vulnerability_exceptions(tenant, scope, params.active, &range, now).await?;
    Ok(Json(found.into()))
}

/// What an exception is for.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SubjectType {
    /// A vulnerability.
    Vulnerability,
    /// A recommendation.
    Recommendation,
}

/// Why something is left as it is. Of a recommendation, `risk_accepted` and `planned_remediation` still count in the score;
/// nothing else that is excepted does.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ExceptionJustification {
    /// Somebody else's product protects against it: it no longer counts in the score.
    ThirdPartyControl,
    /// Something of one's own does: it no longer counts in the score.
    AlternateMitigation,
    /// It is lived with: a recommendation still counts in the score, a vulnerability does not.
    RiskAccepted,
    /// It is going to be done: a recommendation still counts in the score, a vulnerability does not.
    PlannedRemediation,
    /// The finding is wrong: it no longer counts.
    Inaccurate,
}

impl From<ExceptionJustification> for Justification {
    fn from(j: ExceptionJustification) -> Self {
        match j {
            ExceptionJustification::ThirdPartyControl => Self::ThirdPartyControl,
            ExceptionJustification::AlternateMitigation => Self::AlternateMitigation,
            ExceptionJustification::RiskAccepted => Self::RiskAccepted,
            ExceptionJustification::PlannedRemediation => Self::PlannedRemediation,
            ExceptionJustification::Inaccurate => Self::Inaccurate,
        }
    }
}

/// An exception to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewVulnerabilityException {
    /// What it is for.
    subject_type: SubjectType,
    /// The vulnerability's or recommendation's identifier.
    subject: String,
    /// Only on the devices of this group; everywhere when absent.
    #[serde(default)]
    device_group_id: Option<Uuid>,
    /// Why.
    justification: ExceptionJustification,
    /// Why, in words: 1 to 1000 characters.
    note: String,
    /// For how many days, 1 to 365; only a finding that is wrong may be excepted for good.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 365)]
    days: Option<u32>,
}

/// Makes an exception.
#[utoipa::path(post, path = "/api/v1/vulnerability-exceptions", operation_id = "vulnerability_exceptions_create",
    tag = "vulnerabilities", request_body = NewVulnerabilityException,
    responses((status = 201, description = "The exception.", body = VulnerabilityException)))]
pub(crate) async fn create(
    caller: Authorized<VulnerabilitiesManage, audit::ExceptionCreate>,
    State(api): State<Api>,
    Body(body): Body<NewVulnerabilityException>,
) -> Result<(StatusCode, Json<VulnerabilityException>), ApiError> {
    let scope = &caller.scope;
    let justification = Justification::from(body.justification);
    scope.target(&body.subject);
    scope.detail("justification", justification.as_str());
    scope.detail("note", body.note.as_str());
    if let Some(group) = body.device_group_id {
        scope.detail("device_group_id", group.to_string());
    }
    let now = TimeMicros::now();
    let expires_at = match body.days {
        None => None,
        Some(days @ 1..=365) => Some(crate::model::in_seconds(now, i64::from(days) * 86_400)),
        Some(_) => return Err(ApiError::invalid("days must be 1 to 365")),
    };
    let new = state::NewException {
        subject: match body.subject_type {
            SubjectType::Vulnerability => ExceptionSubject::Vulnerability(body.subject),
            SubjectType::Recommendation => ExceptionSubject::Recommendation(body.subject),
        },
        group: body.device_group_id,
        justification,
        note: body.note,
        expires_at,
        created_by: caller.principal.actor().name,
    };
    let devices = caller.devices();
    let made = api.config.state.create_vulnerability_exception(caller.tenant(), devices, &new, now).await?;
    scope.detail("exception_id", made.id.to_string());
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// Cancels an exception.
#[utoipa::path(delete, path = "/api/v1/vulnerability-exceptions/{id}",
    operation_id = "vulnerability_exceptions_cancel", tag = "vulnerabilities",
    params(("id" = String, Path, description = "The exception.")),
    responses((status = 200, description = "The exception, as it is now.", body = VulnerabilityException)))]
pub(crate) async fn cancel(
    caller: Authorized<VulnerabilitiesManage, audit::ExceptionCancel>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<Json<VulnerabilityException>, ApiError> {
    caller.scope.target(id);
    let by = caller.principal.actor().name;
    let (tenant, scope, now) = (caller.tenant(), caller.devices(), TimeMicros::now());
    let over = api.config.state.cancel_vulnerability_exception(tenant, scope, id, &by, now).await?;
    caller.scope.detail("subject", over.subject.id());
    Ok(Json(over.into()))
}
