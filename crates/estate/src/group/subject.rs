use std::net::IpAddr;

use palisade_types::SubscriptionId;

use crate::machine::numbers;

/// What rules look at, prepared once for any number of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    pub(super) name: String,
    pub(super) tags: Vec<String>,
    pub(super) os_platform: String,
    pub(super) os_distribution: String,
    pub(super) os_version: String,
    pub(super) os_numbers: Vec<u32>,
    pub(super) subscription: SubscriptionId,
    pub(super) addresses: Vec<IpAddr>,
}

impl Subject {
    /// A device by its name, platform, distribution, version and subscription.
    pub fn new(name: &str, os: (&str, &str, &str), subscription: SubscriptionId) -> Self {
        let (platform, distribution, version) = os;
        Self {
            name: fold(name),
            tags: Vec::new(),
            os_platform: fold(platform),
            os_distribution: fold(distribution),
            os_version: fold(version),
            os_numbers: version_numbers(version),
            subscription,
            addresses: Vec::new(),
        }
    }

    /// The same with these tags; a tag of a cloud is written `key=value`.
    #[must_use]
    pub fn with_tags<'t>(mut self, tags: impl IntoIterator<Item = &'t str>) -> Self {
        self.tags = tags.into_iter().map(fold).collect();
        self
    }

    /// The same with these addresses; what is no address is left out, as is an interface's name
    /// behind one.
    #[must_use]
    pub fn with_addresses<'t>(mut self, addresses: impl IntoIterator<Item = &'t str>) -> Self {
        let read = |text: &str| text.split(['%', '/']).next()?.trim().parse::<IpAddr>().ok();
        self.addresses = addresses.into_iter().filter_map(read).map(|a| a.to_canonical()).collect();
        self
    }
}

/// Text as it is compared: without regard to case or to space around it.
pub(super) fn fold(text: &str) -> String {
    text.trim().to_lowercase()
}

/// A version as numbers, without zeros at its end: `12` and `12.0` are the same.
pub(super) fn version_numbers(version: &str) -> Vec<u32> {
    let mut numbers = numbers(version.trim());
    while numbers.len() > 1 && numbers.last() == Some(&0) {
        numbers.pop();
    }
    numbers
}
