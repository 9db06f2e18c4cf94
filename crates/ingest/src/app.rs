//! What all requests share.

use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use palisade_log::LogWriter;
use palisade_state::{CertificateStatus, State};
use palisade_types::TimeMicros;
use palisade_wire::PROTOCOLS;
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::body::BodyMemory;
use crate::config::Limits;
use crate::dedup::Dedup;
use crate::hub::OrderHub;
use crate::identity::{Authority, DeviceCertificate, Peer};
use crate::in_flight::{InFlight, Upload};
use crate::issue::CertificateAuthority;
use crate::lanes::LaneLocks;
use crate::load::{self, Load};
use crate::metrics::Metrics;
use crate::rate::{Bucket, Rates, jittered};
use crate::refusal::{Code, Refusal};
use crate::seen::Seen;
use crate::status::StatusCache;

pub(crate) struct App {
    pub limits: Limits,
    pub state: State,
    pub log: LogWriter,
    pub queue_bytes: usize,
    pub dedup: Dedup,
    pub lanes: LaneLocks,
    pub ca: CertificateAuthority,
    pub authority: Authority,
    pub action_key: [u8; 32],
    pub statuses: StatusCache,
    pub hub: OrderHub,
    pub seen: Seen,
    pub metrics: Metrics,
    pub rates: Rates,
    pub enrolments: Mutex<Bucket>,
    pub bodies: BodyMemory,
    /// The memory of enrolments, whose senders have no certificate yet.
    pub enrolment_bodies: BodyMemory,
    /// The memory of what machines report of tasks.
    pub report_bodies: BodyMemory,
    /// The sensor's executable.
    pub sensor: Option<std::path::PathBuf>,
    /// Downloads of it at once.
    pub downloads: Arc<tokio::sync::Semaphore>,
    pub in_flight: InFlight,
    pub load: Load,
    /// Large batches that are decompressed at once.
    pub opening: Arc<Semaphore>,
    /// Small ones, which never wait behind large ones.
    pub opening_small: Arc<Semaphore>,
    pub stop: CancellationToken,
}

impl App {
    /// The device behind a connection, if its certificate is good now.
    pub async fn device<'a>(&self, peer: &'a Peer) -> Result<&'a DeviceCertificate, Refusal> {
        self.device_within(peer, Duration::ZERO).await
    }

    /// The same, with a grace after the certificate's end.
    pub async fn device_within<'a>(
        &self,
        peer: &'a Peer,
        grace: Duration,
    ) -> Result<&'a DeviceCertificate, Refusal> {
        let device = peer.device(grace, TimeMicros::now())?;
        let refuse = |code, text: &str| Err(Refusal::new(code, text).of(device.tenant));
        match self.statuses.of(device, &self.state, &self.metrics).await? {
            CertificateStatus::Active => Ok(device),
            CertificateStatus::Revoked => refuse(Code::CertificateRevoked, "the certificate was revoked"),
            CertificateStatus::Offboarded => {
                refuse(Code::CertificateRevoked, "the device was taken out of service")
            }
            CertificateStatus::Unknown => {
                refuse(Code::CertificateUnknown, "the certificate is not on record")
            }
        }
    }

    /// A place among the requests of a device, and the right to send now.
    pub fn admit(&self, device: &DeviceCertificate) -> Result<Upload, Refusal> {
        let refuse =
            |text: &str, wait| Err(Refusal::new(Code::RateLimited, text).after(wait).of(device.tenant));
        let Some(upload) = self.in_flight.enter(device.tenant, device.device, self.limits.device_uploads)
        else {
            return refuse("too many requests of this device at once", jittered(Duration::from_secs(1)));
        };
        match self.rates.admit(device.tenant, device.device) {
            Ok(()) => Ok(upload),
            Err((text, wait)) => refuse(text, wait),
        }
    }

    /// Counts a refusal and answers.
    pub fn answer(&self, result: Result<Response, Refusal>) -> Response {
        result.unwrap_or_else(|refusal| {
            self.metrics.refuse(refusal.code, refusal.tenant);
            tracing::debug!(code = refusal.code.as_str(), message = refusal.message, "request refused");
            refusal.into_response()
        })
    }

    /// The interval between uploads to ask a tenant's sensors for.
    #[allow(clippy::cast_precision_loss)]
    pub fn flush_interval(&self, tenant: palisade_types::TenantId) -> Duration {
        let queue = self.log.stats().queued_bytes as f64 / self.queue_bytes.max(1) as f64;
        let load = queue.max(self.load.share()).max(self.rates.used(tenant));
        let interval = load::interval(load, self.limits.flush_min, self.limits.flush_max);
        self.metrics.flush.set(i64::try_from(interval.as_millis()).unwrap_or(i64::MAX));
        interval
    }
}

/// Refuses a protocol version that we do not speak.
pub(crate) fn check_protocol(version: u32) -> Result<(), Refusal> {
    if (PROTOCOLS.0..=PROTOCOLS.1).contains(&version) {
        return Ok(());
    }
    let text = format!("protocol {version} is not spoken here; {} to {} are", PROTOCOLS.0, PROTOCOLS.1);
    Err(Refusal::new(Code::ProtocolUnsupported, text))
}
