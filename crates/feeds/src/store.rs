//! The folder of the feeds: files as they were fetched, named by what they hash to, and snapshots that name them.
//!
//! Each step leaves something that is whole: bytes are written and synced under another name first, an object is
//! there before a snapshot names it, a snapshot before `current` names it.

mod collect;

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::code::{At, Code, FeedError};
use crate::manifest::Manifest;
use crate::read::Snapshot;

pub use collect::Collected;

/// Largest manifest that is read, bytes.
const MAX_MANIFEST: u64 = 256 << 20;

/// A step of writing, for tests that end there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// An object's bytes are written and synced.
    ObjectWritten,
    /// The object has its name.
    ObjectNamed,
    /// The index beside an object has its name.
    IndexNamed,
    /// A snapshot is written and synced.
    SnapshotWritten,
    /// The snapshot has its name.
    SnapshotNamed,
    /// The new `current` is written and synced.
    CurrentWritten,
    /// The new `current` is in place.
    CurrentNamed,
    /// Something that nothing names any more was removed.
    Removed,
}

type Hook = Arc<dyn Fn(Step) -> std::io::Result<()> + Send + Sync>;

/// The folder.
#[derive(Clone)]
pub struct Store {
    root: PathBuf,
    hook: Option<Hook>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("root", &self.root).finish_non_exhaustive()
    }
}

impl Store {
    /// The feeds of an instance, by its data folder. Nothing is made before something is written.
    pub fn open(home: &Path) -> Self {
        Self::at(&home.join("feeds"))
    }

