//! How exposed the caller's devices are: together, each, by group, and over time.

use palisade_types::{TenantId, TimeMicros};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use super::affected::DeviceRef;
use super::list::Range;
use crate::device_list::containing;
use crate::page::{self, Cursor};
use crate::{DeviceScope, Page, Result, State, StateError, row};

/// Points of a course at most.
const MOST_POINTS: i64 = 5_000;

/// How many vulnerabilities there are of each severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeverityCounts {
    /// Critical ones.
    pub critical: u64,
    /// High ones.
    pub high: u64,
    /// Medium ones.
    pub medium: u64,
    /// Low ones, and those without any.
    pub low: u64,
    /// Those that nobody has scored.
    pub unknown: u64,
}

impl SeverityCounts {
    fn add(&mut self, severity: &str) {
        let count = match severity {
            "critical" => &mut self.critical,
            "high" => &mut self.high,
            "medium" => &mut self.medium,
            "low" | "none" => &mut self.low,
            _ => &mut self.unknown,
        };
        *count += 1;
    }
}

/// The exposure of all devices of the caller.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exposure {
    /// 0 to 100, the mean weighted by criticality; none where no device was judged.
    pub score: Option<f64>,
    /// Of it what no update removes.
    pub unfixable: Option<f64>,
    /// Devices that were judged.
    pub devices: u64,
    /// Devices in service that were not: nobody knows what they have.
    pub unassessed: u64,
    /// Judged devices below 30, below 70, and from there on.
    pub levels: [u64; 3],
    /// Different vulnerabilities by severity.
    pub severities: SeverityCounts,
    /// Different vulnerabilities that are exploited.
    pub exploited: u64,
    /// Packages, each in one version, of which no feed speaks.
    pub uncovered: u64,
    /// When the device was judged that was judged longest ago.
    pub oldest: Option<TimeMicros>,
    /// When one was judged last.
    pub newest: Option<TimeMicros>,
}

/// The organisation's exposure at an instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExposurePoint {
    /// When.
    pub at: TimeMicros,
    /// 0 to 100.
    pub exposure: f64,
    /// Devices.
    pub devices: u64,
    /// Vulnerabilities found on them, all together.
    pub findings: u64,
}

/// How a device's inventory stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InventoryStanding {
    /// Whether all parts have come that its newest list names. Until then what was complete before counts.
    pub complete: bool,
    /// When the newest list came.
    pub received_at: TimeMicros,
    /// When the inventory was taken that was judged; none where none was.
    pub taken_at: Option<TimeMicros>,
}

/// How exposed a device is.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceExposure {
    /// The device; its exposure is there where it was judged.
    pub device: DeviceRef,
    /// Of its exposure what no update removes.
    pub unfixable: f64,
    /// Its secure score, 0 to 100; none where nothing applies.
    pub secure_score: Option<f64>,
    /// Vulnerabilities by severity.
    pub severities: SeverityCounts,
    /// Vulnerabilities that are exploited.
    pub exploited: u64,
    /// Packages.
    pub software: u64,
    /// Packages of which no feed speaks.
    pub uncovered: u64,
    /// What adds most to it, with its share.
    pub contributors: Value,
    /// When it was judged.
    pub evaluated_at: TimeMicros,
    /// How the inventory stands that it was judged by; none where it is gone.
    pub inventory: Option<InventoryStanding>,
}

/// Which devices; the most exposed first.
#[derive(Clone, Debug, Default)]
pub struct DeviceExposureQuery {
    /// Text that the name contains.
    pub search: Option<String>,
    /// `low`, `medium`, `high`; all when empty.
    pub level: Vec<String>,
    /// Which part; `descending` is the usual order.
    pub range: Range,
}

/// How exposed the devices of a group are.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupExposure {
    /// The group.
    pub group: Uuid,
    /// Its name.
    pub name: String,
    /// `low`, `normal`, `high`, `very_high`.
    pub criticality: String,
    /// Devices that were judged.
    pub devices: u64,
    /// Their exposure, weighted; none where no device was judged.
    pub score: Option<f64>,
}

