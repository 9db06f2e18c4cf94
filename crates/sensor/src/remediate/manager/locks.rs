//! Who holds a package manager's locks. They are only asked about, never taken.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::files::read_text;

const PAUSE: Duration = Duration::from_millis(200);

/// The process that holds one of the locks, if somebody still does at the deadline.
pub fn holder(locks: &[&str], until: Instant) -> Option<(String, i32)> {
    loop {
        let held = locks.iter().find_map(|path| Some(((*path).to_owned(), held_by(Path::new(path))?)));
        if held.is_none() || Instant::now() >= until {
            return held;
        }
        std::thread::sleep(PAUSE);
    }
}

/// What a process is called.
pub fn program(pid: i32) -> String {
    let name = read_text(format!("/proc/{pid}/comm"));
    if name.is_empty() { format!("process {pid}") } else { format!("{name} (process {pid})") }
}

/// The process that holds a POSIX lock of a file: dpkg, apt and rpm lock theirs so.
fn held_by(path: &Path) -> Option<i32> {
    let file = File::options().read(true).write(true).open(path).ok()?;
    // SAFETY: plain data that the kernel fills in.
    let lock = unsafe {
        let mut lock: libc::flock = std::mem::zeroed();
        lock.l_type = i16::try_from(libc::F_WRLCK).unwrap_or(1);
        lock.l_whence = i16::try_from(libc::SEEK_SET).unwrap_or(0);
        if libc::fcntl(file.as_raw_fd(), libc::F_GETLK, &raw mut lock) != 0 {
            return None;
        }
        lock
    };
    (i32::from(lock.l_type) != libc::F_UNLCK).then_some(lock.l_pid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    #[test]
    fn a_lock_of_another_process_is_seen_and_its_end_too() {
        let dir = tempfile::TempDir::new().expect("dir");
        let path = dir.path().join("lock");
        std::fs::write(&path, "").expect("written");
        let text = path.to_str().expect("text");
        let now = Instant::now();
        assert_eq!(holder(&[text, "/no/such/lock"], now), None);
        let program = "import fcntl,sys; f=open(sys.argv[1],'w'); fcntl.lockf(f,fcntl.LOCK_EX); print(flush=True); sys.stdin.read()";
        let child = Command::new("python3")
            .args(["-c", program, text])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut child) = child else {
            palisade_testkit::skipped("needs python3");
            return;
        };
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("it holds it");
        let pid = i32::try_from(child.id()).expect("a pid");
        assert_eq!(holder(&[text], now), Some((text.to_owned(), pid)));
        drop(child.stdin.take());
        child.wait().expect("ends");
        assert_eq!(holder(&[text], now), None);
    }
}
