//! `DeviceTvmBrowserExtensionsKB`: each extension once, with a row for each permission and what it allows.

use std::collections::{BTreeMap, BTreeSet};

use palisade_inventory::BrowserExtension;
use palisade_inventory::risk::{judge, risk};
use serde_json::json;

use super::cells::Cells;

/// Most versions, and most rights, that are shown of one extension.
const MOST: usize = 500;

/// What of an extension several machines have, as one.
#[derive(Default)]
pub(super) struct Gathered {
    first: BrowserExtension,
    versions: BTreeSet<String>,
    /// Permissions and patterns of pages with whether it has them anywhere.
    permissions: BTreeMap<String, bool>,
    hosts: BTreeMap<String, bool>,
}

impl Gathered {
    /// The first one that is met.
    pub(super) fn new(first: BrowserExtension) -> Self {
        let mut gathered = Self { first: first.clone(), ..Self::default() };
        gathered.add(first);
        gathered
    }

    /// Whether another one is the same extension.
    pub(super) fn is(&self, other: &BrowserExtension) -> bool {
        self.first.browser == other.browser && self.first.id == other.id
    }

    /// Adds what another machine has of it.
    pub(super) fn add(&mut self, other: BrowserExtension) {
        if self.versions.len() < MOST {
            self.versions.insert(other.version);
        }
        for (from, to) in [(other.permissions, &mut self.permissions), (other.hosts, &mut self.hosts)] {
            for right in from {
                let held = !other.optional.contains(&right);
                if to.len() < MOST || to.contains_key(&right) {
                    *to.entry(right).or_default() |= held;
                }
            }
        }
    }

    /// Tells a row for each thing that it may do; one without any where it may do nothing special.
    pub(super) fn rows(self, mut tell: impl FnMut(&Cells)) {
        let optional = self.permissions.iter().chain(&self.hosts).filter(|(_, held)| !**held);
        let whole = BrowserExtension {
            optional: optional.map(|(right, _)| right.clone()).collect(),
            permissions: self.permissions.into_keys().collect(),
            hosts: self.hosts.into_keys().collect(),
            ..self.first
        };
        let judged = judge(&whole);
        let worst = risk(&judged).map_or("None", super::items::risk_word);
        let versions = json!(self.versions);
        let extension = || {
            Cells::default()
                .text("BrowserName", &whole.browser)
                .text("ExtensionId", &whole.id)
                .text("ExtensionName", &whole.name)
                .text("ExtensionDescription", &whole.description)
                .json("ExtensionVersion", &versions)
                .text("ExtensionRisk", worst)
        };
        for one in &judged {
            let cells = extension()
                .text("PermissionId", one.id)
                .text("PermissionName", &one.name)
                .text("PermissionDescription", one.reason)
                .text("PermissionRisk", super::items::risk_word(one.risk))
                .text("IsPermissionRequired", if one.required { "True" } else { "False" });
            tell(&cells);
        }
        if judged.is_empty() {
            tell(&extension());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_of_several_machines_is_told_once() {
        let one = |version: &str, permissions: &[&str], optional: &[&str]| BrowserExtension {
            browser: "firefox".into(),
            id: "a@b".into(),
            name: "Reader".into(),
            version: version.into(),
            permissions: permissions.iter().map(|p| (*p).to_owned()).collect(),
            optional: optional.iter().map(|p| (*p).to_owned()).collect(),
            ..BrowserExtension::default()
        };
        let mut gathered = Gathered::new(one("1", &["tabs", "history"], &["history"]));
        assert!(gathered.is(&one("9", &[], &[])));
        gathered.add(one("2", &["tabs", "history", "debugger"], &["debugger"]));
        let mut rows = Vec::new();
        gathered.rows(|cells| {
            let row = [
                "PermissionId",
                "PermissionRisk",
                "IsPermissionRequired",
                "ExtensionRisk",
                "ExtensionVersion",
            ];
            rows.push(row.map(|column| cells.get(column).to_owned()));
        });
        let expected = [
            ["debugger", "Critical", "False", "High", r#"["1","2"]"#],
            ["history", "High", "True", "High", r#"["1","2"]"#],
            ["tabs", "Medium", "True", "High", r#"["1","2"]"#],
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn one_that_may_do_nothing_is_told_too() {
        let mut rows = 0;
        Gathered::new(BrowserExtension { id: "x".into(), ..BrowserExtension::default() }).rows(|cells| {
            rows += 1;
            assert_eq!((cells.get("ExtensionRisk"), cells.get("PermissionId")), ("None", ""));
        });
        assert_eq!(rows, 1);
    }
}
