//! This machine.

use std::net::TcpListener;

use palisade_inventory::{LoadedKind, Options, Root, Scanner};

#[test]
fn what_runs_here_is_seen_with_its_evidence() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    // The walk is for other tests: here it ends at once.
    let mut options = Options { containers: false, ..Options::default() };
    options.limits.walk_time = std::time::Duration::ZERO;
    let mut scanner = Scanner::new(Root::open("/".as_ref()).expect("opens"), options);
    let inventory = scanner.full().expect("a scan");
    assert!(inventory.live && !inventory.os.id.is_empty());
    let own = std::env::current_exe().expect("a path").to_string_lossy().into_owned();
    let program =
        inventory.loaded.iter().find(|l| l.path == own && l.kind == LoadedKind::Program).expect("ourselves");
    assert!(program.pids.contains(&std::process::id()) || program.processes > 8);
    let endpoint =
        inventory.endpoints.iter().find(|e| e.port == port && e.protocol == "tcp").expect("our port");
    assert_eq!((endpoint.address.as_str(), endpoint.pid), ("127.0.0.1", Some(std::process::id())));
    assert_eq!(endpoint.program, own);
    let libc = inventory.loaded.iter().find(|l| l.path.ends_with("/libc.so.6")).expect("everybody has it");
    assert!(!libc.package.is_empty(), "its package is known");
    let (ecosystem, name) = libc.package.split_once(':').expect("both parts");
    let package = inventory.packages.iter().find(|p| p.ecosystem.as_str() == ecosystem && p.name == name);
    assert_eq!(package.expect("listed").running, Some(true));
    assert!(inventory.packages.iter().any(|p| p.running == Some(false)));
    let kernel = inventory.kernel.expect("one runs");
    assert!(!kernel.running.is_empty());
    assert!(inventory.hardware.expect("there is some").memory_bytes > 0);
    let cut = inventory.sources.iter().find(|s| s.name == "languages").expect("said");
    assert_eq!(cut.code, "out_of_time", "what was not looked at is not taken for clean");
}
