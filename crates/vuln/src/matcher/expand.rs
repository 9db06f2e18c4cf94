use palisade_advisory::Severity;
use roaring::RoaringBitmap;

use super::{Matcher, Tuple};
use crate::component::Component;
use crate::finding::{Finding, KernelState, Presence};
use crate::judge::Hit;

/// A finding on one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expanded {
    /// The device.
    pub device: u32,
    /// The component's number.
    pub tuple: u32,
    /// What it has.
    pub hit: Hit,
}

impl Matcher {
    /// The component of a number.
    pub fn component(&self, tuple: u32) -> Option<&Component> {
        self.tuples.get(tuple as usize).map(|t| &t.component)
    }

    /// What a component has.
    pub fn hits(&self, tuple: u32) -> &[Hit] {
        self.tuples.get(tuple as usize).map_or(&[], |t| &t.hits)
    }

    /// The devices that have a component.
    pub fn devices(&self, tuple: u32) -> Option<&RoaringBitmap> {
        self.tuples.get(tuple as usize).map(|t| &t.devices)
    }

    /// The devices where a component runs.
    pub fn running(&self, tuple: u32) -> Option<&RoaringBitmap> {
        self.tuples.get(tuple as usize).map(|t| &t.running)
    }

    /// The components of a device.
    pub fn tuples_of(&self, device: u32) -> impl Iterator<Item = u32> + '_ {
        self.of_device.get(device as usize).into_iter().flatten()
    }

    /// The findings of a device.
    pub fn rows_of(&self, device: u32) -> impl Iterator<Item = Expanded> + '_ {
        self.tuples_of(device).flat_map(move |tuple| {
            self.hits(tuple).iter().map(move |hit| Expanded { device, tuple, hit: *hit })
        })
    }

    /// Every finding of every device, component by component.
    pub fn rows(&self) -> impl Iterator<Item = Expanded> + '_ {
        self.tuples.iter().zip(0_u32..).flat_map(|(t, tuple)| {
            t.hits.iter().flat_map(move |hit| {
                t.devices.iter().map(move |device| Expanded { device, tuple, hit: *hit })
            })
        })
    }

    /// The components that have a vulnerability.
    pub fn tuples_with(&self, vulnerability: &str) -> Vec<u32> {
        let Some(sym) = self.index.names.find(vulnerability) else { return Vec::new() };
        let heads = self.index.by_vulnerability.get(&sym).into_iter().flatten();
        let statements =
            heads.flat_map(|h| &self.index.statements[self.index.heads[*h as usize].statements.range()]);
        let mut tuples: Vec<u32> =
            statements.filter_map(|s| self.by_package.get(&s.package)).flatten().copied().collect();
        tuples.sort_unstable();
        tuples.dedup();
        tuples.retain(|t| self.hits(*t).iter().any(|h| h.vulnerability == sym));
        tuples
    }

    /// The devices that have a vulnerability.
    pub fn devices_with(&self, vulnerability: &str) -> RoaringBitmap {
        let mut out = RoaringBitmap::new();
        for tuple in self.tuples_with(vulnerability) {
            out |= &self.tuples[tuple as usize].devices;
        }
        out
    }

    /// Whether the kernel of a component runs on a device; nothing if it is no kernel.
    pub fn kernel_state(&self, tuple: u32, device: u32) -> Option<KernelState> {
        let tuple: &Tuple = self.tuples.get(tuple as usize)?;
        tuple.kernel.then(|| match () {
            () if tuple.running.contains(device) => KernelState::Running,
            () if tuple.idle.contains(device) => KernelState::InstalledOnly,
            () => KernelState::Unknown,
        })
    }

    /// A row in words. The path is the inventory's to say.
    pub fn explain(&self, row: &Expanded) -> Finding {
        let tuple = &self.tuples[row.tuple as usize];
        let mut finding = self.index.explain(&tuple.component, &row.hit);
        finding.presence = Presence {
            running: tuple.running.contains(row.device).then_some(true),
            kernel: self.kernel_state(row.tuple, row.device),
            ..Presence::default()
        };
        finding
    }

    /// The severity that counts for a finding; none is: nobody said.
    pub fn severity(&self, tuple: u32, hit: &Hit) -> Option<Severity> {
        self.component(tuple).and_then(|c| self.index.explain(c, hit).severity)
    }
}
