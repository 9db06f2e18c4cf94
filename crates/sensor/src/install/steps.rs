//! The installation itself: small steps, each noted in the journal before it changes something.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{Seek, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};
use palisade_estate::health::Code;
use palisade_estate::provision::Mode;
use palisade_types::{DeviceId, TimeMicros};

use super::enrolment::{self, Plan};
use super::fault::{file, finding, said};
use super::journal::{self, Journal, Undo};
use super::record::{Entry, digest, program};
use super::rollback::roll_back;
use super::service::systemctl;
use super::{Fault, Layout, Manager, Record, Service, unit, wait};
use crate::cli::settings::{self, Common, RunArgs, Settings};
use crate::files;
use crate::host;
use crate::identity::Identity;
use crate::transport::checked_url;
use crate::transport::tls::Trust;

/// What a sensor takes on the disk beside its spool, bytes.
const PROGRAM_BYTES: u64 = 96 << 20;

/// What an installation is asked for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The server's address; empty for that of the installation that is there.
    pub url: String,
    /// A PEM file or a SHA-256; empty for that of the installation that is there.
    pub ca: String,
    /// The enrolment token.
    pub token: Option<String>,
    /// What the sensor shall do; that of the installation that is there, else standard.
    pub mode: Option<Mode>,
    /// Folder of the program; that of the installation that is there, else the usual one.
    pub path: Option<PathBuf>,
    /// Name of this device instead of the host name.
    pub device_name: Option<String>,
    /// Only where a sensor is installed already.
    pub upgrade: bool,
    /// Leave another server for this one.
    pub force: bool,
    /// End without a word after the step of this name; tests only.
    pub crash_after: Option<String>,
}

/// What an installation did.
#[derive(Clone, Debug)]
pub struct Installed {
    /// Version that is in place now.
    pub version: String,
    /// The device.
    pub device: DeviceId,
    /// Whether anything was changed.
    pub changed: bool,
    /// Whether the server has answered the running sensor.
    pub connected: bool,
}

/// Installs the running program, or brings what is there up to it.
///
/// # Errors
/// Why not; everything is as it was before then, unless the finding says what is left.
pub fn install(common: &Common, wanted: Wanted) -> Result<Installed, Fault> {
    let layout = common.layout();
    let before = Record::load(&layout).ok().flatten();
    let from = before.map(|r| r.version);
    let upgrade = wanted.upgrade;
    match run(common, &layout, wanted) {
        Err(fault) if upgrade && fault.code != Code::RollbackFailed && fault.code != Code::UpgradeFailed => {
            let cause = finding(Code::UpgradeFailed)
                .with("from", from.unwrap_or_default())
                .with("to", env!("CARGO_PKG_VERSION"))
                .with("reason", fault.code.as_str())
                .with("detail", fault.message());
            Err(Box::new(cause))
        }
        other => other,
    }
}

fn run(common: &Common, layout: &Layout, wanted: Wanted) -> Result<Installed, Fault> {
    if !nix::unistd::geteuid().is_root() {
        let cause =
            finding(Code::PrivilegesMissing).with("user", host::user()).with("detail", "it is not root");
        return Err(Box::new(cause));
    }
    if layout.exclude().exists() {
        let by = format!("the file {} on it", layout.exclude().display());
        return Err(Box::new(finding(Code::Excluded).with("by", by)));
    }
    let etc = layout.etc();
    let made_etc = !etc.exists();
    std::fs::create_dir_all(&etc).map_err(file("folders", &etc, 0))?;
    let done = locked(common, layout, wanted, &etc);
    if done.is_err() && made_etc {
        // Only if nothing else is in it.
        let _ = std::fs::remove_dir(&etc);
    }
    done
}

fn locked(common: &Common, layout: &Layout, wanted: Wanted, etc: &Path) -> Result<Installed, Fault> {
    let folder = File::open(etc).map_err(file("lock", etc, 0))?;
    let _lock = Flock::lock(folder, FlockArg::LockExclusiveNonblock).map_err(|_| -> Fault {
        let detail = "another installation is at work on this machine";
        Box::new(finding(Code::InstallFailed).with("step", "lock").with("detail", detail))
    })?;
    recover(layout)?;
    let mut steps = Steps::prepare(common, layout, wanted)?;
    let done = steps.all();
    let Err(fault) = done else { return done };
    let left =
        roll_back(layout, steps.journal.as_ref().map_or(&[], Journal::lines), &steps.old_service, false);
    if left.is_empty() {
        return Err(fault);
    }
    let cause = finding(Code::RollbackFailed)
        .with("left", left.join(", "))
        .with("reason", fault.code.as_str())
        .with("detail", fault.message());
    Err(Box::new(cause))
}

