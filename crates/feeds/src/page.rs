//! The tables of `docs/feeds.md` that are made from the catalogue and the codes.

use crate::catalogue::{Catalogue, Feed, Fetch};
use crate::code::Code;

/// Both tables, as Markdown.
pub fn page(catalogue: &Catalogue) -> String {
    let mut out = String::from(
        "### Feeds\n\n`on` feeds are fetched; the alarm of a `must` counts for the exit code. `?` marks an \
         address that its publisher does not document.\n\n\
         | feed | what | speaks about | formats | | records ≥ | hours ≤ | from | terms |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for feed in &catalogue.feeds {
        out.push_str(&row(feed));
    }
    out.push_str("\n### Codes\n\n| code | meaning |\n|---|---|\n");
    for code in Code::ALL {
        out.push_str(&format!("| `{code}` | {} |\n", code.meaning()));
    }
    out
}

fn row(feed: &Feed) -> String {
    let state = match (feed.required, feed.enabled) {
        (true, _) => "must",
        (false, true) => "on",
        (false, false) => "off",
    };
    let serves: Vec<&str> = feed.serves.iter().map(|s| if s == "*" { "all" } else { s.as_str() }).collect();
    let sources: Vec<String> = feed
        .sources
        .iter()
        .map(|s| {
            let way = match s.fetch {
                Fetch::File => "",
                Fetch::Pointer => " (names the file)",
                Fetch::Repomd => " (repository)",
                Fetch::Mirrors => " (list of repositories)",
            };
            let words = match s.years_from {
                Some(year) => format!(", `{{}}` from {year} on"),
                None if s.each.is_empty() => String::new(),
                None => format!(", `{{}}` = {}", s.each.join(" ")),
            };
            if s.url.is_empty() {
                return "what the site names".to_owned();
            }
            format!("`{}`{way}{words}{}", s.url, if s.unsure { " ?" } else { "" })
        })
        .collect();
    format!(
        "| `{}` | [{}]({}) | {} | {} | {state} | {} | {} | {} | {} |\n",
        feed.id,
        feed.title,
        feed.site,
        serves.join(", "),
        feed.formats.join(", "),
        feed.minimum,
        feed.max_age_hours,
        sources.join("<br>"),
        feed.licence,
    )
}
