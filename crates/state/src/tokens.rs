//! API tokens: `pal_<tenant>_<secret>`, of a user or of the instance itself.

use palisade_types::{TenantId, TimeMicros, UserId};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::limits::{self, Holder};
use crate::secrets::{self, TokenKind};
use crate::{DeviceScope, Principal, PrincipalKind, Result, Role, State, StateError, row};

const TOUCH_EVERY_US: i64 = 60_000_000;
/// Most permissions that a token can name, and the longest name.
const MAX_PERMISSIONS: usize = 64;
const MAX_PERMISSION: usize = 100;

/// What a token may do of what its role and its user may.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenScope {
    /// Only these, by name; all that its role may when absent.
    pub permissions: Option<Vec<String>>,
    /// Only on the devices of these groups; on all that its user sees when absent.
    pub groups: Option<Vec<Uuid>>,
}

/// An API token without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// Its identifier; not its secret.
    pub id: Uuid,
    /// Its user; `None` for a token of the instance itself.
    pub user: Option<UserId>,
    /// What its maker called it.
    pub name: String,
    /// The most that it may do.
    pub role: Role,
    /// What of that.
    pub scope: TokenScope,
    /// When it was made.
    pub created_at: TimeMicros,
    /// When it ends; never when absent.
    pub expires_at: Option<TimeMicros>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<TimeMicros>,
}

/// What a new token shall be.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// A name to know it by.
    pub name: String,
    /// The most that it may do; its user's role is a second bound.
    pub role: Role,
    /// What of that.
    pub scope: TokenScope,
    /// When it ends; never when absent.
    pub expires_at: Option<TimeMicros>,
}

fn api_token(row: &PgRow) -> Result<ApiToken> {
    Ok(ApiToken {
        id: row.try_get("id")?,
        user: row.try_get::<Option<Uuid>, _>("user_id")?.map(UserId),
        name: row.try_get("name")?,
        role: row::parsed(row, "role")?,
        scope: TokenScope { permissions: row.try_get("permissions")?, groups: row.try_get("token_groups")? },
        created_at: row::time(row, "created_at")?,
        expires_at: row::time_opt(row, "expires_at")?,
        last_used_at: row::time_opt(row, "last_used_at")?,
    })
}

impl State {
    /// Makes a token and returns its text, which is never to be had again.
    ///
    /// # Errors
    /// `name_invalid`, `not_found` (the user or a device group), `administrator_unlimited`,
    /// `invalid_argument` (it would have ended already, or has too many permissions).
    pub async fn create_token(
        &self,
        tenant: TenantId,
        user: Option<UserId>,
        new: NewToken,
        now: TimeMicros,
    ) -> Result<(ApiToken, String)> {
        let name = row::name(&new.name)?;
        if new.expires_at.is_some_and(|e| e <= now) {
            return Err(StateError::InvalidArgument("the token would have expired already".into()));
        }
        let TokenScope { permissions, groups } = &new.scope;
        limits::check(new.role, groups.as_deref())?;
        if let Some(names) = permissions
            && (names.len() > MAX_PERMISSIONS || names.iter().any(|n| n.len() > MAX_PERMISSION))
        {
            return Err(StateError::InvalidArgument(format!(
                "a token names at most {MAX_PERMISSIONS} permissions"
            )));
        }
        let (text, hash) = secrets::issue(TokenKind::Api, tenant);
        let token = ApiToken {
            id: Uuid::new_v4(),
            user,
            name,
            role: new.role,
            scope: new.scope,
            created_at: now,
            expires_at: new.expires_at,
            last_used_at: None,
        };
        let mut tx = self.tenant_tx(tenant).await?;
        sqlx::query(
            "INSERT INTO api_tokens (tenant_id, id, user_id, name, role, token_hash, created_at, expires_at, limited,
                 permissions)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(tenant.0)
        .bind(token.id)
        .bind(user.map(|u| u.0))
        .bind(&token.name)
        .bind(token.role.as_str())
        .bind(&hash[..])
        .bind(now.0)
        .bind(token.expires_at.map(|e| e.0))
        .bind(token.scope.groups.is_some())
        .bind(&token.scope.permissions)
        .execute(&mut *tx)
        .await
        .map_err(|e| match &e {
            sqlx::Error::Database(db) if db.is_foreign_key_violation() => StateError::NotFound("user"),
            _ => e.into(),
        })?;
        limits::write(&mut tx, tenant, Holder::Token(token.id), token.scope.groups.as_deref()).await?;
        tx.commit().await?;
        Ok((token, text))
    }