/// Undoes what an installation that was cut short had changed.
fn recover(layout: &Layout) -> Result<(), Fault> {
    let path = layout.journal();
    let Some(changes) = Journal::left(layout).map_err(file("recover", &path, 0))? else { return Ok(()) };
    tracing::warn!(changes = changes.len(), "an installation was cut short; it is undone first");
    let changes: Vec<Undo> = changes.into_iter().filter(|c| !enrolled_since(c)).collect();
    let record = Record::load(layout).ok().flatten();
    let manager = host::manager(layout);
    let service = match &record {
        Some(r) => Service::of(r, layout),
        None => Service::new(manager, layout, &layout.at(super::layout::PATH), &layout.state_dir()),
    };
    let left = roll_back(layout, &changes, &service, true);
    if left.is_empty() {
        return Ok(());
    }
    Err(Box::new(finding(Code::RollbackFailed).with("left", left.join(", ")).with("step", "recover")))
}

/// An identity that the installation got before it was cut short stays: the server knows it, and
/// the token may have been good for it alone.
fn enrolled_since(change: &Undo) -> bool {
    match change {
        Undo::State { path } => Identity::load(path).is_ok(),
        Undo::Restore { path, kept } if path.file_name() == Some("identity.json".as_ref()) => {
            let state = path.parent().unwrap_or(path);
            let enrolled = Identity::load(state).is_ok()
                && files::read_bounded(path, 1 << 20).ok() != files::read_bounded(kept, 1 << 20).ok()
                && kept.exists();
            if enrolled {
                let _ = journal::remove_file(kept);
            }
            enrolled
        }
        _ => false,
    }
}

struct Steps {
    layout: Layout,
    settings: Settings,
    wanted: Wanted,
    /// What was installed before.
    old: Option<Record>,
    old_service: Service,
    record: Record,
    service: Service,
    identity: Plan,
    /// Whether what runs is no longer what is in place.
    changed: bool,
    journal: Option<Journal>,
}

impl Steps {
    /// Looks at everything that can be looked at before anything is changed.
    fn prepare(common: &Common, layout: &Layout, mut wanted: Wanted) -> Result<Self, Fault> {
        let old = Record::load(layout).ok().flatten();
        let settings = settings::load(common, RunArgs::default()).map_err(|e| said(&e, &wanted.url))?;
        if let Some(old) = &old {
            let kept = |given: &mut String, known: &str| {
                if given.is_empty() {
                    known.clone_into(given);
                }
            };
            kept(&mut wanted.url, &old.url);
            let ca = old.path.join("etc/ca.pem");
            if ca.exists() {
                kept(&mut wanted.ca, &ca.to_string_lossy());
            }
        } else if wanted.upgrade {
            let cause = finding(Code::UpgradeFailed)
                .with("from", "nothing")
                .with("to", env!("CARGO_PKG_VERSION"))
                .with("detail", "no sensor is installed");
            return Err(Box::new(cause));
        }
        wanted.url = checked_url(&wanted.url).map_err(|e| said(&e, &wanted.url))?;
        let path = match (&wanted.path, &old) {
            (Some(p), _) => layout.at(p),
            (None, Some(old)) => old.path.clone(),
            (None, None) => layout.at(super::layout::PATH),
        };
        usable(&path)?;
        let manager = host::manager(layout);
        let mode = wanted.mode.or(old.as_ref().map(|r| r.mode)).unwrap_or(Mode::Standard);
        let instance = instance(common, &settings, old.as_ref());
        let mut record = Record::new(path, settings.state_dir.clone(), instance, manager, mode);
        record.url.clone_from(&wanted.url);
        record.proxy = settings.proxy.as_ref().map(|p| p.secret().to_owned());
        let service = Service::of(&record, layout);
        let old_service = old.as_ref().map_or_else(|| service.clone(), |r| Service::of(r, layout));
        let identity = enrolment::plan(&settings, &wanted)?;
        Ok(Self {
            layout: layout.clone(),
            settings,
            wanted,
            old,
            old_service,
            record,
            service,
            identity,
            changed: false,
            journal: None,
        })
    }

