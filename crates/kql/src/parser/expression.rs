//! Scalar expressions.

use super::{Abort, MAX_HEIGHT, Parsed, Parser};
use crate::ast::{BinaryOp, Expr, ExprKind, ListOp, Name, NamedExpr, Step, TextOp};
use crate::diagnostic::Span;
use crate::lexer::Tok;
use crate::literal;
use crate::types::{Type, Value};

/// What an infix operator is.
#[derive(Clone, Copy)]
enum Infix {
    Binary(BinaryOp),
    Text(TextOp, bool),
    List(ListOp, bool),
    Between(bool),
    Regex,
    Matches,
}

fn word_operator(word: &str) -> Option<Infix> {
    let (negated, base) = match word.strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, word),
    };
    Some(match base {
        "has" => Infix::Text(TextOp::Has, negated),
        "has_cs" => Infix::Text(TextOp::HasCs, negated),
        "hasprefix" => Infix::Text(TextOp::HasPrefix, negated),
        "hasprefix_cs" => Infix::Text(TextOp::HasPrefixCs, negated),
        "hassuffix" => Infix::Text(TextOp::HasSuffix, negated),
        "hassuffix_cs" => Infix::Text(TextOp::HasSuffixCs, negated),
        "contains" => Infix::Text(TextOp::Contains, negated),
        "contains_cs" | "containscs" => Infix::Text(TextOp::ContainsCs, negated),
        "startswith" => Infix::Text(TextOp::StartsWith, negated),
        "startswith_cs" => Infix::Text(TextOp::StartsWithCs, negated),
        "endswith" => Infix::Text(TextOp::EndsWith, negated),
        "endswith_cs" => Infix::Text(TextOp::EndsWithCs, negated),
        "in" => Infix::List(ListOp::In, negated),
        "in~" => Infix::List(ListOp::InIgnoreCase, negated),
        "has_any" => Infix::List(ListOp::HasAny, negated),
        "has_all" => Infix::List(ListOp::HasAll, negated),
        "between" => Infix::Between(negated),
        "notcontains" => Infix::Text(TextOp::Contains, true),
        "notcontains_cs" | "notcontainscs" => Infix::Text(TextOp::ContainsCs, true),
        "nothas" => Infix::Text(TextOp::Has, true),
        "matches" if !negated => Infix::Regex,
        _ => return None,
    })
}

const WORD_OPERATORS: [&str; 27] = [
    "has",
    "has_cs",
    "hasprefix",
    "hassuffix",
    "contains",
    "contains_cs",
    "startswith",
    "startswith_cs",
    "endswith",
    "endswith_cs",
    "in",
    "in~",
    "has_any",
    "has_all",
    "between",
    "matches regex",
    "!has",
    "!has_cs",
    "!hasprefix",
    "!hassuffix",
    "!contains",
    "!contains_cs",
    "!startswith",
    "!endswith",
    "!in",
    "!in~",
    "!between",
];

