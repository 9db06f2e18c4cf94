//! Records of texts between delimiters, and lines.

use super::{Mapping, Place, Rows};
use crate::error::ExecError;
use crate::value::V;

/// Most fields of one record; further ones are left out.
const MAX_FIELDS: usize = 4096;

/// Lines of fields; a field in quotes may hold delimiters, line breaks and doubled quotes (RFC 4180).
pub(super) fn read(
    bytes: &[u8],
    delimiter: u8,
    skip: bool,
    mapping: Option<&Mapping>,
    out: &mut Rows<'_>,
) -> Result<(), ExecError> {
    let text = super::text_of(bytes);
    let mut rest = text.as_bytes();
    let mut first = true;
    while !rest.is_empty() {
        let (fields, after) = record(rest, delimiter);
        rest = after;
        let header = std::mem::replace(&mut first, false) && skip;
        let blank = fields.len() == 1 && fields[0].is_empty();
        if !header && !blank {
            push(&fields, mapping, out)?;
        }
    }
    Ok(())
}

/// One record and what follows it.
fn record(bytes: &[u8], delimiter: u8) -> (Vec<String>, &[u8]) {
    let mut fields = Vec::new();
    let mut field: Vec<u8> = Vec::new();
    let mut at = 0;
    let mut quoted = false;
    let mut begun = false;
    let mut end = |field: &mut Vec<u8>| {
        if fields.len() < MAX_FIELDS {
            fields.push(String::from_utf8_lossy(field).into_owned());
        }
        field.clear();
    };
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        if quoted {
            match (byte, bytes.get(at)) {
                (b'"', Some(b'"')) => {
                    field.push(b'"');
                    at += 1;
                }
                (b'"', _) => quoted = false,
                _ => field.push(byte),
            }
            continue;
        }
        match byte {
            b'"' if !begun => {
                quoted = true;
                begun = true;
            }
            b'\n' => {
                end(&mut field);
                return (fields, bytes.get(at..).unwrap_or_default());
            }
            b'\r' if matches!(bytes.get(at), Some(b'\n') | None) => {}
            b if b == delimiter => {
                end(&mut field);
                begun = false;
            }
            b' ' if !begun && delimiter != b' ' && starts_quoted(bytes.get(at..).unwrap_or_default()) => {}
            other => {
                begun = true;
                field.push(other);
            }
        }
    }
    end(&mut field);
    (fields, &[])
}

/// Whether only spaces stand before a quote.
fn starts_quoted(bytes: &[u8]) -> bool {
    bytes.iter().take(16).find(|b| **b != b' ') == Some(&b'"')
}

/// Fields between tabs in which `\t`, `\n` and `\\` are written out.
pub(super) fn escaped(
    bytes: &[u8],
    skip: bool,
    mapping: Option<&Mapping>,
    out: &mut Rows<'_>,
) -> Result<(), ExecError> {
    for line in super::text_of(bytes).lines().skip(usize::from(skip)).filter(|l| !l.is_empty()) {
        let fields: Vec<String> = line.split('\t').take(MAX_FIELDS).map(plain).collect();
        push(&fields, mapping, out)?;
    }
    Ok(())
}

fn plain(field: &str) -> String {
    let mut out = String::with_capacity(field.len());
    let mut chars = field.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('t') => out.push('\t'),
                Some('n') => out.push('\n'),
                Some('r') => out.push('\r'),
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
            (c, false) => out.push(c),
        }
    }
    out
}

/// Each line is one record of one field.
pub(super) fn lines(bytes: &[u8], skip: bool, out: &mut Rows<'_>) -> Result<(), ExecError> {
    for line in super::text_of(bytes).lines().skip(usize::from(skip)).filter(|l| !l.is_empty()) {
        out.push(vec![V::string(line)])?;
    }
    Ok(())
}

fn push(fields: &[String], mapping: Option<&Mapping>, out: &mut Rows<'_>) -> Result<(), ExecError> {
    let cell = |at: usize| fields.get(at).map_or(V::Null, |f| V::Str(f.as_str().into()));
    let row = out.columns().iter().enumerate().map(|(at, column)| match mapping {
        None => cell(at),
        Some(mapping) => match mapping.place(&column.name) {
            Some(Place::Ordinal(at)) => cell(*at),
            Some(Place::Path(_)) => cell(at),
            None => V::Null,
        },
    });
    let row: Vec<V<'_>> = row.collect();
    out.push(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hold_delimiters_and_line_breaks() {
        let text = b"a,\"b,\n\"\"c\"\"\", \"d\"\r\n\"\",e";
        let (first, rest) = record(text, b',');
        assert_eq!(first, ["a", "b,\n\"c\"", "d"]);
        let (second, rest) = record(rest, b',');
        assert_eq!((second, rest.len()), (vec![String::new(), "e".to_owned()], 0));
        // A quote that is never closed takes the rest.
        assert_eq!(record(b"\"a,b\nc", b',').0, ["a,b\nc"]);
        assert_eq!(plain(r"a\tb\\"), "a\tb\\");
    }
}
