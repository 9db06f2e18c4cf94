//! Fewer vertices within a tolerance (Douglas and Peucker 1973, on the sphere).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::area::Polygon;
use super::overlay::{shared_ways, union_all};
use super::shape::Lines;
use super::sphere::{EARTH_RADIUS, Place, V3, angle, closest};

/// Tolerance without one given, in metres.
pub(crate) const DEFAULT_TOLERANCE: f64 = 10.0;
/// Tolerances end here, in metres: 70 degrees.
const MAX_TOLERANCE: f64 = 70.0 / 180.0 * std::f64::consts::PI * EARTH_RADIUS;
/// Most comparisons of a vertex with an edge.
const MAX_WORK: usize = 200_000_000;

/// A tolerance in radians.
pub(crate) fn tolerance(metres: f64) -> Option<f64> {
    (0.0..MAX_TOLERANCE).contains(&metres).then_some(metres / EARTH_RADIUS)
}

/// Which vertices of an open way stay: both ends, and those farther than the tolerance from what is
/// left without them.
fn kept(points: &[V3], tolerance: f64, work: &mut usize) -> Option<Vec<bool>> {
    let mut keep = vec![false; points.len()];
    let last = points.len().checked_sub(1)?;
    keep[0] = true;
    keep[last] = true;
    let mut open = vec![(0, last)];
    while let Some((from, to)) = open.pop() {
        *work += to - from;
        if *work > MAX_WORK {
            return None;
        }
        let away = |at: usize| angle(points[at], closest(points[at], points[from], points[to]));
        let farthest = (from + 1..to).map(|at| (at, away(at))).max_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((at, _)) = farthest.filter(|(_, far)| *far > tolerance) {
            keep[at] = true;
            open.push((from, at));
            open.push((at, to));
        }
    }
    Some(keep)
}

/// The same for a ring, from its first vertex and the one farthest from it.
fn kept_of_ring(points: &[V3], tolerance: f64, work: &mut usize) -> Option<Vec<bool>> {
    let first = *points.first()?;
    let far = (0..points.len())
        .max_by(|a, b| (points[*a] - first).norm().total_cmp(&(points[*b] - first).norm()))?;
    let mut keep = kept(&points[..=far], tolerance, work)?;
    let back: Vec<V3> = points[far..].iter().chain([&first]).copied().collect();
    let rest = kept(&back, tolerance, work)?;
    keep.extend(rest.iter().skip(1).take(points.len() - far - 1));
    Some(keep)
}

/// Whether all of it is within the tolerance of its start.
fn tiny(points: &[Place], tolerance: f64) -> bool {
    points.first().is_none_or(|first| points.iter().all(|p| angle(first.at, p.at) < tolerance))
}

fn chosen(points: &[Place], keep: &[bool]) -> Vec<Place> {
    points.iter().zip(keep).filter(|(_, keep)| **keep).map(|(p, _)| *p).collect()
}

/// Simplified lines; those smaller than the tolerance disappear.
pub(crate) fn lines(lines: &Lines, tolerance: f64) -> Option<Vec<Vec<Place>>> {
    if tolerance == 0.0 {
        return Some(lines.joined()?.0);
    }
    let mut work = 0;
    let mut out = Vec::new();
    for line in &lines.joined()?.0 {
        let points: Vec<V3> = line.iter().map(|p| p.at).collect();
        let mut apart: Vec<Place> = Vec::new();
        for p in chosen(line, &kept(&points, tolerance, &mut work)?) {
            if apart.last().is_none_or(|last| angle(last.at, p.at) >= tolerance) {
                apart.push(p);
            }
        }
        // The end stays; the vertex that is too close to it goes.
        if let (Some(end), Some(last)) = (line.last(), apart.last_mut())
            && !end.same(last)
            && line.first().is_some_and(|first| !first.same(last))
        {
            *last = *end;
        }
        if apart.len() >= 2 && !tiny(&apart, tolerance) {
            out.push(apart);
        }
    }
    if out.is_empty() { None } else { Some(out) }
}

