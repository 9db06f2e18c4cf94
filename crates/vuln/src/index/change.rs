use std::collections::{BTreeSet, HashSet};

use palisade_advisory::{Advisory, Cve, EndOfLife};

use super::Index;
use super::names::Sym;
use crate::finding::Feed;

/// What a feed says now about one of its ids.
#[derive(Clone, Debug, Default)]
pub struct AdvisoryChange {
    /// The feed.
    pub feed: String,
    /// The id, as the feed has it.
    pub id: String,
    /// All that the feed says under this id; nothing if it was removed.
    pub now: Vec<Advisory>,
}

/// What answers may differ after a change.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    /// Packages, by ecosystem and name.
    pub packages: BTreeSet<(Sym, Sym)>,
    /// Vulnerabilities: what packages have of others stays as it is.
    pub vulnerabilities: HashSet<Sym>,
}

impl Index {
    /// Takes in changed advisories; answers what may differ now.
    pub(crate) fn change(&mut self, changes: &[AdvisoryChange]) -> Touched {
        let mut touched = Touched::default();
        // Names that may be called otherwise now: those that are linked before or after.
        let mut ids: BTreeSet<Sym> = BTreeSet::new();
        for change in changes {
            let feed = self.feed_number(&change.feed);
            let id = self.names.add(&change.id);
            let before: Vec<u32> = self.of_id(feed, id).filter(|h| !self.heads[*h as usize].dead).collect();
            for number in before {
                let head = self.heads[number as usize].clone();
                ids.extend(self.linked(number));
                self.touch(number, &mut touched);
                self.unregister(number);
                self.unlink(&head);
                self.heads[number as usize].dead = true;
                self.dead_statements += head.statements.range().len();
                for at in head.statements.range() {
                    let ecosystem = self.names.get(self.statements[at].ecosystem);
                    if let Some(count) = self.ecosystems.get_mut(ecosystem) {
                        *count = count.saturating_sub(1);
                    }
                }
            }
            for advisory in change.now.iter().filter(|a| !a.is_withdrawn()) {
                let number = self.push(feed, advisory);
                ids.extend(self.linked(number));
                self.touch(number, &mut touched);
                for at in self.heads[number as usize].statements.range() {
                    let key = (self.statements[at].ecosystem, self.statements[at].package);
                    let at = u32::try_from(at).unwrap_or(u32::MAX);
                    self.later.entry(key).or_default().push(at);
                }
                self.register(number);
            }
        }
        for id in ids {
            let feeds = 0..u16::try_from(self.feeds.len()).unwrap_or(u16::MAX);
            let heads: Vec<u32> = feeds
                .flat_map(|feed| self.of_id(feed, id))
                .filter(|h| !self.heads[*h as usize].dead)
                .collect();
            for head in heads {
                self.unregister(head);
                let before = self.list(self.heads[head as usize].vulnerabilities).to_vec();
                if self.name(head) {
                    touched.vulnerabilities.extend(before);
                    self.touch(head, &mut touched);
                }
                self.register(head);
            }
        }
        touched
    }

    /// Takes in what is known of vulnerabilities; answers what may differ because an id was
    /// given back or is in use again.
    pub(crate) fn change_facts(&mut self, changes: Vec<Cve>) -> Touched {
        let mut touched = Touched::default();
        for cve in changes {
            let feed = self.feed_number(&cve.source);
            let (id, turned) = self.learn_again(feed, cve);
            if turned {
                for head in self.by_vulnerability.get(&id).cloned().unwrap_or_default() {
                    self.touch(head, &mut touched);
                }
            }
        }
        touched
    }

    /// Whether a feed says something of a vulnerability by itself.
    pub(crate) fn speaks_of(&self, feed: &str, id: &str) -> bool {
        let Some(feed) = self.feeds.iter().position(|f| f.name == feed) else { return false };
        self.names.find(id).and_then(|id| self.facts.get(&id)).is_some_and(|f| f.is_of(feed))
    }

    /// Whether a feed has an advisory under an id.
    pub(crate) fn advises(&self, feed: &str, id: &str) -> bool {
        let Some(feed) = self.feeds.iter().position(|f| f.name == feed) else { return false };
        let feed = u16::try_from(feed).unwrap_or(u16::MAX);
        self.names.find(id).is_some_and(|id| self.of_id(feed, id).any(|h| !self.heads[h as usize].dead))
    }

    /// Says from when a feed is now, and how much it holds.
    pub(crate) fn set_feed(&mut self, feed: Feed) {
        let at = usize::from(self.feed_number(&feed.name));
        self.feeds[at] = feed;
    }

    /// Takes in what a table of the ends of support says now; nothing if it no longer has the entry.
    pub(crate) fn set_end_of_life(&mut self, key: &str, now: Option<EndOfLife>) {
        match now {
            Some(end) => drop(self.end_of_life.insert((end.product.clone(), end.cycle.clone()), end)),
            None => {
                if let Some((product, cycle)) = key.rsplit_once('/') {
                    self.end_of_life.remove(&(product.to_owned(), cycle.to_owned()));
                }
            }
        }
    }

    /// Names that hang together with an advisory's: where they lead may change with it.
    fn linked(&self, head: u32) -> BTreeSet<Sym> {
        let head = &self.heads[head as usize];
        let mut ids: BTreeSet<Sym> = [head.id].into();
        let own = self.list(head.covers).iter().chain(self.list(head.aliases));
        for id in own {
            ids.insert(*id);
        }
        ids.iter().filter(|id| !self.is_cve(**id)).flat_map(|id| self.kin(*id)).chain([head.id]).collect()
    }

    fn touch(&self, head: u32, touched: &mut Touched) {
        let head = &self.heads[head as usize];
        let statements = &self.statements[head.statements.range()];
        touched.packages.extend(statements.iter().map(|s| (s.ecosystem, s.package)));
        touched.vulnerabilities.extend(self.list(head.vulnerabilities));
    }
}
