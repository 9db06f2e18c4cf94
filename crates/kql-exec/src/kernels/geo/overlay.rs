//! Edges split where they meet, and unions and intersections put together from the pieces.
//!
//! All edges are cut at their crossings; each piece of a polygon's border then has a known area on
//! both sides, and the borders between inside and outside are walked, always turning as far left as
//! can be. The order of the answer's vertices is that of the S2 library, on which the language's own
//! answers rest: a ring ends with its last edge of the second input, or of the first without one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::area::{Polygon, SNAP};
use super::shape::MAX_RESULT;
use super::sphere::{Place, V3, closest, cross_within, crossing, ring_area, ring_edges};
use super::sweep::pairs;

/// Most points at which edges of one operation meet.
const MAX_MEETINGS: usize = 2_000_000;
/// Most comparisons of a piece with an edge, to know on which side it is.
const MAX_WORK: usize = 500_000_000;

/// The positions of an operation, each once.
struct Places {
    places: Vec<Place>,
    grid: HashMap<[i64; 3], Vec<u32>>,
    snap: f64,
}

impl Places {
    fn new(snap: f64) -> Self {
        Self { places: Vec::new(), grid: HashMap::new(), snap }
    }

    #[allow(clippy::cast_possible_truncation)]
    fn cell(&self, at: V3) -> [i64; 3] {
        // Coordinates end at one, so that this stays below 2^43.
        [at.x, at.y, at.z].map(|k| (k / (2.0 * self.snap)).floor() as i64)
    }

    /// The number of a position, that of an earlier one where it is close.
    fn number(&mut self, place: &Place) -> Option<u32> {
        let cell = self.cell(place.at);
        for x in -1..=1 {
            for y in -1..=1 {
                for z in -1..=1 {
                    let near = self.grid.get(&[cell[0] + x, cell[1] + y, cell[2] + z]);
                    let close = |id: &&u32| (self.at(**id) - place.at).norm() <= self.snap;
                    if let Some(id) = near.and_then(|ids| ids.iter().find(close)) {
                        return Some(*id);
                    }
                }
            }
        }
        let id = u32::try_from(self.places.len()).ok()?;
        self.places.push(*place);
        self.grid.entry(cell).or_default().push(id);
        Some(id)
    }

    fn at(&self, id: u32) -> V3 {
        self.places.get(id as usize).map_or(V3::ZERO, |p| p.at)
    }

    fn place(&self, id: u32) -> Option<Place> {
        self.places.get(id as usize).copied()
    }

    /// The way of each edge over the positions where it meets others.
    fn split(&mut self, edges: &[(Place, Place)]) -> Option<Vec<Vec<u32>>> {
        let mut ends = Vec::with_capacity(edges.len());
        for (a, b) in edges {
            ends.push((self.number(a)?, self.number(b)?));
        }
        let arcs: Vec<(V3, V3)> = ends.iter().map(|(a, b)| (self.at(*a), self.at(*b))).collect();
        let mut meets: Vec<Vec<u32>> = vec![Vec::new(); edges.len()];
        let mut meetings = 0usize;
        pairs(&arcs, |i, j| {
            let ((ai, bi), (aj, bj)) = (ends[i], ends[j]);
            let ((a, b), (c, d)) = (arcs[i], arcs[j]);
            let before = meetings;
            for (id, at, edge, from, to) in
                [(aj, c, i, a, b), (bj, d, i, a, b), (ai, a, j, c, d), (bi, b, j, c, d)]
            {
                let (first, last) = ends[edge];
                let on = id == first || id == last || (closest(at, from, to) - at).norm() <= self.snap;
                if on {
                    meetings += 1;
                    meets[edge].push(id);
                }
            }
            if meetings == before && cross_within(a, b, c, d) {
                let id = self.number(&Place::of(crossing(a, b, c, d)))?;
                meets[i].push(id);
                meets[j].push(id);
                meetings += 1;
            }
            if meetings > MAX_MEETINGS { None } else { Some(()) }
        })?;
        let mut ways = Vec::with_capacity(edges.len());
        for ((first, last), mut ids) in ends.iter().zip(meets) {
            let from = self.at(*first);
            ids.retain(|id| id != first && id != last);
            ids.sort_by(|x, y| (self.at(*x) - from).norm().total_cmp(&(self.at(*y) - from).norm()));
            let mut way = vec![*first];
            way.extend(ids);
            way.push(*last);
            way.dedup();
            ways.push(way);
        }
        Some(ways)
    }
}

