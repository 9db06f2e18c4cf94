//! Geography: positions in degrees, shapes in GeoJSON, cells of three grids.
//!
//! The Earth is a sphere here, as in the language, and edges are its geodesics, except where a
//! function is asked for the ellipsoid. Invalid input gives null (an empty string where the result is a
//! string), and so does an answer beyond the bounds of [`shape`].

mod area;
mod buffer;
mod cover;
mod densify;
mod geohash;
mod h3;
mod line;
mod near;
mod order;
mod overlay;
mod s2cell;
mod shape;
mod simplify;
mod sphere;
mod sweep;
mod wkt;

use std::cell::RefCell;
use std::rc::Rc;

use self::area::Polygon;
pub(crate) use self::near::Target;
use self::overlay::Op;
use self::shape::{Geometry, Lines};
pub(crate) use self::sphere::Place;
use self::sphere::{EARTH_RADIUS, angle};
use super::{RowFn, arg};
use crate::value::V;

/// Arguments of one row.
type Args<'a, 'v> = &'a [V<'v>];

/// Levels and lengths of cells when none is given.
const GEOHASH_LENGTH: i64 = 5;
const S2_LEVEL: i64 = 11;
const H3_RESOLUTION: i64 = 6;

pub(super) fn lookup(name: &str) -> Option<RowFn> {
    points(name)
        .or_else(|| cells(name))
        .or_else(|| lines(name))
        .or_else(|| areas(name))
        .or_else(|| together(name))
}

fn points(name: &str) -> Option<RowFn> {
    Some(match name {
        "geo_distance_2points" => |_, a| {
            real((|| {
                let (from, to, spheroid) = (place(a, 0)?, place(a, 2)?, flag(a, 4)?);
                Some(line::distance(&from, &to, spheroid))
            })())
        },
        "geo_distance_point_to_line" => |_, a| {
            real((|| {
                let (at, spheroid) = (place(a, 0)?, flag(a, 3)?);
                let foot = line_arg(a, 2)?.closest(at.at)?;
                Some(line::distance(&at, &Place::of(foot), spheroid))
            })())
        },
        "geo_distance_point_to_polygon" => |_, a| {
            real((|| {
                let at = place(a, 0)?;
                let area = polygon_arg(a, 2)?;
                if area.contains(at.at) {
                    return Some(0.0);
                }
                Some(angle(at.at, area.border(at.at)?) * EARTH_RADIUS)
            })())
        },
        "geo_point_in_circle" => |_, a| {
            boolean((|| {
                let (at, centre) = (place(a, 0)?, place(a, 2)?);
                let radius = number(a, 4).filter(|r| *r >= 0.0)?;
                Some(line::distance(&at, &centre, false) <= radius)
            })())
        },
        "geo_point_in_polygon" => |_, a| {
            boolean((|| {
                let at = place(a, 0)?;
                Some(polygon_arg(a, 2)?.contains(at.at))
            })())
        },
        "geo_point_buffer" => |_, a| {
            json((|| {
                let at = place(a, 0)?;
                let width = buffer::Width::new(number(a, 2)?, or(a, 3, buffer::DEFAULT_TOLERANCE)?)?;
                Some(Geometry::parts(buffer::point(&at, width).rings()))
            })())
        },
        "geo_closest_point_on_line" => |_, a| {
            json((|| {
                let at = place(a, 0)?;
                Some(Geometry::Point(Place::of(line_arg(a, 2)?.closest(at.at)?)))
            })())
        },
        "geo_closest_point_on_polygon" => |_, a| {
            json((|| {
                let at = place(a, 0)?;
                let area = polygon_arg(a, 2)?;
                let inside = area.contains(at.at);
                Some(Geometry::Point(if inside { at } else { Place::of(area.border(at.at)?) }))
            })())
        },
        "geo_azimuth" => |_, a| real((|| line::azimuth(&place(a, 0)?, &place(a, 2)?))()),
        "geo_angle" => |_, a| real((|| line::angle_between(&place(a, 0)?, &place(a, 2)?, &place(a, 4)?))()),
        // With a database the lowerer asks that; without one, nothing is known of any address.
        "geo_info_from_ip_address" => |_, _| V::Null,
        "geo_from_wkt" => |_, a| json(wkt::parse(arg(a, 0).text())),
        _ => return None,
    })
}

