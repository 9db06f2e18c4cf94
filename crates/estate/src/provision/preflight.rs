//! From what was found on a machine to whether a sensor can be installed, check by check.

use palisade_types::TenantId;
use serde::{Deserialize, Serialize};

use super::{HostReport, HostSensor, Mode, OtherProducts, Reach, ServiceManager};
use crate::health::{Cause, Code, clean};
use crate::machine::{Support, SupportMatrix};
use crate::{MINUTE, SECOND};

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    /// Well.
    Ok,
    /// Worth knowing; it stops nothing.
    Warning,
    /// It stops the installation.
    Failed,
    /// It could not be made.
    Skipped,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its stable name.
    pub name: &'static str,
    /// How it went.
    pub outcome: CheckOutcome,
    /// What was found.
    pub evidence: String,
    /// The finding that it gives, where it does.
    pub cause: Option<Cause>,
}

/// The least that a sensor needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirements {
    /// Processors.
    pub cpus: u32,
    /// Memory, bytes.
    pub memory_bytes: u64,
    /// Free space where it lives, bytes; its spool is in there.
    pub free_bytes: u64,
    /// The clock may differ by this much, microseconds.
    pub clock: i64,
}

impl Default for Requirements {
    fn default() -> Self {
        Self { cpus: 1, memory_bytes: 256 << 20, free_bytes: 768 << 20, clock: 5 * MINUTE }
    }
}

/// What follows from all checks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It can be installed.
    Ready {
        /// How.
        mode: Mode,
        /// Findings that are only notices.
        notices: Vec<Cause>,
    },
    /// A sensor of this tenant is there already; it is taken over as it is.
    Adopt,
    /// No sensor belongs there.
    NotApplicable(Cause),
    /// It cannot be installed until these are mended.
    Failed(Vec<Cause>),
}

/// The checks with their outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Preflight {
    /// Every check, in the order in which people read them.
    pub checks: Vec<Check>,
    /// What follows.
    pub verdict: Verdict,
}

struct Sheet(Vec<Check>);

impl Sheet {
    fn ok(&mut self, name: &'static str, evidence: impl Into<String>) {
        let evidence: String = evidence.into();
        self.0.push(Check { name, outcome: CheckOutcome::Ok, evidence: clean(&evidence), cause: None });
    }

    fn skipped(&mut self, name: &'static str, evidence: &str) {
        self.0.push(Check { name, outcome: CheckOutcome::Skipped, evidence: evidence.into(), cause: None });
    }

    fn add(&mut self, name: &'static str, outcome: CheckOutcome, cause: Cause) {
        self.0.push(Check { name, outcome, evidence: cause.message(), cause: Some(cause) });
    }

    fn failed(&mut self, name: &'static str, cause: Cause) {
        self.add(name, CheckOutcome::Failed, cause);
    }
}

fn finding(code: Code) -> Cause {
    Cause::provisioning(code)
}

/// Judges a machine by what was found on it.
pub fn preflight(r: &HostReport, need: &Requirements, other: OtherProducts, tenant: TenantId) -> Preflight {
    let mut s = Sheet(Vec::new());
    exclusion(&mut s, r);
    system(&mut s, r);
    resources(&mut s, r, need);
    kernel(&mut s, r);
    network(&mut s, r, need);
    let adopt = existing(&mut s, r, tenant);
    let mode = products(&mut s, r, other);
    match r.service_manager {
        ServiceManager::Systemd => s.ok("service_manager", "systemd"),
        ServiceManager::None => s.ok("service_manager", "none; the sensor's own supervisor is used"),
    }
    let verdict = verdict(&s.0, adopt, mode);
    Preflight { checks: s.0, verdict }
}

fn verdict(checks: &[Check], adopt: bool, mode: Mode) -> Verdict {
    let causes = |wanted: CheckOutcome| {
        checks.iter().filter(move |c| c.outcome == wanted).filter_map(|c| c.cause.clone())
    };
    let failed: Vec<Cause> = causes(CheckOutcome::Failed).collect();
    let not_applicable = |c: &&Cause| c.code.entry().kind == crate::health::Kind::NotApplicable;
    if let Some(cause) = failed.iter().find(not_applicable) {
        return Verdict::NotApplicable(cause.clone());
    }
    // A sensor that already runs proves that it can; only what would harm it counts.
    if adopt && !failed.iter().any(|c| c.code == Code::ForeignSensor) {
        return Verdict::Adopt;
    }
    if !failed.is_empty() {
        return Verdict::Failed(failed);
    }
    Verdict::Ready { mode, notices: causes(CheckOutcome::Warning).collect() }
}

fn exclusion(s: &mut Sheet, r: &HostReport) {
    if r.excluded_by_file {
        s.failed("exclusion", finding(Code::Excluded).with("by", "the file /etc/palisade/exclude on it"));
    } else {
        s.ok("exclusion", "the machine does not exclude itself");
    }
}

fn system(s: &mut Sheet, r: &HostReport) {
    let os = &r.os;
    let words = format!("{} {}, kernel {}, {}", os.id, os.version, os.kernel, os.arch());
    match SupportMatrix::shipped().judge(os) {
        Support::Supported => s.ok("operating_system", words),
        Support::ByTrial => s.ok("operating_system", format!("{words}; a trial load decides")),
        Support::Unknown => s.skipped("operating_system", "it did not say what it is"),
        Support::NotApplicable(code) | Support::Lacking(code) => {
            s.failed("operating_system", unsupported(code, os));
        }
    }
}

