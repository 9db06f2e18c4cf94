//! IPv4 addresses.

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
        "format_ipv4" => format,
        "ipv4_netmask_suffix" => {
            |_, a| parse(arg(a, 0).text()).map_or(V::Null, |(_, bits)| V::Int(i64::from(bits)))
        }
        "has_ipv4" => |_, a| {
            let wanted = arg(a, 1).text();
            if parse(wanted).is_none() {
                return V::Bool(false);
            }
            let found = arg(a, 0)
                .text()
                .split(|c: char| !c.is_ascii_alphanumeric() && c != '.')
                .any(|w| w.trim_matches('.') == wanted);
            V::Bool(found)
        },
        "has_ipv4_prefix" => |_, a| {
            let wanted = arg(a, 1).text();
            // A prefix ends with a dot, unless it is a whole address.
            let whole = parse(wanted).is_some();
            if !whole && !wanted.ends_with('.') {
                return V::Bool(false);
            }
            let words = arg(a, 0).text().split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
            let mut addresses = words.map(|w| w.trim_matches('.')).filter(|w| parse(w).is_some());
            V::Bool(addresses.any(|w| if whole { w == wanted } else { w.starts_with(wanted) }))
        },
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

fn format(call: &Call<'_>, a: &[V<'_>]) -> V<'static> {
    let bits = arg(a, 1).int().and_then(|n| u32::try_from(n).ok());
    let (ip, own) = match (arg(a, 0), call.ty(0)) {
        (V::Int(n), _) => match u32::try_from(*n) {
            Ok(ip) => (ip, 32),
            Err(_) => return V::string(""),
        },
        (V::Str(s), Type::String) => match parse(s) {
            Some(found) => found,
            None => return V::string(""),
        },
        _ => return V::string(""),
    };
    let bits = bits.unwrap_or(own).min(32);
    V::string(std::net::Ipv4Addr::from(mask(ip, bits)).to_string())
}
