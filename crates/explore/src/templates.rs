//! Questions that are ready to be asked, from `data/templates.json`.

use std::sync::LazyLock;

use serde::Serialize;
use serde_json::Value;

use crate::query::Query;

/// A question that is ready to be asked.
#[derive(Clone, Debug, Serialize)]
pub struct Template {
    /// Its stable name.
    pub name: String,
    /// For people.
    pub title: String,
    /// What it finds, and why one asks.
    pub description: String,
    /// The heading under which it is shown.
    pub group: String,
    /// The question.
    pub query: Query,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    title: String,
    description: String,
    group: String,
    query: Value,
}

static TEMPLATES: LazyLock<Vec<Template>> = LazyLock::new(|| {
    let entries: Vec<Entry> = serde_json::from_str(include_str!("../data/templates.json"))
        .expect("the templates of this crate parse, as a test shows");
    let template = |e: Entry| Template {
        query: Query::from_value(&e.query).expect("the templates of this crate are queries, as a test shows"),
        name: e.name,
        title: e.title,
        description: e.description,
        group: e.group,
    };
    entries.into_iter().map(template).collect()
});

/// Every template; the four of health come first.
pub fn templates() -> &'static [Template] {
    &TEMPLATES
}

/// The template with that name.
pub fn template(name: &str) -> Option<&'static Template> {
    templates().iter().find(|t| t.name == name)
}
