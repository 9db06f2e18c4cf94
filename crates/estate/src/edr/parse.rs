//! Reading what the script printed. It comes from a machine that may be hostile.

use super::{
    FanotifyUser, FileFact, HostFacts, Manager, Package, Place, Process, Section, SourceState, Unit,
    UnitState, tidy,
};
use crate::machine::{OsFacts, OsFamily};

/// The most bytes that are read; the script prints at most 20,000, a login may add a greeting.
pub const MAX_BYTES: usize = 256 << 10;
/// The most entries of each list.
pub const MAX_ENTRIES: usize = 512;
/// The most characters of a field.
pub(super) const MAX_FIELD: usize = 512;
/// The first field of the first line.
const HEAD: &str = "palisade-edr-facts";

/// Why an output is none of the script's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FactsError {
    /// It is too long.
    #[error("the facts have more than 256 KiB")]
    TooLarge,
    /// It does not begin as it should, even after a greeting.
    #[error("these are no facts of a machine")]
    NotFacts,
    /// It is of a version that is not known.
    #[error("the facts are of a version that is not known")]
    Version,
    /// Its first lines are damaged.
    #[error("the facts do not say when and by whom they were taken")]
    Malformed,
}

impl FactsError {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "facts_too_large",
            Self::NotFacts => "facts_missing",
            Self::Version => "facts_version_unknown",
            Self::Malformed => "facts_malformed",
        }
    }
}

/// Reads what the script printed. Lines that are not understood are left out.
///
/// # Errors
/// When it is too long, or not the script's output. One that was cut is read as far as it goes, and
/// says that it is not complete.
pub fn parse(output: &[u8]) -> Result<HostFacts, FactsError> {
    if output.len() > MAX_BYTES {
        return Err(FactsError::TooLarge);
    }
    let text = String::from_utf8_lossy(output);
    let mut lines = text.lines();
    let version = lines
        .by_ref()
        .find_map(|l| l.trim_end().strip_prefix(HEAD)?.strip_prefix('\t'))
        .ok_or(FactsError::NotFacts)?;
    if version != "1" {
        return Err(FactsError::Version);
    }
    let mut facts = HostFacts::default();
    let mut host = false;
    for line in lines {
        let fields: Vec<String> = line.split('\t').take(8).map(field).collect();
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        match fields.as_slice() {
            ["host", who, at, what] => {
                facts.taken_at = at.parse().map_err(|_| FactsError::Malformed)?;
                facts.root = *who == "root";
                facts.image = *what == "image";
                host = true;
            }
            ["end"] => {
                facts.complete = true;
                break;
            }
            fields => {
                // What is not understood is of a newer script, or damaged; neither spoils the rest.
                let _ = entry(&mut facts, fields);
            }
        }
    }
    if host { Ok(facts) } else { Err(FactsError::Malformed) }
}

/// A field without control characters, cut.
fn field(raw: &str) -> String {
    raw.chars().filter(|c| !c.is_control()).take(MAX_FIELD).collect()
}

fn push<T>(list: &mut Vec<T>, item: T) {
    if list.len() < MAX_ENTRIES {
        list.push(item);
    }
}

fn entry(facts: &mut HostFacts, fields: &[&str]) -> Option<()> {
    let owned = |s: &str| s.to_owned();
    match fields {
        ["os", id, version, kernel, arch] => {
            facts.os = OsFacts {
                family: OsFamily::Linux,
                id: id.to_lowercase(),
                version: owned(version),
                kernel: owned(kernel),
                architecture: owned(arch),
            };
        }
        ["pkg", manager, name, version] => {
            let manager = match *manager {
                "deb" => Manager::Deb,
                "rpm" => Manager::Rpm,
                _ => return None,
            };
            push(&mut facts.packages, Package { manager, name: owned(name), version: owned(version) });
        }
        ["unit", name, state, enabled] => {
            let state = match *state {
                "active" | "activating" | "reloading" => UnitState::Active,
                "inactive" | "deactivating" => UnitState::Inactive,
                "failed" => UnitState::Failed,
                _ => UnitState::Unknown,
            };
            push(&mut facts.units, Unit { name: owned(name), state, enabled: owned(enabled) });
        }
        ["proc", pid, name, exe, place] => {
            let place = match *place {
                "same" => Place::Same,
                "other" => Place::Other,
                "deleted" => Place::Deleted,
                _ => Place::Unknown,
            };
            let pid = pid.parse().ok()?;
            push(&mut facts.processes, Process { pid, name: owned(name), exe: owned(exe), place });
        }
        ["mod", name] => push(&mut facts.modules, owned(name)),
        ["path", path] => push(&mut facts.paths, owned(path)),
        ["hid", path] => push(&mut facts.hidden, owned(path)),
        ["file", path, modified, size] => {
            let (modified, size) = (modified.parse().ok()?, size.parse().ok()?);
            push(&mut facts.files, FileFact { path: owned(path), modified, size });
        }
        ["fan", pid, name, exe, flags, masks] => {
            let flags = u32::from_str_radix(flags, 16).ok()?;
            let all = masks.split(',').filter_map(|m| u64::from_str_radix(m, 16).ok());
            let mask = all.fold(0, |a, m| a | m);
            let pid = pid.parse().ok()?;
            push(&mut facts.fanotify, FanotifyUser { pid, name: owned(name), exe: owned(exe), flags, mask });
        }
        ["src", id, state] => {
            let state = match *state {
                "ok" => SourceState::Ok,
                "denied" => SourceState::Denied,
                "untrusted" => SourceState::Untrusted,
                _ => SourceState::Failed,
            };
            if facts.sources.len() < MAX_ENTRIES {
                facts.sources.entry(owned(id)).or_insert(state);
            }
        }
        ["set", key, value] => {
            let value = tidy(value);
            if facts.values.len() < MAX_ENTRIES && !value.is_empty() {
                facts.values.entry(owned(key)).or_insert(value);
            }
        }
        ["blind", section, why] => {
            let section = Section::ALL.into_iter().find(|s| s.as_str() == *section)?;
            facts.blind.entry(section).or_insert(owned(why));
        }
        _ => return None,
    }
    Some(())
}
