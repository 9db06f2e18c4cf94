use std::collections::BTreeMap;

use crate::world::World;

/// Nothing is different from before: no file and no process.
#[track_caller]
fn untouched(world: &World, before: &BTreeMap<String, String>) {
    assert_eq!(&world.tree(), before);
    assert_eq!((world.pid("lock"), world.pid("supervisor.lock")), (None, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_changes_nothing() {
    let Some(world) = World::new().await else { return };
    let before = world.tree();
    std::fs::write(world.given("token"), "stolen").expect("written");
    let instance = format!("t{}", std::process::id());
    let (code, said) = world.install(&["--instance", &instance]).await;
    assert_eq!((code, said["code"].as_str()), (Some(1), Some("enrolment_token_refused")), "{said}");
    // It was running by then; nothing of it is left in the kernel either.
    assert!(!std::path::Path::new("/sys/fs/bpf").join(format!("palisade-{instance}")).exists());
    assert_eq!(said["evidence"]["reason"], "enrolment_token_invalid");
    untouched(&world, &before);

    std::fs::write(world.given("token"), "").expect("written");
    let (code, said) = world.install(&[]).await;
    assert_eq!((code, said["code"].as_str()), (Some(1), Some("enrolment_token_missing")), "{said}");
    untouched(&world, &before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_be_reached_or_trusted_changes_nothing() {
    let Some(world) = World::new().await else { return };
    let before = world.tree();
    let ca = world.given("ca.pem");
    let (ca, token) = (ca.to_str().expect("utf-8"), world.given("token"));
    let token = token.to_str().expect("utf-8");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("binds");
    let closed = format!("https://127.0.0.1:{}", taken.local_addr().expect("address").port());
    drop(taken);
    let wrong = "00".repeat(32);
    let expected = [
        (closed.as_str(), ca, "server_unreachable"),
        ("https://no.such.name.invalid:1", ca, "server_unreachable"),
        (world.server.url.as_str(), wrong.as_str(), "server_untrusted"),
        ("http://plain", ca, "installer_arguments_invalid"),
    ];
    for (url, ca, wanted) in expected {
        let (code, said) = world.verb(&["install", "--url", url, "--ca", ca, "--token-file", token]).await;
        assert_eq!((code, said["code"].as_str()), (Some(1), Some(wanted)), "{said}");
        untouched(&world, &before);
    }
    // Through a proxy that is not there.
    let proxy = closed.replace("https", "http");
    let (code, said) = world.install(&["--proxy", &proxy]).await;
    assert_eq!((code, said["code"].as_str()), (Some(1), Some("proxy_unusable")), "{said}");
    assert_eq!(said["evidence"]["proxy"], proxy);
    untouched(&world, &before);

    let (code, report) = world.verb(&["preflight", "--url", &closed, "--ca", ca]).await;
    assert_eq!((code, report["reach"]["outcome"].as_str()), (Some(0), Some("failed")), "{report}");
    assert_eq!(report["reach"]["step"], "tcp");
    let (code, report) = world.verb(&["preflight", "--url", &world.server.url, "--ca", ca]).await;
    assert_eq!((code, report["reach"]["outcome"].as_str()), (Some(0), Some("reached")), "{report}");
    assert!(report["clock_offset"].as_i64().is_some_and(|o| o.abs() < 60_000_000), "{report}");
    untouched(&world, &before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_changes_nothing() {
    let Some(mut world) = World::new().await else { return };
    world.mount("/opt", "size=2m");
    let before = world.tree();
    let (code, said) = world.install(&[]).await;
    assert_eq!((code, said["code"].as_str()), (Some(1), Some("disk_insufficient")), "{said}");
    assert!(said["evidence"]["path"].as_str().is_some_and(|p| p.contains("/opt/palisade")), "{said}");
    untouched(&world, &before);

    // The report sees it beforehand.
    let (_, report) = world.verb(&["preflight"]).await;
    assert!(report["path"]["free_bytes"].as_u64().is_some_and(|n| n < 3 << 20), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_used_changes_nothing() {
    let Some(mut world) = World::new().await else { return };
    world.mount("/opt", "noexec");
    world.mount("/ro", "ro");
    std::fs::create_dir(world.at("/real")).expect("made");
    std::os::unix::fs::symlink("real", world.at("/link")).expect("linked");
    let before = world.tree();
    for (path, word) in [("/opt/palisade", "noexec"), ("/ro/palisade", "write"), ("/link/palisade", "link")] {
        let (code, said) = world.install(&["--path", path]).await;
        assert_eq!((code, said["code"].as_str()), (Some(1), Some("install_path_unusable")), "{said}");
        assert!(said["evidence"]["detail"].as_str().is_some_and(|d| d.contains(word)), "{said}");
        untouched(&world, &before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_excluded_machine_and_one_of_somebody_else_are_left_alone() {
    let Some(world) = World::new().await else { return };
    std::fs::create_dir_all(world.at("/etc/palisade")).expect("made");
    let exclude = world.at("/etc/palisade/exclude");
    std::fs::write(&exclude, "").expect("written");
    let before = world.tree();
    let (code, said) = world.install(&[]).await;
    assert_eq!((code, said["code"].as_str()), (Some(1), Some("excluded")), "{said}");
    untouched(&world, &before);
    assert_eq!(world.verb(&["preflight"]).await.1["excluded_by_file"], true);
    std::fs::remove_file(&exclude).expect("removed");

    world.installed().await;
    let Some(other) = World::new().await else { return };
    let ca = other.given("ca.pem");
    let args = ["install", "--url", &other.server.url, "--ca", ca.to_str().expect("utf-8")];
    let (code, said) = world.verb(&args).await;
    assert_eq!((code, said["code"].as_str()), (Some(1), Some("foreign_sensor")), "{said}");
    assert_eq!(said["evidence"]["url"], world.server.url);
    assert_eq!(world.probe().await["running"], true);
}
