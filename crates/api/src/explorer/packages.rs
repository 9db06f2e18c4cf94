//! Packages and vulnerabilities in the graph: a node for each package in one version and for each vulnerability that
//! one has, and edges to the machines that have the package.

use std::collections::{BTreeMap, BTreeSet};

use palisade_explore::{Change, Graph, Kind, Node, NodeRef};
use palisade_state::vulnerabilities::{ExplorerBook, ExplorerPackage, ExplorerWeakness};
use palisade_state::{Result, State};
use palisade_types::{MachineId, TenantId, TimeMicros};

use super::{kind, reading};

/// Edges that are made at once: what is on many machines must not be in memory a second time as texts.
const AT_ONCE: usize = 200_000;

/// What of the packages is in the graph.
#[derive(Default)]
pub(super) struct Packages {
    shown: Option<ExplorerBook>,
    /// The machines that have edges, by their devices' numbers.
    machines: BTreeMap<u32, MachineId>,
    /// Machines whose nodes were made, or made anew.
    made: BTreeSet<MachineId>,
    /// Whether something of the machines changed, such as which devices they are.
    touched: bool,
    seen: Option<ExplorerBook>,
    present: BTreeMap<u32, MachineId>,
}

impl Packages {
    /// Looks what there is now.
    pub(super) async fn follow(&mut self, state: &State, tenant: TenantId) -> Result<()> {
        let book = state.explorer_book(tenant).await?;
        let same = self.shown.as_ref().is_some_and(|shown| shown.is_same(&book));
        if !same || std::mem::take(&mut self.touched) {
            self.present = state.explorer_machines(tenant).await?;
        }
        self.seen = Some(book);
        Ok(())
    }

    /// The node of a machine was made, or made anew: its edges have to come again.
    pub(super) fn made(&mut self, machine: MachineId) {
        self.made.insert(machine);
    }

    /// Something of a machine changed.
    pub(super) fn touched(&mut self) {
        self.touched = true;
    }

    /// Brings the graph up to date; `kind_of` is what a machine is there, if it is there.
    pub(super) fn project(
        &mut self,
        kind_of: impl Fn(&MachineId) -> Option<Kind>,
        graph: &Graph,
        now: TimeMicros,
    ) {
        let Some(book) = self.seen.take() else { return };
        let before = self.shown.take();
        let mut out = Out { graph, changes: Vec::new(), edges: 0 };
        let there = |number: &u32| self.present.get(number).filter(|id| kind_of(id).is_some());
        if !before.as_ref().is_some_and(|b| b.is_same(&book)) {
            weaknesses(before.as_ref(), &book, &mut out);
            packages(before.as_ref(), &book, there, now, &mut out);
        }
        // Machines that came since, and those whose nodes are new: everything that they have is connected anew.
        let current: BTreeMap<u32, MachineId> =
            self.present.iter().filter(|(n, _)| there(n).is_some()).map(|(n, id)| (*n, *id)).collect();
        let late: Vec<(u32, MachineId)> = current
            .iter()
            .filter(|(n, id)| self.machines.get(n) != Some(id) || self.made.contains(id))
            .map(|(n, id)| (*n, *id))
            .collect();
        if !late.is_empty() && before.is_some() {
            for package in book.packages() {
                for (number, id) in &late {
                    if package.is_on(*number) {
                        out.connect(package, *id);
                    }
                }
            }
        }
        if !book.is_empty() {
            for source in ["software", "vulnerabilities"] {
                out.push(Change::Source { source: source.into(), as_of: Some(now) }, 0);
            }
        }
        out.flush();
        self.made.clear();
        (self.machines, self.shown) = (current, Some(book));
    }
}

/// Gives changes to the graph, some at a time.
struct Out<'g> {
    graph: &'g Graph,
    changes: Vec<Change>,
    edges: usize,
}

impl Out<'_> {
    fn push(&mut self, change: Change, edges: usize) {
        self.changes.push(change);
        self.edges += edges + 1;
        if self.edges >= AT_ONCE {
            self.flush();
        }
    }

    fn connect(&mut self, package: ExplorerPackage<'_>, machine: MachineId) {
        let change = Change::Connect {
            from: software(package),
            reading: reading("is_installed_on"),
            to: NodeRef::new(kind("virtual_machines"), machine.to_string()),
        };
        self.push(change, 1);
    }

    fn flush(&mut self) {
        for refused in self.graph.apply(&std::mem::take(&mut self.changes)).refused {
            tracing::warn!(error = %refused.error, "the explorer refused a change");
        }
        self.edges = 0;
    }
}

fn software(package: ExplorerPackage<'_>) -> NodeRef {
    NodeRef::new(kind("software"), package.number().to_string())
}

fn weaknesses(before: Option<&ExplorerBook>, book: &ExplorerBook, out: &mut Out<'_>) {
    for one in book.weaknesses() {
        if before.and_then(|b| b.weakness(one.id)) != Some(one) {
            out.push(Change::Upsert(node(one)), 0);
        }
    }
    for gone in
        before.into_iter().flat_map(ExplorerBook::weaknesses).filter(|w| book.weakness(w.id).is_none())
    {
        out.push(Change::Remove(NodeRef::new(kind("vulnerability"), gone.id)), 0);
    }
}

fn node(w: ExplorerWeakness<'_>) -> Node {
    // What nobody has scored has no severity, rather than the least.
    let severity = matches!(w.severity, "low" | "medium" | "high" | "critical").then_some(w.severity);
    Node::new(kind("vulnerability"), w.id, w.id)
        .maybe("severity", severity)
        .maybe("cvss", w.cvss)
        .maybe("epss", w.epss)
        .with("exploited", w.exploited)
        .with("exploit_available", w.exploit_available)
        .with("fix_available", w.fix_available)
        .maybe("published", w.published)
}

fn packages<'m>(
    before: Option<&ExplorerBook>,
    book: &ExplorerBook,
    machine: impl Fn(&u32) -> Option<&'m MachineId>,
    now: TimeMicros,
    out: &mut Out<'_>,
) {
    let today = now.to_rfc3339();
    for one in book.packages() {
        let was = before.and_then(|b| b.package(one.number()));
        if was.is_none_or(|was| !was.is_as(&one)) {
            let ends = one.end_of_life();
            let node = Node::new(kind("software"), one.number().to_string(), one.name())
                .with("vendor", one.vendor())
                .with("version", one.version())
                .maybe("end_of_support", (!ends.is_empty()).then_some(ends < today.as_str()));
            out.push(Change::Upsert(node), 0);
        }
        if was.is_none_or(|was| !was.weaknesses().eq(one.weaknesses())) {
            let keys: Vec<String> = one.weaknesses().map(str::to_owned).collect();
            let edges = keys.len();
            let to = kind("vulnerability");
            out.push(
                Change::Replace { from: software(one), reading: reading("is_affected_by"), to, keys },
                edges,
            );
        }
        if was.is_none_or(|was| !was.is_where(&one)) {
            let keys: Vec<String> =
                one.devices().filter_map(|n| machine(&n)).map(ToString::to_string).collect();
            let edges = keys.len();
            let to = kind("virtual_machines");
            out.push(
                Change::Replace { from: software(one), reading: reading("is_installed_on"), to, keys },
                edges,
            );
        }
    }
    for gone in
        before.into_iter().flat_map(ExplorerBook::packages).filter(|p| book.package(p.number()).is_none())
    {
        out.push(Change::Remove(software(gone)), 0);
    }
}
