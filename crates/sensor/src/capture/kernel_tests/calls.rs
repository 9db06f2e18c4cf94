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

/// Makes the test binary run a program that has no file.
const MEMORY: &str = "PALISADE_TEST_MEMORY";

#[test]
fn driver_of_the_memory_test() {
    if std::env::var_os(MEMORY).is_none() {
        return;
    }
    let bytes = std::fs::read("/bin/true").expect("readable");
    let text = |name: &str| CString::new(name).expect("no NUL");
    let (name, empty) = (text("pal-unnamed"), text(""));
    let argv = [name.as_ptr(), std::ptr::null()];
    // SAFETY: valid strings and arrays ended by null; the call does not return.
    unsafe {
        let fd = libc::memfd_create(name.as_ptr(), libc::MFD_CLOEXEC);
        assert!(fd >= 0);
        assert_eq!(libc::write(fd, bytes.as_ptr().cast(), bytes.len()), bytes.len() as isize);
        let flags = libc::AT_EMPTY_PATH;
        libc::syscall(libc::SYS_execveat, fd, empty.as_ptr(), argv.as_ptr(), argv[1..].as_ptr(), flags);
    }
    panic!("not executed");
}

#[test]
fn a_program_without_a_file_has_its_name() {
    let Some(scope) = Scope::new() else { return };
    let mut capture = scope.start(|_| {});
    let mut child = scope
        .command(std::env::current_exe().expect("our name").to_str().expect("text"))
        .args(["--exact", "capture::kernel_tests::calls::driver_of_the_memory_test"])
        .env(MEMORY, "1")
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("spawn");
    let pid = child.id();
    assert!(child.wait().expect("its end").success());
    let events = collect(&mut capture, |events| ended(events, pid));
    let image = events.iter().filter_map(created).rfind(|p| p.pid == pid).expect("its second image");
    assert_eq!((image.path.as_str(), image.command_line.as_str()), ("/memfd:pal-unnamed", "pal-unnamed"));
}

/// Makes the test binary make a file as root and one as this user.
const USER: &str = "PALISADE_TEST_USER";

#[test]
fn driver_of_the_user_test() {
    let Ok(uid) = std::env::var(USER) else { return };
    let folder = std::path::PathBuf::from(std::env::var_os(FOLDER).expect("a folder"));
    let uid: u32 = uid.parse().expect("a number");
    std::fs::write(folder.join("before"), "1").expect("writable");
    nix::unistd::setuid(uid.into()).expect("root may");
    std::fs::write(folder.join("after"), "1").expect("writable");
}

#[test]
fn who_gave_up_being_root_acts_as_the_other_user() {
    use std::os::unix::fs::PermissionsExt;
    let Some(scope) = Scope::new() else { return };
    std::fs::set_permissions(&scope.dir, std::fs::Permissions::from_mode(0o777)).expect("ours");
    let mut capture = scope.start(|_| {});
    // Without a second thread, since a thread changes its own user only.
    let mut child = scope
        .command(std::env::current_exe().expect("our name").to_str().expect("text"))
        .args(["--exact", "capture::kernel_tests::calls::driver_of_the_user_test", "--test-threads=1"])
        .env(FOLDER, &scope.dir)
        .env(USER, "65534")
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("spawn");
    let pid = child.id();
    assert!(child.wait().expect("its end").success());
    let events = collect(&mut capture, |events| ended(events, pid));
    let made: Vec<_> = events
        .iter()
        .filter_map(|e| match &e.kind {
            EventKind::File(f) => {
                let name = f.path.rsplit('/').next().unwrap_or("").to_owned();
                let user = e.process.as_ref().map(|p| (p.uid, p.user.to_string()));
                Some((name, user.expect("its process")))
            }
            _ => None,
        })
        .collect();
    let by = |name: &str, uid: u32, user: &str| (name.to_owned(), (uid, user.to_owned()));
    assert_eq!(made, [by("before", 0, "root"), by("after", 65534, "nobody")]);
}
