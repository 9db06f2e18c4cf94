//! A fleet's findings: for each distinct component what it has, and on which devices it is.
//!
//! Nothing is kept for each device and finding: a finding is on the devices of its component. So a changed advisory
//! costs as much as the components of its packages, however many devices have them.

mod delta;
mod expand;
mod update;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};
use std::num::NonZero;

use palisade_advisory::Cve;
use roaring::RoaringBitmap;
use serde::Serialize;

pub use delta::{Delta, TupleDelta};
pub use expand::Expanded;
pub use update::FeedUpdate;

use crate::component::{Component, Installed, KernelPart};
use crate::index::{AdvisoryChange, Index, Sym, Touched, canonical_name, names::AsIs};
use crate::judge::Hit;

/// A component, what it has, and where it is.
struct Tuple {
    component: Component,
    hits: Box<[Hit]>,
    devices: RoaringBitmap,
    /// The devices where it runs.
    running: RoaringBitmap,
    /// Whether it is what runs of a kernel.
    kernel: bool,
    /// Of a kernel: the devices where another one runs.
    idle: RoaringBitmap,
}

/// A fleet's components and what they have. Devices are dense numbers that the caller hands out.
pub struct Matcher {
    index: Index,
    tuples: Vec<Tuple>,
    by_hash: HashMap<u64, u32, BuildHasherDefault<AsIs>>,
    /// The tuples that a package's name may be about.
    by_package: HashMap<Sym, Vec<u32>>,
    /// The tuples of each device.
    of_device: Vec<RoaringBitmap>,
    waiting: Vec<u32>,
}

/// How much a matcher holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MatcherSizes {
    /// Distinct components.
    pub tuples: usize,
    /// Findings of them, each counted once.
    pub findings: u64,
    /// Findings counted for each device.
    pub rows: u64,
    /// Devices that have components.
    pub devices: usize,
}

impl Matcher {
    /// An empty fleet.
    pub fn new(index: Index) -> Self {
        Self {
            index,
            tuples: Vec::new(),
            by_hash: HashMap::default(),
            by_package: HashMap::new(),
            of_device: Vec::new(),
            waiting: Vec::new(),
        }
    }

    /// The advisories.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// How much it holds.
    pub fn sizes(&self) -> MatcherSizes {
        let findings = self.tuples.iter().map(|t| t.hits.len() as u64).sum();
        let rows = self.tuples.iter().map(|t| t.hits.len() as u64 * t.devices.len()).sum();
        let devices = self.of_device.iter().filter(|d| !d.is_empty()).count();
        MatcherSizes { tuples: self.tuples.len(), findings, rows, devices }
    }

    /// The number of a component; it is judged before the next answer.
    pub fn intern(&mut self, component: &Component) -> u32 {
        let mut hasher = DefaultHasher::new();
        component.hash(&mut hasher);
        let mut place = hasher.finish();
        loop {
            match self.by_hash.entry(place) {
                Entry::Occupied(taken) if self.tuples[*taken.get() as usize].component == *component => {
                    return *taken.get();
                }
                Entry::Occupied(_) => place = place.wrapping_add(0x9e37_79b9_7f4a_7c15),
                Entry::Vacant(free) => {
                    let number = u32::try_from(self.tuples.len()).unwrap_or(u32::MAX);
                    free.insert(number);
                    self.enter(number, component);
                    return number;
                }
            }
        }
    }

    fn enter(&mut self, number: u32, component: &Component) {
        let family = component.ecosystem.family();
        let (source, _) = component.source_key();
        let mut packages =
            [&component.name, source].map(|n| self.index.names.add(&canonical_name(family, n)));
        packages.sort_unstable();
        let all = if packages[0] == packages[1] { &packages[..1] } else { &packages[..] };
        for package in all {
            self.by_package.entry(*package).or_default().push(number);
        }
        self.waiting.push(number);
        self.tuples.push(Tuple {
            component: component.clone(),
            hits: Box::default(),
            devices: RoaringBitmap::new(),
            running: RoaringBitmap::new(),
            kernel: component.kernel_part() == Some(KernelPart::Code),
            idle: RoaringBitmap::new(),
        });
    }

