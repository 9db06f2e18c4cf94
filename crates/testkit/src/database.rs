//! Fresh databases for one test: control, the first region's, and those of further regions.

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

/// Control and region databases of one test, dropped with the value. The first region is `local`.
pub struct TestDb {
    shared: Arc<Shared>,
    names: [String; 2],
    /// Further regions with the names of their databases.
    further: Vec<(String, String)>,
}

impl TestDb {
    /// Makes them from this build's template, starting the shared cluster if need be.
    ///
    /// # Panics
    /// When PostgreSQL is not installed or does not start: a test cannot go on without it.
    pub async fn new() -> Self {
        Self::with_regions(&[]).await
    }

    /// The same with further regions besides `local`.
    ///
    /// # Panics
    /// As [`TestDb::new`].
    pub async fn with_regions(further: &[&str]) -> Self {
        Self::make(further).await.unwrap_or_else(|e| panic!("no database for the test: {e:#}"))
    }

    async fn make(further: &[&str]) -> Result<Self> {
        let shared = SHARED.get_or_try_init(|| async { Shared::attach().await.map(Arc::new) }).await?.clone();
        let base = format!("t_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let names = [format!("{base}_control"), format!("{base}_region")];
        let further: Vec<(String, String)> =
            further.iter().map(|region| ((*region).to_owned(), format!("{base}_region_{region}"))).collect();
        let mut connection = shared.superuser().await?;
        let templates = [&shared.templates[0], &shared.templates[1]];
        let of_further = further.iter().map(|(_, name)| (name, &shared.templates[1]));
        for (name, template) in names.iter().zip(templates).chain(of_further) {
            drop_database(&mut connection, name).await?;
            let sql = format!("CREATE DATABASE \"{name}\" TEMPLATE \"{template}\" OWNER {}", DbRole::Owner);
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
        }
        connection.close().await?;
        Ok(Self { shared, names, further })
    }

    /// How to connect to them as a role.
    pub fn options(&self, role: DbRole) -> StateOptions {
        let mut options = StateOptions::embedded(self.shared.cluster.socket_dir(), role);
        options.control = options.control.database(&self.names[0]);
        options.region = options.region.database(&self.names[1]);
        for (region, name) in &self.further {
            options.further.insert(region.clone(), options.region.clone().database(name));
        }
        options
    }

    /// How a role connects that serves one of the further regions only.
    ///
    /// # Panics
    /// When there is no such region.
    pub fn options_in(&self, region: &str, role: DbRole) -> StateOptions {
        let mut options = self.options(role);
        options.region = options.further.remove(region).expect("the test has this region");
        region.clone_into(&mut options.region_name);
        options.further.clear();
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

    /// How the cluster's owner connects to a further region's database.
    ///
    /// # Panics
    /// When there is no such region.
    pub fn superuser_in(&self, region: &str) -> PgConnectOptions {
        let found = self.further.iter().find(|(name, _)| name == region);
        self.shared.cluster.superuser(&found.expect("the test has this region").1)
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
        let shared = self.shared.clone();
        let further = self.further.iter().map(|(_, name)| name);
        let names: Vec<String> = self.names.iter().chain(further).cloned().collect();
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
