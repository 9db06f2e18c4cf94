//! The secure score of the caller's devices: together, each, over time, and what costs how much of it.

use std::collections::HashMap;

use palisade_types::{DeviceId, TenantId, TimeMicros};
use roaring::RoaringBitmap;
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};

use super::super::affected::DeviceRef;
use super::super::book::bitmap;
use super::super::list::Range;
use super::super::sight::{ordinal, visible};
use crate::device_list::containing;
use crate::page::{self, Cursor};
use crate::{DeviceScope, Page, Result, State, StateError, row};

/// Points of a course at most.
const MOST_POINTS: i64 = 5_000;
/// Causes that are told at most.
const MOST_COSTS: usize = 50;

/// The score of each category, 0 to 100; none where nothing applies.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Categories {
    /// Applications and what is installed.
    pub application: Option<f64>,
    /// The operating system.
    pub os: Option<f64>,
    /// Network and what listens on it.
    pub network: Option<f64>,
    /// Accounts, passwords, rights.
    pub accounts: Option<f64>,
    /// What protects and records.
    pub security_controls: Option<f64>,
}

/// The secure score of all devices of the caller.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Secure {
    /// 0 to 100, the mean weighted by criticality; none where nothing applies.
    pub score: Option<f64>,
    /// By category.
    pub categories: Categories,
    /// Devices where something applies.
    pub devices: u64,
    /// Devices in service of which nothing is known.
    pub unassessed: u64,
    /// What costs most.
    pub costs: Vec<SecureCost>,
}

/// Something that costs points.
#[derive(Clone, Debug, PartialEq)]
pub struct SecureCost {
    /// The recommendation's id.
    pub cause: String,
    /// In words.
    pub title: String,
    /// Its category.
    pub category: String,
    /// Its weight, 1 to 10.
    pub impact: u64,
    /// Devices that do not comply.
    pub failing: u64,
    /// Points of the score.
    pub points: f64,
}

/// A device's secure score.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceSecure {
    /// The device.
    pub device: DeviceRef,
    /// 0 to 100; none where nothing applies.
    pub score: Option<f64>,
    /// By category.
    pub categories: Categories,
    /// When it last became another one.
    pub evaluated_at: TimeMicros,
}

/// The same with what costs it points.
#[derive(Clone, Debug, PartialEq)]
pub struct SecureOfDevice {
    /// The score.
    pub score: DeviceSecure,
    /// What costs most.
    pub costs: Vec<SecureCost>,
}

/// Which devices.
#[derive(Clone, Debug, Default)]
pub struct DeviceSecureQuery {
    /// Text that the name contains.
    pub search: Option<String>,
    /// Which part.
    pub range: Range,
}

/// The organisation's secure score in an hour.
#[derive(Clone, Debug, PartialEq)]
pub struct SecureCourse {
    /// When the hour began.
    pub at: TimeMicros,
    /// 0 to 100.
    pub score: f64,
    /// By category, those where something applies.
    pub categories: Value,
    /// Devices.
    pub devices: u64,
    /// Points by cause, by which it changed in the hour.
    pub changes: Value,
}

const NAMES: [&str; 5] = ["application", "os", "network", "accounts", "security_controls"];

fn categories(r: &PgRow) -> Result<Categories> {
    Ok(Categories {
        application: r.try_get("application")?,
        os: r.try_get("os")?,
        network: r.try_get("network")?,
        accounts: r.try_get("accounts")?,
        security_controls: r.try_get("security_controls")?,
    })
}

fn mean(column: &str) -> String {
    format!("sum(s.weight * s.{column}) / sum(s.weight) FILTER (WHERE s.{column} IS NOT NULL) AS {column}")
}

const DEVICE: &str =
    "d.id, d.name, d.os_distribution || ' ' || d.os_version AS os, e.exposure, s.score, s.application,
    s.os AS of_os, s.network, s.accounts, s.security_controls, s.evaluated_at";

/// Lowest first; devices where nothing applies come last.
const SORT: &str = "coalesce(s.score, 101::float8)";

