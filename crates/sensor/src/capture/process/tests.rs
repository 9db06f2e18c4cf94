use palisade_sensor_bpf::layout::Config;

use super::*;
use crate::capture::clock::Clock;
use crate::capture::counters::RunCounts;
use crate::capture::hash::HashCache;
use crate::capture::remote::RemoteMounts;
use crate::capture::resolve::boot_id;
use crate::capture::users::Users;

/// Numbers that no process of this machine has, so that nothing is found in /proc.
const PARENT: u32 = 4_200_000_001;
const CHILD: u32 = 4_200_000_002;

fn resolver() -> Resolver {
    Resolver {
        users: Users::new("/etc/passwd"),
        cgroups: crate::capture::cgroups::Cgroups::new(),
        hashes: HashCache::new(0),
        remote: RemoteMounts::default(),
        own_mount_ns: 0,
        clock: Clock::from_config(&Config::default()),
        counts: RunCounts::default(),
        boot: boot_id(),
        no_text: Arc::from(""),
    }
}

fn header(tgid: u32, start: u64, exec_id: u32, uid: u32) -> Header {
    Header { tgid, tid: tgid, start, exec_id, uid, ktime: start + 1, ..Header::default() }
}

fn fork(parent: Header, child: u32, child_start: u64) -> Fork {
    Fork { h: parent, child, child_start, child_exec_id: parent.exec_id }
}

#[test]
fn a_late_record_of_a_reused_pid_names_the_earlier_process() {
    let (mut cache, mut r) = (ProcessCache::default(), resolver());
    let parent = header(PARENT, 1_000, 3, 0);
    cache.fork(&fork(parent, CHILD, 2_001), &mut r);
    let first = cache.acting(&header(CHILD, 2_001, 3, 0), &mut r);
    assert!(cache.exit(&header(CHILD, 2_001, 3, 0), &mut r).is_some());
    cache.fork(&fork(parent, CHILD, 9_001), &mut r);
    let second = cache.acting(&header(CHILD, 9_001, 3, 0), &mut r);
    assert_ne!(first.unique_id, second.unique_id);
    assert_eq!(cache.acting(&header(CHILD, 2_001, 3, 0), &mut r).unique_id, first.unique_id);
    // Two last threads may both report the end.
    assert!(cache.exit(&header(CHILD, 2_001, 3, 0), &mut r).is_none());
    assert_eq!(cache.acting(&header(CHILD, 9_001, 3, 0), &mut r).unique_id, second.unique_id);
    assert!(first.inherited && first.parent_pid == PARENT);
}

#[test]
fn the_user_is_the_one_of_the_record() {
    let (mut cache, mut r) = (ProcessCache::default(), resolver());
    cache.fork(&fork(header(PARENT, 1_000, 3, 0), CHILD, 2_001), &mut r);
    let before = cache.acting(&header(CHILD, 2_001, 3, 0), &mut r);
    let after = cache.acting(&header(CHILD, 2_001, 3, 65_534), &mut r);
    assert_eq!((before.uid, after.uid, after.euid), (0, 65_534, 65_534));
    assert_eq!(before.unique_id, after.unique_id);
}

#[test]
fn the_oldest_go_first_whatever_their_age() {
    let (mut cache, mut r) = (ProcessCache::default(), resolver());
    for n in 0..100 {
        cache.fork(&fork(header(PARENT, 1_000, 3, 0), CHILD + n, u64::from(n) * 10 + 1), &mut r);
    }
    cache.forget_oldest(200);
    assert_eq!(cache.len(), 100);
    cache.forget_oldest(60);
    assert_eq!(cache.len(), 60);
    assert!(cache.live.values().all(|entry| entry.start > 390));
}
