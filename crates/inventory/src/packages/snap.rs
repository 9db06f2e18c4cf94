//! Snaps: those that are current, by their own description; snapd's state says from which channel.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Found, belong};
use crate::limits::Limits;
use crate::model::{Ecosystem, Os, Package};
use crate::root::Root;

const STATE: &str = "/var/lib/snapd/state.json";
/// Where snaps are mounted.
const MOUNTS: [&str; 2] = ["/snap", "/var/lib/snapd/snap"];

#[derive(Deserialize)]
struct State {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    #[serde(default)]
    snaps: BTreeMap<String, Snap>,
}

#[derive(Deserialize)]
struct Snap {
    #[serde(default = "yes")]
    active: bool,
    #[serde(default)]
    current: serde_json::Value,
    #[serde(default, rename = "tracking-channel")]
    tracking: String,
    #[serde(default)]
    channel: String,
}

fn yes() -> bool {
    true
}

pub(crate) fn read(root: &Root, os: &Os, limits: &Limits) -> Found {
    let mut found = Found::default();
    let read = root.read(STATE, limits.text).and_then(|(text, _)| {
        let state: Result<State, _> = serde_json::from_slice(&text);
        state.map_err(|_| crate::InventoryError::Malformed("snapd's state"))
    });
    match read {
        Ok(state) => {
            for (name, snap) in state.data.snaps.into_iter().filter(|(_, s)| s.active).take(limits.items) {
                found.packages.push(package(root, name, &snap, limits));
            }
            belong(&mut found.packages, os, STATE);
            found.note("snap", STATE, found.packages.len(), None);
        }
        Err(e) => found.note("snap", STATE, 0, Some(&e)),
    }
    found
}

fn package(root: &Root, name: String, snap: &Snap, limits: &Limits) -> Package {
    let revision = match &snap.current {
        serde_json::Value::String(s) => s.clone(),
        other => other.to_string(),
    };
    let described = MOUNTS.iter().find_map(|mounts| {
        let path = format!("{mounts}/{name}/{revision}/meta/snap.yaml");
        Some((root.text(&path, limits.text).ok()?, path))
    });
    let (text, path) = described.unwrap_or_default();
    let channel = if snap.tracking.is_empty() { &snap.channel } else { &snap.tracking };
    Package {
        ecosystem: Ecosystem::Snap,
        version: field(&text, "version"),
        arch: list_field(&text, "architectures"),
        // Snaps have no source package; the revision tells builds of one version apart.
        source_version: revision,
        name,
        origin_by: "record".into(),
        repository: channel.clone(),
        path,
        ..Package::default()
    }
}

/// A field of the outermost level of a YAML text; no more of the language is needed here.
fn field(text: &str, key: &str) -> String {
    let value = text.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix(':')).unwrap_or_default().trim();
    value.trim_matches(['"', '\'']).to_owned()
}

/// The first entry of a list, written on one line or on several.
fn list_field(text: &str, key: &str) -> String {
    let mut lines = text.lines().skip_while(|l| l.strip_prefix(key).is_none_or(|r| !r.starts_with(':')));
    let first = lines.next().and_then(|l| l.split_once(':')).map_or("", |(_, v)| v.trim());
    let value = if first.is_empty() {
        lines.next().map(str::trim).and_then(|l| l.strip_prefix('-')).unwrap_or_default()
    } else {
        first.trim_matches(['[', ']']).split(',').next().unwrap_or_default()
    };
    value.trim().trim_matches(['"', '\'']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_current_revision_is_described_by_itself() {
        let dir = tempfile::tempdir().expect("a folder");
        let at = |p: &str| dir.path().join(p);
        std::fs::create_dir_all(at("var/lib/snapd")).expect("writable");
        std::fs::create_dir_all(at("snap/hello/42/meta")).expect("writable");
        let yaml = "name: hello\nversion: '2.10'\nsummary: x\narchitectures:\n- amd64\n";
        std::fs::write(at("snap/hello/42/meta/snap.yaml"), yaml).expect("writable");
        let state = r#"{"data":{"snaps":{"hello":{"active":true,"current":"42","tracking-channel":"latest/stable"},
            "off":{"active":false,"current":"1"},"bare":{"active":true,"current":"5"}}}}"#;
        std::fs::write(at("var/lib/snapd/state.json"), state).expect("writable");
        let root = Root::open(dir.path()).expect("opens");
        let found = read(&root, &Os::default(), &Limits::default());
        assert_eq!(found.packages.len(), 2);
        let hello = &found.packages[1];
        assert_eq!(
            [&hello.name, &hello.version, &hello.arch].map(String::as_str),
            ["hello", "2.10", "amd64"]
        );
        assert_eq!((hello.source_version.as_str(), hello.repository.as_str()), ("42", "latest/stable"));
        assert_eq!((found.packages[0].name.as_str(), found.packages[0].version.as_str()), ("bare", ""));
    }
}
