//! Every code that another part can raise about a machine is in the catalogue: the parts' sources
//! are read, so that a new code fails here until somebody has written what to do about it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use palisade_estate::health::catalogue;

/// What installers of this kind fail with, as it is known from the field (exit codes of the one
/// that we replace): our own codes cover each cause.
const INSTALLER: &[&str] = &[
    "1", "2", "3", "4", "5", "10", "11", "12", "15", "20", "21", "22", "23", "24", "25", "26", "30", "31",
    "32", "33", "40", "41", "51", "52", "ext52",
];

fn source(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder)];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            match path.is_dir() {
                true => open.push(path),
                false => found.push(path),
            }
        }
    }
    found
}

/// The quoted word that follows each `before` in a text.
fn quoted_after(text: &str, before: &str) -> BTreeSet<String> {
    let joined: String = text.split_whitespace().collect::<Vec<_>>().join(" ").replace("( \"", "(\"");
    joined
        .split(before)
        .skip(1)
        .filter_map(|rest| rest.split_once('"'))
        .map(|(word, _)| word.to_owned())
        .filter(|w| {
            !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        })
        .collect()
}

#[track_caller]
fn covered(part: &str, codes: &BTreeSet<String>, at_least: usize) {
    assert!(
        codes.len() >= at_least,
        "{part}: only {codes:?} were found; does the source look different now?"
    );
    let elsewhere: BTreeSet<&str> =
        catalogue().elsewhere.iter().flat_map(|e| &e.raises).map(String::as_str).collect();
    let missing: Vec<String> = codes
        .iter()
        .map(|c| format!("{part}:{c}"))
        .filter(|raised| catalogue().covering(raised).is_none() && !elsewhere.contains(raised.as_str()))
        .collect();
    assert!(missing.is_empty(), "no entry in crates/estate/data/health-findings.toml covers {missing:?}");
    let listed = catalogue().findings.iter().flat_map(|e| &e.covers).map(String::as_str).chain(elsewhere);
    let stale: Vec<&str> = listed
        .filter(|raised| {
            raised.strip_prefix(part).and_then(|r| r.strip_prefix(':')).is_some_and(|c| !codes.contains(c))
        })
        .collect();
    assert!(stale.is_empty(), "nothing raises {stale:?} any more");
}

#[test]
fn the_known_causes_of_failed_installations() {
    covered("installer", &INSTALLER.iter().map(|c| (*c).to_owned()).collect(), 25);
}

#[test]
fn the_errors_of_the_sensor() {
    covered("sensor", &quoted_after(&source("sensor/src/error.rs"), "=> \""), 8);
}

#[test]
fn the_errors_of_capture() {
    let mut codes = BTreeSet::new();
    for path in
        files("sensor/src/capture").into_iter().filter(|p| !p.to_string_lossy().contains("kernel_tests"))
    {
        let text = std::fs::read_to_string(&path).expect("readable");
        for before in ["CaptureError::io(\"", "CaptureError::other(\"", "CaptureError::last(\""] {
            codes.extend(quoted_after(&text, before));
        }
        // `maps::own` takes the code second.
        for rest in text.split("own(").skip(1) {
            let argument = rest.split(')').next().unwrap_or_default();
            codes.extend(quoted_after(argument, ", \""));
        }
    }
    codes.extend(quoted_after(&source("sensor/src/capture.rs"), "CaptureError::other(\""));
    codes.extend(quoted_after(&source("sensor/src/capture.rs"), "CaptureError::io(\""));
    covered("capture", &codes, 20);
}

#[test]
fn the_refusals_of_ingest() {
    let text = source("ingest/src/refusal.rs");
    let table =
        text.split("codes! {").nth(1).and_then(|t| t.split("\n}").next()).expect("the table of codes");
    covered("ingest", &quoted_after(table, "= \""), 20);
}

#[test]
fn the_refusals_of_orders() {
    covered("order", &quoted_after(&source("wire/src/orders.rs"), "=> \""), 5);
}

#[test]
fn the_parts_of_a_heartbeat() {
    let mut codes = quoted_after(&source("sensor/src/transport/connection.rs"), "component(\"");
    codes.extend(quoted_after(&source("sensor/src/agent/recorder.rs"), "component(\""));
    for file in ["upkeep.rs", "upkeep/budget.rs", "upkeep/files.rs"] {
        codes.extend(quoted_after(&source(&format!("sensor/src/agent/{file}")), "part(\""));
    }
    codes.extend(quoted_after(&source("sensor/src/agent/pump.rs"), "name: \""));
    codes.extend(quoted_after(&source("sensor/src/capture/ladder.rs"), "name: \""));
    // What heartbeats of the next sensors carry; the server knows them already.
    let coming = ["security", "content"];
    codes.extend(coming.map(str::to_owned));
    covered("component", &codes, 12);
}

#[test]
fn the_reasons_of_the_device_list() {
    let text = source("state/src/health.rs");
    let list = text.split("The stable code of the reason:").nth(1).and_then(|t| t.split("pub reason").next());
    let codes: BTreeSet<String> =
        list.expect("the list of reasons").split('`').skip(1).step_by(2).map(str::to_owned).collect();
    covered("state", &codes, 9);
}
