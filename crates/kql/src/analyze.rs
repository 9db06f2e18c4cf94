//! What many queries give, without running them: one JSON line in, one JSON line out.
//!
//! A line in is `{"id": …, "query": "…"}`. A line out is `{"id": …, "ok": true, "columns": [{"name",
//! "type"}]}` or `{"id": …, "ok": false, "error": {"code", "message", "line", "column"}}`. What is wrong
//! with a line is told in its place, and the next one follows.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, BufRead, Write};

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Value as Json, json};

use crate::catalogue::{Catalogue, ColumnDef, TableDef, common_aliases};
use crate::diagnostic::Severity;
use crate::types::Type;

/// Longest accepted line in bytes; the rest of a longer one is skipped.
pub const MAX_LINE_BYTES: usize = 16 * 1024 * 1024;
/// Most tables of a schema file.
pub const MAX_TABLES: usize = 20_000;
/// Most columns of all tables of a schema file.
pub const MAX_COLUMNS: usize = 1_000_000;

/// Tables as a file describes them: `{"Table": {"Column": "type"}}`.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    tables: Vec<TableDef>,
    places: HashMap<String, usize>,
}

impl Schema {
    /// Reads the description; a type that the language does not have is read as dynamic.
    ///
    /// # Errors
    /// A sentence that tells what is wrong with it.
    pub fn read(text: &str) -> Result<Self, String> {
        let Pairs(tables) = serde_json::from_str::<Pairs<Pairs<String>>>(text)
            .map_err(|e| format!("a schema is an object of tables, each an object of columns: {e}"))?;
        let columns: usize = tables.iter().map(|(_, Pairs(columns))| columns.len()).sum();
        if tables.len() > MAX_TABLES || columns > MAX_COLUMNS {
            return Err(format!("a schema has at most {MAX_TABLES} tables and {MAX_COLUMNS} columns"));
        }
        let mut schema = Self::default();
        for (name, Pairs(columns)) in tables {
            let columns: Vec<ColumnDef> = columns
                .into_iter()
                .map(|(name, ty)| ColumnDef { name, ty: Type::from_name(&ty).unwrap_or(Type::Dynamic) })
                .collect();
            let aliases = common_aliases(&columns);
            let table = TableDef { name: name.clone(), columns, aliases, ..TableDef::default() };
            if schema.places.insert(name.clone(), schema.tables.len()).is_some() {
                return Err(format!("the table '{name}' is described twice"));
            }
            schema.tables.push(table);
        }
        Ok(schema)
    }
}

impl Catalogue for Schema {
    fn table(&self, name: &str) -> Option<TableDef> {
        self.tables.get(*self.places.get(name)?).cloned()
    }

    fn tables(&self) -> Vec<String> {
        self.tables.iter().map(|t| t.name.clone()).collect()
    }
}

/// A JSON object in the order of its text.
struct Pairs<V>(Vec<(String, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Pairs<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<V>(std::marker::PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Reader<V> {
            type Value = Pairs<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<V>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    if pairs.len() > MAX_COLUMNS {
                        return Err(de::Error::custom("too many members"));
                    }
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Reader(std::marker::PhantomData))
    }
}

/// How many queries were read and how many are right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Lines, without empty ones.
    pub lines: u64,
    /// Queries that compile.
    pub ok: u64,
}

/// Compiles the query of each line against a catalogue; `now_us` is what `now()` means.
///
/// # Errors
/// Only what the reader or the writer reports.
pub fn run(
    mut reader: impl BufRead,
    mut writer: impl Write,
    catalogue: &dyn Catalogue,
    now_us: i64,
) -> io::Result<Counts> {
    let mut counts = Counts::default();
    let mut line = Vec::new();
    loop {
        line.clear();
        let Some(whole) = next_line(&mut reader, &mut line)? else { break };
        if whole && line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        counts.lines += 1;
        let answer = match whole {
            true => answer(&line, catalogue, now_us),
            false => {
                wrong(Json::Null, "line_too_long", &format!("a line has at most {MAX_LINE_BYTES} bytes"))
            }
        };
        counts.ok += u64::from(answer["ok"] == Json::Bool(true));
        serde_json::to_writer(&mut writer, &answer)?;
        writer.write_all(b"\n")?;
    }
    writer.flush()?;
    Ok(counts)
}

