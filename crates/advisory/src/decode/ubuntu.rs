//! Ubuntu's APIs: vulnerabilities with each package's state, and notices with the fixed versions.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::common::{DESCRIPTION, REFERENCES, SUMMARY, cut, instant, is_cve, push_vector, push_word, unique};
use super::stream::{elements, lenient};
use super::{Fault, FaultCode, Origin, Sink};
use crate::ecosystem::{Ecosystem, release_of_codename};
use crate::model::{Advisory, Affected, Named, Range, Record, Remedy, Status};

#[derive(Deserialize)]
struct Cve {
    id: String,
    #[serde(default, deserialize_with = "lenient")]
    description: String,
    #[serde(default, deserialize_with = "lenient")]
    priority: String,
    #[serde(default, deserialize_with = "lenient")]
    impact: Value,
    #[serde(default, deserialize_with = "lenient")]
    packages: Vec<Package>,
    #[serde(default, deserialize_with = "lenient")]
    references: Vec<String>,
    #[serde(default, deserialize_with = "lenient")]
    notices_ids: Vec<String>,
    #[serde(default, deserialize_with = "lenient")]
    published: String,
    #[serde(default, deserialize_with = "lenient")]
    updated_at: String,
    #[serde(default, deserialize_with = "lenient")]
    status: String,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    #[serde(default, deserialize_with = "lenient")]
    statuses: Vec<State>,
}

#[derive(Deserialize)]
struct State {
    release_codename: String,
    status: String,
    #[serde(default, deserialize_with = "lenient")]
    description: String,
    #[serde(default, deserialize_with = "lenient")]
    pocket: String,
}

#[derive(Deserialize)]
struct Notice {
    id: String,
    #[serde(default, deserialize_with = "lenient")]
    title: String,
    #[serde(default, deserialize_with = "lenient")]
    summary: String,
    #[serde(default, deserialize_with = "lenient")]
    cves_ids: Vec<String>,
    #[serde(default, deserialize_with = "lenient")]
    published: String,
    #[serde(default, deserialize_with = "lenient")]
    references: Vec<String>,
    #[serde(default, deserialize_with = "lenient")]
    release_packages: BTreeMap<String, Vec<Released>>,
}

#[derive(Deserialize)]
struct Released {
    name: String,
    #[serde(default, deserialize_with = "lenient")]
    version: String,
    #[serde(default, deserialize_with = "lenient")]
    is_source: bool,
    #[serde(default, deserialize_with = "lenient")]
    pocket: String,
}

pub(super) fn cves(origin: Origin<'_>, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), Fault> {
    elements(
        origin,
        bytes,
        &["cves"],
        &[],
        &mut |number, value| match serde_json::from_value::<Cve>(value) {
            Ok(cve) => sink.record(Record::Advisory(of_cve(origin, cve))),
            Err(e) => sink.fault(origin.fault(number, FaultCode::BadRecord, e)),
        },
    )?;
    Ok(())
}

pub(super) fn notices(origin: Origin<'_>, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), Fault> {
    elements(origin, bytes, &["notices"], &[], &mut |number, value| match serde_json::from_value::<Notice>(
        value,
    ) {
        Ok(notice) => sink.record(Record::Advisory(of_notice(origin, notice))),
        Err(e) => sink.fault(origin.fault(number, FaultCode::BadRecord, e)),
    })?;
    Ok(())
}

fn ecosystem(codename: &str, pocket: &str) -> Option<Ecosystem> {
    let release = release_of_codename("ubuntu", codename)?;
    let channel = match pocket {
        p if p.starts_with("esm") => "esm",
        p @ ("fips" | "fips-updates" | "fips-preview" | "realtime" | "ros-esm") => p,
        _ => "",
    };
    Some(Ecosystem::new("ubuntu", release, channel))
}

fn of_cve(origin: Origin<'_>, cve: Cve) -> Advisory {
    let mut severities = Vec::new();
    for metric in ["baseMetricV3", "baseMetricV4"] {
        for vector in ["cvssV3", "cvssV4"] {
            let vector = cve.impact[metric][vector]["vectorString"].as_str();
            push_vector(&mut severities, origin.feed, vector.unwrap_or_default());
        }
    }
    push_word(&mut severities, "ubuntu", &cve.priority);
    let states = cve.packages.iter().flat_map(|p| p.statuses.iter().map(move |s| (&p.name, s)));
    Advisory {
        source: origin.feed.to_owned(),
        covers: vec![cve.id.clone()],
        summary: cut(&cut(&cve.description, DESCRIPTION), SUMMARY),
        severities,
        references: cve.references.into_iter().take(REFERENCES).collect(),
        published: instant(&cve.published),
        modified: instant(&cve.updated_at),
        withdrawn: (cve.status == "rejected").then_some(instant(&cve.updated_at)).flatten(),
        affected: states.filter_map(|(name, state)| of_state(name, state, &cve.notices_ids)).collect(),
        id: cve.id,
        ..Advisory::default()
    }
}

/// The state of a package in a release; nothing if the release does not have it.
fn of_state(name: &str, state: &State, notices: &[String]) -> Option<Affected> {
    let mut out = Affected {
        ecosystem: ecosystem(&state.release_codename, &state.pocket)?,
        package: name.to_owned(),
        named: Named::Source,
        reason: cut(&state.description, 200),
        ..Affected::default()
    };
    let open = |mut out: Affected, remedy| {
        out.ranges = vec![Range::all()];
        out.remedy = remedy;
        Some(out)
    };
    match state.status.as_str() {
        "released" if state.description.starts_with(|c: char| c.is_ascii_digit()) => {
            out.ranges = vec![Range::before_fix(state.description.trim())];
            out.vendor_ids = notices.to_vec();
            Some(out)
        }
        "not-affected" => {
            out.status = Status::NotAffected;
            Some(out)
        }
        "needs-triage" | "in-triage" => {
            out.status = Status::UnderInvestigation;
            Some(out)
        }
        "needed" | "pending" | "active" => open(out, Remedy::None),
        "deferred" => open(out, Remedy::Deferred),
        "ignored" if state.description.contains("end of") => open(out, Remedy::OutOfSupport),
        "ignored" => open(out, Remedy::WillNotFix),
        "DNE" => None,
        _ => {
            out.status = Status::Undetermined;
            Some(out)
        }
    }
}

fn of_notice(origin: Origin<'_>, notice: Notice) -> Advisory {
    let cves = unique(notice.cves_ids.into_iter().filter(|id| is_cve(id)).collect());
    let mut affected = Vec::new();
    for (codename, packages) in notice.release_packages {
        for package in packages {
            // Old notices have names without versions, which say nothing.
            let (Some(ecosystem), false) =
                (ecosystem(&codename, &package.pocket), package.version.is_empty())
            else {
                continue;
            };
            affected.push(Affected {
                ecosystem,
                package: package.name,
                named: if package.is_source { Named::Source } else { Named::Binary },
                ranges: vec![Range::before_fix(&package.version)],
                vendor_ids: vec![notice.id.clone()],
                ..Affected::default()
            });
        }
    }
    Advisory {
        source: origin.feed.to_owned(),
        covers: if cves.is_empty() { vec![notice.id.clone()] } else { cves },
        summary: cut(if notice.summary.is_empty() { &notice.title } else { &notice.summary }, SUMMARY),
        references: notice.references.into_iter().take(REFERENCES).collect(),
        published: instant(&notice.published),
        affected,
        id: notice.id,
        ..Advisory::default()
    }
}
