//! The kernel: values that it tells, settings, modules.

use serde::{Deserialize, Serialize};

use super::{Missing, Outcome, Probed};
use crate::check::Aspect;
use crate::format::modprobe::{self, Rule};
use crate::format::sysctl;
use crate::host::Host;
use crate::parameter::Values;
use crate::report::Reason;
use crate::want::{Want, like};

/// A value that the running kernel tells.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KernelProbe {
    /// Below `/proc` or `/sys`.
    pub path: String,
    /// What it should be.
    pub want: Want,
    /// What it says that the kernel has no such value.
    #[serde(default)]
    pub missing: Missing,
}

impl KernelProbe {
    pub(super) fn run(&self, host: &Host, values: &Values) -> Probed {
        let Some(value) = host.kernel(&self.path)? else {
            return Ok(self.missing.outcome(format!("{} is not there", self.path)));
        };
        let out = Outcome::of(self.want.met(Some(&value), values), value).at(&*self.path, None);
        Ok(out.expecting(self.want.words(values)))
    }
}

/// A setting of `sysctl`, as configured and as it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SysctlProbe {
    /// Its key, with dots.
    pub key: String,
    /// What it should be.
    pub want: Want,
}

/// In the order in which one hides a file of the same name of the next.
const BASES: [&str; 5] = ["/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib"];

impl SysctlProbe {
    pub(super) fn run(&self, host: &Host, values: &Values) -> Probed {
        let configured = self.configured(host)?;
        let path = format!("/proc/sys/{}", slashes(&self.key));
        let running = match host.kernel(&path) {
            Ok(Some(value)) => Some(value.split_whitespace().collect::<Vec<_>>().join(" ")),
            Ok(None) => return Ok(Outcome::moot(format!("this kernel has no {}", self.key))),
            Err(Reason::NotLive) => None,
            Err(e) => return Err(e),
        };
        let kept = configured.as_ref().is_some_and(|(v, ..)| self.want.met(Some(v), values));
        let now = running.as_ref().is_none_or(|v| self.want.met(Some(v), values));
        let mut said = match &configured {
            Some((value, ..)) => format!("configured {value}"),
            None => "not configured".to_owned(),
        };
        if let Some(value) = &running {
            said.push_str(&format!(", running {value}"));
        }
        let mut out = Outcome::of(kept && now, said).aspect(Aspect::Configured, kept);
        if running.is_some() {
            out = out.aspect(Aspect::Running, now).at(path, None);
        }
        if let Some((_, file, line)) = configured {
            out = out.at(file, Some(line));
        }
        Ok(out.expecting(format!("{} = {}", self.key, self.want.words(values))))
    }

    /// The value that holds after the next start, with its place.
    fn configured(&self, host: &Host) -> Result<Option<(String, String, u32)>, Reason> {
        let mut files = host.drop_ins(&BASES, "sysctl.d", ".conf")?;
        // procps reads it last; under systemd it is there as 99-sysctl.conf.
        if let Some(text) = host.text("/etc/sysctl.conf")? {
            files.push(("/etc/sysctl.conf".into(), text));
        }
        if ufw_enabled(host)?
            && let Some(text) = host.text("/etc/ufw/sysctl.conf")?
        {
            files.push(("/etc/ufw/sysctl.conf".into(), text));
        }
        let (mut exact, mut by_pattern) = (None, None);
        for (path, text) in files {
            for s in sysctl::parse(&text) {
                // An exact key wins over a pattern, whatever the order.
                if s.key == self.key {
                    exact = Some((s.value, path.clone(), s.line));
                } else if s.key.contains('*') && like(&s.key, &self.key) {
                    by_pattern = Some((s.value, path.clone(), s.line));
                }
            }
        }
        Ok(exact.or(by_pattern))
    }
}

fn ufw_enabled(host: &Host) -> Result<bool, Reason> {
    let text = host.text("/etc/ufw/ufw.conf")?.unwrap_or_default();
    Ok(text.lines().any(|l| l.trim().eq_ignore_ascii_case("ENABLED=yes")))
}

