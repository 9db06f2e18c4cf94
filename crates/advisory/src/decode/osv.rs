//! OSV records (ossf/osv-schema 1.x).

use serde::Deserialize;
use serde_json::Value;

use super::common::{REFERENCES, SUMMARY, cut, instant, is_cve, push_vector, push_word, unique};
use super::stream::{lenient, whole};
use super::{Fault, FaultCode, Origin, Sink};
use crate::ecosystem::Ecosystem;
use crate::model::{Advisory, Affected, End, Named, Range, Record, Status};
use crate::version::Scheme;

/// Errata about many vulnerabilities: older records name those as related only.
const ERRATA: [&str; 15] = [
    "ALSA-",
    "ALBA-",
    "ALEA-",
    "RLSA-",
    "RXSA-",
    "RLBA-",
    "RHSA-",
    "RHBA-",
    "RHEA-",
    "SUSE-",
    "openSUSE-",
    "USN-",
    "DSA-",
    "DLA-",
    "DTSA-",
];

#[derive(Deserialize)]
struct Osv {
    id: String,
    #[serde(default, deserialize_with = "lenient")]
    aliases: Vec<String>,
    #[serde(default, deserialize_with = "lenient")]
    upstream: Vec<String>,
    #[serde(default, deserialize_with = "lenient")]
    related: Vec<String>,
    #[serde(default, deserialize_with = "lenient")]
    summary: String,
    #[serde(default, deserialize_with = "lenient")]
    details: String,
    #[serde(default, deserialize_with = "lenient")]
    published: String,
    #[serde(default, deserialize_with = "lenient")]
    modified: String,
    #[serde(default, deserialize_with = "lenient")]
    withdrawn: String,
    #[serde(default, deserialize_with = "lenient")]
    severity: Vec<OsvSeverity>,
    #[serde(default, deserialize_with = "lenient")]
    references: Vec<Reference>,
    #[serde(default, deserialize_with = "lenient")]
    affected: Vec<OsvAffected>,
    #[serde(default)]
    database_specific: Value,
}

#[derive(Deserialize)]
struct OsvSeverity {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    score: String,
}

#[derive(Deserialize)]
struct Reference {
    #[serde(default)]
    url: String,
}

#[derive(Deserialize)]
struct OsvAffected {
    package: Option<Package>,
    #[serde(default, deserialize_with = "lenient")]
    ranges: Vec<OsvRange>,
    #[serde(default, deserialize_with = "lenient")]
    versions: Vec<String>,
    #[serde(default, deserialize_with = "lenient")]
    severity: Vec<OsvSeverity>,
    #[serde(default)]
    ecosystem_specific: Value,
    #[serde(default)]
    database_specific: Value,
}

#[derive(Deserialize)]
struct Package {
    #[serde(default)]
    ecosystem: String,
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct OsvRange {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default, deserialize_with = "lenient")]
    events: Vec<Event>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Event {
    Introduced(String),
    Fixed(String),
    LastAffected(String),
    Limit(String),
}

pub(super) fn decode(origin: Origin<'_>, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), Fault> {
    // An API's page holds them in a list.
    if bytes.trim_ascii_start().starts_with(b"[") {
        super::stream::elements(
            origin,
            bytes,
            &[],
            &[],
            &mut |number, value| match serde_json::from_value::<Osv>(value) {
                Ok(osv) => sink.record(Record::Advisory(advisory(origin, osv))),
                Err(e) => sink.fault(origin.fault(number, FaultCode::BadRecord, e)),
            },
        )?;
        return Ok(());
    }
    let osv: Osv = whole(origin, bytes)?;
    if osv.id.is_empty() {
        return Err(origin.fault("", FaultCode::BadRecord, "its id is empty"));
    }
    sink.record(Record::Advisory(advisory(origin, osv)));
    Ok(())
}

fn advisory(origin: Origin<'_>, osv: Osv) -> Advisory {
    let erratum = ERRATA.iter().any(|p| osv.id.starts_with(p));
    let mut severities = Vec::new();
    for s in osv.severity.iter().chain(osv.affected.iter().flat_map(|a| &a.severity)) {
        push_vector(&mut severities, origin.feed, &s.score);
        if s.kind == "Ubuntu" {
            push_word(&mut severities, "ubuntu", &s.score);
        }
    }
    if let Some(word) = osv.database_specific["severity"].as_str() {
        push_word(&mut severities, origin.feed, word);
    }
    let weaknesses =
        ["cwe_ids", "cwes"].iter().filter_map(|k| osv.database_specific[*k].as_array()).flatten();
    let weaknesses = weaknesses.filter_map(|c| c.as_str().or_else(|| c["cweId"].as_str()).map(str::to_owned));
    Advisory {
        covers: covers(&osv, erratum),
        source: origin.feed.to_owned(),
        summary: cut(if osv.summary.is_empty() { &osv.details } else { &osv.summary }, SUMMARY),
        severities,
        weaknesses: unique(weaknesses.collect()),
        references: osv
            .references
            .into_iter()
            .map(|r| r.url)
            .filter(|u| !u.is_empty())
            .take(REFERENCES)
            .collect(),
        published: instant(&osv.published),
        modified: instant(&osv.modified),
        withdrawn: if osv.withdrawn.is_empty() { None } else { instant(&osv.withdrawn) },
        affected: osv.affected.into_iter().flat_map(affected).collect(),
        aliases: unique(osv.aliases),
        id: osv.id,
    }
}

