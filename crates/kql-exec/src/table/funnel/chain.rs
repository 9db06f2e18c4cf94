//! How far rows have come in a sequence of states.

use datafusion::common::Result;

use super::Event;
use crate::table::Budget;

/// Where a step was reached last, by the steps that began last.
#[derive(Clone, Copy)]
pub(super) struct Link {
    pub at: i64,
    /// Where its first step is.
    pub start: i64,
}

/// The steps of a sequence, each with its last link. A later link begins no earlier than those before it, so
/// that it is the best one to go on from, whether steps must be near each other or near the first one.
pub(super) struct Chain<'s> {
    sequence: &'s [u32],
    links: Vec<Option<Link>>,
    /// What the rows of one place reach.
    next: Vec<Option<i64>>,
    reached: usize,
    completed: Option<(i64, i64)>,
}

impl<'s> Chain<'s> {
    pub fn new(sequence: &'s [u32]) -> Self {
        let (links, next) = (vec![None; sequence.len()], vec![None; sequence.len()]);
        Self { sequence, links, next, reached: 0, completed: None }
    }

    /// How many steps were reached.
    pub fn reached(&self) -> usize {
        self.reached
    }

    /// Start and end of the sequence, where the rows that came last end one.
    pub fn completed(&self) -> Option<(i64, i64)> {
        self.completed
    }

    /// Takes the rows of one place, sorted by state. They may be steps one after the other in any order, each row
    /// one of them.
    pub fn advance(
        &mut self,
        rows: &[Event],
        within: impl Fn(i64, &Link) -> bool,
        budget: &Budget,
    ) -> Result<()> {
        self.completed = None;
        budget.step(1 + rows.len() as u64)?;
        let Some((_, at, _)) = rows.first() else { return Ok(()) };
        let having = |state: u32| {
            let from = rows.partition_point(|(_, _, s)| *s < state);
            rows.partition_point(|(_, _, s)| *s <= state) - from
        };
        self.next.fill(None);
        for from in 0..self.sequence.len() {
            budget.step(1)?;
            let start = match from.checked_sub(1) {
                None => Some(*at),
                Some(before) => {
                    let link = self.links.get(before).copied().flatten();
                    link.filter(|link| within(*at, link)).map(|link| link.start)
                }
            };
            let Some(start) = start else { continue };
            let rest = self.sequence.get(from..).unwrap_or_default();
            for (more, state) in rest.iter().enumerate() {
                budget.step(more as u64)?;
                let used = rest.iter().take(more).filter(|s| *s == state).count();
                if having(*state) <= used {
                    break;
                }
                if let Some(next) = self.next.get_mut(from + more) {
                    *next = (*next).max(Some(start));
                }
            }
        }
        for (step, (link, next)) in self.links.iter_mut().zip(&self.next).enumerate() {
            let Some(start) = *next else { continue };
            self.reached = self.reached.max(step + 1);
            *link = Some(Link { at: *at, start });
            if step + 1 == self.sequence.len() {
                self.completed = Some((start, *at));
            }
        }
        Ok(())
    }
}
