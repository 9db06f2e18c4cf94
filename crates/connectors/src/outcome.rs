//! What follows from what a machine answered.

use palisade_estate::health::{Cause, Code, Evidence};
use palisade_estate::provision::{Action, HostReport, HostSensor, Outcome, sensor_said};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::connector::Work;
use crate::error::ConnectorError;
use crate::said::Said;

/// The most pieces of evidence that are taken from a machine.
const MAX_EVIDENCE: usize = 32;

/// The answer of a verb that does something.
#[derive(Deserialize)]
struct Done {
    ok: bool,
    #[serde(default)]
    code: String,
    #[serde(default)]
    evidence: Evidence,
}

fn finding(code: Code) -> Cause {
    Cause::provisioning(code)
}

/// How the work ended, by a whole answer.
pub(crate) fn outcome(said: &Said, work: &Work, address: &str) -> Outcome {
    let url = work.server.url.as_str();
    let action = &work.action;
    let why = said.get("why");
    if why.is_empty() {
        return ran(said, action, url, address);
    }
    let failed = |cause: Cause| Outcome::Failed(cause);
    match (why, action) {
        // Nothing of a sensor is there.
        ("absent", Action::Probe) => Outcome::Probed(HostSensor::Absent),
        ("absent", Action::Offboard) => Outcome::Done,
        ("absent", _) => failed(finding(Code::SensorRemoved)),
        ("damaged", _) => failed(
            finding(Code::PackageDamaged)
                .with("found", said.get("found"))
                .with("needed", &work.sensor.sha256),
        ),
        ("download", _) => failed(download(said, url)),
        // These the report says for itself, in the catalogue's words.
        ("privileges" | "system" | "architecture" | "tools" | "place", Action::Preflight) => {
            Outcome::Looked(Box::new(said.report(&work.path, url)))
        }
        ("privileges", _) => failed(privileges(said)),
        ("tools", _) => failed(finding(Code::HostToolMissing).with("tool", said.get("tools_missing"))),
        ("system", _) => failed(
            finding(Code::NoSensorForOs).with("os", format!("{} {}", said.get("system"), said.get("kernel"))),
        ),
        ("architecture", _) => failed(
            finding(Code::UnsupportedArchitecture)
                .with("architecture", said.get("architecture"))
                .with("supported", "x86_64"),
        ),
        ("place" | "notes", _) => {
            let detail = match said.get("refused") {
                "" => "no folder of /run, /dev/shm, /tmp and /var/tmp can be written",
                refused => refused,
            };
            failed(finding(Code::InstallPathUnusable).with("path", &work.path).with("detail", detail))
        }
        _ => failed(unusable(address, "it gave an unknown reason")),
    }
}

fn unusable(address: &str, detail: &str) -> Cause {
    ConnectorError::answer(address, detail).cause()
}

fn privileges(said: &Said) -> Cause {
    let detail = match said.get("sudo_refused") {
        "" => "it is not root",
        refused => refused,
    };
    finding(Code::PrivilegesMissing).with("user", said.get("user")).with("detail", detail)
}

/// What the command that fetches said, as a finding: the exit codes of curl and of GNU wget.
fn download(said: &Said, url: &str) -> Cause {
    let detail = said.get("said");
    let code = match (said.get("fetcher"), said.number("fetched").unwrap_or(0)) {
        ("none", _) => return finding(Code::HostToolMissing).with("tool", "curl or GNU wget"),
        ("curl", 5..=7 | 28) | ("wget", 4) => Code::ServerUnreachable,
        ("curl", 35 | 51 | 53 | 54 | 58 | 59 | 60 | 66 | 77 | 80 | 83 | 90 | 91) | ("wget", 5) => {
            Code::ServerUntrusted
        }
        ("curl", 22) | ("wget", 6) if detail.contains(" 401") || detail.contains(" 403") => {
            return finding(Code::EnrolmentTokenRefused).with("reason", detail);
        }
        _ => Code::DownloadFailed,
    };
    finding(code).with("url", url).with("detail", detail)
}

/// The verb was run: its exit code and its one JSON object.
fn ran(said: &Said, action: &Action, url: &str, address: &str) -> Outcome {
    let out = said.get("out");
    // A verb that could not do its work says why in the same place, and ends with 1.
    if let Some(done) = object::<Done>(out).filter(|done| !done.ok) {
        return Outcome::Failed(failed(done, action));
    }
    if said.get("exit") != "0" {
        return Outcome::Failed(broke(said, url));
    }
    let silent =
        || Outcome::Failed(unusable(address, &format!("the sensor's {} gave no answer", action.name())));
    match action {
        Action::Preflight => match object::<HostReport>(out) {
            Some(report) => Outcome::Looked(Box::new(report)),
            None => silent(),
        },
        Action::Probe => object(out).map_or_else(silent, Outcome::Probed),
        Action::Adopt { .. } => object(out).map_or_else(silent, |sensor| adopted(&sensor)),
        Action::DeployExtension => Outcome::Done,
        Action::Install { .. } | Action::Start | Action::Upgrade { .. } | Action::Offboard => {
            if object::<Done>(out).is_some() {
                Outcome::Done
            } else {
                silent()
            }
        }
    }
}

fn object<T: DeserializeOwned>(out: &str) -> Option<T> {
    serde_json::from_str(out.trim()).ok()
}

/// A sensor that is to be taken over has to be whole and at work.
fn adopted(sensor: &HostSensor) -> Outcome {
    match sensor {
        HostSensor::Absent => Outcome::Failed(finding(Code::SensorRemoved)),
        HostSensor::Present { missing, .. } if !missing.is_empty() => {
            Outcome::Failed(finding(Code::InstallationDamaged).with("missing", missing.join(", ")))
        }
        HostSensor::Present { running: false, .. } => {
            Outcome::Failed(finding(Code::SensorStopped).with("state", "stopped"))
        }
        HostSensor::Present { .. } => Outcome::Done,
    }
}

fn failed(done: Done, action: &Action) -> Cause {
    let code = done.code.parse().unwrap_or(match action {
        Action::Offboard => Code::OffboardingFailed,
        Action::Upgrade { .. } => Code::UpgradeFailed,
        _ => Code::InstallFailed,
    });
    let mut cause = finding(code);
    let evidence = done.evidence.iter().filter(|(key, _)| key.len() <= 40).take(MAX_EVIDENCE);
    cause = evidence.fold(cause, |cause, (key, value)| cause.with(key, value));
    match action {
        Action::Upgrade { from, to } if code == Code::UpgradeFailed => {
            cause.with("from", from).with("to", to)
        }
        _ => cause,
    }
}

/// The verb could not do its work at all.
fn broke(said: &Said, url: &str) -> Cause {
    let err = said.get("err");
    if err.lines().any(|l| l.trim_start().starts_with("palisade-sensor: ")) {
        return sensor_said(err, url);
    }
    let exit = match said.number("exit") {
        Some(126) => "exit code 126: it cannot be run".into(),
        Some(code @ 129..=159) => format!("signal {}", code - 128),
        Some(code) => format!("exit code {code}"),
        None => "no exit code".into(),
    };
    let last = err.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or("it said nothing");
    finding(Code::InstallerFailed).with("exit", exit).with("detail", last)
}

#[cfg(test)]
mod tests;
