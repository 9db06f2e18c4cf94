//! Opening the door, and closing it without losing what is on its way in.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use palisade_log::{LogError, LogWriter};
use parking_lot::{Mutex, RwLock};
use prometheus_client::registry::Registry;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::app::App;
use crate::body::BodyMemory;
use crate::config::IngestConfig;
use crate::dedup::Dedup;
use crate::hub::OrderHub;
use crate::identity::{Authority, Peer, Presented};
use crate::in_flight::InFlight;
use crate::issue::CertificateAuthority;
use crate::lanes::LaneLocks;
use crate::load::Load;
use crate::metrics::Metrics;
use crate::rate::{Allowance, Bucket, Rates};
use crate::seen::Seen;
use crate::status::StatusCache;
use crate::{keep, routes, tls};

/// Why the door did not open.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// A certificate or key cannot be used.
    #[error("{0}")]
    Key(String),
    /// The log cannot be used.
    #[error("log: {0}")]
    Log(#[from] LogError),
    /// The operating system refused.
    #[error("{0}")]
    Io(String),
}

impl IngestError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Key(_) => "key_unusable",
            Self::Log(e) => e.code(),
            Self::Io(_) => "io",
        }
    }
}

/// The running door.
pub struct IngestServer {
    app: Arc<App>,
    address: SocketAddr,
    accepting: JoinHandle<GracefulShutdown>,
    background: JoinSet<()>,
}

/// What all connections share.
struct Door {
    app: Arc<App>,
    router: Router,
    acceptor: TlsAcceptor,
    http: auto::Builder<TokioExecutor>,
    addresses: Mutex<HashMap<IpAddr, usize>>,
    /// Places for connections without a device's certificate.
    strangers: Arc<Semaphore>,
}

impl IngestServer {
    /// Opens the log, restores what is known, and begins to listen.
    ///
    /// # Errors
    /// [`IngestError`]; nothing is left running then.
    pub async fn start(config: IngestConfig) -> Result<Self, IngestError> {
        // Boxed: it is large, and so would be every future that awaits it.
        Box::pin(Self::open(config)).await
    }

