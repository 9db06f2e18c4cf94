//! OpenVEX, as Ubuntu publishes it: products are package URLs with their release.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::common::{DESCRIPTION, SUMMARY, cut, instant, is_cve, unique};
use super::stream::{lenient, whole};
use super::{Fault, FaultCode, Origin, Sink};
use crate::ecosystem::{Ecosystem, release_of_codename};
use crate::model::{Advisory, Affected, Named, Range, Record, Remedy, Status};
use crate::purl::{Purl, PurlError};

#[derive(Deserialize)]
struct Document {
    #[serde(flatten)]
    head: Head,
    /// Where the head stood at first.
    metadata: Option<Head>,
    statements: Vec<Statement>,
}

#[derive(Deserialize)]
struct Head {
    #[serde(rename = "@id", default)]
    id: String,
    #[serde(default, deserialize_with = "lenient")]
    timestamp: String,
}

#[derive(Deserialize)]
struct Statement {
    vulnerability: Vulnerability,
    #[serde(default, deserialize_with = "lenient")]
    timestamp: String,
    #[serde(default, deserialize_with = "lenient")]
    products: Vec<Product>,
    status: String,
    #[serde(default, deserialize_with = "lenient")]
    justification: String,
    #[serde(default, deserialize_with = "lenient")]
    status_notes: String,
    #[serde(default, deserialize_with = "lenient")]
    action_statement: String,
}

#[derive(Deserialize)]
struct Vulnerability {
    #[serde(default)]
    name: String,
    #[serde(rename = "@id", default)]
    id: String,
    #[serde(default, deserialize_with = "lenient")]
    description: String,
    #[serde(default, deserialize_with = "lenient")]
    aliases: Vec<String>,
}

#[derive(Deserialize)]
struct Product {
    #[serde(rename = "@id")]
    id: String,
}

/// A package of a release: ecosystem, name, whether it is the source, version.
type Key = (Ecosystem, String, bool, String);

pub(super) fn decode(origin: Origin<'_>, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), Fault> {
    let document: Document = whole(origin, bytes)?;
    let head = document.metadata.unwrap_or(document.head);
    for (number, statement) in document.statements.iter().enumerate() {
        let vulnerability = &statement.vulnerability;
        let name = if vulnerability.name.is_empty() {
            vulnerability.id.rsplit('/').next().unwrap_or_default()
        } else {
            &vulnerability.name
        };
        if name.is_empty() {
            let record = format!("{} statement {number}", head.id);
            sink.fault(origin.fault(&record, FaultCode::BadRecord, "its vulnerability has no name"));
            continue;
        }
        let mut products: BTreeMap<Key, BTreeSet<String>> = BTreeMap::new();
        let mut unknown = 0_u64;
        for product in &statement.products {
            match key(&product.id) {
                Ok(Some((key, architecture))) => products.entry(key).or_default().extend(architecture),
                // What is built from a source may stand without the release, which the source has.
                Ok(None) => {}
                Err(_) => unknown += 1,
            }
        }
        if unknown > 0 {
            let reason = format!("{unknown} products are no packages of a distribution");
            sink.fault(origin.fault(name, FaultCode::BadReference, reason));
        }
        let notices = vulnerability
            .aliases
            .iter()
            .filter_map(|a| a.rsplit('/').next())
            .filter(|a| a.starts_with("USN-"));
        let notices = unique(notices.map(str::to_owned).collect());
        let affected =
            products.into_iter().map(|(key, archs)| one(statement, &notices, key, archs)).collect();
        sink.record(Record::Advisory(Advisory {
            id: name.to_owned(),
            source: origin.feed.to_owned(),
            covers: covers(name, &vulnerability.aliases),
            summary: cut(&cut(&vulnerability.description, DESCRIPTION), SUMMARY),
            references: vulnerability
                .aliases
                .iter()
                .filter(|a| a.starts_with("http"))
                .take(8)
                .cloned()
                .collect(),
            published: instant(&statement.timestamp),
            modified: instant(&head.timestamp),
            affected,
            ..Advisory::default()
        }));
    }
    Ok(())
}

/// A notice is about the CVEs that it has as aliases.
fn covers(name: &str, aliases: &[String]) -> Vec<String> {
    let cves = unique(aliases.iter().filter(|a| is_cve(a)).cloned().collect());
    if is_cve(name) || cves.is_empty() { vec![name.to_owned()] } else { cves }
}

/// What a product's package URL names, and its architecture.
fn key(id: &str) -> Result<Option<(Key, Option<String>)>, PurlError> {
    let purl = Purl::parse(id)?;
    if purl.kind != "deb" && purl.kind != "rpm" && purl.kind != "apk" {
        return Err(PurlError("of no distribution"));
    }
    let Some(distro) = purl.qualifiers.get("distro") else { return Ok(None) };
    // `esm-infra/xenial` and `trusty/esm` are channels of a release.
    let (codename, channel) = match distro.split_once('/') {
        Some((a, b)) if release_of_codename(&purl.namespace, a).is_some() => (a, b),
        Some((a, b)) => (b, a),
        None => (distro.as_str(), ""),
    };
    let channel = if channel.starts_with("esm") { "esm" } else { channel };
    let release = release_of_codename(&purl.namespace, codename).unwrap_or(codename);
    let ecosystem = Ecosystem::of_host(&purl.namespace, release).with_channel(channel);
    let architecture = purl.qualifiers.get("arch").cloned().unwrap_or_default();
    let source = architecture == "source" || architecture == "src";
    let own = !source && !architecture.is_empty() && architecture != "all";
    Ok(Some(((ecosystem, purl.name, source, purl.version), own.then_some(architecture))))
}

fn one(statement: &Statement, notices: &[String], key: Key, architectures: BTreeSet<String>) -> Affected {
    let (ecosystem, package, source, version) = key;
    let (status, ranges, remedy) = match statement.status.as_str() {
        "fixed" if !version.is_empty() => {
            (Status::Affected, vec![Range::before_fix(&version)], Remedy::Update)
        }
        "affected" => (Status::Affected, vec![Range::all()], Remedy::None),
        "not_affected" => (Status::NotAffected, Vec::new(), Remedy::Update),
        "under_investigation" => (Status::UnderInvestigation, Vec::new(), Remedy::None),
        _ => (Status::Undetermined, Vec::new(), Remedy::None),
    };
    let reasons = [&statement.justification, &statement.status_notes, &statement.action_statement];
    Affected {
        ecosystem,
        package,
        named: if source { Named::Source } else { Named::Binary },
        status,
        ranges,
        remedy,
        reason: cut(reasons.into_iter().find(|r| !r.is_empty()).map_or("", String::as_str), 200),
        architectures: architectures.into_iter().collect(),
        vendor_ids: notices.to_vec(),
        ..Affected::default()
    }
}
