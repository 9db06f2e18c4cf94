use std::path::PathBuf;
use std::time::Duration;

/// Where the lake lies and when it does what.
#[derive(Clone, Debug)]
pub struct LakeConfig {
    /// The region's Delta tables.
    pub lake_dir: PathBuf,
    /// The hot tier, on tmpfs.
    pub hot_dir: PathBuf,
    /// The folder of the log's cursors; the lake's is `lake`.
    pub cursors_dir: PathBuf,
    /// A table's hot rows go to Delta when they reach this many bytes.
    pub flush_bytes: u64,
    /// A table's hot rows go to Delta when the oldest is this old.
    pub flush_after: Duration,
    /// Most bytes of hot rows, of all tenants. From half of it on everything goes to Delta; at it the
    /// log is not read on. Never more than half of the file system.
    pub max_hot_bytes: u64,
    /// How long a hot file stays after it left the manifest: longer than any query.
    pub hot_grace: Duration,
    /// How many hot files of one level are merged into one of the next.
    pub merge_fan_in: usize,
    /// Compaction makes data files of about this size, bytes.
    pub target_file_bytes: u64,
    /// Compaction of a day that still grows waits for this many small files.
    pub compact_min_files: usize,
    /// How long a data file stays after it left the Delta table.
    pub vacuum_grace: Duration,
    /// Rows older than this many days (by ingest day) are removed; `None` keeps all.
    pub retain_days: Option<u32>,
}

impl LakeConfig {
    /// The defaults of a server.
    pub fn new(
        lake_dir: impl Into<PathBuf>,
        hot_dir: impl Into<PathBuf>,
        cursors_dir: impl Into<PathBuf>,
    ) -> Self {
        Self {
            lake_dir: lake_dir.into(),
            hot_dir: hot_dir.into(),
            cursors_dir: cursors_dir.into(),
            flush_bytes: 64 << 20,
            flush_after: Duration::from_secs(15 * 60),
            max_hot_bytes: 1 << 30,
            hot_grace: Duration::from_secs(120),
            merge_fan_in: 8,
            target_file_bytes: 128 << 20,
            compact_min_files: 4,
            vacuum_grace: Duration::from_secs(3600),
            retain_days: None,
        }
    }
}
