//! Whether a file is what its feed should hold: whole, of the right format, decodable, and not empty.

use palisade_advisory::{Ecosystem, Fault, Format, Limits, Origin, Record, Sink, decode, documents};
use palisade_types::TimeMicros;

use crate::catalogue::{Feed, format_name};
use crate::code::{Code, FeedError};
use crate::index::{Doc, Index, Item, hash_of, id_of, plain};
use crate::manifest::{FileEntry, MAX_EXAMPLES, Refusal};

/// A file's content: the counts of [`FileEntry`], and its index.
#[derive(Debug)]
pub(crate) struct Checked {
    pub counts: FileEntry,
    pub index: Index,
}

/// Records dated later than that many microseconds from now have not come.
pub(crate) const TOMORROW: i64 = 86_400_000_000;
/// Most documents named `.json` of no known format, in percent of all: an archive of something else.
const STRANGE_PERCENT: u64 = 50;

/// Decodes all of a file. `feed` limits the formats; without it anything known is taken.
///
/// # Errors
/// Why the file as a whole is not taken.
pub(crate) fn check(
    feed: Option<&Feed>,
    name: &str,
    ecosystem: Option<&Ecosystem>,
    bytes: &[u8],
    fault_percent: u64,
) -> Result<Checked, FeedError> {
    let now = TimeMicros::now();
    let mut sink = Counting { latest: now.plus_micros(TOMORROW), now, ..Counting::default() };
    let mut seen = Seen::default();
    let origin = Origin { feed: "", file: name, ecosystem };
    if bytes.is_empty() {
        return Err(FeedError::new(Code::Empty, name, "it has no bytes"));
    }
    let walked = documents(origin, bytes, Limits::default(), &mut |doc, bytes| {
        let Some(format) = Format::recognise(doc, bytes) else {
            seen.unknown(doc, bytes);
            return Ok(());
        };
        if feed.is_some_and(|f| !f.has(format)) {
            seen.wrong.get_or_insert_with(|| (doc.to_owned(), format));
            return Ok(());
        }
        sink.begin(place(name, doc));
        let done = decode(format, Origin { file: doc, ..origin }, bytes, &mut sink);
        sink.end(doc, format, done);
        Ok(())
    });
    walked.map_err(|fault| FeedError { file: place(name, &fault.file), ..fault.into() })?;
    judge(name, sink, &seen, fault_percent)
}

fn judge(name: &str, mut sink: Counting, seen: &Seen, fault_percent: u64) -> Result<Checked, FeedError> {
    let fail = |code, reason: String| Err(FeedError::new(code, name, reason));
    if let Some((doc, format)) = &seen.wrong {
        let reason = format!("this feed has no documents of the format {}", format_name(*format));
        return Err(FeedError::new(Code::WrongFormat, place(name, doc), reason));
    }
    let known = sink.index.docs.len() as u64;
    if known == 0 {
        let Some((code, reason)) = &seen.first else {
            return fail(Code::Empty, "nothing is in it".to_owned());
        };
        if seen.documents == 1 {
            return fail(*code, reason.clone());
        }
        return fail(
            Code::UnknownFormat,
            format!("none of its {} documents is of a known format", seen.documents),
        );
    }
    if seen.strange * 100 > (known + seen.strange) * STRANGE_PERCENT {
        let reason = format!("{} of its documents are of no known format, only {known} are", seen.strange);
        return fail(Code::UnknownFormat, reason);
    }
    let faults: u64 = sink.counts.faults.values().sum();
    // A single document that is faulty as a whole is the file's own trouble.
    if let (1, Some(fault)) = (known, sink.whole.take()) {
        return Err(fault);
    }
    if faults * 100 > (sink.counts.records + faults) * fault_percent {
        let first = sink.counts.examples.first();
        let (record, reason) = first.map_or((String::new(), String::new()), |r| {
            (format!("{} {}", r.file, r.record).trim().to_owned(), r.reason.clone())
        });
        let reason =
            format!("{faults} faulty records against {} good ones; the first: {reason}", sink.counts.records);
        return Err(FeedError { code: Code::TooManyFaults, file: name.to_owned(), record, reason });
    }
    if sink.counts.records == 0 {
        return fail(Code::Empty, "it is well-formed but holds no record".to_owned());
    }
    sink.counts.unknown = seen.documents;
    Ok(Checked { counts: sink.counts, index: sink.index })
}

