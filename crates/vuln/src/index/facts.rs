//! What several sources know about one vulnerability, as one.

use palisade_advisory::{Cve, CvssVersion, Epss, Severity};

use super::Index;
use crate::finding::Known;

/// What each feed said last about a vulnerability.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// Scores come daily and for every vulnerability: they stand by themselves.
    epss: Option<(u16, Epss)>,
    sources: Vec<(u16, Box<Cve>)>,
}

impl Facts {
    pub fn learn(&mut self, feed: u16, mut cve: Cve) {
        if let Some(epss) = cve.epss.take() {
            self.epss = Some((feed, epss));
        } else if self.epss.is_some_and(|(from, _)| from == feed) {
            self.epss = None;
        }
        let empty = Cve { id: cve.id.clone(), source: cve.source.clone(), ..Cve::default() };
        self.sources.retain(|(from, _)| *from != feed);
        if cve != empty {
            // What it is in full stays in the feed.
            for text in [&mut cve.id, &mut cve.source, &mut cve.description] {
                *text = String::new();
            }
            self.sources.push((feed, Box::new(cve)));
            self.sources.sort_by_key(|(from, _)| *from);
        }
    }

    /// Whether it is what that feed says, too.
    pub fn is_of(&self, feed: usize) -> bool {
        let epss = self.epss.iter().map(|(from, _)| *from);
        epss.chain(self.sources.iter().map(|(from, _)| *from)).any(|from| usize::from(from) == feed)
    }

    pub fn is_rejected(&self) -> bool {
        self.sources.iter().any(|(_, cve)| cve.rejected)
    }
}

/// Who is believed first about a severity: the vendor about its own package, then the NVD, who registered the
/// vulnerability, CISA, anybody.
fn rank(by: &str, vendor: bool) -> u8 {
    match by {
        _ if vendor => 0,
        "nvd" => 1,
        "cna" => 2,
        "cisa" => 3,
        _ => 4,
    }
}

/// The severity that counts: any score before a word, version 2 only where there is no later one, then by who
/// gave it, then the newest version of the standard.
pub(crate) fn severity<'a>(all: impl Iterator<Item = (bool, &'a Severity)>) -> Option<Severity> {
    let place = |(vendor, s): &(bool, &Severity)| {
        let kind = match s.cvss {
            Some(CvssVersion::V2) => 1,
            Some(_) => 0,
            None => 2,
        };
        let unrated = u8::from(s.rating.is_none());
        (kind, unrated, rank(&s.by, *vendor), std::cmp::Reverse(s.cvss))
    };
    all.min_by_key(place).map(|(_, s)| s.clone()).filter(|s| s.rating.is_some())
}

impl Index {
    /// What is known of a vulnerability by itself, by its id; nothing if no source says anything.
    pub fn known(&self, id: &str) -> Option<Known> {
        let facts = self.facts.get(&self.names.find(id)?)?;
        let mut known = Known {
            rejected: facts.is_rejected(),
            epss: facts.epss.map(|(_, epss)| epss),
            ..Known::default()
        };
        for (_, cve) in &facts.sources {
            if known.title.is_empty() {
                known.title.clone_from(&cve.title);
            }
            for severity in &cve.severities {
                if !known.severities.contains(severity) {
                    known.severities.push(severity.clone());
                }
            }
            known.weaknesses.extend(cve.weaknesses.iter().cloned());
            known.exploits.extend(cve.exploits.iter().cloned());
            known.ssvc = known.ssvc.or(cve.ssvc);
            // CISA's catalogue says more than the mark in a record.
            if known.kev.as_ref().is_none_or(|k| k.due.is_none())
                && let Some(kev) = &cve.kev
            {
                known.kev = Some(kev.clone());
            }
            known.published = known.published.or(cve.published);
            known.modified = known.modified.max(cve.modified);
        }
        known.weaknesses.sort_unstable();
        known.weaknesses.dedup();
        known.exploits.sort_unstable();
        known.exploits.dedup();
        known.severity = severity(known.severities.iter().map(|s| (false, s)));
        Some(known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(by: &str, text: &str) -> Severity {
        Severity::vector(by, text).expect("a vector")
    }

    #[test]
    fn the_severity_that_counts() {
        let nvd2 = vector("nvd", "AV:N/AC:L/Au:N/C:C/I:C/A:C");
        let cna = vector("cna", "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:L/I:N/A:N");
        let cna4 = vector("cna", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N");
        let word = Severity::word("debian", "low");
        let unknown = Severity::word("debian", "not yet assigned");
        let best = |all: &[(bool, &Severity)]| severity(all.iter().copied());
        assert_eq!(best(&[(false, &nvd2), (true, &word)]), Some(nvd2.clone()));
        assert_eq!(best(&[(false, &nvd2), (false, &cna)]), Some(cna.clone()));
        assert_eq!(best(&[(false, &cna), (false, &cna4)]), Some(cna4));
        assert_eq!(best(&[(false, &word)]), Some(word));
        // Nothing is known: that is not a severity of zero.
        assert_eq!(best(&[(true, &unknown)]), None);
        assert_eq!(best(&[]), None);
    }

    #[test]
    fn what_a_feed_says_again_replaces_what_it_said() {
        let mut facts = Facts::default();
        facts.learn(0, Cve { id: "CVE-1".into(), rejected: true, ..Cve::default() });
        facts.learn(1, Cve { epss: Some(Epss { score: 0.5, ..Epss::default() }), ..Cve::default() });
        assert!(facts.is_rejected());
        facts.learn(0, Cve { id: "CVE-1".into(), title: "x".into(), ..Cve::default() });
        assert!(!facts.is_rejected());
        assert_eq!(facts.epss.map(|(_, e)| e.score), Some(0.5));
        facts.learn(1, Cve::default());
        assert!(facts.epss.is_none());
    }
}
