use std::collections::BTreeSet;

use crate::edr::catalogue::matches;
use crate::edr::*;

fn all() -> &'static [Product] {
    &products_known().all
}

#[test]
fn the_products_that_people_ask_for_are_there() {
    let asked = [
        "palisade",
        "microsoft_defender",
        "crowdstrike_falcon",
        "sentinelone",
        "sophos",
        "trellix",
        "symantec",
        "cortex_xdr",
        "trend_micro",
        "carbon_black",
        "elastic_defend",
        "elastic_agent",
        "wazuh",
        "ossec",
        "clamav",
        "eset",
        "bitdefender",
        "kaspersky",
        "cybereason",
        "qualys",
        "tenable",
        "osquery",
        "falco",
        "auditd",
        "withsecure",
        "fortiedr",
        "tanium",
        "rapid7",
        "huntress",
        "velociraptor",
        "fapolicyd",
    ];
    let known: BTreeSet<&str> = all().iter().map(|p| p.id.as_str()).collect();
    assert_eq!(known, asked.into_iter().collect());
    assert_eq!(known.len(), all().len(), "no id is there twice");
}

#[test]
fn every_row_can_be_recognised_and_is_whole() {
    for p in all() {
        let absolute = |f: &String| f.starts_with('/') && f.ends_with('/');
        assert!(!p.homes.is_empty() && p.homes.iter().all(absolute), "{}: homes are folders", p.id);
        assert!(!p.processes.is_empty() && p.common.iter().all(|c| p.processes.contains(c)), "{}", p.id);
        assert!(p.units.iter().all(|u| u.ends_with(".service")), "{}", p.id);
        assert!(p.paths.iter().all(|f| f.starts_with('/') && !f.ends_with('/')), "{}", p.id);
        assert!(p.checks.is_empty() || p.kind != Kind::Monitor, "{}: nobody judges a monitor", p.id);
        let answers = matches!(p.permission, Permission::Yes | Permission::Option);
        let observed =
            p.beside == Beside::Observe || matches!(p.id.as_str(), "fapolicyd" | "clamav" | "palisade");
        assert!(!answers || observed, "{}: who answers permission requests is taken into account", p.id);
    }
    assert_eq!(products_known().find(Product::OURS).map(|p| p.beside), Some(Beside::Nothing));
    let common = ["/usr/bin/", "/usr/sbin/", "/sbin/", "/bin/", "/usr/local/bin/", "/usr/local/sbin/"];
    for p in all().iter().filter(|p| p.homes.iter().any(|h| common.contains(&h.as_str()))) {
        assert!(
            p.processes.iter().all(|n| n.len() > 4 || n == "kesl"),
            "{}: too short a name for {:?}",
            p.id,
            p.homes
        );
    }
}

#[test]
fn every_check_can_be_made() {
    let mut codes = BTreeSet::new();
    for p in all() {
        for c in &p.checks {
            assert!(codes.insert(&c.code), "{} is there twice", c.code);
            assert!(c.code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}", c.code);
            assert!(c.says.ends_with('.') && c.says.len() > 15, "{}: in words", c.code);
            let kinds = [c.value.is_some(), !c.newest.is_empty(), c.runs.is_some()];
            assert_eq!(kinds.iter().filter(|k| **k).count(), 1, "{}: one way to decide", c.code);
            assert!(!matches!(c.of, Topic::Running | Topic::Scans), "{}: made by itself", c.code);
            for key in c.value.iter().chain(&c.given) {
                let (source, key) = key.split_once('.').expect("a source and a key");
                let source = p.sources.iter().find(|s| s.id == source).expect("a source of this product");
                assert!(source.values.iter().any(|v| v.key == key), "{}: {key} is read", c.code);
            }
            if c.value.is_some() {
                assert!(!c.good.is_empty() || c.max_days.is_some(), "{}: something is well", c.code);
                assert!(
                    !c.bad.is_empty() || c.max_days.is_some() || c.missing == Missing::Bad,
                    "{}: something is wrong",
                    c.code
                );
            }
            if let Some(name) = &c.runs {
                assert!(p.processes.contains(name), "{}: {name} is one of its processes", c.code);
            }
        }
        let read: usize = p.sources.iter().map(|s| s.values.len()).sum();
        let used: BTreeSet<&String> = p.checks.iter().flat_map(|c| c.value.iter().chain(&c.given)).collect();
        assert_eq!(read, used.len(), "{}: what is read is used", p.id);
    }
}

#[test]
fn nothing_in_the_catalogue_can_get_out_of_the_scripts_quotes() {
    let word = |s: &str| {
        let fine = |b: u8| b.is_ascii_alphanumeric() || b"/._-*@+".contains(&b);
        assert!(!s.is_empty() && s.bytes().all(fine), "{s:?}");
    };
    for p in all() {
        let names = [&p.deb, &p.rpm, &p.units, &p.modules, &p.paths, &p.processes, &p.homes];
        names.into_iter().flatten().for_each(|w| word(w));
        p.checks.iter().flat_map(|c| &c.newest).for_each(|w| word(w));
        for s in &p.sources {
            assert!(s.file.is_some() != s.run.is_some(), "{}.{}: a file or a command", p.id, s.id);
            s.file.iter().for_each(|f| word(f));
            s.run.iter().flat_map(|r| r.split(' ')).for_each(word);
            let absolute = s.file.iter().chain(&s.run).all(|f| f.starts_with('/'));
            assert!(absolute, "{}.{}: a whole path", p.id, s.id);
            word(&s.id);
            for v in &s.values {
                word(&v.key);
                for text in [&v.after, &v.until, &v.when] {
                    let plain = |b: u8| (b' '..=b'~').contains(&b) && !b"'\\|".contains(&b);
                    assert!(text.bytes().all(plain), "{text:?}");
                }
                assert!(!v.after.is_empty());
                if !v.when.is_empty() {
                    let squeezed = |s: &str| s.bytes().all(|b| !b.is_ascii_uppercase() && b != b' ');
                    assert!(squeezed(&v.after) && squeezed(&v.when) && v.until.is_empty(), "{}", v.key);
                }
            }
        }
    }
}

#[test]
fn a_star_stands_for_anything() {
    assert!(matches("falcon-sensor*", "falcon-sensor-bpf") && matches("falcon-sensor*", "falcon-sensor"));
    assert!(!matches("falcon-sensor*", "falcon-senso") && !matches("falcon-sensor*", "my-falcon-sensor"));
    assert!(matches("* Running*", "67918 root Running /opt") && !matches("* Running*", "Running"));
    assert!(matches("*", "") && matches("", "") && !matches("", "a") && matches("é*", "éü"));
}

#[test]
fn reasons_have_states_and_words() {
    for r in Reason::ALL {
        assert!(r.words().ends_with('.') && !r.as_str().is_empty());
        let json = serde_json::to_value(r).expect("encodes");
        assert_eq!(json, r.as_str(), "the stable name is the one in JSON");
    }
    for r in Recommendation::ALL {
        assert_eq!(r.as_str().parse(), Ok(r));
        assert!(r.remediation().ends_with('.') && !r.title().ends_with('.'));
    }
    assert!("else".parse::<Recommendation>().is_err());
}
