//! What devices found, within the caller's devices.

use palisade_types::{DeviceId, TenantId, TimeMicros};
use roaring::RoaringBitmap;
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder, Row};

use super::super::affected::{DeviceRef, devices_page};
use super::super::book::bitmap;
use super::super::list::Range;
use super::super::sight::{excepted, ordinal, visible};
use crate::device_list::containing;
use crate::page::{self, Cursor};
use crate::{DeviceScope, Page, Result, State, StateError, row};

/// Days of a course at most.
const MOST_DAYS: i64 = 500;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckState {
    /// It is as it should be.
    Compliant,
    /// It is not.
    NotCompliant,
    /// There is nothing there that it speaks about.
    NotApplicable,
    /// It could not be told.
    NotEvaluated,
}

impl CheckState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Compliant, Self::NotCompliant, Self::NotApplicable, Self::NotEvaluated];

    /// As it is written, which is its column's name too.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Compliant => "compliant",
            Self::NotCompliant => "not_compliant",
            Self::NotApplicable => "not_applicable",
            Self::NotEvaluated => "not_evaluated",
        }
    }
}

/// Results together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tallied {
    /// Compliant.
    pub compliant: u64,
    /// Not compliant.
    pub not_compliant: u64,
    /// Not applicable.
    pub not_applicable: u64,
    /// Not evaluated.
    pub not_evaluated: u64,
}

impl Tallied {
    /// Compliant ones of those that say something, in percent; none where none does.
    #[allow(clippy::cast_precision_loss)]
    pub fn percent(self) -> Option<f64> {
        let said = self.compliant + self.not_compliant;
        (said > 0).then(|| self.compliant as f64 * 100.0 / said as f64)
    }

    fn read(r: &PgRow) -> Result<Self> {
        let count =
            |column: &str| -> Result<u64> { Ok(u64::try_from(r.try_get::<i64, _>(column)?).unwrap_or(0)) };
        Ok(Self {
            compliant: count("compliant")?,
            not_compliant: count("not_compliant")?,
            not_applicable: count("not_applicable")?,
            not_evaluated: count("not_evaluated")?,
        })
    }
}

/// Runs of one revision of a profile, on the caller's devices.
#[derive(Clone, Debug, PartialEq)]
pub struct BaselineRun {
    /// The profile.
    pub profile: String,
    /// The revision's word.
    pub revision: String,
    /// Whether nobody chose it.
    pub by_default: bool,
    /// Devices that ran it.
    pub devices: u64,
    /// Of these, devices without a check that is not met.
    pub compliant_devices: u64,
    /// Results.
    pub tallied: Tallied,
    /// When it was run that was run longest ago.
    pub oldest: TimeMicros,
    /// When one was run last.
    pub newest: TimeMicros,
}

/// A check of a profile, on the caller's devices.
#[derive(Clone, Debug, PartialEq)]
pub struct BaselineCheckCounts {
    /// The check.
    pub check: String,
    /// On how many devices it ended how.
    pub tallied: Tallied,
}

/// A check's result on a device.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckOn {
    /// The device.
    pub device: DeviceRef,
    /// What it told: baseline's document, `null` where that has changed meanwhile.
    pub seen: Value,
}

/// A profile's last run on a device.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceBaseline {
    /// The device.
    pub device: DeviceRef,
    /// The profile.
    pub profile: String,
    /// The revision's word.
    pub revision: String,
    /// Whether nobody chose it.
    pub by_default: bool,
    /// When it was run.
    pub ran_at: TimeMicros,
    /// System and version.
    pub system: String,
    /// Results.
    pub tallied: Tallied,
    /// Why it was not run; empty where it was.
    pub error: String,
}

/// A profile's compliance on a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BaselineCourse {
    /// When the day began.
    pub day: TimeMicros,
    /// Devices.
    pub devices: u64,
    /// Devices without a check that is not met.
    pub compliant_devices: u64,
    /// Compliant results in percent; none where none says anything.
    pub percent: Option<f64>,
}

