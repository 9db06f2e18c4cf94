//! Holding a part of a running instance still: its roles are ended and stay so for as long as the
//! command that asked for it keeps its connection to the supervisor. A command that dies lets go.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};

use crate::instance::Instance;
use crate::supervisor::Running;

/// How long a role may take to end before it is killed.
const GRACE: Duration = Duration::from_secs(20);

/// How long a command waits until what it asked for is still.
const PATIENCE: Duration = Duration::from_secs(90);

/// Longest line of the protocol, bytes.
const MAX_LINE: u64 = 200;

/// What can be held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A region's roles and, since it remembers what lies where, the api.
    Region(String),
    /// This machine's own sensor.
    Sensor,
}

impl Part {
    fn line(&self) -> String {
        match self {
            Self::Region(name) => format!("hold region {name}\n"),
            Self::Sensor => "hold sensor\n".to_owned(),
        }
    }

    fn parse(line: &str) -> Option<Self> {
        let what = line.trim_end().strip_prefix("hold ")?;
        match what.strip_prefix("region ") {
            Some(name) => Some(Self::Region(name.to_owned())),
            None => (what == "sensor").then_some(Self::Sensor),
        }
    }

    /// Whether a role of that name belongs to it; roles of the first region bear no region's name.
    fn covers(&self, first_region: &str, role: &str) -> bool {
        match (self, role) {
            (Self::Sensor, role) => role == "sensor",
            (Self::Region(_), "api") => true,
            (Self::Region(_), "sensor") => false,
            (Self::Region(name), role) => role.split_once('@').map_or(first_region, |(_, of)| of) == name,
        }
    }
}

/// What is held now, and the roles that run. The supervisor's tasks share it.
#[derive(Clone)]
pub struct Holds {
    first_region: Arc<str>,
    parts: Arc<Mutex<Vec<Part>>>,
    running: Running,
}

impl Holds {
    /// Nothing is held yet.
    pub fn new(first_region: &str, running: Running) -> Self {
        Self { first_region: first_region.into(), parts: Arc::default(), running }
    }

    /// The roles that run.
    pub fn running(&self) -> &Running {
        &self.running
    }

    /// Whether a role is held.
    pub fn covers(&self, role: &str) -> bool {
        self.parts.lock().iter().any(|part| part.covers(&self.first_region, role))
    }

    /// Whether a region's PostgreSQL is held: the command that holds it may restart it.
    pub fn covers_cluster(&self, region: &str) -> bool {
        self.parts.lock().iter().any(|part| matches!(part, Part::Region(name) if name == region))
    }

    /// Starts a role unless it is held; in one step, so that none slips in while a hold is taken. The
    /// closure returns the process id that it started.
    pub fn start<T>(&self, role: &str, start: impl FnOnce() -> (Option<u32>, T)) -> Option<T> {
        let parts = self.parts.lock();
        if parts.iter().any(|part| part.covers(&self.first_region, role)) {
            return None;
        }
        let (pid, started) = start();
        if let Some(pid) = pid {
            self.running.lock().insert(role.to_owned(), pid);
        }
        Some(started)
    }

    fn pids(&self, part: &Part) -> Vec<u32> {
        let running = self.running.lock();
        running
            .iter()
            .filter(|(role, _)| part.covers(&self.first_region, role))
            .map(|(_, pid)| *pid)
            .collect()
    }

