//! `palisade serve`: starts PostgreSQL and the roles, keeps them running, ends them in order.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixListener;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use parking_lot::Mutex;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};

use crate::instance::Instance;
use crate::{admin, database, system};

/// Query workers kept warm; each serves one query at a time.
const QUERY_WORKERS: usize = 3;

/// Address space of a query worker, bytes. DataFusion's own limit is lower and softer.
const QUERY_ADDRESS_SPACE: u64 = 6 << 30;

/// The file descriptor on which a query worker finds its listening socket.
pub const QUERY_FD: RawFd = 3;

/// How long a role may take to end before it is killed.
const GRACE: Duration = Duration::from_secs(20);

/// What the supervisor keeps running.
#[derive(Clone, Debug)]
struct Role {
    /// Its name in logs and metrics; unique.
    name: String,
    /// Arguments of the executable.
    args: Vec<String>,
    /// Which installed executable.
    executable: &'static str,
    /// The account it runs as; `None` stays root.
    user: Option<&'static str>,
    /// Whether it ends by itself after its work, which is no failure.
    one_shot: bool,
    /// Whether its own way of ending on SIGTERM must be waited for.
    query: bool,
}

/// Runs until SIGTERM or SIGINT.
pub async fn serve(mut instance: Instance) -> Result<()> {
    let _lock = lock(&instance)?;
    let (stop_tx, stop_rx) = watch::channel(false);
    let cluster = database::start(&mut instance).await?;
    let listener = query_listener(&instance)?;
    let running: Arc<Mutex<BTreeMap<String, u32>>> = Arc::default();
    let mut tasks = Vec::new();
    for role in roles() {
        tasks.push((role.name.clone(), spawn_keeper(&instance, role, &listener, &running, stop_rx.clone())));
    }
    let admin = tokio::spawn(admin::serve(instance.clone(), running.clone(), stop_rx.clone()));
    let (sensor_tx, mut sensor_rx) = mpsc::channel::<()>(1);
    let mut sensor_started = false;
    if instance.record.own_sensor {
        let _ = sensor_tx.try_send(());
    }
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    tracing::info!(instance = instance.record.instance_id, console = instance.console_url(), "serving");
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hangup.recv() => {
                // `palisade up` has enrolled the sensor since we started.
                if Instance::load(instance.home())?.record.own_sensor {
                    let _ = sensor_tx.try_send(());
                }
            }
            Some(()) = sensor_rx.recv(), if !sensor_started => {
                sensor_started = true;
                let role = sensor_role(&instance);
                tasks.push((role.name.clone(), spawn_keeper(&instance, role, &listener, &running, stop_rx.clone())));
            }
        }
    }
    tracing::info!("stopping");
    stop(&running, tasks, stop_tx).await;
    admin.abort();
    cluster.stop().await.context("stopping PostgreSQL")
}

/// Ends the roles from the outside in, so that what was accepted can still be written down.
async fn stop(
    running: &Arc<Mutex<BTreeMap<String, u32>>>,
    tasks: Vec<(String, tokio::task::JoinHandle<()>)>,
    stop: watch::Sender<bool>,
) {
    let _ = stop.send(true);
    let mut tasks: BTreeMap<String, _> = tasks.into_iter().collect();
    let queries: Vec<String> = tasks.keys().filter(|n| n.starts_with("query")).cloned().collect();
    let waves: Vec<Vec<String>> =
        vec![vec!["sensor".into()], vec!["api".into()], queries, vec!["ingest".into()], vec!["lake".into()]];
    for wave in waves {
        for name in &wave {
            if let Some(pid) = running.lock().get(name) {
                let _ = kill(Pid::from_raw(pid.cast_signed()), Signal::SIGTERM);
            }
        }
        for name in &wave {
            let Some(task) = tasks.remove(name) else { continue };
            if tokio::time::timeout(GRACE, task).await.is_err()
                && let Some(pid) = running.lock().get(name)
            {
                tracing::error!(role = name, "did not end in time; killed");
                let _ = kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL);
            }
        }
    }
}

fn roles() -> Vec<Role> {
    let role = |name: &str, user| Role {
        name: name.into(),
        args: vec!["role".into(), name.into()],
        executable: "palisade",
        user: Some(user),
        one_shot: false,
        query: false,
    };
    let mut all =
        vec![role("lake", "palisade-lake"), role("ingest", "palisade-ingest"), role("api", "palisade-api")];
    for n in 0..QUERY_WORKERS {
        all.push(Role {
            name: format!("query-{n}"),
            args: vec!["role".into(), "query".into()],
            one_shot: true,
            query: true,
            ..role("query", "palisade-query")
        });
    }
    all
}

fn sensor_role(instance: &Instance) -> Role {
    let text = |p: std::path::PathBuf| p.to_string_lossy().into_owned();
    Role {
        name: "sensor".into(),
        args: vec![
            "run".into(),
            "--state-dir".into(),
            text(instance.sensor_dir()),
            "--instance".into(),
            instance.record.instance_id.clone(),
            "--exclude-path".into(),
            text(instance.home().to_owned()),
            "--exclude-path".into(),
            text(instance.shm_dir()),
        ],
        executable: "palisade-sensor",
        user: None,
        one_shot: false,
        query: false,
    }
}

