//! Where the executor finds stored tables.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use async_trait::async_trait;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;

use crate::error::ExecError;

/// Stored tables by name, as one consistent snapshot.
#[async_trait]
pub trait TableSource: Send + Sync {
    /// The provider of a table.
    ///
    /// # Errors
    /// [`ExecError::TableMissing`] when it is not there, [`ExecError::Data`] when it cannot be read.
    async fn table(&self, name: &str) -> Result<Arc<dyn TableProvider>, ExecError>;
}

/// Why the rows of a table break off. A provider's stream gives it as `DataFusionError::External`.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SourceError {
    /// More was asked for than the source hands out.
    #[error("{0}")]
    Limit(String),
    /// It cannot be read.
    #[error("{0}")]
    Data(String),
}

/// Tables in memory.
#[derive(Default)]
pub struct MemoryTables {
    tables: HashMap<String, Arc<dyn TableProvider>>,
}

impl MemoryTables {
    /// No tables.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a table with its rows.
    ///
    /// # Errors
    /// When the batches do not have one schema, or there is none.
    pub fn add(&mut self, name: &str, batches: Vec<RecordBatch>) -> Result<(), ExecError> {
        let schema =
            batches.first().ok_or_else(|| ExecError::Data("a table without batches".to_owned()))?.schema();
        let table = MemTable::try_new(schema, vec![batches])?;
        self.tables.insert(name.to_owned(), Arc::new(table));
        Ok(())
    }

    /// Adds any provider.
    pub fn add_provider(&mut self, name: &str, provider: Arc<dyn TableProvider>) {
        self.tables.insert(name.to_owned(), provider);
    }
}

#[async_trait]
impl TableSource for MemoryTables {
    async fn table(&self, name: &str) -> Result<Arc<dyn TableProvider>, ExecError> {
        self.tables.get(name).cloned().ok_or_else(|| ExecError::TableMissing(name.to_owned()))
    }
}
