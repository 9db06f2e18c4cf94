//! Text to tokens with byte spans; never fails, wrong characters become diagnostics.

use logos::{Lexer, Logos};

use crate::diagnostic::{Sink, Span};

/// Kinds of tokens. Literals are decoded by the parser from their text.
#[derive(Logos, Clone, Copy, Debug, PartialEq, Eq)]
#[logos(skip r"[\p{White_Space}\u{feff}\u{200b}]+")]
#[logos(skip(r"//[^\n]*", allow_greedy = true))]
#[logos(extras = u8)]
pub(crate) enum Tok {
    #[regex(r"[\p{L}_$][\p{L}\p{N}_]*", priority = 3)]
    #[regex(r"[0-9]+[\p{L}_][\p{L}\p{N}_]*", priority = 2)]
    Ident,
    #[regex(r"[0-9]+", priority = 5)]
    Long,
    #[regex(r"0[xX][0-9a-fA-F]+", priority = 12)]
    Hex,
    #[regex(r"[0-9]+\.[0-9]+([eE][+-]?[0-9]+)?", priority = 12)]
    #[regex(r"[0-9]+\.?[eE][+-]?[0-9]+", priority = 12)]
    Real,
    #[regex(r"[0-9]+(\.[0-9]+)?(d|days?|h|hrs?|hours?|m|min|minutes?|s|sec|seconds?|ms|millis?|milliseconds?|micros?|microseconds?|nanos?|nanoseconds?|ticks?)", priority = 10)]
    Timespan,
    #[regex(r#"[hH]?"([^"\\\n]|\\[^\n])*""#)]
    #[regex(r#"[hH]?'([^'\\\n]|\\[^\n])*'"#)]
    #[regex(r#"[hH]?@"([^"]|"")*""#)]
    #[regex(r#"[hH]?@'([^']|'')*'"#)]
    #[regex(r"[hH]?```", multi_line)]
    Str,
    #[regex(r#"[hH]?"([^"\\\n]|\\[^\n])*"#)]
    #[regex(r#"[hH]?'([^'\\\n]|\\[^\n])*"#)]
    #[regex(r#"[hH]?@"([^"]|"")*"#)]
    #[regex(r#"[hH]?@'([^']|'')*"#)]
    OpenStr,
    #[regex(
        r"(datetime|date|time|timespan|guid|int|long|real|double|decimal|bool|boolean|dynamic)[ \t\r\n]*\(",
        typed
    )]
    Typed,
    #[regex(r"![A-Za-z_]+~?")]
    BangWord,
    #[token("in~", priority = 20)]
    InIgnoreCase,
    #[token("(")]
    OpenParen,
    #[token(")")]
    CloseParen,
    #[token("[")]
    OpenBracket,
    #[token("]")]
    CloseBracket,
    #[token("{")]
    OpenBrace,
    #[token("}")]
    CloseBrace,
    #[token(",")]
    Comma,
    #[token(";")]
    Semicolon,
    #[token(":")]
    Colon,
    #[token("|")]
    Pipe,
    #[token(".")]
    Dot,
    #[token("..")]
    DotDot,
    #[token("==")]
    Equal,
    #[token("!=")]
    #[token("<>")]
    NotEqual,
    #[token("=~")]
    EqualTilde,
    #[token("!~")]
    BangTilde,
    #[token("<=")]
    LessOrEqual,
    #[token(">=")]
    GreaterOrEqual,
    #[token("<")]
    Less,
    #[token(">")]
    Greater,
    #[token("=")]
    Assign,
    #[token("=>")]
    Arrow,
    #[token("+")]
    Plus,
    #[token("-")]
    Minus,
    #[token("*")]
    Star,
    #[token("/")]
    Slash,
    #[token("%")]
    Percent,
    #[token("@")]
    At,
    /// The end of the text.
    End,
}

/// A token and where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub kind: Tok,
    pub span: Span,
}

fn multi_line(lexer: &mut Lexer<'_, Tok>) -> bool {
    let rest = lexer.remainder();
    match rest.find("```") {
        Some(at) => {
            lexer.bump(at + 3);
            true
        }
        None => {
            lexer.bump(rest.len());
            false
        }
    }
}

