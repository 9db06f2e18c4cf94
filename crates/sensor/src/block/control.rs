//! The sensor's part: the list in force, the two processes that act on it, and what is told of it.

mod session;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use palisade_estate::provision::Mode;
use palisade_wire::msg::Component;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use super::event::Execution;
use super::list::List;
use super::responder::Reach;
use super::view::View;
use super::{arm, safe};
use crate::agent::Recorder;
use crate::capture::unified_mount;
use crate::cli::settings::Settings;
use crate::device::boot;
use session::Ended;

/// Executions that wait for the capture thread; more are counted and dropped.
const WAITING: usize = 4096;

/// How often it is looked whether somebody disarmed the sensor.
const LOOK: Duration = Duration::from_millis(500);

/// Before what ended badly is started again, for the first time, and at most.
const PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// What ran for so long counts as having worked.
const STEADY: Duration = Duration::from_secs(120);

/// A responder that was silent so often is not trusted to hold anybody up again.
const SILENCES: u32 = 3;

/// Application control, shared by all parts of the sensor.
pub struct Applications {
    state_dir: PathBuf,
    root: Option<PathBuf>,
    /// Another product is in charge on this machine.
    observing: bool,
    forced: Option<u8>,
    scope: Option<String>,
    scope_unknown: bool,
    list: Mutex<List>,
    silences: Mutex<u32>,
    wake: Notify,
    view: watch::Sender<View>,
    waiting: Mutex<VecDeque<Execution>>,
}

/// What a sensor may do at this moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Standing {
    disarmed: Option<(i64, String)>,
    /// Why the whole sensor prevents nothing since this boot.
    safe: Option<String>,
    /// Why this part of it only looks, for that or another reason.
    only_looks: Option<String>,
}

impl Applications {
    /// With the list that the state folder has.
    pub fn open(settings: &Settings) -> Self {
        let list = List::load(&settings.state_dir);
        let view = View { revision: list.revision, ordered: list.rules.len(), ..View::default() };
        Self {
            state_dir: settings.state_dir.clone(),
            root: settings.layout.other_root().map(PathBuf::from),
            observing: settings.installed.as_ref().is_some_and(|r| r.mode == Mode::Observing),
            forced: settings.force_rung,
            scope: settings.scope.clone(),
            scope_unknown: settings.scope_unknown.is_some(),
            list: Mutex::new(list),
            silences: Mutex::new(0),
            wake: Notify::new(),
            view: watch::channel(view).0,
            waiting: Mutex::default(),
        }
    }

    /// Takes a list into force and waits until it is, or why it is not: what the view then says. A list that was
    /// not settled in time stays in force.
    ///
    /// # Errors
    /// When it cannot be kept: then the one before holds.
    pub async fn order(&self, list: List, limit: Duration) -> Result<View, std::io::Error> {
        list.store(&self.state_dir)?;
        let revision = list.revision;
        let mut view = self.view.subscribe();
        self.view.send_modify(|v| {
            (v.revision, v.ordered, v.settled) = (revision, list.rules.len(), false);
        });
        *self.list.lock() = list;
        // Somebody looked at it: a responder gets another chance.
        *self.silences.lock() = 0;
        self.wake.notify_one();
        let settled = view.wait_for(|v| v.settled && v.revision == revision);
        let _ = tokio::time::timeout(limit, settled).await;
        Ok(self.view.borrow().clone())
    }

    /// A sensor that belongs to another tenant now has nothing to do with what the one before wanted.
    pub fn belong_to(&self, tenant: &str) {
        let mut list = self.list.lock();
        if list.rules.is_empty() || list.tenant == tenant {
            return;
        }
        tracing::info!("the list of blocked applications is of another tenant and void");
        *list = List { tenant: tenant.to_owned(), ..List::default() };
        if let Err(error) = list.store(&self.state_dir) {
            tracing::warn!(%error, "it stays in the state folder");
        }
        drop(list);
        self.wake.notify_one();
    }

    /// The heartbeat's parts.
    pub fn components(&self) -> Vec<Component> {
        self.view.borrow().components()
    }

    /// Executions that are to be told.
    pub fn take(&self) -> Vec<Execution> {
        let mut waiting = self.waiting.lock();
        if waiting.is_empty() { Vec::new() } else { waiting.drain(..).collect() }
    }

    /// Keeps one; false where too many wait.
    fn keep(&self, execution: Execution) -> bool {
        let mut waiting = self.waiting.lock();
        let room = waiting.len() < WAITING;
        if room {
            waiting.push_back(execution);
        }
        room
    }

    fn standing(&self) -> Standing {
        let safe = safe::why(boot::unclean_boots(&self.state_dir));
        let only_looks = safe
            .clone()
            .or_else(|| self.observing.then(|| "another security product is in charge here".to_owned()))
            .or_else(|| self.scope_unknown.then(|| "what is to be watched is not known".to_owned()))
            .or_else(|| {
                (*self.silences.lock() >= SILENCES).then(|| {
                    format!("the responder was silent {SILENCES} times; a new list of rules ends this")
                })
            });
        let disarmed = arm::disarmed(&self.state_dir).map(|d| (d.at_us, d.reason));
        Standing { disarmed, safe, only_looks }
    }

    fn reach(&self, standing: &Standing) -> Reach {
        match self.forced {
            _ if standing.only_looks.is_some() => Reach::Detect,
            Some(n) if n > 1 => Reach::Kill,
            _ => Reach::Enforce,
        }
    }

    /// The cgroup of a scoped sensor, as /proc names it.
    ///
    /// # Errors
    /// When it cannot be named: then nothing may be enforced.
    fn within(&self) -> Result<Option<String>, String> {
        let Some(scope) = &self.scope else { return Ok(None) };
        let (root, at) = unified_mount().ok_or("no cgroup2 is mounted")?;
        let below = std::path::Path::new(scope)
            .strip_prefix(&at)
            .map_err(|_| format!("{scope} is not below {}", at.display()))?;
        let named = std::path::Path::new(&root).join(below);
        let named = named.to_string_lossy().trim_end_matches('/').to_owned();
        Ok((!named.is_empty()).then_some(named))
    }
}

/// Keeps the list in force until the sensor stops.
pub async fn run(recorder: Arc<Recorder>) {
    let mut stop = recorder.stop.subscribe();
    let mut pause = PAUSE;
    loop {
        let began = Instant::now();
        let ended = tokio::select! {
            ended = session::run(&recorder) => ended,
            _ = stop.wait_for(|s| s.ends()) => break,
        };
        let wait = match ended {
            Ended::Idle(wait) => wait,
            Ended::Anew => Duration::ZERO,
            Ended::Broken(why) => {
                tracing::warn!(%why, "application control ended and is started again");
                recorder.counters.add("application_control_failures", 1);
                recorder.applications.view.send_modify(|v| {
                    (v.broken, v.rung, v.marked, v.settled) = (why, None, 0, true);
                });
                pause = if began.elapsed() >= STEADY { PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
                pause
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = recorder.applications.wake.notified() => {}
            _ = stop.wait_for(|s| s.ends()) => break,
        }
    }
}
