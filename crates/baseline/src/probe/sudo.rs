//! What sudo asks for.

use serde::{Deserialize, Serialize};

use super::{Outcome, Probed};
use crate::format::sudoers::{self, Entry};
use crate::host::Host;
use crate::parameter::Values;
use crate::report::{Evidence, Reason};
use crate::want::Want;

/// Files that include each other.
const MAX_DEPTH: usize = 16;
/// Entries of all files together.
const MAX_ENTRIES: usize = 100_000;

/// An option of `Defaults`, or a tag of grants.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SudoProbe {
    /// An option that is set for everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub option: Option<String>,
    /// What its value should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub want: Option<Want>,
    /// An option that nobody may have switched off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub never_off: Option<String>,
    /// A tag that no grant has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_tag: Option<String>,
}

impl SudoProbe {
    pub(super) fn run(&self, host: &Host, values: &Values) -> Probed {
        if host.text("/etc/sudoers")?.is_none() {
            return Ok(Outcome::moot("there is no sudoers"));
        }
        let mut all = Vec::new();
        collect(host, "/etc/sudoers", 0, &mut all)?;
        let mut wrong: Vec<(String, Evidence)> = Vec::new();
        let mut set: Option<(bool, String, Evidence)> = None;
        for (path, entry) in &all {
            let at = |line: u32| Evidence { path: path.clone(), line: Some(line) };
            match entry {
                Entry::Default { name, value, on, everybody, line } => {
                    if self.never_off.as_deref() == Some(name.as_str()) && !on {
                        wrong.push((format!("!{name}"), at(*line)));
                    }
                    if self.option.as_deref() == Some(name.as_str()) && *everybody {
                        set = Some((*on, value.clone(), at(*line)));
                    }
                }
                Entry::Grant { who, what, line } => {
                    let tag = self.no_tag.as_ref().map(|t| format!("{t}:"));
                    // A tag stands at the beginning of a word, or right behind the user to act as.
                    let tag = tag.is_some_and(|t| rests(what).any(|r| r.starts_with(&t)));
                    if tag {
                        wrong.push((
                            format!("{who} has {}", self.no_tag.as_deref().unwrap_or_default()),
                            at(*line),
                        ));
                    }
                }
                Entry::Include { .. } => {}
            }
        }
        if let Some(option) = &self.option {
            let expected = match &self.want {
                Some(want) => format!("Defaults {option}={}", want.words(values)),
                None => format!("Defaults {option}"),
            };
            let out = match set {
                Some((on, value, at)) => {
                    let met = on && self.want.as_ref().is_none_or(|w| w.met(Some(&value), values));
                    let said = if on { format!("{option} {value}") } else { format!("!{option}") };
                    Outcome::of(met, said.trim().to_owned()).at(at.path, at.line)
                }
                None => Outcome::of(false, format!("{option} is not set")).at("/etc/sudoers", None),
            };
            return Ok(out.expecting(expected));
        }
        let said: Vec<String> = wrong.iter().map(|(s, _)| s.clone()).collect();
        let said = if said.is_empty() { "nobody".into() } else { super::some(&said) };
        Ok(wrong.iter().fold(Outcome::of(wrong.is_empty(), said), |o, (_, e)| o.at(&*e.path, e.line)))
    }
}

/// What is left of a text at the beginning of each of its words.
fn rests(text: &str) -> impl Iterator<Item = &str> {
    let starts = text.char_indices().filter(|(_, c)| matches!(c, ' ' | '\t' | ',' | ')' | '=' | ':'));
    std::iter::once(text).chain(starts.map(|(i, _)| &text[i + 1..]))
}

fn collect(host: &Host, path: &str, depth: usize, into: &mut Vec<(String, Entry)>) -> Result<(), Reason> {
    if depth > MAX_DEPTH || into.len() > MAX_ENTRIES {
        return Err(Reason::Malformed);
    }
    let Some(text) = host.text(path)? else { return Ok(()) };
    for entry in sudoers::parse(&text) {
        let Entry::Include { path: to, folder } = &entry else {
            into.push((path.to_owned(), entry));
            continue;
        };
        let to = if to.starts_with('/') { to.clone() } else { format!("/etc/{to}") };
        if !folder {
            collect(host, &to, depth + 1, into)?;
            continue;
        }
        // sudo passes over names with a dot and backups.
        for (name, _) in host.folder(&to)? {
            if !name.contains('.') && !name.ends_with('~') {
                collect(host, &format!("{to}/{name}"), depth + 1, into)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::tests::world;
    use crate::probe::Verdict;

    #[test]
    fn the_last_default_holds_and_a_tag_is_found() {
        let run = |main: &str, probe: &str| {
            let files = [
                ("/etc/sudoers", main),
                ("/etc/sudoers.d/own", "Defaults use_pty\n"),
                ("/etc/sudoers.d/a.bak", "x ALL=(ALL) NOPASSWD: ALL\n"),
            ];
            let (_dir, host) = world(&files);
            toml::from_str::<SudoProbe>(probe)
                .expect("a probe")
                .run(&host, &Values::default())
                .expect("runs")
                .verdict
        };
        let pty = "option = \"use_pty\"";
        assert_eq!(run("Defaults env_reset\n", pty), Verdict::Missed);
        assert_eq!(run("Defaults !use_pty\n@includedir /etc/sudoers.d\n", pty), Verdict::Met);
        assert_eq!(run("@includedir /etc/sudoers.d\nDefaults !use_pty\n", pty), Verdict::Missed);
        let tag = "no_tag = \"NOPASSWD\"";
        assert_eq!(run("@includedir /etc/sudoers.d\n%a ALL=(ALL) ALL\n", tag), Verdict::Met);
        assert_eq!(run("%a ALL=(ALL)NOPASSWD:ALL\n", tag), Verdict::Missed);
        assert_eq!(run("b ALL = NOPASSWD: /bin/ls\n", tag), Verdict::Missed);
        assert_eq!(run("Defaults:b !authenticate\n", "never_off = \"authenticate\""), Verdict::Missed);
    }
}
