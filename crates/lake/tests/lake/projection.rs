use palisade_lake::{LakeWriter, schemas};
use palisade_schema::Fill;
use palisade_wire::msg::application_blocked;
use palisade_wire::msg::{
    ApplicationBlocked, Batch, Connection, Counter, DeviceInfo, Fact, FileEvent, Heartbeat, OrderReceipt,
    Process, ProcessCreated, ProcessTerminated, connection::Outcome, fact::Kind, file_event::Action,
};

use crate::facts::{NOON, batches, catalogue, column, config, device, fact, process, record, tenant};

fn info() -> DeviceInfo {
    DeviceInfo {
        name: "web-1.example".into(),
        os_platform: "Linux".into(),
        os_distribution: "Debian".into(),
        os_version: "12".into(),
        os_version_info: "bookworm".into(),
        kernel: "6.1.0-13-amd64".into(),
        architecture: "x64".into(),
        sensor_version: "0.1.0".into(),
        vendor: "QEMU".into(),
        model: "Standard PC".into(),
        hardware_uuid: "4c4c4544".into(),
        ip_addresses: vec!["10.0.0.1".into(), "fe80::1".into()],
        mac_addresses: vec!["02:00:00:00:00:01".into()],
        logged_on_users: vec!["ada".into()],
        memory_bytes: 1 << 30,
        cpus: 2,
        boot_time_us: NOON - 5_000_000,
        timezone: "UTC".into(),
        cloud_platform: "AWS".into(),
        ..DeviceInfo::default()
    }
}

