use serde::{Deserialize, Serialize};

use super::ValueType;

/// How a property is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
    /// The same; texts without regard to case.
    Equals,
    /// Everything that `equals` does not find, nodes without a value among it.
    NotEquals,
    /// The text has this in it.
    Contains,
    /// The text begins with this.
    StartsWith,
    /// The text ends with this.
    EndsWith,
    /// Equal to one of a list.
    In,
    /// More than this.
    Greater,
    /// Less than this.
    Less,
    /// Whether there is a value.
    Exists,
    /// Earlier than this.
    Before,
    /// Later than this.
    After,
}

/// What an operator is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueShape {
    /// One value of the property's type.
    One,
    /// A list of them.
    List,
    /// True or false, whatever the property is.
    Truth,
}

impl Operator {
    /// Every operator, in the order in which a picker shows them.
    pub const ALL: [Self; 11] = [
        Self::Equals,
        Self::NotEquals,
        Self::Contains,
        Self::StartsWith,
        Self::EndsWith,
        Self::In,
        Self::Greater,
        Self::Less,
        Self::Before,
        Self::After,
        Self::Exists,
    ];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equals => "equals",
            Self::NotEquals => "not_equals",
            Self::Contains => "contains",
            Self::StartsWith => "starts_with",
            Self::EndsWith => "ends_with",
            Self::In => "in",
            Self::Greater => "greater",
            Self::Less => "less",
            Self::Exists => "exists",
            Self::Before => "before",
            Self::After => "after",
        }
    }

    /// The name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Equals => "Equals",
            Self::NotEquals => "Does not equal",
            Self::Contains => "Contains",
            Self::StartsWith => "Starts with",
            Self::EndsWith => "Ends with",
            Self::In => "Is one of",
            Self::Greater => "Is greater than",
            Self::Less => "Is less than",
            Self::Exists => "Exists",
            Self::Before => "Is before",
            Self::After => "Is after",
        }
    }

    /// The operator with that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|o| o.as_str() == name)
    }

    /// What it is given.
    pub fn shape(self) -> ValueShape {
        match self {
            Self::In => ValueShape::List,
            Self::Exists => ValueShape::Truth,
            _ => ValueShape::One,
        }
    }

    /// Whether values of that type can be compared so.
    pub fn fits(self, value: ValueType) -> bool {
        use ValueType::{Bool, Integer, Real, Text, Time, Version};
        match self {
            Self::Exists => true,
            Self::Equals | Self::NotEquals => value != Time,
            Self::Contains | Self::StartsWith | Self::EndsWith => matches!(value, Text | Version),
            Self::In => !matches!(value, Bool | Time | Real),
            Self::Greater | Self::Less => matches!(value, Version | Integer | Real),
            Self::Before | Self::After => value == Time,
        }
    }
}
