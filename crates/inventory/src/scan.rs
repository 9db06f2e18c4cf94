//! Scans: a whole one, and then only what changed.

mod fill;
mod inside;
mod kept;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use palisade_types::TimeMicros;

use crate::error::Result;
use crate::limits::Limits;
use crate::model::{FORMAT, Inventory, Source};
use crate::root::Root;
use crate::{accounts, certificates, extensions, host, live, shares};
use inside::Containers;
use kept::{Kept, Packages};

/// How a scan is done.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bounds.
    pub limits: Limits,
    /// Where the kernel shows processes.
    pub proc: PathBuf,
    /// Where the kernel shows devices.
    pub sys: PathBuf,
    /// Whether what runs is looked at; it is only where the root is the machine's own.
    pub live: bool,
    /// Whether packages within running containers are read.
    pub containers: bool,
    /// How often [`Scanner::changed`] asks every folder of the last walk for a change.
    pub walk_every: Duration,
    /// How often [`Scanner::changed`] looks at processes and sockets.
    pub live_every: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            proc: "/proc".into(),
            sys: "/sys".into(),
            live: true,
            containers: true,
            walk_every: Duration::from_secs(600),
            live_every: Duration::from_secs(60),
        }
    }
}

/// What is not the same as in the scan before.
#[derive(Clone, Debug)]
pub struct Changes {
    /// The sources that were read again, by their names in [`Source`].
    pub sources: Vec<String>,
    /// Everything, with what did not change as it was read before.
    pub inventory: Inventory,
}

/// Reads one root, and remembers by what its sources are told to be unchanged.
#[derive(Debug)]
pub struct Scanner {
    root: Root,
    options: Options,
    state: Option<State>,
}

/// What was read last.
#[derive(Debug)]
struct State {
    packages: Packages,
    services: Kept<Vec<crate::model::Service>>,
    accounts: Kept<(Vec<crate::model::User>, Vec<crate::model::Group>)>,
    certificates: Kept<Vec<crate::model::Certificate>>,
    shares: Kept<Vec<crate::model::Share>>,
    extensions: Kept<Vec<crate::model::BrowserExtension>>,
    containers: Containers,
    live: live::Live,
    live_at: Instant,
}

impl Scanner {
    /// A scanner of `root`.
    pub fn new(root: Root, options: Options) -> Self {
        Self { root, options, state: None }
    }

    /// Whether processes of this root are looked at.
    fn is_live(&self) -> bool {
        self.options.live && self.root.is_live()
    }

    /// Reads everything.
    ///
    /// # Errors
    /// When the root is gone. A source that cannot be read is said in the inventory.
    pub fn full(&mut self) -> Result<Inventory> {
        self.root.place("/")?;
        self.root.look_at_mounts();
        let now = TimeMicros::now();
        let (root, limits) = (&self.root, &self.options.limits);
        let mut state = State {
            packages: Packages::read(root, limits, now),
            services: Kept::new(root, |r| live::units::read(r, limits)),
            accounts: Kept::new(root, |r| read_accounts(r, limits, now)),
            certificates: Kept::new(root, |r| certificates::read(r, limits)),
            shares: Kept::new(root, |r| shares::read(r, limits)),
            extensions: Kept::new(root, |r| extensions::read(r, limits)),
            containers: Containers::default(),
            live: live::Live::default(),
            live_at: Instant::now(),
        };
        if self.is_live() {
            state.live = live::read(&self.options.proc, limits);
            if self.options.containers {
                state.containers.update(&self.options, &state.live.containers, now);
            }
        }
        let inventory = self.assemble(&state, now);
        self.state = Some(state);
        Ok(inventory)
    }

