//! Stored functions of a tenant.

use palisade_types::{TenantId, TimeMicros};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::{already_exists, description, folder, revision_conflict, verbatim};
use crate::error::is_unique_violation;
use crate::page::{self, Cursor};
use crate::{Page, Result, State, StateError, row};

/// Most functions of a tenant.
const MOST: i64 = 1_000;
/// Longest texts, bytes, as the compiler has them.
const MAX_PARAMETERS: usize = 4 * 1024;
const MAX_BODY: usize = 64 * 1024;

/// A column that a function gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionColumn {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
}

/// A stored function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name, unique in the tenant; case matters.
    pub name: String,
    /// Where people look for it.
    pub folder: String,
    /// What it is for.
    pub description: String,
    /// Its parameters with their brackets.
    pub parameters: String,
    /// Its statements.
    pub body: String,
    /// Whether it gave rows when it was written.
    pub tabular: bool,
    /// The columns of its rows then, where they are certain.
    pub columns: Option<Vec<FunctionColumn>>,
    /// How often it was written.
    pub revision: i64,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: TimeMicros,
    /// Who changed it last.
    pub updated_by: String,
    /// When.
    pub updated_at: TimeMicros,
}

/// What of a function the compiler reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionText {
    /// Its name.
    pub name: String,
    /// Its parameters with their brackets.
    pub parameters: String,
    /// Its statements.
    pub body: String,
}

/// What a function shall be. The caller has had it compiled.
#[derive(Clone, Debug)]
pub struct NewFunction {
    /// Its name.
    pub name: String,
    /// Where people look for it.
    pub folder: String,
    /// What it is for.
    pub description: String,
    /// Its parameters with their brackets.
    pub parameters: String,
    /// Its statements.
    pub body: String,
    /// Whether it gives rows.
    pub tabular: bool,
    /// Their columns, where they are certain.
    pub columns: Option<Vec<FunctionColumn>>,
    /// The revision that is changed; none makes a function.
    pub revision: Option<i64>,
}

const COLUMNS: &str =
    "name, folder, description, parameters, body, tabular, columns, revision, created_by, created_at,
    updated_by, updated_at";

fn function(r: &PgRow) -> Result<Function> {
    let columns: Option<serde_json::Value> = r.try_get("columns")?;
    let columns = columns.map(serde_json::from_value).transpose();
    Ok(Function {
        name: r.try_get("name")?,
        folder: r.try_get("folder")?,
        description: r.try_get("description")?,
        parameters: r.try_get("parameters")?,
        body: r.try_get("body")?,
        tabular: r.try_get("tabular")?,
        columns: columns.map_err(|e| StateError::Internal(format!("stored columns: {e}")))?,
        revision: r.try_get("revision")?,
        created_by: r.try_get("created_by")?,
        created_at: row::time(r, "created_at")?,
        updated_by: r.try_get("updated_by")?,
        updated_at: row::time(r, "updated_at")?,
    })
}

async fn one(tx: &mut PgConnection, tenant: TenantId, name: &str) -> Result<Function> {
    let sql = format!("SELECT {COLUMNS} FROM hunting_functions WHERE tenant_id = $1 AND name = $2");
    let found =
        sqlx::query(AssertSqlSafe(sql)).bind(tenant.0).bind(row::text(name, 200)).fetch_optional(tx).await?;
    function(&found.ok_or(StateError::NotFound("function"))?)
}

