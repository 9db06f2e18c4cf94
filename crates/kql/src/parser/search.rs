//! `externaldata`, `search`, `find` and `invoke`.

use super::{Abort, Parsed, Parser};
use crate::ast::{Expr, ExprKind, External, Find, FindColumns, OperatorKind, Search};
use crate::lexer::Tok;

impl Parser<'_, '_, '_> {
    /// `externaldata(a: string)[url, …] with (format='csv')`.
    pub(super) fn external(&mut self) -> Parsed<ExprKind> {
        self.bump();
        let columns = self.columns()?;
        self.expect(Tok::OpenBracket, "'['")?;
        let mut urls = Vec::new();
        while self.peek() != Tok::CloseBracket {
            self.one_more(urls.len())?;
            urls.push(self.expression()?);
            if !self.eat(Tok::Comma) {
                break;
            }
        }
        self.expect(Tok::CloseBracket, "',' or ']'")?;
        let mut properties = Vec::new();
        if self.eat_word("with") {
            self.expect(Tok::OpenParen, "'('")?;
            while self.peek() != Tok::CloseParen {
                self.one_more(properties.len())?;
                let name = self.name("a property")?;
                self.expect(Tok::Assign, "'='")?;
                properties.push((name, self.expression()?));
                if !self.eat(Tok::Comma) {
                    break;
                }
            }
            self.expect(Tok::CloseParen, "',' or ')'")?;
        }
        Ok(ExprKind::External(Box::new(External { columns, urls, properties })))
    }

    /// What follows the word `search`.
    pub(super) fn search(&mut self) -> Parsed<Search> {
        let settings = self.settings()?;
        let tables = if self.is_word("in") { self.in_tables()? } else { Vec::new() };
        let condition = self.search_condition()?;
        Ok(Search { settings, tables, condition })
    }

    /// What follows the word `find`.
    pub(super) fn find(&mut self) -> Parsed<Find> {
        let settings = self.settings()?;
        let tables = if self.is_word("in") { self.in_tables()? } else { Vec::new() };
        self.eat_word("where");
        let condition = self.search_condition()?;
        let mut project = None;
        let mut away = Vec::new();
        while self.is_word("project") {
            self.bump();
            if !self.eat(Tok::Minus) {
                project = Some(self.find_columns()?);
            } else if self.eat_word("away") {
                away = self.patterns()?;
            } else {
                self.expect_word("smart")?;
            }
        }
        Ok(Find { settings, tables, condition, project, away })
    }

    fn in_tables(&mut self) -> Parsed<Vec<Expr>> {
        self.bump();
        self.expect(Tok::OpenParen, "'('")?;
        let mut tables = vec![self.table_operand()?];
        while self.eat(Tok::Comma) {
            self.one_more(tables.len())?;
            tables.push(self.table_operand()?);
        }
        self.expect(Tok::CloseParen, "',' or ')'")?;
        Ok(tables)
    }

    fn search_condition(&mut self) -> Parsed<Expr> {
        let outer = std::mem::replace(&mut self.searching, true);
        let condition = self.expression();
        self.searching = outer;
        condition
    }

    fn find_columns(&mut self) -> Parsed<FindColumns> {
        let mut found = FindColumns { columns: Vec::new(), pack: false };
        loop {
            self.one_more(found.columns.len())?;
            if self.is_word("pack") && self.peek_at(1) == Tok::OpenParen {
                self.bump();
                self.bump();
                self.expect(Tok::Star, "'*'")?;
                self.expect(Tok::CloseParen, "')'")?;
                found.pack = true;
            } else {
                let name = self.name("a column")?;
                let ty = if self.eat(Tok::Colon) { Some(self.type_name()?) } else { None };
                found.columns.push((name, ty));
            }
            if !self.eat(Tok::Comma) {
                return Ok(found);
            }
        }
    }

    /// What follows the word `invoke`: a call.
    pub(super) fn invoke(&mut self) -> Parsed<OperatorKind> {
        let expr = self.additive()?;
        match expr.kind {
            ExprKind::Call { name, args } => Ok(OperatorKind::Invoke(name, args)),
            _ => {
                let message = "a call such as f() is expected after 'invoke'".to_owned();
                self.sink.error("syntax_error", expr.span, message, None);
                Err(Abort)
            }
        }
    }
}
