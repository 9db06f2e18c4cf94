//! Measures of lines.

use super::overlay::line_union;
use super::shape::Lines;
use super::sphere::{EARTH_RADIUS, Place, V3, along, angle, closest, spheroid_distance};

impl Lines {
    pub fn edges(&self) -> impl Iterator<Item = (Place, Place)> + '_ {
        self.0.iter().flat_map(|l| l.windows(2)).map(|w| (w[0], w[1]))
    }

    /// Several lines with what they share once.
    pub fn joined(&self) -> Option<Lines> {
        if self.0.len() > 1 { line_union(&self.0).map(Lines) } else { Some(self.clone()) }
    }

    /// The only line; functions along a line take no more.
    pub fn single(&self) -> Option<&[Place]> {
        match self.0.as_slice() {
            [line] => Some(line),
            _ => None,
        }
    }

    /// The closest point.
    pub fn closest(&self, p: V3) -> Option<V3> {
        self.edges()
            .map(|(a, b)| closest(p, a.at, b.at))
            .min_by(|a, b| (p - *a).norm().total_cmp(&(p - *b).norm()))
    }

    /// The length in metres, of the union where there are several.
    pub fn length(&self, spheroid: bool) -> Option<f64> {
        Some(self.joined()?.edges().map(|(a, b)| distance(&a, &b, spheroid)).sum())
    }

    /// The centre of mass, moved onto the sphere. An edge weighs its chord, along the middle.
    pub fn centroid(&self) -> Option<Place> {
        let sum = self
            .joined()?
            .edges()
            .fold(V3::ZERO, |sum, (a, b)| sum + (a.at + b.at).unit() * (b.at - a.at).norm());
        if sum.norm() > 0.0 { Some(Place::of(sum)) } else { None }
    }
}

const TURN: f64 = 2.0 * std::f64::consts::PI;

/// The distance in metres on the sphere or on the ellipsoid.
pub(crate) fn distance(a: &Place, b: &Place, spheroid: bool) -> f64 {
    if spheroid { spheroid_distance(a, b) } else { angle(a.at, b.at) * EARTH_RADIUS }
}

/// The point at a fraction of a line's length.
pub(crate) fn interpolate(line: &[Place], fraction: f64) -> Option<Place> {
    if !(0.0..=1.0).contains(&fraction) {
        return None;
    }
    let lengths: Vec<f64> = line.windows(2).map(|w| angle(w[0].at, w[1].at)).collect();
    let mut left = lengths.iter().sum::<f64>() * fraction;
    for (edge, length) in line.windows(2).zip(&lengths) {
        if left < *length {
            return Some(if left <= 0.0 {
                edge[0]
            } else {
                Place::of(along(edge[0].at, edge[1].at, left / length))
            });
        }
        left -= length;
    }
    line.last().copied()
}

/// At which fraction of a line's length it is closest to a point.
pub(crate) fn locate(line: &[Place], p: &Place, spheroid: bool) -> Option<f64> {
    let (mut total, mut best, mut at) = (0.0, f64::INFINITY, 0.0);
    for edge in line.windows(2) {
        let foot = closest(p.at, edge[0].at, edge[1].at);
        let away = (foot - p.at).norm();
        if away < best {
            best = away;
            at = total + distance(&edge[0], &Place::of(foot), spheroid);
        }
        total += distance(&edge[0], &edge[1], spheroid);
    }
    if total > 0.0 { Some((at / total).min(1.0)) } else { None }
}

/// The angle clockwise from north at which a way from one point to another sets out, in radians.
pub(crate) fn azimuth(from: &Place, to: &Place) -> Option<f64> {
    let way = to.at - from.at;
    if way.norm() < 1e-15 || (to.at + from.at).norm() < 1e-15 {
        return None;
    }
    let (sin_lng, cos_lng) = from.lng.to_radians().sin_cos();
    let (sin_lat, cos_lat) = from.lat.to_radians().sin_cos();
    let east = V3 { x: -sin_lng, y: cos_lng, z: 0.0 };
    let north = V3 { x: -sin_lat * cos_lng, y: -sin_lat * sin_lng, z: cos_lat };
    Some(way.dot(east).atan2(way.dot(north)).rem_euclid(TURN))
}

/// The angle clockwise from the way `a` to `b` to the way `b` to `c`, as seen at `b`, in radians.
pub(crate) fn angle_between(a: &Place, b: &Place, c: &Place) -> Option<f64> {
    azimuth(a, b)?;
    Some((azimuth(b, c)? - azimuth(b, a)?).rem_euclid(TURN))
}

#[cfg(test)]
mod tests {
    use super::super::shape::lines;
    use super::*;

    fn p(lng: f64, lat: f64) -> Place {
        Place::new(lng, lat).unwrap()
    }

    #[test]
    fn directions() {
        // The language's published examples.
        assert!((azimuth(&p(5.0, 10.0), &p(10.0, -40.0)).unwrap() - 3.054_599_397_964_49).abs() < 1e-12);
        assert!(azimuth(&p(5.0, 10.0), &p(5.0, 10.0)).is_none());
        let angle = angle_between(&p(0.0, 10.0), &p(0.0, 5.0), &p(3.0, -10.0)).unwrap();
        assert!((angle - 2.944_938_434_068_82).abs() < 1e-12, "{angle}");
        assert!(angle_between(&p(0.0, 10.0), &p(0.0, 10.0), &p(3.0, -10.0)).is_none());
    }

    #[test]
    fn along_a_line() {
        let line = [p(-73.95796, 40.80042), p(-73.97317, 40.764486)];
        let quarter = interpolate(&line, 0.25).unwrap();
        assert!(
            (quarter.lng + 73.961_764_043_218_28).abs() < 1e-9
                && (quarter.lat - 40.791_436_687_257_23).abs() < 1e-9
        );
        let back = locate(&line, &p(-73.965, 40.792), false).unwrap();
        assert!((back - 0.255_601_351_003_075_5).abs() < 1e-9, "{back}");
        assert!((locate(&line, &p(-73.965, 40.792), true).unwrap() - back).abs() < 1e-3);
        assert!(interpolate(&line, 1.1).is_none() && interpolate(&line, f64::NAN).is_none());
        assert_eq!(interpolate(&line, 1.0), Some(line[1]));
        let twice =
            lines(r#"{"type":"MultiLineString","coordinates":[[[0,0],[2,0]],[[1,0],[3,0]]]}"#).unwrap();
        let once = 3f64.to_radians() * EARTH_RADIUS;
        assert!((twice.length(false).unwrap() - once).abs() < 1e-6);
        // A degree of the equator on WGS84.
        assert!((distance(&p(0.0, 0.0), &p(1.0, 0.0), true) - 111_319.490_793).abs() < 1e-6);
    }
}
