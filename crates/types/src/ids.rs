use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// An identifier that does not have the form its type asks for.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{what} is malformed")]
pub struct IdError {
    what: &'static str,
}

/// A device, for ever: 20 bytes, written as 40 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(pub [u8; 20]);

impl DeviceId {
    /// A new random device identifier from the operating system's generator.
    ///
    /// # Panics
    /// When the operating system has no randomness to give, which leaves nothing safe to do.
    pub fn random() -> Self {
        let mut bytes = [0u8; 20];
        getrandom::fill(&mut bytes).expect("the operating system gives randomness");
        Self(bytes)
    }

    /// Reads the raw form; `None` unless exactly 20 bytes are given.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceId({self})")
    }
}

impl FromStr for DeviceId {
    type Err = IdError;

    fn from_str(s: &str) -> Result<Self, IdError> {
        let lower = s.len() == 40 && !s.bytes().any(|b| b.is_ascii_uppercase());
        let mut bytes = [0u8; 20];
        if !lower || hex::decode_to_slice(s, &mut bytes).is_err() {
            return Err(IdError { what: "device id" });
        }
        Ok(Self(bytes))
    }
}

impl Serialize for DeviceId {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DeviceId {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new random identifier.
            pub fn random() -> Self {
                Self(Uuid::new_v4())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(s: &str) -> Result<Self, IdError> {
                Uuid::parse_str(s).map(Self).map_err(|_| IdError { what: $what })
            }
        }
    };
}

uuid_id!(
    /// A tenant: the boundary that no data crosses.
    TenantId,
    "tenant id"
);
uuid_id!(
    /// A person or program with an account in a tenant.
    UserId,
    "user id"
);
uuid_id!(
    /// One order to one device.
    OrderId,
    "order id"
);
uuid_id!(
    /// A subscription: the part of a tenant that has plans, connectors and a bill of its own.
    SubscriptionId,
    "subscription id"
);
uuid_id!(
    /// A machine of the estate, whether or not it has a sensor; kept over moves and reinstalls.
    MachineId,
    "machine id"
);

/// One life of a sensor's spool: random when the spool is created, so that a copied or restored
/// spool that goes on counting on its own is told apart from the original.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub u64);

impl Epoch {
    /// A new random epoch, never zero.
    ///
    /// # Panics
    /// When the operating system has no randomness to give.
    pub fn random() -> Self {
        let mut bytes = [0u8; 8];
        getrandom::fill(&mut bytes).expect("the operating system gives randomness");
        Self(u64::from_le_bytes(bytes).max(1))
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_id_round_trips_and_refuses_other_forms() {
        let id = DeviceId::random();
        assert_eq!(id.to_string().parse::<DeviceId>(), Ok(id));
        assert_eq!(id.to_string().len(), 40);
        assert!(
            id.to_string()
                .to_uppercase()
                .replace(|c: char| c.is_ascii_digit(), "A")
                .parse::<DeviceId>()
                .is_err()
        );
        assert!("abc".parse::<DeviceId>().is_err());
    }
}
