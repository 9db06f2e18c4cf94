//! Has devices run the baselines that they should. What a device tells of its last runs is held against what is
//! assigned to it; where the two differ it is ordered to run others from now on. Nothing is remembered here: an end
//! in the middle is made up for by the next round.

use std::collections::BTreeMap;
use std::time::Duration;

use palisade_baseline::{Assigned, Assignment, MAX_ASSIGNED, MAX_ASSIGNMENT};
use palisade_state::vulnerabilities::baselines::BaselineWish;
use palisade_state::{DeviceScope, Result, StateError};
use palisade_types::{TenantId, TimeMicros};

use crate::baselines;
use crate::ordering::{self, Wanted};
use crate::state::Api;

/// How often devices are looked at.
const ROUND: Duration = Duration::from_secs(5);
/// How many are read at once.
const AT_ONCE: u32 = 500;
/// How long an order waits for its device, seconds.
const LIFE_SECONDS: i64 = 3_600;
const SECOND: i64 = 1_000_000;
/// A device that was not heard for longer is away: it gets its order when it is back.
const AWAY: i64 = 600 * SECOND;
/// Before a device is told again what it does not do, for the first time, and at most.
const PAUSE: i64 = LIFE_SECONDS * SECOND;
const LONGEST_PAUSE: i64 = 24 * 3_600 * SECOND;

/// Runs for good.
pub(crate) async fn run(api: Api) {
    loop {
        tokio::time::sleep(ROUND).await;
        if let Err(e) = round(&api).await {
            tracing::warn!(error = %e, "baselines cannot be held against what devices run");
        }
    }
}

async fn round(api: &Api) -> Result<()> {
    for tenant in api.config.state.tenants().await? {
        match of_tenant(api, tenant.id).await {
            // Another region's database is away: its tenants wait, the others do not.
            Err(StateError::Unavailable(why)) => {
                tracing::debug!(tenant = %tenant.id, why, "a tenant's baselines wait");
            }
            other => other?,
        }
    }
    Ok(())
}

/// The profiles of a tenant as orders bring them.
type Profiles = BTreeMap<String, Assigned>;

async fn of_tenant(api: &Api, tenant: TenantId) -> Result<()> {
    let mut profiles: Option<Profiles> = None;
    let mut after = String::new();
    loop {
        let wishes = api.config.state.baseline_wishes(tenant, &after, AT_ONCE).await?;
        let Some(last) = wishes.last() else { return Ok(()) };
        after = last.device.to_string();
        if profiles.is_none() {
            let all = baselines::all(&api.config.state, tenant).await?;
            let each = all.into_iter().map(|k| {
                let revision = k.word();
                (k.profile.name.clone(), Assigned { revision, profile: k.profile })
            });
            profiles = Some(each.collect());
        }
        for wish in wishes {
            if let Some(profiles) = &profiles {
                Box::pin(settle(api, tenant, profiles, &wish)).await?;
            }
        }
    }
}

/// What is to be done about a device.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// Nothing.
    Rest,
    /// It runs what it should, and nobody knew that yet.
    Settled,
    /// To be told; how often it was told so before.
    Tell(u32),
}

fn step(wish: &BaselineWish, wanted: &str, now: TimeMicros) -> Step {
    let told: Vec<String> = wish.told.iter().map(|(name, revision)| format!("{name} {revision}")).collect();
    if told.join("\n") == wanted {
        return if wish.ordered.is_some() { Step::Settled } else { Step::Rest };
    }
    if now.0 - wish.last_seen.0 > AWAY {
        return Step::Rest;
    }
    match &wish.ordered {
        Some((ordered, attempts, next)) if ordered == wanted => {
            if now < *next {
                Step::Rest
            } else {
                Step::Tell(*attempts)
            }
        }
        _ => Step::Tell(0),
    }
}

