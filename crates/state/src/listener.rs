//! Waking up for new orders.

use palisade_types::{DeviceId, TenantId};
use sqlx::postgres::PgListener;

use crate::{Result, State};

/// The channel on which PostgreSQL announces new orders; the payload is `<tenant> <device>`.
pub const ORDERS_CHANNEL: &str = "palisade_orders";

/// Something to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderNotice {
    /// A device has a new order.
    Order {
        /// Its tenant.
        tenant: TenantId,
        /// The device.
        device: DeviceId,
    },
    /// The connection was lost for a while: every waiting device must be looked up once.
    Resync,
}

/// Hears of new orders of all tenants. It holds one connection of the region's pool.
#[derive(Debug)]
pub struct OrderListener {
    listener: PgListener,
}

impl OrderListener {
    /// The next notice. Cancelling the wait loses nothing.
    ///
    /// # Errors
    /// `state_unavailable` when the connection is lost and cannot be had again; call once more.
    pub async fn recv(&mut self) -> Result<OrderNotice> {
        loop {
            let Some(notification) = self.listener.try_recv().await? else { return Ok(OrderNotice::Resync) };
            let ids = notification.payload().split_once(' ').map(|(t, d)| (t.parse(), d.parse()));
            if let Some((Ok(tenant), Ok(device))) = ids {
                return Ok(OrderNotice::Order { tenant, device });
            }
            tracing::warn!("an order was announced in an unknown form");
        }
    }
}

impl State {
    /// Begins to listen. Orders of before are not announced, so look once after this.
    ///
    /// # Errors
    /// `state_unavailable`.
    pub async fn order_listener(&self) -> Result<OrderListener> {
        let mut listener = PgListener::connect_with(self.region()).await?;
        listener.listen(ORDERS_CHANNEL).await?;
        Ok(OrderListener { listener })
    }
}