/// One fact of each kind and action.
fn all_kinds() -> Batch {
    let connection = |outcome: Outcome| Connection {
        outcome: outcome as i32,
        local_ip: vec![10, 0, 0, 1].into(),
        remote_ip: vec![0x26, 6, 0x47, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x11, 0x11].into(),
        local_port: 40_000,
        remote_port: 443,
        protocol: 6,
    };
    let file = |action: Action| FileEvent {
        action: action as i32,
        path: "/etc/new.conf".into(),
        previous_path: if action == Action::Renamed { "/tmp/old.conf".into() } else { String::new() },
        size: Some(12),
        inode: 9,
        mode: 0o100_644,
        path_truncated: true,
    };
    let heartbeat = Heartbeat {
        counters: vec![
            Counter { kind: "exec_captured".into(), value: 7 },
            Counter { kind: "kernel_gap".into(), value: 0 },
        ],
        sensor_version: "0.1.0".into(),
        scope: "/demo".into(),
        ..Heartbeat::default()
    };
    let application = |action: application_blocked::Action, started: u64| ApplicationBlocked {
        action: action.into(),
        path: "/usr/bin/curl".into(),
        inode: 9,
        package: "curl".into(),
        version: "7.88.1-10".into(),
        source: "curl".into(),
        fixed_version: "7.88.1-10+deb12u5".into(),
        rule: "0198".into(),
        rung: "fanotify".into(),
        message: "ask us".into(),
        pid: 77,
        started,
    };
    let kinds = [
        Kind::ProcessCreated(ProcessCreated { created: 2 }),
        Kind::ProcessTerminated(ProcessTerminated { terminated: 2, exit_code: 3, signal: 0 }),
        Kind::Connection(connection(Outcome::Success)),
        Kind::Connection(connection(Outcome::Failed)),
        Kind::File(file(Action::Created)),
        Kind::File(file(Action::Modified)),
        Kind::File(file(Action::Renamed)),
        Kind::File(file(Action::Deleted)),
        Kind::DeviceInfo(info()),
        Kind::Heartbeat(heartbeat),
        Kind::Receipt(OrderReceipt::default()),
        Kind::ApplicationBlocked(application(application_blocked::Action::Blocked, 0)),
        Kind::ApplicationBlocked(application(application_blocked::Action::Warned, 2)),
    ];
    let mut facts: Vec<Fact> =
        kinds.into_iter().enumerate().map(|(i, k)| fact(NOON + i as i64, i as u64 + 1, 1, k)).collect();
    facts[1].process = 0;
    facts.push(Fact { time_us: NOON, report_id: 90, process: 0, kind: None });
    facts.push(fact(NOON + 60, 91, 404, Kind::ProcessCreated(ProcessCreated { created: 405 })));
    Batch {
        processes: vec![process(1, 0, "/usr/bin/bash"), process(2, 1, "/usr/bin/curl")],
        facts,
        ..Batch::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_declared_column_is_filled_and_says_what_happened() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path());
    let mut writer = LakeWriter::open(config.clone()).await.unwrap();
    writer.apply(&[record(0, tenant(1), device(7), NOON, &all_kinds())]).unwrap();
    writer.seal().unwrap();
    let stats = writer.stats().lock().clone();
    assert_eq!((stats.unknown_facts, stats.receipts, stats.unknown_processes), (1, 1, 2));
    for flushed in [false, true] {
        if flushed {
            writer.flush().await.unwrap();
        }
        let pinned = catalogue(&config, tenant(1)).await;
        for table in pinned.tables() {
            let found = batches(&pinned, table).await;
            let spec = schemas(table).unwrap().spec;
            for c in &spec.columns {
                let values = column(&found, &c.name);
                let empty = values.iter().all(|v| v.is_empty() || v == "∅");
                assert_eq!(empty, c.fill == Fill::Na, "{table}.{} {values:?} (flushed: {flushed})", c.name);
            }
            assert!(
                found.iter().all(|b| b.schema().fields() == schemas(table).unwrap().visible.fields()),
                "{table} has its declared schema"
            );
        }
        let processes = batches(&pinned, "DeviceProcessEvents").await;
        check_processes(&processes);
        let network = batches(&pinned, "DeviceNetworkEvents").await;
        assert_eq!(sorted(column(&network, "ActionType")), ["ConnectionFailed", "ConnectionSuccess"]);
        assert_eq!(column(&network, "RemoteIP"), ["2606:4700::1111", "2606:4700::1111"]);
        assert_eq!(
            (column(&network, "RemoteIPType")[0].as_str(), column(&network, "LocalIPType")[0].as_str()),
            ("Public", "Private")
        );
        assert_eq!(
            (column(&network, "Protocol")[0].as_str(), column(&network, "RemotePort")[0].as_str()),
            ("Tcp", "443")
        );
        let files = batches(&pinned, "DeviceFileEvents").await;
        assert_eq!(
            sorted(column(&files, "ActionType")),
            ["FileCreated", "FileDeleted", "FileModified", "FileRenamed"]
        );
        assert!(column(&files, "PreviousFolderPath").contains(&"/tmp".to_owned()));
        assert!(column(&files, "AdditionalFields").iter().all(|t| t == r#"{"ContainerId":"c0ffee","Inode":9,"Mode":"0644","PathTruncated":true,"Uid":1000,"WorkingDirectory":"/srv/work"}"#));
        let events = batches(&pinned, "DeviceEvents").await;
        assert_eq!(
            sorted(column(&events, "ActionType")),
            ["VulnerableApplicationBlocked", "VulnerableApplicationWarned"]
        );
        assert_eq!(column(&events, "FolderPath"), ["/usr/bin/curl", "/usr/bin/curl"]);
        assert!(column(&events, "AdditionalFields").iter().all(|t| t.contains(r#""Package":"curl""#)));
        let counters = batches(&pinned, "PalisadeSensorCounters").await;
        assert_eq!(sorted(column(&counters, "Kind")), ["exec_captured", "kernel_gap"]);
        let device = batches(&pinned, "DeviceInfo").await;
        assert_eq!(column(&device, "LoggedOnUsers"), [r#"[{"UserName":"ada"}]"#]);
        assert_eq!(column(&device, "OsBuildRevision"), ["13"]);
    }
}

fn sorted(mut values: Vec<String>) -> Vec<String> {
    values.sort();
    values
}

fn check_processes(found: &[arrow::array::RecordBatch]) {
    let at = |report: &str| column(found, "ReportId").iter().position(|r| r == report).unwrap();
    let get = |name: &str, report: &str| column(found, name)[at(report)].clone();
    for (name, expected) in [
        ("ActionType", "ProcessCreated"),
        ("DeviceName", "web-1.example"),
        ("FileName", "curl"),
        ("FolderPath", "/usr/bin/curl"),
        ("InitiatingProcessFileName", "bash"),
        ("InitiatingProcessParentFileName", "bash"),
        ("AccountName", "ada"),
        ("AccountDomain", "web-1.example"),
        ("AccountSid", "S-1-22-1-1000"),
        ("LogonId", "3"),
        ("CreatedProcessSessionId", "77"),
        ("ProcessUniqueId", "2"),
        ("InitiatingProcessUniqueId", "1"),
        ("ProcessId", "102"),
    ] {
        assert_eq!(get(name, "1"), expected, "{name}");
    }
    assert_eq!(get("SHA256", "1"), "ab".repeat(32));
    assert_eq!(get("InitiatingProcessMD5", "1"), "ef".repeat(16));
    let bag: serde_json::Value = serde_json::from_str(&get("AdditionalFields", "1")).unwrap();
    assert_eq!(bag["WorkingDirectory"], "/srv/work");
    assert_eq!(
        (&bag["Uid"], &bag["EffectiveUid"], &bag["SecretsMasked"]),
        (&1000.into(), &0.into(), &2.into())
    );
    // An exit names itself as the cause where the sensor named none.
    assert_eq!(
        (get("ActionType", "2").as_str(), get("InitiatingProcessUniqueId", "2").as_str()),
        ("ProcessTerminated", "2")
    );
    assert!(get("AdditionalFields", "2").contains("\"ExitCode\":3"));
    // Processes that the batch does not describe keep their numbers.
    assert_eq!(
        (get("ProcessUniqueId", "91").as_str(), get("InitiatingProcessUniqueId", "91").as_str()),
        ("405", "404")
    );
    assert_eq!((get("FileName", "91").as_str(), get("ProcessId", "91").as_str()), ("", "∅"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_keeps_its_name_across_restarts_and_a_clock_years_off_breaks_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path());
    let mut writer = LakeWriter::open(config.clone()).await.unwrap();
    let named = Batch { facts: vec![fact(NOON, 1, 0, Kind::DeviceInfo(info()))], ..Batch::default() };
    writer.apply(&[record(0, tenant(1), device(7), NOON, &named)]).unwrap();
    writer.flush().await.unwrap();
    drop(writer);
    let mut writer = LakeWriter::open(config.clone()).await.unwrap();
    assert_eq!(writer.resume_offset(), 1);
    let created = |time, id| fact(time, id, 1, Kind::ProcessCreated(ProcessCreated { created: 2 }));
    let processes = vec![process(1, 0, "/bin/sh"), process(2, 1, "/bin/ls")];
    let facts = vec![created(i64::MAX, 2), created(i64::MIN, 3), created(0, 4), created(NOON, 5)];
    writer
        .apply(&[record(1, tenant(1), device(7), NOON, &Batch { processes, facts, ..Batch::default() })])
        .unwrap();
    writer.flush().await.unwrap();
    let found = batches(&catalogue(&config, tenant(1)).await, "DeviceProcessEvents").await;
    assert_eq!(column(&found, "DeviceName"), ["web-1.example"; 4]);
    assert_eq!(sorted(column(&found, "ReportId")), ["2", "3", "4", "5"]);
    let days: Vec<_> =
        std::fs::read_dir(config.lake_dir.join(tenant(1).to_string()).join("DeviceProcessEvents"))
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .filter(|n| n.starts_with("_day="))
            .collect();
    assert_eq!(days, ["_day=2026-11-23"], "partitions follow the server's clock");
}

#[tokio::test(flavor = "multi_thread")]
async fn times_of_processes_that_are_none_become_null() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path());
    let mut writer = LakeWriter::open(config.clone()).await.unwrap();
    let times = [i64::MIN, -1, 0, NOON, 7_258_118_400_000_000, i64::MAX];
    let of = |id: u64, start_us| Process { start_us, parent_start_us: start_us, ..process(id, 0, "/bin/sh") };
    let processes: Vec<Process> = (1..).zip(times).map(|(id, at)| of(id, at)).collect();
    let facts = processes.iter().map(|p| {
        let kind = Kind::ProcessCreated(ProcessCreated { created: p.unique_id });
        fact(NOON, p.unique_id, p.unique_id, kind)
    });
    let facts = facts.collect();
    let batch = Batch { processes, facts, ..Batch::default() };
    writer.apply(&[record(0, tenant(1), device(7), NOON, &batch)]).unwrap();
    writer.flush().await.unwrap();
    let found = batches(&catalogue(&config, tenant(1)).await, "DeviceProcessEvents").await;
    for name in
        ["ProcessCreationTime", "InitiatingProcessCreationTime", "InitiatingProcessParentCreationTime"]
    {
        let filled: Vec<String> = column(&found, "ReportId")
            .into_iter()
            .zip(column(&found, name))
            .filter(|(_, t)| t != "∅")
            .map(|(id, _)| id)
            .collect();
        assert_eq!(filled, ["4"], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_names_one_huge_process_again_and_again_stays_within_bounds() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path());
    let mut writer = LakeWriter::open(config.clone()).await.unwrap();
    let mut huge = process(1, 0, "/bin/sh");
    huge.command_line = "é".repeat(1 << 19);
    let created = |id| fact(NOON, id, 1, Kind::ProcessCreated(ProcessCreated { created: 1 }));
    let mut facts: Vec<Fact> = (0..5000).map(created).collect();
    let counters = vec![Counter { kind: "k".into(), value: 1 }; 60_000];
    let heartbeat = || {
        Kind::Heartbeat(Heartbeat {
            counters: counters.clone(),
            scope: "s".repeat(1 << 20),
            ..Heartbeat::default()
        })
    };
    facts.extend([fact(NOON, 9000, 0, heartbeat()), fact(NOON, 9001, 0, heartbeat())]);
    writer
        .apply(&[record(
            0,
            tenant(1),
            device(7),
            NOON,
            &Batch { processes: vec![huge], facts, ..Batch::default() },
        )])
        .unwrap();
    writer.seal().unwrap();
    let stats = writer.stats().lock().clone();
    assert!(stats.clipped_rows > 4000 && stats.hot_bytes < 1 << 30, "{stats:?}");
    assert_eq!(stats.excess_counters, 20_000);
    assert_eq!((stats.rows["DeviceProcessEvents"], stats.rows["PalisadeSensorCounters"]), (5000, 100_000));
}
