//! Connections, and the transaction that is bound to one tenant.
//!
//! A process holds a pool for the control database and one for each region that it serves: the api
//! and the operator's commands serve all of them, every other role its own region only. Which pool a
//! tenant's data is behind is asked of the control database once and remembered: a region never changes.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use palisade_types::TenantId;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgSslMode};
use sqlx::{Postgres, Transaction};

use crate::cluster::PORT;
use crate::policy::AuthPolicy;
use crate::throttle::GlobalBucket;
use crate::vulnerabilities::Shelf;
use crate::{CONTROL_DATABASE, DbRole, REGION_DATABASE, Result, StateError};

/// The name of an instance's first region.
pub const FIRST_REGION: &str = "local";

/// Password hashes that this process computes at once; each needs 19 MiB.
const CONCURRENT_HASHES: usize = 4;

/// Where the databases are and how many connections to hold.
#[derive(Clone, Debug)]
pub struct StateOptions {
    /// The control database.
    pub control: PgConnectOptions,
    /// The name of the region that comes first: a role's own, or the instance's first one.
    pub region_name: String,
    /// That region's database.
    pub region: PgConnectOptions,
    /// The databases of the further regions that this process serves, by name.
    pub further: BTreeMap<String, PgConnectOptions>,
    /// The most connections to each of them.
    pub max_connections: u32,
    /// Limits of sign-in.
    pub auth: AuthPolicy,
}

impl StateOptions {
    /// The options for the embedded cluster whose socket lies in `socket_dir`, which holds the control
    /// database and the first region's.
    pub fn embedded(socket_dir: &Path, role: DbRole) -> Self {
        Self {
            control: socket(socket_dir, role, CONTROL_DATABASE),
            region_name: FIRST_REGION.to_owned(),
            region: socket(socket_dir, role, REGION_DATABASE),
            further: BTreeMap::new(),
            max_connections: role.default_connections(),
            auth: AuthPolicy::default(),
        }
    }

    /// The same for a process that serves one region, whose cluster's socket lies in `region_dir`.
    #[must_use]
    pub fn of_region(mut self, name: &str, region_dir: &Path, role: DbRole) -> Self {
        name.clone_into(&mut self.region_name);
        self.region = socket(region_dir, role, REGION_DATABASE);
        self.further.clear();
        self
    }

    /// One more region that this process serves.
    #[must_use]
    pub fn and_region(mut self, name: &str, region_dir: &Path, role: DbRole) -> Self {
        self.further.insert(name.to_owned(), socket(region_dir, role, REGION_DATABASE));
        self
    }
}

fn socket(dir: &Path, role: DbRole, database: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(dir)
        .port(PORT)
        .username(role.name())
        .database(database)
        .ssl_mode(PgSslMode::Disable)
        .application_name(role.name())
}

