//! The variables of a graph pattern inside `where` and `project`.
//!
//! What an expression asks of a node or edge becomes a column of the nodes or edges, computed for
//! all of them before the search; so a condition on one variable prunes it, and `map()` only
//! collects. What is left over is computed over the matches.

use std::rc::Rc;

use super::cast::cast;
use super::graph::{Graph, ID, IN, OUT, filtered, matched};
use super::{Binder, Relation};
use crate::ast::{self, ExprKind as K, NamedExpr};
use crate::diagnostic::Span;
use crate::program::{Expr, ExprKind, MatchColumn, MatchOutput, Matching, Part, Source, Step};
use crate::types::{Schema, Type};

/// Columns of the edges before those that are computed: source and target. Of the nodes: the id.
const EDGE_COLUMNS: usize = 2;
const NODE_COLUMNS: usize = 1;

/// A variable of the pattern.
#[derive(Clone, Copy, PartialEq)]
enum Variable {
    Node(usize),
    Edge(usize),
    /// An edge of variable length.
    Path(usize),
}

/// The variables, and what was asked of them.
pub(super) struct Scope {
    graph: Rc<Graph>,
    variables: Vec<(String, Variable)>,
    nodes: Vec<Expr>,
    edges: Vec<Expr>,
    outputs: Vec<(Part, Type)>,
    /// Inside `map(inner_nodes(e), …)` and the like: the row is a node (true) or an edge.
    inside: Option<bool>,
}

/// The column of an output of the search.
pub(super) fn output_name(at: usize) -> String {
    format!("$m{at}")
}

impl Scope {
    pub fn new(graph: &Rc<Graph>) -> Self {
        Self {
            graph: Rc::clone(graph),
            variables: Vec::new(),
            nodes: Vec::new(),
            edges: Vec::new(),
            outputs: Vec::new(),
            inside: None,
        }
    }

    fn get(&self, name: &str) -> Option<Variable> {
        self.variables.iter().find(|(n, _)| n == name).map(|(_, v)| *v)
    }

    pub fn node(&self, name: &str) -> Option<usize> {
        match self.get(name) {
            Some(Variable::Node(at)) => Some(at),
            _ => None,
        }
    }

    /// False where the name is that of an edge.
    pub fn add_node(&mut self, name: &str, at: usize) -> bool {
        match self.get(name) {
            Some(variable) => variable == Variable::Node(at),
            None => {
                self.variables.push((name.to_owned(), Variable::Node(at)));
                true
            }
        }
    }

    /// False where the name is there already.
    pub fn add_edge(&mut self, name: &str, at: usize, path: bool) -> bool {
        let new = self.get(name).is_none();
        let variable = if path { Variable::Path(at) } else { Variable::Edge(at) };
        self.variables.push((name.to_owned(), variable));
        new
    }

    pub fn names(&self) -> Vec<String> {
        self.variables.iter().map(|(n, _)| n.clone()).collect()
    }

    fn node_column(&mut self, expr: Expr) -> usize {
        column(&mut self.nodes, expr, NODE_COLUMNS)
    }

    fn edge_column(&mut self, expr: Expr) -> usize {
        column(&mut self.edges, expr, EDGE_COLUMNS)
    }

    /// The column of the matches that holds this.
    fn output(&mut self, part: Part, ty: Type, span: Span) -> Expr {
        let known = self.outputs.iter().position(|(p, _)| *p == part);
        let at = known.unwrap_or_else(|| {
            self.outputs.push((part, ty));
            self.outputs.len() - 1
        });
        Expr { span, ..Expr::column(output_name(at), ty) }
    }

    /// A value of one node or edge.
    fn property(&mut self, variable: Variable, expr: Expr, span: Span) -> Expr {
        let ty = expr.ty;
        let part = match variable {
            Variable::Node(at) => Part::Node(at, self.node_column(expr)),
            Variable::Edge(at) => Part::Edge(at, self.edge_column(expr)),
            Variable::Path(edge) => {
                let column = self.edge_column(cast(expr, Type::Dynamic));
                Part::Path { edge, column, inner: false, fold: MatchColumn::List }
            }
        };
        let ty = if matches!(variable, Variable::Path(_)) { Type::Dynamic } else { ty };
        self.output(part, ty, span)
    }

