//! Gives every computed column a name of its own before lowering.
//!
//! DataFusion compares expressions by their words: of two projections `n + 1 AS n` in a row its
//! optimiser drops one as a repetition, although the second `n` is another column. With names that are
//! never used twice in a program, equal words always mean the same column. Only the last stage's
//! last projection brings the written names back, and nothing stands above it.

use std::collections::{HashMap, HashSet};

use palisade_kql::program::{
    Apply, Expand, Expr, ExprKind, Operator, ParsePart, Pipeline, Source, Step, TableCall,
};
use palisade_kql::{Program, Schema};

/// Written names to own names; what is not in it goes by its written name.
type Names = HashMap<String, String>;

/// Renames all computed columns of a program; the result's columns keep their names.
pub(crate) fn rename(program: &mut Program) {
    let mut renamer = Renamer::default();
    let last = program.stages.len().saturating_sub(1);
    for (at, stage) in program.stages.iter_mut().enumerate() {
        let names = renamer.pipeline(&mut stage.pipeline);
        if at == last {
            restore(&mut stage.pipeline, &names);
        } else {
            relabel(&mut stage.pipeline.schema, &names);
            renamer.stages.push(names);
        }
    }
}

fn own<'n>(names: &'n Names, name: &'n str) -> &'n str {
    names.get(name).map_or(name, String::as_str)
}

fn relabel(schema: &mut Schema, names: &Names) {
    for column in &mut schema.columns {
        column.name = own(names, &column.name).to_owned();
    }
}

/// Ends a pipeline with its written names.
fn restore(pipeline: &mut Pipeline, names: &Names) {
    if names.iter().all(|(written, own)| written == own) {
        return;
    }
    let list = pipeline
        .schema
        .columns
        .iter()
        .map(|c| (c.name.clone(), Expr::column(own(names, &c.name), c.ty)))
        .collect();
    pipeline.operators.push(Operator::Project(list));
}

#[derive(Default)]
struct Renamer {
    used: HashSet<String>,
    /// Of each earlier stage.
    stages: Vec<Names>,
}

impl Renamer {
    /// The name itself where it was never used, else one that was not.
    fn fresh(&mut self, name: &str) -> String {
        if self.used.insert(name.to_owned()) {
            return name.to_owned();
        }
        let mut n = 1usize;
        loop {
            let candidate = format!("{name}@{n}");
            if self.used.insert(candidate.clone()) {
                return candidate;
            }
            n += 1;
        }
    }

    fn stored(&mut self, schema: &Schema) -> Names {
        self.used.extend(schema.names().map(str::to_owned));
        Names::new()
    }

    /// The own names of the outcome's columns; its schema keeps the written ones.
    fn pipeline(&mut self, pipeline: &mut Pipeline) -> Names {
        let mut names = self.source(&mut pipeline.source);
        for operator in &mut pipeline.operators {
            self.operator(operator, &mut names);
        }
        names.retain(|written, _| pipeline.schema.get(written).is_some());
        names
    }

    fn source(&mut self, source: &mut Source) -> Names {
        match source {
            Source::Table { schema, .. } | Source::Values { schema, .. } => self.stored(schema),
            Source::External(external) => self.stored(&external.schema),
            Source::Stage(at) => self.stages.get(*at).cloned().unwrap_or_default(),
            Source::OneRow => Names::new(),
            Source::Range { name, .. } => {
                let own = self.fresh(name);
                Names::from([(std::mem::replace(name, own.clone()), own)])
            }
            Source::Union(inputs) => self.union(inputs),
            Source::Rows => Names::new(),
            Source::Call(call) => self.call(call, &Names::new()),
        }
    }

    /// The columns of a function's outcome are its own.
    fn call(&mut self, call: &mut TableCall, names: &Names) -> Names {
        for (_, expr) in &mut call.columns {
            refer(expr, names);
        }
        for input in &mut call.inputs {
            let map = self.pipeline(input);
            relabel(&mut input.schema, &map);
        }
        let mut out = Names::new();
        for column in &mut call.schema.columns {
            let own = self.fresh(&column.name);
            out.insert(std::mem::replace(&mut column.name, own.clone()), own);
        }
        out
    }

