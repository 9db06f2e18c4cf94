//! From a package's database on a machine to a finding that people see, and back: in a root that is thrown away.

use std::fs;
use std::path::Path;
use std::time::Instant;

use palisade_e2e::{Product, Sensor, wait_until};
use palisade_testkit::{kernel_available, shared_data};
use serde_json::Value;

/// An invented update, later than every fix of expat that the Debian feed knows, and the version that Debian 12
/// first had.
pub const FIXED: &str = "2.5.0-1+deb12u99";
pub const OLD: &str = "2.5.0-1";

/// Has this version of expat installed below a root.
pub fn write_status(root: &Path, version: &str) {
    let package = |name: &str, source: &str, version: &str| {
        format!(
            "Package: {name}\nStatus: install ok installed\nArchitecture: amd64\n{source}Version: {version}\n\
             Description: a package\n\n"
        )
    };
    let text = package("libexpat1", "Source: expat\n", version) + &package("base-files", "", "12.4+deb12u5");
    // As dpkg does: a new file takes the place of the old one.
    let folder = root.join("var/lib/dpkg");
    fs::write(folder.join("status-new"), text).expect("written");
    fs::rename(folder.join("status-new"), folder.join("status")).expect("renamed");
}

/// A root that looks like a machine with it.
pub fn machine(root: &Path) {
    for folder in ["etc", "var/lib/dpkg"] {
        fs::create_dir_all(root.join(folder)).expect("a folder");
    }
    let release = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nID=debian\n";
    fs::write(root.join("etc/os-release"), release).expect("written");
    write_status(root, FIXED);
}

fn rows(product: &Product, list: &str, device: &str) -> Option<Vec<Value>> {
    let out = product.palisade(&[list, "--device", device, "--format", "json"]).output().ok()?;
    out.status.success().then(|| serde_json::from_slice(&out.stdout).ok())?
}

#[test]
fn a_package_that_is_downgraded_is_reported_and_its_fix_clears_it() {
    if !kernel_available() {
        return;
    }
    let Some(feed) = shared_data("vuln/feeds/osv-Debian-12.derived.all.zip") else { return };
    let product = Product::up(false).expect("up");
    let taken = product.palisade(&["feeds", "import"]).arg(feed).output().expect("runs");
    assert!(taken.status.success(), "{}", String::from_utf8_lossy(&taken.stderr));

    let root = tempfile::tempdir().expect("a folder");
    machine(root.path());
    let root_text = root.path().to_str().expect("text").to_owned();
    let mut sensor = Sensor::enrol(&product, "thrown").expect("enrols").with(&["--root", &root_text]);
    sensor.start().expect("runs");
    let device = sensor.device().expect("a device");

    let inventory = format!(
        "DeviceTvmSoftwareInventory | where DeviceId == '{device}' and SoftwareName contains 'expat'"
    );
    let row = wait_until("its packages are known", 90, || product.query(&inventory).ok()?.into_iter().next());
    assert_eq!(row.expect("a row")["SoftwareVersion"], FIXED);
    assert_eq!(rows(&product, "vulnerabilities", &device), Some(Vec::new()));

    let began = Instant::now();
    write_status(root.path(), OLD);
    let found = wait_until("it is reported", 60, || {
        rows(&product, "vulnerabilities", &device).filter(|found| !found.is_empty())
    });
    let found = found.expect("findings");
    println!("{} findings {:.1} s after the downgrade", found.len(), began.elapsed().as_secs_f32());
    assert!(found.iter().any(|f| f["id"] == "CVE-2024-28757"), "{found:?}");
    let todo = rows(&product, "recommendations", &device).expect("recommendations");
    let update = todo.iter().find(|r| r["related_component"] == "expat").expect("an update of expat");
    assert!(
        update["recommended_version"].as_str().is_some_and(|v| v.starts_with("2.5.0-1+deb12u")),
        "{update}"
    );
    let hunting = format!(
        "DeviceTvmSoftwareVulnerabilities | where DeviceId == '{device}' and CveId == 'CVE-2024-28757'"
    );
    let row = wait_until("hunting reads it", 30, || product.query(&hunting).ok()?.into_iter().next());
    assert_eq!(row.expect("a row")["SoftwareVersion"], OLD);

    let began = Instant::now();
    write_status(root.path(), FIXED);
    wait_until("its fix clears it", 60, || rows(&product, "vulnerabilities", &device).filter(Vec::is_empty))
        .expect("cleared");
    println!("cleared {:.1} s after the fix", began.elapsed().as_secs_f32());
    sensor.stop().expect("ends");
    product.down().expect("down");
}
