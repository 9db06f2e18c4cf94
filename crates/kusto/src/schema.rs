//! Answers to commands, from what a service says of itself.

use serde_json::{Map, Value, json};

use crate::command::SchemaForm;
use crate::table::{Column, Kind, Table};

/// A column of a stored table.
#[derive(Clone, Debug)]
pub struct ColumnInfo {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: Kind,
    /// What it means.
    pub doc: String,
}

/// A stored table.
#[derive(Clone, Debug)]
pub struct TableInfo {
    /// Its name.
    pub name: String,
    /// Where clients show it.
    pub folder: String,
    /// What its rows are.
    pub doc: String,
    /// Its columns in order.
    pub columns: Vec<ColumnInfo>,
}

/// A parameter of a stored function.
#[derive(Clone, Debug)]
pub struct ParameterInfo {
    /// Its name.
    pub name: String,
    /// The type of a value; none for a table.
    pub kind: Option<Kind>,
    /// The columns that a table must have; none where any will do.
    pub columns: Vec<(String, Kind)>,
    /// Its default as it is written.
    pub default: Option<String>,
}

/// A stored function.
#[derive(Clone, Debug)]
pub struct FunctionInfo {
    /// Its name.
    pub name: String,
    /// Where clients show it.
    pub folder: String,
    /// What it is for.
    pub doc: String,
    /// Its parameters as they are written, with their brackets.
    pub written: String,
    /// The same, read.
    pub parameters: Vec<ParameterInfo>,
    /// Its statements, without braces.
    pub body: String,
    /// The columns that it gives, where they are certain.
    pub columns: Vec<(String, Kind)>,
}

/// A database.
#[derive(Clone, Debug)]
pub struct DatabaseInfo {
    /// Its name.
    pub name: String,
    /// Its id, a guid.
    pub id: String,
    /// Its tables.
    pub tables: Vec<TableInfo>,
    /// Its stored functions.
    pub functions: Vec<FunctionInfo>,
}

/// The version that schemas name: it does not change without a new release.
const VERSION: &str = "v1.0";

/// `.show databases`, `.show database`; the first one is the present one.
pub fn databases(all: &[&DatabaseInfo], present: &str) -> Table {
    let mut table = Table::new(&[
        ("DatabaseName", Kind::String),
        ("PersistentStorage", Kind::String),
        ("Version", Kind::String),
        ("IsCurrent", Kind::Bool),
        ("DatabaseAccessMode", Kind::String),
        ("PrettyName", Kind::String),
        ("ReservedSlot1", Kind::Bool),
        ("DatabaseId", Kind::Guid),
        ("InTransitionTo", Kind::String),
    ]);
    for database in all {
        table = table.with(vec![
            json!(database.name),
            json!(""),
            json!(VERSION),
            json!(database.name == present),
            json!("ReadOnly"),
            json!(""),
            Value::Null,
            json!(database.id),
            json!(""),
        ]);
    }
    table
}

/// `.show database schema` and its kin.
pub fn schema(all: &[&DatabaseInfo], form: SchemaForm) -> Table {
    match form {
        SchemaForm::Rows => rows(all),
        SchemaForm::Json => {
            let databases: Map<String, Value> =
                all.iter().map(|database| (database.name.clone(), database_json(database))).collect();
            let text = json!({"Databases": databases}).to_string();
            Table::new(&[("DatabaseSchema", Kind::String)]).with(vec![json!(text)])
        }
        SchemaForm::Script => {
            let mut table = Table::new(&[("DatabaseSchemaScript", Kind::String)]);
            for one in all.iter().flat_map(|database| &database.tables) {
                let columns = one.columns.iter().map(|c| format!("{}:{}", bracketed(&c.name), c.kind.name()));
                let columns: Vec<String> = columns.collect();
                let script = format!(".create-merge table {} ({})", bracketed(&one.name), columns.join(", "));
                table = table.with(vec![json!(script)]);
            }
            for one in all.iter().flat_map(|database| &database.functions) {
                let text = |text: &str| crate::statements::text_literal(text);
                let script = format!(
                    ".create-or-alter function with (folder = {}, docstring = {}) {}{} {}",
                    text(&one.folder),
                    text(&one.doc),
                    bracketed(&one.name),
                    one.written,
                    braced(&one.body)
                );
                table = table.with(vec![json!(script)]);
            }
            table
        }
    }
}

