//! Ring bytes to records, with every length checked.

use palisade_sensor_bpf::layout::{self, Exec, Exit, File, Fork, Header, Net, Plain, Seg, kind};

/// A record whose variable parts still lie in the ring.
#[derive(Debug)]
pub(crate) enum Record<'a> {
    Exec { fixed: Exec, path: Path<'a>, cwd: Path<'a>, argv: &'a [u8] },
    Fork(Fork),
    Exit(Exit),
    Net { fixed: Net, success: bool },
    File { fixed: File, a: Path<'a>, a_name: &'a [u8], b: Path<'a>, b_name: &'a [u8] },
}

/// A walked path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Path<'a> {
    names: &'a [u8],
    pub(crate) seg: Seg,
}

impl Path<'_> {
    /// Joins the names, which lie from leaf to root.
    pub(crate) fn join(&self) -> String {
        let mut text = Vec::with_capacity(self.names.len() + 1);
        let mut end = self.names.len();
        while end > 0 {
            // Each name ends with NUL; the one before it ends the previous name.
            let body = &self.names[..end - 1];
            let begin = body.iter().rposition(|b| *b == 0).map_or(0, |at| at + 1);
            text.push(b'/');
            text.extend_from_slice(&body[begin..]);
            end = begin;
        }
        if text.is_empty() {
            text.push(b'/');
        }
        lossy(text)
    }

    pub(crate) fn truncated(&self) -> bool {
        self.seg.flags & layout::seg::TRUNCATED != 0
    }
}

/// Bytes to text; what is not UTF-8 is replaced.
pub(crate) fn lossy(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Text up to the first NUL.
pub(crate) fn until_nul(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// Reads the header alone.
pub(crate) fn header(bytes: &[u8]) -> Option<Header> {
    Header::read(bytes).filter(|h| h.abi == layout::ABI)
}

/// Reads a record; `None` where it is malformed.
pub(crate) fn record<'a>(header: &Header, bytes: &'a [u8]) -> Option<Record<'a>> {
    if bytes.len() > layout::MAX_RECORD {
        return None;
    }
    Some(match header.kind {
        kind::EXEC => {
            let fixed = Exec::read(bytes)?;
            let mut rest = Rest(&bytes[size_of::<Exec>()..]);
            let (path, cwd) = (rest.path(fixed.path)?, rest.path(fixed.cwd)?);
            rest.take(fixed.name_len)?;
            Record::Exec { fixed, path, cwd, argv: rest.take(fixed.argv_len)? }
        }
        kind::FORK => Record::Fork(Fork::read(bytes)?),
        kind::EXIT => Record::Exit(Exit::read(bytes)?),
        kind::CONNECT_OK | kind::CONNECT_FAIL => {
            Record::Net { fixed: Net::read(bytes)?, success: header.kind == kind::CONNECT_OK }
        }
        kind::FILE_CREATE | kind::FILE_MODIFY | kind::FILE_RENAME | kind::FILE_DELETE | kind::FILE_LINK => {
            let fixed = File::read(bytes)?;
            let mut rest = Rest(&bytes[size_of::<File>()..]);
            let (a, a_name) = (rest.path(fixed.a)?, rest.take(fixed.a_name)?);
            let (b, b_name) = (rest.path(fixed.b)?, rest.take(fixed.b_name)?);
            Record::File { fixed, a, a_name, b, b_name }
        }
        _ => return None,
    })
}

struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, len: u16) -> Option<&'a [u8]> {
        let (now, later) = self.0.split_at_checked(usize::from(len))?;
        self.0 = later;
        Some(now)
    }

    fn path(&mut self, seg: Seg) -> Option<Path<'a>> {
        let names = self.take(seg.len)?;
        (names.is_empty() || names.ends_with(&[0])).then_some(Path { names, seg })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exec(path: &[u8], argv: &[u8], claim: u16) -> Vec<u8> {
        let fixed = Exec {
            h: Header { kind: kind::EXEC, abi: layout::ABI, ..Header::default() },
            path: Seg { len: path.len() as u16, count: 0, flags: 0 },
            argv_len: claim,
            ..Exec::default()
        };
        [fixed.bytes(), path, argv].concat()
    }

    #[test]
    fn names_are_joined_from_the_root() {
        let bytes = exec(b"true\0bin\0usr\0", b"true\0-x\0", 8);
        let header = header(&bytes).expect("header");
        let Some(Record::Exec { path, argv, cwd, .. }) = record(&header, &bytes) else {
            panic!("no exec");
        };
        assert_eq!(path.join(), "/usr/bin/true");
        assert_eq!(cwd.join(), "/");
        assert_eq!(argv, b"true\0-x\0");
    }

    #[test]
    fn lengths_past_the_end_are_refused() {
        let bytes = exec(b"a\0", b"x", 2);
        assert!(record(&header(&bytes).expect("header"), &bytes).is_none());
        let bytes = exec(b"a", b"", 0);
        assert!(record(&header(&bytes).expect("header"), &bytes).is_none());
    }

    #[test]
    fn every_shorter_prefix_is_refused_without_panic() {
        let bytes = exec(b"true\0", b"true\0", 5);
        for end in 0..bytes.len() {
            if let Some(h) = header(&bytes[..end]) {
                assert!(record(&h, &bytes[..end]).is_none(), "{end}");
            }
        }
    }

    #[test]
    fn foreign_kinds_and_versions_are_refused() {
        let mut bytes = exec(b"", b"", 0);
        bytes[0] = 99;
        assert!(record(&header(&bytes).expect("header"), &bytes).is_none());
        bytes[7] = layout::ABI + 1;
        assert!(header(&bytes).is_none());
    }
}
