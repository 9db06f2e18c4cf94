//! A query may die or eat its memory: its user is told, ingest and the next query go on.

use palisade_e2e::{Product, wait_until};
use palisade_testkit::kernel_available;

#[test]
fn a_killed_and_a_greedy_query_hurt_nobody_else() {
    if !kernel_available() {
        return;
    }
    let product = Product::up(true).expect("up");
    // A query that takes long enough to be caught: a greedy expression over millions of texts.
    let slow = "range i from 1 to 5000000 step 1 | extend s = strcat(tostring(i), '-', tostring(i), '-', tostring(i)) \
                | where s matches regex '(1.*2.*3.*4.*){3,}' or strcat(s, s, s, s) has 'nothing' | summarize max(s)";
    let victim = std::thread::scope(|scope| {
        let run = scope.spawn(|| product.query_error(slow));
        let busy = wait_until("a query worker is busy", 20, || {
            product.role_pids("query").into_iter().find(|pid| cpu_ticks(*pid) > 50)
        });
        let pid = nix::unistd::Pid::from_raw(busy.expect("a busy worker"));
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).expect("killed");
        run.join().expect("joined").expect("it failed")
    });
    assert!(victim.contains("query_lost"), "{victim}");

    let greedy = "range i from 1 to 5000000 step 1 | extend s = strcat(tostring(i), 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx') \
                  | summarize make_set(s)";
    let told = product.query_error(greedy).expect("it failed");
    assert!(told.contains("query_memory") || told.contains("query_lost"), "{told}");

    let marker = format!("pal-after-{}", std::process::id());
    std::process::Command::new("/bin/echo").arg(&marker).status().expect("echo runs");
    let query = format!("DeviceProcessEvents | where ProcessCommandLine has '{marker}'");
    wait_until("events still arrive", 30, || product.query(&query).ok()?.into_iter().next()).expect("row");
}

/// User time of a process in clock ticks; 0 where it is gone.
fn cpu_ticks(pid: i32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ")
        .next()
        .and_then(|rest| rest.split(' ').nth(11))
        .and_then(|t| t.parse().ok())
        .unwrap_or(0)
}
