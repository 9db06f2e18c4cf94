//! Files as tables: Parquet, CSV, JSON lines. Each file of a folder is a table that has the name of the
//! file without its ending.
//!
//! Types come from the file where it has them (Parquet) and else from all of its cells. Where a table
//! of the hunting schema has the same name, its types hold, as far as the cells can be read so. Where a schema
//! is given, its types hold whatever the cells are, and its tables and columns are there without data too.
//! Parquet is read as queries ask for it; texts are read at once, up to [`MAX_TEXT_FILE`] and
//! [`MAX_TEXT_ALL`].

mod adopt;
mod infer;
mod parquet;
mod text;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use palisade_kql::analyze::Schema;
use palisade_kql::catalogue::common_aliases;
use palisade_kql::{Catalogue, ColumnDef, HuntingCatalogue, TableDef, Type};

use crate::run::RunTables;
use crate::source::MemoryTables;

/// Most files of a folder.
pub const MAX_FILES: usize = 1_000;
/// Most columns of a table.
pub const MAX_COLUMNS: usize = 2_000;
/// Longest CSV or JSON-lines file, bytes.
pub const MAX_TEXT_FILE: u64 = 256 * 1024 * 1024;
/// Most bytes of all CSV and JSON-lines files of a folder.
pub const MAX_TEXT_ALL: u64 = 1024 * 1024 * 1024;
/// Rows of one batch.
const BATCH_ROWS: usize = 8192;

/// Why files are no tables.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// The folder or a file cannot be read.
    #[error("{path}: {error}", path = path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// A file does not hold what its ending says.
    #[error("{path}: {message}", path = path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// There is too much of something.
    #[error("{0}")]
    TooMuch(String),
    /// Two files have one name.
    #[error("two files would be the table {0}")]
    Twice(String),
}

#[derive(Clone, Copy)]
enum Kind {
    Parquet,
    /// With this byte between cells.
    Separated(u8),
    Json,
}

fn kind(path: &Path) -> Option<Kind> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    Some(match ending.as_str() {
        "parquet" => Kind::Parquet,
        "csv" => Kind::Separated(b','),
        "tsv" => Kind::Separated(b'\t'),
        "json" | "jsonl" | "ndjson" => Kind::Json,
        _ => return None,
    })
}

/// What is known of a table before its file is read.
struct Declared {
    table: Option<TableDef>,
    /// Its types hold, and its columns are there, whatever the file has.
    holds: bool,
}

impl Declared {
    /// What a given schema says, else what the hunting schema says.
    fn of(table: &str, schema: Option<&Schema>) -> Self {
        match schema.and_then(|s| s.table(table)) {
            Some(table) => Self { table: Some(table), holds: true },
            None => Self { table: HuntingCatalogue.table(table), holds: false },
        }
    }

    fn column(&self, name: &str) -> Option<Type> {
        self.table.as_ref()?.columns.iter().find(|c| c.name == name).map(|c| c.ty)
    }

    /// Columns that are there even if the file lacks them.
    fn certain(&self) -> &[ColumnDef] {
        match &self.table {
            Some(table) if self.holds => &table.columns,
            _ => &[],
        }
    }

    /// The columns of a file in the given schema's order, then what it does not know.
    fn ordered(&self, mut columns: Vec<ColumnDef>) -> Vec<ColumnDef> {
        let places: HashMap<&str, usize> =
            self.certain().iter().enumerate().map(|(at, c)| (c.name.as_str(), at)).collect();
        columns.sort_by_key(|c| places.get(c.name.as_str()).copied().unwrap_or(usize::MAX));
        columns
    }
}

/// Definitions of mounted tables.
#[derive(Default)]
struct FileCatalogue(BTreeMap<String, TableDef>);

impl FileCatalogue {
    fn add(&mut self, name: &str, columns: Vec<ColumnDef>) {
        let aliases = common_aliases(&columns);
        let table = TableDef { name: name.to_owned(), columns, aliases, ..TableDef::default() };
        self.0.insert(name.to_owned(), table);
    }

