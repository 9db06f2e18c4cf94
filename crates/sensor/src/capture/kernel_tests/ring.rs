use std::collections::HashSet;

use super::*;

#[test]
fn a_full_ring_is_counted_exactly() {
    let Some(scope) = Scope::new() else { return };
    let mut capture = scope.start(|c| c.ring_bytes = 64 << 10);
    // Nobody drains while much more happens than the ring holds.
    scope.sh("i=0; while [ $i -lt 300 ]; do /bin/true; i=$((i+1)); done");
    let mut events = Vec::new();
    while capture.drain(&mut events).more {}
    capture.commit();
    scope.sh("exit 0");
    let end = Instant::now() + EVENTUALLY;
    loop {
        capture.drain(&mut events);
        capture.commit();
        let counters = capture.counters();
        let sum = |prefix: &str| -> u64 {
            counters.values.iter().filter(|(n, _)| n.starts_with(prefix)).map(|(_, v)| v).sum()
        };
        let (attempts, lost, gap) = (sum("kernel_attempt_"), sum("kernel_lost_"), counters.get("kernel_gap"));
        assert!(lost > 0);
        if gap == lost {
            assert!(attempts > lost);
            break;
        }
        assert!(Instant::now() < end, "gap {gap}, lost {lost} of {attempts}");
        capture.wait(Duration::from_millis(20)).expect("a wait");
    }
}

#[test]
fn a_restart_over_a_pinned_ring_loses_and_doubles_nothing() {
    let Some(scope) = Scope::new() else { return };
    let mut seen = Vec::new();
    let mut first = scope.start(|_| {});
    scope.sh("/bin/true; /bin/true");
    let mut stored = Vec::new();
    let mark = first.drain(&mut stored);
    // Stored, but killed before the commit; what follows is not even drained.
    seen.append(&mut stored);
    drop(first);
    scope.sh("/bin/true; /bin/true; /bin/true");

    let mut second = scope.start(|c| c.marks = mark.marks.clone());
    assert!(second.reused() && second.marks_used());
    scope.sh("/bin/true");
    let trues =
        |events: &[Event]| events.iter().filter(|e| created(e).is_some_and(|p| p.comm == "true")).count();
    let before = trues(&seen);
    seen.append(&mut collect(&mut second, |events| before + trues(events) == 6));
    let ids: HashSet<_> = seen.iter().map(|e| (e.time_us, e.report_id)).collect();
    assert_eq!(ids.len(), seen.len(), "an event came twice");
    assert_eq!(second.counters().get("kernel_gap"), 0);
    assert!(second.counters().get("replay_skipped") > 0);
    for component in second.components() {
        assert_eq!(component.detail, "reused");
    }
}

#[test]
fn what_was_not_committed_comes_again_with_the_same_names() {
    let Some(scope) = Scope::new() else { return };
    let mut first = scope.start(|_| {});
    scope.sh("/bin/true");
    let mut before = Vec::new();
    first.drain(&mut before);
    drop(first);
    let mut second = scope.start(|_| {});
    let mut after = Vec::new();
    second.drain(&mut after);
    let names = |events: &[Event]| -> Vec<_> {
        events.iter().map(|e| (e.time_us, e.report_id, created(e).map(|p| p.unique_id))).collect()
    };
    assert!(!before.is_empty());
    assert_eq!(names(&before), names(&after));
}

#[test]
fn detach_leaves_nothing() {
    let Some(scope) = Scope::new() else { return };
    let pins = default_pin_dir(&scope.name);
    let mut capture = scope.start(|_| {});
    scope.sh("/bin/true");
    collect(&mut capture, |events| !events.is_empty());
    drop(capture);
    assert!(pins.exists());
    assert!(Capture::detach(&pins).expect("detached"));
    assert!(!pins.exists());
    assert!(!Capture::detach(&pins).expect("nothing left"));
}

#[test]
fn a_lower_rung_is_left_as_soon_as_the_first_one_loads() {
    let Some(scope) = Scope::new() else { return };
    drop(scope.start(|c| c.forced_rung = Some(2)));
    let again = scope.start(|c| c.forced_rung = Some(2));
    assert!(again.components().iter().all(|c| c.rung == 2 && c.detail == "reused"));
    assert_eq!(again.counters().get("programs_replaced"), 0);
    drop(again);
    let mut capture = scope.start(|_| {});
    assert!(capture.reused());
    assert!(capture.components().iter().all(|c| c.rung == 1), "{:?}", capture.components());
    assert_eq!(capture.counters().get("programs_replaced"), 1);
    scope.sh("exit 0");
    collect(&mut capture, |events| events.iter().any(|e| created(e).is_some()));
}

#[test]
fn what_the_kernel_left_out_is_read_from_the_programs() {
    let Some(scope) = Scope::new() else { return };
    let capture = scope.start(|_| {});
    let misses = crate::capture::misses::Misses::of(&default_pin_dir(&scope.name));
    // Three of processes, one of the network, seven of files.
    assert_eq!(misses.len(), 11);
    let named = |name: &str| capture.counters().values.iter().any(|(n, _)| n == name);
    assert!(named("kernel_missed") && named("kernel_descriptors_unseen"));
}
