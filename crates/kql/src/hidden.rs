//! Texts that their writer wants hidden: `h"…"` and `H'…'`.

use std::borrow::Cow;

use logos::Logos;

use crate::lexer::Tok;

/// What stands in the place of a hidden text.
const MASK: &str = "h'****'";

/// The query as it may be kept: what is between the quotes of a hidden text is not in it. A text whose quotes are
/// never closed is hidden to where the lexer takes it to end.
pub fn without_hidden(query: &str) -> Cow<'_, str> {
    let mut kept: Option<String> = None;
    let mut copied = 0;
    for (token, range) in Tok::lexer(query).spanned() {
        let text = query.get(range.clone()).unwrap_or_default();
        let is_text = match token {
            Ok(Tok::Str | Tok::OpenStr) => true,
            // In a dynamic() or a datetime() texts are parts of one token.
            Ok(Tok::Typed) => {
                let inside = inside_literal(text);
                if let Cow::Owned(inside) = inside {
                    let kept = kept.get_or_insert_default();
                    kept.push_str(query.get(copied..range.start).unwrap_or_default());
                    kept.push_str(&inside);
                    copied = range.end;
                }
                false
            }
            Ok(_) => false,
            Err(()) => text.contains("```"),
        };
        if is_text && text.starts_with(['h', 'H']) {
            let kept = kept.get_or_insert_default();
            kept.push_str(query.get(copied..range.start).unwrap_or_default());
            kept.push_str(MASK);
            copied = range.end;
        }
    }
    match kept {
        Some(mut kept) => {
            kept.push_str(query.get(copied..).unwrap_or_default());
            Cow::Owned(kept)
        }
        None => Cow::Borrowed(query),
    }
}

/// The same of a literal such as `dynamic([…])`.
fn inside_literal(literal: &str) -> Cow<'_, str> {
    match literal.split_once('(') {
        Some((name, rest)) => match without_hidden(rest) {
            Cow::Owned(rest) => Cow::Owned(format!("{name}({rest}")),
            Cow::Borrowed(_) => Cow::Borrowed(literal),
        },
        None => Cow::Borrowed(literal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_texts_are_not_kept_and_all_else_is() {
        let cases = [
            ("T | where a == h'secret' // why h'x'", "T | where a == h'****' // why h'x'"),
            (r#"print H"a\"b", h@"c""d", "plain h'x'""#, r#"print h'****', h'****', "plain h'x'""#),
            ("print h```several\nlines```, h, hx('y')", "print h'****', h, hx('y')"),
            ("print dynamic([h'secret', 'plain'])", "print dynamic([h'****', 'plain'])"),
            ("externaldata(a: string)[h'https://host/f.csv;sig=s']", "externaldata(a: string)[h'****']"),
            ("print h'never closed", "print h'****'"),
            ("print h```never closed", "print h'****'"),
        ];
        for (query, kept) in cases {
            assert_eq!(without_hidden(query), kept);
        }
        assert!(matches!(without_hidden("T | take 1"), Cow::Borrowed(_)));
    }
}
