//! What happens in an estate while somebody looks at it.

use palisade_explore::{Change, NodeRef};

use super::NOW;
use super::estate::{ENDPOINTS, Estate, kind, mix, reading};

/// An endless list of changes.
pub struct Changes<'e> {
    estate: &'e Estate,
    step: u32,
    alerts: u32,
    ready: Vec<Change>,
}

impl<'e> Changes<'e> {
    pub fn new(estate: &'e Estate) -> Self {
        Self { estate, step: 0, alerts: estate.alerts, ready: Vec::new() }
    }

    pub fn next(&mut self, count: usize) -> Vec<Change> {
        while self.ready.len() < count {
            self.step += 1;
            self.happen();
        }
        self.ready.drain(..count).collect()
    }

    fn happen(&mut self) {
        let z = mix(50, self.step, 0);
        let machine = (z >> 8) as u32 % self.estate.machines;
        let own = NodeRef::new(kind("virtual_machines"), Estate::machine_key(machine));
        match z % 100 {
            // Most of what changes is that sensors are heard.
            0..50 => {
                if let Some((state, _)) = Estate::sensor(machine) {
                    let seen = NOW.0 - i64::from(self.step % 1000) * 1000;
                    self.ready.push(Change::Upsert(Estate::sensor_node(machine, state, seen)));
                }
            }
            // A program comes or goes.
            50..70 => {
                let software = (z >> 40) as u32 % self.estate.software;
                let to = NodeRef::new(kind("software"), self.estate.software_key(software));
                let reading = reading("has_installed");
                self.ready.push(if z >> 60 & 1 == 0 {
                    Change::Connect { from: own, reading, to }
                } else {
                    Change::Disconnect { from: own, reading, to }
                });
            }
            // An inventory is read anew, and one program has been upgraded.
            70..75 => {
                let mut programs = self.estate.programs_of(machine);
                programs[0] ^= 1;
                let keys = programs.into_iter().map(|s| self.estate.software_key(s).to_owned()).collect();
                let change = Change::Replace {
                    from: own,
                    reading: reading("has_installed"),
                    to: kind("software"),
                    keys,
                };
                self.ready.push(change);
            }
            // A finding is raised, or cleared again.
            75..85 => {
                let node = Estate::finding_node(machine);
                let to = node.node.clone();
                if z >> 60 & 1 == 0 {
                    self.ready.push(Change::Upsert(node));
                    self.ready.push(Change::Connect { from: own, reading: reading("is_affected_by"), to });
                } else {
                    self.ready.push(Change::Remove(to));
                }
            }
            // An alert comes.
            85..93 => {
                self.alerts += 1;
                let (_, severity, _) = self.estate.alert(self.alerts);
                let node = Estate::alert_node(self.alerts, severity, "new");
                let from = node.node.clone();
                self.ready.push(Change::Upsert(node));
                self.ready.push(Change::Connect { from, reading: reading("affects"), to: own });
            }
            // A program waits for connections, or does no longer.
            _ => {
                let n = (z >> 40) as u32 % ENDPOINTS;
                if z >> 60 & 1 == 0 {
                    let node = Estate::endpoint_node(machine, n);
                    let to = node.node.clone();
                    self.ready.push(Change::Upsert(node));
                    self.ready.push(Change::Connect { from: own, reading: reading("exposes"), to });
                } else {
                    let key = Estate::endpoint_key(machine, n);
                    self.ready.push(Change::Remove(NodeRef::new(kind("listening_endpoint"), key)));
                }
            }
        }
    }
}
