//! The body that a webhook gets: one document, and its forms for chats and ticket systems.

use std::fmt::Write;

use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::event::{EventKind, SubjectType, severity_rank};
use super::settings::{Format, WebhookSettings};

/// The version of the document; a field that is added does not change it, one that goes or means something else
/// does.
pub const BODY_VERSION: u32 = 1;
/// Longest summary, characters: Jira takes 255, ServiceNow 160.
const MAX_SUMMARY: usize = 160;
/// Longest text, characters.
const MAX_TEXT: usize = 8_000;
/// Events that a text names one by one.
const TOLD: usize = 20;

/// What a delivery is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentType {
    /// Events that a rule wanted to hear of.
    #[default]
    Events,
    /// A ticket to open.
    Ticket,
    /// Somebody tries whether it works.
    Test,
}

impl DocumentType {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Ticket => "ticket",
            Self::Test => "test",
        }
    }
}

/// One event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)] // As `VulnerabilityEvent` of the API.
pub struct DocumentEvent {
    pub id: String,
    pub at: String,
    pub kind: EventKind,
    pub subject_type: SubjectType,
    pub subject: String,
    pub title: String,
    pub severity: String,
    pub exploited: bool,
    /// Of the rule's group, where it has one.
    pub devices: u64,
    pub exposure_before: Option<f64>,
    pub exposure_after: Option<f64>,
    pub effect: Option<f64>,
    pub detail: Value,
}

/// A ticket to open.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DocumentTicket {
    /// What it is about: `remediation:<id>`.
    pub subject: String,
    /// One line.
    pub title: String,
    /// What is to be done.
    pub text: String,
    /// `critical`, `high`, `medium`, `low`, `unknown`.
    pub severity: String,
    /// `high`, `medium`, `low`.
    pub priority: String,
    /// Until when, RFC 3339; null where nobody said.
    pub due_at: Option<String>,
    /// Devices that it concerns.
    pub devices: u64,
    /// A path of the console; empty where there is none.
    pub link: String,
    /// More.
    pub detail: Value,
}

/// What is sent, before it takes a form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// [`BODY_VERSION`].
    pub version: u32,
    /// What for.
    #[serde(rename = "type")]
    pub of: DocumentType,
    /// When it was written, RFC 3339.
    pub created_at: String,
    /// The tenant's identifier.
    pub tenant_id: String,
    /// Its name.
    pub tenant: String,
    /// The rule's name; empty where no rule asked for it.
    pub rule: String,
    /// What happened, the worst first.
    pub events: Vec<DocumentEvent>,
    /// Events that are left out, because they were too many.
    pub more: u64,
    /// The ticket; null for everything else.
    pub ticket: Option<DocumentTicket>,
}

impl Document {
    /// One line that says what it is.
    pub fn summary(&self) -> String {
        let line = match (&self.ticket, self.events.as_slice(), self.of) {
            (Some(ticket), _, _) => ticket.title.clone(),
            (None, _, DocumentType::Test) => "Palisade: a test, nothing has happened".to_owned(),
            (None, [], _) => "Palisade: nothing".to_owned(),
            (None, [only], _) if self.more == 0 => only.title.clone(),
            (None, [first, rest @ ..], _) => {
                format!("{}, and {} more events", first.title, rest.len() as u64 + self.more)
            }
        };
        cut(&line, MAX_SUMMARY)
    }

    fn severity(&self) -> &str {
        match &self.ticket {
            Some(ticket) => &ticket.severity,
            None => {
                let all = self.events.iter().map(|e| e.severity.as_str());
                all.max_by_key(|s| severity_rank(s)).unwrap_or_default()
            }
        }
    }

    /// What it is about, so that a receiver can put together what belongs together.
    fn correlation(&self, delivery: &str) -> String {
        match (&self.ticket, self.events.as_slice()) {
            (Some(ticket), _) => ticket.subject.clone(),
            (None, [only]) => format!("{}:{}", only.subject_type, only.subject),
            _ => format!("delivery:{delivery}"),
        }
    }

