//! Profiles of security baselines: which checks with which values, made by people or coming with the product, and
//! which devices run them.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use palisade_baseline::{PROFILE_FORMAT, Profile, Scalar, builtin};
use palisade_state::DeviceScope;
use palisade_state::vulnerabilities::baselines::{AssignedTo, BaselineRun, NewProfile, Tallied};
use palisade_types::{TenantId, TimeMicros};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::baselines::{self, Known};
use crate::error::ApiError;
use crate::extract::{Body, Id};
use crate::gate::{Authorized, BaselinesManage, VulnerabilitiesRead, audit};
use crate::instant::Instant;
use crate::page::page;
use crate::state::Api;

/// A group whose devices run a profile.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BaselineGroup {
    /// Identifier.
    id: String,
    /// Name.
    name: String,
}

/// How a profile stands on the caller's devices.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct BaselineCompliance {
    /// Devices that ran it.
    devices: u64,
    /// Of these, devices without a check that is not met.
    compliant_devices: u64,
    /// Of these, devices that ran another revision of it.
    outdated_devices: u64,
    /// Results that are compliant, over all devices.
    compliant: u64,
    /// Results that are not.
    not_compliant: u64,
    /// Results of checks that say nothing there.
    not_applicable: u64,
    /// Results that could not be told.
    not_evaluated: u64,
    /// Compliant results of those that say something; null where none does.
    #[schema(required = true)]
    percent: Option<f64>,
    /// When the device ran it that ran it longest ago.
    #[schema(required = true)]
    oldest_run: Option<Instant>,
    /// When one ran it last.
    #[schema(required = true)]
    newest_run: Option<Instant>,
}

/// A profile.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BaselineProfile {
    /// Its name, which is its identifier.
    id: String,
    /// In a line.
    title: String,
    /// What it is for.
    description: String,
    /// Whether it comes with the product and cannot be changed.
    built_in: bool,
    /// The profile that it begins with; empty where there is none.
    extends: String,
    /// Every check of this level or below; null where it names its checks.
    #[schema(required = true)]
    level: Option<u8>,
    /// Further checks, or patterns such as `ssh.*`.
    checks: Vec<String>,
    /// Checks and patterns that are left out.
    without: Vec<String>,
    /// Values of parameters: check, parameter, value.
    #[schema(value_type = Object)]
    values: BTreeMap<String, BTreeMap<String, Scalar>>,
    /// How many checks it runs.
    check_count: usize,
    /// Rises with each change; 0 where it comes with the product.
    revision: u32,
    /// Who made it; empty where it comes with the product.
    created_by: String,
    /// When.
    #[schema(required = true)]
    created_at: Option<Instant>,
    /// Who changed it last.
    updated_by: String,
    /// When.
    #[schema(required = true)]
    updated_at: Option<Instant>,
    /// Whether every device runs it.
    all_devices: bool,
    /// Groups whose devices run it.
    device_groups: Vec<BaselineGroup>,
    /// How it stands on the caller's devices.
    compliance: BaselineCompliance,
}

impl BaselineProfile {
    fn of(known: Known, to: AssignedTo, runs: &[BaselineRun]) -> Self {
        let compliance = compliance(&known, runs);
        let (revision, check_count) =
            (known.revision(), builtin().selected(&known.profile).map_or(0, |all| all.len()));
        let Known { profile: p, kept } = known;
        let at = |time: Option<TimeMicros>| Instant::maybe(time);
        Self {
            id: p.name,
            title: p.title,
            description: p.description,
            built_in: kept.is_none(),
            extends: p.extends.unwrap_or_default(),
            level: p.level,
            checks: p.checks,
            without: p.without,
            values: p.values,
            check_count,
            revision,
            created_at: at(kept.as_ref().map(|k| k.created_at)),
            updated_at: at(kept.as_ref().map(|k| k.updated_at)),
            created_by: kept.as_ref().map(|k| k.created_by.clone()).unwrap_or_default(),
            updated_by: kept.map(|k| k.updated_by).unwrap_or_default(),
            all_devices: to.everywhere,
            device_groups: to
                .groups
                .into_iter()
                .map(|(id, name)| BaselineGroup { id: id.to_string(), name })
                .collect(),
            compliance,
        }
    }
}

