//! `palisade role feeds`: fetches vulnerability feeds by the schedule that an operator switched on. It has a user of its
//! own, which owns the folder of the feeds and nothing else; it reaches neither the database nor a secret.

use std::time::Duration;

use anyhow::Result;
use palisade_feeds::{Code, Quiet, Store, turn};
use palisade_types::TimeMicros;

use crate::instance::Instance;

/// How often it looks whether it is time.
const LOOK: Duration = Duration::from_secs(15);

/// Runs until asked to end.
pub async fn run(instance: Instance) -> Result<()> {
    let store = Store::open(instance.home());
    let mut end = std::pin::pin!(super::terminated());
    let mut said = String::new();
    loop {
        let step = async {
            match Box::pin(turn(&store, instance.home(), &Quiet, TimeMicros::now())).await {
                Ok(None) => String::new(),
                Ok(Some(course)) if course.reason.is_empty() => {
                    tracing::info!(next = course.next.map(|t| t.to_rfc3339()), "feeds were fetched");
                    String::new()
                }
                Ok(Some(course)) => {
                    tracing::warn!(
                        reason = course.reason,
                        stopped = course.gave_up(),
                        "feeds were not fetched whole"
                    );
                    String::new()
                }
                // Somebody fetches by hand: it is looked at again.
                Err(e) if e.code == Code::Busy => String::new(),
                Err(e) => e.to_string(),
            }
        };
        tokio::select! {
            trouble = step => {
                if !trouble.is_empty() && trouble != said {
                    tracing::error!(error = trouble, "feeds cannot be fetched by themselves");
                }
                said = trouble;
            }
            // What was being fetched is gone on with later.
            () = &mut end => return Ok(()),
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = &mut end => return Ok(()),
        }
    }
}
