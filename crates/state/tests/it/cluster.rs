//! The embedded cluster: made once, started and stopped again and again, killed and recovered.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use palisade_state::cluster::{Cluster, ClusterConfig, ClusterStatus, OsUser, Started};
use palisade_state::{DbRole, State, StateOptions};
use palisade_testkit::{eventually, scratch};
use sqlx::{ConnectOptions, Connection};

use crate::common::NOW;

const SOON: Duration = Duration::from_secs(30);

fn is_root() -> bool {
    fs::metadata("/proc/self").map(|m| std::os::unix::fs::MetadataExt::uid(&m)).expect("proc") == 0
}

/// A user of /etc/passwd.
fn user(name: &str) -> Option<OsUser> {
    fs::read_to_string("/etc/passwd").ok()?.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let [n, _, uid, gid, ..] = fields[..] else { return None };
        (n == name)
            .then(|| Some(OsUser { name: n.into(), uid: uid.parse().ok()?, gid: gid.parse().ok()? }))?
    })
}

fn config(dir: &Path) -> ClusterConfig {
    ClusterConfig {
        data_dir: dir.join("pg/data"),
        socket_dir: dir.join("pg/run"),
        log_file: dir.join("logs/pg.log"),
        user: is_root().then(|| user("postgres").or_else(|| user("nobody")).expect("an ordinary user")),
        socket_group: None,
        logins: vec![("daemon".into(), DbRole::Ingest)],
        settings: Vec::new(),
    }
}

/// Stops the cluster however the test ends.
struct StopAtEnd(Cluster);

impl Drop for StopAtEnd {
    fn drop(&mut self) {
        let cluster = self.0.clone();
        let stop = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            runtime.block_on(cluster.stop(SOON)).ok()
        };
        std::thread::spawn(stop).join().ok();
    }
}

fn postmaster(dir: &Path) -> i32 {
    let file = fs::read_to_string(dir.join("pg/data/postmaster.pid")).expect("it runs");
    file.lines().next().and_then(|l| l.trim().parse().ok()).expect("its number")
}

#[tokio::test]
async fn it_starts_stops_and_survives_a_kill() {
    let dir = scratch();
    let cluster = StopAtEnd(Cluster::new(config(dir.path())).expect("good"));
    let cluster = &cluster.0;
    assert_eq!(cluster.status().await.expect("asked"), ClusterStatus::Absent);
    let fresh = Started { fresh: true, already_running: false };
    assert_eq!(cluster.start_with_databases().await.expect("starts"), fresh);
    let again = Started { fresh: false, already_running: true };
    assert_eq!(cluster.start_with_databases().await.expect("starts twice"), again);
    let mode = fs::metadata(dir.path().join("pg/data")).expect("there").permissions().mode();
    assert_eq!(mode & 0o077, 0, "nobody else reads the data");

    let state = async |role| {
        State::connect(StateOptions::embedded(cluster.socket_dir(), role)).await.expect("connects")
    };
    let owner = state(DbRole::Owner).await;
    let tenant = owner.create_tenant("Example", "local", NOW).await.expect("made");
    for role in DbRole::ALL {
        assert_eq!(state(role).await.tenants().await.expect("read"), std::slice::from_ref(&tenant), "{role}");
    }
    owner.close().await;
    cluster.stop(SOON).await.expect("stops");
    cluster.stop(SOON).await.expect("stops twice");
    assert_eq!(cluster.status().await.expect("asked"), ClusterStatus::Stopped);
    let second = Started { fresh: false, already_running: false };
    assert_eq!(cluster.start().await.expect("starts again"), second);

    // A kill leaves the pid file; by the next start its number belongs to someone else.
    let pid = postmaster(dir.path());
    let kill = std::process::Command::new("kill").args(["-KILL", &pid.to_string()]).status().expect("runs");
    assert!(kill.success());
    eventually("its end", || async { cluster.status().await.expect("asked") == ClusterStatus::Stopped })
        .await;
    let file = dir.path().join("pg/data/postmaster.pid");
    let text = fs::read_to_string(&file).expect("left behind");
    fs::write(&file, text.replacen(&pid.to_string(), &std::process::id().to_string(), 1)).expect("written");
    assert_eq!(cluster.status().await.expect("asked"), ClusterStatus::Stopped);
    assert_eq!(cluster.start_with_databases().await.expect("recovers"), second);
    assert_eq!(state(DbRole::Api).await.tenants().await.expect("read"), [tenant]);
}

#[tokio::test]
async fn the_kernel_says_who_connects() {
    if !is_root() || user("daemon").is_none() || !Path::new("/usr/bin/setpriv").exists() {
        palisade_testkit::skipped("needs root, a user called daemon, and setpriv");
        return;
    }
    let dir = scratch();
    let cluster = StopAtEnd(Cluster::new(config(dir.path())).expect("good"));
    cluster.0.start_with_databases().await.expect("starts");
    let bin = palisade_state::cluster::find_binaries(None).expect("installed");
    let allowed = |role: &str| {
        let output = std::process::Command::new("setpriv")
            .args(["--reuid=daemon", "--regid=daemon", "--clear-groups"])
            .arg(bin.join("psql"))
            .args(["-X", "-h"])
            .arg(cluster.0.socket_dir())
            .args(["-U", role, "-d", "region", "-c", "SELECT 1"])
            .current_dir("/")
            .output()
            .expect("runs");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert!(allowed("palisade_ingest").0, "{:?}", allowed("palisade_ingest"));
    for role in ["palisade_owner", "palisade_api", "palisade_lake", "palisade_super"] {
        let (ok, said) = allowed(role);
        assert!(!ok && said.contains("Peer authentication failed"), "{role}: {said}");
    }
    let mut connection = cluster.0.superuser("postgres").connect().await.expect("root may");
    let addresses: String =
        sqlx::query_scalar("SHOW listen_addresses").fetch_one(&mut connection).await.expect("asked");
    assert_eq!(addresses, "");
    connection.close().await.expect("closes");
}

#[test]
fn paths_that_cannot_work_are_refused() {
    let long = Path::new("/tmp").join("x".repeat(90));
    let refused = Cluster::new(config(&long)).expect_err("too long for a socket");
    assert!(refused.to_string().contains("107"), "{refused}");
    assert!(Cluster::new(config(Path::new("relative"))).is_err());
    if is_root() {
        assert!(Cluster::new(ClusterConfig { user: None, ..config(Path::new("/tmp")) }).is_err());
    }
}
