//! A fresh pair of databases for one test.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Result;
use palisade_state::{DbRole, State, StateOptions, Tenant};
use palisade_types::TimeMicros;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::OnceCell;

use crate::cluster::Shared;

static SHARED: OnceCell<Arc<Shared>> = OnceCell::const_new();
static NEXT: AtomicU32 = AtomicU32::new(0);

/// Control and region databases of one test, dropped with the value.
pub struct TestDb {
    shared: Arc<Shared>,
    names: [String; 2],
}

impl TestDb {
    /// Makes them from this build's template, starting the shared cluster if need be.
    ///
    /// # Panics
    /// When PostgreSQL is not installed or does not start: a test cannot go on without it.
    pub async fn new() -> Self {
        Self::make().await.unwrap_or_else(|e| panic!("no database for the test: {e:#}"))
    }

    async fn make() -> Result<Self> {
        let shared = SHARED.get_or_try_init(|| async { Shared::attach().await.map(Arc::new) }).await?.clone();
        let base = format!("t_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let names = [format!("{base}_control"), format!("{base}_region")];
        let mut connection = shared.superuser().await?;
        for (name, template) in names.iter().zip(&shared.templates) {
            drop_database(&mut connection, name).await?;
            let sql = format!("CREATE DATABASE \"{name}\" TEMPLATE \"{template}\" OWNER {}", DbRole::Owner);
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
        }
        connection.close().await?;
        Ok(Self { shared, names })
    }

    /// How to connect to them as a role.
    pub fn options(&self, role: DbRole) -> StateOptions {
        let mut options = StateOptions::embedded(self.shared.cluster.socket_dir(), role);
        options.control = options.control.database(&self.names[0]);
        options.region = options.region.database(&self.names[1]);
        options
    }

    /// Connects as a role.
    ///
    /// # Panics
    /// When that fails.
    pub async fn state(&self, role: DbRole) -> State {
        State::connect(self.options(role)).await.expect("the test's databases are there")
    }

    /// Makes a tenant in region `local`.
    ///
    /// # Panics
    /// When that fails.
    pub async fn tenant(&self, name: &str) -> Tenant {
        let owner = self.state(DbRole::Owner).await;
        let tenant =
            owner.create_tenant(name, "local", TimeMicros::now()).await.expect("a tenant can be made");
        owner.close().await;
        tenant
    }

    /// How the cluster's owner connects to the region's database. It is not bound by row-level
    /// security.
    pub fn superuser(&self) -> PgConnectOptions {
        self.shared.cluster.superuser(&self.names[1])
    }

    /// How the cluster's owner connects to the control database.
    pub fn superuser_control(&self) -> PgConnectOptions {
        self.shared.cluster.superuser(&self.names[0])
    }
}

async fn drop_database(connection: &mut PgConnection, name: &str) -> Result<()> {
    let sql = format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await?;
    Ok(())
}

impl Drop for TestDb {
    fn drop(&mut self) {
        let (shared, names) = (self.shared.clone(), self.names.clone());
        // A runtime of its own: the test's one may be gone or busy. What fails here goes with the cluster.
        let work = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            runtime.block_on(async {
                let mut connection = shared.superuser().await.ok()?;
                for name in &names {
                    drop_database(&mut connection, name).await.ok()?;
                }
                connection.close().await.ok()
            })
        };
        std::thread::spawn(work).join().ok();
    }
}
