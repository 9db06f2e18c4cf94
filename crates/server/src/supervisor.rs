//! `palisade serve`: starts PostgreSQL and the roles, keeps them running, ends them in order.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixListener;
use std::path::Path;
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
use tokio::sync::watch;

use crate::hold::{self, Holds};
use crate::instance::Instance;
use crate::{admin, database, export, init, system};

/// Query workers kept warm; each serves one query at a time.
pub const QUERY_WORKERS: usize = 3;

/// Address space of a query worker, bytes. DataFusion's own limit is lower and softer.
const QUERY_ADDRESS_SPACE: u64 = 6 << 30;

/// The file descriptor on which a role finds its listening socket, where it has one of the supervisor.
const SOCKET_FD: RawFd = 3;

/// Before a role that ended badly is started again, for the first time.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// How long a role may take to end before it is killed.
const GRACE: Duration = Duration::from_secs(20);

/// How often the servers' certificates are looked at.
const RENEWAL: Duration = Duration::from_secs(6 * 3600);

/// How often a role that is held looks whether it may start again.
const HELD_PAUSE: Duration = Duration::from_millis(50);

/// How long the lock may be held by commands that only look at it.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);

/// Process ids of the roles that run, by name.
pub type Running = Arc<Mutex<BTreeMap<String, u32>>>;

/// What the supervisor keeps running.
#[derive(Clone, Debug)]
struct Role {
    /// Its name in logs and metrics; unique. A further region's bears the region's name.
    name: String,
    /// The name of its log.
    log: String,
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
    // Before anything is started, so that no signal can leave a half-started product behind.
    let mut signals = Signals::new()?;
    let started = tokio::select! {
        started = database::start(&mut instance) => started,
        () = signals.end() => Err(anyhow::anyhow!("asked to end while starting")),
    };
    let served = match started {
        Ok(()) => roles_until_end(&instance, &mut signals).await,
        Err(e) => Err(e),
    };
    // Whatever failed, PostgreSQL does not stay behind.
    let stopped = database::stop(&instance).await.context("stopping PostgreSQL");
    served.and(stopped)
}

