use std::collections::BTreeSet;

use crate::health::{Cause, Code, Evidence, Kind, Source, catalogue};

#[test]
fn the_file_and_the_enum_are_the_same_list() {
    let file: Vec<Code> = catalogue().findings.iter().map(|e| e.code).collect();
    assert_eq!(file, Code::ALL, "same codes in the same order");
    for code in Code::ALL {
        assert_eq!(code.entry().code, *code);
        assert_eq!(code.as_str().parse(), Ok(*code));
        assert!(code.as_str().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{code}");
        let json = serde_json::to_value(code).expect("encodes");
        assert_eq!(serde_json::from_value::<Code>(json).expect("decodes"), *code);
    }
    assert!("unknown".parse::<Code>().is_err());
}

#[test]
fn every_entry_says_what_is_the_case_and_what_to_do() {
    for e in &catalogue().findings {
        assert!(e.title.len() > 10 && !e.title.ends_with('.'), "{}: the title is no sentence", e.code);
        assert!(e.message.ends_with('.') && e.remediation.ends_with('.'), "{}", e.code);
        assert!(!e.raised_by.is_empty(), "{}", e.code);
        assert!(e.raise_after_s <= 600 && e.clear_after_s <= 3600, "{}", e.code);
        let braces = e.message.matches('{').count();
        assert_eq!(e.placeholders().count(), braces, "{}: unclosed brace", e.code);
        for word in e.placeholders() {
            assert!(word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}: {word}", e.code);
        }
        if e.kind == Kind::NotApplicable {
            assert_eq!((e.raise_after_s, e.clear_after_s), (0, 0), "{} is a fact, not noise", e.code);
        }
    }
}

#[test]
fn what_is_covered_is_covered_once_or_knowingly_twice() {
    let mut seen = BTreeSet::new();
    for raised in catalogue().elsewhere.iter().flat_map(|e| &e.raises) {
        assert!(catalogue().covering(raised).is_none(), "{raised} is a finding and is none");
        assert!(seen.insert(raised), "{raised} is listed twice");
    }
    for e in &catalogue().findings {
        let own: BTreeSet<_> = e.covers.iter().collect();
        assert_eq!(own.len(), e.covers.len(), "{} lists something twice", e.code);
    }
}

#[test]
fn a_message_is_filled_from_its_evidence() {
    let cause = Cause::provisioning(Code::UnsupportedVersion)
        .with("distribution", "Debian")
        .with("version", "10\n<b>")
        .with("supported", "12, 13");
    assert_eq!(cause.message(), "The machine runs Debian 10 <b>; supported are 12, 13.");
    let bare = Cause::new(Code::ClientOs, Source::Provisioning);
    assert_eq!(bare.message(), "The machine runs ?, which is for people and not for servers.");
    let long = Evidence::default().with("detail", "é".repeat(5000));
    assert!(long.get("detail").is_some_and(|d| d.len() <= 1000 && d.starts_with('é')));
}
