//! From facts to products, by evidence. A name alone proves nothing.

use serde::{Deserialize, Serialize};

use super::catalogue::matches;
use super::{Confidence, HostFacts, Manager, Place, Process, Product, Section, UnitState, products_known};

/// Whether a product runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Running {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// It could not be seen.
    Unknown,
}

/// A product that is on the machine.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    /// Which.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// What it is for.
    pub kind: super::Kind,
    /// Its version; empty if no package says it.
    pub version: String,
    /// Whether it runs.
    pub running: Running,
    /// By what it was recognised.
    pub evidence: Vec<String>,
}

/// A process that is named like a product's, and is none of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Misplaced {
    /// Its number.
    pub pid: u32,
    /// What it is named.
    pub name: String,
    /// Its executable.
    pub exe: String,
    /// The product that it is named like.
    pub like: String,
    /// Whether it is another file under the product's own path, as in a container.
    pub elsewhere: bool,
}

/// What a product left behind, or what is there of it without the rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trace {
    /// Which product.
    pub id: String,
    /// What.
    pub evidence: Vec<String>,
}

/// Everything that facts say about products.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Recognised {
    /// Products that are there, in the order of the catalogue.
    pub found: Vec<Found>,
    /// Processes that only have a name.
    pub misplaced: Vec<Misplaced>,
    /// Paths and modules without a product.
    pub traces: Vec<Trace>,
}

impl Recognised {
    /// One product.
    pub fn get(&self, id: &str) -> Option<&Found> {
        self.found.iter().find(|f| f.id == id)
    }
}

/// Finds the products that facts prove.
pub fn recognise(facts: &HostFacts) -> Recognised {
    let mut out = Recognised::default();
    for product in &products_known().all {
        look_for(product, facts, &mut out);
    }
    // A name that several products use is reported for a process that none of them owns.
    let owned: Vec<u32> = facts
        .processes
        .iter()
        .filter(|p| products_known().all.iter().any(|k| owns(k, p)))
        .map(|p| p.pid)
        .collect();
    out.misplaced.retain(|m| !owned.contains(&m.pid));
    out.misplaced.sort_by_key(|m| m.pid);
    out.misplaced.dedup_by_key(|m| m.pid);
    out
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether a process is the product's: its executable is named and lies as it should, and the path
/// leads to what runs, or did until an update replaced it.
pub(super) fn owns(product: &Product, process: &Process) -> bool {
    product.has_executable(file_name(&process.exe))
        && product.is_home(&process.exe)
        && matches!(process.place, Place::Same | Place::Deleted)
}

/// Whether a process only calls itself or its file like one of the product's.
fn imitates(product: &Product, process: &Process) -> bool {
    let named = |name: &str| {
        let is = |p: &String| matches(p, name) || (name.len() == 15 && p.starts_with(name));
        product.processes.iter().filter(|p| !product.common.contains(p)).any(is)
    };
    !process.exe.is_empty() && (named(&process.name) || named(file_name(&process.exe)))
}

fn look_for(product: &Product, facts: &HostFacts, out: &mut Recognised) {
    let mut evidence = Vec::new();
    let mut version = String::new();
    for package in &facts.packages {
        let names = match package.manager {
            Manager::Deb => &product.deb,
            Manager::Rpm => &product.rpm,
        };
        if names.contains(&package.name) {
            evidence.push(format!("package {} {}", package.name, package.version).trim_end().to_owned());
            if version.is_empty() {
                version.clone_from(&package.version);
            }
        }
    }
    let units: Vec<_> = facts.units.iter().filter(|u| product.units.contains(&u.name)).collect();
    evidence.extend(units.iter().map(|u| format!("unit {} {}", u.name, state_word(u.state))));
    let processes: Vec<&Process> = facts.processes.iter().filter(|p| owns(product, p)).collect();
    evidence.extend(processes.iter().take(8).map(|p| format!("process {} ({})", p.exe, p.pid)));

    for process in &facts.processes {
        if imitates(product, process) && !owns(product, process) {
            out.misplaced.push(Misplaced {
                pid: process.pid,
                name: process.name.clone(),
                exe: process.exe.clone(),
                like: product.id.clone(),
                elsewhere: product.is_home(&process.exe),
            });
        }
    }
    let is_module = |m: &&String| product.has_module(m);
    let mut rest: Vec<String> =
        facts.modules.iter().filter(is_module).map(|m| format!("module {m}")).collect();
    rest.extend(facts.paths.iter().filter(|p| product.paths.contains(p)).map(|p| format!("path {p}")));
    if evidence.is_empty() {
        if !rest.is_empty() {
            out.traces.push(Trace { id: product.id.clone(), evidence: rest });
        }
        return;
    }
    evidence.extend(rest);
    let running = running(product, facts, !processes.is_empty(), &units);
    out.found.push(Found {
        id: product.id.clone(),
        name: product.name.clone(),
        kind: product.kind,
        version,
        running,
        evidence,
    });
}

fn state_word(state: UnitState) -> &'static str {
    match state {
        UnitState::Active => "active",
        UnitState::Inactive => "inactive",
        UnitState::Failed => "failed",
        UnitState::Unknown => "present",
    }
}

fn running(product: &Product, facts: &HostFacts, process: bool, units: &[&super::Unit]) -> Running {
    if process || units.iter().any(|u| u.state == UnitState::Active) {
        return Running::Yes;
    }
    // Where executables are hidden, a process of this name may well be the product's.
    let unseen = facts.processes.iter().any(|p| p.exe.is_empty() && product.has_executable(&p.name));
    let units_known = !units.is_empty() && units.iter().all(|u| u.state != UnitState::Unknown);
    // Names that nobody has confirmed may be wrong, and then nothing of it would be seen.
    let sure = product.confidence != Confidence::Recalled;
    let processes_known =
        sure && !facts.image && facts.complete && !facts.blind.contains_key(&Section::Processes);
    if unseen || !(units_known || processes_known) { Running::Unknown } else { Running::No }
}
