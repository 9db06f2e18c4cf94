//! Set-up links: how a person gets a password and a second factor, once.
//!
//! A link stays good until its set-up is confirmed, so that a lost browser tab does not lock
//! anybody out; what was typed waits beside the link and reaches the account with the confirmation.

use std::time::Duration;

use palisade_types::{TenantId, TimeMicros, UserId};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::error::is_unique_violation;
use crate::policy::{AuthPolicy, micros};
use crate::secrets::{self, TokenKind};
use crate::sessions::{self, Origin, Who};
use crate::users::normalise_email;
use crate::{Result, Role, SignedIn, State, StateError, Tenant, password, row, totp};

/// A one-time link that has just been made.
#[derive(Clone, Debug)]
pub struct SetupLink {
    /// Its secret, to be put into the console's address; it is stored nowhere.
    pub token: String,
    /// When it ends.
    pub expires_at: TimeMicros,
}

/// What a good link is for.
#[derive(Clone, Debug)]
pub struct SetupInfo {
    /// The tenant.
    pub tenant: Tenant,
    /// What the person will be allowed to do.
    pub role: Role,
    /// The invited address; `None` for the first administrator, who names one.
    pub email: Option<String>,
    /// The invited person's name.
    pub name: Option<String>,
    /// When the link ends.
    pub expires_at: TimeMicros,
}

/// What the person types first.
#[derive(Clone, Copy)]
pub struct BeginSetup<'a> {
    /// The link's secret.
    pub token: &'a str,
    /// The e-mail address; for an invited person the invited one.
    pub email: &'a str,
    /// The name.
    pub name: &'a str,
    /// The password.
    pub password: &'a str,
}

/// What the person needs for the second step.
#[derive(Clone, Debug)]
pub struct SetupStarted {
    /// The secret for the authenticator, in base 32.
    pub totp_secret: String,
    /// The same as an `otpauth:` address for a QR code.
    pub totp_uri: String,
    /// Names this begun set-up.
    pub setup_session: String,
    /// When it ends.
    pub expires_at: TimeMicros,
}

/// What the person gives in the second step.
#[derive(Clone, Copy)]
pub struct ConfirmSetup<'a> {
    /// From [`SetupStarted`].
    pub setup_session: &'a str,
    /// A code of the authenticator. Readers may go without a second factor by giving none.
    pub code: Option<&'a str>,
    /// The client's address.
    pub address: &'a str,
    /// The client's program.
    pub user_agent: &'a str,
}

/// Whom a link is for.
pub(crate) enum LinkFor {
    /// Someone who names an address when using it.
    Anyone(Role),
    /// An invited user.
    User(UserId, Role),
}