/// A piece of an edge: where from, where to, of which edge of the whole input.
#[derive(Clone, Copy, Debug)]
struct Piece {
    from: u32,
    to: u32,
    edge: usize,
}

impl Piece {
    fn key(&self) -> (u32, u32) {
        (self.from.min(self.to), self.from.max(self.to))
    }
}

fn pieces(ways: &[Vec<u32>], first: usize) -> Vec<Piece> {
    let mut out = Vec::new();
    for (at, way) in ways.iter().enumerate() {
        out.extend(way.windows(2).map(|w| Piece { from: w[0], to: w[1], edge: first + at }));
    }
    out
}

/// What two areas have in common, or together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Op {
    Union,
    Intersection,
}

/// An answer of all dimensions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overlay {
    pub points: Vec<Place>,
    pub lines: Vec<Vec<Place>>,
    pub parts: Vec<Vec<Vec<Place>>>,
}

/// Union or intersection of two areas; None where the answer has too many vertices or covers more
/// than half of the sphere.
pub(crate) fn polygons(a: &Polygon, b: &Polygon, op: Op) -> Option<Overlay> {
    if a.apart(b) {
        return Some(match op {
            Op::Union => {
                let mut parts = a.rings();
                parts.extend(b.rings());
                Overlay { parts, ..Overlay::default() }
            }
            Op::Intersection => Overlay::default(),
        });
    }
    // Where rounding leaves the borders open, coarser snapping closes them.
    [1.0, 10.0, 100.0, 10_000.0].iter().find_map(|k| polygons_snapped(a, b, op, SNAP * k))
}

fn polygons_snapped(a: &Polygon, b: &Polygon, op: Op, snap: f64) -> Option<Overlay> {
    let edges: Vec<(Place, Place)> = a.edges().chain(b.edges()).collect();
    let of_a = a.edges().count();
    let mut places = Places::new(snap);
    let ways = places.split(&edges)?;
    let (ways_a, ways_b) = ways.split_at(of_a);
    let (pieces_a, pieces_b) = (pieces(ways_a, 0), pieces(ways_b, of_a));
    let (net_a, net_b) = (net(&pieces_a), net(&pieces_b));
    let (on_a, on_b) = (ends(&pieces_a), ends(&pieces_b));

    let mut kept: BTreeMap<usize, Piece> = BTreeMap::new();
    let mut shared: BTreeMap<(u32, u32), Piece> = BTreeMap::new();
    let mut serial = 0usize;
    let mut work = 0usize;
    for (own, net_own, net_other, on_other, other, first) in
        [(&pieces_a, &net_a, &net_b, &on_b, b, true), (&pieces_b, &net_b, &net_a, &on_a, a, false)]
    {
        let mut known: Option<(u32, bool)> = None;
        let mut seen = BTreeSet::new();
        for piece in own {
            serial += 1;
            let key = piece.key();
            let direction = net_own.get(&key).copied().unwrap_or(0);
            if direction == 0 || !seen.insert(key) {
                known = None;
                continue;
            }
            // In the direction that is left over when both are there.
            let piece = if (direction > 0) == (piece.from < piece.to) {
                *piece
            } else {
                Piece { from: piece.to, to: piece.from, edge: piece.edge }
            };
            if let Some(theirs) = net_other.get(&key).copied().filter(|n| *n != 0) {
                known = None;
                if (theirs > 0) == (direction > 0) {
                    if first {
                        kept.insert(serial, piece);
                    }
                } else if first {
                    shared.insert(key, piece);
                }
                continue;
            }
            let inside = match known {
                Some((at, inside)) if at == piece.from && !on_other.contains(&at) => inside,
                _ => {
                    work += other.vertices();
                    if work > MAX_WORK {
                        return None;
                    }
                    other.contains((places.at(piece.from) + places.at(piece.to)).unit())
                }
            };
            known = Some((piece.to, inside));
            if inside == (op == Op::Intersection) {
                kept.insert(serial, piece);
            }
        }
    }

    let kept: Vec<Piece> = kept.into_values().collect();
    let parts = assemble(&places, &kept)?;
    let mut overlay = Overlay { parts, ..Overlay::default() };
    if op == Op::Intersection {
        let mut used: BTreeSet<u32> = kept.iter().flat_map(|p| [p.from, p.to]).collect();
        let shared: Vec<Piece> = shared.into_values().collect();
        used.extend(shared.iter().flat_map(|p| [p.from, p.to]));
        overlay.lines = chains(&places, &shared);
        overlay.points = on_a
            .intersection(&on_b)
            .filter(|id| !used.contains(id))
            .filter_map(|id| places.place(*id))
            .collect();
    }
    Some(overlay)
}

