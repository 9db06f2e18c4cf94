//! Conditions on columns whose texts repeat: tried by text, they leave the rows that they leave when tried by row.

use crate::terms::{load, rows_where};

const TABLE: &str = "DeviceFileEvents";

/// More than one row group, so that a second dictionary comes.
const ROWS: usize = (256 << 10) + 5000;

/// Few texts, which differ from one row group to the next.
fn name(row: usize) -> String {
    match row % 7 {
        0 => String::new(),
        1 => "Curl".to_owned(),
        2 => "ß und ẞ".to_owned(),
        n if row > 256 << 10 => format!("later-than-the-first-group-{n}"),
        n => format!("a-name-that-is-longer-than-a-view-{n}"),
    }
}

/// So many different texts that the dictionary is given up on the way.
fn path(row: usize) -> String {
    format!("/srv/{:x}/a-folder-with-a-name-of-some-length/{}", row / 3, name(row))
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_by_text_leave_the_rows_that_conditions_by_row_leave() {
    let dir = tempfile::tempdir().unwrap();
    let text = |column: &str, row: usize| match column {
        "FileName" => name(row),
        "FolderPath" => path(row),
        "ActionType" => ["FileCreated", "FileDeleted"][row % 2].to_owned(),
        _ => String::new(),
    };
    load(dir.path(), TABLE, ROWS, text).await;
    // A text that two columns make is tried by row: that is the model.
    let by_row = |column: &str| format!("strcat({column}, iff(ReportId < 0, 'x', ''))");
    for (condition, some) in [
        ("# == 'Curl'", true),
        ("# =~ 'curl' and @ has 'srv'", true),
        ("# != 'Curl'", true),
        ("# in~ ('CURL', 'later-than-the-first-group-5')", true),
        ("# !in ('Curl', '')", true),
        ("isempty(#)", true),
        ("# contains 'SS' or # endswith 'ẞ'", true),
        ("# startswith 'later' and ! == 'FileCreated'", true),
        ("(# has 'longer' and strlen(#) % 2 == 0) or # == ''", true),
        ("not(# matches regex '^[a-z]') and ! endswith 'deleted'", true),
        ("tolower(#) == 'curl' and @ endswith '/Curl' and @ contains '/a1'", true),
        ("@ in ('/srv/0/a-folder-with-a-name-of-some-length/')", true),
        ("# == 'nothing' or ! == 'nothing'", false),
        ("tolong(#) > 5", false),
        ("isnull(tolong(#)) and # startswith 'later'", true),
    ] {
        let with = |f: &dyn Fn(&str) -> String| {
            condition
                .replace('#', &f("FileName"))
                .replace('@', &f("FolderPath"))
                .replace("! ==", &format!("{} ==", f("ActionType")))
                .replace("! endswith", &format!("{} endswith", f("ActionType")))
        };
        let found = rows_where(dir.path(), TABLE, &with(&|column| column.to_owned())).await.0;
        let model = rows_where(dir.path(), TABLE, &with(&by_row)).await.0;
        assert!(found == model, "{condition}: {} rows, not {}", found.len(), model.len());
        assert_eq!(!found.is_empty(), some, "{condition}");
    }
}
