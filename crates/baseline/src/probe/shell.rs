//! What start-up files of shells set for everybody: the mask of new files, and variables.

use serde::{Deserialize, Serialize};

use super::{Missing, Outcome, Probed};
use crate::format::shell::{self, Act};
use crate::host::Host;
use crate::parameter::Values;
use crate::want::Want;

/// A mask or a variable.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShellProbe {
    /// The files, in the order in which they are read.
    pub files: Vec<String>,
    /// The variable; without one the mask is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
    /// What every setting of it should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub want: Option<Want>,
    /// Whether the variable also has to be made unchangeable.
    #[serde(default)]
    pub read_only: bool,
    /// What it says that no file sets it.
    #[serde(default = "missed")]
    pub missing: Missing,
}

fn missed() -> Missing {
    Missing::Missed
}

impl ShellProbe {
    pub(super) fn run(&self, host: &Host, values: &Values) -> Probed {
        let name = self.variable.as_deref().unwrap_or("umask");
        let (mut set, mut wrong, mut fixed) = (Vec::new(), None, false);
        for (path, text) in host.texts(&self.files)? {
            for (act, line) in shell::parse(&text) {
                let value = match (&self.variable, act) {
                    (None, Act::Umask(mask)) => mask,
                    (Some(v), Act::Set(n, value)) if n == *v => value,
                    (Some(v), Act::ReadOnly(n)) if n == *v => {
                        fixed = true;
                        continue;
                    }
                    _ => continue,
                };
                let met = self.want.as_ref().is_none_or(|w| w.met(Some(&value), values));
                if !met && wrong.is_none() {
                    wrong = Some((value.clone(), path.clone(), line));
                }
                set.push((value, path.clone(), line));
            }
        }
        let expected = self.want.as_ref().map_or_else(String::new, |w| format!("{name} {}", w.words(values)));
        let out = match (wrong, set.first()) {
            (Some((value, path, line)), _) => {
                Outcome::of(false, format!("{name} {value}")).at(path, Some(line))
            }
            (None, None) => self.missing.outcome(format!("{name} is not set")),
            (None, Some((value, path, line))) => {
                let met = !self.read_only || fixed;
                let said = if met {
                    format!("{name} {value}")
                } else {
                    format!("{name} {value}, and anybody may change it")
                };
                Outcome::of(met, said).at(path, Some(*line))
            }
        };
        Ok(out.expecting(expected))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::tests::world;
    use crate::probe::Verdict;

    #[test]
    fn every_setting_has_to_be_right() {
        let run = |text: &str, probe: &str| {
            let (_dir, host) = world(&[("/etc/profile", text)]);
            let probe = format!("files = [\"/etc/profile\", \"/etc/profile.d/*.sh\"]\n{probe}");
            toml::from_str::<ShellProbe>(&probe)
                .expect("a probe")
                .run(&host, &Values::default())
                .expect("runs")
                .verdict
        };
        let mask = "want = { mask_has = \"027\" }";
        assert_eq!(run("umask 027\n", mask), Verdict::Met);
        assert_eq!(run("umask 077\numask 022\n", mask), Verdict::Missed);
        assert_eq!(run("", mask), Verdict::Missed);
        let timeout = "variable = \"TMOUT\"\nwant = { between = [1, 900] }\nread_only = true";
        assert_eq!(run("TMOUT=600\nreadonly TMOUT\n", timeout), Verdict::Met);
        assert_eq!(run("TMOUT=600\n", timeout), Verdict::Missed);
        assert_eq!(run("readonly TMOUT=0\n", timeout), Verdict::Missed);
    }
}
