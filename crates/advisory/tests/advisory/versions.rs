//! The order of versions against what each ecosystem's own tool said.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use palisade_advisory::Scheme;
use proptest::prelude::*;
use serde_json::Value;

/// Rows on which we differ, with the reason: `scheme a b reason`.
const DISPUTED: &str = include_str!("../data/disputed-versions.txt");

fn disputed() -> BTreeMap<(String, String, String), String> {
    DISPUTED
        .lines()
        .filter(|l| !l.is_empty() && !l.starts_with('#'))
        .map(|l| {
            let mut parts = l.splitn(4, ' ').map(str::to_owned);
            let mut part = || parts.next().expect("scheme, two versions and a reason");
            ((part(), part(), part()), part())
        })
        .collect()
}

/// No row is disputed that is not there any more, or on which we agree by now.
#[test]
fn every_disputed_row_is_still_disputed() -> anyhow::Result<()> {
    for ((file, a, b), reason) in disputed() {
        assert!(reason.len() > 40, "{file} {a} {b}: say why");
        let Some(path) = crate::data::shared(&format!("versions/{file}.jsonl")) else { return Ok(()) };
        let text = std::fs::read_to_string(path)?;
        let rows = text.lines().map(serde_json::from_str::<Value>).collect::<Result<Vec<_>, _>>()?;
        let row = rows.iter().find(|r| r["a"] == a.as_str() && r["b"] == b.as_str());
        let expected = row.and_then(|r| r["expected"].as_i64()).map(|e| e.cmp(&0));
        let said = Scheme::of(&file).map(|s| s.compare(&a, &b));
        assert!(expected.is_some() && said != expected.map(Ok), "{file} {a} {b} is settled");
    }
    Ok(())
}

/// Every row both ways; returns what differs and is not explained.
fn check(file: &str, scheme: Scheme) -> anyhow::Result<usize> {
    let Some(path) = crate::data::shared(&format!("versions/{file}.jsonl")) else { return Ok(0) };
    let disputed = disputed();
    let mut wrong = Vec::new();
    let mut rows = 0;
    for line in std::fs::read_to_string(path)?.lines() {
        let row: Value = serde_json::from_str(line)?;
        let (a, b) = (row["a"].as_str().unwrap_or_default(), row["b"].as_str().unwrap_or_default());
        let expected = row["expected"].as_i64().unwrap_or_default().cmp(&0);
        rows += 1;
        for (x, y, expected) in [(a, b, expected), (b, a, expected.reverse())] {
            let said = scheme.compare(x, y);
            let key = (file.to_owned(), a.to_owned(), b.to_owned());
            if said.as_ref() != Ok(&expected) && !disputed.contains_key(&key) {
                wrong.push(format!("{x} ? {y}: expected {expected:?}, said {said:?} ({})", row["src"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {rows}:\n{}", wrong.len(), wrong.join("\n"));
    Ok(rows)
}

macro_rules! conformance {
    ($($name:ident $file:literal $scheme:ident $least:literal;)*) => {$(
        #[test]
        fn $name() -> anyhow::Result<()> {
            let rows = check($file, Scheme::$scheme)?;
            assert!(rows == 0 || rows >= $least, "only {rows} rows");
            Ok(())
        }
    )*};
}

conformance! {
    deb "deb" Deb 7000;
    rpm "rpm" Rpm 70;
    rpm_nevra "rpm_nevra" Rpm 3;
    apk "apk" Apk 7000;
    apk_v3tools "apk_v3tools" Apk 300;
    pep440 "pep440" Pep440 6000;
    semver "semver" SemVer 40;
    maven "maven" Maven 7000;
    gem "gem" Gem 2000;
    nuget "nuget" NuGet 10;
    packagist "packagist" Packagist 5000;
    dart "pub" Pub 40;
    cran "cran" Cran 20;
    hackage "hackage" Hackage 3;
}

/// Pieces of which versions are made, so that most texts come close to a real one.
fn versionish() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "0", "1", "2", "10", "007", ".", ".", "-", "_", "+", "~", "^", ":", "!", "a", "b", "rc", "rc1",
        "alpha", "beta", "dev", "post", "pre", "p", "v", "r", "-r1", "SNAPSHOT", "final", "sp", "git", "el9",
        "deb12u1", "é", "Ω",
    ];
    prop::collection::vec(prop::sample::select(PIECES), 1..10).prop_map(|p| p.concat())
}

proptest! {
    #[test]
    fn every_scheme_is_an_order(a in versionish(), b in versionish()) {
        for scheme in Scheme::ALL {
            if let Ok(order) = scheme.compare(&a, &b) {
                prop_assert_eq!(scheme.compare(&b, &a), Ok(order.reverse()), "{:?}", scheme);
                prop_assert_eq!(scheme.compare(&a, &a), Ok(Ordering::Equal), "{:?}", scheme);
            }
        }
    }

    /// Of these the native order is transitive for any text.
    #[test]
    fn order_is_transitive(a in versionish(), b in versionish(), c in versionish()) {
        for scheme in [Scheme::Deb, Scheme::Pep440, Scheme::SemVer, Scheme::Pub, Scheme::NuGet, Scheme::Gem, Scheme::Cran] {
            let (Ok(ab), Ok(bc), Ok(ac)) = (scheme.compare(&a, &b), scheme.compare(&b, &c), scheme.compare(&a, &c))
            else { continue };
            if ab == bc || bc.is_eq() {
                prop_assert_eq!(ac, ab, "{:?}", scheme);
            } else if ab.is_eq() {
                prop_assert_eq!(ac, bc, "{:?}", scheme);
            }
        }
    }
}

#[test]
fn what_is_no_version_says_why() {
    let code = |scheme: Scheme, a: &str| scheme.compare(a, "1").map_err(|e| e.code.as_str());
    assert_eq!(code(Scheme::Deb, " "), Err("version_empty"));
    assert_eq!(code(Scheme::Deb, "x:1"), Err("version_malformed"));
    assert_eq!(code(Scheme::Deb, "-1"), Err("version_malformed"));
    assert_eq!(code(Scheme::Npm, &"1".repeat(2000)), Err("version_too_long"));
    assert_eq!(code(Scheme::Go, "go1.22.1 X:nocoverageredesign"), Ok(Ordering::Greater));
    assert_eq!(Scheme::Go.compare("go1.21rc2", "1.21.0"), Ok(Ordering::Less));
}

#[test]
fn ecosystems_have_schemes() {
    for (name, scheme) in [
        ("Debian:12", Scheme::Deb),
        ("Ubuntu:Pro:22.04:LTS", Scheme::Deb),
        ("Rocky Linux:9", Scheme::Rpm),
        ("SUSE:Linux Enterprise Server 15 SP5", Scheme::Rpm),
        ("Alpine:v3.18", Scheme::Apk),
        ("crates.io", Scheme::SemVer),
        ("PyPI", Scheme::Pep440),
        ("Packagist:https://packages.drupal.org/8", Scheme::Packagist),
        ("RubyGems", Scheme::Gem),
    ] {
        assert_eq!(Scheme::of(name), Some(scheme), "{name}");
    }
    assert_eq!(Scheme::of("Windows"), None);
}
