//! Codes of scans: what is the case, and what to do about it.

use std::fmt;
use std::str::FromStr;

use crate::health;

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal, $title:literal, $fix:literal;)*) => {
        /// Why a machine is not scanned, why a scan failed, or what a scan could not read.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ScanCode { $($(#[doc = $doc])* $name,)* }

        impl ScanCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The stable code.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What is the case, in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// What to do about it.
            pub fn fix(self) -> &'static str {
                match self { $(Self::$name => $fix,)* }
            }
        }
    };
}

codes! {
    /// Switched off for it.
    AgentlessOff = "agentless_off", "Agentless scanning is off",
        "Switch agentless scanning on for the machine's subscription, or for the machine alone.";
    /// Its sensor tells more.
    SensorPresent = "sensor_present", "A sensor tells what the machine holds",
        "Nothing: the sensor's inventory is newer than any scan. A scan is made if it falls silent for seven days.";
    /// Nobody can log in to it.
    NoConnector = "agentless_no_connector", "No SSH connector reaches the machine",
        "Add the machine to the list of an SSH connector. Machines of a cloud's agent and of onboarding scripts cannot be scanned without a sensor.";
    /// Somebody excluded it.
    MachineExcluded = "machine_excluded", "The machine is excluded",
        "End the machine's exclusion, or the rule of its subscription that excludes it.";
    /// Its plan does not include it.
    PlanMissing = "plan_missing", "The plan does not include agentless scanning",
        "Switch Servers Plan 2 or Posture on for the machine's subscription.";
    /// Deleted, or out of service.
    MachineGone = "machine_gone", "The machine is gone",
        "Nothing, unless the machine is there: then let its connector list it again, or take it back into service.";
    /// No program of ours for its processor.
    Architecture = "scan_architecture", "There is no scanner for this processor",
        "Nothing can be done on the machine: the scanner runs on x86_64.";
    /// No Linux.
    System = "scan_system", "There is no scanner for this operating system",
        "Nothing can be done on the machine: the scanner runs on Linux.";
    /// Its shell lacks programs.
    ToolsMissing = "scan_tools_missing", "A basic program is missing on the machine",
        "Install the named programs: they belong to coreutils or busybox.";
    /// No place to run from.
    NoFolder = "scan_no_folder", "No folder lets a program run",
        "Let /dev/shm, /run, /var/tmp or /tmp have room for a program and mount one of them without noexec, or put the sensor on the machine.";
    /// Something changed it on the way.
    Damaged = "scan_damaged", "What arrived is not what was sent",
        "Look for a proxy, a full disk or a product that changes files on the machine; the scan is tried again.";
    /// Something forbids it.
    Refused = "scan_refused", "The machine does not let the scanner run",
        "Allow the scanner in the machine's own control of applications (SELinux, fapolicyd, another security product), or put the sensor on the machine.";
    /// It ended badly.
    Failed = "scan_failed", "The scanner ended with an error",
        "Read the message; run `palisade-sensor inventory` on the machine to see more.";
    /// It took too long.
    TimedOut = "scan_timed_out", "The scan did not end in time",
        "Look at the load of the machine and of the way to it; the scan is tried again.";
    /// Too much.
    TooLarge = "scan_answer_too_large", "The machine answered more than is taken",
        "Put the sensor on the machine, which sends changes only; if it is small, find out who answers there.";
    /// Not of the form.
    Invalid = "scan_answer_invalid", "What the machine answered is no inventory",
        "Find out who answers there: the login may start something else than a shell, or the machine may be hostile.";
    /// Only what everybody may read.
    WithoutRoot = "scan_without_root", "The scan ran without root",
        "Let the connector's user become root by sudo without a password. Until then packages are told, and what only root may read is not: processes of others, password states, some certificates.";
    /// Sources were not read whole.
    Incomplete = "scan_incomplete", "Something could not be read",
        "Look at the sources of the device's inventory, which say what and why.";
}

impl fmt::Display for ScanCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no code of a scan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such code of a scan")]
pub struct UnknownScanCode;

impl FromStr for ScanCode {
    type Err = UnknownScanCode;

    fn from_str(s: &str) -> Result<Self, UnknownScanCode> {
        Self::ALL.iter().copied().find(|c| c.as_str() == s).ok_or(UnknownScanCode)
    }
}

/// A code in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explained {
    /// What is the case.
    pub title: String,
    /// What to do about it.
    pub fix: String,
}

/// What a stored code means: one of ours, or of the catalogue of health where the way to the machine failed.
pub fn explain(code: &str) -> Explained {
    if let Ok(own) = code.parse::<ScanCode>() {
        return Explained { title: own.title().into(), fix: own.fix().into() };
    }
    let entry = code.parse::<health::Code>().ok().map(health::Code::entry);
    entry
        .map_or_else(Explained::default, |e| Explained { title: e.title.clone(), fix: e.remediation.clone() })
}
