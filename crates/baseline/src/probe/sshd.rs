//! What sshd does: its configuration with everything that it includes, the first value of a keyword, what
//! `Match` blocks change, and what holds where nothing is said.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::{Outcome, Probed};
use crate::format::sshd::{self, Directive};
use crate::host::Host;
use crate::parameter::Values;
use crate::report::Reason;
use crate::want::{Want, like};

const FILE: &str = "/etc/ssh/sshd_config";
/// Files that include each other.
const MAX_DEPTH: usize = 16;
/// Directives of all files together.
const MAX_DIRECTIVES: usize = 100_000;

/// A keyword of sshd.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SshdProbe {
    /// The keyword.
    pub key: String,
    /// What it should be, in every block.
    pub want: Want,
}

/// A directive with its file, and whether it holds only for some.
struct Said {
    path: Rc<str>,
    directive: Directive,
    for_some: bool,
}

impl SshdProbe {
    pub(super) fn run(&self, host: &Host, values: &Values) -> Probed {
        if host.text(FILE)?.is_none() {
            return Ok(Outcome::moot("there is no sshd_config"));
        }
        let mut all = Vec::new();
        let mut for_some = false;
        collect(host, FILE, 0, &mut for_some, &mut all)?;
        let key = self.key.to_ascii_lowercase();
        // The old name of the same.
        let same = |k: &str| {
            k == key || key == "kbdinteractiveauthentication" && k == "challengeresponseauthentication"
        };
        let version = version(host);
        let expected = format!("{} {}", self.key, self.want.words(values));
        let mut own = all.iter().filter(|s| same(&s.directive.keyword));
        // Some keywords add up instead.
        let adds_up = matches!(key.as_str(), "allowusers" | "allowgroups" | "denyusers" | "denygroups");
        let mut out = match own.clone().find(|s| !s.for_some) {
            Some(first) => {
                let value = if adds_up {
                    own.clone()
                        .filter(|s| !s.for_some)
                        .flat_map(|s| s.directive.args.clone())
                        .collect::<Vec<_>>()
                        .join(" ")
                } else {
                    effective(&key, &first.directive.args.join(" "), version)
                };
                let met = self.want.met(Some(&value), values);
                Outcome::of(met, format!("{} {value}", self.key)).at(&*first.path, Some(first.directive.line))
            }
            None => {
                let default = sshd::default(&key, version).or_else(|| algorithms(&key));
                let value = default.map(|d| effective(&key, d, version));
                let said = match default {
                    Some(d) => format!("{} is not set, which means {d}", self.key),
                    None => format!("{} is not set", self.key),
                };
                Outcome::of(self.want.met(value.as_deref(), values), said).at(FILE, None)
            }
        };
        let worse = own.find(|s| {
            s.for_some && !self.want.met(Some(&effective(&key, &s.directive.args.join(" "), version)), values)
        });
        if let Some(s) = worse {
            let value = s.directive.args.join(" ");
            out = Outcome::of(false, format!("{} {value} within a Match block", self.key))
                .at(&*s.path, Some(s.directive.line));
        }
        Ok(out.expecting(expected))
    }
}

/// A value as it can be compared: times in seconds, lists of algorithms whole.
fn effective(key: &str, value: &str, _version: (u32, u32)) -> String {
    if matches!(key, "logingracetime" | "clientaliveinterval") {
        return sshd::seconds(value).map_or_else(|| value.to_owned(), |s| s.to_string());
    }
    let Some(default) = algorithms(key) else { return value.to_owned() };
    let base = default.split(',');
    match value.split_at_checked(1) {
        Some(("+", more)) => base.chain(more.split(',')).collect::<Vec<_>>().join(","),
        Some(("^", more)) => more.split(',').chain(base).collect::<Vec<_>>().join(","),
        Some(("-", less)) => {
            let gone: Vec<&str> = less.split(',').collect();
            base.filter(|a| !gone.iter().any(|g| like(g, a))).collect::<Vec<_>>().join(",")
        }
        _ => value.to_owned(),
    }
}

/// The algorithms that OpenSSH 8.2 to 9.9 offers where nothing is said.
fn algorithms(key: &str) -> Option<&'static str> {
    Some(match key {
        "ciphers" => {
            "chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,aes256-gcm@openssh.com"
        }
        "macs" => {
            "umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,\
             hmac-sha2-512-etm@openssh.com,hmac-sha1-etm@openssh.com,umac-64@openssh.com,umac-128@openssh.com,\
             hmac-sha2-256,hmac-sha2-512,hmac-sha1"
        }
        "kexalgorithms" => {
            "sntrup761x25519-sha512@openssh.com,curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,\
             ecdh-sha2-nistp384,ecdh-sha2-nistp521,diffie-hellman-group-exchange-sha256,\
             diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,diffie-hellman-group14-sha256"
        }
        _ => return None,
    })
}

