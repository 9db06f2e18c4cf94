//! Trivy's integration tests: its database, whole inventories, its findings.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use palisade_advisory::{Advisory, Affected, Ecosystem, End, Named, Purl, Range, Remedy, Status};
use palisade_vuln::{Component, Index};
use serde_json::Value;

use crate::data::{lines, of, shared};
use crate::yaml;

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().trim().to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|v| v.as_str().map(str::to_owned)).collect()
}

/// Every advisory of the databases.
fn advisories() -> Option<Vec<Advisory>> {
    let mut out = Vec::new();
    let mut cpes: BTreeMap<String, String> = BTreeMap::new();
    let mut documents = Vec::new();
    for entry in std::fs::read_dir(shared("golden/trivy/db")?).expect("a folder") {
        let path = entry.expect("an entry").path();
        let document = yaml::read(&std::fs::read_to_string(&path).expect("text"));
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        if name == "cpe" {
            for bucket in document[0]["pairs"].as_array().expect("buckets") {
                if bucket["bucket"] == "cpe" {
                    for pair in bucket["pairs"].as_array().expect("pairs") {
                        cpes.insert(text(pair, "key"), text(pair, "value"));
                    }
                }
            }
        } else if name != "vulnerability" && name != "data-source" {
            documents.push(document);
        }
    }
    for top in documents.iter().flat_map(|d| d.as_array().into_iter().flatten()) {
        let bucket = text(top, "bucket");
        for package in top["pairs"].as_array().into_iter().flatten() {
            for pair in package["pairs"].as_array().into_iter().flatten() {
                out.extend(advisory(&bucket, &text(package, "bucket"), pair, &cpes));
            }
        }
    }
    Some(out)
}

fn advisory(bucket: &str, package: &str, pair: &Value, cpes: &BTreeMap<String, String>) -> Vec<Advisory> {
    let (id, value) = (text(pair, "key"), &pair["value"]);
    let make = |covers: Vec<String>, affected: Vec<Affected>| Advisory {
        id: id.clone(),
        source: bucket.to_owned(),
        covers,
        affected,
        ..Advisory::default()
    };
    if let Some((registry, _)) = bucket.split_once("::") {
        let ecosystem = Ecosystem::of_osv(registry);
        let affected = Affected {
            ecosystem,
            package: package.to_owned(),
            ranges: ranges(&texts(&value["VulnerableVersions"]), &texts(&value["PatchedVersions"])),
            ..Affected::default()
        };
        return vec![make(vec![id.clone()], vec![affected])];
    }
    let entries = match value["Entries"].as_array() {
        Some(entries) => entries.clone(),
        None => vec![value.clone()],
    };
    let (ecosystem, named) = release(bucket);
    let mut out = Vec::new();
    for entry in entries {
        let affected: Vec<Affected> = ecosystems(&entry, ecosystem.clone(), cpes)
            .into_iter()
            .map(|ecosystem| os(ecosystem, package, named, &entry))
            .collect();
        let cves: Vec<String> = entry["Cves"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|c| text(c, "ID"))
            .filter(|c| !c.is_empty())
            .collect();
        out.push(make(if cves.is_empty() { vec![id.clone()] } else { cves }, affected));
    }
    out
}

fn ecosystems(entry: &Value, own: Ecosystem, cpes: &BTreeMap<String, String>) -> Vec<Ecosystem> {
    if own.family() != "redhat" {
        return vec![own];
    }
    texts(&entry["Affected"]).iter().filter_map(|n| Ecosystem::of_cpe(cpes.get(n)?)).collect()
}