struct Inner {
    control: PgPool,
    own: Arc<str>,
    regions: BTreeMap<Arc<str>, PgPool>,
    homes: RwLock<HashMap<TenantId, Arc<str>>>,
    auth: AuthPolicy,
    bucket: GlobalBucket,
    hashes: tokio::sync::Semaphore,
    shelf: Shelf,
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
        let pool = |to: PgConnectOptions, most: u32| {
            let to = to.options([
                ("statement_timeout", "20000"),
                ("lock_timeout", "10000"),
                ("idle_in_transaction_session_timeout", "60000"),
                ("client_min_messages", "warning"),
            ]);
            PgPoolOptions::new()
                .max_connections(most)
                .acquire_timeout(Duration::from_secs(10))
                .idle_timeout(Duration::from_secs(300))
                .connect_lazy_with(to)
        };
        let own: Arc<str> = options.region_name.as_str().into();
        let mut regions =
            BTreeMap::from([(own.clone(), pool(options.region.clone(), options.max_connections))]);
        let further = options.further.iter();
        regions.extend(further.map(|(n, to)| (n.as_str().into(), pool(to.clone(), options.max_connections))));
        let state = Self {
            inner: Arc::new(Inner {
                // Every region's roles share the control database, and ask it little.
                control: pool(options.control.clone(), (options.max_connections / 3).clamp(1, 4)),
                own,
                regions,
                homes: RwLock::default(),
                bucket: GlobalBucket::new(options.auth.global_burst, options.auth.global_per_second),
                auth: options.auth,
                hashes: tokio::sync::Semaphore::new(CONCURRENT_HASHES),
                shelf: Shelf::default(),
            }),
        };
        state.ready().await?;
        Ok(state)
    }

    /// Whether all databases answer, for a readiness check.
    ///
    /// # Errors
    /// `state_unavailable` when one of them does not.
    pub async fn ready(&self) -> Result<()> {
        sqlx::query("SELECT 1").execute(self.control()).await?;
        for pool in self.inner.regions.values() {
            sqlx::query("SELECT 1").execute(pool).await?;
        }
        Ok(())
    }

    /// The regions that this process serves.
    pub fn regions(&self) -> impl Iterator<Item = &str> {
        self.inner.regions.keys().map(AsRef::as_ref)
    }

    /// Begins a transaction in the database of the tenant's region that sees and writes this tenant's
    /// rows only. It is the only way to what a region holds.
    ///
    /// # Errors
    /// `not_found` when there is no such tenant, `wrong_region` when this process does not serve its
    /// region, `state_unavailable` when no connection can be had.
    pub async fn tenant_tx(&self, tenant: TenantId) -> Result<Transaction<'static, Postgres>> {
        let region = self.home_of(tenant).await?.ok_or(StateError::NotFound("tenant"))?;
        self.scoped(&region, tenant).await
    }

    /// Whether this process serves the tenant's region; not where there is no such tenant.
    ///
    /// # Errors
    /// `state_unavailable`.
    pub async fn serves(&self, tenant: TenantId) -> Result<bool> {
        Ok(self.home_of(tenant).await?.is_some_and(|region| self.inner.regions.contains_key(&*region)))
    }

    /// Like [`State::tenant_tx`], for what names its tenant itself: a secret of a tenant that does not
    /// exist is no better than any other wrong one.
    pub(crate) async fn secret_tx(
        &self,
        tenant: TenantId,
        otherwise: StateError,
    ) -> Result<Transaction<'static, Postgres>> {
        match self.tenant_tx(tenant).await {
            Err(StateError::NotFound("tenant")) => Err(otherwise),
            other => other,
        }
    }

    /// Like [`State::tenant_tx`]; `None` where the tenant's data is not here, because there is no such
    /// tenant or because it lives in another region.
    pub(crate) async fn tx_here(&self, tenant: TenantId) -> Result<Option<Transaction<'static, Postgres>>> {
        match self.tenant_tx(tenant).await {
            Err(StateError::NotFound("tenant") | StateError::WrongRegion) => Ok(None),
            other => other.map(Some),
        }
    }

    /// A transaction in that region, scoped to the tenant, whether or not it is listed yet.
    pub(crate) async fn scoped(
        &self,
        region: &str,
        tenant: TenantId,
    ) -> Result<Transaction<'static, Postgres>> {
        let pool = self.inner.regions.get(region).ok_or(StateError::WrongRegion)?;
        let mut tx = pool.begin().await?;
        sqlx::query("SELECT set_config('app.tenant', $1, true)")
            .bind(tenant.to_string())
            .execute(&mut *tx)
            .await?;
        Ok(tx)
    }

    /// The tenant's region; `None` where there is no such tenant.
    ///
    /// # Errors
    /// `state_unavailable`.
    pub async fn region_of(&self, tenant: TenantId) -> Result<Option<Arc<str>>> {
        self.home_of(tenant).await
    }

    /// The same, from memory where it was asked for before.
    async fn home_of(&self, tenant: TenantId) -> Result<Option<Arc<str>>> {
        let known = {
            let homes = self.inner.homes.read().unwrap_or_else(PoisonError::into_inner);
            homes.get(&tenant).cloned()
        };
        if known.is_some() {
            return Ok(known);
        }
        let region: Option<String> = sqlx::query_scalar("SELECT region FROM tenants WHERE id = $1")
            .bind(tenant.0)
            .fetch_optional(self.control())
            .await?;
        // Tenants that do not exist are not remembered: anybody can make up any number of them.
        let Some(region) = region.map(|r| Arc::<str>::from(r.as_str())) else { return Ok(None) };
        self.inner.homes.write().unwrap_or_else(PoisonError::into_inner).insert(tenant, region.clone());
        Ok(Some(region))
    }

    /// Forgets where a tenant was that is no more.
    pub(crate) fn forget(&self, tenant: TenantId) {
        self.inner.homes.write().unwrap_or_else(PoisonError::into_inner).remove(&tenant);
    }

    /// Closes all connections; running statements are waited for.
    pub async fn close(&self) {
        self.inner.control.close().await;
        for pool in self.inner.regions.values() {
            pool.close().await;
        }
    }

    pub(crate) fn control(&self) -> &PgPool {
        &self.inner.control
    }

    /// The region that a role serves, for what is of a region and of no tenant.
    pub(crate) fn region(&self) -> &PgPool {
        &self.inner.regions[&self.inner.own]
    }

    pub(crate) fn own_region(&self) -> &str {
        &self.inner.own
    }

    pub(crate) fn serves_region(&self, region: &str) -> bool {
        self.inner.regions.contains_key(region)
    }

    pub(crate) fn auth(&self) -> &AuthPolicy {
        &self.inner.auth
    }

    pub(crate) fn bucket(&self) -> &GlobalBucket {
        &self.inner.bucket
    }

    pub(crate) fn shelf(&self) -> &Shelf {
        &self.inner.shelf
    }

    pub(crate) fn hashes(&self) -> &tokio::sync::Semaphore {
        &self.inner.hashes
    }
}
