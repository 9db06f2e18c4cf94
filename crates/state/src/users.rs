//! People with an account in a tenant.

use std::str::FromStr;
use std::time::Duration;

use palisade_types::{TenantId, TimeMicros, UserId};
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::error::is_unique_violation;
use crate::limits::{self, Holder};
use crate::setup::{self, LinkFor};
use crate::{Result, Role, SetupLink, State, StateError, row, sessions};

/// The longest life of a set-up link.
const MAX_LINK: Duration = Duration::from_secs(14 * 24 * 3600);

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
    /// The device groups that they are limited to; all devices when absent.
    pub groups: Option<Vec<Uuid>>,
    /// When their set-up link that is not used yet ends, if there is one; it may have ended.
    pub link_expires_at: Option<TimeMicros>,
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
    /// The device groups that they are limited to; all devices when absent.
    pub groups: Option<Vec<Uuid>>,
    /// How long the link is good, up to 14 days; as the policy says when absent.
    pub valid_for: Option<Duration>,
}

/// What an account shall be from now on.
#[derive(Clone, Debug)]
pub struct UserChange {
    /// The name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whether they are kept out: their sessions end, their tokens are refused.
    pub disabled: bool,
    /// The device groups that they are limited to; all devices when absent.
    pub groups: Option<Vec<Uuid>>,
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

fn select() -> String {
    format!(
        "SELECT u.id, u.email, u.name, u.role, u.state, u.totp_secret IS NOT NULL AS totp, u.created_at,
             u.last_sign_in_at, {},
             (SELECT max(l.expires_at) FROM setup_links l
              WHERE l.tenant_id = u.tenant_id AND l.user_id = u.id AND l.used_at IS NULL) AS link_expires_at
         FROM users u WHERE u.tenant_id = $1",
        limits::OF_USER
    )
}

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
        groups: row.try_get("user_groups")?,
        link_expires_at: row::time_opt(row, "link_expires_at")?,
    })
}

