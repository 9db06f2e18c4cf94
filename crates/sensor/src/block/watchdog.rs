//! The thread that starts a responder, carries its lines, and kills it when it is silent. It opens no file that
//! could be marked, and waits for nothing without an end, so that nothing which waits for the responder's
//! answer can hold it up.

use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use tokio::sync::mpsc::UnboundedSender;

use super::arm;
use super::responder::PULSE;
use super::words::{FromResponder, MAX_LINE, ToResponder};

/// A responder that says nothing for so long is killed; executions that wait for its answer then go on.
pub const DEADLINE: Duration = Duration::from_secs(2);

/// Until it has said that it is ready nothing is marked, and nobody can wait for it.
const STARTING: Duration = Duration::from_secs(15);

/// One round: what waits in pipes is looked at this often.
const ROUND: Duration = Duration::from_millis(100);

/// A round of this thread that took longer says that it was held up itself.
const HELD_UP: Duration = Duration::from_secs(1);

/// Executions that the sensor has not taken yet; more are counted.
const MOST_BEHIND: usize = 10_000;

/// A killed process is waited for so long; one that the kernel holds on to is left behind.
const BURIAL: Duration = Duration::from_secs(5);

/// What a responder said, or that it ended.
#[derive(Debug)]
pub enum Told {
    /// A line.
    Said(FromResponder),
    /// It is no more.
    Ended {
        /// The number that it was started with.
        number: u64,
        /// Why.
        why: String,
        /// It was silent, and was killed for it.
        silent: bool,
    },
}

/// A responder under guard. Dropping it ends it, which releases everything.
pub struct Guarded {
    /// The number that it was started with.
    pub number: u64,
    commands: Sender<ToResponder>,
    behind: Arc<AtomicUsize>,
}

impl Guarded {
    /// Starts a responder under a number of the caller's; what comes of it is told through `tell`.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(
        number: u64,
        state_dir: PathBuf,
        arguments: Vec<String>,
        tell: UnboundedSender<Told>,
    ) -> std::io::Result<Self> {
        let (commands, wanted) = channel();
        let behind = Arc::new(AtomicUsize::new(0));
        let teller = Teller { tell, behind: behind.clone(), lost: 0 };
        std::thread::Builder::new().name("watchdog".into()).stack_size(512 << 10).spawn(move || {
            let mut teller = teller;
            let (why, silent) = match start(&arguments) {
                Ok(child) => {
                    let pid = child.id();
                    arm::note_responder(&state_dir, pid);
                    let ended = guard(child, &wanted, &mut teller);
                    arm::forget_responder(&state_dir, pid);
                    ended
                }
                Err(e) => (format!("the responder does not start: {e}"), false),
            };
            // Whoever listened may be gone.
            let _ = teller.tell.send(Told::Ended { number, why, silent });
        })?;
        Ok(Self { number, commands, behind })
    }

    /// An execution that was told has been taken.
    pub fn taken(&self) {
        // One of an earlier responder may be among them.
        let _ = self.behind.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
    }

    /// Gives a table to it.
    pub fn say(&self, what: ToResponder) {
        // One that has ended says so by itself.
        let _ = self.commands.send(what);
    }
}

/// Tells the sensor, and counts instead where it is far behind.
struct Teller {
    tell: UnboundedSender<Told>,
    behind: Arc<AtomicUsize>,
    lost: u64,
}

impl Teller {
    /// False once nobody listens.
    fn say(&mut self, said: FromResponder) -> bool {
        if matches!(said, FromResponder::Exec { .. }) {
            if self.behind.load(Ordering::Relaxed) >= MOST_BEHIND {
                self.lost += 1;
                return true;
            }
            self.behind.fetch_add(1, Ordering::Relaxed);
        } else if self.lost > 0 {
            let count = std::mem::take(&mut self.lost);
            if self.tell.send(Told::Said(FromResponder::Lost { count })).is_err() {
                return false;
            }
        }
        self.tell.send(Told::Said(said)).is_ok()
    }
}

fn start(arguments: &[String]) -> std::io::Result<Child> {
    // What runs now, also when an upgrade has replaced the file.
    let mut command = Command::new("/proc/self/exe");
    command.arg0("palisade-sensor").args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let own = nix::unistd::getpid();
    // SAFETY: only system calls between fork and exec.
    unsafe {
        command.pre_exec(move || {
            // It ends with the thread that guards it.
            set_pdeathsig(Signal::SIGKILL)?;
            if nix::unistd::getppid() != own {
                return Err(std::io::Error::other("the sensor is gone"));
            }
            Ok(())
        });
    }
    command.spawn()
}

struct Line {
    out: ChildStdout,
    input: ChildStdin,
    heard: Vec<u8>,
    to_say: Vec<u8>,
}

