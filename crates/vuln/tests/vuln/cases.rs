//! Reported inaccuracies as cases: they carry all that decided them, and what was decided about them holds.

use palisade_advisory::{Affected, Cve, EndOfLife, Named, Range, Record};
use palisade_types::TimeMicros;
use palisade_vuln::{Case, CaseVerdict, Component, Feed, FeedUpdate, Matcher, VulnCode};

use crate::data::{component, index, lines, records};

#[test]
fn what_was_decided_about_reported_cases_holds() {
    let cases = Case::read_lines(include_str!("../data/cases.jsonl")).expect("cases");
    assert!(cases.len() >= 4);
    for case in &cases {
        let found = case.replay();
        match case.verdict {
            CaseVerdict::NotAffected => assert_eq!(found, None, "{}", case.id),
            CaseVerdict::Affected | CaseVerdict::Open => {
                let found = found.unwrap_or_else(|| panic!("{} is no longer found", case.id));
                assert_eq!((&found.range, &found.fix), (&case.range, &case.fix), "{}", case.id);
                assert_eq!(found.installed, case.installed, "{}", case.id);
                assert!(case.feeds.iter().any(|f| f.name == found.advisory.feed), "{}", case.id);
            }
        }
    }
}

#[test]
fn a_case_leads_to_its_finding_by_itself() {
    const FEEDS: [&str; 3] = [
        "feeds/debian-security-tracker.derived.json.gz",
        "feeds/osv-Debian-12.derived.all.zip",
        "feeds/osv-PyPI.all.zip",
    ];
    let (Some(records), Some(rows)) = (records(&FEEDS), lines("golden/debian-neighbours.jsonl.gz")) else {
        return;
    };
    let index = index(records);
    let mut tried = 0;
    for row in rows.iter().step_by(37) {
        let field = |key: &str| row[key].as_str().unwrap_or_default();
        let one = component("debian:12", field("source"), field("vulnerable_version"));
        for hit in index.matches(&one).hits.iter().take(3) {
            let case = Case::of(&index, &one, hit);
            let line = serde_json::to_string(&case).expect("JSON");
            let read = Case::read_lines(&format!("\n{line}\n")).expect("a case");
            assert_eq!(read, [case]);
            let (then, now) = (index.explain(&one, hit), read[0].replay().expect("found again"));
            assert_eq!((now.range, now.fix, now.remedy), (then.range, then.fix, then.remedy), "{line}");
            assert_eq!(
                (now.advisory.id, now.advisory.feed_as_of),
                (then.advisory.id, then.advisory.feed_as_of)
            );
            tried += 1;
        }
    }
    println!("{tried} findings lead to themselves");
    assert!(tried > 200, "{tried}");
}

#[test]
fn a_line_that_is_no_case_is_named() {
    let error = Case::read_lines("\n{\"vulnerability\": 1}").expect_err("refused");
    assert_eq!(error.code, VulnCode::NotJson);
    assert!(error.reason.starts_with("line 2: "), "{error}");
}

fn described(feed: &str, id: &str, text: &str) -> Record {
    Record::Cve(Cve { id: id.into(), source: feed.into(), description: text.into(), ..Cve::default() })
}

#[test]
fn vulnerabilities_are_described_and_weaknesses_named() {
    let named = Cve {
        id: "CVE-2".into(),
        source: "cve5".into(),
        weakness_names: [("CWE-787".to_owned(), "Out-of-bounds Write".to_owned())].into(),
        weaknesses: vec!["CWE-787".into()],
        ..Cve::default()
    };
    let index = index([
        described("kev", "CVE-1", "short"),
        described("cve5", "CVE-1", "A heap buffer is overrun."),
        described("nvd", "CVE-3", "Not asked for."),
        Record::Cve(named),
    ]);
    let texts = index.descriptions(["CVE-1", "CVE-2", "CVE-9"]);
    assert_eq!(
        texts.into_iter().collect::<Vec<_>>(),
        [("CVE-1".to_owned(), "A heap buffer is overrun.".to_owned())]
    );
    assert_eq!(index.weakness_name("CWE-787"), Some("Out-of-bounds Write"));
    assert_eq!(index.weakness_name("CWE-79"), None);
}

#[test]
fn a_new_snapshot_changes_no_more_than_it_says() {
    let affected = |fix: &str| Affected {
        ecosystem: palisade_advisory::Ecosystem::parse("debian:12"),
        package: "a".into(),
        named: Named::Source,
        ranges: vec![Range::before_fix(fix)],
        ..Affected::default()
    };
    let advisory = |id: &str, fix: &str| {
        Record::Advisory(palisade_advisory::Advisory {
            id: id.into(),
            source: "tracker".into(),
            covers: vec![id.into()],
            affected: vec![affected(fix)],
            ..palisade_advisory::Advisory::default()
        })
    };
    let mut matcher = Matcher::new(index([
        advisory("CVE-1", "2"),
        advisory("CVE-2", "2"),
        described("cve5", "CVE-1", "before"),
        Record::EndOfLife(EndOfLife { product: "debian".into(), cycle: "11".into(), ..EndOfLife::default() }),
    ]));
    let one: Component = component("debian:12", "a", "1");
    let other = component("debian:12", "b", "1");
    let tuples = [matcher.intern(&one), matcher.intern(&other)].map(|t| (t, None));
    matcher.apply_tuples(0, &tuples);
    let feed = |name: &str| Feed { name: name.into(), as_of: Some(TimeMicros(7)), records: 9 };
    let delta = matcher.apply_update(vec![
        FeedUpdate {
            feed: feed("tracker"),
            ids: ["CVE-1".to_owned(), "CVE-2".to_owned()].into(),
            records: vec![advisory("CVE-2", "3")],
        },
        FeedUpdate {
            feed: feed("cve5"),
            ids: ["CVE-1".to_owned()].into(),
            records: vec![described("cve5", "CVE-1", "after")],
        },
        FeedUpdate { feed: feed("ends"), ids: ["debian/11".to_owned()].into(), records: Vec::new() },
    ]);
    assert_eq!(delta.judged, 1, "only the package that the advisories are about");
    let index = matcher.index();
    let found: Vec<_> = matcher.hits(tuples[0].0).iter().map(|h| index.explain(&one, h)).collect();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].vulnerability.as_str(), found[0].fix.as_deref()), ("CVE-2", Some("3")));
    assert_eq!(found[0].advisory.feed_as_of, Some(TimeMicros(7)));
    assert_eq!(index.descriptions(["CVE-1"]).get("CVE-1").map(String::as_str), Some("after"));
    assert!(index.end_of_life("debian", "11").is_none());
    assert!(index.is_worn(), "half of the statements are of what was replaced");
}
