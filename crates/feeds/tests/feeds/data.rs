//! The shared test data, which may be absent outside CI.

use std::path::{Path, PathBuf};

/// A file under `PALISADE_DATA`, by default `../shared/data` beside the repository.
pub fn shared(relative: &str) -> Option<PathBuf> {
    let root = std::env::var_os("PALISADE_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let path = root.join("vuln/feeds").join(relative);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{} is absent in CI", path.display());
    palisade_testkit::skipped(&format!("no test data {relative} (set PALISADE_DATA)"));
    None
}

/// Its bytes.
pub fn bytes(relative: &str) -> Option<Vec<u8>> {
    shared(relative).map(|path| std::fs::read(path).expect("the test data can be read"))
}

/// CISA's catalogue with only so many of its entries.
pub fn kev(entries: usize) -> Option<Vec<u8>> {
    let whole = bytes("kev/known_exploited_vulnerabilities.json")?;
    let mut value: serde_json::Value = serde_json::from_slice(&whole).expect("JSON");
    value["vulnerabilities"].as_array_mut().expect("a list").truncate(entries);
    Some(serde_json::to_vec(&value).expect("JSON"))
}

/// A zip archive with these documents.
pub fn zipped(documents: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in documents {
        out.start_file(name.as_str(), zip::write::SimpleFileOptions::default()).expect("a file");
        std::io::Write::write_all(&mut out, bytes).expect("written");
    }
    out.finish().expect("finished").into_inner()
}

/// The documents of a zip archive.
pub fn unzipped(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("an archive");
    (0..archive.len())
        .map(|at| {
            let mut file = archive.by_index(at).expect("a file");
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut file, &mut bytes).expect("bytes");
            (file.name().expect("a name").into_owned(), bytes)
        })
        .collect()
}
