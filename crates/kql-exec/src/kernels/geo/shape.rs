//! Shapes in GeoJSON (RFC 7946) as the language takes them, read with bounds.

use serde_json::Value as Json;

use super::area::Polygon;
use super::sphere::{Place, ring_area};

/// Longest text of a shape in bytes.
const MAX_TEXT: usize = 16 << 20;
/// Most vertices of a shape.
pub(crate) const MAX_VERTICES: usize = 100_000;
/// Most vertices that an answer may have.
pub(crate) const MAX_RESULT: usize = 1 << 20;

/// Lines, each of at least two vertices that differ from their neighbours.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lines(pub Vec<Vec<Place>>);

/// A LineString or MultiLineString.
pub(crate) fn lines(text: &str) -> Option<Lines> {
    lines_of(&parse(text)?)
}

/// A Polygon or MultiPolygon.
pub(crate) fn polygon(text: &str) -> Option<Polygon> {
    polygon_of(&parse(text)?)
}

/// The rings of a Polygon or MultiPolygon in the direction in which they are written.
pub(crate) fn rings_as_written(text: &str) -> Option<Vec<Vec<Vec<Place>>>> {
    let shape = parse(text)?;
    polygon_of(&shape)?;
    parts_of(&shape, false)
}

/// An array of lines.
pub(crate) fn line_array(text: &str) -> Option<Vec<Lines>> {
    bounded(parse(text)?.as_array()?.iter().map(lines_of), |l| l.0.iter().map(Vec::len).sum())
}

/// An array of polygons.
pub(crate) fn polygon_array(text: &str) -> Option<Vec<Polygon>> {
    bounded(parse(text)?.as_array()?.iter().map(polygon_of), Polygon::vertices)
}

fn bounded<T>(shapes: impl Iterator<Item = Option<T>>, count: impl Fn(&T) -> usize) -> Option<Vec<T>> {
    let mut out = Vec::new();
    let mut vertices = 0;
    for shape in shapes {
        let shape = shape?;
        vertices += count(&shape);
        if vertices > MAX_VERTICES {
            return None;
        }
        out.push(shape);
    }
    Some(out)
}

fn parse(text: &str) -> Option<Json> {
    // The parser itself refuses nesting deeper than 128.
    if text.len() > MAX_TEXT { None } else { serde_json::from_str(text).ok() }
}

fn lines_of(shape: &Json) -> Option<Lines> {
    let coordinates = shape.get("coordinates")?.as_array()?;
    let mut budget = MAX_VERTICES;
    let lines = match shape.get("type")?.as_str()? {
        "LineString" => vec![line(coordinates, &mut budget)?],
        "MultiLineString" => {
            coordinates.iter().map(|c| line(c.as_array()?, &mut budget)).collect::<Option<Vec<_>>>()?
        }
        _ => return None,
    };
    if lines.is_empty() { None } else { Some(Lines(lines)) }
}

fn polygon_of(shape: &Json) -> Option<Polygon> {
    Polygon::new(parts_of(shape, true)?)
}

fn parts_of(shape: &Json, turned: bool) -> Option<Vec<Vec<Vec<Place>>>> {
    let coordinates = shape.get("coordinates")?.as_array()?;
    let mut budget = MAX_VERTICES;
    let parts = match shape.get("type")?.as_str()? {
        "Polygon" => vec![part(coordinates, turned, &mut budget)?],
        "MultiPolygon" => coordinates
            .iter()
            .map(|c| part(c.as_array()?, turned, &mut budget))
            .collect::<Option<Vec<_>>>()?,
        _ => return None,
    };
    if parts.is_empty() { None } else { Some(parts) }
}

fn places(coordinates: &[Json], budget: &mut usize) -> Option<Vec<Place>> {
    *budget = budget.checked_sub(coordinates.len())?;
    let place = |c: &Json| match c.as_array()?.as_slice() {
        // A third number is a height, which the sphere does not know.
        [lng, lat] | [lng, lat, _] => Place::new(lng.as_f64()?, lat.as_f64()?),
        _ => None,
    };
    coordinates.iter().map(place).collect()
}

/// No edge may span half of the sphere: its way would be open.
fn spans_half(a: &Place, b: &Place) -> bool {
    (a.at + b.at).norm() < 1e-9
}

fn line(coordinates: &[Json], budget: &mut usize) -> Option<Vec<Place>> {
    let mut line = places(coordinates, budget)?;
    line.dedup_by(|a, b| a.same(b));
    let wrong = line.len() < 2 || line.windows(2).any(|w| spans_half(&w[0], &w[1]));
    if wrong { None } else { Some(line) }
}

