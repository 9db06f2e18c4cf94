//! Names and types: syntax tree to bound program.

mod aggregate;
mod apply;
mod call;
mod cast;
mod columns;
mod declare;
mod enrich;
mod evaluate;
mod expand;
mod expression;
mod external;
mod function;
mod graph;
mod graph_where;
mod join;
mod metadata;
mod names;
mod nearby;
mod operator;
mod pattern;
mod percentile;
mod reduce;
mod scan;
mod search;
mod segments;
mod sequence;
mod series;
mod source;
mod spread;
mod stored;
mod timeline;
mod top;
mod union;
mod window;

use std::collections::HashMap;

pub(crate) use stored::check as check_function;

use crate::ast;
use crate::catalogue::Catalogue;
use crate::diagnostic::{Sink, Span};
use crate::program::{
    Expr, ExprKind, Open, Operator, Pipeline, Program, Question, Render, Source, Stage, StageOutput,
};
use crate::types::{Column, Schema, Type};

/// Most nodes that a query may have after functions and `let` values are put in place.
const MAX_NODES: usize = 100_000;
/// Most functions that are followed to see whether one gives a table.
const MAX_LOOKS: u8 = 32;
/// Deepest binding, functions included.
const MAX_BIND_DEPTH: u16 = 256;

/// The hidden column that tells when a row came in.
pub(crate) const INGEST_TIME: &str = "_IngestTime";

/// Whether the binder itself carries out a function of that name as a source or behind `invoke`.
pub(crate) fn is_built_in(name: &str) -> bool {
    enrich::is_source(name) || enrich::is_invoked(name)
}

/// What a name in scope stands for.
#[derive(Clone)]
enum Binding {
    Scalar(Expr),
    Stage(usize),
    Function(std::rc::Rc<ast::Function>, Scope),
    Pattern(std::rc::Rc<ast::Pattern>, Scope),
    Graph(std::rc::Rc<graph::Graph>),
    /// Its definition was wrong and has been reported.
    Broken,
}

type Scope = std::rc::Rc<HashMap<String, Binding>>;

/// A table under construction.
#[derive(Clone)]
struct Relation {
    source: Source,
    operators: Vec<Operator>,
    schema: Schema,
    /// Columns that can be named but are not part of the result.
    hidden: Vec<Column>,
    aliases: Vec<(String, String)>,
    /// Something before was wrong: unknown columns are not reported again.
    poisoned: bool,
    /// It has more columns, which are known only when it runs.
    open: bool,
    /// It is a graph, and no rows.
    graph: Option<std::rc::Rc<graph::Graph>>,
}

impl Relation {
    fn new(source: Source, schema: Schema) -> Self {
        Self {
            source,
            operators: Vec::new(),
            schema,
            hidden: Vec::new(),
            aliases: Vec::new(),
            poisoned: false,
            open: false,
            graph: None,
        }
    }

    fn broken() -> Self {
        Self { poisoned: true, ..Self::new(Source::OneRow, Schema::default()) }
    }

    /// The column that a written name means.
    fn resolve(&self, name: &str) -> Option<&Column> {
        if let Some(column) = self.schema.get(name) {
            return Some(column);
        }
        let stored = self.aliases.iter().find(|(alias, _)| alias == name).map_or(name, |(_, stored)| stored);
        self.schema.get(stored).or_else(|| self.hidden.iter().find(|c| c.name == stored))
    }

    /// Exactly these columns; when a row came in can still be asked.
    fn project(&mut self, mut columns: Vec<(String, Expr)>) {
        self.schema =
            Schema { columns: columns.iter().map(|(n, e)| Column { name: n.clone(), ty: e.ty }).collect() };
        let schema = &self.schema;
        self.hidden.retain(|h| h.name == INGEST_TIME && schema.get(&h.name).is_none());
        columns.extend(self.hidden.iter().map(|h| (h.name.clone(), Expr::column(&h.name, h.ty))));
        self.operators.push(Operator::Project(columns));
    }

    /// Drops what can be named but is not part of the result.
    fn settle(&mut self) {
        if !self.hidden.is_empty() {
            self.hidden.clear();
            let all =
                self.schema.columns.iter().map(|c| (c.name.clone(), Expr::column(&c.name, c.ty))).collect();
            self.project(all);
        }
    }

    fn finish(mut self) -> Pipeline {
        self.settle();
        Pipeline { source: self.source, operators: self.operators, schema: self.schema }
    }

