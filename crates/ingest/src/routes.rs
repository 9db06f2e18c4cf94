//! The doors.

mod batches;
mod enrol;
mod lane;
mod onboard;
mod orders;

use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use http::Request;
use palisade_types::TimeMicros;
use palisade_wire::PROTOCOLS;
use serde_json::json;
use tower_http::catch_panic::CatchPanicLayer;

use crate::app::App;
use crate::identity::Peer;
use crate::refusal::{Code, Refusal};

pub(crate) use enrol::MAX_BODY as ENROLMENT_BODY;
pub(crate) use onboard::{DOWNLOADS, MAX_REPORT as REPORT_BODY};

type Body = axum::body::Body;

pub(crate) fn router(app: Arc<App>) -> Router {
    let panicked = app.clone();
    Router::new()
        .route("/v1/ping", get(ping))
        .route("/v1/enrol", post(enrol))
        .route("/v1/renew", post(renew))
        .route("/v1/batches", post(batches))
        .route("/v1/orders", get(orders))
        .route("/v1/artefacts/sensor", get(artefact))
        .route("/v1/tasks/report", post(report))
        .fallback(nothing)
        .method_not_allowed_fallback(nothing)
        .with_state(app)
        .layer(CatchPanicLayer::custom(move |_: Box<dyn std::any::Any + Send>| {
            tracing::error!("a request's handler panicked");
            panicked.answer(Err(Refusal::new(Code::Internal, "the server failed")))
        }))
}

async fn nothing(State(app): State<Arc<App>>) -> Response {
    app.answer(Err(Refusal::new(Code::NotFound, "there is no such route")))
}

async fn ping() -> Response {
    Json(json!({ "server_time_us": TimeMicros::now().0, "protocols": [PROTOCOLS.0, PROTOCOLS.1] }))
        .into_response()
}

async fn enrol(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    request: Request<Body>,
) -> Response {
    let begun = Instant::now();
    let result = Box::pin(enrol::enrol(&app, &peer, request)).await;
    app.metrics.request("enrol", begun.elapsed().as_secs_f64());
    app.answer(result)
}

async fn renew(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    request: Request<Body>,
) -> Response {
    let begun = Instant::now();
    let result = enrol::renew(&app, &peer, request).await;
    app.metrics.request("renew", begun.elapsed().as_secs_f64());
    app.answer(result)
}

async fn batches(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    request: Request<Body>,
) -> Response {
    let begun = Instant::now();
    let result = batches::upload(&app, &peer, request).await;
    app.metrics.request("batches", begun.elapsed().as_secs_f64());
    app.answer(result)
}

async fn artefact(State(app): State<Arc<App>>, request: Request<Body>) -> Response {
    let result = onboard::artefact(&app, request.headers()).await;
    app.answer(result)
}

async fn report(State(app): State<Arc<App>>, request: Request<Body>) -> Response {
    let result = onboard::report(&app, request).await;
    app.answer(result)
}

async fn orders(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    request: Request<Body>,
) -> Response {
    let result = orders::orders(&app, peer, request.uri().query()).await;
    app.answer(result)
}
