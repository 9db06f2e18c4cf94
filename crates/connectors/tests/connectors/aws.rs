use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use palisade_connectors::secret::SecretText;
use palisade_connectors::{Artefact, Aws, AwsSettings, Connector, Listed, Place, Report, Work};
use palisade_estate::health::Code;
use palisade_estate::machine::{OsFamily, PowerState};
use palisade_estate::provision::{Action, HostSensor, Mode, Outcome};
use palisade_testkit::{Moto, OwnRoot, REGION, SsmCommand, eventually, scratch};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::door::{Door, TASK, TOKEN};
use crate::support::{cause, program, report, sensor, work};

const SECRET: &[u8] = br#"{"access_key_id":"AKIATEST","secret_access_key":"s"}"#;

fn connector(url: &str) -> Aws {
    let settings = AwsSettings {
        ec2_endpoint: Some(url.into()),
        ssm_endpoint: Some(url.into()),
        ..AwsSettings::new(REGION)
    };
    Aws::open(settings, SECRET).expect("a connector")
}

async fn list(aws: &Aws) -> Vec<Listed> {
    let (mut all, mut next) = (Vec::new(), None);
    loop {
        let page = aws.list(next).await.expect("a page");
        all.extend(page.machines);
        next = page.next;
        if next.is_none() {
            return all;
        }
    }
}

#[tokio::test]
async fn machines_are_listed_with_their_power() {
    let Some(moto) = Moto::start() else { return };
    let ids = moto.run_instances(3).expect("machines");
    let script = format!(
        "ec2.create_tags(Resources=['{0}'], Tags=[dict(Key='Name', Value='web <1> & co'), dict(Key='stage', Value='test')])\n\
         ec2.stop_instances(InstanceIds=['{1}'])\nec2.terminate_instances(InstanceIds=['{2}'])",
        ids[0], ids[1], ids[2],
    );
    moto.python(&script).expect("changed");
    let aws = connector(&moto.url());
    let all = list(&aws).await;
    let by = |id: &str| all.iter().find(|m| m.cloud_id.ends_with(id)).expect("listed");
    let web = by(&ids[0]);
    assert_eq!(
        (web.name.as_str(), web.power, web.os.family),
        ("web <1> & co", PowerState::Running, OsFamily::Linux)
    );
    assert_eq!(web.cloud_id, format!("aws:123456789012:{REGION}:{}", ids[0]));
    assert_eq!(web.place, Some(Place::Aws { instance: ids[0].clone() }));
    assert!(
        web.image.starts_with("ami-") && !web.addresses.is_empty() && web.tags["stage"] == "test",
        "{web:?}"
    );
    assert_eq!(by(&ids[1]).power, PowerState::Deallocated);
    assert_eq!(by(&ids[2]).power, PowerState::Deleted);
    let some = AwsSettings {
        ec2_endpoint: Some(moto.url()),
        ssm_endpoint: Some(moto.url()),
        only_tags: vec!["stage=test".into()],
        ..AwsSettings::new(REGION)
    };
    assert_eq!(list(&Aws::open(some, SECRET).expect("a connector")).await.len(), 1);
}

#[tokio::test]
async fn long_lists_come_in_pages() {
    let Some(moto) = Moto::start() else { return };
    moto.run_instances(230).expect("machines");
    let aws = connector(&moto.url());
    let first = aws.list(None).await.expect("a page");
    assert!(first.next.is_some() && first.machines.len() < 230);
    let mut names: Vec<String> = list(&aws).await.into_iter().map(|m| m.cloud_id).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 230);
}

