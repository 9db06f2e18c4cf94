//! `palisade-sensor disarm` and `palisade-sensor arm`

use clap::Args;

use super::say;
use super::settings::{self, Common};
use crate::block::arm;
use crate::device::boot;
use crate::error::SensorError;

/// How prevention is dropped.
#[derive(Debug, Args)]
pub struct DisarmArgs {
    /// Why, for those who read the machine's health
    #[arg(long, default_value = "")]
    reason: String,
}

/// Drops all prevention; what waits for an answer goes on.
///
/// # Errors
/// When the state folder cannot be written.
pub fn disarm(common: &Common, args: &DisarmArgs) -> Result<(), SensorError> {
    let settings = settings::common(common)?;
    let killed = arm::disarm(&settings.state_dir, &args.reason)?;
    say(if killed {
        "disarmed: the sensor did not listen, and its responder was killed"
    } else {
        "disarmed: nothing is prevented until `palisade-sensor arm`"
    });
    Ok(())
}

/// Takes prevention up again, and forgets boots that had no clean end.
///
/// # Errors
/// When the state folder cannot be written.
pub fn arm(common: &Common) -> Result<(), SensorError> {
    let settings = settings::common(common)?;
    let was = arm::arm(&settings.state_dir)?;
    boot::forgive(&settings.state_dir).map_err(SensorError::file(&settings.state_dir))?;
    say(if was { "armed" } else { "armed already" });
    Ok(())
}
