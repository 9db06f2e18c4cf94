use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use palisade_connectors::{Connector, HostKey, KeySource, Place, Ssh, SshSettings};
use palisade_estate::health::Code;
use palisade_estate::provision::{Action, CheckOutcome, HostSensor, Mode, Outcome};
use palisade_testkit::{HostUser, Sshd, eventually, scratch, ssh_key};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{cause, left_behind, nowhere, program, report, sensor, work};

/// A server with a connector to it.
pub struct World {
    pub sshd: Sshd,
    pub runtime: TempDir,
}

pub fn host_key(sshd: &Sshd) -> HostKey {
    let (key_type, key) = sshd.host_key();
    HostKey { host: format!("[127.0.0.1]:{}", sshd.port()), key_type, key }
}

fn secret(key: &str) -> Vec<u8> {
    serde_json::json!({ "private_key": key }).to_string().into_bytes()
}

impl World {
    pub fn new() -> Option<Self> {
        Some(Self { sshd: Sshd::start()?, runtime: scratch() })
    }

    pub async fn connector(&self) -> Ssh {
        self.connector_by(&self.sshd.client_key(), vec![host_key(&self.sshd)]).await
    }

    pub async fn connector_by(&self, key: &str, confirmed: Vec<HostKey>) -> Ssh {
        let settings = SshSettings::new(format!("127.0.0.1:{}\n", self.sshd.port()));
        Ssh::open(settings, Some(&secret(key)), confirmed, self.runtime.path()).await.expect("a connector")
    }

    pub fn place(&self, user: &str) -> Place {
        Place::Ssh { host: "127.0.0.1".into(), port: Some(self.sshd.port()), user: Some(user.into()) }
    }

    async fn try_it(&self, ssh: &Ssh, user: &str, action: Action, script: &str) -> Outcome {
        let folder = scratch();
        let work = work(action, &program(&folder, script), nowhere()).await;
        ssh.perform(&self.place(user), &work).await
    }
}

/// What a sensor prints of a machine without one.
const ABSENT: &str = "#!/bin/sh\necho '{\"state\":\"absent\"}'\n";

fn install() -> Action {
    Action::Install { version: "1".into(), mode: Mode::Observing }
}