    /// A sub-query has the names of the rows that it is applied to.
    fn apply(&mut self, apply: &mut Apply, names: &Names) -> Names {
        apply.by.iter_mut().for_each(|e| refer(e, names));
        let mut inner = names.clone();
        if let Some(expand) = &mut apply.expand {
            self.expand(expand, &mut inner);
        }
        for operator in &mut apply.operators {
            self.operator(operator, &mut inner);
        }
        let mut out = Names::new();
        for (name, outer, column, _) in &mut apply.columns {
            *column = own(if *outer { names } else { &inner }, column).to_owned();
            let own = self.fresh(name);
            out.insert(std::mem::replace(name, own.clone()), own);
        }
        out
    }

    fn expand(&mut self, expand: &mut Expand, names: &mut Names) {
        let mut new = Names::new();
        for (name, expr, _) in &mut expand.items {
            refer(expr, names);
            let own = self.fresh(name);
            new.insert(std::mem::replace(name, own.clone()), own);
        }
        if let Some(name) = &mut expand.index {
            let own = self.fresh(name);
            new.insert(std::mem::replace(name, own.clone()), own);
        }
        names.extend(new);
        relabel(&mut expand.schema, names);
    }

    /// Inputs of a union go by position and need one name for each column.
    fn union(&mut self, inputs: &mut [Pipeline]) -> Names {
        let mut names = Names::new();
        let maps: Vec<Names> = inputs.iter_mut().map(|i| self.pipeline(i)).collect();
        if let Some(first) = inputs.first()
            && maps.iter().any(|m| m.iter().any(|(written, own)| written != own))
        {
            for column in &first.schema.columns {
                names.insert(column.name.clone(), self.fresh(&column.name));
            }
            for (input, map) in inputs.iter_mut().zip(&maps) {
                let list = input
                    .schema
                    .columns
                    .iter()
                    .map(|c| (own(&names, &c.name).to_owned(), Expr::column(own(map, &c.name), c.ty)));
                input.operators.push(Operator::Project(list.collect()));
                relabel(&mut input.schema, &names);
            }
        }
        names
    }

