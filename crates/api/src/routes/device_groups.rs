//! Device groups: rules that say which devices belong together.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use palisade_estate::group::{self, Rule};
use palisade_state as state;
use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::ApiError;
use crate::extract::{Body, Id};
use crate::gate::{Authorized, GroupsManage, GroupsRead, audit};
use crate::instant::Instant;
use crate::page::{self, page};
use crate::state::Api;

/// Devices that have changed and are held against the rules before groups are shown.
const REGROUPED: u32 = 500;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident: $($(#[$word:meta])* $variant:ident),*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum $name {
            $($(#[$word])* $variant),*
        }

        impl From<group::$name> for $name {
            fn from(word: group::$name) -> Self {
                match word { $(group::$name::$variant => Self::$variant),* }
            }
        }

        impl From<$name> for group::$name {
            fn from(word: $name) -> Self {
                match word { $($name::$variant => Self::$variant),* }
            }
        }
    };
}

words! {
    /// How much harm the loss of a device does.
    Criticality:
    /// Nobody would miss it for a day.
    Low,
    /// What most devices are.
    Normal,
    /// Others depend on it.
    High,
    /// The business stands still without it.
    VeryHigh
}

words! {
    /// How far the product may go on a device without asking a person.
    Automation:
    /// A person starts whatever is done.
    None,
    /// It proposes, and a person approves.
    Semi,
    /// It acts, and a person can undo.
    Full
}

/// Which devices belong to a group: one of `all`, `any`, `not`, `every`, or a condition. At most 100
/// parts and 8 levels.
#[derive(ToSchema)]
#[schema(no_recursion)]
#[serde(untagged)]
#[expect(
    dead_code,
    reason = "it only describes; the rule is read by its own reader, which tells the place of a fault"
)]
pub(crate) enum DeviceRule {
    /// All of them.
    All {
        /// At least one.
        all: Vec<DeviceRule>,
    },
    /// At least one of them.
    Any {
        /// At least one.
        any: Vec<DeviceRule>,
    },
    /// Those that do not.
    Not {
        /// The rule.
        not: Box<DeviceRule>,
    },
    /// Every device.
    Every {
        /// True.
        every: bool,
    },
    /// One condition.
    Is(DeviceCondition),
}

/// One thing that is looked at, without regard to case.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes")]
pub(crate) struct DeviceCondition {
    /// What is looked at.
    field: DeviceField,
    /// How: texts by `equals`, `starts_with`, `ends_with`, `contains`; a version by `equals`, `within`
    /// (of that series), `at_least`, `below`; a subscription by `equals`; an address by `within`.
    op: DeviceOperator,
    /// With what: a text, a version such as `22.04`, a subscription's identifier, or a network such as
    /// `10.0.0.0/8`.
    value: String,
}

/// What a condition looks at.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "it only describes")]
pub(crate) enum DeviceField {
    /// The host's name.
    Name,
    /// One of the tags, `key=value` or a word; a cloud's tags count too.
    Tag,
    /// The platform, such as `Linux`.
    OsPlatform,
    /// The distribution, such as `Debian`.
    OsDistribution,
    /// The version of the distribution.
    OsVersion,
    /// The subscription.
    Subscription,
    /// One of the addresses.
    Address,
}

/// How a condition compares.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "it only describes")]
pub(crate) enum DeviceOperator {
    /// The same.
    Equals,
    /// Begins with it.
    StartsWith,
    /// Ends with it.
    EndsWith,
    /// Contains it.
    Contains,
    /// Lies in that network, or is of that series of versions.
    Within,
    /// That version or later.
    AtLeast,
    /// Before that version.
    Below,
}

/// A device group.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceGroup {
    /// Identifier.
    id: String,
    /// Name.
    name: String,
    /// What it is for.
    description: String,
    /// Its place, from 1. Of a device's groups the first gives criticality and automation level; all of
    /// them count for who may see it.
    rank: u32,
    /// Which devices belong to it, in one spelling.
    #[schema(value_type = DeviceRule)]
    rule: Value,
    /// How much harm the loss of one of its devices does.
    criticality: Criticality,
    /// How far the product may go on its devices by itself.
    automation: Automation,
    /// How many devices in service belong to it.
    device_count: u64,
    /// How many users and tokens are limited to it; until there is none it cannot be deleted.
    limited_count: u64,
    /// When it was made.
    created_at: Instant,
    /// When it was changed last.
    changed_at: Instant,
}

