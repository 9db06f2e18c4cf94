use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Addresses with a common beginning, such as `10.0.0.0/8`. The bits behind the prefix are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network {
    base: IpAddr,
    prefix: u8,
}

/// A text that is no network.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a network is an address and a length, such as 10.0.0.0/8 or 2001:db8::/32")]
pub struct NetworkError;

impl Network {
    /// The network of that length around an address; an IPv4 address written as IPv6 becomes IPv4.
    ///
    /// # Errors
    /// [`NetworkError`] when the prefix is longer than the address.
    pub fn new(address: IpAddr, prefix: u8) -> Result<Self, NetworkError> {
        let canonical = address.to_canonical();
        let prefix = match (address, canonical) {
            (IpAddr::V6(_), IpAddr::V4(_)) => prefix.checked_sub(96).ok_or(NetworkError)?,
            _ => prefix,
        };
        let base = match canonical {
            IpAddr::V4(a) if prefix <= 32 => {
                let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from(u32::from(a) & mask))
            }
            IpAddr::V6(a) if prefix <= 128 => {
                let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from(u128::from(a) & mask))
            }
            _ => return Err(NetworkError),
        };
        Ok(Self { base, prefix })
    }

    /// Whether the address lies in it. Addresses of the other family never do.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.base.is_ipv4()
            && Self::new(address, self.prefix).is_ok_and(|n| n.base == self.base)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    /// Reads `address/length`; an address alone is a network of one.
    fn from_str(s: &str) -> Result<Self, NetworkError> {
        let (address, prefix) = match s.split_once('/') {
            Some((address, prefix)) if prefix.len() <= 3 && prefix.bytes().all(|b| b.is_ascii_digit()) => {
                (address, Some(prefix.parse().map_err(|_| NetworkError)?))
            }
            Some(_) => return Err(NetworkError),
            None => (s, None),
        };
        let address: IpAddr = address.trim().parse().map_err(|_| NetworkError)?;
        let whole = if address.is_ipv4() { 32 } else { 128 };
        Self::new(address, prefix.unwrap_or(whole))
    }
}
