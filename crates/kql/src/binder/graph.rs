//! Graphs: from rows to nodes and edges, and back to rows.

use std::rc::Rc;

use super::cast::cast;
use super::operator::spoiled;
use super::pattern::Scope;
use super::{Binder, Relation, names};
use crate::ast::{self, OperatorKind, PatternPart};
use crate::diagnostic::Span;
use crate::program::{
    Cycles, Expr, ExprKind, GraphNodes, MatchEdge, MatchNode, MatchOutput, Matching, Operator, Pipeline,
    Source, StageOutput, TableCall, TableFunction,
};
use crate::types::{Schema, Type};

/// Most edges of a pattern, and of all its paths together: the search goes as deep.
const MAX_PATTERN_EDGES: usize = 32;
const MAX_PATTERN_LENGTH: u32 = 256;

/// The columns of a table of nodes before those that the user sees.
pub(super) const ID: &str = "$id";
pub(super) const IN: &str = "$in";
pub(super) const OUT: &str = "$out";
const COMPONENT: &str = "$component";

/// A graph: where its edges and nodes come from.
#[derive(Debug, PartialEq)]
pub(super) struct Graph {
    /// The rows of the edges.
    pub edges: Pipeline,
    /// Source and target of an edge, in one type.
    pub ends: (Expr, Expr),
    /// Tables of nodes with their ids.
    pub(super) tables: Vec<(Pipeline, Expr, Vec<usize>)>,
    /// Columns of the nodes, without the component.
    pub(super) columns: Schema,
    /// Which of them are ids.
    pub(super) ids: Vec<usize>,
    /// The column of the component, and whether components are strong.
    pub(super) component: Option<(String, bool)>,
    /// There are more columns, known only when it runs.
    pub open: bool,
}

impl Graph {
    pub fn key(&self) -> Type {
        self.ends.0.ty
    }

    /// The columns of a node.
    pub fn node_schema(&self) -> Schema {
        let mut schema = self.columns.clone();
        if let Some((name, _)) = &self.component {
            let name = names::unique(&schema, name);
            schema.push(name, Type::Long);
        }
        schema
    }

    /// The nodes as rows: id, degrees, then their columns.
    pub fn nodes(&self) -> Relation {
        let span = Span::default();
        let pair = |pipeline: &Pipeline, list: Vec<(String, Expr)>| {
            let mut relation = Relation::new(pipeline.source.clone(), pipeline.schema.clone());
            relation.operators.clone_from(&pipeline.operators);
            relation.project(list);
            relation.finish()
        };
        let ends = vec![("$from".to_owned(), self.ends.0.clone()), ("$to".to_owned(), self.ends.1.clone())];
        let mut inputs = vec![pair(&self.edges, ends)];
        let mut places = Vec::new();
        for (table, id, own) in &self.tables {
            let mut list = vec![(ID.to_owned(), id.clone())];
            list.extend(table.schema.columns.iter().map(|c| (c.name.clone(), Expr::column(&c.name, c.ty))));
            inputs.push(pair(table, list));
            places.push(own.clone());
        }
        let mut schema = Schema::default();
        schema.push(ID, self.key());
        for name in [IN, OUT, COMPONENT] {
            schema.push(name, Type::Long);
        }
        schema.columns.extend(self.columns.columns.iter().cloned());
        let strong = self.component.as_ref().is_some_and(|(_, strong)| *strong);
        let function = TableFunction::GraphNodes(GraphNodes { places, ids: self.ids.clone(), strong });
        let call = TableCall { function, columns: Vec::new(), inputs, schema: schema.clone() };
        let mut relation = Relation::new(Source::Call(Box::new(call)), schema);
        let mut list: Vec<(String, Expr)> = vec![
            (ID.to_owned(), Expr { span, ..Expr::column(ID, self.key()) }),
            (IN.to_owned(), Expr::column(IN, Type::Long)),
            (OUT.to_owned(), Expr::column(OUT, Type::Long)),
        ];
        list.extend(self.columns.columns.iter().map(|c| (c.name.clone(), Expr::column(&c.name, c.ty))));
        if self.component.is_some()
            && let Some(last) = self.node_schema().columns.last()
        {
            list.push((last.name.clone(), Expr::column(COMPONENT, Type::Long)));
        }
        relation.project(list);
        relation
    }

