//! Random lives of a machine, metered through the database and by a plain model that looks at every
//! minute by itself.

use palisade_estate::machine::PowerState;
use palisade_estate::plan::{
    Effective, Override, Plan, PlanSwitch, PlansChange, ServersPlan, SubscriptionPlans, TRIAL, effective,
};
use palisade_state::estate::MachineChange;
use palisade_types::{MachineId, SubscriptionId};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::world::{Stored, World, minute};

/// The length of a life, minutes.
const LIFE: i64 = 300;

#[derive(Clone, Debug)]
enum Deed {
    Power(PowerState),
    /// Into the other subscription if it is in the one, or back.
    Move(bool),
    Plans(bool, PlansChange),
    Own(Override),
    Owner(&'static str),
    /// It beats; the projections are told in this minute or only at the end.
    Beat {
        late: bool,
    },
    /// The meter runs, perhaps another process of it.
    Meter {
        sweep: bool,
    },
}

fn change() -> impl Strategy<Value = PlansChange> {
    let switch =
        || prop::option::of(prop::sample::select(vec![PlanSwitch::Trial, PlanSwitch::Pay, PlanSwitch::Off]));
    let step = prop::sample::select(vec![ServersPlan::P1, ServersPlan::P2]);
    (step, switch(), switch()).prop_map(|(step, servers, posture)| PlansChange {
        step: Some(step),
        servers,
        posture,
    })
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        2 => prop::sample::select(PowerState::ALL.to_vec()).prop_map(Deed::Power),
        // Without a cloud's word it is judged by what is heard.
        2 => Just(Deed::Power(PowerState::Unknown)),
        2 => any::<bool>().prop_map(Deed::Move),
        3 => (any::<bool>(), change()).prop_map(|(of, c)| Deed::Plans(of, c)),
        1 => prop::sample::select(vec![Override::Inherit, Override::PlanOne, Override::Off]).prop_map(Deed::Own),
        1 => prop::sample::select(vec!["web", "db", ""]).prop_map(Deed::Owner),
        8 => any::<bool>().prop_map(|late| Deed::Beat { late }),
        3 => any::<bool>().prop_map(|sweep| Deed::Meter { sweep }),
    ]
}

#[derive(Clone, Debug)]
struct Life {
    /// The minute at which the trial of the first subscription ends.
    trial_ends: i64,
    deeds: Vec<(i64, Deed)>,
}

fn life() -> impl Strategy<Value = Life> {
    (1..LIFE, prop::collection::vec((1..LIFE, deed()), 0..60)).prop_map(|(trial_ends, mut deeds)| {
        deeds.sort_by_key(|(at, _)| *at);
        Life { trial_ends, deeds }
    })
}

/// What is the case in a minute.
#[derive(Clone)]
struct Now {
    power: PowerState,
    place: usize,
    plans: [SubscriptionPlans; 2],
    own: Override,
    owner: String,
}

impl Now {
    fn after(&mut self, at: i64, deed: &Deed) {
        match deed {
            Deed::Power(p) => self.power = *p,
            Deed::Move(to) => self.place = usize::from(*to),
            Deed::Plans(of, change) => {
                let of = &mut self.plans[usize::from(*of)];
                *of = change.apply(of, minute(at)).unwrap_or(*of);
            }
            Deed::Own(o) => self.own = *o,
            Deed::Owner(o) => (*o).clone_into(&mut self.owner),
            Deed::Beat { .. } | Deed::Meter { .. } => {}
        }
    }
}

fn first(life: &Life) -> Now {
    let mut plans = [SubscriptionPlans::default(); 2];
    let begun = minute(life.trial_ends).plus_micros(-TRIAL);
    plans[0] = trial().apply(&plans[0], begun).expect("the first");
    Now { power: PowerState::Unknown, place: 0, plans, own: Override::Inherit, owner: "web".into() }
}

fn trial() -> PlansChange {
    PlansChange { step: Some(ServersPlan::P1), servers: Some(PlanSwitch::Trial), posture: None }
}

