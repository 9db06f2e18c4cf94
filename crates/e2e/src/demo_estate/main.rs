//! `make demo-estate`: three Linux hosts of their own, an instance of the product, and the way from an
//! inventory to an estate whose every machine is healthy, unhealthy with a reason and a fix, or not
//! applicable. Each step prints a line; the exit code says whether all of them were well.

mod apart;
mod api;
mod connect;
mod faults;
mod steps;
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
        let told = tell(&mut world, &mut steps);
        world.table(&mut steps);
        if args.keep {
            world.keep(&mut steps);
        }
        told.and(world.end(&mut steps))
    });
    // What ended the story was printed as the step that failed.
    if told.is_ok() && steps.end() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(world: &mut World, steps: &mut Steps) -> Result<()> {
    connect::connect(world, steps)?;
    connect::dry_run(world, steps)?;
    connect::roll_out(world, steps)?;
    faults::network_cut(world, steps)?;
    faults::picture(world, steps)?;
    faults::make_room(world, steps)?;
    faults::network_back(world, steps)?;
    apart::apart(world, steps)?;
    faults::extension_deleted(world, steps)?;
    faults::sensor_deleted(world, steps)
}