/// How often each piece is walked towards its higher end, less how often towards its lower one.
fn net(pieces: &[Piece]) -> HashMap<(u32, u32), i32> {
    let mut net = HashMap::new();
    for piece in pieces {
        *net.entry(piece.key()).or_insert(0) += if piece.from < piece.to { 1 } else { -1 };
    }
    net
}

fn ends(pieces: &[Piece]) -> BTreeSet<u32> {
    pieces.iter().flat_map(|p| [p.from, p.to]).collect()
}

/// The angle of `to` clockwise from `from`, seen at `at`, above zero and up to a full turn.
fn clockwise(at: V3, from: V3, to: V3) -> f64 {
    let tangent = |v: V3| {
        let d = v - at;
        d - at * at.dot(d)
    };
    let (u, w) = (tangent(from), tangent(to));
    let counter = at.dot(u.cross(w)).atan2(u.dot(w));
    if counter < 0.0 { -counter } else { 2.0 * std::f64::consts::PI - counter }
}

/// Walks borders, inside on the left, into shells with their holes.
fn assemble(places: &Places, kept: &[Piece]) -> Option<Vec<Vec<Vec<Place>>>> {
    let mut leaving: HashMap<u32, Vec<usize>> = HashMap::new();
    for (at, piece) in kept.iter().enumerate() {
        leaving.entry(piece.from).or_default().push(at);
    }
    let mut used = vec![false; kept.len()];
    // Each ring with the lowest piece in it.
    let mut rings: Vec<(usize, Vec<Place>)> = Vec::new();
    for start in 0..kept.len() {
        if used[start] {
            continue;
        }
        let mut way = vec![start];
        used[start] = true;
        while let Some(piece) = way.last().map(|at| kept[*at]) {
            if piece.to == kept[start].from {
                break;
            }
            let (at, back) = (places.at(piece.to), places.at(piece.from));
            let next = leaving.get(&piece.to)?.iter().copied().filter(|n| !used[*n]).min_by(|x, y| {
                let turn = |n: &usize| clockwise(at, back, places.at(kept[*n].to));
                turn(x).total_cmp(&turn(y))
            })?;
            used[next] = true;
            way.push(next);
        }
        for ring in simple(kept, &way) {
            let lowest = ring.iter().copied().min()?;
            let ids: Vec<usize> = ring.iter().map(|at| kept[*at].edge).collect();
            let highest = ids.iter().max()?;
            // The last of the highest edge's pieces, in cyclic order, comes last.
            let last = (0..ids.len()).find(|k| ids[*k] == *highest && ids[(k + 1) % ids.len()] != *highest);
            let start = last.map_or(0, |k| (k + 1) % ids.len());
            let turned = ring[start..].iter().chain(&ring[..start]);
            let points: Option<Vec<Place>> = turned.map(|at| places.place(kept[*at].from)).collect();
            let points = points?;
            if points.len() >= 3 {
                rings.push((lowest, points));
            }
        }
    }
    rings.sort_by_key(|(lowest, _)| *lowest);
    nest(rings.into_iter().map(|(_, ring)| ring).collect())
}

/// Cuts a closed way where it comes to a position again.
fn simple(kept: &[Piece], way: &[usize]) -> Vec<Vec<usize>> {
    let mut out = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut at: HashMap<u32, usize> = HashMap::new();
    for piece in way {
        at.insert(kept[*piece].from, open.len());
        open.push(*piece);
        if let Some(begin) = at.get(&kept[*piece].to).copied() {
            let ring = open.split_off(begin);
            for piece in &ring {
                at.remove(&kept[*piece].from);
            }
            out.push(ring);
        }
    }
    out
}

