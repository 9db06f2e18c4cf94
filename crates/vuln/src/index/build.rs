use std::collections::{BTreeMap, HashMap, HashSet};

use palisade_advisory::{Advisory, Affected, End, Record, Sink};

use super::facts::Facts;
use super::names::{Names, Sym};
use super::{Head, Index, Key, List, Ranks, Span, SpanEnd, Statement, canonical_name};
use crate::component::modular;
use crate::finding::Feed;

/// Takes records one by one; nothing of them is kept but what matching needs.
pub struct IndexBuilder {
    index: Index,
    /// Faults that decoders reported while it was their sink.
    faults: Vec<palisade_advisory::Fault>,
}

impl IndexBuilder {
    /// An empty one.
    pub fn new(ranks: Ranks) -> Self {
        let index = Index {
            names: Names::default(),
            feeds: Vec::new(),
            ranks: Vec::new(),
            rules: ranks,
            heads: Vec::new(),
            statements: Vec::new(),
            spans: Vec::new(),
            lists: Vec::new(),
            severities: Vec::new(),
            keys: Vec::new(),
            postings: Vec::new(),
            later: HashMap::new(),
            by_id: HashMap::new(),
            by_vulnerability: HashMap::new(),
            links: HashMap::new(),
            facts: HashMap::new(),
            rejected: HashSet::new(),
            texts: Default::default(),
            weakness_names: BTreeMap::new(),
            dead_statements: 0,
            ecosystems: BTreeMap::new(),
            end_of_life: BTreeMap::new(),
        };
        Self { index, faults: Vec::new() }
    }

    /// Says from when a feed's content is. Without it, findings do not know their source's age.
    pub fn feed(&mut self, feed: Feed) {
        let at = usize::from(self.index.feed_number(&feed.name));
        let records = self.index.feeds[at].records;
        self.index.feeds[at] = Feed { records, ..feed };
    }

    /// Takes a record. What is withdrawn is left out.
    pub fn add(&mut self, record: Record) {
        let index = &mut self.index;
        match record {
            Record::Advisory(advisory) => {
                let feed = index.feed_number(&advisory.source);
                index.feeds[usize::from(feed)].records += 1;
                if !advisory.is_withdrawn() {
                    index.push(feed, &advisory);
                }
            }
            Record::Cve(cve) => {
                let feed = index.feed_number(&cve.source);
                index.feeds[usize::from(feed)].records += 1;
                index.learn(feed, cve);
            }
            Record::EndOfLife(end) => {
                index.end_of_life.insert((end.product.clone(), end.cycle.clone()), end);
            }
        }
    }

    /// What decoders could not take since the last time it was asked.
    pub fn take_faults(&mut self) -> Vec<palisade_advisory::Fault> {
        std::mem::take(&mut self.faults)
    }

    /// Sorts what was taken.
    pub fn finish(mut self) -> Index {
        let index = &mut self.index;
        index.name_all();
        let mut order: Vec<(Sym, Sym, u32)> = index
            .statements
            .iter()
            .zip(0_u32..)
            .map(|(statement, at)| (statement.ecosystem, statement.package, at))
            .collect();
        order.sort_unstable();
        index.postings = order.iter().map(|(_, _, at)| *at).collect();
        let mut from = 0_u32;
        for group in order.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let len = u32::try_from(group.len()).unwrap_or(u32::MAX);
            index.keys.push(Key { ecosystem: group[0].0, package: group[0].1, postings: List { from, len } });
            from += len;
        }
        index.names.shrink();
        index.lists.shrink_to_fit();
        index.heads.shrink_to_fit();
        index.statements.shrink_to_fit();
        index.spans.shrink_to_fit();
        self.index
    }
}

impl Sink for IndexBuilder {
    fn record(&mut self, record: Record) {
        self.add(record);
    }

    fn fault(&mut self, fault: palisade_advisory::Fault) {
        self.faults.push(fault);
    }
}

impl Index {
    pub(super) fn feed_number(&mut self, name: &str) -> u16 {
        let at = self.feeds.iter().position(|f| f.name == name).unwrap_or_else(|| {
            self.feeds.push(Feed { name: name.to_owned(), ..Feed::default() });
            self.ranks.push(self.rules.of(name));
            self.feeds.len() - 1
        });
        u16::try_from(at).unwrap_or(u16::MAX)
    }

