//! Connections, and the transaction that is bound to one tenant.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use palisade_types::TenantId;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgSslMode};
use sqlx::{Postgres, Transaction};

use crate::cluster::PORT;
use crate::policy::AuthPolicy;
use crate::throttle::GlobalBucket;
use crate::{CONTROL_DATABASE, DbRole, REGION_DATABASE, Result};

/// Password hashes that this process computes at once; each needs 19 MiB.
const CONCURRENT_HASHES: usize = 4;

/// Where the databases are and how many connections to hold.
#[derive(Clone, Debug)]
pub struct StateOptions {
    /// The control database.
    pub control: PgConnectOptions,
    /// The region's database.
    pub region: PgConnectOptions,
    /// The most connections to each of the two.
    pub max_connections: u32,
    /// Limits of sign-in.
    pub auth: AuthPolicy,
}

impl StateOptions {
    /// The options for the embedded cluster whose socket lies in `socket_dir`.
    pub fn embedded(socket_dir: &Path, role: DbRole) -> Self {
        let to = |database: &str| {
            PgConnectOptions::new_without_pgpass()
                .socket(socket_dir)
                .port(PORT)
                .username(role.name())
                .database(database)
                .ssl_mode(PgSslMode::Disable)
                .application_name(role.name())
        };
        Self {
            control: to(CONTROL_DATABASE),
            region: to(REGION_DATABASE),
            max_connections: role.default_connections(),
            auth: AuthPolicy::default(),
        }
    }
}

struct Inner {
    control: PgPool,
    region: PgPool,
    auth: AuthPolicy,
    bucket: GlobalBucket,
    hashes: tokio::sync::Semaphore,
}

/// The state store. Cheap to clone; all clones share their connections.
#[derive(Clone)]
pub struct State {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").finish_non_exhaustive()
    }
}

impl State {
    /// Opens the pools and checks one connection to each database.
    ///
    /// # Errors
    /// `state_unavailable` when a database cannot be reached.
    pub async fn connect(options: StateOptions) -> Result<Self> {
        let pool = |to: PgConnectOptions| {
            let to = to.options([
                ("statement_timeout", "20000"),
                ("lock_timeout", "10000"),
                ("idle_in_transaction_session_timeout", "60000"),
                ("client_min_messages", "warning"),
            ]);
            PgPoolOptions::new()
                .max_connections(options.max_connections)
                .acquire_timeout(Duration::from_secs(10))
                .idle_timeout(Duration::from_secs(300))
                .connect_lazy_with(to)
        };
        let state = Self {
            inner: Arc::new(Inner {
                control: pool(options.control.clone()),
                region: pool(options.region.clone()),
                bucket: GlobalBucket::new(options.auth.global_burst, options.auth.global_per_second),
                auth: options.auth,
                hashes: tokio::sync::Semaphore::new(CONCURRENT_HASHES),
            }),
        };
        state.ready().await?;
        Ok(state)
    }

    /// Whether both databases answer, for a readiness check.
    ///
    /// # Errors
    /// `state_unavailable` when one of them does not.
    pub async fn ready(&self) -> Result<()> {
        sqlx::query("SELECT 1").execute(self.control()).await?;
        sqlx::query("SELECT 1").execute(self.region()).await?;
        Ok(())
    }

    /// Begins a transaction in the region's database that sees and writes this tenant's rows only.
    ///
    /// # Errors
    /// `state_unavailable` when no connection can be had.
    pub async fn tenant_tx(&self, tenant: TenantId) -> Result<Transaction<'static, Postgres>> {
        let mut tx = self.region().begin().await?;
        sqlx::query("SELECT set_config('app.tenant', $1, true)")
            .bind(tenant.to_string())
            .execute(&mut *tx)
            .await?;
        Ok(tx)
    }

    /// Closes all connections; running statements are waited for.
    pub async fn close(&self) {
        self.inner.control.close().await;
        self.inner.region.close().await;
    }

    pub(crate) fn control(&self) -> &PgPool {
        &self.inner.control
    }

    pub(crate) fn region(&self) -> &PgPool {
        &self.inner.region
    }

    pub(crate) fn auth(&self) -> &AuthPolicy {
        &self.inner.auth
    }

    pub(crate) fn bucket(&self) -> &GlobalBucket {
        &self.inner.bucket
    }

    pub(crate) fn hashes(&self) -> &tokio::sync::Semaphore {
        &self.inner.hashes
    }
}
