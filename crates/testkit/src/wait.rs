//! Waiting on a condition instead of on the clock.

use std::fmt::Display;
use std::time::{Duration, Instant};

/// How long [`eventually`] waits before it gives up: long enough for a busy machine, so that a
/// test which reaches it has found a defect.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// What a condition may return: `bool`, `Option` or `Result`.
pub trait Condition {
    /// What is there once the condition holds.
    type Met;

    /// The value, or why it does not hold yet.
    ///
    /// # Errors
    /// What is missing, for the message of the test that fails.
    fn met(self) -> Result<Self::Met, String>;
}

impl Condition for bool {
    type Met = ();

    fn met(self) -> Result<(), String> {
        if self { Ok(()) } else { Err("it is false".into()) }
    }
}

impl<T> Condition for Option<T> {
    type Met = T;

    fn met(self) -> Result<T, String> {
        self.ok_or_else(|| "there is nothing".into())
    }
}

impl<T, E: Display> Condition for Result<T, E> {
    type Met = T;

    fn met(self) -> Result<T, String> {
        self.map_err(|e| e.to_string())
    }
}

/// Asks again and again until the condition holds, and returns what it found.
///
/// # Panics
/// When it does not hold within [`PATIENCE`], naming `what` and why it did not hold the last time.
pub async fn eventually<C: Condition>(what: &str, mut condition: impl AsyncFnMut() -> C) -> C::Met {
    let begun = Instant::now();
    let mut pause = Duration::from_millis(5);
    loop {
        match condition().await.met() {
            Ok(met) => return met,
            Err(why) if begun.elapsed() > PATIENCE => panic!("waited {PATIENCE:?} for {what}: {why}"),
            Err(_) => {}
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(100));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_condition_is_asked_until_it_holds() {
        let mut asked = 0;
        let found = eventually("a third time", || {
            asked += 1;
            let asked = asked;
            async move { (asked >= 3).then_some(asked) }
        })
        .await;
        assert_eq!(found, 3);
        eventually("true", || async { true }).await;
        assert_eq!(eventually("ok", || async { Ok::<_, String>(7) }).await, 7);
    }
}
