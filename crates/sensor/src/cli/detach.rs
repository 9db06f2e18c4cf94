//! `palisade-sensor detach`

use super::say;
use super::settings::{self, Common};
use crate::agent::Lock;
use crate::error::SensorError;
use crate::files;

/// Removes pins and mounts of a sensor that does not run.
///
/// # Errors
/// When it runs, or something cannot be removed.
pub fn detach(common: &Common) -> Result<(), SensorError> {
    let settings = settings::common(common)?;
    if Lock::is_held(&settings.state_dir) {
        return Err(SensorError::AlreadyRunning(files::read_text(settings.state_dir.join("lock"))));
    }
    let found = crate::agent::detach(&settings)?;
    say(if found {
        "detached: no program, pin or mount of this sensor is left in the kernel"
    } else {
        "nothing to detach"
    });
    Ok(())
}
