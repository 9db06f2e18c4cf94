//! From a document to a plan. It cannot fail: the decoder has checked everything.

use super::document::{Branch, Document, Target, Where};
use super::plan::{About, CellPlan, Expr, Filter, NodeAt, Pick, Plan, PlanColumn, Step};
use crate::schema::{FixedCondition, InsightId, Kind, Link, Reading, TableId, schema};

pub(super) fn plan(document: &Document) -> Plan {
    let mut binder = Binder { nodes: Vec::new(), columns: Vec::new() };
    let mut cells = Vec::new();
    let root = binder.target(&document.find, "/find", Some(&mut cells));
    Plan { nodes: binder.nodes, root, columns: binder.columns, cells }
}

struct Binder {
    nodes: Vec<Vec<Pick>>,
    columns: Vec<PlanColumn>,
}

/// The tables of some types, with the kinds that they stand for.
fn picks(types: &[Kind]) -> Vec<(TableId, Vec<u8>)> {
    let mut found: Vec<(TableId, Vec<u8>)> = Vec::new();
    for kind in types {
        let spec = schema().type_of(*kind);
        match found.iter_mut().find(|(t, _)| *t == spec.table) {
            Some((_, kinds)) => kinds.extend(&spec.members),
            None => found.push((spec.table, spec.members.clone())),
        }
    }
    found.sort_unstable();
    found
}

impl Binder {
    /// Cells are only wanted where a match can be shown: not below something negated.
    fn target(&mut self, target: &Target, pointer: &str, mut cells: Option<&mut Vec<CellPlan>>) -> NodeAt {
        let at = self.nodes.len();
        self.nodes.push(Vec::new());
        let tables = picks(&target.types);
        let mut exprs: Vec<Vec<Expr>> = tables
            .iter()
            .map(|(table, _)| target.filter.iter().map(|w| filter(w, &|name| own(*table, name))).collect())
            .collect();
        let ids: Vec<TableId> = tables.iter().map(|(t, _)| *t).collect();
        for (i, branch) in target.that.iter().enumerate() {
            let bound = self.branch(branch, &ids, &format!("{pointer}/that/{i}"), cells.as_deref_mut());
            for (own, expr) in exprs.iter_mut().zip(bound) {
                own.push(expr);
            }
        }
        let picks = tables
            .into_iter()
            .zip(exprs)
            .map(|((table, kinds), exprs)| Pick { table, kinds, expr: all(exprs, &self.nodes) })
            .collect();
        self.nodes[at] = picks;
        at
    }

    /// The branch's condition for each of the tables.
    fn branch(
        &mut self,
        branch: &Branch,
        tables: &[TableId],
        pointer: &str,
        mut cells: Option<&mut Vec<CellPlan>>,
    ) -> Vec<Expr> {
        let negate = |not: bool, exprs: Vec<Expr>| -> Vec<Expr> {
            if not { exprs.into_iter().map(|e| Expr::Not(Box::new(e))).collect() } else { exprs }
        };
        match branch {
            Branch::And(inner) | Branch::Or(inner) => {
                let or = matches!(branch, Branch::Or(_));
                let word = if or { "or" } else { "and" };
                let mut exprs: Vec<Vec<Expr>> = tables.iter().map(|_| Vec::new()).collect();
                for (i, b) in inner.iter().enumerate() {
                    let bound =
                        self.branch(b, tables, &format!("{pointer}/{word}/{i}"), cells.as_deref_mut());
                    for (own, expr) in exprs.iter_mut().zip(bound) {
                        own.push(expr);
                    }
                }
                exprs.into_iter().map(|e| if or { Expr::Or(e) } else { all(e, &self.nodes) }).collect()
            }
            Branch::Insight { insight, not, filter } => {
                let cells = if not.0 { None } else { cells };
                let expr = self.insight(*insight, filter, pointer, cells);
                negate(not.0, tables.iter().map(|_| expr.clone()).collect())
            }
            Branch::Connection { connection, not, to } => {
                let mut then = Vec::new();
                let wanted = cells.is_some() && !not.0;
                let column = wanted.then(|| self.column(About::Connection(*connection), &to.types, pointer));
                let target = self.target(to, &format!("{pointer}/to"), wanted.then_some(&mut then));
                let links: Vec<Link> =
                    tables.iter().flat_map(|t| self.links(*connection, *t, target)).collect();
                if let (Some(cells), Some(column)) = (cells, column) {
                    let how = Step::Reach(vec![(links, target)]);
                    cells.push(CellPlan { column, how, then });
                }
                let exprs = tables
                    .iter()
                    .map(|t| Expr::Follow { links: self.links(*connection, *t, target), target })
                    .collect();
                negate(not.0, exprs)
            }
        }
    }

