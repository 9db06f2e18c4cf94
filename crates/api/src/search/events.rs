//! What was seen in events: one bounded query, and for each hit another one to hunt on with.

use palisade_types::{DeviceId, TenantId, TimeMicros};
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Input, InputKind};
use crate::ask::{self, Row, instant, number, text};
use crate::instant::Instant;
use crate::kqltext;
use crate::query::{QueryFailure, QueryRequest};
use crate::state::Api;

/// Most hits.
pub(crate) const MOST: u64 = 20;
/// How long the query may run.
const DEADLINE: Duration = Duration::from_secs(8);
/// How long it waits for a slot: somebody who hunts goes first.
const PATIENCE: Duration = Duration::from_secs(1);
/// Fewer letters than this are in every second name.
const FEWEST: usize = 3;

/// What events spoke of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Seen {
    /// A program that ran, by its path.
    Process,
    /// A file that was made, changed or removed, by its path.
    File,
    /// An account that something ran as.
    User,
    /// An address at the other end of a connection.
    Address,
    /// An address at this end.
    OwnAddress,
}

impl Seen {
    const ALL: [Self; 5] = [Self::Process, Self::File, Self::User, Self::Address, Self::OwnAddress];

    fn as_str(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::File => "file",
            Self::User => "user",
            Self::Address => "address",
            Self::OwnAddress => "own_address",
        }
    }

    /// Every event that speaks of it.
    fn hunt(self, value: &str, days: u32) -> String {
        let v = kqltext::text(value);
        let since = format!("| where Timestamp > ago({days}d)");
        let newest = "| sort by Timestamp desc\n| take 1000\n";
        match self {
            Self::Process => format!(
                "union DeviceProcessEvents, DeviceNetworkEvents, DeviceFileEvents\n{since}\n\
                 | where FolderPath == {v} or InitiatingProcessFolderPath == {v}\n{newest}"
            ),
            Self::File => format!(
                "DeviceFileEvents\n{since}\n| where FolderPath == {v} or PreviousFolderPath == {v}\n{newest}"
            ),
            Self::User => format!(
                "union DeviceProcessEvents, DeviceNetworkEvents, DeviceFileEvents\n{since}\n\
                 | where AccountName == {v} or InitiatingProcessAccountName == {v}\n{newest}"
            ),
            Self::Address => format!("DeviceNetworkEvents\n{since}\n| where RemoteIP == {v}\n{newest}"),
            Self::OwnAddress => format!("DeviceNetworkEvents\n{since}\n| where LocalIP == {v}\n{newest}"),
        }
    }
}

/// Something that events spoke of.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventHit {
    /// What it is.
    kind: Seen,
    /// Its path, name or address.
    value: String,
    /// How many events spoke of it.
    events: u64,
    /// On how many devices.
    devices: u64,
    /// One of these devices.
    device_id: String,
    /// Its name.
    device: String,
    /// When it was first seen in that time.
    #[schema(required = true)]
    first_seen: Option<Instant>,
    /// When it was last seen.
    #[schema(required = true)]
    last_seen: Option<Instant>,
    /// A query that shows the events.
    query: String,
}

/// A part of the query: a table's rows that fit, with what of them is meant.
struct Leg {
    table: &'static str,
    fits: String,
    kind: Seen,
    value: &'static str,
}

const PROCESSES: &str = "DeviceProcessEvents";
const CONNECTIONS: &str = "DeviceNetworkEvents";
const FILES: &str = "DeviceFileEvents";

fn leg(table: &'static str, kind: Seen, value: &'static str, fits: String) -> Leg {
    Leg { table, fits, kind, value }
}

/// Why nothing is looked for in events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unasked {
    /// Stable code.
    pub code: &'static str,
    /// For people.
    pub message: &'static str,
}

