//! Literals of the query language, for queries that the service writes itself.

use palisade_types::TimeMicros;

/// A string literal, with everything escaped that could end it.
pub(crate) fn text(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    out.push('"');
    for c in value.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The instants that the language can write: year 1 to the end of year 9999. Nothing happened outside.
const FIRST: TimeMicros = TimeMicros(-62_135_596_800_000_000);
const LAST: TimeMicros = TimeMicros(253_402_207_200_000_000);

/// A datetime literal; an instant that cannot be written becomes the first or the last that can.
pub(crate) fn instant(value: TimeMicros) -> String {
    format!("datetime({})", value.clamp(FIRST, LAST).to_rfc3339())
}

/// A list for `in`.
pub(crate) fn list<'a>(values: impl IntoIterator<Item = &'a str>) -> String {
    let texts: Vec<String> = values.into_iter().map(text).collect();
    format!("({})", texts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_ends_its_literal() {
        assert_eq!(text(r#"a" or 1==1 //\"#), r#""a\" or 1==1 //\\""#);
        assert_eq!(text("x\n| take 1\u{1}"), "\"x\\n| take 1\\u0001\"");
        assert_eq!(list(["a", "b"]), r#"("a", "b")"#);
        assert_eq!(instant(TimeMicros(0)), "datetime(1970-01-01T00:00:00.000000Z)");
    }

    #[test]
    fn every_instant_can_be_written() {
        for value in [i64::MIN, FIRST.0 - 1, FIRST.0, -1, 0, LAST.0, LAST.0 + 1, i64::MAX] {
            let query = format!("DeviceProcessEvents | where Timestamp <= {}", instant(TimeMicros(value)));
            let compiled = palisade_kql::compile(&query, &palisade_kql::SchemaCatalogue, 0);
            assert!(compiled.is_ok(), "{query}: {compiled:?}");
        }
    }

    #[test]
    fn the_compiler_reads_back_what_is_written() {
        for value in ["plain", "q\"uote", "back\\slash", "line\nbreak", "tab\t", "é€😀", "\u{7}", "' ; | //"]
        {
            let query = format!("DeviceProcessEvents | where FileName == {} | take 1", text(value));
            let compiled = palisade_kql::compile(&query, &palisade_kql::SchemaCatalogue, 0);
            assert!(compiled.is_ok(), "{query}: {compiled:?}");
        }
    }
}
