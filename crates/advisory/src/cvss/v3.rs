//! Versions 3.0 and 3.1 (FIRST, specification documents, section 7 and appendix A).

use super::{CvssError, Metrics};

const IMPACT: &[(&str, f64)] = &[("N", 0.0), ("L", 0.22), ("H", 0.56)];
const REQUIREMENT: &[(&str, f64)] = &[("X", 1.0), ("L", 0.5), ("M", 1.0), ("H", 1.5)];
const VECTOR: &[(&str, f64)] = &[("N", 0.85), ("A", 0.62), ("L", 0.55), ("P", 0.2)];
const COMPLEXITY: &[(&str, f64)] = &[("L", 0.77), ("H", 0.44)];
const PRIVILEGES: &[(&str, f64)] = &[("N", 0.85), ("L", 0.62), ("H", 0.27)];
const PRIVILEGES_CHANGED: &[(&str, f64)] = &[("N", 0.85), ("L", 0.68), ("H", 0.5)];
const INTERACTION: &[(&str, f64)] = &[("N", 0.85), ("R", 0.62)];

pub(super) fn scores(m: &Metrics<'_>, v31: bool) -> Result<(f64, Option<f64>, Option<f64>), CvssError> {
    let exploit = [("X", 1.0), ("U", 0.91), ("P", 0.94), ("F", 0.97), ("H", 1.0)];
    let exploit = m.weight("E", &exploit, Some(1.0))?;
    let remedy = [("X", 1.0), ("O", 0.95), ("T", 0.96), ("W", 0.97), ("U", 1.0)];
    let remedy = m.weight("RL", &remedy, Some(1.0))?;
    let report = m.weight("RC", &[("X", 1.0), ("U", 0.92), ("R", 0.96), ("C", 1.0)], Some(1.0))?;
    let later = |score: f64| round_up(score * exploit * remedy * report);
    let base = group(m, false, v31)?;
    Ok((base, Some(later(base)), Some(later(group(m, true, v31)?))))
}

/// The base score, or with the modified metrics and the requirements in the place of the base ones.
fn group(m: &Metrics<'_>, modified: bool, v31: bool) -> Result<f64, CvssError> {
    let weight = |name: &'static str, own: &'static str, values: &[(&str, f64)]| match m.get(own) {
        Some(value) if modified && value != "X" => m.weight(own, values, None),
        _ => m.weight(name, values, None),
    };
    let scope = match m.get("MS") {
        Some(value) if modified && value != "X" => Some(value),
        _ => m.get("S"),
    };
    let changed = match scope {
        Some("C") => true,
        Some("U") => false,
        _ => return Err(CvssError("its scope is missing or unknown")),
    };
    let privileges = if changed { PRIVILEGES_CHANGED } else { PRIVILEGES };
    let exploitability = 8.22
        * weight("AV", "MAV", VECTOR)?
        * weight("AC", "MAC", COMPLEXITY)?
        * weight("PR", "MPR", privileges)?
        * weight("UI", "MUI", INTERACTION)?;
    let mut kept = 1.0;
    for (name, own, requirement) in [("C", "MC", "CR"), ("I", "MI", "IR"), ("A", "MA", "AR")] {
        let asked = m.weight(requirement, REQUIREMENT, Some(1.0))?;
        kept *= 1.0 - weight(name, own, IMPACT)? * if modified { asked } else { 1.0 };
    }
    let lost = if modified { (1.0_f64 - kept).min(0.915) } else { 1.0 - kept };
    let impact = match (changed, modified && v31) {
        (false, _) => 6.42 * lost,
        (true, false) => 7.52 * (lost - 0.029) - 3.25 * (lost - 0.02).powi(15),
        (true, true) => 7.52 * (lost - 0.029) - 3.25 * (lost * 0.9731 - 0.02).powi(13),
    };
    if impact <= 0.0 {
        return Ok(0.0);
    }
    let sum = impact + exploitability;
    Ok(round_up(if changed { (1.08 * sum).min(10.0) } else { sum.min(10.0) }))
}

/// Up to one decimal, as 3.1's appendix A does it: what binary fractions add does not count.
fn round_up(value: f64) -> f64 {
    let tenths = (value * 100_000.0).round() / 10_000.0;
    (tenths - 1e-9).ceil().max(0.0) / 10.0
}
