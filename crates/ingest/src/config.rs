use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use palisade_log::LogOptions;
use palisade_state::State;
use palisade_wire::BatchLimits;

/// All that the door needs to open.
#[derive(Clone)]
pub struct IngestConfig {
    /// Where to listen; port 0 takes any.
    pub listen: SocketAddr,
    /// Where to listen too.
    pub also: Vec<SocketAddr>,
    /// The sensor's executable, for machines that fetch it with an enrolment token.
    pub sensor: Option<PathBuf>,
    /// The server's certificate chain, PEM.
    pub tls_certificate: PathBuf,
    /// Its key, PEM.
    pub tls_key: PathBuf,
    /// The instance's CA, PEM: it issues and vouches for devices' certificates.
    pub ca_certificate: PathBuf,
    /// The CA's key, PEM.
    pub ca_key: PathBuf,
    /// The public Ed25519 key that signs orders; given to devices at enrolment.
    pub action_key: [u8; 32],
    /// The region's log; this process writes it.
    pub log_dir: PathBuf,
    /// The consumers' cursors; the log is trimmed below the slowest.
    pub cursors_dir: PathBuf,
    /// Where it is kept which batches are known.
    pub checkpoint_dir: PathBuf,
    /// The state store, as role `Ingest`.
    pub state: State,
    /// Bounds of the log.
    pub log: LogOptions,
    /// Bounds of everything else.
    pub limits: Limits,
    /// Consumers without whose cursor nothing is ever trimmed.
    pub required_consumers: Vec<String>,
}

/// A token bucket: bytes or requests.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// What flows in each second.
    pub per_second: f64,
    /// What may be saved up.
    pub burst: f64,
}

/// Bounds and intervals; the default suits one machine with a thousand sensors.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Most connections at once; further ones are closed at once and counted.
    pub max_connections: usize,
    /// Most connections of one address.
    pub max_connections_per_address: usize,
    /// How long a TLS handshake may take.
    pub handshake_timeout: Duration,
    /// How long a request's head may take; also how long an HTTP/1.1 connection may idle.
    pub header_timeout: Duration,
    /// How long a request's body may take.
    pub body_timeout: Duration,
    /// Largest request body, bytes.
    pub max_body: usize,
    /// Most bytes of bodies in memory at once.
    pub body_memory: usize,
    /// Most of them of one device.
    pub device_body_memory: usize,
    /// Most bytes of enrolments' bodies in memory at once; they have no certificate yet, so they
    /// share nothing with who has one.
    pub enrolment_memory: usize,
    /// Most requests of one device under way at once, order streams aside.
    pub device_uploads: usize,
    /// Most connections without a certificate of a device.
    pub strangers: usize,
    /// How long such a connection may live.
    pub stranger_timeout: Duration,
    /// Most batches in one upload.
    pub max_batches: usize,
    /// Bounds of one batch.
    pub batch: BatchLimits,
    /// Body bytes of one tenant, judged before decompression. A batch that announces more than
    /// eight times its size counts as an eighth of what it announces.
    pub tenant_bytes: Rate,
    /// Uploads of one tenant.
    pub tenant_requests: Rate,
    /// Body bytes of one device: less than its tenant's, so that it cannot use up all of them.
    pub device_bytes: Rate,
    /// Uploads of one device.
    pub device_requests: Rate,
    /// Enrolments in all, failed ones too.
    pub enrolments: Rate,
    /// Shortest interval between a sensor's uploads that is asked for.
    pub flush_min: Duration,
    /// Longest interval, asked for under full load.
    pub flush_max: Duration,
    /// Life of a device's certificate.
    pub certificate_life: Duration,
    /// How long after its end a certificate may still be renewed.
    pub renewal_grace: Duration,
    /// How long a certificate's status is believed.
    pub status_ttl: Duration,
    /// How long it is believed while the database is down.
    pub status_stale: Duration,
    /// How old the time at which a device was last seen may grow in the database.
    pub seen_every: Duration,
    /// Interval of keep-alives in the order stream.
    pub keep_alive: Duration,
    /// Most order streams of one device.
    pub order_streams: usize,
    /// How often the knowledge of batches is saved.
    pub checkpoint_every: Duration,
    /// How often the log is trimmed.
    pub trim_every: Duration,
    /// A consumer further behind than this many bytes is cut off.
    pub max_lag_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        const DAY: u64 = 86_400;
        Self {
            max_connections: 8192,
            max_connections_per_address: 4096,
            handshake_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(60),
            max_body: 8 << 20,
            body_memory: 256 << 20,
            device_body_memory: 24 << 20,
            enrolment_memory: 8 << 20,
            device_uploads: 16,
            strangers: 512,
            stranger_timeout: Duration::from_secs(60),
            max_batches: 64,
            batch: BatchLimits::default(),
            tenant_bytes: Rate { per_second: f64::from(64 << 20), burst: f64::from(256 << 20) },
            tenant_requests: Rate { per_second: 5000.0, burst: 20_000.0 },
            device_bytes: Rate { per_second: f64::from(16 << 20), burst: f64::from(64 << 20) },
            device_requests: Rate { per_second: 200.0, burst: 2000.0 },
            enrolments: Rate { per_second: 50.0, burst: 500.0 },
            flush_min: Duration::from_secs(1),
            flush_max: Duration::from_secs(30),
            certificate_life: Duration::from_secs(30 * DAY),
            renewal_grace: Duration::from_secs(90 * DAY),
            status_ttl: Duration::from_secs(5),
            status_stale: Duration::from_secs(DAY),
            seen_every: Duration::from_secs(10),
            keep_alive: Duration::from_secs(15),
            order_streams: 4,
            checkpoint_every: Duration::from_secs(300),
            trim_every: Duration::from_secs(60),
            max_lag_bytes: 16 << 30,
        }
    }
}
