//! Which boot this is, and whether the last one ended cleanly for us.

use std::path::Path;

use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};

use crate::files::{self, read_text};

/// The present boot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boot {
    /// As the kernel writes it, a UUID.
    pub id: String,
    /// The same, 16 bytes.
    pub bytes: [u8; 16],
    /// When the machine started, microseconds UTC.
    pub time_us: i64,
}

/// Reads the present boot.
pub fn read() -> Boot {
    let id = read_text("/proc/sys/kernel/random/boot_id");
    let mut bytes = [0u8; 16];
    let text = id.replace('-', "");
    if hex::decode_to_slice(&text, &mut bytes).is_err() {
        // Without it the boot's second stands in: it differs from boot to boot as well.
        bytes[..8].copy_from_slice(&(boot_seconds() as u64).to_le_bytes());
    }
    Boot { id, bytes, time_us: boot_seconds().saturating_mul(1_000_000) }
}

fn boot_seconds() -> i64 {
    let stat = read_text("/proc/stat");
    let btime = stat.lines().find_map(|l| l.strip_prefix("btime ")).and_then(|n| n.trim().parse().ok());
    btime.unwrap_or_else(|| TimeMicros::now().0 / 1_000_000 - uptime_seconds() as i64)
}

/// Seconds since the machine started.
pub fn uptime_seconds() -> f64 {
    read_text("/proc/uptime").split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or(0.0)
}

#[derive(Serialize, Deserialize)]
struct Mark {
    boot_id: String,
    clean: bool,
    /// Boots in a row before this one that had no clean end.
    #[serde(default)]
    unclean: u32,
}

/// Notes that a sensor runs in this boot; true if the one before it ended with an unclean boot.
///
/// # Errors
/// Those of the file system.
pub fn begin(state_dir: &Path, boot: &Boot) -> std::io::Result<bool> {
    let path = state_dir.join("boot.json");
    let before = read_mark(&path);
    let unclean = match &before {
        Some(m) if m.boot_id == boot.id => m.unclean,
        Some(m) if !m.clean => m.unclean.saturating_add(1),
        _ => 0,
    };
    write(&path, &Mark { boot_id: boot.id.clone(), clean: false, unclean })?;
    Ok(before.is_some_and(|m| !m.clean && m.boot_id != boot.id))
}

/// How many boots in a row before this one had no clean end.
pub fn unclean_boots(state_dir: &Path) -> u32 {
    read_mark(&state_dir.join("boot.json")).map_or(0, |m| m.unclean)
}

/// Forgets the boots that had no clean end.
///
/// # Errors
/// Those of the file system.
pub fn forgive(state_dir: &Path) -> std::io::Result<()> {
    let path = state_dir.join("boot.json");
    match read_mark(&path) {
        Some(mark) if mark.unclean > 0 => write(&path, &Mark { unclean: 0, ..mark }),
        _ => Ok(()),
    }
}

fn read_mark(path: &Path) -> Option<Mark> {
    files::read_bounded(path, 4096).ok().and_then(|b| serde_json::from_slice(&b).ok())
}

/// Notes that the sensor ended and wrote everything through.
///
/// # Errors
/// Those of the file system.
pub fn end(state_dir: &Path, boot: &Boot) -> std::io::Result<()> {
    let path = state_dir.join("boot.json");
    let unclean = read_mark(&path).filter(|m| m.boot_id == boot.id).map_or(0, |m| m.unclean);
    write(&path, &Mark { boot_id: boot.id.clone(), clean: true, unclean })
}

fn write(path: &Path, mark: &Mark) -> std::io::Result<()> {
    files::write_atomic(path, &serde_json::to_vec(mark)?, 0o600)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_changed_boot_without_a_clean_end_is_unclean() {
        let dir = tempfile::TempDir::new().expect("dir");
        let boot = |id: &str| Boot { id: id.into(), bytes: [0; 16], time_us: 0 };
        let (a, b, c) = (boot("a"), boot("b"), boot("c"));
        assert!(!begin(dir.path(), &a).expect("first"));
        assert!(!begin(dir.path(), &a).expect("killed and restarted"));
        assert!(begin(dir.path(), &b).expect("power cut"));
        end(dir.path(), &b).expect("clean");
        assert!(!begin(dir.path(), &c).expect("rebooted"));
    }

    #[test]
    fn boots_without_a_clean_end_are_counted_until_one_has_it() {
        let dir = tempfile::TempDir::new().expect("dir");
        let boot = |id: &str| Boot { id: id.into(), bytes: [0; 16], time_us: 0 };
        let count = || unclean_boots(dir.path());
        assert_eq!(count(), 0);
        for (id, expected) in [("a", 0), ("b", 1), ("c", 2), ("c", 2)] {
            begin(dir.path(), &boot(id)).expect("begins");
            assert_eq!(count(), expected, "{id}");
        }
        end(dir.path(), &boot("c")).expect("clean");
        assert_eq!(count(), 2, "within the same boot it stays");
        begin(dir.path(), &boot("d")).expect("begins");
        assert_eq!(count(), 0);
        begin(dir.path(), &boot("e")).expect("begins");
        forgive(dir.path()).expect("forgiven");
        assert_eq!(count(), 0);
    }

    #[test]
    fn this_boot_is_in_the_past() {
        let b = read();
        assert_eq!(b.id.len(), 36);
        assert!(b.time_us > 0 && b.time_us <= TimeMicros::now().0);
    }
}
