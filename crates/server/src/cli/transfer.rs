//! `palisade subscriptions transfer`: a whole subscription moves to another tenant, step by step.

use std::io::{BufRead, IsTerminal};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use palisade_state::{State, Transfer, TransferPlan, TransferState};
use palisade_types::{SubscriptionId, TenantId, TimeMicros};

use super::client;
use super::output::{self, line};
use crate::database::{self, OPERATOR};
use crate::instance::Instance;

#[derive(Args)]
pub struct TransferArgs {
    /// The subscription's name.
    name: String,
    /// The tenant that it moves to, in whatever region.
    #[arg(long)]
    to: String,
    /// Show what would be done, and do nothing.
    #[arg(long)]
    plan: bool,
    /// Do not ask before the old tenant lets go of its machines.
    #[arg(long)]
    yes: bool,
    /// End the transfer although machines are still awaited.
    #[arg(long)]
    finish: bool,
    /// Make another enrolment token; the one before ends.
    #[arg(long)]
    new_token: bool,
    /// Call the transfer off; only before the old tenant has let go.
    #[arg(long)]
    cancel: bool,
}

/// Takes a transfer as far as it goes now. Run again, it goes on.
pub async fn run(instance: &Instance, args: TransferArgs) -> Result<()> {
    let state = database::owner(instance).await?;
    let from = client::acting_in().map_or_else(|| instance.tenant(), Ok)?;
    let to = database::tenant_named(instance, &state, Some(&args.to)).await?;
    let subscription = named(&state, from, &args.name).await?;
    let open = state.open_transfer(from, subscription).await?;
    if let Some(other) = open.as_ref().filter(|t| t.to != to) {
        bail!("it is on its way to another tenant (transfer {})", other.id);
    }
    if args.cancel {
        let open = open.context("no transfer of it is under way")?;
        state.cancel_transfer(open.id, OPERATOR, TimeMicros::now()).await?;
        line("called off: the subscription is as before");
        return Ok(());
    }
    let open = match open {
        Some(open) if open.state != TransferState::Prepared => open,
        _ => {
            let plan = state.plan_transfer(from, subscription, to).await?;
            show(&plan, &args);
            if args.plan {
                return Ok(());
            }
            let begun = state.prepare_transfer(from, subscription, to, OPERATOR, TimeMicros::now()).await?;
            line(&format!(
                "prepared: {} has an empty subscription {} (transfer {})",
                args.to, plan.name, begun.id
            ));
            agree(&args, &plan)?;
            let left = state.offboard_transfer(begun.id, OPERATOR, TimeMicros::now()).await?;
            line(&format!(
                "offboarded: {} machines; credentials, tokens and certificates are revoked",
                left.machines
            ));
            left
        }
    };
    go_on(instance, &state, &open, &args).await
}

async fn named(state: &State, tenant: TenantId, name: &str) -> Result<SubscriptionId> {
    let all = state.subscriptions(tenant).await?;
    let found = all.iter().find(|s| s.name.eq_ignore_ascii_case(name) && s.state != "left").or_else(|| {
        // One that has left while its machines are still awaited.
        all.iter().rev().find(|s| s.name.eq_ignore_ascii_case(name))
    });
    Ok(found.with_context(|| format!("the tenant has no subscription {name}"))?.id)
}

fn show(plan: &TransferPlan, args: &TransferArgs) {
    line(&format!("subscription {} moves to tenant {}", plan.name, args.to));
    if plan.from_region != plan.to_region {
        line(&format!("  from region {} to region {}", plan.from_region, plan.to_region));
    }
    line(&format!(
        "  {} machines leave and have to enrol anew, {} of them with a sensor",
        plan.machines, plan.devices
    ));
    for connector in &plan.connectors {
        line(&format!("  the credential of connector {connector} is destroyed"));
    }
    line(&format!("  {} enrolment tokens end", plan.tokens));
    line(
        "  machines, findings, usage and events of until now stay with the old tenant; the new one sees none of it",
    );
}

fn agree(args: &TransferArgs, plan: &TransferPlan) -> Result<()> {
    if args.yes {
        return Ok(());
    }
    ensure!(
        std::io::stdin().is_terminal(),
        "it is prepared; say --yes where nobody can be asked, or --cancel to call it off"
    );
    output::note(&format!("Type the subscription's name ({}) to let go of its machines:", plan.name));
    let mut typed = String::new();
    std::io::stdin().lock().read_line(&mut typed)?;
    ensure!(typed.trim() == plan.name, "that is not its name: it stays prepared, --cancel calls it off");
    Ok(())
}

/// The part after the old tenant has let go.
async fn go_on(instance: &Instance, state: &State, open: &Transfer, args: &TransferArgs) -> Result<()> {
    let arrived = state.arrived(open).await?;
    if args.finish || arrived >= i64::from(open.machines) {
        state.finish_transfer(open.id, args.finish, OPERATOR, TimeMicros::now()).await?;
        line(&format!("done: {arrived} of {} machines have arrived", open.machines));
        return Ok(());
    }
    line(&format!("re-enrolling: {arrived} of {} machines have arrived", open.machines));
    if open.state == TransferState::ReEnrolling && !args.new_token {
        line("--finish ends it without the others, --new-token makes another token for them");
        return Ok(());
    }
    let (open, token, text) = state.re_enrol_transfer(open.id, OPERATOR, TimeMicros::now()).await?;
    let tenant = state.tenant(open.to).await?.context("the other tenant is gone")?;
    let door = instance.in_region(&tenant.region)?.door_url();
    line(&format!(
        "on each machine, until {} (or connect the subscription in the new tenant, which does it for you):",
        token.expires_at.to_rfc3339()
    ));
    line(&format!("  palisade-sensor install --url {door} --ca ca.pem --token-file TOKEN"));
    line("with this line in the file TOKEN; it is shown this once:");
    line(&text);
    line("run this command again to see who has arrived; it ends the transfer when all have");
    Ok(())
}
