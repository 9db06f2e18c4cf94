//! A profile's checks, one after the other.

use palisade_types::TimeMicros;

use crate::catalogue::Catalogue;
use crate::check::Check;
use crate::error::Result;
use crate::host::{Host, cpu};
use crate::parameter::Values;
use crate::probe::{Outcome, Verdict};
use crate::profile::Profile;
use crate::report::{Counts, Evidence, FORMAT, Finding, Report, State};

/// Most places that a result names.
const MAX_EVIDENCE: usize = 20;
/// Most bytes of what was observed.
const MAX_OBSERVED: usize = 600;

/// Runs the checks of `profile` on `host`.
///
/// # Errors
/// When the profile names what the catalogue does not have.
pub fn run(catalogue: &Catalogue, profile: &Profile, host: &Host) -> Result<Report> {
    let before = cpu();
    let mut findings = Vec::new();
    for (check, values) in catalogue.selected(profile)? {
        findings.push(one(check, &values, host));
    }
    let os = host.os();
    Ok(Report {
        format: FORMAT.into(),
        profile: profile.name.clone(),
        taken_us: TimeMicros::now(),
        root: host.root().path().display().to_string(),
        live: host.is_live(),
        system: format!("{} {}", os.id, os.version).trim().to_owned(),
        cpu_ms: u64::try_from((cpu().saturating_sub(before) + host.spent()).as_millis()).unwrap_or(u64::MAX),
        walked: host.walked(),
        counts: Counts::of(&findings),
        findings,
    })
}

/// Runs one check.
pub(crate) fn one(check: &Check, values: &Values, host: &Host) -> Finding {
    let outcome = match check.applies_if.holds(host) {
        Ok(true) => check.probe.run(host, values),
        Ok(false) => Outcome::moot("it does not apply to this system"),
        Err(reason) => Outcome::unknown(reason, "packages"),
    };
    let (state, reason) = match outcome.verdict {
        Verdict::Met => (State::Compliant, None),
        Verdict::Missed => (State::NotCompliant, None),
        Verdict::Moot => (State::NotApplicable, None),
        Verdict::Unknown(reason) => (State::NotEvaluated, Some(reason)),
    };
    let mut evidence: Vec<Evidence> = outcome.evidence;
    evidence.dedup();
    evidence.truncate(MAX_EVIDENCE);
    let fix = if state == State::NotCompliant { check.fix.clone() } else { String::new() };
    Finding {
        id: check.id.clone(),
        title: check.title.clone(),
        severity: check.severity,
        state,
        reason,
        observed: cut(outcome.observed),
        expected: cut(outcome.expected),
        evidence,
        aspects: outcome.aspects.into_iter().map(|(a, met)| (a, of(met))).collect(),
        fix,
        refs: check.refs.clone(),
    }
}

fn of(verdict: Verdict) -> State {
    match verdict {
        Verdict::Met => State::Compliant,
        Verdict::Missed => State::NotCompliant,
        Verdict::Moot => State::NotApplicable,
        Verdict::Unknown(_) => State::NotEvaluated,
    }
}

/// Cuts at the bound, and takes out what a terminal would act upon.
fn cut(text: String) -> String {
    let mut out: String = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if out.len() > MAX_OBSERVED {
        let end = (0..=MAX_OBSERVED).rev().find(|i| out.is_char_boundary(*i)).unwrap_or(0);
        out.truncate(end);
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_shown_is_bounded_and_harmless() {
        let out = super::cut(format!("\u{1b}[2J{}", "ä".repeat(1000)));
        assert!(out.len() <= 604 && !out.contains('\u{1b}') && out.ends_with('…'));
    }
}