    /// The edges as rows.
    pub fn edge_rows(&self) -> Relation {
        let mut relation = Relation::new(self.edges.source.clone(), self.edges.schema.clone());
        relation.operators.clone_from(&self.edges.operators);
        relation
    }
}

impl Binder<'_, '_, '_> {
    /// A table that several parts of a plan read, computed once.
    pub(super) fn kept(&mut self, name: &str, mut relation: Relation) -> Pipeline {
        relation.settle();
        let schema = relation.schema.clone();
        let stage = self.stage(Some(name.to_owned()), StageOutput::Materialized, relation);
        Pipeline { source: Source::Stage(stage), operators: Vec::new(), schema }
    }

    pub(super) fn make_graph(
        &mut self,
        input: Relation,
        (source, target): (&ast::Name, &ast::Name),
        tables: &[(ast::Expr, ast::Name)],
        id: Option<&ast::Name>,
    ) -> Relation {
        let row = |name: &ast::Name| ast::Expr {
            kind: ast::ExprKind::Name(name.text.clone()),
            span: name.span,
            depth: 0,
        };
        let (a, b) = (self.scalar(&row(source), &input), self.scalar(&row(target), &input));
        let (Some(a), Some(b)) = (a, b) else { return spoiled(input, true) };
        if [a.ty, b.ty].contains(&Type::Dynamic) && self.open.is_none() {
            self.error("type_mismatch", source.span, "the ends of an edge cannot be dynamic; convert them");
            return spoiled(input, true);
        }
        let Some(ends) = self.meet(a, b, target.span) else { return spoiled(input, true) };
        let key = ends.0.ty;
        let mut open = input.open;
        let mut columns = Schema::default();
        let mut ids = Vec::new();
        let mut bound = Vec::new();
        for (table, own) in tables {
            let Some(relation) = self.table(table) else { return spoiled(input, true) };
            let Some(expr) = self.scalar(&row(own), &relation) else { return spoiled(input, true) };
            if super::common_type(expr.ty, key) != Some(key) {
                let message = format!("the nodes' id is a {}, the ends of the edges are {key}", expr.ty);
                self.error("type_mismatch", own.span, message);
                return spoiled(input, true);
            }
            if relation.poisoned {
                return spoiled(input, true);
            }
            open |= relation.open;
            let mut places = Vec::new();
            for column in &relation.schema.columns {
                let shared = columns.columns.iter().position(|c| *c == *column);
                let at = shared.unwrap_or_else(|| {
                    let name = names::unique(&columns, &column.name);
                    columns.push(name, column.ty);
                    columns.columns.len() - 1
                });
                if column.name == own.text && column.ty == key {
                    ids.push(at);
                }
                places.push(at);
            }
            let pipeline = self.kept("$nodes", relation);
            bound.push((pipeline, cast(expr, key), places));
        }
        if let Some(id) = id {
            let name = names::unique(&columns, &id.text);
            ids.push(columns.columns.len());
            columns.push(name, key);
        }
        if input.poisoned {
            return spoiled(input, true);
        }
        let edges = self.kept("$edges", input);
        let graph = Graph { edges, ends, tables: bound, columns, ids, component: None, open };
        Relation { graph: Some(Rc::new(graph)), ..Relation::new(Source::OneRow, Schema::default()) }
    }

    /// An operator on a graph.
    pub(super) fn graph_operator(&mut self, input: Relation, operator: &ast::Operator) -> Relation {
        let Some(graph) = input.graph.clone() else { return Relation::broken() };
        if !self.count(graph.edges.schema.columns.len() + graph.columns.columns.len(), operator.span) {
            return Relation::broken();
        }
        match &operator.kind {
            OperatorKind::GraphMatch { shortest, settings, patterns, condition, project } => self
                .graph_match(
                    &graph,
                    *shortest,
                    settings,
                    patterns,
                    (condition.as_ref(), project),
                    operator.span,
                )
                .unwrap_or_else(Relation::broken),
            OperatorKind::GraphToTable(tables) => self.graph_to_table(&graph, tables, operator.span),
            OperatorKind::GraphMarkComponents(settings) => {
                let (mut name, mut strong) = ("ComponentId".to_owned(), false);
                for setting in settings {
                    match (setting.name.text.as_str(), setting.value.text.as_str()) {
                        ("kind", "weak") => strong = false,
                        ("kind", "strong") => strong = true,
                        ("with_component_id", value) => value.clone_into(&mut name),
                        (other, _) => {
                            let message = format!("'{other}' is not a setting of graph-mark-components");
                            self.error("unknown_setting", setting.name.span, message);
                            return Relation::broken();
                        }
                    }
                }
                let marked = Graph {
                    edges: graph.edges.clone(),
                    ends: graph.ends.clone(),
                    tables: graph.tables.clone(),
                    columns: graph.columns.clone(),
                    ids: graph.ids.clone(),
                    component: Some((name, strong)),
                    open: graph.open,
                };
                Relation { graph: Some(Rc::new(marked)), ..input }
            }
            OperatorKind::GraphWhere(nodes, predicate) => self
                .graph_where(&graph, *nodes, predicate)
                .map_or_else(Relation::broken, |graph| Relation { graph: Some(Rc::new(graph)), ..input }),
            OperatorKind::As(name) => {
                self.define(&name.text, super::Binding::Graph(graph));
                input
            }
            OperatorKind::Unsupported(name) => {
                self.unsupported(&format!("the operator '{name}'"), operator.span);
                Relation::broken()
            }
            OperatorKind::Error => Relation::broken(),
            _ => {
                let message = "a graph goes to graph-match, graph-to-table, graph-shortest-paths, \
                    graph-mark-components, graph-where-nodes or graph-where-edges only";
                self.error("table_expected", operator.span, message);
                Relation::broken()
            }
        }
    }

    /// One table, or several that only get names.
    fn graph_to_table(&mut self, graph: &Graph, tables: &[ast::GraphTable], span: Span) -> Relation {
        let mut last = Relation::broken();
        for table in tables {
            if tables.len() > 1 && table.name.is_none() {
                self.error(
                    "syntax_error",
                    table.span,
                    "each of several tables needs a name: nodes as N, edges as E",
                );
                return Relation::broken();
            }
            last = self.graph_table(graph, table, span);
        }
        last
    }

    fn graph_table(&mut self, graph: &Graph, table: &ast::GraphTable, span: Span) -> Relation {
        // Ids are hashes of the ends.
        let hash =
            |expr: Expr| Expr::new(ExprKind::Call { function: "hash", args: vec![expr] }, Type::Long, span);
        let mut list: Vec<(String, Expr)> = Vec::new();
        for setting in &table.settings {
            let of = match (setting.name.text.as_str(), table.nodes) {
                ("with_node_id", true) => Expr::column(ID, graph.key()),
                ("with_source_id", false) => graph.ends.0.clone(),
                ("with_target_id", false) => graph.ends.1.clone(),
                (other, _) => {
                    let message = format!("'{other}' is not a setting of graph-to-table here");
                    self.error("unknown_setting", setting.name.span, message);
                    return Relation::broken();
                }
            };
            list.push((setting.value.text.clone(), hash(of)));
        }
        let (mut relation, schema) = if table.nodes {
            (graph.nodes(), graph.node_schema())
        } else {
            (graph.edge_rows(), graph.edges.schema.clone())
        };
        for column in &schema.columns {
            if !list.iter().any(|(n, _)| *n == column.name) {
                list.push((column.name.clone(), Expr::column(&column.name, column.ty)));
            }
        }
        relation.project(list);
        relation.open = graph.open;
        if let Some(name) = &table.name {
            let stage = self.stage(Some(name.text.clone()), StageOutput::Table, relation);
            self.define(&name.text, super::Binding::Stage(stage));
            let schema = self.stages.get(stage).map(|s| s.pipeline.schema.clone()).unwrap_or_default();
            return Relation { open: graph.open, ..Relation::new(Source::Stage(stage), schema) };
        }
        relation
    }

    fn graph_match(
        &mut self,
        graph: &Rc<Graph>,
        shortest: bool,
        settings: &[ast::Setting],
        patterns: &[Vec<PatternPart>],
        (condition, project): (Option<&ast::Expr>, &[ast::NamedExpr]),
        span: Span,
    ) -> Option<Relation> {
        let mut cycles = Cycles::UniqueEdges;
        let mut all = false;
        for setting in settings {
            match (setting.name.text.as_str(), setting.value.text.as_str(), shortest) {
                ("cycles", "all", false) => cycles = Cycles::All,
                ("cycles", "none", false) => cycles = Cycles::None,
                ("cycles", "unique_edges", false) => cycles = Cycles::UniqueEdges,
                ("output", "all", true) => all = true,
                ("output", "any", true) => all = false,
                (other, _, _) if other.starts_with("hint.") => {}
                (other, value, _) => {
                    let message = format!("the setting '{other}={value}' does not belong here");
                    self.error("unknown_setting", setting.name.span, message);
                    return None;
                }
            }
        }
        let (scope, nodes, edges) = self.variables(graph, patterns)?;
        if shortest && (edges.len() != 1 || edges.iter().any(|e| e.hops.is_none())) {
            self.error(
                "syntax_error",
                span,
                "graph-shortest-paths takes one pattern such as (a)-[e*1..5]->(b)",
            );
            return None;
        }
        let outer = self.pattern.replace(scope);
        let found = self.match_parts(condition, project, span);
        let scope = std::mem::replace(&mut self.pattern, outer)?;
        let (residual, finals) = found?;
        let mut matching =
            Matching { nodes, edges, outputs: Vec::new(), cycles, shortest: shortest.then_some(all) };
        Some(scope.finish(graph, &mut matching, residual, finals))
    }

    /// The variables of the patterns.
    fn variables(
        &mut self,
        graph: &Rc<Graph>,
        patterns: &[Vec<PatternPart>],
    ) -> Option<(Scope, Vec<MatchNode>, Vec<MatchEdge>)> {
        let edge_parts = patterns.iter().flatten().filter_map(|p| match p {
            PatternPart::Edge { hops, span, .. } => Some((hops.map_or(1, |h| h.1), *span)),
            PatternPart::Node(_) => None,
        });
        let (mut count, mut length) = (0, 0);
        for (most, span) in edge_parts {
            count += 1;
            length += most;
            if count > MAX_PATTERN_EDGES || length > MAX_PATTERN_LENGTH {
                let message = format!(
                    "a pattern has at most {MAX_PATTERN_EDGES} edges, whose paths are at most \
                     {MAX_PATTERN_LENGTH} edges long together"
                );
                self.error("query_limit", span, message);
                return None;
            }
        }
        let mut scope = Scope::new(graph);
        let mut nodes: Vec<MatchNode> = Vec::new();
        let mut edges: Vec<MatchEdge> = Vec::new();
        for pattern in patterns {
            let mut left: Option<usize> = None;
            let mut waiting: Option<MatchEdge> = None;
            for part in pattern {
                match part {
                    PatternPart::Node(name) => {
                        let known = name.as_ref().and_then(|n| scope.node(&n.text));
                        let at = known.unwrap_or_else(|| {
                            nodes.push(MatchNode { conditions: Vec::new() });
                            nodes.len() - 1
                        });
                        if let Some(name) = name
                            && !scope.add_node(&name.text, at)
                        {
                            let message = format!("'{}' is an edge of the pattern already", name.text);
                            self.error("duplicate_column", name.span, message);
                            return None;
                        }
                        if let Some(mut edge) = waiting.take() {
                            edge.left = left.unwrap_or(at);
                            edge.right = at;
                            edges.push(edge);
                        }
                        left = Some(at);
                    }
                    PatternPart::Edge { name, hops, forward, backward, .. } => {
                        if let Some(name) = name
                            && !scope.add_edge(&name.text, edges.len(), hops.is_some())
                        {
                            let message = format!("'{}' stands in the pattern already", name.text);
                            self.error("duplicate_column", name.span, message);
                            return None;
                        }
                        // Without a tip, or with both, either direction will do.
                        let either = forward == backward;
                        waiting = Some(MatchEdge {
                            left: 0,
                            right: 0,
                            forward: *forward || either,
                            backward: *backward || either,
                            hops: *hops,
                            conditions: Vec::new(),
                            inner: Vec::new(),
                        });
                    }
                }
            }
        }
        Some((scope, nodes, edges))
    }

    /// The conditions, one by one, and the columns of the outcome.
    #[allow(clippy::type_complexity)]
    fn match_parts(
        &mut self,
        condition: Option<&ast::Expr>,
        project: &[ast::NamedExpr],
        span: Span,
    ) -> Option<(Vec<Expr>, Vec<(String, Expr)>)> {
        let row = Relation::new(Source::OneRow, Schema::default());
        let mut conditions = Vec::new();
        let mut rest: Vec<&ast::Expr> = condition.into_iter().collect();
        while let Some(part) = rest.pop() {
            match &part.kind {
                ast::ExprKind::And(parts) => rest.extend(parts.iter().rev()),
                _ => conditions.push(self.predicate(part, &row)?),
            }
        }
        let mut finals: Vec<(String, Expr)> = Vec::new();
        let mut output = Schema::default();
        let mut unnamed = 0;
        if project.is_empty() {
            // Each variable as it is.
            for name in self.pattern.as_ref()?.names() {
                let variable = ast::ExprKind::Name(name.clone());
                let expr = self.scalar(&ast::Expr { kind: variable, span, depth: 0 }, &row)?;
                finals.push((name, expr));
            }
            return Some((conditions, finals));
        }
        for item in project {
            let expr = self.scalar(&item.expr, &row)?;
            let name = self.column_name(item, &mut unnamed, &output);
            if let Some(given) = item.names.first()
                && output.get(&given.text).is_some()
            {
                self.error("duplicate_column", given.span, format!("the column '{name}' is given twice"));
                return None;
            }
            output.push(&name, expr.ty);
            finals.push((name, expr));
        }
        Some((conditions, finals))
    }
}

/// A call of a function over the nodes and edges, as a source.
pub(super) fn matched(graph: &Graph, matching: Matching, edges: Relation, nodes: Relation) -> Relation {
    let mut schema = Schema::default();
    for (at, MatchOutput { ty, .. }) in matching.outputs.iter().enumerate() {
        schema.push(super::pattern::output_name(at), *ty);
    }
    let call = TableCall {
        function: TableFunction::Match(Box::new(matching)),
        columns: Vec::new(),
        inputs: vec![edges.finish(), nodes.finish()],
        schema: schema.clone(),
    };
    Relation { open: graph.open, ..Relation::new(Source::Call(Box::new(call)), schema) }
}

/// The rows that fulfil all conditions.
pub(super) fn filtered(relation: &mut Relation, conditions: Vec<Expr>) {
    relation.operators.extend(conditions.into_iter().map(Operator::Filter));
}
