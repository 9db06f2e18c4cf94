//! Plans, and what the database's roles may do about metering.

use palisade_estate::machine::PowerState;
use palisade_estate::plan::{Enforcement, PlanSwitch, PlansChange, ServersPlan, Standing, TRIAL};
use palisade_state::DbRole;
use palisade_types::SubscriptionId;
use sqlx::ConnectOptions;
use uuid::Uuid;

use crate::world::{World, minute, pay};

#[tokio::test]
async fn plans_are_switched_by_the_estates_rules() {
    let w = World::new().await;
    let a = w.subscription("A", "aws").await;
    let trial = PlansChange { step: Some(ServersPlan::P1), servers: Some(PlanSwitch::Trial), posture: None };
    let on = w.api.change_plans(w.tenant, a, &trial, minute(0)).await.expect("the first");
    assert_eq!(on.plans.servers.standing(minute(1)), Standing::Trial { ends: minute(0).plus_micros(TRIAL) });
    let refused = w.api.change_plans(w.tenant, a, &trial, minute(0).plus_micros(TRIAL)).await;
    assert_eq!(refused.expect_err("used up").code(), "trial_used");
    let no_step = PlansChange { servers: Some(PlanSwitch::Pay), ..PlansChange::default() };
    let b = w.subscription("B", "ssh").await;
    let refused = w.api.change_plans(w.tenant, b, &no_step, minute(0)).await;
    assert_eq!(refused.expect_err("which?").code(), "plan_step_missing");
    let nobody = SubscriptionId(Uuid::nil());
    let refused = w.api.change_plans(w.tenant, nobody, &trial, minute(0)).await;
    assert_eq!(refused.expect_err("none").code(), "not_found");
    let other = w.db.tenant("Other").await.id;
    let refused = w.api.change_plans(other, a, &trial, minute(0)).await;
    assert_eq!(refused.expect_err("another tenant's").code(), "not_found");
}

#[tokio::test]
async fn enforcement_is_off_until_somebody_switches_it_on() {
    let w = World::new().await;
    assert_eq!(w.api.plan_enforcement(w.tenant).await.expect("read"), Enforcement::Off);
    w.api.set_plan_enforcement(w.tenant, Enforcement::On, minute(0)).await.expect("written");
    assert_eq!(w.estate.plan_enforcement(w.tenant).await.expect("read"), Enforcement::On);
}

/// Facts are added by whoever changes a machine, and taken away by the estate process alone.
#[tokio::test]
async fn nobody_but_the_estate_process_forgets_or_writes_hours() {
    let mut w = World::new().await;
    let a = w.subscription("A", "aws").await;
    w.plans(a, pay(ServersPlan::P1), minute(-10)).await;
    w.list(a, "web-1", PowerState::Running, minute(0)).await;
    for role in [DbRole::Api, DbRole::Connect, DbRole::Ingest, DbRole::Lake] {
        let mut connection = w.db.options(role).region.connect().await.expect("connects");
        for sql in [
            "DELETE FROM meter_facts",
            "UPDATE meter_facts SET at = 0",
            "DELETE FROM meter_due",
            "DELETE FROM meter_heard",
            "INSERT INTO meter_heard VALUES (NULL, NULL, 0, 0)",
            "UPDATE usage_hours SET micros = 0",
            "DELETE FROM usage_hours",
            "UPDATE meter_progress SET swept_at = 0",
            "SELECT * FROM device_heard",
        ] {
            let refused = sqlx::query(sql).execute(&mut connection).await.expect_err(sql);
            let code = refused.as_database_error().and_then(|e| e.code().map(|c| c.into_owned()));
            assert_eq!(code.as_deref(), Some("42501"), "{role}: {sql}");
        }
    }
}
