//! Evaluation: whole sets at a time, from the leaves up. Filters and joins take the candidates that are
//! left and give those that remain.

mod filter;
mod join;
mod scope;

pub use scope::{Access, Withheld};

use std::rc::Rc;

use palisade_types::TimeMicros;
use roaring::RoaringBitmap;

use crate::answer::Missing;
use crate::query::{Expr, NodeAt, Pick, Plan, QueryCode, QueryError, Scope};
use crate::schema::{TableId, schema};
use crate::store::{Bits, State};

/// One query on one state.
pub(crate) struct Evaluation<'s> {
    pub state: &'s State,
    plan: &'s Plan,
    now: TimeMicros,
    work: Work,
    limits: scope::Limits,
    /// Which nodes of a table may be seen; none where all may.
    visible: Vec<Option<Option<Rc<RoaringBitmap>>>>,
    /// What each target comes to, by its picks.
    found: Vec<Option<Rc<Vec<RoaringBitmap>>>>,
    /// The same for looking at one by one.
    bits: Vec<Option<Rc<Vec<Bits>>>>,
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
            bits: vec![None; plan.nodes.len()],
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
    pub fn target(&mut self, target: NodeAt) -> Result<Rc<Vec<RoaringBitmap>>, QueryError> {
        if let Some(found) = &self.found[target] {
            return Ok(Rc::clone(found));
        }
        let mut sets = Vec::new();
        for pick in self.picks(target) {
            let mut nodes = self.state.table(pick.table).nodes(&pick.kinds);
            if let Some(visible) = self.visible(pick.table)? {
                nodes &= &*visible;
            }
            sets.push(self.expr(pick.table, &pick.expr, nodes)?);
        }
        let sets = Rc::new(sets);
        self.found[target] = Some(Rc::clone(&sets));
        Ok(sets)
    }

    /// What [`Self::target`] gives, for looking at one by one.
    pub fn bits(&mut self, target: NodeAt) -> Result<Rc<Vec<Bits>>, QueryError> {
        if let Some(bits) = &self.bits[target] {
            return Ok(Rc::clone(bits));
        }
        let found = self.target(target)?;
        self.work.spend(found.iter().map(RoaringBitmap::len).sum())?;
        let bits = Rc::new(found.iter().map(Bits::of).collect::<Vec<_>>());
        self.bits[target] = Some(Rc::clone(&bits));
        Ok(bits)
    }

    /// Those of the candidates for which it holds.
    pub fn expr(
        &mut self,
        table: TableId,
        expr: &Expr,
        candidates: RoaringBitmap,
    ) -> Result<RoaringBitmap, QueryError> {
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
                let mut reached = RoaringBitmap::new();
                for link in links {
                    let at = self.picks(*target).iter().position(|p| p.table == link.to);
                    let Some(targets) = at.and_then(|at| found.get(at)) else { continue };
                    let rest = if reached.is_empty() { candidates.clone() } else { &candidates - &reached };
                    reached |= join::join(self.state, *link, &rest, targets, &mut self.work)?;
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
                let mut found = RoaringBitmap::new();
                for expr in any {
                    let here = self.expr(table, expr, left.clone())?;
                    left -= &here;
                    found |= here;
                }
                Ok(found)
            }
            Expr::Not(inner) => {
                let without = self.expr(table, inner, candidates.clone())?;
                Ok(candidates - without)
            }
        }
    }

    /// Which nodes of a table the caller may see within the scope; none where all.
    pub fn visible(&mut self, table: TableId) -> Result<Option<Rc<RoaringBitmap>>, QueryError> {
        if let Some(known) = &self.visible[table.index()] {
            return Ok(known.clone());
        }
        let seen = self.limits.see(self.state, table, &mut self.work)?.map(Rc::new);
        self.visible[table.index()] = Some(seen.clone());
        Ok(seen)
    }
}
