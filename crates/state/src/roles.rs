//! The database roles. None of them may bypass row-level security.

use std::fmt;

/// A role of the database, one for each part of the server that connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DbRole {
    /// Owns the tables and runs migrations; used by the supervisor and the command line.
    Owner,
    /// The API: people, reading devices, giving orders.
    Api,
    /// Ingest: enrolment, certificates, presence of devices, delivery of orders.
    Ingest,
    /// The lake process with its projections: presence of devices, receipts.
    Lake,
    /// The estate process: machines, their health and metering, what to do next on them.
    Estate,
    /// The connect process: runs what the estate process asks for on machines.
    Connect,
    /// The vuln process: what inventories are vulnerable to, and what to do first.
    Vuln,
}

impl DbRole {
    /// Every role.
    pub const ALL: [Self; 7] =
        [Self::Owner, Self::Api, Self::Ingest, Self::Lake, Self::Estate, Self::Connect, Self::Vuln];

    /// The role's name in PostgreSQL.
    pub fn name(self) -> &'static str {
        match self {
            Self::Owner => "palisade_owner",
            Self::Api => "palisade_api",
            Self::Ingest => "palisade_ingest",
            Self::Lake => "palisade_lake",
            Self::Estate => "palisade_estate",
            Self::Connect => "palisade_connect",
            Self::Vuln => "palisade_vuln",
        }
    }

    /// How many connections a pool of this role may hold in each database; together they stay
    /// below the embedded cluster's 60.
    pub fn default_connections(self) -> u32 {
        match self {
            Self::Owner => 3,
            Self::Api => 10,
            Self::Ingest => 8,
            Self::Lake | Self::Estate | Self::Connect | Self::Vuln => 4,
        }
    }
}

impl fmt::Display for DbRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
