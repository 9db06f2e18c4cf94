use palisade_advisory::{Exploitation, Kev, Ssvc};

use super::*;

fn found(kev: Option<Kev>, exploitation: Option<Exploitation>) -> Finding {
    let ssvc = exploitation.map(|e| Ssvc { exploitation: Some(e), ..Ssvc::default() });
    Finding { vulnerability: "CVE-2026-0001".into(), kev, ssvc, ..Finding::default() }
}

#[test]
fn an_entry_without_a_date_is_exploited_and_no_date_is_made_up() {
    let dated = Kev { added: Some(TimeMicros(1_700_000_000_000_000)), ..Kev::default() };
    for (kev, exploitation, added, exploited) in [
        (Some(dated.clone()), None, dated.added.map(|t| t.0), true),
        (Some(Kev::default()), None, None, true),
        (None, Some(Exploitation::Active), None, true),
        (None, Some(Exploitation::Poc), None, false),
        (None, None, None, false),
    ] {
        let finding = found(kev.clone(), exploitation);
        let row = vulnerability_row(&finding, Known::default());
        assert_eq!(row.kev_added, added);
        assert_eq!(row.facts["kev"].is_object(), kev.is_some(), "{}", row.facts);
        assert_eq!(row.facts["ssvc"]["exploitation"] == "active", exploitation == Some(Exploitation::Active));
        assert_eq!(estate::weakness(&finding).threats.exploited, exploited);
    }
}

#[test]
fn what_nobody_has_scored_is_worse_than_low() {
    let of: BTreeMap<String, String> =
        SEVERITIES.iter().map(|s| (format!("CVE-{s}"), (*s).to_owned())).collect();
    for (found, expected) in [
        (&["low", "unknown"][..], "unknown"),
        (&["none", "unknown"], "unknown"),
        (&["unknown", "medium"], "medium"),
        (&["none", "low"], "low"),
        (&["high", "critical", "unknown"], "critical"),
        (&["made up"], "unknown"),
        (&[], "unknown"),
    ] {
        let ids: Vec<String> = found.iter().map(|s| format!("CVE-{s}")).collect();
        assert_eq!(worst(&ids, &of), expected, "{found:?}");
    }
}

/// A rule that blocks what a recommendation updates names its release as packages do.
#[test]
fn a_recommendation_has_the_release_that_its_packages_have() {
    let software = |ecosystem: &str, release: &str| Key {
        ecosystem: ecosystem.into(),
        release: release.into(),
        source: "expat".into(),
    };
    assert_eq!(release_of(&software("debian", "12")), "debian:12");
    assert_eq!(release_of(&software("npm", "")), "");
}
