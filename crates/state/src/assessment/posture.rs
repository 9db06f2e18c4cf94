//! What the vuln process writes of baselines and the secure score.

use std::collections::BTreeMap;

use palisade_types::{TenantId, TimeMicros};
use serde::Serialize;
use serde_json::Value;
use sqlx::{PgConnection, Row};

use super::{Kept, bytea};
use crate::{Result, State};

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

/// A profile's last run on a device.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[allow(missing_docs)] // As the columns of `device_baselines`, which the migration describes.
pub struct DeviceBaselineRow {
    pub device_id: String,
    pub profile: String,
    pub revision: String,
    pub by_default: bool,
    pub ran_at: i64,
    pub system: String,
    pub compliant: u32,
    pub not_compliant: u32,
    pub not_applicable: u32,
    pub not_evaluated: u32,
    pub error: String,
}

/// How a profile's check ended where. Bitmaps are of device ordinals, portable roaring.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[allow(missing_docs)] // As the columns of `baseline_checks`.
pub struct BaselineCheckRow {
    pub profile: String,
    pub check_id: String,
    #[serde(serialize_with = "bytea")]
    pub compliant: Vec<u8>,
    #[serde(serialize_with = "bytea")]
    pub not_compliant: Vec<u8>,
    #[serde(serialize_with = "bytea")]
    pub not_applicable: Vec<u8>,
    #[serde(serialize_with = "bytea")]
    pub not_evaluated: Vec<u8>,
}

/// A device's secure score.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[allow(missing_docs)] // As the columns of `device_secure_scores`.
pub struct SecureScoreRow {
    pub device_id: String,
    pub score: Option<f64>,
    pub application: Option<f64>,
    pub os: Option<f64>,
    pub network: Option<f64>,
    pub accounts: Option<f64>,
    pub security_controls: Option<f64>,
    pub possible: u32,
    pub weight: f64,
}

/// Something that secure scores are made of.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[allow(missing_docs)] // As the columns of `secure_checks`.
pub struct SecureCheckRow {
    pub cause: String,
    pub title: String,
    pub category: String,
    pub impact: u32,
    #[serde(serialize_with = "bytea")]
    pub passed: Vec<u8>,
    #[serde(serialize_with = "bytea")]
    pub failed: Vec<u8>,
}

/// The organisation's secure score, and by what it differs from the one before.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SecurePoint {
    /// 0 to 100.
    pub score: f64,
    /// Of each category where something applies.
    pub categories: BTreeMap<String, f64>,
    /// Devices where something applies.
    pub devices: u32,
    /// Points by cause.
    pub changes: BTreeMap<String, f64>,
}

/// A profile's compliance over all devices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BaselinePoint {
    /// Devices that ran it.
    pub devices: u32,
    /// Devices without a check that is not met.
    pub compliant_devices: u32,
    /// Results that are compliant.
    pub compliant: u64,
    /// Results that are not.
    pub not_compliant: u64,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub struct PostureWrite {
    /// Runs.
    pub baselines: Vec<DeviceBaselineRow>,
    /// Checks.
    pub checks: Vec<BaselineCheckRow>,
    /// Compliance by profile.
    pub compliance: BTreeMap<String, BaselinePoint>,
    /// Secure scores of devices.
    pub scores: Vec<SecureScoreRow>,
    /// What they are made of.
    pub causes: Vec<SecureCheckRow>,
    /// The organisation; none where nothing applies anywhere.
    pub point: Option<SecurePoint>,
}

const RUNS: Kept = Kept {
    table: "device_baselines",
    key: &[("device_id", "text"), ("profile", "text")],
    rest: &[
        ("revision", "text"),
        ("by_default", "boolean"),
        ("ran_at", "bigint"),
        ("system", "text"),
        ("compliant", "integer"),
        ("not_compliant", "integer"),
        ("not_applicable", "integer"),
        ("not_evaluated", "integer"),
        ("error", "text"),
    ],
    first_seen: false,
    changed: "changed_at",
};

const CHECKS: Kept = Kept {
    table: "baseline_checks",
    key: &[("profile", "text"), ("check_id", "text")],
    rest: &[
        ("compliant", "bytea"),
        ("not_compliant", "bytea"),
        ("not_applicable", "bytea"),
        ("not_evaluated", "bytea"),
    ],
    first_seen: false,
    changed: "changed_at",
};

const SCORES: Kept = Kept {
    table: "device_secure_scores",
    key: &[("device_id", "text")],
    rest: &[
        ("score", "double precision"),
        ("application", "double precision"),
        ("os", "double precision"),
        ("network", "double precision"),
        ("accounts", "double precision"),
        ("security_controls", "double precision"),
        ("possible", "integer"),
        ("weight", "double precision"),
    ],
    first_seen: false,
    changed: "evaluated_at",
};

const CAUSES: Kept = Kept {
    table: "secure_checks",
    key: &[("cause", "text")],
    rest: &[
        ("title", "text"),
        ("category", "text"),
        ("impact", "integer"),
        ("passed", "bytea"),
        ("failed", "bytea"),
    ],
    first_seen: false,
    changed: "changed_at",
};

