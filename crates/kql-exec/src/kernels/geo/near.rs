//! Whether a position is near a shape that is asked for many positions.

use super::area::Polygon;
use super::line::distance;
use super::shape::{self, Lines};
use super::sphere::{EARTH_RADIUS, Place, V3, angle};

/// Lines or areas with a circle around them.
#[derive(Debug)]
pub(crate) struct Target {
    shape: Shape,
    vertices: usize,
    /// Centre and radius in radians; none where the shape is too large for one.
    circle: Option<(V3, f64)>,
}

#[derive(Debug)]
enum Shape {
    Lines(Lines),
    Areas(Polygon),
}

/// A circle of up to 80 degrees holds the edges between its points, and the smaller side of a ring.
const MAX_CHORD: f64 = 1.28;

impl Target {
    /// The shape that a GeoJSON text has; none where it is invalid or of another kind.
    pub fn read(text: &str, areas: bool) -> Option<Target> {
        let shape = match areas {
            true => Shape::Areas(shape::polygon(text)?),
            false => Shape::Lines(shape::lines(text)?),
        };
        let points: Vec<V3> = match &shape {
            Shape::Lines(lines) => lines.0.iter().flatten().map(|p| p.at).collect(),
            Shape::Areas(areas) => areas.edges().map(|(a, _)| a.at).collect(),
        };
        let centre = points.iter().fold(V3::ZERO, |sum, p| sum + *p).unit();
        let chord = points.iter().map(|p| (*p - centre).norm()).fold(0.0, f64::max);
        let fits = centre != V3::ZERO && chord < MAX_CHORD;
        let circle = fits.then(|| (centre, 2.0 * (chord / 2.0).asin() + 1e-9));
        Some(Target { shape, vertices: points.len(), circle })
    }

    /// How many vertices it has.
    pub fn vertices(&self) -> usize {
        self.vertices
    }

    /// Whether a position can be within so many metres of the shape, seen from the circle around it.
    pub fn may_be_near(&self, place: &Place, metres: f64) -> bool {
        self.circle.is_none_or(|(centre, radius)| angle(place.at, centre) <= radius + metres / EARTH_RADIUS)
    }

    /// Whether a position is within so many metres of the shape; without a distance, whether an area holds it.
    pub fn is_near(&self, place: &Place, metres: Option<f64>) -> bool {
        let foot = match &self.shape {
            Shape::Lines(lines) => lines.closest(place.at),
            Shape::Areas(areas) if areas.contains(place.at) => return true,
            Shape::Areas(areas) => metres.and_then(|_| areas.border(place.at)),
        };
        match (foot, metres) {
            (Some(foot), Some(metres)) => distance(place, &Place::of(foot), false) <= metres,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQUARE: &str = r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1],[0,0]]]}"#;

    #[test]
    fn areas_hold_positions_or_are_near_them() {
        let square = Target::read(SQUARE, true).unwrap();
        let (inside, beside) = (Place::new(0.5, 0.5).unwrap(), Place::new(1.01, 0.5).unwrap());
        assert!(square.is_near(&inside, None) && square.may_be_near(&inside, 0.0));
        assert!(!square.is_near(&beside, None));
        // A hundredth of a degree at the equator is 1,112 metres.
        assert!(square.is_near(&beside, Some(1200.0)) && square.may_be_near(&beside, 1200.0));
        assert!(!square.is_near(&beside, Some(1000.0)));
        assert!(!square.may_be_near(&Place::new(30.0, 0.5).unwrap(), 1000.0));
        assert!(Target::read(SQUARE, false).is_none(), "an area is no line");
    }

    #[test]
    fn a_line_around_the_earth_has_no_circle() {
        let text = r#"{"type":"LineString","coordinates":[[-170,0],[-60,0],[60,0],[170,0]]}"#;
        let line = Target::read(text, false).unwrap();
        let far = Place::new(120.0, 0.001).unwrap();
        assert!(line.may_be_near(&far, 0.0) && line.is_near(&far, Some(200.0)));
        assert!(!line.is_near(&far, Some(50.0)) && !line.is_near(&far, None));
    }
}
