//! What a caller may see, and the part of it that a query asks about. Both are machines at first;
//! any other node is seen if it leads to a machine that is.

use std::collections::BTreeMap;

use super::{Found, Work, join};
use crate::answer::Missing;
use crate::query::{Expr, Plan, QueryError, Scope};
use crate::schema::{Kind, Link, TableId, schema};
use crate::store::{Set, State};

/// What somebody may see. The default is everything.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Keys of subscriptions whose machines they may see; all if it is none.
    pub subscriptions: Option<Vec<String>>,
    /// Keys of device groups whose machines they may see; all if it is none.
    pub device_groups: Option<Vec<String>>,
    /// Types that are not shown, or only in parts of the estate.
    pub withheld: Vec<Withheld>,
}

/// A type that is not shown, such as one that a plan does not include.
#[derive(Clone, Debug)]
pub struct Withheld {
    /// The type.
    pub kind: Kind,
    /// Keys of subscriptions for whose machines it is shown nevertheless.
    pub except: Vec<String>,
    /// Why, as a stable code; it is handed on as it is.
    pub reason: String,
}

/// The same, resolved on a state.
pub(super) struct Limits {
    machines: Option<Set>,
    /// For a withheld table, the machines for which it is shown.
    withheld: BTreeMap<usize, Set>,
    /// Nodes that are seen because they were named, such as a subscription without machines.
    named: Vec<(TableId, u32)>,
    machine: TableId,
}

fn table(name: &str) -> TableId {
    schema().type_of(Kind::named(name).expect("the schema has it, as a test shows")).table
}

fn contains(of: TableId, what: TableId) -> Option<Link> {
    schema().links(schema().reading("contains")?, of).find(|l| l.to == what)
}

fn both(some: &Set, mut others: Set) -> Set {
    others.keep(some);
    others
}

/// The machines in one of the named subscriptions or groups, the nodes named, and the names that are unknown.
fn members(state: &State, of: TableId, machine: TableId, keys: &[String]) -> (Set, Vec<u32>, Vec<String>) {
    let mut machines = Set::with_room(state.table(machine).given());
    let (mut named, mut unknown) = (Vec::new(), Vec::new());
    for key in keys {
        match (state.table(of).find(key, &state.hasher), contains(of, machine)) {
            (Some(n), Some(link)) => {
                named.push(n);
                machines.add(state.neighbours(link, n));
            }
            _ => unknown.push(key.clone()),
        }
    }
    (machines, named, unknown)
}

pub(super) fn limits(state: &State, plan: &Plan, scope: &Scope, access: &Access) -> (Limits, Vec<Missing>) {
    let machine = table("virtual_machines");
    let mut limits = Limits { machines: None, withheld: BTreeMap::new(), named: Vec::new(), machine };
    let mut missing = Vec::new();
    for (of, allowed, asked) in [
        (table("subscription"), &access.subscriptions, &scope.subscriptions),
        (table("device_group"), &access.device_groups, &scope.device_groups),
    ] {
        let name = schema().table(of).name;
        let keys: Vec<String> = match (allowed, asked) {
            (None, None) => continue,
            (Some(allowed), None) => {
                missing.push(Missing::ScopeRestricted { of: name });
                allowed.clone()
            }
            (None, Some(asked)) => asked.clone(),
            (Some(allowed), Some(asked)) => {
                let (yes, no): (Vec<String>, Vec<String>) =
                    asked.iter().cloned().partition(|k| allowed.contains(k));
                if !no.is_empty() {
                    missing.push(Missing::ScopeNotAllowed { of: name, keys: no });
                }
                yes
            }
        };
        let (machines, named, unknown) = members(state, of, machine, &keys);
        // Somebody who may only see some is not told which others there are.
        if asked.is_some() && !unknown.is_empty() {
            missing.push(Missing::ScopeUnknown { of: name, keys: unknown });
        }
        limits.machines = Some(match limits.machines {
            Some(others) => both(&others, machines),
            None => machines,
        });
        limits.named.extend(named.into_iter().map(|n| (of, n)));
    }
    for w in &access.withheld {
        let at = schema().type_of(w.kind).table;
        let (machines, _, _) = members(state, table("subscription"), machine, &w.except);
        limits.withheld.insert(at.index(), machines);
        if touched(plan, at) {
            missing.push(Missing::TypeWithheld { kind: w.kind, reason: w.reason.clone() });
        }
    }
    let mut absent: Vec<&'static str> = Vec::new();
    for at in (0..state.tables.len()).map(TableId::at) {
        let source = schema().table(at).source;
        if touched(plan, at) && !state.sources.contains_key(source) && !absent.contains(&source) {
            absent.push(source);
        }
    }
    missing.extend(absent.into_iter().map(|source| Missing::SourceAbsent { source }));
    (limits, missing)
}

