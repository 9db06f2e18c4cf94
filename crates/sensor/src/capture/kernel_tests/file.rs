use super::*;
use crate::capture::event::FileAction;

/// Files of a test lie under /tmp, which the policy collects.
fn changes(events: &[Event]) -> Vec<(FileAction, String, String)> {
    events
        .iter()
        .filter_map(|e| match &e.kind {
            EventKind::File(f) => {
                assert!(e.process.is_some());
                Some((f.action, f.path.clone(), f.previous_path.clone()))
            }
            _ => None,
        })
        .collect()
}

fn run(scope: &Scope, capture: &mut Capture, script: &str) -> Vec<Event> {
    let mut child =
        scope.command("/bin/sh").args(["-ec", script]).current_dir(&scope.dir).spawn().expect("spawn");
    let pid = child.id();
    assert!(child.wait().expect("its end").success());
    collect(capture, |events| ended(events, pid))
}

fn create_modify_rename_delete(rung: u8) {
    let Some(scope) = Scope::new() else { return };
    let mut capture = scope.start(|c| c.forced_rung = Some(rung));
    let events = run(
        &scope,
        &mut capture,
        "echo 1 > a; echo 2 >> a; /bin/mv a b; : < b; mkdir d; ln b d/c; ln -s b s; rm b; cd d; rm ../s; rm ./c; rm -f none",
    );
    let dir = scope.dir.canonicalize().expect("there");
    let at = |name: &str| dir.join(name).to_str().expect("text").to_owned();
    assert_eq!(
        changes(&events),
        [
            (FileAction::Created, at("a"), String::new()),
            (FileAction::Modified, at("a"), String::new()),
            (FileAction::Renamed, at("b"), at("a")),
            (FileAction::Created, at("d/c"), at("b")),
            (FileAction::Created, at("s"), "b".to_owned()),
            (FileAction::Deleted, at("b"), String::new()),
            (FileAction::Deleted, at("s"), String::new()),
            (FileAction::Deleted, at("d/c"), String::new()),
        ]
    );
    let mover =
        events.iter().find(|e| matches!(&e.kind, EventKind::File(f) if f.action == FileAction::Renamed));
    assert_eq!(mover.and_then(|e| e.process.as_ref()).map(|p| p.comm.as_str()), Some("mv"));
}

#[test]
fn create_modify_rename_delete_on_rung_1() {
    create_modify_rename_delete(1);
}

#[test]
fn create_modify_rename_delete_on_rung_2() {
    create_modify_rename_delete(2);
}

#[test]
fn a_truncated_file_is_modified_and_a_read_one_is_not() {
    let Some(scope) = Scope::new() else { return };
    std::fs::write(scope.dir.join("old"), "content").expect("writable");
    std::fs::write(scope.dir.join("read"), "content").expect("writable");
    let mut capture = scope.start(|_| {});
    let events = run(&scope, &mut capture, "> old; cat read >/dev/null; cat read <>read >/dev/null");
    let old = scope.dir.canonicalize().expect("there").join("old");
    let changes = changes(&events);
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!((changes[0].0, changes[0].1.as_str()), (FileAction::Modified, old.to_str().expect("text")));
}

#[test]
fn names_relative_to_a_descriptor_are_resolved() {
    let Some(scope) = Scope::new() else { return };
    std::fs::create_dir(scope.dir.join("deep")).expect("writable");
    for name in ["x", "y"] {
        std::fs::write(scope.dir.join("deep").join(name), "1").expect("writable");
    }
    let mut capture = scope.start(|_| {});
    // rm -r and find -delete work with unlinkat on descriptors.
    let events = run(&scope, &mut capture, "rm -r deep");
    let deep = scope.dir.canonicalize().expect("there").join("deep");
    let mut gone: Vec<_> = changes(&events);
    gone.sort_by(|a, b| a.1.cmp(&b.1));
    let names: Vec<_> = gone.iter().map(|c| (c.0, c.1.as_str())).collect();
    let (x, y) = (deep.join("x"), deep.join("y"));
    assert_eq!(
        names,
        [(FileAction::Deleted, x.to_str().expect("text")), (FileAction::Deleted, y.to_str().expect("text"))]
    );
}

#[test]
fn pseudo_files_own_files_and_caches_are_left_out() {
    let Some(scope) = Scope::new() else { return };
    std::fs::create_dir_all(scope.dir.join("own")).expect("writable");
    std::fs::create_dir_all(scope.dir.join(".cache")).expect("writable");
    let mut capture = scope.start(|c| c.exclude_paths = vec![scope.dir.join("own")]);
    let events = run(
        &scope,
        &mut capture,
        "echo 1 > own/a; echo 1 > .cache/a; echo 0 > /proc/self/oom_score_adj; echo 1 > /dev/null; echo 1 > seen",
    );
    let changes = changes(&events);
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert!(changes[0].1.ends_with("/seen"));
    assert_eq!(capture.counters().get("file_outside_policy"), 2);
}

#[test]
fn a_way_around_is_no_way_past_the_policy() {
    let Some(scope) = Scope::new() else { return };
    let mut capture = scope.start(|_| {});
    let dir = scope.dir.canonicalize().expect("there");
    let text = dir.to_str().expect("text");
    for name in ["a", "b", "c"] {
        std::fs::write(dir.join(name), "1").expect("writable");
    }
    // None of these begins with a folder that is collected.
    let script = format!("rm /proc/self/root{text}/a; rm /sys/..{text}/b; cd /sys; rm fs/../..{text}/c");
    let seen = changes(&run(&scope, &mut capture, &script));
    let gone: Vec<_> = seen.iter().map(|(action, path, _)| (*action, path.as_str())).collect();
    let at = |name: &str| dir.join(name).to_str().expect("text").to_owned();
    let expected = [at("a"), at("b"), at("c")];
    assert_eq!(gone, expected.each_ref().map(|path| (FileAction::Deleted, path.as_str())));
}
