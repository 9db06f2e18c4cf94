//! What the sensor's cgroup lets it have, and whether that holds it back.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use palisade_wire::msg::Component;

use super::part;
use crate::capture::unified_mount;
use crate::files::read_text;

/// What is judged is the time since the oldest look of at least this age.
const WINDOW: Duration = Duration::from_secs(60);

/// Cut short in this share of its periods, the sensor is held back, percent.
const HELD_BACK: u64 = 25;

/// The cgroup's bounds over time.
#[derive(Debug, Default)]
pub struct Budget {
    looks: VecDeque<(Instant, Look)>,
}

/// What the kernel had counted at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Look {
    /// Periods in which the sensor wanted to run.
    periods: u64,
    /// Those in which it was stopped because its share was used up.
    throttled: u64,
    /// How often it wanted more memory than it may have.
    memory_max: u64,
    /// How often something in it was killed for that.
    killed: u64,
}

impl Budget {
    /// Off where nothing bounds the sensor.
    pub fn component(&mut self) -> Component {
        match own_cgroup() {
            Ok(dir) => self.judge(&dir, Instant::now()),
            Err(why) => part("budget", "off", why, ""),
        }
    }

    fn judge(&mut self, dir: &Path, now: Instant) -> Component {
        if !is_bounded(dir) {
            return part("budget", "off", format!("nothing bounds the cgroup {}", dir.display()), "");
        }
        let look = look(dir);
        let before = self.looks.front().map_or(look, |(_, l)| *l);
        self.looks.push_back((now, look));
        while self.looks.get(1).is_some_and(|(at, _)| now.duration_since(*at) >= WINDOW) {
            self.looks.pop_front();
        }
        let (state, detail) = verdict(before, look);
        part("budget", state, detail, "cgroup2")
    }
}

fn verdict(before: Look, now: Look) -> (&'static str, String) {
    let periods = now.periods.saturating_sub(before.periods);
    let throttled = now.throttled.saturating_sub(before.throttled);
    let share = throttled * 100 / periods.max(1);
    if now.killed > before.killed {
        return ("degraded", "memory ran out and the kernel ended something of the sensor".into());
    }
    if now.memory_max > before.memory_max {
        return ("degraded", "it wanted more memory than its budget allows".into());
    }
    // A few periods say nothing.
    if periods >= 20 && share >= HELD_BACK {
        return (
            "degraded",
            format!("its share of the processor was used up in {share} % of the last periods"),
        );
    }
    ("ok", String::new())
}

fn own_cgroup() -> Result<PathBuf, String> {
    let own = read_text("/proc/self/cgroup");
    let own =
        own.lines().find_map(|l| l.strip_prefix("0::")).ok_or("there is no unified cgroup hierarchy")?;
    let (mounted, at) = unified_mount().ok_or("no cgroup2 is mounted")?;
    let below =
        Path::new(own).strip_prefix(&mounted).map_err(|_| "its cgroup is not below the mounted one")?;
    Ok(at.join(below))
}

fn is_bounded(dir: &Path) -> bool {
    ["cpu.max", "memory.max", "memory.high"].iter().any(|file| {
        let text = read_text(dir.join(file));
        !text.is_empty() && !text.starts_with("max")
    })
}

fn look(dir: &Path) -> Look {
    let count = |file: &str, key: &str| {
        let text = read_text(dir.join(file));
        let line = text.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix(' '));
        line.and_then(|n| n.trim().parse().ok()).unwrap_or(0)
    };
    Look {
        periods: count("cpu.stat", "nr_periods"),
        throttled: count("cpu.stat", "nr_throttled"),
        memory_max: count("memory.events", "max"),
        killed: count("memory.events", "oom_kill"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(dir: &Path, periods: u64, throttled: u64, max: u64) {
        let stat =
            format!("usage_usec 5\nnr_periods {periods}\nnr_throttled {throttled}\nthrottled_usec 9\n");
        std::fs::write(dir.join("cpu.stat"), stat).expect("written");
        let events = format!("low 0\nhigh 3\nmax {max}\noom 0\noom_kill 0\n");
        std::fs::write(dir.join("memory.events"), events).expect("written");
    }

    #[test]
    fn a_sensor_that_is_held_back_says_so_and_recovers() {
        let dir = tempfile::TempDir::new().expect("dir");
        let mut budget = Budget::default();
        let start = Instant::now();
        let mut state = |after: u64| budget.judge(dir.path(), start + Duration::from_secs(after)).state;
        assert_eq!(state(0), "off");
        std::fs::write(dir.path().join("cpu.max"), "max 100000\n").expect("written");
        assert_eq!(state(0), "off");
        std::fs::write(dir.path().join("cpu.max"), "50000 100000\n").expect("written");
        write(dir.path(), 1000, 900, 0);
        // What was before it looked first is not held against it.
        assert_eq!(state(1), "ok");
        write(dir.path(), 1100, 950, 0);
        assert_eq!(state(11), "degraded");
        write(dir.path(), 1800, 950, 0);
        assert_eq!(state(80), "ok");
        write(dir.path(), 1810, 950, 1);
        assert_eq!(state(85), "degraded");
    }
}
