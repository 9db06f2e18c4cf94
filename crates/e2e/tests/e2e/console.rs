//! The console in a real browser against the real server with the real sensor.

use std::path::Path;
use std::process::Command;

use palisade_e2e::Product;
use palisade_testkit::kernel_available;

#[test]
#[ignore = "five minutes in a browser: `make console-test` runs it"]
fn the_console_works_in_a_browser() {
    if !kernel_available() {
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
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web");
    let shots = product.home().join("shots");
    let out = Command::new("npm")
        .args(["run", "--silent", "e2e"])
        .current_dir(&web)
        .env("PALISADE_URL", url)
        .env("PALISADE_SETUP_URL", link)
        .env("PALISADE_SHOTS", std::env::var_os("PALISADE_SHOTS").unwrap_or(shots.into_os_string()))
        .output()
        .expect("npm runs");
    assert!(
        out.status.success(),
        "{}{}",
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr)
    );
}