impl State {
    /// Every user of the tenant, by e-mail address.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn users(&self, tenant: TenantId) -> Result<Vec<User>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sql = format!("{} ORDER BY u.email", select());
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
        let found = one(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(found)
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
    /// `email_invalid`, `name_invalid`, `email_taken`, `administrator_unlimited`, `not_found` (a device
    /// group), `invalid_argument` (the link's life).
    pub async fn invite_user(
        &self,
        tenant: TenantId,
        new: NewUser,
        now: TimeMicros,
    ) -> Result<(User, SetupLink)> {
        let (id, email, name) = (UserId::random(), normalise_email(&new.email)?, row::name(&new.name)?);
        limits::check(new.role, new.groups.as_deref())?;
        check_life(new.valid_for)?;
        let mut tx = self.tenant_tx(tenant).await?;
        sqlx::query(
            "INSERT INTO users (tenant_id, id, email, name, role, state, created_at, limited)
             VALUES ($1, $2, $3, $4, $5, 'invited', $6, $7)",
        )
        .bind(tenant.0)
        .bind(id.0)
        .bind(email)
        .bind(name)
        .bind(new.role.as_str())
        .bind(now.0)
        .bind(new.groups.is_some())
        .execute(&mut *tx)
        .await
        .map_err(|e| if is_unique_violation(&e) { StateError::EmailTaken } else { e.into() })?;
        limits::write(&mut tx, tenant, Holder::User(id.0), new.groups.as_deref()).await?;
        let whom = LinkFor::User(id, new.role);
        let link = setup::insert_link(&mut tx, self.auth(), tenant, whom, new.valid_for, now).await?;
        let user = one(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok((user, link))
    }

    /// Makes a new set-up link for an account: for an invitation that ended, or for somebody who lost
    /// password or second factor. An earlier one that was not used ends; nothing else changes until
    /// this one is used.
    ///
    /// # Errors
    /// `not_found`, `user_disabled`, `invalid_argument` (the link's life).
    pub async fn renew_setup_link(
        &self,
        tenant: TenantId,
        id: UserId,
        valid_for: Option<Duration>,
        now: TimeMicros,
    ) -> Result<SetupLink> {
        check_life(valid_for)?;
        let mut tx = self.tenant_tx(tenant).await?;
        let user = one(&mut tx, tenant, id).await?;
        if user.state == UserState::Disabled {
            return Err(StateError::UserDisabled);
        }
        let whom = LinkFor::User(id, user.role);
        let link = setup::insert_link(&mut tx, self.auth(), tenant, whom, valid_for, now).await?;
        tx.commit().await?;
        Ok(link)
    }

    /// Ends a set-up link that was not used. An account that was only invited goes with it.
    ///
    /// # Errors
    /// `not_found` when there is no such link.
    pub async fn revoke_setup_link(&self, tenant: TenantId, id: UserId) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        let ended =
            sqlx::query("DELETE FROM setup_links WHERE tenant_id = $1 AND user_id = $2 AND used_at IS NULL")
                .bind(tenant.0)
                .bind(id.0)
                .execute(&mut *tx)
                .await?;
        if ended.rows_affected() == 0 {
            return Err(StateError::NotFound("set-up link"));
        }
        sqlx::query("DELETE FROM users WHERE tenant_id = $1 AND id = $2 AND state = 'invited'")
            .bind(tenant.0)
            .bind(id.0)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Changes an account. It holds from the next call of its sessions and tokens on.
    ///
    /// # Errors
    /// `not_found` (the user or a device group), `name_invalid`, `last_administrator`,
    /// `second_factor_missing`, `administrator_unlimited`.
    pub async fn update_user(&self, tenant: TenantId, id: UserId, change: &UserChange) -> Result<User> {
        let name = row::name(&change.name)?;
        limits::check(change.role, change.groups.as_deref())?;
        let mut tx = self.tenant_tx(tenant).await?;
        let stays = change.role == Role::Administrator && !change.disabled;
        if lock_administrators(&mut tx, tenant).await? == [id.0] && !stays {
            return Err(StateError::LastAdministrator);
        }
        let found = sqlx::query(
            "SELECT password_hash IS NOT NULL AS set_up, totp_secret IS NOT NULL AS totp FROM users
             WHERE tenant_id = $1 AND id = $2 FOR UPDATE",
        )
        .bind(tenant.0)
        .bind(id.0)
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(StateError::NotFound("user"))?;
        let state = match (change.disabled, found.try_get("set_up")?) {
            (true, _) => UserState::Disabled,
            (false, true) => UserState::Active,
            (false, false) => UserState::Invited,
        };
        if state == UserState::Active
            && change.role.needs_second_factor()
            && !found.try_get::<bool, _>("totp")?
        {
            return Err(StateError::SecondFactorMissing);
        }
        sqlx::query(
            "UPDATE users SET name = $3, role = $4, state = $5, limited = $6 WHERE tenant_id = $1 AND id = $2",
        )
        .bind(tenant.0)
        .bind(id.0)
        .bind(name)
        .bind(change.role.as_str())
        .bind(state.as_str())
        .bind(change.groups.is_some())
        .execute(&mut *tx)
        .await?;
        limits::write(&mut tx, tenant, Holder::User(id.0), change.groups.as_deref()).await?;
        if change.disabled {
            sessions::end_all(&mut tx, tenant, id).await?;
        }
        let user = one(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// Removes an account with its sessions, tokens and links.
    ///
    /// # Errors
    /// `not_found`, `last_administrator`.
    pub async fn delete_user(&self, tenant: TenantId, id: UserId) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        if lock_administrators(&mut tx, tenant).await? == [id.0] {
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
        // What they hunted for themselves nobody else may see; what they shared stays.
        for statement in [
            "DELETE FROM hunting_history WHERE tenant_id = $1 AND person = $2",
            "DELETE FROM hunting_queries WHERE tenant_id = $1 AND owner_id = $2 AND NOT shared",
        ] {
            sqlx::query(statement).bind(tenant.0).bind(id.0).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

/// One user, or `not_found`.
async fn one(tx: &mut PgConnection, tenant: TenantId, id: UserId) -> Result<User> {
    let sql = format!("{} AND u.id = $2", select());
    let found = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tenant.0).bind(id.0).fetch_optional(tx).await?;
    user(&found.ok_or(StateError::NotFound("user"))?)
}

/// Locks every administrator, so that two changes cannot both see the other one left.
async fn lock_administrators(tx: &mut PgConnection, tenant: TenantId) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar(
        "SELECT id FROM users WHERE tenant_id = $1 AND role = 'administrator' AND state = 'active'
         ORDER BY id FOR UPDATE",
    )
    .bind(tenant.0)
    .fetch_all(tx)
    .await?)
}

fn check_life(valid_for: Option<Duration>) -> Result<()> {
    if valid_for.is_some_and(|life| life.is_zero() || life > MAX_LINK) {
        return Err(StateError::InvalidArgument("a set-up link is good for at most 14 days".into()));
    }
    Ok(())
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
