//! A graph in memory, and the search for the places of a pattern.

use std::collections::HashMap;

use datafusion::common::Result;
use palisade_kql::program::{Cycles, Matching};

use super::Budget;
use crate::value::V;

/// A node's id as a text; ids have one type.
pub(super) fn key(id: &V<'_>) -> String {
    match id {
        V::Null => "\u{0}".to_owned(),
        V::Bool(b) => b.to_string(),
        V::Int(n) => n.to_string(),
        V::Real(n) => n.to_bits().to_string(),
        V::Dec(n) => n.to_string(),
        V::Str(s) => s.to_string(),
    }
}

/// Edges by their nodes.
pub(super) struct Graph {
    /// Source and target of each edge.
    pub ends: Vec<(u32, u32)>,
    /// Edges that leave and that enter each node.
    out: Vec<Vec<u32>>,
    into: Vec<Vec<u32>>,
}

impl Graph {
    pub fn new(nodes: usize, ends: Vec<(u32, u32)>, budget: &Budget) -> Result<Self> {
        budget.grow(nodes.saturating_mul(64).saturating_add(ends.len().saturating_mul(16)))?;
        let (mut out, mut into) = (vec![Vec::new(); nodes], vec![Vec::new(); nodes]);
        for ((from, to), edge) in ends.iter().zip(0u32..) {
            out[*from as usize].push(edge);
            into[*to as usize].push(edge);
        }
        Ok(Self { ends, out, into })
    }

    /// Edges from a node with the node on their other side. With both directions, an edge from a node
    /// to itself is there twice.
    fn steps(&self, node: u32, with: bool, against: bool) -> impl Iterator<Item = (u32, u32)> + '_ {
        let out = if with { self.out[node as usize].as_slice() } else { &[] };
        let into = if against { self.into[node as usize].as_slice() } else { &[] };
        let out = out.iter().map(|e| (*e, self.ends[*e as usize].1));
        out.chain(into.iter().map(|e| (*e, self.ends[*e as usize].0)))
    }
}

/// Which nodes and edges fulfil the conditions of each variable.
pub(super) struct Allowed {
    pub nodes: Vec<Option<Vec<bool>>>,
    pub edges: Vec<Option<Vec<bool>>>,
    /// Nodes between the ends of a path.
    pub inner: Vec<Option<Vec<bool>>>,
}

fn allows(list: &[Option<Vec<bool>>], variable: usize, at: u32) -> bool {
    match list.get(variable) {
        Some(Some(flags)) => flags.get(at as usize).copied().unwrap_or(false),
        _ => true,
    }
}

/// What an edge of the pattern stands for, from left to right.
#[derive(Clone, Debug, Default)]
pub(super) struct Bound {
    pub edges: Vec<u32>,
    /// Nodes between the ends.
    pub inner: Vec<u32>,
}

/// The places of the search so far.
pub(super) struct Found {
    pub nodes: Vec<Option<u32>>,
    pub edges: Vec<Bound>,
}

/// One step of the search.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Any node for this variable.
    Node(usize),
    /// An edge of the pattern, from its left node where that is known.
    Edge { edge: usize, from_left: bool },
}

/// Called for each match.
pub(super) type Report<'r> = &'r mut dyn FnMut(&Found) -> Result<()>;

pub(super) struct Search<'s> {
    pub graph: &'s Graph,
    pub pattern: &'s Matching,
    pub allowed: &'s Allowed,
    pub budget: &'s Budget,
    found: Found,
    /// How often a node or an edge is in use.
    used_nodes: HashMap<u32, u32>,
    used_edges: HashMap<u32, u32>,
}

impl<'s> Search<'s> {
    pub fn new(graph: &'s Graph, pattern: &'s Matching, allowed: &'s Allowed, budget: &'s Budget) -> Self {
        let found = Found {
            nodes: vec![None; pattern.nodes.len()],
            edges: vec![Bound::default(); pattern.edges.len()],
        };
        Self {
            graph,
            pattern,
            allowed,
            budget,
            found,
            used_nodes: HashMap::new(),
            used_edges: HashMap::new(),
        }
    }

    /// Nodes that a variable may stand for.
    fn candidates(&self, variable: usize) -> usize {
        match self.allowed.nodes.get(variable) {
            Some(Some(flags)) => flags.iter().filter(|f| **f).count(),
            _ => self.graph.out.len(),
        }
    }

