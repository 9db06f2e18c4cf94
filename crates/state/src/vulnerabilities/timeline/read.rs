//! The timeline as people read it: what concerns one of the caller's devices.

use palisade_estate::notify::EventKind;
use palisade_types::{TenantId, TimeMicros};
use roaring::RoaringBitmap;
use serde_json::{Map, Value};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use super::super::book::bitmap;
use super::super::list::Range;
use super::super::sight::visible;
use crate::device_list::containing;
use crate::page::{self, Cursor};
use crate::{DeviceScope, Page, Result, State, StateError, row};

/// What of an event's detail is told to somebody who is limited: nothing that other devices could give away.
const FOR_LIMITED: [&str; 9] =
    ["name", "cvss", "epss", "epss_before", "public_exploit", "cause", "state", "required", "reason"];

/// Something that changed the organisation's exposure.
#[derive(Clone, Debug, PartialEq)]
pub struct VulnerabilityEvent {
    /// Identifier.
    pub id: Uuid,
    /// When it happened.
    pub at: TimeMicros,
    /// What happened.
    pub kind: EventKind,
    /// What it is about.
    pub subject_type: String,
    /// Its identifier.
    pub subject: String,
    /// For people, one line.
    pub title: String,
    /// How bad; empty where that makes no sense.
    pub severity: String,
    /// Whether it is exploited.
    pub exploited: bool,
    /// The caller's devices that it concerned when it happened.
    pub devices: u64,
    /// The organisation's exposure before and after; none for somebody who does not see every device.
    pub exposure: (Option<f64>, Option<f64>),
    /// By how much it moved that, where nothing else happened at once.
    pub effect: Option<f64>,
    /// More, by kind.
    pub detail: Value,
}

/// Which events; all when nothing is said.
#[derive(Clone, Debug, Default)]
pub struct EventQuery {
    /// Only of these kinds.
    pub kind: Vec<String>,
    /// Only of these severities.
    pub severity: Vec<String>,
    /// Only about this subject.
    pub subject: Option<String>,
    /// Text that title or subject contains.
    pub search: Option<String>,
    /// Not before.
    pub since: Option<TimeMicros>,
    /// Before this instant.
    pub until: Option<TimeMicros>,
    /// Which part; the newest first where the order is turned round.
    pub range: Range,
}

const COLUMNS: &str =
    "id, at, kind, subject_type, subject, title, severity, exploited, devices, device_count,
    exposure_before, exposure_after, effect, detail";

fn from(columns: &str, tenant: TenantId, limited: bool, wanted: &EventQuery) -> QueryBuilder<Postgres> {
    let mut q = QueryBuilder::<Postgres>::new(format!(
        "SELECT {columns} FROM vulnerability_events WHERE tenant_id = "
    ));
    q.push_bind(tenant.0);
    if limited {
        let whole = EventKind::ALL.iter().filter(|k| k.is_of_the_whole());
        let whole: Vec<String> = whole.map(|k| k.as_str().to_owned()).collect();
        q.push(" AND kind <> ALL(").push_bind(whole).push(")");
    }
    if !wanted.kind.is_empty() {
        q.push(" AND kind = ANY(").push_bind(wanted.kind.clone()).push(")");
    }
    if !wanted.severity.is_empty() {
        q.push(" AND severity = ANY(").push_bind(wanted.severity.clone()).push(")");
    }
    if let Some(subject) = &wanted.subject {
        q.push(" AND subject = ").push_bind(row::text(subject, 300));
    }
    if let Some(search) = wanted.search.as_deref().map(str::trim).filter(|s| !s.is_empty()) {
        let like = containing(search);
        q.push(" AND (title ILIKE ").push_bind(like.clone());
        q.push(" OR subject ILIKE ").push_bind(like).push(")");
    }
    if let Some(since) = wanted.since {
        q.push(" AND at >= ").push_bind(since.0);
    }
    if let Some(until) = wanted.until {
        q.push(" AND at < ").push_bind(until.0);
    }
    q
}

