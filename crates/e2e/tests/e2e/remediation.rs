//! A fix on its way: from a recommendation over a person's approval to a sensor that updates a package in a root
//! that is thrown away, and its inventory that proves it. And back.

use palisade_e2e::{Product, Sensor, wait_until};
use palisade_testkit::{Deb, DebianRoot, kernel_available, shared_data};
use serde_json::Value;

const OLD: &str = "2.5.0-1";
/// Later than every fix of expat that the feed knows.
const NEW: &str = "2.5.0-1+deb12u99";
const UPDATE: &str = "update/debian/12/expat";

fn done(product: &Product, arguments: &[&str]) -> String {
    let out = product.palisade(arguments).output().expect("runs");
    assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).expect("UTF-8").trim().to_owned()
}

fn json(product: &Product, arguments: &[&str]) -> Option<Vec<Value>> {
    let out = product.palisade(arguments).args(["--format", "json"]).output().ok()?;
    out.status.success().then(|| serde_json::from_slice(&out.stdout).ok())?
}

/// The device's row of the remediation, once it stands at a step.
fn at_step(product: &Product, id: &str, step: &str) -> Option<Value> {
    let rows = json(product, &["remediations", "show", id])?;
    rows.into_iter().find(|r| r["step"] == step)
}

fn state_of(product: &Product, id: &str) -> Option<String> {
    let all = json(product, &["remediations", "list"])?;
    all.iter().find(|r| r["id"] == id)?["state"].as_str().map(str::to_owned)
}

fn reaches(product: &Product, id: &str, state: &str) {
    let reached =
        wait_until(&format!("it is {state}"), 120, || state_of(product, id).filter(|now| now == state));
    let rows = json(product, &["remediations", "show", id]);
    reached.unwrap_or_else(|e| panic!("{e}: {:?}: {rows:?}", state_of(product, id)));
}

#[test]
fn an_update_is_tried_carried_out_proved_and_taken_back() {
    if !kernel_available() {
        return;
    }
    let Some(feed) = shared_data("vuln/feeds/osv-Debian-12.derived.all.zip") else { return };
    let Some(root) = DebianRoot::new() else { return };
    root.install(&Deb::new("libexpat1", "expat", OLD));
    root.offer(&Deb::new("libexpat1", "expat", NEW));
    root.update();
    let product = Product::up(false).expect("up");
    let taken = product.palisade(&["feeds", "import"]).arg(feed).output().expect("runs");
    assert!(taken.status.success(), "{}", String::from_utf8_lossy(&taken.stderr));
    let root_text = root.path().to_str().expect("text").to_owned();
    let mut sensor = Sensor::enrol(&product, "thrown").expect("enrols").with(&["--root", &root_text]);
    sensor.start().expect("runs");
    let device = sensor.device().expect("a device");
    wait_until("an update is recommended", 120, || {
        let todo = json(&product, &["recommendations", "--device", &device])?;
        todo.into_iter().find(|r| r["id"] == UPDATE)
    })
    .expect("recommended");

    let id = done(
        &product,
        &["remediations", "request", UPDATE, "--run", "--soak-minutes", "0", "--owner", "ada"],
    );
    let twice = product.palisade(&["remediations", "request", UPDATE]).output().expect("runs");
    assert!(String::from_utf8_lossy(&twice.stderr).contains("remediation_exists"), "{twice:?}");
    assert_eq!(state_of(&product, &id).as_deref(), Some("requested"), "nothing happens unasked");

    // A dry run says what would happen, and nothing does.
    done(&product, &["remediations", "approve", &id]);
    reaches(&product, &id, "checked");
    assert!(at_step(&product, &id, "checked").is_some());
    assert_eq!(root.status("libexpat1"), format!("install ok installed {OLD}"));

    done(&product, &["remediations", "approve", &id, "--apply"]);
    reaches(&product, &id, "completed");
    assert_eq!(root.status("libexpat1"), format!("install ok installed {NEW}"));
    let row = at_step(&product, &id, "verified").expect("its inventory shows it");
    assert_eq!(row["canary"], true);
    assert!(row["fixed_at"].is_string(), "{row}");
    wait_until("the finding is gone", 60, || {
        json(&product, &["vulnerabilities", "--device", &device]).filter(Vec::is_empty)
    })
    .expect("gone");

    done(&product, &["remediations", "rollback", &id]);
    wait_until("it went back", 120, || at_step(&product, &id, "rolled_back"))
        .unwrap_or_else(|e| panic!("{e}: {:?}", json(&product, &["remediations", "show", &id])));
    assert_eq!(root.status("libexpat1"), format!("install ok installed {OLD}"));
    wait_until("the finding is back", 60, || {
        json(&product, &["vulnerabilities", "--device", &device]).filter(|found| !found.is_empty())
    })
    .expect("back");
    sensor.stop().expect("ends");
    product.down().expect("down");
}
