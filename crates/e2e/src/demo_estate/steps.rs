//! Steps of the story: one printed line each.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Prints steps and counts those that failed.
pub struct Steps {
    began: Instant,
    step: Instant,
    well: u32,
    failed: u32,
}

impl Steps {
    /// The clock starts.
    pub fn begin() -> Self {
        let now = Instant::now();
        Self { began: now, step: now, well: 0, failed: 0 }
    }

    /// A step whose failure ends the story; its text is what was found.
    pub fn must<T>(&mut self, what: &str, done: Result<(T, String)>) -> Result<T> {
        match done {
            Ok((value, found)) => {
                self.ok(what, &found);
                Ok(value)
            }
            Err(e) => {
                self.failed(what, &format!("{e:#}"));
                Err(e)
            }
        }
    }

    /// A step after whose failure the story can go on.
    pub fn check(&mut self, what: &str, done: Result<String>) {
        match done {
            Ok(found) => self.ok(what, &found),
            Err(e) => self.failed(what, &format!("{e:#}")),
        }
    }

    fn ok(&mut self, what: &str, found: &str) {
        self.well += 1;
        let took = self.lap();
        say(&format!("ok   {took:>6.1} s  {what}{}", if found.is_empty() { "" } else { ": " }), found);
    }

    /// A step that failed.
    pub fn failed(&mut self, what: &str, why: &str) {
        self.failed += 1;
        let took = self.lap();
        say(&format!("FAIL {took:>6.1} s  {what}: "), why);
    }

    /// Whether a step has failed so far.
    pub fn has_failed(&self) -> bool {
        self.failed > 0
    }

    /// Something worth seeing that is no step.
    pub fn note(&self, text: &str) {
        for line in text.lines() {
            say("               ", line);
        }
    }

    fn lap(&mut self) -> f64 {
        std::mem::replace(&mut self.step, Instant::now()).elapsed().as_secs_f64()
    }

    /// Prints the sum; whether all steps were well.
    pub fn end(&self) -> bool {
        let (well, failed) = (self.well, self.failed);
        let took = self.began.elapsed().as_secs();
        say(&format!("{} steps, {failed} failed, {} min {} s", well + failed, took / 60, took % 60), "");
        failed == 0
    }
}

#[expect(clippy::print_stdout, reason = "this program is there to be read")]
fn say(before: &str, text: &str) {
    println!("{before}{}", text.trim_end());
}

/// Asks until there is a value; the last reason why there is none where it takes too long.
pub fn until<T>(limit: Duration, mut ask: impl FnMut() -> Result<T>) -> Result<T> {
    let end = Instant::now() + limit;
    loop {
        match ask() {
            Ok(value) => return Ok(value),
            Err(e) if Instant::now() > end => bail!("not within {} s: {e:#}", limit.as_secs()),
            Err(_) => std::thread::sleep(Duration::from_millis(300)),
        }
    }
}
