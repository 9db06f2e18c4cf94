//! Processes that are named like those of products.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use palisade_estate::edr::{self, HostFacts, Process, Section, products_known};

use super::Place;
use crate::files::read_bounded;

/// Most processes that are looked at.
const LOOKED_AT: usize = 1 << 16;
/// Most that are reported.
const MOST: usize = 64;
/// What the kernel keeps of a process's own name.
const COMM: usize = 15;

pub(super) fn add(place: &Place<'_>, facts: &mut HostFacts) {
    if place.image {
        facts.blind.insert(Section::Processes, "a file system has none".into());
        return;
    }
    if !facts.root {
        let why = "the executables of other users' processes cannot be seen";
        facts.blind.insert(Section::Processes, why.into());
    }
    let all = std::fs::read_dir(place.at("/proc")).into_iter().flatten().flatten();
    let numbers = all.filter_map(|e| Some((e.file_name().to_str()?.parse::<u32>().ok()?, e.path())));
    facts.processes =
        numbers.take(LOOKED_AT).filter_map(|(pid, path)| look(place, pid, &path)).take(MOST).collect();
}

fn look(place: &Place<'_>, pid: u32, path: &Path) -> Option<Process> {
    let comm = read_bounded(path.join("comm"), 64).ok()?;
    let name = plain(String::from_utf8_lossy(&comm).lines().next().unwrap_or_default());
    let link = std::fs::read_link(path.join("exe")).unwrap_or_default();
    let link = link.to_string_lossy();
    let (exe, deleted) = match link.strip_suffix(" (deleted)") {
        Some(exe) => (exe, true),
        None => (&*link, false),
    };
    // What a process calls itself and what it runs are two things; both are looked at.
    if !named(&name) && !named(exe.rsplit('/').next().unwrap_or_default()) {
        return None;
    }
    Some(Process { pid, name, exe: plain(exe), place: where_is(place, path, exe, deleted) })
}

fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).take(200).collect()
}

fn named(name: &str) -> bool {
    let cut = |p: &String| name.len() == COMM && p.len() > COMM && p.starts_with(name);
    products_known().all.iter().any(|p| p.has_executable(name) || p.processes.iter().any(cut))
}

/// A path says what is there only if it leads to the file that runs: containers have paths, too.
fn where_is(place: &Place<'_>, path: &Path, exe: &str, deleted: bool) -> edr::Place {
    if exe.is_empty() {
        return edr::Place::Unknown;
    }
    let Ok(runs) = std::fs::metadata(path.join("exe")) else { return edr::Place::Other };
    let at = place.at(exe);
    // An update replaces files of root in their folder; nobody else can do it there.
    let folder = at.parent().and_then(|f| std::fs::metadata(f).ok());
    if deleted {
        let ours = runs.uid() == 0 && folder.is_some_and(|f| f.dev() == runs.dev());
        return if ours { edr::Place::Deleted } else { edr::Place::Other };
    }
    let same = std::fs::metadata(&at).is_ok_and(|m| (m.dev(), m.ino()) == (runs.dev(), runs.ino()));
    if same { edr::Place::Same } else { edr::Place::Other }
}
