use super::*;
use crate::builtin;
use crate::report::State;

fn seen(n: usize) -> Seen {
    Seen {
        state: State::NotCompliant,
        reason: None,
        observed: "o".repeat(n),
        expected: "e".repeat(n),
        evidence: vec![Evidence { path: "p".repeat(n), line: Some(1) }],
    }
}

#[test]
fn a_told_run_is_read_as_it_was_and_never_larger_than_the_bound() {
    let mut told = Told { profile: "server-level1".into(), revision: "2-ab".into(), ..Told::default() };
    told.checks.insert("ssh.x".into(), seen(10));
    assert_eq!(serde_json::from_str::<Told>(&told.body()).expect("reads"), told);
    assert_eq!(told.part(), "baseline/server-level1");
    for n in 0..2000 {
        told.checks.insert(format!("topic.{n}"), seen(300));
    }
    let body = told.body();
    assert!(body.len() <= MAX_TOLD, "{} bytes", body.len());
    let read: Told = serde_json::from_str(&body).expect("reads");
    assert_eq!(read.checks.len(), 2001, "every check keeps its state");
}

#[test]
fn an_assignment_is_taken_only_if_it_can_be_run() {
    let code = |text: &str| Assignment::read(text, builtin()).map_err(|e| e.code());
    let with = |name: &str, checks: &str| {
        format!(
            "{{\"revision\":\"1-a\",\"profile\":{{\"format\":\"palisade-baseline-profile/1\",\"name\":\"{name}\",\
             \"title\":\"T\",\"checks\":[\"{checks}\"]}}}}"
        )
    };
    let all = |list: &[String]| format!("{{\"profiles\":[{}]}}", list.join(","));
    assert!(code(&all(&[])).is_ok());
    assert!(code(&all(&[with("a", "ssh.*"), with("b", "audit.*")])).is_ok());
    assert_eq!(code(&all(&[with("a", "ssh.*"), with("a", "audit.*")])), Err("baseline_duplicate"));
    assert_eq!(code(&all(&[with("a", "none.*")])), Err("baseline_unknown_check"));
    assert_eq!(code(&all(&[with("A b", "ssh.*")])), Err("baseline_name"));
    let many: Vec<String> = (0..9).map(|n| with(&format!("p{n}"), "ssh.*")).collect();
    assert_eq!(code(&all(&many)), Err("baseline_profile"));
    assert_eq!(code("{}"), Err("baseline_syntax"));
    assert_eq!(code(&" ".repeat(MAX_ASSIGNMENT + 1)), Err("baseline_too_large"));
}

#[test]
fn each_family_has_its_profile() {
    let os = |id: &str, like: &[&str]| Os {
        id: id.into(),
        id_like: like.iter().map(|l| (*l).to_owned()).collect(),
        ..Os::default()
    };
    assert_eq!(default_profile(&os("linuxmint", &["ubuntu", "debian"])), "debian-server-level1");
    assert_eq!(default_profile(&os("rocky", &["rhel", "centos", "fedora"])), "rhel-server-level1");
    assert_eq!(default_profile(&os("alpine", &[])), "server-level1");
    for name in ["debian-server-level1", "rhel-server-level1", "server-level1"] {
        assert!(builtin().profile(name).is_ok());
    }
}
