//! A vulnerable application from a person's rule to the kernel that refuses to execute it, the row that hunting
//! finds, and the fix that releases it without anybody's doing.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use palisade_e2e::{Product, Sensor, wait_until};
use palisade_testkit::kernel_available;
use serde_json::Value;
use tempfile::TempDir;

/// What the kernel says to a denied execution.
const EPERM: i32 = 1;

struct Root(TempDir);

impl Root {
    /// A Debian of few files.
    fn new() -> Self {
        let root = Self(TempDir::new().expect("a folder"));
        for folder in ["etc", "usr/bin", "var/lib/dpkg/info"] {
            fs::create_dir_all(root.at(folder)).expect("made");
        }
        fs::write(root.at("etc/os-release"), "ID=debian\nVERSION_ID=\"12\"\n").expect("written");
        root
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// Installs a version of the only package, as dpkg does: new files take the names of the old ones.
    fn install(&self, version: &str) {
        let replace = |path: &str, write: &dyn Fn(&Path)| {
            let new = self.at(&format!("{path}-new"));
            write(&new);
            fs::rename(new, self.at(path)).expect("renamed");
        };
        replace("usr/bin/pal-tool", &|new| {
            fs::copy("/bin/sleep", new).expect("copied");
            fs::set_permissions(new, fs::Permissions::from_mode(0o755)).expect("set");
        });
        fs::write(self.at("var/lib/dpkg/info/pal-tool.list"), "/.\n/usr/bin/pal-tool\n").expect("written");
        let status = format!(
            "Package: pal-tool\nStatus: install ok installed\nArchitecture: amd64\nSource: pal-source\n\
             Version: {version}\n\n"
        );
        replace("var/lib/dpkg/status", &|new| fs::write(new, &status).expect("written"));
    }

    /// Whether the program runs; false where the kernel denies it.
    fn runs(&self) -> bool {
        let ran = Command::new(self.at("usr/bin/pal-tool")).arg("0").stdin(Stdio::null()).status();
        match ran {
            Ok(status) => status.success(),
            Err(e) => {
                assert_eq!(e.raw_os_error(), Some(EPERM), "{e}");
                false
            }
        }
    }
}

fn done(product: &Product, arguments: &[&str]) -> String {
    let out = product.palisade(arguments).output().expect("runs");
    assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).expect("UTF-8").trim().to_owned()
}

fn json(product: &Product, arguments: &[&str]) -> Option<Vec<Value>> {
    let out = product.palisade(arguments).args(["--format", "json"]).output().ok()?;
    out.status.success().then(|| serde_json::from_slice(&out.stdout).ok())?
}

/// The rule's row of the device, once it is in a state.
fn stands(product: &Product, id: &str, state: &str) -> Value {
    let found = wait_until(&format!("the rule is {state}"), 150, || {
        json(product, &["blocks", "devices", id])?.into_iter().find(|d| d["state"] == state)
    });
    found.unwrap_or_else(|e| panic!("{e}: {:?}", json(product, &["blocks", "devices", id])))
}

#[test]
fn a_vulnerable_application_is_warned_of_blocked_told_and_released_by_its_fix() {
    if !kernel_available() {
        return;
    }
    let root = Root::new();
    root.install("1.0-1");
    let product = Product::up(false).expect("up");
    let root_text = root.0.path().to_str().expect("text").to_owned();
    let mut sensor = Sensor::enrol(&product, "blocked").expect("enrols").with(&["--root", &root_text]);
    sensor.start().expect("runs");
    let device = sensor.device().expect("a device");

    let subject = ["--source", "pal-source", "--release", "debian:12", "--fixed", "1.1-1"];
    let mut create = vec!["blocks", "create", "--note", "exploited", "--message", "ask us"];
    create.extend(subject);
    let id = done(&product, &create);
    let row = stands(&product, &id, "watched");
    assert_eq!((row["files"].as_u64(), row["affected"].as_bool()), (Some(1), Some(true)), "{row}");
    assert!(root.runs(), "a warning denies nothing");
    let of = |action: &str| {
        let query = format!(
            "DeviceEvents | where DeviceId == '{device}' and ActionType == '{action}' \
             | project FileName, FolderPath, InitiatingProcessFileName, Rule = tostring(AdditionalFields.Rule), \
               Package = tostring(AdditionalFields.Package), Version = tostring(AdditionalFields.PackageVersion)"
        );
        wait_until(&format!("hunting finds {action}"), 60, || product.query(&query).ok()?.into_iter().next())
            .expect("a row")
    };
    let warned = of("VulnerableApplicationWarned");
    assert_eq!((warned["FileName"].as_str(), warned["Rule"].as_str()), (Some("pal-tool"), Some(id.as_str())));

    let early = product.palisade(&["blocks", "mode", &id, "block"]).output().expect("runs");
    assert!(String::from_utf8_lossy(&early.stderr).contains("block_warn_first"), "{early:?}");
    done(&product, &["blocks", "mode", &id, "block", "--confirm", "it is attacked"]);
    let row = stands(&product, &id, "enforced");
    assert_eq!(row["rung"], "fanotify");
    assert!(!root.runs(), "the kernel denies it");
    let blocked = of("VulnerableApplicationBlocked");
    assert_eq!((blocked["Package"].as_str(), blocked["Version"].as_str()), (Some("pal-tool"), Some("1.0-1")));
    assert_eq!(blocked["FolderPath"].as_str(), root.at("usr/bin/pal-tool").to_str());
    assert_ne!(blocked["InitiatingProcessFileName"].as_str(), Some(""), "{blocked}");

    root.install("1.1-1");
    assert!(root.runs(), "the fixed program is another file");
    wait_until("the rule ends by itself", 150, || {
        let all = json(&product, &["blocks", "list"])?;
        all.into_iter().find(|r| r["id"] == id.as_str() && r["state"] == "fixed")
    })
    .unwrap_or_else(|e| panic!("{e}: {:?}", json(&product, &["blocks", "list"])));
    sensor.stop().expect("ends");
    product.down().expect("down");
}
