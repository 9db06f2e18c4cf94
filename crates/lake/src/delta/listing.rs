//! The active files of a Delta version, beside its log, for those who only read.
//!
//! To open a log is to read a checkpoint and every commit after it, which takes longer than many a query. A list
//! is only ever a shortcut: where it is missing, torn, or its commit is another than the one it was made for, the
//! log is read.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use super::{DataFile, inside};

/// The folder of the lists in a table's folder; readers of Delta leave out what begins with `_`.
const FOLDER: &str = "_palisade_files";

/// Versions whose lists are kept: queries that began before the newest commits still read theirs.
const KEPT: u64 = 16;

/// Largest list that is read, bytes.
const MAX_BYTES: u64 = 64 << 20;

/// The commit that a list was made for.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Commit {
    version: u64,
    bytes: u64,
    /// When its file was written, nanoseconds since 1970.
    written: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listing {
    commit: Commit,
    files: Vec<DataFile>,
}

fn path(dir: &Path, version: u64) -> PathBuf {
    dir.join(FOLDER).join(format!("{version:020}.json"))
}

fn commit(dir: &Path, version: u64) -> Option<Commit> {
    let meta = fs::metadata(dir.join("_delta_log").join(format!("{version:020}.json"))).ok()?;
    let written = meta.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_nanos();
    Some(Commit { version, bytes: meta.len(), written: u64::try_from(written).ok()? })
}

/// Writes the list of a version that was just committed. Whoever finds none reads the log.
pub(super) fn store(dir: &Path, version: u64, files: Vec<DataFile>) {
    let Some(commit) = commit(dir, version) else { return };
    let target = path(dir, version);
    let temporary = target.with_extension("tmp");
    let done =
        serde_json::to_vec(&Listing { commit, files }).map_err(std::io::Error::other).and_then(|text| {
            fs::create_dir_all(dir.join(FOLDER))?;
            fs::write(&temporary, text)?;
            fs::rename(&temporary, &target)
        });
    if let Err(error) = done {
        tracing::warn!(path = %target.display(), %error, "the list of a table's files could not be written");
    }
    let old = version.checked_sub(KEPT).map(|old| path(dir, old));
    if let Some(Err(error)) = old.map(fs::remove_file)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(path = %dir.display(), %error, "an old list of a table's files could not be removed");
    }
}

/// The files of a version, or of the newest; none where only the log can tell.
pub(super) fn load(dir: &Path, version: Option<u64>) -> Option<Vec<DataFile>> {
    let version = version.or_else(|| newest(dir))?;
    let path = path(dir, version);
    if fs::metadata(&path).ok()?.len() > MAX_BYTES {
        return None;
    }
    let found: Listing = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    (Some(found.commit) == commit(dir, version) && found.files.iter().all(|f| inside(&f.path)))
        .then_some(found.files)
}

/// The last version that the log has a commit of.
fn newest(dir: &Path) -> Option<u64> {
    let commits = fs::read_dir(dir.join("_delta_log")).ok()?.filter_map(|entry| {
        let name = entry.ok()?.file_name();
        name.to_str()?.strip_suffix(".json").filter(|n| n.len() == 20)?.parse().ok()
    });
    commits.max()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> DataFile {
        DataFile {
            path: path.into(),
            size: 1,
            rows: 2,
            day: "2026-11-29".into(),
            time: Some((3, 4)),
            device: Some(("a".into(), "b".into())),
        }
    }

    fn log(dir: &Path, version: u64, text: &str) {
        fs::create_dir_all(dir.join("_delta_log")).expect("makes");
        fs::write(dir.join("_delta_log").join(format!("{version:020}.json")), text).expect("writes");
    }

    #[test]
    fn a_list_counts_for_its_own_commit_only() {
        let dir = tempfile::tempdir().expect("temp dir");
        let dir = dir.path();
        assert_eq!(load(dir, None), None);
        log(dir, 7, "first");
        store(dir, 7, vec![file("day=1/a")]);
        assert_eq!(load(dir, None), Some(vec![file("day=1/a")]));
        assert_eq!(load(dir, Some(7)), load(dir, None));
        assert_eq!(load(dir, Some(6)), None);
        // Somebody else's commit, which has no list.
        log(dir, 8, "second");
        assert_eq!(load(dir, None), None);
        // The log was put back and another commit got the number.
        log(dir, 7, "another");
        assert_eq!(load(dir, Some(7)), None);
    }

    #[test]
    fn what_is_torn_or_leads_out_is_not_believed_and_old_lists_go() {
        let dir = tempfile::tempdir().expect("temp dir");
        let dir = dir.path();
        log(dir, 1, "x");
        store(dir, 1, vec![file("../other/a")]);
        assert_eq!(load(dir, None), None);
        store(dir, 1, vec![file("a")]);
        let text = fs::read(path(dir, 1)).expect("reads");
        fs::write(path(dir, 1), &text[..text.len() / 2]).expect("writes");
        assert_eq!(load(dir, None), None);
        log(dir, 1 + KEPT, "y");
        store(dir, 1 + KEPT, Vec::new());
        assert!(!path(dir, 1).exists());
        assert_eq!(load(dir, None), Some(Vec::new()));
    }
}