/// A simplified area. Where the tolerance would let borders cross, a finer one is taken.
pub(crate) fn polygon(area: &Polygon, tolerance: f64) -> Option<Polygon> {
    let joined = if area.len() > 1 { union_all(area.split())? } else { area.clone() };
    let parts = joined.rings();
    let mut work = 0;
    let mut finer = tolerance;
    for _ in 0..12 {
        let mut out = Vec::new();
        for rings in &parts {
            let mut simple = Vec::new();
            for (at, ring) in rings.iter().enumerate() {
                let points: Vec<V3> = ring.iter().map(|p| p.at).collect();
                let ring = if finer > 0.0 {
                    chosen(ring, &kept_of_ring(&points, finer, &mut work)?)
                } else {
                    ring.clone()
                };
                let gone = ring.len() < 3 || tiny(&ring, tolerance);
                match (gone, at) {
                    (true, 0) => break,
                    (true, _) => {}
                    (false, _) => simple.push(ring),
                }
            }
            if !simple.is_empty() {
                out.push(simple);
            }
        }
        if out.is_empty() {
            return None;
        }
        if let Some(sound) = Polygon::new(out) {
            return Some(sound);
        }
        finer /= 2.0;
    }
    Some(joined)
}

/// The union of areas whose common borders are simplified alike.
pub(crate) fn polygons(areas: &[Polygon], tolerance: f64) -> Option<Polygon> {
    let rings: Vec<Vec<Vec<Place>>> = areas.iter().flat_map(Polygon::rings).collect();
    let (places, ways) = shared_ways(rings.iter().flatten())?;
    let at = |id: u32| places.get(id as usize).map_or(V3::ZERO, |p| p.at);
    let stay = staying(&ways, &at, tolerance)?;
    let mut ways = ways.into_iter();
    let mut simple = Vec::new();
    for part in &rings {
        let mut out: Vec<Vec<Place>> = Vec::new();
        // All of a part's ways are taken, so that the next part finds its own.
        for (at, way) in ways.by_ref().take(part.len()).enumerate() {
            let ring: Vec<Place> = way
                .iter()
                .filter(|id| stay.contains(id))
                .filter_map(|id| places.get(*id as usize).copied())
                .collect();
            let gone = ring.len() < 3 || tiny(&ring, tolerance);
            if !gone && (at == 0 || !out.is_empty()) {
                out.push(ring);
            }
        }
        if !out.is_empty() {
            simple.push(Polygon::sound(vec![out]));
        }
    }
    union_all(simple)
}

/// The vertices that stay: where more or fewer than two edges meet, and those that the borders
/// between such vertices need.
fn staying(ways: &[Vec<u32>], at: &impl Fn(u32) -> V3, tolerance: f64) -> Option<BTreeSet<u32>> {
    let mut next: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    for way in ways {
        for (a, b) in way.iter().zip(way.iter().cycle().skip(1)) {
            next.entry(*a).or_default().insert(*b);
            next.entry(*b).or_default().insert(*a);
        }
    }
    if tolerance == 0.0 {
        return Some(next.into_keys().collect());
    }
    let mut stay: BTreeSet<u32> = next.iter().filter(|(_, n)| n.len() != 2).map(|(id, _)| *id).collect();
    let mut work = 0;
    let mut walked: HashMap<u32, ()> = HashMap::new();
    let walk = |start: u32, second: u32, stay: &BTreeSet<u32>| {
        let mut chain = vec![start, second];
        let (mut back, mut here) = (start, second);
        while !stay.contains(&here) && here != start {
            let Some(to) = next.get(&here).and_then(|n| n.iter().find(|id| **id != back)) else { break };
            (back, here) = (here, *to);
            chain.push(here);
        }
        chain
    };
    let nodes = stay.clone();
    for node in &nodes {
        for second in next.get(node).into_iter().flatten() {
            if nodes.contains(second) || walked.contains_key(second) {
                continue;
            }
            let chain = walk(*node, *second, &nodes);
            let points: Vec<V3> = chain.iter().map(|id| at(*id)).collect();
            walked.extend(chain.iter().map(|id| (*id, ())));
            let keep = if chain.first() == chain.last() {
                kept_of_ring(&points[..points.len() - 1], tolerance, &mut work)?
            } else {
                kept(&points, tolerance, &mut work)?
            };
            stay.extend(chain.iter().zip(&keep).filter(|(_, k)| **k).map(|(id, _)| *id));
        }
    }
    // Rings that touch nothing.
    for (id, around) in &next {
        if walked.contains_key(id) || nodes.contains(id) {
            continue;
        }
        let Some(second) = around.iter().next() else { continue };
        let chain = walk(*id, *second, &nodes);
        let points: Vec<V3> = chain.iter().map(|id| at(*id)).collect();
        walked.extend(chain.iter().map(|id| (*id, ())));
        let keep = kept_of_ring(&points[..points.len() - 1], tolerance, &mut work)?;
        stay.extend(chain.iter().zip(&keep).filter(|(_, k)| **k).map(|(id, _)| *id));
    }
    Some(stay)
}

