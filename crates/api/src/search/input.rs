//! Recognising what was typed.

use std::net::IpAddr;

use palisade_estate::health::Code;
use serde::Serialize;
use utoipa::ToSchema;

/// What a text may be; one may be several things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum InputKind {
    /// An address of IPv4.
    Ipv4,
    /// An address of IPv6.
    Ipv6,
    /// A range of addresses, such as `10.0.0.0/8`.
    Cidr,
    /// A hash: SHA-256.
    Sha256,
    /// SHA-1; a device's identifier looks the same.
    Sha1,
    /// MD5.
    Md5,
    /// A device's identifier.
    DeviceId,
    /// An identifier of anything else.
    Uuid,
    /// A path of a file.
    Path,
    /// An e-mail address.
    Email,
    /// The code of a health finding.
    FindingCode,
    /// A name of something: a machine, a file, a user.
    Name,
}

/// A text with what it may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Input {
    /// The text, trimmed.
    pub text: String,
    /// What it may be, the likeliest first.
    pub kinds: Vec<InputKind>,
    /// The address, or the network's address and the bits that are fixed.
    pub network: Option<(IpAddr, u8)>,
}

impl Input {
    /// Recognises a text; `None` where nothing is left of it.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let clean: String = text.chars().filter(|c| !c.is_control()).collect();
        let text = clean.trim().to_owned();
        if text.is_empty() {
            return None;
        }
        let network = network(&text);
        let kinds = match network {
            Some((_, true)) => vec![InputKind::Cidr],
            Some(((IpAddr::V4(_), _), false)) => vec![InputKind::Ipv4],
            Some(((IpAddr::V6(_), _), false)) => vec![InputKind::Ipv6],
            None => words(&text),
        };
        Some(Self { text, kinds, network: network.map(|(network, _)| network) })
    }

    /// Whether it may be this.
    pub(crate) fn is(&self, kind: InputKind) -> bool {
        self.kinds.contains(&kind)
    }
}

/// An address with its bits, and whether it was written as a range.
fn network(text: &str) -> Option<((IpAddr, u8), bool)> {
    let plain = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    let (address, bits) = match plain.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (plain, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    match bits {
        None => Some(((address, most), false)),
        Some(bits) if bits.len() <= 3 && bits.bytes().all(|b| b.is_ascii_digit()) => {
            let bits: u8 = bits.parse().ok().filter(|b| *b <= most)?;
            Some(((address, bits), true))
        }
        Some(_) => None,
    }
}

fn words(text: &str) -> Vec<InputKind> {
    let hex = text.bytes().all(|b| b.is_ascii_hexdigit());
    if hex {
        match text.len() {
            64 => return vec![InputKind::Sha256],
            40 => return vec![InputKind::DeviceId, InputKind::Sha1],
            32 => return vec![InputKind::Md5],
            _ => {}
        }
    }
    if uuid::Uuid::try_parse(text).is_ok() {
        return vec![InputKind::Uuid];
    }
    if text.starts_with('/') || text.starts_with("~/") || text.contains("\\") {
        return vec![InputKind::Path];
    }
    if text.parse::<Code>().is_ok() {
        return vec![InputKind::FindingCode, InputKind::Name];
    }
    let email = text.split_once('@').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty());
    if email && !text.contains(char::is_whitespace) { vec![InputKind::Email] } else { vec![InputKind::Name] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use InputKind as K;

    #[test]
    fn what_is_typed_is_recognised() {
        let sha = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        for (text, kinds) in [
            ("10.1.2.3", vec![K::Ipv4]),
            (" 10.1.2.3 ", vec![K::Ipv4]),
            ("10.1.2", vec![K::Name]),
            ("10.0.0.0/8", vec![K::Cidr]),
            ("10.0.0.0/33", vec![K::Name]),
            ("10.0.0.0/-1", vec![K::Name]),
            ("::1", vec![K::Ipv6]),
            ("[2001:db8::7]", vec![K::Ipv6]),
            ("2001:db8::/32", vec![K::Cidr]),
            (sha, vec![K::Sha256]),
            (&sha.to_uppercase(), vec![K::Sha256]),
            (&sha[..40], vec![K::DeviceId, K::Sha1]),
            (&sha[..32], vec![K::Md5]),
            (&sha[..39], vec![K::Name]),
            ("8b6a1f0c-9d1e-4a53-8b1f-0c9d1e4a538b", vec![K::Uuid]),
            ("/usr/bin/curl", vec![K::Path]),
            ("C:\\Windows", vec![K::Path]),
            ("heartbeat_lost", vec![K::FindingCode, K::Name]),
            ("heartbeat", vec![K::Name]),
            ("ann@example.org", vec![K::Email]),
            ("@ann", vec![K::Name]),
            ("web-1", vec![K::Name]),
            ("a b@c d", vec![K::Name]),
        ] {
            assert_eq!(Input::read(text).expect("something").kinds, kinds, "{text}");
        }
        assert_eq!(Input::read(" \u{1}\n "), None);
        let network = Input::read("10.1.2.3/24").expect("a range").network;
        assert_eq!(network, Some(("10.1.2.3".parse().expect("one"), 24)));
    }
}
