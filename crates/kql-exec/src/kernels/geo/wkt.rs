//! Well-known text (OGC Simple Features 1.2.1, two dimensions) read with bounds.

use super::shape::{Geometry, MAX_VERTICES};
use super::sphere::Place;

/// Longest text in bytes.
const MAX_TEXT: usize = 16 << 20;
/// Deepest nesting of collections.
const MAX_DEPTH: u32 = 32;

struct Reader<'t> {
    rest: &'t str,
    budget: usize,
}

/// A shape from its text.
pub(crate) fn parse(text: &str) -> Option<Geometry> {
    if text.len() > MAX_TEXT {
        return None;
    }
    let mut reader = Reader { rest: text, budget: MAX_VERTICES };
    let shape = reader.shape(0)?;
    if reader.rest.trim_start().is_empty() { Some(shape) } else { None }
}

impl<'t> Reader<'t> {
    fn word(&mut self, part: impl Fn(char) -> bool) -> &'t str {
        self.rest = self.rest.trim_start();
        let end = self.rest.find(|c: char| !part(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn eat(&mut self, sign: char) -> Option<()> {
        self.rest = self.rest.trim_start().strip_prefix(sign)?;
        Some(())
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.eat('(')?;
        let mut items = Vec::new();
        loop {
            items.push(item(self)?);
            if self.eat(',').is_none() {
                self.eat(')')?;
                return Some(items);
            }
        }
    }

    fn place(&mut self) -> Option<Place> {
        self.budget = self.budget.checked_sub(1)?;
        let part = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E');
        let lng = self.word(part).parse().ok()?;
        let lat = self.word(part).parse().ok()?;
        Place::new(lng, lat)
    }

    fn line(&mut self) -> Option<Vec<Place>> {
        self.list(Self::place).filter(|line| line.len() >= 2)
    }

    /// A ring without its last position, which is its first.
    fn ring(&mut self) -> Option<Vec<Place>> {
        let mut ring = self.list(Self::place)?;
        let closed = ring.len() >= 4 && ring.first()?.same(ring.last()?);
        ring.pop();
        if closed { Some(ring) } else { None }
    }

    fn rings(&mut self) -> Option<Vec<Vec<Place>>> {
        self.list(Self::ring)
    }

    fn shape(&mut self, depth: u32) -> Option<Geometry> {
        if depth > MAX_DEPTH {
            return None;
        }
        self.budget = self.budget.checked_sub(1)?;
        let name = self.word(|c| c.is_ascii_alphabetic()).to_ascii_uppercase();
        Some(match name.as_str() {
            "POINT" => Geometry::Point(self.list(Self::place).filter(|p| p.len() == 1)?.pop()?),
            "LINESTRING" => Geometry::Line(self.line()?),
            "POLYGON" => Geometry::Polygon(self.rings()?),
            "MULTIPOINT" => Geometry::MultiPoint(self.list(|reader| {
                // Each point may stand in brackets of its own.
                let bare = reader.eat('(').is_none();
                let place = reader.place()?;
                if !bare {
                    reader.eat(')')?;
                }
                Some(place)
            })?),
            "MULTILINESTRING" => Geometry::MultiLine(self.list(Self::line)?),
            "MULTIPOLYGON" => Geometry::MultiPolygon(self.list(Self::rings)?),
            "GEOMETRYCOLLECTION" => Geometry::Collection(self.list(|reader| reader.shape(depth + 1))?),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_kinds() {
        for (text, json) in [
            ("POINT (1 2)", r#"{"type":"Point","coordinates":[1,2]}"#),
            ("linestring(1 2,3 4.5e0)", r#"{"type":"LineString","coordinates":[[1,2],[3,4.5]]}"#),
            (
                "POLYGON ((0 0, 2 0, 2 2, 0 0))",
                r#"{"type":"Polygon","coordinates":[[[0,0],[2,0],[2,2],[0,0]]]}"#,
            ),
            ("MULTIPOINT (1 1, (2 2))", r#"{"type":"MultiPoint","coordinates":[[1,1],[2,2]]}"#),
            (
                "MULTILINESTRING ((1 1, 2 2, 3 3), (4 4, 5 5))",
                r#"{"type":"MultiLineString","coordinates":[[[1,1],[2,2],[3,3]],[[4,4],[5,5]]]}"#,
            ),
            (
                "GEOMETRYCOLLECTION (POINT (1 1),MULTIPOLYGON (((0 0, 2 0, 2 2, 0 0))))",
                r#"{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[1,1]},{"type":"MultiPolygon","coordinates":[[[[0,0],[2,0],[2,2],[0,0]]]]}]}"#,
            ),
        ] {
            assert_eq!(parse(text).and_then(|g| g.text()).as_deref(), Some(json), "{text}");
        }
    }

    #[test]
    fn hostile_texts_are_refused() {
        for text in [
            "",
            "LINESTRING",
            "LINESTRING (1 1)",
            "POINT EMPTY",
            "POINT Z (1 2 3)",
            "POINT (1 2 3)",
            "POINT (1)",
            "POINT (1 2), POINT (1 2)",
            "POINT (1 2",
            "POINT (181 0)",
            "POINT (nan 0)",
            "POINT (1e999 0)",
            "POLYGON ((0 0, 2 0, 2 2, 0 1))",
            "POLYGON (0 0, 2 0, 2 2, 0 0)",
            "CIRCLE (1 2)",
            "POINT (é é)",
            "POINT (1 2) x",
            "MULTIPOINT ((1 1)",
            "GEOMETRYCOLLECTION ()",
        ] {
            assert!(parse(text).is_none(), "{text}");
        }
        let deep = format!("{}POINT (1 1){}", "GEOMETRYCOLLECTION (".repeat(10_000), ")".repeat(10_000));
        assert!(parse(&deep).is_none());
        let many = format!("LINESTRING ({})", vec!["1 1"; MAX_VERTICES + 1].join(","));
        assert!(parse(&many).is_none());
        assert!(parse(&" ".repeat(MAX_TEXT + 1)).is_none());
    }
}
