use std::collections::BTreeSet;

use palisade_advisory::{Remedy, Scheme};

use super::{Hit, Subject};
use crate::component::Component;
use crate::finding::{AdvisoryRef, Finding};
use crate::index::{Index, Span, SpanEnd, Sym, canonical_name};

impl Index {
    /// The vulnerability of a hit: the CVE, or the advisory's own id where there is none.
    pub fn vulnerability(&self, hit: &Hit) -> &str {
        self.text(hit.vulnerability)
    }

    /// The advisory that decided.
    pub fn advisory_id(&self, hit: &Hit) -> &str {
        self.text(self.heads[self.statements[hit.statement as usize].head as usize].id)
    }

    /// The version that fixes it here; none if none does.
    pub fn fix(&self, hit: &Hit) -> Option<&str> {
        if hit.needs != u32::MAX {
            let spans = &self.spans[self.statements[hit.needs as usize].spans.range()];
            let last = spans.iter().rev().find(|s| s.end == SpanEnd::Fixed);
            return last.map(|s| self.text(s.to));
        }
        let span = self.spans.get(hit.span as usize).filter(|s| s.end == SpanEnd::Fixed && !hit.elsewhere)?;
        Some(self.text(span.to))
    }

    /// Says in words what a component has and why.
    pub fn explain(&self, component: &Component, hit: &Hit) -> Finding {
        let statement = &self.statements[hit.statement as usize];
        let head = &self.heads[statement.head as usize];
        let scheme = component.ecosystem.scheme().unwrap_or(Scheme::SemVer);
        let subject = Subject::of(component, scheme);
        let vulnerability = self.text(hit.vulnerability).to_owned();
        let known = self.known(&vulnerability).unwrap_or_default();
        let span = self.spans.get(hit.span as usize);
        let fix = self.fix(hit).map(str::to_owned);
        let elsewhere = span.filter(|s| hit.elsewhere && s.end == SpanEnd::Fixed);
        let needs = (hit.needs != u32::MAX).then(|| {
            let ecosystem = self.text(self.statements[hit.needs as usize].ecosystem);
            ecosystem.rsplit_once('+').map_or("", |(_, channel)| channel).to_owned()
        });
        let (also, aliases) = self.others(&subject, hit);
        let own = self.severities[head.severities.range()].iter().map(|s| (subject.distribution, s));
        let others = known.severities.iter().map(|s| (false, s));
        let mut weaknesses = self.texts(head.weaknesses);
        weaknesses.extend(known.weaknesses);
        weaknesses.sort_unstable();
        weaknesses.dedup();
        let title = self.text(head.title);
        Finding {
            aliases,
            title: if title.is_empty() { known.title } else { title.to_owned() },
            component: component.clone(),
            advisory: self.reference(statement.head),
            also,
            vendor_ids: self.texts(statement.vendor_ids),
            matched_ecosystem: self.text(statement.ecosystem).to_owned(),
            matched_name: self.text(statement.package).to_owned(),
            by_source: hit.by_source,
            installed: subject.version(hit.by_source).to_owned(),
            range: span.map_or_else(|| "listed".to_owned(), |s| self.words(*s)),
            remedy: match (&fix, statement.remedy) {
                (None, Remedy::Update) => Remedy::None,
                (Some(_), _) => Remedy::Update,
                (None, remedy) => remedy,
            },
            fix,
            needs,
            fixed_elsewhere: elsewhere.map(|s| self.text(s.to).to_owned()),
            reason: self.text(statement.reason).to_owned(),
            urgency: self.text(statement.urgency).to_owned(),
            severity: crate::index::severity(own.chain(others)),
            weaknesses,
            kev: known.kev,
            epss: known.epss,
            ssvc: known.ssvc,
            exploits: known.exploits.len(),
            vulnerability,
            presence: Default::default(),
        }
    }

    /// Other advisories about the same package and vulnerability, and all its other names.
    fn others(&self, subject: &Subject<'_>, hit: &Hit) -> (Vec<AdvisoryRef>, Vec<String>) {
        let deciding = self.statements[hit.statement as usize].head;
        let component = subject.component;
        let family = component.ecosystem.family();
        let (source, _) = component.source_key();
        let packages = [&component.name, source].map(|n| self.names.find(&canonical_name(family, n)));
        let ecosystems: Vec<Sym> =
            self.ecosystems_of(component).iter().filter_map(|(e, _)| self.names.find(e)).collect();
        let about = |head: u32| {
            let statements = &self.statements[self.heads[head as usize].statements.range()];
            statements
                .iter()
                .any(|s| packages.contains(&Some(s.package)) && ecosystems.contains(&s.ecosystem))
        };
        let all = self.by_vulnerability.get(&hit.vulnerability).into_iter().flatten();
        let mut heads: BTreeSet<u32> = all.copied().filter(|h| about(*h)).collect();
        heads.insert(deciding);
        let mut names: BTreeSet<Sym> = BTreeSet::new();
        for head in &heads {
            let head = &self.heads[*head as usize];
            // An erratum about several has the names of all of them.
            if self.list(head.vulnerabilities).len() == 1 {
                names.extend(self.list(head.aliases).iter().copied().chain([head.id]));
            }
        }
        names.remove(&hit.vulnerability);
        names.remove(&Sym::default());
        heads.remove(&deciding);
        let also = heads.into_iter().map(|h| self.reference(h)).collect();
        let mut names: Vec<String> = names.into_iter().map(|s| self.text(s).to_owned()).collect();
        names.sort_unstable();
        (also, names)
    }

    fn reference(&self, head: u32) -> AdvisoryRef {
        let head = &self.heads[head as usize];
        let feed = &self.feeds[usize::from(head.feed)];
        AdvisoryRef {
            id: self.text(head.id).to_owned(),
            feed: feed.name.clone(),
            feed_as_of: feed.as_of,
            dated: head.modified.or(head.published),
            reference: self.text(head.reference).to_owned(),
        }
    }

    fn words(&self, span: Span) -> String {
        let (from, to) = (self.text(span.from), self.text(span.to));
        let end = match span.end {
            SpanEnd::Open => String::new(),
            SpanEnd::Fixed | SpanEnd::Before => format!("< {to}"),
            SpanEnd::Last => format!("<= {to}"),
        };
        match (from, end.as_str()) {
            ("" | "0", "") => "every version".to_owned(),
            ("" | "0", end) => end.to_owned(),
            (from, "") => format!(">= {from}"),
            (from, end) => format!(">= {from}, {end}"),
        }
    }
}
