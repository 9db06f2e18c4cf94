//! Disarming: one word on the machine drops all prevention, and it stays so until somebody arms it again.

use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};

use crate::error::SensorError;
use crate::files;

const FILE: &str = "disarmed.json";
const RESPONDER: &str = "application-control.pid";

/// A running sensor that has not released everything by then is not waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// That somebody disarmed the sensor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disarmed {
    /// When, microseconds UTC.
    pub at_us: i64,
    /// The user's number.
    pub uid: u32,
    /// Why, in their words.
    pub reason: String,
}

/// Whether a state folder's sensor is disarmed. A mark that cannot be read counts.
pub fn disarmed(state_dir: &Path) -> Option<Disarmed> {
    match files::read_bounded(state_dir.join(FILE), 4096) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).unwrap_or_default()),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
        Err(_) => Some(Disarmed::default()),
    }
}

/// Drops all prevention: marks the state folder, then sees to it that no responder is left, whether or not
/// the sensor listens. Whether a responder had to be killed for it.
///
/// # Errors
/// Those of the file system.
pub fn disarm(state_dir: &Path, reason: &str) -> Result<bool, SensorError> {
    let reason: String = reason.chars().filter(|c| !c.is_control()).take(200).collect();
    let mark = Disarmed { at_us: TimeMicros::now().0, uid: nix::unistd::getuid().as_raw(), reason };
    let path = state_dir.join(FILE);
    let bytes = serde_json::to_vec(&mark).unwrap_or_default();
    files::write_atomic(&path, &bytes, 0o600).map_err(SensorError::file(&path))?;
    let until = Instant::now() + PATIENCE;
    while let Some(pid) = responder(state_dir) {
        if Instant::now() >= until {
            // Its end lets everything go that waits for an answer. One that is gone already cannot be killed.
            let _ = kill(pid, Signal::SIGKILL);
            return Ok(true);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(false)
}

/// Takes prevention up again. Whether it had been dropped.
///
/// # Errors
/// Those of the file system.
pub fn arm(state_dir: &Path) -> Result<bool, SensorError> {
    let path = state_dir.join(FILE);
    match std::fs::remove_file(&path) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(SensorError::file(path)(e)),
    }
}

/// Notes which process answers the kernel, so that it can be ended without the sensor.
pub(super) fn note_responder(state_dir: &Path, pid: u32) {
    let path = state_dir.join(RESPONDER);
    if let Err(error) = files::write_lightly(&path, format!("{pid}\n").as_bytes(), 0o644) {
        tracing::debug!(%error, "the responder's number was not noted");
    }
}

/// It has ended; another one may have been noted since.
pub(super) fn forget_responder(state_dir: &Path, pid: u32) {
    let path = state_dir.join(RESPONDER);
    if files::read_text(&path) == pid.to_string() {
        let _ = std::fs::remove_file(path);
    }
}

/// The responder of a state folder, if it lives: another process may have its number by now.
fn responder(state_dir: &Path) -> Option<Pid> {
    let pid: i32 = files::read_text(state_dir.join(RESPONDER)).parse().ok().filter(|p| *p > 1)?;
    let command = files::read_bounded(format!("/proc/{pid}/cmdline"), 4096).ok()?;
    let is = command.split(|b| *b == 0).any(|word| word == super::responder::WORD.as_bytes());
    is.then(|| Pid::from_raw(pid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disarming_lasts_until_somebody_arms() {
        let dir = tempfile::TempDir::new().expect("dir");
        assert_eq!(disarmed(dir.path()), None);
        assert!(!disarm(dir.path(), "a test\u{7}").expect("disarms"));
        assert_eq!(disarmed(dir.path()).map(|d| d.reason).as_deref(), Some("a test"));
        std::fs::write(dir.path().join(FILE), "?").expect("written");
        assert!(disarmed(dir.path()).is_some(), "a damaged mark disarms all the same");
        assert!(arm(dir.path()).expect("arms"));
        assert!(!arm(dir.path()).expect("armed already"));
        assert_eq!(disarmed(dir.path()), None);
    }

    #[test]
    fn only_a_responder_is_ended() {
        let dir = tempfile::TempDir::new().expect("dir");
        note_responder(dir.path(), std::process::id());
        assert_eq!(responder(dir.path()), None, "this process answers nobody");
        note_responder(dir.path(), 1);
        assert_eq!(responder(dir.path()), None);
        forget_responder(dir.path(), 2);
        assert!(dir.path().join(RESPONDER).exists(), "another one's is not theirs to forget");
        forget_responder(dir.path(), 1);
        assert!(!dir.path().join(RESPONDER).exists());
    }
}
