//! What a sensor says about its own parts, as causes.

use serde::{Deserialize, Serialize};

use super::{Cause, Code, Source};

/// A part of the sensor as its heartbeat describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// Its name, such as `process`.
    pub name: String,
    /// `ok`, `degraded`, `failed` or `off`.
    pub state: String,
    /// What is to be known about it.
    #[serde(default)]
    pub detail: String,
    /// By what it works.
    #[serde(default)]
    pub mechanism: String,
}

/// What a part's state raises. A part that is `off` was switched off by a person, except that a
/// capture group never is.
fn code_of(name: &str, state: &str) -> Option<Code> {
    let bad = match state {
        "failed" => true,
        "degraded" => false,
        "off" if matches!(name, "capture" | "process" | "network" | "file") => true,
        _ => return None,
    };
    Some(match (name, bad) {
        ("capture", _) => Code::CaptureOff,
        ("process", true) => Code::CaptureProcessOff,
        ("network", true) => Code::CaptureNetworkOff,
        ("file", true) => Code::CaptureFileOff,
        ("security", true) => Code::CaptureSecurityOff,
        ("process" | "network" | "file" | "security", false) => Code::CaptureDegraded,
        ("prevention", true) => Code::PreventionOff,
        ("prevention", false) => Code::PreventionWeakened,
        ("content", true) => Code::ContentRefused,
        ("content", false) => Code::ContentOld,
        ("connection", true) => Code::ConnectionFailing,
        // Only that there was no answer yet, which a heartbeat that arrived disproves.
        ("connection", false) => return None,
        ("orders", _) => Code::OrdersUnavailable,
        ("certificate", true) => Code::CertificateEnded,
        ("certificate", false) => Code::CertificateRenewalFailing,
        ("spool", true) => Code::SpoolFailed,
        ("spool", false) => Code::SpoolNearlyFull,
        ("disk", _) => Code::DiskLow,
        ("clock", _) => Code::ClockDiffers,
        ("budget", _) => Code::OverBudget,
        ("installation", _) => Code::InstallationDamaged,
        ("safe_mode", _) => Code::SafeMode,
        ("disarmed", _) => Code::Disarmed,
        // A part of a newer sensor that this server does not know yet.
        (_, true) => Code::ComponentFailed,
        (_, false) => return None,
    })
}

/// The causes that a heartbeat's parts give; at most one for each code.
pub fn causes_of(components: &[Component]) -> Vec<Cause> {
    let mut causes: Vec<Cause> = Vec::new();
    for part in components {
        let Some(code) = code_of(&part.name, &part.state) else { continue };
        let detail = if part.detail.is_empty() { "no detail was given" } else { &part.detail };
        if let Some(known) = causes.iter_mut().find(|c| c.code == code) {
            // Several parts, one finding: it names them all.
            let all = |key: &str, more: &str| format!("{}, {more}", known.evidence.get(key).unwrap_or("?"));
            let (names, details) = (all("component", &part.name), all("detail", detail));
            known.evidence =
                std::mem::take(&mut known.evidence).with("component", names).with("detail", details);
            continue;
        }
        let mut cause = Cause::new(code, Source::Sensor)
            .with("component", &part.name)
            .with("mechanism", if part.mechanism.is_empty() { "none" } else { &part.mechanism })
            .with("detail", detail);
        match code {
            Code::InstallationDamaged => cause = cause.with("missing", detail),
            // The detail begins with the moment.
            Code::Disarmed => cause = cause.with("since", detail),
            _ => {}
        }
        causes.push(cause);
    }
    causes
}
