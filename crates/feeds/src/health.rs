//! Whether what is here may be relied on. An empty or old feed is never a clean bill.

use palisade_types::TimeMicros;
use serde::Serialize;

use crate::catalogue::{Catalogue, Feed};
use crate::manifest::{Entry, Failure, Manifest};
use crate::read::hours_between;

/// How a feed is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As it should be.
    Ok,
    /// The last attempt did not take all of it, though what is here is young enough.
    Failing,
    /// Nobody confirmed it for too long, or its newest record is too old.
    Old,
    /// It holds fewer records than there must be.
    Empty,
    /// It was never taken.
    Never,
}

impl State {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failing => "failing",
            Self::Old => "old",
            Self::Empty => "empty",
            Self::Never => "never",
        }
    }
}

/// What is known about one feed.
#[derive(Clone, Debug, Serialize)]
pub struct FeedHealth {
    /// The feed.
    pub id: String,
    /// What it is, for people.
    pub title: String,
    /// The ecosystems that it speaks about.
    pub serves: Vec<String>,
    /// Whether its alarm counts.
    pub required: bool,
    /// How it is.
    pub state: State,
    /// Why it is not well, in words; empty if it is.
    pub reason: String,
    /// Hours since all of it was confirmed by upstream.
    pub age_hours: Option<u64>,
    /// Hours that it may be.
    pub max_age_hours: u64,
    /// The newest date in it.
    pub newest: Option<TimeMicros>,
    /// Documents.
    pub documents: u64,
    /// Records.
    pub records: u64,
    /// Records that there must be.
    pub minimum: u64,
    /// Faulty records that were left out.
    pub faults: u64,
    /// When it last came as it should.
    pub last_success: Option<TimeMicros>,
    /// How it last did not.
    pub last_failure: Option<Failure>,
}

/// The health of every feed that is fetched, or was taken in spite of that.
pub fn health(catalogue: &Catalogue, manifest: &Manifest, now: TimeMicros) -> Vec<FeedHealth> {
    let none = Entry::default();
    let entry = |feed: &Feed| manifest.feeds.get(&feed.id).unwrap_or(&none);
    let shown = catalogue.feeds.iter().filter(|f| f.enabled || f.required || !entry(f).files.is_empty());
    shown.map(|feed| judge(feed, entry(feed), now)).collect()
}

/// Those that must be well and are not.
pub fn alarms(health: &[FeedHealth]) -> impl Iterator<Item = &FeedHealth> {
    health.iter().filter(|h| h.required && h.state != State::Ok)
}

fn judge(feed: &Feed, entry: &Entry, now: TimeMicros) -> FeedHealth {
    let age = entry.as_of().map(|then| hours_between(then, now));
    let (state, reason) = state(feed, entry, age, now);
    FeedHealth {
        id: feed.id.clone(),
        title: feed.title.clone(),
        serves: feed.serves.clone(),
        required: feed.required,
        state,
        reason,
        age_hours: age,
        max_age_hours: feed.max_age_hours,
        newest: entry.newest(),
        documents: entry.documents(),
        records: entry.records(),
        minimum: feed.minimum,
        faults: entry.faults(),
        last_success: entry.last_success,
        last_failure: entry.last_failure.clone(),
    }
}

fn state(feed: &Feed, entry: &Entry, age: Option<u64>, now: TimeMicros) -> (State, String) {
    let failed = entry.last_failure.as_ref().filter(|f| entry.last_success.is_none_or(|s| f.at > s));
    let why = |text: String| match failed {
        Some(f) => format!("{text}; the last attempt failed: {}: {}", f.code, f.reason),
        None => text,
    };
    let Some(age) = age else { return (State::Never, why("it was never taken".to_owned())) };
    let records = entry.records();
    if records < feed.minimum {
        return (State::Empty, why(format!("{records} records, at least {} are expected", feed.minimum)));
    }
    if age > feed.max_age_hours {
        let text = format!("not confirmed for {age} hours, at most {} are borne", feed.max_age_hours);
        return (State::Old, why(text));
    }
    if let Some(most) = feed.max_content_age_hours {
        let content = entry.newest().map_or(u64::MAX, |then| hours_between(then, now));
        if content > most {
            let text = format!("its newest record is {content} hours old, at most {most} are borne");
            return (State::Old, why(text));
        }
    }
    match failed {
        Some(f) => (State::Failing, format!("the last attempt failed: {}: {}", f.code, f.reason)),
        None => (State::Ok, String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Code;
    use crate::manifest::FileEntry;

    const HOUR: i64 = 3_600_000_000;

    fn entry(records: u64, checked: i64, newest: i64) -> Entry {
        let file = FileEntry {
            records,
            checked_at: TimeMicros(checked),
            newest: Some(TimeMicros(newest)),
            ..FileEntry::default()
        };
        Entry {
            files: [("f".to_owned(), file)].into(),
            last_success: Some(TimeMicros(checked)),
            ..Entry::default()
        }
    }

    #[test]
    fn nothing_empty_or_old_is_a_clean_bill() {
        let catalogue = Catalogue::built_in();
        let kev = catalogue.feed("kev").expect("there");
        let now = TimeMicros(1_000_000 * HOUR);
        let of = |entry: &Entry| {
            let judged = judge(kev, entry, now);
            assert_eq!(judged.reason.is_empty(), judged.state == State::Ok, "{judged:?}");
            judged.state
        };
        let at = |hours: i64| now.0 - hours * HOUR;
        assert_eq!(of(&Entry::default()), State::Never);
        assert_eq!(of(&entry(1404, at(1), at(30))), State::Ok);
        assert_eq!(of(&entry(0, at(1), at(30))), State::Empty);
        assert_eq!(of(&entry(kev.minimum - 1, at(1), at(30))), State::Empty);
        assert_eq!(of(&entry(1404, at(49), at(50))), State::Old);
        // Upstream answers, but says nothing new any more.
        assert_eq!(of(&entry(1404, at(1), at(1441))), State::Old);
        let failure = Failure { at: TimeMicros(at(0)), code: Code::HttpStatus, reason: "500".to_owned() };
        let failing = Entry { last_failure: Some(failure.clone()), ..entry(1404, at(1), at(30)) };
        assert_eq!(of(&failing), State::Failing);
        let mended = Entry { last_failure: Some(Failure { at: TimeMicros(at(2)), ..failure }), ..failing };
        assert_eq!(of(&mended), State::Ok);
    }

    #[test]
    fn an_instance_without_feeds_alarms_for_each_that_it_must_have() {
        let catalogue = Catalogue::built_in();
        let all = health(&catalogue, &Manifest::default(), TimeMicros::now());
        assert_eq!(alarms(&all).count(), catalogue.feeds.iter().filter(|f| f.required).count());
        assert!(all.iter().all(|h| h.state == State::Never));
    }
}
