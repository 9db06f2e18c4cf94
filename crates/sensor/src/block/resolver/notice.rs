//! Notices of changed package databases, from inotify.

use std::ffi::CString;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Folders in which package managers keep what is installed.
const FOLDERS: [&str; 6] = [
    "var/lib/dpkg",
    "var/lib/dpkg/status.d",
    "var/lib/rpm",
    "usr/lib/sysimage/rpm",
    "lib/apk/db",
    "usr/lib/apk/db",
];

const CHANGES: u32 =
    libc::IN_CLOSE_WRITE | libc::IN_MODIFY | libc::IN_MOVED_TO | libc::IN_CREATE | libc::IN_DELETE;

/// Calls `changed` whenever one of them changes, until it says that nobody listens. Whether there is anything
/// to be noticed at all.
pub fn watch(root: &Path, changed: impl Fn() -> bool + Send + 'static) -> bool {
    // SAFETY: the new descriptor is owned by nobody else.
    let mut notices = unsafe {
        let fd = libc::inotify_init1(libc::IN_CLOEXEC);
        if fd < 0 {
            return false;
        }
        File::from_raw_fd(fd)
    };
    let mut any = false;
    for folder in FOLDERS {
        let Ok(path) = CString::new(root.join(folder).as_os_str().as_bytes()) else { continue };
        // SAFETY: the path ends with a zero byte, the descriptor lives.
        any |= unsafe { libc::inotify_add_watch(notices.as_raw_fd(), path.as_ptr(), CHANGES) } >= 0;
    }
    if any {
        std::thread::spawn(move || {
            let mut buffer = [0u8; 4096];
            while notices.read(&mut buffer).is_ok_and(|n| n > 0) && changed() {}
        });
    }
    any
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn a_database_that_is_replaced_is_noticed() {
        let dir = tempfile::TempDir::new().expect("dir");
        assert!(!watch(dir.path(), || true), "nothing to watch");
        let dpkg = dir.path().join("var/lib/dpkg");
        std::fs::create_dir_all(&dpkg).expect("made");
        let (tell, told) = mpsc::channel();
        assert!(watch(dir.path(), move || tell.send(()).is_ok()));
        std::fs::write(dpkg.join("status-new"), "x").expect("written");
        std::fs::rename(dpkg.join("status-new"), dpkg.join("status")).expect("renamed");
        told.recv_timeout(Duration::from_secs(30)).expect("noticed");
    }
}
