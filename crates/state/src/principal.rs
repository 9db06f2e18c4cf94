//! Who acts, and what they may do in general.

use std::fmt;
use std::str::FromStr;

use palisade_types::{TenantId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Actor, DeviceScope, StateError};

/// What someone may do. The order is by power.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads devices and events, hunts, has own sessions and tokens.
    Reader,
    /// Acts on devices besides: orders, fixes, exclusions, roll-outs, tags. Not people, credentials,
    /// plans or device groups.
    Operator,
    /// Everything.
    Administrator,
}

impl Role {
    /// The role as it is written everywhere.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Operator => "operator",
            Self::Administrator => "administrator",
        }
    }

    /// Whether somebody with this role must have a second factor: who can change things.
    pub fn needs_second_factor(self) -> bool {
        self > Self::Reader
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = StateError;

    fn from_str(s: &str) -> Result<Self, StateError> {
        match s {
            "reader" => Ok(Self::Reader),
            "operator" => Ok(Self::Operator),
            "administrator" => Ok(Self::Administrator),
            _ => {
                Err(StateError::InvalidArgument("the role must be administrator, operator or reader".into()))
            }
        }
    }
}

/// By what someone proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrincipalKind {
    /// A session of the console.
    Session {
        /// The session.
        id: Uuid,
    },
    /// An API token.
    Token {
        /// The token.
        id: Uuid,
    },
}

/// Someone who is signed in, for the length of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The tenant; nothing outside it is visible.
    pub tenant: TenantId,
    /// Session or token.
    pub kind: PrincipalKind,
    /// The user; `None` for a token of the instance itself.
    pub user: Option<UserId>,
    /// The user's e-mail address; empty for a token of the instance itself.
    pub email: String,
    /// The user's name, or the token's.
    pub name: String,
    /// What they may do: for a token the lesser of its own role and its user's.
    pub role: Role,
    /// Of what the role may, only this, by name; all of it when absent.
    pub permissions: Option<Vec<String>>,
    /// Which devices they see and act on: for a token within its user's.
    pub devices: DeviceScope,
}

impl Principal {
    /// How the audit log names them.
    pub fn actor(&self) -> Actor {
        match self.kind {
            PrincipalKind::Session { .. } => {
                Actor { kind: "user", id: self.user.map(|u| u.0), name: self.email.clone() }
            }
            PrincipalKind::Token { id } => {
                let name = if self.email.is_empty() {
                    self.name.clone()
                } else {
                    format!("{} ({})", self.email, self.name)
                };
                Actor { kind: "token", id: Some(id), name }
            }
        }
    }
}
