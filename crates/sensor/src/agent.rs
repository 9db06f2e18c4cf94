//! The running sensor: what its threads and tasks share, and its life from start to clean end.

mod beat;
mod pump;
mod source;
pub mod status;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use palisade_types::{Lane, TimeMicros};
use palisade_wire::msg::Component;
use parking_lot::{Mutex, RwLock};
use tokio::sync::{Notify, oneshot, watch};

use crate::cli::settings::Settings;
use crate::counters::Counters;
use crate::device::boot::{self, Boot};
use crate::error::SensorError;
use crate::identity::Identity;
use crate::orders::journal::Journal;
use crate::orders::{self, Orders};
use crate::spool::{Spool, SpoolConfig};
use crate::transport::connection::Connection;
use crate::transport::{Link, renew, upload};

/// How far the end of the sensor has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// It runs.
    Running,
    /// Nothing new is taken; what the spool holds is still sent.
    Draining,
    /// All stops.
    Ending,
}

impl Stop {
    /// Whether what makes new facts stops.
    pub fn ends(self) -> bool {
        self >= Self::Draining
    }

    /// Whether sending stops too.
    pub fn ends_now(self) -> bool {
        self == Self::Ending
    }
}

/// How long a stopping sensor still tries to send.
const FLUSH: Duration = Duration::from_secs(5);

/// What all parts of the running sensor share.
pub struct Agent {
    /// As started.
    pub settings: Settings,
    /// Who we are; changes with renewal.
    pub identity: RwLock<Identity>,
    /// Everything counted.
    pub counters: Arc<Counters>,
    /// Between the ring and the server.
    pub spool: Spool,
    /// The way to the server.
    pub link: Link,
    /// What is known of it.
    pub connection: Connection,
    /// What the server tells us to do.
    pub orders: Orders,
    /// The end, as far as it has come.
    pub stop: watch::Sender<Stop>,
    /// The way to the server is open again: whoever waits out a pause tries at once.
    pub reconnected: Notify,
    /// Asks for a look at the certificate.
    pub wake_renewal: Notify,
    /// When this process started, microseconds UTC.
    pub started_us: i64,
    boot: Boot,
    capture: Mutex<CaptureView>,
    drains: Mutex<Vec<oneshot::Sender<()>>>,
    sent_info: Mutex<Option<palisade_wire::msg::DeviceInfo>>,
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

/// Holds the state folder for one sensor.
pub struct Lock {
    _file: nix::fcntl::Flock<File>,
}

impl Lock {
    /// Takes the lock and writes our pid into it.
    ///
    /// # Errors
    /// [`SensorError::AlreadyRunning`] with the pid of the holder.
    pub fn take(state_dir: &Path) -> Result<Self, SensorError> {
        use std::io::Write;
        let path = state_dir.join("lock");
        let file = File::options()
            .create(true)
            .read(true)
            .write(true)
            .truncate(false)
            .open(&path)
            .map_err(SensorError::file(&path))?;
        let held = nix::fcntl::Flock::lock(file, nix::fcntl::FlockArg::LockExclusiveNonblock);
        let mut flock = held.map_err(|_| SensorError::AlreadyRunning(crate::files::read_text(&path)))?;
        flock
            .set_len(0)
            .and_then(|()| writeln!(flock, "{}", std::process::id()))
            .map_err(SensorError::file(&path))?;
        Ok(Self { _file: flock })
    }

