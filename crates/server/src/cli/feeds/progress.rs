//! How far fetching is: one line that changes on a terminal, a line per feed elsewhere.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use palisade_feeds::{Event, Outcome, Progress};

/// How often the line is drawn at most.
const DRAWN: Duration = Duration::from_millis(100);
/// Signs of the bar.
const BAR: usize = 20;

/// Draws.
pub struct Bar {
    terminal: bool,
    width: usize,
    state: Mutex<State>,
}

struct State {
    feeds: usize,
    done: usize,
    bytes: u64,
    began: Instant,
    drawn: Option<Instant>,
    /// Files on their way: bytes that came, and of how many.
    open: BTreeMap<(String, String), (u64, Option<u64>)>,
    checking: Option<String>,
}

impl Bar {
    pub fn new() -> Self {
        let width = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok()).unwrap_or(100);
        let state = State {
            feeds: 0,
            done: 0,
            bytes: 0,
            began: Instant::now(),
            drawn: None,
            open: BTreeMap::new(),
            checking: None,
        };
        Self { terminal: std::io::stderr().is_terminal(), width, state: Mutex::new(state) }
    }

    /// Takes the line away.
    pub fn end(&self) {
        if self.terminal {
            say("\r\x1b[2K");
        }
    }
}

impl Progress for Bar {
    fn event(&self, event: Event<'_>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let finished = matches!(event, Event::Done(_));
        if let (Event::Done(outcome), false) = (&event, self.terminal) {
            say(&format!("{}\n", told(outcome)));
        }
        state.take(event);
        let due = state.drawn.is_none_or(|t| t.elapsed() >= DRAWN);
        if self.terminal && (due || finished) {
            state.drawn = Some(Instant::now());
            let text: String = state.line().chars().take(self.width.saturating_sub(1)).collect();
            say(&format!("\r\x1b[2K{text}"));
        }
    }
}

impl State {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Begun(feeds) => self.feeds = feeds,
            Event::Bytes { feed, file, done, total } => {
                let open = self.open.entry((feed.to_owned(), file.to_owned())).or_default();
                // A try that begins anew brings less than there was.
                self.bytes += done.saturating_sub(open.0);
                *open = (done, total);
                self.checking = None;
            }
            Event::Checking { feed, file } => {
                self.open.remove(&(feed.to_owned(), file.to_owned()));
                self.checking = Some(format!("{feed} {file}"));
            }
            Event::Done(outcome) => {
                self.done += 1;
                self.open.retain(|(feed, _), _| *feed != outcome.feed);
                self.checking = None;
            }
        }
    }

    fn line(&self) -> String {
        let filled = (BAR * self.done).checked_div(self.feeds).unwrap_or(0).min(BAR);
        let bar = format!("[{}{}]", "#".repeat(filled), "-".repeat(BAR - filled));
        let largest = self.open.iter().max_by_key(|(_, (done, total))| total.unwrap_or(*done));
        let now = match (&self.checking, largest) {
            (Some(what), _) => format!("reading {what}"),
            (None, Some(((feed, file), (done, Some(total))))) => {
                let percent = (done * 100).checked_div(*total).unwrap_or(100);
                format!("{feed} {file} {percent} % of {}", size(*total))
            }
            (None, Some(((feed, file), (done, None)))) => format!("{feed} {file} {}", size(*done)),
            (None, None) => String::new(),
        };
        let millis = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        let rate = size(self.bytes.saturating_mul(1000) / millis);
        format!("{bar} {}/{} feeds  {}, {rate}/s  {now}", self.done, self.feeds, size(self.bytes))
    }
}

fn told(outcome: &Outcome) -> String {
    let verdict = serde_json::to_value(outcome.verdict).ok();
    let verdict = verdict.as_ref().and_then(|v| v.as_str()).unwrap_or_default();
    let bytes = if outcome.bytes > 0 { format!(", {}", size(outcome.bytes)) } else { String::new() };
    format!("{}: {verdict} ({}), {} records{bytes}", outcome.feed, outcome.code, outcome.records)
}

/// Bytes for people.
pub fn size(bytes: u64) -> String {
    let tenths = |unit: u64| format!("{}.{}", bytes / unit, bytes % unit * 10 / unit);
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        1_000_000..1_000_000_000 => format!("{} MB", tenths(1_000_000)),
        _ => format!("{} GB", tenths(1_000_000_000)),
    }
}

/// Progress is no result: where it cannot be written, nothing is lost.
fn say(text: &str) {
    let mut err = std::io::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_far_it_is() {
        let bar = Bar::new();
        let mut state = bar.state.into_inner().expect("not poisoned");
        state.take(Event::Begun(4));
        state.take(Event::Bytes { feed: "kev", file: "kev.json", done: 250_000, total: Some(1_000_000) });
        assert!(state.line().contains("0/4 feeds") && state.line().contains("kev kev.json 25 % of 1.0 MB"));
        state.take(Event::Checking { feed: "kev", file: "kev.json" });
        assert!(state.line().ends_with("reading kev kev.json"), "{}", state.line());
        assert_eq!(
            (size(999), size(1_234_567), size(2_050_000_000)),
            ("999 B".into(), "1.2 MB".into(), "2.0 GB".into())
        );
    }
}
