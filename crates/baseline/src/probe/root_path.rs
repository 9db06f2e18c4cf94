//! Where root looks for commands: what the start-up files set, and on a running system the path of the
//! root user who asks.

use serde::{Deserialize, Serialize};

use super::{Outcome, Probed, some};
use crate::format::keyed::{self, Style};
use crate::format::shell::{self, Act};
use crate::host::Host;
use crate::report::Reason;

/// What is asked of root's path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RootPathAsk {
    /// Every entry is a whole path: no `.`, nothing empty.
    Whole,
    /// Every entry is a folder that is there.
    Folders,
    /// Nobody but root may write there.
    NotWritable,
    /// Root owns every entry.
    Owned,
}

/// Root's path.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RootPathProbe {
    /// What is asked.
    pub ask: RootPathAsk,
}

impl RootPathProbe {
    pub(super) fn run(&self, host: &Host) -> Probed {
        let (mut wrong, mut evidence, mut looked) = (Vec::new(), Vec::new(), 0);
        for (place, path) in paths(host)? {
            for entry in path.split(':') {
                looked += 1;
                // A variable within the path stands for what another line says.
                if entry.contains('$') || entry.starts_with('~') {
                    continue;
                }
                let whole = entry.starts_with('/') && !entry.split('/').any(|p| p == "." || p == "..");
                let bad = if self.ask == RootPathAsk::Whole {
                    (!whole).then(|| format!("{entry:?}"))
                } else if !whole {
                    None
                } else {
                    self.folder(host, entry)?
                };
                if let Some(bad) = bad
                    && !wrong.contains(&bad)
                {
                    wrong.push(bad);
                    evidence.push(place.clone());
                }
            }
        }
        let said = if wrong.is_empty() { format!("{looked} entries as wanted") } else { some(&wrong) };
        Ok(evidence.into_iter().fold(Outcome::of(wrong.is_empty(), said), |o, p| o.at(p, None)))
    }

    fn folder(&self, host: &Host, entry: &str) -> Result<Option<String>, Reason> {
        let place = host.look(entry)?;
        let is_folder = place.as_ref().is_some_and(|p| p.stamp.mode & libc::S_IFMT == libc::S_IFDIR);
        let Some(place) = place.filter(|_| is_folder) else {
            return Ok((self.ask == RootPathAsk::Folders).then(|| format!("{entry} is no folder")));
        };
        let mode = place.stamp.mode & 0o7777;
        Ok(match self.ask {
            RootPathAsk::NotWritable if mode & 0o022 != 0 => Some(format!("{entry}: mode {mode:04o}")),
            RootPathAsk::Owned if place.stamp.uid != 0 => Some(format!("{entry}: owner {}", place.stamp.uid)),
            _ => None,
        })
    }
}

/// The paths that root gets, with where they come from.
fn paths(host: &Host) -> Result<Vec<(String, String)>, Reason> {
    let mut out = Vec::new();
    if host.is_live()
        && let Some(path) = &host.options().path
    {
        out.push(("environment of this process".to_owned(), path.clone()));
    }
    if let Some(text) = host.text("/etc/login.defs")? {
        for pair in keyed::parse(&text, Style::Spaced).into_iter().filter(|p| p.key == "ENV_SUPATH") {
            // The value begins with the name once more.
            let path = pair.value.strip_prefix("PATH=").unwrap_or(&pair.value).to_owned();
            out.push(("/etc/login.defs".into(), path));
        }
    }
    if let Some(text) = host.text("/etc/environment")? {
        for pair in keyed::parse(&text, Style::Equals).into_iter().filter(|p| p.key == "PATH") {
            out.push(("/etc/environment".into(), pair.value));
        }
    }
    let accounts = host.accounts()?;
    let home =
        accounts.users.iter().find(|u| u.uid == 0).map_or("/root", |u| u.home.as_str()).trim_end_matches('/');
    for name in [".profile", ".bash_profile", ".bash_login", ".bashrc"] {
        let file = format!("{home}/{name}");
        let Some(text) = host.text(&file)? else { continue };
        for (act, _) in shell::parse(&text) {
            if let Act::Set(name, path) = act
                && name == "PATH"
            {
                out.push((file.clone(), path));
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::tests::world;

    #[test]
    fn each_entry_of_each_file_counts() {
        let (_dir, host) = world(&[
            ("/etc/login.defs", "ENV_SUPATH\tPATH=/usr/sbin:/none\n"),
            ("/root/.bashrc", "export PATH=$PATH:.:/usr/sbin\n"),
            ("/usr/sbin/", ""),
        ]);
        let ask = |ask| RootPathProbe { ask }.run(&host).expect("runs").observed;
        assert_eq!(ask(RootPathAsk::Whole), "\".\"");
        assert_eq!(ask(RootPathAsk::Folders), "/none is no folder");
        assert!(ask(RootPathAsk::NotWritable).ends_with("as wanted"));
    }
}
