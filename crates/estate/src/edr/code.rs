use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The two recommendations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recommendation {
    /// An EDR solution should be installed.
    EdrInstalled,
    /// Issues in the set-up of EDR solutions should be resolved.
    EdrConfiguration,
}

impl Recommendation {
    /// Both.
    pub const ALL: [Self; 2] = [Self::EdrInstalled, Self::EdrConfiguration];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EdrInstalled => "edr_installed",
            Self::EdrConfiguration => "edr_configuration",
        }
    }

    /// What should be the case.
    pub fn title(self) -> &'static str {
        match self {
            Self::EdrInstalled => "EDR solution should be installed",
            Self::EdrConfiguration => "EDR configuration issues should be resolved",
        }
    }

    /// Why, and what to do, for people.
    pub fn remediation(self) -> &'static str {
        match self {
            Self::EdrInstalled => {
                "Without a product that watches what runs, an intruder on this machine stays unseen. Let \
                 Palisade put its sensor on it, or install another product of the catalogue."
            }
            Self::EdrConfiguration => {
                "A product that is there but does not run, does not scan, has old definitions or reports to \
                 nobody protects less than it seems to. Each failed check says what to change in the product."
            }
        }
    }
}

impl fmt::Display for Recommendation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Recommendation {
    type Err = UnknownRecommendation;

    fn from_str(s: &str) -> Result<Self, UnknownRecommendation> {
        Self::ALL.into_iter().find(|r| r.as_str() == s).ok_or(UnknownRecommendation)
    }
}

/// A text that names no recommendation.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such recommendation")]
pub struct UnknownRecommendation;

/// How a machine stands with a recommendation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It should be acted upon.
    Unhealthy,
    /// It is as it should be.
    Healthy,
    /// It cannot be judged, or does not apply.
    NotApplicable,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Unhealthy, Self::Healthy, Self::NotApplicable];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unhealthy => "unhealthy",
            Self::Healthy => "healthy",
            Self::NotApplicable => "not_applicable",
        }
    }
}

macro_rules! reasons {
    ($($name:ident = $text:literal, $state:ident, $words:literal;)*) => {
        /// Why a machine stands as it does.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Reason { $(#[doc = $words] $name,)* }

        impl Reason {
            /// Every reason.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The stable name.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What it is, for people.
            pub fn words(self) -> &'static str {
                match self { $(Self::$name => $words,)* }
            }

            /// The state that it leads to.
            pub fn state(self) -> State {
                match self { $(Self::$name => State::$state,)* }
            }
        }
    };
}

reasons! {
    EdrFound = "edr_found", Healthy, "An EDR solution is on the machine.";
    NoEdr = "no_edr", Unhealthy, "No EDR solution was found on the machine.";
    OnlyAntivirus = "only_antivirus", Unhealthy, "There is an antivirus program, which detects no intrusion.";
    SensorNotReporting = "sensor_not_reporting", Unhealthy, "Palisade's sensor is on the machine, but it does not report.";
    NothingWrong = "nothing_wrong", Healthy, "No issue was found in what could be seen.";
    Issues = "issues", Unhealthy, "At least one check of a product's set-up fails.";
    NothingSeen = "nothing_seen", NotApplicable, "There is a product, but nothing of its state could be seen.";
    NoProduct = "no_product", NotApplicable, "There is no EDR solution whose set-up could be judged.";
    NeedsPlan = "needs_plan", NotApplicable, "The plan does not include this recommendation.";
    NotSupported = "not_supported", NotApplicable, "Facts can be gathered on Linux only.";
    MachineOff = "machine_off", NotApplicable, "The machine is switched off or gone.";
    NoFacts = "no_facts", NotApplicable, "Nobody has looked at the machine yet.";
    FactsOld = "facts_old", NotApplicable, "The machine was last looked at too long ago.";
    FactsIncomplete = "facts_incomplete", NotApplicable, "What was gathered on the machine did not arrive whole.";
}
