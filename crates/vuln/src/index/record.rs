use palisade_advisory::{Advisory, Affected, Ecosystem, End, Range};

use super::{Index, List, SpanEnd, Statement, Sym, canonical_name};
use crate::component::Component;
use crate::finding::Feed;

impl Index {
    /// What all feeds say about a component and one vulnerability, as records that lead to the same answer by
    /// themselves, and the feeds.
    pub fn about_component(&self, component: &Component, vulnerability: &str) -> (Vec<Advisory>, Vec<Feed>) {
        let family = component.ecosystem.family();
        let (source, _) = component.source_key();
        let packages = [&component.name, source].map(|n| self.names.find(&canonical_name(family, n)));
        let ecosystems: Vec<Sym> =
            self.ecosystems_of(component).iter().filter_map(|(e, _)| self.names.find(e)).collect();
        let about = |s: &&Statement| packages.contains(&Some(s.package)) && ecosystems.contains(&s.ecosystem);
        let heads = self.names.find(vulnerability).and_then(|v| self.by_vulnerability.get(&v));
        let (mut advisories, mut feeds): (Vec<Advisory>, Vec<Feed>) = (Vec::new(), Vec::new());
        for head in heads.into_iter().flatten().map(|h| &self.heads[*h as usize]) {
            let affected: Vec<Affected> = self.statements[head.statements.range()]
                .iter()
                .filter(about)
                .map(|s| self.affected(s))
                .collect();
            if affected.is_empty() {
                continue;
            }
            let feed = &self.feeds[usize::from(head.feed)];
            if !feeds.contains(feed) {
                feeds.push(feed.clone());
            }
            advisories.push(Advisory {
                id: self.text(head.id).to_owned(),
                source: feed.name.clone(),
                // By what other packages' advisories link, it may have another name than it says itself.
                covers: vec![vulnerability.to_owned()],
                summary: self.text(head.title).to_owned(),
                severities: self.severities[head.severities.range()].to_vec(),
                weaknesses: self.texts(head.weaknesses),
                references: self.texts_that_are(&[head.reference]),
                published: head.published,
                modified: head.modified,
                affected,
                ..Advisory::default()
            });
        }
        (advisories, feeds)
    }

    fn texts_that_are(&self, syms: &[Sym]) -> Vec<String> {
        syms.iter().map(|s| self.text(*s)).filter(|t| !t.is_empty()).map(str::to_owned).collect()
    }

    fn affected(&self, s: &Statement) -> Affected {
        let optional = |sym: Sym| Some(self.text(sym)).filter(|t| !t.is_empty()).map(str::to_owned);
        Affected {
            ecosystem: Ecosystem::parse(self.text(s.ecosystem)),
            package: self.text(s.package).to_owned(),
            named: s.named,
            status: s.status,
            ranges: self.ranges(s.spans),
            versions: self.texts(s.versions),
            remedy: s.remedy,
            reason: self.text(s.reason).to_owned(),
            architectures: self.texts(s.architectures),
            module: optional(s.module),
            repository: optional(s.repository),
            urgency: optional(s.urgency),
            vendor_ids: self.texts(s.vendor_ids),
        }
    }

    fn ranges(&self, spans: List) -> Vec<Range> {
        let range = |span: &super::Span| {
            let to = self.text(span.to).to_owned();
            let end = match span.end {
                SpanEnd::Open => End::Open,
                SpanEnd::Fixed => End::Fixed(to),
                SpanEnd::Last => End::Last(to),
                SpanEnd::Before => End::Before(to),
            };
            Range { from: self.text(span.from).to_owned(), end }
        };
        self.spans[spans.range()].iter().map(range).collect()
    }
}
