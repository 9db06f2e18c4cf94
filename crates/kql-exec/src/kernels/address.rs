//! Addresses of IPv4 and IPv6.

use palisade_kql::Type;

use super::text::array_texts;
use super::{Call, RowFn, arg};
use crate::value::V;

pub(super) fn lookup(name: &str) -> Option<RowFn> {
    Some(match name {
        "ipv4_is_private" => |_, a| match parse(arg(a, 0).text()) {
            Some((ip, _)) => V::Bool(PRIVATE.iter().any(|(net, bits)| mask(ip, *bits) == *net)),
            None => V::Null,
        },
        "ipv4_is_in_range" => |_, a| in_range(arg(a, 0).text(), arg(a, 1).text()).map_or(V::Null, V::Bool),
        "ipv4_is_in_any_range_list" => |_, a| {
            let ip = arg(a, 0).text();
            any_range(ip, a.iter().skip(1).map(V::text))
        },
        "ipv4_is_in_any_range_array" => |_, a| {
            let list = array_texts(arg(a, 1));
            any_range(arg(a, 0).text(), list.iter().map(String::as_str))
        },
        "ipv4_is_match" => |_, a| compare(a).map_or(V::Null, |n| V::Bool(n == 0)),
        "ipv4_compare" => |_, a| compare(a).map_or(V::Null, V::Int),
        "parse_ipv4" => {
            |_, a| parse(arg(a, 0).text()).map_or(V::Null, |(ip, bits)| V::Int(i64::from(mask(ip, bits))))
        }
        "format_ipv4" => |c, a| V::string(format(c, a).map(|(ip, _)| ip.to_string()).unwrap_or_default()),
        "format_ipv4_mask" => {
            |c, a| V::string(format(c, a).map(|(ip, bits)| format!("{ip}/{bits}")).unwrap_or_default())
        }
        "parse_ipv4_mask" => |_, a| {
            let bits = arg(a, 1).int().and_then(|n| u32::try_from(n).ok()).filter(|n| *n <= 32);
            match (parse(arg(a, 0).text()), bits) {
                (Some((ip, own)), Some(bits)) => V::Int(i64::from(mask(ip, own.min(bits)))),
                _ => V::Null,
            }
        },
        "parse_ipv6" => |_, a| V::string(parse6(arg(a, 0).text()).map(full).unwrap_or_default()),
        "parse_ipv6_mask" => |_, a| {
            let bits = arg(a, 1).int().and_then(|n| u32::try_from(n).ok()).filter(|n| *n <= 128);
            let both = parse6(arg(a, 0).text()).zip(bits);
            V::string(both.map(|((ip, own), bits)| full((ip, own.min(bits)))).unwrap_or_default())
        },
        "ipv6_compare" => |_, a| compare6(a).map_or(V::Null, V::Int),
        "ipv6_is_match" => |_, a| compare6(a).map_or(V::Null, |n| V::Bool(n == 0)),
        "ipv6_is_in_range" => |_, a| in_range6(arg(a, 0).text(), arg(a, 1).text()).map_or(V::Null, V::Bool),
        "ipv6_is_in_any_range_list" => |_, a| any_range6(arg(a, 0).text(), a.iter().skip(1).map(V::text)),
        "ipv6_is_in_any_range_array" => |_, a| {
            let list = array_texts(arg(a, 1));
            any_range6(arg(a, 0).text(), list.iter().map(String::as_str))
        },
        "has_any_ipv4_list" => {
            |_, a| V::Bool(a.iter().skip(1).any(|wanted| has_address(arg(a, 0).text(), wanted.text())))
        }
        "has_any_ipv4_array" => {
            |_, a| V::Bool(array_texts(arg(a, 1)).iter().any(|wanted| has_address(arg(a, 0).text(), wanted)))
        }
        "has_any_ipv4_prefix_list" => {
            |_, a| V::Bool(a.iter().skip(1).any(|wanted| has_prefix(arg(a, 0).text(), wanted.text())))
        }
        "has_any_ipv4_prefix_array" => {
            |_, a| V::Bool(array_texts(arg(a, 1)).iter().any(|wanted| has_prefix(arg(a, 0).text(), wanted)))
        }
        "ipv4_range_to_cidr_list" => cidr_list,
        "ipv4_netmask_suffix" => {
            |_, a| parse(arg(a, 0).text()).map_or(V::Null, |(_, bits)| V::Int(i64::from(bits)))
        }
        "has_ipv4" => |_, a| V::Bool(has_address(arg(a, 0).text(), arg(a, 1).text())),
        "has_ipv4_prefix" => |_, a| V::Bool(has_prefix(arg(a, 0).text(), arg(a, 1).text())),
        _ => return None,
    })
}

