//! What the command line prints; the only place that does.
#![allow(clippy::print_stderr)]

use std::io::{self, Write};

use serde_json::Value;

use super::Format;

/// Cells wider than this are cut in the table form.
const WIDEST: usize = 60;

/// A line for the user.
pub fn line(text: &str) {
    if let Err(e) = writeln!(io::stdout().lock(), "{text}") {
        // Who reads only the first lines has what they want; anything else is a failure.
        if e.kind() == io::ErrorKind::BrokenPipe {
            std::process::exit(0);
        }
        error(&format!("writing the output: {e}"));
        std::process::exit(1);
    }
}

/// A failure.
pub fn error(text: &str) {
    eprintln!("error: {text}");
}

/// Progress or statistics, which must not mix with results.
pub fn note(text: &str) {
    eprintln!("{text}");
}

/// Rows in the chosen form.
pub fn rows(columns: &[String], rows: &[Vec<Value>], format: Format) {
    match format {
        Format::Table => table(columns, rows),
        Format::Json => {
            let all: Vec<Value> = rows.iter().map(|r| object(columns, r)).collect();
            line(&serde_json::to_string_pretty(&all).unwrap_or_default());
        }
        Format::Jsonl => rows.iter().for_each(|r| line(&object(columns, r).to_string())),
        Format::Csv => {
            line(&columns.iter().map(|c| csv(c)).collect::<Vec<_>>().join(","));
            for r in rows {
                line(&r.iter().map(|v| csv(&text(v))).collect::<Vec<_>>().join(","));
            }
        }
    }
}

fn object(columns: &[String], row: &[Value]) -> Value {
    Value::Object(columns.iter().cloned().zip(row.iter().cloned()).collect())
}

/// A cell as plain text; null is empty.
fn text(v: &Value) -> String {
    match v {
        Value::Null => String::new(),
        Value::String(s) => s.clone(),
        other => other.to_string(),
    }
}

fn csv(s: &str) -> String {
    if s.contains([',', '"', '\n', '\r']) { format!("\"{}\"", s.replace('"', "\"\"")) } else { s.to_owned() }
}

fn table(columns: &[String], rows: &[Vec<Value>]) {
    let cell = |v: &Value| {
        let clean: String = text(v).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        if clean.chars().count() > WIDEST {
            clean.chars().take(WIDEST - 1).collect::<String>() + "…"
        } else {
            clean
        }
    };
    let cells: Vec<Vec<String>> = rows.iter().map(|r| r.iter().map(cell).collect()).collect();
    let width = |i: usize| {
        cells.iter().map(|r| r[i].chars().count()).chain([columns[i].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let print = |row: &[String]| {
        let shown: Vec<String> = row.iter().zip(&widths).map(|(c, w)| format!("{c:<w$}")).collect();
        line(shown.join("  ").trim_end());
    };
    print(columns);
    print(&widths.iter().map(|w| "-".repeat(*w)).collect::<Vec<_>>());
    cells.iter().for_each(|r| print(r));
}
