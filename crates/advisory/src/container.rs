//! Archives and compressed files: the documents within them, one by one and bounded.

use std::io::{Cursor, Read};

use bzip2::read::MultiBzDecoder;
use flate2::read::MultiGzDecoder;
use lzma_rust2::XzReader;

use crate::decode::{Fault, FaultCode, MAX_DOCUMENT, Origin};

/// What unpacking may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Largest document, bytes.
    pub document: usize,
    /// All documents of a file together, bytes.
    pub total: u64,
    /// Most documents of a file.
    pub entries: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { document: MAX_DOCUMENT, total: 64 << 30, entries: 5_000_000 }
    }
}

/// How many layers there may be: a compressed archive of compressed files is three.
const MAX_LAYERS: usize = 4;

/// What is done with a document, by its name and bytes.
pub type Each<'a> = dyn FnMut(&str, &[u8]) -> Result<(), Fault> + 'a;

/// Calls `each` with the name and the bytes of every document in a file: of a zip or tar archive its
/// files, of a compressed file what it holds, else the file itself.
///
/// # Errors
/// `bad_archive` if it ends early, does not fit its checksums or holds no file at all; `too_large` if a
/// limit is reached; what `each` returns.
pub fn documents(origin: Origin<'_>, bytes: &[u8], limits: Limits, each: &mut Each<'_>) -> Result<(), Fault> {
    let mut walk = Walk { origin, limits, total: 0, entries: 0, each };
    walk.open(origin.file, bytes, 0)
}

struct Walk<'a, 'b> {
    origin: Origin<'a>,
    limits: Limits,
    total: u64,
    entries: u64,
    each: &'b mut Each<'b>,
}

impl Walk<'_, '_> {
    fn open(&mut self, name: &str, bytes: &[u8], layer: usize) -> Result<(), Fault> {
        if layer > MAX_LAYERS {
            return Err(self.bad(name, &"there are archives in archives in archives"));
        }
        let inner = |suffixes: &[&str]| {
            let stem = suffixes.iter().find_map(|s| name.strip_suffix(s)).unwrap_or(name);
            if suffixes.contains(&".tgz") && name.ends_with(".tgz") {
                format!("{stem}.tar")
            } else {
                stem.to_owned()
            }
        };
        match *bytes {
            [0x1f, 0x8b, ..] => self.stream(&inner(&[".gz", ".tgz"]), MultiGzDecoder::new(bytes), layer),
            [b'B', b'Z', b'h', ..] => self.stream(&inner(&[".bz2"]), MultiBzDecoder::new(bytes), layer),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => {
                self.stream(&inner(&[".xz"]), XzReader::new(bytes, true), layer)
            }
            [0x28, 0xb5, 0x2f, 0xfd, ..] => {
                let reader = zstd::stream::read::Decoder::new(bytes).map_err(|e| self.bad(name, &e))?;
                self.stream(&inner(&[".zst", ".zstd"]), reader, layer)
            }
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => self.zip(name, bytes, layer),
            _ if is_tar(bytes) => self.tar(name, bytes, layer),
            _ => self.document(name, bytes),
        }
    }

    /// What is compressed: an archive is read through, anything else as a whole.
    fn stream(&mut self, name: &str, mut reader: impl Read, layer: usize) -> Result<(), Fault> {
        let mut head = Vec::with_capacity(512);
        (&mut reader).take(512).read_to_end(&mut head).map_err(|e| self.bad(name, &e))?;
        let tar = is_tar(&head);
        let mut whole = Cursor::new(head).chain(reader);
        if tar {
            return self.tar(name, whole, layer);
        }
        let bytes = self.read(name, &mut whole)?;
        self.open(name, &bytes, layer + 1)
    }

    fn tar(&mut self, name: &str, reader: impl Read, layer: usize) -> Result<(), Fault> {
        let mut archive = tar::Archive::new(reader);
        let mut files = 0_u64;
        for entry in archive.entries().map_err(|e| self.bad(name, &e))? {
            let mut entry = entry.map_err(|e| self.bad(name, &e))?;
            if !entry.header().entry_type().is_file() {
                continue;
            }
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let size = entry.size();
            let bytes = self.read(&path, &mut entry)?;
            if bytes.len() as u64 != size {
                return Err(self.bad(&path, &"it ends early"));
            }
            files += 1;
            self.open(&path, &bytes, layer + 1)?;
        }
        if files == 0 {
            return Err(self.bad(name, &"there is no file in it"));
        }
        Ok(())
    }

    fn zip(&mut self, name: &str, bytes: &[u8], layer: usize) -> Result<(), Fault> {
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| self.bad(name, &e))?;
        let mut files = 0_u64;
        for at in 0..archive.len() {
            let mut file = archive.by_index(at).map_err(|e| self.bad(name, &e))?;
            if !file.is_file() {
                continue;
            }
            let path = String::from_utf8_lossy(file.name_raw()).into_owned();
            let bytes = self.read(&path, &mut file)?;
            files += 1;
            self.open(&path, &bytes, layer + 1)?;
        }
        if files == 0 {
            return Err(self.bad(name, &"there is no file in it"));
        }
        Ok(())
    }

    fn document(&mut self, name: &str, bytes: &[u8]) -> Result<(), Fault> {
        self.entries += 1;
        if self.entries > self.limits.entries {
            return Err(self.large(name, &format_args!("more than {} documents", self.limits.entries)));
        }
        if bytes.len() > self.limits.document {
            return Err(self.large(name, &format_args!("larger than {} bytes", self.limits.document)));
        }
        (self.each)(name, bytes)
    }

    fn read(&mut self, name: &str, reader: &mut dyn Read) -> Result<Vec<u8>, Fault> {
        let most = self.limits.document as u64;
        let mut bytes = Vec::new();
        reader.take(most + 1).read_to_end(&mut bytes).map_err(|e| self.bad(name, &e))?;
        self.total += bytes.len() as u64;
        if bytes.len() as u64 > most {
            return Err(self.large(name, &format_args!("larger than {most} bytes")));
        }
        if self.total > self.limits.total {
            return Err(self.large(name, &format_args!("more than {} bytes in all", self.limits.total)));
        }
        Ok(bytes)
    }

    fn bad(&self, name: &str, reason: &dyn std::fmt::Display) -> Fault {
        self.origin.fault(self.within(name), FaultCode::BadArchive, reason)
    }

    fn large(&self, name: &str, reason: &dyn std::fmt::Display) -> Fault {
        self.origin.fault(self.within(name), FaultCode::TooLarge, reason)
    }

    /// The name of a file within the archive; the archive's own is said anyway.
    fn within<'n>(&self, name: &'n str) -> &'n str {
        if self.origin.file.starts_with(name) { "" } else { name }
    }
}

fn is_tar(head: &[u8]) -> bool {
    head.get(257..262) == Some(b"ustar")
}
