//! Answers as CSV for spreadsheets.

use std::fmt::{self, Write};

use super::{Answer, Cell};
use crate::change::Value;

impl Answer {
    /// Writes a heading and a line for each row, after RFC 4180. A text that a spreadsheet would take
    /// for a formula gets an apostrophe in front: names come from machines.
    ///
    /// # Errors
    /// Only what the writer gives.
    pub fn write_csv(&self, out: &mut dyn Write) -> fmt::Result {
        let mut heading = vec!["Type", "Name", "Id", "Subscription", "Resource group"];
        heading.extend(self.columns.iter().map(|c| c.title.as_str()));
        line(out, heading.into_iter().map(str::to_owned))?;
        for row in &self.rows {
            let name = |n: &Option<super::Named>| n.as_ref().map(|n| n.name.clone()).unwrap_or_default();
            let mut fields = vec![
                row.node.kind.title().to_owned(),
                row.node.name.clone(),
                row.node.key.clone(),
                name(&row.subscription),
                name(&row.resource_group),
            ];
            fields.extend(row.cells.iter().map(cell));
            line(out, fields.into_iter())?;
        }
        Ok(())
    }
}

fn cell(cell: &Cell) -> String {
    let mut parts: Vec<String> = cell.nodes.iter().map(|n| n.name.clone()).collect();
    parts.extend(cell.values.iter().map(|(name, value)| format!("{name}: {}", plain(value))));
    let shown = cell.nodes.len() as u64;
    if cell.values.is_empty() && cell.total > shown {
        let more = cell.total - shown;
        parts.push(format!("and {}{more} more", if cell.exact { "" } else { "at least " }));
    }
    parts.join("; ")
}

fn plain(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Integer(n) => n.to_string(),
        Value::Real(n) => n.to_string(),
        Value::Bool(b) => b.to_string(),
        Value::Time(t) => t.to_rfc3339(),
    }
}

fn line(out: &mut dyn Write, fields: impl Iterator<Item = String>) -> fmt::Result {
    for (at, field) in fields.enumerate() {
        if at > 0 {
            out.write_char(',')?;
        }
        let formula = field.starts_with(['=', '+', '-', '@', '\t', '\r']);
        let guard = if formula { "'" } else { "" };
        if field.contains(['"', ',', '\n', '\r']) {
            write!(out, "\"{guard}{}\"", field.replace('"', "\"\""))?;
        } else {
            write!(out, "{guard}{field}")?;
        }
    }
    out.write_str("\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_and_formulas_are_not_run() {
        let mut out = String::new();
        let fields = ["plain", "a,b", "say \"x\"", "=1+1", "-2,@", ""];
        line(&mut out, fields.into_iter().map(str::to_owned)).unwrap();
        assert_eq!(out, "plain,\"a,b\",\"say \"\"x\"\"\",'=1+1,\"'-2,@\",\r\n");
    }
}
