//! Facts that come as JSON, and when two looks saw the same.

use super::fixture::{AT, host};
use crate::edr::*;

#[test]
fn what_a_sensor_sends_is_read_within_bounds() {
    let sent = host().deb("falcon-sensor").process("/opt/CrowdStrike/falcond", Place::Same);
    let text = serde_json::to_string(&sent).expect("JSON");
    assert_eq!(HostFacts::from_json(&text), Ok(sent));
    assert_eq!(HostFacts::from_json("{}"), Ok(HostFacts::default()), "an older sensor tells less");
    assert_eq!(HostFacts::from_json(r#"{"packages": 7}"#), Err(FactsError::Malformed));
    assert_eq!(HostFacts::from_json(&" ".repeat(MAX_BYTES + 1)), Err(FactsError::TooLarge));
}

#[test]
fn a_hostile_machine_fills_nothing() {
    let mut facts = host();
    for n in 0..2 * MAX_ENTRIES {
        facts = facts.deb(&format!("p{n}\u{7}{}", "x".repeat(2000)));
        facts.sources.insert(format!("s{n}"), SourceState::Ok);
        facts.values.insert(format!("v{n}"), "y\n".repeat(2000));
        facts.paths.push("/\0".into());
    }
    facts.values.insert("k".repeat(5000), "z".into());
    facts.blind.insert(Section::Units, "w".repeat(5000));
    let kept = facts.bounded();
    assert_eq!(
        (kept.packages.len(), kept.paths.len(), kept.sources.len()),
        (MAX_ENTRIES, MAX_ENTRIES, MAX_ENTRIES)
    );
    assert!(kept.values.len() <= MAX_ENTRIES && kept.values.keys().all(|k| k.len() <= 512));
    let texts = kept.packages.iter().map(|p| &p.name).chain(kept.values.values()).chain(kept.blind.values());
    assert!(texts.chain(&kept.paths).all(|t| t.chars().count() <= 512 && !t.chars().any(char::is_control)));
}

#[test]
fn a_clock_and_numbers_of_processes_are_no_news() {
    let one = host().deb("mdatp").process("/opt/microsoft/mdatp/sbin/wdavdaemon", Place::Same);
    let mut later = HostFacts { taken_at: AT + 900, ..one.clone() };
    later.processes[0].pid = 7;
    assert!(one.same_sight(&later));
    // One more of the same program is none either; another program, or none, is.
    later.processes.push(later.processes[0].clone());
    assert!(one.same_sight(&later));
    assert!(!one.same_sight(&later.clone().process("/usr/sbin/clamd", Place::Same)));
    later.processes.clear();
    assert!(!one.same_sight(&later));
}
