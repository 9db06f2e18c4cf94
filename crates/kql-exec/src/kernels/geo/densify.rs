//! Edges that are straight in degrees as chains of edges that are straight on the sphere.

use super::shape::MAX_RESULT;
use super::sphere::{EARTH_RADIUS, Place, angle, closest};

/// Most halvings of an edge.
const MAX_DEPTH: u32 = 24;

/// Tolerances that the language takes, in metres.
pub(crate) const TOLERANCE: std::ops::RangeInclusive<f64> = 0.1..=10_000.0;

struct Chain {
    tolerance: f64,
    out: Vec<Place>,
}

/// Densifies a way: `closed` adds the edge back to its start. With `crossing`, edges that span more
/// than half a turn go the short way over the antimeridian.
pub(crate) fn way(points: &[Place], closed: bool, tolerance: f64, crossing: bool) -> Option<Vec<Place>> {
    let mut chain = Chain { tolerance, out: Vec::new() };
    let first = points.first()?;
    let ends = points.iter().skip(1).chain(closed.then_some(first));
    for (from, to) in points.iter().zip(ends) {
        chain.out.push(*from);
        let mut lng = to.lng;
        if crossing && (lng - from.lng).abs() > 180.0 {
            lng += if lng < from.lng { 360.0 } else { -360.0 };
        }
        chain.edge((from.lng, from.lat), (lng, to.lat), 0)?;
    }
    if !closed {
        chain.out.extend(points.last());
    }
    Some(chain.out)
}

/// A position whose longitude may lie beyond the antimeridian.
fn place((lng, lat): (f64, f64)) -> Option<Place> {
    let lng = if lng > 180.0 {
        lng - 360.0
    } else if lng < -180.0 {
        lng + 360.0
    } else {
        lng
    };
    Place::new(lng, lat)
}

fn between(a: (f64, f64), b: (f64, f64), fraction: f64) -> (f64, f64) {
    (a.0 + (b.0 - a.0) * fraction, a.1 + (b.1 - a.1) * fraction)
}

impl Chain {
    /// The points strictly between two ends.
    fn edge(&mut self, a: (f64, f64), b: (f64, f64), depth: u32) -> Option<()> {
        let (from, to) = (place(a)?.at, place(b)?.at);
        let half = (from + to).norm() < 1e-6 || (b.0 - a.0).abs() >= 180.0;
        // An edge over the equator may leave its geodesic on both sides and not in the middle.
        let mut far = half;
        for fraction in [0.25, 0.5, 0.75] {
            let at = place(between(a, b, fraction))?.at;
            far = far || angle(at, closest(at, from, to)) * EARTH_RADIUS > self.tolerance;
        }
        if !far || depth == MAX_DEPTH {
            return Some(());
        }
        let middle = between(a, b, 0.5);
        self.edge(a, middle, depth + 1)?;
        self.out.push(place(middle)?);
        if self.out.len() > MAX_RESULT {
            return None;
        }
        self.edge(middle, b, depth + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn densified(points: &[(f64, f64)], closed: bool, crossing: bool) -> Vec<(f64, f64)> {
        let points: Vec<Place> = points.iter().map(|(x, y)| Place::new(*x, *y).unwrap()).collect();
        way(&points, closed, 10.0, crossing).unwrap().iter().map(|p| (p.lng, p.lat)).collect()
    }

    #[test]
    fn published_examples() {
        let eighths: Vec<(f64, f64)> = (0..=8).map(|k| 50.0 + f64::from(k) / 8.0).map(|x| (x, x)).collect();
        assert_eq!(densified(&[(50.0, 50.0), (51.0, 51.0)], false, false), eighths);
        let square = densified(&[(10.0, 10.0), (11.0, 10.0), (11.0, 11.0), (10.0, 11.0)], true, false);
        let wanted = [
            (10.0, 10.0),
            (10.25, 10.0),
            (10.5, 10.0),
            (10.75, 10.0),
            (11.0, 10.0),
            (11.0, 11.0),
            (10.75, 11.0),
            (10.5, 11.0),
            (10.25, 11.0),
            (10.0, 11.0),
        ];
        assert_eq!(square, wanted);
    }

    #[test]
    fn far_edges() {
        let over = densified(&[(179.0, 60.0), (-179.0, 60.0)], false, true);
        assert!(over.len() < 40 && over.iter().all(|p| p.0.abs() >= 179.0));
        let round = densified(&[(179.0, 60.0), (-179.0, 60.0)], false, false);
        assert!(round.iter().any(|p| p.0.abs() < 1.0));
        assert!(densified(&[(-10.0, -20.0), (10.0, 20.0)], false, false).len() > 10);
        assert_eq!(densified(&[(0.0, 0.0), (90.0, 0.0)], false, false).len(), 2);
    }
}
