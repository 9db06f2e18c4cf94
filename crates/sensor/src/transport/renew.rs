//! Renews the certificate at two thirds of its life, and goes on trying once it has ended: the
//! server decides how long it lets machines come back that were off.

use std::sync::Arc;
use std::time::Duration;

use palisade_types::TimeMicros;
use palisade_wire::PROTOCOL;
use palisade_wire::msg::{EnrolResponse, RenewRequest};

use super::backoff::jitter;
use crate::agent::Agent;
use crate::error::SensorError;
use crate::identity::{Identity, NewKey};

/// Longest time between two looks at the certificate.
const LOOK: Duration = Duration::from_secs(60);

/// Keeps the certificate fresh until the sensor stops.
pub async fn run(agent: Arc<Agent>) {
    let mut stop = agent.stop.subscribe();
    loop {
        let due = renew_at_us(&agent.identity.read()) <= agent.connection.now_us();
        if due {
            match renew(&agent).await {
                Ok(()) => agent.connection.update(|v| v.renewal_error.clear()),
                Err(e) => {
                    tracing::warn!(code = e.code(), error = %e, "certificate renewal failed");
                    agent.counters.add("renewal_failures", 1);
                    agent.connection.update(|v| v.renewal_error = e.code().to_owned());
                }
            }
        }
        let pause = LOOK.mul_f64(0.5 + jitter() / 2.0);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = woken(&agent) => {}
            _ = stop.wait_for(|s| s.ends()) => return,
        }
    }
}

/// From two thirds of a certificate's life on, up to a thirtieth of it later by the device's id: a
/// fleet that was enrolled in one hour must not renew in one minute.
fn renew_at_us(identity: &Identity) -> i64 {
    let life = identity.not_after_us.saturating_sub(identity.issued_us).max(0);
    let share = i64::from(identity.device_id.0[19]);
    identity.renew_at_us().saturating_add(life / 30 / 256 * share)
}

/// A failing upload may ask for a look, but not more than every ten seconds.
async fn woken(agent: &Agent) {
    tokio::time::sleep(Duration::from_secs(10)).await;
    agent.wake_renewal.notified().await;
}

async fn renew(agent: &Agent) -> Result<(), SensorError> {
    let old: Identity = agent.identity.read().clone();
    let key = NewKey::generate(&old.device_id.to_string())?;
    let asked_us = TimeMicros::now().0;
    let request = RenewRequest { protocol: PROTOCOL, csr: key.csr.clone().into() };
    let response: EnrolResponse = agent.link.post("/v1/renew", &request).await?;
    agent.connection.server_time(response.server_time_us, asked_us);
    let fresh = Identity::from_response(&old.url, &key, &old.roots()?, &response)?;
    if fresh.device_id != old.device_id || fresh.tenant_id != old.tenant_id {
        return Err(SensorError::Malformed("renewal for another device"));
    }
    // The key must be on disk before the old one is out of use.
    fresh.save(&agent.settings.state_dir)?;
    agent.link.renewed(&fresh)?;
    agent.connection.update(|v| v.certificate_not_after_us = fresh.not_after_us);
    *agent.identity.write() = fresh;
    agent.counters.add("certificate_renewed", 1);
    agent.reconnected.notify_waiters();
    tracing::info!("renewed the certificate");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use palisade_types::{DeviceId, TenantId};

    #[test]
    fn renewals_of_a_fleet_are_spread_from_two_thirds_on() {
        let life = 30 * 86_400_000_000_i64;
        let key = NewKey::generate("device").expect("key");
        let at = |last: u8| {
            let mut device = [9; 20];
            device[19] = last;
            let response = EnrolResponse {
                device_id: DeviceId(device).to_string(),
                tenant_id: TenantId::random().to_string(),
                certificate: vec![1].into(),
                ca_certificate: vec![2].into(),
                action_key: vec![3; 32].into(),
                not_after_us: life + 1,
                server_time_us: 1,
            };
            renew_at_us(&Identity::from_response("https://h:1", &key, &[], &response).expect("fits"))
        };
        assert_eq!(at(0), life / 3 * 2 + 1);
        assert!(at(0) < at(1) && at(1) < at(255) && at(255) < life / 3 * 2 + life / 30 + 1);
    }
}
