use std::time::Duration;

use palisade_ingest::{Limits, names};
use palisade_log::LogOptions;
use palisade_testkit::eventually;
use palisade_types::Lane;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::batches::{batch, one, send};
use crate::fixture::{Device, Fixture, limits};

async fn ends(stream: &mut (impl AsyncReadExt + Unpin)) {
    let mut rest = Vec::new();
    // A reset is an end too.
    let _ = stream.read_to_end(&mut rest).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_dawdles_is_cut_off_and_who_works_is_served() {
    let short = Duration::from_millis(200);
    let impatient =
        Limits { handshake_timeout: short, header_timeout: short, body_timeout: short, ..limits() };
    let f = Fixture::with(impatient, LogOptions::default()).await;
    let device = f.enrol().await;
    // Says nothing at all.
    let mut silent = TcpStream::connect(f.server.address()).await.expect("connects");
    ends(&mut silent).await;
    assert_eq!(f.count(names::CONNECTIONS_FAILED, &[("kind", "handshake_timeout")]), 1);
    let mut noise = TcpStream::connect(f.server.address()).await.expect("connects");
    noise.write_all(b"GET / HTTP/1.1\r\n\r\n").await.expect("writes");
    ends(&mut noise).await;
    assert_eq!(f.count(names::CONNECTIONS_FAILED, &[("kind", "handshake")]), 1);
    // Never ends its head.
    let mut head = device.client.clone().http1().connect().await;
    head.write_all(b"POST /v1/batches HTTP/1.1\r\nhost: localhost\r\nx-slow: ").await.expect("writes");
    ends(&mut head).await;
    // Never ends its body.
    let mut body = device.client.clone().http1().connect().await;
    body.write_all(b"POST /v1/batches HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\nabc")
        .await
        .expect("writes");
    ends(&mut body).await;
    assert_eq!(f.refused("body_incomplete"), 1);
    assert_eq!(one(&device, batch(Lane::Bulk, 1)).await, "acked");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_bounded() {
    let few = Limits { max_connections: 3, max_connections_per_address: 2, ..limits() };
    let f = Fixture::with(few, LogOptions::default()).await;
    let device = f.enrol().await;
    eventually("the enrolment's connection is gone", async || {
        f.server.metrics_text().contains("palisade_ingest_connections 0")
    })
    .await;
    let held = (device.client.connect().await, device.client.connect().await);
    let mut third = TcpStream::connect(f.server.address()).await.expect("connects");
    ends(&mut third).await;
    assert_eq!(f.count(names::CONNECTIONS_FAILED, &[("kind", "too_many_of_address")]), 1);
    drop(held);
    eventually("there is room again", async || {
        f.server.metrics_text().contains("palisade_ingest_connections 0")
    })
    .await;
    assert_eq!(one(&device, batch(Lane::Bulk, 1)).await, "acked");
}

/// Announces a body and sends one byte of it.
async fn dawdle(device: &Device, length: usize) -> TlsStream<TcpStream> {
    let mut stream = device.client.clone().http1().connect().await;
    let head = format!("POST /v1/batches HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\nx");
    stream.write_all(head.as_bytes()).await.expect("writes");
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_never_come_take_one_device_s_share_and_no_more() {
    let few = Limits { device_body_memory: 3 << 20, device_uploads: 4, ..limits() };
    // Two such devices would take all memory, if they could.
    let f = Fixture::with(Limits { body_memory: 10 << 20, ..few }, LogOptions::default()).await;
    let (hostile, many, good) = (f.enrol().await, f.enrol().await, f.enrol().await);
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(dawdle(&hostile, 3 << 20).await);
    }
    // Those beyond the share are answered; the first goes on holding what it has.
    eventually("three are refused", async || f.refused("rate_limited") == 3).await;
    for _ in 0..4 {
        held.push(dawdle(&many, 10).await);
    }
    // What is sent has a place itself for a moment, which one of the four may have found taken.
    let mut answer = send(&many.client, vec![]).await;
    for _ in 0..50 {
        if answer.is_err() {
            break;
        }
        held.push(dawdle(&many, 10).await);
        answer = send(&many.client, vec![]).await;
    }
    let refused = answer.map(|_| "served").expect_err("no place is left");
    assert_eq!((refused.code(), refused.status), ("rate_limited", 429));
    for sequence in 1..4 {
        assert_eq!(one(&good, batch(Lane::Bulk, sequence)).await, "acked");
    }
    drop(held);
    eventually("places are free again", async || {
        send(&many.client, vec![]).await.map_err(|no| no.code().to_owned())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_shows_no_certificate_gets_few_places_for_a_short_time() {
    // Who enrols is a stranger too, and is slow on a busy machine.
    let few = Limits { strangers: 2, stranger_timeout: Duration::from_secs(3), ..limits() };
    let f = Fixture::with(few, LogOptions::default()).await;
    let device = f.enrol().await;
    let mut held = vec![f.anonymous().http1().connect().await, f.anonymous().http1().connect().await];
    let mut third = f.anonymous().http1().connect().await;
    ends(&mut third).await;
    for stream in &mut held {
        ends(stream).await;
    }
    let failed = |kind: &str| f.count(names::CONNECTIONS_FAILED, &[("kind", kind)]);
    eventually("each is counted", async || failed("too_many_strangers") + failed("stranger_timeout") >= 3)
        .await;
    assert_eq!(one(&device, batch(Lane::Bulk, 1)).await, "acked");
}