impl From<state::DeviceGroup> for DeviceGroup {
    fn from(group: state::DeviceGroup) -> Self {
        Self {
            id: group.id.to_string(),
            name: group.name,
            description: group.description,
            rank: group.rank,
            rule: group.rule.to_json(),
            criticality: group.criticality.into(),
            automation: group.automation.into(),
            device_count: group.devices,
            limited_count: group.limits,
            created_at: group.created_at.into(),
            changed_at: group.changed_at.into(),
        }
    }
}

page! {
    /// Device groups by rank.
    DeviceGroupPage of DeviceGroup
}

/// Lists device groups by rank; somebody who is limited sees those that they are limited to.
#[utoipa::path(get, path = "/api/v1/device-groups", operation_id = "device_groups_list", tag = "device groups",
    responses((status = 200, description = "Device groups by rank.", body = DeviceGroupPage)))]
pub(crate) async fn list(
    caller: Authorized<GroupsRead, audit::Unaudited>,
    State(api): State<Api>,
) -> Result<Json<DeviceGroupPage>, ApiError> {
    let (tenant, state) = (caller.tenant(), &api.config.state);
    state.regroup_changed(tenant, REGROUPED, TimeMicros::now()).await?;
    let groups = state.device_groups(tenant, caller.devices()).await?;
    Ok(Json(DeviceGroupPage::whole(groups.into_iter().map(Into::into).collect())))
}

/// Reads one device group.
#[utoipa::path(get, path = "/api/v1/device-groups/{id}", operation_id = "device_groups_show", tag = "device groups",
    params(("id" = String, Path, description = "The device group.")),
    responses((status = 200, description = "The device group.", body = DeviceGroup)))]
pub(crate) async fn show(
    caller: Authorized<GroupsRead, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<Json<DeviceGroup>, ApiError> {
    Ok(Json(api.config.state.device_group(caller.tenant(), caller.devices(), id).await?.into()))
}

/// What a device group shall be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDeviceGroup {
    /// Name, unique without regard to case.
    name: String,
    /// What it is for, at most 1000 characters.
    #[serde(default)]
    description: String,
    /// Its place, from 1; others make room. When absent the last one, or the one that it has.
    #[schema(minimum = 1)]
    rank: Option<u32>,
    /// Which devices belong to it.
    #[schema(value_type = DeviceRule)]
    rule: Value,
    /// How much harm the loss of one of its devices does.
    criticality: Criticality,
    /// How far the product may go on its devices by itself.
    automation: Automation,
}

impl NewDeviceGroup {
    fn read(self) -> Result<state::NewDeviceGroup, ApiError> {
        if self.rank == Some(0) {
            return Err(ApiError::invalid("rank counts from 1"));
        }
        Ok(state::NewDeviceGroup {
            name: self.name,
            description: self.description,
            rank: self.rank,
            rule: rule(&self.rule)?,
            criticality: self.criticality.into(),
            automation: self.automation.into(),
        })
    }
}

fn rule(value: &Value) -> Result<Rule, ApiError> {
    Rule::from_json(value).map_err(|error| {
        let details = serde_json::json!({ "at": error.at });
        ApiError::bad(error.code(), error.to_string()).with_details(details)
    })
}

fn told(scope: &crate::scope::Scope, new: &state::NewDeviceGroup) {
    scope.detail("name", new.name.as_str());
    scope.detail("rule", new.rule.canonical().to_json());
    scope.detail("criticality", new.criticality.as_str());
    scope.detail("automation", new.automation.as_str());
}

/// Makes a device group.
#[utoipa::path(post, path = "/api/v1/device-groups", operation_id = "device_groups_create", tag = "device groups",
    request_body = NewDeviceGroup,
    responses((status = 201, description = "The device group, with its devices counted.", body = DeviceGroup)))]
