//! The process that finds the programs of the packages that rules name: what it reads was written by others, so
//! it is none of the sensor's own. It looks again when a package database changes, when a rule ends, and from
//! time to time, and says what is different.

mod find;
mod notice;

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use clap::Args;
use palisade_inventory::Root;
use palisade_types::TimeMicros;

use super::list::List;
use super::words::{Resolved, ToResolver};
use crate::error::SensorError;

/// The hidden word of the command line that starts it.
pub const WORD: &str = "application-resolver";

/// Without any notice it looks again this often: a file may change without its database.
const LOOK: Duration = Duration::from_secs(60);

/// Where the kernel gives no notices it looks this often.
const BLIND: Duration = Duration::from_secs(5);

/// Changes come in bursts; a look waits so long for the rest of one.
const CALM: Duration = Duration::from_millis(300);

/// And no look follows another one earlier than this.
const PAUSE: Duration = Duration::from_secs(1);

/// How the sensor starts it.
#[derive(Debug, Args)]
pub struct ResolverArgs {
    /// The root file system whose packages these are
    #[arg(long, default_value = "/")]
    root: PathBuf,
}

enum Wish {
    Said(ToResolver),
    Changed,
    Over,
}

/// Follows until standard input ends.
///
/// # Errors
/// When there is no such root, or the sensor does not read.
pub fn run(args: &ResolverArgs) -> Result<i32, SensorError> {
    let (tell, wishes) = mpsc::channel();
    let heard = tell.clone();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Some(said) = line.ok().and_then(|l| serde_json::from_str(&l).ok()) else { break };
            if heard.send(Wish::Said(said)).is_err() {
                break;
            }
        }
        let _ = heard.send(Wish::Over);
    });
    let noticed = notice::watch(&args.root, move || tell.send(Wish::Changed).is_ok());
    let look = if noticed { LOOK } else { BLIND };
    let mut list = List::default();
    let mut told: Option<Resolved> = None;
    let mut looked: Option<Instant> = None;
    loop {
        match wishes.recv_timeout(wait(&list, look)) {
            Ok(Wish::Over) | Err(RecvTimeoutError::Disconnected) => return Ok(0),
            Ok(Wish::Said(ToResolver::List { revision, rules })) => {
                list = List { revision, rules, ..List::default() }
            }
            Ok(Wish::Said(ToResolver::Again) | Wish::Changed) => {
                std::thread::sleep(CALM.max(PAUSE.saturating_sub(looked.map_or(PAUSE, |at| at.elapsed()))));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        // What has come meanwhile is served by the same look.
        while let Ok(wish) = wishes.try_recv() {
            match wish {
                Wish::Over => return Ok(0),
                Wish::Said(ToResolver::List { revision, rules }) => {
                    list = List { revision, rules, ..List::default() }
                }
                Wish::Said(ToResolver::Again) | Wish::Changed => {}
            }
        }
        looked = Some(Instant::now());
        let found = look_at(&args.root, &list);
        if told.as_ref() != Some(&found) {
            tell_line(&found)?;
            told = Some(found);
        }
    }
}

fn look_at(root: &Path, list: &List) -> Resolved {
    let rules: Vec<_> = list.rules.iter().filter(|r| r.holds(TimeMicros::now().0)).cloned().collect();
    match Root::open(root) {
        Ok(root) => find::resolve(&root, list.revision, &rules),
        Err(e) => Resolved { revision: list.revision, unclear: e.to_string(), ..Resolved::default() },
    }
}

/// Until the next look: a rule that ends is one occasion.
fn wait(list: &List, look: Duration) -> Duration {
    let now = TimeMicros::now().0;
    let ends = list.rules.iter().filter(|r| r.expires_at > now).map(|r| r.expires_at - now).min();
    let until = ends.and_then(|us| u64::try_from(us).ok()).map_or(look, Duration::from_micros);
    look.min(until + Duration::from_millis(1))
}

fn tell_line(found: &Resolved) -> Result<(), SensorError> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, found)
        .map_err(std::io::Error::from)
        .and_then(|()| out.write_all(b"\n"))
        .and_then(|()| out.flush())
        .map_err(SensorError::file("standard output"))
}
