//! Every attack of `docs/hostile-input.md` at once, and a sensor beside them that notices nothing.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};

use palisade_ingest::names;
use palisade_log::FLAG_CLOCK_OFF;
use palisade_types::{DeviceId, Lane, TenantId, TimeMicros};
use palisade_wire::msg::{Fact, SealedBatch, UploadRequest};
use palisade_wire::{BatchLimits, digest_of};
use prost::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::batches::{batch, of_facts, one, send, zip};
use crate::client::Client;
use crate::fixture::{Device, Fixture, Forged, forge, make_ca, uri};

/// How often each attack is made.
const ROUNDS: u64 = 6;
/// How many uploads the good sensor makes at least.
const UPLOADS: u64 = 20;

type Attack<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Uploads with a certificate that is no good, round after round.
fn knocking<'a>(client: Client, code: &'static str) -> Attack<'a> {
    Box::pin(async move {
        for _ in 0..ROUNDS {
            let refused = send(&client, vec![]).await.expect_err("is refused");
            assert_eq!(refused.code(), code);
        }
    })
}

/// Uploads one batch again and again, which each time comes to the same.
fn sending<'a>(device: &'a Device, batch: SealedBatch, outcome: &'static str) -> Attack<'a> {
    Box::pin(async move {
        for _ in 0..ROUNDS {
            assert_eq!(one(device, batch.clone()).await, outcome);
        }
    })
}

/// Sends a body that is refused as a whole.
fn posting<'a>(device: &'a Device, body: Vec<u8>, code: &'static str) -> Attack<'a> {
    Box::pin(async move {
        for _ in 0..ROUNDS {
            let refused = device.client.raw("POST", "/v1/batches", body.clone()).await;
            assert_eq!(refused.expect_err("is refused").code(), code);
        }
    })
}

/// Uploads and hangs up before the answer.
fn hanging_up(device: &Device) -> Attack<'_> {
    Box::pin(async move {
        for epoch in 1..=ROUNDS {
            // Each in an epoch of its own: nobody knows in which order they are read, or whether.
            let batches = vec![SealedBatch { epoch, ..batch(Lane::Bulk, 1) }];
            let body = UploadRequest { protocol: 1, batches }.encode_to_vec();
            let mut stream = device.client.clone().http1().connect().await;
            let length = body.len();
            let head =
                format!("POST /v1/batches HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n");
            stream.write_all(head.as_bytes()).await.expect("writes");
            stream.write_all(&body).await.expect("writes");
        }
    })
}

/// Speaks no TLS.
fn babbling(f: &Fixture) -> Attack<'_> {
    Box::pin(async move {
        for _ in 0..ROUNDS {
            let mut stream = TcpStream::connect(f.server.address()).await.expect("connects");
            stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.expect("writes");
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    })
}

/// Clocks a year off, in both directions: taken, flagged and counted.
fn losing_time(device: &Device) -> Attack<'_> {
    const YEAR: i64 = 365 * 86_400 * 1_000_000;
    Box::pin(async move {
        for sequence in 1..=ROUNDS {
            let off = if sequence % 2 == 0 { YEAR } else { -YEAR };
            let sealed_us = TimeMicros::now().0 + off;
            let late = SealedBatch { sealed_us, ..batch(Lane::Bulk, sequence) };
            assert_eq!(one(device, late).await, "acked");
        }
    })
}

/// Certificates that are no good, each with what it is answered.
async fn bad_certificates(f: &Fixture, victim: &Device, revoked: &Device) -> Vec<(Client, &'static str)> {
    let named = |tenant: TenantId, device: DeviceId, ends_in_days| Forged {
        common_name: victim.id.to_string(),
        uri: Some(uri(tenant, device)),
        begins_days_ago: 40,
        ends_in_days,
    };
    let (stranger, ..) = make_ca("Palisade test");
    let forged = |forged: &Forged| f.client(&forge(&f.ca, forged).0);
    let serial = f.api.certificates(f.tenant.id, revoked.id).await.expect("lists")[0].serial.clone();
    f.api.revoke_certificate(f.tenant.id, &serial, TimeMicros::now()).await.expect("revokes");
    vec![
        (f.anonymous(), "certificate_required"),
        (f.client(&forge(&stranger, &named(f.tenant.id, victim.id, 10)).0), "certificate_unknown"),
        (forged(&named(f.tenant.id, victim.id, -2)), "certificate_expired"),
        (forged(&named(TenantId::random(), victim.id, 10)), "tenant_mismatch"),
        (forged(&named(f.tenant.id, DeviceId::random(), 10)), "device_mismatch"),
        (f.client(&revoked.identity), "certificate_revoked"),
    ]
}

