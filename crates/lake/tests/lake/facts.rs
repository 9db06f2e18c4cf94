//! Hand-made batches, and all rows of a table as text.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::prelude::SessionContext;
use palisade_lake::{LakeConfig, Pin, PinnedCatalogue};
use palisade_log::{Record, RecordMeta};
use palisade_types::{DeviceId, Epoch, Lane, TenantId};
use palisade_wire::msg::{Batch, Fact, Process, ProcessCreated, fact::Kind};
use palisade_wire::{SealParams, seal};
use prost::Message;
use uuid::Uuid;

/// 2026-11-23T22:13:20Z, microseconds.
pub const NOON: i64 = 1_795_472_000_000_000;
pub const DAY: i64 = 86_400_000_000;

pub fn tenant(n: u128) -> TenantId {
    TenantId(Uuid::from_u128(n))
}

pub fn device(n: u8) -> DeviceId {
    DeviceId([n; 20])
}

pub fn config(dir: &Path) -> LakeConfig {
    let config = LakeConfig::new(dir.join("lake"), dir.join("hot"), dir.join("cursors"));
    LakeConfig { compact_min_files: 2, ..config }
}

pub fn process(id: u64, parent: u64, path: &str) -> Process {
    Process {
        unique_id: id,
        pid: id as u32 + 100,
        start_us: NOON - 1_000_000,
        path: path.into(),
        command_line: format!("{path} --flag \"quoted\""),
        working_directory: "/srv/work".into(),
        uid: 1000,
        gid: 1000,
        user: "ada".into(),
        login_uid: Some(1000),
        login_user: "ada".into(),
        audit_session: Some(3),
        sid: 77,
        parent_unique_id: parent,
        parent_pid: 99,
        parent_start_us: NOON - 2_000_000,
        parent_path: "/usr/bin/bash".into(),
        sha256: vec![0xab; 32].into(),
        sha1: vec![0xcd; 20].into(),
        md5: vec![0xef; 16].into(),
        file_size: Some(4096),
        cgroup_id: 5,
        cgroup_path: "/user.slice".into(),
        container_id: "c0ffee".into(),
        command_line_truncated: true,
        secrets_masked: 2,
        effective_uid: 0,
        comm: "tool".into(),
        ..Process::default()
    }
}

pub fn fact(time_us: i64, report_id: u64, process: u64, kind: Kind) -> Fact {
    Fact { time_us, report_id, process, kind: Some(kind) }
}

pub fn record(offset: u64, tenant: TenantId, device: DeviceId, received_at: i64, batch: &Batch) -> Record {
    let raw = batch.encode_to_vec();
    let params = SealParams {
        epoch: Epoch(1),
        lane: Lane::Priority,
        sequence: offset + 1,
        dropped_below: 0,
        sealed_us: 0,
        facts: batch.facts.len() as u32,
    };
    let sealed = seal(&raw, params).unwrap();
    let meta = RecordMeta {
        tenant,
        device,
        epoch: 1,
        lane: 1,
        sequence: offset + 1,
        digest: sealed.digest.as_ref().try_into().unwrap(),
        received_at,
        flags: 0,
        kind: 1,
        raw_length: raw.len() as u64,
    };
    Record { offset, meta, payload: sealed.payload }
}

/// A batch of some execs and connections; everything follows from the offset.
pub fn numbered(offset: u64) -> Record {
    let mut facts = Vec::new();
    for i in 0..=offset % 4 {
        facts.push(fact(
            NOON + (offset * 10 + i) as i64,
            offset * 100 + i,
            1,
            Kind::ProcessCreated(ProcessCreated { created: 2 }),
        ));
    }
    if offset.is_multiple_of(3) {
        let connection = palisade_wire::msg::Connection {
            local_ip: vec![10, 0, 0, 1].into(),
            remote_ip: vec![8, 8, 8, 8].into(),
            local_port: 40_000,
            remote_port: 443,
            protocol: 6,
            ..Default::default()
        };
        facts.push(fact(NOON + offset as i64, offset * 100 + 50, 2, Kind::Connection(connection)));
    }
    let batch = Batch {
        processes: vec![process(1, 0, "/usr/bin/bash"), process(2, 1, "/usr/bin/curl")],
        facts,
        ..Batch::default()
    };
    // Some batches arrive after midnight.
    let received = NOON + if offset % 7 == 6 { DAY } else { 0 } + offset as i64;
    record(offset, tenant(1 + u128::from(offset % 2)), device((offset % 5) as u8), received, &batch)
}

pub async fn catalogue(config: &LakeConfig, tenant: TenantId) -> PinnedCatalogue {
    PinnedCatalogue::new(Pin::load(&config.hot_dir, &config.lake_dir, tenant).unwrap())
}

pub async fn batches(catalogue: &PinnedCatalogue, table: &str) -> Vec<RecordBatch> {
    let provider = catalogue.table(table).await.unwrap();
    SessionContext::new().read_table(Arc::clone(&provider) as _).unwrap().collect().await.unwrap()
}

/// Every row as one line, sorted.
pub fn lines(batches: &[RecordBatch]) -> Vec<String> {
    let options = FormatOptions::default().with_null("∅");
    let mut out = Vec::new();
    for b in batches {
        let columns: Vec<ArrayFormatter<'_>> =
            b.columns().iter().map(|c| ArrayFormatter::try_new(c.as_ref(), &options).unwrap()).collect();
        for row in 0..b.num_rows() {
            out.push(columns.iter().map(|c| c.value(row).to_string()).collect::<Vec<_>>().join("|"));
        }
    }
    out.sort();
    out
}

pub async fn rows(config: &LakeConfig, tenant: TenantId, table: &str) -> Vec<String> {
    lines(&batches(&catalogue(config, tenant).await, table).await)
}

/// All rows of both tenants in the tables that `numbered` fills, with their tenant and table.
pub async fn everything(config: &LakeConfig) -> Vec<String> {
    let mut out = Vec::new();
    for t in 1..=2 {
        for table in ["DeviceProcessEvents", "DeviceNetworkEvents"] {
            out.extend(rows(config, tenant(t), table).await.into_iter().map(|r| format!("{t} {table} {r}")));
        }
    }
    out
}

/// One column of one-batch results, as text.
pub fn column(batches: &[RecordBatch], name: &str) -> Vec<String> {
    let options = FormatOptions::default().with_null("∅");
    let mut out = Vec::new();
    for b in batches {
        let c = b.column_by_name(name).unwrap();
        let f = ArrayFormatter::try_new(c.as_ref(), &options).unwrap();
        out.extend((0..c.len()).map(|i| f.value(i).to_string()));
    }
    out
}
