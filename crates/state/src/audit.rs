//! The audit log: who did what, when, with what outcome. Rows are added and read, never changed:
//! no role has the right to, not even the owner.

use palisade_types::{TenantId, TimeMicros};
use serde::Serialize;
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder, Row};
use uuid::Uuid;

use crate::page::{self, Cursor};
use crate::{Page, Principal, PrincipalKind, Result, State, row};

const MAX_DETAIL: usize = 16 * 1024;

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Actor {
    /// `user`, `token`, `system` or `anonymous`.
    pub kind: &'static str,
    /// The user's or token's identifier.
    pub id: Option<Uuid>,
    /// A name that stays readable when the account is gone.
    pub name: String,
}

impl Actor {
    /// A part of the server itself.
    pub fn system(name: &str) -> Self {
        Self { kind: "system", id: None, name: name.to_owned() }
    }

    /// Someone who has not proved who they are, with what they claimed.
    pub fn anonymous(claimed: &str) -> Self {
        Self { kind: "anonymous", id: None, name: row::text(claimed, 300) }
    }
}

/// Whether it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// It was.
    Success,
    /// It was refused or failed.
    Failure,
}

impl AuditOutcome {
    /// The outcome as it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
        }
    }
}

/// Something to be remembered.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    /// Who did it.
    pub actor: Actor,
    /// What, such as `token.create`.
    pub kind: String,
    /// Whether it was done.
    pub outcome: AuditOutcome,
    /// To what; may be empty.
    pub target: String,
    /// Anything else, as JSON of at most 16 KiB. Never a secret.
    pub detail: Value,
    /// From where; may be empty.
    pub address: String,
}

/// Something that is remembered.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditRecord {
    /// The identifier.
    pub id: Uuid,
    /// When.
    pub at: TimeMicros,
    /// `user`, `token`, `system` or `anonymous`.
    pub actor_kind: String,
    /// The user's or token's identifier.
    pub actor_id: Option<Uuid>,
    /// Who, readably.
    pub actor_name: String,
    /// What.
    pub kind: String,
    /// `success` or `failure`.
    pub outcome: String,
    /// To what.
    pub target: String,
    /// Anything else.
    pub detail: Value,
    /// From where.
    pub address: String,
}

fn record(row: &PgRow) -> Result<(i64, AuditRecord)> {
    let record = AuditRecord {
        id: row.try_get("id")?,
        at: row::time(row, "at")?,
        actor_kind: row.try_get("actor_kind")?,
        actor_id: row.try_get("actor_id")?,
        actor_name: row.try_get("actor_name")?,
        kind: row.try_get("kind")?,
        outcome: row.try_get("outcome")?,
        target: row.try_get("target")?,
        detail: row.try_get("detail")?,
        address: row.try_get("address")?,
    };
    Ok((row.try_get("seq")?, record))
}

impl State {
    /// Remembers something.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn audit(&self, tenant: TenantId, entry: &AuditEntry, now: TimeMicros) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        sqlx::query(
            "INSERT INTO audit_log (tenant_id, id, at, actor_kind, actor_id, actor_name, kind, outcome, target,
                 detail, address)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(tenant.0)
        .bind(Uuid::new_v4())
        .bind(now.0)
        .bind(entry.actor.kind)
        .bind(entry.actor.id)
        .bind(row::text(&entry.actor.name, 300))
        .bind(row::text(&entry.kind, 100))
        .bind(entry.outcome.as_str())
        .bind(row::text(&entry.target, 500))
        .bind(row::json_bounded(&entry.detail, MAX_DETAIL))
        .bind(row::text(&entry.address, 100))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// What is remembered, newest first.
    ///
    /// # Errors
    /// `cursor_invalid`.
    pub async fn audit_log(
        &self,
        tenant: TenantId,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<AuditRecord>> {
        self.audit_page(tenant, None, limit, cursor).await
    }

    /// What is remembered of somebody's own deeds, newest first: of a session its user's, by whichever
    /// session or token of theirs that there still is; of a token its own.
    ///
    /// # Errors
    /// `cursor_invalid`.
    pub async fn own_audit_log(
        &self,
        principal: &Principal,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<AuditRecord>> {
        let (user, token) = match principal.kind {
            PrincipalKind::Session { .. } => (principal.user.map(|u| u.0), None),
            PrincipalKind::Token { id } => (None, Some(id)),
        };
        self.audit_page(principal.tenant, Some((user, token)), limit, cursor).await
    }

    async fn audit_page(
        &self,
        tenant: TenantId,
        whose: Option<(Option<Uuid>, Option<Uuid>)>,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<AuditRecord>> {
        let after = cursor.map(|c| Cursor::decode(c, "audit")?.number()).transpose()?;
        let limit = page::limit(limit);
        let filtered = |columns: &str| {
            let mut query =
                QueryBuilder::<Postgres>::new(format!("SELECT {columns} FROM audit_log WHERE tenant_id = "));
            query.push_bind(tenant.0);
            if let Some((user, token)) = whose {
                query.push(" AND (actor_kind = 'user' AND actor_id = ").push_bind(user);
                query.push(" OR actor_kind = 'token' AND (actor_id = ").push_bind(token);
                query
                    .push(" OR actor_id IN (SELECT id FROM api_tokens WHERE tenant_id = ")
                    .push_bind(tenant.0);
                query.push(" AND user_id = ").push_bind(user).push(")))");
            }
            query
        };
        let mut tx = self.tenant_tx(tenant).await?;
        let total: i64 = filtered("count(*)").build_query_scalar().fetch_one(&mut *tx).await?;
        let mut query =
            filtered("seq, id, at, actor_kind, actor_id, actor_name, kind, outcome, target, detail, address");
        if let Some(after) = after {
            query.push(" AND seq < ").push_bind(after);
        }
        query.push(" ORDER BY seq DESC LIMIT ").push_bind(limit + 1);
        let rows = query.build().fetch_all(&mut *tx).await?;
        tx.commit().await?;
        let items = rows.iter().map(record).collect::<Result<Vec<_>>>()?;
        let page = page::finish(items, limit, total, |(seq, record)| Cursor {
            list: "audit".into(),
            key: seq.to_string(),
            id: record.id.to_string(),
        });
        Ok(Page {
            items: page.items.into_iter().map(|(_, record)| record).collect(),
            next_cursor: page.next_cursor,
            total: page.total,
        })
    }
}