    /// Who a token belongs to.
    ///
    /// # Errors
    /// `token_invalid`, `token_expired`.
    pub async fn authenticate_token(&self, bearer: &str, now: TimeMicros) -> Result<Principal> {
        let (tenant, hash) = secrets::parse(TokenKind::Api, bearer).ok_or(StateError::TokenInvalid)?;
        let mut tx = self.secret_tx(tenant, StateError::TokenInvalid).await?;
        let sql = format!(
            "SELECT t.id, t.name, t.role, t.expires_at, t.last_used_at, t.user_id, t.permissions, u.email,
                    u.name AS user_name, u.role AS user_role, u.state AS user_state, {}, {}
             FROM api_tokens t LEFT JOIN users u ON u.tenant_id = t.tenant_id AND u.id = t.user_id
             WHERE t.tenant_id = $1 AND t.token_hash = $2",
            limits::OF_USER,
            limits::OF_TOKEN
        );
        let found = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(tenant.0)
            .bind(&hash[..])
            .fetch_optional(&mut *tx)
            .await?
            .ok_or(StateError::TokenInvalid)?;
        if row::time_opt(&found, "expires_at")?.is_some_and(|e| e <= now) {
            return Err(StateError::TokenExpired);
        }
        let user = found.try_get::<Option<Uuid>, _>("user_id")?.map(UserId);
        let mut role: Role = row::parsed(&found, "role")?;
        if user.is_some() {
            if found.try_get::<Option<&str>, _>("user_state")? != Some("active") {
                return Err(StateError::TokenInvalid);
            }
            role = role.min(row::parsed(&found, "user_role")?);
        }
        let id: Uuid = found.try_get("id")?;
        let last = found.try_get::<Option<i64>, _>("last_used_at")?.unwrap_or(i64::MIN);
        if now.0.saturating_sub(last) >= TOUCH_EVERY_US {
            sqlx::query("UPDATE api_tokens SET last_used_at = $3 WHERE tenant_id = $1 AND id = $2")
                .bind(tenant.0)
                .bind(id)
                .bind(now.0)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(Principal {
            tenant,
            kind: PrincipalKind::Token { id },
            user,
            email: found.try_get::<Option<String>, _>("email")?.unwrap_or_default(),
            name: found.try_get("name")?,
            role,
            permissions: found.try_get("permissions")?,
            devices: DeviceScope::within([found.try_get("user_groups")?, found.try_get("token_groups")?]),
        })
    }

    /// The tokens of one user, or with `None` those of the instance itself; newest first.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn tokens(&self, tenant: TenantId, user: Option<UserId>) -> Result<Vec<ApiToken>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sql = format!(
            "SELECT t.id, t.user_id, t.name, t.role, t.permissions, t.created_at, t.expires_at, t.last_used_at, {}
             FROM api_tokens t WHERE t.tenant_id = $1 AND t.user_id IS NOT DISTINCT FROM $2
             ORDER BY t.created_at DESC, t.id",
            limits::OF_TOKEN
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(tenant.0)
            .bind(user.map(|u| u.0))
            .fetch_all(&mut *tx)
            .await?;
        tx.commit().await?;
        rows.iter().map(api_token).collect()
    }

    /// Ends a token of that user, or with `None` one of the instance itself.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn delete_token(&self, tenant: TenantId, user: Option<UserId>, id: Uuid) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        let done = sqlx::query(
            "DELETE FROM api_tokens WHERE tenant_id = $1 AND user_id IS NOT DISTINCT FROM $2 AND id = $3",
        )
        .bind(tenant.0)
        .bind(user.map(|u| u.0))
        .bind(id)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(StateError::NotFound("token")) }
    }
}
