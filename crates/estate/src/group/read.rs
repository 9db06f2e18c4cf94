//! Rules as JSON. `{"all": […]}`, `{"any": […]}`, `{"not": …}`, `{"every": true}`, or a condition
//! `{"field": …, "op": …, "value": …}`.

use std::fmt;

use palisade_types::SubscriptionId;
use serde_json::{Map, Value, json};

use super::rule::{Condition, Rule, TextOp, VersionOp};
use super::subject::{fold, version_numbers};

/// Deepest nesting of a rule.
const MAX_DEPTH: usize = 8;
/// Most parts of a rule, lists and conditions together.
const MAX_PARTS: usize = 100;
/// Longest text of a condition, characters.
const MAX_TEXT: usize = 200;

/// What is wrong with a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleFault {
    /// It does not have the shape of a rule.
    Malformed,
    /// A list without parts, which would take in all devices or none.
    Empty,
    /// It nests too deep.
    TooDeep,
    /// It has too many parts.
    TooLarge,
    /// A condition's value cannot be compared in that way.
    Value,
}

/// Why a rule was not taken, with the place in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct RuleError {
    /// What is wrong.
    pub fault: RuleFault,
    /// Where, such as `all[1].not`; empty for the rule itself.
    pub at: String,
    message: String,
}

impl RuleError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self.fault {
            RuleFault::Malformed => "rule_malformed",
            RuleFault::Empty => "rule_empty",
            RuleFault::TooDeep => "rule_too_deep",
            RuleFault::TooLarge => "rule_too_large",
            RuleFault::Value => "rule_value_invalid",
        }
    }
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.at.is_empty() {
            write!(f, "{}: ", self.at)?;
        }
        f.write_str(&self.message)
    }
}

impl Rule {
    /// Reads a rule: at most 100 parts, 8 levels, 200 characters a text.
    ///
    /// # Errors
    /// [`RuleError`] with the place in the rule.
    pub fn from_json(value: &Value) -> Result<Self, RuleError> {
        Reader { left: MAX_PARTS, path: Vec::new() }.rule(value)
    }

    /// The rule as [`Rule::from_json`] reads it. A list without parts, which only code can make, is
    /// written as what it means.
    pub fn to_json(&self) -> Value {
        let list = |rules: &[Self]| Value::Array(rules.iter().map(Self::to_json).collect());
        match self {
            Self::Every => json!({"every": true}),
            Self::All(rules) if rules.is_empty() => json!({"every": true}),
            Self::Any(rules) if rules.is_empty() => json!({"not": {"every": true}}),
            Self::All(rules) => json!({"all": list(rules)}),
            Self::Any(rules) => json!({"any": list(rules)}),
            Self::Not(rule) => json!({"not": rule.to_json()}),
            Self::Is(condition) => condition.to_json(),
        }
    }
}

impl Condition {
    fn to_json(&self) -> Value {
        let text = |field: &str, op: &TextOp, value: &String| json!({"field": field, "op": op.word(), "value": value});
        match self {
            Self::Name(op, value) => text("name", op, value),
            Self::Tag(op, value) => text("tag", op, value),
            Self::OsPlatform(op, value) => text("os_platform", op, value),
            Self::OsDistribution(op, value) => text("os_distribution", op, value),
            Self::OsVersion(op, value) => json!({"field": "os_version", "op": op.word(), "value": value}),
            Self::Subscription(id) => {
                json!({"field": "subscription", "op": "equals", "value": id.to_string()})
            }
            Self::Address(network) => {
                json!({"field": "address", "op": "within", "value": network.to_string()})
            }
        }
    }
}

impl TextOp {
    const ALL: [Self; 4] = [Self::Equals, Self::StartsWith, Self::EndsWith, Self::Contains];

    fn word(self) -> &'static str {
        match self {
            Self::Equals => "equals",
            Self::StartsWith => "starts_with",
            Self::EndsWith => "ends_with",
            Self::Contains => "contains",
        }
    }
}

impl VersionOp {
    const ALL: [Self; 4] = [Self::Equals, Self::Within, Self::AtLeast, Self::Below];

    fn word(self) -> &'static str {
        match self {
            Self::Equals => "equals",
            Self::Within => "within",
            Self::AtLeast => "at_least",
            Self::Below => "below",
        }
    }
}

struct Reader {
    /// Parts that may still come.
    left: usize,
    /// The way from the rule to the part that is read.
    path: Vec<String>,
}

impl Reader {
    fn fail<T>(&self, fault: RuleFault, message: impl Into<String>) -> Result<T, RuleError> {
        Err(RuleError { fault, at: self.path.join("."), message: message.into() })
    }