/// What a person or `palisade up` can tell the supervisor.
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn end(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

async fn roles_until_end(instance: &Instance, signals: &mut Signals) -> Result<()> {
    let (stop_tx, stop_rx) = watch::channel(false);
    let running: Running = Arc::default();
    let holds = Holds::new(&instance.record.region, running.clone());
    let admin = admin::bind(instance).await?;
    let admin = tokio::spawn(admin::serve(admin, instance.clone(), running.clone(), stop_rx.clone()));
    let control = tokio::spawn(hold::serve(hold::bind(instance)?, holds.clone()));
    let renewal = tokio::spawn(renew_certificates(instance.clone(), running.clone()));
    let export = tokio::spawn(export::keep(instance.clone()));
    let mut kept =
        Kept { holds, running: running.clone(), stop: stop_rx, databases: Vec::new(), tasks: Vec::new() };
    for region in instance.all_regions() {
        kept.region(&region)?;
    }
    kept.role(instance, api_role(), None);
    kept.role(instance, feeds_role(), None);
    let mut own_sensor = instance.record.own_sensor;
    if own_sensor {
        kept.role(instance, sensor_role(instance), None);
    }
    let mut known = instance.clone();
    tracing::info!(instance = instance.record.instance_id, console = instance.console_url(), "serving");
    loop {
        tokio::select! {
            _ = signals.terminate.recv() => break,
            _ = signals.interrupt.recv() => break,
            _ = signals.hangup.recv() => {
                // `palisade up` has enrolled the sensor since we started, or a region was added.
                match Instance::load(instance.home()) {
                    Ok(now) => {
                        if now.record.own_sensor && !own_sensor {
                            own_sensor = true;
                            kept.role(&now, sensor_role(&now), None);
                        }
                        kept.new_regions(&mut known, now).await;
                    }
                    Err(e) => tracing::error!(error = format!("{e:#}"), "the instance's record cannot be read"),
                }
            }
        }
    }
    tracing::info!("stopping");
    renewal.abort();
    export.abort();
    control.abort();
    stop(&running, kept.tasks, stop_tx).await;
    // They must not start PostgreSQL again once we stop it.
    for database in kept.databases {
        let _ = database.await;
    }
    admin.abort();
    // Regions that were added meanwhile have a PostgreSQL too, which `serve` does not know.
    database::stop(&known).await.context("stopping PostgreSQL")
}

/// Everything that is kept running.
struct Kept {
    holds: Holds,
    running: Running,
    stop: watch::Receiver<bool>,
    /// What watches the regions' PostgreSQL.
    databases: Vec<tokio::task::JoinHandle<()>>,
    tasks: Vec<(String, tokio::task::JoinHandle<()>)>,
}

impl Kept {
    fn role(&mut self, instance: &Instance, role: Role, listener: Option<&Arc<UnixListener>>) {
        let name = role.name.clone();
        let keeper = spawn_keeper(instance, role, listener.cloned(), self.holds.clone(), self.stop.clone());
        self.tasks.push((name, keeper));
    }

    /// A region's PostgreSQL, which runs, and its roles.
    fn region(&mut self, region: &Instance) -> Result<()> {
        let watch = database::keep(region.clone(), self.holds.clone(), self.stop.clone());
        self.databases.push(tokio::spawn(watch));
        let workers = api_listener(&region.query_socket())?;
        let external = api_listener(&region.external_socket())?;
        for role in roles(region) {
            let listener = match base(&role.name) {
                "query" => Some(&workers),
                "connect" => Some(&external),
                _ => None,
            };
            self.role(region, role, listener);
        }
        Ok(())
    }

    /// Makes and starts the regions that were added since; the api starts again to serve them.
    async fn new_regions(&mut self, known: &mut Instance, now: Instance) {
        let before = known.record.regions.len();
        for region in now.all_regions().into_iter().skip(1 + before) {
            let name = region.region_name();
            let made = async {
                init::region(&region)?;
                database::start_region(&region).await?;
                self.region(&region)
            };
            if let Err(e) = made.await {
                tracing::error!(region = name, error = format!("{e:#}"), "a region cannot be started");
                return;
            }
            tracing::info!(region = name, door = region.ingest_url(), "a region is served");
        }
        if now.record.regions.len() > before {
            signal_role(&self.running, "api", Signal::SIGTERM);
        }
        *known = now;
    }
}

/// Makes the servers' certificates anew in the last third of their life, and has the role that uses
/// one start again with it.
async fn renew_certificates(instance: Instance, running: Running) {
    loop {
        tokio::time::sleep(RENEWAL).await;
        match init::server_certificates(&instance) {
            Ok(renewed) => {
                for role in renewed {
                    tracing::info!(
                        role,
                        "the server's certificate is renewed, the role starts again with it"
                    );
                    let of_regions: Vec<String> =
                        running.lock().keys().filter(|name| base(name) == role).cloned().collect();
                    for name in of_regions {
                        signal_role(&running, &name, Signal::SIGTERM);
                    }
                }
            }
            Err(e) => tracing::error!(error = format!("{e:#}"), "a server's certificate cannot be renewed"),
        }
    }
}

fn signal_role(running: &Running, name: &str, signal: Signal) {
    if let Some(pid) = running.lock().get(name) {
        let _ = kill(Pid::from_raw(pid.cast_signed()), signal);
    }
}

/// Ends the roles from the outside in, so that what was accepted can still be written down.
async fn stop(
    running: &Running,
    tasks: Vec<(String, tokio::task::JoinHandle<()>)>,
    stop: watch::Sender<bool>,
) {
    let _ = stop.send(true);
    let mut tasks: BTreeMap<String, _> = tasks.into_iter().collect();
    let waves: [&[&str]; 6] =
        [&["sensor"], &["api", "connect", "feeds"], &["estate", "vuln"], &["query"], &["ingest"], &["lake"]];
    for wave in waves {
        let wave: Vec<String> = tasks.keys().filter(|name| wave.contains(&base(name))).cloned().collect();
        for name in &wave {
            signal_role(running, name, Signal::SIGTERM);
        }
        for name in &wave {
            let Some(mut task) = tasks.remove(name) else { continue };
            if tokio::time::timeout(GRACE, &mut task).await.is_err() {
                tracing::error!(role = name, "did not end in time; killed");
                signal_role(running, name, Signal::SIGKILL);
                // What was killed is waited for: the next role may depend on its being gone.
                let _ = tokio::time::timeout(GRACE, task).await;
            }
        }
    }
}

/// What kind of role that is: without its region and without its number.
fn base(name: &str) -> &str {
    let kind = name.split_once('@').map_or(name, |(kind, _)| kind);
    if kind.starts_with("query-") { "query" } else { kind }
}

/// The console's and programs' door, one for all regions.
fn api_role() -> Role {
    Role {
        name: "api".into(),
        log: "api".into(),
        args: vec!["role".into(), "api".into()],
        executable: "palisade",
        user: Some("palisade-api"),
        one_shot: false,
        query: false,
    }
}

/// Fetches feeds, which all regions share.
fn feeds_role() -> Role {
    Role {
        name: "feeds".into(),
        log: "feeds".into(),
        args: vec!["role".into(), "feeds".into()],
        user: Some("palisade-feeds"),
        ..api_role()
    }
}

/// The roles of a region.
fn roles(region: &Instance) -> Vec<Role> {
    let role = |kind: &str, user| {
        let mut args = vec!["role".to_owned(), kind.to_owned()];
        if !region.is_first_region() {
            args.extend(["--region".to_owned(), region.region_name().to_owned()]);
        }
        Role { name: region.role_name(kind), log: kind.to_owned(), args, user: Some(user), ..api_role() }
    };
    let mut all = vec![
        role("lake", "palisade-lake"),
        role("ingest", "palisade-ingest"),
        role("estate", "palisade-estate"),
        role("connect", "palisade-connect"),
        role("vuln", "palisade-vuln"),
    ];
    for n in 0..QUERY_WORKERS {
        all.push(Role {
            name: region.role_name(&format!("query-{n}")),
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
        log: "sensor".into(),
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
    listener: Option<Arc<UnixListener>>,
    holds: Holds,
    stop: watch::Receiver<bool>,
) -> tokio::task::JoinHandle<()> {
    let instance = instance.clone();
    tokio::spawn(async move {
        let mut stop = stop;
        let mut pause = FIRST_PAUSE;
        // Whoever kills a worker by his queries must not keep the others waiting for long.
        let longest = if role.query { Duration::from_millis(500) } else { Duration::from_secs(10) };
        while !*stop.borrow() {
            let began = Instant::now();
            let started = holds.start(&role.name, || {
                let child = start(&instance, &role, listener.as_deref());
                (child.as_ref().ok().and_then(Child::id), child)
            });
            let Some(started) = started else {
                // A command holds it; it is started when that is over.
                let _ = tokio::time::timeout(HELD_PAUSE, stop.changed()).await;
                continue;
            };
            let ended = match started {
                Ok(mut child) => {
                    if *stop.borrow() {
                        // Started while everything was told to end.
                        signal_role(holds.running(), &role.name, Signal::SIGTERM);
                    }
                    let status = child.wait().await;
                    holds.running().lock().remove(&role.name);
                    status.map(|s| s.to_string()).map_err(anyhow::Error::from)
                }
                Err(e) => Err(e),
            };
            if *stop.borrow() {
                break;
            }
            if holds.covers(&role.name) {
                pause = FIRST_PAUSE;
                continue;
            }
            match ended {
                Ok(status) if role.one_shot && status.contains("exit status: 0") => {
                    pause = FIRST_PAUSE;
                    continue;
                }
                Ok(status) => tracing::error!(role = role.name, status, "a role ended and is started again"),
                Err(e) => {
                    tracing::error!(role = role.name, error = format!("{e:#}"), "a role could not be started")
                }
            }
            if began.elapsed() > Duration::from_secs(30) {
                pause = FIRST_PAUSE;
            }
            let _ = tokio::time::timeout(pause, stop.changed()).await;
            pause = (pause * 2).min(longest);
        }
    })
}

fn start(instance: &Instance, role: &Role, listener: Option<&UnixListener>) -> Result<Child> {
    let log = OpenOptions::new()
        .create(true)
        .append(true)
        .open(instance.logs_dir().join(format!("{}.log", role.log)))?;
    let mut command = Command::new(instance.bin(role.executable));
    command.args(&role.args).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).current_dir("/");
    command.env("PALISADE_HOME", instance.home()).kill_on_drop(false);
    let user = role.user.filter(|_| system::privileged());
    let become_user = match user {
        Some(user) => Some((system::account(user)?, system::further_groups(user)?)),
        None => None,
    };
    let fd = listener.map(|l| l.as_raw_fd());
    let confined = role.query;
    let supervisor = std::process::id();
    // SAFETY: the closure calls only async-signal-safe functions and allocates nothing.
    unsafe {
        command.pre_exec(move || {
            if let Some(fd) = fd {
                hand_over(fd)?;
            }
            if confined {
                confine()?;
            }
            if let Some((account, groups)) = &become_user {
                nix::unistd::setgroups(groups)?;
                nix::unistd::setgid(account.gid)?;
                nix::unistd::setuid(account.uid)?;
            }
            end_with(supervisor)
        });
    }
    command.spawn().with_context(|| format!("starting {}", role.name))
}

/// In the child: ends with the supervisor. After the change of users, which would undo it.
fn end_with(supervisor: u32) -> std::io::Result<()> {
    nix::sys::prctl::set_pdeathsig(Signal::SIGTERM)?;
    if nix::unistd::getppid().as_raw().cast_unsigned() != supervisor {
        // It ended before that was said.
        return Err(std::io::ErrorKind::BrokenPipe.into());
    }
    Ok(())
}

/// In the child that becomes a role with a listening socket: puts it where the role finds it.
fn hand_over(socket: RawFd) -> std::io::Result<()> {
    // SAFETY: dup2 on descriptors that this child owns; 3 is free or ours to replace.
    if unsafe { libc::dup2(socket, SOCKET_FD) } < 0 {
        return Err(std::io::Error::last_os_error());
    }
    if socket == SOCKET_FD {
        // SAFETY: clears close-on-exec of our own descriptor.
        unsafe { libc::fcntl(socket, libc::F_SETFD, 0) };
    }
    Ok(())
}

/// In the child that becomes a query worker: gives it its limits. Before the change of users, after
/// which its own files in /proc are root's.
fn confine() -> std::io::Result<()> {
    let limit = libc::rlimit { rlim_cur: QUERY_ADDRESS_SPACE, rlim_max: QUERY_ADDRESS_SPACE };
    // SAFETY: plain system calls on this process.
    unsafe {
        if libc::setrlimit(libc::RLIMIT_AS, &raw const limit) != 0 {
            return Err(std::io::Error::last_os_error());
        }
        libc::nice(5);
    }
    // A worker that runs out of memory is the one to go, not ingest.
    OpenOptions::new().write(true).open("/proc/self/oom_score_adj")?.write_all(b"500")
}

/// A socket that the api alone may connect to. All workers of a region accept from one, and the kernel hands a
/// connection to an idle one. It stays when a role that accepts from it ends and is started again.
fn api_listener(path: &Path) -> Result<Arc<UnixListener>> {
    use std::os::unix::fs::PermissionsExt;
    // One of a server before this; where it cannot go, binding says so.
    let _ = std::fs::remove_file(path);
    let listener = UnixListener::bind(path).with_context(|| format!("binding {}", path.display()))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    system::own(path, system::account("palisade-api")?)?;
    Ok(Arc::new(listener))
}

/// Only one supervisor serves an instance.
fn lock(instance: &Instance) -> Result<Flock<File>> {
    let path = instance.run_dir().join("supervisor.pid");
    let until = Instant::now() + LOCK_PATIENCE;
    let mut lock = loop {
        let file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path)?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => break lock,
            // A command that asks whether we run holds it for an instant.
            Err(_) if Instant::now() < until => std::thread::sleep(Duration::from_millis(20)),
            Err((_, e)) => bail!("another supervisor serves {}: {e}", instance.home().display()),
        }
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

/// Takes over the listening socket that the supervisor gave this role. What this process starts does not inherit it.
pub fn inherited_listener() -> UnixListener {
    // SAFETY: the supervisor put a listening Unix socket there; nothing else owns it.
    let socket = unsafe { OwnedFd::from_raw_fd(SOCKET_FD) };
    // SAFETY: sets close-on-exec of our own descriptor.
    unsafe { libc::fcntl(socket.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) };
    UnixListener::from(socket)
}