    /// The search with what was asked, the conditions that are left, and the columns of the outcome.
    pub fn finish(
        mut self,
        graph: &Graph,
        matching: &mut Matching,
        conditions: Vec<Expr>,
        mut finals: Vec<(String, Expr)>,
    ) -> Relation {
        let mut left = Vec::new();
        for condition in conditions {
            if !self.push_down(&condition, matching) {
                left.push(condition);
            }
        }
        // Only what is still read is made for each match.
        let mut used = Vec::new();
        left.iter().for_each(|e| outputs_of(e, &mut used));
        finals.iter().for_each(|(_, e)| outputs_of(e, &mut used));
        used.sort_unstable();
        used.dedup();
        for (new, old) in used.iter().enumerate() {
            if let Some((part, ty)) = self.outputs.get(*old) {
                matching.outputs.push(MatchOutput { part: part.clone(), ty: *ty });
            }
            let rename = |e: &mut Expr| relabel(e, &output_name(*old), &output_name(new));
            // Places only become smaller, so no name is taken twice.
            left.iter_mut().for_each(rename);
            finals.iter_mut().for_each(|(_, e)| relabel(e, &output_name(*old), &output_name(new)));
        }
        let mut edges = graph.edge_rows();
        let mut list =
            vec![("$from".to_owned(), graph.ends.0.clone()), ("$to".to_owned(), graph.ends.1.clone())];
        list.extend(self.edges.into_iter().enumerate().map(|(at, e)| (format!("$edge{at}"), e)));
        edges.project(list);
        let mut nodes = graph.nodes();
        let mut list = vec![(ID.to_owned(), Expr::column(ID, graph.ends.0.ty))];
        list.extend(self.nodes.into_iter().enumerate().map(|(at, e)| (format!("$node{at}"), e)));
        nodes.project(list);
        let mut relation = matched(graph, matching.clone(), edges, nodes);
        filtered(&mut relation, left);
        let open = relation.open;
        relation.project(finals);
        relation.open = open;
        relation
    }

    /// Gives a condition on one variable to the search; false where it needs a whole match.
    fn push_down(&mut self, condition: &Expr, matching: &mut Matching) -> bool {
        if let ExprKind::Column(name) = &condition.kind
            && let Some((part, _)) =
                self.outputs.iter().enumerate().find(|(at, _)| output_name(*at) == *name).map(|(_, o)| o)
            && let Part::Path { edge, column, inner, fold: MatchColumn::All } = part
            && let Some(edge) = matching.edges.get_mut(*edge)
        {
            let list = if *inner { &mut edge.inner } else { &mut edge.conditions };
            list.push(*column);
            return true;
        }
        let mut used = Vec::new();
        outputs_of(condition, &mut used);
        let mut owner: Option<Variable> = None;
        for at in &used {
            let own = match self.outputs.get(*at) {
                Some((Part::Node(node, _), _)) => Variable::Node(*node),
                Some((Part::Edge(edge, _), _)) => Variable::Edge(*edge),
                _ => return false,
            };
            if owner.is_some_and(|o| o != own) {
                return false;
            }
            owner = Some(own);
        }
        let mut own = condition.clone();
        for at in &used {
            let value = match self.outputs.get(*at) {
                Some((Part::Node(_, column), _)) => self.nodes.get(column - NODE_COLUMNS),
                Some((Part::Edge(_, column), _)) => self.edges.get(column - EDGE_COLUMNS),
                _ => None,
            };
            let Some(value) = value.cloned() else { return false };
            replace(&mut own, &output_name(*at), &value);
        }
        match owner {
            Some(Variable::Node(at)) => {
                let column = self.node_column(own);
                matching.nodes.get_mut(at).map(|n| n.conditions.push(column)).is_some()
            }
            Some(Variable::Edge(at)) => {
                let column = self.edge_column(own);
                matching.edges.get_mut(at).map(|e| e.conditions.push(column)).is_some()
            }
            _ => false,
        }
    }
}

/// The place of an expression in a list of columns, behind the fixed ones.
fn column(list: &mut Vec<Expr>, expr: Expr, fixed: usize) -> usize {
    let same = |e: &Expr| e.kind == expr.kind && e.ty == expr.ty;
    let at = list.iter().position(same).unwrap_or_else(|| {
        list.push(expr.clone());
        list.len() - 1
    });
    at + fixed
}

fn outputs_of(expr: &Expr, used: &mut Vec<usize>) {
    let mut names = Vec::new();
    super::evaluate::columns_of(expr, &mut names);
    used.extend(names.iter().filter_map(|n| n.strip_prefix("$m")?.parse::<usize>().ok()));
}

fn relabel(expr: &mut Expr, old: &str, new: &str) {
    if old != new {
        let value = |ty| Expr::column(new, ty);
        each_column(expr, &mut |e| {
            if matches!(&e.kind, ExprKind::Column(name) if name == old) {
                *e = Expr { span: e.span, ..value(e.ty) };
            }
        });
    }
}

