//! OVAL definitions of packages: Debian, Ubuntu, Red Hat, SUSE, Oracle, AlmaLinux.
//!
//! The trees of criteria are read, not evaluated on a machine: each leads to packages of a release with
//! the version that is asked for. What a vendor's criteria say beyond that (signatures, files) is skipped.

mod criteria;
mod tables;

use super::common::{REFERENCES, SUMMARY, cut, instant, is_cve, push_vector, push_word, unique};
use super::xml::{Element, Step, walk};
use super::{Fault, FaultCode, Origin, Sink};
use crate::model::{Advisory, Record, Remedy, Severity};
use criteria::{Node, Reading};
use tables::Tables;

/// Most definitions of a document that are kept until its tests are read.
const MAX_DEFINITIONS: usize = 500_000;

#[derive(Default)]
struct Definition {
    id: String,
    class: String,
    title: String,
    platforms: Vec<String>,
    /// Source and id.
    references: Vec<(String, String)>,
    links: Vec<String>,
    cves: Vec<String>,
    severities: Vec<Severity>,
    weaknesses: Vec<String>,
    severity: String,
    issued: String,
    updated: String,
    /// Of Red Hat's definitions without a fix: what is planned, and for which components.
    resolutions: Vec<(Remedy, String, Vec<String>)>,
    criteria: Option<Node>,
}

pub(super) fn decode(origin: Origin<'_>, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), Fault> {
    let mut reader = Document::default();
    walk(origin, bytes, &mut |step| match step {
        Step::Open(element) => reader.open(origin, element),
        Step::Close(name, text) => reader.close(&name, text),
    })?;
    if !reader.right {
        return Err(origin.fault("", FaultCode::BadRecord, "its root is not <oval_definitions>"));
    }
    if reader.definitions.len() >= MAX_DEFINITIONS {
        return Err(origin.fault(
            "",
            FaultCode::TooLarge,
            format_args!("more than {MAX_DEFINITIONS} definitions"),
        ));
    }
    for definition in std::mem::take(&mut reader.definitions) {
        finish(origin, &reader.tables, definition, sink);
    }
    Ok(())
}

#[derive(Default)]
struct Document {
    right: bool,
    path: Vec<String>,
    definitions: Vec<Definition>,
    open: Option<Definition>,
    nodes: Vec<Node>,
    tables: Tables,
}

impl Document {
    fn open(&mut self, origin: Origin<'_>, element: Element) {
        self.right |= self.path.is_empty() && element.name == "oval_definitions";
        let name = element.name.as_str();
        if let Some(definition) = &mut self.open {
            match name {
                "reference" => {
                    let (source, id) = (element.get("source"), element.get("ref_id"));
                    // SUSE writes `Mitre CVE-2002-0399`.
                    let id = id.rsplit(' ').next().unwrap_or_default();
                    definition.references.push((source.to_owned(), id.to_owned()));
                    definition.links.push(element.get("ref_url").to_owned());
                }
                "issued" => element.get("date").clone_into(&mut definition.issued),
                "updated" => element.get("date").clone_into(&mut definition.updated),
                "cve" => {
                    for key in ["cvss4", "cvss3", "cvss2", "cvss_vector"] {
                        push_vector(&mut definition.severities, origin.feed, element.get(key));
                    }
                    definition.weaknesses.extend(weaknesses(element.get("cwe")));
                    if definition.severity.is_empty() {
                        let word = [element.get("impact"), element.get("priority")];
                        word.into_iter()
                            .find(|w| !w.is_empty())
                            .unwrap_or_default()
                            .clone_into(&mut definition.severity);
                    }
                }
                "resolution" => {
                    definition.resolutions.push((
                        remedy(element.get("state")),
                        element.get("state").to_owned(),
                        Vec::new(),
                    ));
                }
                "criteria" => self.nodes.push(Node::group(&element)),
                "criterion" => {
                    if let Some(Node::Group { children, .. }) = self.nodes.last_mut() {
                        children.push(Node::leaf(&element));
                    }
                }
                _ => {}
            }
        } else if name == "definition" && self.definitions.len() < MAX_DEFINITIONS {
            self.open = Some(Definition {
                id: element.get("id").to_owned(),
                class: element.get("class").to_owned(),
                ..Definition::default()
            });
        } else {
            self.tables.open(&self.path, &element);
        }
        self.path.push(element.name);
    }

