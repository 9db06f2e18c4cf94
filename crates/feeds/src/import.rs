//! Taking single files that a person brought.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::UNIX_EPOCH;

use palisade_advisory::{Fault, FaultCode, Format, Limits, Origin, Record, Sink, decode, documents};
use palisade_types::TimeMicros;
use sha2::{Digest, Sha256};

use crate::address;
use crate::catalogue::{Catalogue, Feed, SourceFile, format_name};
use crate::code::{At, Code, FeedError};
use crate::manifest::{Failure, FileEntry, Refusal};
use crate::sync::{Outcome, Verdict};
use crate::writer::{Accept, Mapped, Offer, Writer, examine, part_path};

/// Largest file, bytes.
const MAX_FILE: u64 = 8 << 30;
/// Documents of an archive that are looked at to tell its feed.
const LOOKED_AT: usize = 50;

/// How a file is taken.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// The feed that it belongs to; else that is told by its content and name.
    pub feed: Option<String>,
    /// When upstream said so; else the file's date.
    pub as_of: Option<TimeMicros>,
    /// What is borne.
    pub accept: Accept,
}

/// Takes a file.
///
/// # Errors
/// If it cannot be read, or belongs to no feed (`unassigned`, `ambiguous`, `no_feed`). What the feed does not
/// take is an outcome, and stays named in the manifest.
pub fn import(
    writer: &mut Writer,
    catalogue: &Catalogue,
    path: &Path,
    options: &ImportOptions,
) -> Result<Outcome, FeedError> {
    let part = part_path(writer.store())?;
    let done = copied(path, &part).and_then(|entry| {
        let name = path.to_string_lossy().into_owned();
        let feed = match &options.feed {
            Some(id) => catalogue.feed(id)?,
            None => assign(catalogue, &name, Mapped::open(&part)?.bytes())?,
        };
        take(writer, feed, &name, &part, options, entry)
    });
    if done.is_err() {
        // Looking into it has removed it otherwise; what stays goes after a week, as everything in `incoming`.
        let _ = std::fs::remove_file(&part);
    }
    done
}

fn copied(from: &Path, part: &Path) -> Result<FileEntry, FeedError> {
    let mut file = File::open(from).at(from)?;
    let meta = file.metadata().at(from)?;
    if !meta.is_file() {
        return Err(FeedError::new(Code::Io, from.display().to_string(), "it is not a file"));
    }
    if meta.len() > MAX_FILE {
        return Err(FeedError::new(Code::TooLarge, from.display().to_string(), "larger than 8 GiB"));
    }
    let mut out = File::create(part).at(part)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    let mut size = 0;
    loop {
        let n = std::io::Read::read(&mut file, &mut buffer).at(from)?;
        if n == 0 {
            break;
        }
        size += n as u64;
        hash.update(&buffer[..n]);
        out.write_all(&buffer[..n]).at(part)?;
    }
    let changed = meta.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
    let dated = changed.and_then(|d| i64::try_from(d.as_micros()).ok()).map_or(TimeMicros(0), TimeMicros);
    let now = TimeMicros::now();
    let sha256 = hex::encode(hash.finalize());
    Ok(FileEntry { sha256, size, fetched_at: now, checked_at: dated.min(now), ..FileEntry::default() })
}

fn take(
    writer: &mut Writer,
    feed: &Feed,
    path: &str,
    part: &Path,
    options: &ImportOptions,
    mut entry: FileEntry,
) -> Result<Outcome, FeedError> {
    let now = TimeMicros::now();
    if let Some(time) = options.as_of {
        entry.checked_at = time.min(now);
    }
    let source = place(feed, path);
    let name = source.as_ref().map_or_else(|| base(path).to_owned(), |s| s.name.clone());
    let before = writer.manifest().feeds.get(&feed.id).and_then(|e| e.files.get(&name)).cloned();
    let ecosystem = source.as_ref().and_then(|s| s.ecosystem.as_ref());
    // Support lists say by their own name which release they are about.
    let offer = Offer { feed, name: &name, ecosystem, part, entry };
    let mut done = examine(writer.store(), offer, before.as_ref(), options.accept);
    if let (true, None, Ok(file)) = (feed.holds_addresses(), options.as_of, &mut done)
        && let Some(built) = file.newest
    {
        // It says itself when it was made; a copy's date is younger.
        file.checked_at = built.min(now);
    }
    let mut outcome = Outcome {
        feed: feed.id.clone(),
        verdict: Verdict::Failed,
        code: "ok".to_owned(),
        reason: String::new(),
        new_files: 0,
        bytes: 0,
        records: 0,
        faults: 0,
        refused: Vec::new(),
    };
    match &done {
        Ok(file) if before.as_ref().is_some_and(|b| b.sha256 == file.sha256) => {
            outcome.verdict = Verdict::Unchanged;
        }
        Ok(file) => {
            outcome.verdict = Verdict::Updated;
            (outcome.new_files, outcome.bytes) = (1, file.size);
        }
        Err(e) => {
            let error = FeedError { file: e.file.replacen(&name, path, 1), ..e.clone() };
            outcome.code = e.code.as_str().to_owned();
            outcome.reason = error.to_string();
            outcome.refused = vec![Refusal::of(&error, now)];
        }
    }
    writer.change(|manifest| {
        let kept = manifest.feeds.entry(feed.id.clone()).or_default();
        match done {
            Ok(file) => {
                kept.files.insert(name, file);
                kept.last_success = Some(now);
                kept.refused.clear();
            }
            Err(e) => {
                kept.last_failure = Some(Failure { at: now, code: e.code, reason: outcome.reason.clone() });
                kept.refused.clone_from(&outcome.refused);
            }
        }
        (outcome.records, outcome.faults) = (kept.records(), kept.faults());
    })?;
    Ok(outcome)
}

