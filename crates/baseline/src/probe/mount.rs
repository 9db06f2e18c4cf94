//! Mounts: whether a folder is one, and with which options.

use serde::{Deserialize, Serialize};

use super::{Outcome, Probed};
use crate::check::Aspect;
use crate::format::fstab::{self, Mount};
use crate::format::keyed::{self, Style};
use crate::host::Host;
use crate::report::Reason;

/// A mount.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MountProbe {
    /// Where.
    pub point: String,
    /// Options that it has; without any, it is only asked whether it is a mount of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
}

impl MountProbe {
    pub(super) fn run(&self, host: &Host) -> Probed {
        let configured = self.configured(host)?;
        let running = match host.kernel("/proc/self/mountinfo") {
            Ok(text) => Some(fstab::mountinfo(&text.unwrap_or_default())),
            Err(Reason::NotLive) => None,
            Err(e) => return Err(e),
        };
        let live = running.is_some();
        // A later mount hides an earlier one.
        let running = running.and_then(|all| all.into_iter().rev().find(|m| m.point == self.point));
        if self.options.is_empty() {
            let kept = configured.is_some();
            let met = if live { running.is_some() } else { kept };
            let said = match (&running, kept) {
                (Some(m), _) => format!("mounted, {}", m.kind),
                (None, true) => "configured".into(),
                (None, false) => format!("{} is no mount of its own", self.point),
            };
            let mut out = Outcome::of(met, said).aspect(Aspect::Configured, kept);
            if live {
                out = out.aspect(Aspect::Running, running.is_some());
            }
            return Ok(place(out, configured.as_ref(), live).expecting(format!("a mount at {}", self.point)));
        }
        let lacks = |m: &Mount| -> Vec<String> {
            self.options.iter().filter(|o| !m.options.contains(o)).cloned().collect()
        };
        if running.is_none() && configured.is_none() {
            return Ok(Outcome::moot(format!("{} is no mount of its own", self.point)));
        }
        let (now, kept) = (running.as_ref().map(&lacks), configured.as_ref().map(|(m, ..)| lacks(m)));
        let fine = |l: &Option<Vec<String>>| l.as_ref().is_none_or(Vec::is_empty);
        let mut said = Vec::new();
        for (word, lacking) in [("mounted", &now), ("configured", &kept)] {
            if let Some(lacking) = lacking {
                let how = if lacking.is_empty() {
                    "with them".into()
                } else {
                    format!("without {}", lacking.join(", "))
                };
                said.push(format!("{word} {how}"));
            }
        }
        let mut out = Outcome::of(fine(&now) && fine(&kept), said.join("; "));
        if now.is_some() {
            out = out.aspect(Aspect::Running, fine(&now));
        }
        if kept.is_some() {
            out = out.aspect(Aspect::Configured, fine(&kept));
        }
        Ok(place(out, configured.as_ref(), live).expecting(format!(
            "{} on {}",
            self.options.join(", "),
            self.point
        )))
    }

    /// The mount that is set up at the next start: by `fstab`, or by a unit.
    fn configured(&self, host: &Host) -> Result<Option<(Mount, String, Option<u32>)>, Reason> {
        if let Some(text) = host.text("/etc/fstab")?
            && let Some(m) = fstab::parse(&text).into_iter().rev().find(|m| m.point == self.point)
        {
            let line = Some(m.line);
            return Ok(Some((m, "/etc/fstab".into(), line)));
        }
        let unit = format!("{}.mount", self.point.trim_matches('/').replace('-', "\\x2d").replace('/', "-"));
        let mut links = host.glob(&format!("/etc/systemd/system/*.wants/{unit}"))?;
        links.extend(host.glob(&format!("/usr/lib/systemd/system/*.wants/{unit}"))?);
        let Some(path) = links.into_iter().next() else { return Ok(None) };
        let Some(text) = host.text(&path)? else { return Ok(None) };
        let pairs = keyed::parse(&text, Style::Equals);
        let value = |key: &str| {
            pairs.iter().rev().find(|p| p.section == "Mount" && p.key == key).map(|p| p.value.clone())
        };
        let options = value("Options").unwrap_or_default().split(',').map(str::to_owned).collect();
        let m =
            Mount { point: self.point.clone(), kind: value("Type").unwrap_or_default(), options, line: 0 };
        Ok(Some((m, path, None)))
    }
}

fn place(out: Outcome, configured: Option<&(Mount, String, Option<u32>)>, live: bool) -> Outcome {
    let out = match configured {
        Some((_, path, line)) => out.at(path, *line),
        None => out.at("/etc/fstab", None),
    };
    if live { out.at("/proc/self/mountinfo", None) } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::tests::world;
    use crate::probe::Verdict;

    #[test]
    fn options_are_asked_only_where_there_is_a_mount() {
        let run = |files: &[(&str, &str)], options: &[&str]| {
            let (_dir, host) = world(files);
            let options = options.iter().map(|o| (*o).to_owned()).collect();
            MountProbe { point: "/tmp".into(), options }.run(&host).expect("runs").verdict
        };
        let fstab = [("/etc/fstab", "tmpfs /tmp tmpfs nodev,nosuid 0 0\n")];
        assert_eq!(run(&fstab, &["nodev"]), Verdict::Met);
        assert_eq!(run(&fstab, &["nodev", "noexec"]), Verdict::Missed);
        assert_eq!(run(&fstab, &[]), Verdict::Met);
        assert_eq!(run(&[], &["nodev"]), Verdict::Moot);
        assert_eq!(run(&[], &[]), Verdict::Missed);
        let unit = [
            (
                "/usr/lib/systemd/system/tmp.mount",
                "[Mount]\nWhat=tmpfs\nType=tmpfs\nOptions=mode=1777,nodev\n",
            ),
            ("/etc/systemd/system/local-fs.target.wants/tmp.mount", "-> /usr/lib/systemd/system/tmp.mount"),
        ];
        assert_eq!(run(&unit, &["nodev"]), Verdict::Met);
    }
}
