//! Functions over the tables of the fleet, searches, and when rows came in.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray};
use palisade_kql::catalogue::{ColumnDef, TableDef};
use palisade_kql::{Catalogue, MemoryCatalogue, Type};
use palisade_kql_exec::{MemoryTables, QueryContext};
use serde_json::{Value as Json, json};

use super::run;

/// Columns of a test's table: texts, and a column of instants in minutes of the day.
struct Fleet {
    catalogue: MemoryCatalogue,
    tables: MemoryTables,
}

impl Fleet {
    fn new() -> Self {
        Self { catalogue: MemoryCatalogue::new(), tables: MemoryTables::new() }
    }

    fn add(&mut self, name: &str, columns: &[&str], rows: &[&[&str]]) {
        let mut defined = vec![("Timestamp", Type::Datetime)];
        defined.extend(columns.iter().map(|c| (*c, Type::String)));
        self.catalogue.add(name, &defined);
        let times: Vec<i64> =
            (0..rows.len()).map(|n| super::NOW - 60_000_000 * (rows.len() - n) as i64).collect();
        let times = TimestampMicrosecondArray::from(times).with_timezone("UTC");
        let mut arrays: Vec<(&str, ArrayRef)> = vec![("Timestamp", Arc::new(times))];
        for (at, column) in columns.iter().enumerate() {
            let cells = StringArray::from(rows.iter().map(|r| r[at]).collect::<Vec<_>>());
            arrays.push((column, Arc::new(cells)));
        }
        self.tables.add(name, vec![RecordBatch::try_from_iter(arrays).unwrap()]).unwrap();
    }

    async fn rows(self, text: &str) -> Vec<Vec<Json>> {
        run(text, &self.catalogue, Arc::new(self.tables), QueryContext::default()).await.unwrap().rows
    }
}

fn files() -> Fleet {
    let mut fleet = Fleet::new();
    fleet.add(
        "DeviceFileEvents",
        &["DeviceId", "FileName", "SHA1", "SHA256"],
        &[&["d1", "tool", "AA", "aaaa"], &["d2", "tool", "aa", "aaaa"], &["d2", "other", "bb", "bbbb"]],
    );
    fleet.add(
        "DeviceProcessEvents",
        &["DeviceId", "FileName", "SHA1", "SHA256", "ProcessVersionInfoCompanyName"],
        &[&["d3", "tool", "aa", "aaaa", "Maker"]],
    );
    fleet
}

#[tokio::test]
async fn a_file_profile_counts_the_devices_of_the_fleet() {
    let text = "datatable(SHA1: string, at: long)['Aa', 1, 'bb', 2, 'cc', 3, '', 4] | invoke FileProfile(SHA1, 1000) \
        | project at, GlobalPrevalence, IsExecutable, Publisher, SignatureState, ProfileAvailability | sort by at asc";
    assert_eq!(
        files().rows(text).await,
        [
            vec![json!(1), json!(3), json!(true), json!("Maker"), json!("Unknown"), json!("Available")],
            vec![json!(2), json!(1), json!(false), json!(""), json!("Unknown"), json!("Available")],
            vec![json!(3), Json::Null, Json::Null, json!(""), json!("Unknown"), json!("Missing")],
            vec![json!(4), Json::Null, Json::Null, json!(""), json!("Unknown"), json!("Missing")],
        ]
    );
    let text = "DeviceFileEvents | distinct SHA256 | invoke FileProfile('SHA256') \
        | project SHA256, GlobalPrevalence, Seen = GlobalLastSeen > GlobalFirstSeen | sort by SHA256 asc";
    let expected = [vec![json!("aaaa"), json!(3), json!(true)], vec![json!("bbbb"), json!(1), json!(false)]];
    assert_eq!(files().rows(text).await, expected);
}

#[tokio::test]
async fn certificates_and_threats_come_from_their_tables() {
    let mut fleet = files();
    fleet.add(
        "DeviceFileCertificateInfo",
        &["SHA1", "Signer", "Issuer", "SignerHash", "IsTrusted", "IsSigned", "IsRootSignerMicrosoft"],
        &[&["AA", "Maker Ltd", "Root", "55", "true", "true", "false"]],
    );
    fleet.add("AlertEvidence", &["SHA1", "ThreatFamily"], &[&["bb", "Bad"]]);
    let text = "DeviceFileEvents | distinct SHA256 | invoke FileProfile(SHA256) \
        | project SHA256, Signer, IsCertificateValid, SignatureState, ThreatName | sort by SHA256 asc";
    assert_eq!(
        fleet.rows(text).await,
        [
            vec![json!("aaaa"), json!("Maker Ltd"), json!(true), json!("SignedValid"), json!("")],
            vec![json!("bbbb"), json!(""), Json::Null, json!("Unknown"), json!("Bad")],
        ]
    );
}

fn network() -> Fleet {
    let mut fleet = Fleet::new();
    let ip = |ip: &str| format!("[{{\"IPAddress\":\"{ip}\"}}]");
    let (a, b, c) = (ip("10.0.0.1"), ip("10.0.0.2"), ip("1.2.3.4"));
    fleet.add(
        "DeviceNetworkInfo",
        &["DeviceId", "DeviceName", "IPAddresses", "NetworkAdapterType", "ConnectedNetworks"],
        &[
            &["d1", "one", &a, "Ethernet", ""],
            &["d2", "two", &b, "", ""],
            &["d2", "two", &a, "", ""],
            &["d1", "one", &c, "", ""],
        ],
    );
    fleet.add(
        "DeviceNetworkEvents",
        &["DeviceId", "DeviceName", "RemoteIP"],
        &[&["d3", "three", "10.0.0.2"], &["d2", "two", "10.0.0.2"]],
    );
    fleet
}