fn count(r: &PgRow, column: &str) -> Result<u64> {
    Ok(u64::try_from(r.try_get::<i64, _>(column)?).unwrap_or(0))
}

fn small(r: &PgRow, column: &str) -> Result<u64> {
    Ok(u64::try_from(r.try_get::<i32, _>(column)?).unwrap_or(0))
}

const MEAN: &str = "sum(e.weight * e.exposure) / sum(e.weight)";

impl State {
    /// The exposure of the scope's devices now.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn exposure(&self, tenant: TenantId, scope: &DeviceScope, now: TimeMicros) -> Result<Exposure> {
        let mut tx = self.tenant_tx(tenant).await?;
        let mut exposure = figures(&mut tx, tenant, scope).await?;
        let sight = self.sight(&mut tx, tenant, scope, now).await?;
        tx.commit().await?;
        for known in &sight.book.vulnerabilities {
            if sight.book.of_vulnerability(known).any(|(_, c)| !c.devices.is_disjoint(&sight.visible)) {
                exposure.severities.add(&known.severity);
                exposure.exploited += u64::from(known.exploited);
            }
        }
        let uncovered = |c: &&super::book::Component| !c.covered && !c.devices.is_disjoint(&sight.visible);
        exposure.uncovered = sight.book.components.iter().filter(uncovered).count() as u64;
        Ok(exposure)
    }

    /// The organisation's exposure since an instant, oldest first. There is none for somebody who does not
    /// see every device: it was not kept for parts of the organisation.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn exposure_history(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        since: TimeMicros,
    ) -> Result<Vec<ExposurePoint>> {
        if scope.is_limited() {
            return Ok(Vec::new());
        }
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = sqlx::query(
            "SELECT at, exposure, devices, findings FROM exposure_history
             WHERE tenant_id = $1 AND at >= $2 ORDER BY at DESC LIMIT $3",
        )
        .bind(tenant.0)
        .bind(since.0)
        .bind(MOST_POINTS)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let point = |r: &PgRow| {
            Ok(ExposurePoint {
                at: row::time(r, "at")?,
                exposure: r.try_get("exposure")?,
                devices: small(r, "devices")?,
                findings: small(r, "findings")?,
            })
        };
        rows.iter().rev().map(point).collect()
    }

    /// A page of the scope's devices by their exposure.
    ///
    /// # Errors
    /// `cursor_invalid`.
    pub async fn device_exposures(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        wanted: &DeviceExposureQuery,
    ) -> Result<Page<DeviceExposure>> {
        let range = &wanted.range;
        let list = range.list("device_exposures", "exposure");
        let after = range.cursor.as_deref().map(|c| Cursor::decode(c, &list)).transpose()?;
        let from = |columns: &str| exposures_from(columns, tenant, scope, wanted);
        let mut tx = self.tenant_tx(tenant).await?;
        let total: i64 = from("count(*)").build_query_scalar().fetch_one(&mut *tx).await?;
        let mut q = from(DEVICE_COLUMNS);
        let (order, beyond) = if range.descending { ("DESC", "<") } else { ("ASC", ">") };
        if let Some(after) = after {
            let key: f64 = after.key.parse().map_err(|_| StateError::CursorInvalid)?;
            q.push(format!(" AND (e.exposure, d.id) {beyond} (")).push_bind(key);
            q.push(", ").push_bind(after.id).push(")");
        }
        q.push(format!(" ORDER BY e.exposure {order}, d.id {order} LIMIT ")).push_bind(range.sql_limit() + 1);
        let rows = q.build().fetch_all(&mut *tx).await?;
        tx.commit().await?;
        let items = rows.iter().map(device_exposure).collect::<Result<Vec<_>>>()?;
        Ok(page::finish(items, range.sql_limit(), total, |e| Cursor {
            list: list.clone(),
            key: e.device.exposure.unwrap_or_default().to_string(),
            id: e.device.id.to_string(),
        }))
    }

    /// How exposed one device of the scope is; none where it was not judged yet.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn device_exposure(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        device: palisade_types::DeviceId,
    ) -> Result<Option<DeviceExposure>> {
        let mut tx = self.tenant_tx(tenant).await?;
        super::sight::ordinal(&mut tx, tenant, scope, device).await?;
        let mut q = exposures_from(DEVICE_COLUMNS, tenant, scope, &DeviceExposureQuery::default());
        q.push(" AND d.id = ").push_bind(device.to_string());
        let found = q.build().fetch_optional(&mut *tx).await?;
        tx.commit().await?;
        found.as_ref().map(device_exposure).transpose()
    }

    /// How the inventory of a device of the scope stands; none where it has told nothing.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn inventory_standing(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        device: palisade_types::DeviceId,
    ) -> Result<Option<InventoryStanding>> {
        let mut tx = self.tenant_tx(tenant).await?;
        super::sight::ordinal(&mut tx, tenant, scope, device).await?;
        let found = sqlx::query(
            "SELECT i.complete, i.received_at, c.taken_at FROM device_inventories i
             LEFT JOIN device_components c ON c.tenant_id = i.tenant_id AND c.device_id = i.device_id
             WHERE i.tenant_id = $1 AND i.device_id = $2",
        )
        .bind(tenant.0)
        .bind(device.to_string())
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(found.as_ref().map(standing).transpose()?.flatten())
    }

    /// How exposed each device group is that the scope covers, most exposed first.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn group_exposures(&self, tenant: TenantId, scope: &DeviceScope) -> Result<Vec<GroupExposure>> {
        let mut q = QueryBuilder::<Postgres>::new(format!(
            "SELECT g.id, g.name, g.criticality, count(e.device_id) AS devices, {MEAN} AS score
             FROM device_groups g
             LEFT JOIN device_group_members m ON m.tenant_id = g.tenant_id AND m.group_id = g.id
             LEFT JOIN devices d ON d.tenant_id = m.tenant_id AND d.id = m.device_id AND d.status = 'active'"
        ));
        scope.push_device(&mut q, "d.tenant_id", "d.id");
        q.push(
            " LEFT JOIN device_exposures e ON e.tenant_id = d.tenant_id AND e.device_id = d.id WHERE g.tenant_id = ",
        );
        q.push_bind(tenant.0)
            .push(" GROUP BY g.id, g.name, g.criticality ORDER BY score DESC NULLS LAST, g.name");
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = q.build().fetch_all(&mut *tx).await?;
        tx.commit().await?;
        let mut groups = Vec::with_capacity(rows.len());
        for r in &rows {
            let group = GroupExposure {
                group: r.try_get("id")?,
                name: r.try_get("name")?,
                criticality: r.try_get("criticality")?,
                devices: count(r, "devices")?,
                score: r.try_get("score")?,
            };
            if !scope.excludes_group(group.group) {
                groups.push(group);
            }
        }
        Ok(groups)
    }
}

