use super::*;

/// Makes the test binary run this many short processes and nothing else.
const DRIVER: &str = "PALISADE_TEST_EXECS";

#[test]
fn driver_of_the_cost_test() {
    let Ok(count) = std::env::var(DRIVER) else { return };
    for _ in 0..count.parse::<u32>().expect("a number") {
        assert!(Command::new("/bin/true").status().expect("spawn").success());
    }
}

fn thread_cpu() -> Duration {
    let mut at = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes into the given structure.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut at) };
    Duration::new(at.tv_sec as u64, at.tv_nsec as u32)
}

/// Every exec of a storm is accounted for, and the cost of a drain is printed (never asserted).
#[test]
fn a_storm_is_complete() {
    let Some(scope) = Scope::new() else { return };
    let execs: u32 = 1000;
    let mut capture = scope.start(|c| c.ring_bytes = 16 << 20);
    let mut driver = scope
        .command(std::env::current_exe().expect("our name").to_str().expect("text"))
        .args(["--exact", "capture::kernel_tests::cost::driver_of_the_cost_test"])
        .env(DRIVER, execs.to_string())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("spawn");
    let pid = driver.id();
    let end = Instant::now() + EVENTUALLY * 4;
    let (mut trues, mut records, mut over) = (0, 0, false);
    let begin = thread_cpu();
    while !over {
        assert!(Instant::now() < end, "{trues} of {execs}");
        capture.wait(Duration::from_millis(100)).expect("a wait");
        let mut events = Vec::new();
        records += capture.drain(&mut events).records;
        capture.commit();
        trues += events.iter().filter_map(created).filter(|p| p.comm == "true").count();
        over = ended(&events, pid);
    }
    let cpu = thread_cpu() - begin;
    driver.wait().expect("its end");
    eprintln!(
        "{records} records, {:.2} us user space CPU for each exec",
        cpu.as_secs_f64() * 1e6 / f64::from(execs)
    );
    assert_eq!(trues as u32, execs);
    assert_eq!(capture.counters().get("kernel_gap"), 0);
}
