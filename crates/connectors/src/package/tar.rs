//! Just enough of `tar` (ustar) for a package: folders and files of root.

const BLOCK: usize = 512;

/// What an entry is.
pub(super) enum Entry<'a> {
    Folder,
    File { mode: u32, bytes: &'a [u8] },
}

/// An archive of entries; paths begin with `./` and are shorter than 100 bytes.
pub(super) fn archive(entries: &[(&str, Entry<'_>)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (path, entry) in entries {
        let (mode, kind, bytes): (u32, u8, &[u8]) = match entry {
            Entry::Folder => (0o755, b'5', &[]),
            Entry::File { mode, bytes } => (*mode, b'0', bytes),
        };
        out.extend_from_slice(&header(path, mode, bytes.len(), kind));
        out.extend_from_slice(bytes);
        out.resize(out.len().next_multiple_of(BLOCK), 0);
    }
    // Two empty blocks end it.
    out.resize(out.len() + 2 * BLOCK, 0);
    out
}

fn header(path: &str, mode: u32, size: usize, kind: u8) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &path.as_bytes()[..path.len().min(99)]);
    put(100, format!("{mode:07o}").as_bytes());
    put(108, b"0000000");
    put(116, b"0000000");
    put(124, format!("{size:011o}").as_bytes());
    put(136, b"00000000000");
    put(148, b"        ");
    put(156, &[kind]);
    put(257, b"ustar\x0000");
    put(265, b"root");
    put(297, b"root");
    let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}
