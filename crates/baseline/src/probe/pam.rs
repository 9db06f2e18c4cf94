//! Stacks of PAM, with what they include.

use serde::{Deserialize, Serialize};

use super::{Outcome, Probed};
use crate::format::keyed::{self, Style};
use crate::format::pam::{self, Entry};
use crate::host::Host;
use crate::parameter::{Scalar, Values};
use crate::report::{Evidence, Reason};
use crate::want::Want;

/// Files that include each other.
const MAX_DEPTH: usize = 16;
/// Modules of one stack.
const MAX_MODULES: usize = 10_000;

/// A module of a stack, and an argument of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PamProbe {
    /// Names of stacks; each that is there has to be right.
    pub stacks: Vec<String>,
    /// `auth`, `account`, `password` or `session`.
    pub kind: String,
    /// The module, one of these.
    pub module: Vec<String>,
    /// Controls that count; any where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub control: Vec<String>,
    /// An argument.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arg: Option<String>,
    /// What the argument should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub want: Option<Want>,
    /// Files that say the same; an argument wins over them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conf: Vec<String>,
    /// What holds where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Scalar>,
    /// Whether a stack without the module is right.
    #[serde(default)]
    pub optional: bool,
}

struct Found {
    control: String,
    args: Vec<String>,
    path: String,
    line: u32,
}

impl PamProbe {
    pub(super) fn run(&self, host: &Host, values: &Values) -> Probed {
        let (mut seen, mut wrong, mut right) = (false, Vec::new(), Vec::new());
        let mut evidence = Vec::new();
        for stack in &self.stacks {
            if file(host, stack)?.is_none() {
                continue;
            }
            seen = true;
            let mut found = Vec::new();
            self.collect(host, stack, 0, &mut found)?;
            found.retain(|f| self.control.is_empty() || self.control.contains(&f.control));
            if found.is_empty() {
                let said = format!("{} is not in {stack}", self.module.join(" or "));
                if self.optional {
                    right.push(said)
                } else {
                    wrong.push(said)
                }
                continue;
            }
            for f in found {
                let at = Evidence { path: f.path.clone(), line: Some(f.line) };
                let Some((arg, want)) = self.arg.as_ref().zip(self.want.as_ref()) else {
                    right.push(format!("{} is in {stack}", self.module.join(" or ")));
                    evidence.push(at);
                    continue;
                };
                let (value, place) = self.value(host, arg, &f)?;
                let said = match &value {
                    Some(v) if v.is_empty() => format!("{stack}: {arg}"),
                    Some(v) => format!("{stack}: {arg} {v}"),
                    None => format!("{stack}: {arg} is not set"),
                };
                if want.met(value.as_deref(), values) {
                    right.push(said)
                } else {
                    wrong.push(said)
                }
                evidence.push(place.unwrap_or(at));
            }
        }
        if !seen {
            return Ok(Outcome::moot("there is no such stack"));
        }
        let expected = match (&self.arg, &self.want) {
            (Some(arg), Some(want)) => format!("{} {arg}: {}", self.module.join(" or "), want.words(values)),
            _ => format!("{} in {}", self.module.join(" or "), self.stacks.join(", ")),
        };
        let mut said = if wrong.is_empty() { right } else { wrong.clone() };
        said.dedup();
        let mut out = Outcome::of(wrong.is_empty(), said.join("; ")).expecting(expected);
        out.evidence = evidence;
        Ok(out)
    }

    /// The value of an argument, and the place of its file where it is not in the stack.
    fn value(&self, host: &Host, arg: &str, f: &Found) -> Result<(Option<String>, Option<Evidence>), Reason> {
        if let Some(value) = pam::argument(&f.args, arg) {
            return Ok((Some(value.to_owned()), None));
        }
        let mut found = (self.default.as_ref().map(ToString::to_string), None);
        for (path, text) in host.texts(&self.conf)? {
            for pair in keyed::parse(&text, Style::Equals) {
                if pair.key.eq_ignore_ascii_case(arg) {
                    found = (Some(pair.value), Some(Evidence { path: path.clone(), line: Some(pair.line) }));
                }
            }
        }
        Ok(found)
    }