/// The private networks of RFC 1918.
const PRIVATE: [(u32, u32); 3] = [(0x0A00_0000, 8), (0xAC10_0000, 12), (0xC0A8_0000, 16)];

fn mask(ip: u32, bits: u32) -> u32 {
    if bits == 0 { 0 } else { ip & (u32::MAX << (32 - bits.min(32))) }
}

/// Address and prefix length (32 when none is written).
fn parse(text: &str) -> Option<(u32, u32)> {
    let (address, bits) = match text.trim().split_once('/') {
        Some((address, bits)) => (address, bits.parse::<u32>().ok().filter(|b| *b <= 32)?),
        None => (text.trim(), 32),
    };
    address.parse::<std::net::Ipv4Addr>().ok().map(|ip| (u32::from(ip), bits))
}

fn in_range(ip: &str, range: &str) -> Option<bool> {
    let ((ip, own), (net, bits)) = (parse(ip)?, parse(range)?);
    Some(own >= bits && mask(ip, bits) == mask(net, bits))
}

fn any_range<'r>(ip: &str, ranges: impl Iterator<Item = &'r str>) -> V<'static> {
    if parse(ip).is_none() {
        return V::Null;
    }
    V::Bool(ranges.into_iter().any(|r| in_range(ip, r) == Some(true)))
}

fn compare(a: &[V<'_>]) -> Option<i64> {
    let ((x, xb), (y, yb)) = (parse(arg(a, 0).text())?, parse(arg(a, 1).text())?);
    let given = arg(a, 2).int().and_then(|n| u32::try_from(n).ok()).unwrap_or(32);
    let bits = xb.min(yb).min(given);
    Some(match mask(x, bits).cmp(&mask(y, bits)) {
        std::cmp::Ordering::Less => -1,
        std::cmp::Ordering::Equal => 0,
        std::cmp::Ordering::Greater => 1,
    })
}

fn address_words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.').map(|w| w.trim_matches('.'))
}

fn has_address(text: &str, wanted: &str) -> bool {
    parse(wanted).is_some() && address_words(text).any(|w| w == wanted)
}

fn has_prefix(text: &str, wanted: &str) -> bool {
    // A prefix ends with a dot, unless it is a whole address.
    let whole = parse(wanted).is_some();
    if !whole && !wanted.ends_with('.') {
        return false;
    }
    let mut addresses = address_words(text).filter(|w| parse(w).is_some());
    addresses.any(|w| if whole { w == wanted } else { w.starts_with(wanted) })
}

/// The masked address and the length of its prefix.
fn format(call: &Call<'_>, a: &[V<'_>]) -> Option<(std::net::Ipv4Addr, u32)> {
    let (ip, own) = match (arg(a, 0), call.ty(0)) {
        (V::Int(n), _) => (u32::try_from(*n).ok()?, 32),
        (V::Str(s), Type::String) => parse(s)?,
        _ => return None,
    };
    let bits = match a.get(1) {
        Some(bits) => own.min(u32::try_from(bits.int()?).ok().filter(|b| *b <= 32)?),
        None => own,
    };
    Some((std::net::Ipv4Addr::from(mask(ip, bits)), bits))
}

