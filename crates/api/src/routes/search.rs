//! One box over everything that is known: devices, machines, subscriptions, people, events.
//!
//! Each part is bounded in time and rows of its own. What gave no answer is named, and the rest is
//! answered all the same.

mod vulnerable;

use axum::Json;
use axum::extract::State;
use palisade_estate::health::Code;
use palisade_state::SearchRange;
use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::error::ApiError;
use crate::extract::Params;
use crate::gate::{
    Authorized, DevicesRead, EstateRead, GroupsRead, HuntingRun, MachinesRead, Named, SearchRun, UsersManage,
    VulnerabilitiesRead, audit,
};
use crate::routes::devices::DeviceHealth;
use crate::search::events::{self, EventHit};
use crate::search::{Input, InputKind};
use crate::state::Api;

/// Longest text, characters.
const MAX_TEXT: usize = 200;
/// Hits of a part unless more are asked for, and at most.
const DEFAULT_HITS: usize = 10;
const MAX_HITS: usize = 50;
/// Days of events that are searched unless said, and at most.
const DEFAULT_DAYS: u32 = 7;
const MAX_DAYS: u32 = 30;

/// What can be looked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SearchPart {
    /// Devices.
    Devices,
    /// Machines.
    Machines,
    /// Subscriptions.
    Subscriptions,
    /// Connectors.
    Connectors,
    /// Device groups.
    DeviceGroups,
    /// People.
    People,
    /// Health findings.
    Findings,
    /// Vulnerabilities that devices have.
    Vulnerabilities,
    /// Software that is installed.
    Software,
    /// Security recommendations.
    Recommendations,
    /// Events.
    Events,
}

impl SearchPart {
    const ALL: [Self; 11] = [
        Self::Devices,
        Self::Machines,
        Self::Subscriptions,
        Self::Connectors,
        Self::DeviceGroups,
        Self::People,
        Self::Findings,
        Self::Vulnerabilities,
        Self::Software,
        Self::Recommendations,
        Self::Events,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::Devices => "devices",
            Self::Machines => "machines",
            Self::Subscriptions => "subscriptions",
            Self::Connectors => "connectors",
            Self::DeviceGroups => "device_groups",
            Self::People => "people",
            Self::Findings => "findings",
            Self::Vulnerabilities => "vulnerabilities",
            Self::Software => "software",
            Self::Recommendations => "recommendations",
            Self::Events => "events",
        }
    }

    /// What a caller has to have for it; nothing for what is the product's own.
    fn permission(self) -> Option<Named> {
        Some(match self {
            Self::Devices => Named::of::<DevicesRead>(),
            Self::Machines => Named::of::<MachinesRead>(),
            Self::Subscriptions | Self::Connectors => Named::of::<EstateRead>(),
            Self::DeviceGroups => Named::of::<GroupsRead>(),
            Self::People => Named::of::<UsersManage>(),
            Self::Findings => return None,
            Self::Vulnerabilities | Self::Software | Self::Recommendations => {
                Named::of::<VulnerabilitiesRead>()
            }
            Self::Events => Named::of::<HuntingRun>(),
        })
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchParams {
    /// What to look for: the beginning of a name or of a part of it, an address or a range, a hash, a path, a
    /// user, an identifier, the code of a finding; 1 to 200 characters.
    q: String,
    /// What to look through, separated by commas: `devices`, `machines`, `subscriptions`, `connectors`,
    /// `device_groups`, `people`, `findings`, `vulnerabilities`, `software`, `recommendations`, `events`; everything
    /// when absent.
    parts: Option<String>,
    /// Most hits of each part, 1 to 50; 10 when absent. Of events there are 20 at most.
    #[param(minimum = 1, maximum = 50)]
    limit: Option<usize>,
    /// How many days of events are searched, 1 to 30; 7 when absent.
    #[param(minimum = 1, maximum = 30)]
    days: Option<u32>,
}

/// A device that was found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FoundDevice {
    /// Identifier.
    id: String,
    /// Host name.
    name: String,
    /// Distribution and its version.
    os: String,
    /// How it is.
    health: DeviceHealth,
    /// Addresses.
    ip_addresses: Vec<String>,
    /// By what it was found: `name`, `id`, `address`, `hardware`, `tag`.
    by: String,
}

/// A machine that was found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FoundMachine {
    /// Identifier.
    id: String,
    /// Name.
    name: String,
    /// Its subscription's name.
    subscription: String,
    /// Distribution and its version.
    os: String,
    /// `healthy`, `unhealthy`, `not_applicable`, `pending`.
    status: String,
    /// Addresses.
    addresses: Vec<String>,
    /// Whether its cloud deleted it.
    gone: bool,
    /// By what it was found: `name`, `id`, `cloud_id`, `address`, `owner`, `tag`.
    by: String,
}

