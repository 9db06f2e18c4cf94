//! The shell scripts that run on machines, and what they are given.

use std::fmt::Write;

use palisade_estate::provision::{Action, Mode};
use url::Url;

use crate::connector::Work;
use crate::error::ConnectorError;

/// What every script begins with.
pub(crate) const BASIS: &str = include_str!("scripts/basis.sh");
/// Fetching and posting.
pub(crate) const FETCH: &str = include_str!("scripts/fetch.sh");

/// The names of what a script is given, in the order in which they are read.
const NAMES: [&str; 8] = ["nonce", "verb", "path", "url", "mode", "sha", "size", "token"];
/// The most bytes of the certificates that a machine is given.
const MAX_CA: usize = 64 << 10;

/// What a script is given. Nothing in it can end a line, or be taken for more than a text.
pub(crate) struct Given {
    values: [String; 8],
    /// The certificates.
    pub(crate) ca: String,
    /// A random word that marks the answer.
    pub(crate) nonce: String,
}

/// What a shell takes as one word, whatever is in it.
pub(crate) fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn own(what: &str) -> ConnectorError {
    ConnectorError::Own(what.into())
}

/// The sensor's verb for an action; `None` where nothing is done on the machine.
pub(crate) fn verb(action: &Action) -> Option<&'static str> {
    match action {
        Action::Preflight => Some("preflight"),
        Action::Install { .. } => Some("install"),
        Action::Adopt { .. } | Action::Probe => Some("probe"),
        Action::Start => Some("start"),
        Action::Upgrade { .. } => Some("upgrade"),
        Action::Offboard => Some("uninstall"),
        Action::DeployExtension => None,
    }
}

/// The door's address without a slash at its end, if it is one.
pub(crate) fn check_url(url: &str) -> Result<&str, ConnectorError> {
    let plain = url.trim_end_matches('/');
    let allowed =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b':' | b'/' | b'.' | b'-' | b'_' | b'[' | b']');
    let good = plain.len() <= 300
        && plain.bytes().all(allowed)
        && Url::parse(plain).is_ok_and(|u| u.scheme() == "https" && u.has_host() && u.path() == "/");
    if good { Ok(plain) } else { Err(own("the server's address is not an https address of a host and port")) }
}

/// The folder of the sensor, if it can be one.
pub(crate) fn check_path(path: &str) -> Result<&str, ConnectorError> {
    let good = path.len() > 1
        && path.len() <= 200
        && path.starts_with('/')
        && path.split('/').skip(1).all(|part| {
            !part.is_empty()
                && part != "."
                && part != ".."
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        });
    if good { Ok(path) } else { Err(own("the sensor's folder is not a plain absolute path")) }
}

/// The certificates, if they are some.
pub(crate) fn check_ca(pem: &str) -> Result<&str, ConnectorError> {
    let good = pem.len() <= MAX_CA
        && pem.contains("-----BEGIN CERTIFICATE-----")
        && pem.bytes().all(|b| b == b'\n' || b == b'\r' || (0x20..0x7f).contains(&b))
        && pem.lines().all(|line| line != ".");
    if good { Ok(pem) } else { Err(own("the server's certificates are not PEM")) }
}

/// A token, if it can be one of ours.
pub(crate) fn check_token(token: &str) -> Result<&str, ConnectorError> {
    let good = token.len() <= 512
        && token
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'=' | b'+' | b'/'));
    if good { Ok(token) } else { Err(own("the token is not one of ours")) }
}

/// A digest, if it is one.
fn checked_digest(sha256: &str) -> Result<String, ConnectorError> {
    let good = sha256.len() == 64 && sha256.bytes().all(|b| b.is_ascii_hexdigit());
    if good { Ok(sha256.to_ascii_lowercase()) } else { Err(own("the sensor's digest is not SHA-256")) }
}

/// A random word that nobody can foresee.
pub(crate) fn nonce() -> Result<String, ConnectorError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|e| ConnectorError::Own(format!("no random numbers: {e}")))?;
    Ok(hex::encode(bytes))
}

impl Given {
    /// For one piece of work.
    pub(crate) fn of(work: &Work, verb: &str) -> Result<Self, ConnectorError> {
        let mode = match work.action {
            Action::Install { mode: Mode::Observing, .. } => "observing",
            _ => "standard",
        };
        let token = work.token.as_ref().map_or("", |t| t.reveal());
        Self::from_parts(verb, mode, work, token)
    }

    /// For a look at the basic facts only, with no program of ours.
    pub(crate) fn facts() -> Result<Self, ConnectorError> {
        let nonce = nonce()?;
        let values = [nonce.as_str(), "facts", "/opt/palisade", "", "", "", "0", ""].map(String::from);
        Ok(Self { values, ca: String::new(), nonce })
    }

    /// For a scan by this executable. Nothing else of ours goes to the machine.
    pub(crate) fn scan(sensor: &crate::connector::Artefact) -> Result<Self, ConnectorError> {
        let nonce = nonce()?;
        let (sha, size) = (checked_digest(&sensor.sha256)?, sensor.size.to_string());
        let values = [nonce.as_str(), "scan", "/opt/palisade", "", "", &sha, &size, ""].map(String::from);
        Ok(Self { values, ca: String::new(), nonce })
    }

