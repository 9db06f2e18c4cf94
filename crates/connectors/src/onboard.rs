//! Machines that come by themselves: a script that a person runs, a package, or user data that a
//! cloud gives a machine at its first start.

mod cloud_init;
mod leave;
mod script;

use std::time::Duration;

use async_trait::async_trait;
use palisade_estate::edr::HostFacts;
use palisade_estate::provision::{Check, CheckOutcome, Outcome};

use crate::connector::{Artefact, Connector, Cursor, Page, Place, Server, Work};
use crate::error::ConnectorError;
use crate::script::{check_ca, check_url};
use crate::secret::SecretText;

pub use cloud_init::user_data;
pub use leave::leave_invitation;
pub use script::script;

/// What a machine needs to come by itself.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// The door.
    pub server: Server,
    /// The sensor that is offered there.
    pub sensor: Artefact,
    /// A token to enrol with. Whoever can read the script or the user data has it: it should end
    /// soon, and be good for as many machines as are expected.
    pub token: SecretText,
    /// The folder that the sensor lives in.
    pub path: String,
}

/// A connector that reaches nothing: its machines enrol with its tokens.
pub struct Onboarding {
    server: Server,
}

impl Onboarding {
    /// For machines that shall find this door.
    pub fn new(server: Server) -> Self {
        Self { server }
    }
}

#[async_trait]
impl Connector for Onboarding {
    fn runs_commands(&self) -> bool {
        false
    }

    async fn list(&self, _: Option<Cursor>) -> Result<Page, ConnectorError> {
        Ok(Page::default())
    }

    async fn perform(&self, _: &Place, work: &Work) -> Outcome {
        let words = format!("{} cannot be done: such machines are not reached", work.action.name());
        Outcome::Failed(ConnectorError::Own(words).cause())
    }

    async fn products(&self, _: &Place, _: Duration) -> Result<HostFacts, ConnectorError> {
        Err(ConnectorError::Own("such machines are not reached".into()))
    }

    async fn test(&self) -> Vec<Check> {
        let check = |name, result: Result<&str, ConnectorError>| match result {
            Ok(_) => {
                Check { name, outcome: CheckOutcome::Ok, evidence: "it can be given".into(), cause: None }
            }
            Err(e) => {
                Check { name, outcome: CheckOutcome::Failed, evidence: e.to_string(), cause: Some(e.cause()) }
            }
        };
        vec![
            check("server", check_url(&self.server.url)),
            check("certificates", check_ca(&self.server.ca_pem)),
        ]
    }
}
