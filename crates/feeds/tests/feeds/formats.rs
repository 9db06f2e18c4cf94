//! Files as upstreams publish them: taken, or refused with file, record and reason.

use std::collections::BTreeMap;
use std::io::Read as _;

use palisade_feeds::{Code, Verdict, Writer};

use crate::data;
use crate::world::{World, options};

/// The files of a tar archive under Zstandard, by name; what is compressed within stays as upstream has it.
pub fn unpacked(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = tar::Archive::new(zstd::stream::read::Decoder::new(bytes).expect("zstd"));
    let mut files = BTreeMap::new();
    for entry in archive.entries().expect("tar") {
        let mut entry = entry.expect("an entry");
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let name = entry.path().expect("a name").to_string_lossy().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("bytes");
        files.insert(name, bytes);
    }
    files
}

/// Files that upstreams' readers made to be refused, and why they are.
const TROUBLE: &[(&str, &str, Code)] = &[
    ("alma/updateinfo/testdata/fixtures/corruptcrc/", "corrupt-updateinfo.xml.gz", Code::BadArchive),
    ("rocky/updateinfo/testdata/fixtures/corruptcrc/", "corrupt-updateinfo.xml.gz", Code::BadArchive),
    ("epss/test-fixtures/", "invalid-header.csv", Code::BadRecord),
];

#[test]
fn upstream_files_are_taken_or_refused_with_file_record_and_reason() {
    let Some(raw) = data::bytes("raw-upstream-format-fixtures.tar.zst") else { return };
    let world = World::new(None);
    let mut writer = Writer::open(&world.store).expect("a writer");
    let mut refused: BTreeMap<Code, u64> = BTreeMap::new();
    let (mut taken, mut trouble) = (0, 0);
    for (name, bytes) in unpacked(&raw) {
        // What readers made of upstream's files is no upstream's file.
        if name.contains("/snapshots/") {
            continue;
        }
        let path = world.folder.path().join(&name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(&path, bytes).expect("written");
        // Samples of the same feed come one after the other: smaller ones replace larger ones.
        let mut options = options(None);
        options.accept.shrink = true;
        let error = match palisade_feeds::import::import(&mut writer, &world.catalogue, &path, &options) {
            Ok(outcome) if outcome.verdict != Verdict::Failed => {
                taken += 1;
                continue;
            }
            Ok(outcome) => {
                let refusal = outcome.refused.first().expect("the refusal is named").clone();
                assert_eq!(outcome.code, refusal.code.as_str());
                (refusal.code, refusal.file, refusal.reason)
            }
            Err(e) => (e.code, e.file, e.reason),
        };
        let (code, file, reason) = error;
        let short = name.trim_start_matches("./");
        assert!(file.contains(short) && !reason.is_empty(), "{name}: {code} {file:?} {reason:?}");
        let known = TROUBLE.iter().find(|(part, end, _)| name.contains(part) && name.ends_with(end));
        if let Some((_, _, expected)) = known {
            assert_eq!(code, *expected, "{name}: {reason}");
            trouble += 1;
        }
        *refused.entry(code).or_default() += 1;
    }
    let mut formats: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for entry in writer.manifest().feeds.values() {
        for file in entry.files.values() {
            for (format, documents) in &file.formats {
                let counts = formats.entry(format.clone()).or_default();
                *counts = (counts.0 + documents, counts.1 + file.records);
            }
        }
    }
    println!("files taken {taken}, refused {refused:?}");
    for (format, (documents, records)) in &formats {
        println!("{format:20} {documents:6} documents {records:8} records in force");
    }
    assert_eq!(trouble, TROUBLE.len());
    for format in [
        "osv",
        "debian-tracker",
        "secdb",
        "csaf",
        "open-vex",
        "update-info",
        "oval",
        "ubuntu-cves",
        "ubuntu-notices",
        "cve5",
        "nvd",
        "kev",
        "epss",
        "exploit-db",
        "end-of-life",
    ] {
        assert!(
            formats.get(format).is_some_and(|(_, records)| *records > 0),
            "nothing of {format}: {formats:?}"
        );
    }
    drop(writer);
    world.assert_whole();
}

#[test]
fn files_are_assigned_by_what_they_hold() {
    let world = World::new(None);
    for (file, feed) in [
        ("kev/known_exploited_vulnerabilities.json", "kev"),
        ("osv-Go.all.zip", "osv-go"),
        ("osv-Rust.all.zip", "osv-cargo"),
        ("osv-AlmaLinux-9.all.zip", "osv-almalinux"),
        ("vulnrichment-cve5.sample.zip", "vulnrichment"),
        ("eol/ubuntu.csv", "distro-info"),
        ("eol/debian.csv", "distro-info"),
        ("eol/security-support-ended.deb12", "debian-support"),
        ("debian-security-tracker.derived.json.gz", "debian-tracker"),
        ("exploitdb-gpl2/cveToEdbid.json.gz", "exploit-map"),
    ] {
        let Some(path) = data::shared(file) else { return };
        let outcome = world.import(&path, None).expect("it is assigned");
        assert_eq!((outcome.feed.as_str(), outcome.verdict), (feed, Verdict::Updated), "{file}: {outcome:?}");
    }
    let path = data::shared("kev/known_exploited_vulnerabilities.json").expect("there");
    let wrong = world.import(&path, Some("osv-npm")).expect("an outcome");
    assert_eq!((wrong.verdict, wrong.code.as_str()), (Verdict::Failed, "wrong_format"));
    assert_eq!(world.import(&path, Some("osv-nothing")).map(|_| ()).map_err(|e| e.code), Err(Code::NoFeed));
    let snapshot = world.store.current().expect("readable").expect("there");
    assert_eq!(snapshot.feed("distro-info").expect("there").entry.files.len(), 2);
    // A file is as old as its date says, whenever it was brought.
    let dated = std::fs::metadata(&path).and_then(|m| m.modified()).expect("a date");
    let micros = dated.duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_micros();
    let as_of = snapshot.feed("kev").expect("there").entry.as_of().expect("there");
    assert_eq!(u128::try_from(as_of.0).expect("positive"), micros);
    world.assert_whole();
}
