//! One sensor per state folder.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::fcntl::{Flock, FlockArg};

use crate::error::SensorError;

/// A command that only looks whether a sensor runs holds the lock for a moment; a start waits as
/// long as this for it.
const LOOKERS: Duration = Duration::from_secs(1);

const SENSOR: &str = "lock";
const SUPERVISOR: &str = "supervisor.lock";

fn held(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    Flock::lock(file, FlockArg::LockSharedNonblock).is_err()
}

/// Holds the state folder for one sensor, or for one supervisor.
pub struct Lock {
    _file: Flock<File>,
}

impl Lock {
    /// Takes the lock and writes our pid into it.
    ///
    /// # Errors
    /// [`SensorError::AlreadyRunning`] with the pid of the holder.
    pub fn take(state_dir: &Path) -> Result<Self, SensorError> {
        Self::of(&state_dir.join(SENSOR))
    }

    /// Takes the lock of the supervisor, in the same way.
    ///
    /// # Errors
    /// [`SensorError::AlreadyRunning`] with the pid of the holder.
    pub fn supervise(state_dir: &Path) -> Result<Self, SensorError> {
        Self::of(&state_dir.join(SUPERVISOR))
    }

    fn of(path: &Path) -> Result<Self, SensorError> {
        use std::io::Write;
        let mut file = File::options()
            .create(true)
            .read(true)
            .write(true)
            .truncate(false)
            .open(path)
            .map_err(SensorError::file(path))?;
        let until = Instant::now() + LOOKERS;
        let mut flock = loop {
            match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
                Ok(held) => break held,
                Err((again, _)) if Instant::now() < until => file = again,
                Err(_) => return Err(SensorError::AlreadyRunning(crate::files::read_text(path))),
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        flock
            .set_len(0)
            .and_then(|()| writeln!(flock, "{}", std::process::id()))
            .map_err(SensorError::file(path))?;
        Ok(Self { _file: flock })
    }

    /// Whether a sensor holds the lock of a state folder.
    pub fn is_held(state_dir: &Path) -> bool {
        held(&state_dir.join(SENSOR))
    }

    /// Whether a supervisor does.
    pub fn is_supervised(state_dir: &Path) -> bool {
        held(&state_dir.join(SUPERVISOR))
    }

    /// The process that holds the lock of a state folder, if one does.
    pub fn holder(state_dir: &Path) -> Option<i32> {
        Self::is_held(state_dir).then(|| crate::files::read_text(state_dir.join(SENSOR)).parse().ok())?
    }

    /// The process that supervises, if one does.
    pub fn supervisor(state_dir: &Path) -> Option<i32> {
        Self::is_supervised(state_dir)
            .then(|| crate::files::read_text(state_dir.join(SUPERVISOR)).parse().ok())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_holds_it_and_a_look_does_not_hinder_a_start() {
        let dir = tempfile::TempDir::new().expect("dir");
        assert!(!Lock::is_held(dir.path()));
        let held = Lock::take(dir.path()).expect("free");
        assert!(Lock::is_held(dir.path()));
        let again = Lock::take(dir.path()).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(again.contains(&std::process::id().to_string()), "{again}");
        drop(held);
        let file = File::open(dir.path().join("lock")).expect("there");
        let look = Flock::lock(file, FlockArg::LockSharedNonblock).map_err(|(_, e)| e).expect("free");
        let start = std::thread::spawn({
            let dir = dir.path().to_owned();
            move || Lock::take(&dir).map(drop)
        });
        drop(look);
        start.join().expect("joined").expect("the look is over");
    }
}
