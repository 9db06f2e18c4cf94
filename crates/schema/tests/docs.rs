//! `docs/tables.md` is made from the tables. `PALISADE_BLESS=1` rewrites it.

use std::fmt::Write;
use std::path::Path;

use palisade_schema::{Fill, TableSpec, tables, unfilled};

#[test]
fn the_tables_page_matches_the_tables() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/tables.md");
    let fresh = page();
    if std::env::var_os("PALISADE_BLESS").is_some() {
        std::fs::write(&path, &fresh).expect("written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == fresh, "docs/tables.md differs from crates/schema/tables: run with PALISADE_BLESS=1");
}

fn page() -> String {
    let mut out = String::from(
        "# Hunting tables\n\nMade from `crates/schema/tables`; do not edit.\n\n\
         An event is named for ever by (DeviceId, Timestamp, ReportId). A string is never null: what is \
         missing is empty. `TimeGenerated` may be written for `Timestamp` wherever there is one.\n",
    );
    for table in tables() {
        section(&mut out, table);
    }
    out.push_str(
        "\n## Tables that nothing fills\n\nQueries may name them; they have the columns of the product that \
         these tables follow, and no rows.\n\n| table | columns |\n|---|---|\n",
    );
    for table in unfilled() {
        let columns: Vec<String> = table.columns.iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
        let _ = writeln!(out, "| {} | {} |", table.name, columns.join(", "));
    }
    out
}

fn section(out: &mut String, table: &TableSpec) {
    let _ = write!(out, "\n## {}\n\n{}\n", table.name, table.description);
    if table.any_case {
        out.push_str("\nIts name may be written in any case.\n");
    }
    list(out, "type", &table.types);
    list(out, "ActionType", &table.action_types);
    list(out, "AdditionalFields", &table.additional_fields);
    out.push_str("\n| column | type | filled | meaning |\n|---|---|---|---|\n");
    for c in &table.columns {
        let filled = match c.fill {
            Fill::Filled => "yes",
            Fill::Conditional | Fill::Na => c.reason.as_str(),
        };
        let _ = writeln!(out, "| {} | {} | {} | {} |", c.name, c.kind, filled, c.description);
    }
    for (alias, target) in &table.aliases {
        let _ = write!(out, "\n`{alias}` may be written for `{target}`.");
    }
    out.push('\n');
}

fn list(out: &mut String, title: &str, entries: &std::collections::BTreeMap<String, String>) {
    if entries.is_empty() {
        return;
    }
    let _ = write!(out, "\n{title}:\n\n");
    for (name, meaning) in entries {
        let _ = writeln!(out, "- `{name}`: {meaning}");
    }
}
