//! Health and metrics: each role answers on a Unix socket, the supervisor on loopback TCP for all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use async_trait::async_trait;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::sync::watch;

use crate::instance::Instance;

/// Roles that must be ready before the product is.
const ROLES: [&str; 3] = ["lake", "ingest", "api"];

/// Largest answer of a role, bytes.
const MAX_ANSWER: u64 = 4 << 20;

/// What a role tells of itself.
#[async_trait]
pub trait RoleStatus: Send + Sync + 'static {
    /// `Ok` when it does its work; else why not.
    async fn ready(&self) -> Result<(), String>;
    /// Prometheus text.
    fn metrics(&self) -> String;
}

/// Serves a role's status on its socket until the process ends.
pub async fn serve_role(path: PathBuf, status: Arc<dyn RoleStatus>) -> Result<()> {
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).with_context(|| format!("binding {}", path.display()))?;
    let app = Router::new()
        .route("/readyz", get(role_ready))
        .route("/metrics", get(|State(s): State<Arc<dyn RoleStatus>>| async move { s.metrics() }))
        .with_state(status);
    axum::serve(listener, app).await.context("serving the admin socket")
}

async fn role_ready(State(status): State<Arc<dyn RoleStatus>>) -> (StatusCode, String) {
    match status.ready().await {
        Ok(()) => (StatusCode::OK, "ready".into()),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, why),
    }
}

#[derive(Clone)]
struct Front {
    instance: Instance,
    running: Arc<Mutex<BTreeMap<String, u32>>>,
}

/// Takes the admin port, on loopback only.
pub async fn bind(instance: &Instance) -> Result<TcpListener> {
    let port = instance.record.ports.admin;
    TcpListener::bind(("127.0.0.1", port)).await.with_context(|| format!("binding the admin port {port}"))
}

/// The supervisor's door.
pub async fn serve(
    listener: TcpListener,
    instance: Instance,
    running: Arc<Mutex<BTreeMap<String, u32>>>,
    mut stop: watch::Receiver<bool>,
) -> Result<()> {
    let app = Router::new()
        .route("/healthz", get(|| async { "alive" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(Front { instance, running });
    axum::serve(listener, app)
        .with_graceful_shutdown(async move {
            let _ = stop.changed().await;
        })
        .await
        .context("serving the admin port")
}

async fn ready(State(front): State<Front>) -> impl IntoResponse {
    let mut roles = serde_json::Map::new();
    let mut all = true;
    for role in ROLES {
        let (ok, why) = match ask(&front.instance.admin_socket(role), "/readyz").await {
            Ok((200, _)) => (true, String::from("ready")),
            Ok((_, why)) => (false, why),
            Err(e) => (false, format!("{e:#}")),
        };
        all &= ok;
        roles.insert(role.into(), why.into());
    }
    let status = if all { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(serde_json::json!({ "ready": all, "roles": roles })))
}

async fn metrics(State(front): State<Front>) -> impl IntoResponse {
    let mut text = String::new();
    for role in ROLES {
        if let Ok((200, body)) = ask(&front.instance.admin_socket(role), "/metrics").await {
            text.push_str(body.trim_end().trim_end_matches("# EOF"));
        }
    }
    text.push_str("# HELP palisade_role_up Whether a role's process runs.\n# TYPE palisade_role_up gauge\n");
    for role in front.running.lock().keys() {
        text.push_str(&format!("palisade_role_up{{role=\"{role}\"}} 1\n"));
    }
    text.push_str("# EOF\n");
    ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
}

/// One HTTP/1.0 request over a Unix socket: status and body.
pub async fn ask(socket: &Path, path: &str) -> Result<(u16, String)> {
    let talk = async {
        let mut stream = UnixStream::connect(socket).await?;
        stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: role\r\n\r\n").as_bytes()).await?;
        let mut text = String::new();
        stream.take(MAX_ANSWER).read_to_string(&mut text).await?;
        anyhow::Ok(text)
    };
    let text = tokio::time::timeout(Duration::from_secs(5), talk).await.context("no answer in 5 s")??;
    let (head, body) = text.split_once("\r\n\r\n").context("no HTTP answer")?;
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).context("no status")?;
    Ok((status, body.to_owned()))
}
