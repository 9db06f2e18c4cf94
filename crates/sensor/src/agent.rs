//! The running sensor: what its threads and tasks share, and its life from start to clean end.

mod beat;
mod beating;
mod inventory;
mod lock;
mod products;
mod pump;
mod recorder;
mod source;
pub mod status;
mod upkeep;

use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant};

use palisade_types::Lane;
use parking_lot::RwLock;
use tokio::task::JoinSet;

use crate::block;
use crate::cli::settings::{self, Settings};
use crate::device::boot;
use crate::error::SensorError;
use crate::identity::Identity;
use crate::orders;
use crate::remediate;
use crate::transport::{Link, renew, upload};

pub use lock::Lock;
pub use recorder::{CaptureView, Recorder};

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

/// A sensor without a usable identity looks for one this often.
const LOOK: Duration = Duration::from_secs(1);

/// A recorder that has a server to send to and to obey.
pub struct Agent {
    /// Who we are; changes with renewal.
    pub identity: RwLock<Identity>,
    /// The way to the server.
    pub link: Link,
    recorder: Arc<Recorder>,
}

impl Deref for Agent {
    type Target = Recorder;

    fn deref(&self) -> &Recorder {
        &self.recorder
    }
}

impl Agent {
    /// Takes the identity of the state folder into use.
    ///
    /// # Errors
    /// [`SensorError::NotEnrolled`] where there is none yet, and those of one that cannot be used.
    pub fn join(recorder: Arc<Recorder>) -> Result<Self, SensorError> {
        let identity = Identity::load(&recorder.settings.state_dir)?;
        // A bent key would show at the first order only.
        identity.action_key()?;
        let link = Link::new(&identity, recorder.settings.proxy.as_ref())?;
        recorder.orders.belong_to(identity.device_id)?;
        recorder.applications.belong_to(&identity.tenant_id.to_string());
        recorder.has_server(&identity);
        Ok(Self { identity: RwLock::new(identity), link, recorder })
    }

    /// A recorder and its server in one step.
    #[cfg(test)]
    pub fn open(settings: Settings) -> Result<Self, SensorError> {
        Self::join(Arc::new(Recorder::open(settings)?))
    }
}

/// Runs the sensor in the foreground until SIGTERM or SIGINT. A machine that is not enrolled, or
/// whose server is away, is recorded all the same.
///
/// # Errors
/// What keeps it from starting; later trouble is counted and shown, never an end.
pub fn run(mut settings: Settings) -> Result<(), SensorError> {
    settings.find_scope();
    let state_dir = settings.state_dir.clone();
    if !state_dir.is_dir() {
        settings::make_state_dir(&state_dir)?;
    }
    let _lock = Lock::take(&state_dir)?;
    let recorder = Arc::new(Recorder::open(settings)?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(SensorError::file("/proc/self"))?;
    let thread = std::thread::Builder::new().name("capture".into()).spawn({
        let recorder = recorder.clone();
        move || pump::run(&recorder)
    });
    let thread = thread.map_err(SensorError::file("/proc/self/task"))?;
    runtime.block_on(live(recorder.clone(), thread))?;
    boot::end(&state_dir, &recorder.boot).map_err(SensorError::file(&state_dir))?;
    status::write(&recorder, "stopped");
    tracing::info!("stopped; capture goes on in the kernel until the next start or `detach`");
    Ok(())
}

async fn live(recorder: Arc<Recorder>, capture: std::thread::JoinHandle<()>) -> Result<(), SensorError> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut term = signal(SignalKind::terminate()).map_err(SensorError::file("signals"))?;
    let mut int = signal(SignalKind::interrupt()).map_err(SensorError::file("signals"))?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "running");
    let server = tokio::spawn(serve(recorder.clone()));
    tokio::spawn(beat::run(recorder.clone()));
    tokio::spawn(status::run(recorder.clone()));
    tokio::spawn(products::run(recorder.clone()));
    tokio::spawn(inventory::run(recorder.clone()));
    let applications = tokio::spawn(block::control::run(recorder.clone()));
    tokio::spawn(remediate::keep_tidy(recorder.clone()));
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    tracing::info!("stopping");
    recorder.stop.send_replace(Stop::Draining);
    // A sensor that does not run holds nobody up.
    let _ = tokio::time::timeout(FLUSH, applications).await;
    // The capture thread ends with a last drain and seals all lanes.
    let ended = tokio::task::spawn_blocking(move || capture.join().is_ok());
    if !ended.await.unwrap_or(false) {
        tracing::error!("the capture thread had ended badly");
    }
    let deadline = Instant::now() + FLUSH;
    while !recorder.spool.is_empty()
        && Instant::now() < deadline
        && recorder.connection.view().state == "connected"
    {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    recorder.stop.send_replace(Stop::Ending);
    server.abort();
    recorder.spool.close();
    Ok(())
}

/// Waits for an identity, then sends and obeys until the sensor stops.
pub(crate) async fn serve(recorder: Arc<Recorder>) {
    let mut stop = recorder.stop.subscribe();
    let joined = tokio::select! {
        agent = joined(&recorder) => agent,
        _ = stop.wait_for(|s| s.ends()) => return,
    };
    let agent = Arc::new(joined);
    tracing::info!(device = %agent.identity.read().device_id, url = agent.link.url(), "enrolled");
    agent.orders.answer_interrupted(&agent);
    // Dropping the set at the end of this task ends them all.
    let mut tasks = JoinSet::new();
    for lane in Lane::ALL {
        tasks.spawn(upload::run(agent.clone(), lane));
    }
    tasks.spawn(orders::channel::run(agent.clone()));
    tasks.spawn(renew::run(agent.clone()));
    while tasks.join_next().await.is_some() {}
}

async fn joined(recorder: &Arc<Recorder>) -> Agent {
    loop {
        match Agent::join(recorder.clone()) {
            Ok(agent) => return agent,
            Err(e) => {
                if recorder.has_no_server(&e) {
                    tracing::warn!(code = e.code(), error = %e, "no server to send to; events wait in the spool");
                }
            }
        }
        tokio::time::sleep(LOOK).await;
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
