//! Tabular operators.

use super::{Abort, Parsed, Parser};
use crate::ast::{ExpandItem, Expr, Name, NameOrder, NamedExpr, OperatorKind, ParsePart, SortKey};
use crate::lexer::Tok;
use crate::types::Type;

/// Operators of the language, for suggestions.
const OPERATORS: [&str; 49] = [
    "where",
    "project",
    "project-away",
    "project-keep",
    "project-rename",
    "project-reorder",
    "extend",
    "summarize",
    "sort",
    "order",
    "top",
    "take",
    "limit",
    "distinct",
    "count",
    "union",
    "join",
    "lookup",
    "mv-expand",
    "parse",
    "parse-where",
    "filter",
    "serialize",
    "make-series",
    "scan",
    "sample",
    "sample-distinct",
    "top-hitters",
    "reduce",
    "as",
    "getschema",
    "render",
    "evaluate",
    "search",
    "invoke",
    "mv-apply",
    "parse-kv",
    "partition",
    "top-nested",
    "consume",
    "project-by-names",
    "assert-schema",
    "make-graph",
    "graph-match",
    "graph-to-table",
    "graph-shortest-paths",
    "graph-mark-components",
    "graph-where-nodes",
    "graph-where-edges",
];

/// Operators that exist in the language and are not carried out here.
const UNSUPPORTED: [&str; 7] =
    ["find", "fork", "facet", "execute_and_cache", "execute-and-cache", "graph-merge", "macro-expand"];