    /// Everything that people have to know, in plain lines.
    fn text(&self, settings: &WebhookSettings) -> String {
        // Writing to a string does not fail.
        let mut out = String::new();
        let link = |path: &str| format!("{}{path}", settings.console.trim_end_matches('/'));
        if let Some(ticket) = &self.ticket {
            let _ = writeln!(out, "{}\n\nDevices: {}", ticket.text, ticket.devices);
            let _ = writeln!(out, "Severity: {}; priority: {}", ticket.severity, ticket.priority);
            if let Some(due) = &ticket.due_at {
                let _ = writeln!(out, "Due: {due}");
            }
            if !settings.console.is_empty() && ticket.link.starts_with('/') {
                let _ = writeln!(out, "{}", link(&ticket.link));
            }
        }
        if self.of == DocumentType::Test {
            let _ = writeln!(out, "This is a test. Nothing has happened.");
        }
        for event in self.events.iter().take(TOLD) {
            out.push_str("- ");
            if !event.severity.is_empty() {
                let _ = write!(out, "[{}] ", event.severity);
            }
            out.push_str(&event.title);
            let software = event.detail["software"].as_array().into_iter().flatten();
            let software: Vec<&str> = software.filter_map(Value::as_str).collect();
            if !software.is_empty() {
                let _ = write!(out, " in {}", software.join(", "));
            }
            if event.exploited {
                out.push_str(", exploited");
            }
            if event.devices > 0 {
                let _ = write!(out, " ({} devices)", event.devices);
            }
            out.push('\n');
        }
        let rest = self.events.len().saturating_sub(TOLD) as u64 + self.more;
        if rest > 0 {
            let _ = writeln!(out, "- and {rest} more");
        }
        if !settings.console.is_empty() && self.ticket.is_none() {
            let _ = writeln!(out, "{}", link("/events"));
        }
        cut(out.trim_end(), MAX_TEXT)
    }
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// The body of a delivery in a format.
pub fn render(format: Format, settings: &WebhookSettings, delivery: &str, document: &Document) -> Value {
    let mut body = match format {
        Format::Palisade => {
            let mut body = serde_json::to_value(document).unwrap_or_default();
            if let Some(map) = body.as_object_mut() {
                map.insert("delivery".into(), json!(delivery));
            }
            body
        }
        Format::Chat => {
            let text = format!("*{}*\n{}", document.summary(), document.text(settings));
            json!({ "text": harmless(&text) })
        }
        Format::Jira => {
            let kind = if settings.issue_type.is_empty() { "Task" } else { &settings.issue_type };
            let mut fields = json!({
                "project": { "key": settings.project }, "issuetype": { "name": kind },
                "summary": one_line(&document.summary()), "description": document.text(settings),
                "labels": ["palisade", label(&document.correlation(delivery))],
            });
            let due = document.ticket.as_ref().and_then(|t| t.due_at.as_deref());
            if let (Some(day), Some(map)) = (due.and_then(|d| d.get(..10)), fields.as_object_mut()) {
                map.insert("duedate".into(), json!(day));
            }
            json!({ "fields": fields })
        }
        Format::Servicenow => {
            let urgency = urgency(document);
            json!({
                "short_description": one_line(&document.summary()), "description": document.text(settings),
                "urgency": urgency, "impact": urgency, "correlation_id": document.correlation(delivery),
                "correlation_display": "Palisade",
            })
        }
    };
    overlay(&mut body, &settings.extra);
    body
}

/// ServiceNow's scale: 1 high, 2 medium, 3 low.
fn urgency(document: &Document) -> &'static str {
    let word = match &document.ticket {
        Some(ticket) if !ticket.priority.is_empty() => ticket.priority.as_str(),
        _ => document.severity(),
    };
    match word {
        "critical" | "high" => "1",
        "low" | "none" | "" => "3",
        _ => "2",
    }
}

