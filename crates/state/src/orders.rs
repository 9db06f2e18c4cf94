//! Orders to devices and their receipts.

use std::fmt;
use std::str::FromStr;

use palisade_types::{DeviceId, OrderId, TenantId, TimeMicros, UserId};
use serde::Serialize;
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use crate::devices::MAX_JSON;
use crate::listener::ORDERS_CHANNEL;
use crate::page::{self, Cursor};
use crate::{DeviceScope, Page, Result, State, StateError, row};

/// A delivered order's receipt may still be on its way this long after the order's expiry.
const RECEIPT_GRACE_US: i64 = 5 * 60 * 1_000_000;

/// Orders that one device is given at once.
const DUE_AT_ONCE: i64 = 100;

/// Where an order is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Waits for the device.
    Queued,
    /// Was sent to the device; the receipt is missing.
    Delivered,
    /// The device proved that it is done.
    Succeeded,
    /// The device proved that it could not be done.
    Failed,
    /// The device did not do it in time.
    Expired,
}

impl OrderState {
    const ALL: [Self; 5] = [Self::Queued, Self::Delivered, Self::Succeeded, Self::Failed, Self::Expired];

    /// The state as it is written everywhere.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Delivered => "delivered",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Expired => "expired",
        }
    }
}

impl fmt::Display for OrderState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for OrderState {
    type Err = StateError;

    fn from_str(s: &str) -> Result<Self, StateError> {
        Self::ALL
            .into_iter()
            .find(|o| o.as_str() == s)
            .ok_or_else(|| StateError::InvalidArgument("unknown state of an order".into()))
    }
}

/// An order.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderRecord {
    /// The identifier.
    pub id: OrderId,
    /// To whom.
    pub device: DeviceId,
    /// Rising per device.
    pub number: u64,
    /// What to do.
    pub kind: String,
    /// Why.
    pub reason: String,
    /// Where it is in its life.
    pub state: OrderState,
    /// Who asked for it, as the audit log names them.
    pub requested_by: String,
    /// When it was given.
    pub created_at: TimeMicros,
    /// After this the device refuses it.
    pub expires_at: TimeMicros,
    /// When it was first sent to the device.
    pub delivered_at: Option<TimeMicros>,
    /// When its receipt came, or when it expired.
    pub completed_at: Option<TimeMicros>,
    /// What the device proved.
    pub receipt: Option<Value>,
    /// The encoded `SignedOrder` as the device gets it.
    pub signed: Vec<u8>,
}

impl OrderRecord {
    /// From the order to its receipt, in milliseconds.
    pub fn round_trip_ms(&self) -> Option<i64> {
        let done = matches!(self.state, OrderState::Succeeded | OrderState::Failed);
        self.completed_at.filter(|_| done).map(|at| (at.0 - self.created_at.0).max(0) / 1000)
    }
}

/// What to order.
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// To whom.
    pub device: DeviceId,
    /// What to do.
    pub kind: String,
    /// Why; at most 1000 characters.
    pub reason: String,
    /// Who asks, as the audit log names them.
    pub requested_by: String,
    /// The user who asks.
    pub requested_by_id: Option<UserId>,
    /// After this the device refuses it.
    pub expires_at: TimeMicros,
}

/// What a device says about an order.
#[derive(Clone, Debug)]
pub struct OrderReceipt {
    /// Which order.
    pub order: OrderId,
    /// Whether it is done.
    pub ok: bool,
    /// The proof or the failure, as JSON of at most 64 KiB.
    pub body: Value,
    /// When the receipt came, by the server's clock.
    pub at: TimeMicros,
}

/// What became of a receipt.
#[derive(Clone, Debug)]
pub struct Completed {
    /// The order as it now is.
    pub order: OrderRecord,
    /// Whether this receipt closed it; `false` for a repeated one.
    pub newly: bool,
}

const COLUMNS: &str =
    "id, device_id, number, kind, reason, state, requested_by, created_at, expires_at, delivered_at,
    completed_at, receipt, signed";

fn order(row: &PgRow) -> Result<OrderRecord> {
    Ok(OrderRecord {
        id: OrderId(row.try_get("id")?),
        device: row::device(row, "device_id")?,
        number: u64::try_from(row.try_get::<i64, _>("number")?).unwrap_or(0),
        kind: row.try_get("kind")?,
        reason: row.try_get("reason")?,
        state: row::parsed(row, "state")?,
        requested_by: row.try_get("requested_by")?,
        created_at: row::time(row, "created_at")?,
        expires_at: row::time(row, "expires_at")?,
        delivered_at: row::time_opt(row, "delivered_at")?,
        completed_at: row::time_opt(row, "completed_at")?,
        receipt: row.try_get("receipt")?,
        signed: row.try_get("signed")?,
    })
}

