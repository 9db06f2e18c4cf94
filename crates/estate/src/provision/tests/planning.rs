use palisade_types::MachineId;
use uuid::Uuid;

use super::fixture::*;
use crate::health::Code;
use crate::machine::{OsFacts, PowerState};
use crate::provision::*;

fn id(n: u128) -> MachineId {
    MachineId(Uuid::from_u128(n))
}

#[test]
fn every_check_names_itself_and_a_clean_machine_passes_all() {
    let p = preflight(&report(), &Requirements::default(), OtherProducts::Observe, TENANT);
    assert_eq!(p.verdict, Verdict::Ready { mode: Mode::Standard, notices: vec![] });
    assert!(
        p.checks.iter().all(|c| c.outcome == CheckOutcome::Ok && !c.evidence.is_empty()),
        "{:?}",
        p.checks
    );
    let names: Vec<&str> = p.checks.iter().map(|c| c.name).collect();
    assert_eq!(
        names,
        [
            "exclusion",
            "operating_system",
            "privileges",
            "tools",
            "cpu",
            "memory",
            "path",
            "disk",
            "kernel_types",
            "bpf",
            "server",
            "clock",
            "sensor",
            "other_products",
            "service_manager",
        ]
    );
}

#[test]
fn each_fault_gives_its_finding_with_what_was_found() {
    type Change = fn(&mut HostReport);
    let faults: &[(Change, Code, &str)] = &[
        (|r| r.root = false, Code::PrivilegesMissing, "root"),
        (|r| r.tools_missing = vec!["tar".into()], Code::HostToolMissing, "tar"),
        (|r| r.cpus = 0, Code::CpuInsufficient, "0 processors"),
        (|r| r.memory_bytes = 64 << 20, Code::MemoryInsufficient, "64 MiB"),
        (|r| r.path.free_bytes = 5 << 20, Code::DiskInsufficient, "5 MiB"),
        (|r| r.path.executable = false, Code::InstallPathUnusable, "noexec"),
        (|r| r.path.writable = false, Code::InstallPathUnusable, "write"),
        (|r| r.path.symlink = true, Code::InstallPathUnusable, "symbolic link"),
        (|r| r.kernel_types = false, Code::KernelTypesMissing, "6.1.0-56-amd64"),
        (|r| r.bpf_refused = Some("EPERM".into()), Code::BpfForbidden, "EPERM"),
        (|r| r.clock_offset = Some(-3_600_000_000), Code::HostClockWrong, "-3600 s"),
        (|r| r.reach = fails("tcp"), Code::ServerUnreachable, "tcp: no"),
        (|r| r.reach = fails("tls"), Code::ServerUntrusted, "tls: no"),
        (|r| r.reach = fails("proxy"), Code::ProxyUnusable, "proxy: no"),
        (|r| r.os.kernel = "5.15.0".into(), Code::KernelTooOld, "5.17"),
    ];
    fn fails(step: &str) -> Reach {
        Reach::Failed { step: step.into(), detail: "no".into() }
    }
    for (change, code, words) in faults {
        let mut r = report();
        change(&mut r);
        let p = preflight(&r, &Requirements::default(), OtherProducts::Observe, TENANT);
        let Verdict::Failed(causes) = p.verdict else { panic!("{code} does not stop it") };
        assert_eq!(causes.len(), 1, "{code}");
        let message = causes[0].message();
        assert_eq!(causes[0].code, *code);
        assert!(message.contains(words) && !message.contains('?'), "{message}");
        let failed: Vec<_> = p.checks.iter().filter(|c| c.outcome == CheckOutcome::Failed).collect();
        assert_eq!(failed.len(), 1);
        assert_eq!(failed[0].evidence, message);
    }
}

#[test]
fn all_faults_are_reported_at_once() {
    let mut r = report();
    (r.cpus, r.memory_bytes, r.kernel_types) = (0, 0, false);
    let p = preflight(&r, &Requirements::default(), OtherProducts::Observe, TENANT);
    let Verdict::Failed(causes) = p.verdict else { panic!("it cannot be installed") };
    assert_eq!(causes.len(), 3);
    r.os.id = "slackware".into();
    let p = preflight(&r, &Requirements::default(), OtherProducts::Observe, TENANT);
    let Verdict::NotApplicable(cause) = p.verdict else { panic!("and if none exists, that is what counts") };
    assert!(cause.message().contains("slackware 12"), "{}", cause.message());
}

#[test]
fn the_plan_says_what_would_be_done_where_and_why_not() {
    let worlds: Vec<World> = (0..9)
        .map(|n| {
            let mut w = World::new();
            match n {
                1 => w.desired.exclusion = Some("the tag PalisadeExclude".into()),
                2 => w.os = OsFacts::from_os_release("ID=debian\nVERSION_ID=10", "4.19", "x86_64"),
                3 => w.power = PowerState::Deallocated,
                4 => w.runs_commands = false,
                5 => w.beat(),
                6 => w.os = OsFacts::default(),
                7 => w.os.kernel = "5.15.0".into(),
                _ => {}
            }
            w
        })
        .collect();
    let mut small = report();
    small.memory_bytes = 1 << 20;
    let machines = worlds.iter().enumerate().map(|(n, w)| {
        let report = (n == 8).then_some(&small);
        (id(n as u128), w.known(), report)
    });
    let plan = dry_run(machines, &Policy::default(), &WavePlan::default());
    let words: Vec<&str> = plan.machines.iter().map(|m| m.words.as_str()).collect();
    assert_eq!(words[0], "would get sensor 1.0");
    assert_eq!(words[1], "left out. The machine is excluded by the tag PalisadeExclude.");
    assert_eq!(words[2], "left out. The machine runs Debian 10; supported are 12, 13.");
    assert_eq!(words[3], "is switched off; would be looked at when it runs");
    assert_eq!(words[4], "enrols by itself; nothing can be run there");
    assert_eq!(words[5], "its sensor would be taken over");
    assert_eq!(words[6], "would be looked at first: its system is not known");
    assert_eq!(words[7], "would not get a sensor yet. The kernel 5.15.0 is older than 5.17.");
    assert!(
        words[8].starts_with("would not get a sensor yet. The machine has 1 MiB of memory"),
        "{}",
        words[8]
    );
    assert_eq!((plan.install, plan.adopt, plan.excluded), (2, 1, 6));
    assert_eq!(plan.waves, [2, 0, 0, 0], "two machines are all canaries");
    assert_eq!(plan.machines[0].wave, Some(1));
    assert_eq!(plan.machines[1].wave, None);
    let json = serde_json::to_value(&plan.machines[1]).expect("encodes");
    assert_eq!(json["plan"], "exclude");
    assert_eq!(json["cause"]["code"], "excluded");
}
