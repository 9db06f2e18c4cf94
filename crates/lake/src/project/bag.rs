//! Canonical JSON for AdditionalFields: keys in ASCII order, no spaces, absent keys left out.

use std::fmt::{Display, Write};

/// One JSON object; the caller writes keys in ASCII order, which debug builds check.
#[derive(Debug, Default)]
pub(super) struct Bag {
    text: String,
    #[cfg(debug_assertions)]
    last: &'static str,
}

impl Bag {
    /// An empty one.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// No column: its text was taken row by row.
    pub(super) fn drain(&mut self, _: &mut super::rows::Columns) {}

    /// Starts a new object in the same memory.
    pub(super) fn begin(&mut self) -> &mut Self {
        self.text.clear();
        self.text.push('{');
        #[cfg(debug_assertions)]
        {
            self.last = "";
        }
        self
    }

    fn key(&mut self, key: &'static str) {
        #[cfg(debug_assertions)]
        {
            debug_assert!(self.last < key, "{} before {key}", self.last);
            self.last = key;
        }
        if self.text.len() > 1 {
            self.text.push(',');
        }
        self.text.push('"');
        self.text.push_str(key);
        self.text.push_str("\":");
    }

    /// A text, unless it is empty.
    pub(super) fn text(&mut self, key: &'static str, value: &str) -> &mut Self {
        if !value.is_empty() {
            self.key(key);
            quote(&mut self.text, value);
        }
        self
    }

    /// A number, where there is one.
    pub(super) fn number(&mut self, key: &'static str, value: Option<impl Display>) -> &mut Self {
        if let Some(value) = value {
            self.key(key);
            let _ = write!(self.text, "{value}");
        }
        self
    }

    /// `true`, or nothing.
    pub(super) fn flag(&mut self, key: &'static str, value: bool) -> &mut Self {
        if value {
            self.key(key);
            self.text.push_str("true");
        }
        self
    }

    /// A list of texts, unless it is empty.
    pub(super) fn list(&mut self, key: &'static str, values: &[String]) -> &mut Self {
        if !values.is_empty() {
            self.key(key);
            self.text.push('[');
            for (i, value) in values.iter().enumerate() {
                if i > 0 {
                    self.text.push(',');
                }
                quote(&mut self.text, value);
            }
            self.text.push(']');
        }
        self
    }

    /// Ends the object.
    pub(super) fn end(&mut self) -> &str {
        self.text.push('}');
        &self.text
    }
}

/// Appends a JSON string.
pub(super) fn quote(out: &mut String, value: &str) {
    out.push('"');
    let mut from = 0;
    for (i, b) in value.bytes().enumerate() {
        if b >= b' ' && b != b'"' && b != b'\\' {
            continue;
        }
        out.push_str(&value[from..i]);
        from = i + 1;
        match b {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            _ => {
                let _ = write!(out, "\\u{b:04x}");
            }
        }
    }
    out.push_str(&value[from..]);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_json_and_leaves_out_what_is_absent() {
        let mut bag = Bag::default();
        let hostile = "a\"b\\c\n\u{1}é\u{1f600}";
        let text = bag
            .begin()
            .text("A", hostile)
            .text("B", "")
            .number("C", Some(-7i32))
            .number("D", None::<u32>)
            .flag("E", true)
            .list("F", &["x".into()])
            .end();
        let value: serde_json::Value = serde_json::from_str(text).expect("is json");
        assert_eq!(value, serde_json::json!({"A": hostile, "C": -7, "E": true, "F": ["x"]}));
        assert_eq!(bag.begin().end(), "{}");
    }
}
