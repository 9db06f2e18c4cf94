use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use palisade_estate::provision::{Mode, OtherProducts, Requirements, Verdict, preflight};
use palisade_types::TenantId;

use super::*;
use crate::connector::{Artefact, Server};

const NONCE: &str = "ab12";

fn work(action: Action) -> Work {
    let sensor = Artefact { path: "/x".into(), sha256: "a".repeat(64), size: 1 };
    Work::new(action, sensor, Server { url: "https://server:8444".into(), ca_pem: String::new() })
}

fn install() -> Work {
    work(Action::Install { version: "1".into(), mode: Mode::Standard })
}

fn said(lines: &[(&str, &str)]) -> Said {
    let mut answer = format!("begin={NONCE}\n");
    for (key, value) in lines {
        answer += &match *key {
            "why" | "exit" | "uid" | "found" | "fetcher" | "fetched" | "tools_missing" => {
                format!("{key}={value}\n")
            }
            _ => format!("{key}:{}\n", BASE64_STANDARD.encode(value)),
        };
    }
    Said::decode(&format!("{answer}end={NONCE}\n"), NONCE)
}

fn cause(lines: &[(&str, &str)], work: &Work) -> (Code, String) {
    match outcome(&said(lines), work, "host:22") {
        Outcome::Failed(cause) => (cause.code, cause.message()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn verbs_that_do_something_say_so_or_why_not() {
    let ran = |out: &str| said(&[("exit", "0"), ("out", out)]);
    assert_eq!(outcome(&ran(r#"{"ok":true,"version":"1","device":null}"#), &install(), "h"), Outcome::Done);
    let no = r#"{"ok":false,"code":"service_failed","evidence":{"detail":"it ends at once"}}"#;
    let (code, message) = cause(&[("exit", "0"), ("out", no)], &install());
    assert_eq!(
        (code, message.as_str()),
        (Code::ServiceFailed, "The service does not start: it ends at once. The installation was undone.")
    );
    assert_eq!(
        cause(&[("exit", "1"), ("out", no), ("err", "palisade-sensor: x: y")], &install()).0,
        Code::ServiceFailed
    );
    assert_eq!(cause(&[("exit", "1"), ("out", no)], &work(Action::Preflight)).0, Code::ServiceFailed);
    let unknown = r#"{"ok":false,"code":"from_the_future"}"#;
    assert_eq!(cause(&[("exit", "0"), ("out", unknown)], &install()).0, Code::InstallFailed);
    assert_eq!(cause(&[("exit", "0"), ("out", unknown)], &work(Action::Offboard)).0, Code::OffboardingFailed);
    let upgrade = work(Action::Upgrade { from: "1".into(), to: "2".into() });
    let (code, message) = cause(&[("exit", "0"), ("out", unknown)], &upgrade);
    assert_eq!(code, Code::UpgradeFailed);
    assert!(message.contains("from 1 to 2"), "{message}");
    assert_eq!(cause(&[("exit", "0"), ("out", "hello")], &install()).0, Code::ConnectorAnswerInvalid);
}

#[test]
fn what_breaks_is_told() {
    let err = "warning\npalisade-sensor: server_unreachable: no route to host\n";
    assert_eq!(cause(&[("exit", "1"), ("err", err)], &install()).0, Code::ServerUnreachable);
    let (code, message) = cause(&[("exit", "132")], &install());
    assert_eq!(
        (code, message.as_str()),
        (Code::InstallerFailed, "The installer ended with signal 4: it said nothing.")
    );
    assert_eq!(cause(&[("why", "damaged"), ("found", "ff")], &install()).0, Code::PackageDamaged);
    let refused = &[("why", "privileges"), ("user", "ops"), ("sudo_refused", "sudo: a password is required")];
    let (code, message) = cause(refused, &install());
    assert_eq!(code, Code::PrivilegesMissing);
    assert!(message.contains("ops may not become it: sudo: a password is required"), "{message}");
    assert_eq!(
        cause(&[("why", "place"), ("refused", "/tmp runs no programs")], &install()).0,
        Code::InstallPathUnusable
    );
    assert_eq!(cause(&[("why", "tools"), ("tools_missing", "base64")], &install()).0, Code::HostToolMissing);
    assert_eq!(cause(&[("why", "new")], &install()).0, Code::ConnectorAnswerInvalid);
}

#[test]
fn downloads_fail_for_reasons() {
    let code = |fetcher: &str, exit: &str, words: &str| {
        cause(&[("why", "download"), ("fetcher", fetcher), ("fetched", exit), ("said", words)], &install()).0
    };
    assert_eq!(code("curl", "7", "curl: (7) Failed to connect"), Code::ServerUnreachable);
    assert_eq!(code("wget", "4", "failed: Connection refused."), Code::ServerUnreachable);
    assert_eq!(code("curl", "60", "curl: (60) SSL certificate problem"), Code::ServerUntrusted);
    assert_eq!(code("wget", "5", "cannot verify"), Code::ServerUntrusted);
    assert_eq!(code("curl", "22", "The requested URL returned error: 401"), Code::EnrolmentTokenRefused);
    assert_eq!(code("curl", "22", "The requested URL returned error: 503"), Code::DownloadFailed);
    assert_eq!(code("none", "127", ""), Code::HostToolMissing);
}

#[test]
fn a_machine_without_a_sensor_is_told_from_one_that_cannot_have_one() {
    let absent = said(&[("why", "absent")]);
    assert_eq!(outcome(&absent, &work(Action::Probe), "h"), Outcome::Probed(HostSensor::Absent));
    assert_eq!(outcome(&absent, &work(Action::Offboard), "h"), Outcome::Done);
    assert_eq!(cause(&[("why", "absent")], &work(Action::Start)).0, Code::SensorRemoved);

    let tenant: TenantId = "00000000-0000-0000-0000-000000000001".parse().expect("an id");
    let judge = |lines: &[(&str, &str)]| match outcome(&said(lines), &work(Action::Preflight), "h") {
        Outcome::Looked(report) => {
            preflight(&report, &Requirements::default(), OtherProducts::Observe, tenant).verdict
        }
        other => panic!("{other:?}"),
    };
    let os = ("os_release", "ID=debian\nVERSION_ID=12\n");
    let linux = [("system", "Linux"), ("kernel", "6.1.0"), os, ("uid", "0")];
    let arm: Vec<_> =
        linux.iter().copied().chain([("architecture", "aarch64"), ("why", "architecture")]).collect();
    assert!(matches!(judge(&arm), Verdict::NotApplicable(c) if c.code == Code::UnsupportedArchitecture));
    let noexec: Vec<_> = linux
        .iter()
        .copied()
        .chain([("architecture", "x86_64"), ("why", "place"), ("refused", "/opt runs no programs;")])
        .collect();
    assert!(
        matches!(judge(&noexec), Verdict::Failed(all) if all.iter().any(|c| c.code == Code::InstallPathUnusable))
    );
    let bsd = [("system", "FreeBSD"), ("kernel", "14"), ("uid", "0"), ("why", "system")];
    assert!(matches!(judge(&bsd), Verdict::NotApplicable(c) if c.code == Code::NoSensorForOs));
}

#[test]
fn a_sensor_is_taken_over_when_it_is_whole_and_at_work() {
    let adopt = work(Action::Adopt { device: None });
    let present = |running: bool, missing: &str| {
        let json = format!(
            r#"{{"state":"present","version":"1","running":{running},"missing":[{missing}],"server":"","tenant":null,"device":null}}"#
        );
        outcome(&said(&[("exit", "0"), ("out", &json)]), &adopt, "h")
    };
    assert_eq!(present(true, ""), Outcome::Done);
    assert!(matches!(present(false, ""), Outcome::Failed(c) if c.code == Code::SensorStopped));
    assert!(matches!(present(true, "\"/opt/x\""), Outcome::Failed(c) if c.code == Code::InstallationDamaged));
}
