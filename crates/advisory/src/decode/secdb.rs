//! Alpine's secdb: for each source package, which version fixed what.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::common::{cut, is_cve};
use super::stream::{elements, lenient};
use super::{Fault, FaultCode, Origin, Sink};
use crate::ecosystem::Ecosystem;
use crate::model::{Advisory, Affected, Named, Range, Record, Status};

#[derive(Deserialize)]
struct Entry {
    pkg: Package,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    #[serde(default, deserialize_with = "lenient")]
    secfixes: BTreeMap<String, Option<Vec<String>>>,
}

pub(super) fn decode(origin: Origin<'_>, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), Fault> {
    // The head may stand after the packages, so they wait for it.
    let mut packages = Vec::new();
    let head =
        elements(origin, bytes, &["packages"], &["distroversion", "urlprefix"], &mut |number, value| {
            match serde_json::from_value::<Entry>(value) {
                Ok(entry) => packages.push(entry.pkg),
                Err(e) => sink.fault(origin.fault(number, FaultCode::BadRecord, e)),
            }
        })?;
    let text = |key: &str| head.get(key).and_then(|v| v.as_str()).unwrap_or_default();
    let ecosystem = match (text("distroversion"), text("urlprefix")) {
        (version, _) if !version.is_empty() => Ecosystem::of_host("alpine", version.trim_start_matches('v')),
        (_, url) if url.contains("wolfi") => Ecosystem::new("wolfi", "", ""),
        (_, url) if url.contains("chainguard") || url.contains("cgr.dev") => {
            Ecosystem::new("chainguard", "", "")
        }
        _ => origin.ecosystem.cloned().ok_or_else(|| {
            origin.fault("", FaultCode::BadReference, "it does not say which release it is about")
        })?,
    };
    for package in packages {
        for (version, ids) in package.secfixes {
            for id in ids.into_iter().flatten() {
                sink.record(Record::Advisory(advisory(origin, &ecosystem, &package.name, &version, &id)));
            }
        }
    }
    Ok(())
}

/// `id` may hold further names: `CVE-2019-1234 GHSA-…`, `CVE-2020-1 (+)`.
fn advisory(origin: Origin<'_>, ecosystem: &Ecosystem, name: &str, version: &str, id: &str) -> Advisory {
    let names: Vec<&str> = id.split([' ', ',', '/']).filter(|w| w.contains('-') && w.len() > 4).collect();
    let first = names.first().copied().unwrap_or(id.trim());
    let cves: Vec<String> = names.iter().filter(|n| is_cve(n)).map(|n| (*n).to_owned()).collect();
    let mut affected = Affected {
        ecosystem: ecosystem.clone(),
        package: name.to_owned(),
        named: Named::Source,
        ..Affected::default()
    };
    // Version 0 says that no version ever was affected.
    if version == "0" {
        affected.status = Status::NotAffected;
    } else {
        affected.ranges = vec![Range::before_fix(version)];
    }
    Advisory {
        id: cut(first, 200),
        source: origin.feed.to_owned(),
        covers: if cves.is_empty() { vec![cut(first, 200)] } else { cves },
        aliases: names.iter().skip(1).map(|n| (*n).to_owned()).collect(),
        affected: vec![affected],
        ..Advisory::default()
    }
}
