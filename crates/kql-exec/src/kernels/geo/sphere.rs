//! Points and great circles of the unit sphere, on which the language measures the Earth.

use std::ops::{Add, Mul, Neg, Sub};

/// Radius of the Earth in metres, as the language's sphere has it (checked with its published examples).
pub(crate) const EARTH_RADIUS: f64 = 6_371_010.0;

/// A vector; as a position it has length one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct V3 {
    pub x: f64,
    pub y: f64,
    pub z: f64,
}

impl Add for V3 {
    type Output = V3;
    fn add(self, o: V3) -> V3 {
        V3 { x: self.x + o.x, y: self.y + o.y, z: self.z + o.z }
    }
}

impl Sub for V3 {
    type Output = V3;
    fn sub(self, o: V3) -> V3 {
        V3 { x: self.x - o.x, y: self.y - o.y, z: self.z - o.z }
    }
}

impl Neg for V3 {
    type Output = V3;
    fn neg(self) -> V3 {
        self * -1.0
    }
}

impl Mul<f64> for V3 {
    type Output = V3;
    fn mul(self, k: f64) -> V3 {
        V3 { x: self.x * k, y: self.y * k, z: self.z * k }
    }
}

impl V3 {
    pub const ZERO: V3 = V3 { x: 0.0, y: 0.0, z: 0.0 };

    pub fn dot(self, o: V3) -> f64 {
        self.x * o.x + self.y * o.y + self.z * o.z
    }

    pub fn cross(self, o: V3) -> V3 {
        V3 { x: self.y * o.z - self.z * o.y, y: self.z * o.x - self.x * o.z, z: self.x * o.y - self.y * o.x }
    }

    pub fn norm(self) -> f64 {
        self.dot(self).sqrt()
    }

    /// Of length one; the zero vector stays.
    pub fn unit(self) -> V3 {
        let norm = self.norm();
        if norm > 0.0 { self * (1.0 / norm) } else { self }
    }
}

/// The normal of the great circle from `a` to `b`, twice `a × b`, exact also where both are close.
pub(crate) fn normal(a: V3, b: V3) -> V3 {
    (a + b).cross(b - a)
}

/// The angle between two positions in radians.
pub(crate) fn angle(a: V3, b: V3) -> f64 {
    (0.5 * normal(a, b).norm()).atan2(a.dot(b))
}

/// Positive where `c` is left of the way from `a` to `b`.
pub(crate) fn turn(a: V3, b: V3, c: V3) -> f64 {
    a.dot((b - a).cross(c - a))
}

/// A position with the degrees that it was given by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Place {
    pub lng: f64,
    pub lat: f64,
    pub at: V3,
}

impl Place {
    /// A position from degrees, where both lie in their ranges.
    pub fn new(lng: f64, lat: f64) -> Option<Place> {
        if !(-180.0..=180.0).contains(&lng) || !(-90.0..=90.0).contains(&lat) {
            return None;
        }
        let (sin_lng, cos_lng) = lng.to_radians().sin_cos();
        let (sin_lat, cos_lat) = lat.to_radians().sin_cos();
        Some(Place { lng, lat, at: V3 { x: cos_lat * cos_lng, y: cos_lat * sin_lng, z: sin_lat } })
    }

    /// A position from any vector but zero.
    pub fn of(vector: V3) -> Place {
        let at = vector.unit();
        Place { lng: at.y.atan2(at.x).to_degrees(), lat: at.z.atan2(at.x.hypot(at.y)).to_degrees(), at }
    }

    pub fn same(&self, other: &Place) -> bool {
        self.at == other.at
    }
}

/// The point of the edge from `a` to `b` that is closest to `p`.
pub(crate) fn closest(p: V3, a: V3, b: V3) -> V3 {
    let n = normal(a, b);
    let length = n.dot(n);
    if length > 0.0 && n.cross(a).dot(p) > 0.0 && n.cross(b).dot(p) < 0.0 {
        let foot = p - n * (n.dot(p) / length);
        if foot.dot(foot) > 0.0 {
            return foot.unit();
        }
    }
    if (p - a).norm() <= (p - b).norm() { a } else { b }
}

/// The position at a fraction of the angle on the way from `a` to `b`.
pub(crate) fn along(a: V3, b: V3, fraction: f64) -> V3 {
    let theta = angle(a, b);
    let tangent = normal(a, b).cross(a).unit();
    let (sin, cos) = (theta * fraction).sin_cos();
    (a * cos + tangent * sin).unit()
}