fn release(bucket: &str) -> (Ecosystem, Named) {
    let word = |at: usize| bucket.split(' ').nth(at).unwrap_or_default();
    match word(0) {
        "debian" | "ubuntu" | "alpine" => (Ecosystem::of_host(word(0), word(1)), Named::Source),
        "alma" | "rocky" => (Ecosystem::of_host(word(0), word(1)), Named::Binary),
        "amazon" => (Ecosystem::of_host("amzn", word(2)), Named::Binary),
        "Oracle" => (Ecosystem::of_host("ol", word(2)), Named::Binary),
        "Photon" => (Ecosystem::of_host("photon", word(2)), Named::Source),
        "CBL-Mariner" => (Ecosystem::of_host("mariner", word(1)), Named::Source),
        "Red" => (Ecosystem::new("redhat", "", ""), Named::Binary),
        "SUSE" if word(3) == "Micro" => (Ecosystem::new("suse-micro", word(4), ""), Named::Binary),
        "SUSE" => (Ecosystem::new("suse", &word(3).replace("-SP", "."), ""), Named::Binary),
        "openSUSE" if word(1) == "Leap" => (Ecosystem::new("opensuse", word(2), ""), Named::Binary),
        "openSUSE" => (Ecosystem::new("opensuse", "tumbleweed", ""), Named::Binary),
        other => panic!("a bucket that is not known: {other}"),
    }
}

fn os(ecosystem: Ecosystem, package: &str, named: Named, entry: &Value) -> Affected {
    let fixed = text(entry, "FixedVersion");
    let (status, remedy) = match (text(entry, "Status").as_str(), text(entry, "State").as_str()) {
        ("1", _) => (Status::NotAffected, Remedy::Update),
        ("4", _) => (Status::UnderInvestigation, Remedy::Update),
        ("5", _) => (Status::Affected, Remedy::WillNotFix),
        ("6", _) | (_, "postponed") => (Status::Affected, Remedy::Deferred),
        ("7", _) => (Status::Affected, Remedy::OutOfSupport),
        _ => (Status::Affected, Remedy::Update),
    };
    Affected {
        ecosystem,
        package: package.to_owned(),
        named,
        status,
        remedy,
        ranges: vec![if fixed.is_empty() { Range::all() } else { Range::before_fix(&fixed) }],
        architectures: texts(&entry["Arches"]),
        ..Affected::default()
    }
}

/// `>= 3.0.0, <= 3.2.22.4`, `[2.9.0,2.9.10.7)`; where there are only patched versions, all others.
fn ranges(vulnerable: &[String], patched: &[String]) -> Vec<Range> {
    if vulnerable.is_empty() {
        let mut bounds: Vec<(String, String)> = patched.iter().map(|p| bounds(p)).collect();
        bounds.sort();
        let mut from = String::new();
        let mut out = Vec::new();
        for (low, high) in bounds {
            out.push(Range { from: std::mem::replace(&mut from, high), end: End::Fixed(low) });
        }
        return out;
    }
    let of = |v: &String| match range(v) {
        // A bound that is not among the patched versions is the end of the range, and no fix.
        Range { from, end: End::Fixed(to) } if !patched.contains(&to) => Range { from, end: End::Before(to) },
        range => range,
    };
    vulnerable.iter().map(of).collect()
}

fn bounds(text: &str) -> (String, String) {
    let range = range(text);
    let high = match range.end {
        End::Fixed(to) | End::Last(to) | End::Before(to) => to,
        End::Open => String::new(),
    };
    (range.from, high)
}

fn range(text: &str) -> Range {
    let mut out = Range::all();
    if let Some(inner) = text.strip_prefix('[') {
        let (from, to) = inner.trim_end_matches(')').split_once(',').expect("two bounds");
        return Range { from: from.to_owned(), end: End::Fixed(to.to_owned()) };
    }
    for part in text.split(',').map(str::trim) {
        let at = part.find(|c: char| c.is_ascii_alphanumeric()).expect("a version");
        let version = part[at..].to_owned();
        match part[..at].trim() {
            ">=" => out.from = version,
            "<" => out.end = End::Fixed(version),
            "<=" => out.end = End::Last(version),
            other => panic!("an operator that is not known: {other}"),
        }
    }
    out
}

fn inventory(name: &str) -> Option<Vec<Value>> {
    let bytes =
        std::fs::read(shared(&format!("golden/trivy/inventories/{name}.json.gz"))?).expect("readable");
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).expect("text");
    serde_json::from_str(&text).ok()
}

