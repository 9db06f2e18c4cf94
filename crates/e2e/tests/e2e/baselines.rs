//! From a setting on a machine to a result that people see, and back: in a root that is thrown away. And a profile of
//! one's own on its way to the machine.

use std::fs;
use std::path::Path;

use palisade_e2e::{Product, Sensor, wait_until};
use palisade_testkit::kernel_available;
use serde_json::Value;

const CHECK: &str = "ssh.permit_root_login";
const DEFAULT: &str = "debian-server-level1";
const OWN: &str = "format = \"palisade-baseline-profile/1\"\nname = \"own\"\ntitle = \"Own\"\n\
                   checks = [\"ssh.permit_root_login\", \"ssh.max_auth_tries\"]\n\
                   [values.\"ssh.max_auth_tries\"]\nlimit = 2\n";

fn machine(root: &Path) {
    for folder in ["etc/ssh", "var/lib/dpkg"] {
        fs::create_dir_all(root.join(folder)).expect("a folder");
    }
    let release = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nID=debian\n";
    fs::write(root.join("etc/os-release"), release).expect("written");
    let package = "Package: openssh-server\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:9.2p1-2\n\
                   Description: a package\n\n";
    fs::write(root.join("var/lib/dpkg/status"), package).expect("written");
    configure(root, "yes");
}

fn configure(root: &Path, root_login: &str) {
    let text = format!("PermitRootLogin {root_login}\nMaxAuthTries 3\n");
    fs::write(root.join("etc/ssh/sshd_config"), text).expect("written");
}

fn json(product: &Product, arguments: &[&str]) -> Option<Vec<Value>> {
    let out = product.palisade(arguments).args(["--format", "json"]).output().ok()?;
    out.status.success().then(|| serde_json::from_slice(&out.stdout).ok())?
}

fn done(product: &Product, arguments: &[&str]) -> String {
    let out = product.palisade(arguments).output().expect("runs");
    assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).expect("UTF-8")
}

/// What hunting says of the check on the device, once it says so.
fn compliant(product: &Product, device: &str, expected: bool) -> Option<Value> {
    let query = format!(
        "DeviceTvmSecureConfigurationAssessment | where DeviceId == '{device}' and ConfigurationId == '{CHECK}'"
    );
    let row = product.query(&query).ok()?.into_iter().next()?;
    (row["IsCompliant"] == expected).then_some(row)
}

#[test]
fn a_bad_setting_is_reported_and_a_profile_of_ones_own_reaches_the_machine() {
    if !kernel_available() {
        return;
    }
    let product = Product::up(false).expect("up");
    let root = tempfile::tempdir().expect("a folder");
    machine(root.path());
    let root_text = root.path().to_str().expect("text").to_owned();
    let mut sensor = Sensor::enrol(&product, "thrown").expect("enrols").with(&["--root", &root_text]);
    sensor.start().expect("runs");
    let device = sensor.device().expect("a device");

    let row = wait_until("its setting is reported", 120, || compliant(&product, &device, false));
    assert_eq!(row.expect("a row")["ConfigurationCategory"], "Network");
    let results = ["baselines", "show", DEFAULT, "--device", &device, "--state", "not_compliant"];
    let found = json(&product, &results).expect("results");
    let one = found.iter().find(|r| r["id"] == CHECK).expect("the check");
    assert!(one["observed"].as_str().is_some_and(|text| text.contains("yes")), "{one}");
    let list = json(&product, &["baselines", "list"]).expect("profiles");
    let default = list.iter().find(|p| p["id"] == DEFAULT).expect("the profile");
    assert_eq!((&default["devices"], &default["compliant_devices"]), (&1.into(), &0.into()));
    let todo = json(&product, &["recommendations", "--device", &device]).expect("recommendations");
    let fix = todo.iter().find(|r| r["id"] == format!("configure/{CHECK}")).expect("what to do");
    assert_eq!((&fix["remediation_type"], &fix["severity"]), (&"configure".into(), &"high".into()));
    let costs = json(&product, &["baselines", "score"]).expect("a score");
    assert!(costs.iter().any(|c| c["recommendation_id"] == format!("configure/{CHECK}")), "{costs:?}");

    let file = root.path().join("own.toml");
    fs::write(&file, OWN).expect("written");
    done(&product, &["baselines", "import", file.to_str().expect("text")]);
    assert_eq!(done(&product, &["baselines", "assign", "own", "--all"]).trim(), "every device");
    let query = format!(
        "DeviceBaselineComplianceAssessment | where DeviceId == '{device}' and ProfileId == 'own'
         | summarize Wrong = countif(IsCompliant == false)"
    );
    wait_until("the machine runs the profile that was assigned", 90, || {
        let row = product.query(&query).ok()?.into_iter().next()?;
        (row["Wrong"] == 2).then_some(())
    })
    .expect("both checks are wrong: three tries are more than two");
    let devices = json(&product, &["baselines", "devices", "own"]).expect("devices");
    assert_eq!((&devices[0]["current"], &devices[0]["revision"]), (&true.into(), &1.into()));

    configure(root.path(), "no");
    done(&product, &["order", "baseline", "--device", &device, "--wait", "200"]);
    wait_until("its setting is right", 60, || compliant(&product, &device, true)).expect("mended");
    // Hunting reads what the machine told; lists follow with the next assessment.
    wait_until("no device is listed any more", 60, || {
        json(&product, &["baselines", "devices", "own", "--check", CHECK]).filter(Vec::is_empty)
    })
    .expect("mended everywhere");

    assert_eq!(done(&product, &["baselines", "assign", "own"]).trim(), "no device");
    wait_until("the machine goes back to the profile of its system", 90, || {
        let profiles = json(&product, &["baselines", "list"])?;
        let of = |id: &str| profiles.iter().find(|p| p["id"] == id).map(|p| p["devices"].clone());
        (of("own") == Some(0.into()) && of(DEFAULT) == Some(1.into())).then_some(())
    })
    .expect("the default again");
    sensor.stop().expect("ends");
    product.down().expect("down");
}
