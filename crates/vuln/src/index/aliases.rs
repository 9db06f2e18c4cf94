//! One name for one vulnerability: the CVE where any source links to one.

use std::collections::BTreeSet;

use super::names::Sym;
use super::{Head, Index, List};

/// Most names that are followed from one: a chain longer than this is no vulnerability.
const MOST: usize = 1000;

impl Index {
    /// Notes which names an advisory says are of the same vulnerability. One about many links nothing.
    pub(super) fn link(&mut self, head: &Head) {
        if head.covers.len != 1 {
            return;
        }
        let covers = self.list(head.covers)[0];
        let own = std::iter::once(head.id).chain(self.list(head.aliases).iter().copied());
        // Two CVEs are two vulnerabilities whatever links them.
        let others: Vec<Sym> = own.filter(|s| *s != covers && !self.is_cve(*s)).collect();
        for other in others {
            self.links.entry(covers).or_default().push(other);
            self.links.entry(other).or_default().push(covers);
        }
    }

    pub(super) fn unlink(&mut self, head: &Head) {
        if head.covers.len != 1 {
            return;
        }
        let covers = self.list(head.covers)[0];
        let own: Vec<Sym> = std::iter::once(head.id).chain(self.list(head.aliases).iter().copied()).collect();
        for other in own.into_iter().filter(|s| *s != covers && !self.is_cve(*s)).collect::<Vec<_>>() {
            for (a, b) in [(covers, other), (other, covers)] {
                if let Some(list) = self.links.get_mut(&a)
                    && let Some(at) = list.iter().position(|s| *s == b)
                {
                    list.swap_remove(at);
                }
            }
        }
    }

    pub(crate) fn is_cve(&self, sym: Sym) -> bool {
        self.text(sym).starts_with("CVE-")
    }

    /// The names that lead to each other without a CVE between them; CVEs at their edge included.
    pub(super) fn kin(&self, id: Sym) -> BTreeSet<Sym> {
        let mut seen = BTreeSet::from([id]);
        let mut open = vec![id];
        while let Some(here) = open.pop() {
            if seen.len() >= MOST {
                break;
            }
            for next in self.links.get(&here).into_iter().flatten() {
                if seen.insert(*next) && !self.is_cve(*next) {
                    open.push(*next);
                }
            }
        }
        seen
    }

    /// The common name of what covers no CVE by itself.
    fn common_name(&self, id: Sym) -> Sym {
        if self.is_cve(id) || !self.links.contains_key(&id) {
            return id;
        }
        let rank = |s: &Sym| {
            let text = self.text(*s);
            let kind = if text.starts_with("CVE-") { 0 } else { 1 + u8::from(!text.starts_with("GHSA-")) };
            (kind, text.to_owned())
        };
        self.kin(id).into_iter().min_by_key(rank).unwrap_or(id)
    }

    /// Gives an advisory's vulnerabilities their common names; whether that changed something.
    pub(super) fn name(&mut self, head: u32) -> bool {
        let Head { covers, vulnerabilities, .. } = self.heads[head as usize];
        let mut named: Vec<Sym> = self.list(covers).iter().map(|s| self.common_name(*s)).collect();
        named.sort_unstable();
        named.dedup();
        if named == self.list(vulnerabilities) {
            return false;
        }
        let from = u32::try_from(self.lists.len()).unwrap_or(u32::MAX);
        let len = u32::try_from(named.len()).unwrap_or(u32::MAX);
        self.lists.extend(named);
        self.heads[head as usize].vulnerabilities = List { from, len };
        true
    }

    pub(super) fn register(&mut self, head: u32) {
        let list = self.heads[head as usize].vulnerabilities;
        for at in list.range() {
            self.by_vulnerability.entry(self.lists[at]).or_default().push(head);
        }
    }

    pub(super) fn unregister(&mut self, head: u32) {
        let list = self.heads[head as usize].vulnerabilities;
        for at in list.range() {
            if let Some(heads) = self.by_vulnerability.get_mut(&self.lists[at]) {
                heads.retain(|h| *h != head);
            }
        }
    }

    pub(super) fn name_all(&mut self) {
        for head in 0..u32::try_from(self.heads.len()).unwrap_or(u32::MAX) {
            self.name(head);
            self.register(head);
        }
    }
}
