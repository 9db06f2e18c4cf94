//! Where the binder finds tables.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::stored::FunctionDef;
use crate::types::Type;

/// A column as the catalogue knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnDef {
    /// Stored name.
    pub name: String,
    /// Type.
    pub ty: Type,
}

/// A table as the catalogue knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableDef {
    /// Name.
    pub name: String,
    /// Visible columns in order.
    pub columns: Vec<ColumnDef>,
    /// Columns that can be named but are not part of `*` (such as `_IngestTime`).
    pub hidden: Vec<ColumnDef>,
    /// Other spellings of columns: (alias, stored name).
    pub aliases: Vec<(String, String)>,
    /// It never has rows, and no executor is asked for it.
    pub empty: bool,
}

/// What the binder asks about tables and stored functions.
pub trait Catalogue {
    /// The table of this exact name.
    fn table(&self, name: &str) -> Option<TableDef>;
    /// All table names, for suggestions and `union *`.
    fn tables(&self) -> Vec<String>;
    /// Whether the executor will know where addresses are; if not, asking for it is warned of.
    fn locates_addresses(&self) -> bool {
        false
    }
    /// The stored function of this exact name.
    fn function(&self, _name: &str) -> Option<FunctionDef> {
        None
    }
    /// Names of stored functions, for suggestions.
    fn functions(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Aliases that hold for every hunting table that has the stored column.
pub const COMMON_ALIASES: [(&str, &str); 3] = [
    ("TimeGenerated", "Timestamp"),
    ("LogonID", "LogonId"),
    ("InitiatingProcessLogonID", "InitiatingProcessLogonId"),
];

/// Tables held in memory: tests, and queries without stored tables.
#[derive(Clone, Debug, Default)]
pub struct MemoryCatalogue {
    tables: Vec<TableDef>,
}

impl MemoryCatalogue {
    /// An empty catalogue.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a table; the common aliases are set where the stored column exists.
    pub fn add(&mut self, name: &str, columns: &[(&str, Type)]) -> &mut Self {
        let columns: Vec<ColumnDef> =
            columns.iter().map(|(n, ty)| ColumnDef { name: (*n).to_owned(), ty: *ty }).collect();
        let aliases = common_aliases(&columns);
        self.tables.push(TableDef { name: name.to_owned(), columns, aliases, ..TableDef::default() });
        self
    }
}

/// The common aliases that apply to these columns.
pub fn common_aliases(columns: &[ColumnDef]) -> Vec<(String, String)> {
    let has = |name: &str| columns.iter().any(|c| c.name == name);
    COMMON_ALIASES
        .iter()
        .filter(|(alias, stored)| has(stored) && !has(alias))
        .map(|(alias, stored)| ((*alias).to_owned(), (*stored).to_owned()))
        .collect()
}

impl Catalogue for MemoryCatalogue {
    fn table(&self, name: &str) -> Option<TableDef> {
        self.tables.iter().find(|t| t.name == name).cloned()
    }

    fn tables(&self) -> Vec<String> {
        self.tables.iter().map(|t| t.name.clone()).collect()
    }
}

/// What a catalogue has answered, for binding the same query again without it.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    known: BTreeMap<String, Option<TableDef>>,
    names: Vec<String>,
    locates: bool,
    functions: BTreeMap<String, Option<FunctionDef>>,
}

impl Recorded {
    /// Names of the tables that were asked for and may have rows.
    pub fn found(&self) -> impl Iterator<Item = &str> {
        self.known.values().flatten().filter(|t| !t.empty).map(|t| t.name.as_str())
    }

    /// Names of the stored functions that were asked for and are there.
    pub fn called(&self) -> impl Iterator<Item = &str> {
        self.functions.values().flatten().map(|f| f.name.as_str())
    }
}

impl Catalogue for Recorded {
    fn table(&self, name: &str) -> Option<TableDef> {
        self.known.get(name).cloned().flatten()
    }

    fn tables(&self) -> Vec<String> {
        self.names.clone()
    }

    fn locates_addresses(&self) -> bool {
        self.locates
    }

    fn function(&self, name: &str) -> Option<FunctionDef> {
        self.functions.get(name).cloned().flatten()
    }
}

/// Passes questions on to a catalogue and keeps the answers.
pub(crate) struct Recorder<'c> {
    inner: &'c dyn Catalogue,
    known: RefCell<BTreeMap<String, Option<TableDef>>>,
    functions: RefCell<BTreeMap<String, Option<FunctionDef>>>,
}

impl<'c> Recorder<'c> {
    pub fn new(inner: &'c dyn Catalogue) -> Self {
        Self { inner, known: RefCell::default(), functions: RefCell::default() }
    }

    pub fn finish(&self) -> Recorded {
        Recorded {
            known: self.known.borrow().clone(),
            names: self.inner.tables(),
            locates: self.inner.locates_addresses(),
            functions: self.functions.borrow().clone(),
        }
    }
}

impl Catalogue for Recorder<'_> {
    fn table(&self, name: &str) -> Option<TableDef> {
        let known = self.known.borrow().get(name).cloned();
        known.unwrap_or_else(|| {
            let found = self.inner.table(name);
            self.known.borrow_mut().insert(name.to_owned(), found.clone());
            found
        })
    }

    fn tables(&self) -> Vec<String> {
        self.inner.tables()
    }

    fn locates_addresses(&self) -> bool {
        self.inner.locates_addresses()
    }

    fn function(&self, name: &str) -> Option<FunctionDef> {
        let known = self.functions.borrow().get(name).cloned();
        known.unwrap_or_else(|| {
            let found = self.inner.function(name);
            self.functions.borrow_mut().insert(name.to_owned(), found.clone());
            found
        })
    }

    fn functions(&self) -> Vec<String> {
        self.inner.functions()
    }
}

/// The hunting tables of `palisade-schema`.
#[derive(Clone, Copy, Debug, Default)]
pub struct HuntingCatalogue;

impl Catalogue for HuntingCatalogue {
    fn table(&self, name: &str) -> Option<TableDef> {
        let mut table = crate::SchemaCatalogue.table(name)?;
        let mut more = common_aliases(&table.columns);
        more.retain(|(alias, _)| !table.aliases.iter().any(|(a, _)| a == alias));
        table.aliases.append(&mut more);
        Some(table)
    }

    fn tables(&self) -> Vec<String> {
        crate::SchemaCatalogue.tables()
    }
}
