//! What to do, with the caller's devices.

use std::str::FromStr;

use palisade_types::{DeviceId, TenantId, TimeMicros};
use roaring::RoaringBitmap;
use serde_json::Value;
use sqlx::Row;

use super::affected::{DeviceRef, devices_page};
use super::book::bitmap;
use super::list::{self, Key, Range, Sorted, contains, needle};
use super::severity_rank;
use super::sight::{Sight, ordinal};
use crate::{DeviceScope, Page, Result, State, StateError, row};

/// Something to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Recommendation {
    /// Identifier.
    pub id: String,
    /// `update`, `uninstall`, `upgrade_system`, `replace_certificate`, `configure`, `wait`.
    pub kind: String,
    /// What it is about.
    pub product: String,
    /// Distribution and release; empty for a language's package.
    pub release: String,
    /// The version to update to; empty where there is none.
    pub target: String,
    /// The worst severity that it takes away.
    pub severity: String,
    /// Whether one of the vulnerabilities is exploited.
    pub exploited: bool,
    /// Whether an exploit of one is public.
    pub exploit_public: bool,
    /// What has to start again: `none`, `processes`, `reboot`.
    pub restart: String,
    /// Vulnerabilities that it takes away.
    pub vulnerabilities: u64,
    /// The caller's devices that need it.
    pub devices: u64,
    /// Of these, devices for which an exception holds.
    pub excepted_devices: u64,
    /// By how much the organisation's exposure falls once it is done everywhere; none for somebody who does
    /// not see every device.
    pub effect: Option<f64>,
    /// The rest of it, as the vuln process wrote it.
    pub document: Value,
    /// When it was first given.
    pub first_seen: TimeMicros,
}

/// Which recommendations; all when nothing is said.
#[derive(Clone, Debug, Default)]
pub struct RecommendationQuery {
    /// Text that the product contains.
    pub search: Option<String>,
    /// Only of one of these kinds.
    pub kind: Vec<String>,
    /// Only of one of these severities.
    pub severity: Vec<String>,
    /// Only against what is exploited, or only others.
    pub exploited: Option<bool>,
    /// Only for one device.
    pub device: Option<DeviceId>,
    /// Whether those are left out that are excepted on every device.
    pub without_excepted: bool,
    /// In which order.
    pub sort: RecommendationSort,
    /// Which part.
    pub range: Range,
}

/// What recommendations are ordered by; identifiers break ties.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecommendationSort {
    /// By effect on the organisation's exposure.
    #[default]
    Effect,
    /// By what they are about.
    Product,
    /// By the number of devices.
    Devices,
    /// By the number of vulnerabilities.
    Vulnerabilities,
    /// By the worst severity.
    Severity,
}

impl RecommendationSort {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Effect, "effect"),
        (Self::Product, "product"),
        (Self::Devices, "devices"),
        (Self::Vulnerabilities, "vulnerabilities"),
        (Self::Severity, "severity"),
    ];

    fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(sort, _)| *sort == self).map_or("effect", |(_, name)| name)
    }

    fn key(self, r: &Recommendation) -> Key {
        match self {
            // Without the figure itself, what matters most still comes first.
            Self::Effect => match r.effect {
                Some(effect) => Key::Number(effect),
                None => Key::count(r.devices * u64::from(severity_rank(&r.severity))),
            },
            Self::Product => Key::text(&r.product),
            Self::Devices => Key::count(r.devices),
            Self::Vulnerabilities => Key::count(r.vulnerabilities),
            Self::Severity => Key::Number(f64::from(severity_rank(&r.severity))),
        }
    }
}

impl FromStr for RecommendationSort {
    type Err = StateError;

    fn from_str(s: &str) -> Result<Self> {
        let known = Self::ALL.iter().find(|(_, name)| *name == s).map(|(sort, _)| *sort);
        known.ok_or_else(|| StateError::InvalidArgument("recommendations cannot be sorted by that".into()))
    }
}

/// A recommendation with the caller's devices; none where none needs it.
fn recommendation(
    r: &sqlx::postgres::PgRow,
    sight: &Sight,
    whole: bool,
) -> Result<Option<(Recommendation, RoaringBitmap)>> {
    let devices = bitmap(r.try_get("devices")?)? & &sight.visible;
    if devices.is_empty() {
        return Ok(None);
    }
    let id: String = r.try_get("id")?;
    let effect: f64 = r.try_get("effect")?;
    let vulnerabilities: i32 = r.try_get("vulnerabilities")?;
    let mut one = Recommendation {
        kind: r.try_get("kind")?,
        product: r.try_get("product")?,
        release: r.try_get("release")?,
        target: r.try_get("target")?,
        severity: r.try_get("severity")?,
        exploited: r.try_get("exploited")?,
        exploit_public: r.try_get("exploit_public")?,
        restart: r.try_get("restart")?,
        vulnerabilities: u64::try_from(vulnerabilities).unwrap_or(0),
        devices: devices.len(),
        excepted_devices: sight.excepted.of_recommendation(&id, &devices),
        effect: whole.then_some(effect),
        document: r.try_get("document")?,
        first_seen: row::time(r, "first_seen")?,
        id,
    };
    if !whole {
        narrow(&mut one, sight);
    }
    Ok(Some((one, devices)))
}

