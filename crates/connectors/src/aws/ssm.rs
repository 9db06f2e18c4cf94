//! SSM's calls: JSON in and out.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::client::{Client, Service};
use crate::ec2::Fault;
use crate::error::ConnectorError;

/// What an agent said of its machine last.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Agent {
    pub(super) instance_id: String,
    pub(super) ping_status: String,
    pub(super) platform_type: String,
    pub(super) platform_name: String,
    pub(super) platform_version: String,
    pub(super) computer_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Agents {
    #[serde(default)]
    instance_information_list: Vec<Agent>,
    #[serde(default)]
    next_token: Option<String>,
}

/// A command that was sent.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Sent {
    command: SentCommand,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SentCommand {
    command_id: String,
}

/// How a command goes on a machine.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Invocation {
    pub(super) status: String,
    pub(super) status_details: String,
    pub(super) response_code: i64,
    pub(super) standard_output_content: String,
    pub(super) standard_error_content: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Filter<'a> {
    key: &'a str,
    values: &'a [&'a str],
}

/// The most machines that agents are asked for at once.
pub(super) const AGENTS_AT_ONCE: usize = 50;
/// The document that runs a shell script.
pub(super) const SHELL_DOCUMENT: &str = "AWS-RunShellScript";

pub(super) fn decode_fault(body: &[u8]) -> Option<Fault> {
    #[derive(Deserialize)]
    struct Said {
        #[serde(rename = "__type")]
        kind: String,
        #[serde(default, alias = "Message")]
        message: String,
    }
    let said: Said = serde_json::from_slice(body).ok()?;
    let code = said.kind.rsplit('#').next().unwrap_or_default().to_owned();
    Some(Fault { code, message: said.message })
}

impl Client {
    async fn ssm<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        body: &serde_json::Value,
    ) -> Result<T, ConnectorError> {
        let answer = self.call(Service::Ssm, operation, body.to_string().into_bytes()).await?;
        serde_json::from_slice(&answer)
            .map_err(|e| ConnectorError::answer("SSM", format!("{operation}: {e}")))
    }

    /// What the agents of some machines said last, by machine. One without an agent is missing.
    pub(super) async fn agents(&self, instances: &[&str]) -> Result<BTreeMap<String, Agent>, ConnectorError> {
        let mut found = BTreeMap::new();
        let mut next: Option<String> = None;
        // As many pages as there can be, so that a cloud that turns in a circle does not hold us.
        for _ in 0..=instances.len() {
            let filter = Filter { key: "InstanceIds", values: instances };
            let mut body = serde_json::json!({ "Filters": [filter], "MaxResults": AGENTS_AT_ONCE });
            if let Some(token) = next.take() {
                body["NextToken"] = token.into();
            }
            let page: Agents = self.ssm("DescribeInstanceInformation", &body).await?;
            found.extend(page.instance_information_list.into_iter().map(|a| (a.instance_id.clone(), a)));
            next = page.next_token.filter(|t| !t.is_empty());
            if next.is_none() {
                break;
            }
        }
        Ok(found)
    }

    /// Has a script run on a machine; the command's id.
    pub(super) async fn send(
        &self,
        instance: &str,
        script: &str,
        comment: &str,
        seconds: u64,
    ) -> Result<String, ConnectorError> {
        let body = serde_json::json!({
            "DocumentName": SHELL_DOCUMENT,
            "InstanceIds": [instance],
            "Comment": comment,
            // The agent has to take it up within this time; half a minute is the least.
            "TimeoutSeconds": seconds.max(30),
            "Parameters": { "commands": [script], "executionTimeout": [seconds.to_string()] },
        });
        let sent: Sent = self.ssm("SendCommand", &body).await?;
        Ok(sent.command.command_id)
    }

    /// How it goes; `None` while the cloud does not know of it yet.
    pub(super) async fn invocation(
        &self,
        command: &str,
        instance: &str,
    ) -> Result<Option<Invocation>, ConnectorError> {
        let body = serde_json::json!({ "CommandId": command, "InstanceId": instance });
        match self.ssm("GetCommandInvocation", &body).await {
            Ok(invocation) => Ok(Some(invocation)),
            Err(ConnectorError::Answer { detail, .. }) if detail.contains("InvocationDoesNotExist") => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_have_a_name_with_or_without_its_space() {
        let fault = decode_fault(br#"{"__type":"com.amazonaws.ssm#AccessDeniedException","Message":"no"}"#)
            .expect("one");
        assert_eq!((fault.code.as_str(), fault.message.as_str()), ("AccessDeniedException", "no"));
        assert_eq!(
            decode_fault(br#"{"__type":"ThrottlingException"}"#).expect("one").code,
            "ThrottlingException"
        );
        assert!(decode_fault(b"<html>").is_none() && decode_fault(b"{}").is_none());
    }

    #[test]
    fn what_agents_say_is_read() {
        let body = r#"{"InstanceInformationList":[{"InstanceId":"i-0123456789abcdef0","PingStatus":"Online",
            "LastPingDateTime":1.7E9,"AgentVersion":"3.3","PlatformType":"Linux","PlatformName":"Amazon Linux",
            "PlatformVersion":"2023","IPAddress":"10.0.0.5","ComputerName":"ip-10-0-0-5"}],"NextToken":"x"}"#;
        let agents: Agents = serde_json::from_str(body).expect("an answer");
        let agent = &agents.instance_information_list[0];
        assert_eq!((agent.ping_status.as_str(), agent.platform_version.as_str()), ("Online", "2023"));
        assert_eq!(agents.next_token.as_deref(), Some("x"));
    }
}
