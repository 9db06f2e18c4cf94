//! H3 cells, by the `h3o` crate.

use h3o::{CellIndex, LatLng, Resolution};

use super::shape::Geometry;
use super::sphere::{EARTH_RADIUS, Place};

/// Most cells of an answer, as the language has it.
pub(crate) const MAX_CELLS: usize = 61_680;
/// Farthest ring.
const MAX_DISTANCE: i64 = 142;
/// Most comparisons of a centre with an edge in one answer.
const MAX_WORK: usize = 500_000_000;
/// Most levels between a cell and the children asked for.
const MAX_DESCENT: u8 = 5;

/// A resolution from 0 to 15.
pub(crate) fn resolution(number: i64) -> Option<Resolution> {
    Resolution::try_from(u8::try_from(number).ok()?).ok()
}

pub(crate) fn of_place(place: &Place, resolution: Resolution) -> Option<CellIndex> {
    Some(LatLng::new(place.lat, place.lng).ok()?.to_cell(resolution))
}

fn parse(token: &str) -> Option<CellIndex> {
    let plain = token.len() <= 16 && token.bytes().all(|b| b.is_ascii_hexdigit());
    if plain { CellIndex::try_from(u64::from_str_radix(token, 16).ok()?).ok() } else { None }
}

fn place(point: LatLng) -> Option<Place> {
    Place::new(point.lng(), point.lat())
}

/// The cell of a position.
pub(crate) fn of_point(at: &Place, level: i64) -> Option<String> {
    Some(of_place(at, resolution(level)?)?.to_string())
}

pub(crate) fn centre(token: &str) -> Option<Geometry> {
    place(LatLng::from(parse(token)?)).map(Geometry::Point)
}

pub(crate) fn polygon(token: &str) -> Option<Geometry> {
    let ring: Option<Vec<Place>> = parse(token)?.boundary().iter().map(|p| place(*p)).collect();
    Some(Geometry::Polygon(vec![ring?]))
}

pub(crate) fn level(token: &str) -> Option<i64> {
    Some(i64::from(u8::from(parse(token)?.resolution())))
}

/// The cell around, one level up or at the level asked for.
pub(crate) fn parent(token: &str, level: Option<i64>) -> Option<String> {
    let cell = parse(token)?;
    let level = level.unwrap_or(i64::from(u8::from(cell.resolution())) - 1);
    Some(cell.parent(resolution(level)?)?.to_string())
}

/// The cells within, one level down or at the level asked for.
pub(crate) fn children(token: &str, level: Option<i64>) -> Option<Vec<String>> {
    let cell = parse(token)?;
    let own = u8::from(cell.resolution());
    let wanted = resolution(level.unwrap_or(i64::from(own) + 1))?;
    let descent = u8::from(wanted).checked_sub(own)?;
    if descent > MAX_DESCENT { None } else { Some(cell.children(wanted).map(|c| c.to_string()).collect()) }
}

/// The cells around, by distance; the first ring is the cell itself.
pub(crate) fn rings(token: &str, distance: i64) -> Option<Vec<Vec<String>>> {
    let cell = parse(token)?;
    if !(0..=MAX_DISTANCE).contains(&distance) {
        return None;
    }
    let distance = u32::try_from(distance).ok()?;
    let mut out = vec![Vec::new(); distance as usize + 1];
    for (cell, at) in cell.grid_disk_distances::<Vec<_>>(distance) {
        if let Some(ring) = out.get_mut(at as usize) {
            ring.push(cell.to_string());
        }
    }
    Some(out)
}

/// The cells that touch one.
pub(crate) fn neighbours(token: &str) -> Option<Vec<String>> {
    rings(token, 1)?.pop()
}

/// The cells whose centres lie in areas with straight edges in degrees; None where they are too many.
/// Each area is its shell and its holes.
pub(crate) fn covering(parts: &[Vec<Vec<Place>>], level: i64) -> Option<Vec<String>> {
    let resolution = resolution(level)?;
    let edges: usize = parts.iter().flatten().map(Vec::len).sum();
    let most = MAX_WORK / edges.max(1);
    let inside = |cell: CellIndex| {
        let centre = LatLng::from(cell);
        parts.iter().any(|rings| {
            rings.iter().filter(|ring| in_plane(ring, centre.lng(), centre.lat())).count() % 2 == 1
        })
    };
    // Cells along the borders first, then inwards from those.
    let step = resolution.edge_length_m() / EARTH_RADIUS * 0.4;
    let steps = |a: &Place, b: &Place| {
        let (width, height) = (short_way(b.lng - a.lng), b.lat - a.lat);
        (width, height, (width.to_radians().hypot(height.to_radians()) / step).ceil().max(1.0))
    };
    let borders = || parts.iter().flatten().flat_map(|ring| super::sphere::ring_edges(ring));
    let total: f64 = borders().map(|(a, b)| steps(&a, &b).2).sum();
    if total > (MAX_CELLS * 8) as f64 {
        return None;
    }
    let mut seen = std::collections::HashSet::new();
    let mut found = std::collections::BTreeSet::new();
    let mut open = Vec::new();
    for (a, b) in borders() {
        let (width, height, count) = steps(&a, &b);
        let mut k = 0.0;
        while k < count {
            let fraction = k / count;
            let at = Place::new(wrapped(a.lng + width * fraction), a.lat + height * fraction)?;
            for cell in of_place(&at, resolution)?.grid_disk::<Vec<_>>(1) {
                if seen.insert(cell) && inside(cell) {
                    found.insert(cell);
                    open.push(cell);
                }
            }
            if seen.len() > most {
                return None;
            }
            k += 1.0;
        }
    }
    while let Some(cell) = open.pop() {
        if found.len() > MAX_CELLS || seen.len() > most {
            return None;
        }
        for next in cell.grid_disk::<Vec<_>>(1) {
            if seen.insert(next) && inside(next) {
                found.insert(next);
                open.push(next);
            }
        }
    }
    Some(found.into_iter().map(|c| c.to_string()).collect())
}