    fn rule(&mut self, value: &Value) -> Result<Rule, RuleError> {
        if self.path.len() >= MAX_DEPTH {
            return self.fail(RuleFault::TooDeep, format!("a rule nests at most {MAX_DEPTH} deep"));
        }
        let Some(left) = self.left.checked_sub(1) else {
            return self.fail(RuleFault::TooLarge, format!("a rule has at most {MAX_PARTS} parts"));
        };
        self.left = left;
        let Some(object) = value.as_object() else {
            return self.fail(RuleFault::Malformed, "a rule is an object");
        };
        if object.contains_key("field") {
            return self.condition(object).map(Rule::Is);
        }
        match object.iter().next() {
            Some((key, inner)) if object.len() == 1 => match key.as_str() {
                "all" => self.list("all", inner).map(Rule::All),
                "any" => self.list("any", inner).map(Rule::Any),
                "not" => {
                    self.path.push("not".to_owned());
                    let rule = self.rule(inner)?;
                    self.path.pop();
                    Ok(Rule::Not(Box::new(rule)))
                }
                "every" if *inner == Value::Bool(true) => Ok(Rule::Every),
                "every" => self.fail(RuleFault::Malformed, "\"every\" can only be true"),
                _ => self.fail(RuleFault::Malformed, "a rule has all, any, not, every or field"),
            },
            _ => self.fail(RuleFault::Malformed, "a rule has exactly one of all, any, not, every or field"),
        }
    }

    fn list(&mut self, key: &str, value: &Value) -> Result<Vec<Rule>, RuleError> {
        let Some(items) = value.as_array() else {
            return self.fail(RuleFault::Malformed, format!("\"{key}\" is a list of rules"));
        };
        if items.is_empty() {
            return self.fail(RuleFault::Empty, format!("\"{key}\" needs at least one part"));
        }
        let mut rules = Vec::with_capacity(items.len().min(MAX_PARTS));
        for (at, item) in items.iter().enumerate() {
            self.path.push(format!("{key}[{at}]"));
            rules.push(self.rule(item)?);
            self.path.pop();
        }
        Ok(rules)
    }

    fn condition(&self, object: &Map<String, Value>) -> Result<Condition, RuleError> {
        let text = |key: &str| object.get(key).and_then(Value::as_str);
        let (Some(field), Some(op), Some(value), 3) =
            (text("field"), text("op"), text("value"), object.len())
        else {
            return self.fail(RuleFault::Malformed, "a condition has the texts field, op and value, no more");
        };
        let value = value.trim();
        // As it is compared it may be longer, and that is what is read again.
        let length = value.chars().count().max(fold(value).chars().count());
        if length == 0 || length > MAX_TEXT || value.chars().any(char::is_control) {
            return self.fail(
                RuleFault::Value,
                format!("a value has 1 to {MAX_TEXT} characters and no control characters"),
            );
        }
        let owned = value.to_owned();
        match field {
            "name" => Ok(Condition::Name(self.text_op(op)?, owned)),
            "tag" => Ok(Condition::Tag(self.text_op(op)?, owned)),
            "os_platform" => Ok(Condition::OsPlatform(self.text_op(op)?, owned)),
            "os_distribution" => Ok(Condition::OsDistribution(self.text_op(op)?, owned)),
            "os_version" => self.version(op, owned),
            "subscription" if op == "equals" => match value.parse::<SubscriptionId>() {
                Ok(id) => Ok(Condition::Subscription(id)),
                Err(_) => self.fail(RuleFault::Value, "a subscription is named by its identifier"),
            },
            "subscription" => self.fail(RuleFault::Malformed, "a subscription is compared by equals"),
            "address" if op == "within" => match value.parse() {
                Ok(network) => Ok(Condition::Address(network)),
                Err(error) => self.fail(RuleFault::Value, format!("{error}")),
            },
            "address" => self.fail(RuleFault::Malformed, "an address is compared by within"),
            _ => self.fail(
                RuleFault::Malformed,
                "field is name, tag, os_platform, os_distribution, os_version, subscription or address",
            ),
        }
    }

    fn text_op(&self, word: &str) -> Result<TextOp, RuleError> {
        match TextOp::ALL.into_iter().find(|op| op.word() == word) {
            Some(op) => Ok(op),
            None => self.fail(
                RuleFault::Malformed,
                "a text is compared by equals, starts_with, ends_with or contains",
            ),
        }
    }

    fn version(&self, word: &str, value: String) -> Result<Condition, RuleError> {
        let Some(op) = VersionOp::ALL.into_iter().find(|op| op.word() == word) else {
            return self
                .fail(RuleFault::Malformed, "a version is compared by equals, within, at_least or below");
        };
        if op != VersionOp::Equals && version_numbers(&value).is_empty() {
            return self
                .fail(RuleFault::Value, "a version to compare with begins with a number, such as 22.04");
        }
        Ok(Condition::OsVersion(op, value))
    }
}