/// The vulnerabilities that a record is about.
fn covers(osv: &Osv, erratum: bool) -> Vec<String> {
    let related: &[String] = if erratum { &osv.related } else { &[] };
    let named = osv.aliases.iter().chain(&osv.upstream).chain(related);
    let own = std::iter::once(&osv.id);
    let of = |id: &String| {
        // `UBUNTU-CVE-2021-3782` and the like are the CVE in a distribution.
        let at = id.find("CVE-").unwrap_or(0);
        id[at..].to_owned()
    };
    let cves = unique(named.chain(own.clone()).map(of).filter(|id| is_cve(id)).collect());
    if cves.is_empty() { own.cloned().collect() } else { cves }
}

fn affected(from: OsvAffected) -> Vec<Affected> {
    // What has no ecosystem is known by its commits only.
    let Some(package) = from.package.filter(|p| !p.ecosystem.is_empty() && !p.name.is_empty()) else {
        return Vec::new();
    };
    let ecosystem = Ecosystem::of_osv(&package.ecosystem);
    let ranges = from.ranges.iter().flat_map(|r| ranges(r, &ecosystem)).collect();
    let module = from.ecosystem_specific["module"].as_str().or(from.database_specific["module"].as_str());
    let mut base = Affected {
        named: named(&ecosystem),
        module: module.map(str::to_owned),
        package: package.name,
        ranges,
        versions: from.versions,
        status: Status::Affected,
        urgency: from.ecosystem_specific["urgency"].as_str().map(str::to_owned),
        ecosystem,
        ..Affected::default()
    };
    if base.ranges.is_empty() && base.versions.is_empty() {
        // Only ranges of commits, or none at all: no version can be told from them.
        base.status = Status::Undetermined;
    }
    // SUSE lists what is built from the source, each with its own version.
    let built = from.ecosystem_specific["binaries"].as_array().into_iter().flatten();
    let built = built.filter_map(Value::as_object).flatten().filter_map(|(name, version)| {
        Some(Affected {
            package: name.clone(),
            named: Named::Binary,
            ranges: vec![Range::before_fix(version.as_str()?)],
            versions: Vec::new(),
            ..base.clone()
        })
    });
    let mut out: Vec<Affected> =
        if base.ecosystem.scheme() == Some(Scheme::Rpm) { built.collect() } else { Vec::new() };
    if out.is_empty() {
        out.push(base);
    }
    out
}

fn named(ecosystem: &Ecosystem) -> Named {
    match ecosystem.family() {
        "debian" | "ubuntu" | "alpine" | "wolfi" | "chainguard" | "suse" | "opensuse" => Named::Source,
        "almalinux" | "rocky" | "redhat" => Named::Binary,
        _ => Named::Either,
    }
}

/// Events, whatever their order, as ranges.
fn ranges(range: &OsvRange, ecosystem: &Ecosystem) -> Vec<Range> {
    let scheme = match range.kind.as_str() {
        "SEMVER" if ecosystem.scheme() != Some(Scheme::Go) => Scheme::SemVer,
        "SEMVER" | "ECOSYSTEM" => match ecosystem.scheme() {
            Some(scheme) => scheme,
            None => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    let mut events: Vec<&Event> = range.events.iter().filter(|e| !matches!(e, Event::Limit(_))).collect();
    let version = |e: &Event| match e {
        Event::Introduced(v) | Event::Fixed(v) | Event::LastAffected(v) | Event::Limit(v) => v.clone(),
    };
    events.sort_by(|a, b| {
        let (x, y) = (version(a), version(b));
        match (x == "0", y == "0") {
            (false, false) => scheme.compare(&x, &y).unwrap_or(std::cmp::Ordering::Equal),
            (x, y) => y.cmp(&x),
        }
    });
    let mut out = Vec::new();
    let mut open: Option<String> = None;
    for event in events {
        match (event, open.take()) {
            (Event::Introduced(v), None) => open = Some(if v == "0" { String::new() } else { v.clone() }),
            (Event::Introduced(_), already) => open = already,
            (Event::Fixed(v), Some(from)) => out.push(Range { from, end: End::Fixed(v.clone()) }),
            (Event::LastAffected(v), Some(from)) => out.push(Range { from, end: End::Last(v.clone()) }),
            (_, already) => open = already,
        }
    }
    if let Some(from) = open {
        out.push(Range { from, end: End::Open });
    }
    out
}
