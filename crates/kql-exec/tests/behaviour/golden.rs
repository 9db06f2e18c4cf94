//! Golden files: `golden/*.kql` with what they give in `.result`; tables in `golden/tables/*.kql`,
//! each one `datatable`. To add a case write a .kql and run with PALISADE_BLESS=1, then read the result.

use std::path::PathBuf;
use std::sync::Arc;

use palisade_kql::MemoryCatalogue;
use palisade_kql_exec::{LocalExecutor, MemoryTables, QueryContext, QueryExecutor};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn kql_files(folder: &std::path::Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|p| p.extension().is_some_and(|e| e == "kql")).collect();
    files.sort();
    files
}

pub(crate) async fn tables() -> (MemoryCatalogue, Arc<MemoryTables>) {
    let mut catalogue = MemoryCatalogue::new();
    let mut tables = MemoryTables::new();
    for file in kql_files(&folder().join("tables")) {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        let program = palisade_kql::compile(&text, &MemoryCatalogue::new(), super::NOW).unwrap();
        let columns: Vec<(String, palisade_kql::Type)> =
            program.schema().columns.iter().map(|c| (c.name.clone(), c.ty)).collect();
        let borrowed: Vec<(&str, palisade_kql::Type)> =
            columns.iter().map(|(n, t)| (n.as_str(), *t)).collect();
        catalogue.add(&name, &borrowed);
        let executor = LocalExecutor::new(Arc::new(MemoryTables::new()));
        let mut stream = executor.execute(program, QueryContext::default()).await.unwrap();
        tables.add(&name, stream.read_all().await.unwrap()).unwrap();
    }
    (catalogue, Arc::new(tables))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn golden_files() {
    let (catalogue, tables) = tables().await;
    let bless = std::env::var("PALISADE_BLESS").as_deref() == Ok("1");
    let mut wrong = Vec::new();
    for file in kql_files(&folder()) {
        let text = std::fs::read_to_string(&file).unwrap();
        let actual = match super::run(&text, &catalogue, Arc::clone(&tables), QueryContext::default()).await {
            Ok(outcome) => {
                let header: Vec<String> =
                    outcome.schema.columns.iter().map(|c| format!("{}:{}", c.name, c.ty)).collect();
                let mut lines = vec![header.join(" | ")];
                lines.extend(outcome.rows.iter().map(|r| serde_json::to_string(r).unwrap()));
                lines.join("\n") + "\n"
            }
            Err((code, message)) => format!("error {code} {message}\n"),
        };
        let result = file.with_extension("result");
        if bless {
            std::fs::write(&result, &actual).unwrap();
            continue;
        }
        let expected = std::fs::read_to_string(&result).unwrap_or_default();
        if expected != actual {
            wrong.push(format!("{}\nexpected\n{expected}\nactual\n{actual}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