    fn links(&self, reading: Reading, from: TableId, target: NodeAt) -> Vec<Link> {
        let reached = |l: &Link| self.nodes[target].iter().any(|p| p.table == l.to);
        schema().links(reading, from).filter(reached).collect()
    }

    fn column(&mut self, about: About, types: &[Kind], pointer: &str) -> usize {
        self.columns.push(PlanColumn { about, types: types.to_vec(), pointer: pointer.to_owned() });
        self.columns.len() - 1
    }

    fn insight(
        &mut self,
        insight: InsightId,
        conditions: &[Where],
        pointer: &str,
        cells: Option<&mut Vec<CellPlan>>,
    ) -> Expr {
        let spec = schema().insight_of(insight);
        let property = |name: &str| spec.properties.iter().find(|p| p.name == name).map_or(0, |p| p.property);
        let fixed = |c: &FixedCondition| {
            Expr::Filter(Filter { column: c.property, operator: c.operator, value: c.value.clone() })
        };
        let mut exprs: Vec<Expr> = spec.fixed.iter().map(fixed).collect();
        if conditions.is_empty() {
            exprs.extend(spec.default.iter().map(fixed));
        }
        exprs.extend(conditions.iter().map(|w| filter(w, &property)));
        let mut expr = all(exprs, &self.nodes);
        let about = spec.about(spec.on[0]);
        let schema = schema();
        let kind =
            schema.kinds().find(|k| schema.type_of(*k).table == about && schema.type_of(*k).group.is_none());
        let types: Vec<Kind> = kind.into_iter().collect();
        let mut hops = Vec::new();
        for link in spec.path.iter().rev() {
            let target = self.nodes.len();
            let kinds = (0..schema.table(link.to).kinds.len()).map(|k| k as u8).collect();
            self.nodes.push(vec![Pick { table: link.to, kinds, expr }]);
            hops.insert(0, (vec![*link], target));
            expr = Expr::Follow { links: vec![*link], target };
        }
        if let Some(cells) = cells {
            let column = self.column(About::Insight(insight), &types, pointer);
            let how = if hops.is_empty() {
                let properties = spec.properties.iter().map(|p| (p.name, p.property)).collect();
                Step::Own { expr: expr.clone(), properties }
            } else {
                Step::Reach(hops)
            };
            cells.push(CellPlan { column, how, then: Vec::new() });
        }
        expr
    }
}

fn own(table: TableId, name: &str) -> usize {
    schema().table(table).property(name).unwrap_or(0)
}

/// What costs little comes first, so that the rest has less to look at: properties, then connections,
/// those that lead less far before others.
fn all(mut exprs: Vec<Expr>, nodes: &[Vec<Pick>]) -> Expr {
    fn cost(e: &Expr, nodes: &[Vec<Pick>]) -> usize {
        match e {
            Expr::Filter(_) => 0,
            Expr::And(inner) | Expr::Or(inner) => inner.iter().map(|e| cost(e, nodes)).max().unwrap_or(0),
            Expr::Follow { target, .. } => {
                let behind = nodes.get(*target).into_iter().flatten();
                2 + behind.map(|p| cost(&p.expr, nodes)).max().unwrap_or(0)
            }
            Expr::Not(inner) => cost(inner, nodes) + 1,
        }
    }
    exprs.sort_by_cached_key(|e| cost(e, nodes));
    if exprs.len() == 1 { exprs.remove(0) } else { Expr::And(exprs) }
}

fn filter(w: &Where, column: &dyn Fn(&str) -> usize) -> Expr {
    match w {
        Where::And(inner) => all(inner.iter().map(|w| filter(w, column)).collect(), &[]),
        Where::Or(inner) => Expr::Or(inner.iter().map(|w| filter(w, column)).collect()),
        Where::Condition(c) => {
            Expr::Filter(Filter { column: column(c.property), operator: c.operator, value: c.value.clone() })
        }
    }
}