/// Something that was found by its name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FoundByName {
    /// Identifier.
    id: String,
    /// Name.
    name: String,
    /// What kind of its sort it is; of a device group, its criticality.
    kind: String,
}

/// A person who was found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FoundPerson {
    /// Identifier.
    id: String,
    /// Name.
    name: String,
    /// E-mail address.
    email: String,
    /// What they may do.
    role: String,
}

/// A health finding that was found in the catalogue.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FoundFinding {
    /// The stable code.
    code: String,
    /// What it is, in a few words.
    title: String,
    /// How many machines have it now; null where the caller may not know.
    #[schema(required = true)]
    machines: Option<u64>,
}

/// A vulnerability that was found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FoundVulnerability {
    /// CVE id where there is one, else the advisory's.
    id: String,
    /// One line about it; may be empty.
    title: String,
    /// `critical`, `high`, `medium`, `low`, `none`, `unknown`.
    severity: String,
    /// Whether CISA knows that it is exploited.
    exploited: bool,
    /// The caller's devices that have it.
    devices: u64,
}

/// Software that was found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FoundSoftware {
    /// Identifier.
    id: String,
    /// Its name.
    name: String,
    /// Who makes it; empty where nobody says.
    vendor: String,
    /// Whose names and versions these are.
    ecosystem: String,
    /// Vulnerabilities in any version.
    weaknesses: u64,
    /// The caller's devices that have it.
    devices: u64,
}

/// A recommendation that was found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FoundRecommendation {
    /// Identifier.
    id: String,
    /// `update`, `uninstall`, `upgrade_system`, `replace_certificate`, `configure`, `wait`.
    remediation_type: String,
    /// What it is about.
    related_component: String,
    /// The version to update to; empty where there is none.
    recommended_version: String,
    /// The worst severity that it takes away.
    severity: String,
    /// The caller's devices that need it.
    devices: u64,
}

/// A part that gave no answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MissingPart {
    /// Which.
    part: SearchPart,
    /// Stable code: `not_permitted`, `too_short`, `not_supported`, `not_in_events`, `failed`, `timed_out`, or
    /// that of a query that failed.
    code: String,
    /// Why, for people.
    message: String,
}

/// What was found.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct SearchAnswer {
    /// The text as it was understood.
    query: String,
    /// What it may be, the likeliest first.
    kinds: Vec<InputKind>,
    /// Devices.
    devices: Vec<FoundDevice>,
    /// Machines.
    machines: Vec<FoundMachine>,
    /// Subscriptions.
    subscriptions: Vec<FoundByName>,
    /// Connectors.
    connectors: Vec<FoundByName>,
    /// Device groups.
    device_groups: Vec<FoundByName>,
    /// People.
    people: Vec<FoundPerson>,
    /// Health findings.
    findings: Vec<FoundFinding>,
    /// Vulnerabilities that the caller's devices have, worst first.
    vulnerabilities: Vec<FoundVulnerability>,
    /// Software that they have, by name.
    software: Vec<FoundSoftware>,
    /// What should be done about it, what brings most first.
    recommendations: Vec<FoundRecommendation>,
    /// What events spoke of.
    events: Vec<EventHit>,
    /// How many days of events were searched.
    days: u32,
    /// Parts that have more than is shown; of events the latest are, without that being told.
    more: Vec<SearchPart>,
    /// Parts that gave no answer, and why.
    missing: Vec<MissingPart>,
}

/// One part's hits, or why there are none.
type Part<T> = Result<Vec<T>, (String, String)>;

/// Looks for a text everywhere where the caller may look.
#[utoipa::path(get, path = "/api/v1/search", operation_id = "search", tag = "search",
    params(SearchParams), responses((status = 200, description = "What was found.", body = SearchAnswer)))]