const SUMS: &str =
    "count(*) AS devices, count(*) FILTER (WHERE b.not_compliant = 0 AND b.error = '') AS compliant_devices,
    sum(b.compliant)::bigint AS compliant, sum(b.not_compliant)::bigint AS not_compliant,
    sum(b.not_applicable)::bigint AS not_applicable, sum(b.not_evaluated)::bigint AS not_evaluated,
    min(b.ran_at) AS oldest, max(b.ran_at) AS newest";

const RUN: &str =
    "d.id, d.name, d.os_distribution || ' ' || d.os_version AS os, e.exposure, b.profile, b.revision,
    b.by_default, b.ran_at, b.system, b.compliant::bigint, b.not_compliant::bigint, b.not_applicable::bigint,
    b.not_evaluated::bigint, b.error";

/// Lowest first; what says nothing comes last.
const SORT: &str =
    "coalesce(100.0::float8 * b.compliant / nullif(b.compliant + b.not_compliant, 0), 101::float8)";

fn runs(columns: &str, tenant: TenantId, scope: &DeviceScope) -> QueryBuilder<Postgres> {
    let mut q = QueryBuilder::<Postgres>::new(format!(
        "SELECT {columns} FROM device_baselines b
         JOIN devices d ON d.tenant_id = b.tenant_id AND d.id = b.device_id AND d.status = 'active'
         LEFT JOIN device_exposures e ON e.tenant_id = d.tenant_id AND e.device_id = d.id WHERE b.tenant_id = "
    ));
    q.push_bind(tenant.0);
    scope.push_device(&mut q, "d.tenant_id", "d.id");
    q
}

fn run(r: &PgRow) -> Result<DeviceBaseline> {
    let os: String = r.try_get("os")?;
    Ok(DeviceBaseline {
        device: DeviceRef {
            id: row::device(r, "id")?,
            name: r.try_get("name")?,
            os: os.trim().to_owned(),
            exposure: r.try_get("exposure")?,
        },
        profile: r.try_get("profile")?,
        revision: r.try_get("revision")?,
        by_default: r.try_get("by_default")?,
        ran_at: row::time(r, "ran_at")?,
        system: r.try_get("system")?,
        tallied: Tallied::read(r)?,
        error: r.try_get("error")?,
    })
}