    fn all(&mut self) -> Result<Installed, Fault> {
        let trust = self.trust()?;
        if matches!(self.identity, Plan::Fresh | Plan::Replace(_)) {
            if self.wanted.token.is_none() {
                let detail = "this machine is not enrolled, and no token was given";
                return Err(Box::new(finding(Code::EnrolmentTokenMissing).with("detail", detail)));
            }
            enrolment::reach(&self.settings, &self.wanted.url, &trust)?;
        }
        let journal = Journal::begin(&self.layout).map_err(file("journal", &self.layout.journal(), 0))?;
        self.journal = Some(journal);
        self.step("folders", Self::folders)?;
        self.step("binary", Self::binary)?;
        self.step("link", Self::link)?;
        self.step("ca", Self::ca)?;
        self.step("record", Self::write_record)?;
        if self.record.manager == Manager::Systemd {
            self.step("unit", Self::unit)?;
        }
        let device = self.run_and_enrol(&trust)?;
        self.step("instance", Self::keep_instance)?;
        let changed = self.changed;
        if let Some(journal) = self.journal.take() {
            let lines = journal.lines().to_vec();
            if let Err(e) = journal.commit() {
                // Without this the next run would take everything back.
                let path = self.layout.journal();
                let fault = file("commit", &path, 0)(e);
                roll_back(&self.layout, &lines, &self.old_service, false);
                return Err(fault);
            }
        }
        self.tidy();
        let connected = wait::until_connected(&self.record.state_dir);
        Ok(Installed { version: self.record.version.clone(), device, changed, connected })
    }

    fn step(&mut self, name: &str, step: fn(&mut Self) -> Result<(), Fault>) -> Result<(), Fault> {
        step(self)?;
        self.done(name);
        Ok(())
    }

    /// A crash as a test asks for it: nothing is cleaned up.
    fn done(&self, name: &str) {
        if self.wanted.crash_after.as_deref() == Some(name) {
            std::process::abort();
        }
    }

    fn journal(&mut self) -> &mut Journal {
        self.journal.as_mut().expect("begun before the first step")
    }

    fn trust(&self) -> Result<Trust, Fault> {
        Trust::parse(&self.wanted.ca).map_err(|e| {
            Box::new(finding(Code::InstallerArgumentsInvalid).with("detail", format!("ca: {e}")))
        })
    }

    fn folders(&mut self) -> Result<(), Fault> {
        let (path, state) = (self.record.path.clone(), self.record.state_dir.clone());
        for below in ["bin", "etc"] {
            let dir = path.join(below);
            self.journal().make_dir(&dir, 0o755).map_err(file("folders", &dir, PROGRAM_BYTES))?;
        }
        if !state.exists() {
            if let Some(parent) = state.parent() {
                self.journal().make_dir(parent, 0o755).map_err(file("folders", parent, 0))?;
            }
            let noted = self.journal().will(Undo::State { path: state.clone() });
            noted.map_err(file("folders", &state, 0))?;
        }
        settings::make_state_dir(&state).map_err(|e| said(&e, &self.wanted.url))
    }

    /// Puts the running program into place under the name of its version, and tries it there.
    fn binary(&mut self) -> Result<(), Fault> {
        let to = self.record.path.join(format!("bin/palisade-sensor-{}", self.record.version));
        let failed = |e| file("binary", &to, PROGRAM_BYTES)(e);
        let mut own = File::open("/proc/self/exe").map_err(failed)?;
        let wanted = digest(&mut own).map_err(failed)?;
        if !File::open(&to).and_then(|mut f| digest(&mut f)).is_ok_and(|there| there == wanted) {
            self.changed = true;
            self.journal().replace(&to).map_err(failed)?;
            own.rewind().map_err(failed)?;
            copy(&mut own, &to, &wanted).map_err(failed)?;
        }
        std::fs::set_permissions(&to, Permissions::from_mode(0o755)).map_err(failed)?;
        relabel(&self.record.path);
        let unusable = |detail: String| -> Fault {
            let path = self.record.path.display().to_string();
            Box::new(finding(Code::InstallPathUnusable).with("path", path).with("detail", detail))
        };
        match std::process::Command::new(&to).arg("--version").output() {
            Ok(out) if out.status.success() => {}
            Ok(out) => return Err(unusable(format!("the program ended with {} there", out.status))),
            Err(e) => return Err(unusable(format!("programs do not run from there: {e}"))),
        }
        self.record.files.push(Entry { path: to, content: wanted });
        Ok(())
    }

    fn link(&mut self) -> Result<(), Fault> {
        let link = program(&self.record.path);
        let target = format!("palisade-sensor-{}", self.record.version);
        let failed = |e| file("link", &link, 0)(e);
        if !link.read_link().is_ok_and(|t| t == Path::new(&target)) {
            self.changed = true;
            self.journal().replace(&link).map_err(failed)?;
            let fresh = files::half_written(&link);
            journal::remove_file(&fresh).map_err(failed)?;
            std::os::unix::fs::symlink(&target, &fresh).map_err(failed)?;
            std::fs::rename(&fresh, &link).map_err(failed)?;
        }
        self.noted(&link, "link")
    }