fn version(package: &Value, prefix: &str) -> String {
    let part = |key: &str| match &package[format!("{prefix}{key}")] {
        Value::String(text) => text.clone(),
        Value::Number(n) if n.as_u64() != Some(0) => n.to_string(),
        _ => String::new(),
    };
    let (epoch, version, release) = (part("Epoch"), part("Version"), part("Release"));
    let mut out = if epoch.is_empty() { version } else { format!("{epoch}:{version}") };
    if !release.is_empty() {
        out = format!("{out}-{release}");
    }
    out
}

fn of_inventory(ecosystem: &Ecosystem, package: &Value) -> Component {
    Component {
        ecosystem: ecosystem.clone(),
        name: text(package, "Name"),
        version: version(package, ""),
        source: text(package, "SrcName"),
        source_version: version(package, "Src"),
        arch: text(package, "Arch"),
        module: text(package, "Modularitylabel"),
        ..Component::default()
    }
}

/// Source packages that the findings' package URLs do not tell.
const SOURCES: [(&str, &str); 7] = [
    ("libcrypto1.1", "openssl"),
    ("libssl1.1", "openssl"),
    ("musl-utils", "musl"),
    ("libidn2-0", "libidn2"),
    ("libcom-err2", "e2fsprogs"),
    ("libext2fs2", "e2fsprogs"),
    ("libss2", "e2fsprogs"),
];

fn of_row(row: &Value) -> Component {
    let purl = Purl::parse(row["purl"].as_str().expect("a package URL")).expect("a package URL");
    let family = text(&row["os"], "Family");
    let release = text(&row["os"], "Name").trim_start_matches("AMI release ").to_owned();
    let name = text(row, "pkg");
    let (ecosystem, name) = match purl.kind.as_str() {
        // Its release number is 3.16; the repositories that it names are those of edge.
        "apk" if text(row, "case") == "alpine-distroless" => (Ecosystem::of_host(&family, "edge"), name),
        "deb" | "rpm" | "apk" => (Ecosystem::of_host(&family, &release), name),
        "golang" => (Ecosystem::of_osv("Go"), name.to_lowercase()),
        "k8s" => (Ecosystem::of_osv("k8s"), name),
        "pypi" | "nuget" => (Ecosystem::of_osv(&purl.kind), name.to_lowercase()),
        "composer" => (Ecosystem::of_osv("composer"), name),
        other => (Ecosystem::of_osv(other), name),
    };
    let source = SOURCES.iter().find(|(binary, _)| *binary == name).map_or("", |(_, source)| source);
    Component {
        ecosystem,
        version: text(row, "installed"),
        source: source.to_owned(),
        arch: purl.qualifiers.get("arch").cloned().unwrap_or_default(),
        name,
        ..Component::default()
    }
}

