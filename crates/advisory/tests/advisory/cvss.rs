//! Scores of vectors against recorded ones.

use palisade_advisory::{Cvss, CvssVersion, Rating};
use serde_json::Value;

/// The numbers of `(9.0, 8.6, None)` or `7.3`.
fn expected(text: &str) -> Vec<Option<f64>> {
    text.trim_matches(['(', ')'])
        .split(',')
        .map(str::trim)
        .filter(|p| !p.is_empty())
        .map(|p| p.parse().ok())
        .collect()
}

#[test]
fn recorded_scores() -> anyhow::Result<()> {
    let Some(path) = crate::data::shared("versions/cvss.jsonl") else { return Ok(()) };
    let mut wrong = Vec::new();
    let mut seen = [0_usize; 4];
    for line in std::fs::read_to_string(path)?.lines() {
        let row: Value = serde_json::from_str(line)?;
        let vector = row["vector"].as_str().unwrap_or_default();
        let expected = expected(&row["expected"].to_string().replace('"', ""));
        match Cvss::parse(vector) {
            Ok(cvss) => {
                let said = [Some(cvss.base), cvss.temporal, cvss.environmental];
                seen[cvss.version as usize] += 1;
                if said[..expected.len()] != expected {
                    wrong.push(format!("{vector}: expected {expected:?}, said {said:?}"));
                }
            }
            Err(e) => wrong.push(format!("{vector}: {e}")),
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(seen.iter().all(|n| *n > 300), "{seen:?}");
    Ok(())
}

#[test]
fn vectors_as_feeds_write_them() {
    let v2 = Cvss::parse("(AV:N/AC:L/Au:N/C:C/I:C/A:C)").expect("brackets");
    assert_eq!((v2.version, v2.base, v2.rating()), (CvssVersion::V2, 10.0, Rating::High));
    let v3 = Cvss::parse("7.0/CVSS:3.1/AV:L/AC:H/PR:N/UI:R/S:U/C:H/I:H/A:H").expect("a score before it");
    assert_eq!((v3.base, v3.rating(), v3.vector.starts_with("CVSS:3.1")), (7.0, Rating::High, true));
    for bad in [
        "",
        "CVSS:9.9/AV:N",
        "AV:N/AC:L",
        "CVSS:3.1/AV:N/AV:N",
        "CVSS:3.1/AV:Q/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N",
    ] {
        assert!(Cvss::parse(bad).is_err(), "{bad}");
    }
}
