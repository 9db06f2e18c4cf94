//! What one caller sees: which devices, and what was excepted on them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use palisade_types::{DeviceId, TenantId, TimeMicros};
use roaring::RoaringBitmap;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row, Transaction};
use uuid::Uuid;

use super::book::{Book, Known, Product};
use crate::{DeviceScope, Result, State, StateError};

/// A tenant's book, and the devices of the caller in it.
pub(super) struct Sight {
    pub book: Arc<Book>,
    /// Devices in service that the caller sees.
    pub visible: RoaringBitmap,
    pub excepted: Excepted,
}

/// Where exceptions hold: everywhere, or on some devices.
#[derive(Default)]
pub(super) struct Excepted {
    vulnerabilities: HashMap<String, Where>,
    recommendations: HashMap<String, Where>,
}

#[derive(Debug, Default, PartialEq)]
struct Where {
    everywhere: bool,
    devices: RoaringBitmap,
}

impl Where {
    fn of(&self, devices: &RoaringBitmap) -> u64 {
        if self.everywhere { devices.len() } else { self.devices.intersection_len(devices) }
    }
}

impl Excepted {
    /// On how many of these devices an exception for the vulnerability holds.
    pub fn of_vulnerability(&self, id: &str, devices: &RoaringBitmap) -> u64 {
        self.vulnerabilities.get(id).map_or(0, |at| at.of(devices))
    }

    /// The same for a recommendation.
    pub fn of_recommendation(&self, id: &str, devices: &RoaringBitmap) -> u64 {
        self.recommendations.get(id).map_or(0, |at| at.of(devices))
    }
}

impl Sight {
    /// The caller's devices that have a vulnerability.
    pub fn devices_of(&self, known: &Known) -> RoaringBitmap {
        let mut all = RoaringBitmap::new();
        for (_, component) in self.book.of_vulnerability(known) {
            all |= &component.devices;
        }
        all & &self.visible
    }

    /// A package that one of the caller's devices has; of others nobody is told that somebody has them.
    pub fn software(&self, id: &str) -> Result<&Product> {
        let seen = |p: &&Product| {
            p.components.iter().any(|c| !self.book.components[*c as usize].devices.is_disjoint(&self.visible))
        };
        self.book.product(id).filter(seen).ok_or(StateError::NotFound("software"))
    }

    /// A vulnerability that one of the caller's devices has.
    pub fn vulnerability(&self, id: &str) -> Result<(&Known, RoaringBitmap)> {
        let known = self.book.vulnerability(id).map(|known| (known, self.devices_of(known)));
        known.filter(|(_, devices)| !devices.is_empty()).ok_or(StateError::NotFound("vulnerability"))
    }
}

impl State {
    /// What a caller sees of a tenant at an instant.
    pub(super) async fn sight(
        &self,
        tx: &mut Transaction<'static, Postgres>,
        tenant: TenantId,
        scope: &DeviceScope,
        now: TimeMicros,
    ) -> Result<Sight> {
        let book = self.shelf().book(tx, tenant).await?;
        let visible = visible(tx, tenant, scope).await?;
        let excepted = excepted(tx, tenant, now).await?;
        Ok(Sight { book, visible, excepted })
    }
}

/// Numbers of the devices in service that the scope covers.
pub(super) async fn visible(
    tx: &mut PgConnection,
    tenant: TenantId,
    scope: &DeviceScope,
) -> Result<RoaringBitmap> {
    let mut q = QueryBuilder::<Postgres>::new(
        "SELECT o.ordinal FROM device_ordinals o JOIN devices d ON d.tenant_id = o.tenant_id AND d.id = o.device_id
         WHERE d.status = 'active' AND o.tenant_id = ",
    );
    q.push_bind(tenant.0);
    scope.push_device(&mut q, "d.tenant_id", "d.id");
    let numbers: Vec<i32> = q.build_query_scalar().fetch_all(tx).await?;
    Ok(numbers.into_iter().filter_map(|n| u32::try_from(n).ok()).collect())
}

/// The number of a device that the scope covers; none where nothing was ever found out about it.
///
/// # Errors
/// `not_found` when there is no such device in the scope.
pub(super) async fn ordinal(
    tx: &mut PgConnection,
    tenant: TenantId,
    scope: &DeviceScope,
    device: DeviceId,
) -> Result<Option<u32>> {
    let mut q = QueryBuilder::<Postgres>::new(
        "SELECT o.ordinal FROM devices d
         LEFT JOIN device_ordinals o ON o.tenant_id = d.tenant_id AND o.device_id = d.id WHERE d.tenant_id = ",
    );
    q.push_bind(tenant.0).push(" AND d.id = ").push_bind(device.to_string());
    scope.push_device(&mut q, "d.tenant_id", "d.id");
    let found: Option<Option<i32>> = q.build_query_scalar().fetch_optional(tx).await?;
    let number = found.ok_or(StateError::NotFound("device"))?;
    Ok(number.and_then(|n| u32::try_from(n).ok()))
}

/// Devices' numbers as SQL binds them.
pub(super) fn numbers(devices: &RoaringBitmap) -> Vec<i32> {
    devices.iter().filter_map(|n| i32::try_from(n).ok()).collect()
}

/// What is excepted where at an instant.
pub(super) async fn excepted(tx: &mut PgConnection, tenant: TenantId, now: TimeMicros) -> Result<Excepted> {
    let rows = sqlx::query(
        "SELECT subject_kind, subject, group_id FROM vulnerability_exceptions
         WHERE tenant_id = $1 AND cancelled_at IS NULL AND (expires_at IS NULL OR expires_at > $2)",
    )
    .bind(tenant.0)
    .bind(now.0)
    .fetch_all(&mut *tx)
    .await?;
    let mut excepted = Excepted::default();
    let mut groups: HashMap<Uuid, RoaringBitmap> = HashMap::new();
    for r in &rows {
        let group: Option<Uuid> = r.try_get("group_id")?;
        let subject: String = r.try_get("subject")?;
        let of = match r.try_get::<&str, _>("subject_kind")? {
            "vulnerability" => &mut excepted.vulnerabilities,
            _ => &mut excepted.recommendations,
        };
        let at = of.entry(subject).or_default();
        let Some(group) = group else {
            at.everywhere = true;
            continue;
        };
        let members = match groups.entry(group) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => free.insert(visible(tx, tenant, &DeviceScope::groups(vec![group])).await?),
        };
        at.devices |= &*members;
    }
    Ok(excepted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_counts_only_devices_that_are_asked_for() {
        let devices = RoaringBitmap::from_iter([1, 2, 3]);
        let group = Where { everywhere: false, devices: RoaringBitmap::from_iter([3, 4]) };
        assert_eq!(group.of(&devices), 1);
        assert_eq!(Where { everywhere: true, ..Where::default() }.of(&devices), 3);
        assert_eq!(Excepted::default().of_vulnerability("x", &devices), 0);
    }
}