fn database_json(database: &DatabaseInfo) -> Value {
    let tables: Map<String, Value> =
        database.tables.iter().map(|table| (table.name.clone(), table_json(table))).collect();
    let functions: Map<String, Value> =
        database.functions.iter().map(|f| (f.name.clone(), function_json(f))).collect();
    json!({
        "Name": database.name, "Tables": tables, "ExternalTables": {}, "MaterializedViews": {},
        "EntityGroups": {}, "MajorVersion": 1, "MinorVersion": 0, "Functions": functions,
        "DatabaseAccessMode": "ReadOnly",
    })
}

fn function_json(function: &FunctionInfo) -> Value {
    let columns = |columns: &[(String, Kind)]| -> Vec<Value> {
        let column = |(name, kind): &(String, Kind)| json!({"Name": name, "Type": kind.system_type(), "CslType": kind.name()});
        columns.iter().map(column).collect()
    };
    let parameter = |p: &ParameterInfo| {
        let mut told = match p.kind {
            Some(kind) => json!({"Name": p.name, "Type": kind.system_type(), "CslType": kind.name()}),
            None => json!({"Name": p.name, "Columns": columns(&p.columns)}),
        };
        if let Some(default) = &p.default {
            told["CslDefaultValue"] = json!(default);
        }
        told
    };
    let parameters: Vec<Value> = function.parameters.iter().map(parameter).collect();
    json!({
        "Name": function.name, "InputParameters": parameters, "Body": braced(&function.body),
        "Folder": function.folder, "DocString": function.doc, "FunctionKind": "Unknown",
        "OutputColumns": columns(&function.columns),
    })
}

/// A body as commands write it.
fn braced(body: &str) -> String {
    format!("{{\n{body}\n}}")
}

fn table_json(table: &TableInfo) -> Value {
    let columns: Vec<Value> = table
        .columns
        .iter()
        .map(|c| {
            let (system, name) = (c.kind.system_type(), c.kind.name());
            json!({"Name": c.name, "Type": system, "CslType": name, "DocString": c.doc})
        })
        .collect();
    json!({"Name": table.name, "Folder": table.folder, "DocString": table.doc, "OrderedColumns": columns})
}

fn rows(all: &[&DatabaseInfo]) -> Table {
    let mut out = Table::new(&[
        ("DatabaseName", Kind::String),
        ("TableName", Kind::String),
        ("ColumnName", Kind::String),
        ("ColumnType", Kind::String),
        ("IsDefaultTable", Kind::Bool),
        ("IsDefaultColumn", Kind::Bool),
        ("PrettyName", Kind::String),
        ("Version", Kind::String),
        ("Folder", Kind::String),
        ("DocString", Kind::String),
    ]);
    let no = || json!(false);
    for database in all {
        let name = || json!(database.name);
        out = out.with(vec![name(), json!(""), json!(""), json!(""), no(), no(), json!(""), json!(VERSION)]);
        for table in &database.tables {
            let titled = || (name(), json!(table.name));
            let (in_database, of_table) = titled();
            let docs = [json!(table.folder), json!(table.doc)];
            let row = vec![in_database, of_table, json!(""), json!(""), no(), no(), json!(""), json!("")];
            out = out.with([row, docs.to_vec()].concat());
            for column in &table.columns {
                let (in_database, of_table) = titled();
                out = out.with(vec![
                    in_database,
                    of_table,
                    json!(column.name),
                    json!(column.kind.system_type()),
                    no(),
                    no(),
                    json!(""),
                    json!(""),
                    json!(table.folder),
                    json!(column.doc),
                ]);
            }
        }
    }
    out
}

/// A name as scripts write it: in brackets where it is no plain word.
fn bracketed(name: &str) -> String {
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !name.starts_with(|c: char| c.is_ascii_digit());
    if plain { name.to_owned() } else { format!("['{}']", name.replace('\'', "\\'")) }
}

/// `.show tables`; with `details` also what the service does not count, which is null.
pub fn tables(database: &DatabaseInfo, of: &[&TableInfo], details: bool) -> Table {
    let mut columns = vec![
        ("TableName", Kind::String),
        ("DatabaseName", Kind::String),
        ("Folder", Kind::String),
        ("DocString", Kind::String),
    ];
    if details {
        columns.extend([
            ("TotalExtents", Kind::Long),
            ("TotalExtentSize", Kind::Real),
            ("TotalOriginalSize", Kind::Real),
            ("TotalRowCount", Kind::Long),
            ("HotExtents", Kind::Long),
            ("HotExtentSize", Kind::Real),
            ("HotOriginalSize", Kind::Real),
            ("HotRowCount", Kind::Long),
        ]);
    }
    let mut out = Table::new(&columns);
    for table in of {
        out = out.with(vec![json!(table.name), json!(database.name), json!(table.folder), json!(table.doc)]);
    }
    out
}

