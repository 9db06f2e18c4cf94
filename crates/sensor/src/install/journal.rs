//! How to undo what an installation has changed so far. Each line is on disk before its change is
//! made, so that a crash at any point leaves what the next run needs.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Layout;
use crate::files;

/// Largest journal, bytes; an installation writes two dozen short lines.
const MAX_FILE: u64 = 1 << 20;

/// How to take one change back. Each may be done twice, and also where the change was not made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "undo")]
pub enum Undo {
    /// A folder that was not there; removed if it is empty.
    Folder {
        /// Which.
        path: PathBuf,
    },
    /// The state folder, which was not there: all of it goes.
    State {
        /// Which.
        path: PathBuf,
    },
    /// A file or link that was not there.
    Remove {
        /// Which.
        path: PathBuf,
    },
    /// A file or link that was replaced.
    Restore {
        /// Which.
        path: PathBuf,
        /// Where the old one waits.
        kept: PathBuf,
    },
    /// The unit was made known to systemd.
    Unit {
        /// Whether it was started at boot before.
        enabled: bool,
    },
    /// The service was started, or started anew.
    Service {
        /// Whether one ran before.
        ran: bool,
    },
    /// Programs were pinned in the kernel under this name, where none were.
    Pins {
        /// Instance.
        instance: String,
    },
}

/// The journal of one installation.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    lines: Vec<Undo>,
}

impl Journal {
    /// Begins one; its folder exists.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn begin(layout: &Layout) -> std::io::Result<Self> {
        let path = layout.journal();
        let file = File::options().write(true).create(true).truncate(true).open(&path)?;
        sync_parent(&path)?;
        Ok(Self { path, file, lines: Vec::new() })
    }

    /// What an installation that was cut short left to be undone, first change first. A line that
    /// was cut short itself is of a change that was not made.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn left(layout: &Layout) -> std::io::Result<Option<Vec<Undo>>> {
        match files::read_bounded(layout.journal(), MAX_FILE) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                Ok(Some(text.lines().map_while(|l| serde_json::from_str(l).ok()).collect()))
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Notes a change that is about to be made.
    ///
    /// # Errors
    /// Those of the file system; the change must not be made then.
    pub fn will(&mut self, undo: Undo) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(&undo)?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.file.sync_data()?;
        self.lines.push(undo);
        Ok(())
    }

    /// Makes a folder and its missing parents.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn make_dir(&mut self, path: &Path, mode: u32) -> std::io::Result<()> {
        if path.is_dir() {
            return Ok(());
        }
        if let Some(parent) = path.parent() {
            self.make_dir(parent, 0o755)?;
        }
        self.will(Undo::Folder { path: path.to_owned() })?;
        match std::fs::DirBuilder::new().mode(mode).create(path) {
            Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => Err(e),
            _ => Ok(()),
        }
    }

    /// Prepares the replacement of a file or link: what is there is kept under another name.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn replace(&mut self, path: &Path) -> std::io::Result<()> {
        if path.symlink_metadata().is_err() {
            return self.will(Undo::Remove { path: path.to_owned() });
        }
        let kept = kept(path);
        remove_file(&kept)?;
        self.will(Undo::Restore { path: path.to_owned(), kept: kept.clone() })?;
        // Another name of the same file: the file itself is only ever replaced, not written.
        std::fs::hard_link(path, &kept)
    }

    /// Every change so far, first to last.
    pub fn lines(&self) -> &[Undo] {
        &self.lines
    }

    /// All changes stay: the journal goes, then what was kept for going back.
    ///
    /// # Errors
    /// When the journal cannot be removed; a later run would undo everything.
    pub fn commit(self) -> std::io::Result<()> {
        std::fs::remove_file(&self.path)?;
        sync_parent(&self.path)?;
        for line in &self.lines {
            if let Undo::Restore { kept, .. } = line
                && let Err(error) = remove_file(kept)
            {
                tracing::warn!(path = %kept.display(), %error, "cannot remove what was replaced");
            }
        }
        Ok(())
    }
}

/// Removes the journal of an installation that was undone.
///
/// # Errors
/// Those of the file system.
pub fn end(layout: &Layout) -> std::io::Result<()> {
    remove_file(&layout.journal())
}

/// Removes a file or link that may be gone already.
///
/// # Errors
/// Those of the file system.
pub fn remove_file(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(e) if !matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            Err(e)
        }
        _ => Ok(()),
    }
}

/// Where a replaced file waits: beside it, since a hard link does not leave its file system.
fn kept(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.before"))
}

fn sync_parent(path: &Path) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), |p| File::open(p)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_is_read_back_up_to_the_cut() {
        let dir = tempfile::TempDir::new().expect("dir");
        let layout = Layout::new(Some(dir.path()));
        assert!(Journal::left(&layout).expect("reads").is_none());
        std::fs::create_dir_all(layout.etc()).expect("made");
        let mut journal = Journal::begin(&layout).expect("begins");
        let folder = dir.path().join("opt/palisade");
        journal.make_dir(&folder, 0o755).expect("made");
        let old = folder.join("old");
        std::fs::write(&old, "1").expect("written");
        journal.replace(&old).expect("kept");
        journal.replace(&folder.join("new")).expect("noted");
        assert!(folder.join(".old.before").exists() && folder.is_dir());
        let left = Journal::left(&layout).expect("reads").expect("there");
        assert_eq!(left, journal.lines());
        assert_eq!(left.len(), 4, "{left:?}");
        let whole = std::fs::read(layout.journal()).expect("there");
        std::fs::write(layout.journal(), &whole[..whole.len() - 5]).expect("cut");
        assert_eq!(Journal::left(&layout).expect("reads").expect("there"), journal.lines()[..3]);
        journal.commit().expect("ends");
        assert!(!folder.join(".old.before").exists() && old.exists() && !layout.journal().exists());
    }
}
