//! Which security products machines have, and the two recommendations about them.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use palisade_estate::edr::{self, Beside, Reason, Recommendation, State as Stand, Summary, products_known};
use palisade_state::estate::{AffectedQuery, AffectedRow, StandRow};
use palisade_types::{MachineId, TimeMicros};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::error::ApiError;
use crate::extract::{Id, Params};
use crate::gate::{Authorized, MachinesRead, audit};
use crate::instant::Instant;
use crate::page::{self, page};
use crate::state::Api;

/// One check of a product's set-up.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ProductCheck {
    /// `running`, `protection`, `registration`, `definitions`, `quick_scan`, `full_scan`, `scans`.
    topic: String,
    /// The stable code.
    code: String,
    /// `unhealthy`, `unknown`, `healthy`, `not_applicable`.
    outcome: String,
    /// What is wrong, or why nobody knows; empty where all is well.
    message: String,
    /// What it rests on.
    evidence: String,
}

/// A security product on a machine.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecurityProduct {
    /// Its identifier in the catalogue.
    id: String,
    /// Its name.
    name: String,
    /// `edr`, `antivirus`, `monitor`.
    kind: String,
    /// Its version; empty where nothing says it.
    version: String,
    /// `yes`, `no`, `unknown`.
    running: String,
    /// Whether a sensor beside it observes only.
    owns_machine: bool,
    /// By what it was recognised.
    evidence: Vec<String>,
    /// What was checked of its set-up; nothing where it is no EDR solution.
    checks: Vec<ProductCheck>,
}

/// A process that is named like a product's, and is none of it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct MisplacedProcess {
    /// Its number.
    pid: u32,
    /// What it is named.
    name: String,
    /// Its executable.
    exe: String,
    /// The product that it is named like.
    like: String,
    /// Whether the path is the product's but the file is not, as in a container.
    elsewhere: bool,
}

/// A call of this API that does something about a recommendation.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct QuickAction {
    /// `enable_integration`, `upgrade_plan`, `troubleshoot_onboarding`.
    action: String,
    /// The method.
    method: String,
    /// The path; `{machine}` and `{subscription}` in it are filled in.
    path: String,
    /// The body; null where there is none.
    body: Value,
    /// What it does.
    words: String,
}

/// How a machine stands with a recommendation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MachineRecommendation {
    /// `edr_installed`, `edr_configuration`.
    recommendation: String,
    /// What should be the case.
    title: String,
    /// What to do.
    remediation: String,
    /// `unhealthy`, `healthy`, `not_applicable`.
    state: String,
    /// Why: a stable code.
    reason: String,
    /// Why, for people.
    message: String,
    /// Since when it stands so.
    since: Instant,
    /// When it was judged last.
    evaluated_at: Instant,
    /// Whether every check could be made.
    complete: bool,
    /// What can be done with one call.
    actions: Vec<QuickAction>,
}

/// Which security products a machine has, how they are set up, and what follows.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MachineSecurity {
    /// When it was looked at.
    #[schema(required = true)]
    seen_at: Option<Instant>,
    /// By whom: `sensor`, `connector`; empty where nobody has looked, or that is too long ago.
    seen_by: String,
    /// When a connector tried last.
    #[schema(required = true)]
    tried_at: Option<Instant>,
    /// Why it failed: a stable code; empty where it did not.
    error_code: String,
    /// Why, for people.
    error: String,
    /// What our sensor does here: `standard`, `observing`; empty where there is none.
    sensor_mode: String,
    /// Why it observes only, or would; empty where it does more.
    observing_because: String,
    /// Products, EDR solutions first.
    products: Vec<SecurityProduct>,
    /// Processes that are only named like a product.
    misplaced: Vec<MisplacedProcess>,
    /// Both recommendations; nothing where the machine was not judged yet.
    recommendations: Vec<MachineRecommendation>,
}

