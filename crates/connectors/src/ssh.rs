//! Machines that are logged in to with the OpenSSH client.

mod agent;
mod keys;
mod listing;
mod login;
mod refused;
mod scan;
mod settings;
mod trial;

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use palisade_estate::edr::HostFacts;
use palisade_estate::inventory::{Inventory, is_host, is_user};
use palisade_estate::provision::{Check, Outcome};
use serde::Deserialize;
use tempfile::TempDir;

use crate::connector::{Connector, Cursor, Page, Place, Work};
use crate::error::ConnectorError;
use crate::outcome::outcome;
use crate::scan::{ScanFailed, ScanWork, Scanned};
use crate::script::{Given, verb};
use crate::secret::SecretText;

pub use keys::{HostKey, SeenKey};
pub use settings::{InventoryForm, KeySource, SshSettings};

/// The connector's credential as it is sealed: JSON.
#[derive(Deserialize)]
struct Credential {
    private_key: SecretText,
}

/// Machines of an inventory.
pub struct Ssh {
    settings: SshSettings,
    inventory: Inventory,
    confirmed: Vec<HostKey>,
    agent: agent::Agent,
    // Dropped last: sockets and files of all that is above lie in it.
    folder: TempDir,
}

/// One machine, checked: nothing in it can be an option or a word of a shell.
pub(crate) struct Spot<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    pub(crate) user: &'a str,
}

impl Spot<'_> {
    fn address(&self) -> String {
        keys::known_name(self.host, self.port)
    }
}

impl Ssh {
    /// A connector that is ready. `secret` is its opened credential: `{"private_key": "…"}`, where
    /// its key is not an agent's. Its files are in a new folder under `runtime`, whose path has to be
    /// short, and only its user can read them; the private key is in the memory of an agent only.
    ///
    /// # Errors
    /// When the settings, the inventory or the key cannot be used.
    pub async fn open(
        settings: SshSettings,
        secret: Option<&[u8]>,
        confirmed: Vec<HostKey>,
        runtime: &Path,
    ) -> Result<Self, ConnectorError> {
        let own = |e: String| ConnectorError::Own(e);
        let inventory = settings.read()?;
        let folder = tempfile::Builder::new()
            .prefix("ssh-")
            .tempdir_in(runtime)
            .map_err(|e| own(format!("its folder under {}: {e}", runtime.display())))?;
        keys::write(&folder.path().join("known_hosts"), &confirmed)?;
        let agent = match &settings.key {
            KeySource::Agent { socket } => agent::Agent::existing(socket)?,
            KeySource::Secret => {
                let secret = secret.ok_or_else(|| own("it has no private key".into()))?;
                let credential: Credential = serde_json::from_slice(secret)
                    .map_err(|_| own("its credential is not of the form {\"private_key\": …}".into()))?;
                agent::Agent::start(folder.path(), &credential.private_key).await?
            }
        };
        Ok(Self { settings, inventory, confirmed, agent, folder })
    }

    /// The public key to put into the machines' authorized_keys, where the connector has its own.
    pub fn public_key(&self) -> Option<&str> {
        self.agent.public_key()
    }

    /// The host keys that a machine shows, for a person to confirm. They prove nothing by themselves.
    ///
    /// # Errors
    /// When nobody answers there, or the name cannot be one.
    pub async fn look(&self, host: &str, port: Option<u16>) -> Result<Vec<SeenKey>, ConnectorError> {
        if !is_host(host) {
            return Err(not_a_host(host));
        }
        keys::look(host, port.unwrap_or(self.settings.port)).await
    }

    fn spot<'a>(&'a self, place: &'a Place) -> Result<Spot<'a>, ConnectorError> {
        let Place::Ssh { host, port, user } = place else {
            return Err(ConnectorError::Own("the machine is not reached by SSH".into()));
        };
        let user = user.as_deref().unwrap_or(&self.settings.user);
        if !is_host(host) {
            return Err(not_a_host(host));
        }
        if !is_user(user) {
            return Err(ConnectorError::Own(format!("{user:?} cannot be the name of a user")));
        }
        Ok(Spot { host, port: port.unwrap_or(self.settings.port), user })
    }

    /// What a failed login shows: which keys are shown there instead.
    async fn explain(&self, spot: &Spot<'_>, error: ConnectorError) -> ConnectorError {
        let shown = async || keys::look(spot.host, spot.port).await.unwrap_or_default();
        match error {
            ConnectorError::HostKeyUnknown { address, .. } => {
                // Another kind of key than the confirmed one is another key all the same.
                let known = self.confirmed.iter().any(|k| k.host == address);
                let keys = shown().await;
                if known {
                    ConnectorError::HostKeyMismatch { address, keys }
                } else {
                    ConnectorError::HostKeyUnknown { address, keys }
                }
            }
            ConnectorError::HostKeyMismatch { address, .. } => {
                ConnectorError::HostKeyMismatch { address, keys: shown().await }
            }
            other => other,
        }
    }

    async fn work(&self, spot: &Spot<'_>, verb: &str, work: &Work) -> Result<Outcome, ConnectorError> {
        let given = Given::of(work, verb)?;
        let said = self.converse(spot, &given, Some(&work.sensor)).await?;
        Ok(outcome(&said, work, &spot.address()))
    }

    fn known_hosts(&self) -> PathBuf {
        self.folder.path().join("known_hosts")
    }
}

fn not_a_host(host: &str) -> ConnectorError {
    let shown: String = host.chars().take(80).collect();
    ConnectorError::Own(format!("{shown:?} cannot be a host name or address"))
}

#[async_trait]
impl Connector for Ssh {
    fn runs_commands(&self) -> bool {
        true
    }

    async fn list(&self, page: Option<Cursor>) -> Result<Page, ConnectorError> {
        listing::page(&self.inventory, page)
    }

    async fn perform(&self, place: &Place, work: &Work) -> Outcome {
        let Some(verb) = verb(&work.action) else { return Outcome::Done };
        let spot = match self.spot(place) {
            Ok(spot) => spot,
            Err(e) => return Outcome::Failed(e.cause()),
        };
        match tokio::time::timeout(work.limit, self.work(&spot, verb, work)).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => Outcome::Failed(self.explain(&spot, error).await.cause()),
            Err(_) => {
                let limit: Duration = work.limit;
                Outcome::Failed(ConnectorError::TimedOut { step: work.action.name().into(), limit }.cause())
            }
        }
    }

    async fn products(&self, place: &Place, limit: Duration) -> Result<HostFacts, ConnectorError> {
        let spot = self.spot(place)?;
        match tokio::time::timeout(limit, self.gather(&spot)).await {
            Ok(Ok(facts)) => Ok(facts),
            Ok(Err(error)) => Err(self.explain(&spot, error).await),
            Err(_) => Err(ConnectorError::TimedOut { step: "products".into(), limit }),
        }
    }

    async fn scan(&self, place: &Place, work: &ScanWork) -> Result<Scanned, ScanFailed> {
        let spot = self.spot(place)?;
        self.scan_at(&spot, work).await
    }

    async fn test(&self) -> Vec<Check> {
        self.trial().await
    }
}

impl Drop for Ssh {
    fn drop(&mut self) {
        login::end_shared(self.folder.path());
    }
}
