//! `make-series`.

use super::{Parsed, Parser};
use crate::ast::{MakeSeries, Name, NamedExpr, OperatorKind, SeriesItem, Setting};
use crate::lexer::Tok;

impl Parser<'_, '_, '_> {
    pub(super) fn make_series(&mut self) -> Parsed<OperatorKind> {
        let mut settings = Vec::new();
        loop {
            self.hints()?;
            // Any other `name =` is the name of a column.
            if !self.is_word("kind") || self.peek_at(1) != Tok::Assign {
                break;
            }
            let name = self.name("a setting")?;
            self.bump();
            let span = self.bump().span;
            settings.push(Setting { name, value: Name { text: self.slice(span).to_owned(), span } });
        }
        let mut items = Vec::new();
        loop {
            self.one_more(items.len())?;
            let expr = self.named_expression()?;
            let default = if self.eat_word("default") {
                self.expect(Tok::Assign, "'='")?;
                Some(self.expression()?)
            } else {
                None
            };
            items.push(SeriesItem { expr, default });
            if !self.eat(Tok::Comma) {
                break;
            }
        }
        self.expect_word("on")?;
        let mut names = Vec::new();
        if self.name_and_assign_ahead() {
            names.push(self.name("a name")?);
            self.bump();
        }
        // Not a whole expression: `in` is no operator here.
        let axis = NamedExpr { names, expr: self.additive()? };
        let (mut from, mut to) = (None, None);
        let inclusive = self.eat_word("in");
        let step = if inclusive {
            self.expect_word("range")?;
            self.expect(Tok::OpenParen, "'('")?;
            from = Some(self.expression()?);
            self.expect(Tok::Comma, "','")?;
            to = Some(self.expression()?);
            self.expect(Tok::Comma, "','")?;
            let step = self.expression()?;
            self.expect(Tok::CloseParen, "')'")?;
            step
        } else {
            if self.eat_word("from") {
                from = Some(self.expression()?);
            }
            if self.eat_word("to") {
                to = Some(self.expression()?);
            }
            self.expect_word("step")?;
            self.expression()?
        };
        let by = if self.eat_word("by") { self.named_list()? } else { Vec::new() };
        let series = MakeSeries { settings, items, axis, from, to, step, inclusive, by };
        Ok(OperatorKind::MakeSeries(Box::new(series)))
    }
}