fn compliance(known: &Known, runs: &[BaselineRun]) -> BaselineCompliance {
    let word = known.word();
    let mut out = BaselineCompliance::default();
    let mut tallied = Tallied::default();
    let (mut oldest, mut newest) = (None::<TimeMicros>, None::<TimeMicros>);
    for run in runs.iter().filter(|r| r.profile == known.profile.name) {
        out.devices += run.devices;
        out.compliant_devices += run.compliant_devices;
        out.outdated_devices += if run.by_default || run.revision == word { 0 } else { run.devices };
        tallied.compliant += run.tallied.compliant;
        tallied.not_compliant += run.tallied.not_compliant;
        tallied.not_applicable += run.tallied.not_applicable;
        tallied.not_evaluated += run.tallied.not_evaluated;
        oldest = Some(oldest.map_or(run.oldest, |at| at.min(run.oldest)));
        newest = Some(newest.map_or(run.newest, |at| at.max(run.newest)));
    }
    let Tallied { compliant, not_compliant, not_applicable, not_evaluated } = tallied;
    BaselineCompliance {
        compliant,
        not_compliant,
        not_applicable,
        not_evaluated,
        percent: tallied.percent(),
        oldest_run: Instant::maybe(oldest),
        newest_run: Instant::maybe(newest),
        ..out
    }
}

page! {
    /// Profiles, by name.
    BaselineProfilePage of BaselineProfile
}

async fn shown(
    caller: &Authorized<VulnerabilitiesRead, audit::Unaudited>,
    api: &Api,
) -> Result<Vec<BaselineProfile>, ApiError> {
    let (store, tenant) = (&api.config.state, caller.tenant());
    let runs = store.baseline_runs(tenant, caller.devices()).await?;
    let mut places: BTreeMap<String, AssignedTo> =
        store.baseline_assignments(tenant).await?.into_iter().collect();
    // Names of groups that the caller does not see are not told.
    for to in places.values_mut() {
        to.groups.retain(|(id, _)| !caller.devices().excludes_group(*id));
    }
    let all = baselines::all(store, tenant).await?;
    let each = all.into_iter().map(|known| {
        let to = places.remove(&known.profile.name).unwrap_or_default();
        BaselineProfile::of(known, to, &runs)
    });
    Ok(each.collect())
}

/// One profile as an administrator sees it, after a change.
async fn changed(tenant: TenantId, api: &Api, name: &str) -> Result<BaselineProfile, ApiError> {
    let store = &api.config.state;
    let runs = store.baseline_runs(tenant, &DeviceScope::all()).await?;
    let mut places = store.baseline_assignments(tenant).await?.into_iter();
    let known = baselines::one(store, tenant, name).await?;
    let to = places.find(|(profile, _)| profile == name).map(|(_, to)| to).unwrap_or_default();
    Ok(BaselineProfile::of(known, to, &runs))
}

/// Lists profiles with how they stand.
#[utoipa::path(get, path = "/api/v1/baseline-profiles", operation_id = "baseline_profiles_list", tag = "baselines",
    responses((status = 200, description = "Profiles.", body = BaselineProfilePage)))]
pub(crate) async fn list(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
) -> Result<Json<BaselineProfilePage>, ApiError> {
    Ok(Json(BaselineProfilePage::whole(shown(&caller, &api).await?)))
}

/// Reads a profile with how it stands.
#[utoipa::path(get, path = "/api/v1/baseline-profiles/{id}", operation_id = "baseline_profiles_show",
    tag = "baselines", params(("id" = String, Path, description = "The profile.")),
    responses((status = 200, description = "The profile.", body = BaselineProfile)))]
pub(crate) async fn show(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<String>,
) -> Result<Json<BaselineProfile>, ApiError> {
    let found = shown(&caller, &api).await?.into_iter().find(|p| p.id == id);
    found.map(Json).ok_or_else(|| ApiError::not_found("profile"))
}

