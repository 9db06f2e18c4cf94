//! Addresses as text and their class.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Reads 4 or 16 bytes.
pub(super) fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(IpAddr::V4(Ipv4Addr::from(v4)));
    }
    <[u8; 16]>::try_from(bytes).ok().map(|v6| IpAddr::V6(Ipv6Addr::from(v6)))
}

/// The class of an address, in the schema's words.
pub(super) fn class(address: IpAddr) -> &'static str {
    match address {
        IpAddr::V4(a) => class_v4(a),
        IpAddr::V6(a) => class_v6(a),
    }
}

fn class_v4(a: Ipv4Addr) -> &'static str {
    let [first, second, third, _] = a.octets();
    if a.is_loopback() {
        "Loopback"
    } else if a.is_broadcast() {
        "Broadcast"
    } else if a.is_private() {
        "Private"
    } else if a.is_link_local()
        || a.is_multicast()
        || a.is_documentation()
        || first == 0
        || first >= 240
        || (first == 100 && second & 0xc0 == 64)
        || (first == 198 && second & 0xfe == 18)
        || (first == 192 && second == 0 && third == 0)
    {
        "Reserved"
    } else {
        "Public"
    }
}

fn class_v6(a: Ipv6Addr) -> &'static str {
    let [first, second, ..] = a.segments();
    if a.is_loopback() {
        "Loopback"
    } else if a.to_ipv4_mapped().is_some() {
        "FourToSixMapping"
    } else if first == 0x2001 && second == 0 {
        "Teredo"
    } else if first & 0xfe00 == 0xfc00 {
        "Private"
    } else if first & 0xe000 == 0x2000 && !(first == 0x2001 && second == 0xdb8) {
        "Public"
    } else {
        "Reserved"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_is_told_apart() {
        for (text, expected) in [
            ("127.0.0.1", "Loopback"),
            ("10.1.2.3", "Private"),
            ("172.31.0.1", "Private"),
            ("172.32.0.1", "Public"),
            ("192.168.0.9", "Private"),
            ("8.8.8.8", "Public"),
            ("169.254.169.254", "Reserved"),
            ("100.64.0.1", "Reserved"),
            ("255.255.255.255", "Broadcast"),
            ("224.0.0.1", "Reserved"),
            ("0.0.0.0", "Reserved"),
            ("::1", "Loopback"),
            ("::ffff:1.2.3.4", "FourToSixMapping"),
            ("2001:0:1::1", "Teredo"),
            ("fd00::1", "Private"),
            ("fe80::1", "Reserved"),
            ("2606:4700::1111", "Public"),
            ("2001:db8::1", "Reserved"),
            ("::", "Reserved"),
        ] {
            assert_eq!(class(text.parse().expect("an address")), expected, "{text}");
        }
        assert_eq!(address(&[1, 2, 3]), None);
    }
}
