use std::time::Duration;

use palisade_ingest::{Limits, Rate, names};
use palisade_log::{FLAG_CLOCK_OFF, LogOptions};
use palisade_state::DeviceScope;
use palisade_testkit::eventually;
use palisade_types::{Epoch, Lane, TimeMicros};
use palisade_wire::msg::{Batch, BatchResult, Fact, SealedBatch, UploadRequest, UploadResponse};
use palisade_wire::{BatchLimits, SealParams, digest_of, open, seal};
use prost::Message;

use crate::client::{Client, No};
use crate::fixture::{Device, Fixture, limits};

pub fn batch(lane: Lane, sequence: u64) -> SealedBatch {
    of_facts(
        lane,
        sequence,
        vec![Fact { time_us: TimeMicros::now().0, report_id: sequence, ..Fact::default() }],
    )
}

pub fn of_facts(lane: Lane, sequence: u64, facts: Vec<Fact>) -> SealedBatch {
    let count = facts.len() as u32;
    let raw = Batch { facts, ..Batch::default() }.encode_to_vec();
    let sealed_us = TimeMicros::now().0;
    seal(&raw, SealParams { epoch: Epoch(5), lane, sequence, dropped_below: 0, sealed_us, facts: count })
        .expect("seals")
}

pub async fn send(client: &Client, batches: Vec<SealedBatch>) -> Result<Vec<BatchResult>, No> {
    let response: UploadResponse =
        client.post("/v1/batches", &UploadRequest { protocol: 1, batches }).await?;
    assert!((1000..=30_000).contains(&response.flush_interval_ms));
    assert!(response.server_time_us > 0);
    Ok(response.results)
}