fn event(r: &PgRow, sees: Option<&RoaringBitmap>) -> Result<VulnerabilityEvent> {
    let of = |column| r.try_get::<Option<f64>, _>(column);
    let mut event = VulnerabilityEvent {
        id: r.try_get("id")?,
        at: row::time(r, "at")?,
        kind: row::parsed(r, "kind")?,
        subject_type: r.try_get("subject_type")?,
        subject: r.try_get("subject")?,
        title: r.try_get("title")?,
        severity: r.try_get("severity")?,
        exploited: r.try_get("exploited")?,
        devices: u64::try_from(r.try_get::<i32, _>("device_count")?).unwrap_or_default(),
        exposure: (of("exposure_before")?, of("exposure_after")?),
        effect: of("effect")?,
        detail: r.try_get("detail")?,
    };
    if let Some(sees) = sees {
        event.devices = bitmap(r.try_get("devices")?)?.intersection_len(sees);
        (event.exposure, event.effect) = ((None, None), None);
        let detail = event.detail.as_object().into_iter().flatten();
        let told = detail.filter(|(key, _)| FOR_LIMITED.contains(&key.as_str()));
        event.detail = Value::Object(told.map(|(k, v)| (k.clone(), v.clone())).collect::<Map<_, _>>());
    }
    Ok(event)
}

/// Those of the asked events that concern a device in sight, newest first: which they are is not in their rows.
async fn in_sight(
    tx: &mut PgConnection,
    tenant: TenantId,
    wanted: &EventQuery,
    sees: &RoaringBitmap,
) -> Result<Vec<Uuid>> {
    let mut q = from("id, kind, devices", tenant, true, wanted);
    q.push(" ORDER BY at DESC, id DESC LIMIT 100000");
    let rows = q.build().fetch_all(tx).await?;
    let mut ids = Vec::new();
    for r in &rows {
        let kind: EventKind = row::parsed(r, "kind")?;
        if kind.is_for_everybody() || !bitmap(r.try_get("devices")?)?.is_disjoint(sees) {
            ids.push(r.try_get("id")?);
        }
    }
    Ok(ids)
}

impl State {
    /// A page of events that concern the scope's devices.
    ///
    /// # Errors
    /// `cursor_invalid`.
    pub async fn vulnerability_events(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        wanted: &EventQuery,
    ) -> Result<Page<VulnerabilityEvent>> {
        let range = &wanted.range;
        let list = range.list("vulnerability_events", "at");
        let after = range.cursor.as_deref().map(|c| Cursor::decode(c, &list)).transpose()?;
        let mut tx = self.tenant_tx(tenant).await?;
        let sees = if scope.is_limited() { Some(visible(&mut tx, tenant, scope).await?) } else { None };
        let only = match &sees {
            None => None,
            Some(sees) => Some(in_sight(&mut tx, tenant, wanted, sees).await?),
        };
        let total: i64 = match &only {
            Some(only) => i64::try_from(only.len()).unwrap_or(i64::MAX),
            None => from("count(*)", tenant, false, wanted).build_query_scalar().fetch_one(&mut *tx).await?,
        };
        let mut q = from(COLUMNS, tenant, sees.is_some(), wanted);
        if let Some(only) = only {
            q.push(" AND id = ANY(").push_bind(only).push(")");
        }
        let (order, beyond) = if range.descending { ("DESC", "<") } else { ("ASC", ">") };
        if let Some(after) = after {
            let id: Uuid = after.id.parse().map_err(|_| StateError::CursorInvalid)?;
            q.push(format!(" AND (at, id) {beyond} (")).push_bind(after.number()?);
            q.push(", ").push_bind(id).push(")");
        }
        q.push(format!(" ORDER BY at {order}, id {order} LIMIT ")).push_bind(range.sql_limit() + 1);
        let rows = q.build().fetch_all(&mut *tx).await?;
        tx.commit().await?;
        let items = rows.iter().map(|r| event(r, sees.as_ref())).collect::<Result<Vec<_>>>()?;
        Ok(page::finish(items, range.sql_limit(), total, |e| Cursor {
            list: list.clone(),
            key: e.at.0.to_string(),
            id: e.id.to_string(),
        }))
    }
}