    /// What a device holds now, in place of what it held before.
    pub fn apply_inventory(&mut self, device: u32, installed: &[Installed]) -> Delta {
        let tuples: Vec<(u32, Option<bool>)> =
            installed.iter().map(|i| (self.intern(&i.component), i.running)).collect();
        self.judge_waiting();
        self.apply_tuples(device, &tuples)
    }

    /// As [`Self::apply_inventory`], of components that have numbers already. A component may stand several times: it
    /// runs if one of them does.
    pub fn apply_tuples(&mut self, device: u32, tuples: &[(u32, Option<bool>)]) -> Delta {
        self.judge_waiting();
        let (gone, came) = self.place(device, tuples);
        let hits = |number: &u32| self.tuples[*number as usize].hits.to_vec();
        let mut delta = Delta { device: Some(device), ..Delta::default() };
        for number in &gone {
            delta.push(TupleDelta { tuple: *number, gone: hits(number), ..TupleDelta::default() });
        }
        for number in &came {
            delta.push(TupleDelta { tuple: *number, came: hits(number), ..TupleDelta::default() });
        }
        delta
    }

    /// Puts a device's components in place without judging them: for loading a fleet, which is judged at once.
    /// Answers the tuples that went and came.
    pub fn place(&mut self, device: u32, tuples: &[(u32, Option<bool>)]) -> (Vec<u32>, Vec<u32>) {
        let at = device as usize;
        if self.of_device.len() <= at {
            self.of_device.resize_with(at + 1, RoaringBitmap::new);
        }
        let mut sorted = tuples.to_vec();
        // Of several places the one where it runs comes first, then one where it is known not to.
        let place = |running: Option<bool>| match running {
            Some(true) => 0_u8,
            Some(false) => 1,
            None => 2,
        };
        sorted.sort_unstable_by_key(|(number, running)| (*number, place(*running)));
        sorted.dedup_by_key(|(number, _)| *number);
        let now: RoaringBitmap = sorted.iter().map(|(number, _)| *number).collect();
        let before = std::mem::take(&mut self.of_device[at]);
        let fresh = before.is_empty();
        let gone: Vec<u32> = if fresh { Vec::new() } else { (&before - &now).iter().collect() };
        let came: Vec<u32> = if fresh { now.iter().collect() } else { (&now - &before).iter().collect() };
        for number in &gone {
            let tuple = &mut self.tuples[*number as usize];
            for list in [&mut tuple.devices, &mut tuple.running, &mut tuple.idle] {
                list.remove(device);
            }
        }
        for (number, running) in &sorted {
            // What was not there is in no list: looking for it in each would cost more than all else.
            let known = !fresh && before.contains(*number);
            let tuple = &mut self.tuples[*number as usize];
            if !known {
                put(&mut tuple.devices, device);
            }
            if *running == Some(true) {
                put(&mut tuple.running, device);
            } else if known && !tuple.running.is_empty() {
                tuple.running.remove(device);
            }
            if *running == Some(false) && tuple.kernel {
                put(&mut tuple.idle, device);
            } else if known && !tuple.idle.is_empty() {
                tuple.idle.remove(device);
            }
        }
        self.of_device[at] = now;
        (gone, came)
    }

    /// Judges the components that were not yet, on all processors.
    pub fn judge_waiting(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        self.judge(&waiting, None);
    }

