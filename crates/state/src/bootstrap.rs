//! From an empty PostgreSQL to roles, databases and tables; every step may be repeated.

use sha2::{Digest, Sha256};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use crate::{DbRole, Result};

/// The name of the control database.
pub const CONTROL_DATABASE: &str = "control";
/// The name of the region's database.
pub const REGION_DATABASE: &str = "region";

static CONTROL: Migrator = sqlx::migrate!("migrations/control");
static REGION: Migrator = sqlx::migrate!("migrations/region");

/// A fingerprint of all migrations: two builds with the same one make the same tables.
pub fn migrations_fingerprint() -> String {
    let mut hash = Sha256::new();
    for migration in CONTROL.iter().chain(REGION.iter()) {
        hash.update(migration.version.to_le_bytes());
        hash.update(&*migration.checksum);
    }
    hex::encode(&hash.finalize()[..8])
}

/// Makes the roles and both databases where they are missing, and migrates both.
///
/// `admin` connects as a superuser to any database, `owner` as [`DbRole::Owner`]; the names of
/// the databases are usually [`CONTROL_DATABASE`] and [`REGION_DATABASE`].
///
/// # Errors
/// `state_unavailable` when PostgreSQL cannot be reached, `internal` when a migration fails.
pub async fn bootstrap(
    admin: &PgConnectOptions,
    owner: &PgConnectOptions,
    control: &str,
    region: &str,
) -> Result<()> {
    ensure(admin, &[control, region]).await?;
    migrate(owner, control, region).await
}

/// The same in the cluster of a further region, which holds that region's database only.
///
/// # Errors
/// Those of [`bootstrap`].
pub async fn bootstrap_region(
    admin: &PgConnectOptions,
    owner: &PgConnectOptions,
    region: &str,
) -> Result<()> {
    ensure(admin, &[region]).await?;
    run(owner, region, &REGION).await
}

/// Brings both databases to this build's tables. Several may try at once; one does it.
///
/// # Errors
/// `state_unavailable` when PostgreSQL cannot be reached, `internal` when a migration fails.
pub async fn migrate(owner: &PgConnectOptions, control: &str, region: &str) -> Result<()> {
    run(owner, control, &CONTROL).await?;
    run(owner, region, &REGION).await
}

async fn run(owner: &PgConnectOptions, database: &str, migrator: &Migrator) -> Result<()> {
    let mut connection = owner.clone().database(database).connect().await?;
    migrator.run(&mut connection).await?;
    connection.close().await?;
    Ok(())
}

async fn ensure(admin: &PgConnectOptions, databases: &[&str]) -> Result<()> {
    let mut connection = admin.connect().await?;
    for role in DbRole::ALL {
        ensure_role(&mut connection, role).await?;
    }
    for name in databases {
        ensure_database(&mut connection, name).await?;
    }
    connection.close().await?;
    Ok(())
}

async fn ensure_role(connection: &mut PgConnection, role: DbRole) -> Result<()> {
    let exists: bool = sqlx::query_scalar("SELECT exists (SELECT FROM pg_roles WHERE rolname = $1)")
        .bind(role.name())
        .fetch_one(&mut *connection)
        .await?;
    let verb = if exists { "ALTER" } else { "CREATE" };
    let sql = format!(
        "{verb} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS INHERIT",
        quoted(role.name())
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await?;
    Ok(())
}

async fn ensure_database(connection: &mut PgConnection, name: &str) -> Result<()> {
    let exists: bool = sqlx::query_scalar("SELECT exists (SELECT FROM pg_database WHERE datname = $1)")
        .bind(name)
        .fetch_one(&mut *connection)
        .await?;
    let name = quoted(name);
    if !exists {
        let sql =
            format!("CREATE DATABASE {name} OWNER {} TEMPLATE template0 ENCODING 'UTF8'", DbRole::Owner);
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *connection).await?;
    }
    let roles = DbRole::ALL.map(DbRole::name).join(", ");
    let sql =
        format!("REVOKE ALL ON DATABASE {name} FROM PUBLIC; GRANT CONNECT ON DATABASE {name} TO {roles}");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await?;
    Ok(())
}

/// A name as an SQL identifier.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_quoted() {
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
    }

    #[test]
    fn the_fingerprint_is_stable() {
        assert_eq!(migrations_fingerprint(), migrations_fingerprint());
        assert_eq!(migrations_fingerprint().len(), 16);
    }
}
