//! Firefox: one file for each profile that lists its extensions.

use serde::Deserialize;

use super::{MAX_PROFILES, rights, short};
use crate::error::{InventoryError, Result};
use crate::limits::Limits;
use crate::model::{BrowserExtension, Source};
use crate::root::Root;

const FOLDERS: [&str; 4] = [
    ".mozilla/firefox",
    ".config/mozilla/firefox",
    "snap/firefox/common/.mozilla/firefox",
    ".var/app/org.mozilla.firefox/.mozilla/firefox",
];

#[derive(Deserialize)]
struct List {
    #[serde(default)]
    addons: Vec<Addon>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Addon {
    id: String,
    #[serde(default)]
    version: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    default_locale: Option<Locale>,
    #[serde(default)]
    active: Option<bool>,
    #[serde(default)]
    location: String,
    #[serde(default)]
    user_permissions: Option<Rights>,
    #[serde(default)]
    optional_permissions: Option<Rights>,
}

#[derive(Deserialize)]
struct Locale {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    description: Option<String>,
}

#[derive(Default, Deserialize)]
struct Rights {
    #[serde(default)]
    permissions: Vec<String>,
    #[serde(default)]
    origins: Vec<String>,
}

pub(super) fn add(
    root: &Root,
    limits: &Limits,
    user: &str,
    home: &str,
    all: &mut Vec<BrowserExtension>,
    sources: &mut Vec<Source>,
) {
    for folder in FOLDERS {
        let base = format!("{home}/{folder}");
        for profile in root.names(&base).into_iter().take(MAX_PROFILES) {
            let path = format!("{base}/{profile}/extensions.json");
            match list(root, &path, limits) {
                Ok(found) => all.extend(found.into_iter().map(|e| BrowserExtension {
                    user: user.into(),
                    profile: profile.clone(),
                    path: path.clone(),
                    ..e
                })),
                Err(e) if e.is_absent() => {}
                Err(e) => sources.push(Source::failed("extensions", &path, 0, &e)),
            }
        }
    }
}

fn list(root: &Root, path: &str, limits: &Limits) -> Result<Vec<BrowserExtension>> {
    let (text, _) = root.read(path, limits.text)?;
    let list: List =
        serde_json::from_slice(&text).map_err(|_| InventoryError::Malformed("a list of extensions"))?;
    // What comes with the browser is a part of it.
    let own = |a: &Addon| {
        a.kind == "extension" && !matches!(a.location.as_str(), "app-builtin" | "app-system-defaults")
    };
    Ok(list.addons.into_iter().filter(own).map(extension).collect())
}

fn extension(a: Addon) -> BrowserExtension {
    let (name, description) = a.default_locale.map(|l| (l.name, l.description)).unwrap_or_default();
    let (given, later) = (a.user_permissions.unwrap_or_default(), a.optional_permissions.unwrap_or_default());
    let both = |given: &[String], later: &[String]| rights(given.iter().chain(later).map(String::as_str));
    let optional = later.permissions.iter().filter(|p| !given.permissions.contains(p));
    let optional = optional.chain(later.origins.iter().filter(|o| !given.origins.contains(o)));
    BrowserExtension {
        browser: "firefox".into(),
        name: short(&name.unwrap_or_default()),
        version: short(&a.version),
        description: short(&description.unwrap_or_default()),
        enabled: a.active,
        optional: rights(optional.map(String::as_str)),
        permissions: both(&given.permissions, &later.permissions),
        hosts: both(&given.origins, &later.origins),
        origin: short(&a.location),
        id: short(&a.id),
        ..BrowserExtension::default()
    }
}
