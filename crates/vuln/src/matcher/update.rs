use std::collections::{BTreeMap, BTreeSet};

use palisade_advisory::{Advisory, Cve, Record};

use super::{Delta, Matcher};
use crate::finding::Feed;
use crate::index::AdvisoryChange;

/// What a feed says now under some of its ids.
#[derive(Clone, Debug, Default)]
pub struct FeedUpdate {
    /// The feed, from when it is now, and how many records it has.
    pub feed: Feed,
    /// The ids of records that are new, changed or gone: of an advisory or vulnerability its own, of an end of support
    /// `PRODUCT/CYCLE`.
    pub ids: BTreeSet<String>,
    /// What it says under these ids now; nothing of what is gone.
    pub records: Vec<Record>,
}

impl Matcher {
    /// Takes in what feeds say otherwise now; only the components that it touches are judged again.
    pub fn apply_update(&mut self, updates: Vec<FeedUpdate>) -> Delta {
        let mut advisories: Vec<AdvisoryChange> = Vec::new();
        let mut facts: Vec<Cve> = Vec::new();
        for FeedUpdate { feed, ids, records } in updates {
            let mut now: BTreeMap<String, Vec<Advisory>> =
                ids.iter().map(|id| (id.clone(), Vec::new())).collect();
            let (mut told, mut ended) = (BTreeSet::new(), BTreeSet::new());
            for record in records {
                match record {
                    Record::Advisory(a) => now.entry(a.id.clone()).or_default().push(a),
                    Record::Cve(cve) => {
                        told.insert(cve.id.clone());
                        facts.push(cve);
                    }
                    Record::EndOfLife(end) => {
                        let key = format!("{}/{}", end.product, end.cycle);
                        self.index.set_end_of_life(&key, Some(end));
                        ended.insert(key);
                    }
                }
            }
            // What it no longer says is forgotten.
            for id in ids.iter().filter(|id| !told.contains(*id)) {
                if self.index.speaks_of(&feed.name, id) {
                    facts.push(Cve { id: id.clone(), source: feed.name.clone(), ..Cve::default() });
                }
                if !ended.contains(id) {
                    self.index.set_end_of_life(id, None);
                }
            }
            // Most ids are those of facts alone.
            let said =
                |(id, now): &(String, Vec<Advisory>)| !now.is_empty() || self.index.advises(&feed.name, id);
            let change = |(id, now)| AdvisoryChange { feed: feed.name.clone(), id, now };
            advisories.extend(now.into_iter().filter(said).map(change));
            self.index.set_feed(feed);
        }
        let mut delta = self.apply_facts(facts);
        let by_advisories = self.apply_feed_change(&advisories);
        delta.judged += by_advisories.judged;
        delta.tuples.extend(by_advisories.tuples);
        delta
    }
}