    fn operator(&mut self, operator: &mut Operator, names: &mut Names) {
        match operator {
            Operator::Filter(expr) => refer(expr, names),
            Operator::Project(columns) => {
                let mut out = Names::new();
                let mut kept = HashSet::new();
                for (name, expr) in columns.iter_mut() {
                    refer(expr, names);
                    // A column that is only passed on or renamed stays what it is.
                    let own = match &expr.kind {
                        ExprKind::Column(c) if kept.insert(c.clone()) => c.clone(),
                        _ => self.fresh(name),
                    };
                    out.insert(std::mem::replace(name, own.clone()), own);
                }
                *names = out;
            }
            Operator::Aggregate { group, aggregates } => {
                let mut out = Names::new();
                for (name, expr) in group {
                    refer(expr, names);
                    let own = self.fresh(name);
                    out.insert(std::mem::replace(name, own.clone()), own);
                }
                for aggregate in aggregates {
                    for expr in aggregate.args.iter_mut().chain(&mut aggregate.filter) {
                        refer(expr, names);
                    }
                    for (name, _) in &mut aggregate.outputs {
                        let own = self.fresh(name);
                        out.insert(std::mem::replace(name, own.clone()), own);
                    }
                }
                *names = out;
            }
            Operator::Sort(keys) => keys.iter_mut().for_each(|k| refer(&mut k.expr, names)),
            Operator::Take(_) | Operator::Distinct | Operator::Sample(_) => {}
            Operator::Join(join) => {
                let right = self.pipeline(&mut join.right);
                relabel(&mut join.right.schema, &right);
                for (a, b) in &mut join.keys {
                    refer(a, names);
                    refer(b, &right);
                }
                let mut out = Names::new();
                for (name, from_left, inner, _) in &mut join.columns {
                    *inner = own(if *from_left { &*names } else { &right }, inner).to_owned();
                    let own = self.fresh(name);
                    out.insert(std::mem::replace(name, own.clone()), own);
                }
                *names = out;
            }
            Operator::Expand(expand) => self.expand(expand, names),
            Operator::Call(call) => *names = self.call(call, names),
            Operator::Apply(apply) => *names = self.apply(apply, names),
            Operator::Parse(parse) => {
                refer(&mut parse.source, names);
                let mut new = Names::new();
                for part in &mut parse.parts {
                    if let ParsePart::Column(name, _) = part {
                        let own = self.fresh(name);
                        new.insert(std::mem::replace(name, own.clone()), own);
                    }
                }
                names.extend(new);
            }
            Operator::Window(functions) => {
                let mut new = Names::new();
                for (name, _, function) in functions {
                    function.expressions_mut().for_each(|e| refer(e, names));
                    let own = self.fresh(name);
                    new.insert(std::mem::replace(name, own.clone()), own);
                }
                names.extend(new);
            }
            Operator::Columns(calls) => {
                let mut new = Names::new();
                for call in calls {
                    call.args.iter_mut().for_each(|e| refer(e, names));
                    for (name, _) in &mut call.outputs {
                        let own = self.fresh(name);
                        new.insert(std::mem::replace(name, own.clone()), own);
                    }
                }
                names.extend(new);
            }
            Operator::Series(series) => {
                let mut out = Names::new();
                let values = series.values.iter_mut().map(|v| (&mut v.name, &mut v.value));
                let groups = series.group.iter_mut().map(|(name, expr)| (name, expr));
                let (axis, bin) = &mut series.axis;
                for (name, expr) in groups.chain(values).chain([(axis, bin)]) {
                    refer(expr, names);
                    let own = self.fresh(name);
                    out.insert(std::mem::replace(name, own.clone()), own);
                }
                *names = out;
            }
            Operator::Scan(scan) => {
                relabel(&mut scan.input, names);
                scan.partition.iter_mut().for_each(|e| refer(e, names));
                let mut new = Names::new();
                for name in scan.declared.iter_mut().map(|(n, _)| n).chain(&mut scan.match_id) {
                    let own = self.fresh(name);
                    new.insert(std::mem::replace(name, own.clone()), own);
                }
                names.extend(new);
                for step in &mut scan.steps {
                    refer(&mut step.condition, names);
                    step.assignments.iter_mut().for_each(|(_, e)| refer(e, names));
                }
            }
        }
    }
}

/// Lets an expression name its columns by their own names.
fn refer(expr: &mut Expr, names: &Names) {
    let each = |list: &mut Vec<Expr>| list.iter_mut().for_each(|e| refer(e, names));
    match &mut expr.kind {
        ExprKind::Literal(_) | ExprKind::StageValue(_) => {}
        ExprKind::Column(name) => {
            if let Some(own) = names.get(name) {
                own.clone_into(name);
            }
        }
        ExprKind::Cast(inner) | ExprKind::Not(inner) => refer(inner, names),
        ExprKind::Binary(_, left, right) | ExprKind::Text { left, right, .. } => {
            refer(left, names);
            refer(right, names);
        }
        ExprKind::In { left, items, .. } | ExprKind::Terms { left, items, .. } => {
            refer(left, names);
            each(items);
        }
        ExprKind::And(parts) | ExprKind::Or(parts) => each(parts),
        ExprKind::Path(base, steps) => {
            refer(base, names);
            for step in steps {
                if let Step::Computed(inner) = step {
                    refer(inner, names);
                }
            }
        }
        ExprKind::Call { args, .. } => each(args),
        ExprKind::Case { branches, otherwise } => {
            for (condition, value) in branches {
                refer(condition, names);
                refer(value, names);
            }
            refer(otherwise, names);
        }
    }
}
