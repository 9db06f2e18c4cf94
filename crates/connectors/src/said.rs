//! What a script says about a machine: lines of `key=word` or `key:base64`, between two marks that
//! only we know. It comes from a machine that may be hostile.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use palisade_estate::machine::{OsFacts, OsFamily};
use palisade_estate::provision::{HostReport, HostSensor, InstallPath, Reach, ServiceManager};

/// The most bytes of an answer.
pub const MAX_ANSWER: usize = 512 << 10;
/// The most lines that are looked at.
const MAX_LINES: usize = 200;

/// An answer, decoded.
#[derive(Clone, Debug, Default)]
pub struct Said {
    values: BTreeMap<String, String>,
    begun: bool,
    ended: bool,
    lines: usize,
}

impl Said {
    /// Decodes a whole answer. What lies outside the marks is passed over: a login may print more.
    pub fn decode(answer: &str, nonce: &str) -> Self {
        let mut said = Self::default();
        if answer.len() <= MAX_ANSWER {
            for line in answer.lines() {
                said.take(line, nonce);
            }
        }
        said
    }

    /// Takes one line in; its key and word, if it is one that stands for itself.
    pub fn take<'a>(&mut self, line: &'a str, nonce: &str) -> Option<(&'a str, &'a str)> {
        let line = line.trim_end_matches('\r');
        if !self.begun {
            self.begun = line.strip_prefix("begin=").is_some_and(|word| word == nonce);
            return None;
        }
        self.lines += 1;
        if self.ended || self.lines > MAX_LINES {
            return None;
        }
        let at = line.find(['=', ':'])?;
        let (key, value) = (&line[..at], &line[at + 1..]);
        let plain = !key.is_empty()
            && key.len() <= 40
            && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !plain {
            return None;
        }
        if line.as_bytes()[at] == b':' {
            let bytes = BASE64_STANDARD.decode(value.trim()).ok()?;
            self.values.insert(key.to_owned(), String::from_utf8_lossy(&bytes).into_owned());
            return None;
        }
        if key == "end" {
            self.ended = value == nonce;
            return None;
        }
        self.values.insert(key.to_owned(), value.trim().to_owned());
        Some((key, value.trim()))
    }

    /// Whether its first mark was seen.
    pub fn begun(&self) -> bool {
        self.begun
    }

    /// Whether it came to its end.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// A value; empty if it was not said.
    pub fn get(&self, key: &str) -> &str {
        self.values.get(key).map_or("", |v| v.trim())
    }

    /// A value that is a number.
    pub fn number(&self, key: &str) -> Option<i64> {
        self.get(key).parse().ok()
    }

    fn is_set(&self, key: &str) -> bool {
        self.get(key) == "1"
    }

    /// The system, as far as it can be told.
    pub fn os(&self) -> OsFacts {
        let (kernel, architecture) = (self.get("kernel"), self.get("architecture"));
        match self.get("system") {
            "Linux" => OsFacts::from_os_release(self.get("os_release"), kernel, architecture),
            other => OsFacts {
                family: if other.is_empty() { OsFamily::Unknown } else { OsFacts::family_of(other) },
                id: other.to_lowercase(),
                kernel: kernel.to_owned(),
                architecture: architecture.to_owned(),
                ..OsFacts::default()
            },
        }
    }

    /// A preflight's report from the basic facts alone, where the sensor itself could not look.
    pub fn report(&self, path: &str, server: &str) -> HostReport {
        let refused = self.get("refused");
        let unsigned = |key: &str| self.number(key).and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
        HostReport {
            os: self.os(),
            root: self.get("uid") == "0",
            user: self.get("user").to_owned(),
            kernel_types: self.is_set("kernel_types"),
            bpf_refused: None,
            cpus: u32::try_from(unsigned("processors")).unwrap_or(u32::MAX),
            memory_bytes: unsigned("memory_kib").saturating_mul(1024),
            path: InstallPath {
                path: path.to_owned(),
                free_bytes: unsigned("path_free_kib").saturating_mul(1024),
                writable: self.is_set("path_writable"),
                // It was tried last of all, and nothing else runs programs either.
                executable: !refused.contains("runs no programs"),
                symlink: self.is_set("path_symlink"),
            },
            tools_missing: self
                .get("tools_missing")
                .split(',')
                .filter(|t| !t.is_empty())
                .map(String::from)
                .collect(),
            products: Vec::new(),
            fanotify_user: None,
            facts: None,
            service_manager: if self.is_set("systemd") {
                ServiceManager::Systemd
            } else {
                ServiceManager::None
            },
            server: server.to_owned(),
            reach: Reach::NotTried,
            proxy: String::new(),
            clock_offset: None,
            sensor: HostSensor::Absent,
            excluded_by_file: self.is_set("excluded"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: &str = "00112233";

    #[test]
    fn facts_between_the_marks_are_read() {
        let os = BASE64_STANDARD.encode("ID=debian\nVERSION_ID=\"12\"\n");
        let answer = format!(
            "welcome=to the machine\nbegin={NONCE}\r\nuid=0\nsystem:{}\nkernel:{}\narchitecture:{}\nos_release:{os}\n\
             memory_kib=2048\nBad Key=1\nempty:\nbroken:!!\nend={NONCE}\nuid=7\n",
            BASE64_STANDARD.encode("Linux\n"),
            BASE64_STANDARD.encode("6.1.0\n"),
            BASE64_STANDARD.encode("x86_64\n"),
        );
        let said = Said::decode(&answer, NONCE);
        assert!(said.begun() && said.ended());
        assert_eq!((said.get("uid"), said.get("welcome"), said.get("broken")), ("0", "", ""));
        let report = said.report("/opt/palisade", "https://s:1");
        assert_eq!(
            (report.os.id.as_str(), report.os.version.as_str(), report.os.kernel.as_str()),
            ("debian", "12", "6.1.0")
        );
        assert!(report.root && !report.path.writable);
        assert_eq!(report.memory_bytes, 2 << 20);
    }

    #[test]
    fn another_answer_is_none_of_ours() {
        assert!(!Said::decode("begin=other\nuid=0\nend=other\n", NONCE).begun());
        let cut = Said::decode(&format!("begin={NONCE}\nuid=0\nend=other\n"), NONCE);
        assert!(cut.begun() && !cut.ended());
        let long = format!("begin={NONCE}\n{}end={NONCE}\n", "a=1\n".repeat(MAX_LINES + 1));
        assert!(!Said::decode(&long, NONCE).ended());
        assert!(!Said::decode(&"x".repeat(MAX_ANSWER + 1), NONCE).begun());
        let windows =
            Said::decode(&format!("begin={NONCE}\nsystem:{}\n", BASE64_STANDARD.encode("FreeBSD")), NONCE);
        assert_eq!(windows.os().family, OsFamily::Other);
    }
}