#[tokio::test]
async fn addresses_lead_to_devices_and_back() {
    let text =
        "datatable(IP: string)['10.0.0.1', '10.0.0.2', '9.9.9.9'] | invoke DeviceFromIP() | sort by IP asc";
    // The address went from the first device to the second.
    assert_eq!(
        network().rows(text).await,
        [[json!("10.0.0.1"), json!("d2")], [json!("10.0.0.2"), json!("d2")]]
    );
    let text = "datatable(Address: string)['10.0.0.1'] | invoke DeviceFromIP(Address, now() - 210s)";
    assert_eq!(network().rows(text).await, [[json!("10.0.0.1"), json!("d1")]]);
    let text =
        "AssignedIPAddresses('ONE') | project IPAddress, IPType, NetworkAdapterType | sort by IPAddress asc";
    assert_eq!(
        network().rows(text).await,
        [["1.2.3.4", "Public", ""], ["10.0.0.1", "Private", "Ethernet"]]
            .map(|r| r.map(|c| json!(c)).to_vec())
    );
    let text = "datatable(DeviceId: string)['d1', 'd2'] | invoke SeenBy() | sort by DeviceId asc \
        | project DeviceId, tostring(SeenBy[0].DeviceName), array_length(SeenBy)";
    assert_eq!(
        network().rows(text).await,
        [vec![json!("d1"), json!(""), json!(0)], vec![json!("d2"), json!("three"), json!(1)]]
    );
}

#[tokio::test]
async fn searches_look_into_all_text_columns() {
    let text = "search in (DeviceFileEvents, DeviceProcessEvents) 'maker' or FileName:'oth*' | project $table, FileName \
        | sort by $table asc";
    assert_eq!(
        files().rows(text).await,
        [[json!("DeviceFileEvents"), json!("other")], [json!("DeviceProcessEvents"), json!("tool")]]
    );
    let count = |text: &'static str| async move { files().rows(text).await };
    assert_eq!(count("search '*OO*' | count").await, [[json!(3)]]);
    assert_eq!(count("search kind=case_sensitive 'AA' | count").await, [[json!(1)]]);
    assert_eq!(count("DeviceFileEvents | search 't*l' and not(DeviceId:'d1') | count").await, [[json!(1)]]);
    let text = "find in (DeviceFileEvents, DeviceProcessEvents) where SHA1 =~ 'aa' and DeviceId != 'd1' | sort by DeviceId asc \
        | project source_, FileName, company = tostring(pack_.ProcessVersionInfoCompanyName)";
    assert_eq!(
        files().rows(text).await,
        [
            ["DeviceFileEvents", "tool", ""].map(|c| json!(c)),
            ["DeviceProcessEvents", "tool", "Maker"].map(|c| json!(c))
        ]
    );
}

/// A catalogue whose tables keep when rows came in.
struct Ingested(MemoryCatalogue);

impl Catalogue for Ingested {
    fn table(&self, name: &str) -> Option<TableDef> {
        let hidden = vec![ColumnDef { name: "_IngestTime".to_owned(), ty: Type::Datetime }];
        self.0.table(name).map(|t| TableDef {
            columns: t.columns.into_iter().filter(|c| c.name != "_IngestTime").collect(),
            hidden,
            ..t
        })
    }

    fn tables(&self) -> Vec<String> {
        self.0.tables()
    }
}

#[tokio::test]
async fn ingestion_time_goes_through_filters_projections_lets_and_unions() {
    let table = |name: &str, at: i64, fleet: &mut Fleet| {
        let text: ArrayRef = Arc::new(StringArray::from(vec!["x", "y"]));
        let times: ArrayRef =
            Arc::new(TimestampMicrosecondArray::from(vec![at, at + 1]).with_timezone("UTC"));
        let batch = RecordBatch::try_from_iter([("name", text), ("_IngestTime", times)]).unwrap();
        fleet.catalogue.add(name, &[("name", Type::String)]);
        fleet.tables.add(name, vec![batch]).unwrap();
    };
    for (text, expected) in [
        (
            "A | where name == 'y' | project n = name | extend t = ingestion_time() | project t",
            vec![json!("1970-01-01T00:00:00.000011Z")],
        ),
        (
            "let T = A | where name == 'x'; T | project t = ingestion_time()",
            vec![json!("1970-01-01T00:00:00.000010Z")],
        ),
        (
            "let T = materialize(A | where name == 'x'); T | project t = ingestion_time()",
            vec![json!("1970-01-01T00:00:00.000010Z")],
        ),
        (
            "union A, (B | where name == 'x'), (print name = 'z') | order by name desc | project t = ingestion_time() | take 2",
            vec![Json::Null, json!("1970-01-01T00:00:00.000011Z")],
        ),
        (
            "A | mv-expand e = dynamic([1]) | parse name with n | summarize t = max(ingestion_time())",
            vec![json!("1970-01-01T00:00:00.000011Z")],
        ),
        (
            "A | distinct name | summarize n = count() | extend t = ingestion_time() | project t",
            vec![Json::Null],
        ),
        ("A | as X | take 1 | project isnotnull(ingestion_time())", vec![json!(true)]),
    ] {
        let mut fleet = Fleet::new();
        table("A", 10, &mut fleet);
        table("B", 20, &mut fleet);
        let outcome = run(text, &Ingested(fleet.catalogue), Arc::new(fleet.tables), QueryContext::default())
            .await
            .unwrap();
        let found: Vec<Json> = outcome.rows.into_iter().map(|r| r[0].clone()).collect();
        assert_eq!(found, expected, "{text}");
    }
}