fn ring(coordinates: &[Json], budget: &mut usize) -> Option<Vec<Place>> {
    let mut ring = places(coordinates, budget)?;
    let closed = ring.len() >= 4 && ring.first()?.same(ring.last()?);
    if !closed {
        return None;
    }
    ring.pop();
    let mut sorted: Vec<[u64; 3]> = ring.iter().map(key).collect();
    sorted.sort_unstable();
    if sorted.windows(2).any(|w| w[0] == w[1]) {
        return None;
    }
    let wrong = super::sphere::ring_edges(&ring).any(|(a, b)| spans_half(&a, &b));
    if wrong { None } else { Some(ring) }
}

fn key(place: &Place) -> [u64; 3] {
    // Adding zero makes both zeros one.
    [place.at.x + 0.0, place.at.y + 0.0, place.at.z + 0.0].map(f64::to_bits)
}

/// The shell and the holes; turned, the smaller side of the shell is on its left, those of the holes are
/// on their right.
fn part(rings: &[Json], turned: bool, budget: &mut usize) -> Option<Vec<Vec<Place>>> {
    let mut out = Vec::with_capacity(rings.len().min(1024));
    for (at, coordinates) in rings.iter().enumerate() {
        let mut ring = ring(coordinates.as_array()?, budget)?;
        if turned && (ring_area(&ring) < 0.0) == (at == 0) {
            ring.reverse();
        }
        out.push(ring);
    }
    if out.is_empty() { None } else { Some(out) }
}

/// A shape to write.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Geometry {
    Point(Place),
    MultiPoint(Vec<Place>),
    Line(Vec<Place>),
    MultiLine(Vec<Vec<Place>>),
    Polygon(Vec<Vec<Place>>),
    MultiPolygon(Vec<Vec<Vec<Place>>>),
    Collection(Vec<Geometry>),
}

impl Geometry {
    /// Lines as one shape.
    pub fn lines(mut lines: Vec<Vec<Place>>) -> Geometry {
        match (lines.len(), lines.pop()) {
            (1, Some(line)) => Geometry::Line(line),
            (_, last) => {
                lines.extend(last);
                Geometry::MultiLine(lines)
            }
        }
    }

    /// Parts of polygons as one shape.
    pub fn parts(mut parts: Vec<Vec<Vec<Place>>>) -> Geometry {
        match (parts.len(), parts.pop()) {
            (1, Some(part)) => Geometry::Polygon(part),
            (_, last) => {
                parts.extend(last);
                Geometry::MultiPolygon(parts)
            }
        }
    }

    /// Points as one shape.
    pub fn points(mut points: Vec<Place>) -> Geometry {
        match (points.len(), points.pop()) {
            (1, Some(point)) => Geometry::Point(point),
            (_, last) => {
                points.extend(last);
                Geometry::MultiPoint(points)
            }
        }
    }

    /// Several shapes as one, points before lines before polygons; none are an empty collection.
    pub fn mixed(points: Vec<Place>, lines: Vec<Vec<Place>>, parts: Vec<Vec<Vec<Place>>>) -> Geometry {
        let mut all = Vec::new();
        if !points.is_empty() {
            all.push(Geometry::points(points));
        }
        if !lines.is_empty() {
            all.push(Geometry::lines(lines));
        }
        if !parts.is_empty() {
            all.push(Geometry::parts(parts));
        }
        match (all.len(), all.pop()) {
            (1, Some(shape)) => shape,
            (_, last) => {
                all.extend(last);
                Geometry::Collection(all)
            }
        }
    }

    fn vertices(&self) -> usize {
        let rings = |r: &[Vec<Place>]| r.iter().map(Vec::len).sum::<usize>();
        match self {
            Geometry::Point(_) => 1,
            Geometry::MultiPoint(l) | Geometry::Line(l) => l.len(),
            Geometry::MultiLine(r) | Geometry::Polygon(r) => rings(r),
            Geometry::MultiPolygon(p) => p.iter().map(|r| rings(r)).sum(),
            Geometry::Collection(all) => all.iter().map(Geometry::vertices).sum(),
        }
    }

    /// The GeoJSON text, unless it has too many vertices.
    pub fn text(&self) -> Option<String> {
        if self.vertices() > MAX_RESULT {
            return None;
        }
        let mut out = String::new();
        self.write(&mut out);
        Some(out)
    }