impl State {
    /// What the scope's devices ran, by profile and revision.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn baseline_runs(&self, tenant: TenantId, scope: &DeviceScope) -> Result<Vec<BaselineRun>> {
        let mut q = runs(&format!("b.profile, b.revision, b.by_default, {SUMS}"), tenant, scope);
        q.push(" GROUP BY 1, 2, 3 ORDER BY 1, 2, 3");
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = q.build().fetch_all(&mut *tx).await?;
        tx.commit().await?;
        let count = |r: &PgRow, column: &str| -> Result<u64> {
            Ok(u64::try_from(r.try_get::<i64, _>(column)?).unwrap_or(0))
        };
        rows.iter()
            .map(|r| {
                Ok(BaselineRun {
                    profile: r.try_get("profile")?,
                    revision: r.try_get("revision")?,
                    by_default: r.try_get("by_default")?,
                    devices: count(r, "devices")?,
                    compliant_devices: count(r, "compliant_devices")?,
                    tallied: Tallied::read(r)?,
                    oldest: row::time(r, "oldest")?,
                    newest: row::time(r, "newest")?,
                })
            })
            .collect()
    }

    /// A profile's checks as they ended on the scope's devices, by id.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn baseline_checks(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        profile: &str,
    ) -> Result<Vec<BaselineCheckCounts>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let visible = visible(&mut tx, tenant, scope).await?;
        let rows = sqlx::query(
            "SELECT check_id, compliant, not_compliant, not_applicable, not_evaluated FROM baseline_checks
             WHERE tenant_id = $1 AND profile = $2 ORDER BY check_id",
        )
        .bind(tenant.0)
        .bind(profile)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let count = |r: &PgRow, state: CheckState| -> Result<u64> {
            Ok(bitmap(r.try_get(state.as_str())?)?.intersection_len(&visible))
        };
        rows.iter()
            .map(|r| {
                Ok(BaselineCheckCounts {
                    check: r.try_get("check_id")?,
                    tallied: Tallied {
                        compliant: count(r, CheckState::Compliant)?,
                        not_compliant: count(r, CheckState::NotCompliant)?,
                        not_applicable: count(r, CheckState::NotApplicable)?,
                        not_evaluated: count(r, CheckState::NotEvaluated)?,
                    },
                })
            })
            .collect()
    }

    /// A page of the scope's devices on which a profile's check ended so, by name, each with what it told.
    ///
    /// # Errors
    /// `cursor_invalid`.
    pub async fn baseline_check_devices(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        (profile, check, state): (&str, &str, CheckState),
        (search, range): (Option<&str>, &Range),
    ) -> Result<Page<CheckOn>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let visible = visible(&mut tx, tenant, scope).await?;
        let sql = format!(
            "SELECT {} FROM baseline_checks WHERE tenant_id = $1 AND profile = $2 AND check_id = $3",
            state.as_str()
        );
        let found: Option<Vec<u8>> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .bind(tenant.0)
            .bind(profile)
            .bind(check)
            .fetch_optional(&mut *tx)
            .await?;
        let devices = match found {
            Some(bytes) => bitmap(&bytes)? & visible,
            None => RoaringBitmap::new(),
        };
        let page = devices_page(&mut tx, tenant, &devices, search, ("baseline_check_devices", range)).await?;
        let names: Vec<String> = page.items.iter().map(|(_, d)| d.id.to_string()).collect();
        let rows = sqlx::query(
            "SELECT device_id, body -> 'checks' -> $3 AS seen FROM device_inventory_parts
             WHERE tenant_id = $1 AND part = $2 AND device_id = ANY($4)",
        )
        .bind(tenant.0)
        .bind(format!("baseline/{profile}"))
        .bind(check)
        .bind(&names)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let mut seen = std::collections::HashMap::new();
        for r in &rows {
            let device: String = r.try_get("device_id")?;
            seen.insert(device, r.try_get::<Option<Value>, _>("seen")?.unwrap_or_default());
        }
        let items = page.items.into_iter().map(|(_, device)| {
            let seen = seen.remove(&device.id.to_string()).unwrap_or_default();
            CheckOn { device, seen }
        });
        Ok(Page { items: items.collect(), next_cursor: page.next_cursor, total: page.total })
    }

    /// A page of the scope's devices that ran a profile, those that comply least first.
    ///
    /// # Errors
    /// `cursor_invalid`.
    pub async fn baseline_devices(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        profile: &str,
        (search, range): (Option<&str>, &Range),
    ) -> Result<Page<DeviceBaseline>> {
        let list = range.list("baseline_devices", "percent");
        let after = range.cursor.as_deref().map(|c| Cursor::decode(c, &list)).transpose()?;
        let from = |columns: &str| {
            let mut q = runs(columns, tenant, scope);
            q.push(" AND b.profile = ").push_bind(profile.to_owned());
            if let Some(search) = search.map(str::trim).filter(|s| !s.is_empty()) {
                q.push(" AND d.name ILIKE ").push_bind(containing(search));
            }
            q
        };
        let mut tx = self.tenant_tx(tenant).await?;
        let total: i64 = from("count(*)").build_query_scalar().fetch_one(&mut *tx).await?;
        let mut q = from(&format!("{RUN}, {SORT} AS key"));
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
            items.push((r.try_get::<f64, _>("key")?, run(r)?));
        }
        let page = page::finish(items, range.sql_limit(), total, |(key, b)| Cursor {
            list: list.clone(),
            key: key.to_string(),
            id: b.device.id.to_string(),
        });
        let items = page.items.into_iter().map(|(_, b)| b).collect();
        Ok(Page { items, next_cursor: page.next_cursor, total: page.total })
    }

    /// What one device of the scope ran, by profile.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn device_baselines(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        device: DeviceId,
    ) -> Result<Vec<DeviceBaseline>> {
        let mut tx = self.tenant_tx(tenant).await?;
        ordinal(&mut tx, tenant, scope, device).await?;
        let mut q = runs(RUN, tenant, scope);
        q.push(" AND b.device_id = ").push_bind(device.to_string()).push(" ORDER BY b.profile");
        let rows = q.build().fetch_all(&mut *tx).await?;
        tx.commit().await?;
        rows.iter().map(run).collect()
    }

    /// What one device of the scope told of a profile's run, and the checks that are excepted there.
    ///
    /// # Errors
    /// `not_found`: the device, or it did not run it.
    pub async fn device_baseline(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        (device, profile): (DeviceId, &str),
        now: TimeMicros,
    ) -> Result<(Value, Vec<String>)> {
        let mut tx = self.tenant_tx(tenant).await?;
        let number = ordinal(&mut tx, tenant, scope, device).await?;
        let body: Option<Value> = sqlx::query_scalar(
            "SELECT body FROM device_inventory_parts WHERE tenant_id = $1 AND device_id = $2 AND part = $3",
        )
        .bind(tenant.0)
        .bind(device.to_string())
        .bind(format!("baseline/{profile}"))
        .fetch_optional(&mut *tx)
        .await?;
        let body = body.ok_or(StateError::NotFound("run of this profile on the device"))?;
        let excepted = excepted(&mut tx, tenant, now).await?;
        tx.commit().await?;
        let here: RoaringBitmap = number.into_iter().collect();
        let checks = body["checks"].as_object().into_iter().flat_map(|checks| checks.keys());
        let free = checks.filter(|id| excepted.of_recommendation(&format!("configure/{id}"), &here) > 0);
        let free = free.cloned().collect();
        Ok((body, free))
    }

    /// A profile's compliance since an instant, oldest first. There is none for somebody who does not see every
    /// device: it was not kept for parts of the organisation.
    ///
    /// # Errors
    /// Only those of the store itself.
    #[allow(clippy::cast_precision_loss)]
    pub async fn baseline_history(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        profile: &str,
        since: TimeMicros,
    ) -> Result<Vec<BaselineCourse>> {
        if scope.is_limited() {
            return Ok(Vec::new());
        }
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = sqlx::query(
            "SELECT day, devices, compliant_devices, compliant, not_compliant FROM baseline_history
             WHERE tenant_id = $1 AND profile = $2 AND day >= $3 ORDER BY day DESC LIMIT $4",
        )
        .bind(tenant.0)
        .bind(profile)
        .bind(since.0)
        .bind(MOST_DAYS)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let small = |r: &PgRow, column: &str| -> Result<u64> {
            Ok(u64::try_from(r.try_get::<i32, _>(column)?).unwrap_or(0))
        };
        let whole = |r: &PgRow, column: &str| -> Result<u64> {
            Ok(u64::try_from(r.try_get::<i64, _>(column)?).unwrap_or(0))
        };
        rows.iter()
            .rev()
            .map(|r| {
                let tallied = Tallied {
                    compliant: whole(r, "compliant")?,
                    not_compliant: whole(r, "not_compliant")?,
                    ..Tallied::default()
                };
                Ok(BaselineCourse {
                    day: row::time(r, "day")?,
                    devices: small(r, "devices")?,
                    compliant_devices: small(r, "compliant_devices")?,
                    percent: tallied.percent(),
                })
            })
            .collect()
    }
}
