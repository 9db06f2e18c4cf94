use std::path::{Path, PathBuf};
use std::process::Command;

use palisade_estate::edr::{page, products_known, take, tidy, with_lists};
use proptest::prelude::*;

use super::bits::{Tree, have, skipped};

fn file(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

fn blessed(relative: &str, fresh: impl FnOnce(&str) -> String) {
    let path = file(relative);
    let kept = std::fs::read_to_string(&path).expect("readable");
    let fresh = fresh(&kept);
    if std::env::var_os("PALISADE_BLESS").is_some() {
        std::fs::write(&path, &fresh).expect("written");
        return;
    }
    assert!(kept == fresh, "{relative} differs from the catalogue: run with PALISADE_BLESS=1");
}

#[test]
fn the_scripts_lists_are_the_catalogues() {
    blessed("data/edr-facts.sh", |kept| with_lists(kept, products_known()).expect("a place for the lists"));
}

#[test]
fn the_page_has_the_catalogues_tables() {
    blessed("../../docs/edr.md", |kept| {
        let mark = "<!-- made from crates/estate/data/security-products.toml -->\n";
        let (head, _) = kept.split_once(mark).expect("a place for the tables");
        format!("{head}{mark}\n{}", page(products_known()))
    });
}

#[test]
fn shells_and_a_linter_accept_the_script() {
    let script = file("data/edr-facts.sh");
    for shell in [&["sh"][..], &["dash"], &["bash", "--posix"], &["busybox", "sh"]] {
        if !have(shell[0]) {
            continue;
        }
        let out = Command::new(shell[0]).args(&shell[1..]).arg("-n").arg(&script).output().expect("starts");
        assert!(out.status.success(), "{shell:?}: {}", String::from_utf8_lossy(&out.stderr));
    }
    if !have("shellcheck") {
        return skipped("needs shellcheck");
    }
    let out =
        Command::new("shellcheck").args(["-s", "sh", "-S", "style"]).arg(&script).output().expect("starts");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stdout));
}

/// The texts of all sources that are files, as somebody may have written them.
fn texts() -> impl Strategy<Value = String> {
    let mark = prop_oneof![
        Just("<address>"),
        Just("<!-- <address>"),
        Just("status="),
        Just("\"enforcementLevel\""),
        Just("\"scans\""),
        Just("\"endTime\":"),
        Just("\"EndTime\" : \""),
        Just("\"type\":\"quick\""),
        Just("\"type\": \"full\""),
        Just("}"),
        Just("\n"),
        Just("\t"),
        Just(" "),
        Just("<"),
        Just(","),
        Just("["),
        Just("\""),
        Just("'"),
        Just("connected"),
        Just("1764000000000"),
        Just("17"),
        Just("00000000000000000001"),
        Just("é"),
        Just("\\n"),
        Just("%s"),
        Just("$(id)"),
        Just("\r\n"),
        Just("passive"),
    ];
    prop::collection::vec(mark, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// What the script takes from files with awk is what the sensor takes with Rust.
    #[test]
    fn the_script_and_the_sensor_take_the_same_values(texts in prop::collection::vec(texts(), 8)) {
        let tree = Tree::new();
        let mut expected = Vec::new();
        let files = products_known().all.iter().flat_map(|p| p.sources.iter().map(move |s| (p, s)));
        for ((product, source), text) in files.filter(|(_, s)| s.file.is_some()).zip(&texts) {
            tree.file(source.file.as_deref().unwrap_or_default().trim_start_matches('/'), text);
            for spec in &source.values {
                let value = take(text, spec).map(|v| tidy(&v)).filter(|v| !v.is_empty());
                expected.extend(value.map(|v| (format!("{}.{}.{}", product.id, source.id, spec.key), v)));
            }
        }
        let found: Vec<(String, String)> = tree.look().values.into_iter().collect();
        expected.sort();
        prop_assert_eq!(found, expected, "{:?}", texts);
    }
}
