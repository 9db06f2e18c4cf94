//! What happened on a device, newest first, over all event tables.

use axum::Json;
use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::future::try_join_all;
use palisade_schema::{ColumnType, TableKind, TableSpec};
use palisade_types::{DeviceId, TimeMicros};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::ask::{self, Row, instant, number, text};
use crate::error::ApiError;
use crate::extract::{Id, Params};
use crate::gate::{Authorized, EventsRead, audit};
use crate::instant::Instant;
use crate::routes::summary::summary;
use crate::state::Api;
use crate::{kqltext, page};

/// Largest page; rows are wide.
const MAX_LIMIT: u32 = 500;
/// Longest search text, characters.
const MAX_SEARCH: usize = 200;
/// Columns that a search looks into, where a table has them.
const SEARCHED: [&str; 14] = [
    "ActionType",
    "FileName",
    "FolderPath",
    "ProcessCommandLine",
    "AccountName",
    "SHA256",
    "RemoteIP",
    "RemoteUrl",
    "LocalIP",
    "PreviousFileName",
    "PreviousFolderPath",
    "InitiatingProcessFileName",
    "InitiatingProcessCommandLine",
    "InitiatingProcessAccountName",
];

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct TimelineParams {
    /// Earliest instant, RFC 3339.
    from: Option<String>,
    /// Latest instant, RFC 3339.
    to: Option<String>,
    /// Event tables, separated by commas; all when absent.
    tables: Option<String>,
    /// Text that one of the usual columns must contain, without regard to case.
    search: Option<String>,
    /// Most items, 1 to 500; 50 when absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// One event.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TimelineItem {
    /// When it happened.
    timestamp: Instant,
    /// The table that has the row.
    table: String,
    /// What happened.
    action_type: String,
    /// With device and instant the event's identity.
    report_id: i64,
    /// One sentence for people.
    summary: String,
    /// The row's columns that are not empty.
    #[schema(value_type = std::collections::HashMap<String, Value>)]
    row: Row,
}

/// A page of a timeline.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TimelineItemPage {
    /// The events, newest first.
    items: Vec<TimelineItem>,
    /// Asks for older ones; null at the end.
    #[schema(required = true)]
    next_cursor: Option<String>,
    /// How many there are in all, where that is known without reading them all: when they fit on
    /// one page. Otherwise null.
    #[schema(required = true)]
    total: Option<u64>,
}

/// The last item of a page.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct After {
    t: i64,
    r: i64,
}

impl After {
    fn encode(self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}.{}", self.t, self.r))
    }

    fn decode(text: &str) -> Option<Self> {
        let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (t, r) = plain.split_once('.')?;
        let after = Self { t: t.parse().ok()?, r: r.parse().ok()? };
        // Report ids begin at 0; a cursor that says otherwise is not one of ours.
        (after.r >= 0).then_some(after)
    }
}

/// Reads a device's events, newest first.
#[utoipa::path(get, path = "/api/v1/devices/{id}/timeline", operation_id = "devices_timeline", tag = "devices",
    params(("id" = String, Path, description = "The device."), TimelineParams),
    responses((status = 200, description = "Events, newest first.", body = TimelineItemPage)))]
pub(crate) async fn show(
    caller: Authorized<EventsRead, audit::Unaudited>,
    State(api): State<Api>,
    Id(device): Id<DeviceId>,
    Params(params): Params<TimelineParams>,
) -> Result<Json<TimelineItemPage>, ApiError> {
    let tenant = caller.tenant();
    let limit = page::limit(params.limit)?.min(MAX_LIMIT);
    let filter = Filter::read(device, &params)?;
    let tables = tables(params.tables.as_deref())?;
    let first = filter.after.is_none();
    // Answers not_found for a device of another tenant, or outside the caller's.
    api.config.state.device(tenant, caller.devices(), device, TimeMicros::now()).await?;
    let wanted = u64::from(limit) + 1;
    let asked = tables.into_iter().map(|table| {
        let (api, query) = (&api, filter.query(table, wanted));
        async move {
            let rows = ask::rows(api, tenant, device, query, wanted).await?;
            Ok::<_, ApiError>(rows.into_iter().map(move |row| item(table, row)).collect::<Vec<_>>())
        }
    });
    let mut items: Vec<TimelineItem> = try_join_all(asked).await?.into_iter().flatten().flatten().collect();
    items.sort_by_key(|i| std::cmp::Reverse((i.timestamp.0, i.report_id)));
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let last = items.last().map(|i| After { t: i.timestamp.0.0, r: i.report_id });
    Ok(Json(TimelineItemPage {
        next_cursor: last.filter(|_| more).map(After::encode),
        total: (first && !more).then_some(items.len() as u64),
        items,
    }))
}

/// The event tables that speak of what happened; counters of the sensor do not.
fn tables(asked: Option<&str>) -> Result<Vec<&'static TableSpec>, ApiError> {
    let known = palisade_schema::tables()
        .iter()
        .filter(|t| t.kind == TableKind::Event && t.column("ActionType").is_some());
    let Some(asked) = asked.filter(|a| !a.is_empty()) else { return Ok(known.collect()) };
    let known: Vec<&TableSpec> = known.collect();
    let find = |name: &str| {
        let found = known.iter().find(|t| t.name == name).copied();
        found.ok_or_else(|| ApiError::invalid(format!("{name:?} is no table of a timeline")))
    };
    let mut names: Vec<&str> = asked.split(',').map(str::trim).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(find).collect()
}

