use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use super::{Invitation, script};
use crate::error::ConnectorError;

/// The most bytes of user data that EC2 takes; others take more.
const MAX_USER_DATA: usize = 16 << 10;
/// Where the script lies until it has run.
const PLACE: &str = "/run/palisade-onboard.sh";

/// User data for cloud-init: a machine that starts with it for the first time puts the sensor on
/// itself. Everything on that machine that may ask for its user data can read the token.
///
/// # Errors
/// When the invitation holds something that cannot be given, or the result is more than clouds take.
pub fn user_data(invitation: &Invitation) -> Result<Zeroizing<String>, ConnectorError> {
    let script = Zeroizing::new(crate::script::dense_script(&script(invitation)?));
    let packed = crate::package::gzip(script.as_bytes()).map_err(|e| ConnectorError::Own(e.to_string()))?;
    let text = format!(
        "#cloud-config\n\
         # Puts the Palisade sensor on this machine at its first start.\n\
         write_files:\n\
         - path: {PLACE}\n\
         \x20 owner: root:root\n\
         \x20 permissions: '0700'\n\
         \x20 encoding: gz+b64\n\
         \x20 content: {}\n\
         runcmd:\n\
         - [sh, {PLACE}]\n\
         - [rm, -f, {PLACE}]\n",
        BASE64_STANDARD.encode(packed),
    );
    if text.len() > MAX_USER_DATA {
        return Err(ConnectorError::Own(format!(
            "the user data has {} bytes, clouds take {MAX_USER_DATA}",
            text.len()
        )));
    }
    Ok(Zeroizing::new(text))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::connector::{Artefact, Server};
    use crate::secret::SecretText;

    pub(crate) fn invitation() -> Invitation {
        let ca_pem =
            format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", "QUFB".repeat(16));
        Invitation {
            server: Server { url: "https://palisade.example:8444/".into(), ca_pem },
            sensor: Artefact { path: "/x".into(), sha256: "ab".repeat(32), size: 30 << 20 },
            token: SecretText::new("pal_abc-1".into()),
            path: "/opt/palisade".into(),
        }
    }

    #[test]
    fn the_user_data_is_small_and_holds_the_token_packed() {
        let text = user_data(&invitation()).expect("user data");
        assert!(text.starts_with("#cloud-config\n") && text.len() < 8 << 10, "{}", text.len());
        assert!(!text.contains("pal_abc-1"));
        let long = Invitation {
            server: Server {
                // Not to be packed: every line another.
                ca_pem: (0..1000u32).fold("-----BEGIN CERTIFICATE-----\n".to_owned(), |s, n| {
                    let digest = <sha2::Sha256 as sha2::Digest>::digest(n.to_be_bytes());
                    s + &hex::encode(digest)[..50] + "\n"
                }),
                ..invitation().server
            },
            ..invitation()
        };
        assert!(user_data(&long).is_err());
    }
}
