//! User names without NSS: /etc/passwd, then `getent` as a bounded child, else the number.

use std::collections::HashMap;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

const LOOK_EVERY: Duration = Duration::from_secs(1);
const ASKED_KEPT: Duration = Duration::from_secs(300);
const ASK_WAIT_MS: u16 = 500;
const ASKED_MAX: usize = 1024;
/// Within one window all answers together may take no longer, so that the ring is drained in time.
const WINDOW: Duration = Duration::from_secs(10);
const WINDOW_TIME: Duration = Duration::from_secs(1);
const PASSWD_MAX: u64 = 16 << 20;
/// With so many children that do not end, no other is started.
const ENDING_MAX: usize = 8;
const ENDING_TRIES: u32 = 50;

/// Names by number.
#[derive(Debug)]
pub(crate) struct Users {
    passwd: PathBuf,
    stamp: (i64, i64, u64),
    looked: Option<Instant>,
    names: HashMap<u32, Arc<str>>,
    asked: HashMap<u32, (Instant, Arc<str>)>,
    /// No child is started while a directory service does not answer.
    quiet_until: Option<Instant>,
    window: (Instant, Duration),
    /// Children that were ended and did not go at once.
    ending: Vec<Child>,
}

impl Users {
    pub(crate) fn new(passwd: impl Into<PathBuf>) -> Self {
        Self {
            passwd: passwd.into(),
            stamp: (0, 0, 0),
            looked: None,
            names: HashMap::new(),
            asked: HashMap::new(),
            quiet_until: None,
            window: (Instant::now(), Duration::ZERO),
            ending: Vec::new(),
        }
    }

    /// The name of a user, or the number as text.
    pub(crate) fn name(&mut self, uid: u32) -> Arc<str> {
        self.refresh();
        if let Some(name) = self.names.get(&uid) {
            return Arc::clone(name);
        }
        if let Some((at, name)) = self.asked.get(&uid)
            && at.elapsed() < ASKED_KEPT
        {
            return Arc::clone(name);
        }
        if self.asked.len() >= ASKED_MAX {
            self.asked.clear();
        }
        if self.window.0.elapsed() > WINDOW {
            self.window = (Instant::now(), Duration::ZERO);
        }
        if self.window.1 > WINDOW_TIME {
            return uid.to_string().into();
        }
        let began = Instant::now();
        let name: Arc<str> = self.ask(uid).unwrap_or_else(|| uid.to_string()).into();
        self.window.1 += began.elapsed();
        self.asked.insert(uid, (Instant::now(), Arc::clone(&name)));
        name
    }

    fn refresh(&mut self) {
        if self.looked.is_some_and(|at| at.elapsed() < LOOK_EVERY) {
            return;
        }
        self.looked = Some(Instant::now());
        let Ok(meta) = std::fs::metadata(&self.passwd) else {
            return;
        };
        let stamp = (meta.mtime(), meta.mtime_nsec(), meta.len());
        if stamp == self.stamp || meta.len() > PASSWD_MAX {
            return;
        }
        if let Ok(text) = std::fs::read(&self.passwd) {
            self.names = parse(&text);
            self.stamp = stamp;
            self.asked.clear();
        }
    }

    fn ask(&mut self, uid: u32) -> Option<String> {
        if self.quiet_until.is_some_and(|until| Instant::now() < until) {
            return None;
        }
        self.ending.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
        if self.ending.len() >= ENDING_MAX {
            return None;
        }
        let mut child = Command::new("getent")
            .args(["passwd", &uid.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut out = child.stdout.take()?;
        let mut ready = [PollFd::new(std::os::fd::AsFd::as_fd(&out), PollFlags::POLLIN)];
        let answered = poll(&mut ready, PollTimeout::from(ASK_WAIT_MS)).is_ok_and(|n| n > 0);
        let mut line = [0; 4096];
        let len = if answered { out.read(&mut line).unwrap_or(0) } else { 0 };
        if !answered {
            self.quiet_until = Some(Instant::now() + Duration::from_secs(30));
            tracing::warn!(uid, "getent does not answer; numbers stand for names for 30 s");
        }
        drop(out);
        let _ = child.kill();
        // It goes at once, but waiting without an end for one that hangs would hang us.
        let goes = |child: &mut Child| !matches!(child.try_wait(), Ok(None));
        if !(0..ENDING_TRIES).any(|_| {
            goes(&mut child) || {
                std::thread::sleep(Duration::from_millis(1));
                false
            }
        }) {
            self.ending.push(child);
        }
        parse(&line[..len]).remove(&uid).map(|name| name.to_string())
    }
}

/// Lines of passwd(5); the first name of a number wins, as in the C library.
fn parse(text: &[u8]) -> HashMap<u32, Arc<str>> {
    let mut names = HashMap::new();
    for line in text.split(|b| *b == b'\n') {
        let mut fields = line.split(|b| *b == b':');
        let (Some(name), _, Some(uid)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        let uid = std::str::from_utf8(uid).ok().and_then(|uid| uid.parse::<u32>().ok());
        if let (Some(uid), Ok(name)) = (uid, std::str::from_utf8(name))
            && !name.is_empty()
        {
            names.entry(uid).or_insert_with(|| Arc::from(name));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_name_of_a_number_wins_and_rubbish_is_passed_over() {
        let names = parse(b"root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\n\n:x:5:\nx:y\nb:x:nan:\n");
        assert_eq!(names.len(), 1);
        assert_eq!(&*names[&0], "root");
    }

    #[test]
    fn an_unknown_user_is_a_number_and_a_changed_file_is_read_again() {
        let dir = std::env::temp_dir().join(format!("pal-users-{}", std::process::id()));
        std::fs::write(&dir, "a:x:4000000001:1::/:\n").expect("writable");
        let mut users = Users::new(&dir);
        assert_eq!(&*users.name(4_000_000_001), "a");
        assert_eq!(&*users.name(4_000_000_002), "4000000002");
        std::fs::write(&dir, "a:x:4000000001:1::/:\nbb:x:4000000002:1::/:\n").expect("writable");
        users.looked = None;
        assert_eq!(&*users.name(4_000_000_002), "bb");
        std::fs::remove_file(&dir).expect("removable");
    }
}