    /// Whether a sensor holds the lock of a state folder.
    pub fn is_held(state_dir: &Path) -> bool {
        let Ok(file) = File::open(state_dir.join("lock")) else { return false };
        nix::fcntl::Flock::lock(file, nix::fcntl::FlockArg::LockSharedNonblock).is_err()
    }
}

/// Runs the sensor in the foreground until SIGTERM or SIGINT.
///
/// # Errors
/// What keeps it from starting; later trouble is counted and shown, never an end.
pub fn run(settings: Settings) -> Result<(), SensorError> {
    let state_dir = settings.state_dir.clone();
    let _lock = Lock::take(&state_dir)?;
    let agent = Arc::new(Agent::open(settings)?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(SensorError::file("/proc/self"))?;
    let thread = std::thread::Builder::new().name("capture".into()).spawn({
        let agent = agent.clone();
        move || pump::run(&agent)
    });
    let thread = thread.map_err(SensorError::file("/proc/self/task"))?;
    runtime.block_on(live(agent.clone(), thread))?;
    boot::end(&state_dir, &agent.boot).map_err(SensorError::file(&state_dir))?;
    status::write(&agent, "stopped");
    tracing::info!("stopped; capture goes on in the kernel until the next start or `detach`");
    Ok(())
}

async fn live(agent: Arc<Agent>, capture: std::thread::JoinHandle<()>) -> Result<(), SensorError> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut term = signal(SignalKind::terminate()).map_err(SensorError::file("signals"))?;
    let mut int = signal(SignalKind::interrupt()).map_err(SensorError::file("signals"))?;
    tracing::info!(device = %agent.identity.read().device_id, url = agent.link.url(), version = env!("CARGO_PKG_VERSION"), "running");
    agent.orders.answer_interrupted(&agent);
    let mut uploads = Vec::new();
    for lane in Lane::ALL {
        uploads.push(tokio::spawn(upload::run(agent.clone(), lane)));
    }
    tokio::spawn(orders::channel::run(agent.clone()));
    tokio::spawn(renew::run(agent.clone()));
    tokio::spawn(beat::run(agent.clone()));
    tokio::spawn(status::run(agent.clone()));
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    tracing::info!("stopping");
    agent.stop.send_replace(Stop::Draining);
    // The capture thread ends with a last drain and seals all lanes.
    let ended = tokio::task::spawn_blocking(move || capture.join().is_ok());
    if !ended.await.unwrap_or(false) {
        tracing::error!("the capture thread had ended badly");
    }
    let deadline = Instant::now() + FLUSH;
    while !agent.spool.is_empty() && Instant::now() < deadline && agent.connection.view().state == "connected"
    {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    agent.stop.send_replace(Stop::Ending);
    for u in uploads {
        u.abort();
    }
    agent.spool.close();
    Ok(())
}

impl Agent {
    /// Opens everything that is on disk.
    ///
    /// # Errors
    /// What keeps the sensor from starting.
    pub fn open(settings: Settings) -> Result<Self, SensorError> {
        let dir = settings.state_dir.clone();
        let identity = Identity::load(&dir)?;
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
            link: Link::new(&identity)?,
            connection: Connection::new(&identity.url, identity.not_after_us),
            orders: Orders::new(Journal::open(&dir)?),
            identity: RwLock::new(identity),
            settings,
            counters,
            spool,
            stop: watch::channel(Stop::Running).0,
            reconnected: Notify::new(),
            wake_renewal: Notify::new(),
            started_us: TimeMicros::now().0,
            boot,
            capture: Mutex::default(),
            drains: Mutex::default(),
            sent_info: Mutex::default(),
        })
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
        let usage = self.spool.usage();
        let unsent: u64 = usage.lanes.iter().map(|l| l.unsent_batches).sum();
        let (state, detail) = match &usage.error {
            Some(e) => ("failed", format!("the disk refuses writes, events are kept in memory only: {e}")),
            None if usage.bytes >= usage.max_bytes / 10 * 9 => {
                ("degraded", format!("nearly full, {unsent} batches wait"))
            }
            None => ("ok", String::new()),
        };
        all.push(Component {
            name: "spool".into(),
            state: state.into(),
            rung: 0,
            detail,
            mechanism: "disk".into(),
        });
        all.extend(self.connection.components());
        all
    }
}

/// Removes what a stopped sensor left in the kernel.
///
/// # Errors
/// When something cannot be removed.
pub fn detach(settings: &Settings) -> Result<bool, SensorError> {
    let pins = crate::capture::default_pin_dir(&settings.instance);
    crate::capture::Capture::detach(&pins)
        .map_err(|e| SensorError::Config(format!("{}: {e}", pins.display())))
}