    fn collect(&self, host: &Host, stack: &str, depth: usize, into: &mut Vec<Found>) -> Result<(), Reason> {
        if depth > MAX_DEPTH || into.len() > MAX_MODULES {
            return Err(Reason::Malformed);
        }
        let Some((path, text)) = file(host, stack)? else { return Ok(()) };
        for entry in pam::parse(&text) {
            match entry {
                Entry::Include { kind, file } if kind.is_empty() || kind == self.kind => {
                    self.collect(host, &file, depth + 1, into)?;
                }
                Entry::Module { kind, control, module, args, line }
                    if kind == self.kind && self.module.contains(&module) =>
                {
                    into.push(Found { control, args, path: path.clone(), line });
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// A stack's file: the administrator's, else the distribution's.
fn file(host: &Host, stack: &str) -> Result<Option<(String, std::rc::Rc<str>)>, Reason> {
    for base in ["/etc/pam.d", "/usr/lib/pam.d"] {
        let path = if stack.starts_with('/') { stack.to_owned() } else { format!("{base}/{stack}") };
        if let Some(text) = host.text(&path)? {
            return Ok(Some((path, text)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::tests::world;
    use crate::probe::Verdict;

    fn run(files: &[(&str, &str)], text: &str) -> Verdict {
        let (_dir, host) = world(files);
        toml::from_str::<PamProbe>(text)
            .expect("a probe")
            .run(&host, &Values::default())
            .expect("runs")
            .verdict
    }

    #[test]
    fn includes_are_followed_and_a_file_says_what_the_stack_does_not() {
        let probe = "stacks = [\"login\"]\nkind = \"auth\"\nmodule = [\"pam_faillock.so\"]\narg = \"deny\"\n\
                     want = { between = [1, 5] }\nconf = [\"/etc/security/faillock.conf\"]\ndefault = 3";
        let login = ("/etc/pam.d/login", "@include common-auth\n");
        let with = |args: &str| format!("auth required pam_faillock.so preauth {args}\n");
        let text = with("");
        assert_eq!(run(&[login, ("/etc/pam.d/common-auth", &text)], probe), Verdict::Met);
        let conf = ("/etc/security/faillock.conf", "deny = 9\n");
        assert_eq!(run(&[login, ("/etc/pam.d/common-auth", &text), conf], probe), Verdict::Missed);
        let text = with("deny=4");
        assert_eq!(run(&[login, ("/etc/pam.d/common-auth", &text), conf], probe), Verdict::Met);
        assert_eq!(run(&[login, ("/etc/pam.d/common-auth", "")], probe), Verdict::Missed);
        assert_eq!(run(&[], probe), Verdict::Moot);
    }

    #[test]
    fn an_argument_may_be_unwanted() {
        let probe = "stacks = [\"a\"]\nkind = \"auth\"\nmodule = [\"pam_unix.so\"]\narg = \"nullok\"\nwant = \"unset\"";
        assert_eq!(run(&[("/etc/pam.d/a", "auth required pam_unix.so nullok\n")], probe), Verdict::Missed);
        assert_eq!(run(&[("/etc/pam.d/a", "auth required pam_unix.so\n")], probe), Verdict::Met);
    }

    #[test]
    fn stacks_in_a_circle_end() {
        let (_dir, host) = world(&[("/etc/pam.d/a", "@include a\n")]);
        let text = "stacks = [\"a\"]\nkind = \"auth\"\nmodule = [\"x\"]";
        let probe: PamProbe = toml::from_str(text).expect("a probe");
        assert!(matches!(probe.run(&host, &Values::default()), Err(Reason::Malformed)));
    }
}
