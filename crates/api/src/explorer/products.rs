//! Security products and recommendations in the graph: a node for each product, whoever has it, and for
//! each recommendation, which affects the machines on which it is still to be followed.

use std::collections::{BTreeMap, BTreeSet};

use palisade_estate::edr::{Recommendation, State as Stand};
use palisade_explore::{Change, Kind, Node, NodeRef};
use palisade_state::estate::ExplorerStand;
use palisade_state::{Result, State};
use palisade_types::{MachineId, TenantId, TimeMicros};

use super::{OVERLAP, kind, reading};

/// How machines stand, as the graph has it.
#[derive(Default)]
pub(super) struct Stands {
    until: i64,
    machines: BTreeMap<MachineId, OfMachine>,
    /// Machines whose edges are not in the graph yet.
    stale: BTreeSet<MachineId>,
    /// Products that have a node.
    shown: BTreeSet<String>,
    begun: bool,
}

#[derive(Default)]
struct OfMachine {
    /// What is still to be followed.
    open: BTreeSet<Recommendation>,
    /// By id: name, kind, and whether it runs.
    products: BTreeMap<String, (String, String, bool)>,
}

impl Stands {
    /// Takes in what was written since the last time.
    pub(super) async fn follow(&mut self, state: &State, tenant: TenantId) -> Result<()> {
        let mut since = TimeMicros(self.until.saturating_sub(OVERLAP));
        loop {
            let rows = state.stands_since(tenant, since).await?;
            let full = rows.len() >= 5000;
            let last = rows.last().map(|r| r.changed_at);
            rows.into_iter().for_each(|row| self.take(row));
            self.until = self.until.max(last.map_or(0, |at| at.0));
            match last.filter(|at| *at > since && full) {
                Some(last) => since = last,
                None => return Ok(()),
            }
        }
    }

    fn take(&mut self, row: ExplorerStand) {
        let of = self.machines.entry(row.machine).or_default();
        if row.state == Stand::Unhealthy {
            of.open.insert(row.recommendation);
        } else {
            of.open.remove(&row.recommendation);
        }
        let products = row.products.into_iter();
        of.products = products.map(|[id, name, kind, runs]| (id, (name, kind, runs == "yes"))).collect();
        self.stale.insert(row.machine);
    }

    /// The node of a machine was made, or made anew: its edges have to come again.
    pub(super) fn made(&mut self, machine: MachineId) {
        if self.machines.contains_key(&machine) {
            self.stale.insert(machine);
        }
    }

    /// Brings the graph up to date; `kind_of` is what a machine is there, if it is there.
    pub(super) fn project(
        &mut self,
        kind_of: impl Fn(&MachineId) -> Option<Kind>,
        changes: &mut Vec<Change>,
    ) {
        if !self.begun {
            self.begun = true;
            changes.extend(Recommendation::ALL.map(|r| Change::Upsert(node_of(r))));
        }
        if self.stale.is_empty() {
            return;
        }
        let mut there = BTreeSet::new();
        for (id, (name, kind_word, _)) in self.machines.values().flat_map(|m| &m.products) {
            if there.insert(id.clone()) && !self.shown.contains(id) {
                let node = Node::new(kind("security_product"), id.clone(), name.clone())
                    .with("kind", kind_word.clone())
                    .with("product", id.clone());
                changes.push(Change::Upsert(node));
            }
        }
        for id in std::mem::take(&mut self.stale) {
            match (kind_of(&id), self.machines.get(&id)) {
                (Some(of), Some(known)) => edges(&NodeRef::new(of, id.to_string()), known, changes),
                // It comes with its machine.
                _ => {
                    self.stale.insert(id);
                }
            }
        }
        for gone in self.shown.difference(&there) {
            changes.push(Change::Remove(NodeRef::new(kind("security_product"), gone.clone())));
        }
        self.shown = there;
    }
}