/// Batches that are no good, each with what it is answered. The device has sent the first already.
fn bad_batches(first: &SealedBatch) -> Vec<(SealedBatch, &'static str)> {
    let next = || batch(Lane::Priority, 2);
    let payload =
        |p: Vec<u8>| SealedBatch { digest: digest_of(&p).to_vec().into(), payload: p.into(), ..next() };
    let raw = BatchLimits::default().raw;
    vec![
        (first.clone(), "duplicate"),
        (batch(Lane::Priority, 9), "refused sequence_gap"),
        (
            of_facts(Lane::Priority, 1, vec![Fact { time_us: 77, ..Fact::default() }]),
            "refused new_epoch_required",
        ),
        (SealedBatch { raw_length: 1000, ..payload(zip(&vec![0; 8 << 20])) }, "refused decompression_limit"),
        (SealedBatch { raw_length: raw + 1, ..next() }, "refused batch_too_large"),
        (SealedBatch { raw_length: 3, ..payload(b"not zstd".to_vec()) }, "refused batch_malformed"),
        (SealedBatch { digest: vec![1; 32].into(), ..next() }, "refused digest_mismatch"),
        (SealedBatch { sealed_us: i64::MIN, ..next() }, "refused time_unrepresentable"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn attacks_have_their_codes_and_counters_and_a_good_sensor_notices_nothing() {
    let f = Fixture::new().await;
    let good = f.enrol().await;
    let (bad, clock, hasty, revoked) = (f.enrol().await, f.enrol().await, f.enrol().await, f.enrol().await);
    let first = batch(Lane::Priority, 1);
    assert_eq!(one(&bad, first.clone()).await, "acked");

    let certificates = bad_certificates(&f, &good, &revoked).await;
    let batches = bad_batches(&first);
    let mut codes: Vec<&str> = certificates.iter().map(|(_, code)| *code).collect();
    codes.extend(batches.iter().filter_map(|(_, outcome)| outcome.strip_prefix("refused ")));
    let mut attacks: Vec<Attack<'_>> =
        certificates.into_iter().map(|(client, code)| knocking(client, code)).collect();
    attacks.extend(batches.into_iter().map(|(batch, outcome)| sending(&bad, batch, outcome)));
    attacks.extend([
        posting(&bad, vec![0; (8 << 20) + 1], "body_too_large"),
        posting(&bad, UploadRequest { protocol: 7, batches: vec![] }.encode_to_vec(), "protocol_unsupported"),
        hanging_up(&hasty),
        babbling(&f),
        losing_time(&clock),
    ]);
    codes.extend(["body_too_large", "protocol_unsupported"]);

    let over = AtomicBool::new(false);
    let working = async {
        let mut sequence = 0;
        while !over.load(Ordering::Relaxed) || sequence < UPLOADS {
            sequence += 1;
            let batches = Lane::ALL.map(|lane| batch(lane, sequence)).to_vec();
            // Once each: an error, a refusal or a repetition fails the test.
            let results = send(&good.client, batches).await.expect("the good sensor is served");
            assert!(results.iter().all(|r| r.status == "acked"), "{results:?}");
        }
        sequence
    };
    let attacking = async {
        futures::future::join_all(attacks).await;
        over.store(true, Ordering::Relaxed);
    };
    let (sent, ()) = Box::pin(futures::future::join(working, attacking)).await;

    for code in codes {
        assert_eq!(f.refused(code), ROUNDS, "{code}");
    }
    assert_eq!(f.refused("rate_limited"), 0, "nobody was slowed");
    assert_eq!(f.count(names::BATCHES, &[("kind", "duplicate")]), ROUNDS);
    assert_eq!(f.count(names::CLOCK_OFF, &[("tenant", &f.tenant.id.to_string())]), ROUNDS);
    assert_eq!(f.count(names::CONNECTIONS_FAILED, &[("kind", "handshake")]), ROUNDS);
    let log = f.log();
    for lane in Lane::ALL {
        let of_lane = log.iter().filter(|r| r.meta.device == good.id && r.meta.lane == lane.number());
        let sequences: Vec<u64> = of_lane.map(|r| r.meta.sequence).collect();
        assert_eq!(sequences, (1..=sent).collect::<Vec<_>>(), "{lane:?}: each once, in order");
    }
    let flagged: Vec<_> = log.iter().filter(|r| r.meta.flags & FLAG_CLOCK_OFF != 0).collect();
    assert!(flagged.len() as u64 == ROUNDS && flagged.iter().all(|r| r.meta.device == clock.id));
    assert_eq!(log.iter().filter(|r| r.meta.device == bad.id).count(), 1, "of its many batches one was good");
    assert!(log.iter().all(|r| r.meta.device != revoked.id));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_is_told_to_begin_a_new_epoch_and_nobody_else_is_disturbed() {
    let f = Fixture::new().await;
    let (original, other) = (f.enrol().await, f.enrol().await);
    // The same identity and the same spool, running twice: one restored from a snapshot.
    let clone = f.client(&original.identity);
    for sequence in 1..4 {
        assert_eq!(one(&original, batch(Lane::Priority, sequence)).await, "acked");
    }
    let theirs = |sequence, epoch| SealedBatch {
        epoch,
        ..of_facts(Lane::Priority, sequence, vec![Fact { time_us: sequence as i64, ..Fact::default() }])
    };
    let result = |r: Vec<palisade_wire::msg::BatchResult>| format!("{} {}", r[0].status, r[0].code);
    let answer = send(&clone, vec![theirs(2, 5)]).await.expect("is answered");
    assert_eq!(result(answer), "refused new_epoch_required");
    // In an epoch of its own it goes on, and so does the original in the old one.
    for sequence in 1..4 {
        let answer = send(&clone, vec![theirs(sequence, 99)]).await.expect("is answered");
        assert_eq!(result(answer), "acked ");
    }
    assert_eq!(one(&original, batch(Lane::Priority, 4)).await, "acked");
    assert_eq!(one(&other, batch(Lane::Priority, 1)).await, "acked");
    assert_eq!(f.refused("new_epoch_required"), 1);
    let epochs: Vec<_> =
        f.log().iter().filter(|r| r.meta.device == original.id).map(|r| r.meta.epoch).collect();
    assert_eq!(epochs, [5, 5, 5, 99, 99, 99, 5]);
}
