//! Files that queries read by name. The bytes lie with the api; here is what they are called and how many.

use palisade_types::{TenantId, TimeMicros};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::{Result, State, StateError, row};

/// Most bytes of one file.
pub const MAX_UPLOAD: u64 = 64 << 20;
/// Most bytes of all files of a tenant.
pub const MAX_UPLOADS: u64 = 1 << 30;
/// Most files of a tenant.
const MOST: i64 = 1_000;
/// Longest name, characters.
const MAX_NAME: usize = 100;

/// A file that queries read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Its name in queries.
    pub name: String,
    /// Its name on the disk.
    pub id: Uuid,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, hexadecimal.
    pub sha256: String,
    /// Who uploaded it first.
    pub created_by: String,
    /// When.
    pub created_at: TimeMicros,
    /// Who replaced it last.
    pub updated_by: String,
    /// When.
    pub updated_at: TimeMicros,
}

/// A file that was uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUpload {
    /// Its name in queries.
    pub name: String,
    /// Its name on the disk.
    pub id: Uuid,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, hexadecimal.
    pub sha256: String,
}

const COLUMNS: &str = "name, id, bytes, sha256, created_by, created_at, updated_by, updated_at";

fn upload(r: &PgRow) -> Result<Upload> {
    Ok(Upload {
        name: r.try_get("name")?,
        id: r.try_get("id")?,
        bytes: u64::try_from(r.try_get::<i64, _>("bytes")?).unwrap_or(0),
        sha256: r.try_get("sha256")?,
        created_by: r.try_get("created_by")?,
        created_at: row::time(r, "created_at")?,
        updated_by: r.try_get("updated_by")?,
        updated_at: row::time(r, "updated_at")?,
    })
}

/// Whether a file can be called so: 1 to 100 ASCII letters, digits, `-`, `_` and `.`, and no `.` at its begin.
///
/// # Errors
/// `invalid_argument`.
pub fn check_upload_name(name: &str) -> Result<()> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(good) || name.starts_with('.') {
        return Err(StateError::InvalidArgument(format!(
            "name must be 1 to {MAX_NAME} ASCII letters, digits, -, _ or . and not begin with one"
        )));
    }
    Ok(())
}

impl State {
    /// Files by their names.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn uploads(&self, tenant: TenantId) -> Result<Vec<Upload>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sql = format!("SELECT {COLUMNS} FROM hunting_uploads WHERE tenant_id = $1 ORDER BY name");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tenant.0).fetch_all(&mut *tx).await?;
        tx.commit().await?;
        rows.iter().map(upload).collect()
    }

    /// The file of that name, if there is one.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn upload(&self, tenant: TenantId, name: &str) -> Result<Option<Upload>> {
        // PostgreSQL takes no NUL, and no file has one in its name.
        if check_upload_name(name).is_err() {
            return Ok(None);
        }
        let mut tx = self.tenant_tx(tenant).await?;
        let sql = format!("SELECT {COLUMNS} FROM hunting_uploads WHERE tenant_id = $1 AND name = $2");
        let found =
            sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tenant.0).bind(name).fetch_optional(&mut *tx).await?;
        tx.commit().await?;
        found.as_ref().map(upload).transpose()
    }

    /// Writes a file down, in place of the one of its name where that is wanted. Gives it, and what it replaced.
    ///
    /// # Errors
    /// `invalid_argument` (the name), `already_exists`, `upload_too_large`, `uploads_full`.
    pub async fn put_upload(
        &self,
        tenant: TenantId,
        (new, replace): (&NewUpload, bool),
        by: &str,
        now: TimeMicros,
    ) -> Result<(Upload, Option<Uuid>)> {
        check_upload_name(&new.name)?;
        let rule = |code, message: String| Err(StateError::Rule { code, message });
        if new.bytes > MAX_UPLOAD {
            return rule("upload_too_large", format!("a file has at most {} MiB", MAX_UPLOAD >> 20));
        }
        let mut tx = self.tenant_tx(tenant).await?;
        // Two at once would each see room for themselves.
        sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
            .bind(format!("hunting_uploads {tenant}"))
            .execute(&mut *tx)
            .await?;
        let old: Option<Uuid> =
            sqlx::query_scalar("SELECT id FROM hunting_uploads WHERE tenant_id = $1 AND name = $2")
                .bind(tenant.0)
                .bind(&new.name)
                .fetch_optional(&mut *tx)
                .await?;
        if old.is_some() && !replace {
            return rule("already_exists", format!("there is a file {} already", new.name));
        }
        let (files, bytes): (i64, i64) = sqlx::query_as(
            "SELECT count(*), coalesce(sum(bytes), 0)::bigint FROM hunting_uploads WHERE tenant_id = $1 AND name <> $2",
        )
        .bind(tenant.0)
        .bind(&new.name)
        .fetch_one(&mut *tx)
        .await?;
        if files >= MOST || u64::try_from(bytes).unwrap_or(0).saturating_add(new.bytes) > MAX_UPLOADS {
            let message = format!("a tenant has at most {MOST} files of {} MiB together", MAX_UPLOADS >> 20);
            return rule("uploads_full", message);
        }
        let sql = format!(
            "INSERT INTO hunting_uploads (tenant_id, name, id, bytes, sha256, created_by, created_at, updated_by, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $6, $7)
             ON CONFLICT (tenant_id, name) DO UPDATE SET id = excluded.id, bytes = excluded.bytes,
                 sha256 = excluded.sha256, updated_by = excluded.updated_by, updated_at = excluded.updated_at
             RETURNING {COLUMNS}"
        );
        let written = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(tenant.0)
            .bind(&new.name)
            .bind(new.id)
            .bind(i64::try_from(new.bytes).unwrap_or(i64::MAX))
            .bind(&new.sha256)
            .bind(row::text(by, 300))
            .bind(now.0)
            .fetch_one(&mut *tx)
            .await?;
        let written = upload(&written)?;
        tx.commit().await?;
        Ok((written, old))
    }

    /// Forgets a file; its name on the disk.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn delete_upload(&self, tenant: TenantId, name: &str) -> Result<Uuid> {
        check_upload_name(name).map_err(|_| StateError::NotFound("upload"))?;
        let mut tx = self.tenant_tx(tenant).await?;
        let gone: Option<Uuid> =
            sqlx::query_scalar("DELETE FROM hunting_uploads WHERE tenant_id = $1 AND name = $2 RETURNING id")
                .bind(tenant.0)
                .bind(name)
                .fetch_optional(&mut *tx)
                .await?;
        tx.commit().await?;
        gone.ok_or(StateError::NotFound("upload"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_plain() {
        for good in ["a", "list-1.csv.gz", "A_b"] {
            assert!(check_upload_name(good).is_ok(), "{good}");
        }
        for bad in ["", ".", "..", "a/b", "a b", "é", "a\0", "a:b", &"x".repeat(101)] {
            assert!(check_upload_name(bad).is_err(), "{bad}");
        }
    }
}
