//! Links to a query's text.

use palisade_types::{TenantId, TimeMicros};
use sqlx::Row;

use super::query;
use crate::{Result, State, StateError, row, secrets};

/// Most links of a tenant.
const MOST: i64 = 20_000;
/// Longest time that a query may have, seconds.
const MAX_DEADLINE: u32 = 600;

/// A text that somebody gave a link to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The identifier: the same text of the same tenant has the same.
    pub id: String,
    /// KQL.
    pub query: String,
    /// How long it may run, seconds.
    pub deadline_s: Option<u32>,
    /// Who asked for it first.
    pub created_by: String,
    /// When.
    pub created_at: TimeMicros,
}

fn id_of(tenant: TenantId, query: &str, deadline: Option<u32>) -> String {
    let deadline = deadline.map_or_else(String::new, |s| s.to_string());
    let text = format!("hunting link\n{tenant}\n{deadline}\n{query}");
    hex::encode(&secrets::sha256(text.as_bytes())[..16])
}

impl State {
    /// The link to a text; makes it where there is none yet.
    ///
    /// # Errors
    /// `invalid_argument`, `too_many_links`.
    pub async fn link_query(
        &self,
        tenant: TenantId,
        text: &str,
        deadline_s: Option<u32>,
        by: &str,
        now: TimeMicros,
    ) -> Result<Link> {
        let text = query(text)?;
        if deadline_s.is_some_and(|s| !(1..=MAX_DEADLINE).contains(&s)) {
            return Err(StateError::InvalidArgument(format!("deadline_s must be 1 to {MAX_DEADLINE}")));
        }
        let id = id_of(tenant, &text, deadline_s);
        let mut tx = self.tenant_tx(tenant).await?;
        let there: i64 =
            sqlx::query_scalar("SELECT count(*) FROM hunting_links WHERE tenant_id = $1 AND id <> $2")
                .bind(tenant.0)
                .bind(&id)
                .fetch_one(&mut *tx)
                .await?;
        if there >= MOST {
            let message = format!("there are {MOST} links already");
            return Err(StateError::Rule { code: "too_many_links", message });
        }
        sqlx::query(
            "INSERT INTO hunting_links (tenant_id, id, query, deadline_s, created_by, created_at)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant_id, id) DO NOTHING",
        )
        .bind(tenant.0)
        .bind(&id)
        .bind(&text)
        .bind(deadline_s.and_then(|s| i32::try_from(s).ok()))
        .bind(row::text(by, 300))
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        self.linked_query(tenant, &id).await
    }

    /// What a link leads to.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn linked_query(&self, tenant: TenantId, id: &str) -> Result<Link> {
        let mut tx = self.tenant_tx(tenant).await?;
        let found = sqlx::query(
            "SELECT id, query, deadline_s, created_by, created_at FROM hunting_links WHERE tenant_id = $1 AND id = $2",
        )
        .bind(tenant.0)
        .bind(row::text(id, 100))
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        let r = found.ok_or(StateError::NotFound("link"))?;
        Ok(Link {
            id: r.try_get("id")?,
            query: r.try_get("query")?,
            deadline_s: r.try_get::<Option<i32>, _>("deadline_s")?.and_then(|s| u32::try_from(s).ok()),
            created_by: r.try_get("created_by")?,
            created_at: row::time(&r, "created_at")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_made_of_what_the_link_says_and_whose_it_is() {
        let (a, b) = (TenantId::random(), TenantId::random());
        assert_eq!(id_of(a, "x", None), id_of(a, "x", None));
        let others =
            [id_of(b, "x", None), id_of(a, "y", None), id_of(a, "x", Some(5)), id_of(a, "5\nx", None)];
        assert!(others.iter().all(|other| *other != id_of(a, "x", None)));
        assert_eq!(id_of(a, "x", None).len(), 32);
    }
}
