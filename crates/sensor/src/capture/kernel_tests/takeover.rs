//! A sensor of another build takes over while the machine works on.

use std::collections::HashSet;

use super::*;
use crate::capture::event::FileAction;

/// Each round is a process and a file; one description stays open over all of it.
const WORK: &str = r#"
exec 3>>held
n=0
while [ ! -e stop ]; do
    n=$((n+1))
    /bin/true "round-$n"
    : > "f$n"
done
echo late >&3
exec 3>&-
echo "$n" > count
"#;

fn takes_over(rung: u8) {
    let Some(scope) = Scope::new() else { return };
    let start = |build: u64, marks: &[u64]| {
        scope.start(|c| {
            c.forced_rung = Some(rung);
            c.ring_bytes = 32 << 20;
            c.build = build;
            c.marks = marks.to_vec();
        })
    };
    let builds = 4;
    let mut capture = start(1, &[]);
    std::fs::write(scope.dir.join("held"), "before").expect("written");
    let mut worker =
        scope.command("/bin/sh").args(["-ec", WORK]).current_dir(&scope.dir).spawn().expect("spawn");
    let pid = worker.id();
    let mut events = Vec::new();
    for build in 2..=builds {
        std::thread::sleep(Duration::from_millis(100));
        let mark = capture.drain(&mut events);
        capture.commit();
        drop(capture);
        capture = start(build, &mark.marks);
        assert!(capture.reused() && capture.marks_used());
        let counters = capture.counters();
        assert_eq!((counters.get("programs_taken_over"), counters.get("programs_replaced")), (1, 0));
        assert!(capture.components().iter().all(|c| c.detail != "reused"), "{:?}", capture.components());
    }
    std::fs::write(scope.dir.join("stop"), "").expect("written");
    events.extend(collect(&mut capture, |more| ended(more, pid)));
    assert!(worker.wait().expect("its end").success());
    assert_eq!(capture.counters().get("kernel_gap"), 0);

    let rounds: u32 =
        std::fs::read_to_string(scope.dir.join("count")).expect("there").trim().parse().expect("a number");
    let seen: Vec<&str> =
        events.iter().filter_map(created).filter_map(|p| p.command_line.split("round-").nth(1)).collect();
    let distinct: HashSet<&str> = seen.iter().copied().collect();
    let missed: Vec<u32> = (1..=rounds).filter(|n| !distinct.contains(n.to_string().as_str())).collect();
    assert_eq!(missed, [0_u32; 0], "of {rounds} processes");
    // What runs on a processor in the very instant of the change may be told by both builds.
    let most = builds as usize * std::thread::available_parallelism().map_or(1, Into::into);
    assert!(seen.len() - distinct.len() <= most, "{} of {rounds} twice", seen.len() - distinct.len());

    let of = |action: FileAction, name: &str| {
        let path = scope.dir.canonicalize().expect("there").join(name);
        events
            .iter()
            .filter(|e| matches!(&e.kind, EventKind::File(f) if f.action == action && path.as_os_str() == f.path.as_str()))
            .count()
    };
    let missed: Vec<u32> = (1..=rounds).filter(|n| of(FileAction::Created, &format!("f{n}")) != 1).collect();
    assert_eq!(missed, [0_u32; 0], "of {rounds} files");
    assert_eq!(of(FileAction::Modified, "held"), 1, "opened under the first build, closed under the last");
    eprintln!("{rounds} rounds over {builds} builds, {} told twice", seen.len() - distinct.len());

    let pins = std::fs::read_dir(default_pin_dir(&scope.name)).expect("pins");
    let left = pins.filter_map(Result::ok).filter(|e| e.file_name().to_string_lossy().starts_with("before_"));
    assert_eq!(left.count(), 0);
}

#[test]
fn another_build_takes_over_on_rung_1() {
    takes_over(1);
}

#[test]
fn another_build_takes_over_on_rung_2() {
    takes_over(2);
}

/// A takeover that was cut off before its turn came leaves the build before at work.
#[test]
fn a_takeover_that_was_cut_off_is_begun_anew() {
    let Some(scope) = Scope::new() else { return };
    let pins = default_pin_dir(&scope.name);
    drop(scope.start(|c| c.build = 1));
    // As after the crash of build 2: the links are aside, a part of its own is there, build 1 has its turn.
    for entry in std::fs::read_dir(&pins).expect("pins").filter_map(Result::ok) {
        let name = entry.file_name().into_string().expect("text");
        if name.starts_with("link_") || name.starts_with("all_") {
            std::fs::rename(entry.path(), pins.join(format!("before_{name}"))).expect("renamed");
        }
    }
    let mut capture = scope.start(|c| c.build = 2);
    assert!(capture.components().iter().all(|c| c.state == "ok" && c.detail != "reused"));
    scope.sh("/bin/true once");
    let events = collect(&mut capture, |events| {
        events.iter().filter_map(created).any(|p| p.command_line.contains("once"))
    });
    assert_eq!(events.iter().filter_map(created).filter(|p| p.comm == "true").count(), 1);
    let names: Vec<_> = std::fs::read_dir(&pins).expect("pins").filter_map(Result::ok).collect();
    assert!(!names.iter().any(|e| e.file_name().to_string_lossy().starts_with("before_")));
}
