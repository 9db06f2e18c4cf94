//! Browsers that a user has signed in from before: failures from them are counted apart from those
//! of strangers, so that guessing at somebody's address cannot keep them out.

use palisade_types::{TenantId, TimeMicros, UserId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::policy::{AuthPolicy, micros};
use crate::secrets::{self, TokenKind};
use crate::{Result, State};

/// Browsers that are remembered of one user; beyond it the one that was not used for longest goes.
const MAX_CLIENTS: i64 = 20;

impl State {
    /// Which of that address's known browsers this is, if it is one.
    pub(crate) async fn known_client(
        &self,
        tenant: TenantId,
        email: &str,
        secret: Option<&str>,
        now: TimeMicros,
    ) -> Result<Option<Uuid>> {
        let parsed = secret.and_then(|s| secrets::parse(TokenKind::Client, s));
        let Some((_, hash)) = parsed.filter(|(of, _)| *of == tenant) else { return Ok(None) };
        let mut tx = self.tenant_tx(tenant).await?;
        let id = sqlx::query_scalar(
            "SELECT c.id FROM known_clients c JOIN users u ON u.tenant_id = c.tenant_id AND u.id = c.user_id
             WHERE c.tenant_id = $1 AND c.token_hash = $2 AND u.email = $3 AND c.last_used_at > $4",
        )
        .bind(tenant.0)
        .bind(&hash[..])
        .bind(email)
        .bind(oldest(self.auth(), now))
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(id)
    }
}

fn oldest(policy: &AuthPolicy, now: TimeMicros) -> i64 {
    now.0.saturating_sub(micros(policy.client_memory))
}

/// Remembers the browser of someone who has just signed in: the new secret for it, or nothing where
/// it is known already.
pub(crate) async fn remember(
    tx: &mut PgConnection,
    policy: &AuthPolicy,
    (tenant, user): (TenantId, UserId),
    known: Option<Uuid>,
    now: TimeMicros,
) -> Result<Option<String>> {
    if let Some(id) = known {
        sqlx::query("UPDATE known_clients SET last_used_at = $3 WHERE tenant_id = $1 AND id = $2")
            .bind(tenant.0)
            .bind(id)
            .bind(now.0)
            .execute(tx)
            .await?;
        return Ok(None);
    }
    let (secret, hash) = secrets::issue(TokenKind::Client, tenant);
    sqlx::query(
        "INSERT INTO known_clients (tenant_id, id, user_id, token_hash, created_at, last_used_at)
         VALUES ($1, $2, $3, $4, $5, $5)",
    )
    .bind(tenant.0)
    .bind(Uuid::new_v4())
    .bind(user.0)
    .bind(&hash[..])
    .bind(now.0)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "DELETE FROM known_clients WHERE tenant_id = $1 AND user_id = $2 AND (last_used_at <= $3 OR id IN (
             SELECT id FROM known_clients WHERE tenant_id = $1 AND user_id = $2
             ORDER BY last_used_at DESC, created_at DESC, id OFFSET $4))",
    )
    .bind(tenant.0)
    .bind(user.0)
    .bind(oldest(policy, now))
    .bind(MAX_CLIENTS)
    .execute(tx)
    .await?;
    Ok(Some(secret))
}
