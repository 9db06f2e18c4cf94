use std::collections::HashMap;

use crate::index::Index;
use crate::judge::Hit;

/// What a change did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delta {
    /// The device that it is about; none is: all devices of each component.
    pub device: Option<u32>,
    /// The components whose findings differ.
    pub tuples: Vec<TupleDelta>,
    /// How many components were judged again.
    pub judged: usize,
}

/// What a change did to the findings of one component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TupleDelta {
    /// The component's number.
    pub tuple: u32,
    /// Findings that were not there before.
    pub came: Vec<Hit>,
    /// Findings that are no longer; after a new index by the numbers of the one before.
    pub gone: Vec<Hit>,
    /// Findings of the same vulnerability with another advisory, fix or remedy.
    pub changed: Vec<Hit>,
}

impl Delta {
    pub(super) fn push(&mut self, delta: TupleDelta) {
        if !(delta.came.is_empty() && delta.gone.is_empty() && delta.changed.is_empty()) {
            self.tuples.push(delta);
        }
    }

    /// Compares a component's findings before and after, each by its own index.
    pub(super) fn compare(&mut self, tuple: u32, before: (&Index, &[Hit]), after: (&Index, &[Hit])) {
        let said = |(index, _): (&Index, &[Hit]), hit: &Hit| {
            let statement = &index.statements[hit.statement as usize];
            let fix = index.fix(hit).map(str::to_owned);
            (index.advisory_id(hit).to_owned(), fix, statement.remedy, hit.needs == u32::MAX)
        };
        // By one index, most of a package's findings are the same to the last number.
        let (was, is) = if std::ptr::eq(before.0, after.0) {
            differing(before.1, after.1)
        } else {
            (before.1.iter().collect(), after.1.iter().collect())
        };
        let mut old: HashMap<&str, &Hit> = was.into_iter().map(|h| (before.0.vulnerability(h), h)).collect();
        let mut out = TupleDelta { tuple, ..TupleDelta::default() };
        for hit in is {
            match old.remove(after.0.vulnerability(hit)) {
                None => out.came.push(*hit),
                Some(was) if said(before, was) != said(after, hit) => out.changed.push(*hit),
                Some(_) => {}
            }
        }
        out.gone = old.into_values().copied().collect();
        out.gone.sort_unstable();
        self.push(out);
    }
}

/// What is in one of two sorted lists and not in the other.
fn differing<'a>(a: &'a [Hit], b: &'a [Hit]) -> (Vec<&'a Hit>, Vec<&'a Hit>) {
    let (mut only_a, mut only_b) = (Vec::new(), Vec::new());
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        match (a.get(i), b.get(j)) {
            (Some(x), Some(y)) if x == y => {
                (i, j) = (i + 1, j + 1);
            }
            (Some(x), y) if y.is_none_or(|y| x < y) => {
                only_a.push(x);
                i += 1;
            }
            _ => {
                only_b.extend(b.get(j));
                j += 1;
            }
        }
    }
    (only_a, only_b)
}
