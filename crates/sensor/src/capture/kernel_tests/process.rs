use super::*;

fn exec_fork_exit(rung: u8) {
    let Some(scope) = Scope::new() else { return };
    let mut capture = scope.start(|c| c.forced_rung = Some(rung));
    let child = scope
        .command_as("/bin/sh", 65534)
        .args(["-c", "cd /usr; /bin/echo one 'two three' >/dev/null; exit 3"])
        .current_dir("/etc")
        .spawn();
    let mut child = child.expect("a shell");
    let pid = child.id();
    assert_eq!(child.wait().expect("its end").code(), Some(3));
    let events = collect(&mut capture, |events| ended(events, pid));

    let images: Vec<_> = events.iter().filter_map(|e| Some((e, created(e)?))).collect();
    let (_, shell) = images.iter().find(|(_, p)| p.pid == pid).expect("the shell");
    assert!(shell.command_line.starts_with("/bin/sh -c \"cd /usr"), "{}", shell.command_line);
    assert_eq!(shell.working_directory, "/etc");
    assert_eq!((shell.uid, &*shell.user), (65534, "nobody"));
    let real = std::fs::canonicalize("/bin/sh").expect("a shell");
    assert_eq!(shell.path, real.to_str().expect("text"));
    let bytes = std::fs::read(&real).expect("readable");
    assert_eq!(shell.file.size, Some(bytes.len() as u64));
    let digest: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(&bytes).into();
    assert_eq!(shell.file.sha256, Some(digest));
    assert!(shell.cgroup_path.ends_with(&scope.name), "{}", shell.cgroup_path);
    assert_eq!(shell.parent_pid, std::process::id());
    let own = std::env::current_exe().expect("our name");
    assert_eq!(shell.parent_path, own.to_str().expect("text"));

    let (event, echo) = images.iter().find(|(_, p)| p.comm == "echo").expect("echo");
    assert_eq!(echo.command_line, "/bin/echo one \"two three\"");
    assert_eq!(echo.working_directory, "/usr");
    assert_eq!(echo.parent_unique_id, shell.unique_id);
    assert_eq!(event.process.as_ref().map(|p| p.unique_id), Some(shell.unique_id));
    assert!(ended(&events, echo.pid));
    let code = events.iter().find_map(|e| match &e.kind {
        EventKind::ProcessTerminated { process, exit_code, signal } if process.pid == pid => {
            Some((*exit_code, *signal, process.unique_id))
        }
        _ => None,
    });
    assert_eq!(code, Some((3, 0, shell.unique_id)));
    assert_eq!(capture.counters().get("kernel_gap"), 0);
    assert_eq!(capture.counters().get("parse_failure"), 0);
    let component = capture.components().iter().find(|c| c.name == "process").expect("process");
    assert_eq!(component.rung, rung);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("now");
    assert!((now.as_micros() as i64 - event.time_us).abs() < 60_000_000);
}

#[test]
fn exec_fork_exit_on_rung_1() {
    exec_fork_exit(1);
}

#[test]
fn exec_fork_exit_on_rung_2() {
    exec_fork_exit(2);
}

#[test]
fn a_second_exec_in_one_pid_is_an_image_of_its_own() {
    let Some(scope) = Scope::new() else { return };
    let mut capture = scope.start(|_| {});
    let mut child = scope.command("/bin/sh").args(["-c", "exec /bin/true"]).spawn().expect("spawn");
    let pid = child.id();
    child.wait().expect("its end");
    let events = collect(&mut capture, |events| ended(events, pid));
    let images: Vec<_> = events.iter().filter_map(|e| Some((e, created(e)?))).collect();
    let mine: Vec<_> = images.iter().filter(|(_, p)| p.pid == pid).collect();
    assert_eq!(mine.len(), 2);
    assert_ne!(mine[0].1.unique_id, mine[1].1.unique_id);
    assert_eq!(mine[1].0.process.as_ref().map(|p| p.unique_id), Some(mine[0].1.unique_id));
    assert_eq!(mine[1].1.parent_pid, std::process::id());
}