#[cfg(test)]
mod tests {
    use super::super::shape::{self, Geometry};
    use super::*;

    fn line(coordinates: &str) -> Lines {
        shape::lines(&format!(r#"{{"type":"LineString","coordinates":{coordinates}}}"#)).unwrap()
    }

    fn area(coordinates: &str) -> Polygon {
        shape::polygon(&format!(r#"{{"type":"Polygon","coordinates":[{coordinates}]}}"#)).unwrap()
    }

    #[test]
    fn published_examples() {
        let road = line(
            "[[-73.97033169865608,40.789063020152824],[-73.97039607167244,40.78897975920816],[-73.9704617857933,40.78888837512432],[-73.97052884101868,40.7887949601531],[-73.9706052839756,40.788698498903564],[-73.97065222263336,40.78862640672032],[-73.97072866559029,40.78852791445617],[-73.97079303860664,40.788434498977836]]",
        );
        let simple = lines(&road, tolerance(10.0).unwrap()).unwrap();
        assert_eq!(
            Geometry::lines(simple).text().unwrap(),
            r#"{"type":"LineString","coordinates":[[-73.97033169865608,40.789063020152824],[-73.97079303860664,40.78843449897784]]}"#
        );
        assert!(lines(&line("[[1.1,1.1],[1.2,1.2]]"), tolerance(100_000.0).unwrap()).is_none());
        let block = area(
            "[[-73.94885122776031,40.79673476355657],[-73.94885927438736,40.79692258628347],[-73.94887939095497,40.79692055577034],[-73.9488673210144,40.79693476936093],[-73.94888743758202,40.79693476936093],[-73.9488834142685,40.796959135509105],[-73.94890084862709,40.79695304397289],[-73.94906312227248,40.79710736271788],[-73.94923612475395,40.7968708081794],[-73.94885122776031,40.79673476355657]]",
        );
        let simple = polygon(&block, tolerance(10.0).unwrap()).unwrap().rings();
        let wanted = "[-73.94906312227248,40.79710736271788]";
        assert_eq!(simple[0][0].len(), 3);
        assert!(Geometry::parts(simple).text().unwrap().contains(wanted));
        let triangle = area("[[5,48],[0,50],[0,47],[4,47],[5,48]]");
        assert!(polygon(&triangle, tolerance(1_000_000.0).unwrap()).is_none());
        assert!(
            tolerance(-0.1).is_none() && tolerance(7_800_000.0).is_none() && tolerance(f64::NAN).is_none()
        );
    }

    #[test]
    fn common_borders_stay_common() {
        // A ragged border between two areas.
        let ragged: Vec<String> = (0..=100)
            .map(|k| format!("[{},{}]", 1.0 + 0.0004 * f64::from(k % 2), f64::from(k) * 0.01))
            .collect();
        let back: Vec<String> = ragged.iter().rev().cloned().collect();
        let west = area(&format!("[[0,0],{},[0,1],[0,0]]", ragged.join(",")));
        let east = area(&format!("[[2,1],{},[2,0],[2,1]]", back.join(",")));
        let exact = west.area() + east.area();
        let simple = polygons(&[west.clone(), east.clone()], tolerance(100.0).unwrap()).unwrap();
        assert_eq!(simple.rings().iter().map(Vec::len).collect::<Vec<_>>(), [1]);
        assert!(
            simple.vertices() <= 6 && (simple.area() / exact - 1.0).abs() < 1e-4,
            "{:?}",
            simple.vertices()
        );
        let untouched = polygons(&[west, east], 0.0).unwrap();
        assert!((untouched.area() / exact - 1.0).abs() < 1e-9);
        let far = [area("[[0,0],[1,0],[1,1],[0,0]]"), area("[[10,0],[11,0],[11,1],[10,0]]")];
        assert_eq!(polygons(&far, tolerance(10.0).unwrap()).unwrap().len(), 2);
        assert!(polygons(&far, tolerance(1_000_000.0).unwrap()).is_none());
    }
}
