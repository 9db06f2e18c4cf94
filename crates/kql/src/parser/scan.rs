//! `scan`.

use super::{Parsed, Parser};
use crate::ast::{OperatorKind, Scan, ScanColumn, ScanStep};
use crate::lexer::Tok;

impl Parser<'_, '_, '_> {
    pub(super) fn scan(&mut self) -> Parsed<OperatorKind> {
        let settings = self.settings()?;
        let mut scan = Scan { settings, ..Scan::default() };
        if self.is_word("order") {
            self.bump();
            self.expect_word("by")?;
            scan.order = self.sort_keys()?;
        }
        if self.eat_word("partition") {
            self.expect_word("by")?;
            scan.partition = self.named_list()?;
        }
        if self.eat_word("declare") {
            self.expect(Tok::OpenParen, "'('")?;
            while self.peek() != Tok::CloseParen {
                self.one_more(scan.declared.len())?;
                let name = self.name("a column")?;
                self.expect(Tok::Colon, "':'")?;
                let ty = self.type_name()?;
                let default = if self.eat(Tok::Assign) { Some(self.expression()?) } else { None };
                scan.declared.push(ScanColumn { name, ty, default });
                if !self.eat(Tok::Comma) {
                    break;
                }
            }
            self.expect(Tok::CloseParen, "',' or ')'")?;
        }
        self.expect_word("with")?;
        self.expect(Tok::OpenParen, "'('")?;
        while self.peek() != Tok::CloseParen {
            self.one_more(scan.steps.len())?;
            let step = self.scan_step()?;
            scan.steps.push(step);
            if !self.eat(Tok::Semicolon) {
                break;
            }
        }
        self.expect(Tok::CloseParen, "';' or ')'")?;
        Ok(OperatorKind::Scan(Box::new(scan)))
    }

    fn scan_step(&mut self) -> Parsed<ScanStep> {
        self.expect_word("step")?;
        let name = self.name("the name of a step")?;
        let settings = self.settings()?;
        self.expect(Tok::Colon, "':'")?;
        let condition = self.expression()?;
        let mut assignments = Vec::new();
        if self.eat(Tok::Arrow) {
            loop {
                self.one_more(assignments.len())?;
                let column = self.name("a declared column")?;
                self.expect(Tok::Assign, "'='")?;
                assignments.push((column, self.expression()?));
                if !self.eat(Tok::Comma) {
                    break;
                }
            }
        }
        Ok(ScanStep { name, settings, condition, assignments })
    }
}