    fn close(&mut self, name: &str, text: String) {
        self.path.pop();
        let parent = self.path.last().map_or("", String::as_str);
        let Some(definition) = &mut self.open else {
            self.tables.close(&self.path, name, text);
            return;
        };
        match (parent, name) {
            (_, "definition") => self.definitions.extend(self.open.take()),
            ("metadata", "title") => definition.title = text,
            ("affected", "platform") => definition.platforms.push(text),
            (_, "severity") if !text.is_empty() => definition.severity = text,
            ("advisory", "cve") => definition.cves.push(text),
            (_, "public_date") => definition.issued = text,
            ("debian", "date") => definition.issued = text,
            ("resolution", "component") => {
                if let Some((.., components)) = definition.resolutions.last_mut() {
                    components.push(text);
                }
            }
            (_, "criteria") => {
                let Some(done) = self.nodes.pop() else { return };
                match self.nodes.last_mut() {
                    Some(Node::Group { children, .. }) => children.push(done),
                    _ => definition.criteria = Some(done),
                }
            }
            _ => {}
        }
    }
}

/// `CWE-213->CWE-1268`, `CWE-20|CWE-79`.
fn weaknesses(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split(['|', '(', ')', ',']).flat_map(|p| p.split("->"));
    parts.map(str::trim).filter(|p| p.starts_with("CWE-")).map(str::to_owned)
}

fn remedy(state: &str) -> Remedy {
    match state {
        "Will not fix" => Remedy::WillNotFix,
        "Fix deferred" => Remedy::Deferred,
        "Out of support scope" => Remedy::OutOfSupport,
        _ => Remedy::None,
    }
}

fn finish(origin: Origin<'_>, tables: &Tables, definition: Definition, sink: &mut dyn Sink) {
    let Definition { id, class, title, platforms, references, .. } = &definition;
    if !matches!(class.as_str(), "patch" | "vulnerability") {
        return;
    }
    let named: Vec<String> =
        references.iter().map(|(_, id)| id.clone()).chain(definition.cves.iter().cloned()).collect();
    let cves = unique(named.into_iter().filter(|id| is_cve(id)).collect());
    // The first word of an erratum's title is its name where no reference is.
    let own = references.iter().find(|(_, id)| !is_cve(id) && !id.is_empty() && class == "patch");
    let first = title.split([' ', ':']).next().unwrap_or_default();
    let name = match (own, cves.as_slice()) {
        (Some((_, own)), _) => own.clone(),
        (None, [one]) if class == "vulnerability" => one.clone(),
        (None, _) if first.contains('-') && class == "patch" && first.len() < 40 => first.to_owned(),
        (None, [one, ..]) => one.clone(),
        (None, []) => id.clone(),
    };
    let reading = Reading { tables, unaffected: id.contains(".unaffected:"), ecosystem: origin.ecosystem };
    let mut unknown = Vec::new();
    let mut affected = match &definition.criteria {
        Some(node) => reading.affected(node, platforms, &mut unknown),
        None => Vec::new(),
    };
    for reason in unknown.into_iter().take(3) {
        sink.fault(origin.fault(id, FaultCode::BadReference, reason));
    }
    for one in &mut affected {
        let planned =
            definition.resolutions.iter().find(|(_, _, components)| components.contains(&one.package));
        if let Some((remedy, state, _)) = planned
            && one.fixes().next().is_none()
        {
            one.remedy = *remedy;
            state.clone_into(&mut one.reason);
        }
        if class == "patch" {
            one.vendor_ids = vec![name.clone()];
        }
    }
    if affected.is_empty() {
        return;
    }
    let mut severities = definition.severities;
    push_word(&mut severities, origin.feed, &definition.severity);
    sink.record(Record::Advisory(Advisory {
        covers: if cves.is_empty() { vec![name.clone()] } else { cves },
        id: name,
        source: origin.feed.to_owned(),
        summary: cut(&definition.title, SUMMARY),
        severities,
        weaknesses: unique(definition.weaknesses),
        references: unique(definition.links).into_iter().take(REFERENCES).collect(),
        published: instant(&definition.issued),
        modified: instant(&definition.updated),
        affected,
        ..Advisory::default()
    }));
}
