//! Predicates reach the store in a form that it can prune with.

use std::sync::{Arc, Mutex};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::datasource::MemTable;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use palisade_kql::{MemoryCatalogue, Type};
use palisade_kql_exec::{LocalExecutor, MemoryTables, QueryContext, QueryExecutor};

#[derive(Debug)]
struct Spy {
    schema: SchemaRef,
    seen: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl TableProvider for Spy {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.seen.lock().unwrap().extend(filters.iter().map(ToString::to_string));
        let empty = MemTable::try_new(Arc::clone(&self.schema), vec![vec![]])?;
        empty.scan(state, projection, &[], limit).await
    }
}

async fn pushed(predicate: &str) -> Vec<String> {
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let schema = Arc::new(Schema::new(vec![
        Field::new("Timestamp", utc, true),
        Field::new("FileName", DataType::Utf8, false),
        Field::new("ProcessId", DataType::Int64, true),
    ]));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let mut tables = MemoryTables::new();
    tables.add_provider("T", Arc::new(Spy { schema, seen: Arc::clone(&seen) }));
    let mut catalogue = MemoryCatalogue::new();
    catalogue
        .add("T", &[("Timestamp", Type::Datetime), ("FileName", Type::String), ("ProcessId", Type::Long)]);
    let program = palisade_kql::compile(&format!("T | where {predicate}"), &catalogue, super::NOW).unwrap();
    let mut stream =
        LocalExecutor::new(Arc::new(tables)).execute(program, QueryContext::default()).await.unwrap();
    stream.read_all().await.unwrap();
    let seen = seen.lock().unwrap();
    seen.clone()
}

#[tokio::test]
async fn comparisons_with_constants_are_plain() {
    assert_eq!(pushed("FileName == 'a.exe'").await, ["FileName = Utf8(\"a.exe\")"]);
    assert_eq!(pushed("not(FileName == 'a.exe')").await, ["FileName != Utf8(\"a.exe\")"]);
    assert_eq!(pushed("ProcessId == 4").await, ["ProcessId = Int64(4)"]);
    let list = pushed("ProcessId in (1, 2, 3, 4)").await;
    assert_eq!(list, ["ProcessId IN ([Int64(1), Int64(2), Int64(3), Int64(4)])"]);
    let time = pushed("Timestamp > ago(1d)").await;
    assert!(time.len() == 1 && time[0].starts_with("Timestamp > TimestampMicrosecond("), "{time:?}");
    let between = pushed("Timestamp between (ago(2d) .. 1d) and FileName has 'a'").await;
    assert!(
        between.iter().any(|f| f.starts_with("Timestamp >= "))
            && between.iter().any(|f| f.starts_with("Timestamp <= ")),
        "{between:?}"
    );
}
