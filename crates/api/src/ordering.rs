//! Giving orders: this process alone holds the action key, so every order is signed here.

use palisade_state as state;
use palisade_state::{DeviceScope, OrderRecord};
use palisade_types::{DeviceId, OrderId, TenantId, TimeMicros, UserId};
use palisade_wire::msg;
use prost::Message;

use crate::model::in_seconds;
use crate::state::Api;

/// An order to give.
pub(crate) struct Wanted {
    /// To whom.
    pub device: DeviceId,
    /// What to do.
    pub kind: &'static str,
    /// JSON that says how; `{}` where nothing is to be said.
    pub arguments: String,
    /// Why.
    pub reason: String,
    /// Who asks, as the audit log names them.
    pub requested_by: String,
    /// The user who asks; none for what the product does by itself.
    pub requested_by_id: Option<UserId>,
    /// After so many seconds the device refuses it.
    pub life_seconds: i64,
}

/// Signs and queues an order.
///
/// # Errors
/// Those of [`palisade_state::State::create_order`].
pub(crate) async fn give(
    api: &Api,
    tenant: TenantId,
    scope: &DeviceScope,
    wanted: Wanted,
) -> state::Result<OrderRecord> {
    let now = TimeMicros::now();
    let new = state::NewOrder {
        device: wanted.device,
        kind: wanted.kind.to_owned(),
        reason: wanted.reason,
        requested_by: wanted.requested_by,
        requested_by_id: wanted.requested_by_id,
        expires_at: in_seconds(now, wanted.life_seconds),
    };
    let draft = new.clone();
    let sign = |id: OrderId, number: u64| {
        let order = msg::Order {
            id: id.to_string(),
            device: bytes::Bytes::copy_from_slice(&draft.device.0),
            tenant: tenant.to_string(),
            number,
            kind: draft.kind.clone(),
            arguments: wanted.arguments.clone(),
            issued_us: now.0,
            expires_us: draft.expires_at.0,
            reason: draft.reason.clone(),
            requested_by: draft.requested_by.clone(),
        };
        Ok::<_, std::convert::Infallible>(palisade_wire::sign(&order, &api.config.action_key).encode_to_vec())
    };
    api.config.state.create_order(tenant, scope, new, sign, now).await
}
