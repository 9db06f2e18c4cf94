//! Rows: made for the nodes of a page only.

use super::page::{Place, first};
use super::{Cell, Found as Described, Named, Row};
use crate::eval::{Evaluation, Found};
use crate::query::{CellPlan, NodeAt, Plan, QueryError, Step};
use crate::schema::{Kind, Link, TableId, schema};
use crate::store::{Neighbours, Set, State};

/// Nodes from which the next hop of a row goes on; a row that has more says "at least".
const MAX_FRONTIER: usize = 2000;

/// Nodes by their table.
type Frontier = Vec<(TableId, Nodes)>;

/// Nodes of one table that a row has reached.
#[derive(Clone)]
pub(super) enum Nodes {
    /// In ascending order.
    Few(Vec<u32>),
    /// With their number.
    Many(Set, u64),
}

impl Nodes {
    pub fn len(&self) -> u64 {
        match self {
            Self::Few(list) => list.len() as u64,
            Self::Many(_, count) => *count,
        }
    }

    /// In ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let (list, set) = match self {
            Self::Few(list) => (&list[..], None),
            Self::Many(set, _) => (&[][..], Some(set)),
        };
        list.iter().copied().chain(set.into_iter().flat_map(Set::iter))
    }
}

/// A node with what is known of it.
pub(crate) fn describe(state: &State, table: TableId, number: u32) -> Described {
    let spec = schema().table(table);
    let own = state.table(table);
    let kind = own.kind(number).map_or(spec.kinds[0], |k| spec.kinds[usize::from(k)]);
    let mut properties = Vec::with_capacity(spec.properties.len());
    let known = spec.properties.iter().enumerate().skip(1);
    properties.extend(known.filter_map(|(at, p)| Some((p.name, own.column(at).get(number).value(p)?))));
    Described { kind, key: own.key(number).to_owned(), name: own.name(number).to_owned(), properties }
}

pub(super) fn row(
    evaluation: &mut Evaluation<'_>,
    plan: &Plan,
    place: Place,
    listed: usize,
) -> Result<Row, QueryError> {
    let mut cells = vec![Cell { exact: true, ..Cell::default() }; plan.columns.len()];
    let start = vec![(place.table, Nodes::Few(vec![place.number]))];
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
                let holds = evaluation.expr_of_few(*table, expr, nodes.iter().collect())?;
                let cell = &mut cells[plan.column];
                cell.matched = !holds.is_empty();
                cell.total = holds.len() as u64;
                cell.exact = whole;
                // What an insight says is said of one node.
                if let (1, Some(&number)) = (nodes.len(), holds.first()) {
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
                let mut reached = Frontier::new();
                for (at, (links, target)) in hops.iter().enumerate() {
                    let from = if at == 0 { from } else { &reached };
                    let next = hop(evaluation, from, links, *target, &mut whole)?;
                    give_back(evaluation, std::mem::replace(&mut reached, next));
                }
                let cell = &mut cells[plan.column];
                cell.total = reached.iter().map(|(_, n)| n.len()).sum();
                cell.matched = cell.total > 0;
                cell.exact = whole;
                for (table, nodes) in &reached {
                    let room = listed.saturating_sub(cells[plan.column].nodes.len());
                    let (some, work) = first(evaluation.state, *table, nodes, room);
                    evaluation.work().spend(work)?;
                    let found = some.into_iter().map(|n| describe(evaluation.state, *table, n));
                    cells[plan.column].nodes.extend(found);
                }
                fill(evaluation, &plan.then, &reached, whole, listed, cells)?;
                give_back(evaluation, reached);
            }
        }
    }
    Ok(())
}

fn give_back(evaluation: &mut Evaluation<'_>, frontier: Frontier) {
    for (_, nodes) in frontier {
        if let Nodes::Many(set, _) = nodes {
            evaluation.take_back(set);
        }
    }
}

/// The targets that are connected with what a row has reached so far. That is no longer the whole if it
/// does not go on from all of it.
fn hop(
    evaluation: &mut Evaluation<'_>,
    from: &Frontier,
    links: &[Link],
    target: NodeAt,
    whole: &mut bool,
) -> Result<Frontier, QueryError> {
    let found = evaluation.target(target)?;
    let mut reached = Frontier::new();
    for (pick, targets) in evaluation.picks(target).iter().zip(found.iter()) {
        let mut around: Vec<Neighbours<'_>> = Vec::new();
        for link in links.iter().filter(|l| l.to == pick.table) {
            let Some((_, sources)) = from.iter().find(|(t, _)| *t == link.from) else { continue };
            *whole &= sources.len() <= MAX_FRONTIER as u64;
            let side = evaluation.state.relation(link.relation).side(link.forward);
            around.extend(sources.iter().take(MAX_FRONTIER).map(|n| side.of(n)));
        }
        let here = together(evaluation, pick.table, &around, targets)?;
        if here.len() > 0 {
            reached.push((pick.table, here));
        }
    }
    Ok(reached)
}

/// Those of some targets that are among the neighbours of one of the sources.
fn together(
    evaluation: &mut Evaluation<'_>,
    table: TableId,
    around: &[Neighbours<'_>],
    targets: &Found,
) -> Result<Nodes, QueryError> {
    let own = evaluation.state.table(table);
    let edges: u64 = around.iter().map(|n| n.len()).sum();
    let words = u64::from(own.given() / 64);
    evaluation.work().spend(around.iter().map(|n| n.len().min(8192) + 20).sum())?;
    // As many as are expected to be picked are sorted sooner than a set of all is gone through.
    let picked = edges.min(edges.saturating_mul(targets.count) / own.len().max(1) * 2);
    if around.len() == 1 && picked <= words || picked <= words / 8 + 16 {
        evaluation.work().spend(picked * 10)?;
        let mut here = Vec::new();
        around.iter().for_each(|n| targets.nodes.pick(*n, &mut here));
        if around.len() > 1 {
            here.sort_unstable();
            here.dedup();
        }
        return Ok(Nodes::Few(here));
    }
    evaluation.work().spend(words * 2)?;
    let mut here = evaluation.empty_set(table);
    around.iter().for_each(|n| here.add(*n));
    here.keep(&targets.nodes);
    let count = here.len();
    Ok(Nodes::Many(here, count))
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
    let seen = around.iter().find(|n| visible.as_ref().is_none_or(|v| v.has(*n)));
    let table = evaluation.state.table(link.to);
    Ok(seen.map(|n| Named { key: table.key(n).to_owned(), name: table.name(n).to_owned() }))
}