    fn write(&self, out: &mut String) {
        let name = match self {
            Geometry::Point(_) => "Point",
            Geometry::MultiPoint(_) => "MultiPoint",
            Geometry::Line(_) => "LineString",
            Geometry::MultiLine(_) => "MultiLineString",
            Geometry::Polygon(_) => "Polygon",
            Geometry::MultiPolygon(_) => "MultiPolygon",
            Geometry::Collection(_) => "GeometryCollection",
        };
        out.push_str("{\"type\":\"");
        out.push_str(name);
        out.push_str(match self {
            Geometry::Collection(_) => "\",\"geometries\":",
            _ => "\",\"coordinates\":",
        });
        match self {
            Geometry::Point(p) => place(p, out),
            Geometry::MultiPoint(l) | Geometry::Line(l) => list(l, out, place),
            Geometry::MultiLine(r) => list(r, out, |l, out| list(l, out, place)),
            Geometry::Polygon(r) => list(r, out, closed),
            Geometry::MultiPolygon(p) => list(p, out, |r, out| list(r, out, closed)),
            Geometry::Collection(all) => list(all, out, Geometry::write),
        }
        out.push('}');
    }
}

fn list<T>(items: &[T], out: &mut String, write: impl Fn(&T, &mut String)) {
    out.push('[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write(item, out);
    }
    out.push(']');
}

#[allow(clippy::ptr_arg)]
fn closed(ring: &Vec<Place>, out: &mut String) {
    out.push('[');
    for (at, p) in ring.iter().chain(ring.first()).enumerate() {
        if at > 0 {
            out.push(',');
        }
        place(p, out);
    }
    out.push(']');
}

fn place(p: &Place, out: &mut String) {
    use std::fmt::Write;
    // Writing to a string cannot fail. Adding zero makes -0 plain.
    let _ = write!(out, "[{},{}]", p.lng + 0.0, p.lat + 0.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_read_and_written() {
        let text = r#"{"type":"LineString","coordinates":[[1,2],[3.5,-4]]}"#;
        let shape = lines(text).unwrap();
        assert_eq!(Geometry::lines(shape.0).text().unwrap(), text);
        let text = r#"{"type":"Polygon","coordinates":[[[0,0],[2,0],[2,2],[0,0]]]}"#;
        let shape = polygon(text).unwrap();
        assert_eq!(Geometry::parts(shape.rings()).text().unwrap(), text);
        // Clockwise shells are turned round.
        let clockwise = polygon(r#"{"type":"Polygon","coordinates":[[[2,2],[2,0],[0,0],[2,2]]]}"#).unwrap();
        assert_eq!(Geometry::parts(clockwise.rings()).text().unwrap(), text);
    }

    #[test]
    fn hostile_shapes_are_refused() {
        let wrong_lines = [
            "",
            "7",
            "null",
            r#"{"type":"LineString"}"#,
            r#"{"type":"LineString","coordinates":[]}"#,
            r#"{"type":"LineString","coordinates":[[1,1]]}"#,
            r#"{"type":"LineString","coordinates":[[1,1],[1,1]]}"#,
            r#"{"type":"LineString","coordinates":[[0,0],[180,0]]}"#,
            r#"{"type":"LineString","coordinates":[[1,1],[1]]}"#,
            r#"{"type":"LineString","coordinates":[[1,1],[1,2,3,4]]}"#,
            r#"{"type":"LineString","coordinates":[[1,1],["1",2]]}"#,
            r#"{"type":"LineString","coordinates":[[1,1],[1e999,2]]}"#,
            r#"{"type":"LineString","coordinates":[[1,1],[181,2]]}"#,
            r#"{"type":"MultiLineString","coordinates":[]}"#,
            r#"{"type":"MultiLineString","coordinates":[[1,1],[2,2]]}"#,
        ];
        for text in wrong_lines {
            assert!(lines(text).is_none(), "{text}");
        }
        let wrong_polygons = [
            "[[0,0],[1,1],[0,0]]",
            "[[0,0],[1,1],[2,0],[1,0]]",
            "[[0,0],[10,10],[10,10],[0,0]]",
            "[[0,0],[2,2],[1,3],[2,2],[0,0]]",
            "[[0,0],[2,2],[2,0],[0,2],[0,0]]",
            "[]",
            "",
        ];
        for ring in wrong_polygons {
            let text = format!(r#"{{"type":"Polygon","coordinates":[{ring}]}}"#);
            assert!(polygon(&text).is_none(), "{text}");
        }
        let deep = "[".repeat(100_000);
        assert!(polygon(&format!(r#"{{"type":"Polygon","coordinates":{deep}"#)).is_none());
        let many = vec!["[1,1],[2,2]"; MAX_VERTICES / 2 + 1].join(",");
        assert!(lines(&format!(r#"{{"type":"LineString","coordinates":[{many}]}}"#)).is_none());
        let one = r#"{"type":"LineString","coordinates":[[1,1],[2,2]]}"#;
        assert!(line_array(&format!("[{}]", vec![one; MAX_VERTICES / 2 + 1].join(","))).is_none());
        assert!(lines(&" ".repeat(MAX_TEXT + 1)).is_none());
    }
}