fn replace(expr: &mut Expr, name: &str, value: &Expr) {
    each_column(expr, &mut |e| {
        if matches!(&e.kind, ExprKind::Column(column) if column == name) {
            *e = value.clone();
        }
    });
}

/// Calls something for each column in an expression.
fn each_column(expr: &mut Expr, change: &mut dyn FnMut(&mut Expr)) {
    match &mut expr.kind {
        ExprKind::Column(_) => change(expr),
        ExprKind::Literal(_) | ExprKind::StageValue(_) => {}
        ExprKind::Cast(e) | ExprKind::Not(e) => each_column(e, change),
        ExprKind::Binary(_, a, b) | ExprKind::Text { left: a, right: b, .. } => {
            each_column(a, change);
            each_column(b, change);
        }
        ExprKind::In { left, items, .. } | ExprKind::Terms { left, items, .. } => {
            each_column(left, change);
            items.iter_mut().for_each(|e| each_column(e, change));
        }
        ExprKind::And(items) | ExprKind::Or(items) | ExprKind::Call { args: items, .. } => {
            items.iter_mut().for_each(|e| each_column(e, change));
        }
        ExprKind::Path(base, steps) => {
            each_column(base, change);
            for step in steps {
                if let Step::Computed(e) = step {
                    each_column(e, change);
                }
            }
        }
        ExprKind::Case { branches, otherwise } => {
            for (condition, value) in branches {
                each_column(condition, change);
                each_column(value, change);
            }
            each_column(otherwise, change);
        }
    }
}

