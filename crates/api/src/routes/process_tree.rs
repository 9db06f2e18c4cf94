//! The processes around one process: its ancestors, itself, its children.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use palisade_types::{DeviceId, TenantId, TimeMicros};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::ask::{self, Row, additional, instant, number, text};
use crate::error::ApiError;
use crate::extract::{Id, Params};
use crate::gate::{Authorized, EventsRead, audit};
use crate::instant::Instant;
use crate::kqltext;
use crate::query::QueryFailure;
use crate::state::Api;

/// Most ancestors.
const MAX_ANCESTORS: usize = 32;
/// Most children.
const MAX_CHILDREN: usize = 200;
/// Longest process id that is asked for, characters.
const MAX_ID: usize = 64;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct TreeParams {
    /// The process in the middle.
    process_unique_id: String,
    /// An instant at which the process existed, RFC 3339; its start is looked for before it.
    timestamp: Option<String>,
}

/// One process.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ProcessNode {
    /// Its unique identifier on the device.
    id: String,
    /// The node that started it; null at the top.
    #[schema(required = true)]
    parent_id: Option<String>,
    /// Process id; reused by the system.
    pid: i64,
    /// Name of the executable.
    file_name: String,
    /// Command line.
    command_line: String,
    /// Account that it ran as.
    account_name: String,
    /// When it began.
    #[schema(required = true)]
    start: Option<Instant>,
    /// When it ended; null while it runs, or where that is not known.
    #[schema(required = true)]
    end: Option<Instant>,
    /// SHA-256 of the executable.
    sha256: String,
    /// Path of the executable.
    folder_path: String,
    /// Whether it is the process that was asked for.
    focus: bool,
    /// Whether its start was not seen, so that less is known.
    is_partial: bool,
}

/// The processes around one process.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProcessTree {
    /// Ancestors from the top, the process itself, its children by start.
    nodes: Vec<ProcessNode>,
    /// Whether there are more ancestors or children than are shown.
    truncated: bool,
}

/// Reads the ancestors and children of a process.
#[utoipa::path(get, path = "/api/v1/devices/{id}/process-tree", operation_id = "devices_process_tree", tag = "devices",
    params(("id" = String, Path, description = "The device."), TreeParams),
    responses((status = 200, description = "The processes around it.", body = ProcessTree)))]
pub(crate) async fn show(
    caller: Authorized<EventsRead, audit::Unaudited>,
    State(api): State<Api>,
    Id(device): Id<DeviceId>,
    Params(params): Params<TreeParams>,
) -> Result<Json<ProcessTree>, ApiError> {
    let id = params.process_unique_id;
    if id.is_empty() || id.len() > MAX_ID {
        return Err(ApiError::invalid(format!("process_unique_id must have 1 to {MAX_ID} characters")));
    }
    let at: Option<TimeMicros> = match params.timestamp.as_deref().filter(|t| !t.is_empty()) {
        None => None,
        Some(text) => {
            Some(text.parse().map_err(|_| ApiError::invalid("timestamp must be an RFC 3339 instant"))?)
        }
    };
    let tenant = caller.tenant();
    // Answers not_found for a device of another tenant, or outside the caller's.
    api.config.state.device(tenant, caller.devices(), device, TimeMicros::now()).await?;
    let asker = Asker { api: &api, tenant, device };
    let mut lineage = asker.lineage(&id, at).await?;
    let Some(focus) = lineage.nodes.last_mut() else { return Err(ApiError::not_found("process")) };
    focus.focus = true;
    let (children, more) = asker.children(&id).await?;
    let mut nodes = lineage.nodes;
    // A second exec in one process has the earlier image of the same process as its parent, and
    // might have been reached from both sides.
    nodes.extend(children.into_iter().filter(|c| c.id != id));
    asker.ends(&mut nodes).await?;
    Ok(Json(ProcessTree { nodes, truncated: more || lineage.truncated }))
}

struct Asker<'a> {
    api: &'a Api,
    tenant: TenantId,
    device: DeviceId,
}

struct Lineage {
    /// From the top to the process that was asked for.
    nodes: Vec<ProcessNode>,
    truncated: bool,
}

