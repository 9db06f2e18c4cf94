//! Pages in the order of name, type and key, which changes of other nodes do not disturb.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::rows::Nodes;
use crate::eval::{self, Evaluation};
use crate::query::{Pick, QueryCode, QueryError};
use crate::schema::TableId;
use crate::store::{Set, State};

/// A node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub table: TableId,
    pub number: u32,
}

/// Where a page ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    name: String,
    table: u16,
    key: String,
}

/// A name and a key, each as long as the store keeps it, with JSON's escapes.
const MAX_CURSOR: usize = 32 * 1024;

impl Cursor {
    pub fn of(state: &State, place: Place) -> Self {
        let table = state.table(place.table);
        Self {
            name: table.name(place.number).to_owned(),
            table: place.table.index() as u16,
            key: table.key(place.number).to_owned(),
        }
    }

    pub fn write(&self) -> String {
        let json = serde_json::json!([self.name, self.table, self.key]);
        URL_SAFE_NO_PAD.encode(json.to_string())
    }

    pub fn read(text: &str) -> Result<Self, QueryError> {
        let bad = || QueryError::new(QueryCode::BadCursor, "this is not where a page ended");
        if text.len() > MAX_CURSOR {
            return Err(bad());
        }
        let json = URL_SAFE_NO_PAD.decode(text).map_err(|_| bad())?;
        let (name, table, key) = serde_json::from_slice(&json).map_err(|_| bad())?;
        Ok(Self { name, table, key })
    }

    fn order(&self) -> (&str, usize, &str) {
        (&self.name, usize::from(self.table), &self.key)
    }
}

/// A place with its order.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Ordered<'s> {
    name: &'s str,
    table: TableId,
    key: &'s str,
    number: u32,
}

/// The next `limit` places after a cursor, and whether there are more.
pub(super) fn page(
    evaluation: &mut Evaluation<'_>,
    picks: &[Pick],
    found: &[eval::Found],
    after: Option<&Cursor>,
    limit: usize,
) -> Result<(Vec<Place>, bool), QueryError> {
    let state = evaluation.state;
    let mut all: Vec<Ordered<'_>> = Vec::new();
    for (pick, eval::Found { nodes, count }) in picks.iter().zip(found) {
        let table = state.table(pick.table);
        let ordered =
            |number| Ordered { name: table.name(number), table: pick.table, key: table.key(number), number };
        let passed =
            |name: &str, key: &str| after.is_some_and(|c| (name, pick.table.index(), key) <= c.order());
        // Through the table in its order until enough are met, or through the nodes for the first of them.
        let count = *count;
        let walk = (limit as u64 + 1).saturating_mul(table.len()) / count.max(1);
        if walk < count.saturating_mul(8) {
            evaluation.work().spend(walk * 20)?;
            let behind = table.behind(&passed).filter(|n| nodes.has(*n));
            all.extend(behind.take(limit + 1).map(ordered));
        } else {
            evaluation.work().spend(count * 100)?;
            let mut own: Vec<Ordered<'_>> =
                nodes.iter().map(ordered).filter(|o| !passed(o.name, o.key)).collect();
            if own.len() > limit + 1 {
                own.select_nth_unstable(limit);
                own.truncate(limit + 1);
            }
            all.extend(own);
        }
    }
    all.sort_unstable();
    let more = all.len() > limit;
    all.truncate(limit);
    Ok((all.into_iter().map(|o| Place { table: o.table, number: o.number }).collect(), more))
}

/// The first `limit` by name and key of some nodes, and the work it took.
pub(super) fn first(state: &State, table: TableId, nodes: &Nodes, limit: usize) -> (Vec<u32>, u64) {
    let table = state.table(table);
    let count = nodes.len();
    // Through the table in its order until enough are met, or through the nodes. They may all be at the
    // end of the order, so the way through the table is left when it turns out to be long.
    let (direct, wanted) = (count.saturating_mul(100), count.min(limit as u64));
    if wanted == 0 {
        return (Vec::new(), 0);
    }
    let made = if let Nodes::Few(_) = nodes { count + table.len() / 32 } else { 0 };
    let expected = wanted.saturating_mul(table.len()) / count * 3 + made;
    let mut walked = 0;
    if expected < direct {
        let own: Set;
        let set = match nodes {
            Nodes::Many(set, _) => set,
            Nodes::Few(list) => {
                own = list.iter().copied().collect();
                &own
            }
        };
        let mut met = Vec::with_capacity(limit);
        for n in table.in_order().take((direct / 3) as usize) {
            walked += 3;
            if set.has(n) {
                met.push(n);
                if met.len() as u64 == wanted {
                    return (met, walked + made);
                }
            }
        }
    }
    let mut all: Vec<(&str, &str, u32)> = nodes.iter().map(|n| (table.name(n), table.key(n), n)).collect();
    if limit < all.len() {
        all.select_nth_unstable(limit);
        all.truncate(limit);
    }
    all.sort_unstable();
    (all.into_iter().map(|(_, _, n)| n).collect(), walked + made + direct)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_nothing_else_is_one() {
        let cursor = Cursor { name: "a\"b".into(), table: 3, key: "k".into() };
        assert_eq!(Cursor::read(&cursor.write()), Ok(cursor));
        for text in ["", "!", "W10", &"A".repeat(MAX_CURSOR + 1)] {
            assert_eq!(Cursor::read(text).map_err(|e| e.code()), Err("bad_cursor"));
        }
    }
}
