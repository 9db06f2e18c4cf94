//! Packages within running containers, each by the root that its processes see.

use std::collections::BTreeMap;
use std::time::Duration;

use palisade_types::TimeMicros;

use super::kept::Packages;
use super::{Options, fill};
use crate::live::Inside;
use crate::model::{Container, Source};
use crate::root::Root;

/// What was read of each container that runs.
#[derive(Debug, Default)]
pub(super) struct Containers {
    known: BTreeMap<String, One>,
}

#[derive(Debug)]
struct One {
    packages: Option<Packages>,
    owned: Container,
}

impl Containers {
    /// Reads containers that are new and those that changed, and forgets those that ended; whether there
    /// were any.
    pub(super) fn update(&mut self, options: &Options, running: &[Inside], now: TimeMicros) -> bool {
        let before = self.known.len();
        self.known.retain(|id, _| running.iter().any(|r| r.id == *id));
        let mut changed = self.known.len() != before;
        for r in running {
            let root = match Root::of_process(&options.proc, r.pid) {
                Ok(root) => root,
                Err(e) => {
                    // Its first process may have ended since.
                    let failed = Source::failed("containers", &r.id, 0, &e);
                    let owned = Container { sources: vec![failed], ..Container::default() };
                    self.known.entry(r.id.clone()).or_insert(One { packages: None, owned });
                    continue;
                }
            };
            match self.known.get_mut(&r.id) {
                Some(One { packages: Some(packages), owned }) => {
                    // Layers of a container do not change by themselves: no walk, only the databases.
                    if !packages.refresh(&root, &options.limits, now, Duration::MAX).is_empty() {
                        *owned = read(&root, packages, r, options);
                        changed = true;
                    }
                }
                _ => {
                    let packages = Packages::read(&root, &options.limits, now);
                    let owned = read(&root, &packages, r, options);
                    self.known.insert(r.id.clone(), One { packages: Some(packages), owned });
                    changed = true;
                }
            }
        }
        changed
    }

    pub(super) fn all(&self, running: &[Inside], now: TimeMicros) -> Vec<Container> {
        let of = |r: &Inside| {
            let one = self.known.get(&r.id)?;
            let os = one.packages.as_ref().map(|p| p.os(now)).unwrap_or_default();
            let (id, runtime) = (r.id.clone(), r.runtime.to_owned());
            Some(Container { id, runtime, pid: r.pid, os, ..one.owned.clone() })
        };
        running.iter().filter_map(of).collect()
    }
}

fn read(root: &Root, packages: &Packages, r: &Inside, options: &Options) -> Container {
    let mut c = Container { packages: packages.all(), sources: packages.sources(), ..Container::default() };
    fill::container(root, &options.limits, &r.loaded, &mut c);
    c
}