fn cells(name: &str) -> Option<RowFn> {
    Some(match name {
        "geo_point_to_geohash" => {
            |_, a| text((|| geohash::of_point(&place(a, 0)?, level_or(a, 2, GEOHASH_LENGTH)?))())
        }
        "geo_geohash_to_central_point" => |_, a| json(geohash::centre(arg(a, 0).text())),
        "geo_geohash_to_polygon" => |_, a| json(geohash::rectangle(arg(a, 0).text())),
        "geo_geohash_neighbors" => |_, a| array(geohash::neighbours(arg(a, 0).text())),
        "geo_point_to_s2cell" => |_, a| {
            text((|| {
                let (at, level) = (place(a, 0)?, level_or(a, 2, S2_LEVEL)?);
                let level = u32::try_from(level).ok().filter(|l| *l <= s2cell::MAX_LEVEL)?;
                Some(s2cell::Cell::of(at.at, level).token())
            })())
        },
        "geo_s2cell_to_central_point" => |_, a| {
            json(
                s2cell::Cell::parse(arg(a, 0).text())
                    .map(|c| Geometry::Point(Place::of(c.square().centre()))),
            )
        },
        "geo_s2cell_to_polygon" => |_, a| {
            json(s2cell::Cell::parse(arg(a, 0).text()).map(|c| Geometry::Polygon(vec![s2cell::ring(c)])))
        },
        "geo_s2cell_neighbors" => {
            |_, a| array(s2cell::Cell::parse(arg(a, 0).text()).map(s2cell::Cell::neighbours))
        }
        "geo_point_to_h3cell" => {
            |_, a| text((|| h3::of_point(&place(a, 0)?, level_or(a, 2, H3_RESOLUTION)?))())
        }
        "geo_h3cell_to_central_point" => |_, a| json(h3::centre(arg(a, 0).text())),
        "geo_h3cell_to_polygon" => |_, a| json(h3::polygon(arg(a, 0).text())),
        "geo_h3cell_parent" => |_, a| text((|| h3::parent(arg(a, 0).text(), given_level(a, 1)?))()),
        "geo_h3cell_children" => |_, a| array((|| h3::children(arg(a, 0).text(), given_level(a, 1)?))()),
        "geo_h3cell_neighbors" => |_, a| array(h3::neighbours(arg(a, 0).text())),
        "geo_h3cell_rings" => |_, a| serialised((|| h3::rings(arg(a, 0).text(), level(a, 1)?))()),
        "geo_h3cell_level" => |_, a| h3::level(arg(a, 0).text()).map_or(V::Null, V::Int),
        "geo_polygon_to_s2cells" => |_, a| {
            array((|| {
                let (level, radius) = (level_or(a, 1, S2_LEVEL)?, radius(a, 2)?);
                let area = polygon_arg(a, 0)?;
                let wide = match radius {
                    Some(width) => Rc::new(buffer::edges(area.edges(), Some(Polygon::clone(&area)), width)?),
                    None => area,
                };
                cover::covering(&wide.edges().collect::<Vec<_>>(), Some(&wide), level)
            })())
        },
        "geo_line_to_s2cells" => |_, a| {
            array((|| {
                let (level, radius) = (level_or(a, 1, S2_LEVEL)?, radius(a, 2)?);
                let lines = line_arg(a, 0)?;
                match radius {
                    Some(width) => {
                        let wide = buffer::edges(lines.edges(), None, width)?;
                        cover::covering(&wide.edges().collect::<Vec<_>>(), Some(&wide), level)
                    }
                    None => cover::covering(&lines.edges().collect::<Vec<_>>(), None, level),
                }
            })())
        },
        "geo_polygon_to_h3cells" => |_, a| {
            array((|| {
                let (level, radius) = (level_or(a, 1, H3_RESOLUTION)?, radius(a, 2)?);
                let area = polygon_arg(a, 0)?;
                let wide = match radius {
                    Some(width) => Rc::new(buffer::edges(area.edges(), Some(Polygon::clone(&area)), width)?),
                    None => area,
                };
                h3::covering(&wide.rings(), level)
            })())
        },
        _ => return None,
    })
}

