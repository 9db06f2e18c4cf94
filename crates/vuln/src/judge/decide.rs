//! From what is said about a component and one vulnerability to one answer.

use palisade_advisory::{Scheme, Status};

use super::{Candidate, Hit, Level, Subject};
use crate::index::{Index, SpanEnd, Statement};

/// What one feed says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// Affected: the statement and whether it names the source; the span, `u32::MAX` if the version is listed.
    Affected((u32, bool), u32),
    /// Not, because the version is a fixed one or lies in no range.
    Fixed,
    /// Not, said explicitly.
    Not,
    /// It does not say.
    Unknown,
}

impl Index {
    /// Whether a statement is about a component of this kind at all.
    pub(super) fn applies(&self, subject: &Subject<'_>, number: u32) -> bool {
        let statement = &self.statements[number as usize];
        let arch = subject.component.arch.as_str();
        let architectures = self.list(statement.architectures);
        let architecture = architectures.is_empty()
            || matches!(arch, "" | "noarch" | "all")
            || architectures.iter().any(|a| self.text(*a) == arch);
        architecture && self.of_module(subject, statement) && self.of_repository(subject, statement)
    }

    fn of_module(&self, subject: &Subject<'_>, statement: &Statement) -> bool {
        if subject.scheme != Scheme::Rpm {
            return true;
        }
        let theirs = self.text(statement.module);
        let component = subject.component;
        match (component.is_modular(), theirs.is_empty()) {
            (false, theirs_none) => theirs_none && !statement.modular,
            // A module's package is not the plain package of that name.
            (true, true) if !statement.modular => false,
            (true, false) if !subject.module.is_empty() => subject.module == theirs,
            // One of both streams is not known: streams of one major version are taken for the same one.
            (true, _) => self.list_of_ends(statement).any(|to| major(to) == major(&component.version)),
        }
    }

    fn list_of_ends(&self, statement: &Statement) -> impl Iterator<Item = &str> {
        self.spans[statement.spans.range()].iter().map(|s| self.text(s.to))
    }

    fn of_repository(&self, subject: &Subject<'_>, statement: &Statement) -> bool {
        let theirs = self.text(statement.repository);
        if theirs.is_empty() {
            return true;
        }
        let own = subject.component.repository.as_str();
        // `kernel-5.15` is the repository of the packages of that version.
        let version = theirs.rsplit_once('-').map_or("", |(_, v)| v);
        own.contains(theirs)
            || (own.is_empty()
                && version.starts_with(|c: char| c.is_ascii_digit())
                && subject.component.version.starts_with(&format!("{version}.")))
    }

    /// The answer about one vulnerability from all statements about it, which are sorted by level and rank.
    pub(super) fn decide(&self, subject: &Subject<'_>, group: &[Candidate]) -> Option<Hit> {
        let mut rest = group;
        let (level, verdict) = loop {
            let level = rest.first()?.level;
            let (near, further) = rest.split_at(rest.partition_point(|c| c.level == level));
            rest = further;
            match self.verdict(subject, near) {
                // A stream that does not say leaves it to the release; what the release leaves open stays open.
                Verdict::Unknown if level == Level::Stream => {}
                verdict => break (level, verdict),
            }
        };
        let Verdict::Affected((statement, by_source), span) = verdict else { return None };
        let fixes = |span: u32| self.spans.get(span as usize).is_some_and(|s| s.end == SpanEnd::Fixed);
        let mut hit = Hit {
            vulnerability: group[0].vulnerability,
            statement,
            span,
            needs: u32::MAX,
            by_source,
            elsewhere: level == Level::Any && subject.fixed_elsewhere(),
        };
        if level == Level::Elsewhere {
            hit.needs = if fixes(span) { statement } else { u32::MAX };
            return Some(hit);
        }
        let beyond = &rest[rest.partition_point(|c| c.level != Level::Elsewhere)..];
        if (hit.elsewhere || !fixes(span)) && !beyond.is_empty() {
            match self.verdict(subject, beyond) {
                // A fix of that stream is installed.
                Verdict::Fixed | Verdict::Not => return None,
                Verdict::Affected((number, _), span) if fixes(span) => {
                    hit.needs = number;
                }
                _ => {}
            }
        }
        Some(hit)
    }

    /// What statements of one level say together.
    fn verdict(&self, subject: &Subject<'_>, group: &[Candidate]) -> Verdict {
        let mut best: Option<(u8, Verdict)> = None;
        for (rank, verdict) in self.by_feed(subject, group) {
            if subject.distribution && best.is_some_and(|(before, _)| before < rank) {
                break;
            }
            let order = |v: &Verdict| match (v, subject.distribution) {
                (Verdict::Not, _) => 0,
                // Of two that a distribution is quoted with, the one that knows of a fix is the newer.
                (Verdict::Fixed, true) | (Verdict::Affected(..), false) => 1,
                (Verdict::Affected(..), true) | (Verdict::Fixed, false) => 2,
                (Verdict::Unknown, _) => 3,
            };
            if verdict != Verdict::Unknown && best.is_none_or(|(_, b)| order(&verdict) < order(&b)) {
                best = Some((rank, verdict));
            }
        }
        best.map_or(Verdict::Unknown, |(_, v)| v)
    }