/// Most literals without a closing parenthesis; each was looked for to the end of the text.
const MAX_UNCLOSED: u8 = 16;

fn typed(lexer: &mut Lexer<'_, Tok>) -> bool {
    if lexer.extras >= MAX_UNCLOSED {
        return false;
    }
    match closing_paren(lexer.remainder()) {
        Some(at) => {
            lexer.bump(at + 1);
            true
        }
        None => {
            lexer.extras += 1;
            false
        }
    }
}

/// Offset of the `)` that closes a parenthesis opened before `text`; strings are skipped.
fn closing_paren(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 0usize;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'(' => depth += 1,
            b')' if depth == 0 => return Some(at),
            b')' => depth -= 1,
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                at += bytes[at..].iter().position(|b| *b == b'\n')?;
            }
            quote @ (b'"' | b'\'') => {
                let verbatim = at > 0 && bytes[at - 1] == b'@';
                at = string_end(bytes, at + 1, quote, verbatim)?;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// Offset of the closing quote.
fn string_end(bytes: &[u8], mut at: usize, quote: u8, verbatim: bool) -> Option<usize> {
    while at < bytes.len() {
        if bytes[at] == b'\\' && !verbatim {
            at += 1;
        } else if bytes[at] == quote {
            if verbatim && bytes.get(at + 1) == Some(&quote) {
                at += 1;
            } else {
                return Some(at);
            }
        }
        at += 1;
    }
    None
}

/// All tokens of the text, ending with [`Tok::End`].
pub(crate) fn lex(text: &str, sink: &mut Sink<'_>) -> Vec<Token> {
    let mut tokens = Vec::new();
    for (kind, range) in Tok::lexer(text).spanned() {
        let span = Span::new(range.start, range.end);
        match kind {
            Ok(Tok::OpenStr) => {
                sink.error("unterminated_string", span, "this string has no closing quote".to_owned(), None);
                tokens.push(Token { kind: Tok::OpenStr, span });
            }
            Ok(kind) => tokens.push(Token { kind, span }),
            Err(()) => {
                let slice = text.get(range).unwrap_or_default();
                let (code, message) = if slice.contains("```") {
                    ("unterminated_string", "this string has no closing ```".to_owned())
                } else if slice.ends_with('(') {
                    ("unbalanced_parenthesis", "this literal has no closing parenthesis".to_owned())
                } else {
                    let shown: String = slice.chars().take(8).collect();
                    ("unexpected_character", format!("'{shown}' does not belong here"))
                };
                sink.error(code, span, message, None);
            }
        }
    }
    tokens.push(Token { kind: Tok::End, span: Span::new(text.len(), text.len()) });
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Tok> {
        let mut sink = Sink::new(text);
        lex(text, &mut sink).into_iter().map(|t| t.kind).collect()
    }

    #[test]
    fn literals_that_look_alike() {
        assert_eq!(
            kinds("1 1.5 1d 1.5h 0x1F 1..2"),
            vec![
                Tok::Long,
                Tok::Real,
                Tok::Timespan,
                Tok::Timespan,
                Tok::Hex,
                Tok::Long,
                Tok::DotDot,
                Tok::Long,
                Tok::End
            ]
        );
        assert_eq!(
            kinds("in~ !in~ in !has"),
            vec![Tok::InIgnoreCase, Tok::BangWord, Tok::Ident, Tok::BangWord, Tok::End]
        );
    }

    #[test]
    fn strings_in_all_forms() {
        let text = "'a\\'b' \"a\" @'c:\\' @\"x\"\"y\" h'z' h@\"q\" ```\nm'\n```";
        assert_eq!(kinds(text), [vec![Tok::Str; 7], vec![Tok::End]].concat());
    }

    #[test]
    fn typed_literals_swallow_their_parentheses() {
        assert_eq!(kinds("dynamic({\"a\": \")\"}) todatetime(x) datetime(null)").len(), 7);
    }
}