const SHORT: Unasked = Unasked { code: "too_short", message: "events are searched from three letters on" };
const RANGE: Unasked =
    Unasked { code: "not_supported", message: "ranges of IPv6 cannot be looked for in events" };
const NOWHERE: Unasked = Unasked { code: "not_in_events", message: "events have nothing of this kind" };

fn legs(input: &Input) -> Result<Vec<Leg>, Unasked> {
    let v = kqltext::text(&input.text);
    let hash = |column: &str| {
        let v = kqltext::text(&input.text.to_lowercase());
        let by = format!("InitiatingProcess{column} == {v}");
        vec![
            leg(PROCESSES, Seen::Process, "FolderPath", format!("{column} == {v}")),
            leg(PROCESSES, Seen::Process, "InitiatingProcessFolderPath", by.clone()),
            leg(CONNECTIONS, Seen::Process, "InitiatingProcessFolderPath", by.clone()),
            leg(FILES, Seen::Process, "InitiatingProcessFolderPath", by),
        ]
    };
    let address = |fits: &dyn Fn(&str) -> String| {
        vec![
            leg(CONNECTIONS, Seen::Address, "RemoteIP", fits("RemoteIP")),
            leg(CONNECTIONS, Seen::OwnAddress, "LocalIP", fits("LocalIP")),
        ]
    };
    let Some(kind) = input.kinds.first() else { return Err(NOWHERE) };
    Ok(match (kind, input.network) {
        (InputKind::Sha256, _) => hash("SHA256"),
        // A device's identifier is of as many digits.
        (InputKind::Sha1 | InputKind::DeviceId, _) => hash("SHA1"),
        (InputKind::Md5, _) => hash("MD5"),
        (InputKind::Ipv4 | InputKind::Ipv6, Some((ip, _))) => {
            let v = kqltext::text(&ip.to_string());
            address(&|column: &str| format!("{column} == {v}"))
        }
        (InputKind::Cidr, Some((ip, bits))) if ip.is_ipv4() => {
            let range = kqltext::text(&format!("{ip}/{bits}"));
            address(&|column: &str| format!("ipv4_is_in_range({column}, {range})"))
        }
        (InputKind::Cidr, _) => return Err(RANGE),
        (InputKind::Path, _) => {
            let begins = |column: &str| format!("{column} startswith {v}");
            vec![
                leg(PROCESSES, Seen::Process, "FolderPath", begins("FolderPath")),
                leg(FILES, Seen::File, "FolderPath", begins("FolderPath")),
            ]
        }
        (InputKind::Uuid, _) => return Err(NOWHERE),
        (InputKind::Name | InputKind::FindingCode | InputKind::Email, _) => {
            if input.text.chars().count() < FEWEST {
                return Err(SHORT);
            }
            let begins = |column: &str| format!("{column} startswith {v}");
            let is = |column: &str| format!("{column} =~ {v}");
            vec![
                leg(PROCESSES, Seen::Process, "FolderPath", begins("FileName")),
                leg(FILES, Seen::File, "FolderPath", begins("FileName")),
                leg(PROCESSES, Seen::User, "AccountName", is("AccountName")),
                leg(
                    CONNECTIONS,
                    Seen::User,
                    "InitiatingProcessAccountName",
                    is("InitiatingProcessAccountName"),
                ),
                leg(FILES, Seen::User, "InitiatingProcessAccountName", is("InitiatingProcessAccountName")),
            ]
        }
        (InputKind::Ipv4 | InputKind::Ipv6, None) => return Err(NOWHERE),
    })
}

