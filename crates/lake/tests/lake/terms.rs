//! Searches for terms: what a file's index leaves out has no row that matches.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, new_null_array,
};
use arrow::datatypes::DataType;
use async_trait::async_trait;
use datafusion::catalog::TableProvider;
use futures::StreamExt;
use palisade_kql::SchemaCatalogue;
use palisade_kql_exec::{ExecError, LocalExecutor, QueryContext, QueryExecutor, TableSource, json_rows};
use palisade_lake::{Pin, PinnedCatalogue, RowLoader, ScanStats, schemas};

use crate::facts::{NOON, tenant};

const TABLE: &str = "DeviceProcessEvents";

/// Rows enough for three blocks and a part of a fourth.
const ROWS: usize = 3 * 8192 + 500;

/// Command lines: a few words for all rows, and each of the others in one place.
fn line(row: usize) -> String {
    let own = match row {
        100 => "/tmp/.x/MimiPenguin --dump",
        9_000 => "die Straße nach Zürich",
        9_001 => "xmimipenguin mimipenguinx",
        17_000 => "socat TCP-LISTEN:4444,fork a_b",
        20_000 => "echo a b",
        _ => "",
    };
    format!("curl -fsS https://host{}.example/{row:x} {own}", row % 40)
}

/// Puts rows into a table as one file: their numbers as `ReportId`, and the texts that `text` gives.
pub async fn load(lake: &Path, table: &str, rows: usize, text: impl Fn(&str, usize) -> String) {
    let stored = Arc::clone(&schemas(table).unwrap().stored);
    let columns = stored.fields().iter().map(|field| -> ArrayRef {
        match (field.name().as_str(), field.data_type()) {
            ("DeviceId", _) => {
                Arc::new(StringArray::from_iter_values((0..rows).map(|row| format!("{:04}", row / 1000))))
            }
            ("Timestamp" | "_IngestTime", _) => {
                let at = (0..rows).map(|row| NOON + i64::try_from(row).unwrap());
                Arc::new(TimestampMicrosecondArray::from_iter_values(at).with_timezone("UTC"))
            }
            ("ReportId", _) => Arc::new((0..rows).map(|r| i64::try_from(r).ok()).collect::<Int64Array>()),
            (name, DataType::Utf8) => {
                Arc::new(StringArray::from_iter_values((0..rows).map(|row| text(name, row))))
            }
            (_, other) => new_null_array(other, rows),
        }
    });
    let batch = RecordBatch::try_new(Arc::clone(&stored), columns.collect()).unwrap();
    let mut loader = RowLoader::open(lake, tenant(1), table).await.unwrap();
    loader.add(batch).unwrap();
    assert_eq!(loader.commit().await.unwrap().files, 1);
}

/// The tables of a pin.
pub struct Source(pub Arc<PinnedCatalogue>);

#[async_trait]
impl TableSource for Source {
    async fn table(&self, name: &str) -> Result<Arc<dyn TableProvider>, ExecError> {
        let table = self.0.table(name).await.map_err(|e| ExecError::Data(e.to_string()))?;
        Ok(table)
    }
}

async fn found(lake: &Path, condition: &str) -> (Vec<i64>, ScanStats) {
    rows_where(lake, &format!("{TABLE} | extend L = strcat(ProcessCommandLine, '')"), condition).await
}

/// The numbers of the rows that a condition leaves of a table, and what was read for them.
pub async fn rows_where(lake: &Path, table: &str, condition: &str) -> (Vec<i64>, ScanStats) {
    let catalogue = Arc::new(PinnedCatalogue::new(Pin::load(&lake.join("hot"), lake, tenant(1)).unwrap()));
    let query = format!("{table} | where {condition} | project ReportId");
    let program = palisade_kql::compile(&query, &SchemaCatalogue, NOON).unwrap();
    let context = QueryContext { row_cap: 1 << 20, ..QueryContext::default() };
    let mut stream =
        LocalExecutor::new(Arc::new(Source(Arc::clone(&catalogue)))).execute(program, context).await.unwrap();
    let mut rows = Vec::new();
    while let Some(batch) = stream.next().await {
        rows.extend(json_rows(&batch.unwrap(), stream.schema()).iter().filter_map(|r| r[0].as_i64()));
    }
    rows.sort_unstable();
    (rows, catalogue.scanned())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_of_terms_leaves_out_rows_that_cannot_match_and_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let text = |column: &str, row: usize| match column {
        "ProcessCommandLine" => line(row),
        _ => String::new(),
    };
    load(dir.path(), TABLE, ROWS, text).await;
    // Of a computed text nothing is known before it is read: that is the model.
    for (condition, blocks) in [
        ("# has 'mimipenguin'", 1),
        ("# has_cs 'MimiPenguin'", 1),
        ("# has_cs 'mimipenguin'", 1),
        ("# has 'STRASSE' or # has 'STRAßE'", 1),
        ("# has 'zürich' and # has 'curl'", 1),
        ("# has 'a_b'", 2),
        ("# has '.x/mimi'", 0),
        ("# has 'tcp-listen:4444'", 1),
        ("# has_any ('mimipenguin', 'socat')", 2),
        ("# has_all ('socat', 'a_b', 'fork')", 1),
        ("# has_any ('mimipenguin', '--')", 4),
        ("# has 'curl'", 4),
        ("# !has 'mimipenguin'", 4),
        ("not(# !has 'mimipenguin')", 1),
        ("# has 'mimipenguin' or ReportId == 5", 4),
        ("# has 'mimipenguin' or # contains 'listen'", 4),
        ("# hasprefix 'mimi'", 4),
        ("# has 'nowhere'", 0),
        ("# has ''", 4),
    ] {
        let (rows, read) = found(dir.path(), &condition.replace('#', "ProcessCommandLine")).await;
        let (model, whole) = found(dir.path(), &condition.replace('#', "L")).await;
        assert_eq!(rows, model, "{condition}");
        assert_eq!(whole.rows as usize, ROWS, "{condition}");
        let most = (blocks * 8192).min(ROWS) as u64;
        // A filter may take one block too many, seldom.
        assert!(read.rows <= most + 8192, "{condition}: {read:?}");
        assert_eq!(read.files, u64::from(!(blocks == 0 && read.rows == 0)), "{condition}");
    }
    let (_, read) = found(dir.path(), "ProcessCommandLine has 'mimipenguin'").await;
    assert!(read.rows < ROWS as u64 / 2, "most blocks are left out: {read:?}");
}
