use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use palisade_estate::edr::HostFacts;
use palisade_estate::machine::{OsFacts, PowerState};
use palisade_estate::provision::{Action, Check, Outcome};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;

use crate::error::ConnectorError;
use crate::scan::{ScanFailed, ScanWork, Scanned};
use crate::secret::SecretText;

/// A way to machines.
#[async_trait]
pub trait Connector: Send + Sync {
    /// Whether it can run something on a machine. The machines of one that cannot enrol by
    /// themselves.
    fn runs_commands(&self) -> bool;

    /// The machines that it knows, page by page; `None` asks for the first. A page that fails is an
    /// error, never an empty list: what is missing in a whole list is gone.
    async fn list(&self, page: Option<Cursor>) -> Result<Page, ConnectorError>;

    /// Does one action on one machine, within the work's limit. Dropping the future ends whatever
    /// was started for it. What fails is in the outcome, as the finding that it gives.
    async fn perform(&self, place: &Place, work: &Work) -> Outcome;

    /// Which security products a machine has and how they are set up, asked without a sensor. Changes
    /// nothing there.
    async fn products(&self, place: &Place, limit: Duration) -> Result<HostFacts, ConnectorError>;

    /// Reads what a machine without a sensor holds, by the sensor's own executable, and leaves nothing there.
    /// A way that cannot carry an executable and a whole answer says so.
    async fn scan(&self, _: &Place, _: &ScanWork) -> Result<Scanned, ScanFailed> {
        let message = "Only an SSH connector scans machines.";
        Err(ScanFailed::of(palisade_estate::agentless::ScanCode::NoConnector, message))
    }

    /// What works and what does not, for the test button. Changes nothing.
    async fn test(&self) -> Vec<Check>;
}

/// Where a list goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(pub(crate) String);

/// A part of a connector's list.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The machines.
    pub machines: Vec<Listed>,
    /// Where it goes on; `None` at the end.
    pub next: Option<Cursor>,
    /// What was passed over or is not known, for people.
    pub notices: Vec<Notice>,
}

/// Something about a list that people should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The stable code.
    pub code: String,
    /// For people.
    pub message: String,
}

/// A machine as its connector knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its name, unique within the connector where there is no cloud id.
    pub name: String,
    /// What its cloud calls it, in all clouds once; empty without a cloud.
    pub cloud_id: String,
    /// How it is reached; `None` where the connector only lists it.
    pub place: Option<Place>,
    /// Whether it is up, as far as the cloud says.
    pub power: PowerState,
    /// Its system, as far as it is known without a look at it.
    pub os: OsFacts,
    /// The image that it was made from; empty if that is not known.
    pub image: String,
    /// Its addresses.
    pub addresses: Vec<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Whether something can be run on it now, and if not, why.
    pub unavailable: Option<String>,
}

/// Where one machine is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum Place {
    /// By SSH.
    Ssh {
        /// Host name or address.
        host: String,
        /// The port; `None` for the connector's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        port: Option<u16>,
        /// The user; `None` for the connector's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<String>,
    },
    /// By its cloud's command agent.
    Aws {
        /// The instance, such as `i-0123456789abcdef0`.
        instance: String,
    },
}

/// The sensors' door as a machine sees it.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its address: https, a host name or address, a port.
    pub url: String,
    /// The certificates that it is trusted by, as PEM.
    pub ca_pem: String,
}

/// The sensor's executable that is offered.
#[derive(Clone, PartialEq, Eq)]
pub struct Artefact {
    /// Where it lies on the server.
    pub path: PathBuf,
    /// Its digest, hexadecimal.
    pub sha256: String,
    /// Its size in bytes.
    pub size: u64,
}

impl fmt::Debug for Artefact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes, {})", self.path.display(), self.size, self.sha256)
    }
}

impl Artefact {
    /// Looks at a file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn of(path: &Path) -> Result<Self, ConnectorError> {
        let bad = |e: std::io::Error| ConnectorError::Own(format!("{}: {e}", path.display()));
        let mut file = tokio::fs::File::open(path).await.map_err(bad)?;
        let (mut hash, mut size, mut block) = (Sha256::new(), 0u64, vec![0; 1 << 20]);
        loop {
            let n = file.read(&mut block).await.map_err(bad)?;
            if n == 0 {
                break;
            }
            hash.update(&block[..n]);
            size += n as u64;
        }
        Ok(Self { path: path.to_owned(), sha256: hex::encode(hash.finalize()), size })
    }
}

/// Where a machine's own report of a task arrives.
#[async_trait]
pub trait Reports: Send + Sync {
    /// What it has reported, if it has; at most 256 KiB.
    async fn read(&self) -> Result<Option<Vec<u8>>, String>;
}

/// How a machine itself reports what came of a task.
#[derive(Clone)]
pub struct Report {
    /// What it shows at `POST /v1/tasks/report` as its bearer token.
    pub token: SecretText,
    /// Where that arrives.
    pub reports: Arc<dyn Reports>,
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Report(..)")
    }
}

/// What is to be done on a machine.
#[derive(Clone, Debug)]
pub struct Work {
    /// What.
    pub action: Action,
    /// How long it may take.
    pub limit: Duration,
    /// The sensor that is put there where it is needed.
    pub sensor: Artefact,
    /// The door that the machine shall reach.
    pub server: Server,
    /// A token to enrol with; an installation, and a download, need one.
    pub token: Option<SecretText>,
    /// The folder that the sensor lives in.
    pub path: String,
    /// How the machine itself reports, where the connector does not carry its answer.
    pub report: Option<Report>,
}

impl Work {
    /// Work with the action's own limit, in the usual folder.
    pub fn new(action: Action, sensor: Artefact, server: Server) -> Self {
        let limit = Duration::from_micros(action.limit().unsigned_abs());
        Self { action, limit, sensor, server, token: None, path: "/opt/palisade".into(), report: None }
    }
}
