//! Sockets that wait for others, in each network that a process has.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use super::process::Process;
use crate::bytes::Lines;
use crate::limits::Limits;
use crate::model::Endpoint;

const MAX_TABLE: u64 = 256 << 20;
const MAX_NETWORKS: usize = 512;
/// States by which the kernel's tables tell a socket that waits: TCP's "listen", UDP's "closed", which is
/// one that is connected to nobody.
const TABLES: [(&str, &str, &[u8]); 4] =
    [("tcp", "tcp", b"0A"), ("tcp6", "tcp", b"0A"), ("udp", "udp", b"07"), ("udp6", "udp", b"07")];

/// The socket's number in what an open file is.
pub(super) fn inode(target: &str) -> Option<u64> {
    target.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

pub(super) fn listening<'a>(
    proc: &Path,
    networks: &BTreeMap<String, (u32, String)>,
    limits: &Limits,
    who: impl Fn(u64) -> Option<&'a Process>,
) -> Vec<Endpoint> {
    let mut all = Vec::new();
    for (pid, container) in networks.values().take(MAX_NETWORKS) {
        for (table, protocol, state) in TABLES {
            let Ok(file) = std::fs::File::open(proc.join(format!("{pid}/net/{table}"))) else { continue };
            let mut lines = Lines::new(std::io::Read::take(file, MAX_TABLE), 512);
            while let Ok(Some(line)) = lines.next() {
                let Some(socket) = Socket::parse(line).filter(|s| s.state == state) else { continue };
                if all.len() >= limits.items {
                    return all;
                }
                let p = who(socket.inode);
                all.push(Endpoint {
                    protocol: protocol.into(),
                    address: socket.address.to_string(),
                    port: socket.port,
                    uid: socket.uid,
                    pid: p.map(|p| p.pid),
                    process: p.map(|p| p.name.clone()).unwrap_or_default(),
                    program: p.map(|p| p.program.clone()).unwrap_or_default(),
                    unit: p.map(|p| p.unit.clone()).unwrap_or_default(),
                    container: container.clone(),
                    package: String::new(),
                });
            }
        }
    }
    // Several sockets of one process may share a port.
    all.sort();
    all.dedup();
    all
}

struct Socket<'a> {
    address: IpAddr,
    port: u16,
    state: &'a [u8],
    uid: u32,
    inode: u64,
}

impl<'a> Socket<'a> {
    fn parse(line: &'a [u8]) -> Option<Self> {
        let mut words = line.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty());
        let local = std::str::from_utf8(words.nth(1)?).ok()?;
        let state = words.nth(1)?;
        let mut number = |n| std::str::from_utf8(words.nth(n)?).ok()?.parse::<u64>().ok();
        let uid = number(3)?;
        let inode = number(1)?;
        let (address, port) = local.split_once(':')?;
        Some(Self {
            address: parse_address(address)?,
            port: u16::from_str_radix(port, 16).ok()?,
            state,
            uid: u32::try_from(uid).ok()?,
            inode,
        })
    }
}

/// Words of 32 bits in the machine's own order.
fn parse_address(text: &str) -> Option<IpAddr> {
    let mut bytes = [0u8; 16];
    if text.len() != 8 && text.len() != 32 || !text.is_ascii() {
        return None;
    }
    for (i, word) in text.as_bytes().chunks_exact(8).enumerate() {
        let word = u32::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok()?;
        bytes[i * 4..i * 4 + 4].copy_from_slice(&word.to_ne_bytes());
    }
    if text.len() == 8 {
        let [a, b, c, d, ..] = bytes;
        return Some(Ipv4Addr::new(a, b, c, d).into());
    }
    Some(Ipv6Addr::from(bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_kernels_tables_are_read() {
        let line = b"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 34567 1 0000";
        let s = Socket::parse(line).expect("a socket");
        assert_eq!(
            (s.address.to_string().as_str(), s.port, s.uid, s.inode),
            ("127.0.0.1", 8080, 1000, 34567)
        );
        assert_eq!(s.state, b"0A");
        let any = parse_address("00000000000000000000000000000000").expect("an address");
        assert_eq!(any.to_string(), "::");
        let one = parse_address("00000000000000000000000001000000").expect("an address");
        assert_eq!(one.to_string(), "::1");
        assert!(Socket::parse(b"  sl  local_address rem_address   st tx_queue").is_none());
        assert_eq!((inode("socket:[12]"), inode("pipe:[12]")), (Some(12), None));
    }
}
