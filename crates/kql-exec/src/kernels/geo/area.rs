//! Polygons on the sphere: containment, distance, measures.

use super::sphere::{EARTH_RADIUS, Place, V3, angle, closest, cross_within, normal, ring_area, ring_edges};
use super::sweep::pairs;

/// Positions closer than this, in radians (a micrometre on the Earth), are one.
pub(crate) const SNAP: f64 = 1.6e-13;

/// A shell and its holes; the inside is on the left of every ring.
#[derive(Clone, Debug, PartialEq)]
struct Part {
    rings: Vec<Vec<Place>>,
    /// Centre and squared chord of a cap around it, when that is convex.
    cap: Option<(V3, f64)>,
}

/// Areas, each with holes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Polygon {
    parts: Vec<Part>,
}

impl Polygon {
    /// Areas from oriented rings; None when the rings of one cross each other.
    pub fn new(parts: Vec<Vec<Vec<Place>>>) -> Option<Polygon> {
        let crossed = parts.iter().any(|rings| {
            let edges: Vec<(V3, V3)> =
                rings.iter().flat_map(|r| ring_edges(r)).map(|(a, b)| (a.at, b.at)).collect();
            let sound = pairs(&edges, |i, j| {
                let ((a, b), (c, d)) = (edges[i], edges[j]);
                if cross_within(a, b, c, d) { None } else { Some(()) }
            });
            sound.is_none()
        });
        if crossed { None } else { Some(Polygon::sound(parts)) }
    }

    /// Areas whose rings are known not to cross.
    pub fn sound(parts: Vec<Vec<Vec<Place>>>) -> Polygon {
        let parts = parts.into_iter().map(|rings| Part { cap: cap(rings.first()), rings }).collect();
        Polygon { parts }
    }

    /// Each area alone.
    pub fn split(&self) -> impl Iterator<Item = Polygon> + '_ {
        self.parts.iter().map(|part| Polygon { parts: vec![part.clone()] })
    }

    pub fn len(&self) -> usize {
        self.parts.len()
    }

    pub fn vertices(&self) -> usize {
        self.parts.iter().flat_map(|p| &p.rings).map(Vec::len).sum()
    }

    /// The rings of each part.
    pub fn rings(&self) -> Vec<Vec<Vec<Place>>> {
        self.parts.iter().map(|p| p.rings.clone()).collect()
    }

    pub fn edges(&self) -> impl Iterator<Item = (Place, Place)> + '_ {
        self.parts.iter().flat_map(|p| &p.rings).flat_map(|r| ring_edges(r))
    }

    pub fn contains(&self, p: V3) -> bool {
        self.parts.iter().any(|part| {
            let near = part.cap.is_none_or(|(centre, chord2)| {
                let to = p - centre;
                to.dot(to) <= chord2
            });
            near && part.rings.iter().all(|ring| left_of(ring, p))
        })
    }

    /// Whether no point of one may lie in the other.
    pub fn apart(&self, other: &Polygon) -> bool {
        self.parts.iter().all(|a| {
            other.parts.iter().all(|b| match (a.cap, b.cap) {
                (Some((ca, da)), Some((cb, db))) => (ca - cb).norm() > da.sqrt() + db.sqrt() + 1e-9,
                _ => false,
            })
        })
    }

    /// The closest point of the border.
    pub fn border(&self, p: V3) -> Option<V3> {
        self.edges()
            .map(|(a, b)| closest(p, a.at, b.at))
            .min_by(|a, b| (p - *a).norm().total_cmp(&(p - *b).norm()))
    }

    /// The area in square metres.
    pub fn area(&self) -> f64 {
        let sum: f64 = self.parts.iter().flat_map(|p| &p.rings).map(|r| ring_area(r)).sum();
        sum * EARTH_RADIUS * EARTH_RADIUS
    }

    /// The length of all rings in metres.
    pub fn perimeter(&self) -> f64 {
        self.edges().map(|(a, b)| angle(a.at, b.at)).sum::<f64>() * EARTH_RADIUS
    }

    /// The centre of mass, moved onto the sphere: the sum over the edges of angle times unit normal
    /// (Stokes' theorem; Minkowski).
    pub fn centroid(&self) -> Option<Place> {
        // Small shapes lose digits in that sum, so they are measured from a near origin.
        let origin = self.edges().next()?.0.at;
        let small = self.edges().all(|(a, _)| (a.at - origin).norm() < 1e-3);
        let sum = if small {
            let mut weight = 0.0;
            let mut sum = V3::ZERO;
            for (a, b) in self.edges() {
                let (u, w) = (a.at - origin, b.at - origin);
                let double = origin.dot(u.cross(w));
                weight += double;
                sum = sum + (u + w) * (double / 3.0);
            }
            if weight == 0.0 {
                return None;
            }
            origin + sum * (1.0 / weight)
        } else {
            self.edges().fold(V3::ZERO, |sum, (a, b)| sum + normal(a.at, b.at).unit() * angle(a.at, b.at))
        };
        if sum.norm() > 0.0 { Some(Place::of(sum)) } else { None }
    }
}

fn cap(shell: Option<&Vec<Place>>) -> Option<(V3, f64)> {
    let shell = shell?;
    let centre = shell.iter().fold(V3::ZERO, |sum, p| sum + p.at).unit();
    let chord = shell.iter().map(|p| (p.at - centre).norm()).fold(0.0, f64::max);
    // Up to 80 degrees it holds all edges and the smaller side of the ring.
    if centre != V3::ZERO && chord < 1.28 { Some((centre, (chord + 1e-9).powi(2))) } else { None }
}

