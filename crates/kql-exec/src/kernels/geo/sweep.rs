//! Pairs of edges that may meet, found by a sweep along one axis.

use super::sphere::V3;

/// Most pairs that one shape operation looks at.
const MAX_PAIRS: usize = 100_000_000;

struct Hull {
    low: [f64; 3],
    high: [f64; 3],
    edge: usize,
}

fn hull(edge: usize, a: V3, b: V3) -> Hull {
    // An arc leaves the box of its ends by at most its height over the chord.
    let chord = (b - a).norm();
    let pad = if chord > 1.0 { 1.0 } else { chord * chord * 0.15 + 1e-9 };
    let (a, b) = ([a.x, a.y, a.z], [b.x, b.y, b.z]);
    let low = std::array::from_fn(|k| a[k].min(b[k]) - pad);
    let high = std::array::from_fn(|k| a[k].max(b[k]) + pad);
    Hull { low, high, edge }
}

/// Calls `visit` with each pair of edges whose surroundings overlap, the lower index first.
/// Stops with None when there are too many, or when `visit` says so.
pub(crate) fn pairs(edges: &[(V3, V3)], mut visit: impl FnMut(usize, usize) -> Option<()>) -> Option<()> {
    let mut hulls: Vec<Hull> = edges.iter().enumerate().map(|(at, (a, b))| hull(at, *a, *b)).collect();
    let spread = |k: usize| {
        let low = hulls.iter().map(|h| h.low[k]).fold(f64::INFINITY, f64::min);
        let high = hulls.iter().map(|h| h.high[k]).fold(f64::NEG_INFINITY, f64::max);
        high - low
    };
    let axis = (0..3).max_by(|j, k| spread(*j).total_cmp(&spread(*k))).unwrap_or(0);
    hulls.sort_by(|a, b| a.low[axis].total_cmp(&b.low[axis]));
    let mut looked = 0usize;
    for (at, first) in hulls.iter().enumerate() {
        for second in &hulls[at + 1..] {
            if second.low[axis] > first.high[axis] {
                break;
            }
            looked += 1;
            if looked > MAX_PAIRS {
                return None;
            }
            let apart = (0..3).any(|k| second.low[k] > first.high[k] || first.low[k] > second.high[k]);
            if !apart {
                visit(first.edge.min(second.edge), first.edge.max(second.edge))?;
            }
        }
    }
    Some(())
}
