//! Aggregations over texts that the scan gives as numbers, and over rows that it does not leave out itself: the
//! groups are those of texts and of filtered rows.

use std::path::Path;
use std::sync::Arc;

use futures::StreamExt;
use palisade_kql::SchemaCatalogue;
use palisade_kql_exec::{LocalExecutor, QueryContext, QueryExecutor, json_rows};
use palisade_lake::{LakeWriter, Pin, PinnedCatalogue};

use crate::facts::{NOON, catalogue, config, numbered, tenant};
use crate::terms::{Source, load};

const TABLE: &str = "DeviceFileEvents";

/// Two row groups, so that a second dictionary comes.
const ROWS: usize = (256 << 10) + 5000;

/// So few that the file is read as one, and dealt out after.
const FEW: usize = 5000;

fn text(column: &str, row: usize) -> String {
    match column {
        "FileName" => match row % 7 {
            0 => String::new(),
            1 => "Curl.Sh".to_owned(),
            n if row > 256 << 10 => format!("later-than-the-first-group-{n}.tar.gz"),
            n => format!("a-name-that-is-longer-than-a-view-{n}"),
        },
        // Its dictionary is given up on the way.
        "FolderPath" => format!("/srv/{row:x}/a-folder-with-a-name-of-some-length"),
        "ActionType" => ["FileCreated", "FileDeleted", "FileModified"][row % 3].to_owned(),
        "InitiatingProcessSHA256" => format!("{:064x}", row % 2000),
        _ => String::new(),
    }
}

fn pinned(lake: &Path) -> Arc<PinnedCatalogue> {
    Arc::new(PinnedCatalogue::new(Pin::load(&lake.join("hot"), lake, tenant(1)).unwrap()))
}