fn texts(value: &Value) -> Vec<String> {
    let list = value.as_array().into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list<T: serde::de::DeserializeOwned>(value: &Value) -> Vec<T> {
    serde_json::from_value(value.clone()).unwrap_or_default()
}

/// A product as it is stored in an assessment, with its checks.
fn product(found: &Value, checks: &Value) -> SecurityProduct {
    let id = text(&found["id"]);
    let owns = products_known().find(&id).is_some_and(|p| p.beside == Beside::Observe);
    SecurityProduct {
        name: text(&found["name"]),
        kind: text(&found["kind"]),
        version: text(&found["version"]),
        running: text(&found["running"]),
        owns_machine: owns,
        evidence: texts(&found["evidence"]),
        checks: list(checks),
        id,
    }
}

/// What is found is in both assessments; the checks are in that of the set-up.
fn products(stands: &[StandRow]) -> Vec<SecurityProduct> {
    let of = |which| stands.iter().find(|s| s.recommendation == which);
    let Some(stand) = of(Recommendation::EdrConfiguration).or_else(|| of(Recommendation::EdrInstalled))
    else {
        return Vec::new();
    };
    let a = &stand.assessment;
    let edr = a["products"].as_array().into_iter().flatten().map(|p| product(&p["product"], &p["checks"]));
    let others = a["others"].as_array().into_iter().flatten().map(|f| product(f, &Value::Null));
    edr.chain(others).collect()
}

fn recommendation(stand: &StandRow, machine: &str, subscription: &str) -> MachineRecommendation {
    let mut actions: Vec<QuickAction> = list(&stand.assessment["actions"]);
    for action in &mut actions {
        action.path = action.path.replace("{machine}", machine).replace("{subscription}", subscription);
    }
    MachineRecommendation {
        recommendation: stand.recommendation.to_string(),
        title: stand.recommendation.title().to_owned(),
        remediation: stand.recommendation.remediation().to_owned(),
        state: stand.state.as_str().to_owned(),
        reason: stand.reason.as_str().to_owned(),
        message: stand.reason.words().to_owned(),
        since: stand.since.into(),
        evaluated_at: stand.evaluated_at.into(),
        complete: stand.assessment["complete"] == true,
        actions,
    }
}

/// Why a sensor observes only: the products that own the machine and may run.
fn owners(products: &[SecurityProduct]) -> String {
    let names: Vec<&str> =
        products.iter().filter(|p| p.owns_machine && p.running != "no").map(|p| p.name.as_str()).collect();
    names.join(", ")
}

/// What the sensor does, and why it observes only.
fn mode_of(components: &[palisade_state::Component]) -> (&'static str, String) {
    let observing = components.iter().find(|c| c.name == "prevention" && c.mechanism == "observing");
    observing.map_or(("standard", String::new()), |c| ("observing", c.detail.clone()))
}

/// Reads which security products a machine has, how they are set up, and what follows.
#[utoipa::path(get, path = "/api/v1/machines/{id}/security-products", operation_id = "machines_security_products",
    tag = "machines", params(("id" = String, Path, description = "The machine.")),
    responses((status = 200, description = "Its security products.", body = MachineSecurity)))]
pub(crate) async fn of_machine(
    caller: Authorized<MachinesRead, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<MachineId>,
) -> Result<Json<MachineSecurity>, ApiError> {
    let (state, tenant, scope) = (&api.config.state, caller.tenant(), caller.devices());
    let summary = state.machine_summary(tenant, scope, id).await?;
    let stands = state.stands_of(tenant, id).await?;
    let look = state.products_look(tenant, id).await?;
    let products = products(&stands);
    let owners = owners(&products);
    let mut mode = ("", String::new());
    if let Some(device) = summary.machine.device {
        mode = match state.device(tenant, scope, device, TimeMicros::now()).await {
            Ok(device) => mode_of(&device.components),
            Err(e) if e.code() == "not_found" => mode,
            Err(e) => return Err(e.into()),
        };
    }
    // A sensor that is not there yet would be put into the mode that the preflight finds.
    let observing_because = match (mode.0, owners.is_empty()) {
        ("standard", _) | ("", true) => String::new(),
        ("observing", true) => mode.1,
        (_, false) => format!("another security product is here: {owners}"),
        (_, true) => String::new(),
    };
    let newest = stands.first();
    let subscription = summary.machine.subscription.to_string();
    let (error_code, error) = look.error.unwrap_or_default();
    Ok(Json(MachineSecurity {
        seen_at: Instant::maybe(newest.and_then(|s| s.facts_at)),
        seen_by: newest.map(|s| s.facts_by.clone()).unwrap_or_default(),
        tried_at: Instant::maybe(look.tried_at),
        error_code,
        error,
        sensor_mode: mode.0.to_owned(),
        observing_because,
        products,
        misplaced: newest.map(|s| list(&s.assessment["misplaced"])).unwrap_or_default(),
        recommendations: stands.iter().map(|s| recommendation(s, &id.to_string(), &subscription)).collect(),
    }))
}

