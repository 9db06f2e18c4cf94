//! Rules of the kernel's audit, as they are loaded at the next start.

use serde::{Deserialize, Serialize};

use super::{Outcome, Probed, some};
use crate::format::audit::{self, Rules};
use crate::host::Host;
use crate::parameter::Values;
use crate::want::Want;

/// What is written down.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditProbe {
    /// Paths whose changes are written down.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub watch: Vec<String>,
    /// Kinds of access to them: letters of `rwxa`.
    #[serde(default = "changes")]
    pub perms: String,
    /// System calls that are written down, of both sizes of word.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<String>,
    /// Conditions that their rules have: `auid>=1000`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// An option like `-e`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub option: Option<String>,
    /// What the option should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub want: Option<Want>,
}

fn changes() -> String {
    "wa".into()
}

impl AuditProbe {
    pub(super) fn run(&self, host: &Host, values: &Values) -> Probed {
        let mut files = host.texts(&["/etc/audit/rules.d/*.rules".to_owned()])?;
        if files.is_empty() {
            files = host.texts(&["/etc/audit/audit.rules".to_owned()])?;
        }
        let files: Vec<(String, Rules)> = files.into_iter().map(|(p, t)| (p, audit::parse(&t))).collect();
        if let Some((option, want)) = self.option.as_ref().zip(self.want.as_ref()) {
            let mut all = files.iter().flat_map(|(p, r)| r.options.iter().map(move |o| (p, o)));
            let last = all.rfind(|(_, (name, ..))| name == option);
            let value = last.map(|(_, (_, v, _))| v.as_str());
            let said = value.map_or_else(|| format!("{option} is not set"), |v| format!("{option} {v}"));
            let mut out = Outcome::of(want.met(value, values), said);
            if let Some((path, (_, _, line))) = last {
                out = out.at(path, Some(*line));
            }
            return Ok(out.expecting(format!("{option} {}", want.words(values))));
        }
        let mut missing = Vec::new();
        let mut places = Vec::new();
        for path in &self.watch {
            let found = files.iter().find_map(|(file, rules)| {
                let rule = rules.rules.iter().find(|r| {
                    r.always
                        && r.calls.is_empty()
                        && covers(&r.path, path)
                        && self.perms.chars().all(|p| r.perms.contains(p))
                });
                rule.map(|r| (file, r.line))
            });
            match found {
                Some(place) => places.push(place),
                None => missing.push(path.clone()),
            }
        }
        for call in &self.calls {
            for arch in ["b32", "b64"] {
                let found = files.iter().find_map(|(file, rules)| {
                    let rule = rules.rules.iter().find(|r| {
                        r.always
                            && (r.arch.is_empty() || r.arch == arch)
                            && r.calls.iter().any(|c| c == call || c == "all")
                            && self.fields.iter().all(|f| r.fields.iter().any(|own| own == f))
                    });
                    rule.map(|r| (file, r.line))
                });
                match found {
                    Some(place) => places.push(place),
                    None => missing.push(format!("{call} ({arch})")),
                }
            }
        }
        let said = if missing.is_empty() {
            "written down".into()
        } else {
            format!("no rule for {}", some(&missing))
        };
        let mut out = Outcome::of(missing.is_empty(), said);
        places.dedup();
        for (path, line) in places {
            out = out.at(path, Some(line));
        }
        let expected =
            format!("rules for {}", [self.watch.join(", "), self.calls.join(", ")].join(" ").trim());
        Ok(out.expecting(expected))
    }
}

/// Whether a watch on `watched` sees `path`.
fn covers(watched: &str, path: &str) -> bool {
    let watched = watched.trim_end_matches('/');
    let path = path.trim_end_matches('/');
    path.strip_prefix(watched)
        .is_some_and(|rest| !watched.is_empty() && (rest.is_empty() || rest.starts_with('/')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::tests::world;
    use crate::probe::Verdict;

    fn run(rules: &str, probe: &str) -> Outcome {
        let (_dir, host) = world(&[("/etc/audit/rules.d/a.rules", rules)]);
        toml::from_str::<AuditProbe>(probe).expect("a probe").run(&host, &Values::default()).expect("runs")
    }

    #[test]
    fn both_sizes_of_word_are_wanted() {
        let probe = "calls = [\"chmod\"]\nfields = [\"auid>=1000\"]";
        let b64 = "-a always,exit -F arch=b64 -S chmod -F auid>=1000\n";
        assert_eq!(run(b64, probe).observed, "no rule for chmod (b32)");
        let b32 = "-a always,exit -F arch=b32 -S fchmod,chmod -F auid>=1000\n";
        assert_eq!(run(&format!("{b64}{b32}"), probe).verdict, Verdict::Met);
        assert_eq!(run("-a always,exit -S chmod\n", probe).verdict, Verdict::Missed);
    }

    #[test]
    fn a_watch_on_a_folder_covers_what_is_in_it() {
        let probe = "watch = [\"/etc/sudoers.d\", \"/etc/sudoers\"]";
        assert_eq!(run("-w /etc/sudoers -p wa\n-w /etc/sudoers.d/ -p rwa\n", probe).verdict, Verdict::Met);
        assert_eq!(run("-w /etc/sudoers -p wa\n", probe).verdict, Verdict::Missed);
        assert_eq!(run("-w /etc -p r\n", probe).verdict, Verdict::Missed);
        assert_eq!(run("-e 1\n-e 2\n", "option = \"-e\"\nwant = { is = 2 }").verdict, Verdict::Met);
    }
}