    fn by_feed(&self, subject: &Subject<'_>, group: &[Candidate]) -> Vec<(u8, Verdict)> {
        let feed = |c: &Candidate| self.heads[self.statements[c.statement as usize].head as usize].feed;
        let mut group: Vec<Candidate> = group.to_vec();
        group.sort_by_key(|c| (c.rank, feed(c), c.statement, c.by_source));
        group.dedup_by_key(|c| (c.statement, c.by_source));
        let feeds = group.chunk_by(|a, b| feed(a) == feed(b));
        feeds.map(|of_feed| (of_feed[0].rank, self.one_feed(subject, of_feed))).collect()
    }

    fn one_feed(&self, subject: &Subject<'_>, group: &[Candidate]) -> Verdict {
        // What is said of the package itself is nearer than what is said of its source.
        let own = group.iter().any(|c| !c.by_source);
        let near: Vec<Candidate> = group.iter().filter(|c| c.by_source != own).copied().collect();
        let near = self.own_stream(subject, near);
        let mut fixed = false;
        let mut affected = None;
        for candidate in &near {
            match self.one(subject, *candidate) {
                Verdict::Not => return Verdict::Not,
                Verdict::Fixed => fixed = true,
                Verdict::Unknown => {}
                // Of several fixes the last one is what is left to do.
                found @ Verdict::Affected(..) => match affected {
                    Some(before) if !self.later_fix(subject, before, found) => {}
                    _ => affected = Some(found),
                },
            }
        }
        match affected {
            Some(found) => found,
            None if fixed => Verdict::Fixed,
            None => Verdict::Unknown,
        }
    }

    fn later_fix(&self, subject: &Subject<'_>, before: Verdict, now: Verdict) -> bool {
        let end = |v: Verdict| match v {
            Verdict::Affected(_, span) => self.spans.get(span as usize).filter(|s| s.end == SpanEnd::Fixed),
            _ => None,
        };
        match (end(before), end(now)) {
            (Some(a), Some(b)) => {
                subject.scheme.compare(self.text(b.to), self.text(a.to)).is_ok_and(|o| o.is_gt())
            }
            // What says how to fix it says more.
            (None, Some(_)) => true,
            _ => false,
        }
    }

    fn one(&self, subject: &Subject<'_>, candidate: Candidate) -> Verdict {
        let statement = &self.statements[candidate.statement as usize];
        match statement.status {
            Status::NotAffected => return Verdict::Not,
            Status::Undetermined | Status::UnderInvestigation => return Verdict::Unknown,
            Status::Affected => {}
        }
        let installed = subject.version(candidate.by_source);
        let at = statement.spans.range().find(|at| self.within(subject.scheme, self.spans[*at], installed));
        let found = (candidate.statement, candidate.by_source);
        match at {
            Some(at) => Verdict::Affected(found, u32::try_from(at).unwrap_or(u32::MAX)),
            None if self.list(statement.versions).iter().any(|v| self.text(*v) == installed) => {
                Verdict::Affected(found, u32::MAX)
            }
            None => Verdict::Fixed,
        }
    }

    /// Of several fixes in one release of an rpm distribution, the ones of the package's own minor stream
    /// (`el9_2`) if there are some.
    fn own_stream(&self, subject: &Subject<'_>, group: Vec<Candidate>) -> Vec<Candidate> {
        if subject.scheme != Scheme::Rpm || group.len() < 2 {
            return group;
        }
        let Some(mark) = minor(&subject.component.version) else { return group };
        let of_mark = |c: &Candidate| {
            let statement = &self.statements[c.statement as usize];
            statement.status != Status::Affected
                || self.list_of_ends(statement).any(|to| minor(to) == Some(mark))
        };
        let own: Vec<Candidate> = group.iter().filter(|c| of_mark(c)).copied().collect();
        if own.is_empty() { group } else { own }
    }
}

/// `el9_2` of `7.76.1-23.el9_2.4`.
fn minor(version: &str) -> Option<&str> {
    let from = version.find(".el")? + 1;
    let rest = &version[from..];
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
    rest[..end].contains('_').then_some(&rest[..end])
}

/// `1:18` of `1:18.20.4-1.module_el8`.
fn major(version: &str) -> &str {
    version.split(['.', '-']).next().unwrap_or_default()
}
