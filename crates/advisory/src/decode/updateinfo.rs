//! updateinfo.xml of rpm repositories: AlmaLinux, Rocky, Fedora, EPEL, and Amazon's ALAS.

use std::collections::{BTreeMap, BTreeSet};

use super::common::{REFERENCES, SUMMARY, cut, cves_in, instant, is_cve, push_word, unique};
use super::xml::{Element, Step, walk};
use super::{Fault, FaultCode, Origin, Sink};
use crate::ecosystem::Ecosystem;
use crate::model::{Advisory, Affected, Named, Range, Record};

#[derive(Default)]
struct Update {
    id: String,
    kind: String,
    title: String,
    severity: String,
    issued: String,
    updated: String,
    release: String,
    names: Vec<String>,
    links: Vec<String>,
    collection: Collection,
    packages: BTreeMap<Key, BTreeSet<String>>,
}

#[derive(Clone, Default)]
struct Collection {
    short: String,
    name: String,
    module: String,
}

/// Name, version, module, repository.
type Key = (String, String, String, Option<String>);

pub(super) fn decode(origin: Origin<'_>, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), Fault> {
    let mut open: Option<Update> = None;
    let mut path: Vec<String> = Vec::new();
    let mut right = false;
    walk(origin, bytes, &mut |step| match step {
        Step::Open(element) => {
            right |= path.is_empty() && element.name == "updates";
            if element.name == "update" {
                open = Some(Update { kind: element.get("type").to_owned(), ..Update::default() });
            } else if let Some(update) = &mut open {
                begin(update, &element);
            }
            path.push(element.name);
        }
        Step::Close(name, text) => {
            path.pop();
            let parent = path.last().map_or("", String::as_str);
            if name == "update" {
                if let Some(update) = open.take() {
                    finish(origin, update, sink);
                }
            } else if let Some(update) = &mut open {
                match (parent, name.as_str()) {
                    ("update", "id") => update.id = text,
                    ("update", "title") => update.title = text,
                    ("update", "severity") => update.severity = text,
                    ("update", "release") => update.release = text,
                    ("collection", "name") => update.collection.name = text,
                    _ => {}
                }
            }
        }
    })?;
    if right { Ok(()) } else { Err(origin.fault("", FaultCode::BadRecord, "its root is not <updates>")) }
}

fn begin(update: &mut Update, element: &Element) {
    match element.name.as_str() {
        "issued" => element.get("date").clone_into(&mut update.issued),
        "updated" => element.get("date").clone_into(&mut update.updated),
        "reference" => {
            let (id, title) = (element.get("id"), element.get("title"));
            let named = if is_cve(id) { vec![id.to_owned()] } else { cves_in(title) };
            update.names.extend(named);
            update.links.push(element.get("href").to_owned());
        }
        "collection" => {
            update.collection =
                Collection { short: element.get("short").to_owned(), ..Collection::default() };
        }
        "module" => {
            update.collection.module = format!("{}:{}", element.get("name"), element.get("stream"));
        }
        // Its source is not installed.
        "package" if !matches!(element.get("arch"), "src" | "nosrc") => {
            let (epoch, version) = (element.get("epoch"), element.get("version"));
            let prefix = if matches!(epoch, "" | "0") { String::new() } else { format!("{epoch}:") };
            let full = format!("{prefix}{version}-{}", element.get("release"));
            let collection = &update.collection;
            let key = (
                element.get("name").to_owned(),
                full,
                collection.module.clone(),
                extra(&collection.short, &update.id),
            );
            let architectures = update.packages.entry(key).or_default();
            if !matches!(element.get("arch"), "" | "noarch") {
                architectures.insert(element.get("arch").to_owned());
            }
        }
        _ => {}
    }
}

/// A repository beside the main one, which not every machine has: Amazon's extras and live patches.
fn extra(short: &str, id: &str) -> Option<String> {
    if let Some((_, extra)) = short.split_once("---") {
        return Some(extra.to_owned());
    }
    // `ALAS2KERNEL-5.15-2022-001`
    let rest = id.strip_prefix("ALAS2")?;
    let rest = rest.strip_prefix("022").or_else(|| rest.strip_prefix("023")).unwrap_or(rest);
    let name = rest.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('-');
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('-');
    (!name.is_empty()).then(|| name.to_ascii_lowercase())
}

