//! Named consumers' places in the log: one small file each.

use std::fs;
use std::path::{Path, PathBuf};

use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};

use crate::{LogError, Result, segment};

/// Longest name of a consumer, bytes.
const MAX_NAME: usize = 64;
/// Largest cursor file that is read, bytes.
const MAX_FILE: u64 = 4096;

#[derive(Serialize, Deserialize)]
struct Stored {
    offset: u64,
    updated_us: i64,
}

/// A consumer's place: the offset of the record that it wants next. One process owns a cursor.
#[derive(Debug)]
pub struct Cursor {
    dir: PathBuf,
    name: String,
    offset: u64,
}

/// What is known of a consumer from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CursorState {
    /// Its name.
    pub name: String,
    /// What it wants next.
    pub offset: u64,
    /// When it last moved, microseconds since 1970, UTC.
    pub updated_us: i64,
    /// Whether it was cut off: it no longer holds back trimming.
    pub cut_off: bool,
}

impl Cursor {
    /// Opens a consumer's cursor; a new one starts at 0 and from then on holds back trimming.
    /// Names are 1 to 64 of `a-z`, `0-9`, `-`, `_`.
    ///
    /// # Errors
    /// [`LogError::Cursor`] for a bad name or a damaged file, [`LogError::Io`], [`LogError::Full`].
    pub fn open(cursors_dir: &Path, name: &str) -> Result<Self> {
        let valid = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(valid) {
            return Err(LogError::Cursor { name: name.into(), what: "name" });
        }
        segment::make_dir(cursors_dir)?;
        let mut cursor = Self { dir: cursors_dir.to_owned(), name: name.into(), offset: 0 };
        match read(&cursor.path(), name)? {
            Some(stored) => cursor.offset = stored.offset,
            None => cursor.set(0)?,
        }
        Ok(cursor)
    }

    /// The offset that this consumer wants next.
    pub fn get(&self) -> u64 {
        self.offset
    }

    /// Moves the cursor, durably: after a crash it is at the old place or the new one.
    ///
    /// # Errors
    /// [`LogError::Io`], [`LogError::Full`]; the cursor is then where it was.
    pub fn set(&mut self, offset: u64) -> Result<()> {
        let stored = Stored { offset, updated_us: TimeMicros::now().0 };
        let bytes = serde_json::to_vec(&stored).expect("two numbers are always JSON");
        segment::replace_file(&self.path(), &bytes)?;
        self.offset = offset;
        Ok(())
    }

    /// Whether this consumer was cut off because it lagged too far.
    pub fn is_cut_off(&self) -> bool {
        flag_path(&self.dir, &self.name).exists()
    }

    /// Takes part in trimming again, after the consumer moved to a kept offset.
    ///
    /// # Errors
    /// [`LogError::Io`].
    pub fn rejoin(&self) -> Result<()> {
        let path = flag_path(&self.dir, &self.name);
        match fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(LogError::io("remove", &path, &e)),
            _ => Ok(()),
        }
    }

    fn path(&self) -> PathBuf {
        self.dir.join(format!("{}.cursor", self.name))
    }
}

fn flag_path(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!("{name}.cut"))
}

fn read(path: &Path, name: &str) -> Result<Option<Stored>> {
    let bad = |what| LogError::Cursor { name: name.into(), what };
    match fs::metadata(path) {
        Ok(meta) if meta.len() > MAX_FILE => return Err(bad("file is too large")),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        _ => {}
    }
    let bytes = fs::read(path).map_err(|e| LogError::io("read", path, &e))?;
    serde_json::from_slice(&bytes).map(Some).map_err(|_| bad("file is damaged"))
}

/// All consumers that have a cursor in the folder, by name.
///
/// # Errors
/// [`LogError::Io`]; [`LogError::Cursor`] if one is damaged: guessing its place could lose data.
pub fn cursors(cursors_dir: &Path) -> Result<Vec<CursorState>> {
    let entries = match fs::read_dir(cursors_dir) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(LogError::io("list", cursors_dir, &e)),
    };
    let mut out = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| LogError::io("list", cursors_dir, &e))?.path();
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(name) = file.strip_suffix(".cursor") else { continue };
        let Some(stored) = read(&path, name)? else { continue };
        let cut_off = flag_path(cursors_dir, name).exists();
        out.push(CursorState {
            name: name.into(),
            offset: stored.offset,
            updated_us: stored.updated_us,
            cut_off,
        });
    }
    out.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(out)
}

/// Flags a consumer as cut off.
pub(crate) fn cut_off(cursors_dir: &Path, name: &str) -> Result<()> {
    segment::replace_file(&flag_path(cursors_dir, name), b"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_keeps_its_place_and_a_damaged_one_is_reported() {
        let dir = tempfile::tempdir().expect("temp dir");
        let mut c = Cursor::open(dir.path(), "lake").expect("opens");
        assert_eq!(c.get(), 0);
        c.set(42).expect("sets");
        assert_eq!(Cursor::open(dir.path(), "lake").expect("opens").get(), 42);
        assert!(Cursor::open(dir.path(), "../x").is_err());
        assert_eq!(cursors(dir.path()).expect("lists").len(), 1);
        fs::write(dir.path().join("lake.cursor"), b"{").expect("writes");
        assert_eq!(Cursor::open(dir.path(), "lake").map_err(|e| e.code()).err(), Some("log_cursor_invalid"));
        assert_eq!(cursors(dir.path()).map_err(|e| e.code()), Err("log_cursor_invalid"));
    }
}