/// Makes a link; earlier unused ones for the same purpose end.
pub(crate) async fn insert_link(
    tx: &mut PgConnection,
    policy: &AuthPolicy,
    tenant: TenantId,
    whom: LinkFor,
    valid_for: Option<Duration>,
    now: TimeMicros,
) -> Result<SetupLink> {
    let (user, role) = match whom {
        LinkFor::Anyone(role) => (None, role),
        LinkFor::User(user, role) => (Some(user.0), role),
    };
    sqlx::query(
        "DELETE FROM setup_links WHERE tenant_id = $1 AND user_id IS NOT DISTINCT FROM $2 AND used_at IS NULL",
    )
    .bind(tenant.0)
    .bind(user)
    .execute(&mut *tx)
    .await?;
    let (token, hash) = secrets::issue(TokenKind::SetupLink, tenant);
    let expires_at = now.plus_micros(micros(valid_for.unwrap_or(policy.setup_link)));
    sqlx::query(
        "INSERT INTO setup_links (tenant_id, id, token_hash, role, user_id, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(tenant.0)
    .bind(Uuid::new_v4())
    .bind(&hash[..])
    .bind(role.as_str())
    .bind(user)
    .bind(now.0)
    .bind(expires_at.0)
    .execute(&mut *tx)
    .await?;
    Ok(SetupLink { token, expires_at })
}

/// The role is the account's of now, which may have changed since the link was made.
const LINK: &str = "SELECT l.id, coalesce(u.role, l.role) AS role, l.user_id, l.expires_at, u.email, u.name FROM setup_links l
     LEFT JOIN users u ON u.tenant_id = l.tenant_id AND u.id = l.user_id
     WHERE l.tenant_id = $1 AND l.token_hash = $2 AND l.used_at IS NULL AND l.expires_at > $3
       AND coalesce(u.state, '') <> 'disabled'";

async fn good_link(tx: &mut PgConnection, tenant: TenantId, hash: &[u8], now: TimeMicros) -> Result<PgRow> {
    sqlx::query(LINK)
        .bind(tenant.0)
        .bind(hash)
        .bind(now.0)
        .fetch_optional(tx)
        .await?
        .ok_or(StateError::SetupLinkInvalid)
}

impl State {
    /// Makes the link for a tenant's first administrator (or another one who names an address).
    /// An earlier such link that was not used ends.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn create_setup_link(
        &self,
        tenant: TenantId,
        role: Role,
        now: TimeMicros,
    ) -> Result<SetupLink> {
        let mut tx = self.tenant_tx(tenant).await?;
        let link = insert_link(&mut tx, self.auth(), tenant, LinkFor::Anyone(role), None, now).await?;
        tx.commit().await?;
        Ok(link)
    }

    /// What a link is for.
    ///
    /// # Errors
    /// `setup_link_invalid` when it is unknown, used or expired.
    pub async fn setup_link(&self, token: &str, now: TimeMicros) -> Result<SetupInfo> {
        let (tenant, hash) =
            secrets::parse(TokenKind::SetupLink, token).ok_or(StateError::SetupLinkInvalid)?;
        let mut tx = self.secret_tx(tenant, StateError::SetupLinkInvalid).await?;
        let link = good_link(&mut tx, tenant, &hash, now).await?;
        tx.commit().await?;
        Ok(SetupInfo {
            tenant: self.tenant(tenant).await?.ok_or(StateError::SetupLinkInvalid)?,
            role: row::parsed(&link, "role")?,
            email: link.try_get("email")?,
            name: link.try_get("name")?,
            expires_at: row::time(&link, "expires_at")?,
        })
    }

    /// The first step: takes address, name and password, gives the authenticator's secret. It may
    /// be repeated; the last one counts.
    ///
    /// # Errors
    /// `setup_link_invalid`, `email_invalid`, `email_mismatch`, `email_taken`, `name_invalid`,
    /// `password_too_short`, `password_too_long`.
    pub async fn begin_setup(&self, with: BeginSetup<'_>, now: TimeMicros) -> Result<SetupStarted> {
        let (tenant, hash) =
            secrets::parse(TokenKind::SetupLink, with.token).ok_or(StateError::SetupLinkInvalid)?;
        let mut tx = self.secret_tx(tenant, StateError::SetupLinkInvalid).await?;
        let link = good_link(&mut tx, tenant, &hash, now).await?;
        let email = normalise_email(with.email)?;
        let name = row::name(with.name)?;
        password::check_policy(with.password)?;
        match link.try_get::<Option<&str>, _>("email")? {
            Some(invited) if invited != email => return Err(StateError::EmailMismatch),
            Some(_) => {}
            None => {
                let taken: bool = sqlx::query_scalar(
                    "SELECT exists (SELECT FROM users WHERE tenant_id = $1 AND email = $2)",
                )
                .bind(tenant.0)
                .bind(&email)
                .fetch_one(&mut *tx)
                .await?;
                if taken {
                    return Err(StateError::EmailTaken);
                }
            }
        }
        // No connection is held while the password is hashed.
        tx.commit().await?;
        let password_hash = self.hash_password(with.password).await?;
        let secret = totp::new_secret();
        let (totp_secret, totp_uri) = totp::presentation(&secret, &email)?;
        let (setup_session, session_hash) = secrets::issue(TokenKind::SetupSession, tenant);
        let link_ends = row::time(&link, "expires_at")?;
        let expires_at = now.plus_micros(micros(self.auth().setup_session)).min(link_ends);
        let mut tx = self.tenant_tx(tenant).await?;
        let done = sqlx::query(
            "UPDATE setup_links SET session_hash = $3, session_expires_at = $4, pending_email = $5,
                 pending_name = $6, pending_password_hash = $7, pending_totp_secret = $8
             WHERE tenant_id = $1 AND id = $2 AND used_at IS NULL",
        )
        .bind(tenant.0)
        .bind(link.try_get::<Uuid, _>("id")?)
        .bind(&session_hash[..])
        .bind(expires_at.0)
        .bind(&email)
        .bind(&name)
        .bind(&password_hash)
        .bind(&secret)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        if done.rows_affected() == 0 {
            return Err(StateError::SetupLinkInvalid);
        }
        Ok(SetupStarted { totp_secret, totp_uri, setup_session, expires_at })
    }

    /// The second step: proves the authenticator, makes the account usable and signs in. The link
    /// is used up.
    ///
    /// # Errors
    /// `setup_link_invalid`, `totp_required` (all but readers), `totp_invalid`, `email_taken`.
    pub async fn confirm_setup(&self, with: ConfirmSetup<'_>, now: TimeMicros) -> Result<SignedIn> {
        let (tenant, hash) = secrets::parse(TokenKind::SetupSession, with.setup_session)
            .ok_or(StateError::SetupLinkInvalid)?;
        let mut tx = self.secret_tx(tenant, StateError::SetupLinkInvalid).await?;
        let link = sqlx::query(
            "SELECT l.id, coalesce(u.role, l.role) AS role, l.user_id, l.pending_email, l.pending_name,
                 l.pending_password_hash, l.pending_totp_secret
             FROM setup_links l LEFT JOIN users u ON u.tenant_id = l.tenant_id AND u.id = l.user_id
             WHERE l.tenant_id = $1 AND l.session_hash = $2 AND l.used_at IS NULL
               AND l.session_expires_at > $3 AND l.expires_at > $3 AND coalesce(u.state, '') <> 'disabled'
             FOR UPDATE OF l",
        )
        .bind(tenant.0)
        .bind(&hash[..])
        .bind(now.0)
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(StateError::SetupLinkInvalid)?;
        let role: Role = row::parsed(&link, "role")?;
        let secret: Vec<u8> = link.try_get("pending_totp_secret")?;
        let factor = match with.code.map(str::trim).filter(|c| !c.is_empty()) {
            Some(code) => {
                let step = totp::matching_step(&secret, code, now)?.ok_or(StateError::TotpInvalid)?;
                Some((secret, step))
            }
            None if role.needs_second_factor() => return Err(StateError::TotpRequired),
            None => None,
        };
        let user = link.try_get::<Option<Uuid>, _>("user_id")?.map_or_else(UserId::random, UserId);
        let email: String = link.try_get("pending_email")?;
        let name: String = link.try_get("pending_name")?;
        sqlx::query(
            "INSERT INTO users (tenant_id, id, email, name, role, state, password_hash, totp_secret,
                 totp_last_step, created_at, last_sign_in_at)
             VALUES ($1, $2, $3, $4, $5, 'active', $6, $7, $8, $9, $9)
             ON CONFLICT (tenant_id, id) DO UPDATE SET name = excluded.name, state = 'active',
                 password_hash = excluded.password_hash, totp_secret = excluded.totp_secret,
                 totp_last_step = excluded.totp_last_step, last_sign_in_at = excluded.last_sign_in_at",
        )
        .bind(tenant.0)
        .bind(user.0)
        .bind(&email)
        .bind(&name)
        .bind(role.as_str())
        .bind(link.try_get::<&str, _>("pending_password_hash")?)
        .bind(factor.as_ref().map(|(secret, _)| &secret[..]))
        .bind(factor.as_ref().map(|(_, step)| *step))
        .bind(now.0)
        .execute(&mut *tx)
        .await
        .map_err(|e| if is_unique_violation(&e) { StateError::EmailTaken } else { e.into() })?;
        // Whoever was signed in before the password changed is not the one who just set it.
        sessions::end_all(&mut tx, tenant, user).await?;
        // The link keeps no secret once it is used.
        sqlx::query(
            "UPDATE setup_links SET used_at = $3, user_id = $4, pending_password_hash = NULL,
                 pending_totp_secret = NULL, session_hash = NULL
             WHERE tenant_id = $1 AND id = $2",
        )
        .bind(tenant.0)
        .bind(link.try_get::<Uuid, _>("id")?)
        .bind(now.0)
        .bind(user.0)
        .execute(&mut *tx)
        .await?;
        let from = Origin { address: with.address, user_agent: with.user_agent };
        let signed_in =
            sessions::begin(&mut tx, self.auth(), Who { tenant, user, email, name, role }, from, None, now)
                .await?;
        tx.commit().await?;
        Ok(signed_in)
    }
}
