//! Cells of the S2 hierarchy: a Hilbert curve over the six faces of a cube
//! (the numbering of s2geometry.io/devguide/s2cell_hierarchy, quadratic projection).

use super::order::as_set;
use super::sphere::{Place, V3};

/// Deepest level.
pub(crate) const MAX_LEVEL: u32 = 30;
const SIDE: u64 = 1 << MAX_LEVEL;

/// The order in which a curve of an orientation visits the quadrants (i * 2 + j).
const POSITION_TO_IJ: [[u64; 4]; 4] = [[0, 1, 3, 2], [0, 2, 3, 1], [3, 2, 0, 1], [3, 1, 0, 2]];
/// How the orientation changes with the quadrant's position: 1 swaps i and j, 2 inverts both.
const TURN: [usize; 4] = [1, 0, 0, 3];

/// A cell by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Cell(u64);

/// A cell's face, the corner of lowest coordinates, and its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Square {
    pub face: u8,
    pub i: u64,
    pub j: u64,
    pub level: u32,
}

impl Square {
    /// Length of a side in leaf cells.
    pub fn size(&self) -> u64 {
        1 << (MAX_LEVEL - self.level.min(MAX_LEVEL))
    }

    /// West, south, east, north on the face.
    pub fn bounds(&self) -> [f64; 4] {
        let size = self.size();
        [uv(self.i), uv(self.j), uv(self.i + size), uv(self.j + size)]
    }

    /// The four squares of the next level.
    pub fn quarters(&self) -> [Square; 4] {
        let half = self.size() / 2;
        [(0, 0), (half, 0), (half, half), (0, half)].map(|(i, j)| Square {
            i: self.i + i,
            j: self.j + j,
            level: self.level + 1,
            ..*self
        })
    }

    pub fn corners(&self) -> [V3; 4] {
        let [west, south, east, north] = self.bounds();
        [(west, south), (east, south), (east, north), (west, north)].map(|(u, v)| xyz(self.face, u, v).unit())
    }

    pub fn centre(&self) -> V3 {
        let half = |k: u64| st_to_uv((k as f64 + self.size() as f64 / 2.0) / SIDE as f64);
        xyz(self.face, half(self.i), half(self.j)).unit()
    }

    /// The square so many leaves away, on whichever face that is.
    fn moved(&self, i: i64, j: i64) -> Square {
        let (i, j) = (self.i as i64 + i, self.j as i64 + j);
        let side = SIDE as i64;
        let inside = |k: i64| (0..side).contains(&k);
        if inside(i) && inside(j) {
            return Square { i: i as u64, j: j as u64, ..*self };
        }
        // Just over the border, and from there linearly onto the face that is there.
        let (i, j) = (i.clamp(-1, side), j.clamp(-1, side));
        let limit = 1.0 + f64::EPSILON;
        let over = |k: i64| ((2 * (k - side / 2) + 1) as f64 / side as f64).clamp(-limit, limit);
        let (face, u, v) = face_uv(xyz(self.face, over(i), over(j)));
        let leaf = |u: f64| ij(0.5 * (u + 1.0));
        Square { face, i: leaf(u), j: leaf(v), level: self.level }.aligned()
    }

    fn aligned(self) -> Square {
        let mask = !(self.size() - 1);
        Square { i: self.i & mask, j: self.j & mask, ..self }
    }

    pub fn cell(&self) -> Cell {
        let mut id = u64::from(self.face);
        let mut orientation = usize::from(self.face & 1);
        for bit in (0..MAX_LEVEL).rev() {
            let quadrant = (self.i >> bit & 1) << 1 | (self.j >> bit & 1);
            let row = POSITION_TO_IJ[orientation & 3];
            let position = row.iter().position(|q| *q == quadrant).unwrap_or(0);
            id = id << 2 | position as u64;
            orientation ^= TURN[position & 3];
        }
        let marker = 1u64 << (2 * (MAX_LEVEL - self.level.min(MAX_LEVEL)));
        let leaf = id << 1 | 1;
        Cell(leaf & marker.wrapping_neg() | marker)
    }
}

impl Cell {
    /// The cell of a level that holds a position.
    pub fn of(at: V3, level: u32) -> Cell {
        let (face, u, v) = face_uv(at);
        Square { face, i: ij(uv_to_st(u)), j: ij(uv_to_st(v)), level }.aligned().cell()
    }

    /// A token: the number in hexadecimal without the zeros at its end.
    pub fn parse(token: &str) -> Option<Cell> {
        if token.is_empty() || token.len() > 16 || !token.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let number = u64::from_str_radix(token, 16).ok()? << (4 * (16 - token.len()));
        let valid = number >> 61 < 6 && number != 0 && number.trailing_zeros().is_multiple_of(2);
        if valid && number.trailing_zeros() <= 60 { Some(Cell(number)) } else { None }
    }

    pub fn token(self) -> String {
        let text = format!("{:016x}", self.0);
        text.trim_end_matches('0').to_owned()
    }

    pub fn square(self) -> Square {
        let level = MAX_LEVEL - self.0.trailing_zeros().min(60) / 2;
        let face = (self.0 >> 61) as u8;
        let mut orientation = usize::from(face & 1);
        let (mut i, mut j) = (0, 0);
        for step in 0..level {
            let position = (self.0 >> (59 - 2 * step) & 3) as usize;
            let quadrant = POSITION_TO_IJ[orientation & 3][position];
            i = i << 1 | quadrant >> 1;
            j = j << 1 | quadrant & 1;
            orientation ^= TURN[position];
        }
        let left = MAX_LEVEL - level;
        Square { face, i: i << left, j: j << left, level }
    }

