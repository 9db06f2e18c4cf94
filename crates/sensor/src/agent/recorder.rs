//! The part of the sensor that needs no server: it records from its first start on, and what it
//! records waits in the spool.

use std::sync::Arc;
use std::time::{Duration, Instant};

use palisade_estate::provision::Mode;
use palisade_types::{DeviceId, TenantId, TimeMicros};
use palisade_wire::msg::Component;
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot, watch};

use super::Stop;
use super::beating::Beating;
use super::inventory::Reading;
use super::upkeep::Upkeep;
use crate::block::Applications;
use crate::cli::settings::Settings;
use crate::counters::Counters;
use crate::device::boot::{self, Boot};
use crate::error::SensorError;
use crate::orders::Orders;
use crate::spool::{Spool, SpoolConfig};
use crate::transport::connection::Connection;

/// A capture thread that has not gone round for longer hangs: it does so ten times a second.
const HUNG: Duration = Duration::from_secs(30);

/// What all parts of the running sensor share.
pub struct Recorder {
    /// As started.
    pub settings: Settings,
    /// Everything counted.
    pub counters: Arc<Counters>,
    /// Between the ring and the server.
    pub spool: Spool,
    /// What is known of the way to the server.
    pub connection: Connection,
    /// What the server tells us to do.
    pub orders: Orders,
    /// The end, as far as it has come.
    pub stop: watch::Sender<Stop>,
    /// The way to the server is open again: whoever waits out a pause tries at once.
    pub reconnected: Notify,
    /// Asks for a look at the certificate.
    pub wake_renewal: Notify,
    /// What the machine holds, and who asks for it.
    pub reading: Reading,
    /// Held while a remediation is at work.
    pub remediating: tokio::sync::Mutex<()>,
    /// Vulnerable applications that are warned of or blocked.
    pub applications: Applications,
    /// When this process started, microseconds UTC.
    pub started_us: i64,
    pub(super) boot: Boot,
    pub(super) beating: Mutex<Beating>,
    pub(super) capture: Mutex<CaptureView>,
    pub(super) sent_info: Mutex<Option<palisade_wire::msg::DeviceInfo>>,
    /// When the capture thread last went round.
    pulse: Mutex<Instant>,
    drains: Mutex<Vec<oneshot::Sender<()>>>,
    enrolled: Mutex<Option<(DeviceId, TenantId)>>,
    upkeep: Upkeep,
}

/// What the capture thread shows of itself.
#[derive(Clone, Debug, Default)]
pub struct CaptureView {
    /// Its components.
    pub components: Vec<Component>,
    /// Size of the ring, bytes.
    pub ring_bytes: u64,
    /// Processes in the cache.
    pub processes_cached: u64,
}

impl Recorder {
    /// Opens everything that is on disk but the identity.
    ///
    /// # Errors
    /// What keeps the sensor from starting.
    pub fn open(settings: Settings) -> Result<Self, SensorError> {
        let dir = settings.state_dir.clone();
        let boot = boot::read();
        let counters = Arc::new(Counters::default());
        let spool = Spool::open(
            SpoolConfig::new(dir.join("spool"), settings.spool_max_bytes, boot.bytes),
            counters.clone(),
        )?;
        if boot::begin(&dir, &boot).map_err(SensorError::file(&dir))? {
            tracing::warn!("the machine went down without a clean end of the sensor");
            counters.add("unclean_boot", 1);
        }
        counters.add("sensor_starts", 1);
        Ok(Self {
            connection: Connection::new("", 0),
            orders: Orders::open(&dir),
            upkeep: Upkeep::new(&settings),
            applications: Applications::open(&settings),
            settings,
            counters,
            spool,
            stop: watch::channel(Stop::Running).0,
            reconnected: Notify::new(),
            wake_renewal: Notify::new(),
            reading: Reading::default(),
            remediating: tokio::sync::Mutex::default(),
            started_us: TimeMicros::now().0,
            boot,
            beating: Mutex::new(Beating::open(&dir)),
            capture: Mutex::default(),
            sent_info: Mutex::default(),
            pulse: Mutex::new(Instant::now()),
            drains: Mutex::default(),
            enrolled: Mutex::default(),
        })
    }

