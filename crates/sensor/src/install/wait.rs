//! Waiting until an installed sensor is at work.

use std::path::Path;
use std::time::{Duration, Instant};

use super::Service;
use crate::agent::Lock;
use crate::agent::status::{self, Status};

/// Loading its programs takes a sensor a second or two, on a slow machine much longer.
const LIMIT: Duration = Duration::from_secs(60);

/// The first word with a server that answers takes a moment; more is not waited for.
const CONNECTED: Duration = Duration::from_secs(20);

const PAUSE: Duration = Duration::from_millis(100);

/// Waits until a sensor that started after `since` (microseconds UTC) writes its status.
///
/// # Errors
/// Why it does not, as far as can be told.
pub fn until_running(service: &Service, state_dir: &Path, since: i64) -> Result<Status, String> {
    let until = Instant::now() + LIMIT;
    loop {
        if let Some(status) = running(state_dir, since) {
            return Ok(status);
        }
        if Instant::now() > until {
            let why = service.complaint();
            return Err(if why.is_empty() { "it does not run, and says nothing".into() } else { why });
        }
        std::thread::sleep(PAUSE);
    }
}

fn running(state_dir: &Path, since: i64) -> Option<Status> {
    let status = status::read(state_dir).ok().flatten()?;
    let fresh = status.state == "running" && status.started_us >= since;
    // The capture groups say how they came up before the sensor can be said to work.
    let up = status.components.iter().any(|c| matches!(c.name.as_str(), "process" | "capture"));
    (fresh && up && Lock::is_held(state_dir)).then_some(status)
}

/// Waits a moment for the first word with the server; whether there was one.
pub fn until_connected(state_dir: &Path) -> bool {
    let until = Instant::now() + CONNECTED;
    while Instant::now() < until {
        let connected = |s: Status| s.connection.state == "connected";
        if status::read(state_dir).ok().flatten().is_some_and(connected) {
            return true;
        }
        std::thread::sleep(PAUSE);
    }
    false
}