fn scores(columns: &str, tenant: TenantId, scope: &DeviceScope) -> QueryBuilder<Postgres> {
    let mut q = QueryBuilder::<Postgres>::new(format!(
        "SELECT {columns} FROM device_secure_scores s
         JOIN devices d ON d.tenant_id = s.tenant_id AND d.id = s.device_id AND d.status = 'active'
         LEFT JOIN device_exposures e ON e.tenant_id = d.tenant_id AND e.device_id = d.id WHERE s.tenant_id = "
    ));
    q.push_bind(tenant.0);
    scope.push_device(&mut q, "d.tenant_id", "d.id");
    q
}

fn device(r: &PgRow) -> Result<DeviceSecure> {
    let os: String = r.try_get("os")?;
    Ok(DeviceSecure {
        device: DeviceRef {
            id: row::device(r, "id")?,
            name: r.try_get("name")?,
            os: os.trim().to_owned(),
            exposure: r.try_get("exposure")?,
        },
        score: r.try_get("score")?,
        categories: Categories {
            application: r.try_get("application")?,
            os: r.try_get("of_os")?,
            network: r.try_get("network")?,
            accounts: r.try_get("accounts")?,
            security_controls: r.try_get("security_controls")?,
        },
        evaluated_at: row::time(r, "evaluated_at")?,
    })
}

/// A device's weight, and the impacts that apply to it.
struct Counted {
    weight: f64,
    possible: f64,
}

/// What costs most on some devices; the parts of one cause add up over them.
async fn costs(tx: &mut PgConnection, tenant: TenantId, devices: &RoaringBitmap) -> Result<Vec<SecureCost>> {
    let rows = sqlx::query(
        "SELECT o.ordinal, s.weight, s.possible FROM device_secure_scores s
         JOIN device_ordinals o ON o.tenant_id = s.tenant_id AND o.device_id = s.device_id
         WHERE s.tenant_id = $1 AND s.possible > 0",
    )
    .bind(tenant.0)
    .fetch_all(&mut *tx)
    .await?;
    let mut counted = HashMap::new();
    for r in &rows {
        let number = u32::try_from(r.try_get::<i32, _>("ordinal")?).unwrap_or(u32::MAX);
        if devices.contains(number) {
            let possible = f64::from(r.try_get::<i32, _>("possible")?);
            counted.insert(number, Counted { weight: r.try_get("weight")?, possible });
        }
    }
    let all: f64 = counted.values().map(|c| c.weight).sum();
    let rows =
        sqlx::query("SELECT cause, title, category, impact, failed FROM secure_checks WHERE tenant_id = $1")
            .bind(tenant.0)
            .fetch_all(tx)
            .await?;
    let mut out = Vec::new();
    for r in &rows {
        let failing = bitmap(r.try_get("failed")?)? & devices;
        if failing.is_empty() || all <= 0.0 {
            continue;
        }
        let impact: i32 = r.try_get("impact")?;
        let lost = |c: &Counted| c.weight * f64::from(impact) * 100.0 / c.possible;
        let points = failing.iter().filter_map(|n| counted.get(&n)).map(lost).sum::<f64>() / all;
        out.push(SecureCost {
            cause: r.try_get("cause")?,
            title: r.try_get("title")?,
            category: r.try_get("category")?,
            impact: u64::try_from(impact).unwrap_or(0),
            failing: failing.len(),
            points,
        });
    }
    out.sort_by(|a, b| b.points.total_cmp(&a.points).then_with(|| a.cause.cmp(&b.cause)));
    out.truncate(MOST_COSTS);
    Ok(out)
}

