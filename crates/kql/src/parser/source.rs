//! Tabular expressions: sources and the pipe.

use super::{Parsed, Parser};
use crate::ast::{Expr, ExprKind, Name, NamedExpr, Operator, OperatorKind, Setting, Union};
use crate::lexer::Tok;
use crate::types::Type;

impl Parser<'_, '_, '_> {
    /// A scalar or tabular expression, with the operators that follow it.
    pub(super) fn tabular(&mut self) -> Parsed<Expr> {
        // Each way round the grammar passes `expression`, which counts the depth.
        let source = self.source()?;
        if self.peek() != Tok::Pipe {
            return Ok(source);
        }
        let mut operators = Vec::new();
        while self.peek() == Tok::Pipe {
            let start = self.bump().span;
            let kind = match self.operator() {
                Ok(kind) => kind,
                Err(_) => {
                    self.recover();
                    OperatorKind::Error
                }
            };
            let ended = matches!(
                self.peek(),
                Tok::Pipe
                    | Tok::Semicolon
                    | Tok::End
                    | Tok::CloseParen
                    | Tok::CloseBrace
                    | Tok::Comma
                    | Tok::CloseBracket
            );
            if !ended {
                self.unexpected("'|', ';' or the end of the query");
                self.recover();
            }
            operators.push(Operator { kind, span: start.to(self.previous_end()) });
        }
        let span = source.span.to(self.previous_end());
        let depth = source.depth;
        self.node(ExprKind::Pipe(Box::new(source), operators), span, depth)
    }

    fn source(&mut self) -> Parsed<Expr> {
        if self.peek() != Tok::Ident {
            return self.expression();
        }
        let span = self.span();
        // A word that starts a source can also be a plain name; what follows decides.
        let operand = !matches!(
            self.peek_at(1),
            Tok::Pipe
                | Tok::Semicolon
                | Tok::End
                | Tok::Comma
                | Tok::CloseParen
                | Tok::Dot
                | Tok::Assign
                | Tok::Equal
                | Tok::NotEqual
                | Tok::Plus
                | Tok::Slash
                | Tok::CloseBracket
        );
        let kind = match self.word() {
            "datatable" if self.peek_at(1) == Tok::OpenParen => self.datatable()?,
            "externaldata" | "external_data" if self.peek_at(1) == Tok::OpenParen => self.external()?,
            "print" if operand => {
                self.bump();
                ExprKind::Print(self.named_list()?)
            }
            "range" if self.peek_at(1) == Tok::Ident && self.word_at(2) == "from" => self.range()?,
            "union" if operand => {
                self.bump();
                ExprKind::Union(self.union_operands()?)
            }
            "search" if operand => {
                self.bump();
                ExprKind::Search(Box::new(self.search()?))
            }
            "find" if operand => {
                self.bump();
                ExprKind::Find(Box::new(self.find()?))
            }
            _ => return self.expression(),
        };
        self.node(kind, span.to(self.previous_end()), 0)
    }

    fn datatable(&mut self) -> Parsed<ExprKind> {
        self.bump();
        let columns = self.columns()?;
        // `with (ignoreFirstRecord=true)` has no effect here.
        if self.eat_word("with") {
            self.expect(Tok::OpenParen, "'('")?;
            while !matches!(self.peek(), Tok::CloseParen | Tok::End) {
                self.bump();
            }
            self.expect(Tok::CloseParen, "')'")?;
        }
        self.expect(Tok::OpenBracket, "'['")?;
        let mut cells = Vec::new();
        while self.peek() != Tok::CloseBracket {
            cells.push(self.expression()?);
            if !self.eat(Tok::Comma) {
                break;
            }
        }
        self.expect(Tok::CloseBracket, "',' or ']'")?;
        Ok(ExprKind::Datatable(columns, cells))
    }

    /// `(a: long, b: string)`.
    pub(super) fn columns(&mut self) -> Parsed<Vec<(Name, Type)>> {
        self.expect(Tok::OpenParen, "'('")?;
        let mut columns = Vec::new();
        while self.peek() != Tok::CloseParen {
            let name = self.name("a column")?;
            self.expect(Tok::Colon, "':'")?;
            self.one_more(columns.len())?;
            columns.push((name, self.type_name()?));
            if !self.eat(Tok::Comma) {
                break;
            }
        }
        self.expect(Tok::CloseParen, "',' or ')'")?;
        Ok(columns)
    }

    fn range(&mut self) -> Parsed<ExprKind> {
        self.bump();
        let name = self.name("a column")?;
        self.expect_word("from")?;
        let from = Box::new(self.expression()?);
        self.expect_word("to")?;
        let to = Box::new(self.expression()?);
        self.expect_word("step")?;
        let step = Box::new(self.expression()?);
        Ok(ExprKind::Range { name, from, to, step })
    }

    /// Settings such as `kind=inner hint.strategy=shuffle`.
    pub(super) fn settings(&mut self) -> Parsed<Vec<Setting>> {
        let mut settings = Vec::new();
        loop {
            let dotted = self.peek() == Tok::Ident
                && self.peek_at(1) == Tok::Dot
                && self.peek_at(2) == Tok::Ident
                && self.peek_at(3) == Tok::Assign;
            let plain = self.peek() == Tok::Ident && self.peek_at(1) == Tok::Assign;
            if !dotted && !plain {
                return Ok(settings);
            }
            let mut name = self.name("a setting")?;
            if dotted {
                self.bump();
                let rest = self.name("a setting")?;
                name.text = format!("{}.{}", name.text, rest.text);
            }
            self.bump();
            let span = self.bump().span;
            let text = self.slice(span).to_owned();
            settings.push(Setting { name, value: crate::ast::Name { text, span } });
        }
    }

    pub(super) fn union_operands(&mut self) -> Parsed<Union> {
        let settings = self.settings()?;
        let mut tables = vec![self.table_operand()?];
        while self.eat(Tok::Comma) {
            tables.push(self.table_operand()?);
        }
        Ok(Union { settings, tables })
    }

    /// A table: a name, a wildcard pattern, or a query in parentheses.
    pub(super) fn table_operand(&mut self) -> Parsed<Expr> {
        if self.peek() == Tok::OpenParen {
            return self.nest(|p| {
                let start = p.bump().span;
                let inner = p.tabular()?;
                let end = p.expect(Tok::CloseParen, "')'")?.span;
                Ok(Expr { span: start.to(end), ..inner })
            });
        }
        if matches!(self.word(), "datatable" | "externaldata" | "external_data")
            && self.peek_at(1) == Tok::OpenParen
        {
            return self.nest(Self::source);
        }
        if self.peek() == Tok::Ident && self.peek_at(1) == Tok::OpenParen {
            return self.additive();
        }
        self.pattern()
    }

    /// A name or a pattern with `*`, such as `Device*`.
    pub(super) fn pattern(&mut self) -> Parsed<Expr> {
        if self.peek() == Tok::OpenBracket {
            let name = self.name("a column")?;
            return self.node(ExprKind::Name(name.text), name.span, 0);
        }
        let start = self.span();
        if !matches!(self.peek(), Tok::Ident | Tok::Star) {
            return Err(self.unexpected("a name"));
        }
        let mut end = self.bump().span;
        let mut wild = self.slice(end) == "*";
        let alone = wild;
        while matches!(self.peek(), Tok::Ident | Tok::Star | Tok::Long) && self.span().start == end.end {
            end = self.bump().span;
            wild |= self.slice(end) == "*";
        }
        let span = start.to(end);
        let text = self.slice(span).to_owned();
        let kind = if alone && text == "*" {
            ExprKind::Star
        } else if wild {
            ExprKind::Wildcard(text)
        } else {
            ExprKind::Name(text)
        };
        self.node(kind, span, 0)
    }

    pub(super) fn patterns(&mut self) -> Parsed<Vec<Expr>> {
        let mut list = vec![self.pattern()?];
        while self.eat(Tok::Comma) {
            self.one_more(list.len())?;
            list.push(self.pattern()?);
        }
        Ok(list)
    }

    /// An expression list that may hold `*` and patterns, as in `distinct *`.
    pub(super) fn star_or_named_list(&mut self) -> Parsed<Vec<NamedExpr>> {
        if self.peek() == Tok::Star && !matches!(self.peek_at(1), Tok::Ident) {
            let expr = self.pattern()?;
            return Ok(vec![NamedExpr { names: Vec::new(), expr }]);
        }
        self.named_list()
    }
}
