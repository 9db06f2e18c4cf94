//! Graph operators and patterns.

use super::{Abort, Parsed, Parser};
use crate::ast::{GraphTable, Name, OperatorKind, PatternPart, Setting};
use crate::lexer::Tok;

/// Longest path of a variable-length edge that can be asked for.
const MAX_HOPS: u32 = 64;

impl Parser<'_, '_, '_> {
    /// `source --> target [with T on id, …] [with_node_id=name]`
    pub(super) fn make_graph(&mut self) -> Parsed<OperatorKind> {
        self.hints()?;
        let source = self.name("the column of the edges' sources")?;
        self.expect(Tok::Minus, "'-->'")?;
        self.expect(Tok::Minus, "'-->'")?;
        self.expect(Tok::Greater, "'-->'")?;
        let target = self.name("the column of the edges' targets")?;
        let mut nodes = Vec::new();
        let mut id = None;
        if self.eat_word("with") {
            loop {
                self.one_more(nodes.len())?;
                let table = self.table_operand()?;
                self.expect_word("on")?;
                nodes.push((table, self.name("the column of the nodes' ids")?));
                if !self.eat(Tok::Comma) {
                    break;
                }
            }
        }
        if self.is_word("with_node_id") && self.peek_at(1) == Tok::Assign {
            self.bump();
            self.bump();
            id = Some(self.name("a column")?);
        }
        if self.is_word("partitioned-by") || self.is_word("partitioned") {
            let span = self.span();
            let message = "make-graph partitioned-by is not supported".to_owned();
            self.sink.error("not_supported", span, message, None);
            return Err(Abort);
        }
        Ok(OperatorKind::MakeGraph { source, target, nodes, id })
    }

    pub(super) fn graph_match(&mut self, shortest: bool) -> Parsed<OperatorKind> {
        let settings = self.settings()?;
        let mut patterns = Vec::new();
        loop {
            self.one_more(patterns.len())?;
            patterns.push(self.graph_pattern()?);
            if !self.eat(Tok::Comma) {
                break;
            }
        }
        let condition = if self.eat_word("where") { Some(self.expression()?) } else { None };
        let project = if self.eat_word("project") { self.named_list()? } else { Vec::new() };
        Ok(OperatorKind::GraphMatch { shortest, settings, patterns, condition, project })
    }

    fn graph_pattern(&mut self) -> Parsed<Vec<PatternPart>> {
        let mut parts = vec![self.graph_node()?];
        while matches!(self.peek(), Tok::Minus | Tok::Less) {
            self.one_more(parts.len())?;
            parts.push(self.graph_edge()?);
            parts.push(self.graph_node()?);
        }
        Ok(parts)
    }

    fn graph_node(&mut self) -> Parsed<PatternPart> {
        self.expect(Tok::OpenParen, "a node, such as (n)")?;
        let name = if self.peek() == Tok::CloseParen { None } else { Some(self.name("a variable")?) };
        self.expect(Tok::CloseParen, "')'")?;
        Ok(PatternPart::Node(name))
    }

    fn graph_edge(&mut self) -> Parsed<PatternPart> {
        let start = self.span();
        let backward = self.eat(Tok::Less);
        self.expect(Tok::Minus, "'-'")?;
        let mut name = None;
        let mut hops = None;
        if self.eat(Tok::OpenBracket) {
            if self.peek() == Tok::Ident {
                name = Some(self.name("a variable")?);
            }
            if self.eat(Tok::Star) {
                let least = self.hop_count()?;
                self.expect(Tok::DotDot, "'..'")?;
                let most = self.hop_count()?;
                if least > most || most == 0 {
                    let span = self.previous_end();
                    let message = "a path has at least one edge, and no more at least than at most";
                    self.sink.error("invalid_literal", span, message.to_owned(), None);
                    return Err(Abort);
                }
                hops = Some((least, most));
            }
            self.expect(Tok::CloseBracket, "']'")?;
        }
        self.expect(Tok::Minus, "'-'")?;
        let forward = self.eat(Tok::Greater);
        Ok(PatternPart::Edge { name, hops, forward, backward, span: start.to(self.previous_end()) })
    }

    fn hop_count(&mut self) -> Parsed<u32> {
        let span = self.expect(Tok::Long, "a number of edges")?.span;
        match self.slice(span).parse::<u32>() {
            Ok(n) if n <= MAX_HOPS => Ok(n),
            _ => {
                let message = format!("a path has at most {MAX_HOPS} edges");
                self.sink.error("query_limit", span, message, None);
                Err(Abort)
            }
        }
    }

    /// `nodes [as name] [with_node_id=x], edges [as name] [with_source_id=x] [with_target_id=y]`
    pub(super) fn graph_to_table(&mut self) -> Parsed<OperatorKind> {
        let mut tables = Vec::new();
        loop {
            self.one_more(tables.len())?;
            let span = self.span();
            let nodes = if self.eat_word("nodes") {
                true
            } else {
                self.expect_word("edges")?;
                false
            };
            let name: Option<Name> = if self.eat_word("as") { Some(self.name("a name")?) } else { None };
            let settings: Vec<Setting> = self.settings()?;
            tables.push(GraphTable { nodes, name, settings, span: span.to(self.previous_end()) });
            if !self.eat(Tok::Comma) {
                return Ok(OperatorKind::GraphToTable(tables));
            }
        }
    }
}
