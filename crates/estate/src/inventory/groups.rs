//! Groups, their members and variables, whatever form they were written in.

use std::collections::{BTreeMap, BTreeSet};

use super::host::{apply, check_count, matters};
use super::{Bound, Inventory, InventoryError, MAX_GROUPS, MAX_MEMBERS, MAX_VARIABLES, Target};

pub(super) type Variables = BTreeMap<String, String>;

/// Keeps a variable if it means something to us: everything else would only take time and memory.
pub(super) fn keep(
    into: &mut Variables,
    key: String,
    value: String,
    line: usize,
) -> Result<(), InventoryError> {
    if !matters(&key) {
        return Ok(());
    }
    if into.len() >= MAX_VARIABLES && !into.contains_key(&key) {
        return Err(InventoryError::TooMuch { line, bound: Bound::Variables });
    }
    into.insert(key, value);
    Ok(())
}

#[derive(Default)]
pub(super) struct Group {
    pub(super) hosts: BTreeSet<String>,
    pub(super) children: BTreeSet<String>,
    pub(super) variables: Variables,
    pub(super) line: usize,
}

/// An inventory before its groups are resolved.
#[derive(Default)]
pub(super) struct Tree {
    pub(super) groups: BTreeMap<String, Group>,
    /// Variables and first line of each host.
    pub(super) hosts: BTreeMap<String, (Variables, usize)>,
}

impl Tree {
    pub(super) fn group(&mut self, name: &str, line: usize) -> Result<&mut Group, InventoryError> {
        if !self.groups.contains_key(name) {
            if self.groups.len() >= MAX_GROUPS {
                return Err(InventoryError::TooMuch { line, bound: Bound::Groups });
            }
            self.groups.insert(name.to_owned(), Group { line, ..Group::default() });
        }
        self.groups.get_mut(name).ok_or_else(|| InventoryError::malformed(line, "no such group"))
    }

    pub(super) fn host(&mut self, name: &str, line: usize) -> Result<&mut Variables, InventoryError> {
        if !self.hosts.contains_key(name) {
            check_count(self.hosts.len() + 1, line)?;
        }
        Ok(&mut self.hosts.entry(name.to_owned()).or_insert_with(|| (Variables::new(), line)).0)
    }

    /// Parents before children, each group once; a circle is an error.
    fn order(&self) -> Result<Vec<&str>, InventoryError> {
        let mut waiting: BTreeMap<&str, usize> = self.groups.keys().map(|g| (g.as_str(), 0)).collect();
        for child in self.groups.values().flat_map(|g| &g.children) {
            if let Some(n) = waiting.get_mut(child.as_str()) {
                *n += 1;
            }
        }
        let mut ready: Vec<&str> = waiting.iter().filter(|(_, n)| **n == 0).map(|(g, _)| *g).collect();
        let mut order = Vec::with_capacity(self.groups.len());
        while let Some(name) = ready.pop() {
            order.push(name);
            for child in &self.groups[name].children {
                if let Some(n) = waiting.get_mut(child.as_str()) {
                    *n -= 1;
                    if *n == 0 {
                        ready.push(child);
                    }
                }
            }
        }
        match waiting.iter().find(|(_, n)| **n > 0) {
            None => Ok(order),
            Some((name, _)) => {
                Err(InventoryError::Circle { line: self.groups[*name].line, group: (*name).to_owned() })
            }
        }
    }

    /// All hosts with the groups that they are in and the variables that hold for them: those of a
    /// group win over its parents', those of a host over all.
    pub(super) fn resolve(self, mut into: Inventory) -> Result<Inventory, InventoryError> {
        let order = self.order()?;
        // Depth in the tree decides between groups, then the name, as Ansible has it.
        let mut depth: BTreeMap<&str, usize> = BTreeMap::new();
        let mut above: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut steps = 0usize;
        for name in &order {
            let own = depth.get(name).copied().unwrap_or(usize::from(*name != "all"));
            depth.insert(name, own);
            let inherited: BTreeSet<&str> =
                above.get(name).into_iter().flatten().copied().chain([*name]).collect();
            for child in &self.groups[*name].children {
                steps += inherited.len();
                if steps > MAX_MEMBERS {
                    return Err(InventoryError::TooMuch {
                        line: self.groups[*name].line,
                        bound: Bound::Members,
                    });
                }
                let d = depth.entry(child).or_default();
                *d = (*d).max(own + 1);
                above.entry(child).or_default().extend(&inherited);
            }
        }
        let mut member_of: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut members = 0usize;
        for (name, group) in &self.groups {
            for host in &group.hosts {
                let all = member_of.entry(host).or_default();
                let before = all.len();
                all.insert(name);
                all.extend(above.get(name.as_str()).into_iter().flatten());
                members += all.len() - before;
                if members > MAX_MEMBERS {
                    return Err(InventoryError::TooMuch { line: group.line, bound: Bound::Members });
                }
            }
        }
        let none = BTreeSet::new();
        for (name, (own, line)) in &self.hosts {
            let groups = member_of.get(name.as_str()).unwrap_or(&none);
            let mut ranked: Vec<(usize, &str)> =
                groups.iter().map(|g| (depth.get(g).copied().unwrap_or(1), *g)).collect();
            ranked.sort_unstable();
            let mut variables: BTreeMap<&str, &str> = BTreeMap::new();
            let of_groups = ranked.iter().map(|(_, group)| &self.groups[*group].variables);
            for (key, value) in self
                .groups
                .get("all")
                .map(|g| &g.variables)
                .into_iter()
                .chain(of_groups)
                .chain([own])
                .flatten()
            {
                variables.insert(key, value);
            }
            let mut target = Target {
                name: name.clone(),
                address: name.clone(),
                groups: groups
                    .iter()
                    .filter(|g| !matches!(**g, "all" | "ungrouped"))
                    .map(|g| (*g).to_owned())
                    .collect(),
                line: *line,
                ..Target::default()
            };
            apply(&mut target, &variables, *line, &mut into)?;
            into.targets.push(target);
        }
        Ok(into)
    }
}
