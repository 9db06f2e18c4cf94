//! Looking for byte patterns in files: how a reset proves that nothing is left.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Bytes read at once.
const CHUNK: usize = 1 << 20;

/// Most places that are named; beyond that only their number counts.
const NAMED: usize = 100;

/// Patterns to look for, each at least [`Needles::SHORTEST`] bytes long.
#[derive(Debug, Default)]
pub struct Needles {
    all: Vec<Vec<u8>>,
    /// By the first two bytes: which patterns begin so.
    by_start: Vec<Vec<u32>>,
    longest: usize,
}

/// What was looked at, and what was found.
#[derive(Debug, Default)]
pub struct Found {
    /// Files that were read whole.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that hold a pattern, the first ones.
    pub named: Vec<PathBuf>,
    /// How many files hold one.
    pub hits: u64,
}

impl Needles {
    /// Shorter patterns would be found by chance.
    pub const SHORTEST: usize = 8;

    /// The patterns; too short ones and doubles are left out.
    pub fn new(patterns: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut all: Vec<_> = patterns.into_iter().filter(|p| p.len() >= Self::SHORTEST).collect();
        all.sort();
        all.dedup();
        let mut by_start = vec![Vec::new(); 1 << 16];
        for (i, pattern) in all.iter().enumerate() {
            by_start[start_of(pattern)].push(u32::try_from(i).unwrap_or(u32::MAX));
        }
        let longest = all.iter().map(Vec::len).max().unwrap_or(0);
        Self { all, by_start, longest }
    }

    /// How many patterns there are.
    pub fn count(&self) -> usize {
        self.all.len()
    }

    /// Whether a pattern is in the bytes.
    pub fn within(&self, bytes: &[u8]) -> bool {
        if self.all.is_empty() || bytes.len() < Self::SHORTEST {
            return false;
        }
        (0..=bytes.len() - Self::SHORTEST).any(|at| {
            let candidates = &self.by_start[start_of(&bytes[at..])];
            candidates.iter().any(|i| bytes[at..].starts_with(&self.all[*i as usize]))
        })
    }

    /// Whether a pattern is in the file; also how many bytes it has.
    pub fn in_file(&self, path: &Path) -> io::Result<(bool, u64)> {
        let mut file = File::open(path)?;
        let mut buffer = Vec::with_capacity(CHUNK + self.longest);
        let (mut hit, mut read) = (false, 0);
        loop {
            // What a pattern could begin in is looked at again with what follows.
            let keep = buffer.len().min(self.longest.saturating_sub(1));
            buffer.drain(..buffer.len() - keep);
            let got = (&mut file).take(CHUNK as u64).read_to_end(&mut buffer)?;
            if got == 0 {
                return Ok((hit, read));
            }
            read += got as u64;
            hit = hit || self.within(&buffer);
        }
    }

    /// Looks at every file below a path, names of files and folders included. Links are not followed;
    /// sockets, and what vanishes meanwhile, are passed over. `skip` leaves out what it names.
    pub fn below(&self, path: &Path, skip: &dyn Fn(&Path) -> bool) -> io::Result<Found> {
        let mut found = Found::default();
        self.walk(path, skip, &mut found)?;
        Ok(found)
    }

    fn walk(&self, path: &Path, skip: &dyn Fn(&Path) -> bool, found: &mut Found) -> io::Result<()> {
        if skip(path) {
            return Ok(());
        }
        let kind = match fs::symlink_metadata(path) {
            Ok(meta) => meta.file_type(),
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(e) => return Err(io::Error::new(e.kind(), format!("{}: {e}", path.display()))),
        };
        let mut hit = path.file_name().is_some_and(|name| self.within(name.as_encoded_bytes()));
        if kind.is_dir() {
            match fs::read_dir(path) {
                Ok(entries) => {
                    for entry in entries {
                        self.walk(&entry?.path(), skip, found)?;
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(io::Error::new(e.kind(), format!("{}: {e}", path.display()))),
            }
        } else if kind.is_symlink() {
            hit |= fs::read_link(path).is_ok_and(|to| self.within(to.as_os_str().as_encoded_bytes()));
        } else if kind.is_file() {
            match self.in_file(path) {
                Ok((inside, bytes)) => {
                    hit |= inside;
                    found.files += 1;
                    found.bytes += bytes;
                }
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(io::Error::new(e.kind(), format!("{}: {e}", path.display()))),
            }
        }
        if hit {
            found.hits += 1;
            if found.named.len() < NAMED {
                found.named.push(path.to_owned());
            }
        }
        Ok(())
    }
}

fn start_of(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 8 | usize::from(bytes[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_found_wherever_it_lies_and_whatever_is_around_it() {
        let dir = tempfile::tempdir().expect("a folder");
        let needles =
            Needles::new([b"needle-one".to_vec(), vec![0, 1, 2, 3, 4, 5, 6, 255], b"short".to_vec()]);
        assert_eq!(needles.count(), 2);
        let write = |name: &str, bytes: &[u8]| fs::write(dir.path().join(name), bytes).expect("written");
        for (i, at) in [0, 1, CHUNK - 9, CHUNK - 1, CHUNK, 2 * CHUNK - 5].into_iter().enumerate() {
            let mut bytes = vec![b'n'; at];
            bytes.extend_from_slice(b"needle-one");
            bytes.extend_from_slice(&[b'e'; 7]);
            write(&format!("hit-{i}"), &bytes);
        }
        write("binary", &[9, 0, 1, 2, 3, 4, 5, 6, 255, 9]);
        write("none", &[b'n'; 3 * CHUNK]);
        write("almost", b"needle-on");
        write("empty", b"");
        fs::create_dir(dir.path().join("below-needle-one")).expect("made");
        std::os::unix::fs::symlink("/x/needle-one", dir.path().join("link")).expect("linked");
        let found = needles.below(dir.path(), &|_| false).expect("read");
        assert_eq!((found.files, found.hits), (10, 9), "{:?}", found.named);
        let without = needles.below(dir.path(), &|p| p.ends_with("binary")).expect("read");
        assert_eq!((without.files, without.hits), (9, 8));
        assert!(needles.below(&dir.path().join("absent"), &|_| false).expect("nothing there").files == 0);
    }
}
