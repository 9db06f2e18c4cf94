use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};

use super::*;

/// Moves this thread's process into the scope is not possible for a test's own process, so a
/// child connects: bash would do, but /bin/sh has no sockets; the test binary is its own client.
const CLIENT: &str = "PALISADE_TEST_CONNECT";

#[test]
fn client_of_the_network_tests() {
    let Ok(targets) = std::env::var(CLIENT) else { return };
    for target in targets.split(',') {
        let target: SocketAddr = target.parse().expect("an address");
        let _ = TcpStream::connect(target);
    }
}

fn connect(scope: &Scope, targets: &[SocketAddr]) -> u32 {
    let targets: Vec<_> = targets.iter().map(SocketAddr::to_string).collect();
    let mut child = scope
        .command(std::env::current_exe().expect("our name").to_str().expect("text"))
        .args(["--exact", "capture::kernel_tests::network::client_of_the_network_tests"])
        .env(CLIENT, targets.join(","))
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("spawn");
    let pid = child.id();
    child.wait().expect("its end");
    pid
}

fn success_and_failure(rung: u8) {
    let Some(scope) = Scope::new() else { return };
    let mut capture = scope.start(|c| c.forced_rung = Some(rung));
    let four = TcpListener::bind("127.0.0.1:0").expect("a port");
    let six = TcpListener::bind("[::1]:0").expect("a port");
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port");
    let refused = closed.local_addr().expect("its address");
    let closed6 = TcpListener::bind("[::1]:0").expect("a port");
    let refused6 = closed6.local_addr().expect("its address");
    drop((closed, closed6));
    let (four, six) = (four, six);
    let open = [four.local_addr().expect("its address"), six.local_addr().expect("its address")];
    let pid = connect(&scope, &[open[0], open[1], refused, refused6]);
    let connections =
        |events: &[Event]| events.iter().filter(|e| matches!(e.kind, EventKind::Connection { .. })).count();
    let events = collect(&mut capture, |events| connections(events) >= 4 && ended(events, pid));
    let seen: Vec<(bool, IpAddr, u16, i32)> = events
        .iter()
        .filter_map(|e| match &e.kind {
            EventKind::Connection { success, local, remote, error } => {
                assert_eq!(e.process.as_ref().map(|p| p.pid), Some(pid));
                assert_eq!(local.0, remote.0);
                if *success {
                    assert_ne!(local.1, 0);
                }
                Some((*success, remote.0, remote.1, *error))
            }
            _ => None,
        })
        .collect();
    let expect = |address: SocketAddr, ok: bool| {
        let error = if ok { 0 } else { libc::ECONNREFUSED };
        (ok, address.ip(), address.port(), error)
    };
    assert_eq!(
        seen,
        [expect(open[0], true), expect(open[1], true), expect(refused, false), expect(refused6, false)]
    );
    assert_eq!(capture.counters().get("kernel_gap"), 0);
}

#[test]
fn success_and_failure_on_rung_1() {
    success_and_failure(1);
}

#[test]
fn success_and_failure_on_rung_2() {
    success_and_failure(2);
}

#[test]
fn accepted_connections_are_not_reported() {
    let Some(scope) = Scope::new() else { return };
    let mut capture = scope.start(|_| {});
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    // Made outside the scope, so neither end is ours.
    let _stream = TcpStream::connect(listener.local_addr().expect("its address")).expect("open");
    let _accepted = listener.accept().expect("open");
    scope.sh("exit 0");
    let events = collect(&mut capture, |events| {
        events.iter().any(|e| matches!(e.kind, EventKind::ProcessTerminated { .. }))
    });
    assert!(!events.iter().any(|e| matches!(e.kind, EventKind::Connection { .. })));
}
