//! Every decoder over the bytes that upstreams publish.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use palisade_advisory::{
    Advisory, Affected, Collected, End, FaultCode, Format, Limits, Origin, Record, Status, decode, documents,
};

const FIXTURES: &str = "feeds/raw-upstream-format-fixtures.tar.zst";

/// The files of an archive by their names; what is compressed within it stays as upstream has it.
fn unpacked(relative: &str) -> Option<BTreeMap<String, Vec<u8>>> {
    let path = crate::data::shared(relative)?;
    let bytes = std::fs::read(path).expect("the test data can be read");
    let reader = zstd::stream::read::Decoder::new(bytes.as_slice()).expect("zstd");
    let mut archive = tar::Archive::new(reader);
    let mut files = BTreeMap::new();
    for entry in archive.entries().expect("tar") {
        let mut entry = entry.expect("an entry");
        let name = entry.path().expect("a name").to_string_lossy().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("bytes");
        files.insert(name, bytes);
    }
    Some(files)
}

/// Decodes a file; returns what was found, the formats that were recognised, and the codes of all trouble.
fn survey(name: &str, bytes: &[u8]) -> (Collected, Vec<Format>, BTreeSet<FaultCode>) {
    let origin = Origin { feed: "test", file: name, ecosystem: None };
    let mut sink = Collected::default();
    let mut formats = Vec::new();
    let done = documents(origin, bytes, Limits::default(), &mut |name, bytes| {
        let Some(format) = Format::recognise(name, bytes) else { return Ok(()) };
        formats.push(format);
        decode(format, Origin { file: name, ..origin }, bytes, &mut sink)
    });
    let mut codes: BTreeSet<FaultCode> = sink.faults.iter().map(|f| f.code).collect();
    codes.extend(done.err().map(|f| f.code));
    (sink, formats, codes)
}

/// Files that upstreams' readers made to be refused, and why they are.
const TROUBLE: &[(&str, FaultCode)] = &[
    ("alma/updateinfo/testdata/fixtures/badid/", FaultCode::BadReference),
    ("alma/updateinfo/testdata/fixtures/corruptcrc/", FaultCode::BadArchive),
    ("rocky/updateinfo/testdata/fixtures/corruptcrc/", FaultCode::BadArchive),
    ("openssl/secjson/testdata/fixtures/invalid-id/", FaultCode::BadRecord),
    ("debian/test-fixtures/input/debian.json", FaultCode::BadRecord),
    ("epss/test-fixtures/invalid-header.csv", FaultCode::BadRecord),
];

#[test]
fn upstream_files_import_or_say_why_not() {
    let Some(files) = unpacked(FIXTURES) else { return };
    let mut records: BTreeMap<Format, usize> = BTreeMap::new();
    let mut refused = BTreeSet::new();
    for (name, bytes) in &files {
        if name.contains("/snapshots/") {
            continue;
        }
        let (sink, formats, codes) = survey(name, bytes);
        let known = TROUBLE.iter().find(|(part, _)| name.contains(part) && !codes.is_empty());
        let expected: BTreeSet<FaultCode> = known.iter().map(|(_, code)| *code).collect();
        assert_eq!(codes, expected, "{name}: {:?}", sink.faults);
        refused.extend(known.map(|(part, _)| *part));
        for fault in &sink.faults {
            assert!(!fault.reason.is_empty() && !fault.file.is_empty(), "{fault:?}");
        }
        if let Some(format) = formats.first() {
            *records.entry(*format).or_default() += sink.records.len();
        }
    }
    assert_eq!(refused.len(), TROUBLE.len(), "{refused:?}");
    for format in [
        Format::Osv,
        Format::DebianTracker,
        Format::DebianAdvisories,
        Format::Secdb,
        Format::Csaf,
        Format::OpenVex,
        Format::UpdateInfo,
        Format::Oval,
        Format::UbuntuCves,
        Format::UbuntuNotices,
        Format::Cve5,
        Format::Nvd,
        Format::Kev,
        Format::Epss,
        Format::ExploitDb,
        Format::EndOfLife,
    ] {
        assert!(records.get(&format).is_some_and(|n| *n > 0), "no record of {format:?}: {records:?}");
    }
}

