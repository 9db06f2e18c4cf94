//! The public hunting queries: how many parse, how many compile, and whether our column names and
//! types are those of the official binder.

use std::collections::BTreeMap;
use std::path::PathBuf;

use palisade_kql::Severity;
use palisade_kql::analyze::Schema;

/// Queries of 1,163 that parse without an error.
const PARSE_FLOOR: usize = 1_162;
/// Queries that compile against the schema that the official binder was given.
const COMPILE_FLOOR: usize = 1_137;
/// Of those that compile: same names and types as the official binder's.
const SAME_SCHEMA_FLOOR: usize = 1_135;

/// The folder of outside test data; none (and a line that says so) when it is absent.
fn data() -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = std::env::var_os("PALISADE_DATA").map_or_else(|| root.join("../shared/data"), PathBuf::from);
    let file = folder.join("kql/hunting-queries.jsonl");
    if file.exists() {
        return Some(folder.join("kql"));
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "PALISADE_DATA is absent in CI");
    eprintln!("skipped: no test data (set PALISADE_DATA)");
    None
}

fn schema(folder: &std::path::Path) -> Schema {
    Schema::read(&std::fs::read_to_string(folder.join("schema_used.json")).unwrap()).unwrap()
}

#[test]
fn public_hunting_queries() {
    let Some(folder) = data() else { return };
    let catalogue = schema(&folder);
    let text = std::fs::read_to_string(folder.join("hunting-queries.jsonl")).unwrap();
    let verbose = std::env::var_os("PALISADE_VERBOSE").is_some();
    let (mut total, mut parsed, mut compiled, mut comparable, mut same) = (0, 0, 0, 0, 0);
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for line in text.lines().filter(|l| !l.trim().is_empty()) {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let query = row["query"].as_str().unwrap();
        total += 1;
        let (_, diagnostics) = palisade_kql::parse(query);
        let errors: Vec<_> = diagnostics.iter().filter(|d| d.severity == Severity::Error).collect();
        if errors.is_empty() {
            parsed += 1;
        } else if verbose && row["official_semantic_errors"].as_u64() == Some(0) {
            println!(
                "PARSE {} {}:{} {} {}",
                row["id"], errors[0].line, errors[0].column, errors[0].code, errors[0].message
            );
        }
        match palisade_kql::compile(query, &catalogue, super::NOW) {
            Ok(program) => {
                compiled += 1;
                if let Some(expected) = row["result_columns"].as_array() {
                    comparable += 1;
                    let expected: Vec<String> = expected
                        .iter()
                        .map(|c| format!("{}:{}", c[0].as_str().unwrap(), c[1].as_str().unwrap()))
                        .collect();
                    // The official binder calls a type that only the rows know "unknown".
                    let columns = program.schema().columns.iter();
                    let actual: Vec<String> =
                        columns.map(|c| format!("{}:{}", c.name, program.type_name(c))).collect();
                    if expected == actual {
                        same += 1;
                    } else if verbose {
                        let at = expected.iter().zip(&actual).position(|(e, a)| e != a);
                        let at = at.unwrap_or(expected.len().min(actual.len()));
                        println!(
                            "SCHEMA {} at {at}: expected {:?} got {:?}",
                            row["id"],
                            expected.get(at),
                            actual.get(at)
                        );
                    }
                }
            }
            Err(diagnostics) => {
                let first = diagnostics.iter().find(|d| d.severity == Severity::Error);
                let key = first.map_or_else(String::new, |d| match d.code.as_str() {
                    "not_supported" | "unknown_function" | "unknown_operator" => {
                        format!("{}: {}", d.code, d.message)
                    }
                    other => other.to_owned(),
                });
                *reasons.entry(key).or_default() += 1;
                if verbose
                    && row["official_semantic_errors"].as_u64() == Some(0)
                    && let Some(d) = first.filter(|d| d.code != "not_supported")
                {
                    println!("COMPILE {} {}:{} {} {}", row["id"], d.line, d.column, d.code, d.message);
                }
            }
        }
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    println!(
        "{parsed} of {total} parse, {compiled} compile; {same} of {comparable} have the official names and types"
    );
    for (reason, n) in reasons.iter().take(40) {
        println!("{n:5} {reason}");
    }
    assert!(parsed >= PARSE_FLOOR, "{parsed} parse");
    assert!(compiled >= COMPILE_FLOOR, "{compiled} compile");
    assert!(same >= SAME_SCHEMA_FLOOR, "{same} have the official schema");
}