/// Gives each hole to the smallest shell around it.
fn nest(rings: Vec<Vec<Place>>) -> Option<Vec<Vec<Vec<Place>>>> {
    if rings.iter().map(Vec::len).sum::<usize>() > MAX_RESULT {
        return None;
    }
    let (shells, holes): (Vec<_>, Vec<_>) = rings.into_iter().partition(|r| ring_area(r) > 0.0);
    let mut parts: Vec<Vec<Vec<Place>>> = shells.into_iter().map(|s| vec![s]).collect();
    if holes.is_empty() {
        return Some(parts);
    }
    let around: Vec<(Polygon, f64)> = parts
        .iter()
        .map(|p| (Polygon::sound(vec![p.clone()]), p.first().map_or(0.0, |s| ring_area(s))))
        .collect();
    for hole in holes {
        // Slivers of rounding are no holes.
        if ring_area(&hole).abs() < SNAP * SNAP {
            continue;
        }
        let inner = ring_edges(&hole).next().map(|(a, b)| (a.at + b.at).unit())?;
        let home = (0..around.len())
            .filter(|k| around[*k].0.contains(inner))
            .min_by(|x, y| around[*x].1.total_cmp(&around[*y].1))?;
        parts[home].push(hole);
    }
    Some(parts)
}

/// Puts pieces together to lines that end where three or more meet, or one alone.
fn chains(places: &Places, all: &[Piece]) -> Vec<Vec<Place>> {
    let mut touching: HashMap<u32, Vec<usize>> = HashMap::new();
    for (at, piece) in all.iter().enumerate() {
        touching.entry(piece.from).or_default().push(at);
        touching.entry(piece.to).or_default().push(at);
    }
    let through = |id: u32| touching.get(&id).is_some_and(|t| t.len() == 2);
    let mut used = vec![false; all.len()];
    let mut out = Vec::new();
    // Lines first from their starts, then from any end, then the rings that are left.
    for pass in 0..3 {
        for start in 0..all.len() {
            let (from, to) = (all[start].from, all[start].to);
            let begin = match pass {
                0 if !through(from) => from,
                1 if !through(to) => to,
                2 => from,
                _ => continue,
            };
            if used[start] {
                continue;
            }
            let mut line = vec![begin];
            let (mut at, mut piece) = (begin, start);
            loop {
                used[piece] = true;
                at = if all[piece].from == at { all[piece].to } else { all[piece].from };
                line.push(at);
                if !through(at) {
                    break;
                }
                let next = touching.get(&at).and_then(|t| t.iter().copied().find(|n| !used[*n]));
                match next {
                    Some(next) => piece = next,
                    None => break,
                }
            }
            out.push(line.into_iter().filter_map(|id| places.place(id)).collect());
        }
    }
    out
}

fn first_of_each(pieces: &[Piece]) -> Vec<Piece> {
    let mut seen = BTreeSet::new();
    pieces.iter().filter(|p| seen.insert(p.key())).copied().collect()
}

fn line_edges(lines: &[Vec<Place>]) -> Vec<(Place, Place)> {
    lines.iter().flat_map(|l| l.windows(2)).map(|w| (w[0], w[1])).collect()
}

/// All ways of lines, each once; None where they are too many.
pub(crate) fn line_union(lines: &[Vec<Place>]) -> Option<Vec<Vec<Place>>> {
    let mut places = Places::new(SNAP);
    let ways = places.split(&line_edges(lines))?;
    Some(chains(&places, &first_of_each(&pieces(&ways, 0))))
}

/// What two sets of lines have in common.
pub(crate) fn line_intersection(a: &[Vec<Place>], b: &[Vec<Place>]) -> Option<Overlay> {
    let (mut edges, more) = (line_edges(a), line_edges(b));
    let of_a = edges.len();
    edges.extend(more);
    let mut places = Places::new(SNAP);
    let ways = places.split(&edges)?;
    let (ways_a, ways_b) = ways.split_at(of_a);
    let (pieces_a, pieces_b) = (pieces(ways_a, 0), pieces(ways_b, of_a));
    let in_b: BTreeSet<(u32, u32)> = pieces_b.iter().map(Piece::key).collect();
    let common: Vec<Piece> =
        first_of_each(&pieces_a).into_iter().filter(|p| in_b.contains(&p.key())).collect();
    let used = ends(&common);
    let (on_a, on_b) = (ends(&pieces_a), ends(&pieces_b));
    let points =
        on_a.intersection(&on_b).filter(|id| !used.contains(id)).filter_map(|id| places.place(*id)).collect();
    Some(Overlay { points, lines: chains(&places, &common), parts: Vec::new() })
}

