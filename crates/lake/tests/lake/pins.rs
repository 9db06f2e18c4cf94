use std::sync::Arc;

use datafusion::prelude::{SessionContext, ident, lit};
use datafusion::scalar::ScalarValue;
use palisade_lake::{LakeError, LakeWriter};

use crate::facts::{
    DAY, NOON, batches, catalogue, column, config, device, everything, lines, numbered, record, rows, tenant,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_shows_the_same_rows_while_the_lake_moves_on() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path());
    let mut writer = LakeWriter::open(config.clone()).await.unwrap();
    writer.apply(&(0..10).map(numbered).collect::<Vec<_>>()).unwrap();
    writer.flush().await.unwrap();
    writer.apply(&(10..20).map(numbered).collect::<Vec<_>>()).unwrap();
    writer.seal().unwrap();
    let pinned = catalogue(&config, tenant(1)).await;
    assert_eq!(pinned.pin().offset(), Some(19));
    let before = rows(&config, tenant(1), "DeviceProcessEvents").await;
    let counts = pinned.table("DeviceProcessEvents").await.unwrap().row_counts();
    assert!(counts.0 > 0 && counts.1 > 0, "both tiers are in it: {counts:?}");
    writer.apply(&(20..30).map(numbered).collect::<Vec<_>>()).unwrap();
    writer.flush().await.unwrap();
    let report = writer.compactor().compact().await.unwrap();
    assert!(report.merged > 1, "{report:?}");
    writer.tick().await.unwrap();
    assert_eq!(lines(&batches(&pinned, "DeviceProcessEvents").await), before);
    assert!(rows(&config, tenant(1), "DeviceProcessEvents").await.len() > before.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_opens_its_own_tenant_only() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path());
    let mut writer = LakeWriter::open(config.clone()).await.unwrap();
    writer.apply(&(0..10).map(numbered).collect::<Vec<_>>()).unwrap();
    writer.flush().await.unwrap();
    let stranger = catalogue(&config, tenant(99)).await;
    assert!(batches(&stranger, "DeviceProcessEvents").await.iter().all(|b| b.num_rows() == 0));
    let mine = batches(&catalogue(&config, tenant(2)).await, "DeviceProcessEvents").await;
    assert!(column(&mine, "ReportId").iter().all(|r| (r.parse::<u64>().unwrap() / 100) % 2 == 1));
    for name in ["../x", "deviceprocessevents", "", "_delta_log"] {
        assert!(matches!(stranger.table(name).await, Err(LakeError::UnknownTable(_))), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_skip_files_and_change_no_answer() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path());
    let mut writer = LakeWriter::open(config.clone()).await.unwrap();
    // One device and one hour per flush.
    for i in 0..6u64 {
        let mut batch = palisade_wire::open(
            &numbered(3).payload,
            numbered(3).meta.raw_length,
            &palisade_wire::BatchLimits::default(),
        )
        .unwrap();
        for f in &mut batch.facts {
            f.time_us = NOON + i as i64 * 3_600_000_000;
        }
        writer.apply(&[record(i, tenant(1), device(i as u8), NOON, &batch)]).unwrap();
        if i < 4 {
            writer.flush().await.unwrap();
        } else {
            writer.seal().unwrap();
        }
    }
    let at = |hours: i64| {
        lit(ScalarValue::TimestampMicrosecond(Some(NOON + hours * 3_600_000_000), Some("UTC".into())))
    };
    for (filter, expected_rows, pruned) in [
        (ident("Timestamp").gt_eq(at(5)), 4, 5),
        (ident("Timestamp").lt(at(1)), 4, 5),
        (ident("DeviceId").eq(lit(device(2).to_string())), 4, 3),
        (ident("Timestamp").gt(at(40)), 0, 6),
        (ident("SHA1").eq(lit("nothing")), 0, 0),
        (ident("FileName").eq(lit("curl")), 24, 0),
        (ident("AppGuardContainerId").eq(lit("")), 24, 0),
    ] {
        let pinned = catalogue(&config, tenant(1)).await;
        let table = pinned.table("DeviceProcessEvents").await.unwrap();
        let frame = SessionContext::new().read_table(Arc::clone(&table) as _).unwrap();
        let found = frame
            .filter(filter.clone())
            .unwrap()
            .select_columns(&["ReportId", "FileName", "AppGuardContainerId"])
            .unwrap()
            .collect()
            .await
            .unwrap();
        let scanned = pinned.scanned();
        assert_eq!(found.iter().map(|b| b.num_rows()).sum::<usize>(), expected_rows, "{filter}");
        assert_eq!(scanned.files_pruned, pruned, "{filter} {scanned:?}");
        assert_eq!(scanned.files + scanned.files_pruned, 6, "{filter}");
    }
    let counted = SessionContext::new()
        .read_table(catalogue(&config, tenant(1)).await.table("DeviceProcessEvents").await.unwrap() as _)
        .unwrap();
    assert_eq!(counted.count().await.unwrap(), 24);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_two_ingest_days_lie_in_two_partitions() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path());
    let mut writer = LakeWriter::open(config.clone()).await.unwrap();
    writer.apply(&(0..30).map(numbered).collect::<Vec<_>>()).unwrap();
    writer.seal().unwrap();
    let before = everything(&config).await;
    writer.flush().await.unwrap();
    assert_eq!(everything(&config).await, before);
    let table = config.lake_dir.join(tenant(1).to_string()).join("DeviceProcessEvents");
    for day in [NOON, NOON + DAY] {
        let name = format!("_day={}", &palisade_types::TimeMicros(day).to_rfc3339()[..10]);
        assert!(table.join(&name).is_dir(), "{name}");
    }
}
