//! Which columns that are declared filled are empty in every row since a moment.

use anyhow::Result;
use palisade_schema::{Fill, TableKind};
use palisade_types::TimeMicros;
use serde_json::Value;

use super::super::client::Client;
use super::ask;

/// `Table.Column` of each such column. Tables written rarely (device facts) are read over a day.
pub async fn empty(client: &Client, since: TimeMicros) -> Result<Vec<String>> {
    let mut out = Vec::new();
    // Its rows come of rules that people made; this demonstration blocks nothing.
    let tables = palisade_schema::tables().iter().filter(|t| t.name != "DeviceEvents");
    for table in tables {
        let window = if table.kind == TableKind::View {
            String::new()
        } else if table.name.starts_with("Device") && table.name != "DeviceInfo" {
            format!("| where Timestamp >= datetime({since})")
        } else {
            "| where Timestamp > ago(1d)".to_owned()
        };
        let rows = ask(client, &format!("{} {window} | take 20000", table.name)).await?;
        for column in table.columns.iter().filter(|c| c.fill == Fill::Filled) {
            let filled = rows.iter().any(|r| match &r[&column.name] {
                Value::Null => false,
                Value::String(s) => !s.is_empty(),
                Value::Object(o) => !o.is_empty(),
                _ => true,
            });
            if !filled {
                out.push(format!("{}.{}", table.name, column.name));
            }
        }
    }
    Ok(out)
}
