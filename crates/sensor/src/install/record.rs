//! What was installed, written down where every command of the sensor finds it.

use std::io::Read;
use std::path::{Path, PathBuf};

use palisade_estate::provision::Mode;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Layout;
use crate::error::SensorError;
use crate::files;

/// Form of the record; one with a higher number is not understood.
const FORMAT: u32 = 1;

/// Largest record, bytes.
const MAX_FILE: u64 = 256 << 10;

/// What keeps the sensor running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Manager {
    /// A unit of systemd.
    Systemd,
    /// `palisade-sensor supervise`.
    Supervisor,
}

/// One installed file, or link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Where.
    pub path: PathBuf,
    /// SHA-256 of its content in hexadecimal; for a link `-> target`.
    pub content: String,
}

/// An installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    format: u32,
    /// Version of the sensor.
    pub version: String,
    /// The folder that it was installed into.
    pub path: PathBuf,
    /// Identity, spool, status.
    pub state_dir: PathBuf,
    /// Name in pins and links.
    pub instance: String,
    /// What keeps it running.
    pub manager: Manager,
    /// What it does.
    pub mode: Mode,
    /// The server's address.
    pub url: String,
    /// Proxy on the way to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// Everything that was put in place.
    pub files: Vec<Entry>,
}

impl Record {
    /// A record of the present form.
    pub fn new(path: PathBuf, state_dir: PathBuf, instance: String, manager: Manager, mode: Mode) -> Self {
        Self {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").into(),
            path,
            state_dir,
            instance,
            manager,
            mode,
            url: String::new(),
            proxy: None,
            files: Vec::new(),
        }
    }

    /// Reads the record of a machine; `None` where nothing is installed.
    ///
    /// # Errors
    /// When it cannot be read or understood.
    pub fn load(layout: &Layout) -> Result<Option<Self>, SensorError> {
        let path = layout.record();
        let failed = |source| SensorError::File { path: path.clone(), source };
        match files::read_bounded(&path, MAX_FILE) {
            Ok(bytes) => {
                let record: Self = serde_json::from_slice(&bytes).map_err(|e| failed(e.into()))?;
                if record.format > FORMAT {
                    return Err(failed(std::io::Error::other("written by a newer sensor")));
                }
                Ok(Some(record))
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(failed(source)),
        }
    }

    /// The record as it is stored.
    ///
    /// # Errors
    /// Never in practice: everything in it can be written as JSON.
    pub fn bytes(&self) -> std::io::Result<Vec<u8>> {
        serde_json::to_vec_pretty(self).map_err(Into::into)
    }

    /// The installed program, by the name that does not change.
    pub fn program(&self) -> PathBuf {
        program(&self.path)
    }

    /// Files that are missing or changed, for people.
    pub fn missing(&self) -> Vec<String> {
        self.files.iter().filter_map(Entry::wrong).collect()
    }
}

/// The program below an installation's folder, by the name that does not change.
pub fn program(path: &Path) -> PathBuf {
    path.join("bin/palisade-sensor")
}

impl Entry {
    /// Describes a file or link that was put in place.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn of(path: &Path) -> std::io::Result<Self> {
        Ok(Self { path: path.to_owned(), content: content(path)? })
    }

    /// What is wrong with it, if anything is.
    pub fn wrong(&self) -> Option<String> {
        match content(&self.path) {
            Ok(now) if now == self.content => None,
            Ok(_) => Some(format!("{} (changed)", self.path.display())),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Some(self.path.display().to_string()),
            Err(e) => Some(format!("{} ({e})", self.path.display())),
        }
    }
}

fn content(path: &Path) -> std::io::Result<String> {
    if path.symlink_metadata()?.is_symlink() {
        return Ok(format!("-> {}", path.read_link()?.display()));
    }
    digest(&mut std::fs::File::open(path)?)
}

/// SHA-256 of what is left in a file, hexadecimal.
///
/// # Errors
/// Those of the file system.
pub fn digest(file: &mut impl Read) -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex::encode(hasher.finalize())),
            n => hasher.update(&buffer[..n]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_names_what_is_missing_or_changed() {
        let dir = tempfile::TempDir::new().expect("dir");
        let layout = Layout::new(Some(dir.path()));
        assert_eq!(Record::load(&layout).expect("reads"), None);
        let (a, b, link) = (dir.path().join("a"), dir.path().join("b"), dir.path().join("link"));
        std::fs::write(&a, "1").expect("written");
        std::fs::write(&b, "2").expect("written");
        std::os::unix::fs::symlink("a", &link).expect("linked");
        let mut record =
            Record::new("/p".into(), "/s".into(), "i".into(), Manager::Supervisor, Mode::Observing);
        record.files = [&a, &b, &link].map(|p| Entry::of(p).expect("there")).to_vec();
        std::fs::create_dir_all(layout.etc()).expect("made");
        std::fs::write(layout.record(), record.bytes().expect("bytes")).expect("written");
        let again = Record::load(&layout).expect("reads").expect("there");
        assert_eq!(again, record);
        assert_eq!(again.missing(), Vec::<String>::new());
        std::fs::write(&a, "3").expect("written");
        std::fs::remove_file(&b).expect("removed");
        std::fs::remove_file(&link).expect("removed");
        std::os::unix::fs::symlink("b", &link).expect("linked");
        let shown = |p: &Path, more: &str| format!("{}{more}", p.display());
        assert_eq!(again.missing(), [shown(&a, " (changed)"), shown(&b, ""), shown(&link, " (changed)")]);
        std::fs::write(layout.record(), "{\"format\":9").expect("written");
        assert!(Record::load(&layout).is_err());
    }
}