    async fn open(config: IngestConfig) -> Result<Self, IngestError> {
        let limits = config.limits;
        let tls = tls::server_config(&config.tls_certificate, &config.tls_key)?;
        let ca = CertificateAuthority::load(&config.ca_certificate, &config.ca_key, limits.certificate_life)?;
        let authority = Authority::new(&ca.certificate)?;
        let queue_bytes = config.log.max_queued_bytes;
        let (log_dir, cursors, checkpoints, options) =
            (config.log_dir, config.cursors_dir.clone(), config.checkpoint_dir, config.log);
        let (log, dedup) = tokio::task::spawn_blocking(move || {
            let log = LogWriter::open(&log_dir, options)?;
            let dedup = Dedup::restore(&checkpoints, &cursors, &log)?;
            Ok::<_, IngestError>((log, dedup))
        })
        .await
        .map_err(|e| IngestError::Io(e.to_string()))??;
        let listener = TcpListener::bind(config.listen)
            .await
            .map_err(|e| IngestError::Io(format!("listening on {}: {e}", config.listen)))?;
        let address = listener.local_addr().map_err(|e| IngestError::Io(e.to_string()))?;
        let mut listeners = vec![listener];
        for also in &config.also {
            let bound = TcpListener::bind(also).await;
            listeners.push(bound.map_err(|e| IngestError::Io(format!("listening on {also}: {e}")))?);
        }
        let metrics = Metrics::new();
        metrics.log_torn.set(i64::try_from(log.stats().torn_bytes).unwrap_or(i64::MAX));
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        let app = Arc::new(App {
            state: config.state,
            queue_bytes,
            dedup,
            lanes: LaneLocks::default(),
            ca,
            authority,
            action_key: config.action_key,
            statuses: StatusCache::new(limits.status_ttl, limits.status_stale),
            hub: OrderHub::default(),
            seen: Seen::default(),
            metrics,
            rates: Rates::new(
                Allowance { bytes: limits.tenant_bytes, requests: limits.tenant_requests },
                Allowance { bytes: limits.device_bytes, requests: limits.device_requests },
            ),
            enrolments: Mutex::new(Bucket::new(limits.enrolments, Instant::now())),
            bodies: BodyMemory::new(
                limits.body_memory,
                limits.max_body,
                limits.device_body_memory,
                limits.body_timeout,
            ),
            enrolment_bodies: BodyMemory::new(
                limits.enrolment_memory,
                routes::ENROLMENT_BODY,
                limits.enrolment_memory,
                limits.body_timeout,
            ),
            report_bodies: BodyMemory::new(
                limits.enrolment_memory,
                routes::REPORT_BODY,
                limits.enrolment_memory,
                limits.body_timeout,
            ),
            in_flight: InFlight::default(),
            load: Load::default(),
            opening: Arc::new(Semaphore::new(processors.max(2))),
            opening_small: Arc::new(Semaphore::new(processors.max(2))),
            stop: CancellationToken::new(),
            sensor: config.sensor,
            downloads: Arc::new(Semaphore::new(routes::DOWNLOADS)),
            log,
            limits,
        });
        let mut background = JoinSet::new();
        let consumers = keep::Consumers { cursors: config.cursors_dir, required: config.required_consumers };
        keep::start(&app, consumers, &mut background);
        let door = Arc::new(Door {
            router: routes::router(app.clone()),
            acceptor: TlsAcceptor::from(Arc::new(tls)),
            http: http(app.limits.header_timeout),
            addresses: Mutex::default(),
            strangers: Arc::new(Semaphore::new(app.limits.strangers)),
            app: app.clone(),
        });
        let accepting = tokio::spawn(accept(listeners, door));
        tracing::info!(%address, next_offset = app.log.next_offset(), "ingest listens");
        Ok(Self { app, address, accepting, background })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The metrics, for whoever serves them.
    pub fn registry(&self) -> Arc<RwLock<Registry>> {
        self.app.metrics.registry.clone()
    }

    /// All metrics in the text form, with the log's figures as of now.
    pub fn metrics_text(&self) -> String {
        let m = &self.app.metrics;
        m.log_next.set(i64::try_from(self.app.log.next_offset()).unwrap_or(i64::MAX));
        m.text()
    }

    /// Something cheap to clone that answers `/readyz` and `/metrics`.
    pub fn probe(&self) -> Probe {
        Probe(self.app.clone())
    }

    /// Whether it can do all its work. Without the database, known devices still upload.
    ///
    /// # Errors
    /// What is missing.
    pub async fn ready(&self) -> Result<(), String> {
        self.probe().ready().await
    }

    /// Stops listening, lets requests under way end within `grace`, makes the log durable and saves
    /// what is known.
    pub async fn shutdown(mut self, grace: Duration) {
        self.app.stop.cancel();
        match self.accepting.await {
            Ok(connections) => {
                if tokio::time::timeout(grace, connections.shutdown()).await.is_err() {
                    tracing::warn!("connections were cut at shutdown");
                }
            }
            Err(e) => tracing::error!(error = %e, "accepting connections failed"),
        }
        while self.background.join_next().await.is_some() {}
        keep::save(&self.app).await;
        let last_words = tokio::time::timeout(Duration::from_secs(2), keep::seen(&self.app, true)).await;
        if last_words.is_err() {
            tracing::warn!("when devices were last seen was not written");
        }
        let log = self.app.log.clone();
        if tokio::task::spawn_blocking(move || log.close()).await.is_err() {
            tracing::error!("the log was not closed");
        }
        tracing::info!("ingest stopped");
    }
}

/// Answers for health and metrics while the server runs.
#[derive(Clone)]
pub struct Probe(Arc<App>);

impl Probe {
    /// As [`IngestServer::ready`].
    ///
    /// # Errors
    /// What is missing.
    pub async fn ready(&self) -> Result<(), String> {
        if self.0.stop.is_cancelled() {
            return Err("stopping".into());
        }
        match tokio::time::timeout(Duration::from_secs(2), self.0.state.ready()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(e)) => Err(format!("{}: known devices go on uploading, nothing else works", e.code())),
            Err(_) => {
                Err("state_unavailable: no answer; known devices go on uploading, nothing else works".into())
            }
        }
    }

    /// As [`IngestServer::metrics_text`].
    pub fn metrics_text(&self) -> String {
        let m = &self.0.metrics;
        m.log_next.set(i64::try_from(self.0.log.next_offset()).unwrap_or(i64::MAX));
        m.text()
    }
}

