//! What the vuln process writes: components, what is wrong with them, how exposed devices are, what to do.
//!
//! A row that is as it was keeps its `changed_at`, so that everything may be written again.

mod posture;

use std::collections::HashMap;

use palisade_types::{DeviceId, TenantId, TimeMicros};
use serde::Serialize;
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use uuid::Uuid;

use crate::vulnerabilities::{Timeline, keep_cases};
use crate::{Result, State, row};

pub use posture::{
    BaselineCheckRow, BaselinePoint, DeviceBaselineRow, KeptPosture, PostureWrite, SecureCheckRow,
    SecurePoint, SecureScoreRow,
};

/// Rows that go into one statement.
const AT_ONCE: usize = 2000;

/// One package in one version, wherever it is installed. Bitmaps are of device ordinals, portable roaring.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[allow(missing_docs)] // As the columns of `components`, which the migration describes.
pub struct ComponentRow {
    pub id: i64,
    #[serde(serialize_with = "bytea")]
    pub key: Vec<u8>,
    pub ecosystem: String,
    pub release: String,
    pub name: String,
    pub version: String,
    pub source_name: String,
    pub source_version: String,
    pub arch: String,
    pub vendor: String,
    pub origin: String,
    #[serde(serialize_with = "bytea")]
    pub devices: Vec<u8>,
    #[serde(serialize_with = "bytea")]
    pub running: Vec<u8>,
    pub device_count: u32,
    pub running_count: u32,
    pub covered: bool,
    pub end_of_life: String,
}

/// A component and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[allow(missing_docs)] // As the columns of `vulnerability_findings`.
pub struct FindingRow {
    pub component_id: i64,
    pub vulnerability: String,
    pub advisory: String,
    pub feed: String,
    pub feed_at: Option<i64>,
    pub severity: String,
    pub fixed_version: String,
    pub remedy: String,
    pub why: Value,
}

/// What is known of a vulnerability that is found somewhere.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[allow(missing_docs)] // As the columns of `vulnerabilities`.
pub struct VulnerabilityRow {
    pub id: String,
    pub title: String,
    pub description: String,
    pub severity: String,
    pub cvss: Option<f64>,
    pub cvss_vector: String,
    pub epss: Option<f64>,
    pub kev_added: Option<i64>,
    pub exploit_public: bool,
    pub published: Option<i64>,
    pub modified: Option<i64>,
    pub aliases: Vec<String>,
    pub weaknesses: Vec<String>,
    pub links: Vec<String>,
    pub facts: Value,
    pub device_count: u32,
    pub fixable: bool,
}

/// Which components a device has.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[allow(missing_docs)] // As the columns of `device_components`.
pub struct DeviceComponentsRow {
    pub device_id: String,
    #[serde(serialize_with = "bytea")]
    pub components: Vec<u8>,
    pub paths: Value,
    pub taken_at: i64,
}

/// How exposed a device is.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[allow(missing_docs)] // As the columns of `device_exposures`.
pub struct ExposureRow {
    pub device_id: String,
    pub exposure: f64,
    pub unfixable: f64,
    pub critical: u32,
    pub high: u32,
    pub medium: u32,
    pub low: u32,
    pub unknown: u32,
    pub exploited: u32,
    pub software: u32,
    pub uncovered: u32,
    pub contributors: Value,
    pub weight: f64,
}

/// What to do.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[allow(missing_docs)] // As the columns of `vulnerability_recommendations`.
pub struct RecommendationRow {
    pub id: String,
    pub kind: String,
    pub product: String,
    pub release: String,
    pub target: String,
    pub severity: String,
    pub exploited: bool,
    pub exploit_public: bool,
    pub restart: String,
    pub vulnerabilities: u32,
    #[serde(serialize_with = "bytea")]
    pub devices: Vec<u8>,
    pub device_count: u32,
    pub effect: f64,
    pub document: Value,
}

/// How a feed stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[allow(missing_docs)] // As the columns of `feed_states`.
pub struct FeedStateRow {
    pub feed: String,
    pub title: String,
    pub state: String,
    pub records: i64,
    pub fetched_at: Option<i64>,
    pub failed_at: Option<i64>,
    pub failure: String,
    pub required: bool,
}