/// Why a device takes no order: nobody would carry it out, or the scope has no such device.
async fn no_order(
    tx: &mut PgConnection,
    tenant: TenantId,
    scope: &DeviceScope,
    device: DeviceId,
) -> Result<StateError> {
    let mut query = QueryBuilder::<Postgres>::new("SELECT d.id FROM devices d WHERE d.tenant_id = ");
    query.push_bind(tenant.0).push(" AND d.id = ").push_bind(device.to_string());
    query.push(" AND d.source = 'agentless'");
    scope.push_device(&mut query, "d.tenant_id", "d.id");
    Ok(match query.build().fetch_optional(tx).await? {
        None => StateError::NotFound("device"),
        Some(_) => StateError::Rule {
            code: "device_agentless",
            message: "the device has no sensor: it is known by agentless scans and takes no orders".into(),
        },
    })
}

impl State {
    /// Queues an order: takes the device's next number, has it signed, writes it, and wakes whoever
    /// serves the device, all in one transaction. `sign` gets the order's identifier and number and
    /// returns the bytes for the device. Numbers also rise with the clock, so that a database which
    /// was restored from a backup does not use one twice.
    ///
    /// # Errors
    /// `not_found` (the device, or it is offboarded or outside the scope), `invalid_argument` (expired, reason too
    /// long), `internal` when signing fails.
    pub async fn create_order<E: fmt::Display>(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        new: NewOrder,
        sign: impl FnOnce(OrderId, u64) -> Result<Vec<u8>, E>,
        now: TimeMicros,
    ) -> Result<OrderRecord> {
        if new.expires_at <= now {
            return Err(StateError::InvalidArgument("the order would have expired already".into()));
        }
        if new.reason.chars().count() > 1000 {
            return Err(StateError::InvalidArgument("a reason has at most 1000 characters".into()));
        }
        let mut tx = self.tenant_tx(tenant).await?;
        // The row's lock makes numbers rise in the order of the commits.
        let mut next = QueryBuilder::<Postgres>::new(
            "UPDATE devices AS d SET order_number = greatest(order_number + 1, ",
        );
        next.push_bind(now.0 / 1000).push(") WHERE d.tenant_id = ").push_bind(tenant.0);
        next.push(" AND d.id = ").push_bind(new.device.to_string());
        next.push(" AND d.status = 'active' AND d.source = 'sensor'");
        scope.push_device(&mut next, "d.tenant_id", "d.id");
        next.push(" RETURNING d.order_number");
        let number: Option<i64> = next.build_query_scalar().fetch_optional(&mut *tx).await?;
        let Some(number) = number else { return Err(no_order(&mut tx, tenant, scope, new.device).await?) };
        let id = OrderId::random();
        let rising = u64::try_from(number)
            .map_err(|_| StateError::Internal("an order's number is negative".into()))?;
        let signed = sign(id, rising).map_err(|e| StateError::Signing(e.to_string()))?;
        let record = OrderRecord {
            id,
            device: new.device,
            number: rising,
            kind: row::text(&new.kind, 100),
            reason: row::text(&new.reason, 1000),
            state: OrderState::Queued,
            requested_by: row::text(&new.requested_by, 300),
            created_at: now,
            expires_at: new.expires_at,
            delivered_at: None,
            completed_at: None,
            receipt: None,
            signed,
        };
        sqlx::query(
            "INSERT INTO orders (tenant_id, id, device_id, number, kind, reason, state, signed, requested_by,
                 requested_by_id, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, 'queued', $7, $8, $9, $10, $11)",
        )
        .bind(tenant.0)
        .bind(record.id.0)
        .bind(record.device.to_string())
        .bind(number)
        .bind(&record.kind)
        .bind(&record.reason)
        .bind(&record.signed)
        .bind(&record.requested_by)
        .bind(new.requested_by_id.map(|u| u.0))
        .bind(now.0)
        .bind(record.expires_at.0)
        .execute(&mut *tx)
        .await?;
        sqlx::query("SELECT pg_notify($1, $2)")
            .bind(ORDERS_CHANNEL)
            .bind(format!("{} {}", tenant, record.device))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(record)
    }

    /// The orders of one device of the scope, newest first; none for another device.
    ///
    /// # Errors
    /// `cursor_invalid`.
    pub async fn orders_for_device(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        device: DeviceId,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<OrderRecord>> {
        let after = cursor.map(|c| Cursor::decode(c, "orders")?.number()).transpose()?;
        let limit = page::limit(limit);
        let mut tx = self.tenant_tx(tenant).await?;
        let of_device = |columns: &str| {
            let mut query =
                QueryBuilder::<Postgres>::new(format!("SELECT {columns} FROM orders WHERE tenant_id = "));
            query.push_bind(tenant.0).push(" AND device_id = ").push_bind(device.to_string());
            scope.push_device(&mut query, "orders.tenant_id", "orders.device_id");
            query
        };
        let total: i64 = of_device("count(*)").build_query_scalar().fetch_one(&mut *tx).await?;
        let mut query = of_device(COLUMNS);
        if let Some(after) = after {
            query.push(" AND number < ").push_bind(after);
        }
        query.push(" ORDER BY number DESC LIMIT ").push_bind(limit + 1);
        let rows = query.build().fetch_all(&mut *tx).await?;
        tx.commit().await?;
        let items = rows.iter().map(order).collect::<Result<Vec<_>>>()?;
        Ok(page::finish(items, limit, total, |o| Cursor {
            list: "orders".into(),
            key: o.number.to_string(),
            id: o.id.to_string(),
        }))
    }

    /// One order to a device of the scope.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn order(&self, tenant: TenantId, scope: &DeviceScope, id: OrderId) -> Result<OrderRecord> {
        let mut query =
            QueryBuilder::<Postgres>::new(format!("SELECT {COLUMNS} FROM orders WHERE tenant_id = "));
        query.push_bind(tenant.0).push(" AND id = ").push_bind(id.0);
        scope.push_device(&mut query, "orders.tenant_id", "orders.device_id");
        let mut tx = self.tenant_tx(tenant).await?;
        let found = query.build().fetch_optional(&mut *tx).await?;
        tx.commit().await?;
        order(&found.ok_or(StateError::NotFound("order"))?)
    }

    /// What a device has to be sent, by number: queued orders, and those last sent before
    /// `redeliver_before` whose receipt is missing (the device does each number once).
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn due_for_device(
        &self,
        tenant: TenantId,
        device: DeviceId,
        redeliver_before: TimeMicros,
        now: TimeMicros,
    ) -> Result<Vec<OrderRecord>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sql = format!(
            "SELECT {COLUMNS} FROM orders
             WHERE tenant_id = $1 AND device_id = $2 AND state IN ('queued', 'delivered') AND expires_at > $3
               AND (state = 'queued' OR sent_at < $4)
             ORDER BY number LIMIT $5"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(tenant.0)
            .bind(device.to_string())
            .bind(now.0)
            .bind(redeliver_before.0)
            .bind(DUE_AT_ONCE)
            .fetch_all(&mut *tx)
            .await?;
        tx.commit().await?;
        rows.iter().map(order).collect()
    }

    /// Notes that an order was sent to its device; the first time stays as `delivered_at`.
    ///
    /// # Errors
    /// Only those of the store itself; an order that is closed already is left as it is.
    pub async fn mark_delivered(&self, tenant: TenantId, id: OrderId, now: TimeMicros) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        sqlx::query(
            "UPDATE orders SET state = 'delivered', delivered_at = coalesce(delivered_at, $3), sent_at = $3,
                 deliveries = deliveries + 1
             WHERE tenant_id = $1 AND id = $2 AND state IN ('queued', 'delivered')",
        )
        .bind(tenant.0)
        .bind(id.0)
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Closes an order by its device's receipt. A repeated receipt changes nothing; one that comes
    /// after the order was taken for expired still counts, since it proves what happened.
    ///
    /// # Errors
    /// `not_found` when the device was given no such order.
    pub async fn complete_order(
        &self,
        tenant: TenantId,
        device: DeviceId,
        receipt: OrderReceipt,
    ) -> Result<Completed> {
        let state = if receipt.ok { OrderState::Succeeded } else { OrderState::Failed };
        let mut tx = self.tenant_tx(tenant).await?;
        let done = sqlx::query(
            "UPDATE orders SET state = $4, completed_at = greatest($5, created_at), receipt = $6
             WHERE tenant_id = $1 AND device_id = $2 AND id = $3 AND state IN ('queued', 'delivered', 'expired')",
        )
        .bind(tenant.0)
        .bind(device.to_string())
        .bind(receipt.order.0)
        .bind(state.as_str())
        .bind(receipt.at.0)
        .bind(row::json_bounded(&receipt.body, MAX_JSON))
        .execute(&mut *tx)
        .await?;
        let sql = format!("SELECT {COLUMNS} FROM orders WHERE tenant_id = $1 AND device_id = $2 AND id = $3");
        let found = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(tenant.0)
            .bind(device.to_string())
            .bind(receipt.order.0)
            .fetch_optional(&mut *tx)
            .await?;
        tx.commit().await?;
        let order = order(&found.ok_or(StateError::NotFound("order"))?)?;
        Ok(Completed { order, newly: done.rows_affected() == 1 })
    }

    /// Closes the orders of a tenant that nobody did in time, and returns them. A delivered one is
    /// given five minutes more for its receipt.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn expire_orders(&self, tenant: TenantId, now: TimeMicros) -> Result<Vec<OrderId>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let ids: Vec<Uuid> = sqlx::query_scalar(
            "UPDATE orders SET state = 'expired', completed_at = $2
             WHERE tenant_id = $1 AND (state = 'queued' AND expires_at <= $2
                 OR state = 'delivered' AND expires_at + $3 <= $2)
             RETURNING id",
        )
        .bind(tenant.0)
        .bind(now.0)
        .bind(RECEIPT_GRACE_US)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(ids.into_iter().map(OrderId).collect())
    }
}
