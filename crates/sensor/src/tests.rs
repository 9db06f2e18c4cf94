//! The sensor without capture against a small real server: enrolment, upload, orders, renewal.

mod server;
mod unenrolled;

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use http::StatusCode;
use palisade_types::Lane;
use palisade_wire::msg::{Fact, FileEvent, OrderReceipt, fact};
use tempfile::TempDir;

use crate::agent::{Agent, Stop, status};
use crate::cli::settings::{Common, RunArgs, Settings, load};
use crate::cli::{self, Cli};
use crate::error::SensorError;
use crate::identity::Identity;
use crate::orders::channel;
use crate::orders::journal::{Done, Journal};
use crate::transport::{renew, upload};
use server::TestServer;

/// Waits for a condition; the only limit is one that a broken program would pass.
async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < until, "not within 30 s: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn settings(dir: &TempDir) -> Settings {
    let common = Common { state_dir: Some(dir.path().to_owned()), ..Common::default() };
    load(&common, RunArgs { device_name: Some("unit".into()), ..RunArgs::default() }).expect("settings")
}

/// Runs the real command line; it has a runtime of its own, so it gets a thread.
async fn command(args: &[&str]) -> i32 {
    let args: Vec<String> =
        std::iter::once("palisade-sensor").chain(args.iter().copied()).map(str::to_owned).collect();
    tokio::task::spawn_blocking(move || cli::main(Cli::parse_from(args))).await.expect("ends")
}

async fn enrolled(server: &TestServer) -> TempDir {
    let dir = TempDir::new().expect("dir");
    let state = dir.path().to_str().expect("utf-8");
    let code = command(&[
        "enrol",
        "--state-dir",
        state,
        "--url",
        &server.url,
        "--token",
        &server.token,
        "--ca",
        &server.ca_sha256,
    ])
    .await;
    assert_eq!(code, 0);
    dir
}

