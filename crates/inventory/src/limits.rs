//! Bounds of a scan. The defaults are far above an honest machine and far below what would hurt it.

use std::time::Duration;

/// Bounds of a scan.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Folders below the root that the walk goes down.
    pub depth: usize,
    /// Names that the walk looks at.
    pub entries: u64,
    /// Bytes of one text file that is read whole.
    pub text: u64,
    /// Bytes of one package database.
    pub database: u64,
    /// Bytes of one archive, as it lies on the disk or is packed within another.
    pub archive: u64,
    /// Items of one kind.
    pub items: usize,
    /// Processor time of the walk through the file system.
    pub walk_cpu: Duration,
    /// Time of the walk through the file system.
    pub walk_time: Duration,
    /// Processes that are looked at.
    pub processes: usize,
    /// Open files and mappings of all processes that are looked at.
    pub links: u64,
    /// Containers whose packages are read.
    pub containers: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 40,
            entries: 8_000_000,
            text: 8 << 20,
            database: 2 << 30,
            archive: 512 << 20,
            items: 200_000,
            walk_cpu: Duration::from_secs(30),
            walk_time: Duration::from_secs(300),
            processes: 32_768,
            links: 4_000_000,
            containers: 256,
        }
    }
}