/// `.show table T`: its columns.
pub fn table(of: &TableInfo) -> Table {
    let mut out = Table::new(&[
        ("AttributeName", Kind::String),
        ("AttributeType", Kind::String),
        ("Folder", Kind::String),
        ("DocString", Kind::String),
    ]);
    for column in &of.columns {
        out = out.with(vec![
            json!(column.name),
            json!(column.kind.system_type()),
            json!(of.folder),
            json!(column.doc),
        ]);
    }
    out
}

/// `.show table T schema as json` and `.show table T cslschema`.
pub fn table_schema(database: &DatabaseInfo, of: &TableInfo, json_form: bool) -> Table {
    let text = if json_form {
        table_json(of).to_string()
    } else {
        let columns: Vec<String> =
            of.columns.iter().map(|c| format!("{}:{}", bracketed(&c.name), c.kind.name())).collect();
        columns.join(",")
    };
    Table::new(&[
        ("TableName", Kind::String),
        ("Schema", Kind::String),
        ("DatabaseName", Kind::String),
        ("Folder", Kind::String),
        ("DocString", Kind::String),
    ])
    .with(vec![json!(of.name), json!(text), json!(database.name), json!(of.folder), json!(of.doc)])
}

/// `.show version`.
pub fn version(build: &str, product: &str) -> Table {
    Table::new(&[
        ("BuildVersion", Kind::String),
        ("BuildTime", Kind::Datetime),
        ("ServiceType", Kind::String),
        ("ProductVersion", Kind::String),
    ])
    .with(vec![json!(build), Value::Null, json!("Engine"), json!(format!("{product}_{build}"))])
}

/// `.show cluster`: the one node, by the address under which it is reached.
pub fn cluster(node: &str, address: &str) -> Table {
    Table::new(&[
        ("NodeId", Kind::String),
        ("Address", Kind::String),
        ("Name", Kind::String),
        ("StartTime", Kind::Datetime),
        ("IsAdmin", Kind::Bool),
        ("MachineTotalMemory", Kind::Long),
        ("MachineAvailableMemory", Kind::Long),
        ("ProcessorCount", Kind::Int),
        ("EnvironmentDescription", Kind::String),
    ])
    .with(vec![json!(node), json!(address), json!(node), Value::Null, json!(true)])
}

/// `.show diagnostics`.
pub fn diagnostics(healthy: bool, version: &str) -> Table {
    Table::new(&[("IsHealthy", Kind::Bool), ("ProductVersion", Kind::String), ("MachinesTotal", Kind::Long)])
        .with(vec![json!(healthy), json!(version), json!(1)])
}

/// `.show functions`, `.show function F`.
pub fn functions(of: &[&FunctionInfo]) -> Table {
    let mut out = Table::new(&[
        ("Name", Kind::String),
        ("Parameters", Kind::String),
        ("Body", Kind::String),
        ("Folder", Kind::String),
        ("DocString", Kind::String),
    ]);
    for f in of {
        let cells = [&f.name, &f.written, &braced(&f.body), &f.folder, &f.doc];
        out = out.with(cells.map(|cell| json!(cell)).to_vec());
    }
    out
}

/// `.show principal roles`: the caller's.
pub fn principal_roles(database: &str, name: &str, id: &str, role: &str) -> Table {
    Table::new(&[
        ("Scope", Kind::String),
        ("DisplayName", Kind::String),
        ("AADObjectID", Kind::String),
        ("Role", Kind::String),
    ])
    .with(vec![json!(format!("Database {database}")), json!(name), json!(id), json!(role)])
}

/// A command's answer as the text of a query, for the operators that stand behind the command.
pub fn as_query(table: &Table, pipe: &str) -> String {
    let columns: Vec<String> =
        table.columns.iter().map(|c| format!("{}:{}", bracketed(&c.name), c.kind.name())).collect();
    let mut text = format!("datatable({}) [", columns.join(", "));
    for row in &table.rows {
        for (cell, column) in row.iter().zip(&table.columns) {
            text.push_str(&literal(cell, column));
            text.push(',');
        }
    }
    text.push_str("] ");
    text.push_str(pipe);
    text
}