fn node_of(recommendation: Recommendation) -> Node {
    let severity = match recommendation {
        Recommendation::EdrInstalled => "high",
        Recommendation::EdrConfiguration => "medium",
    };
    Node::new(kind("recommendation"), recommendation.as_str(), recommendation.title())
        .with("code", recommendation.as_str())
        .with("severity", severity)
        .with("category", "Endpoint protection")
}

fn edges(from: &NodeRef, known: &OfMachine, changes: &mut Vec<Change>) {
    let mut replace = |name: &str, to: &str, keys: Vec<String>| {
        changes.push(Change::Replace { from: from.clone(), reading: reading(name), to: kind(to), keys });
    };
    let open = known.open.iter().map(|r| r.as_str().to_owned()).collect();
    replace("is_affected_by", "recommendation", open);
    replace("has_installed", "security_product", known.products.keys().cloned().collect());
    let running = known.products.iter().filter(|(_, (.., runs))| *runs);
    replace("is_running", "security_product", running.map(|(id, _)| id.clone()).collect());
}

#[cfg(test)]
mod tests {
    use super::*;
    use palisade_explore::{Access, Ask, Loader, Query, template};

    fn stand(machine: MachineId, state: Stand, products: &[[&str; 4]]) -> ExplorerStand {
        ExplorerStand {
            machine,
            changed_at: TimeMicros(1),
            recommendation: Recommendation::EdrInstalled,
            state,
            products: products.iter().map(|p| p.map(str::to_owned)).collect(),
        }
    }

    #[test]
    fn the_graph_says_who_has_no_edr_and_what_runs_where() {
        const FALCON: [&str; 4] = ["crowdstrike_falcon", "CrowdStrike Falcon", "edr", "yes"];
        const CLAM: [&str; 4] = ["clamav", "ClamAV", "antivirus", "no"];
        let [bare, full] = [MachineId::random(), MachineId::random()];
        let server = kind("connected_server");
        let mut stands = Stands::default();
        stands.take(stand(bare, Stand::Unhealthy, &[CLAM]));
        stands.take(stand(full, Stand::Healthy, &[FALCON]));
        let mut changes: Vec<Change> = [(bare, "bare"), (full, "full")]
            .map(|(id, name)| Change::Upsert(Node::new(server, id.to_string(), name)))
            .to_vec();
        stands.project(|_| Some(server), &mut changes);
        let mut loader = Loader::new(TenantId::random());
        assert!(loader.load(&changes).is_empty());
        let graph = loader.finish();
        let found = |query: &Query| -> Vec<String> {
            let access = Access::default();
            let answer =
                graph.snapshot().answer(query, &Ask::new(TimeMicros(2), &access)).expect("an answer");
            answer.rows.into_iter().map(|r| r.node.name).collect()
        };
        assert_eq!(found(&template("machines_without_edr").expect("there").query), ["bare"]);
        assert_eq!(found(&template("machines_with_another_edr").expect("there").query), ["full"]);
        let installed = serde_json::json!({"version": 1, "find": {"types": ["virtual_machines"], "that": [
            {"connection": "has_installed", "to": {"types": ["security_product"]}}]}});
        assert_eq!(found(&Query::from_value(&installed).expect("a query")), ["bare", "full"]);

        // What is mended and removed leaves no node behind; the machine of another kind keeps its edges.
        stands.take(stand(bare, Stand::Healthy, &[FALCON]));
        let mut changes = Vec::new();
        stands.project(|_| Some(server), &mut changes);
        assert!(graph.apply(&changes).refused.is_empty());
        assert_eq!(found(&template("machines_without_edr").expect("there").query), Vec::<String>::new());
        let products = serde_json::json!({"version": 1, "find": {"types": ["security_product"]}});
        assert_eq!(found(&Query::from_value(&products).expect("a query")), ["CrowdStrike Falcon"]);
        stands.made(full);
        let mut changes = Vec::new();
        stands.project(|_| None, &mut changes);
        assert!(changes.is_empty() && stands.stale.contains(&full), "it waits for its machine");
    }
}
