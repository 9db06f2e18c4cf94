//! The hunting tables of `palisade-schema` as the binder sees them.

use crate::binder::INGEST_TIME;
use crate::catalogue::{Catalogue, ColumnDef, TableDef, common_aliases};
use crate::types::Type;
use palisade_schema::{ColumnType, TableKind, TableSpec, UnfilledTable};

/// The tables of `palisade-schema`: those that have rows, and those that never do.
#[derive(Clone, Copy, Debug, Default)]
pub struct SchemaCatalogue;

impl Catalogue for SchemaCatalogue {
    fn table(&self, name: &str) -> Option<TableDef> {
        let unfilled = || palisade_schema::unfilled().iter().find(|t| t.name == name).map(without_rows);
        palisade_schema::table(name).map(definition).or_else(unfilled)
    }

    fn tables(&self) -> Vec<String> {
        let filled = palisade_schema::tables().iter().map(|t| &t.name);
        filled.chain(palisade_schema::unfilled().iter().map(|t| &t.name)).cloned().collect()
    }
}

fn definition(table: &TableSpec) -> TableDef {
    let columns =
        table.columns.iter().map(|c| ColumnDef { name: c.name.clone(), ty: kql_type(c.kind) }).collect();
    let aliases = table.aliases.iter().map(|(alias, stored)| (alias.clone(), stored.clone())).collect();
    // Rows of a view are made when asked for: they did not come in.
    let hidden = match table.kind {
        TableKind::View => Vec::new(),
        _ => vec![ColumnDef { name: INGEST_TIME.to_owned(), ty: Type::Datetime }],
    };
    TableDef { name: table.name.clone(), columns, hidden, aliases, empty: false }
}

fn without_rows(table: &UnfilledTable) -> TableDef {
    let columns: Vec<ColumnDef> = table
        .columns
        .iter()
        .map(|(name, kind)| ColumnDef { name: name.clone(), ty: kql_type(*kind) })
        .collect();
    let aliases = common_aliases(&columns);
    TableDef { name: table.name.clone(), columns, aliases, empty: true, ..TableDef::default() }
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
    fn tables_without_rows_are_asked_of_no_executor() {
        let text =
            "AlertEvidence | where TimeGenerated > ago(1d) | join kind=inner DeviceProcessEvents on DeviceId";
        let program = crate::compile(text, &SchemaCatalogue, 0).expect("it compiles");
        assert_eq!(program.tables(), ["DeviceProcessEvents"]);
    }

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