/// Every directive in the order in which sshd sees it.
fn collect(
    host: &Host,
    path: &str,
    depth: usize,
    for_some: &mut bool,
    into: &mut Vec<Said>,
) -> Result<(), Reason> {
    if depth > MAX_DEPTH || into.len() > MAX_DIRECTIVES {
        return Err(Reason::Malformed);
    }
    let Some(text) = host.text(path)? else { return Ok(()) };
    let name: Rc<str> = path.into();
    // A block of an included file ends with that file; one that includes goes on.
    let within = *for_some;
    for directive in sshd::parse(&text) {
        match directive.keyword.as_str() {
            "match" => {
                *for_some = within || !directive.args.first().is_some_and(|a| a.eq_ignore_ascii_case("all"))
            }
            "include" => {
                for pattern in &directive.args {
                    let whole = if pattern.starts_with('/') {
                        pattern.clone()
                    } else {
                        format!("/etc/ssh/{pattern}")
                    };
                    for file in host.glob(&whole)? {
                        let mut inside = *for_some;
                        collect(host, &file, depth + 1, &mut inside, into)?;
                    }
                }
            }
            _ => into.push(Said { path: Rc::clone(&name), directive, for_some: *for_some }),
        }
    }
    Ok(())
}

/// The version of the installed server; 0.0 where it is not known.
fn version(host: &Host) -> (u32, u32) {
    let packages = host.packages().ok();
    let text = packages.and_then(|p| p.get("openssh-server")).map_or("", String::as_str);
    let text = text.split_once(':').map_or(text, |(_, v)| v);
    let mut numbers = text.split(['.', 'p', '-']).map(|n| n.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::tests::world;
    use crate::probe::Verdict;

    fn run(files: &[(&str, &str)], text: &str) -> Outcome {
        let (_dir, host) = world(files);
        toml::from_str::<SshdProbe>(text).expect("a probe").run(&host, &Values::default()).expect("runs")
    }

    const NO_ROOT: &str = "key = \"PermitRootLogin\"\nwant = { is = \"no\" }";

    #[test]
    fn the_first_value_holds_wherever_it_is() {
        let files = [
            (FILE, "Include /etc/ssh/sshd_config.d/*.conf\nPermitRootLogin yes\n"),
            ("/etc/ssh/sshd_config.d/10.conf", "PermitRootLogin no\n"),
        ];
        let out = run(&files, NO_ROOT);
        assert_eq!(
            (out.verdict, out.evidence[0].path.as_str()),
            (Verdict::Met, "/etc/ssh/sshd_config.d/10.conf")
        );
        assert_eq!(
            run(&[(FILE, "PermitRootLogin yes\nPermitRootLogin no\n")], NO_ROOT).verdict,
            Verdict::Missed
        );
        assert_eq!(run(&[(FILE, "")], NO_ROOT).verdict, Verdict::Missed);
        assert_eq!(run(&[], NO_ROOT).verdict, Verdict::Moot);
    }

    #[test]
    fn a_block_that_is_worse_counts() {
        let text = "PermitRootLogin no\nMatch Address 10.0.0.0/8\n  PermitRootLogin yes\n";
        assert_eq!(run(&[(FILE, text)], NO_ROOT).verdict, Verdict::Missed);
        let text = "Match all\nPermitRootLogin no\n";
        assert_eq!(run(&[(FILE, text)], NO_ROOT).verdict, Verdict::Met);
        let files = [
            (FILE, "Include a.conf\nPermitRootLogin no\n"),
            ("/etc/ssh/a.conf", "Match User x\nX11Forwarding no\n"),
        ];
        assert_eq!(run(&files, NO_ROOT).verdict, Verdict::Met);
    }

    #[test]
    fn defaults_times_and_lists_are_understood() {
        let key = |k: &str, w: &str| format!("key = \"{k}\"\nwant = {w}");
        let empty = [(FILE, "")];
        assert_eq!(run(&empty, &key("PermitEmptyPasswords", "{ is = \"no\" }")).verdict, Verdict::Met);
        assert_eq!(
            run(&[(FILE, "LoginGraceTime 1m\n")], &key("LoginGraceTime", "{ between = [1, 60] }")).verdict,
            Verdict::Met
        );
        let weak = key("MACs", "{ lacks = [\"hmac-sha1*\"] }");
        assert_eq!(run(&empty, &weak).verdict, Verdict::Missed);
        assert_eq!(run(&[(FILE, "MACs -hmac-sha1*\n")], &weak).verdict, Verdict::Met);
        let cbc = key("Ciphers", "{ lacks = [\"*-cbc\"] }");
        assert_eq!(run(&[(FILE, "Ciphers +aes128-cbc\n")], &cbc).verdict, Verdict::Missed);
    }

    #[test]
    fn files_that_include_each_other_end() {
        let (_dir, host) = world(&[(FILE, "Include sshd_config\n")]);
        let probe: SshdProbe = toml::from_str(NO_ROOT).expect("a probe");
        assert!(matches!(probe.run(&host, &Values::default()), Err(Reason::Malformed)));
    }
}
