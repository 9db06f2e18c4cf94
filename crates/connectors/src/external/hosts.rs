//! Which hosts may be read from, as the operator lists them.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use url::{Host, Url};

use crate::outward::{is_public, unmapped};

/// Most hosts that an operator lists.
pub const MOST_HOSTS: usize = 1_000;

/// The longest name of DNS.
const MAX_NAME: usize = 253;

/// A host that may be read from, with its port: `lists.example.com`, `*.example.com` (the names below it, not itself), an
/// IP address. Without a port it is that of the scheme: 443.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedHost {
    name: Name,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Name {
    Exact(String),
    Below(String),
    Address(IpAddr),
}

/// What is listed is no host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HostInvalid(String);

impl HostInvalid {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        "external_host_invalid"
    }
}

impl FromStr for AllowedHost {
    type Err = HostInvalid;

    fn from_str(text: &str) -> Result<Self, HostInvalid> {
        let shown: String = text.chars().take(MAX_NAME).collect();
        let bad = |why: &str| HostInvalid(format!("{shown:?} is no host that can be listed: {why}"));
        if text.contains("//") || text.contains(['/', '?', '#', '@']) {
            return Err(bad("give its name alone, without https://, path and user"));
        }
        // An IPv6 address with no brackets has no port.
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self { name: Name::Address(unmapped(address)), port: None });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (text, None),
        };
        let port = match port.map(str::parse::<u16>) {
            None => None,
            Some(Ok(port)) if port != 0 => Some(port),
            Some(_) => {
                return Err(bad("a port is a number from 1 to 65535, and an IPv6 address stands in [ ]"));
            }
        };
        let (host, below) = match host.strip_prefix("*.") {
            Some(host) => (host, true),
            None => (host, false),
        };
        let name = match Host::parse(host) {
            Ok(Host::Domain(name)) if !is_name(&name) => {
                return Err(bad(
                    "a name has letters, digits, - and _ between single dots, and * only as *. before it",
                ));
            }
            Ok(Host::Domain(name)) if below && !name.contains('.') => {
                return Err(bad("all names below a top-level domain are too many"));
            }
            Ok(Host::Domain(name)) if below => Name::Below(name),
            Ok(Host::Domain(name)) => Name::Exact(name),
            Ok(_) if below => return Err(bad("there is nothing below an address")),
            Ok(Host::Ipv4(v4)) => Name::Address(v4.into()),
            Ok(Host::Ipv6(v6)) => Name::Address(unmapped(v6.into())),
            Err(_) => return Err(bad("it is neither a name nor an IP address")),
        };
        Ok(Self { name, port })
    }
}

fn is_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    name.len() <= MAX_NAME && name.split('.').all(label)
}

impl fmt::Display for AllowedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Name::Exact(name) => f.write_str(name)?,
            Name::Below(name) => write!(f, "*.{name}")?,
            Name::Address(IpAddr::V4(v4)) => write!(f, "{v4}")?,
            Name::Address(IpAddr::V6(v6)) => write!(f, "[{v6}]")?,
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

impl AllowedHost {
    /// The entry that would list exactly this host of an address, or another one of its port.
    pub(super) fn wanted(host: &str, url: &Url) -> String {
        match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    fn has_port_of(&self, url: &Url) -> bool {
        // An address has none where it is that of the scheme.
        self.port.map_or(url.port().is_none(), |port| Some(port) == url.port_or_known_default())
    }

    fn is_host_of(&self, url: &Url) -> bool {
        self.has_port_of(url)
            && match (&self.name, url.host()) {
                (Name::Exact(name), Some(Host::Domain(host))) => host == name,
                (Name::Below(name), Some(Host::Domain(host))) => host
                    .strip_suffix(name.as_str())
                    .is_some_and(|front| front.len() > 1 && front.ends_with('.')),
                (Name::Address(address), Some(Host::Ipv4(host))) => *address == IpAddr::from(host),
                (Name::Address(address), Some(Host::Ipv6(host))) => *address == unmapped(host.into()),
                _ => false,
            }
    }
}

/// All that an operator lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedHosts(Vec<AllowedHost>);

impl AllowedHosts {
    /// The hosts of a list, and what in it is none and therefore allows nothing.
    pub fn read<S: AsRef<str>>(list: &[S]) -> (Self, Vec<HostInvalid>) {
        let (mut hosts, mut invalid) = (Vec::new(), Vec::new());
        for text in list.iter().take(MOST_HOSTS) {
            match text.as_ref().parse() {
                Ok(host) => hosts.push(host),
                Err(e) => invalid.push(e),
            }
        }
        (Self(hosts), invalid)
    }

    /// Whether the host of an address is listed, with its port.
    pub(super) fn lists(&self, url: &Url) -> bool {
        self.0.iter().any(|host| host.is_host_of(url))
    }

    /// Whether this IP address itself is listed, with the port of an address that leads to it.
    pub(super) fn lists_address(&self, address: IpAddr, url: &Url) -> bool {
        let plain = Name::Address(unmapped(address));
        self.0.iter().any(|host| host.name == plain && host.has_port_of(url))
    }