/// The finding of a system that a sensor does not exist for.
pub(super) fn unsupported(code: Code, os: &crate::machine::OsFacts) -> Cause {
    let matrix = SupportMatrix::shipped();
    let row = matrix.distributions.iter().find(|d| d.id == os.id);
    let name = row.map_or(os.id.as_str(), |d| d.name.as_str());
    let family = match serde_json::to_value(os.family) {
        Ok(serde_json::Value::String(f)) => f.replace('_', " "),
        _ => "another system".into(),
    };
    let supported = match code {
        Code::UnsupportedArchitecture => matrix.architectures.join(", "),
        _ => row.map(|d| d.versions.join(", ")).unwrap_or_default(),
    };
    finding(code)
        .with("os", if os.id.is_empty() { family } else { format!("{name} {}", os.version) })
        .with("distribution", name)
        .with("version", &os.version)
        .with("architecture", os.arch())
        .with("kernel", &os.kernel)
        .with("needed", &matrix.min_kernel)
        .with("supported", supported)
}

fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

fn resources(s: &mut Sheet, r: &HostReport, need: &Requirements) {
    if r.root {
        s.ok("privileges", format!("root, by {}", r.user));
    } else {
        let cause = finding(Code::PrivilegesMissing).with("user", &r.user).with("detail", "it is not root");
        s.failed("privileges", cause);
    }
    match r.tools_missing.as_slice() {
        [] => s.ok("tools", "all there"),
        missing => s.failed("tools", finding(Code::HostToolMissing).with("tool", missing.join(", "))),
    }
    let short =
        |code, found: String, needed: String| finding(code).with("found", found).with("needed", needed);
    if r.cpus >= need.cpus {
        s.ok("cpu", format!("{}", r.cpus));
    } else {
        s.failed("cpu", short(Code::CpuInsufficient, r.cpus.to_string(), need.cpus.to_string()));
    }
    if r.memory_bytes >= need.memory_bytes {
        s.ok("memory", mib(r.memory_bytes));
    } else {
        s.failed("memory", short(Code::MemoryInsufficient, mib(r.memory_bytes), mib(need.memory_bytes)));
    }
    let path = &r.path;
    let unusable = [
        (!path.writable, "root cannot write there"),
        (!path.executable, "programs may not run from there (noexec)"),
        (path.symlink, "a symbolic link is in its path"),
    ];
    match unusable.iter().find(|(bad, _)| *bad) {
        Some((_, why)) => {
            let cause = finding(Code::InstallPathUnusable).with("path", &path.path).with("detail", why);
            s.failed("path", cause);
        }
        None => s.ok("path", &*path.path),
    }
    if path.free_bytes >= need.free_bytes {
        s.ok("disk", format!("{} free", mib(path.free_bytes)));
    } else {
        let cause = short(Code::DiskInsufficient, mib(path.free_bytes), mib(need.free_bytes));
        s.failed("disk", cause.with("path", &path.path));
    }
}

fn kernel(s: &mut Sheet, r: &HostReport) {
    if r.kernel_types {
        s.ok("kernel_types", "there");
    } else {
        s.failed("kernel_types", finding(Code::KernelTypesMissing).with("kernel", &r.os.kernel));
    }
    match &r.bpf_refused {
        None => s.ok("bpf", "a capture program loads"),
        Some(why) => s.failed("bpf", finding(Code::BpfForbidden).with("detail", why)),
    }
}

fn network(s: &mut Sheet, r: &HostReport, need: &Requirements) {
    match &r.reach {
        Reach::Reached => s.ok("server", format!("{} answers", r.server)),
        Reach::NotTried => s.skipped("server", "it was not tried"),
        Reach::Failed { step, detail } => {
            let code = match step.as_str() {
                "proxy" => Code::ProxyUnusable,
                "tls" | "protocol" => Code::ServerUntrusted,
                _ => Code::ServerUnreachable,
            };
            let cause = finding(code)
                .with("url", &r.server)
                .with("proxy", &r.proxy)
                .with("detail", format!("{step}: {detail}"));
            s.failed("server", cause);
        }
    }
    match r.clock_offset {
        None => s.skipped("clock", "it could not be compared"),
        Some(offset) if offset.unsigned_abs() <= need.clock.unsigned_abs() => {
            s.ok("clock", format!("{:+} s", offset / SECOND));
        }
        Some(offset) => {
            let words = format!("{:+} s", offset / SECOND);
            s.failed("clock", finding(Code::HostClockWrong).with("offset", words));
        }
    }
}

fn existing(s: &mut Sheet, r: &HostReport, tenant: TenantId) -> bool {
    match &r.sensor {
        HostSensor::Absent => s.ok("sensor", "none is there"),
        HostSensor::Present { server, tenant: Some(theirs), .. } if *theirs != tenant => {
            s.failed("sensor", finding(Code::ForeignSensor).with("url", server));
        }
        HostSensor::Present { running: true, missing, tenant: Some(_), version, .. }
            if missing.is_empty() =>
        {
            s.ok("sensor", format!("version {version} runs here for this tenant"));
            return true;
        }
        HostSensor::Present { version, .. } => {
            s.ok("sensor", format!("version {version} is there but not at work; it is installed over"));
        }
    }
    false
}

fn products(s: &mut Sheet, r: &HostReport, other: OtherProducts) -> Mode {
    let names: Vec<&str> = r
        .products
        .iter()
        .filter(|p| p.running)
        .map(|p| p.name.as_str())
        .chain(r.fanotify_user.as_deref())
        .collect();
    if names.is_empty() {
        s.ok("other_products", "none runs");
        return Mode::Standard;
    }
    let names = names.join(", ");
    match other {
        OtherProducts::Observe => {
            let cause = finding(Code::OtherProductPresent).with("product", names);
            s.add("other_products", CheckOutcome::Warning, cause);
        }
        OtherProducts::LeaveAlone => {
            s.failed("other_products", finding(Code::OtherProductOwnsHost).with("product", names));
        }
    }
    Mode::Observing
}
