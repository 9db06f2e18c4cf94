//! The list of rules in force: as it was ordered, in the state folder, bounded.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::files;

/// Most rules of a list.
pub const MAX_RULES: usize = 200;

/// Longest name or version, bytes.
const MAX_NAME: usize = 300;

/// Longest message, characters.
const MAX_MESSAGE: usize = 300;

/// Largest file, bytes: all rules with all texts at their longest.
const MAX_FILE: u64 = 1 << 20;

/// What happens when an application of a rule is executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It runs, and that is reported.
    Warn,
    /// It does not run.
    Block,
}

/// Packages whose programs are warned of or blocked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// The server's identifier; several rules may share it.
    pub id: String,
    /// The distribution's release that it is for, `debian:12`; or the distribution alone.
    pub ecosystem: String,
    /// The source package; then its version counts. Empty where `package` is named.
    #[serde(default)]
    pub source: String,
    /// Only this binary package. Empty for all of the source.
    #[serde(default)]
    pub package: String,
    /// First affected version; empty from the first one on.
    #[serde(default)]
    pub introduced: String,
    /// First version that is not affected; empty where none is.
    #[serde(default)]
    pub fixed: String,
    /// What happens.
    pub mode: Mode,
    /// What the administrator says about it.
    #[serde(default)]
    pub message: String,
    /// After this it is void, microseconds UTC; 0 for never.
    #[serde(default)]
    pub expires_at: i64,
}

impl Rule {
    fn check(&self) -> Result<(), &'static str> {
        let texts = [&self.id, &self.ecosystem, &self.source, &self.package, &self.introduced, &self.fixed];
        if texts.iter().any(|t| t.len() > MAX_NAME || t.chars().any(char::is_control)) {
            return Err("a name or version is too long or holds control characters");
        }
        if self.message.chars().count() > MAX_MESSAGE || self.message.chars().any(char::is_control) {
            return Err("a message is too long or holds control characters");
        }
        if self.id.is_empty()
            || self.ecosystem.is_empty()
            || (self.source.is_empty() && self.package.is_empty())
        {
            return Err("a rule names no identifier, no distribution, or no package");
        }
        Ok(())
    }

    /// Whether it still holds.
    pub fn holds(&self, now_us: i64) -> bool {
        self.expires_at == 0 || self.expires_at > now_us
    }
}

/// All rules in force on this device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    /// The server's number of it.
    pub revision: u64,
    /// The rules; none releases everything.
    pub rules: Vec<Rule>,
    /// Whose it is; not of the order, which is signed for one tenant anyway.
    #[serde(default)]
    pub tenant: String,
}

impl List {
    /// Reads the arguments of an order.
    ///
    /// # Errors
    /// In words, what is wrong with them.
    pub fn parse(arguments: &str) -> Result<Self, String> {
        let list: Self = serde_json::from_str(arguments).map_err(|e| e.to_string())?;
        if list.rules.len() > MAX_RULES {
            return Err(format!("more than {MAX_RULES} rules"));
        }
        list.rules.iter().try_for_each(Rule::check)?;
        Ok(list)
    }

    /// The list of a state folder; an empty one where there is none, or none that can be read: then nothing is
    /// denied, and the server orders it again.
    pub fn load(state_dir: &Path) -> Self {
        let read = files::read_bounded(state_dir.join(FILE), MAX_FILE);
        match read {
            Ok(bytes) => std::str::from_utf8(&bytes)
                .map_err(|e| e.to_string())
                .and_then(Self::parse)
                .inspect_err(
                    |why| tracing::error!(%why, "the list of blocked applications is damaged and void"),
                )
                .unwrap_or_default(),
            Err(_) => Self::default(),
        }
    }

    /// Keeps it in a state folder.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn store(&self, state_dir: &Path) -> std::io::Result<()> {
        let bytes = serde_json::to_vec(self)?;
        files::write_atomic(&state_dir.join(FILE), &bytes, 0o600)
    }
}

const FILE: &str = "application-blocks.json";

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> serde_json::Value {
        serde_json::json!({"id": "r", "ecosystem": "debian:12", "source": "tool", "fixed": "2", "mode": "block"})
    }

    #[test]
    fn a_list_is_kept_as_it_was_ordered() {
        let dir = tempfile::TempDir::new().expect("dir");
        assert_eq!(List::load(dir.path()), List::default());
        let text = serde_json::json!({"revision": 7, "rules": [rule()]}).to_string();
        let list = List::parse(&text).expect("a list");
        assert_eq!((list.revision, list.rules[0].mode, list.rules[0].holds(5)), (7, Mode::Block, true));
        list.store(dir.path()).expect("stored");
        assert_eq!(List::load(dir.path()), list);
        std::fs::write(dir.path().join(FILE), "{").expect("written");
        assert_eq!(List::load(dir.path()), List::default(), "what is damaged denies nothing");
    }

    #[test]
    fn a_list_without_bounds_or_sense_is_refused() {
        let with = |key: &str, value: serde_json::Value| {
            let mut r = rule();
            r[key] = value;
            List::parse(&serde_json::json!({"revision": 1, "rules": [r]}).to_string())
        };
        assert!(with("source", "".into()).is_err());
        assert!(with("source", "x".repeat(301).into()).is_err());
        assert!(with("message", "a\u{1b}[0m".into()).is_err());
        assert!(with("mode", "melt".into()).is_err());
        assert!(with("message", "ask us".into()).is_ok());
        let many: Vec<_> = (0..=MAX_RULES).map(|_| rule()).collect();
        assert!(List::parse(&serde_json::json!({"revision": 1, "rules": many}).to_string()).is_err());
        assert!(List::parse("[]").is_err());
    }

    #[test]
    fn a_rule_ends_by_itself() {
        let mut r: Rule = serde_json::from_value(rule()).expect("a rule");
        assert!(r.holds(i64::MAX));
        r.expires_at = 10;
        assert!(r.holds(9) && !r.holds(10));
    }
}
