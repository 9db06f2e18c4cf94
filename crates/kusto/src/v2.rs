//! Answers of the second version: frames, none of them progressive.

use serde_json::{Value, json};

use crate::properties::DynamicForm;
use crate::status::Completion;
use crate::table::{Encoding, Kind, Table, encoded};

/// The answer to a query. Rows that are not all end in an error among them, unless the client wants it
/// deferred; the completion tells it in either case.
pub fn query(table: Table, completion: &Completion, dynamic: Option<DynamicForm>) -> Value {
    let error = completion
        .partial
        .as_ref()
        .map(|e| e.clone().for_request(&completion.client_request_id, &completion.activity_id).to_json());
    let mut primary = frame(1, "PrimaryResult", "PrimaryResult", table, dynamic);
    if let (Some(error), false, Some(rows)) = (&error, completion.deferred, primary["Rows"].as_array_mut()) {
        rows.push(json!({"OneApiErrors": [error]}));
    }
    let mut end = json!({"FrameType": "DataSetCompletion", "HasErrors": error.is_some(), "Cancelled": false});
    if let Some(error) = error {
        end["OneApiErrors"] = json!([error]);
    }
    let information =
        frame(2, "QueryCompletionInformation", "QueryCompletionInformation", status(completion), None);
    Value::Array(vec![
        json!({"FrameType": "DataSetHeader", "IsProgressive": false, "Version": "v2.0"}),
        frame(0, "QueryProperties", "@ExtendedProperties", properties(), None),
        primary,
        information,
        end,
    ])
}

/// The keys stand in the order in which clients that read the text as a stream expect them.
fn frame(id: u32, kind: &str, name: &str, mut table: Table, dynamic: Option<DynamicForm>) -> Value {
    encoded(&mut table, Encoding { bool_as_number: false, dynamic: dynamic.unwrap_or(DynamicForm::Json) });
    let Table { columns, rows } = table;
    let columns: Vec<Value> =
        columns.into_iter().map(|c| json!({"ColumnName": c.name, "ColumnType": c.kind.name()})).collect();
    let rows: Vec<Value> = rows.into_iter().map(Value::Array).collect();
    json!({
        "FrameType": "DataTable", "TableId": id, "TableKind": kind, "TableName": name,
        "Columns": columns, "Rows": rows,
    })
}

/// How the rows are to be drawn: nothing is said of it.
pub(crate) fn visualization() -> Value {
    json!({
        "Visualization": null, "Title": null, "XColumn": null, "Series": null, "YColumns": null,
        "AnomalyColumns": null, "XTitle": null, "YTitle": null, "XAxis": null, "YAxis": null, "Legend": null,
        "YSplit": null, "Accumulate": false, "IsQuerySorted": false, "Kind": null,
    })
}

fn properties() -> Table {
    // Its value is text in spite of its type.
    Table::new(&[("TableId", Kind::Int), ("Key", Kind::String), ("Value", Kind::Dynamic)]).with(vec![
        json!(1),
        json!("Visualization"),
        json!(visualization().to_string()),
    ])
}

fn status(completion: &Completion) -> Table {
    let mut table = Table::new(&[
        ("Timestamp", Kind::Datetime),
        ("ClientRequestId", Kind::String),
        ("ActivityId", Kind::Guid),
        ("SubActivityId", Kind::Guid),
        ("ParentActivityId", Kind::Guid),
        ("Level", Kind::Int),
        ("LevelName", Kind::String),
        ("StatusCode", Kind::Int),
        ("StatusCodeName", Kind::String),
        ("EventType", Kind::Int),
        ("EventTypeName", Kind::String),
        ("Payload", Kind::String),
    ]);
    for event in completion.events() {
        let id = &completion.activity_id;
        table = table.with(vec![
            json!(completion.at),
            json!(completion.client_request_id),
            json!(id),
            json!(id),
            json!(id),
            json!(event.level),
            json!(event.level_name),
            json!(event.status),
            json!(event.status_name),
            json!(event.kind),
            json!(event.kind_name),
            json!(event.payload.to_string()),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::OneApiError;

    fn rows() -> Table {
        Table::new(&[("x", Kind::Long), ("d", Kind::Dynamic)]).with(vec![json!(1), json!({"a": 1})])
    }

    fn frames(completion: &Completion, dynamic: Option<DynamicForm>) -> Vec<Value> {
        query(rows(), completion, dynamic).as_array().cloned().unwrap_or_default()
    }

    #[test]
    fn frames_come_in_their_order_with_their_keys_in_order() {
        let frames = frames(&Completion::default(), None);
        let kinds: Vec<_> =
            frames.iter().map(|f| (f["FrameType"].as_str(), f["TableKind"].as_str())).collect();
        assert_eq!(
            kinds,
            [
                (Some("DataSetHeader"), None),
                (Some("DataTable"), Some("QueryProperties")),
                (Some("DataTable"), Some("PrimaryResult")),
                (Some("DataTable"), Some("QueryCompletionInformation")),
                (Some("DataSetCompletion"), None),
            ]
        );
        assert_eq!(frames[2]["Rows"], json!([[1, {"a": 1}]]));
        assert!(
            frames[2].to_string().starts_with("{\"FrameType\":\"DataTable\",\"TableId\":1,\"TableKind\"")
        );
        assert_eq!(frames[3]["Rows"][1][10], "QueryResourceConsumption");
        assert_eq!(
            frames[4],
            json!({"FrameType": "DataSetCompletion", "HasErrors": false, "Cancelled": false})
        );
        assert_eq!(
            self::frames(&Completion::default(), Some(DynamicForm::Text))[2]["Rows"][0][1],
            "{\"a\":1}"
        );
    }

    #[test]
    fn rows_that_were_cut_off_are_an_error_among_them_or_beside() {
        let cut = Completion { partial: Some(OneApiError::truncated(1)), ..Completion::default() };
        let frames = self::frames(&cut, None);
        assert_eq!(frames[2]["Rows"][1]["OneApiErrors"][0]["error"]["code"], "LimitsExceeded");
        assert_eq!(frames[3]["Rows"][0][5], 2);
        assert_eq!(frames[4]["HasErrors"], true);
        let beside = self::frames(&Completion { deferred: true, ..cut }, None);
        assert_eq!(beside[2]["Rows"].as_array().map(Vec::len), Some(1));
        assert_eq!(beside[4]["OneApiErrors"][0]["error"]["@permanent"], false);
    }
}