/// The signed area of a triangle, positive where its vertices run counter-clockwise
/// (L'Huilier's theorem in the form of Van Oosterom and Strackee, 1983).
fn triangle(a: V3, b: V3, c: V3) -> f64 {
    2.0 * turn(a, b, c).atan2(1.0 + a.dot(b) + b.dot(c) + c.dot(a))
}

/// The area on the left of a ring in steradians when that is less than half of the sphere; otherwise
/// the area on its right, negative.
pub(crate) fn ring_area(ring: &[Place]) -> f64 {
    use std::f64::consts::PI;
    let Some((first, rest)) = ring.split_first() else { return 0.0 };
    let mut sum: f64 = rest.windows(2).map(|w| triangle(first.at, w[0].at, w[1].at)).sum();
    while sum > 2.0 * PI {
        sum -= 4.0 * PI;
    }
    while sum < -2.0 * PI {
        sum += 4.0 * PI;
    }
    sum
}

/// The edges of a ring whose last vertex is not repeated.
pub(crate) fn ring_edges(ring: &[Place]) -> impl Iterator<Item = (Place, Place)> + '_ {
    ring.iter().copied().zip(ring.iter().copied().cycle().skip(1))
}

/// Whether edges `ab` and `cd` cross within both; ends that rounding may put on the other edge do not.
pub(crate) fn cross_within(a: V3, b: V3, c: V3, d: V3) -> bool {
    const CLEAR: f64 = 1e-15;
    let (n, m) = (normal(a, b), normal(c, d));
    let (in_n, in_m) = (CLEAR * n.norm(), CLEAR * m.norm());
    let (acb, bda, cbd, dac) = (-n.dot(c), n.dot(d), -m.dot(b), m.dot(a));
    (acb > in_n && bda > in_n && cbd > in_m && dac > in_m)
        || (acb < -in_n && bda < -in_n && cbd < -in_m && dac < -in_m)
}

/// Where edges that cross do so.
pub(crate) fn crossing(a: V3, b: V3, c: V3, d: V3) -> V3 {
    let x = normal(a, b).unit().cross(normal(c, d).unit()).unit();
    if x.dot(a + b) + x.dot(c + d) < 0.0 { -x } else { x }
}

/// The distance in metres on the WGS84 ellipsoid (Karney 2013, by `geographiclib-rs`).
pub(crate) fn spheroid_distance(a: &Place, b: &Place) -> f64 {
    use geographiclib_rs::{Geodesic, InverseGeodesic};
    static WGS84: std::sync::LazyLock<Geodesic> = std::sync::LazyLock::new(Geodesic::wgs84);
    WGS84.inverse(a.lat, a.lng, b.lat, b.lng)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p(lng: f64, lat: f64) -> Place {
        Place::new(lng, lat).unwrap()
    }

    #[test]
    fn a_quarter_of_the_sphere_and_back() {
        let octant = [p(0.0, 0.0), p(90.0, 0.0), p(0.0, 90.0)];
        assert!((ring_area(&octant) - std::f64::consts::FRAC_PI_2).abs() < 1e-15);
        let back: Vec<_> = octant.iter().rev().copied().collect();
        assert!((ring_area(&back) + std::f64::consts::FRAC_PI_2).abs() < 1e-15);
        let there = Place::of(p(-73.5, 40.25).at);
        assert!((there.lng + 73.5).abs() < 1e-13 && (there.lat - 40.25).abs() < 1e-13);
        assert!(Place::new(180.1, 0.0).is_none() && Place::new(0.0, f64::NAN).is_none());
    }

    #[test]
    fn crossings_and_closest_points() {
        let (a, b, c, d) = (p(-1.0, 0.0).at, p(1.0, 0.0).at, p(0.25, -1.0).at, p(0.25, 1.0).at);
        assert!(cross_within(a, b, c, d) && !cross_within(a, b, c, -d));
        assert!((crossing(a, b, c, d) - p(0.25, 0.0).at).norm() < 1e-15);
        assert!((crossing(b, a, c, d) - p(0.25, 0.0).at).norm() < 1e-15);
        assert!((closest(p(0.5, 3.0).at, a, b) - p(0.5, 0.0).at).norm() < 1e-15);
        assert_eq!(closest(p(9.0, 3.0).at, a, b), b);
        assert!((along(a, b, 0.75) - p(0.5, 0.0).at).norm() < 1e-15);
    }
}
