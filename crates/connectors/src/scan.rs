//! What a scan of a machine without a sensor is given, and what comes of it.

use std::time::Duration;

use palisade_estate::agentless::ScanCode;
use palisade_estate::machine::OsFacts;

use crate::connector::Artefact;
use crate::error::ConnectorError;
use crate::said::Said;

/// The most bytes of an inventory that are taken from a machine.
pub const MAX_INVENTORY: usize = 32 << 20;
/// The most bytes of a machine's words in a message.
const MAX_WORDS: usize = 300;

/// What a scan needs.
#[derive(Clone, Debug)]
pub struct ScanWork {
    /// The sensor's executable, which reads the machine and is removed again.
    pub sensor: Artefact,
    /// How long it may take, with the way there.
    pub limit: Duration,
}

/// What a machine answered. Nothing in it is believed: the inventory is read by whoever takes it.
#[derive(Clone, Debug)]
pub struct Scanned {
    /// The inventory's JSON, as it came.
    pub inventory: Vec<u8>,
    /// Whether it was read as root.
    pub root: bool,
    /// As whom.
    pub user: String,
    /// Why that user could not become root; empty where it did, or where nobody tried.
    pub sudo_refused: String,
    /// Whether the scanner says that it read everything.
    pub whole: bool,
    /// What the machine's firmware says it is; empty where that cannot be read.
    pub hardware_id: String,
    /// The system, by its own words.
    pub os: OsFacts,
}

/// A scan that gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ScanFailed {
    /// The stable code: one of scans, or that of the finding which the way to the machine gives.
    pub code: &'static str,
    /// For people.
    pub message: String,
}

impl ScanFailed {
    /// With a code of scans.
    pub fn of(code: ScanCode, message: impl Into<String>) -> Self {
        Self { code: code.as_str(), message: message.into() }
    }
}

impl From<ConnectorError> for ScanFailed {
    fn from(error: ConnectorError) -> Self {
        match &error {
            ConnectorError::TimedOut { limit, .. } => {
                Self::of(ScanCode::TimedOut, format!("The scan did not end within {} s.", limit.as_secs()))
            }
            _ => Self { code: error.code().as_str(), message: error.cause().message() },
        }
    }
}

fn words(text: &str) -> String {
    let line = text.lines().rev().map(str::trim).find(|l| !l.is_empty()).unwrap_or("it said nothing");
    line.chars().filter(|c| !c.is_control()).take(MAX_WORDS).collect()
}

/// What a whole answer of the script comes to.
pub(crate) fn outcome(said: &Said, inventory: Vec<u8>) -> Result<Scanned, ScanFailed> {
    let failed = |code, message: String| Err(ScanFailed::of(code, message));
    match said.get("why") {
        "" => {}
        "architecture" => {
            let found = words(said.get("architecture"));
            return failed(
                ScanCode::Architecture,
                format!("Its processor is {found}; the scanner runs on x86_64."),
            );
        }
        "system" => {
            return failed(ScanCode::System, format!("It runs {}, not Linux.", words(said.get("system"))));
        }
        "tools" => {
            return failed(
                ScanCode::ToolsMissing,
                format!("It has no {}.", words(said.get("tools_missing"))),
            );
        }
        "place" => {
            let refused = words(said.get("refused"));
            return failed(ScanCode::NoFolder, format!("No folder takes and runs a program: {refused}"));
        }
        "damaged" => {
            let found = words(said.get("found"));
            return failed(ScanCode::Damaged, format!("The scanner that arrived has the digest {found}."));
        }
        _ => return failed(ScanCode::Invalid, "It gave a reason that is none of ours.".into()),
    }
    if said.get("late") == "1" {
        return failed(
            ScanCode::TimedOut,
            "The scanner did not end in time and was ended on the machine.".into(),
        );
    }
    let err = words(said.get("err"));
    match said.number("exit") {
        Some(0 | 2) => {}
        Some(126 | 127) => return failed(ScanCode::Refused, format!("It could not be run: {err}")),
        // The kernel's limit on processor time.
        Some(152) => return failed(ScanCode::TimedOut, "It used up the processor time that it has.".into()),
        Some(code @ 129..=192) => {
            return failed(ScanCode::Failed, format!("It was ended by signal {}: {err}", code - 128));
        }
        Some(code) => return failed(ScanCode::Failed, format!("It ended with exit code {code}: {err}")),
        None => return failed(ScanCode::Invalid, "It did not say how the scanner ended.".into()),
    }
    Ok(Scanned {
        inventory,
        root: said.get("uid") == "0",
        user: words(said.get("user")),
        sudo_refused: match said.get("sudo_refused") {
            "" => String::new(),
            refused => words(refused),
        },
        whole: said.number("exit") == Some(0),
        hardware_id: said.get("hardware_id").chars().filter(|c| c.is_ascii_graphic()).take(100).collect(),
        os: said.os(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(lines: &str) -> Said {
        Said::decode(&format!("begin=n\n{lines}\nend=n\n"), "n")
    }

    fn code(lines: &str) -> &'static str {
        outcome(&said(lines), Vec::new()).expect_err("it should fail").code
    }

    #[test]
    fn each_reason_has_its_code() {
        for (lines, expected) in [
            ("why=architecture", ScanCode::Architecture),
            ("why=system", ScanCode::System),
            ("why=tools\ntools_missing=base64", ScanCode::ToolsMissing),
            ("why=place", ScanCode::NoFolder),
            ("why=damaged\nfound=00", ScanCode::Damaged),
            ("why=whatever", ScanCode::Invalid),
            ("exit=126", ScanCode::Refused),
            ("exit=127", ScanCode::Refused),
            ("exit=137", ScanCode::Failed),
            ("exit=152", ScanCode::TimedOut),
            ("late=1\nexit=137", ScanCode::TimedOut),
            ("exit=1", ScanCode::Failed),
            ("exit=-1", ScanCode::Failed),
            ("uid=0", ScanCode::Invalid),
        ] {
            assert_eq!(code(lines), expected.as_str(), "{lines}");
        }
    }

    #[test]
    fn what_was_read_and_as_whom_is_told() {
        let root = outcome(&said("uid=0\nexit=0"), b"{}".to_vec()).expect("an inventory");
        assert!(root.root && root.whole && root.inventory == b"{}");
        let part = outcome(&said("uid=1000\nexit=2"), Vec::new()).expect("a part");
        assert!(!part.root && !part.whole);
    }

    #[test]
    fn a_machines_words_are_cut_and_without_control_characters() {
        let long = "x".repeat(5000);
        let error =
            outcome(&said(&format!("why=damaged\nfound=a\u{1b}[2J{long}")), Vec::new()).expect_err("damaged");
        assert!(error.message.len() < 400 && !error.message.contains('\u{1b}'), "{}", error.message);
    }

    #[test]
    fn the_way_to_the_machine_keeps_its_own_codes() {
        let limit = Duration::from_secs(7);
        let late = ScanFailed::from(ConnectorError::TimedOut { step: "scan".into(), limit });
        assert_eq!((late.code, late.message.contains("7 s")), ("scan_timed_out", true));
        let gone = ConnectorError::Unreachable { address: "a".into(), detail: "b".into() };
        assert_eq!(ScanFailed::from(gone).code, "connector_unreachable");
    }
}
