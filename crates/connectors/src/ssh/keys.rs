//! Host keys: those that somebody confirmed, and those that a machine shows.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD};
use palisade_estate::inventory::is_host;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::process::Command;

use crate::error::ConnectorError;
use crate::process;

/// The most bytes that ssh-keyscan may print.
const MAX_SCAN: usize = 64 << 10;
/// The most keys of one machine that are looked at.
const MAX_KEYS: usize = 16;
/// Seconds until a machine has to have answered.
const SCAN_SECONDS: &str = "10";
/// How long all of it may take.
const SCAN_LIMIT: Duration = Duration::from_secs(30);

/// A confirmed host key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostKey {
    /// Whose, as known_hosts writes it: `host`, or `[host]:port` where the port is not 22.
    pub host: String,
    /// Its kind, such as `ssh-ed25519`.
    pub key_type: String,
    /// The public key, base64.
    pub key: String,
}

/// A host key as a machine showed it to somebody who had no proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenKey {
    /// Whose, as known_hosts writes it.
    pub host: String,
    /// Its kind.
    pub key_type: String,
    /// The public key, base64.
    pub key: String,
    /// What people compare: `SHA256:…`.
    pub fingerprint: String,
}

impl From<SeenKey> for HostKey {
    fn from(seen: SeenKey) -> Self {
        Self { host: seen.host, key_type: seen.key_type, key: seen.key }
    }
}

/// How known_hosts names a machine.
pub(super) fn known_name(host: &str, port: u16) -> String {
    if port == 22 { host.to_owned() } else { format!("[{host}]:{port}") }
}

/// The host and port behind such a name.
fn named(name: &str) -> bool {
    let bracketed = || {
        let (host, port) = name.strip_prefix('[')?.split_once("]:")?;
        Some(is_host(host) && port.parse::<u16>().is_ok())
    };
    is_host(name) || bracketed() == Some(true)
}

impl HostKey {
    /// Whether it is one, and no more than one line of known_hosts.
    fn is_sound(&self) -> bool {
        let kind = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'@');
        named(&self.host)
            && !self.key_type.is_empty()
            && self.key_type.len() <= 64
            && self.key_type.bytes().all(kind)
            && fingerprint(&self.key).is_some()
    }
}

/// What OpenSSH shows of a public key.
fn fingerprint(key: &str) -> Option<String> {
    let blob = BASE64_STANDARD.decode(key).ok().filter(|b| !b.is_empty() && b.len() <= 8192)?;
    Some(format!("SHA256:{}", BASE64_STANDARD_NO_PAD.encode(Sha256::digest(blob))))
}

/// Writes the confirmed keys for the client.
pub(super) fn write(path: &Path, keys: &[HostKey]) -> Result<(), ConnectorError> {
    let mut text = String::new();
    for key in keys {
        if !key.is_sound() {
            return Err(ConnectorError::Own(format!("a confirmed host key of {:?} is not one", key.host)));
        }
        let _ = writeln!(text, "{} {} {}", key.host, key.key_type, key.key);
    }
    std::fs::write(path, text).map_err(|e| ConnectorError::Own(format!("{}: {e}", path.display())))
}

/// Asks a machine for its host keys, without logging in.
pub(super) async fn look(host: &str, port: u16) -> Result<Vec<SeenKey>, ConnectorError> {
    let address = known_name(host, port);
    let mut command = Command::new("ssh-keyscan");
    command
        .args(["-T", SCAN_SECONDS, "-t", "ed25519,ecdsa,rsa", "-p"])
        .arg(port.to_string())
        .arg("--")
        .arg(host);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C");
    let run = tokio::time::timeout(SCAN_LIMIT, process::run(command, b"", MAX_SCAN));
    let (_, lines, said) = match run.await {
        Ok(ran) => ran.map_err(|e| ConnectorError::Own(format!("ssh-keyscan: {e}")))?,
        Err(_) => return Err(ConnectorError::TimedOut { step: "host_keys".into(), limit: SCAN_LIMIT }),
    };
    let mut keys: Vec<SeenKey> =
        lines.iter().filter_map(|line| seen(line, &address)).take(MAX_KEYS).collect();
    // The order of strength, in which people should compare them.
    keys.sort_by_key(|k| (k.key_type != "ssh-ed25519", k.key_type.clone()));
    keys.dedup();
    if keys.is_empty() {
        let last = said.lines().rev().find(|l| !l.trim().is_empty() && !l.starts_with('#'));
        let detail = last.unwrap_or("it showed no host key").trim().to_owned();
        return Err(ConnectorError::Unreachable { address, detail });
    }
    Ok(keys)
}

fn seen(line: &str, address: &str) -> Option<SeenKey> {
    let mut words = line.split_ascii_whitespace();
    let (name, key_type, key) = (words.next()?, words.next()?, words.next()?);
    if name.starts_with('#') {
        return None;
    }
    let found = HostKey { host: address.to_owned(), key_type: key_type.to_owned(), key: key.to_owned() };
    let fingerprint = fingerprint(key).filter(|_| found.is_sound())?;
    Some(SeenKey { host: found.host, key_type: found.key_type, key: found.key, fingerprint })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIJUuYn4A5WnTcQd0wNJ9JGEpa4LzN8Ee4nkOuGYxyvYH";

    #[test]
    fn keys_are_one_line_each() {
        let key = |host: &str, kind: &str, key: &str| HostKey {
            host: host.into(),
            key_type: kind.into(),
            key: key.into(),
        };
        assert!(
            key("web1", "ssh-ed25519", KEY).is_sound()
                && key("[10.0.0.7]:2222", "ssh-ed25519", KEY).is_sound()
        );
        for bad in [
            key("web1\n*", "ssh-ed25519", KEY),
            key("@cert-authority *", "ssh-ed25519", KEY),
            key("[x]:y", "ssh-ed25519", KEY),
            key("*", "ssh-ed25519", KEY),
            key("web1", "ssh ed25519", KEY),
            key("web1", "ssh-ed25519", "not base64"),
            key("web1", "ssh-ed25519", ""),
        ] {
            assert!(!bad.is_sound(), "{bad:?}");
        }
        assert_eq!(known_name("web1", 22), "web1");
        assert_eq!(known_name("web1", 2222), "[web1]:2222");
    }

    #[test]
    fn what_is_shown_is_taken_under_the_name_that_was_asked_for() {
        let line = format!("elsewhere ssh-ed25519 {KEY}");
        let key = seen(&line, "web1").expect("a key");
        assert_eq!(key.host, "web1");
        assert!(key.fingerprint.starts_with("SHA256:") && key.fingerprint.len() == 50, "{}", key.fingerprint);
        assert!(
            seen("# web1:22 SSH-2.0-OpenSSH_9.2p1", "web1").is_none()
                && seen("web1 ssh-ed25519", "web1").is_none()
        );
    }
}
