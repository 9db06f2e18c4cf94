//! Temporary.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]
use std::time::Instant;
use std::sync::Arc;
use palisade_lake::*;
use palisade_log::{Record, RecordMeta};
use palisade_types::*;
use palisade_wire::msg::{Batch, Fact, Process, ProcessCreated, fact::Kind};
use palisade_wire::{SealParams, seal};
use prost::Message;
use datafusion::prelude::*;

fn rec(offset: u64) -> Record {
    let mut processes = Vec::new();
    let mut facts = Vec::new();
    for i in 0..500u64 {
        let id = offset * 1000 + i;
        processes.push(Process { unique_id: id, pid: id as u32 % 30000, start_us: 1, path: format!("/usr/bin/tool{}", i % 40), command_line: format!("/usr/bin/tool{} --input /var/lib/data/file-{id}.txt --verbose --level 3", i % 40),
            working_directory: "/home/ada/project".into(), uid: 1000, gid: 1000, user: "ada".into(), login_user: "ada".into(), login_uid: Some(1000), sid: 33, parent_unique_id: offset*1000, parent_pid: 12, parent_start_us: 5, parent_path: "/usr/bin/bash".into(),
            sha256: vec![i as u8 % 40; 32].into(), sha1: vec![i as u8 % 40; 20].into(), md5: vec![i as u8 % 40; 16].into(), file_size: Some(100), cgroup_path: "/system.slice/ssh.service".into(), ..Process::default() });
        facts.push(Fact { time_us: 1_795_472_000_000_000 + id as i64 * 100, report_id: id, process: offset*1000, kind: Some(Kind::ProcessCreated(ProcessCreated { created: id })) });
    }
    let raw = Batch { processes, facts, ..Batch::default() }.encode_to_vec();
    let s = seal(&raw, SealParams { epoch: Epoch(1), lane: Lane::Priority, sequence: offset + 1, dropped_below: 0, sealed_us: 0, facts: 500 }).unwrap();
    let meta = RecordMeta { tenant: TenantId(uuid::Uuid::from_u128(1)), device: DeviceId([offset as u8 % 100; 20]), epoch: 1, lane: 1, sequence: offset + 1, digest: [0; 32], received_at: 1_795_472_000_000_000, flags: 0, kind: 1, raw_length: raw.len() as u64 };
    Record { offset, meta, payload: s.payload }
}

#[tokio::main]
async fn main() {
    let dir = std::env::args().nth(1).unwrap();
    let dir = std::path::Path::new(&dir);
    let config = LakeConfig::new(dir.join("lake"), "/dev/shm/palisade-lake-speed", dir.join("cursors"));
    let n = 400u64;
    let records: Vec<Record> = (0..n).map(rec).collect();
    println!("payload bytes/event {}", records.iter().map(|r| r.payload.len()).sum::<usize>() / (n as usize * 500));
    let mut w = LakeWriter::open(config.clone()).await.unwrap();
    let t = Instant::now();
    let (mut apply, mut sealt) = (0.0, 0.0);
    for c in records.chunks(5) {
        let t = Instant::now();
        w.apply(c).unwrap();
        apply += t.elapsed().as_secs_f64();
        let t = Instant::now();
        w.seal().unwrap();
        sealt += t.elapsed().as_secs_f64();
    }
    let ev = n as f64 * 500.0;
    println!("apply {:.2} us/event, seal+merge {:.2} us/event, total {:.2}s", apply * 1e6 / ev, sealt * 1e6 / ev, t.elapsed().as_secs_f64());
    let s = w.stats().lock().clone();
    println!("hot files {} rows {} bytes/row {}", s.hot_files, s.hot_rows, s.hot_bytes / s.hot_rows);
    q(&config, "hot").await;
    let t = Instant::now();
    w.flush().await.unwrap();
    let s = w.stats().lock().clone();
    println!("flush {:.2} us/event, parquet {:.1} bytes/event", t.elapsed().as_secs_f64() * 1e6 / ev, s.flushed_bytes as f64 / ev);
    q(&config, "delta").await;
    // many small flushes
    for i in 0..30 { w.apply(&[rec(n + i)]).unwrap(); w.flush().await.unwrap(); }
    q(&config, "delta+30").await;
    let t = Instant::now();
    println!("{:?} {:.2}s", w.compactor().compact().await.unwrap(), t.elapsed().as_secs_f64());
    w.tick().await.unwrap();
    q(&config, "compacted").await;
}

async fn q(config: &LakeConfig, name: &str) {
    for _ in 0..2 {
    let t = Instant::now();
    let c = PinnedCatalogue::new(Pin::load(&config.hot_dir, &config.lake_dir, TenantId(uuid::Uuid::from_u128(1))).unwrap());
    let table = c.table("DeviceProcessEvents").await.unwrap();
    let open = t.elapsed();
    let ctx = SessionContext::new();
    let t = Instant::now();
    let count = ctx.read_table(Arc::clone(&table) as _).unwrap().count().await.unwrap();
    let tc = t.elapsed();
    let t = Instant::now();
    let found = ctx.read_table(Arc::clone(&table) as _).unwrap().filter(ident("ProcessCommandLine").like(lit("%file-77123.txt%"))).unwrap().select(vec![ident("Timestamp"), ident("FileName"), ident("AccountName")]).unwrap().collect().await.unwrap();
    let tf = t.elapsed();
    let t = Instant::now();
    let all = ctx.read_table(Arc::clone(&table) as _).unwrap().filter(ident("ReportId").eq(lit(77123i64))).unwrap().collect().await.unwrap();
    println!("{name}: open {open:?} count {count} in {tc:?}; like {} rows in {tf:?}; all columns of one row {} in {:?}; {:?}", found.iter().map(|b| b.num_rows()).sum::<usize>(), all.iter().map(|b| b.num_rows()).sum::<usize>(), t.elapsed(), c.scanned());
    }
}