/// Which of a feed's files it is: the only one, or that whose name agrees most from the end.
fn place(feed: &Feed, path: &str) -> Option<SourceFile> {
    let mut files = feed.files(2100);
    if files.len() == 1 {
        return files.pop();
    }
    let given: Vec<&str> = path.rsplit('/').collect();
    let agrees = |f: &SourceFile| f.name.rsplit('/').zip(&given).take_while(|(a, b)| a == *b).count();
    let most = files.iter().map(agrees).max().filter(|n| *n > 0)?;
    let mut best = files.into_iter().filter(|f| agrees(f) == most);
    let first = best.next();
    // Two releases' `main.json` are not told apart by that name alone.
    if best.next().is_some() { None } else { first }
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Tells which feed a file belongs to.
fn assign<'a>(catalogue: &'a Catalogue, path: &str, bytes: &[u8]) -> Result<&'a Feed, FeedError> {
    let seen = look(path, bytes)?;
    let formats: Vec<String> = seen.formats.iter().cloned().collect();
    let fits = |f: &&Feed| formats.iter().all(|format| f.formats.contains(format));
    let most = seen.families.iter().max_by_key(|(_, n)| **n).map(|(family, _)| family.as_str());
    let speaks = |f: &&Feed| most.is_none_or(|m| f.serves.iter().any(|s| s == m || s == "*"));
    let all: Vec<&Feed> = catalogue.feeds.iter().filter(fits).filter(speaks).collect();
    let score = |f: &Feed| {
        let named = f.files(2100).iter().any(|s| base(&s.name) == base(path));
        (u8::from(path.contains(&f.id)) + 2 * u8::from(named), f.enabled)
    };
    let about = most.map_or_else(String::new, |m| format!(" about {m}"));
    let what = format!("documents of {}{about}", formats.join(", "));
    let Some(best) = all.iter().map(|f| score(f)).max() else {
        let reason = format!("it holds {what}, and no feed has these: name one with --feed");
        return Err(FeedError::new(Code::Unassigned, path, reason));
    };
    let best: Vec<&Feed> = all.into_iter().filter(|f| score(f) == best).collect();
    match best.as_slice() {
        [feed] => Ok(feed),
        several => {
            let names: Vec<&str> = several.iter().map(|f| f.id.as_str()).collect();
            let reason = format!("it holds {what}; name one with --feed: {}", names.join(", "));
            Err(FeedError::new(Code::Ambiguous, path, reason))
        }
    }
}

#[derive(Default)]
struct Seen {
    /// By the catalogue's names.
    formats: BTreeSet<String>,
    families: BTreeMap<String, u64>,
}

impl Sink for Seen {
    fn record(&mut self, record: Record) {
        if let Record::Advisory(a) = record
            && let Some(first) = a.affected.first()
        {
            *self.families.entry(first.ecosystem.family().to_owned()).or_default() += 1;
        }
    }

    fn fault(&mut self, _: Fault) {}
}

/// Looks at the first documents.
fn look(path: &str, bytes: &[u8]) -> Result<Seen, FeedError> {
    let mut seen = Seen::default();
    if address::is_named_so(path) || address::is_database(bytes) {
        // Whether it is one is looked into when its feed is known, and told there.
        seen.formats.insert(address::FORMAT.to_owned());
        return Ok(seen);
    }
    let mut known = 0;
    let origin = Origin { feed: "", file: path, ecosystem: None };
    let enough = || Fault {
        file: String::new(),
        record: String::new(),
        code: FaultCode::TooLarge,
        reason: "enough was seen".to_owned(),
    };
    let walked = documents(origin, bytes, Limits::default(), &mut |doc, bytes| {
        if address::is_database(bytes) {
            seen.formats.insert(address::FORMAT.to_owned());
            known += 1;
        } else if let Some(format) = Format::recognise(doc, bytes) {
            seen.formats.insert(format_name(format));
            // What it says about a document that does not decode is as good as any.
            let _ = decode(format, Origin { file: doc, ..origin }, bytes, &mut seen);
            known += 1;
        }
        if known >= LOOKED_AT { Err(enough()) } else { Ok(()) }
    });
    match walked {
        Err(fault) if known < LOOKED_AT => Err(fault.into()),
        _ if seen.formats.is_empty() => {
            // Says why in the words of a file that is looked into.
            let why = crate::check::check(None, path, None, bytes, 100).map(|_| ());
            Err(why.err().unwrap_or_else(|| FeedError::new(Code::UnknownFormat, path, "of no known format")))
        }
        _ => Ok(seen),
    }
}
