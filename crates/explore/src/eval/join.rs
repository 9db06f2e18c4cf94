//! Which of some nodes are connected with one of others. Two ways lead there: looking at the neighbours
//! of each candidate until one is among the targets, or collecting the neighbours of the targets.
//! Whichever costs less is taken, and it may change on the way.

use roaring::RoaringBitmap;

use super::Work;
use crate::query::QueryError;
use crate::schema::Link;
use crate::store::{Adjacent, Bits, Relations, State};

/// Edges looked at before the way is thought over again.
const BLOCK: u64 = 1 << 20;

pub(super) fn join(
    state: &State,
    link: Link,
    candidates: &RoaringBitmap,
    targets: &RoaringBitmap,
    work: &mut Work,
) -> Result<RoaringBitmap, QueryError> {
    let relation = state.relation(link.relation);
    if candidates.is_empty() || targets.is_empty() || relation.edges() == 0 {
        return Ok(RoaringBitmap::new());
    }
    let join = Join {
        relation,
        forward: link.forward,
        targets,
        all_targets: state.table(link.to).len().max(1),
        own_degree: relation.edges() / state.table(link.from).len().max(1) + 1,
        degree: relation.edges() / state.table(link.to).len().max(1) + 1,
    };
    let hit = join.all_targets / targets.len() + 1;
    let pull = candidates.len().saturating_mul(join.own_degree.min(hit));
    let push = targets.len().saturating_mul(join.degree);
    if pull <= push { join.pull(candidates, work) } else { join.push(candidates, work) }
}

struct Join<'j> {
    relation: &'j Relations,
    forward: bool,
    targets: &'j RoaringBitmap,
    all_targets: u64,
    /// Mean neighbours of a candidate, and of a target.
    own_degree: u64,
    degree: u64,
}

impl Join<'_> {
    /// Looks from the candidates.
    fn pull(&self, candidates: &RoaringBitmap, work: &mut Work) -> Result<RoaringBitmap, QueryError> {
        let mut found = RoaringBitmap::new();
        // Everything is a target: whoever has a neighbour is connected.
        let any = self.targets.len() == self.all_targets;
        let targets = if any { Bits::default() } else { Bits::of(self.targets) };
        work.spend(self.targets.len() + candidates.len() * 10)?;
        let mut looked = 0;
        for n in candidates {
            let neighbours = self.relation.of(n, self.forward);
            if if any { !neighbours.is_empty() } else { meets(&targets, neighbours, &mut looked) } {
                found.insert(n);
            }
            if looked >= BLOCK {
                work.spend(looked)?;
                looked = 0;
            }
        }
        work.spend(looked)?;
        Ok(found)
    }

    /// Collects from the targets: first those with very many neighbours, which cost least for each.
    fn push(&self, candidates: &RoaringBitmap, work: &mut Work) -> Result<RoaringBitmap, QueryError> {
        let mut large = RoaringBitmap::new();
        let mut rest = Vec::new();
        let mut rest_edges = 0;
        work.spend(self.targets.len() * 20)?;
        for t in self.targets {
            let neighbours = self.relation.of(t, !self.forward);
            let count = neighbours.len();
            if count >= 4096 {
                work.spend(4000)?;
                neighbours.add_to(&mut large);
            } else if count > 0 {
                rest_edges += count;
                rest.push(t);
            }
        }
        let mut left = candidates - &large;
        let mut reached = Bits::new(candidates.max().unwrap_or(0));
        let mut since = BLOCK;
        for t in rest {
            if since >= BLOCK {
                since = 0;
                work.spend(left.len() * 4)?;
                left = left.into_iter().filter(|n| !reached.has(*n)).collect();
                if left.is_empty() {
                    return Ok(candidates.clone());
                }
                if left.len().saturating_mul(self.own_degree) < rest_edges {
                    let more = self.pull(&left, work)?;
                    return Ok(candidates - (left - more));
                }
            }
            let neighbours = self.relation.of(t, !self.forward);
            reached.add(neighbours);
            let count = neighbours.len();
            since += count;
            rest_edges -= count;
            work.spend(count * 2 + 20)?;
        }
        let left: RoaringBitmap = left.into_iter().filter(|n| !reached.has(*n)).collect();
        Ok(candidates - left)
    }
}

fn meets(targets: &Bits, neighbours: &Adjacent, looked: &mut u64) -> bool {
    let look = |n: u32| {
        *looked += 1;
        targets.has(n)
    };
    match neighbours {
        Adjacent::Many(bitmap) => bitmap.iter().any(look),
        few => few.iter().any(look),
    }
}
