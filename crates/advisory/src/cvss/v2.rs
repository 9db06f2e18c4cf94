//! Version 2.0 (FIRST, "A Complete Guide to the Common Vulnerability Scoring System", 3.2).

use super::{CvssError, Metrics};

const IMPACT: &[(&str, f64)] = &[("N", 0.0), ("P", 0.275), ("C", 0.66)];
const REQUIREMENT: &[(&str, f64)] = &[("ND", 1.0), ("L", 0.5), ("M", 1.0), ("H", 1.51)];
const TEMPORAL: [&str; 3] = ["E", "RL", "RC"];
const ENVIRONMENTAL: [&str; 5] = ["CDP", "TD", "CR", "IR", "AR"];

pub(super) fn scores(m: &Metrics<'_>) -> Result<(f64, Option<f64>, Option<f64>), CvssError> {
    let av = m.weight("AV", &[("L", 0.395), ("A", 0.646), ("N", 1.0)], None)?;
    let ac = m.weight("AC", &[("H", 0.35), ("M", 0.61), ("L", 0.71)], None)?;
    let au = m.weight("Au", &[("M", 0.45), ("S", 0.56), ("N", 0.704)], None)?;
    let [c, i, a] = ["C", "I", "A"].map(|name| m.weight(name, IMPACT, None));
    let (c, i, a) = (c?, i?, a?);
    let [cr, ir, ar] = ["CR", "IR", "AR"].map(|name| m.weight(name, REQUIREMENT, Some(1.0)));
    let (cr, ir, ar) = (cr?, ir?, ar?);
    let exploitability = 20.0 * av * ac * au;
    let base = |impact: f64| {
        let some = if impact == 0.0 { 0.0 } else { 1.176 };
        rounded((0.6 * impact + 0.4 * exploitability - 1.5) * some)
    };
    let exploit =
        m.weight("E", &[("ND", 1.0), ("U", 0.85), ("POC", 0.9), ("F", 0.95), ("H", 1.0)], Some(1.0))?;
    let remedy =
        m.weight("RL", &[("ND", 1.0), ("OF", 0.87), ("TF", 0.9), ("W", 0.95), ("U", 1.0)], Some(1.0))?;
    let report = m.weight("RC", &[("ND", 1.0), ("UC", 0.9), ("UR", 0.95), ("C", 1.0)], Some(1.0))?;
    let temporal = |base: f64| rounded(base * exploit * remedy * report);
    let damage = [("ND", 0.0), ("N", 0.0), ("L", 0.1), ("LM", 0.3), ("MH", 0.4), ("H", 0.5)];
    let damage = m.weight("CDP", &damage, Some(0.0))?;
    let targets = [("ND", 1.0), ("N", 0.0), ("L", 0.25), ("M", 0.75), ("H", 1.0)];
    let targets = m.weight("TD", &targets, Some(1.0))?;
    let own = base(10.41 * (1.0 - (1.0 - c) * (1.0 - i) * (1.0 - a)));
    let adjusted = (10.41 * (1.0 - (1.0 - c * cr) * (1.0 - i * ir) * (1.0 - a * ar))).min(10.0);
    let here = temporal(base(adjusted));
    let here = rounded((here + (10.0 - here) * damage) * targets);
    Ok((own, m.any(&TEMPORAL).then(|| temporal(own)), m.any(&ENVIRONMENTAL).then_some(here)))
}

/// To one decimal; the small addition undoes what binary fractions lose.
fn rounded(value: f64) -> f64 {
    (value * 10.0 + 1e-9).round() / 10.0
}