/// The rows of an answer in order, and what the plans say.
async fn answer(catalogue: &Arc<PinnedCatalogue>, query: &str) -> (Vec<String>, String) {
    let program = palisade_kql::compile(query, &SchemaCatalogue, NOON).unwrap();
    let executor = LocalExecutor::new(Arc::new(Source(Arc::clone(catalogue)))).with_partitions(2);
    let context = QueryContext { row_cap: 1 << 20, ..QueryContext::default() };
    let mut stream = executor.execute(program, context).await.unwrap();
    let mut rows = Vec::new();
    while let Some(batch) = stream.next().await {
        rows.extend(json_rows(&batch.unwrap(), stream.schema()).iter().map(|row| format!("{row:?}")));
    }
    rows.sort_unstable();
    (rows, stream.explained())
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_by_number_are_groups_by_text() {
    let dir = tempfile::tempdir().unwrap();
    load(dir.path(), TABLE, ROWS, text).await;
    let lake = pinned(dir.path());
    // Of a text that two columns make no scan has numbers: that is the model. What each word of the plan tells is
    // whether the one is not the other.
    for (query, said) in [
        ("summarize n = count() by A", "as_codes(FileName"),
        ("summarize n = count(), d = dcount(B) by A, C", "as_codes(InitiatingProcessSHA256"),
        ("summarize d = dcount(A), e = dcount(B) by bin(Timestamp, 1h)", "as_codes(InitiatingProcessSHA256"),
        ("summarize n = count() by Ending = tostring(split(A, '.')[-1]), C", "as_codes("),
        (
            "summarize n = count() by Kind = case(ReportId % 2 == 0, 'even', ReportId < 9, A, 'odd'), C",
            "as_codes(ActionType",
        ),
        (
            "extend K = case(ReportId < 1000, 'early', ReportId > 250000, 'late', 'between') | summarize n = count() by K, A",
            "as_codes(CASE",
        ),
        (
            "extend K = case(ReportId < 1000, 'early', ReportId > 250000, '', 'between') | summarize n = count() by K",
            "as_codes(CASE",
        ),
        ("summarize n = count() by D, A | summarize sum(n), count() by A", "as_codes(FileName"),
        ("summarize n = count() by tolower(A), strcat(A, 'x')", "as_codes("),
        ("where C == 'FileCreated' | summarize n = count(), m = max(ReportId) by A", "$meant"),
        ("where C != 'FileCreated' and A in~ ('curl.sh', '') | summarize n = count() by A, B", "$meant"),
        (
            "where A == 'Curl.Sh' or A startswith 'later' | summarize n = count(), d = dcount(B) by C",
            "$meant",
        ),
        (
            "where ReportId % 100 == 3 and C == 'FileCreated' | summarize n = count() by bin(Timestamp, 1h)",
            "$meant",
        ),
        (
            "extend K = case(A == 'Curl.Sh', 'a', C == 'FileCreated', 'b', '') | summarize n = count() by K, C",
            "as_codes(CASE",
        ),
        (
            "extend K = case(A == 'Curl.Sh', 'a', A startswith 'later', 'b', ReportId == 5, '', 'c') | summarize n = count() by K",
            "",
        ),
        // Nearly each row is a group of its own, and is passed on as such.
        ("summarize n = count() by F = strcat(D, 'x')", "as_codes("),
        ("summarize n = count() by F = strcat(D, tostring(ReportId)), A", "as_codes("),
        ("summarize n = count() by F = tolower(D)", "as_codes("),
        // A column that the file does not have.
        ("summarize n = count(), d = dcount(SHA256) by SHA256, A", "as_codes("),
        ("where A == 'no such name' | summarize n = count() by C", ""),
        ("where C == 'FileCreated' | summarize take_any(A) by A2 = A | project A2", "FileName"),
        (
            "distinct A, C | join kind=leftanti (TABLE | where C == 'FileCreated' | distinct A, C) on A, C | count",
            "as_codes(",
        ),
    ] {
        let query = format!("TABLE | {query}").replace("TABLE |", &format!("{TABLE} | DEFINE |"));
        let with = |own: &str, other: &str| {
            let define = format!(
                "project Timestamp, ReportId, SHA256, A = {own}FileName{other}, B = {own}InitiatingProcessSHA256{other}, C = {own}ActionType{other}, D = {own}FolderPath{other}"
            );
            query.replace("DEFINE", &define)
        };
        let (found, plan) = answer(&lake, &with("", "")).await;
        let (model, other) = answer(&lake, &with("strcat(", ", iff(ReportId < 0, 'x', ''))")).await;
        assert!(found == model, "{query}: {} rows, not {}", found.len(), model.len());
        assert!(!found.is_empty() || query.contains("no such"), "{query}");
        assert!(plan.contains(said), "{query}: {plan}");
        assert!(!other.contains("$meant") && !other.contains("as_codes(FileName"), "{other}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_counts_the_rows_that_a_condition_leaves() {
    for rows in [FEW, ROWS] {
        let dir = tempfile::tempdir().unwrap();
        load(dir.path(), TABLE, rows, text).await;
        let lake = pinned(dir.path());
        for by in ["FileName", "ActionType", "bin(Timestamp, 1d)"] {
            let query = format!(
                "{TABLE} | where ActionType == 'FileCreated' | take 10 | summarize n = count() by {by}"
            );
            let (found, _) = answer(&lake, &format!("{query} | summarize sum(n)")).await;
            assert_eq!(found, ["[Number(10)]"], "{query} of {rows} rows");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hot_rows_are_in_the_groups_of_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path());
    let mut writer = LakeWriter::open(config.clone()).await.unwrap();
    writer.apply(&(0..30).map(numbered).collect::<Vec<_>>()).unwrap();
    writer.flush().await.unwrap();
    writer.apply(&(30..50).map(numbered).collect::<Vec<_>>()).unwrap();
    writer.seal().unwrap();
    let lake = Arc::new(catalogue(&config, tenant(1)).await);
    let counts = lake.table("DeviceProcessEvents").await.unwrap().row_counts();
    assert!(counts.0 > 0 && counts.1 > 0, "both tiers are in it: {counts:?}");
    for condition in ["true", "ActionType == 'ProcessCreated'", "ReportId % 3 > 0 and FileName != ''"] {
        let query = |own: &str| {
            format!(
                "DeviceProcessEvents | where {condition} | summarize n = count(), d = dcount(DeviceId) by F = \
                 {own}, Kind = case(ReportId % 2 == 0, 'even', 'odd')"
            )
        };
        let (found, plan) = answer(&lake, &query("FileName")).await;
        let (model, _) = answer(&lake, &query("strcat(FileName, iff(ReportId < 0, 'x', ''))")).await;
        assert!(found == model && !found.is_empty(), "{condition}: {found:?}, not {model:?}");
        assert!(plan.contains("UnionExec") && plan.contains("as_codes(FileName"), "{plan}");
    }
}