#[tokio::test]
async fn a_verb_is_run_as_root_and_nothing_is_left() {
    let Some(world) = World::new() else { return };
    let ssh = world.connector().await;
    // The verb sees its arguments, the token at its input and the certificates in a file.
    let script = r#"#!/bin/sh
read -r token
ca= url=
all="$*"
while [ $# -gt 0 ]; do case $1 in --ca) ca=$2 ;; --url) url=$2 ;; esac; shift; done
grep -q BEGIN "$ca" || exit 9
tr '\0' ' ' </proc/$$/cmdline | grep -q pal_token && exit 8
printf '{"ok":false,"code":"install_failed","evidence":{"step":"%s","detail":"%s %s %s"}}' "$token" "$(id -u)" "$url" "$all"
"#;
    let folder = scratch();
    let mut work = work(install(), &program(&folder, script), nowhere()).await;
    work.token = Some(palisade_connectors::secret::SecretText::new("pal_token-1".into()));
    let cause = cause(ssh.perform(&world.place("root"), &work).await);
    assert_eq!(cause.code, Code::InstallFailed, "{cause:?}");
    assert_eq!(cause.evidence.get("step"), Some("pal_token-1"));
    let detail = cause.evidence.get("detail").expect("what the verb saw");
    assert!(detail.starts_with("0 https://127.0.0.1:1 install --json"), "{detail}");
    assert!(detail.contains("--token-file -") && detail.contains("--mode observing"), "{detail}");
    assert_eq!(left_behind(), Vec::<std::path::PathBuf>::new());
    // The second conversation shares the first one's connection.
    assert_eq!(world.sshd.log().matches("Accepted publickey").count(), 1);
    world.try_it(&ssh, "root", install(), script).await;
    assert_eq!(world.sshd.log().matches("Accepted publickey").count(), 1, "{}", world.sshd.log());
}

#[tokio::test]
async fn the_real_sensor_answers_or_says_why_not() {
    let (Some(world), Some(sensor)) = (World::new(), sensor()) else { return };
    let ssh = world.connector().await;
    let preflight = work(Action::Preflight, &sensor, nowhere()).await;
    let report = report(ssh.perform(&world.place("root"), &preflight).await);
    assert!(report.root && report.cpus > 0 && !report.os.kernel.is_empty(), "{report:?}");
    assert_eq!(report.server, "https://127.0.0.1:1");
    match ssh.perform(&world.place("root"), &work(Action::Probe, &sensor, nowhere()).await).await {
        Outcome::Probed(HostSensor::Absent | HostSensor::Present { .. }) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(left_behind(), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn a_wrong_key_does_not_get_in() {
    let Some(world) = World::new() else { return };
    let ssh = world.connector_by(&ssh_key(), vec![host_key(&world.sshd)]).await;
    let cause = cause(world.try_it(&ssh, "root", Action::Preflight, ABSENT).await);
    assert_eq!(cause.code, Code::ConnectorLoginRefused);
    assert!(
        cause.message().contains("root: ") && cause.message().contains("Permission denied"),
        "{}",
        cause.message()
    );
}

#[tokio::test]
async fn nothing_is_sent_to_an_unknown_host() {
    let Some(world) = World::new() else { return };
    let ssh = world.connector_by(&world.sshd.client_key(), Vec::new()).await;
    let cause = cause(world.try_it(&ssh, "root", Action::Preflight, ABSENT).await);
    assert_eq!(cause.code, Code::HostKeyUnknown);
    let seen = ssh.look("127.0.0.1", Some(world.sshd.port())).await.expect("keys");
    let (kind, key) = world.sshd.host_key();
    let ours = seen.iter().find(|k| k.key_type == kind).expect("its key");
    assert_eq!(
        (ours.key.as_str(), ours.host.as_str()),
        (key.as_str(), &*format!("[127.0.0.1]:{}", world.sshd.port()))
    );
    assert!(cause.message().contains(&ours.fingerprint), "{}", cause.message());
    assert!(!world.sshd.log().contains("Accepted"), "{}", world.sshd.log());
    // Confirmed, it is let in.
    let ssh = world.connector_by(&world.sshd.client_key(), vec![ours.clone().into()]).await;
    world.try_it(&ssh, "root", Action::Probe, ABSENT).await;
    assert!(world.sshd.log().contains("Accepted"));
}

#[tokio::test]
async fn nothing_is_sent_to_a_changed_host() {
    let Some(mut world) = World::new() else { return };
    let before = host_key(&world.sshd);
    world.sshd.change_host_key();
    let ssh = world.connector_by(&world.sshd.client_key(), vec![before.clone()]).await;
    let changed = cause(world.try_it(&ssh, "root", Action::Preflight, ABSENT).await);
    assert_eq!(changed.code, Code::HostKeyMismatch);
    assert!(changed.message().contains("SHA256:"), "{}", changed.message());
    assert!(!world.sshd.log().contains("Accepted"), "{}", world.sshd.log());
    // Another kind of key than the confirmed one is no better.
    let other = HostKey { key_type: "ssh-rsa".into(), ..before };
    let ssh = world.connector_by(&world.sshd.client_key(), vec![other]).await;
    let kind = cause(world.try_it(&ssh, "root", Action::Preflight, ABSENT).await);
    assert_eq!(kind.code, Code::HostKeyMismatch);
}

#[tokio::test]
async fn root_is_reached_by_sudo_or_not_at_all() {
    let Some(world) = World::new() else { return };
    let ssh = world.connector().await;
    let (may, may_not) = (HostUser::add(true), HostUser::add(false));
    let who = "#!/bin/sh\nprintf '{\"ok\":false,\"code\":\"install_failed\",\"evidence\":{\"detail\":\"%s\"}}' \"$(id -u)\"\n";
    let cause_of = async |user: &HostUser| cause(world.try_it(&ssh, user.name(), install(), who).await);
    let root = cause_of(&may).await;
    assert_eq!((root.code, root.evidence.get("detail")), (Code::InstallFailed, Some("0")), "{root:?}");
    let refused = cause_of(&may_not).await;
    assert_eq!(refused.code, Code::PrivilegesMissing);
    let message = refused.message();
    assert!(message.contains(may_not.name()) && message.contains("sudo: "), "{message}");
    // A preflight sees the same, in its report.
    let seen = report(world.try_it(&ssh, may_not.name(), Action::Preflight, who).await);
    assert!(!seen.root && seen.user == may_not.name() && seen.cpus > 0);
    assert_eq!(left_behind(), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn what_hangs_is_ended_here_and_there() {
    let Some(world) = World::new() else { return };
    let ssh = world.connector().await;
    let folder = scratch();
    let mark = folder.path().join("pid");
    let script = format!("#!/bin/sh\nsleep 1000 &\necho $! >{}\nwait\n", mark.display());
    let mut hangs = work(install(), &program(&folder, &script), nowhere()).await;
    hangs.limit = Duration::from_secs(5);
    let cause = cause(ssh.perform(&world.place("root"), &hangs).await);
    assert_eq!(cause.code, Code::InstallTimeout, "{cause:?}");
    assert_eq!(cause.message(), "The step install did not end within 5 s and was given up.");
    let pid: u32 = std::fs::read_to_string(&mark).expect("it was started").trim().parse().expect("a number");
    eventually("the end of what was started there", async || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        (stat.is_empty() || stat.contains(") Z ")) && left_behind().is_empty()
    })
    .await;
}

#[tokio::test]
async fn a_flood_is_cut_off() {
    for flood in ["yes", "tr '\\0' a </dev/zero"] {
        let Some(sshd) = Sshd::with(&format!("ForceCommand {flood}")) else { return };
        let world = World { sshd, runtime: scratch() };
        let ssh = world.connector().await;
        let cause = cause(world.try_it(&ssh, "root", Action::Probe, ABSENT).await);
        assert_eq!(cause.code, Code::ConnectorAnswerInvalid, "{cause:?}");
        assert!(cause.message().contains("more than"), "{}", cause.message());
    }
}

#[tokio::test]
async fn a_shell_that_is_none_is_told() {
    let Some(sshd) = Sshd::with("ForceCommand echo no shell here >&2; exit 1") else { return };
    let world = World { sshd, runtime: scratch() };
    let ssh = world.connector().await;
    let cause = cause(world.try_it(&ssh, "root", Action::Probe, ABSENT).await);
    assert_eq!(cause.code, Code::ConnectorAnswerInvalid, "{cause:?}");
    assert!(cause.message().contains("no shell here"), "{}", cause.message());
}

#[tokio::test]
async fn no_name_becomes_a_word_of_a_command() {
    let Some(world) = World::new() else { return };
    let ssh = world.connector().await;
    let folder = scratch();
    let probe = work(Action::Probe, &program(&folder, ABSENT), nowhere()).await;
    let place =
        |host: &str, user: &str| Place::Ssh { host: host.into(), port: None, user: Some(user.into()) };
    for bad in ["-oProxyCommand=id", "a;id", "$(id)", "a b", "", "a\nb", "`id`", "a|b"] {
        for place in [place(bad, "root"), place("127.0.0.1", bad)] {
            let cause = cause(ssh.perform(&place, &probe).await);
            assert_eq!(cause.code, Code::ConnectorFailed, "{place:?}");
        }
        assert!(ssh.look(bad, None).await.is_err());
    }
    let bad = SshSettings::new("a;id\n");
    let refused = Ssh::open(bad, Some(&secret(&ssh_key())), Vec::new(), world.runtime.path()).await;
    assert_eq!(refused.err().map(|e| e.code()), Some(Code::ConnectorFailed));
    assert!(!world.sshd.log().contains("Accepted"));
}

/// Passes a connection on, and cuts it in the middle of what the machine is sent.
async fn cutting_proxy(to: u16, after: usize, cut: Arc<AtomicBool>) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let port = listener.local_addr().expect("its address").port();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let cut = cut.clone();
            tokio::spawn(async move {
                let server = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, to))).await;
                let mut server = server.expect("the server is there");
                let (mut from, mut back) = client.split();
                let (mut answers, mut into) = server.split();
                let there = async {
                    let (mut left, mut block) = (after, vec![0; 64 << 10]);
                    while let Ok(n @ 1..) = from.read(&mut block).await {
                        let n = n.min(left);
                        left -= n;
                        if into.write_all(&block[..n]).await.is_err() || left == 0 {
                            break;
                        }
                    }
                    cut.store(left == 0, Ordering::Relaxed);
                };
                tokio::select! {
                    () = there => {}
                    _ = tokio::io::copy(&mut answers, &mut back) => {}
                }
            });
        }
    });
    port
}