/// What an advisory says about a package, in a few words.
fn said(affected: &Affected) -> String {
    let range = affected.ranges.first();
    let mut out = match (affected.status, range.map(|r| &r.end)) {
        (Status::Affected, Some(End::Fixed(fix))) => format!("fixed {fix}"),
        (Status::Affected, Some(End::Open)) => format!("open {:?}", affected.remedy),
        (status, _) => format!("{status:?}"),
    };
    for more in [&affected.module, &affected.repository].into_iter().flatten() {
        out.push_str(&format!(" {more}"));
    }
    out
}

/// File, advisory, release, package, what is said.
const FACTS: &[(&str, &str, &str, &str, &str)] = &[
    (
        "tracker/api/testdata/fixtures/advisory.json",
        "CVE-2012-0833",
        "debian:11",
        "389-ds-base",
        "NotAffected",
    ),
    (
        "tracker/api/testdata/fixtures/advisory.json",
        "CVE-2016-5405",
        "debian:11",
        "389-ds-base",
        "fixed 1.3.5.15-1",
    ),
    (
        "tracker/api/testdata/fixtures/advisory.json",
        "CVE-2016-5416",
        "debian:11",
        "389-ds-base",
        "open WillNotFix",
    ),
    (
        "tracker/api/testdata/fixtures/advisory.json",
        "CVE-2016-5416",
        "debian:sid",
        "389-ds-base",
        "open None",
    ),
    (
        "security-tracker-master.tar.gz",
        "DSA-5546-1",
        "debian:12",
        "chromium",
        "fixed 119.0.6045.105-1~deb12u1",
    ),
    ("security-tracker-master.tar.gz", "CVE-2023-5849", "debian", "chromium", "fixed 119.0.6045.105-1"),
    ("security-tracker-master.tar.gz", "CVE-2023-5849", "debian:10", "chromium", "open OutOfSupport"),
    ("oval-definitions-bullseye.xml.bz2", "CVE-2016-5405", "debian:11", "389-ds-base", "fixed 1.3.5.15-1"),
    ("RHEL9/rhel-9-including-unpatched.oval.xml.bz2", "CVE-2005-2541", "redhat:9", "tar", "open WillNotFix"),
    ("RHEL9/rhel-9-including-unpatched.oval.xml.bz2", "CVE-2002-0059", "redhat:9", "zlib", "NotAffected"),
    (
        "RHEL9/rhel-9-including-unpatched.oval.xml.bz2",
        "RHSA-2022:4765",
        "redhat:9",
        "firefox",
        "fixed 91.9.1-1.el9_0",
    ),
    ("com.oracle.elsa-all.xml.bz2", "ELSA-2007-0057", "oracle:5", "bind", "fixed 30:9.3.3-8.el5"),
    (
        "com.oracle.elsa-all.xml.bz2",
        "ELSA-2023-12342",
        "oracle:8",
        "hivex",
        "fixed 1.3.18-21.module+el8.7.0+21037+8ee66348 virt:kvm_utils",
    ),
    (
        "oci.com.ubuntu.jammy.cve.oval.xml.bz2",
        "CVE-2023-48795",
        "ubuntu:22.04",
        "openssh-client",
        "fixed 1:8.9p1-3ubuntu0.5",
    ),
    (
        "AppStream/x86_64/os/repodata/cccc125",
        "ALSA-2023:7549",
        "almalinux:9",
        "nodejs",
        "fixed 1:18.18.2-1.el9",
    ),
    (
        "amazon/testdata/fixtures/updateinfo_2.xml.gz",
        "ALAS2-2018-939",
        "amazon:2",
        "kernel",
        "fixed 4.9.76-38.79.amzn2",
    ),
    ("secdb/testdata/fixtures/edge/main.json", "CVE-2021-30473", "alpine:edge", "aom", "fixed 3.1.1-r0"),
    (
        "ubuntu/cve/testdata/fixtures/happy/0_1.json",
        "CVE-2025-27556",
        "ubuntu:22.04",
        "python-django",
        "NotAffected",
    ),
    (
        "UBUNTU-CVE-2021-3782.json",
        "UBUNTU-CVE-2021-3782",
        "ubuntu:16.04+esm",
        "wayland",
        "fixed 1.12.0-1~ubuntu16.04.3+esm1",
    ),
    (
        "claircore/rhel/vex/testdata/cve-2023-4154.json",
        "CVE-2023-4154",
        "redhat:8",
        "samba-libs",
        "NotAffected",
    ),
];

