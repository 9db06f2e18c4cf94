//! Counts in which each row of an id looks back to the id's rows before it.

use std::collections::VecDeque;

use datafusion::common::Result;

use super::{Activity, Out, count, distinct};
use crate::table::Budget;
use crate::table::timeline::{Group, NOBODY, Windows, by_window};

/// Places by their ids, in order.
fn by_id(group: &Group<u32>, budget: &Budget) -> Result<Vec<(u32, i64)>> {
    budget.grow(group.rows.len().saturating_mul(size_of::<(u32, i64)>()))?;
    let mut by_id: Vec<(u32, i64)> =
        group.rows.iter().filter(|(_, id)| *id != NOBODY).map(|(at, id)| (*id, *at)).collect();
    by_id.sort_unstable();
    Ok(by_id)
}

impl Activity {
    /// Ids that occur in enough periods up to some occurrence in the window.
    pub(super) fn active_users(
        &self,
        group: &Group<u32>,
        (lookback, periods, needed): (i64, &Windows, u64),
        out: &mut Out<'_>,
    ) -> Result<()> {
        let by_id = by_id(group, out.budget)?;
        let mut active: Vec<(i64, u32)> = Vec::new();
        for occurrences in by_id.chunk_by(|(a, _), (b, _)| a == b) {
            // Periods that the time up to here looks back to, each with its last occurrence.
            let mut seen: VecDeque<(i64, i64)> = VecDeque::new();
            for (id, at) in occurrences {
                let period = periods.of(*at);
                match seen.back_mut() {
                    Some((known, last)) if *known == period => *last = *at,
                    _ => seen.push_back((period, *at)),
                }
                while seen.front().is_some_and(|(_, last)| *last <= at.saturating_sub(lookback)) {
                    seen.pop_front();
                }
                if *at >= self.bounds.0 && seen.len() as u64 >= needed {
                    active.push((*at, *id));
                }
            }
        }
        active.sort_unstable();
        for (window, rows) in by_window(&active, &self.windows) {
            out.push(&[self.windows.start(window)], group.first, &[count(distinct(rows).len())])?;
        }
        Ok(())
    }

    /// Sessions that have a row in the window: one that goes on counts in each window that it reaches.
    pub(super) fn sessions(&self, group: &Group<u32>, lookback: i64, out: &mut Out<'_>) -> Result<()> {
        let by_id = by_id(group, out.budget)?;
        out.budget.grow(by_id.len().saturating_mul(size_of::<i64>()))?;
        // The windows of each session.
        let mut seen: Vec<i64> = Vec::with_capacity(by_id.len());
        for places in by_id.chunk_by(|(a, _), (b, _)| a == b) {
            let mut before: Option<(i64, i64)> = None;
            for (_, at) in places {
                let window = self.windows.of(*at);
                let goes_on =
                    before.is_some_and(|(last, known)| known == window && last > at.saturating_sub(lookback));
                if !goes_on {
                    seen.push(window);
                }
                before = Some((*at, window));
            }
        }
        seen.sort_unstable();
        for sessions in seen.chunk_by(|a, b| a == b) {
            let Some(window) = sessions.first() else { continue };
            out.push(&[self.windows.start(*window)], group.first, &[count(sessions.len())])?;
        }
        Ok(())
    }
}