/// Each finding with its fix; of each package that has one, none more than Trivy's.
#[test]
fn findings_of_trivy() {
    let (Some(advisories), Some(rows)) = (advisories(), lines("golden/trivy/results.jsonl")) else { return };
    let index = of(advisories);
    let mut expected: BTreeMap<(String, Component), BTreeMap<String, String>> = BTreeMap::new();
    for row in &rows {
        let case = format!("{} {}", text(row, "case"), text(row, "target"));
        let findings = expected.entry((case, of_row(row))).or_default();
        findings.insert(text(row, "vuln"), text(row, "fixed"));
    }
    let mut wrong = Vec::new();
    let mut right = 0;
    for ((case, component), findings) in &expected {
        let assessment = index.matches(component);
        let ours: BTreeMap<&str, &str> = assessment
            .hits
            .iter()
            .map(|h| (index.vulnerability(h), index.fix(h).unwrap_or_default()))
            .collect();
        let (own, theirs): (BTreeSet<&str>, BTreeSet<&str>) =
            (ours.keys().copied().collect(), findings.keys().map(String::as_str).collect());
        if own != theirs {
            wrong.push(format!("{case} {} {}: {own:?} for {theirs:?}", component.name, component.version));
        }
        for (vulnerability, fix) in &ours {
            // Trivy names all patched versions; ours is the one of the range, if one is said to be a fix.
            let theirs = findings.get(*vulnerability).map(String::as_str).unwrap_or_default();
            if fix.is_empty() || theirs.contains(fix.trim_start_matches("0:")) {
                right += 1;
            } else {
                wrong.push(format!("{case} {vulnerability}: fix {fix} for {theirs}"));
            }
        }
    }
    println!("{right} of {} findings of {} packages", rows.len(), expected.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(right, rows.len());
}

fn all(index: &Index, name: &str, ecosystem: &str) -> BTreeSet<(String, String)> {
    let ecosystem = Ecosystem::parse(ecosystem);
    let packages = inventory(name).unwrap_or_default();
    let mut out = BTreeSet::new();
    for package in &packages {
        let component = of_inventory(&ecosystem, package);
        for hit in index.matches(&component).hits {
            out.insert((component.name.clone(), index.vulnerability(&hit).to_owned()));
        }
    }
    println!("{name}: {} packages, {} findings", packages.len(), out.len());
    out
}

/// Whole inventories: exactly what Trivy finds in the image of that name, where the pack has its answer, and for
/// the others what their database says, worked out by hand from its 29 files.
#[test]
fn whole_inventories() {
    let Some(advisories) = advisories() else { return };
    let index = of(advisories);
    for (name, ecosystem, expected) in [
        ("debian-buster", "debian:10", &[("bash", "CVE-2019-18276"), ("libidn2-0", "CVE-2019-18224")][..]),
        ("opensuse-tumbleweed", "opensuse:tumbleweed", &[("libopenssl3", "openSUSE-SU-2024:13065-1")]),
        (
            "ubuntu-18.04",
            "ubuntu:18.04",
            &[
                ("bash", "CVE-2019-18276"),
                ("e2fsprogs", "CVE-2019-5094"),
                ("libcom-err2", "CVE-2019-5094"),
                ("libext2fs2", "CVE-2019-5094"),
                ("libss2", "CVE-2019-5094"),
            ],
        ),
        ("fedora-35", "fedora:35", &[]),
        (
            "alpine-310",
            "alpine:3.10",
            &[
                ("libcrypto1.1", "CVE-2019-1549"),
                ("libcrypto1.1", "CVE-2019-1551"),
                ("libssl1.1", "CVE-2019-1549"),
                ("libssl1.1", "CVE-2019-1551"),
            ],
        ),
        ("amazon-2", "amazon:2", &[("curl", "CVE-2019-5436"), ("curl", "CVE-2019-5481")]),
        ("centos-6", "redhat:6", &[("glibc", "CVE-2020-29573"), ("openssl", "CVE-2019-1559")]),
        (
            "gcr.io-distroless-base-latest",
            "debian:9",
            &[
                ("libssl1.1", "CVE-2019-1551"),
                ("libssl1.1", "CVE-2019-1563"),
                ("openssl", "CVE-2019-1551"),
                ("openssl", "CVE-2019-1563"),
            ],
        ),
        (
            "opensuse-leap-151",
            "opensuse:15.1",
            &[("libopenssl1_1", "openSUSE-SU-2020:0062-1"), ("openssl-1_1", "openSUSE-SU-2020:0062-1")],
        ),
        ("oraclelinux-8-slim", "oracle:8", &[("curl", "CVE-2019-3823"), ("curl", "CVE-2019-5436")]),
        (
            "photon-30",
            "photon:3.0",
            &[("bash", "CVE-2019-18276"), ("curl", "CVE-2019-5481"), ("curl-libs", "CVE-2019-5481")],
        ),
        (
            "suse-15.3_ndb",
            "suse:15.3",
            &[("libopenssl1_1", "SUSE-SU-2022:2251-1"), ("openssl-1_1", "SUSE-SU-2022:2251-1")],
        ),
        ("ubi-7", "redhat:7", &[("bash", "CVE-2019-18276")]),
        ("vulnimage", "alpine:3.7", &[]),
    ] {
        if shared("golden/trivy/inventories").is_none() {
            return;
        }
        let expected: BTreeSet<(String, String)> =
            expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        assert_eq!(all(&index, name, ecosystem), expected, "{name}");
    }
}