    fn ca(&mut self) -> Result<(), Fault> {
        let to = self.record.path.join("etc/ca.pem");
        if Path::new(&self.wanted.ca) == to {
            return self.noted(&to, "ca");
        }
        // A pinned CA has no file; the identity holds the certificate that fits.
        let Ok(pem) = files::read_bounded(&self.wanted.ca, 1 << 20) else { return Ok(()) };
        self.put(&to, &pem, 0o644, "ca")?;
        self.noted(&to, "ca")
    }

    fn write_record(&mut self) -> Result<(), Fault> {
        let to = self.layout.record();
        if self.record.manager == Manager::Systemd {
            let text = self.unit_text();
            let content = digest(&mut text.as_bytes()).map_err(file("record", &to, 0))?;
            self.record.files.push(Entry { path: self.layout.unit(), content });
        }
        let same = self.old.as_ref().is_some_and(|old| {
            (&old.instance, &old.proxy, old.mode)
                == (&self.record.instance, &self.record.proxy, self.record.mode)
                && old.path == self.record.path
                && old.manager == self.record.manager
        });
        self.changed |= !same;
        let bytes = self.record.bytes().map_err(file("record", &to, 0))?;
        self.put(&to, &bytes, 0o600, "record")
    }

    fn unit_text(&self) -> String {
        let Record { state_dir, instance, .. } = &self.record;
        unit::text(&self.record.program(), state_dir, instance, self.settings.budget)
    }

    fn unit(&mut self) -> Result<(), Fault> {
        let to = self.layout.unit();
        let enabled = systemctl(&["is-enabled", "--quiet", unit::NAME]).is_ok();
        self.put(&to, self.unit_text().as_bytes(), 0o644, "unit")?;
        // After the file in the journal: it is switched off before the file goes.
        self.journal().will(Undo::Unit { enabled }).map_err(file("unit", &to, 0))?;
        let failed = |e: std::io::Error| -> Fault {
            Box::new(finding(Code::ServiceFailed).with("detail", e.to_string()))
        };
        systemctl(&["daemon-reload"]).map_err(failed)?;
        systemctl(&["enable", "--quiet", unit::NAME]).map_err(failed)
    }

    /// Starts the sensor and enrols it. A new sensor runs first: what goes wrong with it uses up no
    /// token, and it records from then on.
    fn run_and_enrol(&mut self, trust: &Trust) -> Result<DeviceId, Fault> {
        if let Plan::Replace(old) = &self.identity {
            let old: Identity = (**old).clone();
            self.service_changes()?;
            let path = crate::identity::path(&self.settings.state_dir);
            self.journal().replace(&path).map_err(file("enrol", &path, 0))?;
            self.old_service.stop().map_err(|e| self.service_fault(e.to_string()))?;
            self.done("stop");
            let identity = enrolment::enrol(&self.settings, &self.wanted, trust, Some(&old))?;
            self.done("enrol");
            self.start()?;
            self.done("start");
            return Ok(identity.device_id);
        }
        if let Plan::Moved(identity) = &self.identity {
            let (path, identity) = (crate::identity::path(&self.settings.state_dir), identity.clone());
            self.changed = true;
            self.journal().replace(&path).map_err(file("enrol", &path, 0))?;
            identity.save(&self.settings.state_dir).map_err(|e| said(&e, &self.wanted.url))?;
        }
        if self.changed || !self.service.runs() || !self.watched() {
            self.service_changes()?;
            self.old_service.stop().map_err(|e| self.service_fault(e.to_string()))?;
            self.done("stop");
            self.start()?;
        }
        self.done("start");
        if let Plan::Keep(identity) | Plan::Moved(identity) = &self.identity {
            return Ok(identity.device_id);
        }
        let identity = enrolment::enrol(&self.settings, &self.wanted, trust, None)?;
        self.done("enrol");
        Ok(identity.device_id)
    }

    /// Whether something starts the sensor again if it ends.
    fn watched(&self) -> bool {
        match self.record.manager {
            Manager::Systemd => systemctl(&["is-active", "--quiet", unit::NAME]).is_ok(),
            Manager::Supervisor => crate::agent::Lock::is_supervised(&self.record.state_dir),
        }
    }

    fn service_changes(&mut self) -> Result<(), Fault> {
        self.changed = true;
        let path = self.layout.journal();
        let instance = self.record.instance.clone();
        if !crate::capture::default_pin_dir(&instance).exists() {
            self.journal().will(Undo::Pins { instance }).map_err(file("service", &path, 0))?;
        }
        let ran = self.old_service.runs();
        self.journal().will(Undo::Service { ran }).map_err(file("service", &path, 0))
    }

