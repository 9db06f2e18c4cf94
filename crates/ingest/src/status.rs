//! Whether a certificate may still be used: asked of the state store once, kept fresh by one question
//! per tenant for all that may not, and believed longer while the store does not answer.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use palisade_state::{CertificateStatus, State, StateError};
use palisade_types::{DeviceId, TenantId, TimeMicros};
use parking_lot::Mutex;

use crate::identity::DeviceCertificate;
use crate::metrics::Metrics;
use crate::refusal::{Code, Refusal};

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// After a failure the store is not asked for this long.
const PAUSE: Duration = Duration::from_secs(2);
/// Beyond this many entries the old ones are dropped.
const MANY: usize = 200_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Status(CertificateStatus),
    /// The certificate names a tenant that is not here: none at all, or one of another region.
    NoTenant,
}

struct Entry {
    known: Known,
    at: Instant,
}

#[derive(Default)]
struct Inner {
    entries: HashMap<(TenantId, DeviceId, String), Entry>,
    /// When all of a tenant's certificates that may not be used were last asked for.
    synced: HashMap<TenantId, Instant>,
    paused_until: Option<Instant>,
}

impl Inner {
    /// When an entry was last known to be true: a good one whenever it was not among the barred.
    fn confirmed(&self, tenant: TenantId, e: &Entry) -> Instant {
        let good = e.known == Known::Status(CertificateStatus::Active);
        self.synced.get(&tenant).filter(|_| good).map_or(e.at, |synced| e.at.max(*synced))
    }
}

/// The remembered statuses.
pub(crate) struct StatusCache {
    inner: Arc<Mutex<Inner>>,
    ttl: Duration,
    stale: Duration,
}

impl StatusCache {
    pub fn new(ttl: Duration, stale: Duration) -> Self {
        Self { inner: Arc::default(), ttl, stale }
    }

    /// A certificate that was just issued is good before the store is asked.
    pub fn issued(&self, tenant: TenantId, device: DeviceId, serial: &str) {
        let known = Known::Status(CertificateStatus::Active);
        self.inner
            .lock()
            .entries
            .insert((tenant, device, serial.to_owned()), Entry { known, at: Instant::now() });
    }

    /// The status, or why it cannot be told.
    pub async fn of(
        &self,
        c: &DeviceCertificate,
        state: &State,
        metrics: &Metrics,
    ) -> Result<CertificateStatus, Refusal> {
        let known = self.known(c, state, metrics).await?;
        match known {
            Known::Status(status) => Ok(status),
            Known::NoTenant => {
                Err(Refusal::new(Code::TenantMismatch, "the certificate's tenant is not served here")
                    .of(c.tenant))
            }
        }
    }

    async fn known(&self, c: &DeviceCertificate, state: &State, metrics: &Metrics) -> Result<Known, Refusal> {
        let key = (c.tenant, c.device, c.serial.clone());
        let now = Instant::now();
        let (remembered, paused) = {
            let inner = self.inner.lock();
            let remembered = inner
                .entries
                .get(&key)
                .map(|e| (e.known, now.saturating_duration_since(inner.confirmed(c.tenant, e))));
            (remembered, inner.paused_until.is_some_and(|until| until > now))
        };
        if let Some((known, age)) = remembered
            && age < self.ttl
        {
            return Ok(known);
        }
        if !paused {
            let state = state.clone();
            let asked = c.clone();
            let question = async move {
                let status = state.certificate_status(asked.tenant, asked.device, &asked.serial).await?;
                if status == CertificateStatus::Unknown && !state.serves(asked.tenant).await? {
                    return Ok(Known::NoTenant);
                }
                Ok::<_, StateError>(Known::Status(status))
            };
            // Its own task, so that a caller that goes away does not throw away the answer.
            let inner = self.inner.clone();
            let question = tokio::spawn(async move {
                let answer = tokio::time::timeout(PATIENCE, question).await;
                let mut inner = inner.lock();
                match answer {
                    Ok(Ok(known)) => {
                        inner.entries.insert(key, Entry { known, at: Instant::now() });
                        inner.paused_until = None;
                        Some(known)
                    }
                    Ok(Err(e)) => {
                        tracing::warn!(error = %e, "certificate status cannot be asked");
                        inner.paused_until = Some(Instant::now() + PAUSE);
                        None
                    }
                    Err(_) => {
                        tracing::warn!("certificate status was not answered in time");
                        inner.paused_until = Some(Instant::now() + PAUSE);
                        None
                    }
                }
            });
            if let Ok(Some(known)) = question.await {
                return Ok(known);
            }
        }
        match remembered {
            Some((known, age)) if age < self.stale => {
                metrics.stale.inc();
                Ok(known)
            }
            _ => Err(Refusal::new(Code::StateUnavailable, "the server cannot ask its database now")
                .after(crate::rate::jittered(PAUSE))
                .of(c.tenant)),
        }
    }

    /// Asks for everything that may not be used, so that the good ones need not be asked for one by
    /// one. `since`: certificates that ended before it are refused anyway.
    pub async fn sync(&self, state: &State, since: TimeMicros) -> Result<(), StateError> {
        let tenants: HashSet<TenantId> =
            self.inner.lock().entries.keys().map(|(tenant, ..)| *tenant).collect();
        for tenant in tenants {
            let begun = Instant::now();
            let barred = state.barred_certificates(tenant, since).await?;
            let mut inner = self.inner.lock();
            for (device, serial, status) in barred {
                // An entry that is newer than the question saw a newer state of things.
                if let Some(e) = inner.entries.get_mut(&(tenant, device, serial))
                    && e.at <= begun
                {
                    *e = Entry { known: Known::Status(status), at: begun };
                }
            }
            inner.synced.insert(tenant, begun);
        }
        Ok(())
    }

    /// Drops what is too old to be of use.
    pub fn tidy(&self) {
        let mut inner = self.inner.lock();
        let stale = if inner.entries.len() > MANY { self.ttl } else { self.stale };
        let mut entries = std::mem::take(&mut inner.entries);
        entries.retain(|(tenant, ..), e| inner.confirmed(*tenant, e).elapsed() < stale);
        inner.entries = entries;
    }
}
