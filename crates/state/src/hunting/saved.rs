//! Queries that people save, for themselves or for everybody of the tenant who may hunt.

use palisade_types::{TenantId, TimeMicros};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use uuid::Uuid;

use super::{Person, already_exists, description, folder, query, revision_conflict};
use crate::error::is_unique_violation;
use crate::page::{self, Cursor};
use crate::{Page, Result, State, StateError, row};

/// Most queries of one person, shared ones included.
const MOST: i64 = 1_000;

/// A saved query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedQuery {
    /// The identifier.
    pub id: Uuid,
    /// Its name; unique in its folder, among the shared ones or those of its owner.
    pub name: String,
    /// Where people look for it.
    pub folder: String,
    /// What it is for.
    pub description: String,
    /// KQL.
    pub query: String,
    /// Seen by everybody of the tenant who may hunt; else by its owner only.
    pub shared: bool,
    /// Whose it is.
    pub owner: Person,
    /// How often it was written.
    pub revision: i64,
    /// When it was made.
    pub created_at: TimeMicros,
    /// Who changed it last.
    pub updated_by: String,
    /// When.
    pub updated_at: TimeMicros,
}

/// What a saved query shall be.
#[derive(Clone, Debug)]
pub struct NewSavedQuery {
    /// Its name.
    pub name: String,
    /// Where people look for it.
    pub folder: String,
    /// What it is for.
    pub description: String,
    /// KQL.
    pub query: String,
    /// Whether everybody sees it.
    pub shared: bool,
}

const COLUMNS: &str =
    "id, name, folder, description, query, shared, owner_id, owner, revision, created_at, updated_by,
    updated_at";

/// Those that a person sees.
const SEEN: &str = "tenant_id = $1 AND (shared OR owner_id = $2)";

fn saved(r: &PgRow) -> Result<SavedQuery> {
    Ok(SavedQuery {
        id: r.try_get("id")?,
        name: r.try_get("name")?,
        folder: r.try_get("folder")?,
        description: r.try_get("description")?,
        query: r.try_get("query")?,
        shared: r.try_get("shared")?,
        owner: Person { id: r.try_get("owner_id")?, name: r.try_get("owner")? },
        revision: r.try_get("revision")?,
        created_at: row::time(r, "created_at")?,
        updated_by: r.try_get("updated_by")?,
        updated_at: row::time(r, "updated_at")?,
    })
}

async fn one(tx: &mut PgConnection, tenant: TenantId, person: Uuid, id: Uuid) -> Result<SavedQuery> {
    let sql = format!("SELECT {COLUMNS} FROM hunting_queries WHERE {SEEN} AND id = $3");
    let found =
        sqlx::query(AssertSqlSafe(sql)).bind(tenant.0).bind(person).bind(id).fetch_optional(tx).await?;
    saved(&found.ok_or(StateError::NotFound("saved query"))?)
}

fn taken(error: sqlx::Error, name: &str) -> StateError {
    if is_unique_violation(&error) { already_exists("saved query", name) } else { error.into() }
}

