//! The console in a real browser against the real server with the real sensor.

use std::path::{Path, PathBuf};
use std::process::Command;

use palisade_e2e::Product;
use palisade_testkit::{kernel_available, skipped};

/// What `web/playwright.config.ts` uses where `PALISADE_CHROMIUM` names no other.
const CHROMIUM: &str = "/usr/bin/chromium";

#[test]
fn the_console_works_in_a_browser() {
    let web = palisade_testkit::repository().join("web");
    if !kernel_available() || !browser_available(&web) {
        assert!(std::env::var_os("CI").is_none(), "the console has to be tested where CI runs");
        return;
    }
    let product = Product::up(true).expect("up");
    let link = product
        .printed()
        .lines()
        .find(|l| l.contains("/setup?token="))
        .expect("a set-up link")
        .trim()
        .to_owned();
    let url = link.split("/setup?").next().expect("an address").to_owned();
    // Something to look at: a parent with children, files and a connection.
    let demo = product.palisade(&["demo"]).output().expect("demo");
    assert!(
        demo.status.success(),
        "{}{}",
        String::from_utf8_lossy(&demo.stdout),
        String::from_utf8_lossy(&demo.stderr)
    );
    // Its output is this test's, so that it is there even if the test is ended for its time.
    let status = Command::new("npm")
        .args(["run", "--silent", "e2e"])
        .current_dir(&web)
        .env("PALISADE_URL", url)
        .env("PALISADE_SETUP_URL", link)
        .env("PALISADE_ACCOUNT", product.home().join("console-account"))
        .status()
        .expect("npm runs");
    assert!(status.success(), "the console's tests failed: {status}; see above and {}", web.display());
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