/// An exception that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveException {
    /// Of a vulnerability, or of a recommendation.
    pub of_vulnerability: bool,
    /// Its id.
    pub subject: String,
    /// Where it holds; everywhere if that is none.
    pub group: Option<Uuid>,
    /// Why, in its word.
    pub justification: String,
    /// From when.
    pub from: TimeMicros,
    /// Until when; for good if that is none.
    pub until: Option<TimeMicros>,
}

/// What an assessment rests on besides inventories and feeds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssessmentBasis {
    /// Devices in service, with how much they matter.
    pub devices: Vec<(DeviceId, String)>,
    /// Exceptions that hold.
    pub exceptions: Vec<ActiveException>,
    /// Members of the groups that exceptions are for.
    pub members: Vec<(Uuid, DeviceId)>,
}

/// The organisation's exposure at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ExposurePoint {
    /// 0 to 100.
    pub exposure: f64,
    /// Devices that were assessed.
    pub devices: u32,
    /// What was found on all of them.
    pub findings: u32,
}

/// An assessment of a whole tenant: what is not in it is no longer so.
#[derive(Clone, Debug, Default)]
pub struct AssessmentWrite {
    /// Components.
    pub components: Vec<ComponentRow>,
    /// Findings.
    pub findings: Vec<FindingRow>,
    /// Vulnerabilities.
    pub vulnerabilities: Vec<VulnerabilityRow>,
    /// Devices' components.
    pub devices: Vec<DeviceComponentsRow>,
    /// Devices' exposure.
    pub exposures: Vec<ExposureRow>,
    /// Recommendations.
    pub recommendations: Vec<RecommendationRow>,
    /// Feeds.
    pub feeds: Vec<FeedStateRow>,
    /// The organisation; none where nothing was assessed.
    pub point: Option<ExposurePoint>,
    /// Baselines and the secure score.
    pub posture: PostureWrite,
}

fn bytea<S: serde::Serializer>(bytes: &[u8], s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(&format!("\\x{}", hex::encode(bytes)))
}

/// A table that is written as a whole: its name, its key, its other columns with types, and whether it
/// remembers when a row first came.
struct Kept {
    table: &'static str,
    key: &'static [(&'static str, &'static str)],
    rest: &'static [(&'static str, &'static str)],
    first_seen: bool,
    changed: &'static str,
}

const COMPONENTS: Kept = Kept {
    table: "components",
    key: &[("id", "bigint")],
    rest: &[
        ("key", "bytea"),
        ("ecosystem", "text"),
        ("release", "text"),
        ("name", "text"),
        ("version", "text"),
        ("source_name", "text"),
        ("source_version", "text"),
        ("arch", "text"),
        ("vendor", "text"),
        ("origin", "text"),
        ("devices", "bytea"),
        ("running", "bytea"),
        ("device_count", "integer"),
        ("running_count", "integer"),
        ("covered", "boolean"),
        ("end_of_life", "text"),
    ],
    first_seen: true,
    changed: "changed_at",
};

const FINDINGS: Kept = Kept {
    table: "vulnerability_findings",
    key: &[("component_id", "bigint"), ("vulnerability", "text")],
    rest: &[
        ("advisory", "text"),
        ("feed", "text"),
        ("feed_at", "bigint"),
        ("severity", "text"),
        ("fixed_version", "text"),
        ("remedy", "text"),
        ("why", "jsonb"),
    ],
    first_seen: true,
    changed: "changed_at",
};

const VULNERABILITIES: Kept = Kept {
    table: "vulnerabilities",
    key: &[("id", "text")],
    rest: &[
        ("title", "text"),
        ("description", "text"),
        ("severity", "text"),
        ("cvss", "double precision"),
        ("cvss_vector", "text"),
        ("epss", "double precision"),
        ("kev_added", "bigint"),
        ("exploit_public", "boolean"),
        ("published", "bigint"),
        ("modified", "bigint"),
        ("aliases", "text[]"),
        ("weaknesses", "text[]"),
        ("links", "text[]"),
        ("facts", "jsonb"),
        ("device_count", "integer"),
        ("fixable", "boolean"),
    ],
    first_seen: true,
    changed: "changed_at",
};