impl State {
    /// The secure score of the scope's devices now, if asked for with what costs most.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn secure_score(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        with_costs: bool,
    ) -> Result<Secure> {
        let means: Vec<String> = std::iter::once("score").chain(NAMES).map(mean).collect();
        let mut q = QueryBuilder::<Postgres>::new(format!(
            "SELECT {}, count(s.score) AS devices, count(*) FILTER (WHERE s.device_id IS NULL) AS unassessed
             FROM devices d LEFT JOIN device_secure_scores s ON s.tenant_id = d.tenant_id AND s.device_id = d.id
             WHERE d.status = 'active' AND d.tenant_id = ",
            means.join(", ")
        ));
        q.push_bind(tenant.0);
        scope.push_device(&mut q, "d.tenant_id", "d.id");
        let mut tx = self.tenant_tx(tenant).await?;
        let r = q.build().fetch_one(&mut *tx).await?;
        let costs = if with_costs {
            let visible = visible(&mut tx, tenant, scope).await?;
            costs(&mut tx, tenant, &visible).await?
        } else {
            Vec::new()
        };
        tx.commit().await?;
        let count =
            |column: &str| -> Result<u64> { Ok(u64::try_from(r.try_get::<i64, _>(column)?).unwrap_or(0)) };
        Ok(Secure {
            score: r.try_get("score")?,
            categories: categories(&r)?,
            devices: count("devices")?,
            unassessed: count("unassessed")?,
            costs,
        })
    }

    /// The organisation's secure score since an instant, oldest first. There is none for somebody who does not see
    /// every device: it was not kept for parts of the organisation.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn secure_score_history(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        since: TimeMicros,
    ) -> Result<Vec<SecureCourse>> {
        if scope.is_limited() {
            return Ok(Vec::new());
        }
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = sqlx::query(
            "SELECT at, score, categories, devices, changes FROM secure_score_history
             WHERE tenant_id = $1 AND at >= $2 ORDER BY at DESC LIMIT $3",
        )
        .bind(tenant.0)
        .bind(since.0)
        .bind(MOST_POINTS)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.iter()
            .rev()
            .map(|r| {
                Ok(SecureCourse {
                    at: row::time(r, "at")?,
                    score: r.try_get("score")?,
                    categories: r.try_get("categories")?,
                    devices: u64::try_from(r.try_get::<i32, _>("devices")?).unwrap_or(0),
                    changes: r.try_get("changes")?,
                })
            })
            .collect()
    }

    /// A page of the scope's devices by their secure score, the lowest first.
    ///
    /// # Errors
    /// `cursor_invalid`.
    pub async fn device_secure_scores(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        wanted: &DeviceSecureQuery,
    ) -> Result<Page<DeviceSecure>> {
        let range = &wanted.range;
        let list = range.list("device_secure_scores", "score");
        let after = range.cursor.as_deref().map(|c| Cursor::decode(c, &list)).transpose()?;
        let from = |columns: &str| {
            let mut q = scores(columns, tenant, scope);
            if let Some(search) = wanted.search.as_deref().map(str::trim).filter(|s| !s.is_empty()) {
                q.push(" AND d.name ILIKE ").push_bind(containing(search));
            }
            q
        };
        let mut tx = self.tenant_tx(tenant).await?;
        let total: i64 = from("count(*)").build_query_scalar().fetch_one(&mut *tx).await?;
        let mut q = from(&format!("{DEVICE}, {SORT} AS key"));
        let (order, beyond) = if range.descending { ("DESC", "<") } else { ("ASC", ">") };
        if let Some(after) = after {
            let key: f64 = after.key.parse().map_err(|_| StateError::CursorInvalid)?;
            q.push(format!(" AND ({SORT}, d.id) {beyond} (")).push_bind(key);
            q.push(", ").push_bind(after.id).push(")");
        }
        q.push(format!(" ORDER BY {SORT} {order}, d.id {order} LIMIT ")).push_bind(range.sql_limit() + 1);
        let rows = q.build().fetch_all(&mut *tx).await?;
        tx.commit().await?;
        let mut items = Vec::with_capacity(rows.len());
        for r in &rows {
            items.push((r.try_get::<f64, _>("key")?, device(r)?));
        }
        let page = page::finish(items, range.sql_limit(), total, |(key, d)| Cursor {
            list: list.clone(),
            key: key.to_string(),
            id: d.device.id.to_string(),
        });
        let items = page.items.into_iter().map(|(_, d)| d).collect();
        Ok(Page { items, next_cursor: page.next_cursor, total: page.total })
    }

    /// The secure score of one device of the scope; none where it has told nothing yet.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn device_secure_score(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        of: DeviceId,
    ) -> Result<Option<SecureOfDevice>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let number = ordinal(&mut tx, tenant, scope, of).await?;
        let mut q = scores(DEVICE, tenant, scope);
        q.push(" AND s.device_id = ").push_bind(of.to_string());
        let Some(found) = q.build().fetch_optional(&mut *tx).await? else { return Ok(None) };
        let here: RoaringBitmap = number.into_iter().collect();
        let costs = costs(&mut tx, tenant, &here).await?;
        tx.commit().await?;
        Ok(Some(SecureOfDevice { score: device(&found)?, costs }))
    }
}
