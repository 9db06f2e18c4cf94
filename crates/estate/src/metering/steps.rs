use std::collections::BTreeMap;
use std::ops::Bound;

use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};

use crate::Span;

/// A value that holds from the instant at which it was told until the next one.
///
/// Two values told for the same instant do not depend on who spoke first: the greater one holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Steps<T>(BTreeMap<TimeMicros, T>);

impl<T> Default for Steps<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Ord + Clone> Steps<T> {
    pub(super) fn set(&mut self, at: TimeMicros, value: T) {
        self.0.entry(at).and_modify(|v| *v = v.clone().max(value.clone())).or_insert(value);
    }

    /// The value at an instant.
    pub(super) fn at(&self, at: TimeMicros) -> Option<&T> {
        self.0.range(..=at).next_back().map(|(_, v)| v)
    }

    /// The instants within a span at which it changes, without the span's own beginning.
    pub(super) fn cuts(&self, span: Span) -> impl Iterator<Item = TimeMicros> {
        self.0.range((Bound::Excluded(span.from), Bound::Excluded(span.to))).map(|(at, _)| *at)
    }

    /// The pieces of a span, each with its value; what lies before the first value is left out.
    pub(super) fn pieces(&self, span: Span) -> Vec<(Span, &T)> {
        let mut bounds = vec![span.from];
        bounds.extend(self.cuts(span));
        bounds.push(span.to);
        bounds.windows(2).filter_map(|w| Some((Span::new(w[0], w[1])?, self.at(w[0])?))).collect()
    }

    /// Forgets what no longer matters before an instant: the value in force then is kept.
    pub(super) fn forget_before(&mut self, at: TimeMicros) {
        if let Some((first, value)) = self.0.range(..=at).next_back().map(|(t, v)| (*t, v.clone())) {
            self.0 = self.0.split_off(&at);
            self.0.entry(at).or_insert(value);
            debug_assert!(first <= at, "what held before still holds");
        }
    }
}

/// Stretches of time without order or overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Spans(BTreeMap<TimeMicros, TimeMicros>);

impl Spans {
    /// Adds a stretch and joins what touches.
    pub(super) fn add(&mut self, span: Span) {
        let Span { mut from, mut to } = span;
        if let Some((f, t)) = self.0.range(..=from).next_back().map(|(f, t)| (*f, *t))
            && t >= from
        {
            from = f;
            to = to.max(t);
        }
        while let Some((f, t)) = self.0.range(from..=to).next().map(|(f, t)| (*f, *t)) {
            self.0.remove(&f);
            to = to.max(t);
        }
        self.0.insert(from, to);
    }

    /// What of it lies within a span.
    pub(super) fn within(&self, span: Span) -> Vec<Span> {
        let before = self.0.range(..span.from).next_back();
        before
            .into_iter()
            .chain(self.0.range(span.from..span.to))
            .filter_map(|(from, to)| Span { from: *from, to: *to }.overlap(span))
            .collect()
    }

    /// Forgets what lies before an instant.
    pub(super) fn forget_before(&mut self, at: TimeMicros) {
        let kept = self.within(Span { from: at, to: TimeMicros(i64::MAX) });
        self.0 = kept.into_iter().map(|s| (s.from, s.to)).collect();
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
