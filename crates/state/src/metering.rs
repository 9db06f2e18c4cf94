//! The meter's side of usage: from facts and beats to hours. Run by the estate process alone.
//!
//! Facts are written by triggers in the transaction that changes a machine or subscription, beats by
//! the projections, so that the meter may be away for as long as it likes. Each step is one
//! transaction that takes what is due, computes the touched hours from everything that is known, and
//! replaces what was stored of them: done twice it is the same as once.

mod heard;
mod hours;

use palisade_estate::DAY;
use palisade_estate::metering::Hour;
use palisade_types::{TenantId, TimeMicros};

use crate::{Result, State};

/// Hours stay open for this long, microseconds: what is told of a time before that is not metered.
pub const METER_WINDOW: i64 = 45 * DAY;

/// What one step of the meter did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metered {
    /// Machines whose hours were computed anew.
    pub machines: usize,
    /// Hours that are different now.
    pub changed: u64,
    /// Whether more is due.
    pub more: bool,
}

impl State {
    /// Marks the hours of every machine from the last sweep on as due, so that the running hour and
    /// those that passed since are computed also where nothing was told.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn meter_sweep(&self, tenant: TenantId, now: TimeMicros) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        let since: Option<i64> =
            sqlx::query_scalar("SELECT swept_at FROM meter_progress WHERE tenant_id = $1 FOR UPDATE")
                .bind(tenant.0)
                .fetch_optional(&mut *tx)
                .await?;
        let oldest = now.plus_micros(-METER_WINDOW);
        let from = Hour::of(since.map_or(oldest, TimeMicros).max(oldest)).begins();
        sqlx::query(
            "INSERT INTO meter_due AS d (tenant_id, machine_id, from_at)
             SELECT $1, id, $2 FROM machines
             WHERE tenant_id = $1 AND (retired_at IS NULL OR retired_at >= $2) ORDER BY id
             ON CONFLICT (tenant_id, machine_id) DO UPDATE SET from_at = least(d.from_at, excluded.from_at)",
        )
        .bind(tenant.0)
        .bind(from.0)
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "INSERT INTO meter_progress AS p (tenant_id, swept_at) VALUES ($1, $2)
             ON CONFLICT (tenant_id) DO UPDATE SET swept_at = greatest(p.swept_at, excluded.swept_at)",
        )
        .bind(tenant.0)
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Takes beats that came in and computes the hours of at most `most` machines that are due.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn meter_step(&self, tenant: TenantId, most: u32, now: TimeMicros) -> Result<Metered> {
        let mut tx = self.tenant_tx(tenant).await?;
        let beats_left = heard::take(&mut tx, tenant, now).await?;
        let mut done = hours::compute(&mut tx, tenant, most, now).await?;
        done.more |= beats_left;
        tx.commit().await?;
        Ok(done)
    }

    /// Forgets facts and beats that no open hour depends on.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn meter_close(&self, tenant: TenantId, now: TimeMicros) -> Result<()> {
        let boundary = hours::first_open(now).begins();
        let mut tx = self.tenant_tx(tenant).await?;
        sqlx::query(
            "DELETE FROM meter_facts f WHERE f.tenant_id = $1 AND f.at < $2 AND EXISTS (
                 SELECT FROM meter_facts g WHERE g.tenant_id = $1 AND g.machine_id = f.machine_id
                     AND g.kind = f.kind AND g.at > f.at AND g.at <= $2)",
        )
        .bind(tenant.0)
        .bind(boundary.0)
        .execute(&mut *tx)
        .await?;
        sqlx::query("DELETE FROM meter_heard WHERE tenant_id = $1 AND to_at < $2")
            .bind(tenant.0)
            .bind(boundary.plus_micros(-palisade_estate::metering::Timeline::CONNECTED).0)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }
}
