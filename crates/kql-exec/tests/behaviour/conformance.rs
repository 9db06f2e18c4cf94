//! The public conformance set: self-contained queries with the tables that they must give, compared
//! by the set's own comparer (Python, standard library only).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use palisade_kql_exec::QueryContext;
use serde_json::{Value as Json, json};

/// Queries that must pass, of 818.
const PASS_FLOOR: usize = 573;

fn data() -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = std::env::var_os("PALISADE_DATA")
        .map_or_else(|| root.join("../shared/data"), PathBuf::from)
        .join("kql");
    if folder.join("conformance.jsonl").exists() {
        return Some(folder);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "PALISADE_DATA is absent in CI");
    eprintln!("skipped: no test data (set PALISADE_DATA)");
    None
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn public_conformance_set() {
    let Some(folder) = data() else { return };
    let set = folder.join("conformance.jsonl");
    let text = std::fs::read_to_string(&set).unwrap();
    let mut lines = String::new();
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for line in text.lines().filter(|l| !l.trim().is_empty()) {
        let item: Json = serde_json::from_str(line).unwrap();
        let context = QueryContext { deadline: Duration::from_secs(20), ..QueryContext::default() };
        let catalogue = palisade_kql::MemoryCatalogue::new();
        let tables = std::sync::Arc::new(palisade_kql_exec::MemoryTables::new());
        let answer = match super::run(item["query"].as_str().unwrap(), &catalogue, tables, context).await {
            Ok(outcome) => json!({
                "id": item["id"],
                "columns": palisade_kql_exec::json_schema(&outcome.schema),
                "rows": outcome.rows,
            }),
            Err((code, message)) => {
                let key = if code == "not_supported" || code == "unknown_function" {
                    message.split_once(' ').map_or("", |(_, m)| m).to_owned()
                } else {
                    code.clone()
                };
                *reasons.entry(key).or_default() += 1;
                json!({"id": item["id"], "error": format!("{code} {message}")})
            }
        };
        lines.push_str(&answer.to_string());
        lines.push('\n');
    }
    let actual = std::env::temp_dir().join(format!("palisade-conformance-{}.jsonl", std::process::id()));
    std::fs::write(&actual, lines).unwrap();
    let verbose = std::env::var_os("PALISADE_VERBOSE").is_some();
    let mut command = Command::new("python3");
    command.arg(folder.join("compare.py")).arg("--expected").arg(&set).arg("--actual").arg(&actual);
    command.arg(if verbose { "--verbose" } else { "--quiet" });
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "python3 is needed in CI: {error}");
            eprintln!("skipped: no python3 to compare with");
            return;
        }
    };
    std::fs::remove_file(&actual).ok();
    let report = String::from_utf8_lossy(&output.stdout);
    println!("{report}");
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    for (reason, n) in reasons.iter().take(if verbose { 200 } else { 25 }) {
        println!("{n:5} {reason}");
    }
    let total = report.lines().rev().find_map(|l| l.strip_prefix("# total: ")).unwrap_or_default();
    let passed: usize = total.split('/').next().and_then(|n| n.parse().ok()).unwrap_or(0);
    assert!(passed >= PASS_FLOOR, "{passed} pass, the floor is {PASS_FLOOR}");
}