fn advisories<'a>(sink: &'a Collected, id: &'a str) -> impl Iterator<Item = &'a Advisory> {
    sink.records.iter().filter_map(move |r| match r {
        Record::Advisory(a) if a.id == id => Some(a),
        _ => None,
    })
}

#[test]
fn formats_mean_what_their_documents_say() {
    let Some(files) = unpacked(FIXTURES) else { return };
    let mut wrong = Vec::new();
    for (file, id, release, package, expected) in FACTS {
        let (name, bytes) = files.iter().find(|(name, _)| name.contains(file)).expect("the file is there");
        let (sink, ..) = survey(name, bytes);
        let found: BTreeSet<String> = advisories(&sink, id)
            .flat_map(|a| &a.affected)
            .filter(|a| a.package == *package && a.ecosystem.to_string() == *release)
            .map(said)
            .collect();
        if !found.contains(*expected) {
            wrong.push(format!("{file} {id} {release} {package}: expected {expected}, found {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_withdrawn_says_so() {
    let Some(files) = unpacked(FIXTURES) else { return };
    for (file, id) in [
        ("UBUNTU-CVE-2014-2901.json", "UBUNTU-CVE-2014-2901"),
        ("delete_CVE-2023-0030.json", "CVE-2023-0030"),
    ] {
        let (name, bytes) = files.iter().find(|(name, _)| name.contains(file)).expect("the file is there");
        let (sink, ..) = survey(name, bytes);
        assert!(advisories(&sink, id).any(Advisory::is_withdrawn), "{id}");
    }
}

#[test]
fn whole_exports_are_read() {
    for (file, format, least) in [
        ("feeds/osv-Go.all.zip", Format::Osv, 2800),
        ("feeds/osv-Rust.all.zip", Format::Osv, 700),
        ("feeds/osv-PyPI.all.zip", Format::Osv, 1700),
        ("feeds/osv-AlmaLinux-9.all.zip", Format::Osv, 500),
        ("feeds/osv-mixed-from-fixtures.all.zip", Format::Osv, 300),
        ("feeds/vulnrichment-cve5.sample.zip", Format::Cve5, 3000),
        ("feeds/epss/epss_scores-2026-08-16.csv.gz", Format::Epss, 300_000),
        ("feeds/kev/known_exploited_vulnerabilities.json", Format::Kev, 1300),
        ("feeds/exploitdb-gpl2/cveToEdbid.json.gz", Format::ExploitMap, 24_000),
        ("feeds/debian-security-tracker.derived.json.gz", Format::DebianTracker, 7000),
        ("feeds/eol/ubuntu.csv", Format::DistroInfo, 30),
    ] {
        let Some(path) = crate::data::shared(file) else { return };
        let bytes = std::fs::read(path).expect("the test data can be read");
        let (sink, formats, codes) = survey(file, &bytes);
        assert!(formats.iter().all(|f| *f == format), "{file}");
        // Some of Exploit-DB's keys are no ids (`CVE-cve 2014-1`), and are named as faults.
        let odd = format == Format::ExploitMap && codes.iter().all(|c| *c == FaultCode::BadRecord);
        assert!(codes.is_empty() || odd, "{file}: {:?}", &sink.faults[..sink.faults.len().min(3)]);
        assert!(sink.records.len() >= least, "{file}: only {} records", sink.records.len());
    }
}

#[test]
fn bounds_hold() {
    let origin = Origin { feed: "test", file: "bomb.gz", ecosystem: None };
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut packed, &vec![b' '; 1 << 20]).expect("packing");
    let packed = packed.finish().expect("packing");
    let limits = Limits { document: 1 << 16, ..Limits::default() };
    let bounded = documents(origin, &packed, limits, &mut |_, _| Ok(())).map_err(|f| f.code);
    assert_eq!(bounded, Err(FaultCode::TooLarge));
    let code =
        |bytes: &[u8]| documents(origin, bytes, Limits::default(), &mut |_, _| Ok(())).map_err(|f| f.code);
    assert_eq!(code(&packed[..packed.len() / 2]), Err(FaultCode::BadArchive));
    // An archive without a file in it is never taken for a feed that says nothing.
    assert_eq!(code(b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), Err(FaultCode::BadArchive));
    assert_eq!(code(b"PK\x03\x04 cut off"), Err(FaultCode::BadArchive));
}
