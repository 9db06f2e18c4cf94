//! Recursive descent for statements and operators, precedence climbing for expressions.

mod declare;
mod expression;
mod graph;
mod operator;
mod scan;
mod search;
mod series;
mod source;
mod table;

use crate::ast::{Function, LetValue, Name, Parameter, Query, Statement};
use crate::diagnostic::{Sink, Span};
use crate::lexer::{Tok, Token, lex};
use crate::literal;
use crate::types::Type;

/// A part could not be parsed; the reason is already in the sink.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Abort;

pub(crate) type Parsed<T> = Result<T, Abort>;

/// Most columns, arguments or patterns in one list; values in lists and tables are not meant.
const MAX_ITEMS: usize = 2000;

/// Tallest accepted expression tree (chains of `+` count).
pub(crate) const MAX_HEIGHT: u16 = 160;

pub(crate) struct Parser<'t, 's, 'k> {
    text: &'t str,
    tokens: Vec<Token>,
    at: usize,
    depth: u16,
    /// Inside the condition of `search` or `find`, where `column:"term"` is an operator.
    searching: bool,
    sink: &'k mut Sink<'s>,
}

/// Parses a text; what is wrong goes to the sink and the tree holds what could be read.
pub(crate) fn parse(text: &str, sink: &mut Sink<'_>) -> Query {
    let tokens = lex(text, sink);
    let mut parser = Parser { text, tokens, at: 0, depth: 0, searching: false, sink };
    let statements = parser.statements(Tok::End);
    Query { statements }
}

/// Parses the parameters of a function, brackets included; none where they are wrong (already reported).
pub(crate) fn parse_parameters(text: &str, sink: &mut Sink<'_>) -> Option<Vec<Parameter>> {
    let tokens = lex(text, sink);
    let mut parser = Parser { text, tokens, at: 0, depth: 0, searching: false, sink };
    let parameters = parser.parameters().ok()?;
    parser.expect(Tok::End, "nothing more").ok()?;
    (!parser.sink.has_errors()).then_some(parameters)
}