    fn add_empty(&mut self, schema: &Schema) {
        for table in schema.tables().iter().filter_map(|name| schema.table(name)) {
            self.0.insert(table.name.clone(), TableDef { empty: true, ..table });
        }
    }
}

impl Catalogue for FileCatalogue {
    fn table(&self, name: &str) -> Option<TableDef> {
        self.0.get(name).cloned()
    }

    fn tables(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

/// No tables: for queries that bring their own rows.
pub fn none() -> RunTables {
    RunTables { catalogue: Arc::new(FileCatalogue::default()), source: Arc::new(MemoryTables::new()) }
}

/// The tables of a schema, without rows.
pub fn empty(schema: &Schema) -> RunTables {
    let mut catalogue = FileCatalogue::default();
    catalogue.add_empty(schema);
    RunTables { catalogue: Arc::new(catalogue), source: Arc::new(MemoryTables::new()) }
}

/// Mounts the files of a folder; sub-folders, hidden files and other endings are passed over. Tables of the
/// schema that have no file have no rows.
///
/// # Errors
/// [`FilesError`] of the first file that cannot be mounted.
pub async fn mount(folder: &Path, schema: Option<&Schema>) -> Result<RunTables, FilesError> {
    let mut catalogue = FileCatalogue::default();
    if let Some(schema) = schema {
        catalogue.add_empty(schema);
    }
    let mut source = MemoryTables::new();
    let mut budget = MAX_TEXT_ALL;
    for (name, path, kind) in listed(folder)? {
        let declared = Declared::of(&name, schema);
        let columns = match kind {
            Kind::Parquet => {
                let (columns, provider) = parquet::open(&path, &declared).await?;
                source.add_provider(&name, provider);
                columns
            }
            Kind::Separated(_) | Kind::Json => {
                let bytes = path.metadata().map_err(|e| io(&path, e))?.len();
                if bytes > MAX_TEXT_FILE {
                    let message = format!("longer than {MAX_TEXT_FILE} bytes; as Parquet it may be");
                    return Err(unreadable(&path, message));
                }
                budget = budget.checked_sub(bytes).ok_or_else(|| {
                    FilesError::TooMuch(format!("the texts of {} are too long together", folder.display()))
                })?;
                let (columns, batches) = match kind {
                    Kind::Separated(by) => text::separated(&path, by, &declared)?,
                    _ => text::json(&path, &declared)?,
                };
                source.add(&name, batches).map_err(|e| unreadable(&path, e))?;
                columns
            }
        };
        catalogue.add(&name, declared.ordered(columns));
    }
    Ok(RunTables { catalogue: Arc::new(catalogue), source: Arc::new(source) })
}

/// Files by the name of their table.
fn listed(folder: &Path) -> Result<Vec<(String, PathBuf, Kind)>, FilesError> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(|e| io(folder, e))? {
        let path = entry.map_err(|e| io(folder, e))?.path();
        let (Some(kind), Some(name)) = (kind(&path), path.file_stem().and_then(|n| n.to_str())) else {
            continue;
        };
        if name.starts_with('.') || !path.is_file() {
            continue;
        }
        let name = name.to_owned();
        if found.insert(name.clone(), (path, kind)).is_some() {
            return Err(FilesError::Twice(name));
        }
        if found.len() > MAX_FILES {
            return Err(FilesError::TooMuch(format!("more than {MAX_FILES} files in {}", folder.display())));
        }
    }
    Ok(found.into_iter().map(|(name, (path, kind))| (name, path, kind)).collect())
}

fn io(path: &Path, error: std::io::Error) -> FilesError {
    FilesError::Io { path: path.to_owned(), error }
}

fn unreadable(path: &Path, message: impl ToString) -> FilesError {
    FilesError::Unreadable { path: path.to_owned(), message: message.to_string() }
}
