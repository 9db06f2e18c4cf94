//! What is known of orders on disk: the highest number, those being executed, the last done.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use palisade_types::DeviceId;
use serde::{Deserialize, Serialize};

use crate::error::SensorError;
use crate::files;

/// How many finished orders are remembered, to tell one that comes again from a replay.
const REMEMBERED: usize = 64;

/// An order that was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// Its number.
    pub number: u64,
    /// Its id.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// When it came, microseconds UTC.
    pub received_us: i64,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Content {
    /// Whose orders these are; absent until the first identity is in use.
    #[serde(default)]
    device: String,
    last_number: u64,
    pending: Option<Done>,
    /// Those that run beside. A field of its own, which a version that does not know it passes over: an
    /// upgrade that is taken back must not leave a journal that cannot be read.
    #[serde(default)]
    beside: Vec<Done>,
    done: VecDeque<(u64, String)>,
}

/// The journal; each change is on the disk when its method returns.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    content: Content,
}

impl Journal {
    /// Opens the journal of a state folder.
    ///
    /// # Errors
    /// When it is there but unreadable: without it a replay could not be told, so the sensor must
    /// not take orders.
    pub fn open(state_dir: &Path) -> Result<Self, SensorError> {
        let path = state_dir.join("orders.json");
        let content = match files::read_bounded(&path, 1 << 20) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|e| SensorError::File { path: path.clone(), source: e.into() })?,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Content::default(),
            Err(source) => return Err(SensorError::File { path, source }),
        };
        Ok(Self { path, content })
    }

    /// Takes the device that this sensor is into account: numbers begin anew with a new device, and
    /// what was noted for another one must neither block nor answer its orders.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn belongs_to(&mut self, device: DeviceId) -> Result<(), SensorError> {
        let device = device.to_string();
        if self.content.device == device {
            return Ok(());
        }
        let kept = if self.content.device.is_empty() { self.content.clone() } else { Content::default() };
        self.store(Content { device, ..kept })
    }

    /// The highest number seen; 0 before the first.
    pub fn last_number(&self) -> u64 {
        self.content.last_number
    }

    /// The order that was begun and not closed.
    pub fn pending(&self) -> Option<Done> {
        self.content.pending.clone()
    }

    /// The orders that were begun beside the others and not closed.
    pub fn beside(&self) -> Vec<Done> {
        self.content.beside.clone()
    }

    /// Whether that very order was begun or finished here before.
    pub fn knows(&self, order: &Done) -> bool {
        let begun = self.content.pending.iter().chain(&self.content.beside);
        begun.into_iter().any(|p| p.number == order.number && p.id == order.id)
            || self.content.done.iter().any(|(n, id)| *n == order.number && *id == order.id)
    }

    /// Notes an order before it is executed.
    ///
    /// # Errors
    /// Those of the file system; the order must then not be executed.
    pub fn begin(&mut self, order: &Done) -> Result<(), SensorError> {
        let mut next = self.content.clone();
        next.last_number = next.last_number.max(order.number);
        next.pending = Some(order.clone());
        self.store(next)
    }

    /// Notes an order before it is executed beside others. Whoever executes it refuses more than one at a
    /// time, so there are never many.
    ///
    /// # Errors
    /// Those of the file system; the order must then not be executed.
    pub fn begin_beside(&mut self, order: &Done) -> Result<(), SensorError> {
        let mut next = self.content.clone();
        next.last_number = next.last_number.max(order.number);
        next.beside.push(order.clone());
        self.store(next)
    }

    /// Notes that its receipt is in the spool.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn finish(&mut self, order: &Done) -> Result<(), SensorError> {
        let mut next = self.content.clone();
        next.pending.take_if(|p| p == order);
        next.beside.retain(|p| p != order);
        next.done.push_back((order.number, order.id.clone()));
        while next.done.len() > REMEMBERED {
            next.done.pop_front();
        }
        self.store(next)
    }

    fn store(&mut self, next: Content) -> Result<(), SensorError> {
        let bytes = serde_json::to_vec(&next)
            .map_err(|e| SensorError::File { path: self.path.clone(), source: e.into() })?;
        files::write_atomic(&self.path, &bytes, 0o600).map_err(SensorError::file(&self.path))?;
        self.content = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(number: u64) -> Done {
        Done { number, id: format!("o{number}"), kind: "ping".into(), received_us: 1 }
    }

    #[test]
    fn what_was_begun_is_known_after_a_kill() {
        let dir = tempfile::TempDir::new().expect("dir");
        let mut j = Journal::open(dir.path()).expect("opens");
        assert_eq!((j.last_number(), j.pending()), (0, None));
        j.begin(&order(5)).expect("begun");
        let mut j = Journal::open(dir.path()).expect("opens");
        assert_eq!((j.last_number(), j.pending()), (5, Some(order(5))));
        assert!(j.knows(&order(5)));
        j.finish(&order(5)).expect("finished");
        let j = Journal::open(dir.path()).expect("opens");
        assert_eq!((j.last_number(), j.pending()), (5, None));
        assert!(j.knows(&order(5)));
        assert!(!j.knows(&Done { id: "another".into(), ..order(5) }));
    }

    #[test]
    fn orders_beside_each_other_are_closed_one_by_one() {
        let dir = tempfile::TempDir::new().expect("dir");
        let mut j = Journal::open(dir.path()).expect("opens");
        j.begin_beside(&order(5)).expect("begun");
        j.begin(&order(6)).expect("begun");
        let mut j = Journal::open(dir.path()).expect("opens");
        assert_eq!((j.pending(), j.beside()), (Some(order(6)), vec![order(5)]));
        assert!(j.knows(&order(5)) && j.knows(&order(6)));
        j.finish(&order(6)).expect("finished");
        assert_eq!((j.pending(), j.beside(), j.last_number()), (None, vec![order(5)], 6));
        j.finish(&order(5)).expect("finished");
        assert_eq!((j.beside(), j.knows(&order(5))), (vec![], true));
    }

    #[test]
    fn a_journal_of_an_earlier_version_is_read() {
        let dir = tempfile::TempDir::new().expect("dir");
        let text = r#"{"device":"","last_number":3,"pending":null,"done":[[3,"o3"]]}"#;
        std::fs::write(dir.path().join("orders.json"), text).expect("written");
        let j = Journal::open(dir.path()).expect("opens");
        assert_eq!((j.last_number(), j.beside()), (3, vec![]));
    }

    #[test]
    fn an_order_that_cannot_be_journalled_is_not_begun() {
        let dir = tempfile::TempDir::new().expect("dir");
        let mut j = Journal::open(dir.path()).expect("opens");
        drop(dir);
        assert!(j.begin(&order(1)).is_err());
        assert_eq!((j.last_number(), j.pending()), (0, None));
    }

    #[test]
    fn a_bent_journal_is_an_error_not_a_fresh_start() {
        let dir = tempfile::TempDir::new().expect("dir");
        std::fs::write(dir.path().join("orders.json"), b"{").expect("written");
        assert!(Journal::open(dir.path()).is_err());
    }

    #[test]
    fn another_device_begins_anew_and_the_same_one_does_not() {
        let dir = tempfile::TempDir::new().expect("dir");
        let mut j = Journal::open(dir.path()).expect("opens");
        j.begin(&order(5)).expect("begun");
        let device = |n: u8| format!("{n:040x}").parse::<DeviceId>().expect("an id");
        j.belongs_to(device(1)).expect("noted");
        assert_eq!((j.last_number(), j.pending()), (5, Some(order(5))));
        let mut j = Journal::open(dir.path()).expect("opens");
        j.belongs_to(device(1)).expect("noted");
        assert_eq!(j.last_number(), 5);
        j.belongs_to(device(2)).expect("noted");
        assert_eq!((j.last_number(), j.pending()), (0, None));
        assert_eq!(Journal::open(dir.path()).expect("opens").last_number(), 0);
    }

    #[test]
    fn memory_is_bounded() {
        let dir = tempfile::TempDir::new().expect("dir");
        let mut j = Journal::open(dir.path()).expect("opens");
        for n in 1..=100 {
            j.begin(&order(n)).and_then(|()| j.finish(&order(n))).expect("done");
        }
        assert_eq!(j.content.done.len(), REMEMBERED);
        assert!(j.knows(&order(100)) && !j.knows(&order(1)));
    }
}