/// What lines have in an area or on its border.
pub(crate) fn line_in_polygon(lines: &[Vec<Place>], area: &Polygon) -> Option<Overlay> {
    let mut edges = line_edges(lines);
    let of_lines = edges.len();
    edges.extend(area.edges());
    let mut places = Places::new(SNAP);
    let ways = places.split(&edges)?;
    let (ways_a, ways_b) = ways.split_at(of_lines);
    let (own, border) = (pieces(ways_a, 0), pieces(ways_b, of_lines));
    let on_border = ends(&border);
    let border: BTreeSet<(u32, u32)> = border.iter().map(Piece::key).collect();
    let mut known: Option<(u32, bool)> = None;
    let mut common = Vec::new();
    let mut work = 0usize;
    for piece in first_of_each(&own) {
        let inside = match known {
            _ if border.contains(&piece.key()) => {
                common.push(piece);
                known = None;
                continue;
            }
            Some((at, inside)) if at == piece.from && !on_border.contains(&at) => inside,
            _ => {
                work += area.vertices();
                if work > MAX_WORK {
                    return None;
                }
                area.contains((places.at(piece.from) + places.at(piece.to)).unit())
            }
        };
        known = Some((piece.to, inside));
        if inside {
            common.push(piece);
        }
    }
    let used = ends(&common);
    let points = ends(&own)
        .intersection(&on_border)
        .filter(|id| !used.contains(id))
        .filter_map(|id| places.place(*id))
        .collect();
    Some(Overlay { points, lines: chains(&places, &common), parts: Vec::new() })
}

/// Rings as ways over common positions, with those where they meet other rings.
pub(crate) fn shared_ways<'r>(
    rings: impl Iterator<Item = &'r Vec<Place>>,
) -> Option<(Vec<Place>, Vec<Vec<u32>>)> {
    let mut edges = Vec::new();
    let mut counts = Vec::new();
    for ring in rings {
        counts.push(ring.len());
        edges.extend(ring_edges(ring));
    }
    let mut places = Places::new(SNAP);
    let mut ways = places.split(&edges)?.into_iter();
    let mut out = Vec::with_capacity(counts.len());
    for count in counts {
        // Each edge ends where the next begins.
        let ring: Vec<u32> = ways
            .by_ref()
            .take(count)
            .flat_map(|mut way| {
                way.pop();
                way
            })
            .collect();
        out.push(ring);
    }
    Some((places.places, out))
}

/// Whether edges of two sets meet or cross. None where there are too many.
pub(crate) fn meet(
    a: impl Iterator<Item = (Place, Place)>,
    b: impl Iterator<Item = (Place, Place)>,
) -> Option<bool> {
    let mut edges: Vec<(V3, V3)> = a.map(|(p, q)| (p.at, q.at)).collect();
    let of_a = edges.len();
    edges.extend(b.map(|(p, q)| (p.at, q.at)));
    let mut met = false;
    let swept = pairs(&edges, |i, j| {
        if i < of_a && j >= of_a {
            let ((a, b), (c, d)) = (edges[i], edges[j]);
            let on = |p: V3, from: V3, to: V3| (closest(p, from, to) - p).norm() <= SNAP;
            met = on(a, c, d) || on(b, c, d) || on(c, a, b) || on(d, a, b) || cross_within(a, b, c, d);
        }
        if met { None } else { Some(()) }
    });
    if met { Some(true) } else { swept.map(|()| false) }
}

/// The union of areas. The two with the fewest vertices go first, a union counting as both of its
/// parts together, as S2 does it.
pub(crate) fn union_all(areas: impl IntoIterator<Item = Polygon>) -> Option<Polygon> {
    let mut queue: BTreeMap<(usize, usize), Polygon> = BTreeMap::new();
    let mut serial = 0;
    for area in areas {
        queue.insert((area.vertices(), serial), area);
        serial += 1;
    }
    while queue.len() > 1 {
        let ((vertices, _), a) = queue.pop_first()?;
        let ((more, _), b) = queue.pop_first()?;
        let both = Polygon::sound(polygons(&a, &b, Op::Union)?.parts);
        queue.insert((vertices + more, serial), both);
        serial += 1;
    }
    queue.pop_first().map(|(_, area)| area)
}

#[cfg(test)]
mod tests {
    use super::super::shape::{Geometry, lines, polygon};
    use super::*;

