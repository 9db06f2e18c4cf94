//! `palisade role api`: console and API over HTTPS.

mod client;
mod external;
mod scans;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, Result};
use async_trait::async_trait;
use ed25519_dalek::SigningKey;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use palisade_api::{ApiConfig, ApiMetrics, ApiServer, OnboardingOffer, Warning};
use palisade_connectors::secret::SealingKey;
use palisade_feeds::{Course, Schedule, Store};
use palisade_state::{DbRole, State};
use prometheus_client::registry::Registry;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::admin::{self, RoleStatus};
use crate::database;
use crate::instance::Instance;
use crate::supervisor;
use client::WorkerClient;
use external::External;

/// Queries of one tenant at once; one worker stays free for others.
const QUERY_SLOTS: usize = supervisor::QUERY_WORKERS - 1;

/// A client that does not finish its handshake by then is dropped.
const HANDSHAKE: Duration = Duration::from_secs(10);

struct Status {
    /// Set once it listens.
    listening: OnceLock<State>,
    registry: Registry,
}

#[async_trait]
impl RoleStatus for Status {
    async fn ready(&self) -> Result<(), String> {
        let state = self.listening.get().ok_or("not listening yet")?;
        state.ready().await.map_err(|e| format!("the databases do not answer: {e}"))
    }

    fn metrics(&self) -> String {
        let mut out = String::new();
        // Writing to a string does not fail.
        let _ = prometheus_client::encoding::text::encode(&mut out, &self.registry);
        out
    }
}

/// Runs until asked to end.
pub async fn run(instance: Instance) -> Result<()> {
    let mut registry = Registry::default();
    let metrics = ApiMetrics::register(&mut registry);
    let status = Arc::new(Status { listening: OnceLock::new(), registry });
    tokio::spawn(admin::serve_role(instance.admin_socket("api"), status.clone()));
    let state = database::state_of_all(&instance, DbRole::Api).await?;
    let seed = std::fs::read_to_string(instance.secret("action.key")).context("reading the action key")?;
    let mut key = [0u8; 32];
    hex::decode_to_slice(seed.trim(), &mut key).context("the action key is damaged")?;
    let home = instance.home().to_owned();
    let regions = instance.all_regions();
    let sockets = regions.iter().map(|r| (r.region_name().to_owned(), r.query_socket())).collect();
    let external = regions.iter().map(|r| (r.region_name().to_owned(), r.external_socket())).collect();
    let config = ApiConfig {
        state: state.clone(),
        query: Arc::new(WorkerClient::new(state.clone(), sockets, Store::open(&home))),
        external: Some(Arc::new(External::new(state.clone(), external))),
        action_key: SigningKey::from_bytes(&key),
        default_tenant: instance.tenant()?,
        further_doors: regions
            .iter()
            .filter(|r| !r.is_first_region())
            .map(|r| (r.region_name().to_owned(), r.door_url()))
            .collect(),
        region: instance.record.region.clone(),
        instance_id: instance.record.instance_id.clone(),
        version: env!("CARGO_PKG_VERSION").into(),
        ingest_url: instance.door_url(),
        console_url: instance.console_url(),
        enrol_command: Some("palisade-sensor enrol --url {url} --ca ca.pem --token {token}".to_owned()),
        allowed_hosts: hostname().into_iter().collect(),
        secure_cookies: true,
        query_slots: QUERY_SLOTS,
        attempts_per_minute: 30,
        explorer: Arc::default(),
        sensor_version: super::offered_version(&instance).await,
        onboarding: onboarding(&instance)?,
        sealing_key: Some(sealing_key(&instance)?),
        hunting_folders: regions.iter().map(|r| (r.region_name().to_owned(), r.hunting_dir())).collect(),
        warnings: Arc::new(move || warnings(&home)),
        metrics,
    };
    let (router, background) = ApiServer::service(config);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, instance.record.ports.console));
    let listener = TcpListener::bind(address).await.with_context(|| format!("binding {address}"))?;
    let plain = match instance.record.plain_http {
        Some(port) => {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            let listener = TcpListener::bind(address).await.with_context(|| format!("binding {address}"))?;
            tracing::info!(%address, "programs are served without TLS");
            Some(listener)
        }
        None => None,
    };
    let _ = status.listening.set(state);
    tracing::info!(%address, "console and api listen");
    let drivers = tokio::spawn(background.run());
    let tls = accept(listener, Some(acceptor(&instance)?), router.clone());
    match plain {
        Some(plain) => {
            tokio::join!(tls, accept(plain, None, ApiServer::programs_only(router)));
        }
        None => tls.await,
    }
    drivers.abort();
    Ok(())
}