    /// The feeds in that folder itself.
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned(), hook: None }
    }

    /// The same, calling something after each step; its error ends the work there.
    #[must_use]
    pub fn with_steps(mut self, hook: impl Fn(Step) -> std::io::Result<()> + Send + Sync + 'static) -> Self {
        self.hook = Some(Arc::new(hook));
        self
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The site's wishes.
    pub fn site_file(&self) -> PathBuf {
        self.root.join("feeds.toml")
    }

    /// How fetching by itself goes.
    pub(crate) fn course_file(&self) -> PathBuf {
        self.root.join("sync.json")
    }

    /// The private key that bundles are signed with.
    pub fn signing_key(&self) -> PathBuf {
        self.root.join("signing.key")
    }

    /// The public key that bundles are checked with.
    pub fn trusted_key(&self) -> PathBuf {
        self.root.join("trusted.pub")
    }

    /// Where the bytes of an object are.
    pub fn object(&self, sha256: &str) -> PathBuf {
        self.root.join("objects").join(sha256)
    }

    pub(crate) fn index(&self, sha256: &str) -> PathBuf {
        self.root.join("objects").join(format!("{sha256}.index"))
    }

    pub(crate) fn snapshots(&self) -> PathBuf {
        self.root.join("snapshots")
    }

    pub(crate) fn incoming(&self) -> PathBuf {
        self.root.join("incoming")
    }

    /// The newest snapshot; nothing if no feed was ever taken.
    ///
    /// # Errors
    /// `io`, `store_damaged`.
    pub fn current(&self) -> Result<Option<Snapshot>, FeedError> {
        let path = self.root.join("current");
        let id = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(FeedError::io(&path, &e)),
        };
        self.snapshot(id.trim()).map(Some)
    }

    /// Where the database of addresses is that is in force; none if none was taken.
    ///
    /// # Errors
    /// `io`, `store_damaged`.
    pub fn address_database(&self) -> Result<Option<PathBuf>, FeedError> {
        Ok(self.current()?.and_then(|s| s.address_database()))
    }

    /// The snapshot of that name.
    ///
    /// # Errors
    /// `io`, `store_damaged`.
    pub fn snapshot(&self, id: &str) -> Result<Snapshot, FeedError> {
        let path = self.snapshots().join(format!("{id}.json"));
        let bad = |reason: &dyn std::fmt::Display| {
            FeedError::new(Code::StoreDamaged, path.display().to_string(), reason)
        };
        if id.is_empty() || id.len() > 100 || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return Err(bad(&"that is no snapshot's name"));
        }
        let mut bytes = Vec::new();
        let file = File::open(&path).map_err(|e| bad(&e))?;
        file.take(MAX_MANIFEST + 1).read_to_end(&mut bytes).at(&path)?;
        if bytes.len() as u64 > MAX_MANIFEST {
            return Err(bad(&"it is larger than any manifest"));
        }
        let manifest: Manifest = serde_json::from_slice(&bytes).map_err(|e| bad(&e))?;
        if manifest.version != 1 || manifest.id != id {
            return Err(bad(&"it is of another version or name"));
        }
        Ok(Snapshot::new(self.clone(), manifest))
    }

    /// The names of all snapshots, the oldest first.
    ///
    /// # Errors
    /// `io`.
    pub fn snapshot_ids(&self) -> Result<Vec<String>, FeedError> {
        let mut ids: Vec<String> = names(&self.snapshots())?
            .into_iter()
            .filter_map(|n| n.strip_suffix(".json").map(str::to_owned))
            .collect();
        ids.sort();
        Ok(ids)
    }

    pub(crate) fn make_folders(&self) -> Result<(), FeedError> {
        for folder in [self.root.clone(), self.root.join("objects"), self.snapshots(), self.incoming()] {
            fs::create_dir_all(&folder).at(&folder)?;
            // Every role may read what the whole world may.
            fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).at(&folder)?;
        }
        Ok(())
    }

    /// Keeps everybody else from writing, until it is dropped.
    pub(crate) fn lock(&self) -> Result<File, FeedError> {
        self.make_folders()?;
        let path = self.root.join("lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).at(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(fs::TryLockError::WouldBlock) => Err(FeedError::new(
                Code::Busy,
                self.root.display().to_string(),
                "another command works on these feeds",
            )),
            Err(fs::TryLockError::Error(e)) => Err(FeedError::io(&path, &e)),
        }
    }

    pub(crate) fn step(&self, step: Step, path: &Path) -> Result<(), FeedError> {
        self.hook.as_ref().map_or(Ok(()), |hook| hook(step)).at(path)
    }

    /// Gives a file in `incoming`, whose bytes hash to that, its place among the objects.
    pub(crate) fn take_object(&self, part: &Path, sha256: &str) -> Result<(), FeedError> {
        let object = self.object(sha256);
        File::open(part).and_then(|f| f.sync_all()).at(part)?;
        self.step(Step::ObjectWritten, part)?;
        fs::set_permissions(part, fs::Permissions::from_mode(0o444)).at(part)?;
        fs::rename(part, &object).at(&object)?;
        sync_folder(&self.root.join("objects"))?;
        self.step(Step::ObjectNamed, &object)
    }

    /// Writes a file so that it is there whole or not at all.
    pub(crate) fn put(
        &self,
        path: &Path,
        steps: (Option<Step>, Option<Step>),
        write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
    ) -> Result<(), FeedError> {
        let folder = path.parent().unwrap_or(&self.root);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let part = folder.join(format!(".{name}.part"));
        let mut out = std::io::BufWriter::new(File::create(&part).at(&part)?);
        fs::set_permissions(&part, fs::Permissions::from_mode(0o644)).at(&part)?;
        write(&mut out).at(&part)?;
        out.into_inner().map_err(|e| e.into_error()).and_then(|f| f.sync_all()).at(&part)?;
        if let Some(step) = steps.0 {
            self.step(step, &part)?;
        }
        fs::rename(&part, path).at(path)?;
        sync_folder(folder)?;
        steps.1.map_or(Ok(()), |step| self.step(step, path))
    }

    pub(crate) fn put_current(&self, id: &str) -> Result<(), FeedError> {
        self.put(&self.root.join("current"), (Some(Step::CurrentWritten), Some(Step::CurrentNamed)), |out| {
            writeln!(out, "{id}")
        })
    }
}

/// What a rename is worth without: the folder's entry may be lost.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), FeedError> {
    File::open(folder).and_then(|f| f.sync_all()).at(folder)
}

/// The names in a folder; none if it is not there.
pub(crate) fn names(folder: &Path) -> Result<Vec<String>, FeedError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(FeedError::io(folder, &e)),
    };
    entries.map(|e| e.map(|e| e.file_name().to_string_lossy().into_owned()).at(folder)).collect()
}