const DEVICES: Kept = Kept {
    table: "device_components",
    key: &[("device_id", "text")],
    rest: &[("components", "bytea"), ("paths", "jsonb"), ("taken_at", "bigint")],
    first_seen: false,
    changed: "changed_at",
};

const EXPOSURES: Kept = Kept {
    table: "device_exposures",
    key: &[("device_id", "text")],
    rest: &[
        ("exposure", "double precision"),
        ("unfixable", "double precision"),
        ("critical", "integer"),
        ("high", "integer"),
        ("medium", "integer"),
        ("low", "integer"),
        ("unknown", "integer"),
        ("exploited", "integer"),
        ("software", "integer"),
        ("uncovered", "integer"),
        ("contributors", "jsonb"),
        ("weight", "double precision"),
    ],
    first_seen: false,
    changed: "evaluated_at",
};

const RECOMMENDATIONS: Kept = Kept {
    table: "vulnerability_recommendations",
    key: &[("id", "text")],
    rest: &[
        ("kind", "text"),
        ("product", "text"),
        ("release", "text"),
        ("target", "text"),
        ("severity", "text"),
        ("exploited", "boolean"),
        ("exploit_public", "boolean"),
        ("restart", "text"),
        ("vulnerabilities", "integer"),
        ("devices", "bytea"),
        ("device_count", "integer"),
        ("effect", "double precision"),
        ("document", "jsonb"),
    ],
    first_seen: true,
    changed: "changed_at",
};

const FEEDS: Kept = Kept {
    table: "feed_states",
    key: &[("feed", "text")],
    rest: &[
        ("title", "text"),
        ("state", "text"),
        ("records", "bigint"),
        ("fetched_at", "bigint"),
        ("failed_at", "bigint"),
        ("failure", "text"),
        ("required", "boolean"),
    ],
    first_seen: false,
    changed: "changed_at",
};

impl Kept {
    /// Writes what is new or other, and deletes what is not among `rows`.
    async fn replace<T: Serialize + Sync>(
        &self,
        tx: &mut PgConnection,
        tenant: TenantId,
        rows: &[T],
        now: TimeMicros,
    ) -> Result<()> {
        let names = |columns: &[(&str, &str)], before: &str| -> String {
            columns.iter().map(|(name, _)| format!("{before}{name}")).collect::<Vec<_>>().join(", ")
        };
        let all: Vec<(&str, &str)> = self.key.iter().chain(self.rest).copied().collect();
        let typed = all.iter().map(|(n, t)| format!("{n} {t}")).collect::<Vec<_>>().join(", ");
        let sets =
            self.rest.iter().map(|(n, _)| format!("{n} = excluded.{n}")).collect::<Vec<_>>().join(", ");
        let (first, first_value) = if self.first_seen { (", first_seen", ", $3") } else { ("", "") };
        let upsert = format!(
            "INSERT INTO {table} AS k (tenant_id, {columns}, {changed}{first})
             SELECT $1, {values}, $3{first_value} FROM jsonb_to_recordset($2) AS u({typed})
             ON CONFLICT (tenant_id, {key}) DO UPDATE SET {sets}, {changed} = excluded.{changed}
             WHERE ({old}) IS DISTINCT FROM ({new})",
            table = self.table,
            columns = names(&all, ""),
            values = names(&all, "u."),
            changed = self.changed,
            key = names(self.key, ""),
            old = names(self.rest, "k."),
            new = names(self.rest, "excluded."),
        );
        let keys_typed = self.key.iter().map(|(n, t)| format!("{n} {t}")).collect::<Vec<_>>().join(", ");
        let same = self.key.iter().map(|(n, _)| format!("u.{n} = k.{n}")).collect::<Vec<_>>().join(" AND ");
        let delete = format!(
            "DELETE FROM {table} k WHERE tenant_id = $1 AND NOT exists (
                 SELECT FROM jsonb_to_recordset($2) AS u({keys_typed}) WHERE {same})",
            table = self.table,
        );
        let mut keys = Vec::with_capacity(rows.len());
        for chunk in rows.chunks(AT_ONCE) {
            let mut records = Vec::with_capacity(chunk.len());
            for one in chunk {
                let record = row::json(&serde_json::to_value(one).unwrap_or_default());
                keys.push(
                    self.key.iter().map(|(n, _)| ((*n).to_owned(), record[*n].clone())).collect::<Value>(),
                );
                records.push(record);
            }
            sqlx::query(AssertSqlSafe(upsert.clone()))
                .bind(tenant.0)
                .bind(Value::Array(records))
                .bind(now.0)
                .execute(&mut *tx)
                .await?;
        }
        sqlx::query(AssertSqlSafe(delete)).bind(tenant.0).bind(Value::Array(keys)).execute(&mut *tx).await?;
        Ok(())
    }
}