fn guard(mut child: Child, wanted: &Receiver<ToResponder>, teller: &mut Teller) -> (String, bool) {
    let (Some(out), Some(input)) = (child.stdout.take(), child.stdin.take()) else {
        bury(&mut child);
        return ("the responder has no pipes".into(), false);
    };
    let mut line = Line { out, input, heard: Vec::new(), to_say: Vec::new() };
    line.do_not_wait();
    let ended = talk(&mut line, wanted, teller);
    // Before anything else: its end is what releases those who wait.
    let _ = child.kill();
    let status = bury(&mut child);
    match ended {
        End::Silent => {
            (format!("the responder was silent for {} s and was killed", DEADLINE.as_secs()), true)
        }
        End::Unwanted => ("it is not wanted any more".into(), false),
        End::Closed => (status.unwrap_or_else(|| "the responder ended".into()), false),
        End::Nonsense => ("the responder wrote what is no line of its own".into(), false),
    }
}

enum End {
    Silent,
    Unwanted,
    Closed,
    Nonsense,
}

fn talk(line: &mut Line, wanted: &Receiver<ToResponder>, teller: &mut Teller) -> End {
    let mut heard = Instant::now();
    let mut pinged: Option<Instant> = None;
    let mut patience = STARTING;
    loop {
        let began = Instant::now();
        loop {
            match wanted.try_recv() {
                Ok(what) => line.say(&what),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return End::Unwanted,
            }
        }
        if pinged.is_none_or(|at| at.elapsed() >= PULSE) {
            pinged = Some(Instant::now());
            line.say(&ToResponder::Ping);
        }
        line.write();
        match line.read() {
            Some(Ok(lines)) => {
                // A thread that was itself held up finds what was said meanwhile, and judges nobody for it.
                if !lines.is_empty() {
                    heard = Instant::now();
                    patience = DEADLINE;
                }
                for said in lines {
                    if !teller.say(said) {
                        return End::Unwanted;
                    }
                }
            }
            Some(Err(())) => return End::Nonsense,
            None => return End::Closed,
        }
        if began.elapsed() > HELD_UP {
            // The whole machine stood still, as at a snapshot: nobody could have said anything.
            heard = Instant::now();
        }
        if heard.elapsed() > patience {
            return End::Silent;
        }
    }
}

impl Line {
    fn do_not_wait(&self) {
        for fd in [self.out.as_fd(), self.input.as_fd()] {
            if let Ok(flags) = fcntl(fd, FcntlArg::F_GETFL) {
                let flags = OFlag::from_bits_truncate(flags) | OFlag::O_NONBLOCK;
                let _ = fcntl(fd, FcntlArg::F_SETFL(flags));
            }
        }
    }

    fn say(&mut self, what: &ToResponder) {
        // A ping need not wait behind another one.
        if *what == ToResponder::Ping && !self.to_say.is_empty() {
            return;
        }
        if serde_json::to_writer(&mut self.to_say, what).is_ok() {
            self.to_say.push(b'\n');
        }
    }

    fn write(&mut self) {
        while !self.to_say.is_empty() {
            match self.input.write(&self.to_say) {
                Ok(n) if n > 0 => drop(self.to_say.drain(..n)),
                _ => return,
            }
        }
    }

    /// Lines that came within a round; nothing once there will be no more.
    fn read(&mut self) -> Option<Result<Vec<FromResponder>, ()>> {
        let mut fds = vec![PollFd::new(self.out.as_fd(), PollFlags::POLLIN)];
        if !self.to_say.is_empty() {
            fds.push(PollFd::new(self.input.as_fd(), PollFlags::POLLOUT));
        }
        let _ = poll(&mut fds, PollTimeout::try_from(ROUND).unwrap_or(PollTimeout::ZERO));
        let mut buffer = [0u8; 16 << 10];
        // Bounded, so that a flood of lines does not keep the rest from its turn.
        for _ in 0..16 {
            match self.out.read(&mut buffer) {
                Ok(0) => return None,
                Ok(n) => self.heard.extend_from_slice(&buffer[..n]),
                Err(_) => break,
            }
        }
        if self.heard.len() > MAX_LINE {
            return Some(Err(()));
        }
        let mut lines = Vec::new();
        if let Some(end) = self.heard.iter().rposition(|b| *b == b'\n') {
            let rest = self.heard.split_off(end + 1);
            let whole = std::mem::replace(&mut self.heard, rest);
            for text in whole.split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
                match serde_json::from_slice(text) {
                    Ok(said) => lines.push(said),
                    Err(_) => return Some(Err(())),
                }
            }
        }
        Some(Ok(lines))
    }
}

/// Waits for the end of a killed process, but not for ever; how it ended.
fn bury(child: &mut Child) -> Option<String> {
    let until = Instant::now() + BURIAL;
    let _ = child.kill();
    while Instant::now() < until {
        match child.try_wait() {
            Ok(Some(status)) => return Some(format!("the responder ended: {status}")),
            Ok(None) => std::thread::sleep(Duration::from_millis(20)),
            Err(_) => return None,
        }
    }
    None
}