    /// Whether this IP address may be connected to for an address: it is public, or itself listed.
    pub(super) fn reaches(&self, address: IpAddr, url: &Url) -> bool {
        is_public(unmapped(address)) || self.lists_address(address, url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(list: &[&str]) -> AllowedHosts {
        let (hosts, invalid) = AllowedHosts::read(list);
        assert_eq!(invalid, []);
        hosts
    }

    fn url(text: &str) -> Url {
        text.parse().expect(text)
    }

    #[test]
    fn what_is_listed_is_read_and_written_in_one_form() {
        for (text, form) in [
            ("Lists.Example.com", "lists.example.com"),
            ("*.example.com", "*.example.com"),
            ("*.Example.com:8443", "*.example.com:8443"),
            ("localhost:80", "localhost:80"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1:1", "192.0.2.1:1"),
            ("127.1", "127.0.0.1"),
            ("::1", "[::1]"),
            ("[::1]", "[::1]"),
            ("[::1]:8443", "[::1]:8443"),
            ("::ffff:10.0.0.1", "10.0.0.1"),
            ("[::ffff:10.0.0.1]:443", "10.0.0.1:443"),
        ] {
            let host: AllowedHost = text.parse().expect(text);
            assert_eq!(host.to_string(), form);
            assert_eq!(form.parse::<AllowedHost>().expect(form), host, "{form} means the same");
        }
    }

    #[test]
    fn what_is_no_host_is_refused_with_the_reason() {
        for (text, why) in [
            ("", "neither a name"),
            ("https://lists.example.com", "its name alone"),
            ("lists.example.com/a.csv", "its name alone"),
            ("user@lists.example.com", "its name alone"),
            ("lists.example.com:0", "a port"),
            ("lists.example.com:65536", "a port"),
            ("lists.example.com:https", "a port"),
            ("lists.example.com:", "a port"),
            ("*", "only as *."),
            ("*.*.example.com", "only as *."),
            ("lists.*.com", "only as *."),
            ("*lists.example.com", "only as *."),
            ("*.com", "top-level"),
            ("*.127.0.0.1", "nothing below"),
            ("a..b", "single dots"),
            ("lists.example.com.", "single dots"),
            ("two words", "neither a name"),
            ("[::1", "neither a name"),
            ("1.2.3.4.5", "neither a name"),
            (&"x".repeat(64), "single dots"),
        ] {
            let error = text.parse::<AllowedHost>().expect_err(text);
            assert_eq!(error.code(), "external_host_invalid");
            assert!(error.to_string().contains(why), "{text}: {error}");
        }
        let (hosts, invalid) = AllowedHosts::read(&["a.example", "*.com"]);
        assert!(hosts.lists(&url("https://a.example/")) && invalid.len() == 1, "the others hold");
    }

    #[test]
    fn a_host_is_the_one_that_is_listed_and_no_other() {
        let listed = hosts(&["a.example", "*.b.example", "c.example:8443", "192.0.2.1", "[2001:db8::1]:444"]);
        for (address, is) in [
            ("https://a.example/x", true),
            ("https://A.EXAMPLE:443/x", true),
            ("https://a.example:8443/", false),
            ("https://b.a.example/", false),
            ("https://xa.example/", false),
            ("https://a.example.evil.example/", false),
            ("https://a.example./", false),
            ("https://x.b.example/", true),
            ("https://x.y.b.example/", true),
            ("https://b.example/", false),
            ("https://xb.example/", false),
            ("https://.b.example/", false),
            ("https://c.example:8443/", true),
            ("https://c.example/", false),
            ("https://192.0.2.1/", true),
            ("https://[::ffff:192.0.2.1]/", true),
            ("https://3221225985/", true),
            ("https://192.0.2.2/", false),
            ("https://[2001:db8::1]:444/", true),
            ("https://[2001:db8::1]/", false),
        ] {
            assert_eq!(listed.lists(&url(address)), is, "{address}");
        }
        assert!(!AllowedHosts::default().lists(&url("https://a.example/")), "none is listed by itself");
    }

    #[test]
    fn an_inward_address_is_reached_only_where_it_is_listed_itself() {
        let listed = hosts(&["intranet.example", "10.0.0.1", "127.0.0.1:8443", "[fd00::1]"]);
        let (plain, other) = (url("https://intranet.example/"), url("https://intranet.example:8443/"));
        for (address, at_443, at_8443) in [
            ("8.8.8.8", true, true),
            ("2606:4700::1111", true, true),
            ("10.0.0.1", true, false),
            ("::ffff:10.0.0.1", true, false),
            ("127.0.0.1", false, true),
            ("fd00::1", true, false),
            ("10.0.0.2", false, false),
            ("127.0.0.2", false, false),
            ("169.254.169.254", false, false),
            ("224.0.0.1", false, false),
            ("0.0.0.0", false, false),
            ("::", false, false),
            ("::1", false, false),
            ("fe80::1", false, false),
            ("ff02::1", false, false),
            ("::ffff:127.0.0.2", false, false),
            ("64:ff9b::a00:2", false, false),
        ] {
            let ip = address.parse().expect(address);
            assert_eq!(
                (listed.reaches(ip, &plain), listed.reaches(ip, &other)),
                (at_443, at_8443),
                "{address}"
            );
        }
    }
}