    /// Whose device this is, once an identity is in use.
    pub fn enrolled(&self) -> Option<(DeviceId, TenantId)> {
        *self.enrolled.lock()
    }

    /// Notes the identity that is in use from now on.
    pub(super) fn has_server(&self, identity: &crate::identity::Identity) {
        *self.enrolled.lock() = Some((identity.device_id, identity.tenant_id));
        self.connection.update(|v| {
            v.state = "connecting".into();
            v.url.clone_from(&identity.url);
            v.since_us = TimeMicros::now().0;
            v.error_code.clear();
            v.error.clear();
            v.certificate_not_after_us = identity.not_after_us;
        });
    }

    /// Notes why there is no server to send to; true if that was not known yet.
    pub(super) fn has_no_server(&self, why: &SensorError) -> bool {
        let state = if matches!(why, SensorError::NotEnrolled) { "not_enrolled" } else { "failing" };
        let text = why.to_string();
        let mut fresh = false;
        self.connection.update(|v| {
            fresh = v.state != state || v.error != text;
            if fresh {
                v.state = state.into();
                v.since_us = TimeMicros::now().0;
                v.error_code = why.code().to_owned();
                v.error = text;
            }
        });
        fresh
    }

    /// The capture thread says that it goes round.
    pub(super) fn beat_pulse(&self) {
        *self.pulse.lock() = Instant::now();
    }

    /// Waits until the capture thread has drained the ring once more, at most two seconds.
    pub async fn drain_now(&self) -> bool {
        let (tell, told) = oneshot::channel();
        self.drains.lock().push(tell);
        matches!(tokio::time::timeout(Duration::from_secs(2), told).await, Ok(Ok(())))
    }

    /// Who waits for a drain; each is told after the next one.
    pub fn take_drain_requests(&self) -> Vec<oneshot::Sender<()>> {
        std::mem::take(&mut *self.drains.lock())
    }

    /// Health of every part.
    pub fn components(&self) -> Vec<Component> {
        let mut all = self.capture.lock().components.clone();
        let silent = self.pulse.lock().elapsed();
        if silent > HUNG {
            let detail = format!("the capture thread has not gone round for {} s", silent.as_secs());
            all.retain(|c| c.name != "capture");
            all.push(component("capture", "failed", detail, ""));
        }
        if let Some(why) = self.orders.refusing() {
            all.push(component("order_journal", "failed", format!("orders are refused: {why}"), "disk"));
        }
        let usage = self.spool.usage();
        let unsent: u64 = usage.lanes.iter().map(|l| l.unsent_batches).sum();
        let (state, detail) = match &usage.error {
            Some(e) => ("failed", format!("the disk refuses writes, events are kept in memory only: {e}")),
            None if usage.bytes >= usage.max_bytes / 10 * 9 => {
                ("degraded", format!("nearly full, {unsent} batches wait"))
            }
            None => ("ok", String::new()),
        };
        all.push(component("spool", state, detail, "disk"));
        all.extend(self.upkeep.components(&self.settings));
        if self.settings.scope.is_none() {
            all.push(self.reading.component(self.settings.inventory));
        }
        if self.settings.installed.as_ref().is_some_and(|r| r.mode == Mode::Observing) {
            let detail = "observing mode: another security product is in charge here";
            all.push(component("prevention", "off", detail.into(), "observing"));
        }
        all.extend(self.applications.components());
        if self.enrolled().is_some() {
            all.extend(self.connection.components());
        } else {
            all.extend(self.components_without_server());
        }
        all
    }

    fn components_without_server(&self) -> Vec<Component> {
        let v = self.connection.view();
        let connection = match v.error_code.as_str() {
            "" => component("connection", "degraded", "the identity is not read yet".into(), ""),
            "not_enrolled" => {
                let detail = "not enrolled: events wait in the spool; run `palisade-sensor enrol`";
                component("connection", "degraded", detail.into(), "")
            }
            code => component("connection", "failed", format!("{code}: {}", v.error), ""),
        };
        let off = |name: &str| component(name, "off", "no server yet".into(), "");
        vec![connection, off("clock"), off("certificate"), off("orders")]
    }
}

fn component(name: &str, state: &str, detail: String, mechanism: &str) -> Component {
    Component { name: name.into(), state: state.into(), rung: 0, detail, mechanism: mechanism.into() }
}