impl State {
    /// Stored functions by name; the list's cursor goes on after a name.
    ///
    /// # Errors
    /// `cursor_invalid`.
    pub async fn hunting_functions(
        &self,
        tenant: TenantId,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<Function>> {
        const LIST: &str = "hunting_functions";
        let after = cursor.map(|text| Cursor::decode(text, LIST)).transpose()?.map(|c| c.key);
        let limit = page::limit(limit);
        let mut tx = self.tenant_tx(tenant).await?;
        let total = sqlx::query_scalar("SELECT count(*) FROM hunting_functions WHERE tenant_id = $1")
            .bind(tenant.0)
            .fetch_one(&mut *tx)
            .await?;
        let sql = format!(
            "SELECT {COLUMNS} FROM hunting_functions WHERE tenant_id = $1 AND ($2::text IS NULL OR name > $2)
             ORDER BY name LIMIT $3"
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(tenant.0)
            .bind(after)
            .bind(limit + 1)
            .fetch_all(&mut *tx)
            .await?;
        tx.commit().await?;
        let all = rows.iter().map(function).collect::<Result<Vec<_>>>()?;
        Ok(page::finish(all, limit, total, |f| Cursor {
            list: LIST.into(),
            key: f.name.clone(),
            id: String::new(),
        }))
    }

    /// One of them.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn hunting_function(&self, tenant: TenantId, name: &str) -> Result<Function> {
        let mut tx = self.tenant_tx(tenant).await?;
        let found = one(&mut tx, tenant, name).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// The texts of those functions that have one of these names.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn hunting_function_texts(
        &self,
        tenant: TenantId,
        names: &[String],
    ) -> Result<Vec<FunctionText>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = sqlx::query(
            "SELECT name, parameters, body FROM hunting_functions WHERE tenant_id = $1 AND name = ANY($2)
             ORDER BY name",
        )
        .bind(tenant.0)
        .bind(names)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.iter()
            .map(|r| {
                Ok(FunctionText {
                    name: r.try_get("name")?,
                    parameters: r.try_get("parameters")?,
                    body: r.try_get("body")?,
                })
            })
            .collect()
    }

    /// Makes a function, or changes the revision that is named.
    ///
    /// # Errors
    /// `already_exists`, `revision_conflict`, `not_found`, `too_many_functions`, `invalid_argument`.
    pub async fn write_hunting_function(
        &self,
        tenant: TenantId,
        new: &NewFunction,
        by: &str,
        now: TimeMicros,
    ) -> Result<Function> {
        let (folder, description) = (folder(&new.folder)?, description(&new.description)?);
        let parameters = verbatim("text of the parameters", &new.parameters, MAX_PARAMETERS)?;
        let body = verbatim("body", &new.body, MAX_BODY)?;
        let columns = new.columns.as_ref().map(serde_json::to_value).transpose();
        let columns = columns.map_err(|e| StateError::Internal(format!("columns: {e}")))?;
        let by = row::text(by, 300);
        let mut tx = self.tenant_tx(tenant).await?;
        let statement = match new.revision {
            None => {
                let there: i64 =
                    sqlx::query_scalar("SELECT count(*) FROM hunting_functions WHERE tenant_id = $1")
                        .bind(tenant.0)
                        .fetch_one(&mut *tx)
                        .await?;
                if there >= MOST {
                    let message = format!("there are {MOST} functions already");
                    return Err(StateError::Rule { code: "too_many_functions", message });
                }
                "INSERT INTO hunting_functions (tenant_id, name, folder, description, parameters, body, tabular,
                     columns, revision, created_by, created_at, updated_by, updated_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $10, $9, $10)"
            }
            Some(_) => {
                "UPDATE hunting_functions SET folder = $3, description = $4, parameters = $5, body = $6, tabular = $7,
                     columns = $8, revision = revision + 1, updated_by = $9, updated_at = $10
                 WHERE tenant_id = $1 AND name = $2 AND revision = $11"
            }
        };
        let mut write = sqlx::query(statement)
            .bind(tenant.0)
            .bind(&new.name)
            .bind(folder)
            .bind(description)
            .bind(parameters)
            .bind(body)
            .bind(new.tabular)
            .bind(columns)
            .bind(by)
            .bind(now.0);
        if let Some(revision) = new.revision {
            write = write.bind(revision);
        }
        let done = write.execute(&mut *tx).await.map_err(|e| match is_unique_violation(&e) {
            true => already_exists("function", &new.name),
            false => e.into(),
        })?;
        let written = one(&mut tx, tenant, &new.name).await?;
        if done.rows_affected() == 0 {
            return Err(revision_conflict(written.revision));
        }
        tx.commit().await?;
        Ok(written)
    }

    /// Deletes a function; queries and functions that call it do not compile any more.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn delete_hunting_function(&self, tenant: TenantId, name: &str) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        let done = sqlx::query("DELETE FROM hunting_functions WHERE tenant_id = $1 AND name = $2")
            .bind(tenant.0)
            .bind(row::text(name, 200))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        if done.rows_affected() == 0 { Err(StateError::NotFound("function")) } else { Ok(()) }
    }
}
