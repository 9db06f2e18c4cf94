//! Geohashes: positions as interleaved bits in base 32 (Niemeyer 2008).

use super::order::as_set;
use super::shape::Geometry;
use super::sphere::Place;

const DIGITS: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";
/// Longest geohash that the language takes.
const MAX_LENGTH: usize = 18;

/// A cell as column and row of a grid.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Cell {
    column: u64,
    row: u64,
    length: usize,
}

impl Cell {
    /// Bits of the column; the first bit is one of it.
    fn column_bits(length: usize) -> u32 {
        (length * 5).div_ceil(2) as u32
    }

    fn row_bits(length: usize) -> u32 {
        (length * 5 / 2) as u32
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    fn of(place: &Place, length: usize) -> Cell {
        let index = |fraction: f64, bits: u32| {
            let count = 1u64 << bits;
            ((fraction * count as f64) as u64).min(count - 1)
        };
        Cell {
            column: index((place.lng + 180.0) / 360.0, Self::column_bits(length)),
            row: index((place.lat + 90.0) / 180.0, Self::row_bits(length)),
            length,
        }
    }

    fn parse(text: &str) -> Option<Cell> {
        if text.is_empty() || text.len() > MAX_LENGTH {
            return None;
        }
        let mut cell = Cell { column: 0, row: 0, length: text.len() };
        let mut even = true;
        for byte in text.bytes() {
            let digit = DIGITS.iter().position(|d| *d == byte.to_ascii_lowercase())?;
            for bit in (0..5).rev() {
                let bit = (digit >> bit & 1) as u64;
                let side = if even { &mut cell.column } else { &mut cell.row };
                *side = *side << 1 | bit;
                even = !even;
            }
        }
        Some(cell)
    }

    fn text(&self) -> String {
        let (mut column, mut row) = (Self::column_bits(self.length), Self::row_bits(self.length));
        let mut even = true;
        let mut out = String::with_capacity(self.length);
        for _ in 0..self.length {
            let mut digit = 0usize;
            for _ in 0..5 {
                let (side, left) = if even { (self.column, &mut column) } else { (self.row, &mut row) };
                *left -= 1;
                digit = digit << 1 | (side >> *left & 1) as usize;
                even = !even;
            }
            out.push(char::from(DIGITS[digit % 32]));
        }
        out
    }

    /// West, south, east, north in degrees.
    #[allow(clippy::cast_precision_loss)]
    fn sides(&self) -> [f64; 4] {
        let width = 360.0 / (1u64 << Self::column_bits(self.length)) as f64;
        let height = 180.0 / (1u64 << Self::row_bits(self.length)) as f64;
        let west = self.column as f64 * width - 180.0;
        let south = self.row as f64 * height - 90.0;
        [west, south, (west + width).min(180.0), (south + height).min(90.0)]
    }

    /// The cell so many columns east and rows north; none beyond a pole.
    fn moved(&self, east: i64, north: i64) -> Option<Cell> {
        let columns = 1u64 << Self::column_bits(self.length);
        let row = self.row.checked_add_signed(north)?;
        if row >= 1 << Self::row_bits(self.length) {
            return None;
        }
        Some(Cell { column: self.column.wrapping_add_signed(east) % columns, row, length: self.length })
    }
}

/// The geohash of a position.
pub(crate) fn of_point(place: &Place, length: i64) -> Option<String> {
    let length = usize::try_from(length).ok().filter(|n| (1..=MAX_LENGTH).contains(n))?;
    Some(Cell::of(place, length).text())
}

/// The centre of a geohash.
pub(crate) fn centre(text: &str) -> Option<Geometry> {
    let [west, south, east, north] = Cell::parse(text)?.sides();
    Place::new(west + (east - west) / 2.0, south + (north - south) / 2.0).map(Geometry::Point)
}

/// The rectangle of a geohash.
pub(crate) fn rectangle(text: &str) -> Option<Geometry> {
    let [west, south, east, north] = Cell::parse(text)?.sides();
    let corners = [(west, south), (east, south), (east, north), (west, north)];
    let ring: Option<Vec<Place>> = corners.iter().map(|(lng, lat)| Place::new(*lng, *lat)).collect();
    Some(Geometry::Polygon(vec![ring?]))
}

/// The geohashes around one; there are none beyond a pole.
pub(crate) fn neighbours(text: &str) -> Option<Vec<String>> {
    // From the north-west, row by row.
    const AROUND: [(i64, i64); 8] = [(-1, 1), (0, 1), (1, 1), (-1, 0), (1, 0), (-1, -1), (0, -1), (1, -1)];
    let cell = Cell::parse(text)?;
    let own = cell.text();
    let around = AROUND.iter().filter_map(|(east, north)| cell.moved(*east, *north));
    Some(as_set(around.map(|c| c.text()).filter(|t| *t != own)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_hashes() {
        let at = |lng, lat, n| of_point(&Place::new(lng, lat).unwrap(), n).unwrap();
        assert_eq!(at(139.806_115, 35.554_128, 12), "xn76m27ty9g4");
        assert_eq!(at(-80.195_829, 25.802_215, 8), "dhwfz15h");
        assert_eq!(at(180.0, 90.0, 18), "z".repeat(18));
        assert_eq!(of_point(&Place::new(1.0, 1.0).unwrap(), 19), None);
        assert_eq!(Cell::parse("sunny").unwrap().text(), "sunny");
        assert!(centre("").is_none() && centre("a").is_none() && centre("é").is_none());
        assert!(centre(&"0".repeat(19)).is_none() && rectangle(&"z".repeat(18)).is_some());
        let Some(Geometry::Point(middle)) = centre("sunny") else { panic!("no point") };
        assert!((middle.lng - 42.473_144_53).abs() < 1e-6 && (middle.lat - 23.708_496_09).abs() < 1e-6);
    }

    #[test]
    fn around_the_world() {
        assert_eq!(
            neighbours("sunny").unwrap(),
            ["sunnt", "sunpj", "sunnx", "sunpn", "sunnv", "sunpp", "sunnz", "sunnw"]
        );
        // At the pole there is nothing north; at the antimeridian the other side is near.
        let mut corner = neighbours("z").unwrap();
        corner.sort();
        assert_eq!(corner, ["8", "b", "w", "x", "y"]);
    }
}
