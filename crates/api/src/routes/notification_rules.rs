//! Notification rules: who is told of what.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use palisade_estate::notify::EventKind;
use palisade_state::notifications::{self as state, NewNotificationRule};
use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::notification_deliveries::{NotificationDelivery, NotificationDeliveryPage};
use crate::error::ApiError;
use crate::extract::{Body, Id};
use crate::gate::{Authorized, NotificationsManage, NotificationsRead, audit};
use crate::instant::Instant;
use crate::page::page;
use crate::state::Api;

/// A webhook that a rule names.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RuleWebhook {
    /// Identifier.
    id: String,
    /// Name.
    name: String,
}

/// A notification rule.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NotificationRule {
    /// Identifier.
    id: String,
    /// Name.
    name: String,
    /// Whether it is in force.
    enabled: bool,
    /// Kinds of events that it wants to hear of.
    kinds: Vec<String>,
    /// The least severity; empty for any. It holds for events about vulnerabilities.
    severity: String,
    /// Only about what is exploited; for events about vulnerabilities too.
    exploited_only: bool,
    /// Only where it concerns at least so many devices.
    least_devices: u32,
    /// Only devices of this group count; null for all.
    #[schema(required = true)]
    device_group_id: Option<String>,
    /// That group's name; empty where it is gone, and nothing matches.
    device_group: String,
    /// Where it is sent.
    webhooks: Vec<RuleWebhook>,
    /// Who made it.
    created_by: String,
    /// When.
    created_at: Instant,
    /// When it was changed last.
    changed_at: Instant,
    /// When it last had something sent.
    #[schema(required = true)]
    last_fired_at: Option<Instant>,
}

impl From<state::NotificationRule> for NotificationRule {
    fn from(r: state::NotificationRule) -> Self {
        let named = r.rule.webhooks.iter().zip(r.webhooks);
        Self {
            id: r.id.to_string(),
            name: r.rule.name,
            enabled: r.rule.enabled,
            kinds: r.rule.kinds.iter().map(|k| k.as_str().to_owned()).collect(),
            severity: r.rule.severity,
            exploited_only: r.rule.exploited_only,
            least_devices: r.rule.least_devices,
            device_group_id: r.rule.group.map(|g| g.to_string()),
            device_group: r.group,
            webhooks: named.map(|(id, name)| RuleWebhook { id: id.to_string(), name }).collect(),
            created_by: r.created_by,
            created_at: r.created_at.into(),
            changed_at: r.changed_at.into(),
            last_fired_at: Instant::maybe(r.last_fired_at),
        }
    }
}

page! {
    /// Notification rules.
    NotificationRulePage of NotificationRule
}

/// A notification rule to make, or what one shall be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NotificationRuleBody {
    /// Name.
    name: String,
    /// Whether it is in force; it is when absent.
    enabled: Option<bool>,
    /// Kinds of events, at least one.
    kinds: Vec<String>,
    /// The least severity: `critical`, `high`, `medium`, `low`, `none`, `unknown`; any when absent or empty.
    #[serde(default)]
    severity: String,
    /// Only about what is exploited.
    #[serde(default)]
    exploited_only: bool,
    /// Only where it concerns at least so many devices.
    #[serde(default)]
    least_devices: u32,
    /// Only devices of this group count.
    #[serde(default)]
    device_group_id: Option<Uuid>,
    /// Where it is sent, at most 10.
    webhook_ids: Vec<Uuid>,
}

impl NotificationRuleBody {
    fn read(self) -> Result<NewNotificationRule, ApiError> {
        let kinds = self.kinds.iter().map(|k| k.parse::<EventKind>()).collect::<Result<_, _>>();
        let mut webhooks = self.webhook_ids;
        webhooks.sort_unstable();
        webhooks.dedup();
        Ok(NewNotificationRule {
            name: self.name,
            enabled: self.enabled.unwrap_or(true),
            kinds: kinds.map_err(ApiError::invalid)?,
            severity: self.severity,
            exploited_only: self.exploited_only,
            least_devices: self.least_devices,
            group: self.device_group_id,
            webhooks,
        })
    }
}

