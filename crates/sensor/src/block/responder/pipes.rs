//! Lines from and to the sensor, neither of which is ever waited for.

use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd};

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use crate::block::words::{FromResponder, MAX_LINE, ToResponder};

/// So much is kept for a sensor that does not read.
const KEPT: usize = 256 << 10;

fn do_not_wait(fd: BorrowedFd<'_>) {
    if let Ok(flags) = fcntl(fd, FcntlArg::F_GETFL) {
        let _ = fcntl(fd, FcntlArg::F_SETFL(OFlag::from_bits_truncate(flags) | OFlag::O_NONBLOCK));
    }
}

/// What the sensor says.
pub struct Input {
    stdin: std::io::Stdin,
    part: Vec<u8>,
}

impl Input {
    /// From standard input.
    pub fn new() -> Self {
        let stdin = std::io::stdin();
        do_not_wait(stdin.as_fd());
        Self { stdin, part: Vec::new() }
    }

    /// Where to wait for it.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.stdin.as_fd()
    }

    /// Whole lines that are there; an error once there will be no more.
    pub fn read(&mut self) -> Result<Vec<ToResponder>, ()> {
        let mut buffer = [0u8; 64 << 10];
        // Not through the buffer of the standard library, which poll does not see.
        match nix::unistd::read(self.stdin.as_fd(), &mut buffer) {
            Ok(0) => return Err(()),
            Ok(n) => self.part.extend_from_slice(&buffer[..n]),
            Err(nix::errno::Errno::EAGAIN | nix::errno::Errno::EINTR) => return Ok(Vec::new()),
            Err(_) => return Err(()),
        }
        take_lines(&mut self.part)
    }
}

/// Takes the whole lines out of what came; an error where one is too long or makes no sense.
fn take_lines(part: &mut Vec<u8>) -> Result<Vec<ToResponder>, ()> {
    let mut lines = Vec::new();
    let Some(end) = part.iter().rposition(|b| *b == b'\n') else {
        return if part.len() > MAX_LINE { Err(()) } else { Ok(lines) };
    };
    let rest = part.split_off(end + 1);
    let whole = std::mem::replace(part, rest);
    for line in whole.split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
        lines.push(serde_json::from_slice(line).map_err(|_| ())?);
    }
    Ok(lines)
}

/// What is told to the sensor.
pub struct Output {
    waiting: Vec<u8>,
    lost: u64,
}

impl Output {
    /// To standard output.
    pub fn new() -> Self {
        do_not_wait(std::io::stdout().as_fd());
        Self { waiting: Vec::new(), lost: 0 }
    }

    /// Tells something, now or a little later; where nobody reads, it is counted instead.
    pub fn tell(&mut self, what: &FromResponder) {
        if self.waiting.len() > KEPT {
            self.lost += 1;
            return;
        }
        if self.lost > 0 {
            let count = std::mem::take(&mut self.lost);
            self.push(&FromResponder::Lost { count });
        }
        self.push(what);
    }

    /// Counts what could not be told.
    pub fn lose(&mut self, n: u64) {
        self.lost += n;
    }

    fn push(&mut self, what: &FromResponder) {
        if serde_json::to_writer(&mut self.waiting, what).is_ok() {
            self.waiting.push(b'\n');
        }
    }

    /// Writes what the pipe takes.
    pub fn flush(&mut self) {
        while !self.waiting.is_empty() {
            match nix::unistd::write(std::io::stdout().as_fd(), &self.waiting) {
                Ok(n) if n > 0 => drop(self.waiting.drain(..n)),
                // What is left is told in the next turn; a sensor that is gone is seen at the input.
                _ => return,
            }
        }
    }

    /// Why it ends, for the sensor's log.
    pub fn last_words(&mut self, why: &str) {
        let _ = writeln!(std::io::stderr(), "{why}");
        self.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_whole_and_nonsense_ends_it() {
        let mut part = b"\"ping\"\n{\"table\":{\"generation\":3,\"marks\":[]}}\n\"pi".to_vec();
        let lines = take_lines(&mut part).expect("lines");
        assert_eq!(lines, [ToResponder::Ping, ToResponder::Table { generation: 3, marks: Vec::new() }]);
        assert_eq!(part, b"\"pi");
        part.extend_from_slice(b"ng\"\n");
        assert_eq!(take_lines(&mut part), Ok(vec![ToResponder::Ping]));
        assert!(take_lines(&mut b"nonsense\n".to_vec()).is_err());
        assert!(take_lines(&mut vec![b'x'; MAX_LINE + 1]).is_err());
    }

    #[test]
    fn what_nobody_reads_is_counted() {
        let mut output = Output { waiting: Vec::new(), lost: 0 };
        for _ in 0..KEPT {
            output.tell(&FromResponder::Pulse);
        }
        assert!(output.waiting.len() < 2 * KEPT && output.lost > 0);
        let lost = output.lost;
        output.waiting.clear();
        output.tell(&FromResponder::Pulse);
        let text = String::from_utf8(output.waiting).expect("text");
        assert_eq!(text, format!("{{\"lost\":{{\"count\":{lost}}}}}\n\"pulse\"\n"));
    }
}
