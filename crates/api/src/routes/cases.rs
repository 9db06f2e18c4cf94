//! Findings that people reported as wrong, with all that decided them: cases to test the matcher with.

use axum::Json;
use axum::extract::State;
use palisade_state::vulnerabilities as state;
use palisade_types::TimeMicros;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::gate::{Authorized, VulnerabilitiesRead, audit};
use crate::page::page;
use crate::state::Api;

/// A finding that was reported as wrong, by itself: package, advisories and feeds as they were when it was reported, and
/// why it is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VulnerabilityCase {
    /// The exception by which it was reported, and the beginning of the package's key.
    id: String,
    /// `open` until somebody has decided it.
    verdict: String,
    /// Why it is wrong, in the words of who reported it.
    reason: String,
    /// When it was reported, microseconds since 1970.
    reported_at: i64,
    /// Whether the exception by which it was reported still holds.
    exception_holds: bool,
    /// Whether the finding is still there. A case stays when it is not.
    still_found: bool,
    /// The vulnerability.
    vulnerability: String,
    /// The package that it was found in.
    component: Value,
    /// The version that was compared.
    installed: String,
    /// The versions that are affected, in words.
    range: String,
    /// The version that fixes it; null where none does.
    #[schema(required = true)]
    fix: Option<String>,
    /// All that feeds said about the package and the vulnerability.
    advisories: Value,
    /// The feeds, and from when they are.
    feeds: Value,
}

impl From<state::VulnerabilityCase> for VulnerabilityCase {
    fn from(c: state::VulnerabilityCase) -> Self {
        let text = |name: &str| c.case[name].as_str().unwrap_or_default().to_owned();
        let list = |name: &str| c.case.get(name).cloned().unwrap_or_else(|| json!([]));
        Self {
            id: format!("{}/{}", c.exception, c.component),
            verdict: "open".to_owned(),
            reason: c.reason,
            reported_at: c.reported_at.0,
            exception_holds: c.holds,
            still_found: c.found,
            vulnerability: text("vulnerability"),
            component: c.case["component"].clone(),
            installed: text("installed"),
            range: text("range"),
            fix: c.case["fix"].as_str().map(str::to_owned),
            advisories: list("advisories"),
            feeds: list("feeds"),
        }
    }
}

page! {
    /// Findings that were reported as wrong, the newest report first.
    VulnerabilityCasePage of VulnerabilityCase
}

/// Lists findings that were reported as wrong, as cases to test with; at most 2,000.
#[utoipa::path(get, path = "/api/v1/vulnerability-cases", operation_id = "vulnerability_cases_list",
    tag = "vulnerabilities",
    responses((status = 200, description = "Cases.", body = VulnerabilityCasePage)))]
pub(crate) async fn list(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
) -> Result<Json<VulnerabilityCasePage>, ApiError> {
    let (tenant, scope, now) = (caller.tenant(), caller.devices(), TimeMicros::now());
    let cases = api.config.state.vulnerability_cases(tenant, scope, now).await?;
    Ok(Json(VulnerabilityCasePage::whole(cases.into_iter().map(Into::into).collect())))
}
