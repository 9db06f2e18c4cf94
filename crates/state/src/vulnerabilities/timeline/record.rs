//! Writing events, in the transaction of what they tell of.

use std::collections::HashMap;

use palisade_estate::notify::{EventKind, SubjectType};
use palisade_types::{DeviceId, TenantId, TimeMicros};
use roaring::RoaringBitmap;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::compare;
use super::view::{After, Before, exploited};
use crate::assessment::AssessmentWrite;
use crate::{Result, row};

/// How long events are kept, microseconds: 400 days.
const KEPT: i64 = 400 * 86_400 * 1_000_000;
/// Most events of a tenant; the oldest go first.
const MOST_KEPT: i64 = 100_000;
/// How far back exceptions are looked for once more, microseconds: one that was being written while the
/// assessment before read them.
const OVERLAP: i64 = 600_000_000;
/// Vulnerabilities that are gone of which it is looked up why.
const MOST_GONE: usize = 1_000;
/// Longest title, characters.
const MAX_TITLE: usize = 500;
/// Longest subject, characters.
const MAX_SUBJECT: usize = 300;
/// Most bytes of a detail.
const MAX_DETAIL: usize = 4 << 10;

/// An event before it is written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Draft {
    pub kind: EventKind,
    pub subject_type: SubjectType,
    pub subject: String,
    /// What makes it this one, besides kind and subject: such an event happens once. Where it is empty, the
    /// instant does.
    pub key: String,
    /// When it happened; the assessment's instant where it is none.
    pub at: Option<TimeMicros>,
    pub title: String,
    pub severity: String,
    pub exploited: bool,
    /// Whom it concerns, and how many of them count.
    pub devices: RoaringBitmap,
    pub count: u32,
    pub exposure: (Option<f64>, Option<f64>),
    pub effect: Option<f64>,
    pub detail: Value,
}

impl Draft {
    pub fn new(kind: EventKind, subject_type: SubjectType, subject: &str) -> Self {
        Self {
            kind,
            subject_type,
            subject: row::text(subject, MAX_SUBJECT),
            key: String::new(),
            at: None,
            title: String::new(),
            severity: String::new(),
            exploited: false,
            devices: RoaringBitmap::new(),
            count: 0,
            exposure: (None, None),
            effect: None,
            detail: json!({}),
        }
    }

    /// Its identifier: the same for the same event, however often it is written.
    pub fn id(&self, tenant: TenantId, now: TimeMicros) -> Uuid {
        let instant = now.0.to_string();
        let key = if self.key.is_empty() { instant.as_str() } else { &self.key };
        let mut hash = Sha256::new();
        for part in [&tenant.to_string(), self.kind.as_str(), self.subject_type.as_str(), &self.subject, key]
        {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.finalize()[..16]);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}

/// The timeline while an assessment is written.
pub(crate) struct Timeline<'a> {
    since: Option<TimeMicros>,
    before: Option<Before>,
    after: After<'a>,
}

impl<'a> Timeline<'a> {
    /// Reads what was, before it is written over.
    pub async fn begin(tx: &mut PgConnection, tenant: TenantId, write: &'a AssessmentWrite) -> Result<Self> {
        let since: Option<i64> =
            sqlx::query_scalar("SELECT assessed_at FROM vulnerability_timelines WHERE tenant_id = $1")
                .bind(tenant.0)
                .fetch_optional(&mut *tx)
                .await?;
        let after = After::of(write)?;
        let mut before = Before::read(tx, tenant).await?;
        if let Some(before) = &mut before {
            let gone = before.gone(&after);
            before.read_gone(tx, tenant, &gone, MOST_GONE).await?;
        }
        Ok(Self { since: since.map(TimeMicros), before, after })
    }