fn http(header_timeout: Duration) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_buf_size(64 << 10)
        .max_headers(64)
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(32)
        .max_header_list_size(16 << 10)
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20));
    builder
}

/// Accepts until the app is stopped; gives back what ends the open connections.
async fn accept(listeners: Vec<TcpListener>, door: Arc<Door>) -> GracefulShutdown {
    let connections = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(door.app.limits.max_connections));
    loop {
        let accepted = tokio::select! {
            accepted = any(&listeners) => accepted,
            () = door.app.stop.cancelled() => return connections,
        };
        let (stream, from) = match accepted {
            Ok(accepted) => accepted,
            Err(e) => {
                door.app.metrics.connection_failed("accept");
                tracing::warn!(error = %e, "a connection was not accepted");
                // Out of descriptors: spinning would only make it worse.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(place) = places.clone().try_acquire_owned() else {
            door.app.metrics.connection_failed("too_many");
            continue;
        };
        let Some(counted) = Counted::enter(&door, from.ip()) else {
            door.app.metrics.connection_failed("too_many_of_address");
            continue;
        };
        let watcher = connections.watcher();
        tokio::spawn(async move {
            let _place = place;
            serve(&counted.door, stream, from.ip(), watcher).await;
            drop(counted);
        });
    }
}

/// The next connection of any of the listeners.
async fn any(listeners: &[TcpListener]) -> std::io::Result<(tokio::net::TcpStream, SocketAddr)> {
    std::future::poll_fn(|context| {
        listeners
            .iter()
            .map(|listener| listener.poll_accept(context))
            .find(std::task::Poll::is_ready)
            .unwrap_or(std::task::Poll::Pending)
    })
    .await
}

/// One connection of an address.
struct Counted {
    door: Arc<Door>,
    address: IpAddr,
}

impl Counted {
    fn enter(door: &Arc<Door>, address: IpAddr) -> Option<Self> {
        let mut all = door.addresses.lock();
        let n = all.entry(address).or_default();
        if *n >= door.app.limits.max_connections_per_address {
            return None;
        }
        *n += 1;
        door.app.metrics.connections.inc();
        Some(Self { door: door.clone(), address })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.door.app.metrics.connections.dec();
        let mut all = self.door.addresses.lock();
        if let Some(n) = all.get_mut(&self.address) {
            *n -= 1;
            if *n == 0 {
                all.remove(&self.address);
            }
        }
    }
}

async fn serve(door: &Arc<Door>, stream: TcpStream, address: IpAddr, watcher: Watcher) {
    let metrics = &door.app.metrics;
    let _ = stream.set_nodelay(true);
    let handshake = tokio::time::timeout(door.app.limits.handshake_timeout, door.acceptor.accept(stream));
    let tls = match handshake.await {
        Ok(Ok(tls)) => tls,
        Ok(Err(e)) => {
            metrics.connection_failed("handshake");
            tracing::debug!(error = %e, %address, "tls handshake failed");
            return;
        }
        Err(_) => {
            metrics.connection_failed("handshake_timeout");
            return;
        }
    };
    let session = tls.get_ref().1;
    let presented = Arc::new(door.app.authority.judge(session.peer_certificates()));
    let known = matches!(*presented, Presented::Device(_));
    let stranger = if known { None } else { Some(door.strangers.clone().try_acquire_owned()) };
    if matches!(stranger, Some(Err(_))) {
        metrics.connection_failed("too_many_strangers");
        return;
    }
    let http2 = session.alpn_protocol() == Some(b"h2");
    let peer = Peer { address, presented };
    let router = door.router.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer.clone());
        router.clone().oneshot(request)
    });
    // Decided by ALPN, so that nobody can dawdle in front of the choice.
    let http = if http2 { door.http.clone().http2_only() } else { door.http.clone().http1_only() };
    let connection = http.serve_connection(TokioIo::new(tls), service);
    let connection = watcher.watch(connection);
    let ended = if known {
        connection.await
    } else {
        // Who shows no certificate has one question to ask, and must not keep a place for ever.
        match tokio::time::timeout(door.app.limits.stranger_timeout, connection).await {
            Ok(ended) => ended,
            Err(_) => {
                metrics.connection_failed("stranger_timeout");
                return;
            }
        }
    };
    if let Err(e) = ended {
        tracing::debug!(error = %e, %address, "connection ended with an error");
    }
}