#[test]
fn a_reused_pid_is_another_process() {
    let Some(scope) = Scope::new() else { return };
    let mut capture = scope.start(|_| {});
    let last = "/proc/sys/kernel/ns_last_pid";
    let mut first = scope.command("/bin/true").spawn().expect("spawn");
    let pid = first.id();
    first.wait().expect("its end");
    // Others may take the number first; then the next round asks again.
    let end = Instant::now() + EVENTUALLY;
    loop {
        assert!(Instant::now() < end, "pid {pid} did not come again");
        std::fs::write(last, (pid - 1).to_string()).expect("writable");
        let mut again =
            scope.command("/bin/echo").stdout(std::process::Stdio::null()).spawn().expect("spawn");
        let hit = again.id() == pid;
        again.wait().expect("its end");
        if hit {
            break;
        }
    }
    let two = |events: &[Event]| {
        events
            .iter()
            .filter(|e| matches!(&e.kind, EventKind::ProcessTerminated { process, .. } if process.pid == pid))
            .count()
            == 2
    };
    let events = collect(&mut capture, two);
    let images: Vec<_> = events.iter().filter_map(created).filter(|p| p.pid == pid).collect();
    assert_eq!(images.len(), 2);
    assert_ne!(images[0].unique_id, images[1].unique_id);
    let ends: Vec<_> = events
        .iter()
        .filter_map(|e| match &e.kind {
            EventKind::ProcessTerminated { process, .. } if process.pid == pid => Some(process.unique_id),
            _ => None,
        })
        .collect();
    assert_eq!(ends, [images[0].unique_id, images[1].unique_id]);
}

#[test]
fn processes_outside_the_scope_are_not_seen() {
    let Some(scope) = Scope::new() else { return };
    let mut capture = scope.start(|_| {});
    let mut outside = Command::new("/bin/true").spawn().expect("spawn");
    let pid = outside.id();
    outside.wait().expect("its end");
    assert_eq!(scope.sh("exit 0"), 0);
    let events = collect(&mut capture, |events| {
        events.iter().any(|e| matches!(e.kind, EventKind::ProcessTerminated { .. }))
    });
    assert!(events.iter().filter_map(created).all(|p| p.pid != pid));
}

#[test]
fn long_arguments_are_cut_and_secrets_masked() {
    let Some(scope) = Scope::new() else { return };
    let mut capture = scope.start(|_| {});
    let long = "x".repeat(6000);
    let script = format!("/bin/true --password=hunter2; /bin/true {long}");
    scope.sh(&script);
    let trues =
        |events: &[Event]| events.iter().filter_map(created).filter(|p| p.comm == "true").count() == 2;
    let events = collect(&mut capture, trues);
    let lines: Vec<_> = events.iter().filter_map(created).filter(|p| p.comm == "true").collect();
    assert_eq!(lines[0].command_line, "/bin/true --password=********");
    assert_eq!(lines[0].secrets_masked, 1);
    assert!(lines[1].command_line_truncated);
    assert_eq!(lines[1].command_line.len(), 4096);
    assert!(capture.counters().get("kernel_argv_truncated") >= 1);
}

#[test]
fn a_process_that_lived_before_is_known() {
    let Some(scope) = Scope::new() else { return };
    let mut child = scope
        .command("/bin/sh")
        .args(["-c", "read line; /bin/true"])
        .stdin(std::process::Stdio::piped())
        .spawn()
        .expect("spawn");
    let mut capture = scope.start(|_| {});
    drop(child.stdin.take());
    let pid = child.id();
    child.wait().expect("its end");
    let events = collect(&mut capture, |events| ended(events, pid));
    let event = events.iter().find(|e| created(e).is_some_and(|p| p.comm == "true")).expect("true");
    let maker = event.process.as_ref().expect("its maker");
    assert_eq!(maker.pid, pid);
    assert!(!maker.partial);
    assert!(maker.command_line.contains("read line"), "{}", maker.command_line);
    assert!(maker.file.sha256.is_some());
}

#[test]
fn a_scope_that_is_made_anew_is_followed() {
    let Some(scope) = Scope::new() else { return };
    let mut capture = scope.start(|_| {});
    let end = Instant::now() + EVENTUALLY;
    std::fs::remove_dir(&scope.cgroup).expect("nothing runs in it");
    std::fs::create_dir(&scope.cgroup).expect("a new cgroup");
    let mut events = Vec::new();
    while !events.iter().any(|e| created(e).is_some()) {
        assert!(Instant::now() < end, "the new cgroup is not watched");
        scope.sh("exit 0");
        capture.drain(&mut events);
        capture.commit();
    }
    assert_eq!(capture.counters().get("scope_renewed"), 1);
}
