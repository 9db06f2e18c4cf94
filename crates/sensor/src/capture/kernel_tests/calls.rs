use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;

use super::*;
use crate::capture::event::FileAction;

/// Makes the test binary do the calls below in this folder.
const FOLDER: &str = "PALISADE_TEST_CALLS";

/// System calls that shell commands do not make, the last file left to be closed by the end.
#[test]
fn driver_of_the_call_tests() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let text = |name: &str| CString::new(name).expect("no NUL");
    let base = CString::new(folder.as_bytes()).expect("no NUL");
    // SAFETY: valid strings and descriptors; results are asserted.
    unsafe {
        let dir = libc::open(base.as_ptr(), libc::O_RDONLY | libc::O_DIRECTORY);
        assert!(dir >= 0);
        let how: [u64; 3] = [(libc::O_CREAT | libc::O_WRONLY) as u64, 0o600, 0];
        let fd = libc::syscall(libc::SYS_openat2, dir, text("two").as_ptr(), how.as_ptr(), size_of_val(&how));
        assert!(fd >= 0);
        assert_eq!(libc::fchdir(dir), 0);
        assert!(libc::creat(text("one").as_ptr(), 0o600) >= 0);
        let swap = libc::RENAME_EXCHANGE;
        let rc =
            libc::syscall(libc::SYS_renameat2, dir, text("one").as_ptr(), dir, text("./two").as_ptr(), swap);
        assert_eq!(rc, 0);
        assert_eq!(libc::truncate(text("one").as_ptr(), 10), 0);
        // Failures are not reported.
        assert_eq!(libc::unlink(text("none").as_ptr()), -1);
        assert_eq!(libc::rename(text("none").as_ptr(), text("one").as_ptr()), -1);
        let shm = CString::new(format!("/dev/shm/{}", shm_name())).expect("no NUL");
        assert!(libc::open(shm.as_ptr(), libc::O_CREAT | libc::O_RDWR, 0o600) >= 0);
        assert_eq!(libc::unlink(shm.as_ptr()), 0);
        let last = libc::open(text("one").as_ptr(), libc::O_WRONLY);
        let copy = libc::dup(last);
        assert_eq!(libc::write(copy, b"x".as_ptr().cast(), 1), 1);
        libc::_exit(0);
    }
}

fn shm_name() -> String {
    std::env::var("PALISADE_TEST_SHM").unwrap_or_default()
}

fn calls(rung: u8) {
    let Some(scope) = Scope::new() else { return };
    let mut capture = scope.start(|c| c.forced_rung = Some(rung));
    let mut child = scope
        .command(std::env::current_exe().expect("our name").to_str().expect("text"))
        .args(["--exact", "capture::kernel_tests::calls::driver_of_the_call_tests"])
        .env(FOLDER, &scope.dir)
        .env("PALISADE_TEST_SHM", &scope.name)
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("spawn");
    let pid = child.id();
    assert!(child.wait().expect("its end").success());
    let events = collect(&mut capture, |events| ended(events, pid));
    let dir = scope.dir.canonicalize().expect("there");
    let at = |name: &str| dir.join(name).to_str().expect("text").to_owned();
    let shm = format!("/dev/shm/{}", scope.name);
    let none = String::new;
    let seen: Vec<_> = events
        .iter()
        .filter_map(|e| match &e.kind {
            EventKind::File(f) => Some((f.action, f.path.clone(), f.previous_path.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(
        seen,
        [
            (FileAction::Created, at("two"), none()),
            (FileAction::Created, at("one"), none()),
            (FileAction::Renamed, at("two"), at("one")),
            (FileAction::Modified, at("one"), none()),
            (FileAction::Created, shm.clone(), none()),
            (FileAction::Deleted, shm, none()),
            (FileAction::Modified, at("one"), none()),
        ]
    );
    // The last one came with the end of the process, which never closed the file.
    assert!(events.iter().all(|e| e.process.is_some()));
}

#[test]
fn less_common_calls_on_rung_1() {
    calls(1);
}

#[test]
fn less_common_calls_on_rung_2() {
    calls(2);
}
