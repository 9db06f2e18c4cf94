//! Owner, group and permissions.

use palisade_inventory::{Kind, Stamp};
use serde::{Deserialize, Serialize};

use super::{Missing, Outcome, Probed, some};
use crate::check::Aspect;
use crate::format::accounts::Accounts;
use crate::host::Host;
use crate::parameter::Values;
use crate::report::{Evidence, Reason};
use crate::want::like;

/// Most files that one probe looks at.
const MAX_FILES: usize = 500_000;

/// What kind of file is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// Files and folders.
    #[default]
    Any,
    /// Regular files.
    File,
    /// Folders.
    Folder,
}

/// Owner, group and permissions of files.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilesProbe {
    /// Where they are; `*` stands for anything within a name. With a depth: folders to look into.
    pub paths: Vec<String>,
    /// Folders below the paths that are looked into; 0 means the paths themselves.
    #[serde(default)]
    pub depth: usize,
    /// Only names like these, with a depth.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// No names like these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skip: Vec<String>,
    /// Only these.
    #[serde(default)]
    pub kind: FileKind,
    /// The owner is one of these; a name that the system does not have counts for nobody, `system` for every
    /// number below 1000.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owner: Vec<String>,
    /// The group is one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub group: Vec<String>,
    /// No permission beyond these, in octal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// What it says that there is no such file.
    #[serde(default)]
    pub missing: Missing,
}

struct Judge<'a> {
    probe: &'a FilesProbe,
    owners: Vec<u32>,
    groups: Vec<u32>,
    mode: Option<u32>,
    looked: usize,
    wrong: Vec<String>,
    evidence: Vec<Evidence>,
    bad: [bool; 3],
}

impl FilesProbe {
    pub(super) fn run(&self, host: &Host, values: &Values) -> Probed {
        let accounts = host.accounts()?;
        let mode = self.mode.as_ref().map(|m| u32::from_str_radix(&values.text(m), 8));
        let mut judge = Judge {
            probe: self,
            owners: self.owner.iter().filter_map(|n| accounts.uid(n)).collect(),
            groups: self.group.iter().filter_map(|n| accounts.gid(n)).collect(),
            mode: mode.transpose().map_err(|_| Reason::Malformed)?,
            looked: 0,
            wrong: Vec::new(),
            evidence: Vec::new(),
            bad: [false; 3],
        };
        for pattern in &self.paths {
            for path in host.glob(pattern)? {
                if self.depth > 0 {
                    judge.below(host, &accounts, &path, self.depth)?;
                } else if let Some(place) = host.look(&path)? {
                    judge.look(&accounts, &path, &place.stamp);
                }
            }
        }
        Ok(judge.outcome(values))
    }

    fn takes(&self, kind: Kind) -> bool {
        match self.kind {
            FileKind::Any => matches!(kind, Kind::File | Kind::Folder),
            FileKind::File => kind == Kind::File,
            FileKind::Folder => kind == Kind::Folder,
        }
    }
}

