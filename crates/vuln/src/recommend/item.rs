use palisade_types::TimeMicros;
use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};

use super::{Key, Problem, Restart};
use crate::score::{Category, Exposure, Points, Threats};

/// What is to be done, in typed pieces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// Bring a software to a version that fixes all that can be fixed.
    Update {
        /// The software.
        software: Key,
        /// The version.
        target: String,
    },
    /// Go from a release without support to one that has it.
    Upgrade {
        /// The software.
        software: Key,
        /// The release or version.
        target: String,
        /// When support ended.
        ended: TimeMicros,
    },
    /// Remove a software without support that nothing replaces.
    Uninstall {
        /// The software.
        software: Key,
        /// When support ended.
        ended: TimeMicros,
    },
    /// Change a setting.
    Configure {
        /// The check's id.
        check: String,
        /// Its category.
        category: Category,
    },
    /// Put another certificate in the place of one.
    ReplaceCertificate {
        /// Its SHA-256, hexadecimal.
        fingerprint: String,
        /// Its subject.
        subject: String,
        /// What is wrong with it.
        problems: Vec<Problem>,
    },
}

/// The kind of work that a recommendation asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remediation {
    /// A newer version of the same.
    Update,
    /// Another release.
    Upgrade,
    /// Removal.
    Uninstall,
    /// Another setting.
    ConfigurationChange,
    /// Another certificate.
    ReplaceCertificate,
}

/// How far exceptions cover a recommendation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// On no device.
    Active,
    /// On some.
    PartialException,
    /// On all.
    FullException,
}

/// Exposed devices now, against those at an earlier time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trend {
    /// It was not there then.
    New,
    /// Fewer.
    Falling,
    /// As many.
    Steady,
    /// More.
    Rising,
}

/// A value now, and after the fix on all exposed devices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change<T> {
    /// Now.
    pub before: T,
    /// Afterwards.
    pub after: T,
}

/// One fix.
#[derive(Clone, Debug, PartialEq)]
pub struct Recommendation {
    /// Stays the same as long as the fix is the same, whatever version it leads to: `update/debian/12/openssl`.
    pub id: String,
    /// What is to be done.
    pub kind: Kind,
    /// The installed versions that are left behind, in the order of the estate's variants.
    pub versions: Vec<String>,
    /// The weaknesses that are gone afterwards, by id, ascending.
    pub resolved: Vec<String>,
    /// What is known about attacks on any of them.
    pub threats: Threats,
    /// The devices that need it, without those under an exception.
    pub exposed: RoaringBitmap,
    /// Those that would need it, were it not for exceptions.
    pub excepted: RoaringBitmap,
    /// Exposed devices against the earlier time.
    pub trend: Trend,
    /// What must start again, on the device where it is most.
    pub restart: Restart,
    /// The exposure score of the estate.
    pub exposure: Change<Exposure>,
    /// The secure score of the estate; `None` where no check applies.
    pub secure: Change<Option<Points>>,
}

/// Software whose weaknesses nothing fixes yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Unfixed {
    /// The software.
    pub software: Key,
    /// The weaknesses without a fix, by id, ascending.
    pub weaknesses: Vec<String>,
    /// What is known about attacks on any of them.
    pub threats: Threats,
    /// Who has them, without devices under an exception.
    pub devices: RoaringBitmap,
    /// The exposure score of the estate, and what it were without them.
    pub exposure: Change<Exposure>,
}

impl Kind {
    /// The kind of work.
    pub fn remediation(&self) -> Remediation {
        match self {
            Self::Update { .. } => Remediation::Update,
            Self::Upgrade { .. } => Remediation::Upgrade,
            Self::Uninstall { .. } => Remediation::Uninstall,
            Self::Configure { .. } => Remediation::ConfigurationChange,
            Self::ReplaceCertificate { .. } => Remediation::ReplaceCertificate,
        }
    }
}

impl Recommendation {
    /// How far exceptions cover it.
    pub fn state(&self) -> State {
        match (self.exposed.is_empty(), self.excepted.is_empty()) {
            (_, true) => State::Active,
            (false, false) => State::PartialException,
            (true, false) => State::FullException,
        }
    }

    /// By how much it improves both scores together, millionths of a point: what recommendations are ordered by.
    pub fn effect(&self) -> i64 {
        let gain = |low: Points, high: Points| high.micros() as i64 - low.micros() as i64;
        let secure = |points: Option<Points>| points.unwrap_or_default();
        gain(self.exposure.after.points, self.exposure.before.points)
            + gain(secure(self.secure.before), secure(self.secure.after))
    }
}

impl Trend {
    pub(super) fn of(previous: Option<u64>, now: u64) -> Self {
        match previous {
            None => Self::New,
            Some(then) if now < then => Self::Falling,
            Some(then) if now == then => Self::Steady,
            Some(_) => Self::Rising,
        }
    }
}
