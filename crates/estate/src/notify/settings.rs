//! What a webhook needs to know besides its address, by format.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Longest text of a setting, bytes.
const MAX_TEXT: usize = 500;
/// Most bytes of `extra`.
const MAX_EXTRA: usize = 8 << 10;
/// Longest value of a header, bytes.
const MAX_HEADER: usize = 4 << 10;
/// Headers that the sender itself writes.
const OWN_HEADERS: [&str; 9] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// The form of a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// This product's own, versioned.
    #[default]
    Palisade,
    /// `{"text": …}`, as chats take it.
    Chat,
    /// An issue to create, as Jira takes it.
    Jira,
    /// An incident to create, as ServiceNow's table API takes it.
    Servicenow,
}

impl Format {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Palisade, Self::Chat, Self::Jira, Self::Servicenow];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Palisade => "palisade",
            Self::Chat => "chat",
            Self::Jira => "jira",
            Self::Servicenow => "servicenow",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Format {
    type Err = SettingsError;

    fn from_str(s: &str) -> Result<Self, SettingsError> {
        let known = Self::ALL.into_iter().find(|f| f.as_str() == s);
        known.ok_or_else(|| SettingsError("format must be palisade, chat, jira or servicenow".into()))
    }
}

/// What is wrong with settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SettingsError(pub String);

/// What a webhook needs to know; none of it is secret.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookSettings {
    /// Jira: the project's key.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub project: String,
    /// Jira: the type of an issue; `Task` where nothing is said.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub issue_type: String,
    /// JSON pointer (RFC 6901) to the ticket's key in an answer; by format where it is empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub ticket_key: String,
    /// The same to its address.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub ticket_url: String,
    /// An address in which `{key}` stands for the ticket's key; it goes before `ticket_url`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub ticket_link: String,
    /// The console's address, `https://palisade.example.com`, so that bodies can link to it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub console: String,
    /// What is laid over the body: an object into an object, anything else in the place of what is there.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub extra: Map<String, Value>,
}

impl WebhookSettings {
    /// Reads and checks them for a format.
    ///
    /// # Errors
    /// What is wrong, for people.
    pub fn read(value: &Value, format: Format) -> Result<Self, SettingsError> {
        let settings: Self = match value {
            Value::Null => Self::default(),
            // A list of values in the fields' order would be taken for one.
            other if !other.is_object() => return Err(SettingsError("settings are an object".to_owned())),
            other => serde_json::from_value(other.clone()).map_err(|e| SettingsError(e.to_string()))?,
        };
        settings.check(format)?;
        Ok(settings)
    }

    fn check(&self, format: Format) -> Result<(), SettingsError> {
        let bad = |text: &str| Err(SettingsError(text.to_owned()));
        let texts = [
            &self.project,
            &self.issue_type,
            &self.ticket_key,
            &self.ticket_url,
            &self.ticket_link,
            &self.console,
        ];
        if texts.iter().any(|t| t.len() > MAX_TEXT || t.chars().any(char::is_control)) {
            return bad("a setting has at most 500 bytes and no control characters");
        }
        if [&self.ticket_key, &self.ticket_url].iter().any(|p| !p.is_empty() && !p.starts_with('/')) {
            return bad("ticket_key and ticket_url are JSON pointers such as /fields/key");
        }
        for address in [&self.ticket_link, &self.console] {
            if !address.is_empty() && !address.starts_with("https://") && !address.starts_with("http://") {
                return bad("ticket_link and console begin with https://");
            }
        }
        if Value::Object(self.extra.clone()).to_string().len() > MAX_EXTRA {
            return bad("extra has at most 8 KiB");
        }
        if format == Format::Jira && self.project.is_empty() {
            return bad("jira needs the project's key: settings.project");
        }
        Ok(())
    }
}

/// A header's name as it is sent, or why it cannot be.
///
/// # Errors
/// What is wrong, for people.
pub fn header_name(name: &str) -> Result<String, SettingsError> {
    let lower = name.trim().to_ascii_lowercase();
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if lower.is_empty() || lower.len() > 100 || !lower.bytes().all(token) {
        return Err(SettingsError("a header's name has 1 to 100 letters, digits and hyphens".into()));
    }
    if OWN_HEADERS.contains(&lower.as_str()) || lower.starts_with("palisade-") {
        return Err(SettingsError(format!("the header {lower} is written by the server itself")));
    }
    Ok(lower)
}

/// Whether a text can be a header's value.
///
/// # Errors
/// What is wrong, for people.
pub fn header_value(value: &str) -> Result<(), SettingsError> {
    let printable = value.bytes().all(|b| b == b'\t' || (b' '..=b'~').contains(&b));
    if value.is_empty() || value.len() > MAX_HEADER || !printable {
        return Err(SettingsError("a header's value has 1 to 4096 printable ASCII characters".into()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_are_read_by_format_and_bounded() {
        let read = |value: Value, format| WebhookSettings::read(&value, format);
        assert_eq!(read(Value::Null, Format::Chat), Ok(WebhookSettings::default()));
        assert!(read(json!({}), Format::Jira).is_err(), "no project");
        assert!(read(json!({"project": "SEC", "ticket_key": "/key"}), Format::Jira).is_ok());
        for bad in [
            json!({"unknown": 1}),
            json!({"ticket_key": "key"}),
            json!({"ticket_link": "javascript:x"}),
            json!({"project": "x".repeat(600)}),
            json!({"extra": {"a": "x".repeat(9000)}}),
            json!([]),
        ] {
            assert!(read(bad.clone(), Format::Palisade).is_err(), "{bad}");
        }
    }

    #[test]
    fn headers_cannot_break_out_of_their_line_or_take_the_senders_place() {
        assert_eq!(header_name(" Authorization "), Ok("authorization".into()));
        for bad in ["", "a b", "x:y", "Host", "content-length", "Palisade-Signature", "x\r\ny"] {
            assert!(header_name(bad).is_err(), "{bad:?}");
        }
        assert!(header_value("Basic dXNlcjpwYXNz").is_ok());
        for bad in ["", "a\r\nb: c", "a\0", "ä"] {
            assert!(header_value(bad).is_err(), "{bad:?}");
        }
    }
}
