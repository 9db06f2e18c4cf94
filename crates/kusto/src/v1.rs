//! Answers of the first version: `{"Tables": […]}`.

use serde_json::{Value, json};

use crate::properties::DynamicForm;
use crate::status::Completion;
use crate::table::{Encoding, Kind, Table, encoded};

/// The answer to a command: its table alone.
pub fn command(table: Table, dynamic: Option<DynamicForm>) -> Value {
    json!({"Tables": [written("Table_0", table, dynamic)]})
}

/// The answer to a query: its rows, its properties, how it went, and the table that says which is which.
/// Rows that are not all are told among the status and as `Exceptions`.
pub fn query(table: Table, completion: &Completion, dynamic: Option<DynamicForm>) -> Value {
    let exceptions = completion.partial.as_ref().map(|error| error.description.clone());
    let tables = [table, properties(), status(completion), contents()];
    let tables: Vec<Value> = tables
        .into_iter()
        .enumerate()
        .map(|(at, table)| written(&format!("Table_{at}"), table, dynamic))
        .collect();
    match exceptions {
        None => json!({"Tables": tables}),
        Some(exception) => json!({"Tables": tables, "Exceptions": [exception]}),
    }
}

fn written(name: &str, mut table: Table, dynamic: Option<DynamicForm>) -> Value {
    encoded(&mut table, Encoding { bool_as_number: true, dynamic: dynamic.unwrap_or(DynamicForm::Text) });
    let Table { columns, rows } = table;
    let columns: Vec<Value> = columns
        .into_iter()
        .map(|c| {
            let (data, kind) = (c.kind.data_type(), c.kind.name());
            json!({"ColumnName": c.name, "DataType": data, "ColumnType": kind})
        })
        .collect();
    let rows: Vec<Value> = rows.into_iter().map(Value::Array).collect();
    json!({"TableName": name, "Columns": columns, "Rows": rows})
}

fn properties() -> Table {
    Table::new(&[("Value", Kind::String)]).with(vec![json!(crate::v2::visualization().to_string())])
}

fn status(completion: &Completion) -> Table {
    let mut table = Table::new(&[
        ("Timestamp", Kind::Datetime),
        ("Severity", Kind::Int),
        ("SeverityName", Kind::String),
        ("StatusCode", Kind::Int),
        ("StatusDescription", Kind::String),
        ("Count", Kind::Int),
        ("RequestId", Kind::Guid),
        ("ActivityId", Kind::Guid),
        ("SubActivityId", Kind::Guid),
        ("ClientActivityId", Kind::String),
    ]);
    for event in completion.events() {
        // A person's sentence where there is one, else figures.
        let text = event.payload["Text"].as_str().map_or_else(|| event.payload.to_string(), str::to_owned);
        let id = &completion.activity_id;
        table = table.with(vec![
            json!(completion.at),
            json!(event.level),
            json!(event.level_name),
            json!(event.status),
            json!(text),
            json!(1),
            json!(id),
            json!(id),
            json!(id),
            json!(completion.client_request_id),
        ]);
    }
    table
}

/// Which table is which.
fn contents() -> Table {
    let mut table = Table::new(&[
        ("Ordinal", Kind::Long),
        ("Kind", Kind::String),
        ("Name", Kind::String),
        ("Id", Kind::String),
        ("PrettyName", Kind::String),
    ]);
    let tables = [
        ("QueryResult", "PrimaryResult"),
        ("QueryProperties", "@ExtendedProperties"),
        ("QueryStatus", "QueryStatus"),
    ];
    for (at, (kind, name)) in tables.into_iter().enumerate() {
        table = table.with(vec![json!(at), json!(kind), json!(name), json!(at.to_string()), json!("")]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::OneApiError;

    fn rows() -> Table {
        Table::new(&[("x", Kind::Long), ("b", Kind::Bool)]).with(vec![json!(1), json!(true)])
    }

    #[test]
    fn the_last_table_says_what_the_others_are() {
        let answer = query(rows(), &Completion::default(), None);
        let tables = answer["Tables"].as_array().cloned().unwrap_or_default();
        assert_eq!(tables.len(), 4);
        assert_eq!(
            tables[0]["Columns"][1],
            json!({"ColumnName": "b", "DataType": "SByte", "ColumnType": "bool"})
        );
        assert_eq!(tables[0]["Rows"], json!([[1, 1]]));
        assert_eq!(tables[3]["Rows"][2], json!([2, "QueryStatus", "QueryStatus", "2", ""]));
        assert_eq!(tables[2]["Rows"][0][4], "Query completed successfully");
        assert!(answer.get("Exceptions").is_none());
        assert_eq!(command(rows(), None)["Tables"].as_array().map(Vec::len), Some(1));
    }

    #[test]
    fn rows_that_were_cut_off_are_told() {
        let completion = Completion { partial: Some(OneApiError::truncated(1)), ..Completion::default() };
        let answer = query(rows(), &completion, None);
        assert_eq!(answer["Tables"][2]["Rows"][0][1], 2);
        assert!(
            answer["Exceptions"][0].as_str().unwrap_or_default().contains("E_QUERY_RESULT_SET_TOO_LARGE")
        );
    }
}
