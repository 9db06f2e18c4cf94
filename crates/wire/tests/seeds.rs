//! The fuzz target's seeds: each is what its name says, so that fuzzing begins behind the first
//! checks. `PALISADE_BLESS=1` writes them anew.

use std::path::PathBuf;

use ed25519_dalek::SigningKey;
use palisade_types::{Epoch, Lane};
use palisade_wire::msg::{
    ApplicationBlocked, Batch, Component, Connection, Counter, DeviceInfo, EnrolRequest, EnrolResponse, Fact,
    FileEvent, Heartbeat, InventoryList, InventoryPart, InventoryPartName, Order, OrderFrame, OrderReceipt,
    Process, ProcessCreated, ProcessTerminated, SealedBatch, SecurityProducts, SignedOrder, UploadRequest,
    UploadResponse, fact::Kind,
};
use palisade_wire::{BatchLimits, SealParams, open, seal, sign};
use prost::Message;

/// The target's limits.
const LIMITS: BatchLimits = BatchLimits { payload: 1 << 16, raw: 1 << 18, facts: 1000 };
const TIME: i64 = 1_795_472_000_000_000;

fn path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/wire")).join(name)
}

fn process(id: u64) -> Process {
    Process {
        unique_id: id,
        pid: 100 + id as u32,
        start_us: TIME - 5,
        path: "/usr/bin/bash".into(),
        command_line: "bash -c 'id; uname -a'".into(),
        working_directory: "/srv".into(),
        uid: 1000,
        user: "ada".into(),
        login_uid: Some(1000),
        audit_session: Some(3),
        parent_unique_id: id.saturating_sub(1),
        sha256: vec![7; 32].into(),
        file_size: Some(4096),
        cgroup_path: "/user.slice".into(),
        ..Process::default()
    }
}

