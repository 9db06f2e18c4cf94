//! Taking a tenant out of its region's database, so that not even its bytes stay.
//!
//! Deleting rows leaves them in pages, in statistics and in the write-ahead log. So after
//! [`wipe_rows`] the tables are written anew and the log is cut off ([`scrub`]), and
//! [`search_tables`] looks whether anything is left. All three connect as the cluster's superuser:
//! the audit log cannot be deleted from by anybody else.

use std::collections::BTreeMap;

use palisade_types::{DeviceId, TenantId, TimeMicros};
use serde_json::json;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};

use crate::instance_audit::{self, fingerprint};
use crate::tenants::{default_subscription, insert_tenant};
use crate::{InstanceDeed, Result, State, StateError, Tenant, row};

/// What was taken out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wiped {
    /// Rows by table; tables that held none are named too.
    pub rows: BTreeMap<String, u64>,
    /// The devices that the tenant had: what to look for afterwards.
    pub devices: Vec<DeviceId>,
}

/// What was looked at in one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSearch {
    /// Database and table.
    pub table: String,
    /// Rows that were read.
    pub rows: u64,
    /// Rows that hold one of the words.
    pub hits: u64,
}

/// Deletes every row of the tenant in every table that has a tenant, in one transaction.
///
/// # Errors
/// Only those of the store itself; nothing is deleted then.
pub async fn wipe_rows(superuser: &PgConnectOptions, tenant: TenantId) -> Result<Wiped> {
    let mut connection = superuser.connect().await?;
    let mut tx = connection.begin().await?;
    let devices = sqlx::query("SELECT id FROM devices WHERE tenant_id = $1 ORDER BY id")
        .bind(tenant.0)
        .fetch_all(&mut *tx)
        .await?;
    let devices = devices.iter().map(|r| row::device(r, "id")).collect::<Result<_>>()?;
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
         WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1",
    )
    .fetch_all(&mut *tx)
    .await?;
    // Whole tenants go, in all tables: no key can be left dangling, in whatever order.
    sqlx::raw_sql("SET LOCAL session_replication_role = replica").execute(&mut *tx).await?;
    let mut wiped = Wiped { rows: BTreeMap::new(), devices };
    for table in tables {
        let sql = format!("DELETE FROM public.{} WHERE tenant_id = $1", quoted(&table));
        let done = sqlx::query(AssertSqlSafe(sql)).bind(tenant.0).execute(&mut *tx).await?;
        wiped.rows.insert(table, done.rows_affected());
    }
    tx.commit().await?;
    connection.close().await?;
    Ok(wiped)
}

/// Writes every table of a database anew without what was deleted, forgets the statistics that were
/// made of it, and has the write-ahead log of before removed. Takes the tables' locks.
///
/// # Errors
/// Only those of the store itself.
pub async fn scrub(superuser: &PgConnectOptions) -> Result<()> {
    let mut connection = superuser.connect().await?;
    // An empty table keeps the statistics of when it was not.
    sqlx::raw_sql(
        "DELETE FROM pg_statistic s USING pg_class c, pg_namespace n
         WHERE c.oid = s.starelid AND n.oid = c.relnamespace AND n.nspname IN ('public', 'pg_toast')",
    )
    .execute(&mut connection)
    .await?;
    let mut tables = tables(&mut connection).await?;
    tables.extend(["pg_catalog.pg_statistic".to_owned(), "pg_catalog.pg_statistic_ext_data".to_owned()]);
    for table in tables {
        sqlx::raw_sql(AssertSqlSafe(format!("VACUUM (FULL, ANALYZE) {table}")))
            .execute(&mut connection)
            .await?;
    }
    // At least twice: the first one may still need what lies before it. Segments that an earlier version
    // kept for later, with what they held, are used up one by one.
    let segments: i64 =
        sqlx::query_scalar("SELECT count(*) FROM pg_ls_waldir()").fetch_one(&mut connection).await?;
    for _ in 0..segments.max(0) + 2 {
        sqlx::raw_sql("SELECT pg_switch_wal()").execute(&mut connection).await?;
        sqlx::raw_sql("CHECKPOINT").execute(&mut connection).await?;
    }
    connection.close().await?;
    Ok(())
}

/// Looks for words (of lower-case letters, digits and hyphens) in every column of every row of a
/// database's tables, and of the statistics that PostgreSQL keeps of them.
///
/// # Errors
/// Only those of the store itself.
pub async fn search_tables(superuser: &PgConnectOptions, words: &[String]) -> Result<Vec<TableSearch>> {
    let mut connection = superuser.connect().await?;
    let database: String =
        sqlx::query_scalar("SELECT current_database()::text").fetch_one(&mut connection).await?;
    let mut all = tables(&mut connection).await?;
    all.push("pg_catalog.pg_statistic".to_owned());
    let mut out = Vec::new();
    for table in all {
        // The text of a whole row shows bytes as hexadecimal digits, so binary forms are found too.
        let sql = format!(
            "SELECT count(*) AS rows,
                    count(*) FILTER (WHERE EXISTS (
                        SELECT FROM unnest($1::text[]) AS word WHERE strpos(lower(t::text), word) > 0)) AS hits
             FROM {table} AS t"
        );
        let found = sqlx::query(AssertSqlSafe(sql)).bind(words).fetch_one(&mut connection).await?;
        out.push(TableSearch {
            table: format!("{database}.{table}"),
            rows: found.try_get::<i64, _>("rows")?.unsigned_abs(),
            hits: found.try_get::<i64, _>("hits")?.unsigned_abs(),
        });
    }
    connection.close().await?;
    Ok(out)
}

async fn tables(connection: &mut PgConnection) -> Result<Vec<String>> {
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = 'public' AND c.relkind IN ('r', 'm') ORDER BY 1",
    )
    .fetch_all(connection)
    .await?;
    Ok(names.iter().map(|name| format!("public.{}", quoted(name))).collect())
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl State {
    /// Makes a tenant anew under a new id: the old one's line goes, one of the same name and region
    /// comes, and the deed is written down, all at once. To be called when the old one's rows are
    /// wiped. Needs the role [`crate::DbRole::Owner`].
    ///
    /// # Errors
    /// `not_found`.
    pub async fn renew_tenant(
        &self,
        old: TenantId,
        actor: &str,
        wiped: &Wiped,
        now: TimeMicros,
    ) -> Result<Tenant> {
        let before = self.tenant(old).await?.ok_or(StateError::NotFound("tenant"))?;
        let new = Tenant { id: TenantId::random(), created_at: now, ..before };
        let mut control = self.control().begin().await?;
        sqlx::query("DELETE FROM tenants WHERE id = $1").bind(old.0).execute(&mut *control).await?;
        insert_tenant(&mut control, &new).await?;
        let deed = InstanceDeed {
            at: now,
            actor: actor.to_owned(),
            kind: "tenant.reset".to_owned(),
            target: new.name.clone(),
            detail: json!({
                "region": new.region,
                "old_tenant_sha256": fingerprint(old),
                "new_tenant": new.id.to_string(),
                "rows": wiped.rows.values().sum::<u64>(),
                "devices": wiped.devices.len(),
            }),
        };
        let mut tx = self.scoped(&new.region, new.id).await?;
        default_subscription(&mut tx, new.id, now).await?;
        tx.commit().await?;
        instance_audit::insert(&mut control, &deed).await?;
        control.commit().await?;
        self.forget(old);
        Ok(new)
    }
}