/// The running sensor without its capture thread.
struct Running {
    agent: Arc<Agent>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Running {
    fn start(dir: &TempDir) -> Self {
        let agent = Arc::new(Agent::open(settings(dir)).expect("opens"));
        agent.orders.answer_interrupted(&agent);
        let mut tasks: Vec<_> =
            Lane::ALL.into_iter().map(|l| tokio::spawn(upload::run(agent.clone(), l))).collect();
        tasks.push(tokio::spawn(channel::run(agent.clone())));
        tasks.push(tokio::spawn(renew::run(agent.clone())));
        let ticking = agent.clone();
        tasks.push(tokio::spawn(async move {
            loop {
                for a in ticking.take_drain_requests() {
                    let _ = a.send(());
                }
                ticking.spool.tick(Instant::now());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }));
        Self { agent, tasks }
    }

    fn send(&self, n: i64) {
        let file = FileEvent { path: format!("/f/{n}"), ..FileEvent::default() };
        let fact = Fact { time_us: n, kind: Some(fact::Kind::File(file)), ..Fact::default() };
        self.agent.spool.append_facts(Lane::Bulk, vec![fact], None);
        self.agent.spool.seal(Lane::Bulk);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.agent.stop.send_replace(Stop::Ending);
        for t in &self.tasks {
            t.abort();
        }
    }
}

fn bulk(server: &TestServer) -> Vec<i64> {
    server.behaviour.lock().facts[2].iter().map(|f| f.time_us).collect()
}

fn receipts(server: &TestServer) -> Vec<OrderReceipt> {
    let b = server.behaviour.lock();
    b.facts[0]
        .iter()
        .filter_map(|f| if let Some(fact::Kind::Receipt(r)) = &f.kind { Some(r.clone()) } else { None })
        .collect()
}

#[tokio::test]
async fn enrolment_needs_the_right_token_and_ca_and_is_kept() {
    let server = TestServer::start().await;
    let dir = TempDir::new().expect("dir");
    let state = dir.path().to_str().expect("utf-8");
    let pem = dir.path().join("ca.pem");
    std::fs::write(&pem, &server.ca_pem).expect("written");
    let pem = pem.to_str().expect("utf-8");
    let wrong_pin = "00".repeat(32);
    for (token, ca) in [("another", pem), (server.token.as_str(), wrong_pin.as_str())] {
        let code =
            command(&["enrol", "--state-dir", state, "--url", &server.url, "--token", token, "--ca", ca])
                .await;
        assert_eq!(code, 1);
        assert!(matches!(Identity::load(dir.path()), Err(SensorError::NotEnrolled)));
    }
    let good = ["enrol", "--state-dir", state, "--url", &server.url, "--token", &server.token, "--ca", pem];
    assert_eq!(command(&good).await, 0);
    let identity = Identity::load(dir.path()).expect("there");
    assert_eq!((identity.device_id, identity.tenant_id), (server.device, server.tenant));
    // A second time changes nothing.
    assert_eq!(command(&good).await, 0);
    let test = ["connectivity", "test", "--state-dir", state];
    assert_eq!(command(&test).await, 0);
}

#[tokio::test]
async fn facts_arrive_once_whatever_the_server_does() {
    let server = TestServer::start().await;
    let dir = enrolled(&server).await;
    {
        let mut b = server.behaviour.lock();
        b.refusals.extend([
            (StatusCode::SERVICE_UNAVAILABLE, "log_unavailable", 0),
            (StatusCode::TOO_MANY_REQUESTS, "rate_limited", 30),
            (StatusCode::INTERNAL_SERVER_ERROR, "internal", 0),
        ]);
        b.swallow_answers = 2;
        b.flush_ms = 2000;
    }
    let running = Running::start(&dir);
    for n in 1..=50 {
        running.send(n);
    }
    eventually("all facts are there", || bulk(&server).len() >= 50).await;
    eventually("the spool is empty", || running.agent.spool.is_empty()).await;
    assert_eq!(bulk(&server), (1..=50).collect::<Vec<_>>());
    assert_eq!(running.agent.counters.get("upload_rate_limited"), 1);
    assert!(running.agent.counters.get("batches_duplicate") >= 1);
    assert_eq!(running.agent.spool.flush_interval(), Duration::from_secs(2));
    // Killed and started anew, it goes on counting where it was.
    drop(running);
    let running = Running::start(&dir);
    running.send(51);
    eventually("the next fact is there", || bulk(&server).len() == 51).await;
    assert_eq!(running.agent.counters.get("sensor_starts"), 2);
}

#[tokio::test]
async fn a_fork_begins_a_new_epoch_and_loses_nothing() {
    let server = TestServer::start().await;
    let dir = enrolled(&server).await;
    let running = Running::start(&dir);
    let epoch = running.agent.spool.epoch();
    server.occupy(epoch, Lane::Bulk, 3);
    for n in 1..=10 {
        running.send(n);
    }
    eventually("all facts are there", || bulk(&server).len() >= 10).await;
    eventually("the spool is empty", || running.agent.spool.is_empty()).await;
    let mut once = bulk(&server);
    once.sort_unstable();
    assert_eq!(once, (1..=10).collect::<Vec<_>>());
    assert_ne!(running.agent.spool.epoch(), epoch);
    assert_eq!(running.agent.counters.get("epoch_changed"), 1);
}

#[tokio::test]
async fn a_baseline_that_cannot_be_run_is_refused_and_a_good_one_is_kept() {
    let server = TestServer::start().await;
    let dir = enrolled(&server).await;
    let running = Running::start(&dir);
    let kept = dir.path().join(cli::inventory::baselines::ASSIGNED);
    let assigned = |checks: &str| {
        format!(
            "{{\"profiles\":[{{\"revision\":\"1-a\",\"profile\":{{\"format\":\"palisade-baseline-profile/1\",\
             \"name\":\"own\",\"title\":\"Own\",\"checks\":[\"{checks}\"]}}}}]}}"
        )
    };
    server.push(server.order_with(1, "baseline", &assigned("none.*"), 60_000_000));
    server.push(server.order_with(2, "baseline", "{\"profiles\":1}", 60_000_000));
    eventually("both are answered", || receipts(&server).len() == 2).await;
    let mut codes: Vec<String> = receipts(&server).into_iter().map(|r| r.code).collect();
    codes.sort();
    assert_eq!(codes, ["baseline_syntax", "baseline_unknown_check"]);
    assert!(!kept.exists(), "what is refused is not kept");

    server.push(server.order_with(3, "baseline", &assigned("ssh.*"), 60_000_000));
    eventually("it is kept", || kept.exists()).await;
    let mode = std::os::unix::fs::PermissionsExt::mode(&kept.metadata().expect("a file").permissions());
    assert_eq!(mode & 0o777, 0o600);
    let text = std::fs::read_to_string(&kept).expect("read");
    assert_eq!(text, assigned("ssh.*"));
    // Others do not wait for it.
    server.push(server.order(4, "ping", 60_000_000));
    eventually("the ping is answered", || receipts(&server).iter().any(|r| r.number == 4 && r.ok)).await;
    server.push(server.order_with(5, "baseline", "{\"profiles\":[]}", 60_000_000));
    eventually("it is given back", || !kept.exists()).await;
    drop(running);
}

#[tokio::test]
async fn orders_are_executed_once_and_answered_with_proof() {
    let server = TestServer::start().await;
    let dir = enrolled(&server).await;
    let running = Running::start(&dir);
    server.push(server.order(1, "ping", 60_000_000));
    eventually("the ping is answered", || receipts(&server).len() == 1).await;
    let ping = receipts(&server).remove(0);
    assert!(ping.ok, "{ping:?}");
    let proof: serde_json::Value = serde_json::from_str(&ping.proof).expect("JSON");
    assert_eq!(proof["boot_id"].as_str(), Some(crate::device::boot::read().id.as_str()));
    assert!(proof["uptime_seconds"].as_f64().is_some_and(|s| s > 0.0));

    running.agent.spool.append_facts(Lane::Bulk, vec![Fact { time_us: 7, ..Fact::default() }], None);
    server.push(server.order(2, "collect-now", 60_000_000));
    eventually("collect-now is answered", || receipts(&server).len() == 2).await;
    let collect = receipts(&server).remove(1);
    let proof: serde_json::Value = serde_json::from_str(&collect.proof).expect("JSON");
    assert!(collect.ok && proof["sequences_flushed"]["bulk"].as_u64() == Some(1), "{collect:?}");
    assert!(proof["processes"].as_u64().is_some_and(|n| n > 0));
    eventually("what was open is there", || bulk(&server) == [7]).await;

    // The same again, one with a used number, one that is bent, one that is late, one unknown.
    server.push(server.order(2, "collect-now", 60_000_000));
    server.push(server.order(1, "stolen-number", 60_000_000));
    let mut bent = server.order(3, "ping", 60_000_000);
    bent.signature = vec![0; 64].into();
    server.push(bent);
    server.push(server.order(4, "ping", -1));
    server.push(server.order(5, "make-coffee", 60_000_000));
    eventually("all that can be answered is", || receipts(&server).len() == 5).await;
    let answers: Vec<(u64, bool, String)> =
        receipts(&server).into_iter().map(|r| (r.number, r.ok, r.code)).collect();
    let expected = [(1, "order_replayed"), (4, "order_expired"), (5, "order_unknown_kind")];
    assert_eq!(answers[2..], expected.map(|(n, c)| (n, false, c.to_owned())));
    let count = |kind: &str| running.agent.counters.get(kind);
    assert_eq!(
        (count("order_done"), count("order_forged"), count("order_replayed"), count("order_expired")),
        (2, 1, 2, 1)
    );
    assert_eq!(running.agent.orders.last_number(), 5);
    drop(running);

    // A sensor that ended between journal and receipt says so and does not try again.
    Journal::open(dir.path())
        .and_then(|mut j| {
            j.begin(&Done { number: 6, id: "order-6-ping".into(), kind: "ping".into(), received_us: 1 })
        })
        .expect("begun");
    let running = Running::start(&dir);
    eventually("the interruption is told", || receipts(&server).len() == 6).await;
    let last = receipts(&server).remove(5);
    assert_eq!((last.number, last.ok, last.code.as_str()), (6, false, "interrupted"));
    drop(running);
    let running = Running::start(&dir);
    running.send(1);
    eventually("it runs", || bulk(&server).len() == 2).await;
    assert_eq!(receipts(&server).len(), 6);
}

#[tokio::test]
async fn orders_come_by_asking_where_streams_do_not_live() {
    let server = TestServer::start().await;
    server.behaviour.lock().break_streams = true;
    let dir = enrolled(&server).await;
    let running = Running::start(&dir);
    server.push(server.order(1, "ping", 60_000_000));
    eventually("the ping is answered", || receipts(&server).len() == 1).await;
    assert_eq!(running.agent.connection.view().orders, "poll");
}

#[tokio::test]
async fn a_certificate_is_renewed_in_time_with_a_new_key() {
    let server = TestServer::start().await;
    server.behaviour.lock().certificate_life = Duration::from_millis(1);
    let dir = enrolled(&server).await;
    let before = Identity::load(dir.path()).expect("there");
    server.behaviour.lock().certificate_life = Duration::from_secs(86_400);
    let running = Running::start(&dir);
    eventually("it is renewed", || running.agent.counters.get("certificate_renewed") == 1).await;
    let after = Identity::load(dir.path()).expect("there");
    assert!(after.not_after_us > before.not_after_us);
    assert_ne!(
        before.client_auth().expect("key").1.secret_der(),
        after.client_auth().expect("key").1.secret_der()
    );
    running.send(1);
    eventually("uploads go on", || bulk(&server) == [1]).await;
}

#[tokio::test]
async fn the_status_file_shows_all_and_no_secret() {
    use std::os::unix::fs::PermissionsExt;
    let server = TestServer::start().await;
    let dir = enrolled(&server).await;
    let running = Running::start(&dir);
    running.send(1);
    eventually("the fact is there", || bulk(&server) == [1]).await;
    eventually("it says so", || running.agent.connection.view().state == "connected").await;
    status::write(&running.agent, "running");
    let path = status::path(dir.path());
    assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o644);
    let text = std::fs::read_to_string(&path).expect("text");
    let shown: status::Status = serde_json::from_str(&text).expect("JSON");
    assert_eq!((shown.device_id, shown.connection.state.as_str()), (server.device.to_string(), "connected"));
    assert!(shown.counters.get("facts_sent").is_some_and(|n| *n >= 1));
    let secret: serde_json::Value =
        serde_json::from_slice(&std::fs::read(dir.path().join("identity.json")).expect("there"))
            .expect("JSON");
    for field in ["key", "certificate", "action_key"] {
        let value = secret[field].as_str().expect("a text");
        assert!(!text.contains(value), "{field} is in the status file");
    }
    assert!(!text.contains(&server.token));
    // No process holds the lock, so the reader says that none runs.
    let state = dir.path().to_str().expect("utf-8").to_owned();
    assert_eq!(command(&["status", "--json", "--state-dir", &state]).await, 3);
}

#[tokio::test]
async fn a_bent_order_journal_refuses_orders_and_stops_nothing_else() {
    let server = TestServer::start().await;
    let dir = enrolled(&server).await;
    std::fs::write(dir.path().join("orders.json"), b"{").expect("written");
    let running = Running::start(&dir);
    running.send(1);
    server.push(server.order(1, "ping", 60_000_000));
    eventually("the fact is there", || bulk(&server) == [1]).await;
    eventually("the order is answered", || receipts(&server).len() == 1).await;
    let receipt = receipts(&server).remove(0);
    assert_eq!((receipt.ok, receipt.code.as_str()), (false, "order_journal_unusable"));
    let component = running.agent.components().into_iter().find(|c| c.name == "order_journal");
    assert_eq!(component.map(|c| c.state).as_deref(), Some("failed"));
}

#[tokio::test]
async fn what_was_recorded_for_one_tenant_is_not_sent_to_another() {
    let (first, second) = (TestServer::start().await, TestServer::start().await);
    assert_ne!(first.tenant, second.tenant);
    let dir = enrolled(&first).await;
    let state = dir.path().to_str().expect("utf-8").to_owned();
    {
        let recorder = crate::agent::Recorder::open(settings(&dir)).expect("opens");
        recorder.spool.append_facts(Lane::Bulk, vec![Fact { time_us: 1, ..Fact::default() }], None);
        recorder.spool.seal(Lane::Bulk);
        recorder.spool.close();
    }
    let args = ["enrol", "--force", "--state-dir", &state, "--url", &second.url, "--token", &second.token];
    assert_eq!(command(&[&args[..], &["--ca", &second.ca_sha256]].concat()).await, 0);
    let running = Running::start(&dir);
    running.send(2);
    eventually("what is recorded for the second arrives", || !bulk(&second).is_empty()).await;
    assert_eq!((bulk(&first), bulk(&second)), (vec![], vec![2]));
}