    fn square(west: f64, south: f64, side: f64) -> Polygon {
        let p = |x, y| Place::new(x, y).unwrap();
        let ring =
            vec![p(west, south), p(west + side, south), p(west + side, south + side), p(west, south + side)];
        Polygon::new(vec![vec![ring]]).unwrap()
    }

    #[test]
    fn areas_add_up() {
        let cases = [
            (square(0.0, 0.0, 2.0), square(1.0, 1.0, 2.0)),
            (square(0.0, 0.0, 2.0), square(0.5, 0.5, 1.0)),
            (square(0.0, 0.0, 2.0), square(2.0, 0.0, 2.0)),
            (square(0.0, 0.0, 2.0), square(0.0, 0.0, 2.0)),
            (square(0.0, 0.0, 2.0), square(5.0, 5.0, 2.0)),
            (square(0.0, 0.0, 2.0), square(2.0, 2.0, 2.0)),
            (square(0.0, 0.0, 2.0), square(1.0, 0.0, 2.0)),
            (square(179.0, 0.0, 0.5), square(-60.0, -60.0, 119.0)),
        ];
        for (a, b) in cases {
            let union = Polygon::sound(polygons(&a, &b, Op::Union).unwrap().parts).area();
            let common = Polygon::sound(polygons(&a, &b, Op::Intersection).unwrap().parts).area();
            let sum = a.area() + b.area();
            assert!(((union + common) / sum - 1.0).abs() < 1e-9, "{union} {common} {sum}");
        }
    }

    #[test]
    fn a_ring_of_squares_has_a_hole() {
        let squares: Vec<Polygon> =
            (0..9).filter(|k| *k != 4).map(|k| square(f64::from(k % 3), f64::from(k / 3), 1.0)).collect();
        let union = union_all(squares).unwrap();
        let rings = union.rings();
        assert_eq!((rings.len(), rings[0].len()), (1, 2));
        assert!(!union.contains(Place::new(1.5, 1.5).unwrap().at));
        assert!(union.contains(Place::new(0.5, 1.5).unwrap().at));
    }

    #[test]
    fn borders_and_corners_in_common() {
        let beside = polygons(&square(0.0, 0.0, 1.0), &square(1.0, 0.0, 1.0), Op::Intersection).unwrap();
        assert_eq!((beside.points.len(), beside.lines.len(), beside.parts.len()), (0, 1, 0));
        let corner = polygons(&square(0.0, 0.0, 1.0), &square(1.0, 1.0, 1.0), Op::Intersection).unwrap();
        assert_eq!((corner.points.len(), corner.lines.len(), corner.parts.len()), (1, 0, 0));
    }

    #[test]
    fn lines_in_common() {
        let read = |c: &str| lines(&format!(r#"{{"type":"LineString","coordinates":{c}}}"#)).unwrap().0;
        let zigzag = read("[[0,0],[2,2],[4,0]]");
        let flat = read("[[0,1],[4,1]]");
        let common = line_intersection(&zigzag, &flat).unwrap();
        assert_eq!((common.points.len(), common.lines.len()), (2, 0));
        let same = line_intersection(&zigzag, &read("[[4,0],[2,2],[2,5]]")).unwrap();
        assert_eq!((same.points.len(), same.lines.len()), (0, 1));
        let both = line_union(&[zigzag[0].clone(), read("[[2,2],[4,0],[5,5]]")[0].clone()]).unwrap();
        assert_eq!(both.iter().map(Vec::len).collect::<Vec<_>>(), [4]);
    }

    #[test]
    fn a_line_through_a_hole() {
        let area = polygon(
            r#"{"type":"Polygon","coordinates":[[[0,0],[9,0],[9,9],[0,9],[0,0]],[[3,3],[3,6],[6,6],[6,3],[3,3]]]}"#,
        )
        .unwrap();
        let line = lines(r#"{"type":"LineString","coordinates":[[-5,4],[15,4]]}"#).unwrap().0;
        let common = line_in_polygon(&line, &area).unwrap();
        assert_eq!((common.points.len(), common.lines.len()), (0, 2));
        let text = Geometry::mixed(common.points, common.lines, Vec::new()).text().unwrap();
        assert!(text.starts_with(r#"{"type":"MultiLineString","coordinates":[[[0,4."#), "{text}");
    }
}