impl State {
    /// The small numbers of devices; those of `wanted` that have none get one.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn device_ordinals(
        &self,
        tenant: TenantId,
        wanted: &[DeviceId],
    ) -> Result<HashMap<DeviceId, u32>> {
        let wanted: Vec<String> = wanted.iter().map(ToString::to_string).collect();
        let mut tx = self.tenant_tx(tenant).await?;
        sqlx::query(
            "INSERT INTO device_ordinals (tenant_id, ordinal, device_id)
             SELECT $1, coalesce((SELECT max(ordinal) FROM device_ordinals WHERE tenant_id = $1), -1)
                 + row_number() OVER (ORDER BY w.id), w.id
             FROM unnest($2::text[]) AS w(id)
             WHERE NOT exists (SELECT FROM device_ordinals o WHERE o.tenant_id = $1 AND o.device_id = w.id)",
        )
        .bind(tenant.0)
        .bind(&wanted)
        .execute(&mut *tx)
        .await?;
        let rows = sqlx::query("SELECT ordinal, device_id FROM device_ordinals WHERE tenant_id = $1")
            .bind(tenant.0)
            .fetch_all(&mut *tx)
            .await?;
        tx.commit().await?;
        rows.iter()
            .map(|r| {
                let ordinal: i32 = r.try_get("ordinal")?;
                Ok((row::device(r, "device_id")?, u32::try_from(ordinal).unwrap_or_default()))
            })
            .collect()
    }

    /// The identifiers that components have, by key.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn component_ids(&self, tenant: TenantId) -> Result<HashMap<Vec<u8>, i64>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = sqlx::query("SELECT key, id FROM components WHERE tenant_id = $1")
            .bind(tenant.0)
            .fetch_all(&mut *tx)
            .await?;
        tx.commit().await?;
        rows.iter().map(|r| Ok((r.try_get("key")?, r.try_get("id")?))).collect()
    }

    /// What an assessment rests on besides inventories and feeds: devices with their criticality, the members of
    /// groups, and exceptions.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn assessment_basis(&self, tenant: TenantId, now: TimeMicros) -> Result<AssessmentBasis> {
        let mut tx = self.tenant_tx(tenant).await?;
        // Of several groups the one of the first rank says how much a device matters.
        let devices = sqlx::query(
            "SELECT d.id, coalesce((
                 SELECT g.criticality FROM device_group_members m
                 JOIN device_groups g ON g.tenant_id = m.tenant_id AND g.id = m.group_id
                 WHERE m.tenant_id = d.tenant_id AND m.device_id = d.id ORDER BY g.rank LIMIT 1), 'normal') AS criticality
             FROM devices d WHERE d.tenant_id = $1 AND d.status <> 'offboarded'
                 -- A machine that both its sensor and scans tell of is one: whose inventory is newer counts.
                 AND d.id NOT IN (
                     SELECT CASE WHEN coalesce(ai.received_at, -1) > coalesce(si.received_at, -1)
                         THEN s.id ELSE a.id END
                     FROM devices a
                     JOIN machines m ON m.tenant_id = a.tenant_id AND m.id = a.machine_id
                     JOIN devices s ON s.tenant_id = m.tenant_id AND s.id = m.device_id AND s.status = 'active'
                     LEFT JOIN device_inventories ai ON ai.tenant_id = a.tenant_id AND ai.device_id = a.id
                     LEFT JOIN device_inventories si ON si.tenant_id = s.tenant_id AND si.device_id = s.id
                     WHERE a.tenant_id = $1 AND a.source = 'agentless' AND a.status = 'active')
             ORDER BY d.id",
        )
        .bind(tenant.0)
        .fetch_all(&mut *tx)
        .await?;
        let exceptions = sqlx::query(
            "SELECT subject_kind, subject, group_id, justification, created_at, expires_at FROM vulnerability_exceptions
             WHERE tenant_id = $1 AND cancelled_at IS NULL AND (expires_at IS NULL OR expires_at > $2) ORDER BY id",
        )
        .bind(tenant.0)
        .bind(now.0)
        .fetch_all(&mut *tx)
        .await?;
        let members = sqlx::query(
            "SELECT m.group_id, m.device_id FROM device_group_members m WHERE m.tenant_id = $1 AND m.group_id IN (
                 SELECT group_id FROM vulnerability_exceptions WHERE tenant_id = $1 AND cancelled_at IS NULL)
             ORDER BY 1, 2",
        )
        .bind(tenant.0)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let mut basis = AssessmentBasis::default();
        for r in &devices {
            basis.devices.push((row::device(r, "id")?, r.try_get("criticality")?));
        }
        for r in &exceptions {
            basis.exceptions.push(ActiveException {
                of_vulnerability: r.try_get::<&str, _>("subject_kind")? == "vulnerability",
                subject: r.try_get("subject")?,
                group: r.try_get("group_id")?,
                justification: r.try_get("justification")?,
                from: row::time(r, "created_at")?,
                until: row::time_opt(r, "expires_at")?,
            });
        }
        for r in &members {
            basis.members.push((r.try_get("group_id")?, row::device(r, "device_id")?));
        }
        Ok(basis)
    }

    /// Writes an assessment, in one transaction.
    ///
    /// # Errors
    /// Only those of the store itself; nothing is written then.
    pub async fn write_assessment(
        &self,
        tenant: TenantId,
        write: &AssessmentWrite,
        now: TimeMicros,
    ) -> Result<()> {
        let Some(mut tx) = self.tx_here(tenant).await? else { return Ok(()) };
        let timeline = Box::pin(Timeline::begin(&mut tx, tenant, write)).await?;
        COMPONENTS.replace(&mut tx, tenant, &write.components, now).await?;
        FINDINGS.replace(&mut tx, tenant, &write.findings, now).await?;
        keep_cases(&mut tx, tenant, now).await?;
        VULNERABILITIES.replace(&mut tx, tenant, &write.vulnerabilities, now).await?;
        DEVICES.replace(&mut tx, tenant, &write.devices, now).await?;
        EXPOSURES.replace(&mut tx, tenant, &write.exposures, now).await?;
        RECOMMENDATIONS.replace(&mut tx, tenant, &write.recommendations, now).await?;
        FEEDS.replace(&mut tx, tenant, &write.feeds, now).await?;
        posture::write(&mut tx, tenant, &write.posture, now).await?;
        if let Some(point) = write.point {
            add_point(&mut tx, tenant, point, now).await?;
        }
        Box::pin(timeline.finish(&mut tx, tenant, now)).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Keeps one point an hour: the last of each.
async fn add_point(
    tx: &mut PgConnection,
    tenant: TenantId,
    point: ExposurePoint,
    now: TimeMicros,
) -> Result<()> {
    const HOUR: i64 = 3_600_000_000;
    sqlx::query(
        "INSERT INTO exposure_history (tenant_id, at, exposure, devices, findings) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant_id, at) DO UPDATE SET exposure = excluded.exposure, devices = excluded.devices,
             findings = excluded.findings",
    )
    .bind(tenant.0)
    .bind(now.0 - now.0.rem_euclid(HOUR))
    .bind(point.exposure)
    .bind(i32::try_from(point.devices).unwrap_or(i32::MAX))
    .bind(i32::try_from(point.findings).unwrap_or(i32::MAX))
    .execute(tx)
    .await?;
    Ok(())
}