/// How many, of what.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NamedCount {
    /// Identifier or stable code.
    id: String,
    /// For people.
    name: String,
    /// Machines.
    machines: u64,
}

/// A recommendation over the machines that the caller sees.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EstateRecommendation {
    /// `edr_installed`, `edr_configuration`.
    recommendation: String,
    /// What should be the case.
    title: String,
    /// What to do.
    remediation: String,
    /// Machines that should be acted upon.
    unhealthy: u64,
    /// Machines that are as they should be.
    healthy: u64,
    /// Machines that cannot be judged.
    not_applicable: u64,
    /// Machines that are judged by fewer checks than there should be.
    incomplete: u64,
    /// Why machines stand as they do.
    reasons: Vec<NamedCount>,
    /// EDR solutions that were found.
    products: Vec<NamedCount>,
    /// Checks that fail.
    checks: Vec<NamedCount>,
    /// What the failing checks belong to.
    topics: BTreeMap<String, u64>,
}

page! {
    /// Recommendations.
    EstateRecommendationPage of EstateRecommendation
}

/// The most frequent first.
fn counted(counts: impl IntoIterator<Item = (String, String, u64)>) -> Vec<NamedCount> {
    let mut all: Vec<NamedCount> =
        counts.into_iter().map(|(id, name, machines)| NamedCount { id, name, machines }).collect();
    all.sort_by(|a, b| b.machines.cmp(&a.machines).then(a.id.cmp(&b.id)));
    all
}

fn product_name(id: &str) -> String {
    products_known().find(id).map_or_else(|| id.to_owned(), |p| p.name.clone())
}

/// What a check says where it fails; checks of our own sensor are findings of its health.
fn check_name(code: &str) -> String {
    let finding = || code.parse::<palisade_estate::health::Code>().ok().map(|c| c.entry().title.clone());
    let known = products_known().all.iter().flat_map(|p| &p.checks).find(|c| c.code == code);
    known.map(|c| c.says.clone()).or_else(finding).unwrap_or_else(|| code.replace('_', " "))
}

impl From<Summary> for EstateRecommendation {
    fn from(s: Summary) -> Self {
        Self {
            recommendation: s.recommendation.to_string(),
            title: s.recommendation.title().to_owned(),
            remediation: s.recommendation.remediation().to_owned(),
            unhealthy: s.counts.unhealthy,
            healthy: s.counts.healthy,
            not_applicable: s.counts.not_applicable,
            incomplete: s.incomplete,
            reasons: counted(s.reasons.into_iter().map(|(r, n)| (r.as_str().into(), r.words().into(), n))),
            products: counted(s.products.into_iter().map(|(id, n)| (id.clone(), product_name(&id), n))),
            checks: counted(s.checks.into_iter().map(|(code, n)| (code.clone(), check_name(&code), n))),
            topics: s.topics.into_iter().map(|(t, n)| (t.as_str().to_owned(), n)).collect(),
        }
    }
}

/// Says how the machines stand with each recommendation.
#[utoipa::path(get, path = "/api/v1/estate/recommendations", operation_id = "estate_recommendations", tag = "machines",
    responses((status = 200, description = "Recommendations.", body = EstateRecommendationPage)))]
pub(crate) async fn recommendations(
    caller: Authorized<MachinesRead, audit::Unaudited>,
    State(api): State<Api>,
) -> Result<Json<EstateRecommendationPage>, ApiError> {
    let all = api.config.state.recommendations(caller.tenant(), caller.devices()).await?;
    Ok(Json(EstateRecommendationPage::whole(all.into_iter().map(Into::into).collect())))
}

/// A machine of a recommendation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AffectedMachine {
    /// The machine.
    machine_id: String,
    /// Its name.
    machine: String,
    /// Its subscription's name.
    subscription: String,
    /// `unhealthy`, `healthy`, `not_applicable`.
    state: String,
    /// Why: a stable code.
    reason: String,
    /// Why, for people.
    message: String,
    /// EDR solutions that were found on it.
    products: Vec<String>,
    /// Codes of the checks that fail.
    failed: Vec<String>,
    /// Since when it stands so.
    since: Instant,
}

page! {
    /// Machines of a recommendation.
    AffectedMachinePage of AffectedMachine
}

