//! `make demo-estate`: Linux hosts of their own, an instance of the product, and the way from an
//! inventory to an estate whose every machine is healthy, unhealthy with a reason and a fix, or not
//! applicable; then machines that move. Each step prints a line; the exit code says whether all of them
//! were well. What takes time by its nature goes on beside other steps.

mod apart;
mod api;
mod connect;
mod faults;
mod moves;
mod steps;
mod tenants;
mod world;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use palisade_testkit::hosts;

use steps::Steps;
use world::World;

/// Shows the estate on hosts that it raises itself.
#[derive(Parser)]
#[command(name = "palisade-demo-estate", version)]
struct Args {
    /// Leave everything running until Enter or Ctrl-C, and print how to reach it
    #[arg(long)]
    keep: bool,
    /// Wait for the next full hour to show that usage splits there, instead of dating back
    #[arg(long)]
    whole_hour: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let mut steps = Steps::begin();
    if let Some(why) = hosts::lacks_for_guests() {
        steps.failed("this machine can raise hosts", &why);
        return ExitCode::FAILURE;
    }
    let world = World::raise(&mut steps);
    let told = world.and_then(|mut world| {
        let told = tell(&mut world, &mut steps, args.whole_hour);
        // Most of what ends the story is a step that failed; the rest has to be said too.
        if let Err(e) = &told
            && !steps.has_failed()
        {
            steps.failed("the story goes on", &format!("{e:#}"));
        }
        world.table(&mut steps);
        if args.keep {
            world.keep(&mut steps);
        }
        told.and(world.end(&mut steps))
    });
    // What ended the story was printed as the step that failed.
    if told.is_ok() && steps.end() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(world: &mut World, steps: &mut Steps, whole_hour: bool) -> Result<()> {
    connect::connect(world, steps)?;
    connect::dry_run(world, steps)?;
    connect::roll_out(world, steps)?;
    // The virtual machine takes its time meanwhile.
    moves::machine_moves(world, steps, whole_hour)?;
    faults::extension_deleted(world, steps)?;
    connect::rolled_out(world, steps)?;
    apart::apart(world, steps)?;
    faults::network_cut(world, steps)?;
    faults::sensor_deleted(world, steps)?;
    faults::heartbeat_lost(world, steps)?;
    faults::picture(world, steps)?;
    faults::mend(world, steps)?;
    tenants::subscription_moves(world, steps)?;
    faults::room_made(world, steps)?;
    faults::network_back(world, steps)
}
