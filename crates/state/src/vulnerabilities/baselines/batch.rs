//! What devices found, device by device, for whoever reads all of it.

use std::collections::BTreeMap;

use palisade_types::TenantId;
use palisade_types::TimeMicros;
use roaring::RoaringBitmap;
use serde_json::Value;
use sqlx::{Postgres, QueryBuilder, Row};

use super::super::sight::{Excepted, excepted};
use crate::{DeviceScope, Result, State, StateError};

/// A device and what it told.
#[derive(Clone, Debug)]
pub struct BaselineOn {
    /// Identifier.
    pub id: String,
    /// Name.
    pub name: String,
    /// Its system.
    pub os_platform: String,
    /// The system's version.
    pub os_version: String,
    /// Runs by profile: baseline's document.
    pub runs: BTreeMap<String, Value>,
    number: u32,
}

/// Some devices.
pub struct BaselineBatch {
    /// By their numbers.
    pub devices: Vec<BaselineOn>,
    /// The last number: the next batch begins behind it.
    pub last: u32,
    excepted: Excepted,
}

impl BaselineBatch {
    /// Whether an exception holds for a check on a device.
    pub fn excepted(&self, on: &BaselineOn, check: &str) -> bool {
        let here = RoaringBitmap::from_iter([on.number]);
        self.excepted.of_recommendation(&format!("configure/{check}"), &here) > 0
    }
}

impl State {
    /// The next devices of the scope with what they told of baselines; none when there are no more.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn baseline_batch(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        only: Option<&[String]>,
        (after, most): (Option<u32>, u32),
        now: TimeMicros,
    ) -> Result<Option<BaselineBatch>> {
        let mut q = QueryBuilder::<Postgres>::new(
            "SELECT o.ordinal, d.id, d.name, d.os_platform, d.os_version FROM device_ordinals o
             JOIN devices d ON d.tenant_id = o.tenant_id AND d.id = o.device_id
             WHERE d.status = 'active' AND o.tenant_id = ",
        );
        q.push_bind(tenant.0);
        scope.push_device(&mut q, "d.tenant_id", "d.id");
        if let Some(only) = only {
            q.push(" AND d.id = ANY(").push_bind(only.to_vec()).push(")");
        }
        if let Some(after) = after {
            q.push(" AND o.ordinal > ").push_bind(i64::from(after));
        }
        q.push(" ORDER BY o.ordinal LIMIT ").push_bind(i64::from(most));
        let mut tx = self.tenant_tx(tenant).await?;
        let mut devices = Vec::new();
        for r in &q.build().fetch_all(&mut *tx).await? {
            devices.push(BaselineOn {
                number: u32::try_from(r.try_get::<i32, _>("ordinal")?)
                    .map_err(|_| StateError::Internal("a device's number is negative".into()))?,
                id: r.try_get("id")?,
                name: r.try_get("name")?,
                os_platform: r.try_get("os_platform")?,
                os_version: r.try_get("os_version")?,
                runs: BTreeMap::new(),
            });
        }
        let Some(last) = devices.last().map(|d| d.number) else { return Ok(None) };
        let names: Vec<&str> = devices.iter().map(|d| d.id.as_str()).collect();
        let parts = sqlx::query(
            "SELECT p.device_id, substr(p.part, 10) AS profile, p.body FROM device_inventory_parts p
             JOIN device_baselines b ON b.tenant_id = p.tenant_id AND b.device_id = p.device_id
                 AND p.part = 'baseline/' || b.profile
             WHERE p.tenant_id = $1 AND p.device_id = ANY($2)",
        )
        .bind(tenant.0)
        .bind(&names)
        .fetch_all(&mut *tx)
        .await?;
        let excepted = excepted(&mut tx, tenant, now).await?;
        tx.commit().await?;
        for r in &parts {
            let device: &str = r.try_get("device_id")?;
            if let Some(on) = devices.iter_mut().find(|d| d.id == device) {
                on.runs.insert(r.try_get("profile")?, r.try_get("body")?);
            }
        }
        Ok(Some(BaselineBatch { devices, last, excepted }))
    }
}