    fn from_parts(verb: &str, mode: &str, work: &Work, token: &str) -> Result<Self, ConnectorError> {
        let sha = checked_digest(&work.sensor.sha256)?;
        let nonce = nonce()?;
        let values = [
            nonce.clone(),
            verb.to_owned(),
            check_path(&work.path)?.to_owned(),
            check_url(&work.server.url)?.to_owned(),
            mode.to_owned(),
            sha,
            work.sensor.size.to_string(),
            check_token(token)?.to_owned(),
        ];
        Ok(Self { values, ca: check_ca(&work.server.ca_pem)?.trim_end().to_owned(), nonce })
    }

    /// Lines of a script that read all this from standard input.
    pub(crate) fn readers() -> String {
        NAMES.iter().fold(String::new(), |mut script, name| {
            let _ = writeln!(script, "IFS= read -r {name}");
            script
        })
    }

    /// What those read, and then the certificates with a line that ends them.
    pub(crate) fn lines(&self) -> zeroize::Zeroizing<String> {
        let mut text = zeroize::Zeroizing::new(String::with_capacity(2048 + self.ca.len()));
        for value in self.values.iter().map(String::as_str).chain([self.ca.as_str(), "."]) {
            text.push_str(value);
            text.push('\n');
        }
        text
    }

    /// The same as assignments within a script.
    pub(crate) fn assignments(&self) -> zeroize::Zeroizing<String> {
        let mut text = zeroize::Zeroizing::new(String::with_capacity(2048 + self.ca.len()));
        let values = self.values.iter().map(String::as_str);
        for (name, value) in NAMES.iter().copied().zip(values).chain([("ca", self.ca.as_str())]) {
            let _ = writeln!(text, "{name}={}", quote(value));
        }
        text
    }
}

/// The same for a whole script, whose first line names its shell.
pub(crate) fn dense_script(script: &str) -> String {
    format!("#!/bin/sh\n{}", dense(script))
}

/// A script without its comments and empty lines: it is read byte by byte.
pub(crate) fn dense(script: &str) -> String {
    let lines = script.lines().filter(|l| !l.trim_start().starts_with('#') && !l.trim().is_empty());
    lines.fold(String::with_capacity(script.len()), |mut out, line| {
        out.push_str(line);
        out.push('\n');
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_be_more_than_a_text_is_given() {
        assert_eq!(check_url("https://server.example:8444/").expect("good"), "https://server.example:8444");
        assert!(check_url("https://[2001:db8::1]:8444").is_ok());
        for bad in [
            "http://server",
            "https://",
            "https://a/b",
            "https://a b",
            "https://a$(id)",
            "https://a\n",
            "x",
            "https://u@a",
        ] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
        assert!(check_path("/opt/palisade").is_ok());
        for bad in ["", "/", "opt", "/opt/../etc", "/opt/a b", "/opt/$x", "/opt//x", "/opt/"] {
            assert!(check_path(bad).is_err(), "{bad}");
        }
        assert!(
            check_token("pal_abc-123").is_ok() && check_token("a b").is_err() && check_token("a\nb").is_err()
        );
        assert!(check_ca("x").is_err() && check_ca("-----BEGIN CERTIFICATE-----\n.\n").is_err());
        assert_eq!(quote("it's"), r"'it'\''s'");
    }

    #[test]
    fn scripts_lose_their_comments_only() {
        assert_eq!(dense("# a\n  # b\n\necho '#'\n"), "echo '#'\n");
        assert!(!dense(BASIS).lines().any(|l| l.trim().is_empty() || l.trim().starts_with('#')));
        // A line within a text that begins with `#` would be lost: there is one, and it is no such line.
        assert_eq!(BASIS.matches("#!/bin/sh").count(), 1);
    }

    #[test]
    fn shellcheck_finds_nothing() {
        let whole = |tail: &str| format!("#!/bin/sh\n{}\n{BASIS}\n{FETCH}\n{tail}", Given::readers());
        let scripts = [
            whole(include_str!("scripts/over_ssh.sh")),
            whole(include_str!("scripts/over_ssm.sh")),
            whole(include_str!("scripts/onboard.sh")),
            whole(&format!("limit=1\n{}", include_str!("scripts/scan.sh"))),
            include_str!("scripts/after_install.sh").to_owned(),
            include_str!("scripts/before_remove.sh").to_owned(),
        ];
        for script in scripts {
            let folder = palisade_testkit::scratch();
            let path = folder.path().join("script");
            std::fs::write(&path, &script).expect("written");
            // Not checked: what one of them uses of what they all are given, and words that shall be split.
            let run = std::process::Command::new("shellcheck")
                .args(["-s", "sh", "-e", "SC2034,SC2154,SC2086"])
                .arg(&path)
                .output();
            let Ok(out) = run else { return palisade_testkit::skipped("needs shellcheck") };
            assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stdout));
        }
    }
}