/// Writes all of it, within the assessment's transaction.
pub(super) async fn write(
    tx: &mut PgConnection,
    tenant: TenantId,
    posture: &PostureWrite,
    now: TimeMicros,
) -> Result<()> {
    RUNS.replace(tx, tenant, &posture.baselines, now).await?;
    CHECKS.replace(tx, tenant, &posture.checks, now).await?;
    SCORES.replace(tx, tenant, &posture.scores, now).await?;
    CAUSES.replace(tx, tenant, &posture.causes, now).await?;
    for (profile, point) in &posture.compliance {
        add_day(tx, tenant, profile, point, now).await?;
    }
    if let Some(point) = &posture.point {
        add_hour(tx, tenant, point, now).await?;
    }
    Ok(())
}

/// Keeps one row a day: the last of each.
async fn add_day(
    tx: &mut PgConnection,
    tenant: TenantId,
    profile: &str,
    point: &BaselinePoint,
    now: TimeMicros,
) -> Result<()> {
    let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    sqlx::query(
        "INSERT INTO baseline_history (tenant_id, profile, day, devices, compliant_devices, compliant, not_compliant)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (tenant_id, profile, day) DO UPDATE SET devices = excluded.devices,
             compliant_devices = excluded.compliant_devices, compliant = excluded.compliant,
             not_compliant = excluded.not_compliant",
    )
    .bind(tenant.0)
    .bind(profile)
    .bind(now.0 - now.0.rem_euclid(DAY))
    .bind(i32::try_from(point.devices).unwrap_or(i32::MAX))
    .bind(i32::try_from(point.compliant_devices).unwrap_or(i32::MAX))
    .bind(whole(point.compliant))
    .bind(whole(point.not_compliant))
    .execute(tx)
    .await?;
    Ok(())
}

/// Keeps one row an hour: the last score of each, and all changes within it.
async fn add_hour(
    tx: &mut PgConnection,
    tenant: TenantId,
    point: &SecurePoint,
    now: TimeMicros,
) -> Result<()> {
    let at = now.0 - now.0.rem_euclid(HOUR);
    let kept = sqlx::query("SELECT changes FROM secure_score_history WHERE tenant_id = $1 AND at = $2")
        .bind(tenant.0)
        .bind(at)
        .fetch_optional(&mut *tx)
        .await?;
    let mut changes: BTreeMap<String, f64> = match kept {
        Some(row) => serde_json::from_value(row.try_get::<Value, _>("changes")?).unwrap_or_default(),
        None => BTreeMap::new(),
    };
    for (cause, points) in &point.changes {
        *changes.entry(cause.clone()).or_default() += points;
    }
    changes.retain(|_, points| points.abs() >= 0.000_001);
    sqlx::query(
        "INSERT INTO secure_score_history (tenant_id, at, score, categories, devices, changes)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (tenant_id, at) DO UPDATE SET score = excluded.score, categories = excluded.categories,
             devices = excluded.devices, changes = excluded.changes",
    )
    .bind(tenant.0)
    .bind(at)
    .bind(point.score)
    .bind(serde_json::to_value(&point.categories).unwrap_or_default())
    .bind(i32::try_from(point.devices).unwrap_or(i32::MAX))
    .bind(serde_json::to_value(&changes).unwrap_or_default())
    .execute(tx)
    .await?;
    Ok(())
}

/// What the secure scores were last made of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeptPosture {
    /// Cause, category, impact, and the bitmaps of who passed and who failed.
    pub causes: Vec<SecureCheckRow>,
    /// Weights by device.
    pub weights: BTreeMap<String, f64>,
}

impl State {
    /// What the secure scores of a tenant were last made of, to say why the next ones differ.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn kept_posture(&self, tenant: TenantId) -> Result<KeptPosture> {
        let mut tx = self.tenant_tx(tenant).await?;
        let causes = sqlx::query(
            "SELECT cause, title, category, impact, passed, failed FROM secure_checks WHERE tenant_id = $1 ORDER BY cause",
        )
        .bind(tenant.0)
        .fetch_all(&mut *tx)
        .await?;
        let weights = sqlx::query("SELECT device_id, weight FROM device_secure_scores WHERE tenant_id = $1")
            .bind(tenant.0)
            .fetch_all(&mut *tx)
            .await?;
        tx.commit().await?;
        let mut kept = KeptPosture::default();
        for r in &causes {
            kept.causes.push(SecureCheckRow {
                cause: r.try_get("cause")?,
                title: r.try_get("title")?,
                category: r.try_get("category")?,
                impact: u32::try_from(r.try_get::<i32, _>("impact")?).unwrap_or(0),
                passed: r.try_get("passed")?,
                failed: r.try_get("failed")?,
            });
        }
        for r in &weights {
            kept.weights.insert(r.try_get("device_id")?, r.try_get("weight")?);
        }
        Ok(kept)
    }
}
