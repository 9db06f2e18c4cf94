//! `externaldata`.

use super::{Binder, Relation};
use crate::ast::{self, ExprKind as K};
use crate::diagnostic::Span;
use crate::program::{External, Source};
use crate::types::{Schema, Value};

/// Formats that can be read.
const FORMATS: [&str; 11] =
    ["csv", "tsv", "psv", "scsv", "sohsv", "tsve", "txt", "raw", "json", "multijson", "parquet"];

impl Binder<'_, '_, '_> {
    /// Rows from outside: the executor's source of such data says whether they may be fetched.
    pub(super) fn external(&mut self, external: &ast::External, span: Span) -> Option<Relation> {
        let row = Relation::new(Source::OneRow, Schema::default());
        let mut schema = Schema::default();
        for (name, ty) in &external.columns {
            if schema.get(&name.text).is_some() {
                let message = format!("the column '{}' is given twice", name.text);
                self.error("duplicate_column", name.span, message);
                return None;
            }
            schema.push(&name.text, *ty);
        }
        if schema.columns.is_empty() || external.urls.is_empty() {
            self.error("syntax_error", span, "externaldata needs columns and at least one address");
            return None;
        }
        let mut urls = Vec::new();
        for url in &external.urls {
            match self.scalar(url, &row)?.as_literal() {
                Some(Value::String(url)) => urls.push(url.clone()),
                _ => {
                    self.error("constant_expected", url.span, "an address must be a constant text");
                    return None;
                }
            }
        }
        let mut properties = Vec::new();
        for (name, value) in &external.properties {
            let text = match &value.kind {
                K::Name(word) if !self.scope.contains_key(word) => word.clone(),
                _ => match self.scalar(value, &row)?.as_literal() {
                    Some(Value::String(text) | Value::Dynamic(text)) => text.clone(),
                    Some(Value::Bool(b)) => b.to_string(),
                    Some(Value::Long(n)) => n.to_string(),
                    _ => {
                        self.error("constant_expected", value.span, "a property must be a constant");
                        return None;
                    }
                },
            };
            // The language takes names of properties in any case.
            let key = name.text.to_ascii_lowercase();
            if key == "format" && !FORMATS.contains(&text.to_ascii_lowercase().as_str()) {
                let suggestion = self.sink.nearest(&text, FORMATS);
                let message = format!("the format '{text}' is not supported");
                self.sink.error("not_supported", value.span, message, suggestion);
                return None;
            }
            properties.push((key, text));
        }
        let source = External { schema: schema.clone(), urls, properties };
        Some(Relation::new(Source::External(source), schema))
    }
}
