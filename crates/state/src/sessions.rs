//! Sessions of the console: 256 random bits in a cookie, a hash in the database, two expiries.

use palisade_types::{TenantId, TimeMicros, UserId};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::policy::{AuthPolicy, micros};
use crate::secrets::{self, TokenKind};
use crate::{
    DeviceScope, Principal, PrincipalKind, Result, Role, SignedIn, State, StateError, known_clients, limits,
    row,
};

/// A use is written down at most this often, so that reading a page does not write.
const TOUCH_EVERY_US: i64 = 60_000_000;

/// One session of a user, as the user sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its identifier; not its secret.
    pub id: Uuid,
    /// When it began.
    pub created_at: TimeMicros,
    /// When it was last used, to the minute.
    pub last_used_at: TimeMicros,
    /// When it ends at the latest.
    pub expires_at: TimeMicros,
    /// The client's address at sign-in.
    pub address: String,
    /// The client's program at sign-in.
    pub user_agent: String,
}

/// Whom a session is for.
pub(crate) struct Who {
    pub tenant: TenantId,
    pub user: UserId,
    pub email: String,
    pub name: String,
    pub role: Role,
}

/// Where a session comes from.
#[derive(Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub address: &'a str,
    pub user_agent: &'a str,
}

/// Begins a session inside the transaction that checked who it is.
pub(crate) async fn begin(
    tx: &mut PgConnection,
    policy: &AuthPolicy,
    who: Who,
    from: Origin<'_>,
    known: Option<Uuid>,
    now: TimeMicros,
) -> Result<SignedIn> {
    let (token, hash) = secrets::issue(TokenKind::Session, who.tenant);
    let id = Uuid::new_v4();
    let expires_at = now.plus_micros(micros(policy.session_absolute));
    sqlx::query("DELETE FROM sessions WHERE tenant_id = $1 AND (expires_at <= $2 OR idle_expires_at <= $2)")
        .bind(who.tenant.0)
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "INSERT INTO sessions (tenant_id, id, user_id, token_hash, created_at, last_used_at, idle_expires_at,
             expires_at, address, user_agent)
         VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9)",
    )
    .bind(who.tenant.0)
    .bind(id)
    .bind(who.user.0)
    .bind(&hash[..])
    .bind(now.0)
    .bind(now.plus_micros(micros(policy.session_idle)).0.min(expires_at.0))
    .bind(expires_at.0)
    .bind(row::text(from.address, 100))
    .bind(row::text(from.user_agent, 300))
    .execute(&mut *tx)
    .await?;
    let sql = format!("SELECT {} FROM users u WHERE u.tenant_id = $1 AND u.id = $2", limits::OF_USER);
    let groups = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .bind(who.tenant.0)
        .bind(who.user.0)
        .fetch_one(&mut *tx)
        .await?;
    let client = known_clients::remember(tx, policy, (who.tenant, who.user), known, now).await?;
    let principal = Principal {
        tenant: who.tenant,
        kind: PrincipalKind::Session { id },
        user: Some(who.user),
        email: who.email,
        name: who.name,
        role: who.role,
        permissions: None,
        devices: DeviceScope::within([groups]),
    };
    Ok(SignedIn { token, expires_at, client, principal })
}

fn session(row: &PgRow) -> Result<Session> {
    Ok(Session {
        id: row.try_get("id")?,
        created_at: row::time(row, "created_at")?,
        last_used_at: row::time(row, "last_used_at")?,
        expires_at: row::time(row, "expires_at")?,
        address: row.try_get("address")?,
        user_agent: row.try_get("user_agent")?,
    })
}

impl State {
    /// Who a session's cookie belongs to; being used puts off the idle expiry.
    ///
    /// # Errors
    /// `session_invalid` when it is unknown, expired, revoked, or its user is no longer active.
    pub async fn authenticate_session(&self, cookie: &str, now: TimeMicros) -> Result<Principal> {
        let (tenant, hash) = secrets::parse(TokenKind::Session, cookie).ok_or(StateError::SessionInvalid)?;
        let mut tx = self.secret_tx(tenant, StateError::SessionInvalid).await?;
        let sql = format!(
            "SELECT s.id, s.last_used_at, s.expires_at, u.id AS user_id, u.email, u.name, u.role, {}
             FROM sessions s JOIN users u ON u.tenant_id = s.tenant_id AND u.id = s.user_id
             WHERE s.tenant_id = $1 AND s.token_hash = $2 AND s.expires_at > $3 AND s.idle_expires_at > $3
               AND u.state = 'active'",
            limits::OF_USER
        );
        let found = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(tenant.0)
            .bind(&hash[..])
            .bind(now.0)
            .fetch_optional(&mut *tx)
            .await?
            .ok_or(StateError::SessionInvalid)?;
        let id: Uuid = found.try_get("id")?;
        if now.0.saturating_sub(found.try_get::<i64, _>("last_used_at")?) >= TOUCH_EVERY_US {
            let idle = now.plus_micros(micros(self.auth().session_idle)).0;
            sqlx::query(
                "UPDATE sessions SET last_used_at = $3, idle_expires_at = least($4, expires_at)
                 WHERE tenant_id = $1 AND id = $2",
            )
            .bind(tenant.0)
            .bind(id)
            .bind(now.0)
            .bind(idle)
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(Principal {
            tenant,
            kind: PrincipalKind::Session { id },
            user: Some(UserId(found.try_get("user_id")?)),
            email: found.try_get("email")?,
            name: found.try_get("name")?,
            role: row::parsed(&found, "role")?,
            permissions: None,
            devices: DeviceScope::within([found.try_get("user_groups")?]),
        })
    }

    /// Ends the session that the principal came by. For a token nothing happens.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn sign_out(&self, principal: &Principal) -> Result<()> {
        if let (PrincipalKind::Session { id }, Some(user)) = (principal.kind, principal.user) {
            match self.revoke_session(principal.tenant, user, id).await {
                Err(StateError::NotFound(_)) | Ok(()) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// The sessions of one user that are good now, last used first.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn sessions(&self, tenant: TenantId, user: UserId, now: TimeMicros) -> Result<Vec<Session>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = sqlx::query(
            "SELECT id, created_at, last_used_at, expires_at, address, user_agent FROM sessions
             WHERE tenant_id = $1 AND user_id = $2 AND expires_at > $3 AND idle_expires_at > $3
             ORDER BY last_used_at DESC, id",
        )
        .bind(tenant.0)
        .bind(user.0)
        .bind(now.0)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.iter().map(session).collect()
    }

    /// Ends one session of that user.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn revoke_session(&self, tenant: TenantId, user: UserId, id: Uuid) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        let done = sqlx::query("DELETE FROM sessions WHERE tenant_id = $1 AND user_id = $2 AND id = $3")
            .bind(tenant.0)
            .bind(user.0)
            .bind(id)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(StateError::NotFound("session")) }
    }

    /// Ends every session of that user, and says how many there were.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn revoke_sessions(&self, tenant: TenantId, user: UserId) -> Result<u64> {
        let mut tx = self.tenant_tx(tenant).await?;
        let ended = end_all(&mut tx, tenant, user).await?;
        tx.commit().await?;
        Ok(ended)
    }
}

/// Ends every session of a user.
pub(crate) async fn end_all(tx: &mut PgConnection, tenant: TenantId, user: UserId) -> Result<u64> {
    let done = sqlx::query("DELETE FROM sessions WHERE tenant_id = $1 AND user_id = $2")
        .bind(tenant.0)
        .bind(user.0)
        .execute(tx)
        .await?;
    Ok(done.rows_affected())
}
