//! A folder of feeds as an index.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use palisade_advisory::{Collected, Fault, FaultCode, Format, Limits, Origin, Record, decode, documents};
use palisade_feeds::Store;
use palisade_types::TimeMicros;
use palisade_vuln::{Feed, Index, IndexBuilder, Ranks};

/// Largest file of a feed, bytes; what is packed in it has bounds of its own.
const MAX_FILE: u64 = 4 << 30;
/// How deep folders may lie within each other, and how many files there may be.
const MAX_DEPTH: usize = 8;
const MAX_FILES: usize = 100_000;

/// What a folder gave.
pub struct Loaded {
    pub index: Index,
    /// Files and records that were not taken.
    pub faults: Vec<Fault>,
}

/// Reads every feed of a folder.
///
/// # Errors
/// If it cannot be read or holds no advisory about a package: nothing found by it would mean nothing.
pub fn load(folder: &Path) -> Result<Loaded> {
    let mut builder = IndexBuilder::new(Ranks::default());
    let mut faults = Vec::new();
    let store =
        [Store::at(folder), Store::open(folder)].into_iter().find(|s| s.root().join("current").is_file());
    if let Some(store) = store {
        let snapshot = store.current()?.context("the folder of feeds has no snapshot")?;
        for feed in snapshot.feeds() {
            let records = 0;
            builder.feed(Feed { name: feed.id.to_owned(), as_of: feed.entry.as_of(), records });
            feed.read(&mut builder)?;
            faults.extend(builder.take_faults());
        }
    } else {
        let mut files = Vec::new();
        list(folder, 0, &mut files)?;
        files.sort();
        for file in files {
            let name = file.strip_prefix(folder).unwrap_or(&file).to_string_lossy().into_owned();
            if let Err(fault) = take(&file, &name, &mut builder, &mut faults) {
                faults.push(fault);
            }
        }
    }
    let index = builder.finish();
    if index.sizes().statements == 0 {
        for fault in faults.iter().take(10) {
            crate::cli::output::note(&format!("left out: {fault}"));
        }
        bail!("{} holds no advisory about a package: nothing can be said", folder.display());
    }
    Ok(Loaded { index, faults })
}

fn list(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("reading {}", folder.display()))?;
        let kind = entry.file_type().with_context(|| format!("reading {}", entry.path().display()))?;
        if kind.is_dir() && depth < MAX_DEPTH {
            list(&entry.path(), depth + 1, files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
        if files.len() > MAX_FILES {
            bail!("more than {MAX_FILES} files in {}", folder.display());
        }
    }
    Ok(())
}

/// Takes one file: all of it, or nothing if it is not whole. A document of it that is not good is left out alone.
fn take(path: &Path, name: &str, builder: &mut IndexBuilder, faults: &mut Vec<Fault>) -> Result<(), Fault> {
    let fault = |code, reason: String| Fault { file: name.to_owned(), record: String::new(), code, reason };
    let unreadable = |e: std::io::Error| fault(FaultCode::BadArchive, format!("it cannot be read: {e}"));
    let about = std::fs::metadata(path).map_err(unreadable)?;
    if about.len() > MAX_FILE {
        return Err(fault(FaultCode::TooLarge, format!("larger than {MAX_FILE} bytes")));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let mut formats: BTreeMap<Format, u64> = BTreeMap::new();
    let mut unknown = 0_u64;
    let mut sink = Collected::default();
    let origin = Origin { feed: "", file: name, ecosystem: None };
    documents(origin, &bytes, Limits::default(), &mut |document, bytes| {
        let Some(format) = Format::recognise(document, bytes) else {
            unknown += 1;
            return Ok(());
        };
        *formats.entry(format).or_default() += 1;
        let (records, before) = (sink.records.len(), sink.faults.len());
        if let Err(mut whole) = decode(format, Origin { file: document, ..origin }, bytes, &mut sink) {
            sink.records.truncate(records);
            sink.faults.truncate(before);
            if whole.file != name {
                whole.file = format!("{name}: {}", whole.file);
            }
            sink.faults.push(whole);
        }
        Ok(())
    })?;
    if formats.is_empty() {
        return Err(fault(
            FaultCode::UnknownFormat,
            format!("none of its {unknown} documents is of a known format"),
        ));
    }
    let feed = feed_name(name, formats.keys().all(|f| *f == Format::Osv));
    let as_of = about.modified().ok().and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok());
    let as_of = as_of.and_then(|d| i64::try_from(d.as_micros()).ok()).map(TimeMicros);
    builder.feed(Feed { name: feed.clone(), as_of, records: 0 });
    for mut record in sink.records {
        match &mut record {
            Record::Advisory(a) => a.source.clone_from(&feed),
            Record::Cve(c) => c.source.clone_from(&feed),
            Record::EndOfLife(_) => {}
        }
        builder.add(record);
    }
    faults.extend(sink.faults);
    Ok(())
}

/// The file's name up to its ending. What is derived from vendors' words is marked, since theirs come first.
fn feed_name(name: &str, osv: bool) -> String {
    let at = name.rfind('/').map_or(0, |at| at + 1);
    let end = name[at..].find('.').filter(|end| *end > 0).map_or(name.len(), |end| at + end);
    let stem = &name[..end];
    if osv && !stem.starts_with("osv") { format!("osv-{stem}") } else { stem.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, name: &str, text: &str) {
        std::fs::write(folder.join(name), text).expect("a file");
    }

    #[test]
    fn a_bad_file_is_named_and_the_others_are_used() {
        let folder = tempfile::tempdir().expect("a folder");
        write(
            folder.path(),
            "debian-tracker.json",
            r#"{"a":{"CVE-2020-1000":{"releases":{"bookworm":{"status":"open"}}},"CVE-2020-2000":7}}"#,
        );
        write(folder.path(), "broken.zip", "PK\x03\x04 cut off");
        write(folder.path(), "readme.txt", "hello");
        let loaded = load(folder.path()).expect("an index");
        assert_eq!(loaded.index.sizes().statements, 1);
        let codes: Vec<FaultCode> = loaded.faults.iter().map(|f| f.code).collect();
        assert_eq!(codes, [FaultCode::BadArchive, FaultCode::BadRecord, FaultCode::UnknownFormat]);
        assert!(loaded.faults.iter().all(|f| !f.file.is_empty() && !f.reason.is_empty()));
    }

    #[test]
    fn nothing_is_no_clean_bill() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(load(folder.path()).is_err());
        write(folder.path(), "kev.json", r#"{"catalogVersion":"1","vulnerabilities":[]}"#);
        assert!(load(folder.path()).is_err());
        assert!(load(&folder.path().join("absent")).is_err());
    }

    #[test]
    fn feeds_are_called_like_their_files() {
        for (name, osv, expected) in [
            ("osv-Debian-12.derived.all.zip", true, "osv-Debian-12"),
            ("PyPI/all.zip", true, "osv-PyPI/all"),
            ("kev/known.json", false, "kev/known"),
            (".hidden", false, ".hidden"),
        ] {
            assert_eq!(feed_name(name, osv), expected);
        }
    }
}
