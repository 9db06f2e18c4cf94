use std::fmt::Write;

use zeroize::Zeroizing;

use super::Invitation;
use crate::error::ConnectorError;
use crate::script::{check_ca, check_token, check_url, quote};

/// What it begins with, for those who read before they run.
const HEAD: &str = "#!/bin/sh\n# Leaves an invitation for the Palisade sensor's package on this machine; to be run as root before the\n# package is installed. It holds an enrolment token: keep it from others.\nset -eu\numask 077\nmkdir -p /etc/palisade\n";

/// A POSIX shell script that leaves what the package looks for: the door's address, its certificates and
/// a token. Installing the package after that enrols the machine.
///
/// # Errors
/// When the invitation holds something that cannot be given to a machine.
pub fn leave_invitation(invitation: &Invitation) -> Result<Zeroizing<String>, ConnectorError> {
    let url = check_url(&invitation.server.url)?;
    let ca = check_ca(&invitation.server.ca_pem)?.trim_end();
    let token = check_token(invitation.token.reveal())?;
    let mut text = Zeroizing::new(String::with_capacity(1024 + ca.len()));
    text.push_str(HEAD);
    for (what, file) in [
        (ca.to_owned(), "onboarding.pem"),
        (token.to_owned(), "onboarding.token"),
        // Last: the package takes the invitation as whole once this is there.
        (format!("url = \"{url}\""), "onboarding.toml"),
    ] {
        let what = Zeroizing::new(what);
        let _ = writeln!(text, "printf '%s\\n' {} >/etc/palisade/{file}", quote(&what));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::super::cloud_init::tests::invitation;
    use super::*;

    #[test]
    fn it_leaves_what_the_package_reads() {
        let script = leave_invitation(&invitation()).expect("a script");
        let root = palisade_testkit::scratch();
        let etc = root.path().join("palisade");
        // The same script with another folder, so that it runs here.
        let moved = script.replace("/etc/palisade", &etc.display().to_string());
        let run = std::process::Command::new("sh").arg("-c").arg(&moved).status().expect("a shell");
        assert!(run.success());
        let read = |name: &str| std::fs::read_to_string(etc.join(name)).expect("written");
        assert_eq!(read("onboarding.toml"), "url = \"https://palisade.example:8444\"\n");
        assert_eq!(read("onboarding.token"), "pal_abc-1\n");
        assert!(read("onboarding.pem").starts_with("-----BEGIN CERTIFICATE-----\n"));
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &std::fs::metadata(etc.join("onboarding.token")).expect("there").permissions(),
        );
        assert_eq!(mode & 0o077, 0);
        let bad = crate::connector::Server { url: "https://a/$(id)".into(), ..invitation().server };
        assert!(leave_invitation(&Invitation { server: bad, ..invitation() }).is_err());
    }
}
