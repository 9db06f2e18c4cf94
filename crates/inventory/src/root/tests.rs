use std::os::unix::fs::symlink;

use super::*;

#[test]
fn links_stay_within_the_root() {
    let dir = tempfile::tempdir().expect("a folder");
    let outside = dir.path().join("outside");
    std::fs::write(&outside, "secret").expect("writable");
    let top = dir.path().join("root");
    std::fs::create_dir_all(top.join("etc")).expect("writable");
    std::fs::create_dir_all(top.join("usr/lib")).expect("writable");
    std::fs::write(top.join("usr/lib/os-release"), "ID=x\n").expect("writable");
    symlink("../usr/lib/os-release", top.join("etc/os-release")).expect("writable");
    symlink("/usr/lib", top.join("lib")).expect("writable");
    symlink("../../../outside", top.join("etc/escape")).expect("writable");
    symlink(&outside, top.join("etc/absolute")).expect("writable");
    symlink("circle", top.join("etc/circle")).expect("writable");
    let root = Root::open(&top).expect("opens");
    assert_eq!(root.text("/etc/os-release", 100).expect("inside"), "ID=x\n");
    assert_eq!(root.place("/lib/os-release").expect("inside").path, "/usr/lib/os-release");
    assert!(root.read("/etc/escape", 100).expect_err("nothing there").is_absent());
    assert!(root.read("/etc/absolute", 100).expect_err("nothing there").is_absent());
    assert!(root.read("../outside", 100).expect_err("nothing there").is_absent());
    assert_eq!(root.read("/etc/circle", 100).expect_err("a circle").code(), "too_deep");
    assert_eq!(root.read("/usr/lib/os-release", 3).expect_err("longer").code(), "too_large");
    assert_eq!(root.read("/usr/lib", 3).expect_err("a folder").code(), "wrong_kind");
    assert_eq!(root.link("/etc", "os-release").expect("a link"), "../usr/lib/os-release");
    assert_eq!(root.names("/etc"), ["absolute", "circle", "escape", "os-release"]);
}

#[test]
fn a_pipe_is_not_opened_and_pseudo_file_systems_are_not_entered() {
    let dir = tempfile::tempdir().expect("a folder");
    let c = CString::new(dir.path().join("pipe").as_os_str().as_bytes()).expect("no zero");
    // SAFETY: the path ends with a zero byte.
    assert_eq!(unsafe { libc::mkfifo(c.as_ptr(), 0o600) }, 0);
    let root = Root::open(dir.path()).expect("opens");
    assert_eq!(root.read("/pipe", 1).expect_err("a pipe").code(), "wrong_kind");
    let live = Root::open(Path::new("/")).expect("opens");
    assert_eq!(live.read("/proc/self/status", 1).expect_err("pseudo").code(), "foreign_file_system");
}

#[test]
fn a_change_of_what_was_seen_is_noticed() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("a"), "1").expect("writable");
    let root = Root::open(dir.path()).expect("opens");
    root.begin();
    assert!(root.exists("/a") && !root.exists("/b"));
    let seen = root.seen();
    assert!(!root.differs(&seen));
    std::fs::write(dir.path().join("b"), "1").expect("writable");
    assert!(root.differs(&seen));
    std::fs::remove_file(dir.path().join("b")).expect("removable");
    assert!(!root.differs(&seen));
    std::fs::write(dir.path().join("a"), "22").expect("writable");
    assert!(root.differs(&seen));
}

#[test]
fn what_is_mounted_later_is_not_entered_either() {
    let dir = tempfile::tempdir().expect("a folder");
    let top = dir.path().join("root");
    std::fs::create_dir_all(top.join("srv/share")).expect("writable");
    std::fs::write(top.join("srv/share/file"), "1").expect("writable");
    let list = dir.path().join("mountinfo");
    let line = "22 1 254:0 / / rw - ext4 /dev/vda rw\n";
    std::fs::write(&list, line).expect("writable");
    let mut root = Root::new(top, (list.clone(), "/".into())).expect("opens");
    assert_eq!(root.text("/srv/share/file", 9).expect("a disk's"), "1");
    let more = format!("{line}23 22 0:22 / /srv/share rw - nfs4 host:/x rw\n");
    std::fs::write(&list, more).expect("writable");
    root.look_at_mounts();
    assert_eq!(root.read("/srv/share/file", 9).expect_err("a network's").code(), "foreign_file_system");
    std::fs::remove_file(&list).expect("removable");
    root.look_at_mounts();
    assert!(root.read("/srv/share/file", 9).is_err(), "what cannot be read says nothing new");
}