impl From<AffectedRow> for AffectedMachine {
    fn from(row: AffectedRow) -> Self {
        Self {
            machine_id: row.machine.0.to_string(),
            machine: row.machine.1,
            subscription: row.subscription,
            state: row.state.as_str().to_owned(),
            reason: row.reason.as_str().to_owned(),
            message: row.reason.words().to_owned(),
            products: row.products.iter().map(|id| product_name(id)).collect(),
            failed: row.failed,
            since: row.since.into(),
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AffectedParams {
    /// `edr_installed` or `edr_configuration`.
    recommendation: String,
    /// `unhealthy`, `healthy`, `not_applicable`.
    state: Option<String>,
    /// Only those for this reason.
    reason: Option<String>,
    /// Only those with this EDR solution, by its identifier.
    product: Option<String>,
    /// Only those on which this check fails.
    check: Option<String>,
    /// Most items, 1 to 1000; 50 when absent.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

fn given(text: Option<String>) -> Option<String> {
    text.filter(|t| !t.is_empty())
}

/// Lists the machines that a recommendation is about, by name.
#[utoipa::path(get, path = "/api/v1/estate/recommendations/machines", operation_id = "estate_recommendation_machines",
    tag = "machines", params(AffectedParams),
    responses((status = 200, description = "Machines.", body = AffectedMachinePage)))]
pub(crate) async fn machines(
    caller: Authorized<MachinesRead, audit::Unaudited>,
    State(api): State<Api>,
    Params(params): Params<AffectedParams>,
) -> Result<Json<AffectedMachinePage>, ApiError> {
    let known = |text: &str| Stand::ALL.into_iter().find(|s| s.as_str() == text);
    let state = given(params.state)
        .map(|s| {
            known(&s).ok_or_else(|| ApiError::invalid("state must be unhealthy, healthy or not_applicable"))
        })
        .transpose()?;
    let reason = given(params.reason)
        .map(|r| {
            let found = Reason::ALL.iter().copied().find(|known| known.as_str() == r);
            found.ok_or_else(|| ApiError::invalid("there is no such reason"))
        })
        .transpose()?;
    let query = AffectedQuery {
        recommendation: params
            .recommendation
            .parse()
            .map_err(|e: edr::UnknownRecommendation| ApiError::invalid(e.to_string()))?,
        state,
        reason,
        product: given(params.product),
        check: given(params.check),
        limit: page::limit(params.limit)?,
        cursor: page::cursor(params.cursor)?,
    };
    Ok(Json(api.config.state.affected_machines(caller.tenant(), caller.devices(), &query).await?.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use palisade_estate::edr::Outcome;

    #[test]
    fn every_check_and_product_has_words() {
        let known = &products_known().all;
        for check in known.iter().flat_map(|p| &p.checks) {
            assert_eq!(check_name(&check.code), check.says, "{}", check.code);
        }
        assert!(!check_name("heartbeat_lost").contains('_'), "a finding of our own");
        assert_eq!(check_name("running"), "running");
        assert_eq!(product_name("crowdstrike_falcon"), "CrowdStrike Falcon");
        assert_eq!(product_name("nobody"), "nobody");
    }

    #[test]
    fn products_that_own_the_machine_and_may_run_are_why_ours_observes() {
        let of = |id: &str, running: &str| {
            let found = serde_json::json!({ "id": id, "name": product_name(id), "running": running });
            product(&found, &Value::Null)
        };
        assert_eq!(owners(&[of("clamav", "yes"), of("wazuh", "yes")]), "");
        assert_eq!(owners(&[of("crowdstrike_falcon", "no")]), "");
        let both = [of("crowdstrike_falcon", "yes"), of("sentinelone", "unknown")];
        assert_eq!(owners(&both), "CrowdStrike Falcon, SentinelOne Singularity");
    }

    #[test]
    fn every_outcome_is_one_that_is_told() {
        for outcome in [Outcome::Unhealthy, Outcome::Unknown, Outcome::Healthy, Outcome::NotApplicable] {
            let word = serde_json::to_value(outcome).expect("JSON");
            let check = serde_json::json!([{
                "topic": "running", "code": "c", "outcome": word, "message": "", "evidence": "",
            }]);
            let read: Vec<ProductCheck> = list(&check);
            assert_eq!(read.len(), 1);
        }
    }
}