/// Lists notification rules.
#[utoipa::path(get, path = "/api/v1/notification-rules", operation_id = "notification_rules_list",
    tag = "notifications", responses((status = 200, description = "Rules.", body = NotificationRulePage)))]
pub(crate) async fn list(
    caller: Authorized<NotificationsRead, audit::Unaudited>,
    State(api): State<Api>,
) -> Result<Json<NotificationRulePage>, ApiError> {
    let all = api.config.state.notification_rules(caller.tenant()).await?;
    Ok(Json(NotificationRulePage::whole(all.into_iter().map(Into::into).collect())))
}

/// Reads one notification rule.
#[utoipa::path(get, path = "/api/v1/notification-rules/{id}", operation_id = "notification_rules_show",
    tag = "notifications", params(("id" = String, Path, description = "The rule.")),
    responses((status = 200, description = "The rule.", body = NotificationRule)))]
pub(crate) async fn show(
    caller: Authorized<NotificationsRead, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<Json<NotificationRule>, ApiError> {
    Ok(Json(api.config.state.notification_rule(caller.tenant(), id).await?.into()))
}

/// Makes a notification rule.
#[utoipa::path(post, path = "/api/v1/notification-rules", operation_id = "notification_rules_create",
    tag = "notifications", request_body = NotificationRuleBody,
    responses((status = 201, description = "The rule.", body = NotificationRule)))]
pub(crate) async fn create(
    caller: Authorized<NotificationsManage, audit::NotificationRuleCreate>,
    State(api): State<Api>,
    Body(body): Body<NotificationRuleBody>,
) -> Result<(StatusCode, Json<NotificationRule>), ApiError> {
    caller.scope.detail("name", body.name.clone());
    let (new, by) = (body.read()?, caller.principal.actor().name);
    let state = &api.config.state;
    let made = state.create_notification_rule(caller.tenant(), &new, &by, TimeMicros::now()).await?;
    caller.scope.target(made.id);
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// Changes a notification rule as a whole.
#[utoipa::path(put, path = "/api/v1/notification-rules/{id}", operation_id = "notification_rules_update",
    tag = "notifications", params(("id" = String, Path, description = "The rule.")),
    request_body = NotificationRuleBody,
    responses((status = 200, description = "As it is now.", body = NotificationRule)))]
pub(crate) async fn update(
    caller: Authorized<NotificationsManage, audit::NotificationRuleUpdate>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
    Body(body): Body<NotificationRuleBody>,
) -> Result<Json<NotificationRule>, ApiError> {
    caller.scope.target(id);
    caller.scope.detail("name", body.name.clone());
    let new = body.read()?;
    let state = &api.config.state;
    let now_is = state.change_notification_rule(caller.tenant(), id, &new, TimeMicros::now()).await?;
    Ok(Json(now_is.into()))
}

/// Deletes a notification rule; what it had sent stays to be seen.
#[utoipa::path(delete, path = "/api/v1/notification-rules/{id}", operation_id = "notification_rules_delete",
    tag = "notifications", params(("id" = String, Path, description = "The rule.")),
    responses((status = 204, description = "It is gone.")))]
pub(crate) async fn delete(
    caller: Authorized<NotificationsManage, audit::NotificationRuleDelete>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, ApiError> {
    caller.scope.target(id);
    api.config.state.delete_notification_rule(caller.tenant(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends an event of each kind that the rule wants to hear of to its webhooks, marked as a test.
#[utoipa::path(post, path = "/api/v1/notification-rules/{id}/test", operation_id = "notification_rules_test",
    tag = "notifications", params(("id" = String, Path, description = "The rule.")),
    responses((status = 202, description = "Tests are queued.", body = NotificationDeliveryPage)))]
pub(crate) async fn test(
    caller: Authorized<NotificationsManage, audit::NotificationRuleTest>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<(StatusCode, Json<NotificationDeliveryPage>), ApiError> {
    caller.scope.target(id);
    let queued = api.config.state.test_rule(caller.tenant(), id, TimeMicros::now()).await?;
    let queued = queued.into_iter().map(NotificationDelivery::from).collect();
    Ok((StatusCode::ACCEPTED, Json(NotificationDeliveryPage::whole(queued))))
}