#[tokio::test]
async fn a_connection_that_drops_leaves_nothing() {
    let (Some(world), Some(sensor)) = (World::new(), sensor()) else { return };
    let cut = Arc::new(AtomicBool::new(false));
    let port = cutting_proxy(world.sshd.port(), 3 << 20, cut.clone()).await;
    let key = HostKey { host: format!("[127.0.0.1]:{port}"), ..host_key(&world.sshd) };
    let ssh = world.connector_by(&world.sshd.client_key(), vec![key]).await;
    let place = Place::Ssh { host: "127.0.0.1".into(), port: Some(port), user: Some("root".into()) };
    let cause = cause(ssh.perform(&place, &work(Action::Preflight, &sensor, nowhere()).await).await);
    assert_eq!(cause.code, Code::ConnectorUnreachable, "{cause:?}");
    assert!(cause.message().contains("in the middle"), "{}", cause.message());
    assert!(cut.load(Ordering::Relaxed), "it was cut while the sensor was sent");
    eventually("nothing of ours there", async || left_behind().is_empty()).await;
}

#[tokio::test]
async fn the_key_is_in_an_agent_only_and_the_agent_ends() {
    let Some(world) = World::new() else { return };
    let ssh = world.connector().await;
    let public = ssh.public_key().expect("its public key").to_owned();
    assert!(public.starts_with("ssh-ed25519 "), "{public}");
    let folder =
        std::fs::read_dir(world.runtime.path()).expect("ours").next().expect("one").expect("one").path();
    for file in std::fs::read_dir(&folder)
        .expect("ours")
        .flatten()
        .filter(|f| f.file_type().is_ok_and(|t| t.is_file()))
    {
        let text = std::fs::read_to_string(file.path()).expect("a text");
        assert!(!text.contains("PRIVATE KEY"), "{:?}", file.path());
    }
    // Somebody else's agent serves as well: here the first connector's own.
    let settings = SshSettings {
        key: KeySource::Agent { socket: folder.join("agent") },
        ..SshSettings::new(format!("127.0.0.1:{}\n", world.sshd.port()))
    };
    let second = Ssh::open(settings, None, vec![host_key(&world.sshd)], world.runtime.path())
        .await
        .expect("a connector");
    world.try_it(&second, "root", Action::Probe, ABSENT).await;
    assert!(world.sshd.log().contains("Accepted"));
    drop((ssh, second));
    let agents = async || {
        let all = std::fs::read_dir("/proc").expect("processes").flatten();
        let ours = world.runtime.path().display().to_string();
        !all.filter_map(|p| std::fs::read(p.path().join("cmdline")).ok())
            .any(|c| String::from_utf8_lossy(&c).contains(&ours))
    };
    eventually("the end of agents and shared connections", agents).await;
    // What is no key is refused with what to do.
    let bad =
        Ssh::open(SshSettings::new(""), Some(&secret("nonsense")), Vec::new(), world.runtime.path()).await;
    assert!(bad.err().is_some_and(|e| e.to_string().contains("private key cannot be used")));
}

