//! A key of a configuration file, and a limit of `limits.conf`.

use serde::{Deserialize, Serialize};

use super::{Missing, Outcome, Probed};
use crate::format::keyed::{self, Style};
use crate::format::limits;
use crate::host::Host;
use crate::parameter::{Scalar, Values};
use crate::want::Want;

/// A key of a configuration file and those that add to it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingProbe {
    /// The files, in the order in which they are read.
    pub files: Vec<String>,
    /// Drop-ins as systemd reads them, below `/etc`, `/run` and `/usr/lib`: `systemd/journald.conf.d`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drop_ins: Option<String>,
    /// How it is written.
    #[serde(default)]
    pub style: Style,
    /// The section of an ini file.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub section: String,
    /// The key, without regard to case.
    pub key: String,
    /// What it should be.
    pub want: Want,
    /// What holds where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Scalar>,
    /// What it says that none of the files is there.
    #[serde(default = "missed")]
    pub missing: Missing,
}

fn missed() -> Missing {
    Missing::Missed
}

const BASES: [&str; 4] = ["/etc", "/run", "/usr/local/lib", "/usr/lib"];

impl SettingProbe {
    pub(super) fn run(&self, host: &Host, values: &Values) -> Probed {
        let mut files = host.texts(&self.files)?;
        if let Some(folder) = &self.drop_ins {
            files.extend(host.drop_ins(&BASES, folder, ".conf")?);
        }
        if files.is_empty() && self.missing != Missing::Missed {
            return Ok(self.missing.outcome("no such file"));
        }
        let mut found = None;
        for (path, text) in &files {
            for pair in keyed::parse(text, self.style) {
                let here = self.section.is_empty() || pair.section.eq_ignore_ascii_case(&self.section);
                if here && pair.key.eq_ignore_ascii_case(&self.key) {
                    found = Some((pair, path));
                }
            }
        }
        let default = self.default.as_ref().map(ToString::to_string);
        let expected = format!("{} {}", self.key, self.want.words(values));
        Ok(match found {
            Some((pair, path)) => {
                let met = self.want.met(Some(&pair.value), values);
                Outcome::of(met, format!("{} {}", self.key, pair.value)).at(path, Some(pair.line))
            }
            None => {
                let met = self.want.met(default.as_deref(), values);
                let said = match &default {
                    Some(d) => format!("{} is not set, which means {d}", self.key),
                    None => format!("{} is not set", self.key),
                };
                files.iter().take(3).fold(Outcome::of(met, said), |o, (path, _)| o.at(path, None))
            }
        }
        .expecting(expected))
    }
}

/// A limit for everybody.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitProbe {
    /// What is limited: `core`, `maxlogins`.
    pub item: String,
    /// To what.
    pub want: Want,
}

impl LimitProbe {
    pub(super) fn run(&self, host: &Host, values: &Values) -> Probed {
        // pam_limits reads the main file first, then the folder by name: the last for `*` holds.
        let mut files: Vec<String> = vec!["/etc/security/limits.conf".into()];
        files.push("/etc/security/limits.d/*.conf".into());
        let mut found = None;
        for (path, text) in host.texts(&files)? {
            for l in limits::parse(&text) {
                if l.domain == "*" && l.item == self.item && matches!(l.kind.as_str(), "hard" | "-") {
                    found = Some((l.value, path.clone(), l.line));
                }
            }
        }
        let expected = format!("* hard {} {}", self.item, self.want.words(values));
        Ok(match found {
            Some((value, path, line)) => {
                let met = self.want.met(Some(&value), values);
                Outcome::of(met, format!("{} {value}", self.item)).at(path, Some(line))
            }
            None => Outcome::of(self.want.met(None, values), format!("no limit of {}", self.item)),
        }
        .expecting(expected))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::tests::world;
    use crate::probe::Verdict;

    #[test]
    fn the_last_value_holds_and_a_section_is_a_section() {
        let (_dir, host) = world(&[
            ("/etc/systemd/journald.conf", "[Journal]\n#Storage=auto\nCompress=yes\n[Other]\nStorage=none\n"),
            ("/etc/systemd/journald.conf.d/9.conf", "[Journal]\nStorage=persistent\n"),
            ("/usr/lib/systemd/journald.conf.d/1.conf", "[Journal]\nStorage=volatile\n"),
        ]);
        let text = "files = [\"/etc/systemd/journald.conf\"]\ndrop_ins = \"systemd/journald.conf.d\"\n\
                    section = \"Journal\"\nkey = \"storage\"\nwant = { is = \"persistent\" }";
        let probe: SettingProbe = toml::from_str(text).expect("a probe");
        let out = probe.run(&host, &Values::default()).expect("runs");
        assert_eq!((out.verdict, out.evidence[0].line), (Verdict::Met, Some(2)));
        let text = "files = [\"/etc/none\"]\nkey = \"a\"\nwant = { is = 1 }\ndefault = 1";
        let probe: SettingProbe = toml::from_str(text).expect("a probe");
        assert_eq!(probe.run(&host, &Values::default()).expect("runs").verdict, Verdict::Met);
    }

    #[test]
    fn a_hard_limit_is_wanted() {
        let run = |text: &str| {
            let (_dir, host) = world(&[("/etc/security/limits.d/a.conf", text)]);
            let want = Want::Is(Scalar::Int(0));
            LimitProbe { item: "core".into(), want }.run(&host, &Values::default()).expect("runs").verdict
        };
        assert_eq!(run("* soft core 0\n"), Verdict::Missed);
        assert_eq!(run("* - core 0\n"), Verdict::Met);
        assert_eq!(run("* hard core 0\n* hard core unlimited\n"), Verdict::Missed);
    }
}
