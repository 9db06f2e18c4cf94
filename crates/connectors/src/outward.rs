//! What the ways out over HTTP share: which addresses are public, what a name stands for, words for what failed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

/// Until a name is resolved.
const RESOLVE: Duration = Duration::from_secs(10);

/// An IPv4 address that is written as IPv6, as what it is.
pub(crate) fn unmapped(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

/// Whether the whole internet means the same by it. What IANA's special-purpose registries set apart is not.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(a: Ipv4Addr) -> bool {
    let [x, y, z, _] = a.octets();
    let set_apart = a.is_unspecified()
        || x == 0
        || a.is_loopback()
        || a.is_private()
        || a.is_link_local()
        || a.is_multicast()
        || a.is_broadcast()
        || a.is_documentation()
        || (x == 100 && y & 0xc0 == 64) // shared address space, RFC 6598
        || (x == 192 && y == 0 && z == 0) // protocol assignments, RFC 6890
        || (x == 198 && y & 0xfe == 18) // benchmarks, RFC 2544
        || x >= 240; // reserved
    !set_apart
}

fn is_public_v6(a: Ipv6Addr) -> bool {
    let s = a.segments();
    // Only global unicast is given out; within it some is not, or holds an IPv4 address that has to be public too.
    let given_out = s[0] & 0xe000 == 0x2000;
    let documentation = s[0] == 0x2001 && s[1] == 0x0db8 || s[0] == 0x3fff && s[1] & 0xf000 == 0;
    let special = s[0] == 0x2001 && s[1] < 0x0200;
    let four = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    let tunnelled = s[0] == 0x2002 && !is_public_v4(four(s[1], s[2]));
    // NAT64 (RFC 6052) lies outside of what is given out.
    let nat64 = s[..6] == [0x64, 0xff9b, 0, 0, 0, 0] && is_public_v4(four(s[6], s[7]));
    (given_out && !documentation && !special && !tunnelled) || nat64
}

/// The addresses that a name stands for; none when it cannot be told in time.
pub(crate) async fn resolve(name: &str, port: u16) -> Option<Vec<IpAddr>> {
    let asked = tokio::time::timeout(RESOLVE, tokio::net::lookup_host((name, port))).await;
    Some(asked.ok()?.ok()?.map(|address| address.ip()).collect())
}

/// What led to an error, without the address, which may be a secret.
pub(crate) fn in_words(error: &dyn std::error::Error) -> String {
    let mut last = error.source();
    let mut text = String::new();
    while let Some(cause) = last {
        text = cause.to_string();
        last = cause.source();
    }
    if text.is_empty() { "the connection failed".to_owned() } else { text }
}