/// A document's name with that of the archive that it is in.
fn place(file: &str, doc: &str) -> String {
    if doc.is_empty() || file.starts_with(doc) || file.ends_with(doc) {
        file.to_owned()
    } else {
        format!("{file}: {doc}")
    }
}

/// Documents that are not decoded.
#[derive(Default)]
struct Seen {
    documents: u64,
    /// Of them, those that claim to be JSON.
    strange: u64,
    first: Option<(Code, String)>,
    wrong: Option<(String, Format)>,
}

impl Seen {
    fn unknown(&mut self, doc: &str, bytes: &[u8]) {
        self.documents += 1;
        self.strange += u64::from(doc.rsplit('.').next().is_some_and(|e| e.eq_ignore_ascii_case("json")));
        self.first.get_or_insert_with(|| why_unknown(bytes));
    }
}

/// What a document is that is of no known format, as far as can be said.
fn why_unknown(bytes: &[u8]) -> (Code, String) {
    let head = &bytes[..bytes.len().min(2048)];
    let text = String::from_utf8_lossy(head).trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    if text.starts_with("<!doctype html") || text.starts_with("<html") {
        return (Code::UnknownFormat, "it is a page for people (HTML), not data".to_owned());
    }
    if bytes.trim_ascii().is_empty() {
        return (Code::Empty, "it has no bytes but spaces".to_owned());
    }
    if text.starts_with(['{', '[']) {
        return match serde_json::from_slice::<serde::de::IgnoredAny>(bytes) {
            Ok(_) => (Code::UnknownFormat, "it is JSON, but of no format that is known".to_owned()),
            Err(e) => (Code::NotJson, e.to_string()),
        };
    }
    (Code::UnknownFormat, "it begins like no format that is known".to_owned())
}

/// Counts, and hashes records, without keeping them.
#[derive(Default)]
struct Counting {
    counts: FileEntry,
    index: Index,
    now: TimeMicros,
    latest: TimeMicros,
    /// The place of the document that is being decoded, and what it has given so far.
    place: String,
    open: Vec<Item>,
    newest: Option<TimeMicros>,
    /// A document that does not decode as a whole.
    whole: Option<FeedError>,
}

impl Counting {
    fn begin(&mut self, place: String) {
        self.place = place;
        self.open.clear();
        self.newest = None;
    }

    fn end(&mut self, doc: &str, format: Format, done: Result<(), Fault>) {
        let good = done.is_ok();
        self.index.docs.push(Doc { name: plain(doc), good });
        match done {
            Ok(()) => {
                self.counts.records += self.open.len() as u64;
                self.index.records.append(&mut self.open);
                self.counts.newest = self.counts.newest.max(self.newest);
            }
            // Nothing that it said before counts.
            Err(fault) => {
                self.whole = Some(FeedError { file: self.place.clone(), ..fault.clone().into() });
                self.fault(fault);
            }
        }
        *self.counts.formats.entry(format_name(format)).or_default() += 1;
    }

    fn date(&mut self, dates: &[Option<TimeMicros>]) {
        let come = dates.iter().flatten().filter(|t| **t <= self.latest).max();
        self.newest = self.newest.max(come.copied());
    }
}

impl Sink for Counting {
    fn record(&mut self, record: Record) {
        match &record {
            Record::Advisory(a) => self.date(&[a.modified, a.published]),
            Record::Cve(c) => {
                let added = c.kev.as_ref().and_then(|k| k.added);
                self.date(&[c.modified, c.published, added, c.epss.and_then(|e| e.date)]);
            }
            Record::EndOfLife(_) => {}
        }
        let doc = u32::try_from(self.index.docs.len()).unwrap_or(u32::MAX);
        self.open.push(Item { doc, hash: hash_of(&record), id: plain(&id_of(&record)) });
    }

    fn fault(&mut self, fault: Fault) {
        *self.counts.faults.entry(fault.code.as_str().to_owned()).or_default() += 1;
        if self.counts.examples.len() < MAX_EXAMPLES {
            let error = FeedError { file: self.place.clone(), ..fault.into() };
            self.counts.examples.push(Refusal::of(&error, self.now));
        }
    }
}