impl State {
    /// The saved queries that a person sees, by name.
    ///
    /// # Errors
    /// `cursor_invalid`.
    pub async fn saved_queries(
        &self,
        tenant: TenantId,
        person: Uuid,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<SavedQuery>> {
        const LIST: &str = "saved_queries";
        let after = cursor.map(|text| Cursor::decode(text, LIST)).transpose()?;
        let id = after.as_ref().map(|c| c.id.parse::<Uuid>()).transpose();
        let id = id.map_err(|_| StateError::CursorInvalid)?;
        let limit = page::limit(limit);
        let mut tx = self.tenant_tx(tenant).await?;
        let sql = format!("SELECT count(*) FROM hunting_queries WHERE {SEEN}");
        let total =
            sqlx::query_scalar(AssertSqlSafe(sql)).bind(tenant.0).bind(person).fetch_one(&mut *tx).await?;
        let sql = format!(
            "SELECT {COLUMNS} FROM hunting_queries
             WHERE {SEEN} AND ($3::text IS NULL OR (lower(name), id) > (lower($3), $4))
             ORDER BY lower(name), id LIMIT $5"
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(tenant.0)
            .bind(person)
            .bind(after.map(|c| c.key))
            .bind(id)
            .bind(limit + 1)
            .fetch_all(&mut *tx)
            .await?;
        tx.commit().await?;
        let all = rows.iter().map(saved).collect::<Result<Vec<_>>>()?;
        Ok(page::finish(all, limit, total, |q| Cursor {
            list: LIST.into(),
            key: q.name.clone(),
            id: q.id.to_string(),
        }))
    }

    /// One that the person sees.
    ///
    /// # Errors
    /// `not_found`, also for what somebody else keeps for themselves.
    pub async fn saved_query(&self, tenant: TenantId, person: Uuid, id: Uuid) -> Result<SavedQuery> {
        let mut tx = self.tenant_tx(tenant).await?;
        let found = one(&mut tx, tenant, person, id).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// Saves a query.
    ///
    /// # Errors
    /// `name_invalid`, `invalid_argument`, `already_exists`, `too_many_saved_queries`.
    pub async fn save_query(
        &self,
        tenant: TenantId,
        owner: &Person,
        new: &NewSavedQuery,
        now: TimeMicros,
    ) -> Result<SavedQuery> {
        let (name, id) = (row::name(&new.name)?, Uuid::new_v4());
        let mut tx = self.tenant_tx(tenant).await?;
        let there: i64 =
            sqlx::query_scalar("SELECT count(*) FROM hunting_queries WHERE tenant_id = $1 AND owner_id = $2")
                .bind(tenant.0)
                .bind(owner.id)
                .fetch_one(&mut *tx)
                .await?;
        if there >= MOST {
            let message = format!("{MOST} queries of this person are saved already");
            return Err(StateError::Rule { code: "too_many_saved_queries", message });
        }
        sqlx::query(
            "INSERT INTO hunting_queries (tenant_id, id, name, folder, description, query, shared, owner_id, owner,
                 revision, created_at, updated_by, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, $10, $9, $10)",
        )
        .bind(tenant.0)
        .bind(id)
        .bind(&name)
        .bind(folder(&new.folder)?)
        .bind(description(&new.description)?)
        .bind(query(&new.query)?)
        .bind(new.shared)
        .bind(owner.id)
        .bind(row::text(&owner.name, 300))
        .bind(now.0)
        .execute(&mut *tx)
        .await
        .map_err(|e| taken(e, &name))?;
        let made = one(&mut tx, tenant, owner.id, id).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// Changes the revision that is named of a query that the person sees.
    ///
    /// # Errors
    /// `not_found`, `revision_conflict`, `name_invalid`, `invalid_argument`, `already_exists`.
    pub async fn change_saved_query(
        &self,
        tenant: TenantId,
        person: &Person,
        (id, revision): (Uuid, i64),
        new: &NewSavedQuery,
        now: TimeMicros,
    ) -> Result<SavedQuery> {
        let name = row::name(&new.name)?;
        let mut tx = self.tenant_tx(tenant).await?;
        let before = one(&mut tx, tenant, person.id, id).await?;
        let done = sqlx::query(
            "UPDATE hunting_queries SET name = $4, folder = $5, description = $6, query = $7, shared = $8,
                 revision = revision + 1, updated_by = $9, updated_at = $10
             WHERE tenant_id = $1 AND id = $2 AND revision = $3",
        )
        .bind(tenant.0)
        .bind(id)
        .bind(revision)
        .bind(&name)
        .bind(folder(&new.folder)?)
        .bind(description(&new.description)?)
        .bind(query(&new.query)?)
        .bind(new.shared)
        .bind(row::text(&person.name, 300))
        .bind(now.0)
        .execute(&mut *tx)
        .await
        .map_err(|e| taken(e, &name))?;
        if done.rows_affected() == 0 {
            return Err(revision_conflict(before.revision));
        }
        let written = one(&mut tx, tenant, person.id, id).await?;
        tx.commit().await?;
        Ok(written)
    }

    /// Deletes a query that the person sees.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn delete_saved_query(&self, tenant: TenantId, person: Uuid, id: Uuid) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sql = format!("DELETE FROM hunting_queries WHERE {SEEN} AND id = $3");
        let done =
            sqlx::query(AssertSqlSafe(sql)).bind(tenant.0).bind(person).bind(id).execute(&mut *tx).await?;
        tx.commit().await?;
        if done.rows_affected() == 0 { Err(StateError::NotFound("saved query")) } else { Ok(()) }
    }
}