impl Asker<'_> {
    async fn rows(&self, table: &str, rest: &str, cap: usize) -> Result<Vec<Row>, QueryFailure> {
        let query = query(table, self.device, rest);
        ask::rows(self.api, self.tenant, self.device, query, cap as u64).await
    }

    async fn created(&self, id: &str, at: Option<TimeMicros>) -> Result<Option<Row>, QueryFailure> {
        Ok(self.rows("DeviceProcessEvents", &created_query(id, at), 1).await?.into_iter().next())
    }

    /// The end of a process: one that was forked without an exec has no start of its own.
    async fn ended(&self, id: &str) -> Result<Option<Row>, QueryFailure> {
        Ok(self.rows("DeviceProcessEvents", &ended_query(id), 1).await?.into_iter().next())
    }

    async fn lineage(&self, id: &str, at: Option<TimeMicros>) -> Result<Lineage, QueryFailure> {
        let mut upwards: Vec<ProcessNode> = Vec::new();
        let mut truncated = false;
        let mut row = self.created(id, at).await?;
        if row.is_none() {
            row = self.ended(id).await?;
        }
        if row.is_none() {
            // Its start was not seen: what it did tells about it.
            if let Some(deed) = self.deed(id).await? {
                upwards.push(initiator(&deed));
                upwards.extend(grandparent(&deed));
            }
        }
        while let Some(created) = row.take() {
            let mut node = subject(&created);
            let parent = initiator(&created);
            let looped =
                parent.id.is_empty() || parent.id == node.id || upwards.iter().any(|n| n.id == parent.id);
            node.parent_id = (!looped).then(|| parent.id.clone());
            upwards.push(node);
            if looped {
                break;
            }
            if upwards.len() > MAX_ANCESTORS {
                truncated = true;
                break;
            }
            row = self.created(&parent.id, None).await?;
            if row.is_none() {
                upwards.push(parent);
                upwards.extend(grandparent(&created));
            }
        }
        if truncated && let Some(top) = upwards.last_mut() {
            top.parent_id = None;
        }
        upwards.reverse();
        Ok(Lineage { nodes: upwards, truncated })
    }

    /// Some row that the process caused.
    async fn deed(&self, id: &str) -> Result<Option<Row>, QueryFailure> {
        for table in ["DeviceProcessEvents", "DeviceNetworkEvents", "DeviceFileEvents"] {
            if let Some(row) = self.rows(table, &deed_query(id), 1).await?.into_iter().next() {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    async fn children(&self, id: &str) -> Result<(Vec<ProcessNode>, bool), QueryFailure> {
        let mut rows = self.rows("DeviceProcessEvents", &children_query(id), MAX_CHILDREN + 1).await?;
        let more = rows.len() > MAX_CHILDREN;
        rows.truncate(MAX_CHILDREN);
        let node = |row: &Row| ProcessNode { parent_id: Some(id.to_owned()), ..subject(row) };
        Ok((rows.iter().map(node).collect(), more))
    }

    async fn ends(&self, nodes: &mut [ProcessNode]) -> Result<(), QueryFailure> {
        let ids: Vec<&str> = nodes.iter().map(|n| n.id.as_str()).collect();
        let rows =
            self.rows("DeviceProcessEvents", &ends_query(&ids), MAX_CHILDREN + MAX_ANCESTORS + 8).await?;
        let ended = |row: &Row| Some((text(row, "ProcessUniqueId").to_owned(), instant(row, "Timestamp")?));
        let ends: HashMap<String, TimeMicros> = rows.iter().filter_map(ended).collect();
        for node in nodes {
            node.end = Instant::maybe(ends.get(&node.id).copied());
        }
        Ok(())
    }
}

const SUBJECT: &str = "ActionType, ProcessUniqueId, ProcessId, FileName, FolderPath, ProcessCommandLine, AccountName, \
     ProcessCreationTime, SHA256, AdditionalFields";
const INITIATOR: &str = "InitiatingProcessUniqueId, InitiatingProcessId, InitiatingProcessFileName, \
     InitiatingProcessFolderPath, InitiatingProcessCommandLine, InitiatingProcessAccountName, \
     InitiatingProcessCreationTime, InitiatingProcessSHA256, InitiatingProcessParentId, \
     InitiatingProcessParentFileName, InitiatingProcessParentCreationTime";

fn query(table: &str, device: DeviceId, rest: &str) -> String {
    format!("{table}\n| where DeviceId == {}\n{rest}", kqltext::text(&device.to_string()))
}

fn created_query(id: &str, at: Option<TimeMicros>) -> String {
    // A console that counts in milliseconds has cut the instant short.
    let before =
        |at: TimeMicros| format!("\n| where Timestamp <= {}", kqltext::instant(at.plus_micros(1_000_000)));
    let before = at.map(before).unwrap_or_default();
    format!(
        "| where ActionType == \"ProcessCreated\" and ProcessUniqueId == {}{before}\n\
         | sort by Timestamp desc\n| take 1\n| project Timestamp, {SUBJECT}, {INITIATOR}",
        kqltext::text(id)
    )
}

fn ended_query(id: &str) -> String {
    format!(
        "| where ActionType == \"ProcessTerminated\" and ProcessUniqueId == {}\n| take 1\n\
         | project Timestamp, {SUBJECT}, {INITIATOR}",
        kqltext::text(id)
    )
}

fn deed_query(id: &str) -> String {
    format!(
        "| where InitiatingProcessUniqueId == {}\n| take 1\n| project Timestamp, {INITIATOR}",
        kqltext::text(id)
    )
}

fn children_query(id: &str) -> String {
    format!(
        "| where ActionType == \"ProcessCreated\" and InitiatingProcessUniqueId == {}\n\
         | sort by Timestamp asc, ReportId asc\n| take {}\n| project Timestamp, {SUBJECT}",
        kqltext::text(id),
        MAX_CHILDREN + 1
    )
}

fn ends_query(ids: &[&str]) -> String {
    format!(
        "| where ActionType == \"ProcessTerminated\" and ProcessUniqueId in {}\n| project ProcessUniqueId, Timestamp",
        kqltext::list(ids.iter().copied())
    )
}

fn subject(row: &Row) -> ProcessNode {
    ProcessNode {
        id: text(row, "ProcessUniqueId").to_owned(),
        parent_id: None,
        pid: number(row, "ProcessId"),
        file_name: text(row, "FileName").to_owned(),
        command_line: text(row, "ProcessCommandLine").to_owned(),
        account_name: text(row, "AccountName").to_owned(),
        start: Instant::maybe(instant(row, "ProcessCreationTime").or_else(|| instant(row, "Timestamp"))),
        end: None,
        sha256: text(row, "SHA256").to_owned(),
        folder_path: text(row, "FolderPath").to_owned(),
        focus: false,
        is_partial: additional(row, "Partial").is_some_and(|p| p == "true"),
    }
}

/// What a row tells about the process that caused it.
fn initiator(row: &Row) -> ProcessNode {
    ProcessNode {
        id: text(row, "InitiatingProcessUniqueId").to_owned(),
        parent_id: grandparent(row).map(|g| g.id),
        pid: number(row, "InitiatingProcessId"),
        file_name: text(row, "InitiatingProcessFileName").to_owned(),
        command_line: text(row, "InitiatingProcessCommandLine").to_owned(),
        account_name: text(row, "InitiatingProcessAccountName").to_owned(),
        start: Instant::maybe(instant(row, "InitiatingProcessCreationTime")),
        end: None,
        sha256: text(row, "InitiatingProcessSHA256").to_owned(),
        folder_path: text(row, "InitiatingProcessFolderPath").to_owned(),
        focus: false,
        is_partial: true,
    }
}

/// What a row tells about the parent of the process that caused it; its unique id is not known.
fn grandparent(row: &Row) -> Option<ProcessNode> {
    let (pid, name) =
        (number(row, "InitiatingProcessParentId"), text(row, "InitiatingProcessParentFileName"));
    if pid == 0 || name.is_empty() {
        return None;
    }
    Some(ProcessNode {
        id: format!("pid:{pid}"),
        parent_id: None,
        pid,
        file_name: name.to_owned(),
        command_line: String::new(),
        account_name: String::new(),
        start: Instant::maybe(instant(row, "InitiatingProcessParentCreationTime")),
        end: None,
        sha256: String::new(),
        folder_path: String::new(),
        focus: false,
        is_partial: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_query_that_is_written_compiles() {
        let hostile = "1\" or true //";
        let rests = [
            ("DeviceProcessEvents", created_query(hostile, Some(TimeMicros(5)))),
            ("DeviceProcessEvents", created_query("77", None)),
            ("DeviceProcessEvents", created_query("77", Some(TimeMicros(i64::MAX)))),
            ("DeviceProcessEvents", deed_query(hostile)),
            ("DeviceNetworkEvents", deed_query("77")),
            ("DeviceFileEvents", deed_query("77")),
            ("DeviceProcessEvents", children_query(hostile)),
            ("DeviceProcessEvents", ends_query(&["1", hostile])),
        ];
        for (table, rest) in rests {
            let query = query(table, DeviceId::random(), &rest);
            let compiled = palisade_kql::compile(&query, &palisade_kql::SchemaCatalogue, 0);
            assert!(compiled.is_ok(), "{query}\n{compiled:?}");
        }
    }
}