/// Most blocks of a range: two per length of a prefix.
fn cidr_list(_: &Call<'_>, a: &[V<'_>]) -> V<'static> {
    let (Some((from, 32)), Some((to, 32))) = (parse(arg(a, 0).text()), parse(arg(a, 1).text())) else {
        return V::Null;
    };
    let (mut at, end) = (u64::from(from), u64::from(to) + 1);
    let mut blocks = Vec::new();
    while at < end {
        // The greatest block that begins here and does not reach too far.
        let aligned = if at == 0 { 32 } else { at.trailing_zeros().min(32) };
        let size = aligned.min((end - at).ilog2());
        let ip = std::net::Ipv4Addr::from(u32::try_from(at).unwrap_or(u32::MAX));
        blocks.push(serde_json::Value::from(format!("{ip}/{}", 32 - size)));
        at += 1 << size;
    }
    super::convert::from_json(&serde_json::Value::Array(blocks))
}

fn mask6(ip: u128, bits: u32) -> u128 {
    if bits == 0 { 0 } else { ip & (u128::MAX << (128 - bits.min(128))) }
}

/// An address of either version and its prefix length; IPv4 as it is mapped into IPv6 (RFC 4291, 2.5.5.2).
fn parse6(text: &str) -> Option<(u128, u32)> {
    if let Some((ip, bits)) = parse(text) {
        return Some((u128::from(std::net::Ipv4Addr::from(ip).to_ipv6_mapped()), bits + 96));
    }
    let (address, bits) = match text.trim().split_once('/') {
        Some((address, bits)) => (address, bits.parse::<u32>().ok().filter(|b| *b <= 128)?),
        None => (text.trim(), 128),
    };
    address.parse::<std::net::Ipv6Addr>().ok().map(|ip| (u128::from(ip), bits))
}

/// The masked address with all its digits.
fn full((ip, bits): (u128, u32)) -> String {
    let groups = std::net::Ipv6Addr::from(mask6(ip, bits)).segments();
    groups.map(|g| format!("{g:04x}")).join(":")
}

fn in_range6(ip: &str, range: &str) -> Option<bool> {
    let ((ip, own), (net, bits)) = (parse6(ip)?, parse6(range)?);
    Some(own >= bits && mask6(ip, bits) == mask6(net, bits))
}

fn any_range6<'r>(ip: &str, ranges: impl Iterator<Item = &'r str>) -> V<'static> {
    if parse6(ip).is_none() {
        return V::Null;
    }
    V::Bool(ranges.into_iter().any(|r| in_range6(ip, r) == Some(true)))
}

fn compare6(a: &[V<'_>]) -> Option<i64> {
    let ((x, xb), (y, yb)) = (parse6(arg(a, 0).text())?, parse6(arg(a, 1).text())?);
    let given = match a.get(2) {
        Some(bits) => u32::try_from(bits.int()?).ok().filter(|b| *b <= 128)?,
        None => 128,
    };
    let bits = xb.min(yb).min(given);
    Some(match mask6(x, bits).cmp(&mask6(y, bits)) {
        std::cmp::Ordering::Less => -1,
        std::cmp::Ordering::Equal => 0,
        std::cmp::Ordering::Greater => 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_cut_into_the_fewest_blocks() {
        let list = |from: &'static str, to: &'static str| {
            let call = Call { types: &[Type::String, Type::String], returns: Type::Dynamic };
            cidr_list(&call, &[V::string(from), V::string(to)]).text().to_owned()
        };
        assert_eq!(list("1.1.128.0", "1.1.140.255"), r#"["1.1.128.0/21","1.1.136.0/22","1.1.140.0/24"]"#);
        assert_eq!(list("0.0.0.0", "255.255.255.255"), r#"["0.0.0.0/0"]"#);
        assert_eq!(list("10.0.0.1", "10.0.0.1"), r#"["10.0.0.1/32"]"#);
        assert_eq!(list("10.0.0.2", "10.0.0.1"), "[]");
    }
}