const DEVICE_COLUMNS: &str =
    "d.id, d.name, d.os_distribution || ' ' || d.os_version AS os, e.exposure, e.unfixable,
    e.critical, e.high, e.medium, e.low, e.unknown, e.exploited, e.software, e.uncovered, e.contributors,
    e.evaluated_at, i.complete, i.received_at, c.taken_at, ss.score AS secure_score";

fn exposures_from(
    columns: &str,
    tenant: TenantId,
    scope: &DeviceScope,
    wanted: &DeviceExposureQuery,
) -> QueryBuilder<Postgres> {
    let mut q = QueryBuilder::<Postgres>::new(format!(
        "SELECT {columns} FROM device_exposures e
         JOIN devices d ON d.tenant_id = e.tenant_id AND d.id = e.device_id
         LEFT JOIN device_inventories i ON i.tenant_id = e.tenant_id AND i.device_id = e.device_id
         LEFT JOIN device_components c ON c.tenant_id = e.tenant_id AND c.device_id = e.device_id
         LEFT JOIN device_secure_scores ss ON ss.tenant_id = e.tenant_id AND ss.device_id = e.device_id
         WHERE d.status = 'active' AND e.tenant_id = "
    ));
    q.push_bind(tenant.0);
    scope.push_device(&mut q, "d.tenant_id", "d.id");
    if let Some(search) = wanted.search.as_deref().map(str::trim).filter(|s| !s.is_empty()) {
        q.push(" AND d.name ILIKE ").push_bind(containing(search));
    }
    if !wanted.level.is_empty() {
        q.push(" AND CASE WHEN e.exposure < 30 THEN 'low' WHEN e.exposure < 70 THEN 'medium' ELSE 'high' END = ANY(")
            .push_bind(wanted.level.clone())
            .push(")");
    }
    q
}