#[derive(Clone)]
struct Filter {
    device: DeviceId,
    from: Option<TimeMicros>,
    to: Option<TimeMicros>,
    search: Option<String>,
    after: Option<After>,
}

impl Filter {
    fn read(device: DeviceId, params: &TimelineParams) -> Result<Self, ApiError> {
        let instant = |name: &str, text: &Option<String>| match text.as_deref().filter(|t| !t.is_empty()) {
            None => Ok(None),
            Some(text) => text
                .parse()
                .map(Some)
                .map_err(|_| ApiError::invalid(format!("{name} must be an RFC 3339 instant"))),
        };
        let search = params.search.as_deref().map(str::trim).filter(|s| !s.is_empty());
        if search.is_some_and(|s| s.chars().count() > MAX_SEARCH) {
            return Err(ApiError::invalid(format!("search must have at most {MAX_SEARCH} characters")));
        }
        let cursor = page::cursor(params.cursor.clone())?;
        let after =
            match cursor {
                None => None,
                Some(text) => Some(After::decode(&text).ok_or_else(|| {
                    ApiError::bad("cursor_invalid", "the cursor does not belong to this list")
                })?),
            };
        let from = instant("from", &params.from)?;
        let to = instant("to", &params.to)?;
        Ok(Self { device, from, to, search: search.map(str::to_owned), after })
    }

    fn query(&self, table: &TableSpec, limit: u64) -> String {
        let mut query =
            format!("{}\n| where DeviceId == {}", table.name, kqltext::text(&self.device.to_string()));
        if let Some(from) = self.from {
            query += &format!("\n| where Timestamp >= {}", kqltext::instant(from));
        }
        if let Some(to) = self.to {
            query += &format!("\n| where Timestamp <= {}", kqltext::instant(to));
        }
        if let Some(After { t, r }) = self.after {
            let at = kqltext::instant(TimeMicros(t));
            // The first line alone prunes files; the second is exact.
            query += &format!("\n| where Timestamp <= {at}");
            query += &format!("\n| where Timestamp < {at} or ReportId < {r}");
        }
        if let Some(search) = &self.search {
            let literal = kqltext::text(search);
            let columns = SEARCHED
                .iter()
                .filter(|name| table.column(name).is_some_and(|c| c.kind == ColumnType::String));
            let any: Vec<String> = columns.map(|name| format!("{name} contains {literal}")).collect();
            query += &format!("\n| where {}", any.join(" or "));
        }
        query + &format!("\n| sort by Timestamp desc, ReportId desc\n| take {limit}")
    }
}

fn item(table: &TableSpec, mut row: Row) -> Option<TimelineItem> {
    row.retain(|_, value| !matches!(value, Value::Null) && value != "");
    let Some(timestamp) = instant(&row, "Timestamp") else {
        tracing::error!(table = table.name, "a row without an instant");
        return None;
    };
    Some(TimelineItem {
        timestamp: timestamp.into(),
        table: table.name.clone(),
        action_type: text(&row, "ActionType").to_owned(),
        report_id: number(&row, "ReportId"),
        summary: summary(&table.name, &row),
        row,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_query_that_is_written_compiles() {
        let device = DeviceId::random();
        let plain = Filter { device, from: None, to: None, search: None, after: None };
        let full = Filter {
            device,
            from: Some(TimeMicros(1)),
            to: Some(TimeMicros(2)),
            search: Some("a\" or 1 == 1 //\\".to_owned()),
            after: Some(After { t: 3, r: 4 }),
        };
        // What a forged cursor can hold at the utmost.
        let edge = |t| Filter { after: Some(After { t, r: i64::MAX }), search: None, ..full.clone() };
        let (early, late) = (edge(i64::MIN), edge(i64::MAX));
        let all = tables(None).expect("all tables");
        assert!(all.len() >= 3);
        for (table, filter) in
            all.into_iter().flat_map(|t| [(t, &plain), (t, &full), (t, &early), (t, &late)])
        {
            let query = filter.query(table, 11);
            let compiled = palisade_kql::compile(&query, &palisade_kql::SchemaCatalogue, 0);
            assert!(compiled.is_ok(), "{query}\n{compiled:?}");
        }
    }

    #[test]
    fn a_cursor_reads_back() {
        let after = After { t: 1_700_000_000_000_001, r: 42 };
        assert_eq!(After::decode(&after.encode()), Some(after));
        assert_eq!(After::decode("x"), None);
        assert_eq!(After::decode(&After { t: 1, r: -1 }.encode()), None);
    }

    #[test]
    fn only_tables_of_events_are_accepted() {
        assert!(tables(Some("DeviceInfo")).is_err() && tables(Some("nothing")).is_err());
        assert_eq!(tables(Some("DeviceFileEvents,DeviceFileEvents")).expect("known").len(), 1);
    }
}