    /// The pipeline with its hidden columns behind the others.
    fn whole(mut self) -> Pipeline {
        self.schema.columns.append(&mut self.hidden);
        Pipeline { source: self.source, operators: self.operators, schema: self.schema }
    }
}

/// What a stage has besides its visible columns.
#[derive(Default)]
struct Staged {
    /// How many of its last columns are hidden.
    hidden: usize,
    aliases: Vec<(String, String)>,
}

struct Binder<'c, 's, 'k> {
    catalogue: &'c dyn Catalogue,
    now: i64,
    sink: &'k mut Sink<'s>,
    stages: Vec<Stage>,
    /// Of each stage, what its schema does not tell.
    staged: Vec<Staged>,
    scope: Scope,
    nodes: usize,
    depth: u16,
    render: Option<Render>,
    /// Inside `summarize` arguments aggregates are collected here.
    aggregates: Option<aggregate::Collected>,
    /// Inside `extend` and the like, functions over the order of rows are collected here.
    pending: Option<window::Pending>,
    /// Inside the steps of a `scan`, what they may name.
    states: Option<scan::States>,
    /// What rows said about columns, in the order of the questions.
    answers: &'c [Schema],
    /// Questions met so far.
    questions: usize,
    /// The first question without an answer: its stage.
    open: Option<(usize, usize, Question)>,
    /// `let` tables with more columns than are known.
    open_stages: std::collections::HashSet<usize>,
    /// Columns of which only the name is known.
    inferred: Vec<String>,
    /// The variables of a graph pattern, while its conditions are bound.
    pattern: Option<pattern::Scope>,
    /// Stored functions that were looked for, as they were read.
    stored: stored::Read,
}

pub(crate) fn bind(
    query: &ast::Query,
    catalogue: &dyn Catalogue,
    now: i64,
    answers: &[Schema],
    sink: &mut Sink<'_>,
) -> Option<Program> {
    let mut binder = Binder::new(catalogue, now, answers, sink);
    let result = binder.statements(&query.statements);
    let Some(result) = result else {
        if !binder.sink.has_errors() {
            let message = "the query has no tabular statement: begin with a table".to_owned();
            binder.sink.error("empty_query", Span::default(), message, None);
        }
        return None;
    };
    if result.graph.is_some() {
        let message = "a graph is no table; end with graph-match, graph-to-table or graph-shortest-paths";
        binder.error("table_expected", Span::default(), message);
        return None;
    }
    let poisoned = result.poisoned;
    let pipeline = result.finish();
    let unknown = pipeline.schema.columns.iter().filter(|c| c.ty == Type::Dynamic);
    let unknown = unknown.map(|c| c.name.clone()).filter(|n| binder.inferred.contains(n)).collect();
    binder.stages.push(Stage { name: None, output: StageOutput::Result, pipeline });
    // What comes after a question is only guessed at.
    if (poisoned && binder.open.is_none()) || binder.sink.has_errors() {
        return None;
    }
    let open = binder.open.map(|(stage, column, question)| Open {
        stage,
        column,
        question,
        answers: answers.to_vec(),
        text: "".into(),
        catalogue: std::sync::Arc::default(),
        now,
    });
    Some(Program {
        stages: binder.stages,
        warnings: Vec::new(),
        render: binder.render,
        open,
        unknown,
        functions: Vec::new(),
    })
}

impl<'c, 's, 'k> Binder<'c, 's, 'k> {
    fn new(catalogue: &'c dyn Catalogue, now: i64, answers: &'c [Schema], sink: &'k mut Sink<'s>) -> Self {
        Self {
            catalogue,
            now,
            sink,
            stages: Vec::new(),
            staged: Vec::new(),
            scope: Scope::default(),
            nodes: 0,
            depth: 0,
            render: None,
            aggregates: None,
            pending: None,
            states: None,
            answers,
            questions: 0,
            open: None,
            open_stages: std::collections::HashSet::new(),
            inferred: Vec::new(),
            pattern: None,
            stored: stored::Read::default(),
        }
    }
}

