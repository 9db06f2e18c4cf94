//! One sentence about one event.

use crate::ask::{Row, additional, number, text};

/// Longest sentence, characters.
const MAX: usize = 300;

/// Says in one sentence what a row of an event table tells.
pub(crate) fn summary(table: &str, row: &Row) -> String {
    let who = or(text(row, "InitiatingProcessFileName"), "a process");
    let user = text(row, "InitiatingProcessAccountName");
    let sentence = match (table, text(row, "ActionType")) {
        ("DeviceProcessEvents", "ProcessCreated") => {
            let what =
                or(text(row, "ProcessCommandLine"), or(text(row, "FolderPath"), text(row, "FileName")));
            format!("{who} started {what}{}", by(text(row, "AccountName")))
        }
        ("DeviceProcessEvents", "ProcessTerminated") => {
            let name = or(text(row, "FileName"), "a process");
            format!("{name} (pid {}) ended{}", number(row, "ProcessId"), ending(row))
        }
        ("DeviceNetworkEvents", action) => {
            let (ip, port) = (text(row, "RemoteIP"), number(row, "RemotePort"));
            let to = if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") };
            let verb = if action == "ConnectionFailed" { "failed to connect to" } else { "connected to" };
            format!("{who} {verb} {to}{}", by(user))
        }
        ("DeviceFileEvents", action) => {
            let path = or(text(row, "FolderPath"), text(row, "FileName"));
            match action {
                "FileCreated" => format!("{who} created {path}{}", by(user)),
                "FileModified" => format!("{who} changed {path}{}", by(user)),
                "FileDeleted" => format!("{who} deleted {path}{}", by(user)),
                "FileRenamed" => {
                    let before = or(text(row, "PreviousFolderPath"), text(row, "PreviousFileName"));
                    format!("{who} renamed {before} to {path}{}", by(user))
                }
                other => format!("{who}: {other} {path}{}", by(user)),
            }
        }
        ("DeviceEvents", action) if action.starts_with("VulnerableApplication") => {
            let path = or(text(row, "FolderPath"), text(row, "FileName"));
            let package = additional(row, "Package").unwrap_or_default();
            let version = additional(row, "PackageVersion").unwrap_or_default();
            let verb = match action {
                "VulnerableApplicationBlocked" => "was kept from executing",
                _ => "executed",
            };
            format!("{who} {verb} {path} of the vulnerable {package} {version}{}", by(user))
        }
        (_, "") => format!("a row of {table}"),
        (_, action) => format!("{action} by {who}{}", by(user)),
    };
    cut(&sentence)
}

fn or<'t>(first: &'t str, second: &'t str) -> &'t str {
    if first.is_empty() { second } else { first }
}

fn by(user: &str) -> String {
    if user.is_empty() { String::new() } else { format!(" as {user}") }
}

fn ending(row: &Row) -> String {
    let meaningful = |key: &str| additional(row, key).filter(|v| v != "0");
    match (meaningful("Signal"), additional(row, "ExitCode")) {
        (Some(signal), _) => format!(" by signal {signal}"),
        (None, Some(code)) => format!(" with exit code {code}"),
        (None, None) => String::new(),
    }
}

fn cut(sentence: &str) -> String {
    let clean: String = sentence.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if clean.chars().count() <= MAX {
        return clean;
    }
    clean.chars().take(MAX - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn say(table: &str, row: serde_json::Value) -> String {
        summary(table, row.as_object().expect("an object"))
    }

    #[test]
    fn each_kind_of_event_has_its_sentence() {
        let start = json!({"ActionType": "ProcessCreated", "InitiatingProcessFileName": "bash",
            "ProcessCommandLine": "curl -s x", "AccountName": "ann"});
        assert_eq!(say("DeviceProcessEvents", start), "bash started curl -s x as ann");
        let end = json!({"ActionType": "ProcessTerminated", "FileName": "curl", "ProcessId": 7,
            "AdditionalFields": {"ExitCode": 6, "Signal": 0}});
        assert_eq!(say("DeviceProcessEvents", end), "curl (pid 7) ended with exit code 6");
        let net = json!({"ActionType": "ConnectionFailed", "InitiatingProcessFileName": "curl",
            "RemoteIP": "2001:db8::1", "RemotePort": 443});
        assert_eq!(say("DeviceNetworkEvents", net), "curl failed to connect to [2001:db8::1]:443");
        let file = json!({"ActionType": "FileRenamed", "InitiatingProcessFileName": "mv", "FolderPath": "/b",
            "PreviousFileName": "a", "InitiatingProcessAccountName": "root"});
        assert_eq!(say("DeviceFileEvents", file), "mv renamed a to /b as root");
        let denied = json!({"ActionType": "VulnerableApplicationBlocked", "InitiatingProcessFileName": "bash",
            "FolderPath": "/usr/bin/tool", "AdditionalFields": {"Package": "tool", "PackageVersion": "1.0-1"}});
        assert_eq!(
            say("DeviceEvents", denied),
            "bash was kept from executing /usr/bin/tool of the vulnerable tool 1.0-1"
        );
    }

    #[test]
    fn a_long_sentence_is_cut_to_one_line() {
        let row = json!({"ActionType": "ProcessCreated", "ProcessCommandLine": "x\n".repeat(400)});
        let sentence = say("DeviceProcessEvents", row);
        assert_eq!(sentence.chars().count(), MAX);
        assert!(sentence.ends_with('…') && !sentence.contains('\n'));
    }
}