/// One fact of each kind.
fn batch() -> Batch {
    let kinds = [
        Kind::ProcessCreated(ProcessCreated { created: 2 }),
        Kind::ProcessTerminated(ProcessTerminated { terminated: 2, exit_code: 1, signal: 0 }),
        Kind::Connection(Connection {
            local_ip: vec![10, 0, 0, 1].into(),
            remote_ip: vec![0x20; 16].into(),
            remote_port: 443,
            protocol: 6,
            ..Connection::default()
        }),
        Kind::File(FileEvent {
            action: 2,
            path: "/tmp/b".into(),
            previous_path: "/tmp/a".into(),
            ..FileEvent::default()
        }),
        Kind::DeviceInfo(DeviceInfo { name: "web-1".into(), cpus: 2, ..DeviceInfo::default() }),
        Kind::Heartbeat(Heartbeat {
            counters: vec![Counter { kind: "events".into(), value: 9 }],
            components: vec![Component {
                name: "process".into(),
                state: "ok".into(),
                ..Component::default()
            }],
            ..Heartbeat::default()
        }),
        Kind::Receipt(OrderReceipt { order_id: "o".into(), number: 4, ok: true, ..OrderReceipt::default() }),
        Kind::Products(SecurityProducts { facts: r#"{"root":true,"complete":true}"#.into() }),
        Kind::InventoryPart(InventoryPart { name: "head".into(), body: r#"{"os":{"id":"debian"}}"#.into() }),
        Kind::InventoryList(InventoryList {
            taken_us: TIME,
            parts: vec![InventoryPartName { name: "head".into(), digest: "ab".repeat(32) }],
            left_out: vec!["loaded/0".into()],
        }),
        Kind::ApplicationBlocked(ApplicationBlocked {
            path: "/usr/bin/tool".into(),
            package: "tool".into(),
            version: "1.0-1".into(),
            rule: "r".into(),
            rung: "fanotify".into(),
            ..ApplicationBlocked::default()
        }),
    ];
    let facts = kinds.into_iter().enumerate().map(|(i, kind)| Fact {
        time_us: TIME + i as i64,
        report_id: i as u64 + 1,
        process: 1,
        kind: Some(kind),
    });
    Batch { processes: vec![process(1), process(2)], facts: facts.collect(), boot_id: vec![1; 16].into() }
}

fn sealed(raw: &[u8], lane: Lane, sequence: u64) -> SealedBatch {
    let p = SealParams { epoch: Epoch(7), lane, sequence, dropped_below: 0, sealed_us: TIME, facts: 11 };
    seal(raw, p).expect("seals")
}

fn upload(batches: Vec<SealedBatch>) -> Vec<u8> {
    UploadRequest { protocol: 1, batches }.encode_to_vec()
}

fn order() -> SignedOrder {
    let order = Order {
        id: "o".into(),
        device: vec![0; 20].into(),
        tenant: "t".into(),
        number: 4,
        kind: "ping".into(),
        expires_us: TIME,
        ..Order::default()
    };
    sign(&order, &SigningKey::from_bytes(&[7; 32]))
}

/// A payload that is a quarter of what it opens to: the target opens its whole input that way.
fn quarter() -> Vec<u8> {
    // Another letter more may jump over the length; other text before it shifts where.
    for salt in 0..26 {
        let mut long = batch();
        long.processes[0].command_line.extend(('a'..='z').take(salt));
        for _ in 0..20_000 {
            long.processes[0].command_line.push('x');
            let raw = long.encode_to_vec();
            let payload = sealed(&raw, Lane::Bulk, 1).payload;
            if payload.len() * 4 == raw.len() {
                return payload.to_vec();
            }
            if payload.len() * 4 < raw.len() {
                break;
            }
        }
    }
    panic!("no such length");
}

fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let raw = batch().encode_to_vec();
    let lanes = Lane::ALL.map(|lane| sealed(&raw, lane, 1)).to_vec();
    let mut forked = lanes.clone();
    forked.extend([
        sealed(&raw, Lane::Bulk, 2),
        sealed(&[], Lane::Bulk, 2),
        sealed(&raw, Lane::Bulk, u64::MAX),
    ]);
    forked[5].dropped_below = u64::MAX;
    let bomb = SealedBatch { raw_length: 1000, ..sealed(&vec![0; 1 << 20], Lane::Bulk, 1) };
    let mut torn = lanes[0].clone();
    torn.payload.truncate(torn.payload.len() - 1);
    vec![
        ("upload", upload(lanes)),
        ("forked", upload(forked)),
        ("bomb", upload(vec![bomb])),
        ("torn", upload(vec![torn])),
        ("noise", upload(vec![sealed(&[0xff; 32], Lane::Bulk, 1)])),
        ("large", upload(vec![SealedBatch { raw_length: u64::MAX, ..sealed(&raw, Lane::Bulk, 1) }])),
        ("batch", raw),
        ("quarter", quarter()),
        ("enrol", enrol().encode_to_vec()),
        ("order", order().encode_to_vec()),
        ("frame", OrderFrame { order: Some(order()), server_time_us: TIME }.encode_to_vec()),
        ("answer", answer().encode_to_vec()),
        ("enrolled", EnrolResponse { device_id: "0".repeat(40), ..EnrolResponse::default() }.encode_to_vec()),
    ]
}

fn enrol() -> EnrolRequest {
    EnrolRequest {
        protocol: 1,
        token: "token".into(),
        csr: vec![0x30, 0x03, 0x02, 0x01, 0x00].into(),
        device: Some(DeviceInfo { name: "web-1".into(), ..DeviceInfo::default() }),
        previous_device_id: "0".repeat(40),
    }
}

fn answer() -> UploadResponse {
    let result = palisade_wire::msg::BatchResult {
        status: "refused".into(),
        code: "sequence_gap".into(),
        expected: 2,
        ..Default::default()
    };
    UploadResponse { results: vec![result], flush_interval_ms: 1000, server_time_us: TIME }
}

#[test]
fn the_seeds_reach_what_they_are_named_after() {
    if std::env::var_os("PALISADE_BLESS").is_some() {
        std::fs::create_dir_all(path("")).expect("makes the folder");
        for (name, bytes) in seeds() {
            std::fs::write(path(name), bytes).expect("writes");
        }
    }
    let read = |name: &str| std::fs::read(path(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    let opened = |name: &str| -> Vec<Result<usize, &'static str>> {
        let upload = UploadRequest::decode(read(name).as_slice()).expect("an upload");
        let open = |b: &SealedBatch| open(&b.payload, b.raw_length, &LIMITS);
        upload.batches.iter().map(|b| open(b).map(|b| b.facts.len()).map_err(|e| e.code())).collect()
    };
    assert_eq!(opened("upload"), [Ok(11); 3]);
    assert_eq!(opened("forked"), [Ok(11), Ok(11), Ok(11), Ok(11), Ok(0), Ok(11)]);
    assert_eq!(opened("bomb"), [Err("decompression_limit")]);
    assert_eq!(opened("torn"), [Err("batch_malformed")]);
    assert_eq!(opened("noise"), [Err("batch_malformed")]);
    assert_eq!(opened("large"), [Err("batch_too_large")]);
    assert_eq!(Batch::decode(read("batch").as_slice()), Ok(batch()));
    let whole = read("quarter");
    assert_eq!(open(&whole, whole.len() as u64 * 4, &LIMITS).map(|b| b.facts.len()), Ok(11));
    assert_eq!(EnrolRequest::decode(read("enrol").as_slice()), Ok(enrol()));
    assert_eq!(SignedOrder::decode(read("order").as_slice()), Ok(order()));
    let frame = OrderFrame::decode(read("frame").as_slice()).expect("a frame");
    assert_eq!(frame.order, Some(order()));
    assert_eq!(UploadResponse::decode(read("answer").as_slice()), Ok(answer()));
    assert!(EnrolResponse::decode(read("enrolled").as_slice()).is_ok());
    for (name, _) in seeds() {
        assert!(read(name).len() < 16 << 10, "{name} is small");
    }
}