    /// Begins at the variable with the fewest nodes, then goes along edges from what is known.
    fn plan(&self) -> Vec<Step> {
        let mut known = vec![false; self.pattern.nodes.len()];
        let mut open: Vec<usize> = (0..self.pattern.edges.len()).collect();
        let sizes: Vec<usize> = (0..known.len()).map(|n| self.candidates(n)).collect();
        let mut steps = Vec::new();
        loop {
            // Edges between known nodes only test; then single edges; then paths.
            let rank = |at: &usize| {
                let edge = &self.pattern.edges[*at];
                let both = known[edge.left] && known[edge.right];
                (!both, edge.hops.is_some(), edge.hops.map_or(0, |h| h.1))
            };
            let next = open
                .iter()
                .copied()
                .filter(|at| known[self.pattern.edges[*at].left] || known[self.pattern.edges[*at].right])
                .min_by_key(rank);
            if let Some(at) = next {
                let edge = &self.pattern.edges[at];
                steps.push(Step::Edge { edge: at, from_left: known[edge.left] });
                (known[edge.left], known[edge.right]) = (true, true);
                open.retain(|e| *e != at);
                continue;
            }
            let start = (0..known.len()).filter(|n| !known[*n]).min_by_key(|n| sizes[*n]);
            match start {
                Some(node) => {
                    steps.push(Step::Node(node));
                    known[node] = true;
                }
                None => return steps,
            }
        }
    }

    /// All matches.
    pub fn run(&mut self, report: Report<'_>) -> Result<()> {
        let plan = self.plan();
        self.go(&plan, report)
    }

    fn go(&mut self, plan: &[Step], report: Report<'_>) -> Result<()> {
        self.budget.step(1)?;
        let Some((step, rest)) = plan.split_first() else { return report(&self.found) };
        match *step {
            Step::Node(variable) => {
                for node in 0..self.graph.out.len() as u32 {
                    self.budget.step(1)?;
                    if self.enter(variable, node) {
                        self.go(rest, report)?;
                        self.leave(variable, node);
                    }
                }
                Ok(())
            }
            Step::Edge { edge, from_left } => {
                let spec = &self.pattern.edges[edge];
                let (start, end) = if from_left { (spec.left, spec.right) } else { (spec.right, spec.left) };
                let Some(at) = self.found.nodes[start] else { return Ok(()) };
                let (least, most) = spec.hops.unwrap_or((1, 1));
                if least == 0 {
                    self.arrive(edge, end, at, from_left, &Bound::default(), rest, report)?;
                }
                let mut path = Bound::default();
                self.walk((edge, end, from_left), at, (least.max(1), most), &mut path, rest, report)
            }
        }
    }

    /// Goes on from the last node of a path.
    fn walk(
        &mut self,
        way @ (edge, end, from_left): (usize, usize, bool),
        at: u32,
        (least, most): (u32, u32),
        path: &mut Bound,
        rest: &[Step],
        report: Report<'_>,
    ) -> Result<()> {
        let graph = self.graph;
        let spec = &self.pattern.edges[edge];
        let (with, against) =
            if from_left { (spec.forward, spec.backward) } else { (spec.backward, spec.forward) };
        for (hop, to) in graph.steps(at, with, against) {
            self.budget.step(1)?;
            if !allows(&self.allowed.edges, edge, hop) || !self.take_edge(hop) {
                continue;
            }
            path.edges.push(hop);
            let length = path.edges.len() as u32;
            if length >= least {
                self.arrive(edge, end, to, from_left, path, rest, report)?;
            }
            if length < most && allows(&self.allowed.inner, edge, to) && self.take_inner(to) {
                path.inner.push(to);
                self.walk(way, to, (least, most), path, rest, report)?;
                path.inner.pop();
                self.give_back(to);
            }
            path.edges.pop();
            self.drop_edge(hop);
        }
        Ok(())
    }

    /// A path ends at a node: goes on with the rest of the pattern where the node fits.
    #[allow(clippy::too_many_arguments)]
    fn arrive(
        &mut self,
        edge: usize,
        end: usize,
        node: u32,
        from_left: bool,
        path: &Bound,
        rest: &[Step],
        report: Report<'_>,
    ) -> Result<()> {
        let known = self.found.nodes[end];
        let entered = known.is_none() && {
            // An empty path joins two variables in one node.
            if path.edges.is_empty() && self.pattern.cycles == Cycles::None {
                return Ok(());
            }
            self.enter(end, node)
        };
        if known != Some(node) && !entered {
            return Ok(());
        }
        let mut own = path.clone();
        if !from_left {
            own.edges.reverse();
            own.inner.reverse();
        }
        let before = std::mem::replace(&mut self.found.edges[edge], own);
        let result = self.go(rest, report);
        self.found.edges[edge] = before;
        if entered {
            self.leave(end, node);
        }
        result
    }

    /// Lets a variable stand for a node; false where it may not.
    fn enter(&mut self, variable: usize, node: u32) -> bool {
        if !allows(&self.allowed.nodes, variable, node) {
            return false;
        }
        if self.pattern.cycles == Cycles::None {
            let uses = self.used_nodes.entry(node).or_default();
            if *uses > 0 {
                return false;
            }
            *uses += 1;
        }
        self.found.nodes[variable] = Some(node);
        true
    }