fn wrapped(lng: f64) -> f64 {
    if lng > 180.0 {
        lng - 360.0
    } else if lng < -180.0 {
        lng + 360.0
    } else {
        lng
    }
}

fn short_way(width: f64) -> f64 {
    if width > 180.0 {
        width - 360.0
    } else if width < -180.0 {
        width + 360.0
    } else {
        width
    }
}

/// Whether a position is in a ring of straight edges in degrees; edges take the short way round.
fn in_plane(ring: &[Place], lng: f64, lat: f64) -> bool {
    let mut inside = false;
    for (a, b) in super::sphere::ring_edges(ring) {
        if (a.lat > lat) != (b.lat > lat) {
            let fraction = (lat - a.lat) / (b.lat - a.lat);
            let x = short_way(a.lng - lng) + short_way(b.lng - a.lng) * fraction;
            // Only what lies east of it counts, at most half round.
            if (0.0..180.0).contains(&x) {
                inside = !inside;
            }
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn family() {
        assert_eq!(parent("862a1072fffffff", None).unwrap(), "852a1073fffffff");
        assert_eq!(parent("862a1072fffffff", Some(100)), None);
        assert_eq!(parent("862a1072fffffff", Some(7)), None);
        assert_eq!(children("862a1072fffffff", Some(9)).unwrap().len(), 343);
        assert_eq!(children("862a1072fffffff", Some(12)), None);
        assert_eq!(children("8f2a1072b594c86", None), None);
        assert_eq!(parent("8029fffffffffff", None), None);
        assert_eq!(level("862a1072fffffff"), Some(6));
        for wrong in ["", "1", "@", "abc", "ffffffffffffffff", "+62a1072fffffff", "0862a1072fffffff0", "é"] {
            assert!(
                level(wrong).is_none() && centre(wrong).is_none() && rings(wrong, 1).is_none(),
                "{wrong}"
            );
        }
    }

    #[test]
    fn around() {
        assert_eq!(
            neighbours("862a1072fffffff").unwrap(),
            [
                "862a10727ffffff",
                "862a10707ffffff",
                "862a1070fffffff",
                "862a10777ffffff",
                "862a100dfffffff",
                "862a100d7ffffff"
            ]
        );
        assert_eq!(rings("861f8894fffffff", 142).unwrap().iter().map(Vec::len).sum::<usize>(), 60_919);
        assert!(rings("861f8894fffffff", 143).is_none() && rings("861f8894fffffff", -1).is_none());
        // A pentagon has five.
        assert_eq!(neighbours("8009fffffffffff").unwrap().len(), 5);
    }

    #[test]
    fn cells_of_an_area() {
        let ring = [(-3.659, 40.553), (-3.913, 40.409), (-3.729, 40.273), (-3.524, 40.440)];
        let ring: Vec<Place> = ring.iter().map(|(x, y)| Place::new(*x, *y).unwrap()).collect();
        let cells = covering(&[vec![ring.clone()]], 6).unwrap();
        // The language's published example.
        let mut wanted = [
            "86390cb57ffffff",
            "86390cb0fffffff",
            "86390ca27ffffff",
            "86390cb87ffffff",
            "86390cb07ffffff",
            "86390ca2fffffff",
            "86390ca37ffffff",
            "86390cb17ffffff",
            "86390cb1fffffff",
            "86390cb8fffffff",
            "86390cba7ffffff",
            "86390ca07ffffff",
            "86390cbafffffff",
        ];
        wanted.sort_unstable();
        assert_eq!(cells, wanted);
        assert!(covering(&[vec![ring]], 15).is_none());
        // Over the antimeridian.
        let ring: Vec<Place> = [(179.0, -1.0), (-179.0, -1.0), (-179.0, 1.0), (179.0, 1.0)]
            .iter()
            .map(|(x, y)| Place::new(*x, *y).unwrap())
            .collect();
        let cells = covering(&[vec![ring]], 4).unwrap();
        assert!((10..60).contains(&cells.len()), "{}", cells.len());
    }
}