impl Binder<'_, '_, '_> {
    /// `variable.property`; none where it is no variable of a pattern.
    #[allow(clippy::option_option)]
    pub(super) fn pattern_path(
        &mut self,
        base: &ast::Expr,
        steps: &[ast::Step],
        span: Span,
    ) -> Option<Option<Expr>> {
        let K::Name(name) = &base.kind else { return None };
        let scope = self.pattern.as_ref().filter(|s| s.inside.is_none())?;
        let variable = scope.get(name)?;
        let graph = Rc::clone(&scope.graph);
        let Some((ast::Step::Field(property), rest)) = steps.split_first() else {
            self.error("syntax_error", span, "a property of a node or edge is expected here");
            return Some(None);
        };
        if let Variable::Path(_) = variable {
            let message = format!("'{name}' is a path of several edges; use map(), all() or any()");
            self.error("type_mismatch", span, message);
            return Some(None);
        }
        let row = row_of(&graph, matches!(variable, Variable::Node(_)));
        let value = ast::Expr { kind: K::Name(property.text.clone()), span: property.span, depth: 0 };
        let own = self.inside(matches!(variable, Variable::Node(_)), |b| b.scalar(&value, &row));
        let Some(own) = own else { return Some(None) };
        let scope = self.pattern.as_mut()?;
        let column = scope.property(variable, own, span);
        if rest.is_empty() {
            return Some(Some(column));
        }
        if column.ty != Type::Dynamic {
            let message = format!("a path needs a dynamic, not a {}; use parse_json()", column.ty);
            self.error("type_mismatch", span, message);
            return Some(None);
        }
        Some(
            self.path_steps(rest, &Relation::new(Source::OneRow, Schema::default()))
                .map(|steps| Expr::new(ExprKind::Path(Box::new(column), steps), Type::Dynamic, span)),
        )
    }

    /// Runs with the row of a node (true) or of an edge in place.
    fn inside<T>(&mut self, node: bool, rule: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.pattern.as_mut().and_then(|s| s.inside.replace(node));
        let result = rule(self);
        if let Some(scope) = self.pattern.as_mut() {
            scope.inside = outer;
        }
        result
    }

    /// A variable as a value: the bag of its columns.
    #[allow(clippy::option_option)]
    pub(super) fn pattern_name(&mut self, name: &str, span: Span) -> Option<Option<Expr>> {
        let scope = self.pattern.as_mut().filter(|s| s.inside.is_none())?;
        let variable = scope.get(name)?;
        let schema = match variable {
            Variable::Node(_) => scope.graph.node_schema(),
            Variable::Edge(_) | Variable::Path(_) => scope.graph.edges.schema.clone(),
        };
        let mut args = Vec::new();
        for column in &schema.columns {
            args.push(Expr::literal(crate::types::Value::String(column.name.clone()), span));
            args.push(Expr::column(&column.name, column.ty));
        }
        let bag = Expr::new(ExprKind::Call { function: "bag_pack", args }, Type::Dynamic, span);
        Some(Some(scope.property(variable, bag, span)))
    }

    /// A function over nodes, edges and paths; none where it is another one.
    #[allow(clippy::option_option)]
    pub(super) fn pattern_call(
        &mut self,
        name: &ast::Name,
        args: &[NamedExpr],
        span: Span,
    ) -> Option<Option<Expr>> {
        let scope = self.pattern.as_ref()?;
        match (name.text.as_str(), scope.inside) {
            ("node_degree_in" | "node_degree_out" | "node_id", Some(true)) if args.is_empty() => {
                Some(Some(self.degree(&name.text, span)))
            }
            ("node_degree_in" | "node_degree_out" | "node_id", None) => {
                let variable = match args {
                    [only] => match &only.expr.kind {
                        K::Name(variable) => scope.get(variable),
                        _ => None,
                    },
                    _ => None,
                };
                let Some(variable @ Variable::Node(_)) = variable else {
                    self.error(
                        "wrong_arguments",
                        span,
                        format!("{}() takes a node of the pattern", name.text),
                    );
                    return Some(None);
                };
                let value = self.degree(&name.text, span);
                Some(self.pattern.as_mut().map(|s| s.property(variable, value, span)))
            }
            ("node_degree_in" | "node_degree_out" | "node_id" | "inner_nodes", _) => {
                self.error("wrong_arguments", span, format!("{}() does not belong here", name.text));
                Some(None)
            }
            ("labels", _) => {
                self.unsupported("labels() of nodes and edges without a graph model", span);
                Some(None)
            }
            ("map" | "all" | "any", None) => Some(self.along(&name.text, args, span)),
            ("array_length", None) => match args {
                // The length of a path.
                [only] => {
                    let edge = match &only.expr.kind {
                        K::Name(variable) => match scope.get(variable) {
                            Some(Variable::Path(edge)) => edge,
                            _ => return None,
                        },
                        _ => return None,
                    };
                    let one = Expr::literal(crate::types::Value::Long(1), span);
                    let scope = self.pattern.as_mut()?;
                    let column = scope.edge_column(one);
                    let part = Part::Path { edge, column, inner: false, fold: MatchColumn::Count };
                    Some(Some(scope.output(part, Type::Long, span)))
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn degree(&self, name: &str, span: Span) -> Expr {
        let key = self.pattern.as_ref().map_or(Type::String, |s| s.graph.ends.0.ty);
        let column = match name {
            "node_degree_in" => Expr::column(IN, Type::Long),
            "node_degree_out" => Expr::column(OUT, Type::Long),
            _ => Expr::column(ID, key),
        };
        Expr { span, ..column }
    }

    /// `map(e, value)`, `all(e, condition)`, `any(e, condition)`; `e` may be `inner_nodes(e)`.
    fn along(&mut self, name: &str, args: &[NamedExpr], span: Span) -> Option<Expr> {
        let [over, value] = args else {
            self.error("wrong_arguments", span, format!("{name}() takes a path and an expression"));
            return None;
        };
        let (variable, inner) = match &over.expr.kind {
            K::Name(variable) => (Some(variable), false),
            K::Call { name, args } if name.text == "inner_nodes" => match args.as_slice() {
                [only] => match &only.expr.kind {
                    K::Name(variable) => (Some(variable), true),
                    _ => (None, true),
                },
                _ => (None, true),
            },
            _ => (None, false),
        };
        let scope = self.pattern.as_ref()?;
        let Some(Variable::Path(edge)) = variable.and_then(|v| scope.get(v)) else {
            let message = format!("{name}() takes an edge of variable length, or inner_nodes() of one");
            self.error("wrong_arguments", over.expr.span, message);
            return None;
        };
        let row = row_of(&Rc::clone(&scope.graph), inner);
        let test = name != "map";
        let own = self.inside(inner, |b| {
            if test { b.predicate(&value.expr, &row) } else { b.scalar(&value.expr, &row) }
        })?;
        let (own, ty, fold) = match name {
            "map" => (cast(own, Type::Dynamic), Type::Dynamic, MatchColumn::List),
            "all" => (own, Type::Bool, MatchColumn::All),
            _ => (own, Type::Bool, MatchColumn::Any),
        };
        let scope = self.pattern.as_mut()?;
        let column = if inner { scope.node_column(own) } else { scope.edge_column(own) };
        Some(scope.output(Part::Path { edge, column, inner, fold }, ty, span))
    }
}

/// A row of the nodes (true) or edges, to bind against.
fn row_of(graph: &Graph, node: bool) -> Relation {
    let schema = if node { graph.node_schema() } else { graph.edges.schema.clone() };
    Relation { open: graph.open, ..Relation::new(Source::OneRow, schema) }
}