    fn leave(&mut self, variable: usize, node: u32) {
        self.found.nodes[variable] = None;
        self.give_back(node);
    }

    /// A node between the ends of a path.
    fn take_inner(&mut self, node: u32) -> bool {
        if self.pattern.cycles != Cycles::None {
            return true;
        }
        let uses = self.used_nodes.entry(node).or_default();
        let free = *uses == 0;
        *uses += u32::from(free);
        free
    }

    fn give_back(&mut self, node: u32) {
        if self.pattern.cycles == Cycles::None
            && let Some(uses) = self.used_nodes.get_mut(&node)
        {
            *uses = uses.saturating_sub(1);
        }
    }

    fn take_edge(&mut self, edge: u32) -> bool {
        if self.pattern.cycles == Cycles::All {
            return true;
        }
        let uses = self.used_edges.entry(edge).or_default();
        let free = *uses == 0;
        *uses += u32::from(free);
        free
    }

    fn drop_edge(&mut self, edge: u32) {
        if self.pattern.cycles != Cycles::All
            && let Some(uses) = self.used_edges.get_mut(&edge)
        {
            *uses = uses.saturating_sub(1);
        }
    }
}

/// The shortest paths of the pattern's one edge: breadth first from each node of its left side.
pub(super) fn shortest(
    graph: &Graph,
    pattern: &Matching,
    allowed: &Allowed,
    budget: &Budget,
    report: Report<'_>,
) -> Result<()> {
    let (Some(spec), Some(all)) = (pattern.edges.first(), pattern.shortest) else { return Ok(()) };
    let (least, most) = spec.hops.unwrap_or((1, 1));
    let nodes = graph.out.len();
    budget.grow(nodes.saturating_mul(48))?;
    let mut distance: Vec<Option<u32>> = vec![None; nodes];
    let mut before: Vec<Vec<(u32, u32)>> = vec![Vec::new(); nodes];
    let mut found = Found { nodes: vec![None; pattern.nodes.len()], edges: vec![Bound::default()] };
    for start in (0..nodes as u32).filter(|n| allows(&allowed.nodes, spec.left, *n)) {
        budget.step(1)?;
        let mut touched = vec![start];
        distance[start as usize] = Some(0);
        let mut level = vec![start];
        let mut length = 0;
        while length < most && !level.is_empty() {
            length += 1;
            let mut next = Vec::new();
            for at in level {
                if at != start && !allows(&allowed.inner, 0, at) {
                    continue;
                }
                for (hop, to) in graph.steps(at, spec.forward, spec.backward) {
                    budget.step(1)?;
                    if !allows(&allowed.edges, 0, hop) {
                        continue;
                    }
                    match distance[to as usize] {
                        None => {
                            distance[to as usize] = Some(length);
                            before[to as usize].push((hop, at));
                            touched.push(to);
                            next.push(to);
                        }
                        Some(known) if all && known == length => before[to as usize].push((hop, at)),
                        Some(_) => {}
                    }
                }
            }
            level = next;
        }
        for end in &touched {
            let far = distance[*end as usize].unwrap_or(0);
            let same = spec.left == spec.right;
            if far < least || (same && *end != start) || (!same && !allows(&allowed.nodes, spec.right, *end))
            {
                continue;
            }
            found.nodes[spec.left] = Some(start);
            found.nodes[spec.right] = Some(*end);
            back(&before, *end, far, &mut Vec::new(), budget, &mut |path| {
                // The path was read from its end.
                let edges: Vec<u32> = path.iter().rev().map(|(hop, _)| *hop).collect();
                let inner = path.iter().rev().skip(1).map(|(_, from)| *from).collect();
                found.edges[0] = Bound { edges, inner };
                report(&found)
            })?;
        }
        for node in touched {
            distance[node as usize] = None;
            before[node as usize].clear();
        }
    }
    Ok(())
}

/// Called for each way back: edges with the nodes that they come from, last first.
type Back<'r> = &'r mut dyn FnMut(&[(u32, u32)]) -> Result<()>;

/// All ways back over `left` edges.
fn back(
    before: &[Vec<(u32, u32)>],
    at: u32,
    left: u32,
    path: &mut Vec<(u32, u32)>,
    budget: &Budget,
    report: Back<'_>,
) -> Result<()> {
    budget.step(1)?;
    if left == 0 {
        return report(path);
    }
    for (hop, from) in &before[at as usize] {
        path.push((*hop, *from));
        back(before, *from, left - 1, path, budget, report)?;
        path.pop();
    }
    Ok(())
}
