//! Conditions on columns whose texts repeat: tried by text, they leave the rows that they leave when tried by row.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, new_null_array,
};
use arrow::datatypes::DataType;
use palisade_lake::{RowLoader, schemas};

use crate::facts::{NOON, tenant};
use crate::terms::rows_where;

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

async fn load(lake: &Path) {
    let stored = Arc::clone(&schemas(TABLE).unwrap().stored);
    let rows = |f: &dyn Fn(usize) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values((0..ROWS).map(f)))
    };
    let columns = stored.fields().iter().map(|field| -> ArrayRef {
        match (field.name().as_str(), field.data_type()) {
            ("DeviceId", _) => rows(&|row| format!("{:04}", row / 1000)),
            ("FileName", _) => rows(&name),
            ("FolderPath", _) => rows(&path),
            ("ActionType", _) => rows(&|row| ["FileCreated", "FileDeleted"][row % 2].to_owned()),
            ("Timestamp" | "_IngestTime", _) => {
                let at = (0..ROWS).map(|row| NOON + i64::try_from(row).unwrap());
                Arc::new(TimestampMicrosecondArray::from_iter_values(at).with_timezone("UTC"))
            }
            ("ReportId", _) => Arc::new((0..ROWS).map(|r| i64::try_from(r).ok()).collect::<Int64Array>()),
            (_, DataType::Utf8) => rows(&|_| String::new()),
            (_, other) => new_null_array(other, ROWS),
        }
    });
    let batch = RecordBatch::try_new(Arc::clone(&stored), columns.collect()).unwrap();
    let mut loader = RowLoader::open(lake, tenant(1), TABLE).await.unwrap();
    loader.add(batch).unwrap();
    assert_eq!(loader.commit().await.unwrap().files, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_by_text_leave_the_rows_that_conditions_by_row_leave() {
    let dir = tempfile::tempdir().unwrap();
    load(dir.path()).await;
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