impl Binder<'_, '_, '_> {
    fn error(&mut self, code: &str, span: Span, message: impl Into<String>) {
        // The types of columns that only the rows know may be anything.
        if code == "type_mismatch" && !self.inferred.is_empty() && self.open.is_some() {
            return;
        }
        self.sink.error(code, span, message.into(), None);
    }

    fn unsupported(&mut self, what: &str, span: Span) {
        self.error("not_supported", span, format!("{what} is not supported"));
    }

    /// Counts a node; false when the budget is used up.
    fn count(&mut self, nodes: usize, span: Span) -> bool {
        self.nodes = self.nodes.saturating_add(nodes);
        let within = self.nodes <= MAX_NODES;
        if !within {
            self.error("query_too_complex", span, format!("the query grows beyond {MAX_NODES} nodes"));
        }
        within
    }

    fn deeper<T>(&mut self, span: Span, rule: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth >= MAX_BIND_DEPTH {
            self.error("too_deep", span, "the query is nested too deeply once functions are put in place");
            return None;
        }
        self.depth += 1;
        let result = rule(self);
        self.depth -= 1;
        result
    }

    fn define(&mut self, name: &str, binding: Binding) {
        // The names so far are copied.
        if !self.count(self.scope.len() / 8, Span::default()) {
            return;
        }
        let mut scope = HashMap::clone(&self.scope);
        scope.insert(name.to_owned(), binding);
        self.scope = Scope::new(scope);
    }

    /// Binds statements; the last tabular one is the result.
    fn statements(&mut self, statements: &[ast::Statement]) -> Option<Relation> {
        let mut result = None;
        let mut dropped: Option<Span> = None;
        for statement in statements {
            match statement {
                ast::Statement::Let { name, value } => self.bind_let(name, value),
                ast::Statement::Declare(parameters) => self.declare(parameters),
                ast::Statement::DeclarePattern { name, pattern } => {
                    let binding = Binding::Pattern(std::rc::Rc::new(pattern.clone()), self.scope.clone());
                    self.define(&name.text, binding);
                }
                ast::Statement::Set { name, value } => self.option(name, value.as_ref()),
                ast::Statement::Unsupported { word, harmless } => {
                    if *harmless {
                        self.sink.warning("set_ignored", word.span, "'set' has no effect here".to_owned());
                    } else {
                        self.unsupported(&format!("the statement '{}'", word.text), word.span);
                    }
                }
                // It only gives names to its tables.
                ast::Statement::Query(expr) if several_tables(expr) => {
                    self.table(expr);
                }
                ast::Statement::Query(expr) => {
                    if dropped.is_some() {
                        self.error(
                            "several_results",
                            expr.span,
                            "a query has one result; use 'let' for the others",
                        );
                    }
                    dropped = Some(expr.span);
                    result = Some(self.top_level(expr));
                }
            }
        }
        result
    }

    /// Parameters of the query have their defaults.
    fn declare(&mut self, parameters: &[ast::Parameter]) {
        let row = Relation::new(Source::OneRow, Schema::default());
        for parameter in parameters {
            let binding = match (&parameter.default, parameter.ty) {
                (Some(default), Some(ty)) => self
                    .scalar(default, &row)
                    .map_or(Binding::Broken, |value| Binding::Scalar(cast::cast(value, ty))),
                _ => {
                    let what = format!("the parameter '{}' without a default", parameter.name.text);
                    self.unsupported(&what, parameter.name.span);
                    Binding::Broken
                }
            };
            self.define(&parameter.name.text, binding);
        }
    }

    /// A tabular statement; a bare scalar becomes a table of one cell.
    fn top_level(&mut self, expr: &ast::Expr) -> Relation {
        if self.is_tabular(expr) || matches!(expr.kind, ast::ExprKind::Name(_)) {
            return self.table(expr).unwrap_or_else(Relation::broken);
        }
        let row = Relation::new(Source::OneRow, Schema::default());
        match self.scalar(expr, &row) {
            Some(value) => {
                let mut relation = row;
                relation.project(vec![("print_0".to_owned(), value)]);
                relation
            }
            None => Relation::broken(),
        }
    }

    fn bind_let(&mut self, name: &ast::Name, value: &ast::LetValue) {
        let binding = match value {
            ast::LetValue::Function(function) => {
                Binding::Function(std::rc::Rc::new(function.clone()), self.scope.clone())
            }
            ast::LetValue::Expr(expr) if self.is_tabular(expr) => match self.table(expr) {
                Some(Relation { graph: Some(graph), poisoned: false, .. }) => Binding::Graph(graph),
                Some(relation) if !relation.poisoned || (relation.open && self.open.is_some()) => {
                    let output =
                        if is_materialize(expr) { StageOutput::Materialized } else { StageOutput::Table };
                    Binding::Stage(self.stage(Some(name.text.clone()), output, relation))
                }
                _ => Binding::Broken,
            },
            ast::LetValue::Expr(expr) => {
                let row = Relation::new(Source::OneRow, Schema::default());
                self.scalar(expr, &row).map_or(Binding::Broken, Binding::Scalar)
            }
        };
        self.define(&name.text, binding);
    }

    /// `set`: the options of `bin_auto` are kept under names that no query can write.
    fn option(&mut self, name: &ast::Name, value: Option<&ast::Expr>) {
        match (name.text.as_str(), value) {
            ("query_bin_auto_size" | "query_bin_auto_at", Some(value)) => {
                let row = Relation::new(Source::OneRow, Schema::default());
                let binding = self.scalar(value, &row).map_or(Binding::Broken, Binding::Scalar);
                self.define(&format!("set {}", name.text), binding);
            }
            _ => {
                let message = format!("'set {}' has no effect here", name.text);
                self.sink.warning("set_ignored", name.span, message);
            }
        }
    }

    fn stage(&mut self, name: Option<String>, output: StageOutput, relation: Relation) -> usize {
        if relation.open {
            self.open_stages.insert(self.stages.len());
        }
        // A stage without a name is a value or a list: only its first column counts.
        let staged = match name {
            Some(_) => Staged { hidden: relation.hidden.len(), aliases: relation.aliases.clone() },
            None => Staged::default(),
        };
        let pipeline = if name.is_some() { relation.whole() } else { relation.finish() };
        self.stages.push(Stage { name, output, pipeline });
        self.staged.push(staged);
        self.stages.len() - 1
    }

    /// The rows of a stage.
    fn of_stage(&self, stage: usize) -> Option<Relation> {
        let mut schema = self.stages.get(stage)?.pipeline.schema.clone();
        let staged = self.staged.get(stage)?;
        let hidden = schema.columns.split_off(schema.columns.len().saturating_sub(staged.hidden));
        let aliases = staged.aliases.clone();
        let open = self.open_stages.contains(&stage);
        Some(Relation { hidden, aliases, open, ..Relation::new(Source::Stage(stage), schema) })
    }

    /// What the rows of a table say about columns; none where they were not asked yet.
    fn ask(&mut self, relation: Relation, column: usize, question: Question) -> (usize, Option<Schema>) {
        let at = self.questions;
        self.questions += 1;
        // The stage is there in every round, so that stages have the same numbers.
        let stage = self.stage(Some("$open".to_owned()), StageOutput::Materialized, relation);
        let answer = self.answers.get(at).cloned();
        if answer.is_none() {
            self.open.get_or_insert((stage, column, question));
        }
        (stage, answer)
    }

    /// Whether an expression is a table: by its form, or by what its name stands for.
    fn is_tabular(&self, expr: &ast::Expr) -> bool {
        self.tabular_within(expr, MAX_LOOKS)
    }

    /// The same, following so many names at most: functions may look as if they named each other.
    fn tabular_within(&self, expr: &ast::Expr, looks: u8) -> bool {
        use ast::ExprKind as K;
        match &expr.kind {
            K::Pipe(..)
            | K::Datatable(..)
            | K::Print(..)
            | K::Range { .. }
            | K::Union(..)
            | K::External(_)
            | K::Search(_)
            | K::Find(_)
            | K::Unsupported(_) => true,
            K::Name(name) => match self.scope.get(name) {
                Some(Binding::Stage(_) | Binding::Graph(_)) => true,
                Some(Binding::Function(function, scope)) if function.parameters.is_empty() => {
                    self.function_is_tabular(function, scope, looks)
                }
                Some(_) => false,
                None if self.catalogue.table(name).is_some() => true,
                None => self.stored(name).is_some_and(|function| {
                    function.parameters.iter().all(|p| p.default.is_some())
                        && self.function_is_tabular(&function, &Scope::default(), looks)
                }),
            },
            K::Call { name, args } => match self.scope.get(&name.text) {
                Some(Binding::Function(function, scope)) => self.function_is_tabular(function, scope, looks),
                Some(binding) => matches!(binding, Binding::Pattern(..)),
                None if self.stored(&name.text).is_some() => self
                    .stored(&name.text)
                    .is_some_and(|function| self.function_is_tabular(&function, &Scope::default(), looks)),
                None => match name.text.as_str() {
                    "materialize" | "totable" => true,
                    name if enrich::is_source(name) => true,
                    "table" | "cluster" | "database" | "workspace" | "app" | "external_table"
                    | "materialized_view" => true,
                    "view" => args.is_empty(),
                    _ => false,
                },
            },
            K::Path(base, _) => {
                self.called_pattern(expr).is_some()
                    || matches!(&base.kind, K::Call { name, .. }
                        if matches!(name.text.as_str(), "cluster" | "database" | "workspace" | "app"))
            }
            _ => false,
        }
    }

    fn function_is_tabular(&self, function: &ast::Function, scope: &Scope, looks: u8) -> bool {
        let Some(looks) = looks.checked_sub(1) else { return false };
        let Some(ast::Statement::Query(last)) = function.body.last() else { return false };
        match &last.kind {
            ast::ExprKind::Name(name) => {
                let parameter = function.parameters.iter().find(|p| p.name.text == *name);
                if let Some(parameter) = parameter {
                    return parameter.ty.is_none();
                }
                let local = function.body.iter().rev().find_map(|s| match s {
                    ast::Statement::Let { name: n, value: ast::LetValue::Expr(e) } if n.text == *name => {
                        Some(e)
                    }
                    _ => None,
                });
                match (local, scope.get(name)) {
                    (Some(e), _) => self.tabular_within(e, looks),
                    (None, Some(Binding::Stage(_))) => true,
                    (None, Some(_)) => false,
                    (None, None) if self.catalogue.table(name).is_some() => true,
                    (None, None) => self
                        .stored(name)
                        .is_some_and(|inner| self.function_is_tabular(&inner, &Scope::default(), looks)),
                }
            }
            ast::ExprKind::Call { name, .. } => match scope.get(&name.text) {
                Some(Binding::Function(inner, inner_scope)) => {
                    self.function_is_tabular(inner, inner_scope, looks)
                }
                _ => match self.stored(&name.text) {
                    Some(inner) => self.function_is_tabular(&inner, &Scope::default(), looks),
                    None => self.tabular_within(last, looks),
                },
            },
            _ => self.tabular_within(last, looks),
        }
    }
}

