//! Shapes widened by a radius.

use super::area::Polygon;
use super::overlay::union_all;
use super::sphere::{EARTH_RADIUS, Place, V3, along, angle, normal};

/// Tolerance without one given, in metres.
pub(crate) const DEFAULT_TOLERANCE: f64 = 10.0;
/// Most vertices of all widened edges together, before they are united.
const MAX_VERTICES: usize = 400_000;

/// How a radius is drawn: every point within the radius is inside, no border is farther out than the
/// radius and the tolerance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Width {
    /// Steps of half a circle.
    steps: u32,
    /// Where corners lie, in radians.
    corner: f64,
    /// Longest piece of an edge; along a longer one the border would bulge.
    piece: f64,
}

impl Width {
    /// A radius and a tolerance in metres; None unless both make sense.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn new(radius: f64, tolerance: f64) -> Option<Width> {
        use std::f64::consts::FRAC_PI_2;
        // A larger tolerance than the radius counts as almost the radius, one too fine is refused.
        if tolerance.is_nan() {
            return None;
        }
        let tolerance = tolerance.min(radius * 0.99);
        let valid = radius > 0.0 && tolerance > 0.0 && tolerance >= radius * 1e-6;
        let (near, far) = (radius / EARTH_RADIUS, (radius + tolerance) / EARTH_RADIUS);
        if !valid || far >= FRAC_PI_2 * 0.99 {
            return None;
        }
        let half_step = (near.tan() / far.tan()).clamp(0.0, 1.0).acos();
        if half_step.is_nan() || half_step <= 0.0 {
            return None;
        }
        let steps = (FRAC_PI_2 / half_step).ceil().clamp(2.0, 4096.0);
        let corner = (near.tan() / (FRAC_PI_2 / steps).cos()).atan();
        Some(Width { steps: steps as u32, corner, piece: (2.0 * half_step).min(1.0) })
    }

    /// Corners of the half circle around `at` whose middle is `ahead`, counter-clockwise.
    fn half(&self, at: V3, ahead: V3, out: &mut Vec<Place>) {
        let left = at.cross(ahead);
        let (sin_far, cos_far) = self.corner.sin_cos();
        for k in 0..self.steps {
            let turn = ((f64::from(k) + 0.5) / f64::from(self.steps) - 0.5) * std::f64::consts::PI;
            let (sin, cos) = turn.sin_cos();
            out.push(Place::of(at * cos_far + (ahead * cos + left * sin) * sin_far));
        }
    }

    fn area(ring: Vec<Place>) -> Polygon {
        Polygon::sound(vec![vec![ring]])
    }
}

/// A circle.
pub(crate) fn point(at: &Place, width: Width) -> Polygon {
    let aside =
        if at.at.z.abs() < 0.9 { V3 { x: 0.0, y: 0.0, z: 1.0 } } else { V3 { x: 1.0, y: 0.0, z: 0.0 } };
    let ahead = (aside - at.at * at.at.dot(aside)).unit();
    let mut ring = Vec::new();
    width.half(at.at, ahead, &mut ring);
    width.half(at.at, -ahead, &mut ring);
    Width::area(ring)
}

/// Edges with round ends, and an area beside them; None where that is too much work or would cover
/// more than half of the sphere.
pub(crate) fn edges(
    edges: impl Iterator<Item = (Place, Place)>,
    area: Option<Polygon>,
    width: Width,
) -> Option<Polygon> {
    let mut shapes: Vec<Polygon> = Vec::new();
    let mut vertices = 0;
    for (a, b) in edges {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let pieces = (angle(a.at, b.at) / width.piece).ceil().clamp(1.0, 1e9) as u32;
        let mut from = a.at;
        for k in 1..=pieces {
            vertices += 2 * width.steps as usize;
            if vertices > MAX_VERTICES {
                return None;
            }
            let to = if k == pieces { b.at } else { along(a.at, b.at, f64::from(k) / f64::from(pieces)) };
            let across = normal(from, to).unit();
            let mut ring = Vec::new();
            width.half(to, across.cross(to), &mut ring);
            width.half(from, -across.cross(from), &mut ring);
            shapes.push(Width::area(ring));
            from = to;
        }
    }
    shapes.extend(area.into_iter().flat_map(|area| area.split().collect::<Vec<_>>()));
    union_all(shapes)
}

