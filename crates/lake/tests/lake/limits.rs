//! Pins that show the rows of some devices only.

use arrow::datatypes::DataType;
use datafusion::common::JoinType;
use datafusion::error::DataFusionError;
use datafusion::functions_aggregate::expr_fn::{count, max, min};
use datafusion::prelude::{DataFrame, SessionContext, cast, ident, lit};
use palisade_lake::{LakeConfig, LakeError, LakeWriter};
use palisade_types::DeviceId;

use crate::facts::{catalogue, config, device, lines, numbered, tenant};

/// Rows of one tenant in both tiers, of devices 0 to 4.
async fn filled(config: &LakeConfig) {
    let mut writer = LakeWriter::open(config.clone()).await.unwrap();
    writer.apply(&(0..40).map(numbered).collect::<Vec<_>>()).unwrap();
    writer.flush().await.unwrap();
    writer.apply(&(40..60).map(numbered).collect::<Vec<_>>()).unwrap();
    writer.seal().unwrap();
}

/// The process events of a pin with all devices, or with some.
async fn events(config: &LakeConfig, devices: Option<&[DeviceId]>) -> DataFrame {
    let pinned = catalogue(config, tenant(1)).await;
    let pinned = match devices {
        Some(devices) => pinned.limited_to(devices),
        None => pinned,
    };
    let table = pinned.table("DeviceProcessEvents").await.unwrap();
    SessionContext::new().read_table(table as _).unwrap()
}

type Question = fn(DataFrame) -> Result<DataFrame, DataFusionError>;

/// With and without the column that says whose a row is, with conditions that planners like to move,
/// and with those that widen what a condition lets through.
const QUESTIONS: [(&str, Question); 12] = [
    ("all", Ok),
    ("no device column", |f| f.select_columns(&["ReportId"])),
    ("device column in the middle", |f| f.select_columns(&["FileName", "DeviceId", "ReportId"])),
    ("count", |f| f.aggregate(vec![], vec![count(lit(1))])),
    ("extremes", |f| {
        f.aggregate(vec![], vec![min(ident("DeviceId")), max(ident("DeviceId")), max(ident("Timestamp"))])
    }),
    ("or true", |f| f.filter(ident("ReportId").eq(lit(1i64)).or(lit(true)))?.select_columns(&["ReportId"])),
    ("not this device", |f| f.filter(ident("DeviceId").not_eq(lit("x")))?.select_columns(&["ReportId"])),
    ("by device", |f| {
        f.filter(ident("FileName").eq(lit("curl")))?.aggregate(vec![ident("DeviceId")], vec![count(lit(1))])
    }),
    ("union", |f| f.clone().union(f)?.select_columns(&["ReportId"])),
    ("join", |f| {
        let other =
            f.clone().select(vec![ident("ReportId").alias("Other"), ident("DeviceId").alias("Its")])?;
        let joined = f.join_on(other, JoinType::Full, [ident("ReportId").eq(ident("Other"))])?;
        joined.select(vec![ident("ReportId"), ident("Other"), ident("Its")])
    }),
    ("first by time", |f| {
        f.sort(vec![ident("Timestamp").sort(false, true), ident("ReportId").sort(true, true)])?
            .limit(0, Some(7))?
            .select_columns(&["ReportId"])
    }),
    ("distinct", |f| f.select_columns(&["DeviceId"])?.distinct()),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_limited_pin_answers_as_if_there_were_no_other_rows() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path());
    filled(&config).await;
    for devices in [vec![device(1)], vec![device(0), device(3)], vec![device(200)], Vec::new()] {
        let ids = devices.iter().map(|d| lit(d.to_string())).collect();
        let own = if devices.is_empty() { lit(false) } else { ident("DeviceId").in_list(ids, false) };
        for (name, question) in QUESTIONS {
            let limited = question(events(&config, Some(&devices)).await).unwrap();
            let model = question(events(&config, None).await.filter(own.clone()).unwrap()).unwrap();
            let limited = lines(&limited.collect().await.unwrap());
            assert_eq!(limited, lines(&model.collect().await.unwrap()), "{devices:?}: {name}");
        }
    }
    let (some, all) = (events(&config, Some(&[device(1)])).await, events(&config, None).await);
    let (some, all) = (some.count().await.unwrap(), all.count().await.unwrap());
    assert!(0 < some && some < all, "there is something to hide and something to show: {some} of {all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_that_fails_on_a_hidden_row_tells_nothing_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path());
    filled(&config).await;
    // No name of a file is a number.
    let trap = || cast(ident("FileName"), DataType::Int64).eq(lit(1i64));
    let asked = events(&config, Some(&[device(200)])).await.filter(trap()).unwrap();
    assert_eq!(asked.count().await.unwrap(), 0);
    let failed = events(&config, None).await.filter(trap()).unwrap().count().await;
    assert!(failed.is_err(), "it fails where the rows may be seen: {failed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_other_devices_are_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path());
    filled(&config).await;
    let pinned = catalogue(&config, tenant(1)).await.limited_to(&[device(200)]);
    let table = pinned.table("DeviceProcessEvents").await.unwrap();
    let (delta, hot) = table.file_counts();
    SessionContext::new().read_table(table as _).unwrap().collect().await.unwrap();
    let scanned = pinned.scanned();
    assert_eq!(scanned.files_pruned as usize, delta, "{scanned:?}");
    assert_eq!(scanned.files as usize, hot, "hot files do not say whose rows they hold");
    let none = catalogue(&config, tenant(1)).await.limited_to(&[]);
    assert!(matches!(none.table("nothing").await, Err(LakeError::UnknownTable(_))));
}
