//! What the OpenSSH client says when it does not get in.

use crate::error::ConnectorError;

/// Words of the client, and what they mean. The first that is found counts.
const WORDS: &[(&str, Means)] = &[
    ("REMOTE HOST IDENTIFICATION HAS CHANGED", Means::KeyChanged),
    ("Host key verification failed", Means::KeyUnknown),
    ("Permission denied", Means::Login),
    ("Too many authentication failures", Means::Login),
    ("no such identity", Means::Login),
    ("sign_and_send_pubkey", Means::Login),
];

#[derive(Clone, Copy)]
enum Means {
    KeyChanged,
    KeyUnknown,
    Login,
}

/// The reason behind the client's error output, when it ended with 255.
pub(super) fn refused(said: &str, address: &str, user: &str) -> ConnectorError {
    let address = address.to_owned();
    let detail = || {
        let last = said.lines().rev().map(str::trim).find(|l| !l.is_empty() && !l.starts_with("debug"));
        last.unwrap_or("it said nothing").to_owned()
    };
    let found = WORDS.iter().find(|(words, _)| said.contains(words)).map(|(_, means)| *means);
    match found {
        Some(Means::KeyChanged) => ConnectorError::HostKeyMismatch { address, keys: Vec::new() },
        Some(Means::KeyUnknown) => ConnectorError::HostKeyUnknown { address, keys: Vec::new() },
        Some(Means::Login) => ConnectorError::LoginRefused { user: user.to_owned(), detail: detail() },
        None => ConnectorError::Unreachable { address, detail: detail() },
    }
}

#[cfg(test)]
mod tests {
    use palisade_estate::health::Code;

    use super::*;

    #[test]
    fn the_clients_words_are_understood() {
        for (said, code) in [
            ("ops@10.0.0.7: Permission denied (publickey).\r\n", Code::ConnectorLoginRefused),
            (
                "No ED25519 host key is known for web1 and you have requested strict checking.\r\nHost key verification failed.\r\n",
                Code::HostKeyUnknown,
            ),
            (
                "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\nHost key verification failed.\r\n",
                Code::HostKeyMismatch,
            ),
            ("ssh: connect to host 10.0.0.7 port 22: Connection refused\r\n", Code::ConnectorUnreachable),
            ("ssh: connect to host 10.0.0.7 port 22: Connection timed out\r\n", Code::ConnectorUnreachable),
            (
                "ssh: Could not resolve hostname web1: Name or service not known\r\n",
                Code::ConnectorUnreachable,
            ),
            ("kex_exchange_identification: Connection closed by remote host\r\n", Code::ConnectorUnreachable),
            (
                "Unable to negotiate with 10.0.0.7 port 22: no matching host key type found. Their offer: ssh-dss\r\n",
                Code::ConnectorUnreachable,
            ),
            ("", Code::ConnectorUnreachable),
        ] {
            assert_eq!(refused(said, "web1", "ops").code(), code, "{said}");
        }
        let message =
            refused("a\nssh: connect to host x port 22: No route to host\n\n", "x", "ops").cause().message();
        assert!(message.contains("No route to host"), "{message}");
    }
}