pub async fn one(device: &Device, batch: SealedBatch) -> String {
    let results = send(&device.client, vec![batch]).await.expect("is answered");
    format!("{} {}", results[0].status, results[0].code).trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_acknowledged_is_in_the_log_once() {
    let f = Fixture::new().await;
    let device = f.enrol().await;
    let first = batch(Lane::Priority, 1);
    assert_eq!(one(&device, first.clone()).await, "acked");
    let log = f.log();
    assert_eq!(log.len(), 1);
    let meta = &log[0].meta;
    assert_eq!((meta.tenant, meta.device, meta.epoch, meta.lane), (f.tenant.id, device.id, 5, 1));
    assert_eq!((meta.sequence, meta.flags, meta.kind), (1, 0, palisade_log::KIND_BATCH));
    assert_eq!(meta.digest, digest_of(&log[0].payload));
    assert_eq!(
        open(&log[0].payload, meta.raw_length, &BatchLimits::default()).expect("opens").facts.len(),
        1
    );

    assert_eq!(one(&device, first.clone()).await, "duplicate");
    assert_eq!(one(&device, batch(Lane::Priority, 3)).await, "refused sequence_gap");
    let gap = send(&device.client, vec![batch(Lane::Priority, 9)]).await.expect("is answered");
    assert_eq!(gap[0].expected, 2);
    let declared = SealedBatch { dropped_below: 4, ..batch(Lane::Priority, 4) };
    assert_eq!(one(&device, declared).await, "acked");
    let fork = of_facts(Lane::Priority, 1, vec![Fact { time_us: 77, ..Fact::default() }]);
    assert_eq!(one(&device, fork).await, "refused new_epoch_required");
    // Lanes and epochs count for themselves.
    assert_eq!(one(&device, batch(Lane::Bulk, 1)).await, "acked");
    assert_eq!(one(&device, SealedBatch { epoch: 6, ..batch(Lane::Priority, 1) }).await, "acked");
    assert_eq!(f.log().len(), 4);
    assert_eq!((f.refused("sequence_gap"), f.refused("new_epoch_required")), (2, 1));
    for (status, n) in [("acked", 4), ("duplicate", 1), ("refused", 3)] {
        assert_eq!(f.count(names::BATCHES, &[("kind", status)]), n, "{status}");
    }
    assert_eq!(f.count(names::FACTS, &[("tenant", &f.tenant.id.to_string())]), 4);
    assert!(f.server.metrics_text().contains("palisade_ingest_append_seconds_count"));

    let seen = eventually("the device was seen with events", async || {
        f.api
            .device(f.tenant.id, &DeviceScope::all(), device.id, TimeMicros::now())
            .await
            .ok()
            .and_then(|d| d.last_event)
    })
    .await;
    assert!(seen > TimeMicros(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_upload_holds_many_batches_of_many_lanes() {
    let f = Fixture::new().await;
    let device = f.enrol().await;
    let mut batches: Vec<_> = (1..=5).flat_map(|s| Lane::ALL.map(|lane| batch(lane, s))).collect();
    batches.push(batch(Lane::Bulk, 5));
    let mut torn = batch(Lane::Control, 6);
    torn.payload = torn.payload.slice(..torn.payload.len() - 1);
    torn.digest = digest_of(&torn.payload).to_vec().into();
    batches.push(torn);
    batches.push(batch(Lane::Control, 7));
    batches.push(batch(Lane::Bulk, 6));
    batches.push(SealedBatch { lane: 9, ..batch(Lane::Bulk, 1) });
    let results = send(&device.client, batches).await.expect("is answered");
    assert!(results[..15].iter().all(|r| r.status == "acked"));
    let rest: Vec<_> = results[15..].iter().map(|r| (r.status.as_str(), r.code.as_str())).collect();
    // Five is sealed anew, at another time: its content may differ.
    assert!(matches!(rest[0], ("duplicate", "") | ("refused", "new_epoch_required")));
    assert_eq!(
        rest[1..],
        [
            ("refused", "batch_malformed"),
            ("refused", "sequence_gap"),
            ("acked", ""),
            ("refused", "batch_malformed")
        ]
    );
    let log = f.log();
    for lane in Lane::ALL {
        let sequences: Vec<_> =
            log.iter().filter(|r| r.meta.lane == lane.number()).map(|r| r.meta.sequence).collect();
        assert!(sequences.is_sorted() && sequences.len() >= 5);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_batches_are_refused_with_their_codes_and_never_reach_the_log() {
    let f = Fixture::with(Limits { max_body: 2 << 20, ..limits() }, LogOptions::default()).await;
    let (device, other) = (f.enrol().await, f.enrol().await);
    let good = || batch(Lane::Bulk, 1);
    let payload =
        |p: Vec<u8>| SealedBatch { digest: digest_of(&p).to_vec().into(), payload: p.into(), ..good() };
    let bomb = SealedBatch { raw_length: 1000, ..payload(zip(&vec![0; 8 << 20])) };
    assert_eq!(one(&device, bomb).await, "refused decompression_limit");
    assert_eq!(one(&device, SealedBatch { raw_length: 1 << 40, ..good() }).await, "refused batch_too_large");
    assert_eq!(
        one(&device, SealedBatch { raw_length: 3, ..payload(b"not zstd".to_vec()) }).await,
        "refused batch_malformed"
    );
    let noise = SealedBatch { raw_length: 64, ..payload(zip(&[0xff; 64])) };
    assert_eq!(one(&device, noise).await, "refused batch_malformed");
    assert_eq!(
        one(&device, SealedBatch { raw_length: good().raw_length + 1, ..good() }).await,
        "refused batch_malformed"
    );
    assert_eq!(
        one(&device, SealedBatch { digest: vec![1; 32].into(), ..good() }).await,
        "refused digest_mismatch"
    );
    assert_eq!(
        one(&device, SealedBatch { digest: vec![1; 5].into(), ..good() }).await,
        "refused batch_malformed"
    );
    for time_us in [-1, i64::MAX, i64::MIN, 7_258_118_400_000_000] {
        let facts = vec![Fact { time_us, ..Fact::default() }];
        assert_eq!(one(&device, of_facts(Lane::Bulk, 1, facts)).await, "refused time_unrepresentable");
    }
    assert_eq!(
        one(&device, SealedBatch { sealed_us: i64::MIN, ..good() }).await,
        "refused time_unrepresentable"
    );

    let no = async |body: Vec<u8>| device.client.raw("POST", "/v1/batches", body).await.expect_err("refused");
    assert_eq!(no(vec![0; 3 << 20]).await.code(), "body_too_large");
    assert_eq!(no(vec![0xff; 100]).await.code(), "batch_malformed");
    let many = UploadRequest { protocol: 1, batches: vec![SealedBatch::default(); 65] };
    assert_eq!(no(many.encode_to_vec()).await.code(), "body_too_large");
    for protocol in [0, 2, u32::MAX] {
        let refused = no(UploadRequest { protocol, batches: vec![] }.encode_to_vec()).await;
        assert_eq!((refused.code(), refused.status), ("protocol_unsupported", 426));
        assert_eq!((refused.error.protocol_min, refused.error.protocol_max), (1, 1));
    }
    // A megabyte of empty batches, and a batch of millions of empty facts.
    assert_eq!(no([0x12, 0].repeat(500_000)).await.code(), "body_too_large");
    let empty = [0x12, 0].repeat(8 << 20);
    let hollow = SealedBatch { raw_length: empty.len() as u64, ..payload(zip(&empty)) };
    assert_eq!(one(&device, hollow).await, "refused batch_too_large");
    assert!(f.log().is_empty());
    for (code, n) in [
        ("decompression_limit", 1),
        ("batch_too_large", 2),
        ("batch_malformed", 5),
        ("digest_mismatch", 1),
        ("time_unrepresentable", 5),
        ("body_too_large", 3),
        ("protocol_unsupported", 3),
    ] {
        assert_eq!(f.refused(code), n, "{code}");
    }
    assert_eq!(one(&other, good()).await, "acked");
    assert_eq!(one(&device, good()).await, "acked");
}

/// zstd of any bytes, by the crate that seals.
pub fn zip(bytes: &[u8]) -> Vec<u8> {
    let p = SealParams {
        epoch: Epoch(1),
        lane: Lane::Bulk,
        sequence: 1,
        dropped_below: 0,
        sealed_us: 0,
        facts: 0,
    };
    seal(bytes, p).expect("seals").payload.to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_a_year_off_is_flagged_and_counted() {
    let f = Fixture::new().await;
    let device = f.enrol().await;
    const YEAR: i64 = 365 * 86_400 * 1_000_000;
    let now = TimeMicros::now().0;
    for (sequence, off) in [(1, -YEAR), (2, YEAR), (3, 3_600_000_000)] {
        assert_eq!(
            one(&device, SealedBatch { sealed_us: now + off, ..batch(Lane::Bulk, sequence) }).await,
            "acked"
        );
    }
    let flags: Vec<_> = f.log().iter().map(|r| r.meta.flags).collect();
    assert_eq!(flags, [FLAG_CLOCK_OFF, FLAG_CLOCK_OFF, 0]);
    assert_eq!(f.count(names::CLOCK_OFF, &[]), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_sends_too_much_waits_and_another_does_not() {
    let slow = Rate { per_second: 0.001, burst: 2.0 };
    let f = Fixture::with(Limits { tenant_requests: slow, ..limits() }, LogOptions::default()).await;
    let second = f.db.tenant("second").await;
    let (greedy, modest) = (f.enrol().await, f.enrol_in(second.id).await);
    assert_eq!(one(&greedy, batch(Lane::Bulk, 1)).await, "acked");
    assert_eq!(one(&greedy, batch(Lane::Bulk, 2)).await, "acked");
    let refused = send(&greedy.client, vec![batch(Lane::Bulk, 3)]).await.expect_err("refused");
    assert_eq!((refused.code(), refused.status), ("rate_limited", 429));
    assert!(refused.error.retry_after_ms > 500);
    let labels = [("code", "rate_limited"), ("tenant", &f.tenant.id.to_string())];
    assert_eq!(f.count(names::REFUSED, &labels), 1);
    assert_eq!(one(&modest, batch(Lane::Bulk, 1)).await, "acked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_sends_too_much_waits_and_its_tenant_does_not() {
    let slow = Rate { per_second: 0.001, burst: 3.0 };
    let f = Fixture::with(Limits { device_requests: slow, ..limits() }, LogOptions::default()).await;
    let (greedy, modest) = (f.enrol().await, f.enrol().await);
    for sequence in 1..4 {
        assert_eq!(one(&greedy, batch(Lane::Bulk, sequence)).await, "acked");
    }
    let refused = send(&greedy.client, vec![batch(Lane::Bulk, 4)]).await.expect_err("refused");
    assert_eq!((refused.code(), refused.status), ("rate_limited", 429));
    assert!(refused.error.message.contains("device") && refused.error.retry_after_ms > 500);
    assert_eq!(one(&modest, batch(Lane::Bulk, 1)).await, "acked");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_batch_announces_is_charged_before_it_is_opened() {
    // Two megabytes a day, and a batch of few bytes that announces 31.
    let little = Rate { per_second: 20.0, burst: f64::from(2 << 20) };
    let f = Fixture::with(Limits { device_bytes: little, ..limits() }, LogOptions::default()).await;
    let (hostile, other) = (f.enrol().await, f.enrol().await);
    let large = SealedBatch { raw_length: 31 << 20, ..batch(Lane::Bulk, 1) };
    assert_eq!(one(&hostile, large.clone()).await, "refused batch_malformed");
    let refused = send(&hostile.client, vec![large]).await.expect_err("refused");
    assert_eq!(refused.code(), "rate_limited");
    assert_eq!(one(&other, batch(Lane::Bulk, 1)).await, "acked");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_survives_a_restart_with_or_without_what_was_saved() {
    let mut f = Fixture::new().await;
    let device = f.enrol().await;
    let sent: Vec<_> = (1..=20).map(|s| batch(Lane::Priority, s)).collect();
    send(&device.client, sent.clone()).await.expect("is answered");
    for spoil in [false, true] {
        if spoil {
            for entry in std::fs::read_dir(f.dir.path().join("checkpoint")).expect("lists") {
                std::fs::write(entry.expect("entry").path(), b"spoilt").expect("writes");
            }
        }
        f.restart(limits()).await;
        let client = f.client(&device.identity);
        let again = send(&client, sent.clone()).await.expect("is answered");
        assert!(again.iter().all(|r| r.status == "duplicate"), "spoilt: {spoil}");
        assert_eq!(f.log().len(), 20);
    }
    let client = f.client(&device.identity);
    let next = send(&client, vec![batch(Lane::Priority, 21)]).await.expect("is answered");
    assert_eq!(next[0].status, "acked");
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_that_race_and_hang_up_leave_each_batch_once() {
    let f = Fixture::with(Limits { device_uploads: 64, ..limits() }, LogOptions::default()).await;
    let device = f.enrol().await;
    let all: Vec<_> = (1..=30).map(|s| batch(Lane::Priority, s)).collect();
    let mut racing = tokio::task::JoinSet::new();
    for i in 0..16u64 {
        let (client, all) = (device.client.clone(), all.clone());
        racing.spawn(async move {
            let upload = send(&client, all);
            // Some hang up at once, some a little later, some never.
            let _ = tokio::time::timeout(Duration::from_millis(if i % 2 == 0 { i } else { 60_000 }), upload)
                .await;
        });
    }
    racing.join_all().await;
    let results = send(&device.client, all).await.expect("is answered");
    assert!(results.iter().all(|r| r.status == "duplicate"));
    let sequences: Vec<_> = f.log().iter().map(|r| r.meta.sequence).collect();
    assert_eq!(sequences, (1..=30).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_log_is_a_refusal_that_loses_nothing() {
    let small = LogOptions { max_log_bytes: 2000, ..LogOptions::default() };
    let f = Fixture::with(limits(), small).await;
    let device = f.enrol().await;
    let mut sequence = 1;
    let refused = loop {
        match one(&device, batch(Lane::Bulk, sequence)).await.as_str() {
            "acked" => sequence += 1,
            other => break other.to_owned(),
        }
    };
    assert_eq!(refused, "refused log_unavailable");
    assert_eq!(f.log().len() as u64, sequence - 1);
    assert_eq!(f.refused("log_unavailable"), 1);
    assert_eq!(one(&device, batch(Lane::Bulk, sequence)).await, "refused log_unavailable");
}
