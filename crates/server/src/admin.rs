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
pub const ROLES: [&str; 6] = ["lake", "ingest", "api", "estate", "connect", "vuln"];

/// Every role that must be ready, by its name, with its socket: the api once, the others per region.
pub fn roles(regions: &[Instance]) -> Vec<(String, PathBuf)> {
    let of = |region: &Instance| -> Vec<(String, PathBuf)> {
        let kinds = ROLES.into_iter().filter(|kind| region.is_first_region() || *kind != "api");
        kinds.map(|kind| (region.role_name(kind), region.admin_socket(kind))).collect()
    };
    regions.iter().flat_map(of).collect()
}

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

impl Front {
    /// The roles of all regions, also of those that were added since the supervisor started.
    fn roles(&self) -> Vec<(String, PathBuf)> {
        let now = Instance::load(self.instance.home()).unwrap_or_else(|_| self.instance.clone());
        roles(&now.all_regions())
    }
}

async fn ready(State(front): State<Front>) -> impl IntoResponse {
    let mut roles = serde_json::Map::new();
    let mut all = true;
    for (role, socket) in front.roles() {
        let (ok, why) = match ask(&socket, "/readyz").await {
            Ok((200, _)) => (true, String::from("ready")),
            Ok((_, why)) => (false, why),
            Err(e) => (false, format!("{e:#}")),
        };
        all &= ok;
        roles.insert(role, why.into());
    }
    let status = if all { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(serde_json::json!({ "ready": all, "roles": roles })))
}

async fn metrics(State(front): State<Front>) -> impl IntoResponse {
    let mut families = Families::default();
    for (role, socket) in front.roles() {
        if let Ok((200, body)) = ask(&socket, "/metrics").await {
            families.add(&body, role.split_once('@').map(|(_, region)| region));
        }
    }
    let mut text = families.text();
    text.push_str("# HELP palisade_role_up Whether a role's process runs.\n# TYPE palisade_role_up gauge\n");
    for role in front.running.lock().keys() {
        text.push_str(&format!("palisade_role_up{{role=\"{role}\"}} 1\n"));
    }
    text.push_str("# EOF\n");
    ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
}

/// Metrics of several roles by family: the same role of two regions tells of the same families, which
/// must not appear twice. Samples of further regions get a label.
#[derive(Default)]
struct Families {
    order: Vec<String>,
    lines: BTreeMap<String, (Vec<String>, Vec<String>)>,
}

impl Families {
    fn add(&mut self, body: &str, region: Option<&str>) {
        let mut family = String::new();
        for line in body.lines().filter(|l| !l.is_empty() && *l != "# EOF") {
            let about = line.strip_prefix("# ").and_then(|rest| rest.split_once(' ')).map(|(_, rest)| rest);
            if let Some(name) = about.and_then(|rest| rest.split(' ').next()) {
                name.clone_into(&mut family);
            }
            if !self.lines.contains_key(&family) {
                self.order.push(family.clone());
            }
            let (notes, samples) = self.lines.entry(family.clone()).or_default();
            match about {
                Some(_) if notes.iter().any(|known| known == line) => {}
                Some(_) => notes.push(line.to_owned()),
                None => samples.push(region.map_or_else(|| line.to_owned(), |r| labelled(line, r))),
            }
        }
    }

    fn text(&self) -> String {
        let mut out = String::new();
        for (notes, samples) in self.order.iter().filter_map(|name| self.lines.get(name)) {
            for line in notes.iter().chain(samples) {
                out.push_str(line);
                out.push('\n');
            }
        }
        out
    }
}

/// A sample with one more label.
fn labelled(line: &str, region: &str) -> String {
    let name_ends = line.find(['{', ' ']).unwrap_or(line.len());
    let (name, rest) = line.split_at(name_ends);
    match rest.strip_prefix('{') {
        Some(labels) if !labels.starts_with('}') => format!("{name}{{region=\"{region}\",{labels}"),
        Some(labels) => format!("{name}{{region=\"{region}\"{labels}"),
        None => format!("{name}{{region=\"{region}\"}}{rest}"),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_regions_tell_of_a_family_once() {
        let mut families = Families::default();
        let body = "# HELP rows Rows.\n# TYPE rows counter\nrows_total{table=\"T\"} 1\n# EOF\n";
        families.add(body, None);
        families.add(body, Some("eu"));
        families.add("# HELP lag Lag.\n# TYPE lag gauge\nlag 7\n", Some("eu"));
        assert_eq!(
            families.text(),
            "# HELP rows Rows.\n# TYPE rows counter\nrows_total{table=\"T\"} 1\n\
             rows_total{region=\"eu\",table=\"T\"} 1\n# HELP lag Lag.\n# TYPE lag gauge\nlag{region=\"eu\"} 7\n"
        );
    }
}
