//! Signing in with password and second factor.

use palisade_types::{TenantId, TimeMicros, UserId};
use sqlx::Row;

use crate::sessions::Origin;
use crate::users::normalise_email;
use crate::{Principal, Result, Role, State, StateError, UserState, row, sessions, throttle, totp};

/// What someone gives to sign in.
#[derive(Clone, Copy)]
pub struct SignIn<'a> {
    /// The tenant's name; the only tenant when absent.
    pub tenant: Option<&'a str>,
    /// The e-mail address, in any case.
    pub email: &'a str,
    /// The password.
    pub password: &'a str,
    /// The six digits of the second factor.
    pub code: Option<&'a str>,
    /// The secret of [`SignedIn::client`] from an earlier time, if the client has one.
    pub client: Option<&'a str>,
    /// The client's address, for the list of sessions.
    pub address: &'a str,
    /// The client's program, for the list of sessions.
    pub user_agent: &'a str,
}

/// A session that has just begun.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The session's secret: the value of the cookie. It is stored nowhere.
    pub token: String,
    /// When the session ends at the latest.
    pub expires_at: TimeMicros,
    /// A secret by which this client is known at its next sign-in, where it was not known before.
    /// Strangers' guesses at the address do not make a known client wait.
    pub client: Option<String>,
    /// Who signed in.
    pub principal: Principal,
}

struct Candidate {
    id: UserId,
    name: String,
    role: Role,
    active: bool,
    password_hash: Option<String>,
    totp_secret: Option<Vec<u8>>,
}

impl State {
    /// Checks password and second factor and begins a session.
    ///
    /// # Errors
    /// `invalid_credentials`, `totp_required` (the password was right), `totp_invalid`,
    /// `totp_code_used`, `sign_in_throttled` with the time to wait.
    pub async fn sign_in(&self, with: SignIn<'_>, now: TimeMicros) -> Result<SignedIn> {
        let tenant = self.tenant_by_name(with.tenant).await?;
        let email = normalise_email(with.email);
        let (Some(tenant), Ok(email)) = (tenant, email) else {
            self.bucket().take()?;
            self.verify_password(with.password, None).await?;
            return Err(StateError::InvalidCredentials);
        };
        let tenant = tenant.id;
        let known = self.known_client(tenant, &email, with.client, now).await?;
        if known.is_none() {
            // Strangers share it; who is known has a count of their own.
            self.bucket().take()?;
        }
        let subject = throttle::subject(&email, known);
        self.count_attempt(tenant, &subject, now).await?;
        let candidate = self.candidate(tenant, &email).await?;
        let hash = candidate.as_ref().filter(|c| c.active).and_then(|c| c.password_hash.clone());
        let right = self.verify_password(with.password, hash).await?;
        let Some(user) = candidate.filter(|_| right) else {
            return Err(StateError::InvalidCredentials);
        };
        let step = match (&user.totp_secret, with.code.map(str::trim).filter(|c| !c.is_empty())) {
            (Some(_), None) => {
                // The console asks in two steps; the first one was no failure.
                let mut tx = self.tenant_tx(tenant).await?;
                throttle::take_back(&mut tx, tenant, &subject).await?;
                tx.commit().await?;
                if known.is_none() {
                    self.bucket().give_back();
                }
                return Err(StateError::TotpRequired);
            }
            (Some(secret), Some(code)) => {
                Some(totp::matching_step(secret, code, now)?.ok_or(StateError::TotpInvalid)?)
            }
            (None, _) if user.role.needs_second_factor() => return Err(StateError::TotpRequired),
            (None, _) => None,
        };
        let mut tx = self.tenant_tx(tenant).await?;
        // In one statement, so that of two parallel uses of a code one is refused.
        let changed = sqlx::query(
            "UPDATE users SET last_sign_in_at = $3, totp_last_step = coalesce($4, totp_last_step)
             WHERE tenant_id = $1 AND id = $2 AND state = 'active'
               AND ($4::bigint IS NULL OR totp_last_step IS NULL OR totp_last_step < $4)",
        )
        .bind(tenant.0)
        .bind(user.id.0)
        .bind(now.0)
        .bind(step)
        .execute(&mut *tx)
        .await?;
        if changed.rows_affected() == 0 {
            return Err(if step.is_some() {
                StateError::TotpCodeUsed
            } else {
                StateError::InvalidCredentials
            });
        }
        throttle::clear_attempts(&mut tx, tenant, &subject).await?;
        let origin = Origin { address: with.address, user_agent: with.user_agent };
        let who = sessions::Who { tenant, user: user.id, email, name: user.name, role: user.role };
        let signed_in = sessions::begin(&mut tx, self.auth(), who, origin, known, now).await?;
        tx.commit().await?;
        if known.is_none() {
            self.bucket().give_back();
        }
        Ok(signed_in)
    }

    async fn candidate(&self, tenant: TenantId, email: &str) -> Result<Option<Candidate>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let found = sqlx::query(
            "SELECT id, name, role, state, password_hash, totp_secret FROM users WHERE tenant_id = $1 AND email = $2",
        )
        .bind(tenant.0)
        .bind(email)
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        let Some(found) = found else { return Ok(None) };
        Ok(Some(Candidate {
            id: UserId(found.try_get("id")?),
            name: found.try_get("name")?,
            role: row::parsed(&found, "role")?,
            active: row::parsed::<UserState>(&found, "state")? == UserState::Active,
            password_hash: found.try_get("password_hash")?,
            totp_secret: found.try_get("totp_secret")?,
        }))
    }
}
