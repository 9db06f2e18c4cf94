//! Orders to devices: signed here, carried by ingest, closed by the sensor's receipt.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use palisade_state as state;
use palisade_state::OrderRecord;
use palisade_types::{DeviceId, OrderId, TimeMicros};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::{Body, Id, Params};
use crate::gate::{Authorized, DevicesRead, OrdersCreate, audit};
use crate::instant::Instant;
use crate::ordering::{self, Wanted};
use crate::page::{self, Paging, page};
use crate::state::Api;

/// How long an order waits for its device, seconds.
const LIFE_SECONDS: i64 = 3_600;
/// Longest reason, characters.
const MAX_REASON: usize = 500;

/// What a device can be ordered to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OrderKind {
    /// Answer, to prove the way there and back.
    Ping,
    /// Send what is known about the machine now.
    CollectNow,
    /// Look again at all that is installed, and send it.
    Inventory,
    /// Run the device's baselines again, and send what they say.
    Baseline,
}

impl OrderKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ping => "ping",
            Self::CollectNow => "collect-now",
            Self::Inventory => "inventory",
            Self::Baseline => "baseline",
        }
    }
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OrderState {
    /// The device has not fetched it.
    Queued,
    /// The device has it.
    Delivered,
    /// The device proved that it was done.
    Succeeded,
    /// The device reported that it could not be done.
    Failed,
    /// Nobody fetched or answered it in time.
    Expired,
}

impl From<state::OrderState> for OrderState {
    fn from(state: state::OrderState) -> Self {
        match state {
            state::OrderState::Queued => Self::Queued,
            state::OrderState::Delivered => Self::Delivered,
            state::OrderState::Succeeded => Self::Succeeded,
            state::OrderState::Failed => Self::Failed,
            state::OrderState::Expired => Self::Expired,
        }
    }
}

/// An order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Order {
    /// Identifier.
    id: String,
    /// The device.
    device_id: String,
    /// What it is to do.
    kind: String,
    /// Why, in the words of who asked.
    reason: String,
    /// Where it stands.
    state: OrderState,
    /// When it was given.
    created_at: Instant,
    /// When the device fetched it.
    #[schema(required = true)]
    delivered_at: Option<Instant>,
    /// When the receipt came.
    #[schema(required = true)]
    completed_at: Option<Instant>,
    /// When the device will no longer obey it.
    expires_at: Instant,
    /// From giving it to its receipt, milliseconds.
    #[schema(required = true)]
    round_trip_ms: Option<i64>,
    /// Who asked.
    requested_by: String,
    /// What the device reported, with its proof; null before.
    receipt: Value,
}

impl From<OrderRecord> for Order {
    fn from(order: OrderRecord) -> Self {
        let round_trip_ms = order.round_trip_ms();
        Self {
            id: order.id.to_string(),
            device_id: order.device.to_string(),
            state: order.state.into(),
            created_at: order.created_at.into(),
            delivered_at: Instant::maybe(order.delivered_at),
            completed_at: Instant::maybe(order.completed_at),
            expires_at: order.expires_at.into(),
            round_trip_ms,
            kind: order.kind,
            reason: order.reason,
            requested_by: order.requested_by,
            receipt: order.receipt.unwrap_or(Value::Null),
        }
    }
}

page! {
    /// Orders, newest first.
    OrderPage of Order
}

/// An order to give.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOrder {
    /// What to do.
    kind: OrderKind,
    /// Why; it is kept with the order and shown to whoever looks at the device.
    reason: String,
}

/// Gives an order to a device; it is done when its receipt has come.
#[utoipa::path(post, path = "/api/v1/devices/{id}/orders", operation_id = "orders_create", tag = "orders",
    params(("id" = String, Path, description = "The device.")), request_body = NewOrder,
    responses((status = 201, description = "The order, queued.", body = Order)))]
pub(crate) async fn create(
    caller: Authorized<OrdersCreate, audit::OrderCreate>,
    State(api): State<Api>,
    Id(device): Id<DeviceId>,
    Body(body): Body<NewOrder>,
) -> Result<(StatusCode, Json<Order>), ApiError> {
    let (principal, scope) = (&caller.principal, &caller.scope);
    scope.target(device);
    scope.detail("kind", body.kind.as_str());
    scope.detail("reason", body.reason.as_str());
    let reason = body.reason.trim();
    if reason.is_empty() || reason.chars().count() > MAX_REASON {
        return Err(ApiError::bad(
            "reason_required",
            format!("reason must have 1 to {MAX_REASON} characters"),
        ));
    }
    let wanted = Wanted {
        device,
        kind: body.kind.as_str(),
        arguments: "{}".to_owned(),
        reason: reason.to_owned(),
        requested_by: principal.actor().name,
        requested_by_id: principal.user,
        life_seconds: LIFE_SECONDS,
    };
    let order = ordering::give(&api, principal.tenant, caller.devices(), wanted).await?;
    scope.detail("order_id", order.id.to_string());
    Ok((StatusCode::CREATED, Json(order.into())))
}

/// Lists a device's orders, newest first.
#[utoipa::path(get, path = "/api/v1/devices/{id}/orders", operation_id = "orders_list", tag = "orders",
    params(("id" = String, Path, description = "The device."), Paging),
    responses((status = 200, description = "Orders, newest first.", body = OrderPage)))]
pub(crate) async fn list(
    caller: Authorized<DevicesRead, audit::Unaudited>,
    State(api): State<Api>,
    Id(device): Id<DeviceId>,
    Params(paging): Params<Paging>,
) -> Result<Json<OrderPage>, ApiError> {
    let (limit, cursor) = (page::limit(paging.limit)?, page::cursor(paging.cursor)?);
    let (tenant, devices, state) = (caller.tenant(), caller.devices(), &api.config.state);
    // Answers not_found for a device of another tenant, or outside the caller's.
    state.device(tenant, devices, device, TimeMicros::now()).await?;
    Ok(Json(state.orders_for_device(tenant, devices, device, limit, cursor.as_deref()).await?.into()))
}

/// Reads one order.
#[utoipa::path(get, path = "/api/v1/orders/{id}", operation_id = "orders_show", tag = "orders",
    params(("id" = String, Path, description = "The order.")),
    responses((status = 200, description = "The order.", body = Order)))]
pub(crate) async fn show(
    caller: Authorized<DevicesRead, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<OrderId>,
) -> Result<Json<Order>, ApiError> {
    Ok(Json(api.config.state.order(caller.tenant(), caller.devices(), id).await?.into()))
}
