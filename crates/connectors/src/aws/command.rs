//! A verb on a machine, by SSM.

use std::time::Duration;

use palisade_estate::edr::{self, HostFacts};
use palisade_estate::health::{Cause, Code};
use palisade_estate::provision::Outcome;

use super::Aws;
use super::ssm::Invocation;
use crate::connector::Work;
use crate::error::ConnectorError;
use crate::outcome::outcome;
use crate::said::Said;
use crate::script::{BASIS, FETCH, Given, dense, quote};

/// Ends with posting the answer.
const OVER_SSM: &str = include_str!("../scripts/over_ssm.sh");
/// Pauses between looks at a command.
const FIRST_LOOK: Duration = Duration::from_millis(500);
const LATER_LOOKS: Duration = Duration::from_secs(5);

impl Aws {
    pub(super) async fn command(
        &self,
        instance: &str,
        verb: &str,
        work: &Work,
    ) -> Result<Outcome, ConnectorError> {
        let given = Given::of(work, verb)?;
        let script = script(&given, work);
        let comment = format!("Palisade: {}", work.action.name());
        let named = |error| named(instance, error);
        let command =
            self.client.send(instance, &script, &comment, work.limit.as_secs()).await.map_err(named)?;
        let mut pause = FIRST_LOOK;
        loop {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LATER_LOOKS);
            // The machine's own word first: it is whole, and it may be there before SSM knows.
            if let Some(said) = reported(work, &given.nonce).await? {
                return Ok(outcome(&said, work, instance));
            }
            let Some(seen) = self.client.invocation(&command, instance).await.map_err(named)? else {
                continue;
            };
            let said = Said::decode(&seen.standard_output_content, &given.nonce);
            if said.ended() {
                return Ok(outcome(&said, work, instance));
            }
            if let Some(cause) = over(&seen, instance, work.action.name(), work.limit) {
                return Ok(Outcome::Failed(cause));
            }
        }
    }

    /// Asks which security products there are. What SSM gives back of an output is more than the
    /// script prints.
    pub(super) async fn gather(&self, instance: &str, limit: Duration) -> Result<HostFacts, ConnectorError> {
        let named = |error| named(instance, error);
        let comment = "Palisade: security products";
        let command =
            self.client.send(instance, edr::SCRIPT, comment, limit.as_secs()).await.map_err(named)?;
        let mut pause = FIRST_LOOK;
        loop {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LATER_LOOKS);
            let Some(seen) = self.client.invocation(&command, instance).await.map_err(named)? else {
                continue;
            };
            if seen.status == "Success" {
                return edr::parse(seen.standard_output_content.as_bytes())
                    .map_err(|e| ConnectorError::answer(instance, e.to_string()));
            }
            if let Some(cause) = over(&seen, instance, "products", limit) {
                return Err(ConnectorError::answer(instance, cause.message()));
            }
        }
    }
}

/// SSM does not say which machine it means.
fn named(instance: &str, error: ConnectorError) -> ConnectorError {
    match error {
        ConnectorError::AgentOffline { detail, .. } => {
            ConnectorError::AgentOffline { instance: instance.to_owned(), detail }
        }
        other => other,
    }
}

fn script(given: &Given, work: &Work) -> zeroize::Zeroizing<String> {
    let token = work.report.as_ref().map_or("", |r| r.token.reveal());
    zeroize::Zeroizing::new(format!(
        "{}report_token={}\n{}{}{}",
        *given.assignments(),
        quote(token),
        dense(BASIS),
        dense(FETCH),
        dense(OVER_SSM),
    ))
}

async fn reported(work: &Work, nonce: &str) -> Result<Option<Said>, ConnectorError> {
    let Some(report) = &work.report else { return Ok(None) };
    let read = report.reports.read().await.map_err(ConnectorError::Own)?;
    let said = read.map(|bytes| Said::decode(&String::from_utf8_lossy(&bytes), nonce));
    Ok(said.filter(Said::ended))
}

/// Why a command will not end well any more; `None` while it may. One that SSM calls a success has
/// posted its report, or is about to, so that it is waited for until the time is up.
fn over(seen: &Invocation, instance: &str, step: &str, limit: Duration) -> Option<Cause> {
    let detail = if seen.status_details.is_empty() { &seen.status } else { &seen.status_details };
    let error = match (seen.status.as_str(), detail.replace(' ', "").as_str()) {
        ("Pending" | "InProgress" | "Delayed" | "Cancelling" | "Success", _) => return None,
        (_, "DeliveryTimedOut" | "Undeliverable" | "Terminated") => {
            ConnectorError::AgentOffline { instance: instance.into(), detail: detail.clone() }
        }
        ("TimedOut", _) | (_, "ExecutionTimedOut") => ConnectorError::TimedOut { step: step.into(), limit },
        _ => {
            let last = seen.standard_error_content.lines().rev().find(|l| !l.trim().is_empty());
            return Some(
                Cause::provisioning(Code::InstallerFailed)
                    .with("exit", format!("{detail}, exit code {}", seen.response_code))
                    .with("detail", last.unwrap_or("it said nothing")),
            );
        }
    };
    Some(error.cause())
}

#[cfg(test)]
mod tests {
    use palisade_estate::provision::Action;

    use super::*;
    use crate::connector::{Artefact, Server};
    use crate::secret::SecretText;

    fn work() -> Work {
        let sensor = Artefact { path: "/x".into(), sha256: "a".repeat(64), size: 1 };
        let ca_pem = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n".into();
        Work::new(Action::Probe, sensor, Server { url: "https://server:8444".into(), ca_pem })
    }

    #[test]
    fn a_command_is_over_for_reasons() {
        let code = |status: &str, details: &str| {
            let seen =
                Invocation { status: status.into(), status_details: details.into(), ..Invocation::default() };
            over(&seen, "i-1", "probe", Duration::from_secs(1)).map(|c| c.code)
        };
        for waits in ["Pending", "InProgress", "Delayed", "Success"] {
            assert_eq!(code(waits, waits), None);
        }
        assert_eq!(code("TimedOut", "DeliveryTimedOut"), Some(Code::CloudAgentOffline));
        assert_eq!(code("TimedOut", "Delivery Timed Out"), Some(Code::CloudAgentOffline));
        assert_eq!(code("Failed", "Undeliverable"), Some(Code::CloudAgentOffline));
        assert_eq!(code("TimedOut", "ExecutionTimedOut"), Some(Code::InstallTimeout));
        assert_eq!(code("Failed", "Failed"), Some(Code::InstallerFailed));
        assert_eq!(code("Cancelled", "Cancelled"), Some(Code::InstallerFailed));
    }

    #[test]
    fn the_script_holds_what_it_is_given_as_texts() {
        let work = Work { token: Some(SecretText::new("pal_t-1".into())), ..work() };
        let given = Given::of(&work, "probe").expect("good");
        let script = script(&given, &work);
        assert!(script.starts_with("nonce='") && script.contains("\ntoken='pal_t-1'\n"));
        assert!(script.contains("\nca='-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----'\n"));
        assert!(script.len() < 24 << 10, "{}", script.len());
    }
}
