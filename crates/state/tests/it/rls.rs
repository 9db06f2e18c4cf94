//! One tenant never sees or changes another's rows, whatever the role and whatever the statement.

use std::collections::BTreeMap;

use palisade_state::DbRole;
use palisade_testkit::TestDb;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection, Row};

use crate::common::{enrol, world};

/// Tables without row-level security, each with its reason.
const WITHOUT: [(&str, &str); 6] = [
    ("_sqlx_migrations", "which migrations ran; no tenant's data"),
    ("tenants", "names and routing, read before a tenant is known"),
    ("instance_settings", "settings of the instance; no tenant's data"),
    ("instance_audit", "what was done to tenants as a whole; for the owner only"),
    ("transfers", "ids of subscriptions that move between tenants; for the owner only"),
    ("presence", "when the server itself ran; no tenant's data"),
];

async fn tables(options: &PgConnectOptions) -> BTreeMap<String, (bool, bool, bool)> {
    let mut connection = options.connect().await.expect("connects");
    let rows = sqlx::query(
        "SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,
                exists (SELECT FROM pg_policy p WHERE p.polrelid = c.oid
                        AND p.polqual IS NOT NULL AND p.polwithcheck IS NOT NULL) AS policy
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')",
    )
    .fetch_all(&mut connection)
    .await
    .expect("reads the catalogue");
    rows.iter()
        .map(|r| (r.get("relname"), (r.get("relrowsecurity"), r.get("relforcerowsecurity"), r.get("policy"))))
        .collect()
}

#[tokio::test]
async fn every_table_is_protected_or_has_a_reason_not_to_be() {
    let db = TestDb::new().await;
    let region = tables(&db.superuser()).await;
    let control = tables(&db.superuser_control()).await;
    assert!(region.len() >= 14 && control.len() >= 3, "{region:?} {control:?}");
    for (name, state) in region.iter().chain(&control) {
        let excused = WITHOUT.iter().any(|(table, why)| table == name && !why.is_empty());
        assert_eq!(
            *state == (true, true, true),
            !excused,
            "table {name}: (enabled, forced, policy) = {state:?}"
        );
    }
}

#[tokio::test]
async fn no_role_may_bypass_row_level_security_or_more() {
    let db = TestDb::new().await;
    let mut connection = db.superuser().connect().await.expect("connects");
    for role in DbRole::ALL {
        let row = sqlx::query(
            "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = $1",
        )
        .bind(role.name())
        .fetch_one(&mut connection)
        .await
        .expect("there is the role");
        for column in ["rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb"] {
            assert!(!row.get::<bool, _>(column), "{role} has {column}");
        }
    }
}

async fn count(connection: &mut PgConnection, table: &str) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {table}"))).fetch_one(connection).await
}

async fn scope(connection: &mut PgConnection, tenant: &str) {
    sqlx::query("SELECT set_config('app.tenant', $1, false)")
        .bind(tenant)
        .execute(connection)
        .await
        .expect("set");
}

fn denied(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(e) if e.code().as_deref() == Some("42501"))
}

#[tokio::test]
async fn each_role_sees_only_the_tenant_that_it_has_set() {
    let world = world().await;
    enrol(&world.db, world.tenant.id, "a").await;
    let other = world.db.tenant("Other").await;
    let names: Vec<String> = tables(&world.db.superuser()).await.into_keys().collect();
    for role in DbRole::ALL {
        let mut connection = world.db.options(role).region.connect().await.expect("connects");
        let mut own_rows = 0;
        for table in names.iter().filter(|n| WITHOUT.iter().all(|(w, _)| w != n)) {
            let mut seen = Vec::new();
            for tenant in ["", &other.id.to_string(), &world.tenant.id.to_string()] {
                scope(&mut connection, tenant).await;
                match count(&mut connection, table).await {
                    Ok(n) => seen.push(n),
                    Err(e) => assert!(denied(&e) && role != DbRole::Owner, "{role} {table}: {e}"),
                }
            }
            if let [unset, foreign, own] = seen[..] {
                assert_eq!(unset, 0, "{role} sees {table} with no tenant set");
                assert_eq!(
                    foreign,
                    i64::from(table == "subscriptions"),
                    "{role} sees another tenant's {table}"
                );
                own_rows += own;
            }
        }
        assert!(own_rows > 0, "{role} sees its own tenant's rows");
    }
}

#[tokio::test]
async fn a_foreign_insert_update_and_delete_is_refused() {
    let world = world().await;
    let device = enrol(&world.db, world.tenant.id, "a").await;
    let other = world.db.tenant("Other").await;
    for role in [DbRole::Owner, DbRole::Ingest] {
        let mut connection = world.db.options(role).region.connect().await.expect("connects");
        scope(&mut connection, &other.id.to_string()).await;
        let inserted = sqlx::query(
            "INSERT INTO device_counters (tenant_id, device_id, counters, updated_at) VALUES ($1, $2, '{}', 0)",
        )
        .bind(world.tenant.id.0)
        .bind(device.to_string())
        .execute(&mut connection)
        .await
        .expect_err("a foreign insert");
        assert!(inserted.to_string().contains("row-level security"), "{role}: {inserted}");
        let updated =
            sqlx::query("UPDATE devices SET last_seen = 0").execute(&mut connection).await.expect("runs");
        assert_eq!(updated.rows_affected(), 0);
    }
    let mut connection = world.db.options(DbRole::Api).region.connect().await.expect("connects");
    scope(&mut connection, &other.id.to_string()).await;
    let deleted = sqlx::query("DELETE FROM users").execute(&mut connection).await.expect("runs");
    assert_eq!(deleted.rows_affected(), 0);
    let moved = sqlx::query("UPDATE users SET tenant_id = $1").bind(other.id.0);
    scope(&mut connection, &world.tenant.id.to_string()).await;
    let moved = moved.execute(&mut connection).await.expect_err("moving a row to another tenant");
    assert!(moved.to_string().contains("row-level security"), "{moved}");
}

#[tokio::test]
async fn secrets_of_people_are_for_the_api_only() {
    let world = world().await;
    for role in [DbRole::Ingest, DbRole::Lake] {
        let mut connection = world.db.options(role).region.connect().await.expect("connects");
        scope(&mut connection, &world.tenant.id.to_string()).await;
        for table in [
            "users",
            "sessions",
            "api_tokens",
            "setup_links",
            "sign_in_throttle",
            "known_clients",
            "audit_log",
        ] {
            let error = count(&mut connection, table).await.expect_err("denied");
            assert!(denied(&error), "{role} {table}: {error}");
        }
    }
}

#[tokio::test]
async fn the_scope_ends_with_the_transaction() {
    let world = world().await;
    let mut options = world.db.options(DbRole::Api);
    options.max_connections = 1;
    let api = palisade_state::State::connect(options).await.expect("connects");
    api.tenant_tx(world.tenant.id).await.expect("begins").commit().await.expect("commits");
    // The pool has one connection, so this is the one that was just used with a tenant.
    let other = world.db.tenant("Other").await.id;
    assert!(api.users(other).await.expect("reads").is_empty());
    assert_eq!(api.users(world.tenant.id).await.expect("reads").len(), 1);
}
