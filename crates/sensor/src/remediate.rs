//! Remediation: packages are upgraded when the server orders it, which it does only after a person's
//! approval.
//!
//! The work is done by a process of its own (`palisade-sensor remediate`, [`work`]), because it outlives
//! the sensor: a sensor that is stopped or upgraded in the middle must not take dpkg with it, and neither
//! the budget nor the sandbox of the sensor's service is made for a package manager. So the process is
//! started outside of both ([`launch`]), in a session of its own, without a signal at its parent's end.
//! `docs/remediation.md` says what it does and refuses.

pub mod answer;
pub mod command;
pub mod confine;
pub mod launch;
mod manager;
mod names;
pub mod never_touch;
pub mod policy;
pub mod request;
mod restart;
mod snapshot;
mod space;
pub mod work;

use std::sync::Arc;
use std::time::Duration;

use crate::agent::{Agent, Recorder};
use crate::orders::Outcome;
use answer::Answer;
use request::{Phase, Request};

/// A started change of packages is waited for so long. What is slower is most likely stuck, and is told
/// as such while it goes on.
pub const TRANSACTION: Duration = Duration::from_secs(3600);
/// So much more than its own bounds the process may take.
const SLACK: Duration = Duration::from_secs(300);
/// How often it is looked whether a crash left something behind.
const TIDYING: Duration = Duration::from_secs(600);

/// Executes the order `remediate`.
pub async fn order(agent: &Arc<Agent>, arguments: &str) -> Outcome {
    if !agent.settings.remediation {
        return Outcome::failed("remediation_off", "the operator of this machine switched remediation off");
    }
    let request = match Request::parse(arguments.as_bytes()) {
        Ok(request) => request,
        Err(fault) => return Outcome::failed(fault.code, fault.message),
    };
    if agent.settings.scope.is_some() {
        let why = "this sensor is one of a part of a machine, which gets its packages with its image";
        return Outcome::failed("remediation_unsupported", why);
    }
    let Ok(_turn) = agent.remediating.try_lock() else {
        return Outcome::failed("remediation_locked", "another remediation is at work here");
    };
    tracing::info!(remediation = %request.remediation, phase = ?request.phase, "a remediation begins");
    let limit = Duration::from_secs(request.timeout_seconds)
        + SLACK
        + if request.phase == Phase::DryRun { Duration::ZERO } else { TRANSACTION };
    let asked = tokio::time::timeout(limit, launch::ask(&agent.settings, &request)).await;
    let answer: Answer = match asked {
        Ok(Ok(answer)) => answer,
        Ok(Err(why)) => return Outcome::failed("remediation_failed", why),
        // The process is left alone: it may be in the middle of a change.
        Err(_) => {
            return Outcome::failed("remediation_timeout", "the process that does the work does not answer");
        }
    };
    tracing::info!(remediation = %request.remediation, ok = answer.ok, code = answer.code, "a remediation ended");
    let proof = serde_json::to_string(&answer.proof).unwrap_or_default();
    Outcome { ok: answer.ok, code: answer.code, message: answer.message, proof }
}

/// Looks at the start, and now and then, whether a crash left a policy behind that keeps services from
/// being started, and takes it away.
pub async fn keep_tidy(recorder: Arc<Recorder>) {
    let mut stop = recorder.stop.subscribe();
    let path = recorder.settings.layout.at(policy::PATH);
    loop {
        if policy::is_ours(&path) && recorder.remediating.try_lock().is_ok() {
            match launch::tidy(&recorder.settings).await {
                Ok(()) => tracing::info!("looked after what an interrupted remediation left behind"),
                Err(why) => tracing::warn!(why, "what an interrupted remediation left behind stays"),
            }
        }
        tokio::select! {
            () = tokio::time::sleep(TIDYING) => {}
            _ = stop.wait_for(|s| s.ends()) => return,
        }
    }
}