async fn settle(api: &Api, tenant: TenantId, profiles: &Profiles, wish: &BaselineWish) -> Result<()> {
    let assigned: Vec<&Assigned> =
        wish.assigned.iter().filter_map(|name| profiles.get(name)).take(MAX_ASSIGNED).collect();
    let names: Vec<String> = assigned.iter().map(|a| format!("{} {}", a.profile.name, a.revision)).collect();
    let (wanted, now) = (names.join("\n"), TimeMicros::now());
    let attempts = match step(wish, &wanted, now) {
        Step::Rest => return Ok(()),
        Step::Settled => return api.config.state.baseline_settled(tenant, wish.device).await,
        Step::Tell(attempts) => attempts,
    };
    let assignment = Assignment { profiles: assigned.into_iter().cloned().collect() };
    let arguments = serde_json::to_string(&assignment).unwrap_or_default();
    if arguments.len() > MAX_ASSIGNMENT {
        tracing::error!(%tenant, device = %wish.device, "the profiles of a device are too large for an order");
        return Ok(());
    }
    let pause = PAUSE.saturating_mul(1 << attempts.min(5)).min(LONGEST_PAUSE);
    // First the note, so that what fails half-way is not said every few seconds.
    let note = (wanted.as_str(), attempts.saturating_add(1), now.plus_micros(pause));
    api.config.state.baseline_ordered(tenant, wish.device, note).await?;
    let names: Vec<&str> = assignment.profiles.iter().map(|a| a.profile.name.as_str()).collect();
    let reason = match names.as_slice() {
        [] => "no baseline is assigned any more: the one for its system".to_owned(),
        names => format!("assigned baselines: {}", names.join(", ")),
    };
    let order = Wanted {
        device: wish.device,
        kind: "baseline",
        arguments,
        reason,
        requested_by: "palisade".to_owned(),
        requested_by_id: None,
        life_seconds: LIFE_SECONDS,
    };
    match ordering::give(api, tenant, &DeviceScope::all(), order).await {
        // It was taken out of service meanwhile.
        Err(StateError::NotFound(_)) => Ok(()),
        other => other.map(drop),
    }
}

#[cfg(test)]
mod tests {
    use palisade_types::DeviceId;

    use super::*;

    const NOW: TimeMicros = TimeMicros(1_800_000_000_000_000);

    fn wish(told: &[(&str, &str)], ordered: Option<(&str, u32, i64)>) -> BaselineWish {
        BaselineWish {
            device: DeviceId([1; 20]),
            assigned: Vec::new(),
            told: told.iter().map(|(name, revision)| ((*name).to_owned(), (*revision).to_owned())).collect(),
            last_seen: NOW,
            ordered: ordered.map(|(wanted, attempts, next)| {
                (wanted.to_owned(), attempts, NOW.plus_micros(next * SECOND))
            }),
        }
    }

    #[test]
    fn a_device_is_told_what_it_does_not_run_and_left_alone_otherwise() {
        let runs = [("web", "2-a")];
        assert_eq!(step(&wish(&[], None), "", NOW), Step::Rest, "the default is nobody's order");
        assert_eq!(step(&wish(&[], None), "web 2-a", NOW), Step::Tell(0));
        assert_eq!(step(&wish(&runs, None), "web 2-a", NOW), Step::Rest);
        assert_eq!(step(&wish(&runs, Some(("web 2-a", 1, 60))), "web 2-a", NOW), Step::Settled);
        assert_eq!(step(&wish(&runs, None), "web 3-b", NOW), Step::Tell(0), "another revision");
        assert_eq!(step(&wish(&runs, None), "", NOW), Step::Tell(0), "it goes back to the default");
    }

    #[test]
    fn what_is_not_done_is_told_again_later_and_an_absent_device_waits() {
        assert_eq!(step(&wish(&[], Some(("web 2-a", 1, 60))), "web 2-a", NOW), Step::Rest);
        assert_eq!(step(&wish(&[], Some(("web 2-a", 3, -1))), "web 2-a", NOW), Step::Tell(3));
        assert_eq!(
            step(&wish(&[], Some(("web 2-a", 3, 60))), "web 3-b", NOW),
            Step::Tell(0),
            "something else"
        );
        let away = BaselineWish { last_seen: NOW.plus_micros(-AWAY - 1), ..wish(&[], None) };
        assert_eq!(step(&away, "web 2-a", NOW), Step::Rest);
    }
}