    fn start(&self) -> Result<(), Fault> {
        let since = TimeMicros::now().0;
        self.service.start().map_err(|e| self.service_fault(e.to_string()))?;
        wait::until_running(&self.service, &self.record.state_dir, since)
            .map(drop)
            .map_err(|why| self.service_fault(why))
    }

    fn service_fault(&self, detail: String) -> Fault {
        Box::new(finding(Code::ServiceFailed).with("detail", detail))
    }

    fn keep_instance(&mut self) -> Result<(), Fault> {
        let to = self.record.state_dir.join("instance");
        self.put(&to, self.record.instance.clone().as_bytes(), 0o644, "instance")
    }

    /// Writes a file unless it is there already.
    fn put(&mut self, to: &Path, bytes: &[u8], mode: u32, step: &'static str) -> Result<(), Fault> {
        if files::read_bounded(to, bytes.len() as u64 + 1).is_ok_and(|there| there == bytes) {
            return Ok(());
        }
        if let Some(parent) = to.parent() {
            self.journal().make_dir(parent, 0o755).map_err(file(step, parent, 0))?;
        }
        self.changed |= matches!(step, "unit");
        self.journal().replace(to).map_err(file(step, to, 0))?;
        files::write_atomic(to, bytes, mode).map_err(file(step, to, 0))
    }

    fn noted(&mut self, path: &Path, step: &'static str) -> Result<(), Fault> {
        let entry = Entry::of(path).map_err(file(step, path, 0))?;
        self.record.files.push(entry);
        Ok(())
    }

    /// Removes programs of other versions; the one before stays for a person who wants it back.
    fn tidy(&self) {
        let keep = [Some(&self.record.version), self.old.as_ref().map(|r| &r.version)];
        let keep: Vec<String> = keep.into_iter().flatten().map(|v| format!("palisade-sensor-{v}")).collect();
        let Ok(entries) = std::fs::read_dir(self.record.path.join("bin")) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with("palisade-sensor-") && !keep.contains(&name) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

/// Whether the folder can be used, as far as that can be seen.
fn usable(path: &Path) -> Result<(), Fault> {
    let found = host::install_path(path);
    let why = match &found {
        f if !f.writable => "root cannot write there",
        f if f.symlink => "a symbolic link is in its path",
        f if !f.executable => "programs may not run from there (noexec)",
        _ => return Ok(()),
    };
    let path = path.display().to_string();
    Err(Box::new(finding(Code::InstallPathUnusable).with("path", path).with("detail", why)))
}

/// The name in pins: that of before, so that what waits in the kernel is found again; a new one is
/// random, since machines that share a kernel share the place of the pins.
fn instance(common: &Common, settings: &Settings, old: Option<&Record>) -> String {
    if common.instance.is_some() {
        return settings.instance.clone();
    }
    if let Some(old) = old.filter(|r| r.state_dir == settings.state_dir) {
        return old.instance.clone();
    }
    let kept = files::read_text(settings.state_dir.join("instance"));
    if !kept.is_empty() && kept.len() <= 32 && kept.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return kept;
    }
    let running_by_hand = settings.state_dir.join("status.json").exists();
    let mut bytes = [0; 4];
    if running_by_hand || crate::random::fill(&mut bytes).is_err() {
        return settings.instance.clone();
    }
    hex::encode(bytes)
}

/// Where SELinux is in force, a program has to be labelled as one before a unit may start it.
fn relabel(path: &Path) {
    let tool = ["/usr/sbin/restorecon", "/sbin/restorecon"].into_iter().find(|t| Path::new(t).exists());
    if let Some(tool) = tool
        && Path::new("/sys/fs/selinux/enforce").exists()
        && let Err(error) = std::process::Command::new(tool).arg("-RF").arg(path).status()
    {
        tracing::warn!(%error, "the installed files cannot be labelled for SELinux");
    }
}

fn copy(from: &mut File, to: &Path, wanted: &str) -> std::io::Result<()> {
    let fresh = files::half_written(to);
    let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o755).open(&fresh)?;
    std::io::copy(from, &mut out)?;
    out.flush()?;
    out.sync_all()?;
    drop(out);
    if digest(&mut File::open(&fresh)?)? != wanted {
        return Err(std::io::Error::other("what was written is not what is read back"));
    }
    std::fs::rename(&fresh, to)?;
    to.parent().map_or(Ok(()), |p| File::open(p)?.sync_all())
}