fn lines(name: &str) -> Option<RowFn> {
    Some(match name {
        "geo_line_length" => |_, a| real((|| line_arg(a, 0)?.length(flag(a, 1)?))()),
        "geo_line_centroid" => |_, a| json((|| Some(Geometry::Point(line_arg(a, 0)?.centroid()?)))()),
        "geo_line_densify" => |_, a| {
            json((|| {
                let (tolerance, crossing) = (densify_tolerance(a, 1)?, flag(a, 2)?);
                let lines = line_arg(a, 0)?;
                let dense: Option<Vec<_>> =
                    lines.0.iter().map(|line| densify::way(line, false, tolerance, crossing)).collect();
                Some(Geometry::lines(dense?))
            })())
        },
        "geo_line_simplify" => |_, a| {
            json((|| {
                let tolerance = simplify::tolerance(or(a, 1, simplify::DEFAULT_TOLERANCE)?)?;
                Some(Geometry::lines(simplify::lines(&*line_arg(a, 0)?, tolerance)?))
            })())
        },
        "geo_line_buffer" => |_, a| {
            json((|| {
                let width = buffer::Width::new(number(a, 1)?, or(a, 2, buffer::DEFAULT_TOLERANCE)?)?;
                let lines = line_arg(a, 0)?;
                Some(Geometry::parts(buffer::edges(lines.edges(), None, width)?.rings()))
            })())
        },
        "geo_line_interpolate_point" => |_, a| {
            json((|| {
                let fraction = number(a, 1)?;
                Some(Geometry::Point(line::interpolate(line_arg(a, 0)?.single()?, fraction)?))
            })())
        },
        "geo_line_locate_point" => |_, a| {
            real((|| {
                let (at, spheroid) = (place(a, 1)?, flag(a, 3)?);
                line::locate(line_arg(a, 0)?.single()?, &at, spheroid)
            })())
        },
        "geo_union_lines_array" => |_, a| {
            json((|| {
                let lines: Vec<Vec<Place>> =
                    shape::line_array(arg(a, 0).text())?.into_iter().flat_map(|l| l.0).collect();
                if lines.is_empty() { None } else { Some(Geometry::lines(overlay::line_union(&lines)?)) }
            })())
        },
        _ => return None,
    })
}

fn areas(name: &str) -> Option<RowFn> {
    Some(match name {
        "geo_polygon_area" => |_, a| real((|| Some(united(a, 0)?.area()))()),
        "geo_polygon_perimeter" => |_, a| real((|| Some(united(a, 0)?.perimeter()))()),
        "geo_polygon_centroid" => |_, a| json((|| Some(Geometry::Point(united(a, 0)?.centroid()?)))()),
        "geo_polygon_densify" => |_, a| {
            json((|| {
                let (tolerance, crossing) = (densify_tolerance(a, 1)?, flag(a, 2)?);
                let dense = |ring: &Vec<Place>| densify::way(ring, true, tolerance, crossing);
                let parts: Option<Vec<Vec<_>>> = shape::rings_as_written(arg(a, 0).text())?
                    .iter()
                    .map(|rings| rings.iter().map(dense).collect())
                    .collect();
                Some(Geometry::parts(parts?))
            })())
        },
        "geo_polygon_simplify" => |_, a| {
            json((|| {
                let tolerance = simplify::tolerance(or(a, 1, simplify::DEFAULT_TOLERANCE)?)?;
                Some(Geometry::parts(simplify::polygon(&*polygon_arg(a, 0)?, tolerance)?.rings()))
            })())
        },
        "geo_polygon_buffer" => |_, a| {
            json((|| {
                let width = buffer::Width::new(number(a, 1)?, or(a, 2, buffer::DEFAULT_TOLERANCE)?)?;
                let area = polygon_arg(a, 0)?;
                Some(Geometry::parts(
                    buffer::edges(area.edges(), Some(Polygon::clone(&area)), width)?.rings(),
                ))
            })())
        },
        "geo_union_polygons_array" => |_, a| {
            json((|| {
                let areas = shape::polygon_array(arg(a, 0).text())?;
                let parts = areas.iter().flat_map(|area| area.split().collect::<Vec<_>>());
                Some(Geometry::parts(overlay::union_all(parts)?.rings()))
            })())
        },
        "geo_simplify_polygons_array" => |_, a| {
            json((|| {
                let tolerance = simplify::tolerance(or(a, 1, simplify::DEFAULT_TOLERANCE)?)?;
                let areas = shape::polygon_array(arg(a, 0).text())?;
                Some(Geometry::parts(simplify::polygons(&areas, tolerance)?.rings()))
            })())
        },
        _ => return None,
    })
}