impl Parser<'_, '_, '_> {
    fn peek(&self) -> Tok {
        self.tokens.get(self.at).map_or(Tok::End, |t| t.kind)
    }

    fn peek_at(&self, ahead: usize) -> Tok {
        self.tokens.get(self.at + ahead).map_or(Tok::End, |t| t.kind)
    }

    fn span(&self) -> Span {
        let end = Span::new(self.text.len(), self.text.len());
        self.tokens.get(self.at).map_or(end, |t| t.span)
    }

    fn span_at(&self, ahead: usize) -> Span {
        let end = Span::new(self.text.len(), self.text.len());
        self.tokens.get(self.at + ahead).map_or(end, |t| t.span)
    }

    fn previous_end(&self) -> Span {
        self.at.checked_sub(1).and_then(|p| self.tokens.get(p)).map_or(Span::default(), |t| t.span)
    }

    fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    fn word(&self) -> &str {
        self.word_at(0)
    }

    fn word_at(&self, ahead: usize) -> &str {
        match self.peek_at(ahead) {
            Tok::Ident | Tok::BangWord | Tok::InIgnoreCase => self.slice(self.span_at(ahead)),
            _ => "",
        }
    }

    fn is_word(&self, word: &str) -> bool {
        self.peek() == Tok::Ident && self.word() == word
    }

    fn bump(&mut self) -> Token {
        let token = self.tokens.get(self.at).copied();
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
        token.unwrap_or(Token { kind: Tok::End, span: Span::new(self.text.len(), self.text.len()) })
    }

    fn eat(&mut self, kind: Tok) -> bool {
        let found = self.peek() == kind;
        if found {
            self.bump();
        }
        found
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.bump();
        }
        found
    }

    fn expect(&mut self, kind: Tok, what: &str) -> Parsed<Token> {
        if self.peek() == kind {
            return Ok(self.bump());
        }
        Err(self.unexpected(what))
    }

    fn expect_word(&mut self, word: &str) -> Parsed<()> {
        if self.eat_word(word) {
            return Ok(());
        }
        Err(self.unexpected(&format!("'{word}'")))
    }

    /// Reports what stands here instead of what was expected.
    fn unexpected(&mut self, wanted: &str) -> Abort {
        let span = self.span();
        let found = match self.peek() {
            Tok::End => "the end of the query".to_owned(),
            _ => format!("'{}'", self.slice(span).chars().take(40).collect::<String>()),
        };
        self.sink.error("syntax_error", span, format!("expected {wanted}, found {found}"), None);
        Abort
    }

    /// Whether a list of names may have one more item: each is compared with all the others.
    fn one_more(&mut self, items: usize) -> Parsed<()> {
        if items < MAX_ITEMS {
            return Ok(());
        }
        let span = self.span();
        self.sink.error("too_many_items", span, format!("a list has at most {MAX_ITEMS} items here"), None);
        Err(Abort)
    }

    /// Runs a nested rule within the depth limit.
    fn nest<T>(&mut self, rule: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= crate::MAX_DEPTH {
            let span = self.span();
            let message = format!("the query is nested deeper than {} levels", crate::MAX_DEPTH);
            self.sink.error("too_deep", span, message, None);
            return Err(Abort);
        }
        self.depth += 1;
        let result = rule(self);
        self.depth -= 1;
        result
    }

    /// Skips to the next `|`, `;` or unmatched closing bracket.
    fn recover(&mut self) {
        let mut open = 0usize;
        loop {
            match self.peek() {
                Tok::End => return,
                Tok::Pipe | Tok::Semicolon if open == 0 => return,
                Tok::OpenParen | Tok::OpenBracket | Tok::OpenBrace => open += 1,
                Tok::CloseParen | Tok::CloseBracket | Tok::CloseBrace => {
                    if open == 0 {
                        return;
                    }
                    open -= 1;
                }
                _ => {}
            }
            self.bump();
        }
    }

    fn statements(&mut self, end: Tok) -> Vec<Statement> {
        let mut statements = Vec::new();
        loop {
            while self.eat(Tok::Semicolon) {}
            if self.peek() == end || self.peek() == Tok::End {
                return statements;
            }
            let before = self.at;
            match self.statement() {
                Ok(statement) => statements.push(statement),
                Err(Abort) => self.recover(),
            }
            if self.peek() != Tok::Semicolon && self.peek() != end && self.peek() != Tok::End {
                self.unexpected("'|', ';' or the end of the query");
                self.recover();
                while matches!(self.peek(), Tok::Pipe | Tok::CloseParen | Tok::CloseBracket | Tok::CloseBrace)
                    && self.peek() != end
                {
                    self.bump();
                    self.recover();
                }
            }
            if self.at == before {
                self.bump();
            }
        }
    }

    fn statement(&mut self) -> Parsed<Statement> {
        if self.peek() == Tok::Ident {
            let named = matches!(self.peek_at(1), Tok::Ident | Tok::OpenBracket);
            match self.word() {
                "let" if named => return self.let_statement(),
                "declare" if self.word_at(1) == "query_parameters" => return self.declare_parameters(),
                "declare" if self.word_at(1) == "pattern" => return self.declare_pattern(),
                "set" if named => return self.set_statement(),
                "declare" | "alias" | "restrict" if named => return Ok(self.skip_statement(false)),
                _ => {}
            }
        }
        Ok(Statement::Query(self.tabular()?))
    }

    /// `set name`, `set name = value`; a value in a form of its own is skipped.
    fn set_statement(&mut self) -> Parsed<Statement> {
        self.bump();
        let name = self.name("an option")?;
        let mut value = None;
        if self.eat(Tok::Assign) && !matches!(self.peek(), Tok::Semicolon | Tok::End) {
            value = self.expression().ok();
        }
        while !matches!(self.peek(), Tok::Semicolon | Tok::End) {
            self.bump();
        }
        Ok(Statement::Set { name, value })
    }

    fn skip_statement(&mut self, harmless: bool) -> Statement {
        let span = self.bump().span;
        let word = Name { text: self.slice(span).to_owned(), span };
        while !matches!(self.peek(), Tok::Semicolon | Tok::End) {
            self.bump();
        }
        Statement::Unsupported { word, harmless }
    }

    fn let_statement(&mut self) -> Parsed<Statement> {
        self.bump();
        let name = self.name("a name")?;
        self.expect(Tok::Assign, "'='")?;
        let value = if self.function_ahead() {
            LetValue::Function(self.function()?)
        } else {
            LetValue::Expr(self.tabular()?)
        };
        Ok(Statement::Let { name, value })
    }

    fn function_ahead(&self) -> bool {
        let at = usize::from(self.is_word("view") && self.peek_at(1) == Tok::OpenParen);
        if self.peek_at(at) != Tok::OpenParen {
            return false;
        }
        match self.peek_at(at + 1) {
            Tok::CloseParen => self.peek_at(at + 2) == Tok::OpenBrace,
            Tok::Ident => self.peek_at(at + 2) == Tok::Colon,
            Tok::OpenBracket => {
                self.peek_at(at + 2) == Tok::Str
                    && self.peek_at(at + 3) == Tok::CloseBracket
                    && self.peek_at(at + 4) == Tok::Colon
            }
            _ => false,
        }
    }

    fn function(&mut self) -> Parsed<Function> {
        self.nest(|p| {
            let start = p.span();
            let view = p.eat_word("view");
            let parameters = p.parameters()?;
            let body = p.body()?;
            Ok(Function { parameters, body, view, span: start.to(p.previous_end()), stored: None })
        })
    }

    /// Statements in braces.
    fn body(&mut self) -> Parsed<Vec<Statement>> {
        self.expect(Tok::OpenBrace, "'{'")?;
        let body = self.statements(Tok::CloseBrace);
        self.expect(Tok::CloseBrace, "'}'")?;
        Ok(body)
    }

    fn parameters(&mut self) -> Parsed<Vec<Parameter>> {
        self.expect(Tok::OpenParen, "'('")?;
        let mut parameters = Vec::new();
        while self.peek() != Tok::CloseParen {
            self.one_more(parameters.len())?;
            let name = self.name("a parameter")?;
            self.expect(Tok::Colon, "':'")?;
            let (ty, columns) = match self.peek() {
                Tok::OpenParen => (None, self.table_type()?),
                _ => (Some(self.type_name()?), Vec::new()),
            };
            let default = if self.eat(Tok::Assign) { Some(self.expression()?) } else { None };
            parameters.push(Parameter { name, ty, columns, default });
            if !self.eat(Tok::Comma) {
                break;
            }
        }
        self.expect(Tok::CloseParen, "')'")?;
        Ok(parameters)
    }

    /// `(*)` or `(a: long, …)`: a tabular parameter; its columns come from the argument.
    fn table_type(&mut self) -> Parsed<Vec<(Name, Type)>> {
        self.expect(Tok::OpenParen, "'('")?;
        let mut columns = Vec::new();
        if !self.eat(Tok::Star) {
            while self.peek() != Tok::CloseParen {
                self.one_more(columns.len())?;
                let name = self.name("a column")?;
                self.expect(Tok::Colon, "':'")?;
                columns.push((name, self.type_name()?));
                if !self.eat(Tok::Comma) {
                    break;
                }
            }
        }
        self.expect(Tok::CloseParen, "')'")?;
        Ok(columns)
    }

    fn type_name(&mut self) -> Parsed<Type> {
        let span = self.span();
        let word = self.word().to_owned();
        if let Some(ty) = Type::from_name(&word) {
            self.bump();
            return Ok(ty);
        }
        if word.is_empty() {
            return Err(self.unexpected("a type"));
        }
        let names = ["bool", "int", "long", "real", "string", "datetime", "timespan", "dynamic", "guid"];
        let suggestion = self.sink.nearest(&word, names);
        self.sink.error("unknown_type", span, format!("'{word}' is not a type"), suggestion);
        Err(Abort)
    }

    /// A plain name, or a quoted one in brackets.
    fn name(&mut self, what: &str) -> Parsed<Name> {
        match self.peek() {
            Tok::Ident => {
                let span = self.bump().span;
                Ok(Name { text: self.slice(span).to_owned(), span })
            }
            Tok::OpenBracket if self.peek_at(1) == Tok::Str && self.peek_at(2) == Tok::CloseBracket => {
                let start = self.bump().span;
                let inner = self.bump().span;
                let span = start.to(self.bump().span);
                let text = self.decode(inner)?;
                Ok(Name { text, span })
            }
            _ => Err(self.unexpected(what)),
        }
    }

    fn decode(&mut self, span: Span) -> Parsed<String> {
        match literal::string(self.slice(span)) {
            Some(text) => Ok(text),
            None => {
                let message =
                    "this string holds an escape that is not known; write \\\\ or use @\"…\"".to_owned();
                self.sink.error("invalid_string", span, message, None);
                Ok(String::new())
            }
        }
    }

    /// True when `Name =` or `['Name'] =` stands here.
    fn name_and_assign_ahead(&self) -> bool {
        match self.peek() {
            Tok::Ident => self.peek_at(1) == Tok::Assign,
            Tok::OpenBracket => {
                self.peek_at(1) == Tok::Str
                    && self.peek_at(2) == Tok::CloseBracket
                    && self.peek_at(3) == Tok::Assign
            }
            _ => false,
        }
    }
}
