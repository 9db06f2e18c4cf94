//! The test button: what the connector's role may do.

use palisade_estate::health::Code;
use palisade_estate::provision::{Check, CheckOutcome};

use super::Aws;
use crate::error::ConnectorError;

/// The least that EC2 gives a page of.
const FEW: &str = "5";
/// An instance and a command that do not exist: a role that may ask is told so, another is refused.
const NOBODY: &str = "i-00000000000000000";
const NOTHING: &str = "00000000-0000-0000-0000-000000000000";

impl Aws {
    pub(super) async fn trial(&self) -> Vec<Check> {
        let listed = self.instances(None, FEW).await;
        let list = match &listed {
            Ok(answer) => {
                ok("ec2_describe_instances", format!("it lists {} machines or more", answer.instances.len()))
            }
            Err(e) => failed("ec2_describe_instances", e),
        };
        // Without credentials the other calls say the same again.
        if listed.as_ref().is_err_and(|e| e.code() == Code::CloudCredentialsRefused) {
            return vec![list];
        }
        let somebody = listed.ok().and_then(|a| a.instances.first().map(|i| i.id.clone()));
        let agents = match self.client.agents(&[somebody.as_deref().unwrap_or(NOBODY)]).await {
            Ok(_) => ok("ssm_describe_instance_information", "allowed"),
            Err(e) => failed("ssm_describe_instance_information", &e),
        };
        let send = self.client.send(NOBODY, "true", "Palisade: test", 30).await.map(|_| ());
        let look = self.client.invocation(NOTHING, NOBODY).await.map(|_| ());
        vec![list, agents, allowed("ssm_send_command", send), allowed("ssm_get_command_invocation", look)]
    }
}

fn ok(name: &'static str, evidence: impl Into<String>) -> Check {
    Check { name, outcome: CheckOutcome::Ok, evidence: evidence.into(), cause: None }
}

fn failed(name: &'static str, error: &ConnectorError) -> Check {
    Check { name, outcome: CheckOutcome::Failed, evidence: error.to_string(), cause: Some(error.cause()) }
}

/// A call about somebody who does not exist is allowed when anything but a refusal comes back.
fn allowed(name: &'static str, result: Result<(), ConnectorError>) -> Check {
    match result {
        Ok(()) | Err(ConnectorError::AgentOffline { .. }) => ok(name, "allowed"),
        Err(ConnectorError::Answer { detail, .. })
            if detail.contains("Invalid") || detail.contains("DoesNotExist") =>
        {
            ok(name, "allowed")
        }
        Err(error) => failed(name, &error),
    }
}
