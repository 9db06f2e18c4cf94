//! Parts of the product are killed, or something stands in its way: it comes back, or says why not,
//! and nothing of it stays behind.

use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown, symlink};
use std::path::{Path, PathBuf};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use palisade_e2e::{Product, wait_until};

fn first_line(path: &Path) -> Option<i32> {
    std::fs::read_to_string(path).ok()?.lines().next()?.trim().parse().ok()
}

fn supervisor(product: &Product) -> i32 {
    first_line(&product.home().join("run/supervisor.pid")).expect("a supervisor")
}

/// PostgreSQL's main process, where it runs on this instance's data.
fn postmaster(product: &Product) -> Option<i32> {
    let data = product.home().join("pg/data");
    let pid = first_line(&data.join("postmaster.pid"))?;
    (std::fs::read_link(format!("/proc/{pid}/cwd")).ok()? == data).then_some(pid)
}

fn shm(product: &Product) -> PathBuf {
    let record = product.record().expect("the record");
    Path::new("/dev/shm").join(format!("palisade-{}", record["instance_id"].as_str().expect("an id")))
}

fn nothing_stays(product: &Product) {
    assert_eq!(product.processes(), Vec::<i32>::new());
    assert_eq!(postmaster(product), None, "PostgreSQL");
    assert!(!shm(product).exists());
}

fn kill_hard(pid: i32) {
    kill(Pid::from_raw(pid), Signal::SIGKILL).expect("killed");
}

fn answers(product: &Product) {
    wait_until("queries are answered", 60, || product.query("DeviceInfo | count").ok()).expect("an answer");
}

#[test]
fn a_killed_supervisor_leaves_nothing_that_down_and_up_do_not_clear() {
    let product = Product::up(false).expect("up");
    kill_hard(supervisor(&product));
    product.down().expect("down");
    nothing_stays(&product);

    product.start(false).expect("up again");
    let first = supervisor(&product);
    kill_hard(first);
    product.start(false).expect("up over what is left");
    assert_ne!(supervisor(&product), first);
    answers(&product);
    product.down().expect("down");
    nothing_stays(&product);
    product.down().expect("down twice does no harm");
}

#[test]
fn a_killed_postgresql_comes_back_by_itself() {
    let product = Product::up(false).expect("up");
    let serving = supervisor(&product);
    let first = postmaster(&product).expect("it runs");
    kill_hard(first);
    wait_until("another one runs", 60, || postmaster(&product).filter(|pid| *pid != first)).expect("started");
    answers(&product);
    assert_eq!(supervisor(&product), serving, "the supervisor was not started anew");
    product.down().expect("down");
    nothing_stays(&product);
}

#[test]
fn a_taken_port_is_named_and_a_first_start_that_was_killed_is_finished() {
    let mut cut_short = None;
    let product = Product::up_by(false, |up| {
        // The same command once before, killed in the middle of making the databases.
        let home = up.get_envs().find(|(k, _)| *k == "PALISADE_HOME").and_then(|(_, v)| v).expect("a folder");
        let home = PathBuf::from(home);
        let mut first = std::process::Command::new(up.get_program());
        first.arg("up").env("PALISADE_HOME", &home).env("PALISADE_ANY_PORTS", "1");
        first.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut first = first.spawn()?;
        wait_until("the databases are being made", 60, || {
            home.join("pg/data.making")
                .exists()
                .then_some(())
                .or_else(|| home.join("pg/data").exists().then_some(()))
        })?;
        first.kill()?;
        first.wait()?;
        cut_short = first_line(&home.join("run/supervisor.pid"));
        if let Some(pid) = cut_short {
            kill_hard(pid);
        }
        Ok(())
    })
    .expect("up finishes what was begun");
    assert!(cut_short.is_some(), "there was something to finish");
    answers(&product);
    product.down().expect("down");

    let port = product.record().expect("the record")["ports"]["console"].as_u64().expect("a port");
    let port = u16::try_from(port).expect("a port");
    let taken = TcpListener::bind(("127.0.0.1", port)).expect("the port is free now");
    let told = format!("{:#}", product.start(false).expect_err("the port is taken"));
    assert!(told.contains(&format!("the console port {port}")), "{told}");
    assert_eq!((product.processes(), postmaster(&product)), (Vec::new(), None), "nothing was started");
    drop(taken);
    product.start(false).expect("up when it is free");
}

#[test]
fn what_another_user_put_on_tmpfs_is_not_handed_to_a_role() {
    if std::fs::metadata("/proc/self").map_or(1, |m| m.uid()) != 0 {
        palisade_testkit::skipped("another user needs root");
        return;
    }
    let product = Product::up(false).expect("up");
    product.down().expect("down");
    let victim = product.home().join("victim");
    std::fs::create_dir(&victim).expect("made");
    let before = std::fs::metadata(&victim).expect("there");
    let shm = shm(&product);
    std::fs::create_dir(&shm).expect("made");
    symlink(&victim, shm.join("hot")).expect("linked");
    chown(&shm, Some(65534), Some(65534)).expect("another user's");

    product.start(false).expect("up");
    let after = std::fs::metadata(&victim).expect("there");
    assert_eq!((after.uid(), after.gid(), after.mode()), (before.uid(), before.gid(), before.mode()));
    let hot = std::fs::symlink_metadata(shm.join("hot")).expect("there");
    assert!(hot.is_dir(), "a folder of our own");
    assert_eq!(std::fs::metadata(&shm).expect("there").uid(), 0);
    answers(&product);
}
