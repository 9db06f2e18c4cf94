//! The console in a real browser against the real server with the real sensor.

use std::path::{Path, PathBuf};
use std::process::Command;

use palisade_e2e::{Product, Sensor, wait_until};
use palisade_testkit::{Deb, DebianRoot, kernel_available, shared_data, skipped};
use serde_json::Value;

/// What `web/playwright.config.ts` uses where `PALISADE_CHROMIUM` names no other.
const CHROMIUM: &str = "/usr/bin/chromium";

/// What `web/e2e/fix` expects on the throw-away machine: what is upgraded, what is excepted, what is blocked.
const UPGRADED: (&str, &str) = ("2.5.0-1", "2.5.0-1+deb12u99");
const RECOMMENDED: [&str; 3] = ["update/debian/12/expat", "update/debian/12/curl", "update/debian/12/jq"];

/// What is wrong with its packages, how bad that is, and whether it is exploited.
const FEEDS: [&str; 3] = [
    "osv-Debian-12.derived.all.zip",
    "vulnrichment-cve5.sample.zip",
    "kev/known_exploited_vulnerabilities.json",
];

/// Holds the upgrade until the person at the browser has seen that it is under way; not for ever, since nobody
/// ends what changes packages.
const HELD: &str = "n=0\nwhile [ ! -e /go ] && [ $n -lt 1200 ]; do sleep 0.1; n=$((n + 1)); done";

#[test]
fn the_console_works_in_a_browser() {
    let Some(web) = browser() else { return };
    let product = Product::up(true).expect("up");
    // Something to look at: a parent with children, files and a connection.
    let demo = product.palisade(&["demo"]).output().expect("demo");
    assert!(
        demo.status.success(),
        "{}{}",
        String::from_utf8_lossy(&demo.stdout),
        String::from_utf8_lossy(&demo.stderr)
    );
    browse(&web, &product, |_| {}).unwrap_or_else(|why| panic!("{why}"));
}

#[test]
fn the_console_shows_a_fix_that_a_sensor_carries_out() {
    let Some(web) = browser() else { return };
    let Some(feeds) = shared_data("vuln/feeds") else { return };
    let Some(root) = DebianRoot::new() else { return };
    let (old, new) = UPGRADED;
    root.install(&Deb::new("libexpat1", "expat", old));
    root.install(&Deb::new("libcurl4", "curl", "7.88.1-10"));
    root.install(&Deb::new("jq", "jq", "1.6-2.1").running("/usr/bin/jq", "/bin/sleep"));
    root.offer(&Deb::new("libexpat1", "expat", new).configured_by(HELD));
    root.update();
    let product = Product::up(false).expect("up");
    let taken =
        product.palisade(&["feeds", "import"]).args(FEEDS.map(|f| feeds.join(f))).output().expect("runs");
    assert!(taken.status.success(), "{}", String::from_utf8_lossy(&taken.stderr));
    let root_text = root.path().to_str().expect("text");
    let mut sensor = Sensor::enrol(&product, "thrown").expect("enrols").with(&["--root", root_text]);
    sensor.start().expect("runs");
    let device = sensor.device().expect("a device");
    wait_until("updates are recommended", 120, || {
        let list = ["recommendations", "--device", &device, "--format", "json"];
        let out = product.palisade(&list).output().ok()?;
        let todo: Vec<Value> = serde_json::from_slice(&out.stdout).ok()?;
        RECOMMENDED.iter().all(|id| todo.iter().any(|r| r["id"] == **id)).then_some(())
    })
    .expect("recommended");
    let passed = browse(&web, &product, |command| {
        command.env("PALISADE_ROOT", root.path()).env("PALISADE_DEVICE", &device);
    });
    // Whatever became of it, nothing is held any more.
    root.write("go", "");
    passed.unwrap_or_else(|why| panic!("{why}"));
    // Whatever pages said: this is what is installed.
    assert_eq!(root.status("libexpat1"), format!("install ok installed {new}"));
    sensor.stop().expect("ends");
    product.down().expect("down");
}

/// Runs the browser tests against the instance, and says what failed. Their output is this test's, so that it is there
/// even if the test is ended for its time.
fn browse(web: &Path, product: &Product, prepare: impl FnOnce(&mut Command)) -> Result<(), String> {
    let link = product.printed().lines().find(|l| l.contains("/setup?token=")).expect("a set-up link").trim();
    let url = link.split("/setup?").next().expect("an address");
    let report = product.home().join("console-tests.json");
    let mut command = Command::new("npm");
    command
        .args(["run", "--silent", "e2e"])
        .current_dir(web)
        .env("PALISADE_URL", url)
        .env("PALISADE_SETUP_URL", link)
        .env("PALISADE_ACCOUNT", product.home().join("console-account"))
        .env("PLAYWRIGHT_JSON_OUTPUT_FILE", &report);
    prepare(&mut command);
    if command.status().expect("npm runs").success() {
        return Ok(());
    }
    let mut failed = String::from("the console's tests failed");
    let told: Value =
        std::fs::read(&report).ok().and_then(|t| serde_json::from_slice(&t).ok()).unwrap_or_default();
    reasons(&told, &mut failed);
    Err(failed)
}

/// Adds each error of Playwright's report: the end of a log is what is kept of it, and the list of tests is long.
fn reasons(report: &Value, to: &mut String) {
    match report {
        Value::Array(items) => items.iter().for_each(|item| reasons(item, to)),
        Value::Object(fields) => {
            if let Some(errors) = fields.get("errors").and_then(Value::as_array) {
                for message in errors.iter().filter_map(|e| e["message"].as_str()) {
                    to.push('\n');
                    to.extend(message.chars().take(2_000));
                }
            }
            fields.iter().filter(|(name, _)| *name != "errors").for_each(|(_, value)| reasons(value, to));
        }
        _ => {}
    }
}

/// The console's folder, where there is all that its tests need. If not, the test is noted as skipped.
fn browser() -> Option<PathBuf> {
    let web = palisade_testkit::repository().join("web");
    if !kernel_available() || !browser_available(&web) {
        assert!(std::env::var_os("CI").is_none(), "the console has to be tested where CI runs");
        return None;
    }
    Some(web)
}

/// Whether there is a browser and the console's packages. If not, the test is noted as skipped.
fn browser_available(web: &Path) -> bool {
    let chromium =
        std::env::var_os("PALISADE_CHROMIUM").map_or_else(|| PathBuf::from(CHROMIUM), PathBuf::from);
    if !chromium.exists() {
        skipped("needs Chromium");
        return false;
    }
    if !web.join("node_modules/@playwright/test").exists() {
        skipped("needs the console's npm packages");
        return false;
    }
    true
}
