//! Rows: made for the nodes of a page only.

use roaring::RoaringBitmap;

use super::page::{Place, first};
use super::{Cell, Found, Named, Row};
use crate::eval::Evaluation;
use crate::query::{CellPlan, NodeAt, Plan, QueryError, Step};
use crate::schema::{Kind, Link, TableId, schema};
use crate::store::{Bits, State};

/// Nodes from which the next hop of a row goes on; a row that has more says "at least".
const MAX_FRONTIER: u64 = 2000;

/// Nodes by their table.
type Frontier = Vec<(TableId, RoaringBitmap)>;

/// A node with what is known of it.
pub(crate) fn describe(state: &State, table: TableId, number: u32) -> Found {
    let spec = schema().table(table);
    let own = state.table(table);
    let kind = own.kind(number).map_or(spec.kinds[0], |k| spec.kinds[usize::from(k)]);
    let properties = spec.properties.iter().enumerate().skip(1);
    Found {
        kind,
        key: own.key(number).to_owned(),
        name: own.name(number).to_owned(),
        properties: properties
            .filter_map(|(at, p)| Some((p.name, own.column(at).get(number).value(p)?)))
            .collect(),
    }
}

pub(super) fn row(
    evaluation: &mut Evaluation<'_>,
    plan: &Plan,
    place: Place,
    listed: usize,
) -> Result<Row, QueryError> {
    let mut cells = vec![Cell { exact: true, ..Cell::default() }; plan.columns.len()];
    let start = vec![(place.table, RoaringBitmap::from_iter([place.number]))];
    fill(evaluation, &plan.cells, &start, true, listed, &mut cells)?;
    Ok(Row {
        node: describe(evaluation.state, place.table, place.number),
        subscription: container(evaluation, place, "subscription")?,
        resource_group: container(evaluation, place, "resource_group")?,
        cells,
    })
}

fn fill(
    evaluation: &mut Evaluation<'_>,
    plans: &[CellPlan],
    from: &Frontier,
    whole: bool,
    listed: usize,
    cells: &mut [Cell],
) -> Result<(), QueryError> {
    for plan in plans {
        match &plan.how {
            Step::Own { expr, properties } => {
                let Some((table, nodes)) = from.first() else { continue };
                let holds = evaluation.expr(*table, expr, nodes.clone())?;
                let cell = &mut cells[plan.column];
                cell.matched = !holds.is_empty();
                cell.total = holds.len();
                cell.exact = whole;
                // What an insight says is said of one node.
                if let (1, Some(number)) = (nodes.len(), holds.min()) {
                    let spec = schema().table(*table);
                    let own = evaluation.state.table(*table);
                    cell.values = properties
                        .iter()
                        .filter_map(|(name, at)| {
                            Some((*name, own.column(*at).get(number).value(&spec.properties[*at])?))
                        })
                        .collect();
                }
            }
            Step::Reach(hops) => {
                let mut whole = whole;
                let mut reached = from.clone();
                for (links, target) in hops {
                    (reached, whole) = hop(evaluation, &reached, links, *target, whole)?;
                }
                let cell = &mut cells[plan.column];
                cell.total = reached.iter().map(|(_, n)| n.len()).sum();
                cell.matched = cell.total > 0;
                cell.exact = whole;
                for (table, nodes) in &reached {
                    evaluation.work().spend(nodes.len().min(1024) * 100)?;
                    let room = listed.saturating_sub(cells[plan.column].nodes.len());
                    let some = first(evaluation.state, *table, nodes, room);
                    let found = some.into_iter().map(|n| describe(evaluation.state, *table, n));
                    cells[plan.column].nodes.extend(found);
                }
                fill(evaluation, &plan.then, &reached, whole, listed, cells)?;
            }
        }
    }
    Ok(())
}

/// The targets that are connected with what a row has reached so far.
fn hop(
    evaluation: &mut Evaluation<'_>,
    from: &Frontier,
    links: &[Link],
    target: NodeAt,
    mut whole: bool,
) -> Result<(Frontier, bool), QueryError> {
    let found = evaluation.target(target)?;
    let bits = evaluation.bits(target)?;
    let mut reached: Frontier = Vec::new();
    for ((pick, targets), bits) in evaluation.picks(target).iter().zip(found.iter()).zip(bits.iter()) {
        let mut here = Bits::new(evaluation.state.table(pick.table).given());
        let mut large = RoaringBitmap::new();
        for link in links.iter().filter(|l| l.to == pick.table) {
            let Some((_, sources)) = from.iter().find(|(t, _)| *t == link.from) else { continue };
            whole &= sources.len() <= MAX_FRONTIER;
            for n in sources.iter().take(MAX_FRONTIER as usize) {
                let neighbours = evaluation.state.neighbours(*link, n);
                evaluation.work().spend(neighbours.len().min(8192) * 2 + 20)?;
                if neighbours.len() > 4096 {
                    large |= neighbours.within(targets);
                } else {
                    neighbours.iter().filter(|n| bits.has(*n)).for_each(|n| here.insert(n));
                }
            }
        }
        let here = here.into_set() | large;
        if !here.is_empty() {
            reached.push((pick.table, here));
        }
    }
    Ok((reached, whole))
}

/// What contains a node directly, if the caller may see it.
fn container(evaluation: &mut Evaluation<'_>, place: Place, kind: &str) -> Result<Option<Named>, QueryError> {
    let schema = schema();
    let table = Kind::named(kind).map(|k| schema.type_of(k).table);
    let link = schema
        .reading("is_contained_in")
        .and_then(|r| schema.links(r, place.table).find(|l| Some(l.to) == table));
    let Some(link) = link else { return Ok(None) };
    let visible = evaluation.visible(link.to)?;
    let around = evaluation.state.neighbours(link, place.number);
    let seen = around.iter().find(|n| visible.as_ref().is_none_or(|v| v.contains(*n)));
    let table = evaluation.state.table(link.to);
    Ok(seen.map(|n| Named { key: table.key(n).to_owned(), name: table.name(n).to_owned() }))
}
