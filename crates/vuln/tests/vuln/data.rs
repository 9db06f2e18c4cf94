//! The shared test data, which may be absent outside CI, and indexes of it.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use palisade_advisory::{Advisory, Collected, Ecosystem, Format, Limits, Origin, Record, decode, documents};
use palisade_vuln::{Component, Index, IndexBuilder, Ranks};
use serde_json::Value;

/// A file or folder under `PALISADE_DATA`, by default `../shared/data` beside the repository.
pub fn shared(relative: &str) -> Option<PathBuf> {
    let root = std::env::var_os("PALISADE_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let path = root.join("vuln").join(relative);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{} is absent in CI", path.display());
    println!("skipped: no test data {relative} (set PALISADE_DATA)");
    None
}

/// The records of files; the feed is the file's name.
pub fn records(files: &[&str]) -> Option<Vec<Record>> {
    let mut out = Vec::new();
    for file in files {
        let bytes = std::fs::read(shared(file)?).expect("the test data can be read");
        out.extend(decoded(file.rsplit('/').next().unwrap_or_default(), &bytes));
    }
    Some(out)
}

/// The records of one file, whatever lies packed in it.
pub fn decoded(feed: &str, bytes: &[u8]) -> Vec<Record> {
    let origin = Origin { feed, file: feed, ecosystem: None };
    let mut sink = Collected::default();
    // Some of upstreams' own test files are broken on purpose: what is not is still there.
    let _ = documents(origin, bytes, Limits::default(), &mut |name, bytes| {
        if let Some(format) = Format::recognise(name, bytes) {
            let _ = decode(format, Origin { file: name, ..origin }, bytes, &mut sink);
        }
        Ok(())
    });
    sink.records
}

/// The files of upstreams in their own formats; what is packed within the archive is unpacked one by one.
pub fn fixtures() -> Option<Vec<Record>> {
    let bytes = std::fs::read(shared("feeds/raw-upstream-format-fixtures.tar.zst")?).expect("readable");
    let reader = zstd::stream::read::Decoder::new(bytes.as_slice()).expect("zstd");
    let mut out = Vec::new();
    for entry in tar::Archive::new(reader).entries().expect("tar") {
        let mut entry = entry.expect("an entry");
        let name = entry.path().expect("a name").to_string_lossy().into_owned();
        if name.contains("/snapshots/") {
            continue;
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("bytes");
        out.extend(decoded(&name, &bytes));
    }
    Some(out)
}

pub fn index(records: impl IntoIterator<Item = Record>) -> Index {
    let mut builder = IndexBuilder::new(Ranks::default());
    records.into_iter().for_each(|r| builder.add(r));
    builder.finish()
}

pub fn of(advisories: impl IntoIterator<Item = Advisory>) -> Index {
    index(advisories.into_iter().map(Record::Advisory))
}

pub fn lines(relative: &str) -> Option<Vec<Value>> {
    let bytes = std::fs::read(shared(relative)?).expect("the test data can be read");
    let text = if relative.ends_with(".gz") {
        let mut text = String::new();
        flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_string(&mut text).expect("text");
        text
    } else {
        String::from_utf8(bytes).expect("text")
    };
    Some(text.lines().map(|l| serde_json::from_str(l).expect("a row")).collect())
}

pub fn component(ecosystem: &str, name: &str, version: &str) -> Component {
    Component {
        ecosystem: Ecosystem::parse(ecosystem),
        name: name.to_owned(),
        version: version.to_owned(),
        ..Component::default()
    }
}

/// What a component has, sorted.
pub fn found(index: &Index, component: &Component) -> Vec<String> {
    let assessment = index.matches(component);
    let mut out: Vec<String> = assessment.hits.iter().map(|h| index.vulnerability(h).to_owned()).collect();
    out.sort();
    out
}