#[cfg(test)]
mod tests {
    use super::super::shape::{lines, polygon};
    use super::super::sphere::closest;
    use super::*;

    #[test]
    fn a_circle_keeps_its_tolerance() {
        for (radius, tolerance) in
            [(1.0, 0.1), (5_000.0, 10.0), (20_000.0, 1.0), (2_000_000.0, 100.0), (3.0, 10.0)]
        {
            let at = Place::new(-115.17, 36.15).unwrap();
            let circle = point(&at, Width::new(radius, tolerance).unwrap());
            for (a, b) in circle.edges() {
                let near = angle(at.at, closest(at.at, a.at, b.at)) * EARTH_RADIUS;
                let far = angle(at.at, a.at) * EARTH_RADIUS;
                assert!(
                    near > radius * (1.0 - 1e-6) && far < radius + tolerance.min(radius) * 1.000_1,
                    "{near} {far}"
                );
            }
            assert!(circle.contains(at.at));
        }
        for (radius, tolerance) in
            [(0.0, 1.0), (-1.0, 0.1), (1.0, 0.0), (f64::NAN, 1.0), (1.0, f64::NAN), (1e7, 1.0), (1e6, 1e-3)]
        {
            assert!(Width::new(radius, tolerance).is_none(), "{radius} {tolerance}");
        }
    }

    #[test]
    fn lines_and_areas_grow() {
        let zigzag: Vec<String> =
            (0..60).map(|k| format!("[{},{}]", f64::from(k) * 0.01, f64::from(k % 2) * 0.02)).collect();
        let line =
            lines(&format!(r#"{{"type":"LineString","coordinates":[{}]}}"#, zigzag.join(","))).unwrap();
        let wide = edges(line.edges(), None, Width::new(500.0, 10.0).unwrap()).unwrap();
        for (a, b) in line.edges() {
            assert!(wide.contains(a.at) && wide.contains(along(a.at, b.at, 0.3)));
        }
        for (a, _) in wide.edges() {
            let away = angle(a.at, line.closest(a.at).unwrap()) * EARTH_RADIUS;
            assert!((499.0..=511.0).contains(&away), "{away}");
        }
        // Points in a row, a metre apart.
        let row: Vec<String> = (0..50).map(|k| format!("[{},{}]", f64::from(k) * 1e-5, 40.0)).collect();
        let row = lines(&format!(r#"{{"type":"LineString","coordinates":[{}]}}"#, row.join(","))).unwrap();
        let wide = edges(row.edges(), None, Width::new(100.0, 1.0).unwrap()).unwrap();
        let length = row.length(false).unwrap();
        let exact = 2.0 * 100.0 * length + std::f64::consts::PI * 100.0 * 100.0;
        assert!((0.999..1.02).contains(&(wide.area() / exact)), "{} {exact}", wide.area());
        let area = polygon(r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1],[0,0]],[[0.4,0.4],[0.4,0.6],[0.6,0.6],[0.6,0.4],[0.4,0.4]]]}"#).unwrap();
        let wide = edges(area.edges(), Some(area.clone()), Width::new(1_000.0, 10.0).unwrap()).unwrap();
        let grown = wide.area() - area.area();
        let border = area.perimeter() * 1_000.0;
        assert!((0.99..1.01).contains(&(grown / border)), "{grown} {border}");
        // The hole closes.
        let wide = edges(area.edges(), Some(area.clone()), Width::new(20_000.0, 10.0).unwrap()).unwrap();
        assert_eq!(wide.rings().iter().map(Vec::len).collect::<Vec<_>>(), [1]);
    }
}
