//! Which of some nodes are connected with one of others. Three ways lead there: to look at the neighbours
//! of each candidate until one is among the targets, to collect the neighbours of the targets, or to
//! collect only those of targets that nearly everybody is connected with, which leaves few candidates to
//! look at. Whichever costs less is taken, and it may change on the way.

use super::{Found, Work};
use crate::query::QueryError;
use crate::schema::Link;
use crate::store::{Relations, Set, State};

/// Edges collected before the way is thought over again.
const BLOCK: u64 = 1 << 18;
/// Targets with very many neighbours that are collected before it is seen who is left.
const ROUND: u32 = 16;
/// What it costs to get hold of a node's neighbours, in units of work, when they are listed and when
/// they are packed.
const LISTED: u64 = 10;
const PACKED: u64 = 100;

pub(super) fn join(
    state: &State,
    link: Link,
    candidates: &Set,
    targets: &Found,
    work: &mut Work,
) -> Result<Set, QueryError> {
    let relation = state.relation(link.relation);
    let (mine, theirs) = (candidates.len(), targets.count);
    if mine == 0 || theirs == 0 || relation.edges() == 0 {
        return Ok(Set::default());
    }
    let (from, to) = (state.table(link.from), state.table(link.to));
    let own_degree = relation.edges() / from.len().max(1) + 1;
    let join = Join {
        relation,
        forward: link.forward,
        targets: &targets.nodes,
        targets_count: theirs,
        any: theirs == to.len(),
        room: from.given(),
        look: if own_degree > 64 { PACKED } else { LISTED } + own_degree.min(to.len() / theirs + 1) * 2,
    };
    let degree = relation.edges() / to.len().max(1) + 1;
    let push = theirs.saturating_mul(if degree > 64 { PACKED } else { LISTED } + degree * 2);
    let pull = mine.saturating_mul(join.look);
    let mut left = candidates.clone();
    let mut reached = Set::with_room(join.room);
    // With some on average, there may be targets that a large part of all nodes is connected with.
    let mut rest = None;
    if degree >= 8 && push.min(pull) > theirs * 8 {
        rest = join.popular(&mut left, &mut reached, work)?;
        if left.is_empty() {
            return Ok(candidates.clone());
        }
    }
    match rest {
        Some(edges) if edges * 2 < left.len().saturating_mul(join.look) => {
            join.push(edges, &mut left, reached, work)?;
        }
        None if push < left.len().saturating_mul(join.look) => {
            join.push(relation.edges(), &mut left, reached, work)?;
        }
        _ => {
            let found = join.pull(&left, work)?;
            left.take_out(&found);
        }
    }
    let mut found = candidates.clone();
    found.take_out(&left);
    Ok(found)
}

struct Join<'j> {
    relation: &'j Relations,
    forward: bool,
    targets: &'j Set,
    targets_count: u64,
    /// Everything is a target: whoever has a neighbour is connected.
    any: bool,
    /// Room for every candidate.
    room: u32,
    /// What looking at a candidate costs by the mean number of neighbours.
    look: u64,
}

impl Join<'_> {
    /// The least number of neighbours of a target that is popular: one in sixteen of all nodes.
    fn popular_degree(&self) -> u64 {
        u64::from(self.room / 16).max(256)
    }

    /// Collects from the popular targets. Gives the edges of the others, or none if so few candidates
    /// are left that the others were not looked at.
    fn popular(&self, left: &mut Set, reached: &mut Set, work: &mut Work) -> Result<Option<u64>, QueryError> {
        let least = self.popular_degree();
        let cost = u64::from(self.room / 64);
        work.spend(self.targets_count * 4)?;
        let (mut edges, mut round) = (0, 0);
        let mut walk = self.relation.side(!self.forward).walk();
        for t in self.targets.iter() {
            let neighbours = walk.of(t);
            if neighbours.len() < least {
                edges += neighbours.len();
                continue;
            }
            reached.add(neighbours);
            round += 1;
            if round == ROUND {
                round = 0;
                work.spend(cost * u64::from(ROUND))?;
                left.take_out(reached);
                if left.len().saturating_mul(self.look) < cost * u64::from(ROUND) {
                    return Ok(None);
                }
            }
        }
        work.spend(cost * u64::from(round))?;
        left.take_out(reached);
        Ok(Some(edges))
    }

    /// Looks from the candidates.
    fn pull(&self, candidates: &Set, work: &mut Work) -> Result<Set, QueryError> {
        let mut found = Set::with_room(self.room);
        let mut walk = self.relation.side(self.forward).walk();
        let mut looked = 0;
        for n in candidates.iter() {
            let neighbours = walk.of(n);
            looked += LISTED;
            let connected = if self.any {
                !neighbours.is_empty()
            } else {
                let (meets, more) = self.targets.meets(neighbours);
                looked += more;
                meets
            };
            if connected {
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

    /// Collects from the targets, which have so many edges, and takes who was reached out of `left`.
    fn push(
        &self,
        mut edges: u64,
        left: &mut Set,
        mut reached: Set,
        work: &mut Work,
    ) -> Result<(), QueryError> {
        let mut walk = self.relation.side(!self.forward).walk();
        let mut since = 0;
        for t in self.targets.iter() {
            let neighbours = walk.of(t);
            let count = neighbours.len();
            reached.add(neighbours);
            since += count + LISTED;
            edges = edges.saturating_sub(count);
            if since >= BLOCK {
                work.spend(since * 2)?;
                since = 0;
                left.take_out(&reached);
                let pull = left.len().saturating_mul(self.look);
                if pull == 0 {
                    return Ok(());
                }
                if pull < edges {
                    let found = self.pull(left, work)?;
                    left.take_out(&found);
                    return Ok(());
                }
            }
        }
        work.spend(since * 2)?;
        left.take_out(&reached);
        Ok(())
    }
}
