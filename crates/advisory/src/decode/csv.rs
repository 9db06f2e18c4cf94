//! Comma-separated values (RFC 4180), without copying the file.

use std::borrow::Cow;

/// The rows of a text; a quoted field may hold commas, line ends and doubled quotes.
pub(super) struct Rows<'a>(pub &'a str);

impl<'a> Iterator for Rows<'a> {
    type Item = Vec<Cow<'a, str>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let mut row = Vec::new();
        loop {
            let (field, rest) = field(self.0);
            row.push(field);
            match rest.as_bytes() {
                [b',', ..] => self.0 = &rest[1..],
                [b'\r', b'\n', ..] => {
                    self.0 = &rest[2..];
                    return Some(row);
                }
                [_, ..] => {
                    self.0 = &rest[1..];
                    return Some(row);
                }
                [] => {
                    self.0 = rest;
                    return Some(row);
                }
            }
        }
    }
}

/// The field at the start, and what follows it: a comma, a line end, or nothing.
fn field(text: &str) -> (Cow<'_, str>, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', '\n', '\r']).unwrap_or(text.len());
        return (Cow::Borrowed(&text[..end]), &text[end..]);
    };
    let mut out = String::new();
    let mut rest = quoted;
    loop {
        let Some(end) = rest.find('"') else {
            out.push_str(rest);
            return (Cow::Owned(out), "");
        };
        out.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        if let Some(more) = rest.strip_prefix('"') {
            out.push('"');
            rest = more;
            continue;
        }
        // What stands between the quote and the comma belongs to neither.
        let end = rest.find([',', '\n', '\r']).unwrap_or(rest.len());
        return (Cow::Owned(out), &rest[end..]);
    }
}

#[cfg(test)]
mod tests {
    use super::Rows;

    #[test]
    fn quotes_hold_commas_and_line_ends() {
        let rows: Vec<Vec<String>> = Rows("a,\"b,\"\"c\"\"\nd\"\r\n,\ne\"f,g")
            .map(|r| r.into_iter().map(std::borrow::Cow::into_owned).collect())
            .collect();
        assert_eq!(rows, [vec!["a", "b,\"c\"\nd"], vec!["", ""], vec!["e\"f", "g"]]);
        assert_eq!(Rows("\"open").count(), 1);
    }
}
