//! What only a look at every file finds.

use serde::{Deserialize, Serialize};

use super::{Outcome, Probed, some};
use crate::host::Host;
use crate::report::Reason;
use crate::want::like;

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sought {
    /// Files that everybody may write.
    WritableFiles,
    /// Folders that everybody may write, without the sticky bit.
    WritableFolders,
    /// Folders that everybody may write and that another than root owns.
    WritableNotRoot,
    /// Without a user.
    Unowned,
    /// Without a group.
    Ungrouped,
    /// Set-user and set-group programs that no package brought.
    PrivilegedForeign,
}

/// A look at every file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepProbe {
    /// What is looked for.
    pub find: Sought,
    /// Paths that may be so; `*` stands for anything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<String>,
}

/// Most bytes of dpkg's lists of files together.
const MAX_LISTS: usize = 256 << 20;

impl SweepProbe {
    pub(super) fn run(&self, host: &Host) -> Probed {
        let walk = host.walk();
        let all = match self.find {
            Sought::WritableFiles => &walk.writable_files,
            Sought::WritableFolders => &walk.writable_folders,
            Sought::WritableNotRoot => &walk.writable_not_root,
            Sought::Unowned => &walk.unowned,
            Sought::Ungrouped => &walk.ungrouped,
            Sought::PrivilegedForeign => &walk.privileged,
        };
        let mut found: Vec<String> =
            all.iter().filter(|p| !self.allowed.iter().any(|a| like(a, p))).cloned().collect();
        if self.find == Sought::PrivilegedForeign && !found.is_empty() {
            let Some(owned) = owned(host, &found)? else {
                return Ok(Outcome::unknown(Reason::NoPackages, "no list of files that packages brought"));
            };
            found.retain(|p| !owned.contains(p));
        }
        if found.is_empty() && walk.cut {
            return Ok(Outcome::unknown(
                Reason::Budget,
                format!("none among {} files, not all were looked at", walk.looked),
            ));
        }
        let said = if found.is_empty() { format!("none among {} files", walk.looked) } else { some(&found) };
        Ok(found.iter().take(20).fold(Outcome::of(found.is_empty(), said), |o, p| o.at(p, None)))
    }
}

/// Those of `paths` that a package of dpkg's brought; none where there are no lists.
fn owned(host: &Host, paths: &[String]) -> Result<Option<Vec<String>>, Reason> {
    let lists = host.glob("/var/lib/dpkg/info/*.list")?;
    if lists.is_empty() {
        return Ok(None);
    }
    let mut out = Vec::new();
    let mut read = 0;
    // Since /bin is a link to /usr/bin a list may name either.
    let names: Vec<(&str, &String)> =
        paths.iter().flat_map(|p| [(p.as_str(), p), (p.strip_prefix("/usr").unwrap_or(p), p)]).collect();
    for list in lists {
        let Ok((bytes, _)) = host.root().read(&list, 16 << 20) else { continue };
        read += bytes.len();
        if read > MAX_LISTS {
            return Err(Reason::Budget);
        }
        for line in bytes.split(|b| *b == b'\n') {
            out.extend(names.iter().filter(|(n, _)| n.as_bytes() == line).map(|(_, p)| (*p).clone()));
        }
    }
    Ok(Some(out))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::host::tests::world;
    use crate::probe::Verdict;

    #[test]
    fn a_program_with_a_package_is_expected() {
        let (dir, host) = world(&[
            ("/usr/bin/su", ""),
            ("/opt/own", ""),
            ("/var/lib/dpkg/info/login.list", "/.\n/bin/su\n"),
        ]);
        for path in ["usr/bin/su", "opt/own"] {
            let mode = std::fs::Permissions::from_mode(0o4755);
            std::fs::set_permissions(dir.path().join(path), mode).expect("ours");
        }
        let run = |allowed: &[&str]| {
            let allowed = allowed.iter().map(|a| (*a).to_owned()).collect();
            SweepProbe { find: Sought::PrivilegedForeign, allowed }.run(&host).expect("runs")
        };
        assert_eq!(run(&[]).observed, "/opt/own");
        assert_eq!(run(&["/opt/*"]).verdict, Verdict::Met);
    }
}
