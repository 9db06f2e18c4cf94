//! `declare`: parameters of the query, and patterns.

use super::{Parsed, Parser};
use crate::ast::{Function, Name, Pattern, PatternCase, Statement};
use crate::lexer::Tok;
use crate::types::Type;

impl Parser<'_, '_, '_> {
    /// `declare query_parameters(a: long = 1)`.
    pub(super) fn declare_parameters(&mut self) -> Parsed<Statement> {
        self.bump();
        self.bump();
        Ok(Statement::Declare(self.parameters()?))
    }

    /// `declare pattern p;` or `declare pattern p = (a: string)[b: string] { ("x").["y"] = { T }; }`.
    pub(super) fn declare_pattern(&mut self) -> Parsed<Statement> {
        self.bump();
        self.bump();
        let name = self.name("a pattern")?;
        let mut pattern = Pattern::default();
        if self.eat(Tok::Assign) {
            self.expect(Tok::OpenParen, "'('")?;
            loop {
                self.one_more(pattern.parameters.len())?;
                pattern.parameters.push(self.text_parameter()?);
                if !self.eat(Tok::Comma) {
                    break;
                }
            }
            self.expect(Tok::CloseParen, "')'")?;
            if self.eat(Tok::OpenBracket) {
                pattern.path = Some(self.text_parameter()?);
                self.expect(Tok::CloseBracket, "']'")?;
            }
            self.expect(Tok::OpenBrace, "'{'")?;
            while self.eat(Tok::Semicolon) {}
            while self.peek() != Tok::CloseBrace {
                self.one_more(pattern.cases.len())?;
                let case = self.nest(|p| p.pattern_case(&pattern))?;
                pattern.cases.push(case);
                while self.eat(Tok::Semicolon) {}
            }
            self.expect(Tok::CloseBrace, "'}'")?;
        }
        Ok(Statement::DeclarePattern { name, pattern })
    }

    /// `name: string`.
    fn text_parameter(&mut self) -> Parsed<Name> {
        let name = self.name("a parameter")?;
        self.expect(Tok::Colon, "':'")?;
        let span = self.span();
        if self.type_name()? != Type::String {
            let message = "the parameters of a pattern are strings".to_owned();
            self.sink.error("type_mismatch", span, message, None);
        }
        Ok(name)
    }

    /// `("x").["y"] = { T }`.
    fn pattern_case(&mut self, pattern: &Pattern) -> Parsed<PatternCase> {
        let start = self.expect(Tok::OpenParen, "'('")?.span;
        let mut arguments = Vec::new();
        while self.peek() != Tok::CloseParen {
            self.one_more(arguments.len())?;
            arguments.push(self.text("a string")?);
            if !self.eat(Tok::Comma) {
                break;
            }
        }
        self.expect(Tok::CloseParen, "')'")?;
        let mut path = None;
        if self.eat(Tok::Dot) {
            self.expect(Tok::OpenBracket, "'['")?;
            path = Some(self.text("a string")?);
            self.expect(Tok::CloseBracket, "']'")?;
        }
        let span = start.to(self.previous_end());
        if arguments.len() != pattern.parameters.len() || path.is_some() != pattern.path.is_some() {
            let message = "this case does not have the parameters of its pattern".to_owned();
            self.sink.error("wrong_arguments", span, message, None);
        } else if pattern.cases.iter().any(|c| c.arguments == arguments && c.path == path) {
            let message = "the pattern has a case for these values already".to_owned();
            self.sink.error("duplicate_case", span, message, None);
        }
        self.expect(Tok::Assign, "'='")?;
        let body = self.body()?;
        let body = Function { parameters: Vec::new(), body, view: false, span, stored: None };
        Ok(PatternCase { arguments, path, body })
    }

    fn text(&mut self, what: &str) -> Parsed<String> {
        let token = self.expect(Tok::Str, what)?;
        self.decode(token.span)
    }
}
