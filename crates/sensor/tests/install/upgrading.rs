use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::world::{PROGRAM, World, eventually};

/// Another build of the same program: a word of its help is another, and what else is asked.
fn variant(world: &World, name: &str, more: &[(&str, &str)]) -> PathBuf {
    let mut bytes = std::fs::read(PROGRAM).expect("there");
    let help =
        [("Show health, counters, spool and connection", "Show counters, health, spool and connection")];
    for (from, to) in help.iter().chain(more) {
        assert_eq!(from.len(), to.len());
        let mut at = 0;
        while let Some(found) = bytes[at..].windows(from.len()).position(|w| w == from.as_bytes()) {
            bytes[at + found..at + found + to.len()].copy_from_slice(to.as_bytes());
            at += found + to.len();
        }
        assert_ne!(at, 0, "the program has no text {from:?}");
    }
    let path = world.given(name);
    std::fs::write(&path, bytes).expect("written");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("set");
    path
}

/// How often the server was told of each numbered process.
fn told(world: &World, mark: &str) -> BTreeMap<u32, u32> {
    let mut counts = BTreeMap::new();
    for line in &world.server.behaviour.lock().created {
        if let Some(n) = line.split(mark).nth(1).and_then(|n| n.trim().parse().ok()) {
            *counts.entry(n).or_default() += 1;
        }
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_keeps_identity_and_pins_and_loses_no_event() {
    let Some(world) = World::new().await else { return };
    let world = Arc::new(world);
    world.installed().await;
    let (instance, pid, program) = (world.instance(), world.pid("lock"), world.program());
    let identity = std::fs::read(world.state().join("identity.json")).expect("there");
    let mark = format!("palisade-mark-{}=", std::process::id());
    let (stop, started) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let working = std::thread::spawn({
        let (stop, started, mark) = (stop.clone(), started.clone(), mark.clone());
        move || {
            while !stop.load(Ordering::Relaxed) {
                let n = started.load(Ordering::Relaxed);
                let done = Command::new("true").arg(format!("{mark}{n}")).status();
                assert!(done.is_ok_and(|s| s.success()));
                started.store(n + 1, Ordering::Relaxed);
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        }
    });
    eventually("some work is done", || started.load(Ordering::Relaxed) > 20).await;
    let next = variant(&world, "next", &[]);
    let (code, said) = world.verb_of(&next, &["install", "--upgrade"]).await;
    let so_far = started.load(Ordering::Relaxed);
    eventually("more work is done", || started.load(Ordering::Relaxed) > so_far + 20).await;
    stop.store(true, Ordering::Relaxed);
    working.join().expect("worked");
    assert_eq!((code, said["changed"].as_bool()), (Some(0), Some(true)), "{said}");
    assert_ne!(world.program(), program);
    assert_eq!(world.instance(), instance);
    assert_ne!(world.pid("lock"), pid);
    assert_eq!(std::fs::read(world.state().join("identity.json")).expect("there"), identity);
    assert_eq!(world.probe().await["missing"], serde_json::json!([]));
    let all = started.load(Ordering::Relaxed);
    eventually("every process has been told", || told(&world, &mark).len() >= all as usize).await;
    let twice: Vec<_> = told(&world, &mark).into_iter().filter(|(_, n)| *n != 1).collect();
    assert_eq!(twice, Vec::new());
    let counters = &world.status()["counters"];
    for lost in ["kernel_gap", "kernel_lost_exec", "capture_ring_renewed"] {
        assert_eq!(counters[lost].as_u64().unwrap_or(0), 0, "{counters}");
    }
    assert_eq!(world.verb(&["uninstall", "--purge"]).await.0, Some(0));
    assert!(!world.at("/opt/palisade").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_upgrade_leaves_the_old_version_at_work() {
    let Some(mut world) = World::new().await else { return };
    // Room for one program and not for two.
    let room = std::fs::metadata(PROGRAM).expect("there").len() * 3 / 2;
    world.mount("/opt", &format!("size={room}"));
    world.installed().await;
    let (before, pid) = (world.tree_without_state(), world.pid("lock"));
    let next = variant(&world, "next", &[]);
    let (code, said) = world.verb_of(&next, &["install", "--upgrade"]).await;
    assert_eq!((code, said["code"].as_str()), (Some(1), Some("upgrade_failed")), "{said}");
    assert_eq!(said["evidence"]["reason"], "disk_insufficient");
    assert_eq!(said["evidence"]["from"], env!("CARGO_PKG_VERSION"));
    assert_eq!(world.tree_without_state(), before);
    assert_eq!(world.pid("lock"), pid, "it was not even stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_does_not_start_is_taken_back() {
    let Some(world) = World::new().await else { return };
    world.installed().await;
    let (before, instance) = (world.tree_without_state(), world.instance());
    // Its record of boots lies where there is a file: the program runs, its service does not.
    let next = variant(&world, "next", &[("boot.json", "lock/json")]);
    let (code, said) = world.verb_of(&next, &["install", "--upgrade"]).await;
    assert_eq!((code, said["code"].as_str()), (Some(1), Some("upgrade_failed")), "{said}");
    assert_eq!(said["evidence"]["reason"], "service_failed");
    assert_eq!(world.tree_without_state(), before);
    eventually("the old version runs", || world.pid("lock").is_some()).await;
    assert_eq!((world.probe().await["running"].as_bool(), world.instance()), (Some(true), instance));
    // And there is nothing to upgrade where nothing is.
    assert_eq!(world.verb(&["uninstall", "--purge"]).await.0, Some(0));
    let (code, said) = world.install(&["--upgrade"]).await;
    assert_eq!((code, said["code"].as_str()), (Some(1), Some("upgrade_failed")), "{said}");
}