fn literal(cell: &Value, column: &Column) -> String {
    match (cell, column.kind) {
        (Value::Null, Kind::String) => "\"\"".to_owned(),
        (Value::Null, kind) => format!("{}(null)", kind.name()),
        (Value::String(text), Kind::String) => crate::statements::text_literal(text),
        (Value::String(text), kind) => format!("{}({text})", kind.name()),
        (other, kind) => format!("{}({other})", kind.name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database() -> DatabaseInfo {
        let column = |name: &str, kind| ColumnInfo { name: name.to_owned(), kind, doc: "what".to_owned() };
        DatabaseInfo {
            name: "alpha".to_owned(),
            id: "00000000-0000-0000-0000-000000000001".to_owned(),
            tables: vec![TableInfo {
                name: "T".to_owned(),
                folder: "Event".to_owned(),
                doc: "rows \"of\" T".to_owned(),
                columns: vec![column("a", Kind::Long), column("odd name", Kind::Dynamic)],
            }],
            functions: vec![FunctionInfo {
                name: "F".to_owned(),
                folder: "own".to_owned(),
                doc: "the newest".to_owned(),
                written: "(T: (a: long), n: long = 5)".to_owned(),
                parameters: vec![
                    ParameterInfo {
                        name: "T".to_owned(),
                        kind: None,
                        columns: vec![("a".to_owned(), Kind::Long)],
                        default: None,
                    },
                    ParameterInfo {
                        name: "n".to_owned(),
                        kind: Some(Kind::Long),
                        columns: Vec::new(),
                        default: Some("5".to_owned()),
                    },
                ],
                body: "T | take n".to_owned(),
                columns: vec![("a".to_owned(), Kind::Long)],
            }],
        }
    }

    fn cell(table: &Table, row: usize, column: &str) -> Value {
        let at = table.columns.iter().position(|c| c.name == column).unwrap_or(usize::MAX);
        table.rows.get(row).and_then(|r| r.get(at)).cloned().unwrap_or_default()
    }

    #[test]
    fn a_schema_has_three_forms() -> Result<(), serde_json::Error> {
        let database = database();
        let all = [&database];
        let flat = schema(&all, SchemaForm::Rows);
        assert_eq!(flat.rows.len(), 4);
        assert_eq!(cell(&flat, 2, "ColumnType"), "System.Int64");
        let text = cell(&schema(&all, SchemaForm::Json), 0, "DatabaseSchema");
        let parsed: Value = serde_json::from_str(text.as_str().unwrap_or_default())?;
        let columns = &parsed["Databases"]["alpha"]["Tables"]["T"]["OrderedColumns"];
        assert_eq!(
            columns[1],
            json!({"Name": "odd name", "Type": "System.Object", "CslType": "dynamic", "DocString": "what"})
        );
        let function = &parsed["Databases"]["alpha"]["Functions"]["F"];
        assert_eq!(function["Body"], "{\nT | take n\n}");
        assert_eq!(
            function["InputParameters"],
            json!([
                {"Name": "T", "Columns": [{"Name": "a", "Type": "System.Int64", "CslType": "long"}]},
                {"Name": "n", "Type": "System.Int64", "CslType": "long", "CslDefaultValue": "5"},
            ])
        );
        assert_eq!(function["OutputColumns"][0]["CslType"], "long");
        let script = |row: usize| cell(&schema(&all, SchemaForm::Script), row, "DatabaseSchemaScript");
        assert_eq!(script(0), ".create-merge table T (a:long, ['odd name']:dynamic)");
        assert_eq!(
            script(1),
            ".create-or-alter function with (folder = \"own\", docstring = \"the newest\") \
             F(T: (a: long), n: long = 5) {\nT | take n\n}"
        );
        let shown = functions(&[&database.functions[0]]);
        assert_eq!(
            (cell(&shown, 0, "Name"), cell(&shown, 0, "DocString")),
            (json!("F"), json!("the newest"))
        );
        assert_eq!(cell(&databases(&all, "alpha"), 0, "IsCurrent"), true);
        let table = &database.tables[0];
        assert_eq!(cell(&table_schema(&database, table, false), 0, "Schema"), "a:long,['odd name']:dynamic");
        assert_eq!(cell(&tables(&database, &[table], true), 0, "TotalRowCount"), Value::Null);
        Ok(())
    }

    #[test]
    fn an_answer_can_be_queried_further() {
        let database = database();
        let text = as_query(&tables(&database, &[&database.tables[0]], true), "| count");
        assert!(text.starts_with("datatable(TableName:string, DatabaseName:string, "), "{text}");
        assert!(text.contains("\"rows \\\"of\\\" T\",long(null),"), "{text}");
        assert!(text.ends_with("] | count"));
        assert!(as_query(&databases(&[&database], ""), "").contains("bool(false)"));
    }
}
