//! Everything that the sensor counts: kinds are stable strings, values only rise and live as long
//! as the spool.

use std::borrow::Cow;
use std::collections::BTreeMap;

use palisade_wire::msg::Counter;
use parking_lot::Mutex;

/// A kind is at most this many bytes, and there are at most [`MAX_KINDS`] of them: both come from
/// our own code or a server's code, and a heartbeat carries all.
const MAX_KIND: usize = 64;
const MAX_KINDS: usize = 256;

/// The sensor's counters, shared by all its threads.
#[derive(Debug, Default)]
pub struct Counters {
    values: Mutex<BTreeMap<Cow<'static, str>, u64>>,
}

impl Counters {
    /// Adds `n` to a kind.
    pub fn add(&self, kind: impl Into<Cow<'static, str>>, n: u64) {
        if n == 0 {
            return;
        }
        let kind = kind.into();
        let mut values = self.values.lock();
        if let Some(v) = values.get_mut(&kind) {
            *v = v.saturating_add(n);
        } else if kind.len() <= MAX_KIND && values.len() < MAX_KINDS {
            values.insert(kind, n);
        }
    }

    /// Forgets the kinds that begin with `~`: accounts of something that began anew.
    pub fn reset_hidden(&self) {
        self.values.lock().retain(|k, _| !k.starts_with('~'));
    }

    /// The value of a kind; 0 where it was never counted.
    pub fn get(&self, kind: &str) -> u64 {
        self.values.lock().get(kind).copied().unwrap_or(0)
    }

    /// Everything counted so far, by kind.
    pub fn snapshot(&self) -> Vec<Counter> {
        self.values.lock().iter().map(|(k, v)| Counter { kind: k.to_string(), value: *v }).collect()
    }

    /// Takes over what an earlier run counted.
    pub fn restore(&self, saved: &[Counter]) {
        for c in saved {
            self.add(c.kind.clone(), c.value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_only_rise_and_survive_a_restore() {
        let c = Counters::default();
        c.add("a", 2);
        c.add("b", 7);
        c.add("~b", 7);
        c.reset_hidden();
        let again = Counters::default();
        again.restore(&c.snapshot());
        again.add("a", 1);
        assert_eq!((again.get("a"), again.get("b"), again.get("~b")), (3, 7, 0));
    }

    #[test]
    fn kinds_are_bounded() {
        let c = Counters::default();
        for n in 0..2 * MAX_KINDS {
            c.add(format!("kind_{n}"), 1);
        }
        c.add("x".repeat(MAX_KIND + 1), 1);
        assert_eq!(c.snapshot().len(), MAX_KINDS);
    }

    /// Every kind that the sources count, and those of capture, are on the page.
    #[test]
    fn the_page_of_counters_names_all_of_them() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let page = std::fs::read_to_string(root.join("../../docs/counters.md")).expect("the page");
        let mut names = crate::capture::counter_names();
        let mut folders = vec![root.join("src")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("lists").flatten() {
                if entry.path().is_dir() {
                    folders.push(entry.path());
                    continue;
                }
                let text = std::fs::read_to_string(entry.path()).expect("reads");
                let added = text.split("counters.add(\"").skip(1);
                names.extend(added.filter_map(|rest| rest.split('"').next().map(str::to_owned)));
            }
        }
        assert!(names.len() > 50, "{names:?}");
        for name in names.iter().filter(|name| name.len() > 1) {
            let plain = page.contains(&format!("`{name}`"));
            let by_kind = ["kernel_attempt_", "kernel_lost_"].iter().any(|begin| {
                let kind = name.strip_prefix(begin).filter(|_| page.contains(&format!("`{begin}<kind>`")));
                kind.is_some_and(|kind| page.contains(kind))
            });
            assert!(plain || by_kind, "docs/counters.md does not name {name}");
        }
    }
}
