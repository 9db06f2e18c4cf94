use super::*;
use crate::plan::{SubscriptionPlans, effective};

const NOW: TimeMicros = TimeMicros(1_795_000_000_000_000);

fn ago(span: i64) -> TimeMicros {
    NOW.plus_micros(-span)
}

fn nothing() -> Effective {
    effective(&SubscriptionPlans::default(), crate::plan::Override::Inherit, NOW)
}

fn subject(plan: &Effective) -> Subject<'_> {
    Subject {
        now: NOW,
        on: true,
        reached: true,
        gone: false,
        excluded: None,
        plan,
        enforcement: Enforcement::Off,
        sensor: None,
        next_at: TimeMicros(0),
        asked: false,
    }
}

#[test]
fn a_machine_is_scanned_when_it_is_due_or_asked_for() {
    let plan = nothing();
    let due = subject(&plan);
    assert_eq!(decide(&due), Decision::Scan);
    let later = Subject { next_at: NOW.plus_micros(1), ..due };
    assert_eq!(decide(&later), Decision::Wait);
    assert_eq!(decide(&Subject { asked: true, ..later }), Decision::Scan);
}

#[test]
fn what_forbids_a_scan_forbids_it_to_a_person_too() {
    let plan = nothing();
    let asked = Subject { asked: true, ..subject(&plan) };
    let sensor = SensorSeen { enrolled_at: ago(30 * DAY), inventory_at: Some(ago(HOUR)) };
    for (subject, code) in [
        (Subject { on: false, ..asked }, ScanCode::AgentlessOff),
        (Subject { reached: false, ..asked }, ScanCode::NoConnector),
        (Subject { gone: true, ..asked }, ScanCode::MachineGone),
        (Subject { excluded: Some("a test"), ..asked }, ScanCode::MachineExcluded),
        (Subject { enforcement: Enforcement::On, ..asked }, ScanCode::PlanMissing),
        (Subject { sensor: Some(sensor), ..asked }, ScanCode::SensorPresent),
    ] {
        assert_eq!(decide(&subject), Decision::NotApplicable(code));
    }
}

#[test]
fn a_sensor_stands_in_the_way_only_while_it_tells() {
    let plan = nothing();
    let with = |enrolled_at, inventory_at| {
        decide(&Subject { sensor: Some(SensorSeen { enrolled_at, inventory_at }), ..subject(&plan) })
    };
    let present = Decision::NotApplicable(ScanCode::SensorPresent);
    assert_eq!(with(ago(HOUR), None), present, "it has only just come");
    assert_eq!(with(ago(30 * DAY), Some(ago(6 * DAY))), present);
    assert_eq!(with(ago(30 * DAY), Some(ago(8 * DAY))), Decision::Scan);
    assert_eq!(with(ago(30 * DAY), None), Decision::Scan, "it never told anything");
}

#[test]
fn failures_are_tried_again_ever_more_rarely_and_never_more_rarely_than_successes() {
    let pause = |failures| next_after(NOW, 24, failures).0 - NOW.0;
    assert_eq!(pause(0), 24 * HOUR);
    assert_eq!((pause(1), pause(2), pause(3)), (15 * MINUTE, 30 * MINUTE, HOUR));
    assert_eq!(pause(10), 24 * HOUR);
    assert_eq!(pause(i32::MAX), 24 * HOUR);
    assert_eq!(next_after(NOW, 0, 0).0 - NOW.0, 4 * HOUR, "out of bounds is brought into them");
}

#[test]
fn every_code_is_explained_once() {
    let mut seen = std::collections::BTreeSet::new();
    for code in ScanCode::ALL {
        assert!(seen.insert(code.as_str()), "{code} twice");
        assert_eq!(code.as_str().parse(), Ok(*code));
        let said = explain(code.as_str());
        assert!(!said.title.is_empty() && said.fix.ends_with('.'), "{code}");
        assert!(code.as_str().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{code}");
    }
    let way = explain(crate::health::Code::ConnectorUnreachable.as_str());
    assert!(!way.title.is_empty() && !way.fix.is_empty());
    assert_eq!(explain("unheard_of"), Explained::default());
}

#[test]
fn the_page_explains_every_code() {
    let page = include_str!("../../../../docs/agentless.md");
    for code in ScanCode::ALL {
        assert!(page.contains(&format!("| `{code}` |")), "docs/agentless.md has no row for {code}");
    }
}
