use palisade_types::SubscriptionId;

use super::network::Network;
use super::subject::{Subject, fold, version_numbers};

/// Which devices belong to a group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Every device.
    Every,
    /// One condition.
    Is(Condition),
    /// All of them; of none, every device.
    All(Vec<Rule>),
    /// At least one of them; of none, no device.
    Any(Vec<Rule>),
    /// Those that do not.
    Not(Box<Rule>),
}

/// One thing that is looked at. Texts are compared without regard to case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Condition {
    /// The host's name.
    Name(TextOp, String),
    /// One of the tags.
    Tag(TextOp, String),
    /// The platform, such as `Linux`.
    OsPlatform(TextOp, String),
    /// The distribution, such as `Debian`.
    OsDistribution(TextOp, String),
    /// The version of the distribution.
    OsVersion(VersionOp, String),
    /// The subscription.
    Subscription(SubscriptionId),
    /// One of the addresses lies in this network.
    Address(Network),
}

/// How a text is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TextOp {
    /// The whole text.
    Equals,
    /// Its beginning.
    StartsWith,
    /// Its end.
    EndsWith,
    /// Any part.
    Contains,
}

/// How a version is compared, number by number. A version without numbers, such as `rolling`, only
/// equals itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VersionOp {
    /// The same; zeros at the end do not count.
    Equals,
    /// Of this series: `9` covers 9.4, not 90.
    Within,
    /// This one or later.
    AtLeast,
    /// Earlier than this one.
    Below,
}

impl TextOp {
    fn matches(self, text: &str, value: &str) -> bool {
        match self {
            Self::Equals => text == value,
            Self::StartsWith => text.starts_with(value),
            Self::EndsWith => text.ends_with(value),
            Self::Contains => text.contains(value),
        }
    }
}

impl VersionOp {
    fn matches(self, subject: &Subject, value: &str) -> bool {
        let (is, wanted) = (&subject.os_numbers, version_numbers(value));
        if is.is_empty() || wanted.is_empty() {
            return self == Self::Equals && subject.os_version == fold(value);
        }
        match self {
            Self::Equals => *is == wanted,
            Self::Within => is.starts_with(&wanted),
            Self::AtLeast => *is >= wanted,
            Self::Below => *is < wanted,
        }
    }
}

impl Condition {
    /// Whether the device is so.
    pub fn matches(&self, subject: &Subject) -> bool {
        match self {
            Self::Name(op, value) => op.matches(&subject.name, &fold(value)),
            Self::Tag(op, value) => {
                let value = fold(value);
                subject.tags.iter().any(|tag| op.matches(tag, &value))
            }
            Self::OsPlatform(op, value) => op.matches(&subject.os_platform, &fold(value)),
            Self::OsDistribution(op, value) => op.matches(&subject.os_distribution, &fold(value)),
            Self::OsVersion(op, value) => op.matches(subject, value),
            Self::Subscription(id) => subject.subscription == *id,
            Self::Address(network) => subject.addresses.iter().any(|a| network.contains(*a)),
        }
    }

    fn canonical(&self) -> Self {
        match self {
            Self::Name(op, value) => Self::Name(*op, fold(value)),
            Self::Tag(op, value) => Self::Tag(*op, fold(value)),
            Self::OsPlatform(op, value) => Self::OsPlatform(*op, fold(value)),
            Self::OsDistribution(op, value) => Self::OsDistribution(*op, fold(value)),
            Self::OsVersion(op, value) => Self::OsVersion(*op, fold(value)),
            Self::Subscription(_) | Self::Address(_) => self.clone(),
        }
    }
}

impl Rule {
    /// Whether the device belongs to the group.
    pub fn matches(&self, subject: &Subject) -> bool {
        match self {
            Self::Every => true,
            Self::Is(condition) => condition.matches(subject),
            Self::All(rules) => rules.iter().all(|r| r.matches(subject)),
            Self::Any(rules) => rules.iter().any(|r| r.matches(subject)),
            Self::Not(rule) => !rule.matches(subject),
        }
    }

    /// The same rule in one spelling: texts folded, nested lists of one kind joined, each part
    /// once and in a fixed order, lists of one and double negations dissolved.
    #[must_use]
    pub fn canonical(&self) -> Self {
        match self {
            Self::Every => Self::Every,
            Self::Is(condition) => Self::Is(condition.canonical()),
            Self::Not(rule) => match rule.canonical() {
                Self::Not(inner) => *inner,
                inner => Self::Not(Box::new(inner)),
            },
            Self::All(rules) => joined(rules, Self::All, |rule| match rule {
                Self::All(inner) => Ok(inner),
                other => Err(other),
            }),
            Self::Any(rules) => joined(rules, Self::Any, |rule| match rule {
                Self::Any(inner) => Ok(inner),
                other => Err(other),
            }),
        }
    }
}

fn joined(rules: &[Rule], list: fn(Vec<Rule>) -> Rule, same: fn(Rule) -> Result<Vec<Rule>, Rule>) -> Rule {
    let mut parts = Vec::with_capacity(rules.len());
    for rule in rules {
        match same(rule.canonical()) {
            Ok(inner) => parts.extend(inner),
            Err(other) => parts.push(other),
        }
    }
    parts.sort();
    parts.dedup();
    match parts.len() {
        1 => parts.remove(0),
        _ => list(parts),
    }
}
