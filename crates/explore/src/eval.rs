//! Evaluation: whole sets at a time, from the leaves up. Filters and joins take the candidates that are
//! left and give those that remain.

mod filter;
mod join;
mod scope;

pub(crate) use scope::sight;
pub use scope::{Access, Withheld};

use std::rc::Rc;

use palisade_types::TimeMicros;

use crate::answer::Missing;
use crate::query::{Expr, NodeAt, Pick, Plan, QueryCode, QueryError, Scope};
use crate::schema::{TableId, schema};
use crate::store::{Set, State};

/// What a target comes to in one table.
pub(crate) struct Found {
    pub nodes: Set,
    pub count: u64,
}

/// One query on one state.
pub(crate) struct Evaluation<'s> {
    pub state: &'s State,
    plan: &'s Plan,
    now: TimeMicros,
    work: Work,
    limits: scope::Limits,
    /// Which nodes of a table may be seen; none where all may.
    visible: Vec<Option<Option<Rc<Set>>>>,
    /// What each target comes to, by its picks.
    found: Vec<Option<Rc<Vec<Found>>>>,
    /// Sets that are no longer needed, for those who need one.
    spare: Vec<Set>,
}

/// How much work is left. A unit is about a nanosecond.
pub(crate) struct Work {
    left: u64,
}

impl Work {
    pub fn spend(&mut self, units: u64) -> Result<(), QueryError> {
        match self.left.checked_sub(units) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(QueryError::new(
                QueryCode::TooMuchWork,
                "the query looks at too much; narrow it down or limit its scope",
            )),
        }
    }
}

impl<'s> Evaluation<'s> {
    pub fn new(
        state: &'s State,
        plan: &'s Plan,
        scope: &Scope,
        access: &Access,
        now: TimeMicros,
        work: u64,
    ) -> (Self, Vec<Missing>) {
        let (limits, missing) = scope::limits(state, plan, scope, access);
        let tables = state.tables.len();
        let evaluation = Self {
            state,
            plan,
            now,
            work: Work { left: work },
            limits,
            visible: vec![None; tables],
            found: vec![None; plan.nodes.len()],
            spare: Vec::new(),
        };
        (evaluation, missing)
    }

    pub fn work(&mut self) -> &mut Work {
        &mut self.work
    }

    pub fn picks(&self, target: NodeAt) -> &'s [Pick] {
        &self.plan.nodes[target]
    }

    /// The nodes that a target comes to, by its picks.
    pub fn target(&mut self, target: NodeAt) -> Result<Rc<Vec<Found>>, QueryError> {
        if let Some(found) = &self.found[target] {
            return Ok(Rc::clone(found));
        }
        let mut sets = Vec::new();
        for pick in self.picks(target) {
            let mut nodes = self.state.table(pick.table).nodes(&pick.kinds);
            if let Some(visible) = self.visible(pick.table)? {
                nodes.keep(&visible);
            }
            let nodes = self.expr(pick.table, &pick.expr, nodes)?;
            sets.push(Found { count: nodes.len(), nodes });
        }
        let sets = Rc::new(sets);
        self.found[target] = Some(Rc::clone(&sets));
        Ok(sets)
    }

    /// Those of the candidates for which it holds.
    fn expr(&mut self, table: TableId, expr: &Expr, candidates: Set) -> Result<Set, QueryError> {
        if candidates.is_empty() {
            return Ok(candidates);
        }
        match expr {
            Expr::Filter(f) => {
                let spec = &schema().table(table).properties[f.column];
                let table = self.state.table(table);
                filter::filter(table, spec, f, self.now, candidates, &mut self.work)
            }
            Expr::Follow { links, target } => {
                let found = self.target(*target)?;
                let mut left = candidates;
                let mut reached = Set::default();
                for link in links {
                    let Some(targets) = self.found_in(*target, &found, link.to) else { continue };
                    let here = join::join(self.state, *link, &left, targets, &mut self.work)?;
                    left.take_out(&here);
                    reached.add_all(&here);
                }
                Ok(reached)
            }
            Expr::And(all) => {
                let mut left = candidates;
                for expr in all {
                    left = self.expr(table, expr, left)?;
                }
                Ok(left)
            }
            Expr::Or(any) => {
                let mut left = candidates;
                let mut found = Set::default();
                for expr in any {
                    let here = self.expr(table, expr, left.clone())?;
                    left.take_out(&here);
                    found.add_all(&here);
                }
                Ok(found)
            }
            Expr::Not(inner) => {
                let mut left = candidates.clone();
                left.take_out(&self.expr(table, inner, candidates)?);
                Ok(left)
            }
        }
    }

    /// The same for a few nodes in ascending order.
    pub fn expr_of_few(
        &mut self,
        table: TableId,
        expr: &Expr,
        mut nodes: Vec<u32>,
    ) -> Result<Vec<u32>, QueryError> {
        match expr {
            Expr::Filter(f) => {
                let spec = &schema().table(table).properties[f.column];
                filter::keep(self.state.table(table), spec, f, self.now, &mut nodes, &mut self.work)?;
            }
            Expr::Follow { links, target } => {
                let found = self.target(*target)?;
                let state = self.state;
                let mut looked = 0;
                nodes.retain(|n| {
                    links.iter().any(|link| {
                        let targets = self.found_in(*target, &found, link.to);
                        let (meets, more) =
                            targets.map_or((false, 0), |t| t.nodes.meets(state.neighbours(*link, *n)));
                        looked += more + 20;
                        meets
                    })
                });
                self.work.spend(looked)?;
            }
            Expr::And(all) => {
                for expr in all {
                    nodes = self.expr_of_few(table, expr, nodes)?;
                }
            }
            Expr::Or(any) => {
                let mut found = Vec::new();
                for expr in any {
                    found.extend(self.expr_of_few(table, expr, nodes.clone())?);
                }
                found.sort_unstable();
                found.dedup();
                nodes = found;
            }
            Expr::Not(inner) => {
                let holds = self.expr_of_few(table, inner, nodes.clone())?;
                nodes.retain(|n| holds.binary_search(n).is_err());
            }
        }
        Ok(nodes)
    }

    /// What a target comes to in one table.
    fn found_in<'f>(&self, target: NodeAt, found: &'f [Found], table: TableId) -> Option<&'f Found> {
        found.get(self.picks(target).iter().position(|p| p.table == table)?)
    }

    /// An empty set with room for the numbers of a table.
    pub fn empty_set(&mut self, table: TableId) -> Set {
        let mut set = self.spare.pop().unwrap_or_default();
        set.clear(self.state.table(table).given());
        set
    }

    /// Takes a set back that is no longer needed: they are large, and rows need some each.
    pub fn take_back(&mut self, set: Set) {
        self.spare.push(set);
    }

    /// Which nodes of a table the caller may see within the scope; none where all.
    pub fn visible(&mut self, table: TableId) -> Result<Option<Rc<Set>>, QueryError> {
        if let Some(known) = &self.visible[table.index()] {
            return Ok(known.clone());
        }
        let seen = self.limits.see(self.state, table, &mut self.work)?.map(Rc::new);
        self.visible[table.index()] = Some(seen.clone());
        Ok(seen)
    }
}
