//! People with an account in a tenant.

use std::str::FromStr;

use palisade_types::{TenantId, TimeMicros, UserId};
use serde::Serialize;
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::error::is_unique_violation;
use crate::setup::{self, LinkFor};
use crate::{Result, Role, SetupLink, State, StateError, row};

/// Where an account is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UserState {
    /// Has a set-up link that is not used yet.
    Invited,
    /// Can sign in.
    Active,
    /// Cannot sign in; sessions and tokens are refused.
    Disabled,
}

impl UserState {
    /// The state as it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }
}

impl FromStr for UserState {
    type Err = StateError;

    fn from_str(s: &str) -> Result<Self, StateError> {
        match s {
            "invited" => Ok(Self::Invited),
            "active" => Ok(Self::Active),
            "disabled" => Ok(Self::Disabled),
            _ => Err(StateError::InvalidArgument("unknown state of a user".into())),
        }
    }
}

/// A user, without any secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The identifier.
    pub id: UserId,
    /// The e-mail address in lower case.
    pub email: String,
    /// The name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Where the account is in its life.
    pub state: UserState,
    /// Whether a second factor is set up.
    pub totp: bool,
    /// When the account was made.
    pub created_at: TimeMicros,
    /// The last sign-in.
    pub last_sign_in_at: Option<TimeMicros>,
}

/// Whom to invite.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The e-mail address, in any case.
    pub email: String,
    /// The name.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

/// The address in lower case, if it looks like one: something@something, 3 to 254 characters, no
/// spaces, control characters or colons (an authenticator's address line cannot hold a colon).
pub(crate) fn normalise_email(email: &str) -> Result<String> {
    let email = email.trim().to_lowercase();
    let shaped =
        email.split_once('@').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty() && !b.contains('@'));
    let bad = |c: char| c.is_whitespace() || c.is_control() || c == ':';
    if !shaped || email.chars().count() > 254 || email.chars().any(bad) {
        return Err(StateError::EmailInvalid);
    }
    Ok(email)
}

const COLUMNS: &str =
    "id, email, name, role, state, totp_secret IS NOT NULL AS totp, created_at, last_sign_in_at";

fn user(row: &PgRow) -> Result<User> {
    Ok(User {
        id: UserId(row.try_get("id")?),
        email: row.try_get("email")?,
        name: row.try_get("name")?,
        role: row::parsed(row, "role")?,
        state: row::parsed(row, "state")?,
        totp: row.try_get("totp")?,
        created_at: row::time(row, "created_at")?,
        last_sign_in_at: row::time_opt(row, "last_sign_in_at")?,
    })
}

impl State {
    /// Every user of the tenant, by e-mail address.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn users(&self, tenant: TenantId) -> Result<Vec<User>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sql = format!("SELECT {COLUMNS} FROM users WHERE tenant_id = $1 ORDER BY email");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tenant.0).fetch_all(&mut *tx).await?;
        tx.commit().await?;
        rows.iter().map(user).collect()
    }

    /// One user.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn user(&self, tenant: TenantId, id: UserId) -> Result<User> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sql = format!("SELECT {COLUMNS} FROM users WHERE tenant_id = $1 AND id = $2");
        let found =
            sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tenant.0).bind(id.0).fetch_optional(&mut *tx).await?;
        tx.commit().await?;
        user(&found.ok_or(StateError::NotFound("user"))?)
    }

    /// Whether someone can administer the tenant already.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn has_administrator(&self, tenant: TenantId) -> Result<bool> {
        let mut tx = self.tenant_tx(tenant).await?;
        let found = sqlx::query_scalar(
            "SELECT exists (SELECT FROM users WHERE tenant_id = $1 AND role = 'administrator' AND state = 'active')",
        )
        .bind(tenant.0)
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(found)
    }

    /// Makes an account that becomes usable by its one-time set-up link.
    ///
    /// # Errors
    /// `email_invalid`, `name_invalid`, `email_taken`.
    pub async fn invite_user(
        &self,
        tenant: TenantId,
        new: NewUser,
        now: TimeMicros,
    ) -> Result<(User, SetupLink)> {
        let user = User {
            id: UserId::random(),
            email: normalise_email(&new.email)?,
            name: row::name(&new.name)?,
            role: new.role,
            state: UserState::Invited,
            totp: false,
            created_at: now,
            last_sign_in_at: None,
        };
        let mut tx = self.tenant_tx(tenant).await?;
        sqlx::query(
            "INSERT INTO users (tenant_id, id, email, name, role, state, created_at)
             VALUES ($1, $2, $3, $4, $5, 'invited', $6)",
        )
        .bind(tenant.0)
        .bind(user.id.0)
        .bind(&user.email)
        .bind(&user.name)
        .bind(user.role.as_str())
        .bind(now.0)
        .execute(&mut *tx)
        .await
        .map_err(|e| if is_unique_violation(&e) { StateError::EmailTaken } else { e.into() })?;
        let link =
            setup::insert_link(&mut tx, self.auth(), tenant, LinkFor::User(user.id, user.role), now).await?;
        tx.commit().await?;
        Ok((user, link))
    }

    /// Removes an account with its sessions, tokens and links.
    ///
    /// # Errors
    /// `not_found`, `last_administrator`.
    pub async fn delete_user(&self, tenant: TenantId, id: UserId) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        // Locks every administrator, so that two removals cannot both see the other one left.
        let administrators: Vec<uuid::Uuid> = sqlx::query_scalar(
            "SELECT id FROM users WHERE tenant_id = $1 AND role = 'administrator' AND state = 'active'
             ORDER BY id FOR UPDATE",
        )
        .bind(tenant.0)
        .fetch_all(&mut *tx)
        .await?;
        if administrators == [id.0] {
            return Err(StateError::LastAdministrator);
        }
        let done = sqlx::query("DELETE FROM users WHERE tenant_id = $1 AND id = $2")
            .bind(tenant.0)
            .bind(id.0)
            .execute(&mut *tx)
            .await?;
        if done.rows_affected() == 0 {
            return Err(StateError::NotFound("user"));
        }
        tx.commit().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_lowered_and_checked() {
        assert_eq!(normalise_email(" Ann@Example.ORG ").expect("good"), "ann@example.org");
        for bad in
            ["", "ann", "@b", "a@", "a b@c", "a@b@c", "a:b@c", "a\n@c", &format!("{}@c", "x".repeat(260))]
        {
            assert!(normalise_email(bad).is_err(), "{bad}");
        }
    }
}
