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
}