fn together(name: &str) -> Option<RowFn> {
    Some(match name {
        "geo_intersects_2lines" => |_, a| {
            boolean((|| {
                let (one, other) = (line_arg(a, 0)?, line_arg(a, 1)?);
                overlay::meet(one.edges(), other.edges())
            })())
        },
        "geo_intersects_2polygons" => |_, a| {
            boolean((|| {
                let (one, other) = (polygon_arg(a, 0)?, polygon_arg(a, 1)?);
                if one.apart(&other) {
                    return Some(false);
                }
                let within = |inner: &Polygon, outer: &Polygon| {
                    inner.split().any(|part| part.edges().next().is_some_and(|(p, _)| outer.contains(p.at)))
                };
                Some(
                    within(&one, &other)
                        || within(&other, &one)
                        || overlay::meet(one.edges(), other.edges())?,
                )
            })())
        },
        "geo_intersects_line_with_polygon" => |_, a| {
            boolean((|| {
                let (lines, area) = (line_arg(a, 0)?, polygon_arg(a, 1)?);
                let starts = lines.0.iter().filter_map(|line| line.first());
                let inside = starts.into_iter().any(|p| area.contains(p.at));
                Some(inside || overlay::meet(lines.edges(), area.edges())?)
            })())
        },
        "geo_intersection_2lines" => |_, a| {
            json((|| {
                let (one, other) = (line_arg(a, 0)?, line_arg(a, 1)?);
                mixed(overlay::line_intersection(&one.0, &other.0))
            })())
        },
        "geo_intersection_2polygons" => |_, a| {
            json((|| {
                let (one, other) = (united(a, 0)?, united(a, 1)?);
                mixed(overlay::polygons(&one, &other, Op::Intersection))
            })())
        },
        "geo_intersection_line_with_polygon" => |_, a| {
            json((|| {
                let (lines, area) = (line_arg(a, 0)?, polygon_arg(a, 1)?);
                mixed(overlay::line_in_polygon(&lines.0, &area))
            })())
        },
        _ => return None,
    })
}

fn mixed(overlay: Option<overlay::Overlay>) -> Option<Geometry> {
    overlay.map(|o| Geometry::mixed(o.points, o.lines, o.parts))
}

fn number(a: Args<'_, '_>, at: usize) -> Option<f64> {
    arg(a, at).real().filter(|n| n.is_finite())
}

/// An optional number: what stands for it when it is not given. A null is an invalid number.
fn or(a: Args<'_, '_>, at: usize, absent: f64) -> Option<f64> {
    if at < a.len() { number(a, at) } else { Some(absent) }
}

fn level(a: Args<'_, '_>, at: usize) -> Option<i64> {
    match arg(a, at) {
        V::Int(n) => Some(*n),
        #[allow(clippy::cast_possible_truncation)]
        V::Real(n) if n.fract() == 0.0 && n.abs() < 1e6 => Some(*n as i64),
        _ => None,
    }
}

