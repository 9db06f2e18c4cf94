//! The same by an order of the server, to a running sensor.

use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use palisade_testkit::{Deb, DebianRoot, kernel_available};
use palisade_wire::msg::{OrderReceipt, fact};
use serde_json::Value;
use tempfile::TempDir;

use super::{NEW, OLD, installed, request, waiting};
use crate::server::TestServer;
use crate::world::{PROGRAM, eventually};

/// A sensor that stands for the machine of a root.
struct Sensor {
    server: TestServer,
    state: TempDir,
    root: DebianRoot,
    more: Vec<&'static str>,
    child: Option<Child>,
}

impl Sensor {
    async fn new(more: &[&'static str]) -> Option<Self> {
        if !kernel_available() {
            return None;
        }
        let root = DebianRoot::new()?;
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (server, state) = (TestServer::start().await, TempDir::new().expect("dir"));
        let mut sensor = Self { server, state, root, more: more.to_vec(), child: None };
        let ca = sensor.state.path().join("ca.pem");
        std::fs::write(&ca, &sensor.server.ca_pem).expect("written");
        let mut enrol = Command::new(PROGRAM);
        enrol.args(["enrol", "--url", &sensor.server.url, "--token", &sensor.server.token, "--ca"]).arg(ca);
        enrol.arg("--state-dir").arg(sensor.state.path()).stdout(Stdio::null());
        let done = tokio::task::spawn_blocking(move || enrol.status()).await.expect("ends");
        assert!(done.expect("runs").success());
        sensor.start();
        Some(sensor)
    }

    fn start(&mut self) {
        let log = std::fs::File::options().create(true).append(true).open(self.state.path().join("run.log"));
        let mut command = Command::new(PROGRAM);
        command
            .arg("run")
            .args(self.common())
            .args(&self.more)
            .stdin(Stdio::null())
            .stderr(log.expect("opens"));
        self.child = Some(command.spawn().expect("starts"));
    }

    fn common(&self) -> Vec<std::ffi::OsString> {
        let instance = format!("rem{}", std::process::id());
        let words: [&std::ffi::OsStr; 6] = [
            "--state-dir".as_ref(),
            self.state.path().as_ref(),
            "--root".as_ref(),
            self.root.path().as_ref(),
            "--instance".as_ref(),
            instance.as_ref(),
        ];
        words.map(Into::into).to_vec()
    }

    fn kill(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGKILL).expect("killed");
        child.wait().expect("ends");
    }

    fn order(&self, number: u64, kind: &str, arguments: &Value) {
        self.server.push(self.server.order_with(number, kind, &arguments.to_string(), 600_000_000));
    }

    fn receipt(&self, number: u64) -> Option<OrderReceipt> {
        let b = self.server.behaviour.lock();
        b.facts[0].iter().find_map(|f| match &f.kind {
            Some(fact::Kind::Receipt(r)) if r.number == number => Some(r.clone()),
            _ => None,
        })
    }

    async fn answered(&self, number: u64) -> OrderReceipt {
        eventually(&format!("order {number} is answered"), || self.receipt(number).is_some()).await;
        self.receipt(number).expect("there")
    }
}

impl Drop for Sensor {
    fn drop(&mut self) {
        self.kill();
        let mut detach = Command::new(PROGRAM);
        let _ = detach.arg("detach").args(self.common()).stdout(Stdio::null()).status();
        if std::thread::panicking() {
            #[expect(clippy::print_stderr, reason = "a person who looks for the failure reads it")]
            {
                eprintln!(
                    "{}",
                    std::fs::read_to_string(self.state.path().join("run.log")).unwrap_or_default()
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_upgrades_while_others_are_obeyed() {
    let Some(sensor) = Sensor::new(&[]).await else { return };
    sensor.root.install(&Deb::new("pal-bin", "pal", OLD));
    sensor.root.offer(&waiting(NEW));
    sensor.root.update();
    sensor.order(1, "remediate", &request("dry_run"));
    let dry = sensor.answered(1).await;
    let proof: Value = serde_json::from_str(&dry.proof).expect("JSON");
    assert!(dry.ok && proof["would_change"][0]["to"] == NEW, "{dry:?}");

    sensor.root.write("/run/hold", "");
    sensor.order(2, "remediate", &request("apply"));
    eventually("it is being configured", || sensor.root.at("/run/begun").exists()).await;
    sensor.order(3, "ping", &Value::Null);
    assert!(sensor.answered(3).await.ok);
    sensor.order(4, "remediate", &request("apply"));
    let second = sensor.answered(4).await;
    assert_eq!((second.ok, second.code.as_str()), (false, "remediation_locked"));
    assert_eq!(sensor.receipt(2), None, "the first one is still at work");
    std::fs::remove_file(sensor.root.at("/run/hold")).expect("there");
    let first = sensor.answered(2).await;
    let proof: Value = serde_json::from_str(&first.proof).expect("JSON");
    assert!(first.ok && proof["changed"][0]["to"] == NEW, "{first:?}");
    assert_eq!(sensor.root.status("pal-bin"), installed(NEW));

    // Bad arguments are told apart from work that failed.
    sensor.order(5, "remediate", &Value::Null);
    assert_eq!(sensor.answered(5).await.code, "remediation_malformed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sensor_that_is_killed_in_the_middle_leaves_dpkg_to_finish() {
    let Some(mut sensor) = Sensor::new(&[]).await else { return };
    sensor.root.install(&Deb::new("pal-bin", "pal", OLD));
    sensor.root.offer(&waiting(NEW));
    sensor.root.update();
    sensor.root.write("/run/hold", "");
    sensor.order(1, "remediate", &request("apply"));
    eventually("it is being configured", || sensor.root.at("/run/begun").exists()).await;
    sensor.kill();
    assert_eq!(sensor.root.status("pal-bin"), format!("install ok half-configured {NEW}"));
    sensor.start();
    let interrupted = sensor.answered(1).await;
    assert_eq!((interrupted.ok, interrupted.code.as_str()), (false, "interrupted"));
    // What is still at work is not disturbed by the next order.
    sensor.order(2, "remediate", &request("apply"));
    assert_eq!(sensor.answered(2).await.code, "remediation_locked");
    std::fs::remove_file(sensor.root.at("/run/hold")).expect("there");
    eventually("dpkg finishes", || sensor.root.status("pal-bin") == installed(NEW)).await;
    eventually("services are let be as they are", || !sensor.root.at("/usr/sbin/policy-rc.d").exists()).await;
    sensor.order(3, "remediate", &request("apply"));
    assert_eq!(sensor.answered(3).await.code, "remediation_nothing_to_do");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_can_switch_it_off() {
    let Some(sensor) = Sensor::new(&["--remediation", "false"]).await else { return };
    sensor.root.install(&Deb::new("pal-bin", "pal", OLD));
    sensor.root.offer(&Deb::new("pal-bin", "pal", NEW));
    sensor.root.update();
    sensor.order(1, "remediate", &request("apply"));
    let answer = sensor.answered(1).await;
    assert_eq!((answer.ok, answer.code.as_str()), (false, "remediation_off"));
    assert_eq!(sensor.root.status("pal-bin"), installed(OLD));
}
