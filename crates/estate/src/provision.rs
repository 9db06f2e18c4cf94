//! Provisioning: what to do next on a machine so that its sensor is there and stays there.
//!
//! [`Machine`] is the reconciler of one machine: facts in, an action out, its outcome in again. It
//! does no I/O and reads no clock. [`Fleet`] runs many of them with bounded concurrency and in
//! waves. [`dry_run`] says beforehand what would be done where, and where nothing, and why.

mod applicability;
mod backoff;
mod desired;
mod dryrun;
mod extension;
mod fleet;
mod host;
mod machine;
mod preflight;
mod said;
mod waves;

pub use applicability::{Known, KnownDevice, applicability};
pub use backoff::Backoff;
pub use desired::{Desired, OtherProducts, Verb};
pub use dryrun::{DryRun, Planned, PlannedMachine, dry_run};
pub use extension::{Alias, Extension, ExtensionState, LINUX, WINDOWS};
pub use fleet::{Estate, Fleet, Limits, Order};
pub use host::{HostReport, HostSensor, InstallPath, Product, Reach, ServiceManager};
pub use machine::{Action, Machine, Mode, Next, Outcome, Policy, Progress, TaskId};
pub use preflight::{Check, CheckOutcome, Preflight, Requirements, Verdict, preflight};
pub use said::sensor_said;
pub use waves::{Gate, Rollout, WavePlan};

#[cfg(test)]
mod tests;
