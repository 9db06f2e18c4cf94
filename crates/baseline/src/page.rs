//! The page that shows every check, made from the catalogue.

use std::fmt::Write;

use crate::catalogue::Catalogue;
use crate::check::Check;
use crate::parameter::Parameter;

/// `docs/baseline-checks.md`.
pub fn catalogue(catalogue: &Catalogue) -> String {
    let mut out = format!(
        "# Baseline checks\n\nMade from `crates/baseline/checks/*.toml`; do not edit. {} checks in {} profiles.\n\n\
         How they are run and read: [baseline.md](baseline.md). Level 1 is for every server, level 2 adds what\n\
         puts security before comfort. Ids of other catalogues are given where the same is meant.\n\n## Profiles\n\n\
         | profile | what | checks |\n|---|---|---|\n",
        catalogue.checks.len(),
        catalogue.profiles.len()
    );
    for p in catalogue.profiles.values() {
        let n = catalogue.selected(p).map_or(0, |all| all.len());
        let _ = writeln!(out, "| `{}` | {} | {n} |", p.name, p.title);
    }
    let mut topic = "";
    for check in &catalogue.checks {
        let own = check.id.split('.').next().unwrap_or_default();
        if own != topic {
            topic = own;
            let _ = write!(out, "\n## {topic}\n");
        }
        one(&mut out, check);
    }
    out
}

fn one(out: &mut String, check: &Check) {
    let _ = write!(out, "\n### `{}`\n\n**{}** {}\n\n{}\n\n", check.id, check.title, check.why, check.fix);
    let mut facts = vec![format!("severity {}", check.severity.as_str()), format!("level {}", check.level)];
    let refs = &check.refs;
    for (name, ids) in [
        ("CIS", &refs.cis),
        ("STIG", &refs.stig),
        ("CCE", &refs.cce),
        ("NIST", &refs.nist),
        ("ATT&CK", &refs.attack),
    ] {
        if !ids.is_empty() {
            facts.push(format!("{name} {}", ids.join(", ")));
        }
    }
    let _ = writeln!(out, "{}.", facts.join("; "));
    for (name, p) in &check.params {
        let _ = writeln!(out, "\n- `{name}`: {}; {}.", p.what, range(p));
    }
}

fn range(p: &Parameter) -> String {
    let mut out = format!("default {}", p.default);
    match (p.min, p.max) {
        (Some(min), Some(max)) => {
            let _ = write!(out, ", {min} to {max}");
        }
        (Some(min), None) => {
            let _ = write!(out, ", at least {min}");
        }
        (None, Some(max)) => {
            let _ = write!(out, ", at most {max}");
        }
        (None, None) => {}
    }
    if !p.one_of.is_empty() {
        let _ = write!(out, ", one of {}", p.one_of.join(", "));
    }
    out
}