    /// Writes what changed, and has those told who want to hear of it.
    pub async fn finish(self, tx: &mut PgConnection, tenant: TenantId, now: TimeMicros) -> Result<()> {
        let after = &self.after;
        let mut drafts = match &self.before {
            None => compare::first(after),
            Some(before) => compare::changes(before, after),
        };
        let told = drafts.iter().any(|d| d.kind == EventKind::ExposureChanged);
        let exposure = (self.before.as_ref().and_then(|b| b.exposure), after.exposure());
        for draft in &mut drafts {
            draft.exposure = exposure;
        }
        if let Some(since) = self.since {
            drafts.extend(exceptions(tx, tenant, after, (since, now)).await?);
        }
        write(tx, tenant, &drafts, now).await?;
        let told = match &self.before {
            Some(before) if !told => before.told.or(before.exposure),
            _ => after.exposure(),
        };
        sqlx::query(
            "INSERT INTO vulnerability_timelines (tenant_id, assessed_at, devices, exposure) VALUES ($1, $2, $3, $4)
             ON CONFLICT (tenant_id) DO UPDATE SET assessed_at = excluded.assessed_at, devices = excluded.devices,
                 exposure = excluded.exposure",
        )
        .bind(tenant.0)
        .bind(now.0)
        .bind(i32::try_from(after.judged()).unwrap_or(i32::MAX))
        .bind(told)
        .execute(&mut *tx)
        .await?;
        prune(tx, tenant, !drafts.is_empty(), now).await
    }
}

async fn prune(tx: &mut PgConnection, tenant: TenantId, grew: bool, now: TimeMicros) -> Result<()> {
    sqlx::query("DELETE FROM vulnerability_events WHERE tenant_id = $1 AND at < $2")
        .bind(tenant.0)
        .bind(now.0 - KEPT)
        .execute(&mut *tx)
        .await?;
    if grew {
        sqlx::query(
            "DELETE FROM vulnerability_events WHERE tenant_id = $1 AND id IN (
                 SELECT id FROM vulnerability_events WHERE tenant_id = $1 ORDER BY at DESC, id OFFSET $2)",
        )
        .bind(tenant.0)
        .bind(MOST_KEPT)
        .execute(tx)
        .await?;
    }
    Ok(())
}

/// Writes events, each once, and queues what rules want to hear of those that are new.
pub(crate) async fn write(
    tx: &mut PgConnection,
    tenant: TenantId,
    drafts: &[Draft],
    now: TimeMicros,
) -> Result<()> {
    let mut fresh = Vec::new();
    for draft in drafts {
        let id = draft.id(tenant, now);
        if insert(tx, tenant, id, draft, now).await? {
            fresh.push((id, draft));
        }
    }
    if fresh.is_empty() {
        return Ok(());
    }
    crate::notifications::tell(tx, tenant, &fresh, now).await
}

async fn insert(
    tx: &mut PgConnection,
    tenant: TenantId,
    id: Uuid,
    draft: &Draft,
    now: TimeMicros,
) -> Result<bool> {
    let mut devices = Vec::with_capacity(draft.devices.serialized_size());
    // Writing to memory does not fail.
    let _ = draft.devices.serialize_into(&mut devices);
    let done = sqlx::query(
        "INSERT INTO vulnerability_events (tenant_id, id, at, kind, subject_type, subject, title, severity, exploited,
             devices, device_count, exposure_before, exposure_after, effect, detail)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT DO NOTHING",
    )
    .bind(tenant.0)
    .bind(id)
    .bind(draft.at.unwrap_or(now).0)
    .bind(draft.kind.as_str())
    .bind(draft.subject_type.as_str())
    .bind(&draft.subject)
    .bind(row::text(&draft.title, MAX_TITLE))
    .bind(row::text(&draft.severity, 20))
    .bind(draft.exploited)
    .bind(devices)
    .bind(i32::try_from(draft.count).unwrap_or(i32::MAX))
    .bind(draft.exposure.0)
    .bind(draft.exposure.1)
    .bind(draft.effect)
    .bind(row::json_bounded(&draft.detail, MAX_DETAIL))
    .execute(tx)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Exceptions that were made or ended since the assessment before.