pub(crate) async fn create(
    caller: Authorized<GroupsManage, audit::DeviceGroupCreate>,
    State(api): State<Api>,
    Body(body): Body<NewDeviceGroup>,
) -> Result<(StatusCode, Json<DeviceGroup>), ApiError> {
    caller.scope.target(&body.name);
    let new = body.read()?;
    told(&caller.scope, &new);
    let made = api.config.state.create_device_group(caller.tenant(), &new, TimeMicros::now()).await?;
    caller.scope.target(made.id);
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// Changes a device group as a whole.
#[utoipa::path(put, path = "/api/v1/device-groups/{id}", operation_id = "device_groups_update", tag = "device groups",
    params(("id" = String, Path, description = "The device group.")), request_body = NewDeviceGroup,
    responses((status = 200, description = "The device group, with its devices counted.", body = DeviceGroup)))]
pub(crate) async fn update(
    caller: Authorized<GroupsManage, audit::DeviceGroupUpdate>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
    Body(body): Body<NewDeviceGroup>,
) -> Result<Json<DeviceGroup>, ApiError> {
    caller.scope.target(id);
    let new = body.read()?;
    told(&caller.scope, &new);
    Ok(Json(api.config.state.update_device_group(caller.tenant(), id, &new, TimeMicros::now()).await?.into()))
}

/// Deletes a device group to which nobody is limited.
#[utoipa::path(delete, path = "/api/v1/device-groups/{id}", operation_id = "device_groups_delete", tag = "device groups",
    params(("id" = String, Path, description = "The device group.")),
    responses((status = 204, description = "It is gone.")))]
pub(crate) async fn delete(
    caller: Authorized<GroupsManage, audit::DeviceGroupDelete>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, ApiError> {
    caller.scope.target(id);
    let state = &api.config.state;
    let group = state.device_group(caller.tenant(), caller.devices(), id).await?;
    caller.scope.detail("name", group.name);
    state.delete_device_group(caller.tenant(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A rule to be tried.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreviewRequest {
    /// Which devices would belong to the group.
    #[schema(value_type = DeviceRule)]
    rule: Value,
    /// The saved group whose rule this would become; none for a new one.
    group_id: Option<Uuid>,
    /// Most devices of a page, 1 to 1000; 50 when absent.
    #[schema(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A device that a rule would match.
#[derive(Serialize, ToSchema)]
pub(crate) struct PreviewedDevice {
    /// Identifier.
    id: String,
    /// Host name.
    name: String,
    /// Distribution.
    os_distribution: String,
    /// Its version.
    os_version: String,
    /// Whether it belongs to the saved group already.
    member: bool,
}

/// What a rule would match among the devices in service.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeviceGroupPreview {
    /// The devices by name.
    items: Vec<PreviewedDevice>,
    /// Asks for the next page; null on the last.
    #[schema(required = true)]
    next_cursor: Option<String>,
    /// How many there are in all.
    total: u64,
    /// How many of them do not belong to the saved group yet.
    joining: u64,
    /// How many that belong to the saved group would not any more.
    leaving: u64,
    /// The rule in one spelling, as it would be saved.
    #[schema(value_type = DeviceRule)]
    rule: Value,
}

/// Tells which devices a rule would match, without saving it.
#[utoipa::path(post, path = "/api/v1/device-groups/preview", operation_id = "device_groups_preview",
    tag = "device groups", request_body = PreviewRequest,
    responses((status = 200, description = "What the rule would match.", body = DeviceGroupPreview)))]
pub(crate) async fn preview(
    caller: Authorized<GroupsManage, audit::Unaudited>,
    State(api): State<Api>,
    Body(body): Body<PreviewRequest>,
) -> Result<Json<DeviceGroupPreview>, ApiError> {
    let rule = rule(&body.rule)?.canonical();
    let (limit, cursor) = (page::limit(body.limit)?, page::cursor(body.cursor)?);
    let (tenant, state) = (caller.tenant(), &api.config.state);
    state.regroup_changed(tenant, REGROUPED, TimeMicros::now()).await?;
    let found = state.preview_device_group(tenant, &rule, body.group_id, limit, cursor.as_deref()).await?;
    let shown = |d: state::PreviewedDevice| PreviewedDevice {
        id: d.id.to_string(),
        name: d.name,
        os_distribution: d.os_distribution,
        os_version: d.os_version,
        member: d.member,
    };
    Ok(Json(DeviceGroupPreview {
        items: found.page.items.into_iter().map(shown).collect(),
        next_cursor: found.page.next_cursor,
        total: found.page.total,
        joining: found.joining,
        leaving: found.leaving,
        rule: rule.to_json(),
    }))
}
