//! What can change about an organisation's exposure.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $what:literal, { $($(#[$one:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$one])* #[serde(rename = $word)] $variant,)*
        }

        impl $name {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The words of all, in the same order.
            pub const WORDS: &'static [&'static str] = &[$($word),*];

            /// As it is written.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(s: &str) -> Result<Self, String> {
                match s {
                    $($word => Ok(Self::$variant),)*
                    _ => Err(format!("{} must be one of {}", $what, Self::WORDS.join(", "))),
                }
            }
        }
    };
}

words! {
    /// What happened.
    EventKind, "a kind of event", {
        /// A tenant's devices were judged for the first time: a summary in the place of an event for each finding.
        FirstAssessment = "first_assessment",
        /// Something was found that no device had before.
        NewVulnerability = "new_vulnerability",
        /// Something that devices have is exploited now: CISA listed it.
        VulnerabilityExploited = "vulnerability_exploited",
        /// An exploit of something that devices have became public.
        PublicExploit = "public_exploit",
        /// How likely exploitation is rose over one of the thresholds.
        EpssRose = "epss_rose",
        /// There is an update for something that had none.
        FixAvailable = "fix_available",
        /// Software that no device had before came with vulnerabilities.
        SoftwareAdded = "software_added",
        /// No device has it any more.
        VulnerabilityFixed = "vulnerability_fixed",
        /// Support of a system or software ended.
        EndOfLife = "end_of_life",
        /// A certificate that devices show or use is no longer valid.
        CertificateExpired = "certificate_expired",
        /// Somebody decided to leave something as it is.
        ExceptionMade = "exception_made",
        /// That ended, by time or by somebody.
        ExceptionEnded = "exception_ended",
        /// The organisation's exposure moved by at least one point since it was last told.
        ExposureChanged = "exposure_changed",
        /// A feed is too old, empty, missing or fails: what it would tell is missing.
        FeedTrouble = "feed_trouble",
        /// It is all right again.
        FeedRecovered = "feed_recovered",
        /// A remediation's state changed.
        RemediationChanged = "remediation_changed",
        /// A remediation is due soon.
        RemediationDue = "remediation_due",
        /// A remediation is not done although it was due.
        RemediationOverdue = "remediation_overdue",
        /// More happened at once than is told one by one.
        ManyEvents = "many_events",
    }
}

words! {
    /// What an event is about.
    SubjectType, "a subject's type", {
        /// A vulnerability, by its id.
        Vulnerability = "vulnerability",
        /// A software: ecosystem, release and name, separated by slashes.
        Software = "software",
        /// A recommendation, by its id.
        Recommendation = "recommendation",
        /// A certificate, by its SHA-256.
        Certificate = "certificate",
        /// A feed, by its name.
        Feed = "feed",
        /// An exception, by its id.
        Exception = "exception",
        /// The organisation's exposure.
        Exposure = "exposure",
        /// A remediation, by its id.
        Remediation = "remediation",
        /// One assessment.
        Assessment = "assessment",
    }
}

impl EventKind {
    /// Whether a rule's least severity and *exploited only* hold it back. The others are of no vulnerability,
    /// so that nothing would ever pass.
    pub fn has_severity(self) -> bool {
        matches!(
            self,
            Self::NewVulnerability
                | Self::VulnerabilityExploited
                | Self::PublicExploit
                | Self::EpssRose
                | Self::FixAvailable
                | Self::SoftwareAdded
                | Self::VulnerabilityFixed
        )
    }

    /// Whether it is of no device, and everybody who reads vulnerabilities may know: what feeds tell is about
    /// nobody.
    pub fn is_for_everybody(self) -> bool {
        matches!(self, Self::FeedTrouble | Self::FeedRecovered)
    }

    /// Whether it is of the organisation as a whole; somebody who is limited to device groups is not told.
    pub fn is_of_the_whole(self) -> bool {
        matches!(self, Self::FirstAssessment | Self::ExposureChanged | Self::ManyEvents)
    }
}

/// A severity as a number that rises with it; one that nobody has scored counts between low and medium, and an
/// empty one is below all.
pub fn severity_rank(severity: &str) -> u8 {
    match severity {
        "critical" => 6,
        "high" => 5,
        "medium" => 4,
        "none" => 1,
        "low" => 2,
        "" => 0,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_back_and_no_other() {
        for kind in EventKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
            assert_eq!(serde_json::to_value(kind).expect("JSON"), kind.as_str());
        }
        for subject in SubjectType::ALL {
            assert_eq!(subject.as_str().parse(), Ok(*subject));
        }
        assert!("Exposure".parse::<SubjectType>().is_err());
        assert_eq!(EventKind::WORDS.len(), EventKind::ALL.len());
    }

    #[test]
    fn what_nobody_scored_is_above_low() {
        let order = ["", "none", "low", "unknown", "medium", "high", "critical"];
        assert!(order.windows(2).all(|w| severity_rank(w[0]) < severity_rank(w[1])));
    }
}
