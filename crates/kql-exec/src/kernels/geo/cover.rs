//! Shapes as S2 cells of one level that cover them.

use super::area::Polygon;
use super::s2cell::{MAX_LEVEL, Square, on_face};
use super::sphere::{Place, V3};

/// Most cells of an answer, as the language has it.
const MAX_CELLS: usize = 65_536;
/// Most comparisons of cells with edges.
const MAX_WORK: usize = 500_000_000;

/// Whether the arc between two positions comes into a square of a face.
fn comes_in(square: &Square, a: V3, b: V3) -> bool {
    // The chord is seen from the centre of the sphere as the arc; each side is a plane through it.
    let [west, south, east, north] = square.bounds();
    let (a, b) = (on_face(square.face, a), on_face(square.face, b));
    let (mut from, mut to) = (0.0f64, 1.0f64);
    for side in [
        |p: V3, w: f64, _: f64, _: f64, _: f64| p.x - w * p.z,
        |p: V3, _: f64, e: f64, _: f64, _: f64| e * p.z - p.x,
        |p: V3, _: f64, _: f64, s: f64, _: f64| p.y - s * p.z,
        |p: V3, _: f64, _: f64, _: f64, n: f64| n * p.z - p.y,
    ] {
        const TOLERANCE: f64 = 1e-15;
        let (at_a, at_b) =
            (side(a, west, east, south, north) + TOLERANCE, side(b, west, east, south, north) + TOLERANCE);
        if at_a < 0.0 && at_b < 0.0 {
            return false;
        }
        if at_a < 0.0 {
            from = from.max(at_a / (at_a - at_b));
        } else if at_b < 0.0 {
            to = to.min(at_a / (at_a - at_b));
        }
    }
    from <= to
}

/// The tokens of the cells of a level that meet edges or lie in an area.
pub(crate) fn covering(edges: &[(Place, Place)], area: Option<&Polygon>, level: i64) -> Option<Vec<String>> {
    let level = u32::try_from(level).ok().filter(|level| *level <= MAX_LEVEL)?;
    let mut found = Vec::new();
    let mut work = 0usize;
    let all: Vec<u32> = (0..u32::try_from(edges.len()).ok()?).collect();
    let mut open: Vec<(Square, Vec<u32>)> =
        (0..6).rev().map(|face| (Square { face, i: 0, j: 0, level: 0 }, all.clone())).collect();
    while let Some((square, near)) = open.pop() {
        work = work.saturating_add(near.len() + 1);
        let met: Vec<u32> = near
            .into_iter()
            .filter(|at| edges.get(*at as usize).is_some_and(|(a, b)| comes_in(&square, a.at, b.at)))
            .collect();
        if met.is_empty() {
            // No border comes in: the square is inside or outside as a whole.
            let Some(area) = area else { continue };
            work = work.saturating_add(area.vertices());
            if work > MAX_WORK {
                return None;
            }
            if area.contains(square.centre()) {
                whole(&square, level, &mut found)?;
            }
        } else if square.level == level {
            found.push(square.cell());
        } else {
            open.extend(square.quarters().map(|quarter| (quarter, met.clone())));
        }
        if work > MAX_WORK || found.len() > MAX_CELLS || open.len() > MAX_CELLS {
            return None;
        }
    }
    found.sort_unstable();
    Some(found.into_iter().map(super::s2cell::Cell::token).collect())
}

/// All cells of a level in a square.
fn whole(square: &Square, level: u32, found: &mut Vec<super::s2cell::Cell>) -> Option<()> {
    let depth = level.saturating_sub(square.level);
    let count = 4usize.checked_pow(depth)?;
    if count > MAX_CELLS || found.len() + count > MAX_CELLS {
        return None;
    }
    if depth == 0 {
        found.push(square.cell());
        return Some(());
    }
    square.quarters().iter().try_for_each(|quarter| whole(quarter, level, found))
}

#[cfg(test)]
mod tests {
    use super::super::shape::{lines, polygon};
    use super::*;

    #[test]
    fn coverings() {
        let area = polygon(r#"{"type":"Polygon","coordinates":[[[0,0],[0,50],[100,50],[0,0]]]}"#).unwrap();
        let edges: Vec<_> = area.edges().collect();
        // The language's published example.
        let cells = covering(&edges, Some(&area), 5).unwrap();
        assert_eq!(cells.len(), 286);
        assert!(covering(&edges, Some(&area), 30).is_none() && covering(&edges, Some(&area), 31).is_none());
        assert!(covering(&edges, Some(&area), -1).is_none());
        let line =
            lines(r#"{"type":"LineString","coordinates":[[-0.1399656,51.501908],[-0.1408843,51.500120]]}"#)
                .unwrap();
        let edges: Vec<_> = line.edges().collect();
        let cells = covering(&edges, None, 14).unwrap();
        for (a, _) in edges {
            let own = super::super::s2cell::Cell::of(a.at, 14).token();
            assert!(cells.contains(&own));
        }
        assert!(cells.len() <= 3, "{cells:?}");
    }
}
