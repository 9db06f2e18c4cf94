//! Orders down to a device: a stream, or one answer after a wait.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::StreamExt;
use http::header;
use palisade_state::OrderRecord;
use palisade_types::{OrderId, TimeMicros};
use palisade_wire::CONTENT_TYPE;
use palisade_wire::msg::{OrderFrame, SignedOrder};
use prost::Message;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_stream::wrappers::ReceiverStream;

use crate::app::App;
use crate::hub::Subscription;
use crate::identity::{DeviceCertificate, Peer};
use crate::refusal::{Code, Refusal};

/// How long to wait after the database failed.
const AGAIN: Duration = Duration::from_secs(2);
/// Keep-alives between two looks at the certificate.
const LOOKS: u32 = 4;
/// Longest wait of a long-poll, seconds.
const MAX_WAIT: u64 = 60;

pub(super) async fn orders(app: &Arc<App>, peer: Peer, query: Option<&str>) -> Result<Response, Refusal> {
    let who = app.device(&peer).await?.clone();
    app.rates
        .admit(who.tenant, who.device)
        .map_err(|(text, wait)| Refusal::new(Code::RateLimited, text).after(wait).of(who.tenant))?;
    let wait = wait_of(query).map_err(|r| r.of(who.tenant))?;
    let Some(place) = app.hub.subscribe(who.tenant, who.device, app.limits.order_streams) else {
        let wait = crate::rate::jittered(Duration::from_secs(10));
        return Err(Refusal::new(Code::RateLimited, "too many order streams of this device")
            .after(wait)
            .of(who.tenant));
    };
    app.seen.note(who.tenant, who.device, TimeMicros::now(), false);
    let head = [(header::CONTENT_TYPE, CONTENT_TYPE), (header::CACHE_CONTROL, "no-store")];
    if let Some(wait) = wait {
        let body = poll(app, &who, place, wait).await?;
        return Ok((head, body).into_response());
    }
    let (frames, stream) = mpsc::channel::<Bytes>(16);
    let app = app.clone();
    tokio::spawn(async move {
        app.metrics.order_streams.inc();
        run(&app, &peer, &who, place, frames).await;
        app.metrics.order_streams.dec();
    });
    let body = Body::from_stream(ReceiverStream::new(stream).map(Ok::<_, std::convert::Infallible>));
    Ok((head, body).into_response())
}

fn wait_of(query: Option<&str>) -> Result<Option<Duration>, Refusal> {
    let bad = || Refusal::new(Code::BatchMalformed, format!("wait must be 1 to {MAX_WAIT} seconds"));
    for pair in query.unwrap_or_default().split('&') {
        if let Some(text) = pair.strip_prefix("wait=") {
            let seconds: u64 = text.parse().map_err(|_| bad())?;
            return if (1..=MAX_WAIT).contains(&seconds) {
                Ok(Some(Duration::from_secs(seconds)))
            } else {
                Err(bad())
            };
        }
    }
    Ok(None)
}

fn frame(order: Option<SignedOrder>) -> Bytes {
    OrderFrame { order, server_time_us: TimeMicros::now().0 }.encode_length_delimited_to_vec().into()
}

/// What is due, among it what was sent over an earlier connection and has no receipt: the device
/// does each number once.
async fn due(app: &App, who: &DeviceCertificate) -> palisade_state::Result<Vec<OrderRecord>> {
    let now = TimeMicros::now();
    app.state.due_for_device(who.tenant, who.device, now, now).await
}

/// The order as it was signed; one that cannot be read is reported and left alone.
fn signed(order: &OrderRecord) -> Option<SignedOrder> {
    let signed = SignedOrder::decode(order.signed.as_slice());
    if signed.is_err() {
        tracing::error!(order = %order.id, "a stored order cannot be read");
    }
    signed.ok()
}

async fn delivered(app: &App, who: &DeviceCertificate, order: OrderId) {
    app.metrics.order(who.tenant);
    if let Err(e) = app.state.mark_delivered(who.tenant, order, TimeMicros::now()).await {
        app.metrics.background_failed("mark_delivered");
        tracing::warn!(error = %e, %order, "a sent order was not marked");
    }
}

/// Waits for one order or the time; the frames of all that is due then.
async fn poll(
    app: &App,
    who: &DeviceCertificate,
    mut place: Subscription,
    wait: Duration,
) -> Result<Vec<u8>, Refusal> {
    let until = Instant::now() + wait;
    let mut body = Vec::new();
    loop {
        let found = due(app, who).await.map_err(|e| Refusal::state(&e).of(who.tenant))?;
        for order in &found {
            if let Some(signed) = signed(order) {
                body.extend_from_slice(&frame(Some(signed)));
                delivered(app, who, order.id).await;
            }
        }
        if !body.is_empty() {
            return Ok(body);
        }
        tokio::select! {
            () = place.woken() => {}
            () = tokio::time::sleep_until(until) => return Ok(body),
            () = app.stop.cancelled() => return Ok(body),
        }
    }
}

/// Feeds a stream until the device hangs up, the server stops or the certificate is no good.
async fn run(
    app: &App,
    peer: &Peer,
    who: &DeviceCertificate,
    mut place: Subscription,
    frames: mpsc::Sender<Bytes>,
) {
    let mut sent: HashSet<OrderId> = HashSet::new();
    let mut keep_alive = tokio::time::interval(app.limits.keep_alive);
    keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut looks = 0;
    let mut look = true;
    let mut again = None;
    loop {
        if look {
            look = false;
            match due(app, who).await {
                Ok(found) => {
                    again = None;
                    for order in found.iter().filter(|o| !sent.contains(&o.id)) {
                        let Some(signed) = signed(order) else { continue };
                        if frames.send(frame(Some(signed))).await.is_err() {
                            return;
                        }
                        delivered(app, who, order.id).await;
                    }
                    // What is no longer due is never asked about again.
                    sent = found.into_iter().map(|o| o.id).collect();
                }
                Err(e) => {
                    app.metrics.background_failed("due_orders");
                    tracing::warn!(error = %e, "due orders cannot be asked");
                    again = Some(Instant::now() + AGAIN);
                }
            }
        }
        tokio::select! {
            () = frames.closed() => return,
            () = app.stop.cancelled() => return,
            () = place.woken() => look = true,
            () = tokio::time::sleep_until(again.unwrap_or_else(Instant::now)), if again.is_some() => look = true,
            _ = keep_alive.tick() => {
                if frames.send(frame(None)).await.is_err() {
                    return;
                }
                app.seen.note(who.tenant, who.device, TimeMicros::now(), false);
                looks += 1;
                if looks % LOOKS == 0 && let Err(refusal) = app.device(peer).await && refusal.code != Code::StateUnavailable {
                    app.metrics.refuse(refusal.code, refusal.tenant);
                    tracing::info!(device = %who.device, code = refusal.code.as_str(), "order stream ended");
                    return;
                }
            }
        }
    }
}
