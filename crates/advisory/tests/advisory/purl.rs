//! Package URLs against the specification's own tests.

use palisade_advisory::Purl;
use serde_json::Value;

/// Rows that contradict others of the same file: input and reason.
const DISPUTED: &[(&str, &str)] = &[(
    "pkg:gem/jruby-launcher@1.1.2?Platform=java",
    "keys do not distinguish case; the rows for maven (repositorY_url) and rpm (Arch) are read",
)];

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn built(parts: &Value) -> Result<Purl, palisade_advisory::PurlError> {
    let qualifiers = parts["qualifiers"].as_object().into_iter().flatten();
    Purl {
        kind: text(&parts["type"]),
        namespace: text(&parts["namespace"]),
        name: text(&parts["name"]),
        version: text(&parts["version"]),
        qualifiers: qualifiers.map(|(k, v)| (k.clone(), text(v))).collect(),
        subpath: text(&parts["subpath"]),
    }
    .canonical()
}

#[test]
fn specification_tests() -> anyhow::Result<()> {
    let Some(path) = crate::data::shared("versions/purl.jsonl") else { return Ok(()) };
    let mut wrong = Vec::new();
    let mut rows = 0;
    for line in std::fs::read_to_string(path)?.lines() {
        let row: Value = serde_json::from_str(line)?;
        if DISPUTED.iter().any(|(input, _)| row["input"] == *input) {
            continue;
        }
        rows += 1;
        let said = match &row["input"] {
            Value::String(input) => Purl::parse(input),
            parts => built(parts),
        };
        let right = match (&said, &row["expected_output"]) {
            (Err(_), _) => row["expected_failure"] == true,
            (Ok(purl), Value::String(canonical)) => purl.to_string() == *canonical,
            (Ok(purl), parts @ Value::Object(_)) => Some(purl) == built(parts).ok().as_ref(),
            (Ok(_), _) => false,
        };
        if !right {
            wrong.push(format!("{}: {} => {said:?}", row["description"], row["input"]));
        }
        if let Ok(purl) = said {
            assert_eq!(Purl::parse(&purl.to_string()), Ok(purl));
        }
    }
    assert!(wrong.is_empty(), "{} of {rows}:\n{}", wrong.len(), wrong.join("\n"));
    Ok(())
}

#[test]
fn a_scope_is_no_version() {
    let purl = Purl::parse("pkg:npm/@angular/core").expect("a scope without a version");
    assert_eq!(
        (purl.namespace.as_str(), purl.name.as_str(), purl.version.as_str()),
        ("@angular", "core", "")
    );
    assert!(Purl::parse("pkg:npm/%zz").is_err() && Purl::parse("pkg:npm").is_err());
}