pub(crate) async fn search(
    caller: Authorized<SearchRun, audit::Unaudited>,
    State(api): State<Api>,
    Params(params): Params<SearchParams>,
) -> Result<Json<SearchAnswer>, ApiError> {
    if params.q.chars().count() > MAX_TEXT {
        return Err(ApiError::invalid(format!("q must have at most {MAX_TEXT} characters")));
    }
    let input = Input::read(&params.q).ok_or_else(|| ApiError::invalid("q must not be empty"))?;
    let limit = params.limit.unwrap_or(DEFAULT_HITS);
    if !(1..=MAX_HITS).contains(&limit) {
        return Err(ApiError::invalid(format!("limit must be 1 to {MAX_HITS}")));
    }
    let days = params.days.unwrap_or(DEFAULT_DAYS);
    if !(1..=MAX_DAYS).contains(&days) {
        return Err(ApiError::invalid(format!("days must be 1 to {MAX_DAYS}")));
    }
    let mut parts = parts(params.parts.as_deref())?;
    let mut out = SearchAnswer { query: input.text.clone(), days, ..SearchAnswer::default() };
    out.kinds.clone_from(&input.kinds);
    parts.retain(|part| {
        let may = part.permission().is_none_or(|p| p.held_by(&caller.principal));
        if !may {
            let message = "you may not look there".to_owned();
            out.missing.push(MissingPart { part: *part, code: "not_permitted".to_owned(), message });
        }
        may
    });
    let look = Look { api: &api, caller: &caller, input: &input, most: limit + 1, days, parts: &parts };
    let (devices, machines, subscriptions, connectors, groups, people, findings, vulnerable, events) = tokio::join!(
        look.devices(),
        look.machines(),
        look.subscriptions(),
        look.connectors(),
        look.groups(),
        look.people(),
        look.findings(),
        look.vulnerable(),
        look.events()
    );
    let mut took = Taken { limit, more: Vec::new(), missing: out.missing };
    out.devices = took.take(SearchPart::Devices, devices);
    out.machines = took.take(SearchPart::Machines, machines);
    out.subscriptions = took.take(SearchPart::Subscriptions, subscriptions);
    out.connectors = took.take(SearchPart::Connectors, connectors);
    out.device_groups = took.take(SearchPart::DeviceGroups, groups);
    out.people = took.take(SearchPart::People, people);
    out.findings = took.take(SearchPart::Findings, findings);
    out.vulnerabilities = took.take(SearchPart::Vulnerabilities, vulnerable.0);
    out.software = took.take(SearchPart::Software, vulnerable.1);
    out.recommendations = took.take(SearchPart::Recommendations, vulnerable.2);
    out.events = took.take_whole(SearchPart::Events, events);
    (out.more, out.missing) = (took.more, took.missing);
    Ok(Json(out))
}

fn parts(asked: Option<&str>) -> Result<Vec<SearchPart>, ApiError> {
    let Some(asked) = asked.filter(|a| !a.trim().is_empty()) else { return Ok(SearchPart::ALL.to_vec()) };
    let mut parts = Vec::new();
    for word in asked.split(',').map(str::trim) {
        let part = SearchPart::ALL.into_iter().find(|p| p.as_str() == word);
        let part = part.ok_or_else(|| ApiError::invalid(format!("{word:?} is nothing to look through")))?;
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    Ok(parts)
}

/// Collects what the parts answered.
struct Taken {
    limit: usize,
    more: Vec<SearchPart>,
    missing: Vec<MissingPart>,
}

impl Taken {
    fn take<T>(&mut self, part: SearchPart, found: Part<T>) -> Vec<T> {
        let mut hits = self.take_whole(part, found);
        if hits.len() > self.limit {
            hits.truncate(self.limit);
            self.more.push(part);
        }
        hits
    }

    fn take_whole<T>(&mut self, part: SearchPart, found: Part<T>) -> Vec<T> {
        match found {
            Ok(hits) => hits,
            Err((code, message)) => {
                self.missing.push(MissingPart { part, code, message });
                Vec::new()
            }
        }
    }
}

struct Look<'a> {
    api: &'a Api,
    caller: &'a Authorized<SearchRun, audit::Unaudited>,
    input: &'a Input,
    most: usize,
    days: u32,
    parts: &'a [SearchPart],
}

/// A part of the database that failed: the others are answered.
fn failed(error: palisade_state::StateError) -> (String, String) {
    let late = error.code() == "state_unavailable";
    let error = ApiError::from(error);
    let code = if late { "timed_out" } else { "failed" };
    (code.to_owned(), error.message)
}

