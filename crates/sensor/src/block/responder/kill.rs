//! The rung below: what began to run is killed, if it really is the marked file that runs.

use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use super::answer::identity;

/// An execution that was announced becomes the process's image within so many looks.
const LOOKS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(1);

/// Kills a process as soon as it runs the file; false if it never does. A script is never killed: what runs is
/// its interpreter.
pub fn if_it_runs(pid: i32, file: BorrowedFd<'_>) -> bool {
    let (Some(file), Some(process)) = (identity(file), open(pid)) else { return false };
    for _ in 0..LOOKS {
        // The descriptor was taken first: if it is this file that runs, it is this process that is meant,
        // whatever has become of the number.
        match std::fs::metadata(format!("/proc/{pid}/exe")) {
            Ok(m) if (m.dev(), m.ino()) == (file.dev, file.ino) => return signal(&process),
            Ok(_) => std::thread::sleep(PAUSE),
            Err(_) => return false,
        }
    }
    false
}

fn open(pid: i32) -> Option<OwnedFd> {
    if pid <= 1 {
        return None;
    }
    // SAFETY: plain numbers; the new descriptor is owned by nobody else.
    unsafe {
        let fd = libc::syscall(libc::SYS_pidfd_open, pid, 0);
        i32::try_from(fd).ok().filter(|fd| *fd >= 0).map(|fd| OwnedFd::from_raw_fd(fd))
    }
}

fn signal(process: &OwnedFd) -> bool {
    // SAFETY: the descriptor lives, and there is no information to pass.
    let done = unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            process.as_raw_fd(),
            libc::SIGKILL,
            std::ptr::null::<libc::siginfo_t>(),
            0,
        )
    };
    done == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn only_what_runs_the_file_is_killed() {
        let dir = tempfile::TempDir::new().expect("dir");
        let program = dir.path().join("sleeper");
        std::fs::copy("/bin/sleep", &program).expect("copied");
        let mut child = std::process::Command::new(&program).arg("60").spawn().expect("starts");
        let pid = i32::try_from(child.id()).expect("a pid");
        let other = std::fs::File::open("/bin/sleep").expect("opens");
        assert!(!if_it_runs(pid, other.as_fd()), "another file");
        assert!(child.try_wait().expect("looks").is_none());
        let file = std::fs::File::open(&program).expect("opens");
        assert!(if_it_runs(pid, file.as_fd()));
        use std::os::unix::process::ExitStatusExt;
        assert_eq!(child.wait().expect("ended").signal(), Some(libc::SIGKILL));
        assert!(!if_it_runs(pid, file.as_fd()), "nobody");
        assert!(!if_it_runs(1, file.as_fd()), "never the first process");
    }
}
