//! Machines of EC2, on which SSM's agent runs what it is asked to.

mod client;
mod command;
mod listing;
mod settings;
mod ssm;
mod trial;

use std::time::Duration;

use async_trait::async_trait;
use palisade_estate::edr::HostFacts;
use palisade_estate::provision::{Check, Outcome};

use crate::connector::{Connector, Cursor, Page, Place, Work};
use crate::ec2::is_instance_id;
use crate::error::ConnectorError;
use crate::script::verb;

use client::Client;
pub use settings::AwsSettings;

/// Machines of one account in one region.
pub struct Aws {
    settings: AwsSettings,
    client: Client,
}

impl Aws {
    /// A connector that is ready. `secret` is its opened credential as JSON: `access_key_id`,
    /// `secret_access_key`, and `session_token` where it has one.
    ///
    /// # Errors
    /// When the settings or the credential cannot be used.
    pub fn open(settings: AwsSettings, secret: &[u8]) -> Result<Self, ConnectorError> {
        let client = Client::new(&settings, secret)?;
        Ok(Self { settings, client })
    }
}

fn instance_of(place: &Place) -> Result<&str, ConnectorError> {
    match place {
        Place::Aws { instance } if is_instance_id(instance) => Ok(instance),
        Place::Aws { .. } => Err(ConnectorError::Own("it is not the id of an instance".into())),
        Place::Ssh { .. } => Err(ConnectorError::Own("the machine is not one of AWS".into())),
    }
}

#[async_trait]
impl Connector for Aws {
    fn runs_commands(&self) -> bool {
        true
    }

    async fn list(&self, page: Option<Cursor>) -> Result<Page, ConnectorError> {
        self.page(page).await
    }

    async fn perform(&self, place: &Place, work: &Work) -> Outcome {
        let Some(verb) = verb(&work.action) else { return Outcome::Done };
        let instance = match instance_of(place) {
            Ok(instance) => instance,
            Err(e) => return Outcome::Failed(e.cause()),
        };
        match tokio::time::timeout(work.limit, self.command(instance, verb, work)).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => Outcome::Failed(error.cause()),
            Err(_) => Outcome::Failed(
                ConnectorError::TimedOut { step: work.action.name().into(), limit: work.limit }.cause(),
            ),
        }
    }

    async fn products(&self, place: &Place, limit: Duration) -> Result<HostFacts, ConnectorError> {
        match tokio::time::timeout(limit, self.gather(instance_of(place)?, limit)).await {
            Ok(result) => result,
            Err(_) => Err(ConnectorError::TimedOut { step: "products".into(), limit }),
        }
    }

    async fn test(&self) -> Vec<Check> {
        self.trial().await
    }
}
