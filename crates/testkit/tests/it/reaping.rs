//! What a test starts ends with it.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use palisade_testkit::{Supervised, eventually, scratch};

fn alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

fn pid_in(path: &Path) -> Option<u32> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// A shell that leaves a daemon in a session of its own behind and then does `after`.
fn with_daemon(file: &Path, after: &str) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!(
        "setsid sh -c 'echo $$ > {0}.new; mv {0}.new {0}; exec sleep 1000' & {after}",
        file.display()
    ));
    command
}

#[tokio::test]
async fn dropping_kills_the_program_and_its_daemons() {
    let dir = scratch();
    let file = dir.path().join("pid");
    let running = Supervised::spawn(with_daemon(&file, "exec sleep 1000")).expect("starts");
    let daemon = eventually("the daemon", || async { pid_in(&file) }).await;
    let program = running.pid();
    assert!(alive(daemon) && alive(program));
    drop(running);
    assert!(!alive(program) && !alive(daemon));
}

#[tokio::test]
async fn a_program_that_ends_takes_its_daemons_along() {
    let dir = scratch();
    let file = dir.path().join("pid");
    let wait = format!("while ! [ -e {} ]; do sleep 0.01; done; exit 7", file.display());
    let mut running = Supervised::spawn(with_daemon(&file, &wait)).expect("starts");
    assert_eq!(running.wait().expect("ends").code(), Some(7));
    assert!(!alive(pid_in(&file).expect("the daemon was there")));
}

#[tokio::test]
async fn a_signal_reaches_the_program_and_its_output_ends() {
    let mut command = Command::new("sh");
    command.args(["-c", "trap 'echo bye; exit 3' TERM; echo hello; while :; do sleep 0.01; done"]);
    command.stdout(Stdio::piped());
    let mut running = Supervised::spawn(command).expect("starts");
    let mut lines =
        std::io::BufRead::lines(std::io::BufReader::new(running.take_stdout().expect("asked for")));
    assert_eq!(lines.next().expect("a line").expect("reads"), "hello");
    running.terminate();
    assert_eq!(lines.map(|l| l.expect("reads")).collect::<Vec<_>>(), ["bye"]);
    assert_eq!(running.wait().expect("ends").code(), Some(3));
}

#[tokio::test]
async fn a_program_that_does_not_exist_is_an_error() {
    assert!(Supervised::spawn(Command::new("/nonexistent/program")).is_err());
}

#[tokio::test]
async fn killing_the_test_process_kills_what_it_started() {
    if let Some(file) = std::env::var_os("PALISADE_REAPING_INNER") {
        let _running = Supervised::spawn(with_daemon(Path::new(&file), "exec sleep 1000")).expect("starts");
        std::future::pending::<()>().await;
    }
    let dir = scratch();
    let file = dir.path().join("pid");
    let mut inner = Command::new(std::env::current_exe().expect("it runs"))
        .args(["--exact", "reaping::killing_the_test_process_kills_what_it_started"])
        .env("PALISADE_REAPING_INNER", &file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
    let daemon = eventually("the daemon", || async { pid_in(&file) }).await;
    inner.kill().expect("it is ours");
    inner.wait().expect("it is ours");
    eventually("the daemon's end", || async { !alive(daemon) }).await;
}