fn ecosystem(update: &Update) -> Option<Ecosystem> {
    let id = update.id.as_str();
    for (prefix, release) in [("ALAS2023", "2023"), ("ALAS2022", "2022"), ("ALAS2", "2"), ("ALAS-", "1")] {
        if id.starts_with(prefix) {
            return Some(Ecosystem::new("amazon", release, ""));
        }
    }
    let Collection { short, name, .. } = &update.collection;
    if let Some(found) = Ecosystem::of_product(&update.release).or_else(|| Ecosystem::of_product(name)) {
        return Some(found);
    }
    // `almalinux-9-for-x86_64-appstream-rpms`, `rocky-linux-9-x86-64-appstream-rpms`
    for (prefix, family) in
        [("almalinux-", "almalinux"), ("rocky-linux-", "rocky"), ("amazon-linux-", "amazon")]
    {
        if let Some(rest) = short.strip_prefix(prefix).or_else(|| name.strip_prefix(prefix)) {
            let release: String = rest.chars().take_while(char::is_ascii_digit).collect();
            return Some(Ecosystem::new(family, &release, ""));
        }
    }
    // The distribution's mark in a package's release, with what the id says about whose it is.
    let version = update.packages.keys().map(|(_, version, ..)| version).next()?;
    let major = |mark: &str| {
        let rest = &version[version.rfind(mark)? + mark.len()..];
        Some(rest.chars().take_while(char::is_ascii_digit).collect::<String>()).filter(|r| !r.is_empty())
    };
    match id.split(['-', ':']).next()? {
        "ALSA" | "ALBA" | "ALEA" => Some(Ecosystem::new("almalinux", &major("el")?, "")),
        "RLSA" | "RLBA" | "RLEA" | "RXSA" => Some(Ecosystem::new("rocky", &major("el")?, "")),
        "RHSA" | "RHBA" | "RHEA" => Some(Ecosystem::new("redhat", &major("el")?, "")),
        "ELSA" | "ELBA" | "ELEA" => Some(Ecosystem::new("oracle", &major("el")?, "")),
        "FEDORA" => match major(".fc") {
            Some(release) => Some(Ecosystem::new("fedora", &release, "")),
            None => Some(Ecosystem::new("epel", &major("el")?, "")),
        },
        _ => None,
    }
}

fn finish(origin: Origin<'_>, update: Update, sink: &mut dyn Sink) {
    if update.id.is_empty() {
        sink.fault(origin.fault(&update.title, FaultCode::BadRecord, "an update has no id"));
        return;
    }
    let mut covers = update.names.clone();
    covers.extend(cves_in(&update.title));
    let covers = unique(covers);
    // What neither is about security nor names a vulnerability is of no use here.
    if (covers.is_empty() && update.kind != "security") || update.packages.is_empty() {
        return;
    }
    let Some(ecosystem) = origin.ecosystem.cloned().or_else(|| ecosystem(&update)) else {
        sink.fault(origin.fault(
            &update.id,
            FaultCode::BadReference,
            "it does not say which release it is about",
        ));
        return;
    };
    let mut severities = Vec::new();
    push_word(&mut severities, origin.feed, &update.severity);
    let affected =
        update.packages.into_iter().map(|((package, version, module, repository), architectures)| Affected {
            ecosystem: ecosystem.clone(),
            package,
            named: Named::Binary,
            ranges: vec![Range::before_fix(&version)],
            architectures: architectures.into_iter().collect(),
            module: (!module.is_empty()).then_some(module),
            repository,
            vendor_ids: vec![update.id.clone()],
            ..Affected::default()
        });
    sink.record(Record::Advisory(Advisory {
        source: origin.feed.to_owned(),
        covers: if covers.is_empty() { vec![update.id.clone()] } else { covers },
        summary: cut(&update.title, SUMMARY),
        severities,
        references: update.links.into_iter().filter(|l| l.starts_with("http")).take(REFERENCES).collect(),
        published: instant(&update.issued),
        modified: instant(&update.updated),
        affected: affected.collect(),
        id: update.id,
        ..Advisory::default()
    }));
}
