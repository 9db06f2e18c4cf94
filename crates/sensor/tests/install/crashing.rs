use crate::world::{World, eventually};

/// Every step of a first installation without systemd.
const STEPS: &[&str] = &["folders", "binary", "link", "ca", "record", "stop", "start", "enrol", "instance"];

async fn crashed(world: &World, step: &str) {
    let (code, said) = world.install(&["--crash-after", step]).await;
    assert_eq!((code, said.is_null()), (None, true), "it ended by a signal after {step}");
    assert!(world.at("/etc/palisade/install.journal").exists(), "{step}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_was_cut_short_the_next_run_completes() {
    for step in STEPS {
        let Some(world) = World::new().await else { return };
        crashed(&world, step).await;
        let said = world.installed().await;
        assert_eq!(said["device"], world.server.device.to_string(), "{step}");
        let probe = world.probe().await;
        assert_eq!((probe["running"].as_bool(), &probe["missing"]), (Some(true), &serde_json::json!([])));
        let left: Vec<String> = world
            .tree()
            .into_keys()
            .filter(|p| p.ends_with(".new") || p.ends_with(".before") || p.ends_with(".journal"))
            .collect();
        assert_eq!(left, Vec::<String>::new(), "{step}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_good_once_is_not_needed_twice() {
    let Some(world) = World::new().await else { return };
    crashed(&world, "enrol").await;
    // The server has given this machine its identity; the token is worth nothing any more.
    std::fs::write(world.given("token"), "used up").expect("written");
    let said = world.installed().await;
    assert_eq!(said["device"], world.server.device.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_cut_short_can_be_taken_away() {
    for step in STEPS {
        let Some(world) = World::new().await else { return };
        let before = world.tree();
        crashed(&world, step).await;
        let (code, said) = world.verb(&["uninstall", "--purge"]).await;
        assert_eq!(code, Some(0), "{step}: {said}");
        assert_eq!((world.pid("lock"), world.pid("supervisor.lock")), (None, None), "{step}");
        assert_eq!(world.tree(), before, "{step}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repair_that_was_cut_short_leaves_a_sensor_that_can_be_repaired() {
    let Some(world) = World::new().await else { return };
    world.installed().await;
    let identity = std::fs::read(world.state().join("identity.json")).expect("there");
    for step in ["binary", "link", "record", "stop", "start"] {
        std::fs::write(world.at("/opt/palisade/bin/palisade-sensor"), "bent").expect_err("it runs");
        std::fs::remove_file(world.at("/opt/palisade/bin/palisade-sensor")).expect("removed");
        crashed(&world, step).await;
        world.installed().await;
        assert_eq!(world.probe().await["missing"], serde_json::json!([]), "{step}");
        assert_eq!(std::fs::read(world.state().join("identity.json")).expect("there"), identity, "{step}");
    }
    eventually("it reports", || world.component("installation").is_some_and(|c| c.state == "ok")).await;
}