fn level_or(a: Args<'_, '_>, at: usize, absent: i64) -> Option<i64> {
    if at < a.len() { level(a, at) } else { Some(absent) }
}

/// A level if one is given; None where it is invalid.
#[allow(clippy::option_option)]
fn given_level(a: Args<'_, '_>, at: usize) -> Option<Option<i64>> {
    if at < a.len() { level(a, at).map(Some) } else { Some(None) }
}

/// A switch, off when it is not given.
fn flag(a: Args<'_, '_>, at: usize) -> Option<bool> {
    match a.get(at) {
        None => Some(false),
        Some(V::Bool(on)) => Some(*on),
        Some(V::Int(n)) => Some(*n != 0),
        Some(V::Real(n)) => Some(*n != 0.0),
        Some(_) => None,
    }
}

/// A radius around a shape to cover; none or zero leaves the shape alone.
#[allow(clippy::option_option)]
fn radius(a: Args<'_, '_>, at: usize) -> Option<Option<buffer::Width>> {
    let radius = or(a, at, 0.0)?;
    if radius == 0.0 {
        return Some(None);
    }
    buffer::Width::new(radius, buffer::DEFAULT_TOLERANCE.max(radius * 1e-4)).map(Some)
}

fn densify_tolerance(a: Args<'_, '_>, at: usize) -> Option<f64> {
    or(a, at, 10.0).filter(|tolerance| densify::TOLERANCE.contains(tolerance))
}

fn place(a: Args<'_, '_>, at: usize) -> Option<Place> {
    Place::new(arg(a, at).real()?, arg(a, at + 1).real()?)
}

/// Shapes longer than this are read anew for each row.
const KEPT_TEXT: usize = 1 << 20;

/// The shape last read at a place of an argument list.
type Kept<T> = RefCell<[Option<(String, Option<Rc<T>>)>; 2]>;

thread_local! {
    static LINES: Kept<Lines> = const { RefCell::new([None, None]) };
    static POLYGONS: Kept<Polygon> = const { RefCell::new([None, None]) };
}

/// A shape, read again only where the text differs from the last row's.
fn remembered<T>(kept: &Kept<T>, slot: usize, text: &str, read: fn(&str) -> Option<T>) -> Option<Rc<T>> {
    let mut kept = kept.borrow_mut();
    let Some(slot) = kept.get_mut(slot) else { return read(text).map(Rc::new) };
    if let Some((last, shape)) = slot
        && last == text
    {
        return shape.clone();
    }
    let shape = read(text).map(Rc::new);
    *slot = (text.len() <= KEPT_TEXT).then(|| (text.to_owned(), shape.clone()));
    shape
}

fn line_arg(a: Args<'_, '_>, at: usize) -> Option<Rc<Lines>> {
    LINES.with(|kept| remembered(kept, at % 2, arg(a, at).text(), shape::lines))
}

fn polygon_arg(a: Args<'_, '_>, at: usize) -> Option<Rc<Polygon>> {
    POLYGONS.with(|kept| remembered(kept, at % 2, arg(a, at).text(), shape::polygon))
}

/// Areas that may overlap as areas that do not.
fn united(a: Args<'_, '_>, at: usize) -> Option<Rc<Polygon>> {
    let area = polygon_arg(a, at)?;
    if area.len() > 1 { overlay::union_all(area.split()).map(Rc::new) } else { Some(area) }
}

fn real(value: Option<f64>) -> V<'static> {
    value.filter(|n| n.is_finite()).map_or(V::Null, V::Real)
}

fn boolean(value: Option<bool>) -> V<'static> {
    value.map_or(V::Null, V::Bool)
}

fn text(value: Option<String>) -> V<'static> {
    V::string(value.unwrap_or_default())
}

fn json(shape: Option<Geometry>) -> V<'static> {
    shape.and_then(|shape| shape.text()).map_or(V::Null, V::string)
}

fn array(items: Option<Vec<String>>) -> V<'static> {
    serialised(items)
}

fn serialised<T: serde::Serialize>(value: Option<T>) -> V<'static> {
    value.and_then(|value| serde_json::to_string(&value).ok()).map_or(V::Null, V::string)
}

