//! The process that answers the kernel. It is small, its memory is locked, it lives outside of the sensor's
//! bounds, and it does three things: mark files, answer, tell. It opens no program but by `O_PATH`, starts nothing,
//! and ends when the sensor does; its end lets every execution go on that waits for an answer.

mod answer;
mod kill;
mod mark;
mod mend;
mod pipes;
mod place;

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use palisade_types::TimeMicros;

use super::words::{FromResponder, Rung, ToResponder, Verdict};
use answer::{Answer, Table};
use mark::Marks;
pub use mark::is_local;
use pipes::{Input, Output};

/// The hidden word of the command line that starts it.
pub const WORD: &str = "application-responder";

/// It says that it lives this often.
pub const PULSE: Duration = Duration::from_millis(500);

/// A sensor that has said nothing for so long is stopped or gone.
const SILENCE: Duration = Duration::from_secs(10);

/// Files that are marked before executions are answered again.
const MARKS_AT_ONCE: usize = 64;

/// How far it may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Reach {
    /// The best rung that there is.
    Enforce,
    /// No permission events, for tests: what runs is killed.
    Kill,
    /// It only reports.
    Detect,
}

/// How the sensor starts it.
#[derive(Debug, Args)]
pub struct ResponderArgs {
    /// How far it may go
    #[arg(long, value_enum)]
    reach: Reach,
    /// Only processes below this cgroup, as /proc names it
    #[arg(long)]
    within: Option<String>,
}

/// Answers until the sensor ends; the process's exit code.
pub fn run(args: &ResponderArgs) -> i32 {
    let mut notes = Vec::new();
    place::settle(args.within.is_some(), &mut notes);
    let mut marks = match Marks::open(args.reach, &mut notes) {
        Ok(marks) => marks,
        Err(why) => {
            Output::new().last_words(&why);
            return 2;
        }
    };
    let mut output = Output::new();
    output.tell(&FromResponder::Hello { rung: marks.rung(), detail: notes.join("; ") });
    let mut turns = Turns {
        input: Input::new(),
        output,
        table: Table::default(),
        generation: 0,
        within: args.within.clone(),
        heard: Instant::now(),
        turned: Instant::now(),
        pulsed: Instant::now(),
    };
    loop {
        if let Some(code) = turns.turn(&mut marks) {
            return code;
        }
    }
}

struct Turns {
    input: Input,
    output: Output,
    table: Table,
    generation: u64,
    within: Option<String>,
    heard: Instant,
    turned: Instant,
    pulsed: Instant,
}

impl Turns {
    fn turn(&mut self, marks: &mut Marks) -> Option<i32> {
        let wait = if marks.pending() { Duration::ZERO } else { PULSE.saturating_sub(self.pulsed.elapsed()) };
        let Some((asked, told, input)) = wait_for(marks, &self.input, wait) else { return Some(4) };
        // Whoever waits for an answer goes first.
        if asked {
            self.answer(marks);
        }
        if told {
            self.watch(marks);
        }
        if input {
            match self.input.read() {
                Ok(lines) => {
                    for line in lines {
                        self.obey(line, marks);
                    }
                }
                // The sensor is gone, or says what it cannot say.
                Err(()) => return Some(0),
            }
        }
        if self.turned.elapsed() > SILENCE / 2 {
            // The whole machine stood still, as at a snapshot: nobody could have said anything.
            self.heard = Instant::now();
        }
        self.turned = Instant::now();
        if self.heard.elapsed() > SILENCE {
            self.output.last_words("the sensor is silent");
            return Some(3);
        }
        if marks.step(MARKS_AT_ONCE) {
            let (marked, failed) = marks.outcome();
            self.output.tell(&FromResponder::Table { generation: self.generation, marked, failed });
        }
        if self.pulsed.elapsed() >= PULSE {
            self.pulsed = Instant::now();
            self.output.tell(&FromResponder::Pulse);
        }
        self.output.flush();
        None
    }

    fn obey(&mut self, line: ToResponder, marks: &mut Marks) {
        self.heard = Instant::now();
        if let ToResponder::Table { generation, marks: wanted } = line {
            self.table = Table::new(&wanted);
            self.generation = generation;
            marks.want(wanted);
        }
    }

    /// Answers every execution that waits, each at once.
    fn answer(&mut self, marks: &Marks) {
        let mut stale = false;
        for event in marks.questions() {
            let Some(fd) = event.fd() else { continue };
            let answer = self.table.answer(fd, event.pid(), self.within.as_deref());
            let denied = matches!(answer, Answer::Deny(_)) && !mend::is_mending(event.pid());
            marks.reply(fd, denied);
            match answer {
                Answer::Deny(index) => {
                    self.tell(index, event.pid(), if denied { Verdict::Denied } else { Verdict::Ran });
                }
                Answer::Allow { stale: s, unmark } => {
                    stale |= s;
                    if unmark {
                        marks.forget(fd);
                    }
                }
                Answer::Watch(_) => {}
            }
        }
        if stale {
            self.output.tell(&FromResponder::Stale);
        }
    }

    /// Takes note of what was executed, or kills it on that rung.
    fn watch(&mut self, marks: &Marks) {
        let mut stale = false;
        for event in marks.notices() {
            let Some(fd) = event.fd() else {
                // The kernel's queue was full.
                self.output.lose(1);
                continue;
            };
            match self.table.answer(fd, event.pid(), self.within.as_deref()) {
                Answer::Deny(index) if marks.rung() == Rung::Kill && !mend::is_mending(event.pid()) => {
                    let killed = kill::if_it_runs(event.pid(), fd);
                    self.tell(index, event.pid(), if killed { Verdict::Killed } else { Verdict::Ran });
                }
                Answer::Deny(index) | Answer::Watch(index) => self.tell(index, event.pid(), Verdict::Ran),
                Answer::Allow { stale: s, unmark } => {
                    stale |= s;
                    if unmark {
                        marks.forget(fd);
                    }
                }
            }
        }
        if stale {
            self.output.tell(&FromResponder::Stale);
        }
    }

    fn tell(&mut self, index: usize, pid: i32, verdict: Verdict) {
        let time_us = TimeMicros::now().0;
        self.output.tell(&FromResponder::Exec { generation: self.generation, index, pid, verdict, time_us });
    }
}

/// Which of questions, notices and input are there; nothing where waiting itself fails.
fn wait_for(marks: &Marks, input: &Input, wait: Duration) -> Option<(bool, bool, bool)> {
    let stdin = input.as_fd();
    let ask: Option<BorrowedFd<'_>> = marks.question_fd();
    let mut fds =
        vec![PollFd::new(stdin, PollFlags::POLLIN), PollFd::new(marks.notice_fd(), PollFlags::POLLIN)];
    fds.extend(ask.map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
    let timeout = PollTimeout::try_from(wait).unwrap_or(PollTimeout::ZERO);
    match poll(&mut fds, timeout) {
        Ok(_) | Err(nix::errno::Errno::EINTR) => {}
        Err(_) => return None,
    }
    let is = |i: usize| fds.get(i).and_then(PollFd::any).unwrap_or(false);
    Some((is(2), is(1), is(0)))
}
