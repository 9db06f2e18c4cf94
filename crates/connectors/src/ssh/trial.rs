//! The test button.

use std::time::Duration;

use futures::future::join_all;
use palisade_estate::inventory::{Connection, Target};
use palisade_estate::provision::{Check, CheckOutcome};
use tokio::process::Command;

use super::{Spot, Ssh};
use crate::connector::Place;
use crate::error::ConnectorError;
use crate::process;
use crate::script::Given;

/// Machines that are tried.
const SAMPLE: usize = 20;
/// At once.
const AT_ONCE: usize = 4;
/// How long one may take.
const LIMIT: Duration = Duration::from_secs(30);

fn check(name: &'static str, outcome: CheckOutcome, evidence: impl Into<String>) -> Check {
    Check { name, outcome, evidence: evidence.into(), cause: None }
}

/// How the first machines of the inventory answered.
#[derive(Default)]
struct Tally {
    tried: usize,
    reached: usize,
    entered: usize,
    root: usize,
    errors: Vec<ConnectorError>,
}

fn untrusted(tally: &Tally) -> usize {
    let keys = |e: &&ConnectorError| {
        matches!(e, ConnectorError::HostKeyUnknown { .. } | ConnectorError::HostKeyMismatch { .. })
    };
    tally.errors.iter().filter(keys).count()
}

impl Ssh {
    pub(super) async fn trial(&self) -> Vec<Check> {
        let mut checks = vec![self.client_check().await, self.key_check(), self.inventory_check()];
        let tally = self.tally().await;
        let first = |codes: &[&str]| tally.errors.iter().find(|e| codes.contains(&e.code().as_str()));
        let mut aspect = |name, good: usize, of: usize, codes: &[&str]| {
            let words = format!("{good} of {of} machines that were tried");
            checks.push(match first(codes) {
                _ if of == 0 => check(name, CheckOutcome::Skipped, "there is no machine to try"),
                None => check(name, CheckOutcome::Ok, words),
                Some(error) => Check {
                    name,
                    // One machine that is down is no fault of the connector.
                    outcome: if good == 0 { CheckOutcome::Failed } else { CheckOutcome::Warning },
                    evidence: format!("{words}; {error}"),
                    cause: Some(error.cause()),
                },
            });
        };
        aspect("reach", tally.reached, tally.tried, &["connector_unreachable", "install_timeout"]);
        let trusted = tally.reached - untrusted(&tally);
        aspect("host_keys", trusted, tally.reached, &["host_key_unknown", "host_key_mismatch"]);
        aspect("login", tally.entered, trusted, &["connector_login_refused", "connector_answer_invalid"]);
        aspect("privileges", tally.root, tally.entered, &["privileges_missing"]);
        checks
    }

    async fn client_check(&self) -> Check {
        let mut version = Command::new("ssh");
        version.arg("-V").env_clear().env("PATH", "/usr/bin:/bin");
        match process::run(version, b"", 4096).await {
            Ok((_, _, said)) => check("client", CheckOutcome::Ok, said.trim()),
            Err(e) => {
                let error = ConnectorError::Own(format!("the OpenSSH client {e}"));
                Check {
                    cause: Some(error.cause()),
                    ..check("client", CheckOutcome::Failed, error.to_string())
                }
            }
        }
    }

    fn key_check(&self) -> Check {
        match self.public_key() {
            Some(key) => check("key", CheckOutcome::Ok, key),
            None => check(
                "key",
                CheckOutcome::Ok,
                format!("those of the agent at {}", self.agent.socket().display()),
            ),
        }
    }

    fn inventory_check(&self) -> Check {
        let (machines, passed) = (self.inventory.targets.len(), self.inventory.passed_over);
        let words = format!("{machines} machines");
        match self.inventory.notices.first() {
            None if machines == 0 => check("inventory", CheckOutcome::Warning, "it has no machines"),
            None => check("inventory", CheckOutcome::Ok, words),
            Some(n) => check(
                "inventory",
                CheckOutcome::Warning,
                format!("{words}; {passed} things passed over: {}", n.message),
            ),
        }
    }

    async fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        let sample: Vec<&Target> =
            self.inventory.targets.iter().filter(|t| t.connection == Connection::Ssh).take(SAMPLE).collect();
        for some in sample.chunks(AT_ONCE) {
            let tries = some.iter().map(|target| self.enter(target));
            for result in join_all(tries).await {
                tally.tried += 1;
                match result {
                    Ok(root) => {
                        tally.reached += 1;
                        tally.entered += 1;
                        tally.root += usize::from(root.is_ok());
                        tally.errors.extend(root.err());
                    }
                    Err(error) => {
                        let silent = matches!(
                            error,
                            ConnectorError::Unreachable { .. } | ConnectorError::TimedOut { .. }
                        );
                        tally.reached += usize::from(!silent);
                        tally.errors.push(error);
                    }
                }
            }
        }
        tally
    }

    /// Logs in and looks whether it is root there.
    async fn enter(&self, target: &Target) -> Result<Result<(), ConnectorError>, ConnectorError> {
        let place = Place::Ssh { host: target.address.clone(), port: target.port, user: target.user.clone() };
        let spot = self.spot(&place)?;
        match tokio::time::timeout(LIMIT, self.whoami(&spot)).await {
            Ok(Ok(root)) => Ok(root),
            Ok(Err(error)) => Err(self.explain(&spot, error).await),
            Err(_) => Err(ConnectorError::TimedOut { step: "login".into(), limit: LIMIT }),
        }
    }

    async fn whoami(&self, spot: &Spot<'_>) -> Result<Result<(), ConnectorError>, ConnectorError> {
        let said = self.converse(spot, &Given::facts()?, None).await?;
        if said.get("uid") == "0" {
            return Ok(Ok(()));
        }
        let detail = match said.get("sudo_refused") {
            "" => "it is not root, and the connector does not use sudo",
            refused => refused,
        };
        Ok(Err(ConnectorError::PrivilegesMissing { user: spot.user.to_owned(), detail: detail.to_owned() }))
    }
}