impl Look<'_> {
    fn skips(&self, part: SearchPart) -> bool {
        !self.parts.contains(&part)
    }

    /// Where the text leads to in the words of devices and machines.
    fn ranges(&self) -> Vec<SearchRange> {
        let mut ranges: Vec<SearchRange> = Vec::new();
        if let Some((address, bits)) = self.input.network {
            ranges.push(SearchRange::network(address, bits));
        }
        if !self.input.is(InputKind::Cidr) {
            ranges.extend(SearchRange::beginning_with(&self.input.text));
        }
        ranges
    }

    async fn devices(&self) -> Part<FoundDevice> {
        if self.skips(SearchPart::Devices) {
            return Ok(Vec::new());
        }
        let state = &self.api.config.state;
        let (tenant, scope) = (self.caller.tenant(), self.caller.devices());
        let found = state
            .search_devices(tenant, scope, &self.ranges(), self.most, TimeMicros::now())
            .await
            .map_err(failed)?;
        let shown = |h: palisade_state::DeviceHit| FoundDevice {
            id: h.device.id.to_string(),
            name: h.device.facts.name,
            os: format!("{} {}", h.device.facts.os_distribution, h.device.facts.os_version).trim().to_owned(),
            health: h.device.health.state.into(),
            ip_addresses: h.device.facts.ip_addresses,
            by: h.by,
        };
        Ok(found.into_iter().map(shown).collect())
    }

    async fn machines(&self) -> Part<FoundMachine> {
        if self.skips(SearchPart::Machines) {
            return Ok(Vec::new());
        }
        let state = &self.api.config.state;
        let (tenant, scope) = (self.caller.tenant(), self.caller.devices());
        let found = state.search_machines(tenant, scope, &self.ranges(), self.most).await.map_err(failed)?;
        let shown = |h: palisade_state::MachineHit| FoundMachine {
            id: h.id.to_string(),
            name: h.name,
            subscription: h.subscription,
            os: h.os,
            status: h.status,
            addresses: h.addresses,
            gone: h.gone,
            by: h.by,
        };
        Ok(found.into_iter().map(shown).collect())
    }

    async fn subscriptions(&self) -> Part<FoundByName> {
        if self.skips(SearchPart::Subscriptions) {
            return Ok(Vec::new());
        }
        let (state, tenant) = (&self.api.config.state, self.caller.tenant());
        let found = state.search_subscriptions(tenant, &self.input.text, self.most).await;
        named(found)
    }

    async fn connectors(&self) -> Part<FoundByName> {
        if self.skips(SearchPart::Connectors) {
            return Ok(Vec::new());
        }
        let (state, tenant) = (&self.api.config.state, self.caller.tenant());
        named(state.search_connectors(tenant, &self.input.text, self.most).await)
    }

    async fn groups(&self) -> Part<FoundByName> {
        if self.skips(SearchPart::DeviceGroups) {
            return Ok(Vec::new());
        }
        let (state, tenant, scope) = (&self.api.config.state, self.caller.tenant(), self.caller.devices());
        named(state.search_device_groups(tenant, scope, &self.input.text, self.most).await)
    }

    async fn people(&self) -> Part<FoundPerson> {
        if self.skips(SearchPart::People) {
            return Ok(Vec::new());
        }
        let (state, tenant) = (&self.api.config.state, self.caller.tenant());
        let found = state.search_users(tenant, &self.input.text, self.most).await.map_err(failed)?;
        let shown = |u: palisade_state::UserHit| FoundPerson {
            id: u.id.to_string(),
            name: u.name,
            email: u.email,
            role: u.role.to_string(),
        };
        Ok(found.into_iter().map(shown).collect())
    }

    async fn findings(&self) -> Part<FoundFinding> {
        if self.skips(SearchPart::Findings) {
            return Ok(Vec::new());
        }
        let wanted = self.input.text.to_lowercase();
        let fits = |code: &&Code| {
            let title = code.entry().title.to_lowercase();
            code.as_str().contains(&wanted) || title.contains(&wanted)
        };
        let mut codes: Vec<&Code> = Code::ALL.iter().filter(fits).collect();
        if codes.is_empty() {
            return Ok(Vec::new());
        }
        codes.sort_by_key(|code| (code.as_str() != wanted, !code.as_str().starts_with(&wanted)));
        let counts = if Named::of::<MachinesRead>().held_by(&self.caller.principal) {
            let (tenant, scope) = (self.caller.tenant(), self.caller.devices());
            Some(self.api.config.state.finding_counts(tenant, scope).await.map_err(failed)?)
        } else {
            None
        };
        let machines = |code: &str| {
            let counts = counts.as_ref()?;
            Some(counts.iter().find(|c| c.code == code).map_or(0, |c| c.machines))
        };
        let shown = |code: &Code| FoundFinding {
            code: code.as_str().to_owned(),
            title: code.entry().title.clone(),
            machines: machines(code.as_str()),
        };
        Ok(codes.into_iter().take(self.most).map(shown).collect())
    }

    async fn events(&self) -> Part<EventHit> {
        if self.skips(SearchPart::Events) {
            return Ok(Vec::new());
        }
        let query = events::query(self.input, self.days)
            .map_err(|unasked| (unasked.code.to_owned(), unasked.message.to_owned()))?;
        let tenant = self.caller.tenant();
        let devices = self.api.config.state.devices_in_scope(tenant, self.caller.devices()).await;
        let devices = devices.map_err(failed)?;
        events::look(self.api, tenant, devices, query, self.days).await.map_err(|failure| {
            // As a query of a person's is answered: what is ours to know was logged.
            let error = ApiError::from(failure);
            (error.code, error.message)
        })
    }
}

fn named(found: palisade_state::Result<Vec<palisade_state::NamedHit>>) -> Part<FoundByName> {
    let shown =
        |h: palisade_state::NamedHit| FoundByName { id: h.id.to_string(), name: h.name, kind: h.kind };
    Ok(found.map_err(failed)?.into_iter().map(shown).collect())
}