/// Without what a chat reads as a mention or a link.
fn harmless(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// As Jira takes a label: no space in it.
fn label(text: &str) -> String {
    cut(&text.chars().map(|c| if c.is_whitespace() { '-' } else { c }).collect::<String>(), 100)
}

/// Lays `extra` over a body: objects are laid over objects, everything else takes the place of what is there.
fn overlay(body: &mut Value, extra: &Map<String, Value>) {
    let Some(body) = body.as_object_mut() else { return };
    for (key, value) in extra {
        match (body.get_mut(key), value) {
            (Some(there @ Value::Object(_)), Value::Object(more)) => overlay(there, more),
            _ => drop(body.insert(key.clone(), value.clone())),
        }
    }
}

impl Document {
    /// A document of now for a tenant.
    pub fn of(of: DocumentType, (tenant_id, tenant): (String, String), now: TimeMicros) -> Self {
        Self { version: BODY_VERSION, of, created_at: now.to_rfc3339(), tenant_id, tenant, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(title: &str, severity: &str) -> DocumentEvent {
        DocumentEvent {
            id: "1".into(),
            at: "2026-11-29T00:00:00.000000Z".into(),
            kind: EventKind::NewVulnerability,
            subject_type: SubjectType::Vulnerability,
            subject: "CVE-2026-0001".into(),
            title: title.into(),
            severity: severity.into(),
            exploited: severity == "critical",
            devices: 3,
            exposure_before: Some(10.0),
            exposure_after: Some(12.5),
            effect: Some(2.5),
            detail: json!({}),
        }
    }

    fn document(events: Vec<DocumentEvent>) -> Document {
        let tenant = ("t".to_owned(), "Example".to_owned());
        Document { events, ..Document::of(DocumentType::Events, tenant, TimeMicros(0)) }
    }

    #[test]
    fn the_own_form_is_the_document_with_its_version_and_is_read_back() {
        let document = document(vec![event("CVE-2026-0001 was found", "high")]);
        let body = render(Format::Palisade, &WebhookSettings::default(), "d-1", &document);
        assert_eq!(
            (&body["version"], &body["type"], &body["delivery"]),
            (&json!(1), &json!("events"), &json!("d-1"))
        );
        assert_eq!(body["events"][0]["effect"], 2.5);
        assert_eq!(serde_json::from_value::<Document>(body).expect("read back"), document);
    }

    #[test]
    fn a_chat_gets_a_text_in_which_nothing_is_a_mention() {
        let second =
            DocumentEvent { detail: json!({"software": ["expat", "vim"]}), ..event("second", "low") };
        let document = document(vec![event("<!channel> & co", "critical"), second]);
        let settings = WebhookSettings { console: "https://p.example/".into(), ..WebhookSettings::default() };
        let body = render(Format::Chat, &settings, "d", &document);
        let text = body["text"].as_str().expect("a text");
        assert!(text.starts_with("*&lt;!channel&gt; &amp; co, and 1 more events*"), "{text}");
        assert!(text.contains("- [critical] &lt;!channel&gt; &amp; co, exploited (3 devices)"), "{text}");
        assert!(text.contains("- [low] second in expat, vim (3 devices)"), "{text}");
        assert!(text.ends_with("https://p.example/events"), "{text}");
    }

    #[test]
    fn tickets_have_what_each_system_asks_for_and_what_the_site_adds() {
        let ticket = DocumentTicket {
            subject: "remediation:1".into(),
            title: "Update openssl\non 3 devices".into(),
            text: "Bring it to 3.0.3.".into(),
            severity: "high".into(),
            priority: "medium".into(),
            due_at: Some("2026-12-24T00:00:00.000000Z".into()),
            devices: 3,
            link: "/remediations/1".into(),
            detail: json!({}),
        };
        let document = Document { of: DocumentType::Ticket, ticket: Some(ticket), ..document(Vec::new()) };
        let extra = json!({"fields": {"labels": ["own"], "components": [{"name": "ops"}]}, "x": 1});
        let settings = WebhookSettings {
            project: "SEC".into(),
            console: "https://p.example".into(),
            extra: extra.as_object().cloned().expect("an object"),
            ..WebhookSettings::default()
        };
        let issue = render(Format::Jira, &settings, "d", &document);
        let fields = &issue["fields"];
        assert_eq!(
            (&fields["project"]["key"], &fields["issuetype"]["name"]),
            (&json!("SEC"), &json!("Task"))
        );
        assert_eq!(
            (&fields["summary"], &fields["duedate"]),
            (&json!("Update openssl on 3 devices"), &json!("2026-12-24"))
        );
        assert_eq!((&fields["labels"], &issue["x"]), (&json!(["own"]), &json!(1)));
        assert!(fields["description"].as_str().expect("a text").contains("https://p.example/remediations/1"));
        let incident = render(Format::Servicenow, &WebhookSettings::default(), "d", &document);
        assert_eq!(
            (&incident["urgency"], &incident["correlation_id"]),
            (&json!("2"), &json!("remediation:1"))
        );
    }

    #[test]
    fn no_body_grows_without_bound() {
        let many: Vec<DocumentEvent> = (0..100).map(|_| event(&"x".repeat(2_000), "high")).collect();
        let document = Document { more: 900, ..document(many) };
        assert_eq!(document.summary().chars().count(), MAX_SUMMARY);
        let text = document.text(&WebhookSettings::default());
        assert!(text.chars().count() <= MAX_TEXT);
    }
}
