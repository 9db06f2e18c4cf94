//! A sensor without a usable identity, or whose server is away, records all the same.

use super::*;
use crate::agent::{Lock, Recorder, serve};

/// A sensor as `run` starts it, but for the capture thread.
struct Recording {
    recorder: Arc<Recorder>,
    serving: tokio::task::JoinHandle<()>,
    _lock: Lock,
}

impl Recording {
    fn start(dir: &TempDir) -> Self {
        let lock = Lock::take(dir.path()).expect("free");
        let recorder = Arc::new(Recorder::open(settings(dir)).expect("opens"));
        let serving = tokio::spawn(serve(recorder.clone()));
        Self { recorder, serving, _lock: lock }
    }

    fn record(&self, n: i64) {
        self.recorder.spool.append_facts(Lane::Bulk, vec![Fact { time_us: n, ..Fact::default() }], None);
        self.recorder.spool.seal(Lane::Bulk);
    }

    /// State and code of the connection, and the component's state.
    fn connection(&self) -> (String, String, String) {
        let view = self.recorder.connection.view();
        let component = self.recorder.components().into_iter().find(|c| c.name == "connection");
        (view.state, view.error_code, component.map(|c| c.state).unwrap_or_default())
    }

    async fn settles_on(&self, state: &str, code: &str, component: &str) {
        let wanted = (state.to_owned(), code.to_owned(), component.to_owned());
        eventually(&format!("the connection is {wanted:?}"), || self.connection() == wanted).await;
        status::write(&self.recorder, "running");
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.recorder.stop.send_replace(Stop::Ending);
        self.serving.abort();
    }
}

async fn enrol(server: &TestServer, dir: &TempDir, more: &[&str]) -> i32 {
    let state = dir.path().to_str().expect("utf-8");
    let mut args = vec!["enrol", "--state-dir", state, "--url", &server.url, "--token", &server.token];
    args.extend(["--ca", &server.ca_sha256]);
    args.extend(more);
    command(&args).await
}

#[tokio::test]
async fn what_was_recorded_before_enrolment_is_sent_after_it() {
    let server = TestServer::start().await;
    let dir = TempDir::new().expect("dir");
    let running = Recording::start(&dir);
    running.record(1);
    running.settles_on("not_enrolled", "not_enrolled", "degraded").await;
    let shown = status::read(dir.path()).expect("read").expect("there");
    assert_eq!((shown.device_id.as_str(), shown.connection.state.as_str()), ("", "not_enrolled"));
    let state = dir.path().to_str().expect("utf-8").to_owned();
    assert_eq!(command(&["status", "--state-dir", &state]).await, 2);
    assert_eq!(command(&["spool", "show", "--state-dir", &state]).await, 0);

    // The running sensor takes the identity up by itself.
    assert_eq!(enrol(&server, &dir, &[]).await, 0);
    eventually("what was recorded before is there", || bulk(&server) == [1]).await;
    running.record(2);
    eventually("what is recorded after is there", || bulk(&server) == [1, 2]).await;
    running.settles_on("connected", "", "ok").await;
    assert_eq!(running.recorder.enrolled(), Some((server.device, server.tenant)));
    // From now on its identity must not change under it.
    assert_eq!(enrol(&server, &dir, &["--force"]).await, 1);
}

#[tokio::test]
async fn a_bent_identity_stops_no_recording_and_is_replaced_under_the_running_sensor() {
    let server = TestServer::start().await;
    let dir = TempDir::new().expect("dir");
    std::fs::write(dir.path().join("identity.json"), "{").expect("written");
    let running = Recording::start(&dir);
    running.record(1);
    running.settles_on("failing", "file_unusable", "failed").await;
    assert_eq!(enrol(&server, &dir, &[]).await, 1);
    assert_eq!(enrol(&server, &dir, &["--force"]).await, 0);
    eventually("what was recorded is there", || bulk(&server) == [1]).await;
}

#[tokio::test]
async fn a_server_that_is_away_stops_no_recording() {
    let server = TestServer::start().await;
    let dir = enrolled(&server).await;
    drop(server);
    let running = Recording::start(&dir);
    running.record(1);
    running.settles_on("failing", "server_unreachable", "failed").await;
    running.record(2);
    let waiting: u64 = running.recorder.spool.usage().lanes.iter().map(|l| l.unsent_facts).sum();
    assert_eq!(waiting, 2);
}
