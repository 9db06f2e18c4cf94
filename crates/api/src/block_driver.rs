//! Gives each device the list of vulnerable applications that it should warn of or block, until it has proved that
//! list. A device that is away keeps its order waiting; what it could not do is tried again, later each time.

mod proof;

use std::collections::HashMap;
use std::time::Duration;

use palisade_state::vulnerabilities::blocks::{BlockDevice, BlockedList, WantedRule};
use palisade_state::{DeviceScope, OrderState, Result, StateError};
use palisade_types::{TenantId, TimeMicros};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::ordering::{self, Wanted};
use crate::state::Api;

/// Between two looks.
const PERIOD: Duration = Duration::from_secs(3);
/// Devices of a tenant that are seen to in one look.
const AT_ONCE: u32 = 500;
/// An order waits so long for a device that is away, seconds.
const LIFE_SECONDS: i64 = 24 * 3_600;
const SECOND: i64 = 1_000_000;
/// Before a list that a device could not take is given again, for the first time, and at most.
const PAUSE: i64 = 30 * SECOND;
const LONGEST_PAUSE: i64 = 6 * 3_600 * SECOND;

/// Runs for good.
pub(crate) async fn run(api: Api) {
    loop {
        tokio::time::sleep(PERIOD).await;
        if let Err(e) = Box::pin(round(&api)).await {
            // The next round tries again.
            tracing::warn!(error = %e, "application blocks were not carried forward");
        }
    }
}

async fn round(api: &Api) -> Result<()> {
    for tenant in api.config.state.tenants().await? {
        match Box::pin(of_tenant(api, tenant.id)).await {
            // Another region's database is away: its tenants wait, the others do not.
            Err(StateError::Unavailable(why)) => {
                tracing::debug!(tenant = %tenant.id, why, "a tenant's application blocks wait");
            }
            other => other?,
        }
    }
    Ok(())
}

async fn of_tenant(api: &Api, tenant: TenantId) -> Result<()> {
    let store = &api.config.state;
    let now = TimeMicros::now();
    let rules = store.settle_application_blocks(tenant, now).await?;
    let rules: HashMap<Uuid, WantedRule> = rules.into_iter().map(|r| (r.id, r)).collect();
    for list in store.open_application_block_lists(tenant, AT_ONCE, now).await? {
        if let Some(what) = next(api, tenant, &rules, &list, now).await? {
            store.note_application_block_list(tenant, (list.device, list.revision), &what, now).await?;
        }
    }
    Ok(())
}

/// What is to be noted about a device's list.
async fn next(
    api: &Api,
    tenant: TenantId,
    rules: &HashMap<Uuid, WantedRule>,
    list: &BlockedList,
    now: TimeMicros,
) -> Result<Option<BlockDevice>> {
    let Some((_, state, receipt)) = &list.order else {
        let wanted = Wanted {
            device: list.device,
            kind: "block-applications",
            arguments: arguments(list, rules).to_string(),
            reason: format!("{} rules for vulnerable applications", list.rules.len()),
            requested_by: "application blocks".into(),
            requested_by_id: None,
            life_seconds: LIFE_SECONDS,
        };
        return match ordering::give(api, tenant, &DeviceScope::all(), wanted).await {
            Ok(order) => Ok(Some(BlockDevice::Ordered(order.id))),
            // It left service in this moment.
            Err(StateError::NotFound(_)) => Ok(None),
            Err(e) => Err(e),
        };
    };
    let later = |code: &str, message: String| BlockDevice::Again {
        at: TimeMicros(now.0 + pause(list.tries)),
        code: code.into(),
        message,
    };
    let text = |key: &str| receipt.as_ref().and_then(|r| r[key].as_str()).unwrap_or_default().to_owned();
    Ok(match state {
        OrderState::Queued | OrderState::Delivered => None,
        // It was away: the next order waits for it.
        OrderState::Expired => {
            Some(BlockDevice::Again { at: now, code: String::new(), message: String::new() })
        }
        OrderState::Failed => Some(later(&text("code"), text("message"))),
        OrderState::Succeeded => {
            let proof = receipt.as_ref().map_or(&Value::Null, |r| &r["proof"]);
            let modes = list.rules.iter().filter_map(|id| Some((*id, rules.get(id)?.mode)));
            Some(match proof::read(proof, list.revision, &modes.collect::<Vec<_>>()) {
                Ok((rung, rules)) => BlockDevice::Proved { rung, rules },
                Err(why) => later("block_not_settled", why.into()),
            })
        }
    })
}

/// Doubled with each try that came to nothing.
fn pause(tries: u32) -> i64 {
    PAUSE.saturating_mul(1 << tries.min(20)).min(LONGEST_PAUSE)
}

fn arguments(list: &BlockedList, rules: &HashMap<Uuid, WantedRule>) -> Value {
    let all = list.rules.iter().filter_map(|id| rules.get(id));
    let each = all.flat_map(|rule| {
        rule.targets.iter().map(|t| {
            json!({
                "id": rule.id, "ecosystem": t.ecosystem, "source": t.source, "package": t.package,
                "introduced": t.introduced, "fixed": t.fixed, "mode": rule.mode.as_str(), "message": rule.message,
                "expires_at": rule.expires_at.0,
            })
        })
    });
    json!({ "revision": list.revision, "rules": each.collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use palisade_state::vulnerabilities::blocks::{BlockMode, BlockTarget};

    #[test]
    fn a_pause_grows_and_ends_somewhere() {
        assert_eq!(pause(0), PAUSE);
        assert_eq!(pause(2), 4 * PAUSE);
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
    }

    #[test]
    fn a_list_has_a_line_for_each_package() {
        let id = Uuid::from_u128(1);
        let target = |source: &str| BlockTarget {
            ecosystem: "debian:12".into(),
            source: source.into(),
            ..BlockTarget::default()
        };
        let rule = WantedRule {
            id,
            targets: vec![target("a"), target("b")],
            mode: BlockMode::Warn,
            message: "m".into(),
            expires_at: TimeMicros(9),
        };
        let list = BlockedList {
            device: palisade_types::DeviceId([1; 20]),
            revision: 7,
            rules: vec![id, Uuid::from_u128(2)],
            tries: 0,
            retry_at: TimeMicros(0),
            order: None,
        };
        let said = arguments(&list, &HashMap::from([(id, rule)]));
        assert_eq!(said["revision"], 7);
        assert_eq!(said["rules"].as_array().map(Vec::len), Some(2));
        assert_eq!(
            said["rules"][1],
            json!({"id": id, "ecosystem": "debian:12", "source": "b", "package": "", "introduced": "", "fixed": "",
                "mode": "warn", "message": "m", "expires_at": 9})
        );
    }
}