#[tokio::test]
async fn products_are_asked_for_without_a_sensor() {
    let Some(world) = World::new() else { return };
    let ssh = world.connector().await;
    let facts = ssh.products(&world.place("root"), Duration::from_secs(60)).await.expect("facts");
    assert!(facts.root && facts.complete && !facts.os.kernel.is_empty(), "{facts:?}");
    let ssh = world.connector_by(&ssh_key(), vec![host_key(&world.sshd)]).await;
    let refused = ssh.products(&world.place("root"), Duration::from_secs(60)).await.expect_err("a wrong key");
    assert_eq!(refused.code(), Code::ConnectorLoginRefused);
}

#[tokio::test]
async fn the_test_button_names_what_does_not_work() {
    let Some(world) = World::new() else { return };
    let checks = world.connector().await.test().await;
    let failed: Vec<_> = checks.iter().filter(|c| c.outcome != CheckOutcome::Ok).collect();
    assert!(failed.is_empty() && checks.len() == 7, "{checks:#?}");
    let ssh = world.connector_by(&world.sshd.client_key(), Vec::new()).await;
    let checks = ssh.test().await;
    let keys = checks.iter().find(|c| c.name == "host_keys").expect("a check");
    assert_eq!(keys.outcome, CheckOutcome::Failed, "{checks:#?}");
    assert_eq!(keys.cause.as_ref().map(|c| c.code), Some(Code::HostKeyUnknown));
    let reach = checks.iter().find(|c| c.name == "reach").expect("a check");
    assert_eq!(reach.outcome, CheckOutcome::Ok, "{checks:#?}");
}
