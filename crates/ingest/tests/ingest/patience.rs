use std::time::Duration;

use palisade_ingest::{Limits, names};
use palisade_log::LogOptions;
use palisade_testkit::eventually;
use palisade_types::Lane;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::batches::{batch, one};
use crate::fixture::{Fixture, limits};

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
