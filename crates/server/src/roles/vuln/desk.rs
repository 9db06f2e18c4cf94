//! Where the fleet is worked on: on a thread that may take its time, so that those that answer others go on.

use super::fleet::Fleet;

/// The fleet, while nobody works on it.
#[derive(Default)]
pub struct Desk(Fleet);

impl Desk {
    /// The fleet, for what takes no time.
    pub fn fleet(&self) -> &Fleet {
        &self.0
    }

    /// The same, to change something small.
    pub fn fleet_mut(&mut self) -> &mut Fleet {
        &mut self.0
    }

    /// Works on the fleet. What goes wrong in there goes wrong here: the process ends and is started again, because
    /// half of a change is no state to go on from.
    pub async fn work<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Fleet) -> T + Send + 'static,
    ) -> T {
        let mut fleet = std::mem::take(&mut self.0);
        let done = tokio::task::spawn_blocking(move || {
            let out = work(&mut fleet);
            (fleet, out)
        });
        match done.await.map_err(tokio::task::JoinError::try_into_panic) {
            Ok((fleet, out)) => {
                self.0 = fleet;
                out
            }
            Err(Ok(panic)) => std::panic::resume_unwind(panic),
            // The runtime ends, and with it whoever waits.
            Err(Err(_)) => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use palisade_types::TenantId;

    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn others_go_on_while_the_fleet_is_worked_on() {
        let (mut desk, tenant) = (Desk::default(), TenantId::random());
        let (tell, told) = std::sync::mpsc::channel();
        // On this one thread the other task could say nothing if the work were done here.
        let other = tokio::spawn(async move { tell.send(()).expect("somebody listens") });
        let heard = desk
            .work(move |fleet| {
                fleet.keep(&BTreeSet::from([tenant]));
                told.recv_timeout(Duration::from_secs(60)).is_ok()
            })
            .await;
        other.await.expect("told");
        assert!(heard);
        assert!(desk.fleet().tenant(tenant).is_some(), "what was done stays");
    }
}