    /// The tokens of the cells of the same level that touch this one.
    pub fn neighbours(self) -> Vec<String> {
        // The order in which the S2 library names them.
        const AROUND: [(i64, i64); 8] =
            [(-1, -1), (1, -1), (0, -1), (0, 1), (-1, 0), (1, 0), (-1, 1), (1, 1)];
        let square = self.square();
        let size = square.size() as i64;
        let around = AROUND.map(|(i, j)| square.moved(i * size, j * size).cell());
        as_set(around.into_iter().filter(|cell| *cell != self).map(Cell::token))
    }
}

fn st_to_uv(s: f64) -> f64 {
    if s >= 0.5 { (4.0 * s * s - 1.0) / 3.0 } else { (1.0 - 4.0 * (1.0 - s) * (1.0 - s)) / 3.0 }
}

fn uv_to_st(u: f64) -> f64 {
    if u >= 0.0 { 0.5 * (1.0 + 3.0 * u).sqrt() } else { 1.0 - 0.5 * (1.0 - 3.0 * u).sqrt() }
}

fn uv(k: u64) -> f64 {
    st_to_uv(k as f64 / SIDE as f64)
}

#[allow(clippy::cast_possible_truncation)]
fn ij(s: f64) -> u64 {
    (s * SIDE as f64).clamp(0.0, (SIDE - 1) as f64) as u64
}

fn xyz(face: u8, u: f64, v: f64) -> V3 {
    let (x, y, z) = match face {
        0 => (1.0, u, v),
        1 => (-u, 1.0, v),
        2 => (-u, -v, 1.0),
        3 => (-1.0, -v, -u),
        4 => (v, -1.0, -u),
        _ => (v, u, -1.0),
    };
    V3 { x, y, z }
}

/// A position in the coordinates of a face: u and v times w, and w.
pub(crate) fn on_face(face: u8, p: V3) -> V3 {
    let (x, y, z) = match face {
        0 => (p.y, p.z, p.x),
        1 => (-p.x, p.z, p.y),
        2 => (-p.x, -p.y, p.z),
        3 => (-p.z, -p.y, -p.x),
        4 => (-p.z, p.x, -p.y),
        _ => (p.y, p.x, -p.z),
    };
    V3 { x, y, z }
}

fn face_uv(p: V3) -> (u8, f64, f64) {
    let (x, y, z) = (p.x.abs(), p.y.abs(), p.z.abs());
    let face = match () {
        () if x > y && x > z => {
            if p.x < 0.0 {
                3
            } else {
                0
            }
        }
        () if y > z && y >= x => {
            if p.y < 0.0 {
                4
            } else {
                1
            }
        }
        () => {
            if p.z < 0.0 {
                5
            } else {
                2
            }
        }
    };
    let q = on_face(face, p);
    (face, q.x / q.z, q.y / q.z)
}

/// The corners of a cell as a ring.
pub(crate) fn ring(cell: Cell) -> Vec<Place> {
    cell.square().corners().map(Place::of).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens() {
        let at = |lng, lat, level| Cell::of(Place::new(lng, lat).unwrap().at, level).token();
        // The language's published examples.
        assert_eq!(at(-80.195_829, 25.802_215, 8), "88d9b");
        assert_eq!(at(1.0, 1.0, 31 - 1).len(), 16);
        for token in ["89c259", "1", "3", "bf", "0000000000000001", "89c25901", "5fffffffffffffff"] {
            let cell = Cell::parse(token).unwrap();
            assert_eq!(cell.square().cell(), cell, "{token}");
            assert_eq!(cell.token(), token, "{token}");
        }
        for token in ["", "a", "0", "g", "ffffffffffffffff", "89c2590000000000000", "-1", "+1", "é"] {
            assert!(Cell::parse(token).is_none(), "{token}");
        }
    }

    #[test]
    fn centres_are_in_their_cells() {
        for (lng, lat) in
            [(0.0, 0.0), (100.0, 20.0), (-170.0, -85.0), (45.0, 88.0), (-73.9, 40.7), (180.0, 0.0)]
        {
            for level in [0, 1, 7, 15, 30] {
                let cell = Cell::of(Place::new(lng, lat).unwrap().at, level);
                assert_eq!(Cell::of(cell.square().centre(), level), cell);
                assert_eq!(cell.square().level, level);
            }
        }
    }

    #[test]
    fn neighbours() {
        let around = Cell::parse("89c259").unwrap().neighbours();
        assert_eq!(around, ["89c25d", "89c2f9", "89c251", "89c257", "89c25f", "89c25b", "89c2f7", "89c2f5"]);
        // Each is a neighbour of its neighbours, also over edges and corners of the cube.
        for (lng, lat) in
            [(0.0, 0.0), (45.0, 10.0), (45.0, 35.264), (-135.0, -35.264), (10.0, 45.0), (134.99, 35.2)]
        {
            for level in [1, 2, 5, 12, 30] {
                let cell = Cell::of(Place::new(lng, lat).unwrap().at, level);
                let around = cell.neighbours();
                assert!((7..=8).contains(&around.len()), "{lng} {lat} {level} {}", around.len());
                for other in around.iter().filter_map(|t| Cell::parse(t)) {
                    assert!(other.neighbours().contains(&cell.token()), "{lng} {lat} {level}");
                }
            }
        }
    }
}
