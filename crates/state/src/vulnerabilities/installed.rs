//! What devices have and what is wrong with it, some devices at a time, for those who read all of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use palisade_types::{TenantId, TimeMicros};
use roaring::RoaringBitmap;
use sqlx::{Postgres, QueryBuilder, Row};

use super::affected::Evidence;
use super::book::Book;
use crate::{DeviceScope, Result, State, StateError, row};

/// A device beside which its software is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledOn {
    /// Identifier.
    pub id: String,
    /// Name.
    pub name: String,
    /// Its platform.
    pub os_platform: String,
    /// Its distribution's version.
    pub os_version: String,
    /// Architecture.
    pub architecture: String,
    /// When its inventory was taken.
    pub taken_at: Option<TimeMicros>,
}

/// A package on a device, borrowed from where it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct InstalledPackage<'b> {
    /// Who makes it.
    pub vendor: &'b str,
    /// Its name.
    pub name: &'b str,
    /// Its version.
    pub version: &'b str,
    /// Last day of its support; empty where no table knows it.
    pub end_of_life: &'b str,
    /// Where it lies, for packages that lie at a path of their own.
    pub paths: Vec<String>,
}

/// A vulnerability of a package on a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledWeakness<'b> {
    /// The vulnerability.
    pub id: &'b str,
    /// `critical`, `high`, `medium`, `low`, `none`, `unknown`.
    pub severity: &'b str,
    /// First version that is not affected; empty where there is none.
    pub fixed_version: &'b str,
    /// The advisory.
    pub advisory: &'b str,
}

/// Some devices with what they have.
pub struct InstalledBatch {
    book: Arc<Book>,
    devices: BTreeMap<u32, InstalledOn>,
    evidence: Evidence,
    /// The number of the last device, from which the next batch goes on.
    pub last: u32,
}

impl InstalledBatch {
    /// Each package of each device, with what is wrong with it.
    pub fn each<'b>(
        &'b self,
        mut tell: impl FnMut(&InstalledOn, InstalledPackage<'b>, &[InstalledWeakness<'b>]),
    ) {
        let batch: RoaringBitmap = self.devices.keys().copied().collect();
        for component in &self.book.components {
            let here = &component.devices & &batch;
            if here.is_empty() {
                continue;
            }
            let found = self.book.of_component(component).map(|(found, known)| InstalledWeakness {
                id: &known.id,
                severity: &known.severity,
                fixed_version: &found.fixed_version,
                advisory: &found.advisory,
            });
            let weaknesses: Vec<InstalledWeakness<'b>> = found.collect();
            for device in here.iter().filter_map(|number| self.devices.get(&number)) {
                let package = InstalledPackage {
                    vendor: &component.vendor,
                    name: &component.name,
                    version: &component.version,
                    end_of_life: &component.end_of_life,
                    paths: self.evidence.paths(&device.id, component.id),
                };
                tell(device, package, &weaknesses);
            }
        }
    }
}

impl State {
    /// The next devices of the scope behind a number; `only` names devices where not all are asked for.
    /// None when there are no more.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn installed_batch(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        only: Option<&[String]>,
        (after, most): (Option<u32>, u32),
    ) -> Result<Option<InstalledBatch>> {
        let mut q = QueryBuilder::<Postgres>::new(
            "SELECT o.ordinal, d.id, d.name, d.os_platform, d.os_version, d.architecture, c.taken_at
             FROM device_ordinals o
             JOIN devices d ON d.tenant_id = o.tenant_id AND d.id = o.device_id
             LEFT JOIN device_components c ON c.tenant_id = d.tenant_id AND c.device_id = d.id
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
        let rows = q.build().fetch_all(&mut *tx).await?;
        let mut devices = BTreeMap::new();
        for r in &rows {
            let number = u32::try_from(r.try_get::<i32, _>("ordinal")?)
                .map_err(|_| StateError::Internal("a device's number is negative".into()))?;
            let on = InstalledOn {
                id: r.try_get("id")?,
                name: r.try_get("name")?,
                os_platform: r.try_get("os_platform")?,
                os_version: r.try_get("os_version")?,
                architecture: r.try_get("architecture")?,
                taken_at: row::time_opt(r, "taken_at")?,
            };
            devices.insert(number, on);
        }
        let Some(last) = devices.keys().next_back().copied() else { return Ok(None) };
        let names: Vec<String> = devices.values().map(|d| d.id.clone()).collect();
        let evidence = Evidence::read(&mut tx, tenant, &names, (&[], None)).await?;
        let book = self.shelf().book(&mut tx, tenant).await?;
        tx.commit().await?;
        Ok(Some(InstalledBatch { book, devices, evidence, last }))
    }
}
