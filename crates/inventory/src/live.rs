//! What runs: processes with what they have in memory, the sockets that wait, the units they belong to.

mod cgroup;
mod maps;
mod process;
mod sockets;
pub(crate) mod units;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use crate::limits::Limits;
use crate::model::{Endpoint, Loaded, LoadedKind, Source};
use process::{Host, Process};

/// Processes that are named for one thing.
const NAMED: usize = 8;

/// What runs on this machine.
#[derive(Debug, Default)]
pub(crate) struct Live {
    /// In memory of this root's own processes.
    pub(crate) loaded: Vec<Loaded>,
    pub(crate) endpoints: Vec<Endpoint>,
    /// Processes of each unit.
    pub(crate) units: HashMap<String, Vec<u32>>,
    /// Names of this root's processes and of the kernel's threads.
    pub(crate) names: BTreeSet<String>,
    /// Roots of containers, with what their processes have in memory.
    pub(crate) containers: Vec<Inside>,
    pub(crate) sources: Vec<Source>,
}

/// A container that runs.
#[derive(Debug, Default)]
pub(crate) struct Inside {
    pub(crate) id: String,
    pub(crate) runtime: &'static str,
    pub(crate) pid: u32,
    pub(crate) loaded: Vec<Loaded>,
}

/// What one root's processes have in memory.
#[derive(Default)]
struct Memory(BTreeMap<(String, LoadedKind, bool), Loaded>);

impl Memory {
    fn add(&mut self, path: &str, kind: LoadedKind, deleted: bool, of: &Process) {
        let key = (path.to_owned(), kind, deleted);
        let entry = self.0.entry(key).or_insert_with(|| Loaded {
            path: path.to_owned(),
            kind,
            deleted,
            ..Loaded::default()
        });
        entry.processes += 1;
        if entry.pids.len() < NAMED {
            entry.pids.push(of.pid);
        }
        if !of.unit.is_empty() && entry.units.len() < NAMED && !entry.units.contains(&of.unit) {
            entry.units.push(of.unit.clone());
        }
    }

    fn list(self, limits: &Limits) -> Vec<Loaded> {
        self.0.into_values().take(limits.items).collect()
    }
}

/// Looks at all processes below `proc`.
pub(crate) fn read(proc: &Path, limits: &Limits) -> Live {
    let mut live = Live::default();
    let (processes, mut source) = process::all(proc, limits);
    let host = Host::read(proc);
    let mut own = Memory::default();
    let mut inside: BTreeMap<String, (Inside, Memory)> = BTreeMap::new();
    let mut sockets: HashMap<u64, usize> = HashMap::new();
    let mut networks: BTreeMap<String, (u32, String)> = BTreeMap::new();
    let (mut budget, mut blind) = (limits.links, 0u32);
    for (i, p) in processes.iter().enumerate() {
        if p.kernel {
            live.names.insert(p.name.clone());
            continue;
        }
        let ours = host.has(proc, p);
        let memory = if ours {
            live.names.insert(p.name.clone());
            if !p.unit.is_empty() {
                live.units.entry(p.unit.clone()).or_default().push(p.pid);
            }
            Some(&mut own)
        } else if !p.container.id.is_empty() {
            let (known, memory) = inside.entry(p.container.id.clone()).or_default();
            if known.pid == 0 {
                *known = Inside {
                    id: p.container.id.clone(),
                    runtime: p.container.runtime,
                    pid: p.pid,
                    loaded: Vec::new(),
                };
            }
            Some(memory)
        } else {
            // A sandbox of some program: neither this root nor a container that has a name.
            None
        };
        if !p.network.is_empty() {
            let container = if ours { String::new() } else { p.container.id.clone() };
            networks.entry(p.network.clone()).or_insert((p.pid, container));
        }
        // One that waits for a disk may hold the lock that reading its memory map needs.
        if !p.waits && budget > 0 {
            let mut memory = memory;
            let read = maps::each(proc, p.pid, &mut budget, &mut |path, deleted| {
                if let Some(memory) = &mut memory {
                    let kind = if path == p.program { LoadedKind::Program } else { LoadedKind::Library };
                    memory.add(path, kind, deleted, p);
                }
            });
            let open = process::open_files(proc, p.pid, &mut budget, &mut |target| {
                if let Some(socket) = sockets::inode(target) {
                    sockets.entry(socket).or_insert(i);
                } else if (target.ends_with(".jar") || target.ends_with(".war"))
                    && let Some(memory) = &mut memory
                {
                    memory.add(target, LoadedKind::Archive, false, p);
                }
            });
            blind += u32::from(!read || !open);
        }
    }
    if budget == 0 {
        source = Source::failed(
            "processes",
            "/proc",
            processes.len(),
            &crate::InventoryError::TooMany("open files"),
        );
    } else if blind > 0 && source.code.is_empty() {
        source.code = "permission_denied".into();
        source.detail = format!("memory or open files of {blind} processes could not be read");
        source.state = crate::model::SourceState::Partial;
    }
    live.endpoints =
        sockets::listening(proc, &networks, limits, |inode| sockets.get(&inode).map(|i| &processes[*i]));
    live.sources.push(source);
    live.loaded = own.list(limits);
    live.containers = inside
        .into_values()
        .map(|(inside, memory)| Inside { loaded: memory.list(limits), ..inside })
        .take(limits.containers)
        .collect();
    for pids in live.units.values_mut() {
        pids.truncate(NAMED);
    }
    live
}
