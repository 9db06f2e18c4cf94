//! The hunting tables of `palisade-schema` as the binder sees them.

use crate::catalogue::{Catalogue, ColumnDef, TableDef};
use crate::types::Type;
use palisade_schema::{ColumnType, TableSpec};

/// The tables of `palisade-schema`.
#[derive(Clone, Copy, Debug, Default)]
pub struct SchemaCatalogue;

impl Catalogue for SchemaCatalogue {
    fn table(&self, name: &str) -> Option<TableDef> {
        palisade_schema::table(name).map(definition)
    }

    fn tables(&self) -> Vec<String> {
        palisade_schema::tables().iter().map(|t| t.name.clone()).collect()
    }
}

fn definition(table: &TableSpec) -> TableDef {
    let columns =
        table.columns.iter().map(|c| ColumnDef { name: c.name.clone(), ty: kql_type(c.kind) }).collect();
    let aliases = table.aliases.iter().map(|(alias, stored)| (alias.clone(), stored.clone())).collect();
    TableDef { name: table.name.clone(), columns, hidden: Vec::new(), aliases }
}

fn kql_type(kind: ColumnType) -> Type {
    match kind {
        ColumnType::Bool => Type::Bool,
        ColumnType::Int => Type::Int,
        ColumnType::Long => Type::Long,
        ColumnType::Real => Type::Real,
        ColumnType::String => Type::String,
        ColumnType::Datetime => Type::Datetime,
        ColumnType::Timespan => Type::Timespan,
        ColumnType::Dynamic => Type::Dynamic,
        ColumnType::Guid => Type::Guid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_resource_tables_may_be_written_in_any_case() {
        for text in
            ["SecurityResources | project id", "securityresources | where ['type'] =~ 'x' | project id"]
        {
            let program = crate::compile(text, &SchemaCatalogue, 0).expect("it compiles");
            assert_eq!(program.tables(), ["securityresources"]);
        }
        let errors = crate::compile("exposuregraphnodes", &SchemaCatalogue, 0).expect_err("case matters");
        assert_eq!(errors[0].suggestion.as_deref(), Some("ExposureGraphNodes"));
    }
}