#[cfg(test)]
mod tests {
    use super::super::Call;
    use super::*;
    use palisade_kql::Type;

    fn run(name: &str, args: &[V<'static>]) -> V<'static> {
        let call = Call { types: &[], returns: Type::Dynamic };
        lookup(name).unwrap()(&call, args)
    }

    fn shape(kind: &str, coordinates: &str) -> V<'static> {
        V::string(format!(r#"{{"type":"{kind}","coordinates":{coordinates}}}"#))
    }

    #[test]
    fn every_function_takes_nonsense() {
        let names = palisade_kql::functions::all().map(|f| f.name);
        let names: Vec<&str> = names.filter(|n| n.starts_with("geo_") && lookup(n).is_some()).collect();
        assert!(names.len() >= 50);
        let odd = [
            V::Null,
            V::Int(i64::MIN),
            V::Int(7),
            V::Real(f64::NAN),
            V::Real(1e300),
            V::Bool(true),
            V::string("{\"type\":\"Polygon\",\"coordinates\":[[[]]]}"),
            V::string("é"),
        ];
        for name in names {
            for value in &odd {
                for count in 0..=6 {
                    let answer = run(name, &vec![value.clone(); count]);
                    let known =
                        matches!(answer, V::Null | V::Real(_) | V::Bool(_)) || answer.text().len() < 400;
                    assert!(known, "{name} {value:?} {answer:?}");
                }
            }
        }
    }

    #[test]
    fn optional_arguments() {
        let line = shape("LineString", "[[0,0],[1,0]]");
        let V::Real(sphere) = run("geo_line_length", std::slice::from_ref(&line)) else {
            panic!("no length")
        };
        let V::Real(spheroid) = run("geo_line_length", &[line.clone(), V::Bool(true)]) else {
            panic!("no length")
        };
        assert!(
            (sphere - 111_195.1).abs() < 1.0 && (spheroid - 111_319.49).abs() < 0.1,
            "{sphere} {spheroid}"
        );
        assert_eq!(run("geo_line_length", &[line.clone(), V::Null]), V::Null);
        assert_eq!(run("geo_point_to_geohash", &[V::Int(1), V::Int(1)]), V::string("s00tw"));
        assert_eq!(run("geo_point_to_geohash", &[V::Int(1), V::Int(1), V::Null]), V::string(""));
        let narrow = run("geo_line_to_s2cells", &[line.clone(), V::Int(9)]);
        let wide = run("geo_line_to_s2cells", &[line.clone(), V::Int(9), V::Int(30_000)]);
        assert!(wide.text().len() > narrow.text().len() && narrow.text().len() > 10);
        assert_eq!(run("geo_line_to_s2cells", &[line, V::Int(9), V::Int(-1)]), V::Null);
    }

    #[test]
    fn crossing_shapes() {
        let (one, other) = (shape("LineString", "[[0,0],[2,2]]"), shape("LineString", "[[0,2],[2,0]]"));
        assert_eq!(run("geo_intersects_2lines", &[one.clone(), other]), V::Bool(true));
        assert_eq!(
            run("geo_intersects_2lines", &[one.clone(), shape("LineString", "[[0,5],[2,7]]")]),
            V::Bool(false)
        );
        let area = shape("Polygon", "[[[-1,-1],[5,-1],[5,5],[-1,5],[-1,-1]]]");
        assert_eq!(run("geo_intersects_line_with_polygon", &[one.clone(), area.clone()]), V::Bool(true));
        let inner = shape("Polygon", "[[[1,1],[2,1],[2,2],[1,1]]]");
        assert_eq!(run("geo_intersects_2polygons", &[area.clone(), inner.clone()]), V::Bool(true));
        assert_eq!(run("geo_intersects_2polygons", &[inner, area.clone()]), V::Bool(true));
        let far = shape("Polygon", "[[[10,10],[12,10],[12,12],[10,10]]]");
        assert_eq!(run("geo_intersects_2polygons", &[far, area]), V::Bool(false));
    }
}
