//! Tabular operators with sub-queries, levels, schemas and properties.

use super::{Parsed, Parser};
use crate::ast::{Expr, Name, NameOrder, Operator, OperatorKind, SubQuery, TopNested};
use crate::lexer::Tok;
use crate::program::Render;
use crate::types::Type;

impl Parser<'_, '_, '_> {
    pub(super) fn expressions(&mut self) -> Parsed<Vec<Expr>> {
        let mut list = vec![self.expression()?];
        while self.eat(Tok::Comma) {
            self.one_more(list.len())?;
            list.push(self.expression()?);
        }
        Ok(list)
    }

    /// `asc`, `desc`, `granny-asc`, `granny-desc`
    pub(super) fn name_order(&mut self) -> Option<NameOrder> {
        if self.eat_word("asc") {
            return Some(NameOrder::Ascending);
        }
        if self.eat_word("desc") {
            return Some(NameOrder::Descending);
        }
        if self.is_word("granny") && self.peek_at(1) == Tok::Minus {
            let order = match self.word_at(2) {
                "asc" => NameOrder::NumbersAscending,
                "desc" => NameOrder::NumbersDescending,
                _ => return None,
            };
            for _ in 0..3 {
                self.bump();
            }
            return Some(order);
        }
        None
    }

    /// `render kind with (a=b, …)`, or with its properties unbracketed.
    pub(super) fn render(&mut self) -> Parsed<OperatorKind> {
        let kind = self.name("a kind of chart")?.text;
        let mut properties = Vec::new();
        let bracketed = self.eat_word("with") && self.eat(Tok::OpenParen);
        while self.name_and_assign_ahead() {
            self.one_more(properties.len())?;
            let name = self.name("a property")?.text;
            self.bump();
            let mut values = vec![self.property()?];
            // A comma ends the value where another property follows.
            while self.peek() == Tok::Comma && !(bracketed && self.peek_at(2) == Tok::Assign) {
                self.bump();
                self.one_more(values.len())?;
                values.push(self.property()?);
            }
            properties.push((name, values.join(", ")));
            if bracketed {
                self.eat(Tok::Comma);
            }
        }
        if bracketed {
            self.expect(Tok::CloseParen, "a property or ')'")?;
        }
        Ok(OperatorKind::Render(Render { kind, properties }))
    }

    /// A text, a number, a date or a name.
    fn property(&mut self) -> Parsed<String> {
        let span = self.span();
        match self.peek() {
            Tok::Str => {
                self.bump();
                self.decode(span)
            }
            Tok::OpenBracket => Ok(self.name("a value")?.text),
            Tok::Minus => {
                let end = {
                    self.bump();
                    self.bump().span
                };
                Ok(self.slice(span.to(end)).to_owned())
            }
            Tok::Ident | Tok::Long | Tok::Real | Tok::Timespan | Tok::Typed | Tok::Hex => {
                self.bump();
                Ok(self.slice(span).to_owned())
            }
            _ => Err(self.unexpected("a value")),
        }
    }

    pub(super) fn evaluate(&mut self) -> Parsed<OperatorKind> {
        self.hints()?;
        let name = self.name("a plugin, such as bag_unpack")?;
        if self.peek() != Tok::OpenParen {
            return Err(self.unexpected("'('"));
        }
        let args = self.arguments()?;
        let schema = if self.eat(Tok::Colon) { Some(self.row_schema()?) } else { None };
        Ok(OperatorKind::Evaluate { name, args, schema })
    }

    /// `(a: long, …)`; true when a `*` is among the columns.
    pub(super) fn row_schema(&mut self) -> Parsed<(bool, Vec<(Name, Type)>)> {
        self.expect(Tok::OpenParen, "'('")?;
        let mut star = false;
        let mut columns = Vec::new();
        while self.peek() != Tok::CloseParen {
            if self.eat(Tok::Star) {
                star = true;
            } else {
                self.one_more(columns.len())?;
                let name = self.name("a column")?;
                self.expect(Tok::Colon, "':'")?;
                columns.push((name, self.type_name()?));
            }
            if !self.eat(Tok::Comma) {
                break;
            }
        }
        self.expect(Tok::CloseParen, "',' or ')'")?;
        Ok((star, columns))
    }

    /// Operators up to a closing bracket; the first has no `|` before it.
    fn sub_operators(&mut self, close: Tok) -> Parsed<Vec<Operator>> {
        self.nest(|p| {
            let mut operators = Vec::new();
            p.eat(Tok::Pipe);
            loop {
                p.one_more(operators.len())?;
                let start = p.span();
                let kind = p.operator()?;
                operators.push(Operator { kind, span: start.to(p.previous_end()) });
                if !p.eat(Tok::Pipe) {
                    break;
                }
            }
            p.expect(close, "'|' or the end of the sub-query")?;
            Ok(operators)
        })
    }

    pub(super) fn mv_apply(&mut self) -> Parsed<OperatorKind> {
        let settings = self.expand_settings()?;
        let items = self.expand_items()?;
        let limit = if self.eat_word("limit") { Some(self.expression()?) } else { None };
        self.expect_word("on")?;
        self.expect(Tok::OpenParen, "'('")?;
        let operators = self.sub_operators(Tok::CloseParen)?;
        Ok(OperatorKind::MvApply { settings, items, limit, operators })
    }

    pub(super) fn parse_kv(&mut self) -> Parsed<OperatorKind> {
        let source = self.expression()?;
        self.expect_word("as")?;
        let (_, columns) = self.row_schema()?;
        let mut options = Vec::new();
        if self.eat_word("with") {
            self.expect(Tok::OpenParen, "'('")?;
            while self.peek() != Tok::CloseParen {
                self.one_more(options.len())?;
                let name = self.name("an option, such as pair_delimiter")?;
                self.expect(Tok::Assign, "'='")?;
                options.push((name, self.expression()?));
                if !self.eat(Tok::Comma) {
                    break;
                }
            }
            self.expect(Tok::CloseParen, "',' or ')'")?;
        }
        Ok(OperatorKind::ParseKv { source, columns, options })
    }

    /// `reduce kind=… by text with threshold=…, characters=…`
    pub(super) fn reduce(&mut self) -> Parsed<OperatorKind> {
        let settings = self.settings()?;
        self.expect_word("by")?;
        let text = self.expression()?;
        let mut options = Vec::new();
        if self.eat_word("with") {
            loop {
                self.one_more(options.len())?;
                let name = self.name("an option, such as threshold")?;
                self.expect(Tok::Assign, "'='")?;
                options.push((name, self.expression()?));
                if !self.eat(Tok::Comma) {
                    break;
                }
            }
        }
        Ok(OperatorKind::Reduce { settings, text, options })
    }

    pub(super) fn partition(&mut self) -> Parsed<OperatorKind> {
        let mut settings = self.settings()?;
        self.expect_word("by")?;
        settings.extend(self.settings()?);
        let by = self.pattern()?;
        let query = if self.eat(Tok::OpenBrace) {
            let query = self.nest(Self::tabular)?;
            self.expect(Tok::CloseBrace, "'|' or '}'")?;
            SubQuery::Query(Box::new(query))
        } else {
            self.expect(Tok::OpenParen, "'(' or '{'")?;
            SubQuery::Operators(self.sub_operators(Tok::CloseParen)?)
        };
        Ok(OperatorKind::Partition { settings, by, query })
    }

    pub(super) fn top_nested(&mut self) -> Parsed<OperatorKind> {
        let mut levels = Vec::new();
        loop {
            self.one_more(levels.len())?;
            let count = if self.is_word("of") { None } else { Some(self.expression()?) };
            self.expect_word("of")?;
            let of = self.named_expression()?;
            let others = if self.eat_word("with") {
                self.expect_word("others")?;
                self.expect(Tok::Assign, "'='")?;
                Some(self.expression()?)
            } else {
                None
            };
            self.expect_word("by")?;
            let by = self.named_expression()?;
            let ascending = self.eat_word("asc") || {
                self.eat_word("desc");
                false
            };
            levels.push(TopNested { count, of, others, by, ascending });
            if !self.eat(Tok::Comma) {
                return Ok(OperatorKind::TopNested(levels));
            }
            let word = self.operator_word()?;
            if word.text != "top-nested" {
                self.sink.error("syntax_error", word.span, "expected 'top-nested'".to_owned(), None);
                return Err(super::Abort);
            }
        }
    }
}