    /// Judges components anew, about all vulnerabilities or some; answers what each had before.
    fn judge(&mut self, numbers: &[u32], only: Option<&HashSet<Sym>>) -> Vec<Box<[Hit]>> {
        let index = &self.index;
        let tuples = &self.tuples;
        let one = |number: &u32| {
            let tuple = &tuples[*number as usize];
            let found = index.hits_of(&tuple.component, only);
            let Some(only) = only else { return found.into_boxed_slice() };
            let mut hits = Vec::with_capacity(tuple.hits.len() + found.len());
            hits.extend(tuple.hits.iter().filter(|h| !only.contains(&h.vulnerability)));
            for hit in found {
                hits.insert(hits.partition_point(|h| *h < hit), hit);
            }
            hits.into_boxed_slice()
        };
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
        let judged: Vec<Box<[Hit]>> = if numbers.len() < 1000 || threads == 1 {
            numbers.iter().map(one).collect()
        } else {
            // Small parts, handed out as they are asked for: some packages have thousands of advisories.
            let parts: Vec<&[u32]> = numbers.chunks(512).collect();
            let next = std::sync::atomic::AtomicUsize::new(0);
            let mut done: Vec<(usize, Vec<Box<[Hit]>>)> = std::thread::scope(|scope| {
                let work = || {
                    let mut mine = Vec::new();
                    loop {
                        let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                        let Some(part) = parts.get(at) else { break mine };
                        mine.push((at, part.iter().map(one).collect::<Vec<_>>()));
                    }
                };
                let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
                let mut all = work();
                for other in others {
                    match other.join() {
                        Ok(part) => all.extend(part),
                        Err(panic) => std::panic::resume_unwind(panic),
                    }
                }
                all
            });
            done.sort_unstable_by_key(|(at, _)| *at);
            done.into_iter().flat_map(|(_, part)| part).collect()
        };
        let replace = |(number, hits): (&u32, Box<[Hit]>)| {
            let tuple = &mut self.tuples[*number as usize];
            std::mem::replace(&mut tuple.hits, hits)
        };
        numbers.iter().zip(judged).map(replace).collect()
    }

    /// Takes in changed advisories; only the components of their packages are judged again.
    pub fn apply_feed_change(&mut self, changes: &[AdvisoryChange]) -> Delta {
        let touched = self.index.change(changes);
        self.judge_again(touched)
    }

    /// Takes in what is known of vulnerabilities now. Scores change no answer, ids that were given back do.
    pub fn apply_facts(&mut self, changes: Vec<Cve>) -> Delta {
        let touched = self.index.change_facts(changes);
        self.judge_again(touched)
    }

    /// Takes another index, such as of a new snapshot of all feeds, and judges everything by it.
    pub fn replace_index(&mut self, index: Index) -> Delta {
        let before = std::mem::replace(&mut self.index, index);
        self.by_package.clear();
        for number in 0..self.tuples.len() {
            let component = &self.tuples[number].component;
            let family = component.ecosystem.family();
            let (source, _) = component.source_key();
            let names = [&component.name, source].map(|n| self.index.names.add(&canonical_name(family, n)));
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            self.by_package.entry(names[0]).or_default().push(number);
            if names[0] != names[1] {
                self.by_package.entry(names[1]).or_default().push(number);
            }
        }
        self.waiting.clear();
        let all: Vec<u32> = (0..u32::try_from(self.tuples.len()).unwrap_or(u32::MAX)).collect();
        let old = self.judge(&all, None);
        let mut delta = Delta { judged: all.len(), ..Delta::default() };
        for (number, old) in all.iter().zip(old) {
            let new = &self.tuples[*number as usize].hits;
            delta.compare(*number, (&before, &old), (&self.index, new));
        }
        delta
    }

    fn judge_again(&mut self, touched: Touched) -> Delta {
        self.judge_waiting();
        let mut numbers: Vec<u32> = Vec::new();
        for (ecosystem, package) in &touched.packages {
            let ecosystem = self.index.text(*ecosystem);
            let of_name = self.by_package.get(package).into_iter().flatten();
            numbers.extend(of_name.filter(|n| {
                let component = &self.tuples[**n as usize].component;
                self.index.ecosystems_of(component).iter().any(|(e, _)| e == ecosystem)
            }));
        }
        numbers.sort_unstable();
        numbers.dedup();
        let old = self.judge(&numbers, Some(&touched.vulnerabilities));
        let mut delta = Delta { judged: numbers.len(), ..Delta::default() };
        for (number, old) in numbers.iter().zip(old) {
            let new = &self.tuples[*number as usize].hits;
            delta.compare(*number, (&self.index, &old), (&self.index, new));
        }
        delta
    }
}

/// Puts a device into a list. While a fleet is loaded it is the greatest, which needs no search.
fn put(list: &mut RoaringBitmap, device: u32) {
    if list.try_push(device).is_err() {
        list.insert(device);
    }
}
