//! One sensor per state folder.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::fcntl::{Flock, FlockArg};

use crate::error::SensorError;

/// A command that only looks whether a sensor runs holds the lock for a moment; a start waits as
/// long as this for it.
const LOOKERS: Duration = Duration::from_secs(1);

/// Holds the state folder for one sensor.
pub struct Lock {
    _file: Flock<File>,
}

impl Lock {
    /// Takes the lock and writes our pid into it.
    ///
    /// # Errors
    /// [`SensorError::AlreadyRunning`] with the pid of the holder.
    pub fn take(state_dir: &Path) -> Result<Self, SensorError> {
        use std::io::Write;
        let path = state_dir.join("lock");
        let mut file = File::options()
            .create(true)
            .read(true)
            .write(true)
            .truncate(false)
            .open(&path)
            .map_err(SensorError::file(&path))?;
        let until = Instant::now() + LOOKERS;
        let mut flock = loop {
            match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
                Ok(held) => break held,
                Err((again, _)) if Instant::now() < until => file = again,
                Err(_) => return Err(SensorError::AlreadyRunning(crate::files::read_text(&path))),
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        flock
            .set_len(0)
            .and_then(|()| writeln!(flock, "{}", std::process::id()))
            .map_err(SensorError::file(&path))?;
        Ok(Self { _file: flock })
    }

    /// Whether a sensor holds the lock of a state folder.
    pub fn is_held(state_dir: &Path) -> bool {
        let Ok(file) = File::open(state_dir.join("lock")) else { return false };
        Flock::lock(file, FlockArg::LockSharedNonblock).is_err()
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
