//! How much harm an extension of a browser could do by what it may do. Whether it does, nobody can say by that:
//! a password manager needs what a thief of passwords needs. The rules are in `docs/browser-extensions.md`.

mod known;

use serde::{Deserialize, Serialize};

use crate::model::BrowserExtension;
use known::KNOWN;

/// How much harm something allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// What nearly every extension asks for: it learns nothing about the user.
    Low,
    /// It learns something about the user, or changes something that is seen at once.
    Medium,
    /// It reads or changes what the user does on pages, or weakens the browser's protection.
    High,
    /// It leaves the browser's sandbox, takes all traffic, or runs any code in any page.
    Critical,
}

impl Risk {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// A permission, or a pattern of pages, with what it allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged<'p> {
    /// As the extension asks for it.
    pub id: &'p str,
    /// The same for people.
    pub name: String,
    /// How much harm it allows this extension.
    pub risk: Risk,
    /// Why: what it lets an extension do.
    pub reason: &'static str,
    /// Whether the extension has it. What it has not it may ask for later.
    pub required: bool,
}

/// Judges everything that an extension may do or ask for, worst first.
pub fn judge(extension: &BrowserExtension) -> Vec<Judged<'_>> {
    let is_required = |id: &String| !extension.optional.contains(id);
    let pages = extension.hosts.iter().map(|pattern| {
        let (name, risk, reason) = of_pages(pattern);
        Judged { id: pattern, name: name.to_owned(), risk, reason, required: is_required(pattern) }
    });
    let permissions = extension.permissions.iter().map(|id| {
        let required = is_required(id);
        // What acts on pages can do little as long as there are none.
        let reaches = extension.hosts.iter().any(|pattern| !required || is_required(pattern));
        let (risk, reason) = match KNOWN.binary_search_by(|known| known.0.cmp(id)) {
            Ok(at) if KNOWN[at].2 && !reaches => (KNOWN[at].1.min(Risk::Medium), KNOWN[at].3),
            Ok(at) => (KNOWN[at].1, KNOWN[at].3),
            Err(_) => (Risk::Medium, "Nobody has judged this permission."),
        };
        Judged { id, name: words(id), risk, reason, required }
    });
    let mut all: Vec<Judged<'_>> = pages.chain(permissions).collect();
    all.sort_by(|a, b| {
        b.risk.cmp(&a.risk).then_with(|| b.required.cmp(&a.required)).then_with(|| a.id.cmp(b.id))
    });
    all
}

/// The risk of an extension: that of the worst that it has; none where it may do nothing special.
pub fn risk(judged: &[Judged<'_>]) -> Option<Risk> {
    judged.iter().filter(|j| j.required).map(|j| j.risk).max()
}

/// A pattern of pages: `scheme://host/path`, or `<all_urls>`.
fn of_pages(pattern: &str) -> (&'static str, Risk, &'static str) {
    const EVERY: (&str, Risk, &str) = ("Every page", Risk::High, "It reads and changes every page.");
    if pattern == "<all_urls>" {
        return EVERY;
    }
    let (scheme, rest) = pattern.split_once("://").unwrap_or(("", pattern));
    let host = rest.split('/').next().unwrap_or_default();
    let is_port = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'*');
    let host = host.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(host, |(host, _)| host);
    match scheme {
        "file" => ("Files", Risk::High, "It reads files of the machine, where the user lets it."),
        "chrome" | "edge" | "brave" if host == "favicon" => ("Icons", Risk::Low, "It shows icons of pages."),
        _ if host == "*" => EVERY,
        _ if host.strip_prefix("*.").is_some_and(|domain| !domain.contains('.')) => {
            ("A whole domain", Risk::High, "It reads and changes every page of a top level domain.")
        }
        _ => ("Some pages", Risk::Medium, "It reads and changes these pages."),
    }
}