    fn push_list<'a>(&mut self, texts: impl Iterator<Item = &'a str>) -> List {
        let from = self.lists.len();
        for text in texts {
            let sym = self.names.add(text);
            self.lists.push(sym);
        }
        list(from, self.lists.len())
    }

    /// Adds an advisory with its statements; keys and common names are the caller's.
    pub(super) fn push(&mut self, feed: u16, advisory: &Advisory) -> u32 {
        let number = u32::try_from(self.heads.len()).unwrap_or(u32::MAX);
        let id = self.names.add(&advisory.id);
        let covers = self.push_list(advisory.covers.iter().map(String::as_str));
        let aliases = self.push_list(advisory.aliases.iter().map(String::as_str));
        let weaknesses = self.push_list(advisory.weaknesses.iter().map(String::as_str));
        let from = self.severities.len();
        self.severities.extend(advisory.severities.iter().cloned());
        let severities = list(from, self.severities.len());
        let first = self.statements.len();
        for affected in &advisory.affected {
            let statement = self.statement(number, affected, &advisory.summary);
            self.statements.push(statement);
        }
        let head = Head {
            id,
            feed,
            title: self.names.add(&advisory.summary),
            reference: self.names.add(advisory.references.first().map_or("", String::as_str)),
            vulnerabilities: covers,
            covers,
            aliases,
            weaknesses,
            severities,
            published: advisory.published,
            modified: advisory.modified,
            statements: list(first, self.statements.len()),
            next: self.by_id.insert((feed, id), number).unwrap_or(u32::MAX),
            dead: false,
        };
        self.link(&head);
        self.heads.push(head);
        number
    }

    fn statement(&mut self, head: u32, affected: &Affected, title: &str) -> Statement {
        let ecosystem = affected.ecosystem.to_string();
        let scheme = affected.ecosystem.scheme();
        let from = self.spans.len();
        for range in &affected.ranges {
            let (end, to) = match &range.end {
                End::Open => (SpanEnd::Open, ""),
                End::Fixed(to) => (SpanEnd::Fixed, to.as_str()),
                End::Last(to) => (SpanEnd::Last, to.as_str()),
                End::Before(to) => (SpanEnd::Before, to.as_str()),
            };
            let span = Span { from: self.names.add(&range.from), end, to: self.names.add(to) };
            self.spans.push(span);
        }
        let spans = list(from, self.spans.len());
        // A version is affected if a range or the list says so: what a range says need not be listed.
        let listed = affected.versions.iter().map(String::as_str);
        let beyond = listed.filter(|v| {
            scheme.is_none_or(|s| !affected.ranges.iter().any(|r| r.contains(s, v).unwrap_or(false)))
        });
        let versions = self.push_list(beyond.collect::<Vec<_>>().into_iter());
        let modular = affected.fixes().any(modular);
        // Errata name the stream in their title where the record has no field for it.
        let module = match &affected.module {
            Some(module) => module.splitn(3, ':').take(2).collect::<Vec<_>>().join(":"),
            None if modular => stream_in(title).unwrap_or_default().to_owned(),
            None => String::new(),
        };
        let name = canonical_name(affected.ecosystem.family(), &affected.package);
        let statement = Statement {
            head,
            package: self.names.add(&name),
            named: affected.named,
            status: affected.status,
            remedy: affected.remedy,
            modular,
            spans,
            versions,
            architectures: self.push_list(affected.architectures.iter().map(String::as_str)),
            vendor_ids: self.push_list(affected.vendor_ids.iter().map(String::as_str)),
            reason: self.names.add(&affected.reason),
            module: self.names.add(&module),
            repository: self.names.add(affected.repository.as_deref().unwrap_or_default()),
            urgency: self.names.add(affected.urgency.as_deref().unwrap_or_default()),
            ecosystem: self.names.add(&ecosystem),
        };
        *self.ecosystems.entry(ecosystem).or_default() += 1;
        statement
    }

    fn learn(&mut self, feed: u16, mut cve: palisade_advisory::Cve) {
        let id = self.names.add(&cve.id);
        self.texts.put(id, feed, &cve.description);
        for (weakness, name) in std::mem::take(&mut cve.weakness_names) {
            self.weakness_names.entry(weakness).or_insert(name);
        }
        let facts: &mut Facts = self.facts.entry(id).or_default();
        facts.learn(feed, cve);
        if facts.is_rejected() {
            self.rejected.insert(id);
        } else {
            self.rejected.remove(&id);
        }
    }

    pub(super) fn learn_again(&mut self, feed: u16, cve: palisade_advisory::Cve) -> (Sym, bool) {
        let id = self.names.add(&cve.id);
        let before = self.rejected.contains(&id);
        self.learn(feed, cve);
        (id, before != self.rejected.contains(&id))
    }
}

fn list(from: usize, to: usize) -> List {
    let from = u32::try_from(from).unwrap_or(u32::MAX);
    List { from, len: u32::try_from(to).unwrap_or(u32::MAX) - from }
}

/// `nodejs:18` of `Important: nodejs:18 security update`.
fn stream_in(title: &str) -> Option<&str> {
    title.split_whitespace().find(|word| {
        let Some((name, stream)) = word.split_once(':') else { return false };
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'+');
        !name.is_empty() && !stream.is_empty() && name.bytes().all(plain) && stream.bytes().all(plain)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_in_titles() {
        assert_eq!(stream_in("Important: nodejs:18 security update"), Some("nodejs:18"));
        assert_eq!(stream_in("Moderate: openssl security update"), None);
    }
}