    /// Reads what changed since the last scan; nothing if nothing did. The first call is a whole scan.
    ///
    /// A file that was overwritten in its place is noticed if packages came from it; one that only then
    /// became a program of packages is found by the next whole scan.
    ///
    /// # Errors
    /// As [`Scanner::full`].
    pub fn changed(&mut self) -> Result<Option<Changes>> {
        let Some(mut state) = self.state.take() else {
            let inventory = self.full()?;
            let sources = inventory.sources.iter().map(|s| s.name.clone()).collect();
            return Ok(Some(Changes { sources, inventory }));
        };
        self.root.look_at_mounts();
        let now = TimeMicros::now();
        let (root, limits) = (&self.root, &self.options.limits);
        let mut changed: Vec<&str> = state.packages.refresh(root, limits, now, self.options.walk_every);
        let mut note = |name, yes: bool| changed.extend(yes.then_some(name));
        note("services", state.services.refresh(root, |r| live::units::read(r, limits)));
        note("accounts", state.accounts.refresh(root, |r| read_accounts(r, limits, now)));
        note("certificates", state.certificates.refresh(root, |r| certificates::read(r, limits)));
        note("shares", state.shares.refresh(root, |r| shares::read(r, limits)));
        note("extensions", state.extensions.refresh(root, |r| extensions::read(r, limits)));
        // What was upgraded may still be in memory as it was: whoever shows both must have both.
        if self.is_live() && (!changed.is_empty() || state.live_at.elapsed() >= self.options.live_every) {
            let live = live::read(&self.options.proc, limits);
            let other = live.loaded != state.live.loaded || live.endpoints != state.live.endpoints;
            if other {
                changed.push("processes");
            }
            if self.options.containers && state.containers.update(&self.options, &live.containers, now) {
                changed.push("containers");
            }
            state.live = live;
            state.live_at = Instant::now();
        }
        let changes = (!changed.is_empty()).then(|| Changes {
            sources: changed.iter().map(|s| (*s).to_owned()).collect(),
            inventory: self.assemble(&state, now),
        });
        self.state = Some(state);
        Ok(changes)
    }

    /// Puts together what was read, with the owners of files and what runs.
    fn assemble(&self, state: &State, now: TimeMicros) -> Inventory {
        let (root, options) = (&self.root, &self.options);
        let live = self.is_live().then_some(&state.live);
        let pseudo = live.map(|_| (options.proc.as_path(), options.sys.as_path()));
        let mut sources = state.packages.sources();
        for more in [
            &state.services.sources,
            &state.accounts.sources,
            &state.certificates.sources,
            &state.shares.sources,
            &state.extensions.sources,
            &state.live.sources,
        ] {
            sources.extend(more.iter().cloned());
        }
        let (users, groups) = state.accounts.value.clone();
        let mut inventory = Inventory {
            format: FORMAT.into(),
            root: root.path().to_string_lossy().into_owned(),
            live: live.is_some(),
            host_name: host::os::host_name(root),
            os: state.packages.os(now),
            kernel: host::kernel::read(root, pseudo),
            packages: state.packages.all(),
            services: state.services.value.clone(),
            endpoints: live.map(|l| l.endpoints.clone()).unwrap_or_default(),
            loaded: live.map(|l| l.loaded.clone()).unwrap_or_default(),
            users,
            groups,
            certificates: state.certificates.value.clone(),
            shares: state.shares.value.clone(),
            extensions: state.extensions.value.clone(),
            hardware: pseudo.map(|(proc, sys)| host::hardware::read(proc, sys)),
            boot: pseudo.map(|(_, sys)| host::boot::read(sys)),
            containers: state.containers.all(&state.live.containers, now),
            taken_us: TimeMicros::now(),
            sources,
        };
        if inventory.hardware.is_some() {
            inventory.sources.push(Source::read("hardware", options.sys.to_string_lossy(), 1));
        }
        let failed = fill::owners(root, &options.limits, &mut inventory);
        inventory.sources.extend(failed);
        if let Some(live) = live {
            fill::running(live, &mut inventory);
        }
        inventory
    }
}

type Accounts = ((Vec<crate::model::User>, Vec<crate::model::Group>), Vec<Source>);

fn read_accounts(root: &Root, limits: &Limits, now: TimeMicros) -> Accounts {
    let (users, groups, sources) = accounts::read(root, limits, now);
    ((users, groups), sources)
}
