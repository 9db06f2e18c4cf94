//! The page about findings, made from the catalogue.

use std::fmt::Write;

use super::{Catalogue, Kind, Weight};

/// `docs/health-findings.md`.
pub fn page(catalogue: &Catalogue) -> String {
    let mut out = String::from(
        "# Health findings\n\nMade from `crates/estate/data/health-findings.toml`; do not edit.\n\n\
         Each finding has a stable code. A machine is unhealthy while one of its findings of the first two kinds \
         stands, except for notices, which are shown and change nothing. Words in braces are filled from the \
         finding's evidence. A cause must last, or be gone, for the time given before the finding follows; one that \
         comes back within an hour is held longer each time, up to 30 minutes.\n",
    );
    let kinds = [
        (Kind::Installation, "Installation", "The sensor is not on the machine as it should be."),
        (Kind::Heartbeat, "Heartbeat", "The sensor is there, but it does not report, or not everything."),
        (Kind::NotApplicable, "Not applicable", "No sensor belongs on the machine."),
    ];
    for (kind, title, meaning) in kinds {
        let _ = write!(out, "\n## {title}\n\n{meaning}\n");
        for e in catalogue.findings.iter().filter(|e| e.kind == kind) {
            let _ =
                write!(out, "\n### `{}`\n\n**{}.** {}\n\n{}\n", e.code, e.title, e.message, e.remediation);
            let by: Vec<&str> = e.raised_by.iter().map(|s| s.as_str()).collect();
            let _ = write!(out, "\nFound by: {}.", by.join(", "));
            if e.weight == Weight::Notice {
                out.push_str(" A notice.");
            }
            match (e.raise_after_s, e.clear_after_s) {
                (0, 0) => {}
                (raise, 0) => {
                    let _ = write!(out, " Raised after {raise} s.");
                }
                (0, clear) => {
                    let _ = write!(out, " Cleared after {clear} s.");
                }
                (raise, clear) => {
                    let _ = write!(out, " Raised after {raise} s, cleared after {clear} s.");
                }
            }
            out.push('\n');
        }
    }
    out
}