/// Stands before moto and says no for a while, in EC2's or SSM's words.
async fn throttling(moto: &Moto, times: usize) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    let behind = moto.url().trim_start_matches("http://").to_owned();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            if count.fetch_add(1, Ordering::Relaxed) >= times {
                let mut server = TcpStream::connect(&behind).await.expect("moto is there");
                tokio::spawn(async move {
                    // Whoever goes first ends it.
                    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                });
                continue;
            }
            let mut head = vec![0; 16 << 10];
            let n = client.read(&mut head).await.unwrap_or(0);
            let body = if String::from_utf8_lossy(&head[..n]).contains("AmazonSSM") {
                r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#
            } else {
                "<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>Request limit exceeded.</Message></Error></Errors></Response>"
            };
            let answer = format!(
                "HTTP/1.1 503 Slow\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = client.write_all(answer.as_bytes()).await;
            let _ = client.shutdown().await;
        }
    });
    (url, asked)
}

#[tokio::test]
async fn a_cloud_that_limits_is_asked_again_and_then_told_of() {
    let Some(moto) = Moto::start() else { return };
    moto.run_instances(1).expect("a machine");
    let (url, asked) = throttling(&moto, 2).await;
    assert_eq!(list(&connector(&url)).await.len(), 1);
    assert!(asked.load(Ordering::Relaxed) >= 3);
    let (url, _) = throttling(&moto, usize::MAX).await;
    let refused = connector(&url).list(None).await.expect_err("limited");
    assert_eq!(refused.code(), Code::ConnectorThrottled);
    assert!(refused.cause().evidence.get("retry_at").is_some());
}

#[tokio::test]
async fn nobody_at_the_endpoint_is_unreachable() {
    let refused = connector("http://127.0.0.1:1").list(None).await.expect_err("nobody");
    assert_eq!(refused.code(), Code::ConnectorUnreachable, "{refused}");
    let checks = connector("http://127.0.0.1:1").test().await;
    assert!(
        checks.iter().all(|c| c.cause.as_ref().is_some_and(|c| c.code == Code::ConnectorUnreachable)),
        "{checks:#?}"
    );
}

#[tokio::test]
async fn the_test_button_tries_each_call() {
    let Some(moto) = Moto::start() else { return };
    let checks = connector(&moto.url()).test().await;
    let names: Vec<&str> = checks.iter().map(|c| c.name).collect();
    assert_eq!(
        names,
        [
            "ec2_describe_instances",
            "ssm_describe_instance_information",
            "ssm_send_command",
            "ssm_get_command_invocation"
        ]
    );
    for check in &checks {
        // moto does not play this one; what it says instead has to be told, not taken for a yes.
        let played = check.name != "ssm_describe_instance_information";
        assert_eq!(check.cause.is_none(), played, "{check:?}");
    }
}

/// A machine of moto's, an agent for it, and the door that it shall find.
struct World {
    moto: Moto,
    root: OwnRoot,
    door: Door,
    instance: String,
}

impl World {
    async fn new(sensor: &std::path::Path) -> Option<Self> {
        let (moto, root) = (Moto::start()?, OwnRoot::new("instance-1")?);
        let instance = moto.run_instances(1).expect("a machine").remove(0);
        Some(Self { moto, root, door: Door::open(sensor).await, instance })
    }

    async fn work(&self, action: Action, sensor: &std::path::Path) -> Work {
        let mut work = work(action, sensor, self.door.server.clone()).await;
        work.token = Some(SecretText::new(TOKEN.into()));
        work.report = Some(Report { token: SecretText::new(TASK.into()), reports: self.door.reports() });
        work.limit = Duration::from_secs(60);
        work
    }

    /// Has the connector do its work, while the agent does what SSM was sent.
    async fn perform(&self, work: &Work) -> (Outcome, std::process::Output) {
        let aws = connector(&self.moto.url());
        let place = Place::Aws { instance: self.instance.clone() };
        let before = self.moto.commands().expect("commands").len();
        let agent = async {
            let command: SsmCommand = eventually("a command for the machine", async || {
                self.moto.commands().ok().and_then(|all| all.into_iter().nth(before))
            })
            .await;
            assert_eq!(
                (command.document.as_str(), &command.instances),
                ("AWS-RunShellScript", &vec![self.instance.clone()])
            );
            let enter = self.root.enter();
            tokio::task::spawn_blocking(move || command.run(&enter)).await.expect("it ends").expect("it ran")
        };
        tokio::join!(aws.perform(&place, work), agent)
    }
}