/// Takes out of a recommendation what is of devices that the caller does not see: the vulnerabilities that
/// only these have, and the organisation's figures.
fn narrow(one: &mut Recommendation, sight: &Sight) {
    let Value::Object(document) = std::mem::take(&mut one.document) else { return };
    let mut kept = serde_json::Map::new();
    for (key, value) in document {
        match (key.as_str(), value) {
            // What it resolves is no vulnerability: how bad it is does not depend on the devices.
            ("resolved", _) if one.kind == "configure" => {}
            ("resolved" | "weaknesses", Value::Array(ids)) => {
                let known = |id: &Value| id.as_str().and_then(|id| sight.vulnerability(id).ok());
                let own: Vec<_> = ids.iter().filter_map(known).map(|(known, _)| known).collect();
                let worst = own.iter().map(|k| &*k.severity).max_by_key(|s| severity_rank(s));
                one.severity = worst.unwrap_or("unknown").to_owned();
                one.exploited = own.iter().any(|k| k.exploited);
                one.exploit_public = own.iter().any(|k| k.exploit_public);
                one.vulnerabilities = own.len() as u64;
                kept.insert(key, own.iter().map(|k| Value::from(k.id.as_str())).collect());
            }
            ("kind" | "software" | "check", value) => {
                kept.insert(key, value);
            }
            _ => {}
        }
    }
    one.document = Value::Object(kept);
}

const COLUMNS: &str = "SELECT id, kind, product, release, target, severity, exploited, exploit_public, restart,
    vulnerabilities, devices, effect, document, first_seen FROM vulnerability_recommendations WHERE tenant_id = $1";

impl RecommendationQuery {
    fn matches(&self, r: &Recommendation, needle: &str) -> bool {
        let among = |list: &[String], word: &str| list.is_empty() || list.iter().any(|w| w == word);
        among(&self.kind, &r.kind)
            && among(&self.severity, &r.severity)
            && self.exploited.is_none_or(|is| is == r.exploited)
            && !(self.without_excepted && r.excepted_devices == r.devices)
            && (contains(&r.product, needle) || contains(&r.target, needle))
    }
}

impl State {
    /// A page of what the scope's devices need.
    ///
    /// # Errors
    /// `cursor_invalid`, `not_found` for a device that is not there.
    pub async fn vulnerability_recommendations(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        wanted: &RecommendationQuery,
        now: TimeMicros,
    ) -> Result<Page<Recommendation>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sight = self.sight(&mut tx, tenant, scope, now).await?;
        let only = match wanted.device {
            Some(device) => Some(ordinal(&mut tx, tenant, scope, device).await?),
            None => None,
        };
        let found = sqlx::query(COLUMNS).bind(tenant.0).fetch_all(&mut *tx).await?;
        tx.commit().await?;
        let needle = needle(wanted.search.as_deref());
        let mut rows = Vec::new();
        for r in &found {
            let Some((one, devices)) = recommendation(r, &sight, !scope.is_limited())? else { continue };
            let of_device = only.is_none_or(|n| n.is_some_and(|n| devices.contains(n)));
            if of_device && wanted.matches(&one, &needle) {
                rows.push(Sorted { key: wanted.sort.key(&one), id: one.id.clone(), row: one });
            }
        }
        list::page(rows, &wanted.range.list("recommendations", wanted.sort.as_str()), &wanted.range)
    }

    /// One recommendation that a device of the scope needs.
    ///
    /// # Errors
    /// `not_found` where none does.
    pub async fn vulnerability_recommendation(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        id: &str,
        now: TimeMicros,
    ) -> Result<Recommendation> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sight = self.sight(&mut tx, tenant, scope, now).await?;
        let one = one(&mut tx, tenant, id, &sight, scope).await?;
        tx.commit().await?;
        Ok(one.0)
    }

    /// One recommendation with the numbers of the scope's devices that need it.
    ///
    /// # Errors
    /// `not_found` where none does.
    pub(crate) async fn recommendation_with_devices(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        id: &str,
        now: TimeMicros,
    ) -> Result<(Recommendation, RoaringBitmap)> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sight = self.sight(&mut tx, tenant, scope, now).await?;
        let found = one(&mut tx, tenant, id, &sight, scope).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// A page of the scope's devices that need it, by name.
    ///
    /// # Errors
    /// `not_found` where none does, `cursor_invalid`.
    pub async fn vulnerability_recommendation_devices(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        id: &str,
        (search, range): (Option<&str>, &Range),
        now: TimeMicros,
    ) -> Result<Page<DeviceRef>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sight = self.sight(&mut tx, tenant, scope, now).await?;
        let (_, devices) = one(&mut tx, tenant, id, &sight, scope).await?;
        let page = devices_page(&mut tx, tenant, &devices, search, ("recommendation_devices", range)).await?;
        tx.commit().await?;
        let items = page.items.into_iter().map(|(_, device)| device).collect();
        Ok(Page { items, next_cursor: page.next_cursor, total: page.total })
    }
}

async fn one(
    tx: &mut sqlx::PgConnection,
    tenant: TenantId,
    id: &str,
    sight: &Sight,
    scope: &DeviceScope,
) -> Result<(Recommendation, RoaringBitmap)> {
    let mut q = sqlx::QueryBuilder::<sqlx::Postgres>::new(COLUMNS.replace("$1", ""));
    q.push_bind(tenant.0).push(" AND id = ").push_bind(row::text(id, 200));
    let found = q.build().fetch_optional(tx).await?;
    let one = found.map(|r| recommendation(&r, sight, !scope.is_limited())).transpose()?.flatten();
    one.ok_or(StateError::NotFound("recommendation"))
}
