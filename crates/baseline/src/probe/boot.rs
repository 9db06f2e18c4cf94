//! The boot loader: its password, and what it gives the kernel.

use serde::{Deserialize, Serialize};

use super::{Outcome, Probed};
use crate::check::Aspect;
use crate::format::keyed::{self, Style};
use crate::format::{grub, words};
use crate::host::Host;
use crate::parameter::Values;
use crate::report::Reason;
use crate::want::Want;

/// The boot loader.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BootProbe {
    /// A parameter of the kernel; without one it is asked for a password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// What the parameter should be, in every entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub want: Option<Want>,
}

const MENUS: [&str; 4] = [
    "/boot/grub/grub.cfg",
    "/boot/grub2/grub.cfg",
    "/boot/efi/EFI/*/grub.cfg",
    "/boot/loader/entries/*.conf",
];

impl BootProbe {
    pub(super) fn run(&self, host: &Host, values: &Values) -> Probed {
        let menus = host.texts(&MENUS.map(str::to_owned))?;
        let Some((parameter, want)) = self.parameter.as_ref().zip(self.want.as_ref()) else {
            return password(host, &menus);
        };
        let env = host.texts(&["/boot/grub2/grubenv".to_owned(), "/boot/grub/grubenv".to_owned()])?;
        let env: Vec<String> = env
            .iter()
            .flat_map(|(_, t)| keyed::parse(t, Style::Equals))
            .filter(|p| p.key == "kernelopts")
            .flat_map(|p| words(&p.value))
            .collect();
        let (mut entries, mut wrong, mut value) = (0, None, None);
        for (path, text) in &menus {
            for (mut line, n) in grub::kernel_lines(text) {
                if line.iter().any(|w| w == "$kernelopts" || w == "${kernelopts}") {
                    line.extend(env.iter().cloned());
                }
                entries += 1;
                let own = grub::parameter(&line, parameter).map(str::to_owned);
                if !want.met(own.as_deref(), values) && wrong.is_none() {
                    wrong = Some((path.clone(), n));
                }
                value = own.or(value);
            }
        }
        let expected = format!("{parameter} {}", want.words(values));
        let running = match host.kernel("/proc/cmdline") {
            Ok(text) => Some(words(&text.unwrap_or_default())),
            Err(Reason::NotLive) => None,
            Err(e) => return Err(e),
        };
        // Without a menu the machine is started by something else, which only the running kernel tells of.
        if entries == 0 {
            let Some(running) = running else { return Ok(Outcome::moot("there is no boot loader here")) };
            let now = grub::parameter(&running, parameter);
            let met = want.met(now, values);
            let said = now.map_or_else(|| format!("no {parameter}"), |v| format!("{parameter} {v}"));
            return Ok(Outcome::of(met, said)
                .aspect(Aspect::Running, met)
                .at("/proc/cmdline", None)
                .expecting(expected));
        }
        let said = match (&wrong, value) {
            (None, Some(v)) => format!("{parameter} {v} in {entries} entries"),
            (None, None) => format!("no {parameter} in {entries} entries"),
            (Some(_), _) => format!("an entry has not: {expected}"),
        };
        let mut out = Outcome::of(wrong.is_none(), said).aspect(Aspect::Configured, wrong.is_none());
        if let Some(running) = running {
            out = out.aspect(Aspect::Running, want.met(grub::parameter(&running, parameter), values));
        }
        out = match wrong {
            Some((path, line)) => out.at(path, Some(line)),
            None => menus.iter().fold(out, |o, (path, _)| o.at(path, None)),
        };
        Ok(out.expecting(expected))
    }
}

fn password(host: &Host, menus: &[(String, std::rc::Rc<str>)]) -> Probed {
    if menus.is_empty() {
        return Ok(Outcome::moot("there is no boot loader here"));
    }
    // Red Hat's menu asks for whatever stands in a file beside it.
    let beside = host.texts(&["/boot/grub2/user.cfg".to_owned(), "/boot/efi/EFI/*/user.cfg".to_owned()])?;
    let beside = beside.iter().find(|(_, t)| t.lines().any(|l| l.trim().starts_with("GRUB2_PASSWORD=grub.")));
    if let Some((path, _)) = beside {
        return Ok(Outcome::of(true, "a password is asked for").at(path, None));
    }
    let found = menus.iter().find(|(_, text)| grub::has_password(text));
    let said = if found.is_some() {
        "a password is asked for"
    } else {
        "anybody at the console may change an entry"
    };
    let (path, _) = found.unwrap_or(&menus[0]);
    Ok(Outcome::of(found.is_some(), said).at(path, None).expecting("superusers and a password_pbkdf2"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::tests::world;
    use crate::probe::Verdict;

    fn run(files: &[(&str, &str)], probe: &str) -> Verdict {
        let (_dir, host) = world(files);
        toml::from_str::<BootProbe>(probe)
            .expect("a probe")
            .run(&host, &Values::default())
            .expect("runs")
            .verdict
    }

    #[test]
    fn every_entry_counts() {
        let probe = "parameter = \"audit\"\nwant = { is = 1 }";
        let menu = |text| [("/boot/grub/grub.cfg", text)];
        assert_eq!(run(&menu("linux /a audit=1\nlinux /b audit=1\n"), probe), Verdict::Met);
        assert_eq!(run(&menu("linux /a audit=1\nlinux /b quiet\n"), probe), Verdict::Missed);
        assert_eq!(run(&[], probe), Verdict::Moot);
        let entries = [
            ("/boot/loader/entries/a.conf", "options $kernelopts\n"),
            ("/boot/grub2/grubenv", "# GRUB\nkernelopts=root=/dev/a audit=1\n"),
        ];
        assert_eq!(run(&entries, probe), Verdict::Met);
    }

    #[test]
    fn a_password_may_stand_beside_the_menu() {
        assert_eq!(run(&[("/boot/grub2/grub.cfg", "x")], ""), Verdict::Missed);
        let files =
            [("/boot/grub2/grub.cfg", "x"), ("/boot/grub2/user.cfg", "GRUB2_PASSWORD=grub.pbkdf2.x\n")];
        assert_eq!(run(&files, ""), Verdict::Met);
    }
}