/// `graph-to-table nodes as N, edges as E`
fn several_tables(expr: &ast::Expr) -> bool {
    let ast::ExprKind::Pipe(_, operators) = &expr.kind else { return false };
    matches!(operators.last().map(|o| &o.kind), Some(ast::OperatorKind::GraphToTable(tables)) if tables.len() > 1)
}

fn is_materialize(expr: &ast::Expr) -> bool {
    matches!(&expr.kind, ast::ExprKind::Call { name, .. } if name.text == "materialize")
}

/// Nodes of a bound expression.
fn size(expr: &Expr) -> usize {
    let list = |items: &[Expr]| items.iter().map(size).sum::<usize>();
    1 + match &expr.kind {
        ExprKind::Literal(_) | ExprKind::Column(_) | ExprKind::StageValue(_) => 0,
        ExprKind::Cast(e) | ExprKind::Not(e) => size(e),
        ExprKind::Binary(_, a, b) | ExprKind::Text { left: a, right: b, .. } => size(a) + size(b),
        ExprKind::In { left, items, .. } | ExprKind::Terms { left, items, .. } => size(left) + list(items),
        ExprKind::And(items) | ExprKind::Or(items) | ExprKind::Call { args: items, .. } => list(items),
        ExprKind::Path(base, _) => size(base),
        ExprKind::Case { branches, otherwise } => {
            branches.iter().map(|(c, v)| size(c) + size(v)).sum::<usize>() + size(otherwise)
        }
    }
}

/// The type that both sides can be cast to without an error; none when they do not meet.
fn common_type(a: Type, b: Type) -> Option<Type> {
    use Type::{Bool, Decimal, Dynamic, Guid, Int, Long, Real, String};
    Some(match (a, b) {
        _ if a == b => a,
        (Decimal, Int | Long | Real) | (Int | Long | Real, Decimal) => Decimal,
        (Real, Int | Long) | (Int | Long, Real) => Real,
        (Int, Long) | (Long, Int) => Long,
        (Bool, Int | Long) | (Int | Long, Bool) => Long,
        (Dynamic, other) | (other, Dynamic) => other,
        (Guid, String) | (String, Guid) => String,
        _ => return None,
    })
}
