//! What keeps a verb from doing its work, as a finding of the estate's catalogue.

use std::path::Path;

use palisade_estate::health::{Cause, Code};
use palisade_estate::provision::sensor_said;

use crate::error::SensorError;

/// A cause, boxed because it is large and rare.
pub type Fault = Box<Cause>;

/// A finding without evidence yet.
pub fn finding(code: Code) -> Cause {
    Cause::provisioning(code)
}

/// An error of the sensor's own as a finding.
pub fn said(error: &SensorError, url: &str) -> Fault {
    let cause = sensor_said(&format!("palisade-sensor: {}: {error}", error.code()), url);
    // `sensor_said` speaks of an enrolment, which the evidence of other findings does not need.
    Box::new(cause.with("version", env!("CARGO_PKG_VERSION")))
}

/// What the file system said to a step, as a finding: a full disk and a folder that cannot be used
/// are told apart from the rest.
pub fn file(step: &'static str, path: &Path, needed: u64) -> impl FnOnce(std::io::Error) -> Fault {
    let path = path.to_owned();
    move |error| {
        use std::io::ErrorKind as Kind;
        let shown = path.display().to_string();
        let detail = format!("{shown}: {error}");
        let cause = match error.kind() {
            Kind::StorageFull | Kind::QuotaExceeded => {
                let mib = |bytes: u64| format!("{} MiB", bytes >> 20);
                finding(Code::DiskInsufficient)
                    .with("path", &shown)
                    .with("found", mib(crate::host::free_bytes(&path)))
                    .with("needed", mib(needed))
            }
            Kind::ReadOnlyFilesystem | Kind::PermissionDenied => {
                finding(Code::InstallPathUnusable).with("path", &shown)
            }
            _ => finding(Code::InstallFailed),
        };
        Box::new(cause.with("step", step).with("detail", detail))
    }
}