fn onboarding(instance: &Instance) -> Result<Option<OnboardingOffer>> {
    let sensor = instance.bin("palisade-sensor");
    if !sensor.exists() {
        return Ok(None);
    }
    let ca_pem = std::fs::read_to_string(instance.secret("ca.pem")).context("reading the CA")?;
    Ok(Some(OnboardingOffer { sensor, ca_pem }))
}

fn sealing_key(instance: &Instance) -> Result<SealingKey> {
    let text = std::fs::read_to_string(instance.secret("connect.pub"))
        .context("reading the key that seals connectors' credentials")?;
    SealingKey::parse(&text).map_err(|e| anyhow::anyhow!("the key that seals connectors' credentials: {e}"))
}

/// Serves until the process is asked to end; without an acceptor as it comes.
async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, router: axum::Router) {
    let graceful = Arc::new(GracefulShutdown::new());
    let mut end = std::pin::pin!(super::terminated());
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(e) => {
                    tracing::warn!(error = %e, "accepting failed");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            () = &mut end => break,
        };
        let _ = stream.set_nodelay(true);
        let (tls, router, watcher) = (tls.clone(), router.clone(), graceful.watcher());
        tokio::spawn(async move {
            let router = router.layer(axum::Extension(axum::extract::ConnectInfo(peer)));
            match tls {
                None => serve(stream, router, watcher).await,
                Some(tls) => {
                    if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
                        serve(stream, router, watcher).await;
                    }
                }
            }
        });
    }
    drop(listener);
    if let Ok(graceful) = Arc::try_unwrap(graceful) {
        let _ = tokio::time::timeout(Duration::from_secs(10), graceful.shutdown()).await;
    }
}

/// One connection to its end.
async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: axum::Router,
    watcher: Watcher,
) {
    let service = TowerToHyperService::new(router);
    let mut builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(15));
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(Duration::from_secs(30));
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
    if let Err(e) = watcher.watch(connection).await {
        tracing::debug!(error = %e, "connection ended");
    }
}

fn acceptor(instance: &Instance) -> Result<TlsAcceptor> {
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_file_iter(instance.secret("api-tls.pem"))?.collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file(instance.secret("api-tls.key"))?;
    let mut config = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn hostname() -> Option<String> {
    Some(nix::unistd::gethostname().ok()?.to_string_lossy().into_owned())
}

/// What people should know about the product itself.
fn warnings(home: &Path) -> Vec<Warning> {
    let mut out = Vec::new();
    if let Ok(fs) = nix::sys::statvfs::statvfs(home) {
        let free = fs.blocks_available() as f64 / (fs.blocks() as f64).max(1.0);
        if free < 0.05 {
            out.push(Warning {
                code: "disk_low".into(),
                message: format!("{:.1} % of the data folder's disk is free: make room", free * 100.0),
            });
        }
    }
    out.extend(feeds_warning(home));
    out
}

/// That fetching feeds by itself does not go as it should; nothing where nobody switched it on.
fn feeds_warning(home: &Path) -> Option<Warning> {
    let schedule = Schedule::load(home).ok()??;
    let course = Course::load(&Store::open(home)).ok()?;
    let trouble = course.ended.is_some_and(|at| at >= schedule.since) && !course.reason.is_empty();
    let (code, what) = match (trouble, course.gave_up()) {
        (false, _) => return None,
        (true, true) => ("feeds_sync_stopped", "fetching feeds stopped, because nothing could be fetched"),
        (true, false) => ("feeds_sync_failing", "feeds could not be fetched whole and are tried again"),
    };
    Some(Warning { code: code.into(), message: format!("{what}: {}", course.reason) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fetching_that_fails_is_a_warning_only_where_somebody_wants_it() {
        let home = tempfile::tempdir().expect("a folder");
        let say = |name: &str, text: &str| {
            let path = home.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, text).expect("written");
        };
        let code = || feeds_warning(home.path()).map(|w| w.code);
        say("feeds/sync.json", r#"{"ended": 20, "reason": "kev: no answer", "failures": 1, "vain": 1}"#);
        assert_eq!(code(), None, "it is off");
        say("feeds-schedule.json", r#"{"every_hours": 6, "since": 10}"#);
        assert_eq!(code().as_deref(), Some("feeds_sync_failing"));
        say("feeds/sync.json", r#"{"ended": 20, "reason": "kev: no answer", "failures": 30, "vain": 30}"#);
        assert_eq!(code().as_deref(), Some("feeds_sync_stopped"));
        say("feeds-schedule.json", r#"{"every_hours": 6, "since": 21}"#);
        assert_eq!(code(), None, "it was switched on again since");
        say("feeds/sync.json", r#"{"ended": 30, "reason": "", "failures": 0, "vain": 0}"#);
        assert_eq!(code(), None);
    }
}
