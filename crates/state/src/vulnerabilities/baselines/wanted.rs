//! What devices run and what they should: for the api process, which orders the difference.

use palisade_types::{DeviceId, TenantId, TimeMicros};
use sqlx::Row;

use crate::{Result, State, row};

/// A device, what it should run and what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaselineWish {
    /// The device.
    pub device: DeviceId,
    /// Names of the profiles that are assigned to it, in their order.
    pub assigned: Vec<String>,
    /// What it last told of profiles that it was given: name and revision, by name.
    pub told: Vec<(String, String)>,
    /// When anything was last heard of it.
    pub last_seen: TimeMicros,
    /// What it was last told to run, how often, and until when nothing more is said.
    pub ordered: Option<(String, u32, TimeMicros)>,
}

impl State {
    /// Devices in service that run or should run profiles that were given to them, or were told to; by id, behind
    /// `after`. None where that is so for no device of the tenant.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn baseline_wishes(
        &self,
        tenant: TenantId,
        after: &str,
        most: u32,
    ) -> Result<Vec<BaselineWish>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = sqlx::query(
            "SELECT w.* FROM (
                 SELECT d.id, d.last_seen,
                     coalesce((SELECT array_agg(DISTINCT a.profile ORDER BY a.profile) FROM baseline_assignments a
                         WHERE a.tenant_id = d.tenant_id AND (a.group_id IS NULL OR EXISTS (
                             SELECT FROM device_group_members m WHERE m.tenant_id = a.tenant_id
                                 AND m.group_id = a.group_id AND m.device_id = d.id))), '{}') AS assigned,
                     coalesce((SELECT array_agg(b.profile ORDER BY b.profile) FROM device_baselines b
                         WHERE b.tenant_id = d.tenant_id AND b.device_id = d.id AND NOT b.by_default), '{}') AS profiles,
                     coalesce((SELECT array_agg(b.revision ORDER BY b.profile) FROM device_baselines b
                         WHERE b.tenant_id = d.tenant_id AND b.device_id = d.id AND NOT b.by_default), '{}') AS revisions,
                     o.wanted, o.attempts, o.next_at
                 FROM devices d
                 LEFT JOIN baseline_orders o ON o.tenant_id = d.tenant_id AND o.device_id = d.id
                 WHERE d.tenant_id = $1 AND d.status = 'active' AND d.source = 'sensor' AND d.id > $2
             ) w WHERE w.assigned <> '{}' OR w.profiles <> '{}' OR w.wanted IS NOT NULL
             ORDER BY w.id LIMIT $3",
        )
        .bind(tenant.0)
        .bind(after)
        .bind(i64::from(most))
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let mut wishes = Vec::with_capacity(rows.len());
        for r in &rows {
            let (profiles, revisions): (Vec<String>, Vec<String>) =
                (r.try_get("profiles")?, r.try_get("revisions")?);
            let ordered = match r.try_get::<Option<String>, _>("wanted")? {
                None => None,
                Some(wanted) => {
                    let attempts = u32::try_from(r.try_get::<i32, _>("attempts")?).unwrap_or(0);
                    Some((wanted, attempts, row::time(r, "next_at")?))
                }
            };
            wishes.push(BaselineWish {
                device: row::device(r, "id")?,
                assigned: r.try_get("assigned")?,
                told: profiles.into_iter().zip(revisions).collect(),
                last_seen: row::time(r, "last_seen")?,
                ordered,
            });
        }
        Ok(wishes)
    }

    /// Notes what a device is told to run, and until when nothing more is said to it.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn baseline_ordered(
        &self,
        tenant: TenantId,
        device: DeviceId,
        (wanted, attempts, next_at): (&str, u32, TimeMicros),
    ) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        sqlx::query(
            "INSERT INTO baseline_orders (tenant_id, device_id, wanted, attempts, next_at)
             SELECT $1, d.id, $3, $4, $5 FROM devices d WHERE d.tenant_id = $1 AND d.id = $2
             ON CONFLICT (tenant_id, device_id) DO UPDATE SET wanted = excluded.wanted, attempts = excluded.attempts,
                 next_at = excluded.next_at",
        )
        .bind(tenant.0)
        .bind(device.to_string())
        .bind(wanted)
        .bind(i32::try_from(attempts).unwrap_or(i32::MAX))
        .bind(next_at.0)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Notes that a device runs what it should.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn baseline_settled(&self, tenant: TenantId, device: DeviceId) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        sqlx::query("DELETE FROM baseline_orders WHERE tenant_id = $1 AND device_id = $2")
            .bind(tenant.0)
            .bind(device.to_string())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }
}