/// What a profile is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BaselineContent {
    /// Its name, where it is made: small letters, digits, `-`, `_` and `.`, at most 80. It stays as it is.
    #[serde(default)]
    id: Option<String>,
    /// The revision at which it was read, where it is changed: if it was changed since, nothing is done.
    #[serde(default)]
    revision: Option<u32>,
    /// In a line.
    title: String,
    /// What it is for.
    #[serde(default)]
    description: String,
    /// A profile that comes with the product, whose checks and values it begins with.
    #[serde(default)]
    extends: Option<String>,
    /// Every check of this level or below.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 2)]
    level: Option<u8>,
    /// Further checks, or patterns such as `ssh.*`.
    #[serde(default)]
    checks: Vec<String>,
    /// Checks and patterns that are left out.
    #[serde(default)]
    without: Vec<String>,
    /// Values of parameters: check, parameter, a number or a word.
    #[serde(default)]
    #[schema(value_type = Object)]
    values: BTreeMap<String, BTreeMap<String, Scalar>>,
}

impl BaselineContent {
    fn profile(self, name: &str) -> Profile {
        Profile {
            format: PROFILE_FORMAT.to_owned(),
            name: name.to_owned(),
            title: self.title,
            description: self.description,
            extends: self.extends.filter(|e| !e.is_empty()),
            level: self.level,
            checks: self.checks,
            without: self.without,
            values: self.values,
        }
    }
}

fn new_of(profile: &Profile, by: String) -> NewProfile {
    let document = serde_json::to_value(profile).unwrap_or(Value::Null);
    NewProfile { name: profile.name.clone(), document, by }
}

/// Makes a profile.
#[utoipa::path(post, path = "/api/v1/baseline-profiles", operation_id = "baseline_profiles_create",
    tag = "baselines", request_body = BaselineContent,
    responses((status = 201, description = "The profile.", body = BaselineProfile)))]
pub(crate) async fn create(
    caller: Authorized<BaselinesManage, audit::BaselineCreate>,
    State(api): State<Api>,
    Body(body): Body<BaselineContent>,
) -> Result<(StatusCode, Json<BaselineProfile>), ApiError> {
    let id = body.id.clone().unwrap_or_default();
    caller.scope.target(&id);
    let profile = body.profile(&id);
    baselines::check(&profile)?;
    let new = new_of(&profile, caller.principal.actor().name);
    api.config.state.create_baseline_profile(caller.tenant(), &new, TimeMicros::now()).await?;
    Ok((StatusCode::CREATED, Json(changed(caller.tenant(), &api, &profile.name).await?)))
}

/// Changes a profile. Devices that it is assigned to run it anew.
#[utoipa::path(put, path = "/api/v1/baseline-profiles/{id}", operation_id = "baseline_profiles_update",
    tag = "baselines", params(("id" = String, Path, description = "The profile.")), request_body = BaselineContent,
    responses((status = 200, description = "The profile.", body = BaselineProfile)))]
pub(crate) async fn update(
    caller: Authorized<BaselinesManage, audit::BaselineUpdate>,
    State(api): State<Api>,
    Id(id): Id<String>,
    Body(body): Body<BaselineContent>,
) -> Result<Json<BaselineProfile>, ApiError> {
    caller.scope.target(&id);
    if body.id.as_ref().is_some_and(|named| *named != id) {
        return Err(ApiError::invalid("a profile keeps its name; make another one instead"));
    }
    let read_at = body.revision;
    let profile = body.profile(&id);
    let known = baselines::one(&api.config.state, caller.tenant(), &id).await?;
    caller.scope.detail("revision", known.revision());
    baselines::check(&profile)?;
    let new = new_of(&profile, caller.principal.actor().name);
    let (tenant, now) = (caller.tenant(), TimeMicros::now());
    api.config.state.update_baseline_profile(tenant, &new, read_at, now).await?;
    Ok(Json(changed(tenant, &api, &id).await?))
}

/// Deletes a profile and takes it from all devices.
#[utoipa::path(delete, path = "/api/v1/baseline-profiles/{id}", operation_id = "baseline_profiles_delete",
    tag = "baselines", params(("id" = String, Path, description = "The profile.")),
    responses((status = 204, description = "It is gone.")))]