impl Judge<'_> {
    fn below(&mut self, host: &Host, accounts: &Accounts, folder: &str, depth: usize) -> Result<(), Reason> {
        for (name, kind) in host.folder(folder)? {
            // What a link leads to is judged where it lies.
            if kind == Kind::Link {
                continue;
            }
            let path = format!("{}/{name}", folder.trim_end_matches('/'));
            let named = self.probe.names.is_empty() || self.probe.names.iter().any(|n| like(n, &name));
            if named || kind == Kind::Folder || kind == Kind::Unknown {
                let Some(place) = host.look(&path)? else { continue };
                if named {
                    self.look(accounts, &path, &place.stamp);
                }
                if place.stamp.kind() == Kind::Folder && depth > 1 {
                    match self.below(host, accounts, &path, depth - 1) {
                        Ok(()) | Err(Reason::ForeignFileSystem) => {}
                        Err(e) => return Err(e),
                    }
                }
            }
            if self.looked > MAX_FILES {
                return Err(Reason::Budget);
            }
        }
        Ok(())
    }

    fn look(&mut self, accounts: &Accounts, path: &str, stamp: &Stamp) {
        let name = path.rsplit('/').next().unwrap_or(path);
        if !self.probe.takes(stamp.kind()) || self.probe.skip.iter().any(|s| like(s, name)) {
            return;
        }
        self.looked += 1;
        let mut said = Vec::new();
        let allowed = |names: &[String], numbers: &[u32], own: u32| {
            names.is_empty() || numbers.contains(&own) || own < 1000 && names.iter().any(|n| n == "system")
        };
        if !allowed(&self.probe.owner, &self.owners, stamp.uid) {
            self.bad[0] = true;
            let who = accounts.user_of(stamp.uid).map_or_else(|| stamp.uid.to_string(), |u| u.name.clone());
            said.push(format!("owner {who}"));
        }
        if !allowed(&self.probe.group, &self.groups, stamp.gid) {
            self.bad[1] = true;
            let who = accounts.group_of(stamp.gid).map_or_else(|| stamp.gid.to_string(), |g| g.name.clone());
            said.push(format!("group {who}"));
        }
        let mode = stamp.mode & 0o7777;
        if self.mode.is_some_and(|most| mode & !most != 0) {
            self.bad[2] = true;
            said.push(format!("mode {mode:04o}"));
        }
        if !said.is_empty() {
            self.wrong.push(format!("{path}: {}", said.join(", ")));
        }
        if self.evidence.len() < 20 && (!said.is_empty() || self.probe.depth == 0) {
            self.evidence.push(Evidence { path: path.to_owned(), line: None });
        }
    }

    fn outcome(self, values: &Values) -> Outcome {
        let mut expected = Vec::new();
        if !self.probe.owner.is_empty() {
            expected.push(format!("owner {}", self.probe.owner.join(" or ")));
        }
        if !self.probe.group.is_empty() {
            expected.push(format!("group {}", self.probe.group.join(" or ")));
        }
        if let Some(mode) = &self.probe.mode {
            expected.push(format!("mode {} or less", values.text(mode)));
        }
        let mut out = if self.looked == 0 {
            self.probe.missing.outcome("no such file")
        } else if self.wrong.is_empty() {
            Outcome::of(
                true,
                if self.looked == 1 {
                    "as wanted".into()
                } else {
                    format!("{} files as wanted", self.looked)
                },
            )
        } else {
            Outcome::of(false, some(&self.wrong))
        };
        let asked = [!self.probe.owner.is_empty(), !self.probe.group.is_empty(), self.probe.mode.is_some()];
        for (i, aspect) in [Aspect::Owner, Aspect::Group, Aspect::Mode].into_iter().enumerate() {
            if asked[i] {
                // Nothing is wrong with the owner of what is not there.
                out = out.aspect(aspect, !self.bad[i]);
            }
        }
        out.evidence = self.evidence;
        out.expecting(expected.join(", "))
    }
}

/// Whether something is there.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExistsProbe {
    /// One of these.
    pub paths: Vec<String>,
}

impl ExistsProbe {
    pub(super) fn run(&self, host: &Host) -> Probed {
        for pattern in &self.paths {
            for path in host.glob(pattern)? {
                if host.look(&path)?.is_some() {
                    return Ok(Outcome::of(true, format!("{path} is there")).at(path, None));
                }
            }
        }
        Ok(Outcome::of(false, format!("{} is not there", self.paths.join(", "))))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::host::tests::world;
    use crate::probe::Verdict;

    fn probe(text: &str) -> FilesProbe {
        toml::from_str(text).expect("a probe")
    }

    #[test]
    fn each_part_is_decided_apart() {
        let (dir, host) = world(&[
            ("/etc/passwd", "root:x:0:0:::\nme:x:77:0:::\n"),
            ("/etc/group", "root:x:0:\n"),
            ("/etc/a", ""),
            ("/etc/b.d/x", ""),
            ("/etc/b.d/sub/y", ""),
        ]);
        let at = dir.path().join("etc/a");
        std::fs::set_permissions(&at, std::fs::Permissions::from_mode(0o666)).expect("ours");
        let me = nix_uid();
        let out = probe(&format!("paths = [\"/etc/a\"]\nowner = [\"{me}\"]\nmode = \"0644\""))
            .run(&host, &Values::default())
            .expect("runs");
        assert_eq!(out.verdict, Verdict::Missed);
        assert_eq!(out.aspects[&Aspect::Owner], Verdict::Met);
        assert_eq!(out.aspects[&Aspect::Mode], Verdict::Missed);
        assert_eq!(out.observed, "/etc/a: mode 0666");
        let out =
            probe("paths = [\"/etc/none\"]\nmode = \"0\"").run(&host, &Values::default()).expect("runs");
        assert_eq!(out.verdict, Verdict::Met);
        let deep = probe("paths = [\"/etc/b.d\"]\ndepth = 5\nkind = \"file\"\nmode = \"0600\"");
        let out = deep.run(&host, &Values::default()).expect("runs");
        assert!(out.observed.contains("/etc/b.d/sub/y") && out.observed.contains("/etc/b.d/x"));
    }

    fn nix_uid() -> u32 {
        // SAFETY: it only tells a number.
        unsafe { libc::geteuid() }
    }
}