async fn exceptions(
    tx: &mut PgConnection,
    tenant: TenantId,
    after: &After<'_>,
    (since, now): (TimeMicros, TimeMicros),
) -> Result<Vec<Draft>> {
    let rows = sqlx::query(
        "SELECT id, subject_kind, subject, group_id, justification, created_by, created_at, expires_at, cancelled_at,
                coalesce(cancelled_by, '') AS cancelled_by
         FROM vulnerability_exceptions
         WHERE tenant_id = $1 AND (created_at > $2 OR cancelled_at > $2 OR (expires_at > $2 AND expires_at <= $3))
         ORDER BY created_at DESC LIMIT 500",
    )
    .bind(tenant.0)
    .bind(since.0 - OVERLAP)
    .bind(now.0)
    .fetch_all(&mut *tx)
    .await?;
    let mut drafts = Vec::new();
    for r in &rows {
        let subject: String = r.try_get("subject")?;
        let of_vulnerability = r.try_get::<&str, _>("subject_kind")? == "vulnerability";
        let group: Option<Uuid> = r.try_get("group_id")?;
        let mut devices = if of_vulnerability {
            after.devices_of(&subject)
        } else {
            let found = after.write.recommendations.iter().find(|r| r.id == subject);
            found.and_then(|r| super::super::book::bitmap(&r.devices).ok()).unwrap_or_default()
        };
        if let Some(group) = group {
            devices &= members(tx, tenant, &[group]).await?.remove(&group).unwrap_or_default();
        }
        let known = after.known.get(subject.as_str()).filter(|_| of_vulnerability);
        let id: Uuid = r.try_get("id")?;
        let draft = |kind: EventKind, at: TimeMicros, title: String, by: &str| Draft {
            key: id.to_string(),
            at: Some(at),
            title,
            severity: known.map(|v| v.severity.clone()).unwrap_or_default(),
            exploited: known.is_some_and(|v| exploited(v)),
            count: u32::try_from(devices.len()).unwrap_or(u32::MAX),
            devices: devices.clone(),
            detail: json!({
                "of": subject, "justification": r.try_get::<&str, _>("justification").unwrap_or_default(),
                "everywhere": group.is_none(), "by": by,
            }),
            ..Draft::new(kind, SubjectType::Exception, &id.to_string())
        };
        let ended = match (row::time_opt(r, "cancelled_at")?, row::time_opt(r, "expires_at")?) {
            (Some(at), _) => Some((at, r.try_get("cancelled_by")?)),
            (None, Some(at)) if at <= now => Some((at, "")),
            _ => None,
        };
        drafts.push(draft(
            EventKind::ExceptionMade,
            row::time(r, "created_at")?,
            format!("An exception was made for {subject}"),
            r.try_get("created_by")?,
        ));
        if let Some((at, by)) = ended {
            drafts.push(draft(
                EventKind::ExceptionEnded,
                at,
                format!("The exception for {subject} has ended"),
                by,
            ));
        }
    }
    // One that was made long ago was told then; that it was made is no news where only its end is.
    drafts.retain(|d| d.at.is_some_and(|at| at.0 > since.0 - OVERLAP));
    Ok(drafts)
}

/// The devices of groups, as sets.
pub(crate) async fn members(
    tx: &mut PgConnection,
    tenant: TenantId,
    groups: &[Uuid],
) -> Result<HashMap<Uuid, RoaringBitmap>> {
    let mut sets: HashMap<Uuid, RoaringBitmap> = HashMap::new();
    let rows = sqlx::query(
        "SELECT m.group_id, o.ordinal FROM device_group_members m
         JOIN device_ordinals o ON o.tenant_id = m.tenant_id AND o.device_id = m.device_id
         WHERE m.tenant_id = $1 AND m.group_id = ANY($2)",
    )
    .bind(tenant.0)
    .bind(groups)
    .fetch_all(tx)
    .await?;
    for r in &rows {
        if let Ok(ordinal) = u32::try_from(r.try_get::<i32, _>("ordinal")?) {
            sets.entry(r.try_get("group_id")?).or_default().insert(ordinal);
        }
    }
    Ok(sets)
}

/// The numbers of devices; those that were never judged have none.
pub(crate) async fn ordinals(
    tx: &mut PgConnection,
    tenant: TenantId,
    devices: &[DeviceId],
) -> Result<RoaringBitmap> {
    let ids: Vec<String> = devices.iter().map(ToString::to_string).collect();
    let found: Vec<i32> = sqlx::query_scalar(
        "SELECT ordinal FROM device_ordinals WHERE tenant_id = $1 AND device_id = ANY($2)",
    )
    .bind(tenant.0)
    .bind(&ids)
    .fetch_all(tx)
    .await?;
    Ok(found.into_iter().filter_map(|n| u32::try_from(n).ok()).collect())
}