/// The query that looks for all of it at once: a search takes one slot.
pub(crate) fn query(input: &Input, days: u32) -> Result<String, Unasked> {
    let one = |l: Leg| {
        let Leg { table, fits, kind, value } = l;
        let kind = kind.as_str();
        format!(
            "({table} | where Timestamp > ago({days}d) | where {fits} \
             | project Timestamp, DeviceId, DeviceName, Kind = \"{kind}\", Value = {value})"
        )
    };
    let legs: Vec<String> = legs(input)?.into_iter().map(one).collect();
    Ok(format!(
        "union\n  {}\n| where Value != \"\"\n\
         | summarize Events = count(), Devices = dcount(DeviceId), First = min(Timestamp), arg_max(Timestamp, DeviceId, DeviceName) by Kind, Value\n\
         | top {MOST} by Timestamp desc, Value asc",
        legs.join(",\n  ")
    ))
}

/// What events of so many days spoke of, the latest first. `devices` are those whose events are in reach.
///
/// # Errors
/// Why there is no answer, with a stable code.
pub(crate) async fn look(
    api: &Api,
    tenant: TenantId,
    devices: Option<Vec<DeviceId>>,
    query: String,
    days: u32,
) -> Result<Vec<EventHit>, QueryFailure> {
    let request = QueryRequest {
        tenant,
        devices,
        query,
        functions: Vec::new(),
        row_cap: MOST,
        deadline: DEADLINE,
        query_id: Uuid::now_v7().to_string(),
        now_us: TimeMicros::now().0,
    };
    let answer = ask::run(api, request, PATIENCE).await?;
    let names: Vec<String> = answer.schema.into_iter().map(|c| c.name).collect();
    let row = |values: Vec<Value>| names.iter().cloned().zip(values).collect::<Row>();
    Ok(answer.rows.into_iter().map(row).filter_map(|r| hit(&r, days)).collect())
}

fn hit(row: &Row, days: u32) -> Option<EventHit> {
    let kind = Seen::ALL.into_iter().find(|k| k.as_str() == text(row, "Kind"))?;
    let value = text(row, "Value").to_owned();
    let count = |name: &str| u64::try_from(number(row, name)).unwrap_or(0);
    Some(EventHit {
        kind,
        query: kind.hunt(&value, days),
        value,
        events: count("Events"),
        devices: count("Devices"),
        device_id: text(row, "DeviceId").to_owned(),
        device: text(row, "DeviceName").to_owned(),
        first_seen: Instant::maybe(instant(row, "First")),
        last_seen: Instant::maybe(instant(row, "Timestamp")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compiles(query: &str) -> palisade_kql::Program {
        palisade_kql::compile(query, &palisade_kql::SchemaCatalogue, 0)
            .unwrap_or_else(|e| panic!("{query}\n{e:?}"))
    }

    #[test]
    fn every_query_that_is_written_compiles() {
        let hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let names = ["a\" or 1 == 1 //\\", "curl", "ann@example.org", "heartbeat_lost"];
        let paths = ["/usr/bin/\"x", "C:\\Windows"];
        let addresses = ["10.1.2.3", "10.0.0.0/8", "2001:db8::7"];
        let hashes = [hash, &hash[..40], &hash[..32]];
        for text in names.iter().chain(&paths).chain(&addresses).chain(&hashes) {
            let input = Input::read(text).expect("something");
            let program = compiles(&query(&input, 7).expect("looked for"));
            let columns: Vec<&str> = program.schema().columns.iter().map(|c| c.name.as_str()).collect();
            for name in ["Kind", "Value", "Events", "Devices", "First", "Timestamp", "DeviceId", "DeviceName"]
            {
                assert!(columns.contains(&name), "{text}: {columns:?}");
            }
            for kind in Seen::ALL {
                compiles(&kind.hunt(text, 7));
            }
        }
    }

    #[test]
    fn what_is_in_no_event_is_not_looked_for() {
        let of = |text: &str| query(&Input::read(text).expect("something"), 7).map_err(|u| u.code);
        assert_eq!(of("ab"), Err("too_short"));
        assert_eq!(of("2001:db8::/32"), Err("not_supported"));
        assert_eq!(of("8b6a1f0c-9d1e-4a53-8b1f-0c9d1e4a538b"), Err("not_in_events"));
    }
}
