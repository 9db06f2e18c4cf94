//! What a process has in memory of files.

use std::path::Path;

use crate::bytes::Lines;

const MAX_MAPS: u64 = 64 << 20;

/// Hands on each file whose code a process has mapped, and whether the file is gone from its place;
/// whether that could be read.
pub(super) fn each(proc: &Path, pid: u32, budget: &mut u64, f: &mut dyn FnMut(&str, bool)) -> bool {
    let Ok(file) = std::fs::File::open(proc.join(format!("{pid}/maps"))) else {
        return !proc.join(pid.to_string()).exists();
    };
    let mut lines = Lines::new(std::io::Read::take(file, MAX_MAPS), 4096 + 128);
    let mut last = String::new();
    loop {
        match lines.next() {
            Ok(Some(line)) => {
                if let Some((path, deleted)) = parse(line).filter(|(p, _)| *p != last) {
                    f(path, deleted);
                    path.clone_into(&mut last);
                }
            }
            Ok(None) => return true,
            // No map at all is what a process without rights for us, or a dead one, answers.
            Err(_) => return false,
        }
        if *budget == 0 {
            return true;
        }
        *budget -= 1;
    }
}

/// The file of a line that is mapped to be executed.
fn parse(line: &[u8]) -> Option<(&str, bool)> {
    let slash = memchr::memchr(b'/', line)?;
    let mut words = line[..slash].split(|b| *b == b' ').filter(|w| !w.is_empty());
    let (rights, inode) = (words.nth(1)?, words.nth(2)?);
    if rights.get(2) != Some(&b'x') || inode == b"0" {
        return None;
    }
    let path = std::str::from_utf8(&line[slash..]).ok()?;
    let (path, deleted) = path.strip_suffix(" (deleted)").map_or((path, false), |p| (p, true));
    // Memory that only looks like a file.
    let memory =
        ["/memfd:", "/SYSV", "/dev/", "/anon_hugepage", "/[aio]"].iter().any(|p| path.starts_with(p));
    (!memory).then_some((path, deleted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_of_files_counts() {
        let line = "7f00-7f10 r-xp 00026000 fe:00 1234                       /usr/lib/x y.so.1 (deleted)";
        assert_eq!(parse(line.as_bytes()), Some(("/usr/lib/x y.so.1", true)));
        let line = "7f00-7f10 r-xp 00026000 fe:00 1234                       /usr/bin/cat";
        assert_eq!(parse(line.as_bytes()), Some(("/usr/bin/cat", false)));
        for line in [
            "7f00-7f10 r--p 00026000 fe:00 1234   /usr/bin/cat",
            "7f00-7f10 r-xp 00000000 00:01 2054   /memfd:jit (deleted)",
            "7f00-7f10 r-xp 00000000 00:00 0      [vdso]",
            "",
        ] {
            assert_eq!(parse(line.as_bytes()), None, "{line}");
        }
    }
}
