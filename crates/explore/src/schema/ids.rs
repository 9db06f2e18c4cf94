use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::schema;

macro_rules! named {
    ($(#[$doc:meta])* $name:ident, $find:ident, $all:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u16);

        impl $name {
            pub(crate) fn at(index: usize) -> Self {
                Self(u16::try_from(index).expect("a schema has fewer than 65,536 of anything"))
            }

            pub(crate) fn index(self) -> usize {
                usize::from(self.0)
            }

            /// The one with that name, if the schema has it.
            pub fn named(name: &str) -> Option<Self> {
                schema().$find(name)
            }

            /// Its stable name.
            pub fn name(self) -> &'static str {
                schema().$all[self.index()].name
            }

            /// Its name for people.
            pub fn title(self) -> &'static str {
                schema().$all[self.index()].title
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(self.name())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let name = String::deserialize(d)?;
                Self::named(&name).ok_or_else(|| serde::de::Error::custom(concat!("no such ", $what)))
            }
        }
    };
}

named!(
    /// A type of nodes, or a group of types.
    Kind,
    kind,
    types,
    "type"
);
named!(
    /// A connection as it is read from one of its sides: `affects`, `is_affected_by`.
    Reading,
    reading,
    readings,
    "connection"
);
named!(
    /// An insight.
    InsightId,
    insight,
    insights,
    "insight"
);

impl Reading {
    /// The same connection as it is read from its other side.
    pub fn reverse(self) -> Self {
        // A connection's two readings are made one after the other.
        Self::at(self.index() ^ 1)
    }
}

impl Kind {
    /// Whether it stands for several types and has no nodes of its own.
    pub fn is_group(self) -> bool {
        schema().type_of(self).is_group
    }
}

macro_rules! inner {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) struct $name(u16);

        impl $name {
            pub(crate) fn at(index: usize) -> Self {
                Self(u16::try_from(index).expect("a schema has fewer than 65,536 of anything"))
            }

            pub(crate) fn index(self) -> usize {
                usize::from(self.0)
            }
        }
    };
}

inner!(
    /// Nodes that share columns and numbers.
    TableId
);
inner!(
    /// A connection, whichever way it is read.
    ConnectionId
);
inner!(
    /// The edges of a connection between two tables.
    Relation
);
