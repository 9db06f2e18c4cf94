//! JSON shapes that several endpoints share.

use palisade_state as state;
use palisade_types::{TenantId, TimeMicros};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::instant::Instant;

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// Everything.
    Administrator,
    /// Acts on devices besides: orders, fixes, exclusions, roll-outs, tags.
    Operator,
    /// Reads devices and events, hunts, has own sessions and tokens.
    Reader,
}

impl From<state::Role> for Role {
    fn from(role: state::Role) -> Self {
        match role {
            state::Role::Administrator => Self::Administrator,
            state::Role::Operator => Self::Operator,
            state::Role::Reader => Self::Reader,
        }
    }
}

impl From<Role> for state::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Administrator => Self::Administrator,
            Role::Operator => Self::Operator,
            Role::Reader => Self::Reader,
        }
    }
}

/// A tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tenant {
    /// Its identifier.
    pub id: String,
    /// Its name.
    pub name: String,
}

impl From<state::Tenant> for Tenant {
    fn from(tenant: state::Tenant) -> Self {
        Self { id: tenant.id.to_string(), name: tenant.name }
    }
}

/// A person with an account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct User {
    /// Identifier.
    pub id: String,
    /// Address.
    pub email: String,
    /// Name.
    pub name: String,
    /// Role.
    pub role: Role,
    /// `invited` until the set-up link is used, then `active`; `disabled`.
    pub state: String,
    /// Whether a second factor is set up.
    pub totp_enabled: bool,
    /// When the account was made.
    pub created_at: Instant,
    /// The last sign-in.
    #[schema(required = true)]
    pub last_sign_in: Option<Instant>,
    /// The device groups that the account is limited to; null for all devices.
    #[schema(required = true)]
    pub device_groups: Option<Vec<String>>,
    /// When the set-up link that was not used yet ends, or has ended; null where there is none.
    #[schema(required = true)]
    pub setup_link_expires_at: Option<Instant>,
}

impl From<state::User> for User {
    fn from(user: state::User) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email,
            name: user.name,
            role: user.role.into(),
            state: user.state.as_str().to_owned(),
            totp_enabled: user.totp,
            created_at: user.created_at.into(),
            last_sign_in: Instant::maybe(user.last_sign_in_at),
            device_groups: user.groups.as_deref().map(texts),
            setup_link_expires_at: Instant::maybe(user.link_expires_at),
        }
    }
}

/// Identifiers as texts.
pub(crate) fn texts(ids: &[Uuid]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

/// A number of days or hours from now.
pub(crate) fn in_seconds(now: TimeMicros, seconds: i64) -> TimeMicros {
    now.plus_micros(seconds.saturating_mul(1_000_000))
}

/// The tenant's name; its identifier where it is gone.
pub(crate) async fn tenant_of(state: &state::State, id: TenantId) -> state::Result<Tenant> {
    let found = state.tenant(id).await?;
    Ok(found.map_or_else(|| Tenant { id: id.to_string(), name: id.to_string() }, Into::into))
}
