use std::os::unix::fs::PermissionsExt;

use crate::world::{World, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_is_installed_enrolled_and_left_alone_the_second_time() {
    let Some(world) = World::new().await else { return };
    assert_eq!(world.probe().await["state"], "absent");
    let said = world.installed().await;
    assert_eq!(said["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(said["device"], world.server.device.to_string());
    assert_eq!((said["changed"].as_bool(), said["connected"].as_bool()), (Some(true), Some(true)));

    let probe = world.probe().await;
    assert_eq!(probe["running"], true, "{probe}");
    assert_eq!(probe["missing"], serde_json::json!([]));
    assert_eq!(probe["server"], world.server.url);
    assert_eq!(probe["tenant"], world.server.tenant.to_string());
    let mode = |path: &str| world.at(path).metadata().expect("there").permissions().mode() & 0o7777;
    assert_eq!(mode("/opt/palisade/bin/palisade-sensor"), 0o755);
    assert_eq!(mode("/etc/palisade/installed.json"), 0o600);
    assert_eq!(mode("/var/lib/palisade-sensor"), 0o711);
    assert_eq!(mode("/var/lib/palisade-sensor/identity.json"), 0o600);

    eventually("the heartbeat tells of its files", || world.component("installation").is_some()).await;
    for name in ["installation", "disk", "spool", "process"] {
        let component = world.component(name).expect("in the heartbeat");
        assert_eq!(component.state, "ok", "{component:?}");
    }
    // No controllers in this machine's hierarchy, or a budget: either is said.
    let budget = world.component("budget").expect("in the heartbeat");
    assert!(
        matches!(budget.state.as_str(), "ok" | "off") && (budget.state == "ok" || !budget.detail.is_empty())
    );

    let (pid, before) =
        (world.pid("lock"), std::fs::read(world.state().join("identity.json")).expect("there"));
    let again = world.installed().await;
    assert_eq!(again["changed"], false, "{again}");
    assert_eq!(world.pid("lock"), pid);
    assert_eq!(std::fs::read(world.state().join("identity.json")).expect("there"), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_program_is_noticed_and_put_back_without_a_token() {
    let Some(world) = World::new().await else { return };
    world.installed().await;
    let program = world.at(&format!("/opt/palisade/bin/palisade-sensor-{}", env!("CARGO_PKG_VERSION")));
    std::fs::remove_file(&program).expect("removed");
    let seen = || world.component("installation").filter(|c| c.state == "degraded");
    eventually("the heartbeat says that it is gone", || seen().is_some()).await;
    assert_eq!(seen().expect("there").detail, program.display().to_string());
    let probe = world.probe().await;
    assert_eq!(probe["missing"], serde_json::json!([program]));
    // Nothing but the program is needed to repair.
    let (code, said) = world.verb(&["install"]).await;
    assert_eq!((code, said["ok"].as_bool()), (Some(0), Some(true)), "{said}");
    assert_eq!(said["device"], world.server.device.to_string());
    assert_eq!(world.probe().await["missing"], serde_json::json!([]));
    eventually("the heartbeat says that all is well", || {
        world.component("installation").is_some_and(|c| c.state == "ok")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sensor_that_ends_is_started_again_and_a_stopped_one_by_the_verb() {
    let Some(world) = World::new().await else { return };
    world.installed().await;
    let kill = |pid: i32, signal| {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal).expect("signalled");
    };
    let first = world.pid("lock").expect("runs");
    kill(first, nix::sys::signal::Signal::SIGKILL);
    eventually("its supervisor starts another", || world.pid("lock").is_some_and(|p| p != first)).await;

    kill(world.pid("supervisor.lock").expect("runs"), nix::sys::signal::Signal::SIGKILL);
    eventually("the sensor ends with its supervisor", || world.pid("lock").is_none()).await;
    assert_eq!(world.probe().await["running"], false);
    let (code, said) = world.verb(&["start"]).await;
    assert_eq!((code, said["running"].as_bool()), (Some(0), Some(true)), "{said}");
    assert_eq!(world.probe().await["running"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn uninstalling_leaves_what_was_there_before() {
    let Some(world) = World::new().await else { return };
    std::fs::create_dir_all(world.at("/etc/palisade")).expect("made");
    std::fs::write(world.at("/etc/palisade/sensor.toml"), "exclude_path = [\"/srv/data\"]\n")
        .expect("written");
    let before = world.tree();
    world.installed().await;
    let pins = std::path::Path::new("/sys/fs/bpf").join(format!("palisade-{}", world.instance()));
    assert!(pins.exists());

    let (code, said) = world.verb(&["uninstall"]).await;
    assert_eq!((code, said["ok"].as_bool()), (Some(0), Some(true)), "{said}");
    assert_eq!((world.pid("lock"), world.pid("supervisor.lock"), pins.exists()), (None, None, false));
    assert_eq!(world.probe().await["state"], "absent");
    assert!(world.state().join("identity.json").exists(), "the identity stays");

    // What stayed is taken up: the same device, the same pins' name, no token.
    let (code, said) =
        world.verb(&["install", "--url", &world.server.url, "--ca", &world.server.ca_sha256]).await;
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(std::path::Path::new("/sys/fs/bpf").join(format!("palisade-{}", world.instance())), pins);

    let (code, _) = world.verb(&["uninstall", "--purge"]).await;
    assert_eq!(code, Some(0));
    assert_eq!(world.tree(), before);
    let (code, said) = world.verb(&["uninstall", "--purge"]).await;
    assert_eq!((code, said["removed"].clone()), (Some(0), serde_json::json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_file_is_honoured_and_a_bad_one_named() {
    let Some(world) = World::new().await else { return };
    std::fs::create_dir_all(world.at("/etc/palisade")).expect("made");
    let file = world.at("/etc/palisade/sensor.toml");
    std::fs::write(&file, "scoop = 1\n").expect("written");
    let before = world.tree();
    for verb in [&["preflight"][..], &["probe"], &["install", "--url", &world.server.url, "--ca", "x"]] {
        let (code, said) = world.verb(verb).await;
        assert_eq!((code, said["code"].as_str()), (Some(1), Some("installer_arguments_invalid")), "{said}");
        let detail = said["evidence"]["detail"].as_str().unwrap_or_default();
        assert!(detail.contains("sensor.toml") && detail.contains("scoop"), "{detail}");
    }
    assert_eq!(world.tree(), before);

    let group = std::path::Path::new("/sys/fs/cgroup/unified");
    let group = if group.exists() { group } else { std::path::Path::new("/sys/fs/cgroup") };
    let group = group.join(format!("palisade-test-{}", std::process::id()));
    if std::fs::create_dir(&group).is_err() {
        palisade_testkit::skipped("needs a writable cgroup2");
        return;
    }
    std::fs::write(&file, format!("scope = {:?}\n", group)).expect("written");
    let said = world.install(&["--mode", "observing"]).await.1;
    let scope = world.status()["scope"].clone();
    let observing = world.status()["components"].as_array().cloned().unwrap_or_default();
    let removed = std::fs::remove_dir(&group);
    assert_eq!((said["ok"].as_bool(), scope), (Some(true), serde_json::json!(group)));
    assert!(removed.is_ok(), "{removed:?}");
    let prevention = observing.iter().find(|c| c["name"] == "prevention").expect("it says so");
    assert!(prevention["detail"].as_str().is_some_and(|d| d.contains("observing")), "{prevention}");
}