    /// Ends what belongs to the part, and waits until it has ended.
    async fn quiet(&self, part: &Part) {
        let until = Instant::now() + GRACE;
        let mut told = Vec::new();
        loop {
            let left = self.pids(part);
            if left.is_empty() {
                return;
            }
            for pid in left {
                let late = Instant::now() > until;
                if late || !told.contains(&pid) {
                    let signal = if late { Signal::SIGKILL } else { Signal::SIGTERM };
                    let _ = kill(Pid::from_raw(pid.cast_signed()), signal);
                    told.push(pid);
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// The supervisor's socket for such commands: root's only.
pub fn socket(instance: &Instance) -> PathBuf {
    instance.run_dir().join("control.sock")
}

/// Listens on it.
pub fn bind(instance: &Instance) -> Result<UnixListener> {
    use std::os::unix::fs::PermissionsExt;
    let path = socket(instance);
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).with_context(|| format!("binding {}", path.display()))?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Serves commands until dropped.
pub async fn serve(listener: UnixListener, holds: Holds) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let holds = holds.clone();
                tokio::spawn(async move {
                    if let Err(e) = hold(stream, &holds).await {
                        tracing::warn!(error = %e, "a command that held a part of the instance");
                    }
                });
            }
            Err(e) => {
                tracing::warn!(error = %e, "accepting a command failed");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

async fn hold(stream: UnixStream, holds: &Holds) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read.take(MAX_LINE));
    let mut line = String::new();
    read.read_line(&mut line).await?;
    let Some(part) = Part::parse(&line) else { return write.write_all(b"unknown\n").await };
    let held = Held::take(holds, part);
    tracing::info!(part = ?held.part, "held still for a command");
    holds.quiet(&held.part).await;
    write.write_all(b"held\n").await?;
    // It says nothing more; its end is what is waited for.
    let mut rest = Vec::new();
    let ended = read.read_to_end(&mut rest).await;
    tracing::info!(part = ?held.part, "let go");
    ended.map(|_| ())
}

/// Takes a part off the list also when its task is dropped.
struct Held<'a> {
    holds: &'a Holds,
    part: Part,
}

impl<'a> Held<'a> {
    fn take(holds: &'a Holds, part: Part) -> Self {
        holds.parts.lock().push(part.clone());
        Self { holds, part }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let mut parts = self.holds.parts.lock();
        if let Some(at) = parts.iter().position(|p| *p == self.part) {
            parts.remove(at);
        }
    }
}

/// A part that is held; dropping it lets go.
#[derive(Debug)]
pub struct Lease {
    _stream: UnixStream,
}

/// Has the supervisor hold a part, and waits until it is still.
pub async fn take(instance: &Instance, part: &Part) -> Result<Lease> {
    let path = socket(instance);
    let mut stream = UnixStream::connect(&path)
        .await
        .context("the supervisor does not answer: `palisade up` starts it")?;
    stream.write_all(part.line().as_bytes()).await?;
    let mut answer = [0u8; 5];
    let heard = tokio::time::timeout(PATIENCE, stream.read_exact(&mut answer)).await;
    match heard {
        Ok(read) => read.context("the supervisor hung up")?,
        Err(_) => bail!("{part:?} did not become still within {} s", PATIENCE.as_secs()),
    };
    ensure!(&answer == b"held\n", "the supervisor refused to hold {part:?}");
    Ok(Lease { _stream: stream })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds() -> Holds {
        Holds::new("local", Running::default())
    }

    #[test]
    fn a_region_covers_its_own_roles_and_the_api() {
        let eu = Part::Region("eu".into());
        let covered = |part: &Part, role: &str| part.covers("local", role);
        for role in ["ingest@eu", "query-2@eu", "api"] {
            assert!(covered(&eu, role), "{role}");
        }
        for role in ["ingest", "query-0", "sensor", "ingest@eu2"] {
            assert!(!covered(&eu, role), "{role}");
        }
        let first = Part::Region("local".into());
        assert!(covered(&first, "ingest") && covered(&first, "api"));
        assert!(!covered(&first, "ingest@eu") && !covered(&first, "sensor"));
        assert!(covered(&Part::Sensor, "sensor") && !covered(&Part::Sensor, "api"));
        for part in [eu, first, Part::Sensor] {
            assert_eq!(Part::parse(&part.line()), Some(part));
        }
        assert_eq!(Part::parse("hold everything"), None);
    }

    #[tokio::test]
    async fn what_is_held_is_not_started_until_it_is_let_go() {
        let dir = tempfile::tempdir().expect("a folder");
        let holds = holds();
        let listener = UnixListener::bind(dir.path().join("s")).expect("bound");
        let server = tokio::spawn(serve(listener, holds.clone()));
        let mut child = std::process::Command::new("sleep").arg("600").spawn().expect("runs");
        assert!(holds.start("lake@eu", || (Some(child.id()), ())).is_some());
        let mut stream = UnixStream::connect(dir.path().join("s")).await.expect("connects");
        stream.write_all(Part::Region("eu".into()).line().as_bytes()).await.expect("asked");
        // What the keeper does: it waits for its child and takes it off the list.
        let keeper = holds.running.clone();
        let ended = tokio::task::spawn_blocking(move || {
            let status = child.wait().expect("ended");
            keeper.lock().remove("lake@eu");
            status
        });
        let mut answer = [0u8; 5];
        stream.read_exact(&mut answer).await.expect("answered");
        assert_eq!(&answer, b"held\n");
        assert!(!ended.await.expect("joined").success(), "it was asked to end");
        assert!(holds.start("lake@eu", || (None, ())).is_none());
        assert!(holds.start("lake", || (None, ())).is_some(), "another region goes on");
        assert!(holds.covers_cluster("eu") && !holds.covers_cluster("local"));
        drop(stream);
        while holds.covers("lake@eu") {
            tokio::task::yield_now().await;
        }
        server.abort();
    }
}
