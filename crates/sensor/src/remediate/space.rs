//! Whether there is room for what is downloaded and unpacked.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::answer::Fault;

/// Stays free on each file system, bytes: other programs write meanwhile.
const RESERVE: u64 = 64 << 20;

/// Bytes that are needed below a folder.
#[derive(Clone, Debug)]
pub struct Need {
    /// The folder, or one that will be there.
    pub folder: &'static str,
    /// Bytes.
    pub bytes: u64,
}

/// Looks whether everything fits, each file system asked once for all that goes there.
///
/// # Errors
/// `remediation_disk_full`, with the folder and both numbers.
pub fn check(needs: &[Need]) -> Result<(), Fault> {
    let mut systems: BTreeMap<u64, (u64, u64, &str)> = BTreeMap::new();
    for need in needs {
        let Some((device, free)) = free(need.folder) else { continue };
        let entry = systems.entry(device).or_insert((0, free, need.folder));
        entry.0 = entry.0.saturating_add(need.bytes);
    }
    for (bytes, free, folder) in systems.into_values() {
        fits(bytes, free, folder)?;
    }
    Ok(())
}

fn fits(bytes: u64, free: u64, folder: &str) -> Result<(), Fault> {
    if bytes.saturating_add(RESERVE) <= free {
        return Ok(());
    }
    let mib = |n: u64| n.div_ceil(1 << 20);
    Err(Fault::disk_full(format!(
        "{} MiB are needed at {folder} with {} MiB to spare, {} MiB are free",
        mib(bytes),
        mib(RESERVE),
        free >> 20
    )))
}

/// The file system of the nearest folder that is there, and what is free on it.
fn free(folder: &str) -> Option<(u64, u64)> {
    let there = Path::new(folder).ancestors().find(|p| p.is_dir())?;
    let device = there.metadata().ok()?.dev();
    let stat = nix::sys::statvfs::statvfs(there).ok()?;
    Some((device, stat.blocks_available().saturating_mul(stat.fragment_size())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_counted_with_something_to_spare() {
        assert!(fits(10, RESERVE + 10, "/usr").is_ok());
        let full = fits(11, RESERVE + 10, "/usr").expect_err("one byte too many");
        assert_eq!(full.code, "remediation_disk_full");
        assert!(full.message.contains("/usr"), "{full:?}");
        assert!(fits(u64::MAX, 1 << 40, "/").is_err());
    }

    #[test]
    fn folders_of_one_file_system_are_added_up() {
        let (_, free) = free("/").expect("a root");
        assert!(check(&[Need { folder: "/", bytes: 1 }]).is_ok() || free < 2 * RESERVE);
        let half = Need { folder: "/no/such/folder", bytes: free / 2 };
        let rest = Need { folder: "/", bytes: free };
        assert!(check(&[half, rest]).is_err());
    }
}
