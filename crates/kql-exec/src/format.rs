//! Results as text: table, JSON, JSON lines, CSV.

use std::io::{self, Write};

use palisade_kql::Schema;
use serde_json::{Map, Value as Json};

/// A way to write results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Columns for people.
    Table,
    /// One array of objects.
    Json,
    /// One object per line.
    Jsonl,
    /// RFC 4180 with a header.
    Csv,
}

impl std::str::FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "table" => Ok(Format::Table),
            "json" => Ok(Format::Json),
            "jsonl" => Ok(Format::Jsonl),
            "csv" => Ok(Format::Csv),
            other => Err(format!("'{other}' is not a format; use table, json, jsonl or csv")),
        }
    }
}

/// Widest cell of a table in characters; more is cut with an ellipsis.
const WIDEST: usize = 80;

/// Writes rows in a format.
///
/// # Errors
/// Those of the writer.
pub fn write(format: Format, schema: &Schema, rows: &[Vec<Json>], out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Table => table(schema, rows, out),
        Format::Json => {
            let objects: Vec<Json> = rows.iter().map(|r| object(schema, r)).collect();
            serde_json::to_writer_pretty(&mut *out, &objects)?;
            writeln!(out)
        }
        Format::Jsonl => {
            for row in rows {
                serde_json::to_writer(&mut *out, &object(schema, row))?;
                writeln!(out)?;
            }
            Ok(())
        }
        Format::Csv => {
            let header: Vec<String> = schema.names().map(csv_field).collect();
            write!(out, "{}\r\n", header.join(","))?;
            for row in rows {
                let fields: Vec<String> = row.iter().map(|c| csv_field(&cell_text(c))).collect();
                write!(out, "{}\r\n", fields.join(","))?;
            }
            Ok(())
        }
    }
}

fn object(schema: &Schema, row: &[Json]) -> Json {
    let pairs = schema.columns.iter().zip(row).map(|(c, v)| (c.name.clone(), v.clone()));
    Json::Object(pairs.collect::<Map<_, _>>())
}

fn cell_text(cell: &Json) -> String {
    match cell {
        Json::Null => String::new(),
        Json::String(s) => s.clone(),
        other => other.to_string(),
    }
}

fn csv_field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// A cell on one line, without control characters that a terminal would obey.
fn shown(text: &str) -> String {
    let mut out: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(WIDEST + 1).collect();
    if out.chars().count() > WIDEST {
        out = out.chars().take(WIDEST - 1).collect();
        out.push('…');
    }
    out
}

fn table(schema: &Schema, rows: &[Vec<Json>], out: &mut dyn Write) -> io::Result<()> {
    let cells: Vec<Vec<String>> =
        rows.iter().map(|r| r.iter().map(|c| shown(&cell_text(c))).collect()).collect();
    let width = |at: usize, name: &str| {
        let widest = cells.iter().filter_map(|r| r.get(at)).map(|c| c.chars().count()).max().unwrap_or(0);
        widest.max(name.chars().count())
    };
    let widths: Vec<usize> = schema.columns.iter().enumerate().map(|(at, c)| width(at, &c.name)).collect();
    let line = |cells: &[String]| {
        let padded: Vec<String> = cells.iter().zip(&widths).map(|(c, w)| format!("{c:<w$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let names: Vec<String> = schema.names().map(str::to_owned).collect();
    writeln!(out, "{}", line(&names))?;
    let rules: Vec<String> = widths.iter().map(|w| "─".repeat(*w)).collect();
    writeln!(out, "{}", rules.join("  "))?;
    for row in &cells {
        writeln!(out, "{}", line(row))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use palisade_kql::Type;
    use serde_json::json;

    fn text(format: Format) -> String {
        let mut schema = Schema::default();
        schema.push("Name", Type::String);
        schema.push("N", Type::Long);
        let rows = vec![vec![json!("a,\"b\"\n"), json!(1)], vec![json!(""), Json::Null]];
        let mut out = Vec::new();
        write(format, &schema, &rows, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn formats() {
        assert_eq!(text(Format::Csv), "Name,N\r\n\"a,\"\"b\"\"\n\",1\r\n,\r\n");
        assert_eq!(
            text(Format::Jsonl),
            "{\"Name\":\"a,\\\"b\\\"\\n\",\"N\":1}\n{\"Name\":\"\",\"N\":null}\n"
        );
        assert_eq!(text(Format::Table), "Name    N\n──────  ─\na,\"b\"   1\n\n");
    }
}
