//! Drops columns of tables and of picked rows that nothing later asks for.
//!
//! `arg_max(Timestamp, *)` picks whole rows; often a few of their columns are used. DataFusion cannot see into
//! an aggregate, so without this every column of a table would be read. It does see which of a table's columns are
//! asked for, but takes longer to find out than a short query runs.

use std::collections::BTreeSet;

use palisade_kql::Program;
use palisade_kql::program::{Aggregate, Expr, ExprKind, Operator, Pipeline, Source, Step};

use crate::aggregates::is_struct;

/// Names that are asked for; none where all may be.
type Needed = Option<BTreeSet<String>>;

/// Narrows every pipeline of a program; names and types of its stages stay.
pub(crate) fn narrow(program: &mut Program) {
    for stage in &mut program.stages {
        pipeline(&mut stage.pipeline);
    }
}

fn pipeline(pipeline: &mut Pipeline) {
    if let Source::Union(inputs) = &mut pipeline.source {
        inputs.iter_mut().for_each(self::pipeline);
    }
    let mut needed: Needed = Some(pipeline.schema.names().map(str::to_owned).collect());
    for operator in pipeline.operators.iter_mut().rev() {
        needed = before(operator, needed);
    }
    if let (Source::Table { schema, .. }, Some(needed)) = (&mut pipeline.source, needed) {
        // One column stays, for the number of rows.
        let first = schema.columns.first().cloned();
        schema.columns.retain(|column| needed.contains(&column.name));
        if schema.columns.is_empty() {
            schema.columns.extend(first);
        }
    }
}

/// What an operator's input must have, so that its outcome has what is needed.
fn before(operator: &mut Operator, needed: Needed) -> Needed {
    match operator {
        Operator::Filter(predicate) => with(needed, [&*predicate]),
        Operator::Take(_) => needed,
        Operator::Sort(keys) => with(needed, keys.iter().map(|k| &k.expr)),
        Operator::Project(list) => {
            let needed = needed?;
            // What is left out of the rows below may not be computed from them. One column stays, for the
            // number of rows.
            let first = list.first().cloned();
            list.retain(|(name, _)| needed.contains(name));
            if list.is_empty() {
                list.extend(first);
            }
            with(Some(BTreeSet::new()), list.iter().map(|(_, e)| e))
        }
        Operator::Aggregate { group, aggregates } => {
            if let Some(needed) = &needed {
                aggregates.iter_mut().filter(|a| is_struct(a)).for_each(|a| keep(a, needed));
            }
            let args = aggregates.iter().flat_map(|a| a.args.iter().chain(&a.filter));
            with(Some(BTreeSet::new()), group.iter().map(|(_, e)| e).chain(args))
        }
        Operator::Join(join) => {
            pipeline(&mut join.right);
            let needed = needed?;
            if join.columns.iter().any(|(name, ..)| needed.contains(name)) {
                join.columns.retain(|(name, ..)| needed.contains(name));
            }
            let left = join.columns.iter().filter(|(_, left, ..)| *left);
            let names = left.map(|(_, _, own, _)| own.clone()).collect();
            with(Some(names), join.keys.iter().map(|(left, _)| left))
        }
        // What others read is not known here.
        _ => None,
    }
}

/// Drops the outputs that nobody needs; the first is the key and stays.
fn keep(aggregate: &mut Aggregate, needed: &BTreeSet<String>) {
    if aggregate.args.len() != aggregate.outputs.len() {
        return;
    }
    let kept: Vec<bool> =
        aggregate.outputs.iter().enumerate().map(|(at, (n, _))| at == 0 || needed.contains(n)).collect();
    let mut at = kept.iter();
    aggregate.args.retain(|_| at.next().copied().unwrap_or(true));
    let mut at = kept.iter();
    aggregate.outputs.retain(|_| at.next().copied().unwrap_or(true));
}

fn with<'e>(needed: Needed, exprs: impl IntoIterator<Item = &'e Expr>) -> Needed {
    let mut needed = needed?;
    for expr in exprs {
        columns(expr, &mut needed);
    }
    Some(needed)
}

/// The columns that an expression reads.
fn columns(expr: &Expr, into: &mut BTreeSet<String>) {
    let mut all = |items: &[Expr]| items.iter().for_each(|e| columns(e, into));
    match &expr.kind {
        ExprKind::Literal(_) | ExprKind::StageValue(_) => {}
        ExprKind::Column(name) => {
            into.insert(name.clone());
        }
        ExprKind::Cast(e) | ExprKind::Not(e) => columns(e, into),
        ExprKind::Binary(_, a, b) | ExprKind::Text { left: a, right: b, .. } => {
            columns(a, into);
            columns(b, into);
        }
        ExprKind::In { left, items, .. } | ExprKind::Terms { left, items, .. } => {
            all(items);
            columns(left, into);
        }
        ExprKind::And(items) | ExprKind::Or(items) | ExprKind::Call { args: items, .. } => all(items),
        ExprKind::Path(base, steps) => {
            columns(base, into);
            for step in steps {
                if let Step::Computed(e) = step {
                    columns(e, into);
                }
            }
        }
        ExprKind::Case { branches, otherwise } => {
            for (condition, value) in branches {
                columns(condition, into);
                columns(value, into);
            }
            columns(otherwise, into);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use palisade_kql::{MemoryCatalogue, Type, compile};

    /// What the first aggregate still picks, and what the first join still gives.
    fn left_of(query: &str) -> (Vec<String>, Vec<String>) {
        let mut tables = MemoryCatalogue::new();
        let columns = [("k", Type::String), ("t", Type::Long), ("a", Type::String), ("b", Type::String)];
        tables.add("T", &columns).add("U", &columns);
        let mut program = compile(query, &tables, 0).expect("it compiles");
        let schema = program.schema().clone();
        narrow(&mut program);
        assert_eq!(*program.schema(), schema, "the outcome keeps its columns");
        let (mut picked, mut joined) = (Vec::new(), Vec::new());
        for operator in program.stages.iter().flat_map(|s| &s.pipeline.operators) {
            match operator {
                Operator::Aggregate { aggregates, .. } => {
                    assert!(aggregates.iter().all(|a| !is_struct(a) || a.args.len() == a.outputs.len()));
                    picked.extend(aggregates.iter().flat_map(|a| &a.args).map(|arg| match &arg.kind {
                        ExprKind::Column(name) => name.clone(),
                        other => format!("{other:?}"),
                    }));
                }
                Operator::Join(join) => joined.extend(join.columns.iter().map(|(n, ..)| n.clone())),
                _ => {}
            }
        }
        (picked, joined)
    }

    #[test]
    fn picked_columns_that_nothing_asks_for_go() {
        assert_eq!(left_of("T | summarize arg_max(t, *) by k | project k, b").0, ["t", "b"]);
        assert_eq!(left_of("T | summarize arg_max(t, *) by k | where a == 'x' | project k").0, ["t", "a"]);
        assert_eq!(left_of("T | summarize arg_max(t, *) by k").0, ["t", "a", "b"], "all are asked for");
        assert_eq!(left_of("T | summarize arg_max(t, *) by k | distinct *").0, ["t", "a", "b"]);
    }

    #[test]
    fn a_join_gives_what_is_asked_for_and_its_keys_stay() {
        let (picked, joined) =
            left_of("T | summarize arg_max(t, *) by k | join kind=inner U on k | project b, b1");
        assert_eq!(joined, ["b", "b1"]);
        assert_eq!(picked, ["t", "b"]);
        assert_eq!(
            left_of("T | join kind=inner U on k | count").1.len(),
            8,
            "a count asks for none, and keeps rows"
        );
    }
}
