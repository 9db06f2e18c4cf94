//! What the sensor looks after besides capture and connection: its own files, the disk under it, and
//! what its cgroup lets it have.

mod budget;
mod files;

use std::time::{Duration, Instant};

use palisade_wire::msg::Component;
use parking_lot::Mutex;

use crate::cli::settings::Settings;
use crate::host::{free_bytes, total_bytes};
use budget::Budget;
use files::Installation;

/// All of it is looked at this often.
const LOOK: Duration = Duration::from_secs(5);

/// Below this much free space the disk is nearly full, whatever its size, bytes.
const LEAST_FREE: u64 = 64 << 20;

/// Below this share of a disk it is nearly full, unless that is still a lot.
const LEAST_SHARE: u64 = 20;
const A_LOT: u64 = 1 << 30;

/// The caretaker.
#[derive(Debug)]
pub struct Upkeep {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    looked: Option<Instant>,
    installation: Option<Installation>,
    budget: Budget,
    found: Vec<Component>,
}

impl Upkeep {
    /// Begins to look after a sensor with these settings.
    pub fn new(settings: &Settings) -> Self {
        let installed = settings.installed.clone();
        let installation = installed.map(|record| Installation::new(&settings.layout, record));
        let inner = Inner { looked: None, installation, budget: Budget::default(), found: Vec::new() };
        Self { inner: Mutex::new(inner) }
    }

    /// The state of everything that is looked after, a few seconds old at most.
    pub fn components(&self, settings: &Settings) -> Vec<Component> {
        let mut inner = self.inner.lock();
        if inner.looked.is_none_or(|at| at.elapsed() >= LOOK) {
            inner.looked = Some(Instant::now());
            let mut found = vec![disk(settings), inner.budget.component()];
            found.extend(inner.installation.as_mut().map(Installation::component));
            inner.found = found;
        }
        inner.found.clone()
    }
}

fn disk(settings: &Settings) -> Component {
    let (free, total) = (free_bytes(&settings.state_dir), total_bytes(&settings.state_dir));
    let (state, detail) = disk_state(free, total);
    part("disk", state, detail, "statvfs")
}

fn disk_state(free: u64, total: u64) -> (&'static str, String) {
    let low = free < LEAST_FREE || (free < total / LEAST_SHARE && free < A_LOT);
    if low {
        ("degraded", format!("{} MiB of {} MiB are free", free >> 20, total >> 20))
    } else {
        ("ok", String::new())
    }
}

fn part(name: &str, state: &str, detail: String, mechanism: &str) -> Component {
    Component { name: name.into(), state: state.into(), rung: 0, detail, mechanism: mechanism.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_low_by_size_or_share() {
        let state = |free: u64, total: u64| disk_state(free << 20, total << 20).0;
        assert_eq!(state(63, 100), "degraded");
        assert_eq!(state(100, 1000), "ok");
        assert_eq!(state(100, 10_000), "degraded");
        assert_eq!(state(2000, 100_000), "ok");
    }
}