/// Starts a role again whenever it ends, with a growing pause where it fails.
fn spawn_keeper(
    instance: &Instance,
    role: Role,
    listener: &Arc<UnixListener>,
    running: &Arc<Mutex<BTreeMap<String, u32>>>,
    stop: watch::Receiver<bool>,
) -> tokio::task::JoinHandle<()> {
    let (instance, listener, running) = (instance.clone(), listener.clone(), running.clone());
    tokio::spawn(async move {
        let mut pause = Duration::from_millis(200);
        while !*stop.borrow() {
            let began = Instant::now();
            let ended = match start(&instance, &role, &listener) {
                Ok(mut child) => {
                    if let Some(pid) = child.id() {
                        running.lock().insert(role.name.clone(), pid);
                    }
                    let status = child.wait().await;
                    running.lock().remove(&role.name);
                    status.map(|s| s.to_string()).map_err(anyhow::Error::from)
                }
                Err(e) => Err(e),
            };
            if *stop.borrow() {
                break;
            }
            match ended {
                Ok(status) if role.one_shot && status.contains("exit status: 0") => continue,
                Ok(status) => tracing::error!(role = role.name, status, "a role ended and is started again"),
                Err(e) => {
                    tracing::error!(role = role.name, error = format!("{e:#}"), "a role could not be started")
                }
            }
            if began.elapsed() > Duration::from_secs(30) {
                pause = Duration::from_millis(200);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(10));
        }
    })
}

fn start(instance: &Instance, role: &Role, listener: &UnixListener) -> Result<Child> {
    let log_name = role.args.get(1).filter(|_| role.query).unwrap_or(&role.name);
    let log = OpenOptions::new()
        .create(true)
        .append(true)
        .open(instance.logs_dir().join(format!("{log_name}.log")))?;
    let mut command = Command::new(instance.bin(role.executable));
    command.args(&role.args).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).current_dir("/");
    command.env("PALISADE_HOME", instance.home()).kill_on_drop(false);
    if let (Some(user), true) = (role.user, system::privileged()) {
        let account = system::account(user)?;
        command.uid(account.uid.as_raw()).gid(account.gid.as_raw());
    }
    let fd = role.query.then(|| listener.as_raw_fd());
    // SAFETY: the closure calls only async-signal-safe functions.
    unsafe {
        command.pre_exec(move || prepare(fd));
    }
    command.spawn().with_context(|| format!("starting {}", role.name))
}

/// In the child: ends with the supervisor; a query worker gets its socket and its limits.
fn prepare(query_fd: Option<RawFd>) -> std::io::Result<()> {
    nix::sys::prctl::set_pdeathsig(Signal::SIGTERM)?;
    if let Some(fd) = query_fd {
        // SAFETY: dup2 on descriptors that this child owns; 3 is free or ours to replace.
        if unsafe { libc::dup2(fd, QUERY_FD) } < 0 {
            return Err(std::io::Error::last_os_error());
        }
        if fd == QUERY_FD {
            // SAFETY: clears close-on-exec of our own descriptor.
            unsafe { libc::fcntl(fd, libc::F_SETFD, 0) };
        }
        let limit = libc::rlimit { rlim_cur: QUERY_ADDRESS_SPACE, rlim_max: QUERY_ADDRESS_SPACE };
        // SAFETY: plain system calls on this process.
        unsafe {
            libc::setrlimit(libc::RLIMIT_AS, &raw const limit);
            libc::nice(5);
        }
        // A worker that runs out of memory is the one to go, not ingest.
        if let Ok(mut f) = OpenOptions::new().write(true).open("/proc/self/oom_score_adj") {
            let _ = f.write_all(b"500");
        }
    }
    Ok(())
}

/// The socket that all workers accept from; the kernel hands a connection to an idle one.
fn query_listener(instance: &Instance) -> Result<Arc<UnixListener>> {
    use std::os::unix::fs::PermissionsExt;
    let path = instance.query_socket();
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).context("binding the query socket")?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    system::own(&path, system::account("palisade-api")?)?;
    Ok(Arc::new(listener))
}

/// Only one supervisor serves an instance.
fn lock(instance: &Instance) -> Result<Flock<File>> {
    let path = instance.run_dir().join("supervisor.pid");
    let file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path)?;
    let mut lock = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => lock,
        Err((_, e)) => bail!("another supervisor serves {}: {e}", instance.home().display()),
    };
    lock.set_len(0)?;
    writeln!(lock, "{}", std::process::id())?;
    Ok(lock)
}

/// The supervisor's process, if one serves the instance.
pub fn running(instance: &Instance) -> Option<Pid> {
    let path = instance.run_dir().join("supervisor.pid");
    let file = OpenOptions::new().read(true).write(true).open(&path).ok()?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(_) => None,
        Err(_) => std::fs::read_to_string(&path).ok()?.trim().parse().ok().map(Pid::from_raw),
    }
}

/// Takes over the inherited listening socket of a query worker.
pub fn inherited_query_listener() -> UnixListener {
    // SAFETY: the supervisor put a listening Unix socket there; nothing else owns it.
    UnixListener::from(unsafe { OwnedFd::from_raw_fd(QUERY_FD) })
}