fn model(life: &Life, machine: MachineId, places: [SubscriptionId; 2]) -> Vec<Stored> {
    let mut now = first(life);
    let mut rows: Vec<Stored> = Vec::new();
    for m in 0..LIFE {
        for (_, deed) in life.deeds.iter().filter(|(at, _)| *at == m) {
            now.after(m, deed);
        }
        let heard =
            life.deeds.iter().any(|(at, d)| matches!(d, Deed::Beat { .. }) && (*at..*at + 15).contains(&m));
        let metered = if now.power == PowerState::Unknown { heard } else { now.power.metered() };
        if !metered {
            continue;
        }
        let has: Effective = effective(&now.plans[now.place], now.own, minute(m));
        let bought = [
            has.servers.map(|s| (Plan::from(s), has.servers_trial)),
            has.posture.then_some((Plan::Posture, has.posture_trial)),
        ];
        for (plan, trial) in bought.into_iter().flatten() {
            let product = if plan == Plan::Posture { "posture" } else { "servers" };
            let place = places[now.place];
            match rows.iter_mut().find(|r| r.1 == m / 60 && r.2 == product) {
                None => rows.push((
                    machine,
                    m / 60,
                    product.into(),
                    plan.as_str().into(),
                    place,
                    now.owner.clone(),
                    trial,
                    1,
                )),
                Some(row) => {
                    row.7 += 1;
                    if row.4 == place {
                        // The names of the Servers plans rise as the plans do.
                        row.3 = row.3.clone().max(plan.as_str().to_owned());
                        row.6 |= trial;
                    }
                }
            }
        }
    }
    rows.sort_by(|x, y| (x.1, &x.2).cmp(&(y.1, &y.2)));
    rows
}

/// Lives it through the product's own writers.
async fn live(life: &Life) -> (Vec<Stored>, Vec<Stored>) {
    let mut w = World::new().await;
    let places = [w.subscription("A", "aws").await, w.subscription("B", "aws").await];
    w.plans(places[0], trial(), minute(life.trial_ends).plus_micros(-TRIAL)).await;
    let m = w.list(places[0], "web-1", PowerState::Unknown, minute(0)).await;
    let device = w.device(m, minute(0)).await;
    let mut late = Vec::new();
    for (at, deed) in &life.deeds {
        let (at, now) = (*at, minute(*at));
        match deed {
            Deed::Power(p) => {
                sqlx::query(
                    "UPDATE machines SET power = $2, power_since = $3, changed_at = $3 WHERE id = $1",
                )
                .bind(m.0)
                .bind(serde_json::to_value(p).expect("a word").as_str())
                .bind(now.0)
                .execute(&mut w.superuser)
                .await
                .expect("written");
            }
            Deed::Move(to) => w.move_to(m, places[usize::from(*to)], now).await,
            Deed::Plans(of, change) => {
                let id = places[usize::from(*of)];
                if let Err(e) = w.api.change_plans(w.tenant, id, change, now).await {
                    assert_eq!(e.code(), "trial_used");
                }
            }
            Deed::Own(o) => {
                w.change(m, MachineChange { plan_override: Some(*o), ..MachineChange::default() }, now).await;
            }
            Deed::Owner(o) => {
                let tags = [("team".to_owned(), (*o).to_owned())].into();
                w.change(m, MachineChange { tags: Some(tags), ..MachineChange::default() }, now).await;
            }
            Deed::Beat { late: false } => w.beats(device, &[minute(at)]).await,
            Deed::Beat { late: true } => late.push(minute(at)),
            Deed::Meter { sweep: true } => w.meter(now).await,
            Deed::Meter { sweep: false } => w.flush(now).await,
        }
    }
    late.reverse();
    w.beats(device, &late).await;
    w.meter(minute(LIFE)).await;
    let stored = w.stored().await;
    assert_eq!(w.days_amiss().await, 0);
    // Everything told once more, and all hours computed again.
    let beats: Vec<_> = life
        .deeds
        .iter()
        .filter_map(|(at, d)| matches!(d, Deed::Beat { .. }).then_some(minute(*at)))
        .collect();
    w.beats(device, &beats).await;
    w.meter(minute(LIFE)).await;
    assert_eq!(w.stored().await, stored, "told twice, it is the same");
    (stored, model(life, m, places))
}

#[test]
fn hours_are_those_of_the_plain_model() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let mut runner = TestRunner::new(Config { cases: 24, max_shrink_iters: 60, ..Config::default() });
    let run = runner.run(&life(), |life| {
        let (stored, expected) = runtime.block_on(live(&life));
        prop_assert_eq!(stored, expected);
        Ok(())
    });
    run.expect("the database and the model agree");
}