impl Parser<'_, '_, '_> {
    /// The operator's name, dashes included.
    pub(super) fn operator_word(&mut self) -> Parsed<Name> {
        if self.peek() != Tok::Ident {
            return Err(self.unexpected("an operator, such as where or project"));
        }
        let mut span = self.bump().span;
        while self.peek() == Tok::Minus
            && self.peek_at(1) == Tok::Ident
            && self.span().start == span.end
            && self.span_at(1).start == span.end + 1
        {
            self.bump();
            span = span.to(self.bump().span);
        }
        Ok(Name { text: self.slice(span).to_owned(), span })
    }

    pub(super) fn operator(&mut self) -> Parsed<OperatorKind> {
        let word = self.operator_word()?;
        Ok(match word.text.as_str() {
            "where" | "filter" => {
                self.hints()?;
                OperatorKind::Where(self.expression()?)
            }
            "project" => {
                if self.at_operator_end() {
                    OperatorKind::Project(Vec::new())
                } else {
                    OperatorKind::Project(self.star_or_named_list()?)
                }
            }
            "project-away" => OperatorKind::ProjectAway(self.patterns()?),
            "project-keep" => OperatorKind::ProjectKeep(self.patterns()?),
            "project-rename" => OperatorKind::ProjectRename(self.renames()?),
            "project-reorder" => OperatorKind::ProjectReorder(self.reorders()?),
            "extend" => OperatorKind::Extend(self.named_list()?),
            "summarize" => self.summarize()?,
            "sort" | "order" => {
                self.hints()?;
                self.expect_word("by")?;
                OperatorKind::Sort(self.sort_keys()?)
            }
            "top" => {
                self.hints()?;
                let n = self.expression()?;
                self.expect_word("by")?;
                OperatorKind::Top(n, self.sort_keys()?)
            }
            "take" | "limit" => OperatorKind::Take(self.expression()?),
            "distinct" => {
                self.hints()?;
                OperatorKind::Distinct(self.star_or_named_list()?)
            }
            "count" => {
                let name = if self.eat_word("as") { Some(self.name("a name")?) } else { None };
                OperatorKind::Count(name)
            }
            "union" => OperatorKind::Union(self.union_operands()?),
            "join" => {
                let (settings, right, on) = self.join_parts()?;
                OperatorKind::Join { settings, right, on }
            }
            "lookup" => {
                let (settings, right, on) = self.join_parts()?;
                OperatorKind::Lookup { settings, right, on }
            }
            "mv-expand" | "mvexpand" => self.mv_expand()?,
            "parse" => self.parse_operator(false)?,
            "parse-where" => self.parse_operator(true)?,
            "serialize" => {
                let list = if self.at_operator_end() { Vec::new() } else { self.named_list()? };
                OperatorKind::Serialize(list)
            }
            "make-series" => self.make_series()?,
            "scan" => self.scan()?,
            "sample" => OperatorKind::Sample(self.expression()?),
            "sample-distinct" => {
                let n = self.expression()?;
                self.expect_word("of")?;
                OperatorKind::SampleDistinct(n, self.named_expression()?)
            }
            "top-hitters" => {
                let n = self.expression()?;
                self.expect_word("of")?;
                let of = self.named_expression()?;
                let by = if self.eat_word("by") { Some(self.expression()?) } else { None };
                OperatorKind::TopHitters { n, of, by }
            }
            "reduce" => self.reduce()?,
            "as" => {
                self.hints()?;
                OperatorKind::As(self.name("a name")?)
            }
            "getschema" => OperatorKind::GetSchema,
            "search" => OperatorKind::Search(Box::new(self.search()?)),
            "invoke" => self.invoke()?,
            "render" => self.render()?,
            "evaluate" => self.evaluate()?,
            "mv-apply" | "mvapply" => self.mv_apply()?,
            "parse-kv" => self.parse_kv()?,
            "partition" => self.partition()?,
            "top-nested" => self.top_nested()?,
            "consume" => {
                self.settings()?;
                OperatorKind::Consume
            }
            "project-by-names" => OperatorKind::ProjectByNames(self.expressions()?),
            "assert-schema" => OperatorKind::AssertSchema(self.row_schema()?.1),
            "make-graph" => self.make_graph()?,
            "graph-match" => self.graph_match(false)?,
            "graph-shortest-paths" => self.graph_match(true)?,
            "graph-to-table" => self.graph_to_table()?,
            "graph-mark-components" => OperatorKind::GraphMarkComponents(self.settings()?),
            "graph-where-nodes" => OperatorKind::GraphWhere(true, self.expression()?),
            "graph-where-edges" => OperatorKind::GraphWhere(false, self.expression()?),
            other if UNSUPPORTED.contains(&other) => {
                let name = other.to_owned();
                self.recover();
                OperatorKind::Unsupported(name)
            }
            other => {
                let suggestion = self.sink.nearest(other, OPERATORS);
                let message = format!("'{other}' is not an operator");
                self.sink.error("unknown_operator", word.span, message, suggestion);
                return Err(Abort);
            }
        })
    }

    fn at_operator_end(&self) -> bool {
        matches!(self.peek(), Tok::Pipe | Tok::Semicolon | Tok::End | Tok::CloseParen | Tok::CloseBrace)
    }

    /// Skips `hint.x = y` settings.
    pub(super) fn hints(&mut self) -> Parsed<()> {
        while self.is_word("hint") && self.peek_at(1) == Tok::Dot && self.peek_at(3) == Tok::Assign {
            for _ in 0..5 {
                self.bump();
            }
        }
        Ok(())
    }

    fn renames(&mut self) -> Parsed<Vec<(Name, Name)>> {
        let mut list = Vec::new();
        loop {
            self.one_more(list.len())?;
            let new = self.name("a new name")?;
            self.expect(Tok::Assign, "'='")?;
            list.push((new, self.name("a column")?));
            if !self.eat(Tok::Comma) {
                return Ok(list);
            }
        }
    }

    fn reorders(&mut self) -> Parsed<Vec<(Expr, Option<NameOrder>)>> {
        let mut list = Vec::new();
        loop {
            self.one_more(list.len())?;
            let pattern = self.pattern()?;
            let direction = self.name_order();
            list.push((pattern, direction));
            if !self.eat(Tok::Comma) {
                return Ok(list);
            }
        }
    }

    fn summarize(&mut self) -> Parsed<OperatorKind> {
        self.hints()?;
        let mut aggregates = Vec::new();
        let mut by = Vec::new();
        if !self.is_word("by") {
            aggregates = self.named_list()?;
        }
        if self.eat_word("by") {
            self.hints()?;
            by = self.named_list()?;
        }
        Ok(OperatorKind::Summarize(aggregates, by))
    }

    pub(super) fn sort_keys(&mut self) -> Parsed<Vec<SortKey>> {
        let mut keys = Vec::new();
        loop {
            self.one_more(keys.len())?;
            let expr: NamedExpr = self.named_expression()?;
            let ascending = if self.eat_word("asc") {
                true
            } else {
                self.eat_word("desc");
                false
            };
            let mut nulls_first = None;
            if self.eat_word("nulls") {
                nulls_first = Some(if self.eat_word("first") {
                    true
                } else {
                    self.expect_word("last")?;
                    false
                });
            }
            keys.push(SortKey { expr, ascending, nulls_first });
            if !self.eat(Tok::Comma) {
                return Ok(keys);
            }
        }
    }

    fn join_parts(&mut self) -> Parsed<(Vec<crate::ast::Setting>, Expr, Vec<Expr>)> {
        let settings = self.settings()?;
        let right = self.table_operand()?;
        let mut on = Vec::new();
        if self.eat_word("on") {
            on.push(self.expression()?);
            while self.eat(Tok::Comma) {
                self.one_more(on.len())?;
                on.push(self.expression()?);
            }
        }
        Ok((settings, right, on))
    }

    fn mv_expand(&mut self) -> Parsed<OperatorKind> {
        let settings = self.expand_settings()?;
        let items = self.expand_items()?;
        let limit = if self.eat_word("limit") { Some(self.expression()?) } else { None };
        Ok(OperatorKind::MvExpand { settings, items, limit })
    }

    pub(super) fn expand_settings(&mut self) -> Parsed<Vec<crate::ast::Setting>> {
        let mut settings = Vec::new();
        while matches!(self.word(), "bagexpansion" | "with_itemindex" | "kind")
            && self.peek_at(1) == Tok::Assign
        {
            let name = self.name("a setting")?;
            self.bump();
            let span = self.bump().span;
            let value = Name { text: self.slice(span).to_owned(), span };
            settings.push(crate::ast::Setting { name, value });
        }
        Ok(settings)
    }

    pub(super) fn expand_items(&mut self) -> Parsed<Vec<ExpandItem>> {
        let mut items = Vec::new();
        loop {
            self.one_more(items.len())?;
            let expr = self.named_expression()?;
            let to = if self.eat_word("to") {
                self.expect_word("typeof")?;
                self.expect(Tok::OpenParen, "'('")?;
                let ty = self.type_name()?;
                self.expect(Tok::CloseParen, "')'")?;
                Some(ty)
            } else {
                None
            };
            items.push(ExpandItem { expr, to });
            if !self.eat(Tok::Comma) {
                return Ok(items);
            }
        }
    }

    fn parse_operator(&mut self, filter: bool) -> Parsed<OperatorKind> {
        let settings = self.settings()?;
        let source = self.expression()?;
        self.expect_word("with")?;
        let mut parts = Vec::new();
        while !self.at_operator_end() {
            self.one_more(parts.len())?;
            match self.peek() {
                Tok::Star => {
                    self.bump();
                    parts.push(ParsePart::Star);
                }
                Tok::Str => {
                    let span = self.bump().span;
                    let text = self.decode(span)?;
                    parts.push(ParsePart::Text(text));
                }
                _ => {
                    let name = self.name("a text, a column or *")?;
                    let ty = if self.eat(Tok::Colon) { self.type_name()? } else { Type::String };
                    parts.push(ParsePart::Column(name, ty));
                }
            }
        }
        Ok(OperatorKind::Parse { filter, settings, source, parts })
    }
}