fn device_exposure(r: &PgRow) -> Result<DeviceExposure> {
    let os: String = r.try_get("os")?;
    Ok(DeviceExposure {
        device: DeviceRef {
            id: row::device(r, "id")?,
            name: r.try_get("name")?,
            os: os.trim().to_owned(),
            exposure: r.try_get("exposure")?,
        },
        unfixable: r.try_get("unfixable")?,
        secure_score: r.try_get("secure_score")?,
        severities: SeverityCounts {
            critical: small(r, "critical")?,
            high: small(r, "high")?,
            medium: small(r, "medium")?,
            low: small(r, "low")?,
            unknown: small(r, "unknown")?,
        },
        exploited: small(r, "exploited")?,
        software: small(r, "software")?,
        uncovered: small(r, "uncovered")?,
        contributors: r.try_get("contributors")?,
        evaluated_at: row::time(r, "evaluated_at")?,
        inventory: standing(r)?,
    })
}

fn standing(r: &PgRow) -> Result<Option<InventoryStanding>> {
    let (Some(complete), Some(received_at)) =
        (r.try_get::<Option<bool>, _>("complete")?, row::time_opt(r, "received_at")?)
    else {
        return Ok(None);
    };
    Ok(Some(InventoryStanding { complete, received_at, taken_at: row::time_opt(r, "taken_at")? }))
}

/// The figures that are added up from devices.
async fn figures(tx: &mut PgConnection, tenant: TenantId, scope: &DeviceScope) -> Result<Exposure> {
    let mut q = QueryBuilder::<Postgres>::new(format!(
        "SELECT {MEAN} AS score, sum(e.weight * e.unfixable) / sum(e.weight) AS unfixable,
                count(e.device_id) AS devices, count(*) FILTER (WHERE e.device_id IS NULL) AS unassessed,
                count(*) FILTER (WHERE e.exposure < 30) AS low,
                count(*) FILTER (WHERE e.exposure >= 30 AND e.exposure < 70) AS medium,
                count(*) FILTER (WHERE e.exposure >= 70) AS high,
                min(e.evaluated_at) AS oldest, max(e.evaluated_at) AS newest
         FROM devices d LEFT JOIN device_exposures e ON e.tenant_id = d.tenant_id AND e.device_id = d.id
         WHERE d.status = 'active' AND d.tenant_id = "
    ));
    q.push_bind(tenant.0);
    scope.push_device(&mut q, "d.tenant_id", "d.id");
    let r = q.build().fetch_one(tx).await?;
    Ok(Exposure {
        score: r.try_get("score")?,
        unfixable: r.try_get("unfixable")?,
        devices: count(&r, "devices")?,
        unassessed: count(&r, "unassessed")?,
        levels: [count(&r, "low")?, count(&r, "medium")?, count(&r, "high")?],
        oldest: row::time_opt(&r, "oldest")?,
        newest: row::time_opt(&r, "newest")?,
        ..Exposure::default()
    })
}
