use std::collections::BTreeMap;

use super::{Check, Criticality, Hazard, Points};

/// A part of a score or of a difference of scores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part<K> {
    /// What it is due to.
    pub cause: K,
    /// Points; negative where the score fell.
    pub points: f64,
}

/// What a fleet's score changed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause<K> {
    /// A component or a check changed on devices, came or went.
    Item(K),
    /// Devices came that are above or below the mean.
    Joined,
    /// Devices left.
    Left,
    /// Devices became more or less critical.
    Criticality,
}

/// A device as it was at one time.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot<S> {
    /// How much it matters.
    pub criticality: Criticality,
    /// What its score is made of.
    pub items: S,
}

/// A device before and after; either is absent where it joined or left.
pub type Times<S> = (Option<Snapshot<S>>, Option<Snapshot<S>>);

/// What a device's score is made of, in ascending order of keys, each once: components with their hazards for the
/// exposure score, checks for the secure score.
pub trait Items {
    /// A component's or a check's key.
    type Key: Copy + Ord;

    /// The score; `None` where there is none.
    fn points(&self) -> Option<f64>;

    /// What the difference to a later score consists of: the parts add up to it, and each has the sign that its
    /// item's change has by itself. Nothing if there is no score before or after.
    fn change(&self, after: &Self) -> Vec<Part<Self::Key>>;
}

/// What each component adds to a device's exposure score, in the given order. The parts add up to the score.
pub fn level<K: Copy>(components: &[(K, Hazard)]) -> Vec<Part<K>> {
    let per = slope(Hazard::ZERO, components.iter().map(|(_, h)| *h).sum());
    components.iter().map(|(cause, hazard)| Part { cause: *cause, points: hazard.value() * per }).collect()
}

/// What the difference of a fleet's scores consists of, ascending by cause; the parts add up to the difference, but
/// for the rounding of scores to millionths. Where no device had a score before or none has after, nothing is
/// explained.
pub fn fleet_change<S: Items>(devices: &[Times<S>]) -> Vec<Part<Cause<S::Key>>> {
    let (mut old, mut new) = ((0.0, 0.0), (0.0, 0.0));
    for (before, after) in devices {
        for (sum, device) in [(&mut old, before), (&mut new, after)] {
            if let Some((_, weight, points)) = scored(device) {
                sum.0 += weight * points;
                sum.1 += weight;
            }
        }
    }
    if old.1 == 0.0 || new.1 == 0.0 {
        return Vec::new();
    }
    let mean = old.0 / old.1;
    let mut parts: BTreeMap<Cause<S::Key>, f64> = BTreeMap::new();
    let mut add = |cause, points: f64| *parts.entry(cause).or_default() += points / new.1;
    for (before, after) in devices {
        match (scored(before), scored(after)) {
            (Some((was, old_weight, points)), Some((is, weight, _))) => {
                for part in was.change(is) {
                    add(Cause::Item(part.cause), weight * part.points);
                }
                add(Cause::Criticality, (weight - old_weight) * (points - mean));
            }
            (None, Some((_, weight, points))) => add(Cause::Joined, weight * (points - mean)),
            (Some((_, weight, points)), None) => add(Cause::Left, -weight * (points - mean)),
            (None, None) => {}
        }
    }
    let some = |(cause, points)| (points != 0.0).then_some(Part { cause, points });
    parts.into_iter().filter_map(some).collect()
}

impl<K: Copy + Ord> Items for Vec<(K, Hazard)> {
    type Key = K;

    fn points(&self) -> Option<f64> {
        Some(sum(self).share() * Points::FULL.value())
    }

    fn change(&self, after: &Self) -> Vec<Part<K>> {
        let per = slope(sum(self), sum(after));
        let value = |hazard: Option<Hazard>| hazard.unwrap_or_default().value();
        let part = |cause, was, is| Part { cause, points: (value(is) - value(was)) * per };
        merged(self, after).filter(|(_, was, is)| was != is).map(|(k, was, is)| part(k, was, is)).collect()
    }
}

impl<K: Copy + Ord> Items for Vec<(K, Check)> {
    type Key = K;

    fn points(&self) -> Option<f64> {
        let (earned, possible) = tally(self);
        (possible > 0.0).then(|| earned / possible * Points::FULL.value())
    }

    fn change(&self, after: &Self) -> Vec<Part<K>> {
        let ((earned, before), (_, possible)) = (tally(self), tally(after));
        if before == 0.0 || possible == 0.0 {
            return Vec::new();
        }
        // A check that comes or goes counts by how far it is from the score that was.
        let score = earned / before;
        let worth = |check: Option<Check>| check.map_or(0.0, |c| c.earned() - score * c.possible());
        let part = |cause, was, is| Part {
            cause,
            points: (worth(is) - worth(was)) / possible * Points::FULL.value(),
        };
        merged(self, after).filter(|(_, was, is)| was != is).map(|(k, was, is)| part(k, was, is)).collect()
    }
}

/// Both lists as one, by key.
fn merged<'a, K: Copy + Ord, V: Copy>(
    old: &'a [(K, V)],
    new: &'a [(K, V)],
) -> impl Iterator<Item = (K, Option<V>, Option<V>)> + 'a {
    let (mut old, mut new) = (old.iter().copied().peekable(), new.iter().copied().peekable());
    std::iter::from_fn(move || {
        let key = [old.peek(), new.peek()].into_iter().flatten().map(|(key, _)| *key).min()?;
        let was = old.next_if(|(k, _)| *k == key).map(|(_, v)| v);
        Some((key, was, new.next_if(|(k, _)| *k == key).map(|(_, v)| v)))
    })
}

fn scored<S: Items>(device: &Option<Snapshot<S>>) -> Option<(&S, f64, f64)> {
    let device = device.as_ref()?;
    Some((&device.items, device.criticality.weight() as f64, device.items.points()?))
}

fn sum<K>(components: &[(K, Hazard)]) -> Hazard {
    components.iter().map(|(_, hazard)| *hazard).sum()
}

fn tally<K>(checks: &[(K, Check)]) -> (f64, f64) {
    checks.iter().fold((0.0, 0.0), |sum, (_, c)| (sum.0 + c.earned(), sum.1 + c.possible()))
}

/// Points for each one of hazard on the way from one sum to another: the mean slope of the score there.
fn slope(from: Hazard, to: Hazard) -> f64 {
    let run = to.value() - from.value();
    // Near by, the difference of two rounded shares would be noise; there the score is as good as straight.
    let slope = if run.abs() < 1e-6 {
        (-(from.value() + to.value()) / 2.0).exp()
    } else {
        (to.share() - from.share()) / run
    };
    slope * Points::FULL.value()
}
