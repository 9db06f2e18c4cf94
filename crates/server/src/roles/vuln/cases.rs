//! Findings that people reported as wrong. All that decided them is kept beside them, as cases to test with.

use std::collections::BTreeSet;

use palisade_state::AssessmentBasis;
use palisade_vuln::{Case, Hit, Matcher};
use serde_json::Value;

/// The vulnerabilities that somebody says are found wrongly.
pub struct Reported<'a>(BTreeSet<&'a str>);

impl<'a> Reported<'a> {
    /// By the exceptions that hold.
    pub fn of(basis: &'a AssessmentBasis) -> Self {
        let wrong = basis.exceptions.iter().filter(|e| e.of_vulnerability && e.justification == "inaccurate");
        Self(wrong.map(|e| e.subject.as_str()).collect())
    }

    /// The case of a finding, if it was reported; `None` else.
    pub fn case(&self, matcher: &Matcher, tuple: u32, hit: &Hit) -> Option<Value> {
        let index = matcher.index();
        if !self.0.contains(index.vulnerability(hit)) {
            return None;
        }
        // Texts, numbers and lists, which JSON can hold.
        serde_json::to_value(Case::of(index, matcher.component(tuple)?, hit)).ok()
    }
}

#[cfg(test)]
mod tests {
    use palisade_advisory::{Advisory, Affected, Ecosystem, Named, Range, Record};
    use palisade_state::ActiveException;
    use palisade_types::TimeMicros;
    use palisade_vuln::{Component, IndexBuilder, Ranks};

    use super::*;

    #[test]
    fn only_what_was_reported_becomes_a_case() {
        let mut builder = IndexBuilder::new(Ranks::default());
        for id in ["CVE-1", "CVE-2"] {
            builder.add(Record::Advisory(Advisory {
                id: id.into(),
                source: "tracker".into(),
                covers: vec![id.into()],
                affected: vec![Affected {
                    ecosystem: Ecosystem::parse("debian:12"),
                    package: "a".into(),
                    named: Named::Source,
                    ranges: vec![Range::before_fix("2")],
                    ..Affected::default()
                }],
                ..Advisory::default()
            }));
        }
        let mut matcher = Matcher::new(builder.finish());
        let tuple = matcher.intern(&Component {
            ecosystem: Ecosystem::parse("debian:12"),
            name: "a".into(),
            version: "1".into(),
            ..Component::default()
        });
        matcher.apply_tuples(0, &[(tuple, None)]);
        let exception = |subject: &str, justification: &str| ActiveException {
            of_vulnerability: true,
            subject: subject.into(),
            group: None,
            justification: justification.into(),
            from: TimeMicros(0),
            until: None,
        };
        let basis = AssessmentBasis {
            exceptions: vec![exception("CVE-1", "risk_accepted"), exception("CVE-2", "inaccurate")],
            ..AssessmentBasis::default()
        };
        let reported = Reported::of(&basis);
        let cases: Vec<Case> = matcher
            .hits(tuple)
            .iter()
            .filter_map(|hit| reported.case(&matcher, tuple, hit))
            .map(|case| serde_json::from_value(case).expect("a case"))
            .collect();
        assert_eq!(cases.len(), 1);
        assert_eq!(cases[0].vulnerability, "CVE-2");
        assert!(cases[0].replay().is_some());
    }
}