/// Reads up to the end of a line; false when it was too long, none at the end.
fn next_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
    let mut whole = true;
    let mut any = false;
    loop {
        let chunk = match reader.fill_buf() {
            Ok(chunk) => chunk,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        if chunk.is_empty() {
            return Ok(any.then_some(whole));
        }
        any = true;
        let end = chunk.iter().position(|b| *b == b'\n');
        let part = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
        let used = part.len() + usize::from(end.is_some());
        if line.len() + part.len() > MAX_LINE_BYTES {
            whole = false;
        }
        if whole {
            line.extend_from_slice(part);
        }
        reader.consume(used);
        if end.is_some() {
            return Ok(Some(whole));
        }
    }
}

fn answer(line: &[u8], catalogue: &dyn Catalogue, now_us: i64) -> Json {
    let Ok(request) = serde_json::from_slice::<Json>(line) else {
        return wrong(Json::Null, "invalid_line", "a line is a JSON object with id and query");
    };
    let id = request.get("id").cloned().unwrap_or_default();
    let Some(query) = request.get("query").and_then(Json::as_str) else {
        return wrong(id, "invalid_line", "a line has the text of its query as 'query'");
    };
    match crate::compile(query, catalogue, now_us) {
        Ok(program) => {
            let columns: Vec<Json> = program
                .schema()
                .columns
                .iter()
                .map(|c| json!({ "name": c.name, "type": program.type_name(c) }))
                .collect();
            json!({ "id": id, "ok": true, "columns": columns })
        }
        Err(found) => match found.iter().find(|d| d.severity == Severity::Error) {
            Some(d) => {
                let error =
                    json!({ "code": d.code, "message": d.message, "line": d.line, "column": d.column });
                json!({ "id": id, "ok": false, "error": error })
            }
            None => wrong(id, "internal", "the query does not compile, and nothing says why"),
        },
    }
}

fn wrong(id: Json, code: &str, message: &str) -> Json {
    json!({ "id": id, "ok": false, "error": { "code": code, "message": message, "line": 1, "column": 1 } })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: &str = r#"{"T": {"Timestamp": "datetime", "b": "string", "a": "double", "odd": "thing"}}"#;

    fn analysed(lines: &str) -> (Counts, Vec<Json>) {
        let schema = Schema::read(TABLES).expect("readable");
        let mut out = Vec::new();
        let counts = run(lines.as_bytes(), &mut out, &schema, 0).expect("no IO can fail");
        let text = String::from_utf8(out).expect("text");
        (counts, text.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect())
    }

    #[test]
    fn columns_come_in_their_order() {
        let (counts, out) =
            analysed("{\"id\": 7, \"query\": \"T\"}\n\n{\"id\": \"x\", \"query\": \"T | count\"}");
        assert_eq!(counts, Counts { lines: 2, ok: 2 });
        let names: Vec<_> =
            out[0]["columns"].as_array().expect("columns").iter().map(|c| &c["name"]).collect();
        assert_eq!(names, ["Timestamp", "b", "a", "odd"]);
        assert_eq!(out[0]["columns"][2]["type"], "real");
        assert_eq!(out[0]["columns"][3]["type"], "dynamic");
        assert_eq!(out[1], json!({"id": "x", "ok": true, "columns": [{"name": "Count", "type": "long"}]}));
    }

    #[test]
    fn a_bad_line_does_not_stop_the_others() {
        let long = format!("{{\"id\": 1, \"query\": \"{}\"}}", "x".repeat(MAX_LINE_BYTES));
        let big = format!("{{\"id\": 2, \"query\": \"{}\"}}", "x".repeat(crate::MAX_QUERY_BYTES + 1));
        let text = format!(
            "not json\n{long}\n{big}\n{{\"id\": 3}}\n{{\"id\": 4, \"query\": \"T |\\n where c == 1\"}}\n{{\"id\": 5, \"query\": \"T\"}}"
        );
        let (counts, out) = analysed(&text);
        assert_eq!(counts, Counts { lines: 6, ok: 1 });
        let codes: Vec<_> = out.iter().map(|l| l["error"]["code"].as_str().unwrap_or("ok")).collect();
        let expected =
            ["invalid_line", "line_too_long", "query_too_long", "invalid_line", "unknown_column", "ok"];
        assert_eq!(codes, expected);
        assert_eq!((&out[4]["error"]["line"], &out[4]["error"]["column"]), (&json!(2), &json!(8)));
        assert_eq!(out[4]["id"], 4);
    }

    #[test]
    fn a_schema_that_is_none_says_why() {
        assert!(Schema::read("[]").is_err());
        assert!(Schema::read(r#"{"T": {"a": 1}}"#).is_err());
        assert!(Schema::read(r#"{"T": {}, "T": {}}"#).unwrap_err().contains("twice"));
    }
}