/// `nativeMessaging` as `Native messaging`.
fn words(id: &str) -> String {
    let mut out = String::with_capacity(id.len() + 8);
    for (at, letter) in id.chars().enumerate() {
        match letter {
            '.' | '_' | '-' => out.push(' '),
            _ if at == 0 => out.extend(letter.to_uppercase()),
            _ if letter.is_ascii_uppercase() => out.extend([' ', letter.to_ascii_lowercase()]),
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(permissions: &[&str], hosts: &[&str], optional: &[&str]) -> BrowserExtension {
        let texts = |list: &[&str]| list.iter().map(|t| (*t).to_owned()).collect();
        BrowserExtension {
            permissions: texts(permissions),
            hosts: texts(hosts),
            optional: texts(optional),
            ..BrowserExtension::default()
        }
    }

    fn risk_of(extension: &BrowserExtension) -> Option<Risk> {
        risk(&judge(extension))
    }

    #[test]
    fn every_permission_is_judged_once_and_says_why() {
        assert!(KNOWN.windows(2).all(|pair| pair[0].0 < pair[1].0), "in order, and none twice");
        for (id, _, _, reason) in KNOWN {
            assert!(reason.starts_with("It ") && reason.ends_with('.') && reason.len() < 100, "{id}");
        }
        assert!(KNOWN.len() >= 90);
    }

    #[test]
    fn the_worst_that_it_has_counts() {
        assert_eq!(risk_of(&asks(&[], &[], &[])), None);
        assert_eq!(risk_of(&asks(&["storage", "alarms"], &[], &[])), Some(Risk::Low));
        assert_eq!(risk_of(&asks(&["storage", "tabs"], &[], &[])), Some(Risk::Medium));
        assert_eq!(risk_of(&asks(&["storage"], &["<all_urls>"], &[])), Some(Risk::High));
        assert_eq!(risk_of(&asks(&["nativeMessaging", "storage"], &[], &[])), Some(Risk::Critical));
        assert_eq!(risk_of(&asks(&["somethingNew"], &[], &[])), Some(Risk::Medium), "unknown is not low");
    }

    #[test]
    fn what_acts_on_pages_needs_pages() {
        assert_eq!(risk_of(&asks(&["scripting", "activeTab"], &[], &[])), Some(Risk::Medium));
        assert_eq!(risk_of(&asks(&["scripting"], &["https://a.example/*"], &[])), Some(Risk::High));
        let later = asks(&["scripting"], &["<all_urls>"], &["<all_urls>"]);
        assert_eq!(risk_of(&later), Some(Risk::Medium), "it has no page yet");
    }

    #[test]
    fn what_it_may_ask_for_later_is_told_and_does_not_count() {
        let extension = asks(&["debugger", "storage"], &[], &["debugger"]);
        let judged = judge(&extension);
        let told: Vec<_> = judged.iter().map(|j| (j.id, j.risk, j.required)).collect();
        assert_eq!(told, [("debugger", Risk::Critical, false), ("storage", Risk::Low, true)]);
        assert_eq!(risk(&judged), Some(Risk::Low));
    }

    #[test]
    fn patterns_of_pages_are_told_apart() {
        for every in ["<all_urls>", "*://*/*", "http://*/*", "https://*:8443/x", "wss://*/*"] {
            assert_eq!(of_pages(every).0, "Every page", "{every}");
        }
        for some in
            ["https://mail.example/*", "*://*.corp.example/*", "http://localhost/*", "ftp://a.example/"]
        {
            assert_eq!(of_pages(some).1, Risk::Medium, "{some}");
        }
        assert_eq!(of_pages("*://*.com/*").0, "A whole domain");
        assert_eq!(of_pages("file:///*").0, "Files");
        assert_eq!(of_pages("chrome://favicon/").1, Risk::Low);
        assert_eq!(of_pages("").1, Risk::Medium);
    }

    #[test]
    fn the_page_lists_every_permission() {
        let mut table =
            "| permission | risk | only on pages | what it lets an extension do |\n|---|---|---|---|\n"
                .to_owned();
        for (id, risk, pages, reason) in KNOWN {
            let pages = if pages { "yes" } else { "" };
            table += &format!("| `{id}` | {} | {pages} | {reason} |\n", risk.as_str());
        }
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/browser-extensions.md");
        let page = std::fs::read_to_string(path).expect("the page");
        let (before, _) = page.split_once("| permission |").expect("a table at its end");
        let whole = format!("{before}{table}");
        if std::env::var_os("PALISADE_BLESS").is_some() {
            std::fs::write(path, &whole).expect("writable");
        }
        assert!(
            page == whole,
            "docs/browser-extensions.md is not what the code says; PALISADE_BLESS=1 writes it"
        );
    }

    #[test]
    fn identifiers_become_words() {
        for (id, name) in [
            ("nativeMessaging", "Native messaging"),
            ("downloads.open", "Downloads open"),
            ("tabs", "Tabs"),
            ("declarativeNetRequest", "Declarative net request"),
            ("", ""),
        ] {
            assert_eq!(words(id), name);
        }
    }
}
