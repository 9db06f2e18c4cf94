//! Since when the sensor has beaten without a gap, over its own restarts.
//!
//! The spool keeps only the newest heartbeats of a long outage. Each of them says since when there was
//! none missing, so that the last one alone tells the server about all that time.

use std::path::{Path, PathBuf};

use palisade_estate::metering::Timeline;

/// Longest file that is read, bytes.
const MAX_FILE: usize = 64;

/// What is kept of it.
#[derive(Debug)]
pub struct Beating {
    path: PathBuf,
    /// The first and the last beat, microseconds UTC by this machine's clock.
    kept: Option<(i64, i64)>,
}

impl Beating {
    /// Reads what the process before has kept; what cannot be read begins anew.
    pub fn open(dir: &Path) -> Self {
        let path = dir.join("beating");
        let kept = std::fs::read(&path).ok().and_then(|bytes| read(&bytes));
        Self { path, kept }
    }

    /// A beat: returns since when there was none missing. A clock that was set by more than a machine may
    /// be silent for counts as a gap.
    pub fn beat(&mut self, now: i64) -> i64 {
        let goes_on =
            self.kept.filter(|(_, last)| (0..=Timeline::CONNECTED).contains(&now.saturating_sub(*last)));
        let since = goes_on.map_or(now, |(since, _)| since);
        self.kept = Some((since, now));
        // A disk that takes nothing costs the memory of it over a restart, and no heartbeat.
        if let Err(error) = std::fs::write(&self.path, format!("{since} {now}\n")) {
            tracing::debug!(%error, "the last heartbeat was not noted");
        }
        since
    }
}

fn read(bytes: &[u8]) -> Option<(i64, i64)> {
    let text = std::str::from_utf8(bytes.get(..bytes.len().min(MAX_FILE))?).ok()?;
    let (since, last) = text.strip_suffix('\n')?.split_once(' ')?;
    let (since, last) = (since.parse().ok()?, last.parse().ok()?);
    (since <= last).then_some((since, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000_000;

    #[test]
    fn beats_go_on_over_a_restart_and_begin_anew_after_a_gap() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut beating = Beating::open(dir.path());
        assert_eq!(beating.beat(MINUTE), MINUTE);
        assert_eq!(beating.beat(2 * MINUTE), MINUTE);
        let mut again = Beating::open(dir.path());
        assert_eq!(again.beat(17 * MINUTE), MINUTE, "back within a quarter of an hour");
        assert_eq!(again.beat(33 * MINUTE), 33 * MINUTE, "it was silent for longer");
        assert_eq!(again.beat(20 * MINUTE), 20 * MINUTE, "the clock was set back");
        assert_eq!(Beating::open(dir.path()).beat(21 * MINUTE), 20 * MINUTE);
    }

    #[test]
    fn what_is_damaged_begins_anew() {
        for bad in ["", "1 2", "2 1\n", "x y\n", "1\n", "1 2 3\n", "99999999999999999999 1\n"] {
            let dir = tempfile::tempdir().expect("a folder");
            std::fs::write(dir.path().join("beating"), bad).expect("written");
            assert_eq!(Beating::open(dir.path()).beat(5), 5, "{bad:?}");
        }
    }
}