/// Whether a position is on the left of a ring. Positions on the ring belong to one side, by a rule
/// that looks at the position only, so that of areas that share the ring exactly one holds it.
pub(crate) fn left_of(ring: &[Place], p: V3) -> bool {
    if let Some(left) = try_left(ring, p) {
        return left;
    }
    // A direction that borders along meridians and parallels do not take.
    let aside =
        if p.x.abs() < 0.6 { V3 { x: 0.91, y: 0.29, z: 0.31 } } else { V3 { x: 0.17, y: 0.87, z: 0.47 } };
    let moved = (p + p.cross(aside).unit() * (4.0 * SNAP)).unit();
    try_left(ring, moved).unwrap_or(false)
}

/// Counts the crossings of the way from `p` to a point of an edge; None when all ways meet vertices.
fn try_left(ring: &[Place], p: V3) -> Option<bool> {
    const FRACTIONS: [f64; 3] = [0.43, 0.61, 0.29];
    let count = ring.len();
    for (attempt, fraction) in FRACTIONS.iter().cycle().take(24).enumerate() {
        let target = (attempt * 7) % count.max(1);
        let (a, b) = (ring.get(target)?.at, ring.get((target + 1) % count)?.at);
        let m = (a + (b - a) * *fraction).unit();
        if let Some(left) = walk(ring, p, m, target) {
            return Some(left);
        }
    }
    None
}

/// The side of `p` by the way to `m` on the edge `target`; None where the way is not clear.
fn walk(ring: &[Place], p: V3, m: V3, target: usize) -> Option<bool> {
    const CLEAR: f64 = 1e-15;
    let side = |value: f64, scale: f64| if value.abs() < CLEAR * scale { None } else { Some(value > 0.0) };
    let n = normal(p, m);
    let length = n.norm();
    // The way itself must be one: neither nothing nor half of the sphere.
    if length < 1e-14 || (p + m).norm() < 1e-6 {
        return None;
    }
    let mut inside = false;
    let count = ring.len();
    let mut here = side(n.dot(ring.first()?.at), length)?;
    for (at, c) in ring.iter().enumerate() {
        let d = ring.get((at + 1) % count)?;
        let there = side(n.dot(d.at), length)?;
        let border = normal(c.at, d.at);
        if at == target {
            if side(border.dot(p), border.norm())? {
                inside = !inside;
            }
        } else if here != there {
            let (from, to) = (side(border.dot(p), border.norm())?, side(border.dot(m), border.norm())?);
            // Both ends see it the same way round, or it is crossed on the far side of the sphere.
            if from != to && from == there {
                inside = !inside;
            }
        }
        here = there;
    }
    Some(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p(lng: f64, lat: f64) -> Place {
        Place::new(lng, lat).unwrap()
    }

    #[test]
    fn containment() {
        let square = vec![p(0.0, 0.0), p(10.0, 0.0), p(10.0, 10.0), p(0.0, 10.0)];
        let hole = vec![p(4.0, 4.0), p(4.0, 6.0), p(6.0, 6.0), p(6.0, 4.0)];
        let shape = Polygon::new(vec![vec![square.clone(), hole]]).unwrap();
        for (lng, lat, inside) in [
            (1.0, 1.0, true),
            (9.9, 9.9, true),
            (5.0, 5.0, false),
            (3.9, 5.0, true),
            (11.0, 5.0, false),
            (-175.0, -5.0, false),
            (-179.0, -1.0, false),
            (5.0, -80.0, false),
            (100.0, 3.0, false),
        ] {
            assert_eq!(shape.contains(p(lng, lat).at), inside, "{lng} {lat}");
        }
        // A large ring has no cap.
        let wide = vec![p(-85.0, -60.0), p(85.0, -60.0), p(85.0, 60.0), p(-85.0, 60.0)];
        let wide = Polygon::new(vec![vec![wide]]).unwrap();
        assert!(wide.contains(p(0.0, 0.0).at) && wide.contains(p(-80.0, 10.0).at));
        assert!(!wide.contains(p(180.0, 0.0).at) && !wide.contains(p(0.0, -89.0).at));
    }

    #[test]
    fn areas_that_share_borders_share_no_point() {
        let west =
            Polygon::new(vec![vec![vec![p(0.0, 0.0), p(1.0, 0.0), p(1.0, 1.0), p(0.0, 1.0)]]]).unwrap();
        let east =
            Polygon::new(vec![vec![vec![p(1.0, 0.0), p(2.0, 0.0), p(2.0, 1.0), p(1.0, 1.0)]]]).unwrap();
        for lat in [0.1, 0.25, 0.5, 0.75, 0.875] {
            let on = p(1.0, lat).at;
            assert!(west.contains(on) != east.contains(on), "{lat}");
        }
    }

    #[test]
    fn measures() {
        let square = vec![p(0.0, 0.0), p(1e-4, 0.0), p(1e-4, 1e-4), p(0.0, 1e-4)];
        let shape = Polygon::new(vec![vec![square]]).unwrap();
        let side = 1e-4f64.to_radians() * EARTH_RADIUS;
        assert!((shape.area() / (side * side) - 1.0).abs() < 1e-9);
        assert!((shape.perimeter() / (4.0 * side) - 1.0).abs() < 1e-9);
        let centre = shape.centroid().unwrap();
        assert!((centre.lng - 5e-5).abs() < 1e-14 && (centre.lat - 5e-5).abs() < 1e-14);
        let octant = Polygon::new(vec![vec![vec![p(0.0, 0.0), p(90.0, 0.0), p(0.0, 90.0)]]]).unwrap();
        let centre = octant.centroid().unwrap();
        assert!((centre.lng - 45.0).abs() < 1e-12 && (centre.lat - 35.264_389_682_754_654).abs() < 1e-12);
    }
}
