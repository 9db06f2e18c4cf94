//! What the service is given when it starts.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use ed25519_dalek::SigningKey;
use palisade_connectors::secret::SealingKey;
use palisade_state::State;
use palisade_types::TenantId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::explorer::Explorer;
use crate::metrics::ApiMetrics;
use crate::query::{ExternalFiles, QueryClient};

/// Something about the product itself that a person should know: a full disk, a stopped role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Warning {
    /// Stable snake_case code.
    pub code: String,
    /// One sentence for people, with what to do.
    pub message: String,
}

/// What machines that come by themselves are given besides a token.
#[derive(Clone, Debug)]
pub struct OnboardingOffer {
    /// The sensor's executable.
    pub sensor: PathBuf,
    /// The certificates that the sensors' door is trusted by, as PEM.
    pub ca_pem: String,
}

/// What the instance warns of now; asked at each `GET /api/v1/instance`, so it must be quick.
pub trait WarningsProvider: Send + Sync + 'static {
    /// The present warnings, worst first; empty when all is well.
    fn warnings(&self) -> Vec<Warning>;
}

impl<F: Fn() -> Vec<Warning> + Send + Sync + 'static> WarningsProvider for F {
    fn warnings(&self) -> Vec<Warning> {
        self()
    }
}

/// What the service needs to run.
#[derive(Clone)]
pub struct ApiConfig {
    /// The state store, connected as [`palisade_state::DbRole::Api`].
    pub state: State,
    /// Runs queries.
    pub query: Arc<dyn QueryClient>,
    /// Gets what queries read from outside; without it nothing is read there.
    pub external: Option<Arc<dyn ExternalFiles>>,
    /// Signs orders.
    pub action_key: SigningKey,
    /// Whose audit log keeps attempts of nobody in particular (failed sign-ins, set-up links that
    /// are not valid): the instance's first tenant.
    pub default_tenant: TenantId,
    /// The sensors' doors of further regions, by region: the first region's is `ingest_url`.
    pub further_doors: BTreeMap<String, String>,
    /// The first region's name.
    pub region: String,
    /// The instance, 8 lower-case hexadecimal digits.
    pub instance_id: String,
    /// The version that is shown.
    pub version: String,
    /// Where sensors enrol, such as `https://host:8444`.
    pub ingest_url: String,
    /// Where people reach the console, without a slash at the end; set-up links begin with it.
    pub console_url: String,
    /// The command that enrols a machine, with `{url}` in place of the door of the tenant's region and
    /// `{token}` in place of the token; none hides it.
    pub enrol_command: Option<String>,
    /// Host names (no port) under which the console may be asked for, besides `localhost` and the
    /// loopback addresses. A request for another host is refused: it is somebody else's page.
    pub allowed_hosts: Vec<String>,
    /// Whether the session cookie is for HTTPS only. False only in tests.
    pub secure_cookies: bool,
    /// Queries of one tenant that run at once.
    pub query_slots: usize,
    /// Attempts without an account (sign-in, set-up) that one address may make in a minute.
    pub attempts_per_minute: u32,
    /// The version of the sensor that machines get; empty where there is none.
    pub sensor_version: String,
    /// What machines that come by themselves are given; none where there is no sensor to give.
    pub onboarding: Option<OnboardingOffer>,
    /// Seals connectors' credentials to the process that goes out to machines.
    pub sealing_key: Option<SealingKey>,
    /// The explorer's graphs.
    pub explorer: Arc<Explorer>,
    /// Folders for files of hunting, by region: exports by the clock. This process alone reads and writes there.
    pub hunting_folders: BTreeMap<String, PathBuf>,
    /// What the instance warns of.
    pub warnings: Arc<dyn WarningsProvider>,
    /// Counters of this service.
    pub metrics: ApiMetrics,
}

impl ApiConfig {
    /// Where sensors of a region enrol.
    pub(crate) fn door(&self, region: &str) -> &str {
        self.further_doors.get(region).unwrap_or(&self.ingest_url)
    }
}

impl std::fmt::Debug for ApiConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiConfig").field("instance_id", &self.instance_id).finish_non_exhaustive()
    }
}
