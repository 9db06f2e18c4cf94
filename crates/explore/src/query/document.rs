use serde::Serialize;

use super::Literal;
use crate::schema::{InsightId, Kind, Operator, Reading};

/// A query as it is written.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Document {
    /// The schema's version.
    pub version: u32,
    /// What is looked for.
    pub find: Target,
    /// Where; everywhere if it says nothing.
    #[serde(skip_serializing_if = "Scope::is_everywhere")]
    pub scope: Scope,
}

impl Document {
    /// As JSON without spaces, fields always in the same order.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a document has nothing that JSON does not have")
    }
}

/// Nodes of some types, that fulfil conditions.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Target {
    /// Types and groups.
    pub types: Vec<Kind>,
    /// Conditions on their own properties, all of which must hold.
    #[serde(rename = "where", skip_serializing_if = "Vec::is_empty")]
    pub filter: Vec<Where>,
    /// Branches, all of which must hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub that: Vec<Branch>,
}

/// A condition, or several.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Where {
    /// All of these.
    And(Vec<Where>),
    /// One of these.
    Or(Vec<Where>),
    /// This one.
    #[serde(untagged)]
    Condition(Condition),
}

/// A property compared with a value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Condition {
    /// The property's name.
    pub property: &'static str,
    /// How it is compared.
    pub operator: Operator,
    /// With what.
    pub value: Literal,
}

/// What a node must be or be connected with.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Branch {
    /// All of these.
    And(Vec<Branch>),
    /// One of these.
    Or(Vec<Branch>),
    /// An insight.
    #[serde(untagged)]
    Insight {
        /// Which one.
        insight: InsightId,
        /// Whether it must not be so.
        #[serde(skip_serializing_if = "Negatable::is_plain")]
        not: Negatable,
        /// Conditions on what it is about.
        #[serde(rename = "where", skip_serializing_if = "Vec::is_empty")]
        filter: Vec<Where>,
    },
    /// A connection to other nodes.
    #[serde(untagged)]
    Connection {
        /// Which one, in which reading.
        connection: Reading,
        /// Whether there must be none.
        #[serde(skip_serializing_if = "Negatable::is_plain")]
        not: Negatable,
        /// To which nodes.
        to: Target,
    },
}

/// Whether a branch is turned round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Negatable(pub bool);

impl Negatable {
    #[allow(clippy::trivially_copy_pass_by_ref)]
    fn is_plain(&self) -> bool {
        !self.0
    }
}

/// A part of the estate: machines that are in one of the subscriptions and in one of the groups, and
/// what belongs to them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Scope {
    /// Keys of subscriptions; all if it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscriptions: Option<Vec<String>>,
    /// Keys of device groups; all machines if it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_groups: Option<Vec<String>>,
}

impl Scope {
    /// Whether it leaves nothing out.
    pub fn is_everywhere(&self) -> bool {
        self.subscriptions.is_none() && self.device_groups.is_none()
    }
}