/// Whether a query looks at nodes of a table.
fn touched(plan: &Plan, table: TableId) -> bool {
    fn follows(expr: &Expr, table: TableId) -> bool {
        match expr {
            Expr::Filter(_) => false,
            Expr::Follow { links, .. } => links.iter().any(|l| l.to == table),
            Expr::And(all) | Expr::Or(all) => all.iter().any(|e| follows(e, table)),
            Expr::Not(inner) => follows(inner, table),
        }
    }
    plan.nodes.iter().flatten().any(|p| p.table == table || follows(&p.expr, table))
}

impl Limits {
    /// Which nodes of a table may be seen; none where all.
    pub fn see(&self, state: &State, table: TableId, work: &mut Work) -> Result<Option<Set>, QueryError> {
        let machines = match (self.withheld.get(&table.index()), &self.machines) {
            (None, None) => return Ok(None),
            (None, Some(machines)) => machines.clone(),
            (Some(shown), None) => shown.clone(),
            (Some(shown), Some(machines)) => both(shown, machines.clone()),
        };
        let mut seen = self.leading_to(state, table, &machines, work)?;
        self.named.iter().filter(|(t, _)| *t == table).for_each(|(_, n)| seen.insert(*n));
        Ok(Some(seen))
    }

    fn leading_to(
        &self,
        state: &State,
        table: TableId,
        machines: &Set,
        work: &mut Work,
    ) -> Result<Set, QueryError> {
        if table == self.machine {
            return Ok(machines.clone());
        }
        let all = state.table(table).all();
        let mut seen = Set::default();
        for reading in &schema().table(table).seen_through {
            for link in schema().links(*reading, table) {
                let nodes = self.leading_to(state, link.to, machines, work)?;
                let targets = Found { count: nodes.len(), nodes };
                seen.add_all(&join::join(state, link, &all, &targets, work)?);
            }
        }
        Ok(seen)
    }
}

/// Work for finding out what somebody sees of a whole graph.
const SIGHT_WORK: u64 = 10_000_000_000;

/// Which nodes of each table somebody sees; none where all.
pub(crate) fn sight(state: &State, access: &Access) -> Result<Vec<Option<Set>>, QueryError> {
    let plan = Plan { nodes: Vec::new(), root: 0, columns: Vec::new(), cells: Vec::new() };
    let (limits, _) = limits(state, &plan, &Scope::default(), access);
    let work = &mut Work { left: SIGHT_WORK };
    (0..state.tables.len()).map(|t| limits.see(state, TableId::at(t), work)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many steps lead from a table to the machines at most.
    fn steps(at: TableId, machine: TableId, above: &mut Vec<TableId>) -> usize {
        assert!(!above.contains(&at), "readings lead in a circle");
        if at == machine {
            return 0;
        }
        above.push(at);
        let links = schema().table(at).seen_through.iter().flat_map(|r| schema().links(*r, at));
        let most = links.map(|l| steps(l.to, machine, above)).max().unwrap_or(0);
        above.pop();
        most + 1
    }

    #[test]
    fn every_type_leads_to_machines_in_few_steps() {
        let machine = table("virtual_machines");
        for at in (0..schema().tables.len()).map(TableId::at) {
            assert!(steps(at, machine, &mut Vec::new()) <= 3);
        }
        for of in ["subscription", "device_group"] {
            assert!(contains(table(of), machine).is_some());
        }
    }
}