#[tokio::test]
async fn what_moto_recorded_is_executed_and_reports_back() {
    let folder = scratch();
    let script = "#!/bin/sh\nread -r token\nprintf '{\"ok\":false,\"code\":\"install_failed\",\"evidence\":{\"step\":\"%s\",\"detail\":\"%s %s\"}}' \"$token\" \"$(hostname)\" \"$*\"\n";
    let program = program(&folder, script);
    let Some(world) = World::new(&program).await else { return };
    let install = Action::Install { version: "1".into(), mode: Mode::Standard };
    let (outcome, out) = world.perform(&world.work(install, &program).await).await;
    let cause = cause(outcome);
    assert_eq!(cause.evidence.get("step"), Some(TOKEN), "{cause:?} {}", String::from_utf8_lossy(&out.stderr));
    let detail = cause.evidence.get("detail").expect("what it saw");
    assert!(detail.starts_with("instance-1 install --json --url https://localhost:"), "{detail}");
    assert_eq!(
        world.door.requests(),
        ["GET /v1/artefacts/sensor HTTP/1.1", "POST /v1/tasks/report HTTP/1.1"]
    );
    // Nothing of the sensor is there, so that nothing is fetched for a probe.
    let (outcome, _) = world.perform(&world.work(Action::Probe, &program).await).await;
    assert_eq!(outcome, Outcome::Probed(HostSensor::Absent));
    assert_eq!(world.door.requests().len(), 3);
}

#[tokio::test]
async fn the_real_sensor_looks_at_the_machine() {
    let Some(sensor) = sensor() else { return };
    let Some(world) = World::new(&sensor).await else { return };
    let (outcome, out) = world.perform(&world.work(Action::Preflight, &sensor).await).await;
    let report = report(outcome);
    assert!(report.root && report.cpus > 0 && !report.os.id.is_empty(), "{report:?}");
    assert!(String::from_utf8_lossy(&out.stdout).contains("\nend="), "SSM has the answer too");
}

#[tokio::test]
async fn a_server_that_is_not_ours_is_not_believed() {
    let folder = scratch();
    let program = program(&folder, "#!/bin/sh\nexit 0\n");
    let Some(world) = World::new(&program).await else { return };
    let mut work = world.work(Action::Preflight, &program).await;
    // The right door, with the certificates of another.
    work.server.ca_pem = Door::open(&program).await.server.ca_pem.clone();
    // It cannot report either, but SSM carries short answers.
    let aws = connector(&world.moto.url());
    let place = Place::Aws { instance: world.instance.clone() };
    let sent = tokio::time::timeout(Duration::from_secs(3), aws.perform(&place, &work)).await;
    assert!(sent.is_err(), "moto has no answer of the machine: {sent:?}");
    let command = world.moto.commands().expect("commands").pop().expect("one");
    let enter = world.root.enter();
    let out =
        tokio::task::spawn_blocking(move || command.run(&enter)).await.expect("it ends").expect("it ran");
    let said = String::from_utf8_lossy(&out.stdout);
    // Both authorities have the same name: curl says it as an untrusted one or as a failed handshake.
    let untrusted = ["fetched=60\n", "fetched=35\n"].iter().any(|code| said.contains(code));
    assert!(said.contains("why=download\n") && untrusted, "{said}");
    assert!(world.door.requests().is_empty());
    // A token that the door does not know.
    let mut work = world.work(Action::Preflight, &program).await;
    work.token = Some(SecretText::new("pal_other".into()));
    let (outcome, _) = world.perform(&work).await;
    assert_eq!(cause(outcome).code, Code::EnrolmentTokenRefused);
    // Another file than the one that was promised.
    let mut work = world.work(Action::Preflight, &program).await;
    work.sensor = Artefact { sha256: "0".repeat(64), ..work.sensor };
    let (outcome, _) = world.perform(&work).await;
    assert_eq!(cause(outcome).code, Code::PackageDamaged);
}