pub(crate) async fn delete(
    caller: Authorized<BaselinesManage, audit::BaselineDelete>,
    State(api): State<Api>,
    Id(id): Id<String>,
) -> Result<StatusCode, ApiError> {
    caller.scope.target(&id);
    if builtin().profiles.contains_key(&id) {
        return Err(ApiError::bad("baseline_built_in", "a profile that comes with the product stays"));
    }
    api.config.state.delete_baseline_profile(caller.tenant(), &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A profile's file to take in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BaselineImport {
    /// The file: TOML.
    document: String,
    /// Whether it takes the place of a profile of its name.
    #[serde(default)]
    replace: bool,
}

/// Takes a profile's file in.
#[utoipa::path(post, path = "/api/v1/baseline-profiles/import", operation_id = "baseline_profiles_import",
    tag = "baselines", request_body = BaselineImport,
    responses((status = 200, description = "The profile.", body = BaselineProfile)))]
pub(crate) async fn import(
    caller: Authorized<BaselinesManage, audit::BaselineImport>,
    State(api): State<Api>,
    Body(body): Body<BaselineImport>,
) -> Result<Json<BaselineProfile>, ApiError> {
    let profile = Profile::import(&body.document).map_err(baselines::refused)?;
    caller.scope.target(&profile.name);
    baselines::check(&profile)?;
    let new = new_of(&profile, caller.principal.actor().name);
    let (store, tenant, now) = (&api.config.state, caller.tenant(), TimeMicros::now());
    let known = store.baseline_profiles(tenant).await?.into_iter().any(|k| k.name == profile.name);
    if known && body.replace {
        store.update_baseline_profile(tenant, &new, None, now).await?;
    } else {
        store.create_baseline_profile(tenant, &new, now).await?;
    }
    Ok(Json(changed(tenant, &api, &profile.name).await?))
}

/// Reads a profile as a file.
#[utoipa::path(get, path = "/api/v1/baseline-profiles/{id}/export", operation_id = "baseline_profiles_export",
    tag = "baselines", params(("id" = String, Path, description = "The profile.")),
    responses((status = 200, description = "The file.", content((String = "application/toml")))))]
pub(crate) async fn export(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<String>,
) -> Result<Response, ApiError> {
    caller.no_devices();
    let known = baselines::one(&api.config.state, caller.tenant(), &id).await?;
    let text = known.profile.export().map_err(|e| ApiError::internal("exporting a profile", &e))?;
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/toml; charset=utf-8"));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{id}.toml\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// Which devices run a profile.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BaselineAssignment {
    /// Every device.
    #[serde(default)]
    all_devices: bool,
    /// Devices of these groups.
    #[serde(default)]
    device_group_ids: Vec<Uuid>,
}

/// Says which devices run a profile, in the place of what was said before. A device without any runs the one for its
/// system.
#[utoipa::path(put, path = "/api/v1/baseline-profiles/{id}/assignments", operation_id = "baseline_profiles_assign",
    tag = "baselines", params(("id" = String, Path, description = "The profile.")), request_body = BaselineAssignment,
    responses((status = 200, description = "The profile.", body = BaselineProfile)))]
pub(crate) async fn assign(
    caller: Authorized<BaselinesManage, audit::BaselineAssign>,
    State(api): State<Api>,
    Id(id): Id<String>,
    Body(body): Body<BaselineAssignment>,
) -> Result<Json<BaselineProfile>, ApiError> {
    let (store, tenant) = (&api.config.state, caller.tenant());
    caller.scope.target(&id);
    caller.scope.detail("all_devices", body.all_devices);
    caller.scope.detail(
        "device_group_ids",
        body.device_group_ids.iter().map(Uuid::to_string).collect::<Vec<_>>().join(", "),
    );
    baselines::one(store, tenant, &id).await?;
    let (to, by) = ((body.all_devices, body.device_group_ids.as_slice()), caller.principal.actor().name);
    store.assign_baseline(tenant, &id, to, &by, TimeMicros::now()).await?;
    Ok(Json(changed(tenant, &api, &id).await?))
}