/// As a path below `/proc/sys`: `net.ipv4.conf.eth0/1.x` is `net/ipv4/conf/eth0.1/x`.
fn slashes(key: &str) -> String {
    key.chars()
        .map(|c| match c {
            '.' => '/',
            '/' => '.',
            c => c,
        })
        .collect()
}

/// A module that is not to be loaded.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModuleProbe {
    /// Its name.
    pub name: String,
}

impl ModuleProbe {
    pub(super) fn run(&self, host: &Host) -> Probed {
        let name = self.name.replace('-', "_");
        let (mut blocked, mut listed, mut place) = (false, false, None);
        for (path, text) in host.drop_ins(&BASES, "modprobe.d", ".conf")? {
            for (module, rule, line) in modprobe::parse(&text) {
                if module != name {
                    continue;
                }
                match rule {
                    // The last command is the one that counts.
                    Rule::Install(command) => {
                        blocked = modprobe::does_nothing(&command);
                        place = Some((path.clone(), line));
                    }
                    Rule::Blacklist => listed = true,
                }
            }
        }
        let loaded = match host.kernel("/proc/modules") {
            Ok(text) => text.unwrap_or_default().lines().any(|l| l.split(' ').next() == Some(&name)),
            Err(Reason::NotLive) => false,
            Err(e) => return Err(e),
        };
        let said = match (blocked, listed, loaded) {
            (_, _, true) => "loaded",
            (true, ..) => "blocked",
            (false, true, _) => "only blacklisted: it can still be asked for by name",
            (false, false, _) => "can be loaded",
        };
        let mut out = Outcome::of(blocked && !loaded, said).aspect(Aspect::Configured, blocked);
        if host.is_live() {
            out = out.aspect(Aspect::Running, !loaded);
        }
        if let Some((path, line)) = place {
            out = out.at(path, Some(line));
        }
        Ok(out.expecting(format!("install {} /bin/false", self.name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::tests::world;
    use crate::probe::Verdict;

    fn sysctl(files: &[(&str, &str)], key: &str, want: i64) -> Outcome {
        let (_dir, host) = world(files);
        let want = Want::Is(crate::parameter::Scalar::Int(want));
        SysctlProbe { key: key.into(), want }.run(&host, &Values::default()).expect("runs")
    }

    #[test]
    fn the_last_file_wins_and_a_pattern_yields() {
        let files = [
            ("/usr/lib/sysctl.d/50-a.conf", "kernel.x = 0\n"),
            ("/etc/sysctl.d/60-b.conf", "kernel/x=1\n"),
            ("/etc/sysctl.d/90-c.conf", "kernel.* = 0\n"),
        ];
        let out = sysctl(&files, "kernel.x", 1);
        assert_eq!((out.verdict, out.observed.as_str()), (Verdict::Met, "configured 1"));
        assert_eq!(out.evidence[0].path, "/etc/sysctl.d/60-b.conf");
        let more = [files[0], files[1], ("/etc/sysctl.conf", "kernel.x = 3\n")];
        assert_eq!(sysctl(&more, "kernel.x", 1).verdict, Verdict::Missed);
        assert_eq!(sysctl(&[], "kernel.x", 1).observed, "not configured");
    }

    #[test]
    fn a_blacklist_alone_does_not_block() {
        let run = |text: &str| {
            let (_dir, host) = world(&[("/etc/modprobe.d/a.conf", text)]);
            ModuleProbe { name: "usb-storage".into() }.run(&host).expect("runs").verdict
        };
        assert_eq!(run("blacklist usb_storage\n"), Verdict::Missed);
        assert_eq!(run("install usb-storage /bin/false\n"), Verdict::Met);
        assert_eq!(run("install usb_storage /sbin/modprobe -i usb_storage\n"), Verdict::Missed);
    }
}
