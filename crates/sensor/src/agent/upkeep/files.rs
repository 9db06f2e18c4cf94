//! Whether the sensor's own files are still there and as they were installed.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use palisade_wire::msg::Component;

use super::part;
use crate::install::{Layout, Record};

/// By what a file is seen to have changed without reading it: device, inode, size, ctime.
type Signature = (u64, u64, u64, i64, i64);

/// The installation that this sensor is part of.
#[derive(Debug)]
pub struct Installation {
    layout: Layout,
    record: Record,
    record_seen: Option<Signature>,
    /// Files that were found to be right, as they looked then: only a changed one is read again.
    right: HashMap<PathBuf, Signature>,
}

impl Installation {
    /// Looks after what was installed.
    pub fn new(layout: &Layout, record: Record) -> Self {
        Self { layout: layout.clone(), record, record_seen: None, right: HashMap::new() }
    }

    /// Ok, or degraded with what is missing or changed.
    pub fn component(&mut self) -> Component {
        let wrong = self.wrong();
        let state = if wrong.is_empty() { "ok" } else { "degraded" };
        part("installation", state, wrong.join(", "), "files")
    }

    fn wrong(&mut self) -> Vec<String> {
        let mut wrong = Vec::new();
        let path = self.layout.record();
        let now = signature(&path);
        if now != self.record_seen {
            match Record::load(&self.layout) {
                // An installation may have put other files in place meanwhile.
                Ok(Some(record)) if record.state_dir == self.record.state_dir => {
                    self.record = record;
                    self.record_seen = now;
                    self.right.clear();
                }
                Ok(Some(_)) => {}
                Ok(None) => wrong.push(path.display().to_string()),
                Err(e) => wrong.push(e.to_string()),
            }
        }
        for file in &self.record.files {
            let now = signature(&file.path);
            if now.is_some() && self.right.get(&file.path).copied() == now {
                continue;
            }
            match (file.wrong(), now) {
                (None, Some(now)) => {
                    self.right.insert(file.path.clone(), now);
                }
                (None, None) => {}
                (Some(why), _) => wrong.push(why),
            }
        }
        wrong
    }
}

fn signature(path: &Path) -> Option<Signature> {
    let m = path.symlink_metadata().ok()?;
    Some((m.dev(), m.ino(), m.size(), m.ctime(), m.ctime_nsec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::install::{Entry, Manager};
    use palisade_estate::provision::Mode;

    #[test]
    fn a_deleted_or_changed_file_is_seen_and_a_mended_one_too() {
        let dir = tempfile::TempDir::new().expect("dir");
        let layout = Layout::new(Some(dir.path()));
        std::fs::create_dir_all(layout.etc()).expect("made");
        let program = dir.path().join("program");
        std::fs::write(&program, "1").expect("written");
        let mut record = Record::new(
            dir.path().into(),
            dir.path().join("state"),
            "i".into(),
            Manager::Supervisor,
            Mode::Standard,
        );
        record.files = vec![Entry::of(&program).expect("there")];
        let store = |r: &Record| std::fs::write(layout.record(), r.bytes().expect("bytes")).expect("written");
        store(&record);
        let mut watched = Installation::new(&layout, record.clone());
        let mut seen = || {
            let c = watched.component();
            (c.state, c.detail)
        };
        assert_eq!(seen(), ("ok".into(), String::new()));
        std::fs::remove_file(&program).expect("removed");
        assert_eq!(seen(), ("degraded".into(), program.display().to_string()));
        std::fs::write(&program, "2").expect("written");
        assert_eq!(seen(), ("degraded".into(), format!("{} (changed)", program.display())));
        std::fs::write(&program, "1").expect("written");
        assert_eq!(seen().0, "ok");
        std::fs::remove_file(layout.record()).expect("removed");
        assert_eq!(seen(), ("degraded".into(), layout.record().display().to_string()));
        // An upgrade writes other files down.
        record.files.clear();
        std::fs::remove_file(&program).expect("removed");
        store(&record);
        assert_eq!(seen().0, "ok");
    }
}
