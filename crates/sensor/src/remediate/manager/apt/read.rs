//! What apt prints, read.

use palisade_advisory::Scheme;

use crate::remediate::answer::{Change, Fault};
use crate::remediate::manager::{Candidate, Plan};
use crate::remediate::names;

/// Most packages of one transaction.
const MAX_CHANGES: usize = 2000;

/// One record of `apt-cache show`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The binary package.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its architecture.
    pub arch: String,
    /// The version of its source.
    pub source_version: String,
    /// Bytes of the download.
    pub size: u64,
    /// Bytes when it is installed.
    pub installed_size: u64,
}

impl Record {
    /// As what would be installed.
    pub fn candidate(self) -> Candidate {
        Candidate { name: self.name, arch: self.arch, version: self.version, judged: self.source_version }
    }
}

/// The records that `apt-cache show` prints.
pub fn records(text: &str) -> Vec<Record> {
    let mut all = Vec::new();
    for paragraph in text.split("\n\n").take(MAX_CHANGES) {
        let mut r = Record::default();
        for line in paragraph.lines() {
            let Some((key, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            match key {
                "Package" => value.clone_into(&mut r.name),
                "Version" => value.clone_into(&mut r.version),
                "Architecture" => value.clone_into(&mut r.arch),
                "Source" => {
                    let version = value.split_once('(').map(|(_, v)| v.trim_end_matches(')').trim());
                    r.source_version = version.unwrap_or_default().to_owned();
                }
                "Size" => r.size = value.parse().unwrap_or(0),
                "Installed-Size" => r.installed_size = value.parse::<u64>().unwrap_or(0).saturating_mul(1024),
                _ => {}
            }
        }
        if r.source_version.is_empty() {
            r.source_version.clone_from(&r.version);
        }
        if names::is_name(Scheme::Deb, &r.name) && !r.version.is_empty() {
            all.push(r);
        }
    }
    all
}

/// What `apt-get --simulate` would do: lines `Inst`, `Remv`, `Purg` and `Conf`.
///
/// # Errors
/// `remediation_failed` for a line that is none of these forms: what is not understood is not done.
pub fn plan(text: &str) -> Result<Plan, Fault> {
    let mut plan = Plan::default();
    for line in text.lines() {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb {
            "Inst" => {
                let change = change(rest).ok_or_else(|| odd(line))?;
                let older = !change.from.is_empty()
                    && Scheme::Deb.compare(&change.to, &change.from).is_ok_and(std::cmp::Ordering::is_lt);
                if older {
                    plan.older.push(change.name.clone());
                }
                plan.changes.push(change);
            }
            "Remv" | "Purg" => {
                let name = rest.split_whitespace().next().ok_or_else(|| odd(line))?;
                plan.removed.push(name.to_owned());
            }
            // One that is only configured was left half done before.
            "Conf" => {
                let mut change = change(rest).ok_or_else(|| odd(line))?;
                let known = |c: &Change| c.name == change.name && c.arch == change.arch;
                if !plan.changes.iter().any(known) {
                    change.from.clone_from(&change.to);
                    plan.changes.push(change);
                }
            }
            _ => {}
        }
        if plan.changes.len() > MAX_CHANGES {
            return Err(Fault::failed(format!("apt would change more than {MAX_CHANGES} packages")));
        }
    }
    Ok(plan)
}

fn odd(line: &str) -> Fault {
    Fault::failed(format!("apt said what is not understood: {}", names::shown(line)))
}

/// `NAME[:ARCH] [OLD] (NEW RELEASES… [ARCH]) …`, where OLD is missing for a new package.
fn change(rest: &str) -> Option<Change> {
    let (name, rest) = rest.split_once(' ')?;
    let (from, rest) = match rest.strip_prefix('[') {
        Some(old) => {
            let (old, rest) = old.split_once(']')?;
            (old, rest.trim_start())
        }
        None => ("", rest),
    };
    let (inside, _) = rest.strip_prefix('(')?.split_once("])")?;
    let (to, inside) = inside.split_once(' ')?;
    let (_, arch) = inside.rsplit_once('[')?;
    let name = name.split(':').next()?;
    let sound = names::is_name(Scheme::Deb, name) && names::is_arch(arch) && !to.is_empty();
    sound.then(|| Change { name: name.into(), arch: arch.into(), from: from.into(), to: to.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    // As apt 2.6.1 of Debian 12 printed them.
    const UPGRADE: &str = "Reading package lists...
Building dependency tree...
Reading state information...
The following additional packages will be installed:
  libssl-dev libssl3
Suggested packages:
  libssl-doc
The following packages will be upgraded:
  libssl-dev libssl3 openssl
3 upgraded, 0 newly installed, 0 to remove and 128 not upgraded.
Inst libssl-dev [3.0.19-1~deb12u2] (3.0.22-1~deb12u2 Debian-Security:12/oldstable-security [amd64]) []
Inst libssl3 [3.0.19-1~deb12u2] (3.0.22-1~deb12u2 Debian-Security:12/oldstable-security [amd64])
Inst openssl [3.0.19-1~deb12u2] (3.0.22-1~deb12u2 Debian-Security:12/oldstable-security [amd64])
Conf libssl-dev (3.0.22-1~deb12u2 Debian-Security:12/oldstable-security [amd64])
Conf libssl3 (3.0.22-1~deb12u2 Debian-Security:12/oldstable-security [amd64])
Conf openssl (3.0.22-1~deb12u2 Debian-Security:12/oldstable-security [amd64])
";
    const REMOVES: &str = "The following packages will be REMOVED:
  bar
1 upgraded, 1 newly installed, 1 to remove and 1 not upgraded.
Remv bar [1]
Inst newdep (1 localhost [all])
Inst foo-bin [1.0-1] (1.2-1 localhost [amd64])
Conf newdep (1 localhost [all])
Conf foo-bin (1.2-1 localhost [amd64])
";

    #[test]
    fn an_upgrade_is_read_with_what_comes_along() {
        let plan = plan(UPGRADE).expect("read");
        assert_eq!((plan.changes.len(), plan.removed.len(), plan.older.len()), (3, 0, 0));
        let expected = Change {
            name: "libssl-dev".into(),
            arch: "amd64".into(),
            from: "3.0.19-1~deb12u2".into(),
            to: "3.0.22-1~deb12u2".into(),
        };
        assert_eq!(plan.changes[0], expected);
    }

    #[test]
    fn what_would_go_become_older_or_be_finished_is_seen() {
        let removes = plan(REMOVES).expect("read");
        assert_eq!(removes.removed, ["bar"]);
        assert_eq!((removes.changes[0].name.as_str(), removes.changes[0].from.as_str()), ("newdep", ""));
        let back =
            plan("Inst libc6:i386 [2.36-9] (2.35-1 Debian:12.9/stable, local-deb [i386])\n").expect("read");
        assert_eq!(
            (back.older.as_slice(), back.changes[0].name.as_str()),
            (&["libc6".to_owned()][..], "libc6")
        );
        let half = plan("Conf foo (1.1-1 localhost [amd64])\n").expect("read");
        assert_eq!((half.changes[0].from.as_str(), half.changes[0].to.as_str()), ("1.1-1", "1.1-1"));
        assert_eq!(plan("0 upgraded, 0 newly installed\n"), Ok(Plan::default()));
    }

    #[test]
    fn a_line_that_is_not_understood_stops_everything() {
        for odd in [
            "Inst",
            "Inst foo",
            "Inst foo [1",
            "Inst -o [1] (2 x [amd64])",
            "Inst foo [1] (2)",
            "Conf foo broken",
        ] {
            assert_eq!(plan(odd).map_err(|f| f.code), Err("remediation_failed"), "{odd}");
        }
    }

    #[test]
    fn records_tell_the_sources_version_and_sizes() {
        let text = "Package: libexpat1\nSource: expat (2.5.0-1)\nVersion: 2.5.0-1+b1\nArchitecture: amd64\nInstalled-Size: 376\nSize: 98000\nDescription: x\n Version: 9\n\nPackage: zlib1g\nVersion: 1:1.2.13\nArchitecture: amd64\n\nN: nothing\n";
        let all = records(text);
        assert_eq!(all.len(), 2);
        assert_eq!(
            (all[0].source_version.as_str(), all[0].size, all[0].installed_size),
            ("2.5.0-1", 98_000, 376 << 10)
        );
        assert_eq!(all[1].source_version, "1:1.2.13");
    }
}
