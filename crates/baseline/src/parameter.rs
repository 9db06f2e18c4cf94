//! Thresholds that a profile may change: each has a type, a range and a default.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A number or a word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// A whole number.
    Int(i64),
    /// A word; `$name` in a check stands for its parameter.
    Text(String),
}

impl std::fmt::Display for Scalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Int(n) => write!(f, "{n}"),
            Self::Text(t) => f.write_str(t),
        }
    }
}

/// What a parameter takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// What is set by it, in words.
    pub what: String,
    /// Its value where a profile says nothing; its type is the parameter's type.
    pub default: Scalar,
    /// The smallest number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    /// The largest number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
    /// The only words, for a word.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_of: Vec<String>,
}

impl Parameter {
    /// Whether it takes `value`.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn takes(&self, value: &Scalar) -> Result<(), String> {
        match (&self.default, value) {
            (Scalar::Int(_), Scalar::Int(n)) => {
                if self.min.is_some_and(|min| *n < min) || self.max.is_some_and(|max| *n > max) {
                    let bound = |b: Option<i64>| b.map_or_else(|| "…".to_owned(), |b| b.to_string());
                    return Err(format!("{n} is not within {} to {}", bound(self.min), bound(self.max)));
                }
                Ok(())
            }
            (Scalar::Text(_), Scalar::Text(t)) => {
                if t.len() > 200 || t.chars().any(char::is_control) {
                    return Err("a word has at most 200 bytes and no control characters".into());
                }
                if !self.one_of.is_empty() && !self.one_of.contains(t) {
                    return Err(format!("{t:?} is none of {}", self.one_of.join(", ")));
                }
                Ok(())
            }
            (Scalar::Int(_), Scalar::Text(_)) => Err("a number is expected".into()),
            (Scalar::Text(_), Scalar::Int(_)) => Err("a word is expected".into()),
        }
    }
}

/// The values of a check's parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values(pub BTreeMap<String, Scalar>);

impl Values {
    /// What `scalar` stands for: itself, or the parameter that it names.
    pub(crate) fn of(&self, scalar: &Scalar) -> Scalar {
        match scalar {
            Scalar::Text(t) => match t.strip_prefix('$') {
                Some(name) => self.0.get(name).cloned().unwrap_or_else(|| scalar.clone()),
                None => scalar.clone(),
            },
            Scalar::Int(_) => scalar.clone(),
        }
    }

    /// The same as a word.
    pub(crate) fn text(&self, word: &str) -> String {
        match word.strip_prefix('$').and_then(|name| self.0.get(name)) {
            Some(value) => value.to_string(),
            None => word.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_the_type_and_lies_in_the_range() {
        let number = Parameter {
            what: "tries".into(),
            default: Scalar::Int(4),
            min: Some(1),
            max: Some(6),
            one_of: vec![],
        };
        assert!(number.takes(&Scalar::Int(6)).is_ok());
        assert!(number.takes(&Scalar::Int(7)).is_err_and(|e| e.contains("1 to 6")));
        assert!(number.takes(&Scalar::Text("4".into())).is_err());
        let word = Parameter {
            what: "level".into(),
            default: Scalar::Text("INFO".into()),
            min: None,
            max: None,
            one_of: vec!["INFO".into(), "VERBOSE".into()],
        };
        assert!(word.takes(&Scalar::Text("VERBOSE".into())).is_ok());
        assert!(word.takes(&Scalar::Text("QUIET".into())).is_err());
        assert!(word.takes(&Scalar::Text("a\nb".into())).is_err());
    }

    #[test]
    fn a_dollar_names_a_parameter() {
        let values = Values(BTreeMap::from([("n".to_owned(), Scalar::Int(3))]));
        assert_eq!(values.of(&Scalar::Text("$n".into())), Scalar::Int(3));
        assert_eq!(values.of(&Scalar::Text("n".into())), Scalar::Text("n".into()));
        assert_eq!(values.text("$n"), "3");
        assert_eq!(values.text("$other"), "$other");
    }
}
