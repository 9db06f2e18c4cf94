//! Where in an answer a ticket's key and address are.

use serde_json::Value;

use super::settings::{Format, WebhookSettings};

/// The most bytes of an answer that are read.
pub const MAX_ANSWER: usize = 64 << 10;
/// Longest key, characters.
const MAX_KEY: usize = 200;
/// Longest address, characters.
const MAX_URL: usize = 2_000;

/// Where a ticket is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TicketPlace {
    /// Its key in its own system; empty where the answer has none.
    pub key: String,
    /// Its address; empty where there is none that a browser may be sent to.
    pub url: String,
}

/// Reads them from an answer's body. Whatever is hostile in it ends here: only `http` and `https` addresses
/// without credentials, no control characters, bounded.
pub fn ticket_of(format: Format, settings: &WebhookSettings, answer: &[u8]) -> TicketPlace {
    if answer.len() > MAX_ANSWER {
        return TicketPlace::default();
    }
    let Ok(answer) = serde_json::from_slice::<Value>(answer) else { return TicketPlace::default() };
    let (usual_key, usual_url) = match format {
        Format::Palisade => ("/ticket/key", "/ticket/url"),
        Format::Jira => ("/key", "/self"),
        Format::Servicenow => ("/result/number", ""),
        Format::Chat => ("", ""),
    };
    let or = |own: &str, usual: &'static str| -> String {
        if own.is_empty() { usual.to_owned() } else { own.to_owned() }
    };
    let key = at(&answer, &or(&settings.ticket_key, usual_key), MAX_KEY);
    let told = at(&answer, &or(&settings.ticket_url, usual_url), MAX_URL);
    let made = match settings.ticket_link.as_str() {
        "" => String::new(),
        _ if key.is_empty() => String::new(),
        link => link.replace("{key}", &escaped(&key)),
    };
    let url = [made, told].into_iter().find(|u| is_address(u)).unwrap_or_default();
    TicketPlace { key, url }
}

fn at(answer: &Value, pointer: &str, most: usize) -> String {
    if pointer.is_empty() {
        return String::new();
    }
    let text = match answer.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    if text.chars().count() > most || text.chars().any(char::is_control) { String::new() } else { text }
}

/// What is not plain in an address's path, by percent signs.
fn escaped(key: &str) -> String {
    let mut out = String::with_capacity(key.len());
    for byte in key.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn is_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let Some(rest) = rest else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let plain = |c: char| c.is_ascii_graphic() && !"\"<>\\^`{|}".contains(c);
    !host.is_empty() && !host.contains('@') && text.chars().count() <= MAX_URL && text.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(format: Format, settings: Value, answer: &Value) -> (String, String) {
        let settings: WebhookSettings = serde_json::from_value(settings).expect("settings");
        let place = ticket_of(format, &settings, answer.to_string().as_bytes());
        (place.key, place.url)
    }

    #[test]
    fn key_and_address_are_found_where_each_system_puts_them() {
        let jira = json!({"id": "10", "key": "SEC-7", "self": "https://jira.example/rest/api/2/issue/10"});
        let own = json!({"ticket_link": "https://jira.example/browse/{key}"});
        assert_eq!(
            read(Format::Jira, json!({}), &jira),
            ("SEC-7".into(), "https://jira.example/rest/api/2/issue/10".into())
        );
        assert_eq!(
            read(Format::Jira, own, &jira),
            ("SEC-7".into(), "https://jira.example/browse/SEC-7".into())
        );
        let incident = json!({"result": {"number": "INC0010002", "sys_id": "9d"}});
        let link = json!({"ticket_link": "https://x.example/incident.do?sysparm_query=number={key}"});
        assert_eq!(
            read(Format::Servicenow, link, &incident),
            ("INC0010002".into(), "https://x.example/incident.do?sysparm_query=number=INC0010002".into())
        );
        let deep = json!({"data": [{"n": 12, "at": "https://t.example/12"}]});
        let pointers = json!({"ticket_key": "/data/0/n", "ticket_url": "/data/0/at"});
        assert_eq!(read(Format::Palisade, pointers, &deep), ("12".into(), "https://t.example/12".into()));
    }

    #[test]
    fn a_hostile_answer_leads_nobody_anywhere() {
        for url in [
            "javascript:alert(1)",
            "https://user:pass@evil.example/",
            "https://",
            "https://a.example/\u{202e}gpj",
            "https://a.example/a b",
            "https://a.example/\" onclick=\"x",
            "ftp://a.example/",
        ] {
            let answer = json!({"key": "K-1", "self": url});
            assert_eq!(read(Format::Jira, json!({}), &answer), ("K-1".into(), String::new()), "{url}");
        }
        let sly = json!({"key": "../../x?y#z", "self": ""});
        let own = json!({"ticket_link": "https://jira.example/browse/{key}"});
        assert_eq!(read(Format::Jira, own, &sly).1, "https://jira.example/browse/..%2F..%2Fx%3Fy%23z");
        let long =
            json!({"key": "k".repeat(300), "self": "https://a.example/".to_owned() + &"x".repeat(3000)});
        assert_eq!(read(Format::Jira, json!({}), &long), (String::new(), String::new()));
        let settings = WebhookSettings::default();
        assert_eq!(ticket_of(Format::Jira, &settings, &vec![b' '; MAX_ANSWER + 1]), TicketPlace::default());
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), pointer in "/[a-z~01/]{0,20}") {
            let settings = WebhookSettings { ticket_key: pointer.clone(), ticket_url: pointer, ..WebhookSettings::default() };
            let place = ticket_of(Format::Jira, &settings, &bytes);
            prop_assert!(place.url.is_empty() || is_address(&place.url));
        }
    }
}
