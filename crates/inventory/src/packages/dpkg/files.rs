//! Which package brought a file: dpkg's lists, and the files that were moved aside for another package.

use std::collections::HashMap;

use crate::bytes::Lines;
use crate::error::Result;
use crate::limits::Limits;
use crate::owners::Wanted;
use crate::root::Root;

/// The folder of dpkg's lists.
pub(crate) const INFO: &str = "/var/lib/dpkg/info";
const DIVERSIONS: &str = "/var/lib/dpkg/diversions";

/// Looks for `wanted` in all lists.
pub(crate) fn owners(root: &Root, limits: &Limits, wanted: &mut Wanted) -> Result<()> {
    let (entries, _) = root.folder(INFO)?;
    let moved = diversions(root, limits);
    for (name, _) in entries {
        let Some(name) = std::str::from_utf8(&name).ok().and_then(|n| n.strip_suffix(".list")) else {
            continue;
        };
        let package = name.split(':').next().unwrap_or(name);
        let Ok((file, _)) = root.file(format!("{INFO}/{name}.list")) else { continue };
        let mut lines = Lines::new(std::io::Read::take(file.file, limits.database), 4096);
        let mut owner = None;
        while let Some(line) = lines.next()? {
            let Ok(path) = std::str::from_utf8(line) else { continue };
            let path = match moved.get(path) {
                Some((to, by)) if by != package => to.as_str(),
                _ => path,
            };
            wanted.offer(path, || owner.get_or_insert_with(|| format!("deb:{package}")).clone());
        }
    }
    Ok(())
}

/// From where to where, and for which package: three lines each.
pub(crate) fn diversions(root: &Root, limits: &Limits) -> HashMap<String, (String, String)> {
    let text = root.text(DIVERSIONS, limits.text).unwrap_or_default();
    let mut lines = text.lines();
    let mut all = HashMap::new();
    while let (Some(from), Some(to), Some(by)) = (lines.next(), lines.next(), lines.next()) {
        all.insert(from.to_owned(), (to.to_owned(), by.to_owned()));
    }
    all
}
