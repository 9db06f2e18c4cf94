use std::collections::BTreeMap;

use palisade_types::TimeMicros;
use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};

/// The longest reason, bytes.
pub const MAX_REASON: usize = 4096;

/// What an exception is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A recommendation, by its id.
    Recommendation(String),
    /// A vulnerability, by its id.
    Cve(String),
}

/// Where an exception holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extent {
    /// On every device. While it is active, those for groups are suspended.
    Global,
    /// On the devices of these groups, by id. A group that is gone has none.
    Groups(Vec<String>),
}

/// Why something is left as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Justification {
    /// Another product or another party takes care of it.
    ThirdPartyControl,
    /// Something else stands in the way of an attack.
    AlternateMitigation,
    /// The owner lives with it.
    RiskAccepted,
    /// It will be done; this is the time until then.
    PlannedRemediation,
    /// Nothing fixes it; for a vulnerability only.
    NoPatch,
    /// It is not so.
    Inaccurate,
}

/// A decision to leave something as it is for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    /// What it is about.
    pub subject: Subject,
    /// Where it holds.
    pub extent: Extent,
    /// Why.
    pub justification: Justification,
    /// Why, in somebody's words.
    pub reason: String,
    /// From when.
    pub from: TimeMicros,
    /// Until when; from then on it is over.
    pub until: TimeMicros,
    /// If it was taken back: since when.
    pub cancelled: Option<TimeMicros>,
}

/// Where an exception is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExceptionStatus {
    /// It has not begun.
    Pending,
    /// It holds, unless a global one suspends it.
    Active,
    /// It is over.
    Expired,
    /// It was taken back.
    Cancelled,
}

/// Why an exception cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExceptionError {
    /// It names nothing.
    #[error("it names no recommendation and no vulnerability")]
    NoSubject,
    /// It has no reason in words.
    #[error("it has no reason")]
    NoReason,
    /// Its reason is longer than [`MAX_REASON`].
    #[error("its reason is too long")]
    ReasonTooLong,
    /// It ends before it begins.
    #[error("it ends before it begins")]
    NoDuration,
    /// It is for groups and names none.
    #[error("it names no device group")]
    NoGroup,
    /// [`Justification::NoPatch`] of a recommendation: that there is one means that there is a patch.
    #[error("a recommendation cannot lack a patch")]
    JustificationDoesNotFit,
}

/// What the active exceptions cover, by subject.
#[derive(Clone, Debug, Default)]
pub struct Exceptions(BTreeMap<Subject, Coverage>);

/// The devices that are excepted from one subject.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Coverage {
    /// All of them.
    pub excepted: RoaringBitmap,
    /// Those where the exception changes the scores, as if the subject were done.
    pub counted: RoaringBitmap,
}

impl ExceptionError {
    /// The code that does not change.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoSubject => "no_subject",
            Self::NoReason => "no_reason",
            Self::ReasonTooLong => "reason_too_long",
            Self::NoDuration => "no_duration",
            Self::NoGroup => "no_group",
            Self::JustificationDoesNotFit => "justification_does_not_fit",
        }
    }
}

impl Exception {
    /// Whether it can be made.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn validate(&self) -> Result<(), ExceptionError> {
        let (Subject::Recommendation(id) | Subject::Cve(id)) = &self.subject;
        let of_recommendation = matches!(self.subject, Subject::Recommendation(_));
        if id.trim().is_empty() {
            Err(ExceptionError::NoSubject)
        } else if self.reason.trim().is_empty() {
            Err(ExceptionError::NoReason)
        } else if self.reason.len() > MAX_REASON {
            Err(ExceptionError::ReasonTooLong)
        } else if self.until <= self.from {
            Err(ExceptionError::NoDuration)
        } else if matches!(&self.extent, Extent::Groups(groups) if groups.is_empty()) {
            Err(ExceptionError::NoGroup)
        } else if of_recommendation && self.justification == Justification::NoPatch {
            Err(ExceptionError::JustificationDoesNotFit)
        } else {
            Ok(())
        }
    }

    /// Where it is in its life.
    pub fn status(&self, now: TimeMicros) -> ExceptionStatus {
        match self {
            e if e.cancelled.is_some_and(|at| at <= now) => ExceptionStatus::Cancelled,
            e if e.until <= now => ExceptionStatus::Expired,
            e if now < e.from => ExceptionStatus::Pending,
            _ => ExceptionStatus::Active,
        }
    }

    /// Whether the scores count its subject as done. Of a vulnerability they do whatever the justification.
    pub fn counts(&self) -> bool {
        matches!(self.subject, Subject::Cve(_))
            || matches!(
                self.justification,
                Justification::ThirdPartyControl
                    | Justification::AlternateMitigation
                    | Justification::Inaccurate
            )
    }
}

impl Exceptions {
    /// What the exceptions cover at a time: of those that are active, the global ones of a subject, else the union
    /// of those for groups. `groups` are the devices of each group as they are now, `all` those of the estate.
    pub fn at<'a>(
        now: TimeMicros,
        exceptions: impl IntoIterator<Item = &'a Exception>,
        groups: &BTreeMap<String, RoaringBitmap>,
        all: &RoaringBitmap,
    ) -> Self {
        let mut active: BTreeMap<&Subject, Vec<&Exception>> = BTreeMap::new();
        for exception in exceptions {
            if exception.status(now) == ExceptionStatus::Active {
                active.entry(&exception.subject).or_default().push(exception);
            }
        }
        let cover = |list: Vec<&Exception>| {
            let global = list.iter().any(|e| e.extent == Extent::Global);
            let mut coverage = Coverage::default();
            for exception in list {
                let devices = match &exception.extent {
                    Extent::Global => all.clone(),
                    Extent::Groups(_) if global => continue,
                    Extent::Groups(ids) => ids
                        .iter()
                        .filter_map(|id| groups.get(id))
                        .fold(RoaringBitmap::new(), |union, group| union | (group & all)),
                };
                if exception.counts() {
                    coverage.counted |= &devices;
                }
                coverage.excepted |= devices;
            }
            coverage
        };
        Self(active.into_iter().map(|(subject, list)| (subject.clone(), cover(list))).collect())
    }

    /// What is excepted from a subject.
    pub fn of(&self, subject: &Subject) -> Option<&Coverage> {
        self.0.get(subject)
    }
}
