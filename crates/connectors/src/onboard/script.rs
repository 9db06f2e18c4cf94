use zeroize::Zeroizing;

use super::Invitation;
use crate::connector::Work;
use crate::error::ConnectorError;
use crate::script::{BASIS, FETCH, Given};
use palisade_estate::provision::{Action, Mode};

/// The script itself.
const ONBOARD: &str = include_str!("../scripts/onboard.sh");
/// What it begins with, for those who read before they run.
const HEAD: &str = "#!/bin/sh\n# Puts the Palisade sensor on this machine; to be run as root. It fetches the sensor from the\n# server named below, trusts no certificate but the one below, and runs what it fetched only if it\n# has the digest below. It holds an enrolment token: keep it from others.\n";

/// A POSIX shell script that puts the sensor on the machine where it is run as root.
///
/// # Errors
/// When the invitation holds something that cannot be given to a machine.
pub fn script(invitation: &Invitation) -> Result<Zeroizing<String>, ConnectorError> {
    let action = Action::Install { version: String::new(), mode: Mode::Standard };
    let mut work = Work::new(action, invitation.sensor.clone(), invitation.server.clone());
    work.token = Some(invitation.token.clone());
    work.path.clone_from(&invitation.path);
    let given = Given::of(&work, "install")?;
    // Run by hand, twice at once perhaps: the folder's name has to be new each time.
    let nonce = "nonce=$$-$(date +%s)\n";
    Ok(Zeroizing::new(format!("{HEAD}{}{nonce}{BASIS}\n{FETCH}\n{ONBOARD}", *given.assignments())))
}

#[cfg(test)]
mod tests {
    use super::super::cloud_init::tests::invitation;
    use super::*;

    #[test]
    fn it_is_a_script_with_everything_in_it() {
        let script = script(&invitation()).expect("a script");
        assert!(script.starts_with("#!/bin/sh\n") && script.contains("\ntoken='pal_abc-1'\n"));
        assert!(
            script.contains("\nurl='https://palisade.example:8444'\n")
                && script.contains("\nverb='install'\n")
        );
        let bad = Invitation { path: "/opt/$(id)".into(), ..invitation() };
        assert!(super::script(&bad).is_err());
    }
}