impl Parser<'_, '_, '_> {
    pub(super) fn node(&mut self, kind: ExprKind, span: Span, below: u16) -> Parsed<Expr> {
        let depth = below.saturating_add(1);
        if depth > MAX_HEIGHT {
            let message = format!("the expression is more than {MAX_HEIGHT} levels high");
            self.sink.error("too_deep", span, message, None);
            return Err(Abort);
        }
        Ok(Expr { kind, span, depth })
    }

    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        self.nest(Self::or_expression)
    }

    fn or_expression(&mut self) -> Parsed<Expr> {
        self.chain("or", Self::and_expression, ExprKind::Or)
    }

    fn and_expression(&mut self) -> Parsed<Expr> {
        self.chain("and", Self::comparison, ExprKind::And)
    }

    fn chain(
        &mut self,
        word: &str,
        part: fn(&mut Self) -> Parsed<Expr>,
        make: fn(Vec<Expr>) -> ExprKind,
    ) -> Parsed<Expr> {
        let first = part(self)?;
        if !self.is_word(word) {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.eat_word(word) {
            parts.push(part(self)?);
        }
        let span = parts.iter().fold(parts[0].span, |s, e| s.to(e.span));
        let below = parts.iter().map(|e| e.depth).max().unwrap_or(0);
        self.node(make(parts), span, below)
    }

    fn infix(&mut self) -> Option<Infix> {
        Some(match self.peek() {
            Tok::Equal => Infix::Binary(BinaryOp::Equal),
            Tok::NotEqual => Infix::Binary(BinaryOp::NotEqual),
            Tok::Less => Infix::Binary(BinaryOp::Less),
            Tok::LessOrEqual => Infix::Binary(BinaryOp::LessOrEqual),
            Tok::Greater => Infix::Binary(BinaryOp::Greater),
            Tok::GreaterOrEqual => Infix::Binary(BinaryOp::GreaterOrEqual),
            Tok::EqualTilde => Infix::Text(TextOp::EqualIgnoreCase, false),
            Tok::BangTilde => Infix::Text(TextOp::EqualIgnoreCase, true),
            Tok::Colon if self.searching => Infix::Matches,
            Tok::Ident | Tok::BangWord | Tok::InIgnoreCase => {
                let found = word_operator(self.word());
                if found.is_none() {
                    self.unknown_operator();
                }
                return found;
            }
            _ => return None,
        })
    }

    /// A word where an operator should stand, such as `hass` or `like`.
    fn unknown_operator(&mut self) {
        let word = self.word().to_owned();
        let span = self.span();
        // Words that go on after an expression.
        if matches!(word.as_str(), "on" | "of" | "by" | "to" | "with" | "as" | "limit") {
            return;
        }
        if matches!(word.as_str(), "like" | "notlike" | "likecs" | "notlikecs") {
            self.sink.error(
                "not_supported",
                span,
                format!("the operator '{word}' is not supported; use contains or matches regex"),
                None,
            );
        } else if self.peek() == Tok::BangWord {
            let suggestion = self.sink.nearest(&word, WORD_OPERATORS);
            self.sink.error("unknown_operator", span, format!("'{word}' is not an operator"), suggestion);
        } else if let Some(near) = self.sink.nearest(&word, WORD_OPERATORS) {
            let operand = matches!(self.peek_at(1), Tok::Str | Tok::OpenParen | Tok::Typed | Tok::Long);
            if operand {
                self.sink.error("unknown_operator", span, format!("'{word}' is not an operator"), Some(near));
            }
        }
    }

    fn comparison(&mut self) -> Parsed<Expr> {
        let left = self.additive()?;
        if self.peek() == Tok::Assign {
            let span = self.span();
            let message = "'=' gives a name; to compare, write '=='".to_owned();
            self.sink.error("assignment_in_expression", span, message, Some("==".to_owned()));
            return Err(Abort);
        }
        let Some(infix) = self.infix() else { return Ok(left) };
        self.bump();
        let low = left.depth;
        match infix {
            Infix::Binary(op) => {
                let right = self.additive()?;
                let (span, below) = (left.span.to(right.span), low.max(right.depth));
                self.node(ExprKind::Binary(op, Box::new(left), Box::new(right)), span, below)
            }
            Infix::Regex => {
                self.expect_word("regex")?;
                self.text_operator(TextOp::MatchesRegex, false, left)
            }
            Infix::Text(op, negated) => self.text_operator(op, negated, left),
            Infix::Matches => {
                let right = self.additive()?;
                let (span, below) = (left.span.to(right.span), low.max(right.depth));
                self.node(ExprKind::Matches(Box::new(left), Box::new(right)), span, below)
            }
            Infix::List(op, negated) => {
                let items = if self.peek() == Tok::OpenParen { self.list()? } else { vec![self.additive()?] };
                let span = left.span.to(self.previous_end());
                let below = items.iter().map(|e| e.depth).max().unwrap_or(0).max(low);
                self.node(ExprKind::List { op, negated, left: Box::new(left), items }, span, below)
            }
            Infix::Between(negated) => {
                self.expect(Tok::OpenParen, "'('")?;
                let from = self.additive_nested()?;
                self.expect(Tok::DotDot, "'..'")?;
                let to = self.additive_nested()?;
                let end = self.expect(Tok::CloseParen, "')'")?.span;
                let (span, below) = (left.span.to(end), low.max(from.depth).max(to.depth));
                let kind = ExprKind::Between {
                    negated,
                    value: Box::new(left),
                    low: Box::new(from),
                    high: Box::new(to),
                };
                self.node(kind, span, below)
            }
        }
    }

    fn text_operator(&mut self, op: TextOp, negated: bool, left: Expr) -> Parsed<Expr> {
        let right = self.additive()?;
        let (span, below) = (left.span.to(right.span), left.depth.max(right.depth));
        self.node(ExprKind::Text { op, negated, left: Box::new(left), right: Box::new(right) }, span, below)
    }

    fn additive_nested(&mut self) -> Parsed<Expr> {
        self.nest(Self::additive)
    }

    fn list(&mut self) -> Parsed<Vec<Expr>> {
        self.expect(Tok::OpenParen, "'('")?;
        let mut items = Vec::new();
        while self.peek() != Tok::CloseParen {
            items.push(self.tabular()?);
            if !self.eat(Tok::Comma) {
                break;
            }
        }
        self.expect(Tok::CloseParen, "',' or ')'")?;
        Ok(items)
    }

    pub(super) fn additive(&mut self) -> Parsed<Expr> {
        let mut left = self.multiplicative()?;
        loop {
            let op = match self.peek() {
                Tok::Plus => BinaryOp::Add,
                Tok::Minus => BinaryOp::Subtract,
                _ => return Ok(left),
            };
            self.bump();
            let right = self.multiplicative()?;
            let (span, below) = (left.span.to(right.span), left.depth.max(right.depth));
            left = self.node(ExprKind::Binary(op, Box::new(left), Box::new(right)), span, below)?;
        }
    }

    fn multiplicative(&mut self) -> Parsed<Expr> {
        let mut left = self.unary()?;
        loop {
            let op = match self.peek() {
                Tok::Star => BinaryOp::Multiply,
                Tok::Slash => BinaryOp::Divide,
                Tok::Percent => BinaryOp::Modulo,
                _ => return Ok(left),
            };
            self.bump();
            let right = self.unary()?;
            let (span, below) = (left.span.to(right.span), left.depth.max(right.depth));
            left = self.node(ExprKind::Binary(op, Box::new(left), Box::new(right)), span, below)?;
        }
    }

    fn unary(&mut self) -> Parsed<Expr> {
        let start = self.span();
        let mut negate = false;
        let mut signs = 0u16;
        while matches!(self.peek(), Tok::Minus | Tok::Plus) {
            negate ^= self.bump().kind == Tok::Minus;
            signs += 1;
            if signs > 8 {
                return Err(self.unexpected("a value"));
            }
        }
        let value = self.postfix()?;
        if !negate {
            return Ok(value);
        }
        let (span, below) = (start.to(value.span), value.depth);
        self.node(ExprKind::Negate(Box::new(value)), span, below)
    }

    /// The number that an integer, a point and an exponent such as `e2` make.
    fn exponent_of(&self, base: &Expr) -> Option<f64> {
        let ExprKind::Literal(Value::Long(n)) = base.kind else { return None };
        if self.peek_at(1) != Tok::Ident {
            return None;
        }
        let exponent = self.slice(self.tokens.get(self.at + 1)?.span);
        let digits = exponent.strip_prefix(['e', 'E']).filter(|d| d.bytes().all(|b| b.is_ascii_digit()))?;
        format!("{n}e{digits}").parse().ok()
    }

    fn postfix(&mut self) -> Parsed<Expr> {
        let base = self.primary()?;
        let mut steps = Vec::new();
        let mut below = base.depth;
        loop {
            match self.peek() {
                // "4." is a number.
                Tok::Dot
                    if matches!(base.kind, ExprKind::Literal(Value::Long(_)))
                        && !matches!(self.peek_at(1), Tok::Ident | Tok::OpenBracket) =>
                {
                    self.bump();
                    if let ExprKind::Literal(Value::Long(n)) = base.kind {
                        #[allow(clippy::cast_precision_loss)]
                        return self.node(ExprKind::Literal(Value::Real(n as f64)), base.span, 0);
                    }
                }
                // "1.e2" too.
                Tok::Dot if self.exponent_of(&base).is_some() => {
                    let real = self.exponent_of(&base).unwrap_or_default();
                    self.bump();
                    self.bump();
                    return self.node(ExprKind::Literal(Value::Real(real)), base.span, 0);
                }
                Tok::Dot if self.peek_at(1) == Tok::OpenBracket => {
                    self.bump();
                }
                Tok::Dot => {
                    self.bump();
                    steps.push(Step::Field(self.name("a property")?));
                }
                Tok::OpenBracket => {
                    self.bump();
                    let index = self.expression()?;
                    below = below.max(index.depth);
                    steps.push(Step::Index(index));
                    self.expect(Tok::CloseBracket, "']'")?;
                }
                _ => break,
            }
        }
        if steps.is_empty() {
            return Ok(base);
        }
        let span = base.span.to(self.previous_end());
        self.node(ExprKind::Path(Box::new(base), steps), span, below)
    }

    fn primary(&mut self) -> Parsed<Expr> {
        let span = self.span();
        let literal = |value| ExprKind::Literal(value);
        let kind = match self.peek() {
            Tok::Str => {
                let mut text = String::new();
                // Neighbouring literals are one text.
                while self.peek() == Tok::Str {
                    let part = self.bump().span;
                    text.push_str(&self.decode(part)?);
                }
                return self.node(literal(Value::String(text)), span.to(self.previous_end()), 0);
            }
            Tok::OpenStr => {
                // Already reported by the lexer; the rest of the line is inside the string.
                self.bump();
                return Err(Abort);
            }
            Tok::Long | Tok::Hex => match literal::integer(self.slice(span)) {
                Some(n) => literal(Value::Long(n)),
                None => return self.invalid(span, "this number does not fit in 64 bits"),
            },
            Tok::Real => match self.slice(span).parse::<f64>() {
                Ok(n) => literal(Value::Real(n)),
                Err(_) => return self.invalid(span, "this is not a number"),
            },
            Tok::Timespan => match literal::timespan(self.slice(span)) {
                Some(ticks) => literal(Value::Timespan(ticks)),
                None => return self.invalid(span, "this timespan is out of range"),
            },
            Tok::Typed => match literal::typed(self.slice(span)) {
                Ok(value) => literal(value),
                Err(message) => return self.invalid(span, &message),
            },
            Tok::Star => ExprKind::Star,
            Tok::OpenParen => return self.parenthesised(),
            Tok::OpenBracket => {
                let name = self.name("a name in brackets, such as ['Name']")?;
                return self.node(ExprKind::Name(name.text), name.span, 0);
            }
            Tok::Ident => return self.name_or_call(),
            _ => return Err(self.unexpected("a value")),
        };
        self.bump();
        self.node(kind, span, 0)
    }

    /// A literal that cannot be read: reported, and parsing goes on.
    fn invalid(&mut self, span: Span, message: &str) -> Parsed<Expr> {
        self.sink.error("invalid_literal", span, message.to_owned(), None);
        self.bump();
        self.node(ExprKind::Error, span, 0)
    }

    fn parenthesised(&mut self) -> Parsed<Expr> {
        let start = self.expect(Tok::OpenParen, "'('")?.span;
        let inner = self.tabular()?;
        let end = self.expect(Tok::CloseParen, "')'")?.span;
        Ok(Expr { span: start.to(end), ..inner })
    }

    fn name_or_call(&mut self) -> Parsed<Expr> {
        let span = self.bump().span;
        let text = self.slice(span).to_owned();
        match text.as_str() {
            "true" | "True" | "TRUE" => return self.node(ExprKind::Literal(Value::Bool(true)), span, 0),
            "false" | "False" | "FALSE" => return self.node(ExprKind::Literal(Value::Bool(false)), span, 0),
            _ => {}
        }
        if self.peek() != Tok::OpenParen {
            return self.node(ExprKind::Name(text), span, 0);
        }
        if text == "typeof" {
            self.bump();
            let ty = if self.peek() == Tok::Ident { self.type_name()? } else { Type::Dynamic };
            let end = self.expect(Tok::CloseParen, "')'")?.span;
            return self.node(ExprKind::TypeOf(ty), span.to(end), 0);
        }
        let name = Name { text, span };
        let args = self.arguments()?;
        let below = args.iter().map(|a| a.expr.depth).max().unwrap_or(0);
        let span = span.to(self.previous_end());
        self.node(ExprKind::Call { name, args }, span, below)
    }

    pub(super) fn arguments(&mut self) -> Parsed<Vec<NamedExpr>> {
        self.expect(Tok::OpenParen, "'('")?;
        let mut args = Vec::new();
        while self.peek() != Tok::CloseParen {
            let names = if self.name_and_assign_ahead() {
                let name = self.name("a name")?;
                self.bump();
                vec![name]
            } else {
                Vec::new()
            };
            let expr = self.tabular()?;
            self.one_more(args.len())?;
            args.push(NamedExpr { names, expr });
            if !self.eat(Tok::Comma) {
                break;
            }
        }
        self.expect(Tok::CloseParen, "',' or ')'")?;
        Ok(args)
    }

    /// `name = expr`, `(a, b) = expr` or `expr`.
    pub(super) fn named_expression(&mut self) -> Parsed<NamedExpr> {
        let mut names = Vec::new();
        if self.name_and_assign_ahead() {
            names.push(self.name("a name")?);
            self.bump();
        } else if self.name_tuple_ahead() {
            self.bump();
            loop {
                names.push(self.name("a name")?);
                if !self.eat(Tok::Comma) {
                    break;
                }
            }
            self.expect(Tok::CloseParen, "')'")?;
            self.expect(Tok::Assign, "'='")?;
        }
        Ok(NamedExpr { names, expr: self.expression()? })
    }

    fn name_tuple_ahead(&self) -> bool {
        if self.peek() != Tok::OpenParen {
            return false;
        }
        let mut at = 1;
        while self.peek_at(at) == Tok::Ident && at < 512 {
            at += 1;
            match self.peek_at(at) {
                Tok::Comma => at += 1,
                Tok::CloseParen => return self.peek_at(at + 1) == Tok::Assign,
                _ => return false,
            }
        }
        false
    }

    pub(super) fn named_list(&mut self) -> Parsed<Vec<NamedExpr>> {
        let mut list = vec![self.named_expression()?];
        while self.eat(Tok::Comma) {
            self.one_more(list.len())?;
            list.push(self.named_expression()?);
        }
        Ok(list)
    }
}
