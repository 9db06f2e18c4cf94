//! Browsers made from Chromium: a folder for each extension and version, and the profile's settings.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{MAX_MANIFEST, MAX_OF_ALL, MAX_OF_PROFILE, MAX_PROFILES, is_host, rights, short};
use crate::error::{InventoryError, Result};
use crate::limits::Limits;
use crate::model::{BrowserExtension, Source};
use crate::root::Root;

/// Folders of profiles below a home.
const BROWSERS: [(&str, &str); 12] = [
    ("chrome", ".config/google-chrome"),
    ("chrome", ".config/google-chrome-beta"),
    ("chromium", ".config/chromium"),
    ("chromium", "snap/chromium/common/chromium"),
    ("chromium", ".var/app/org.chromium.Chromium/config/chromium"),
    ("chrome", ".var/app/com.google.Chrome/config/google-chrome"),
    ("edge", ".config/microsoft-edge"),
    ("brave", ".config/BraveSoftware/Brave-Browser"),
    ("brave", "snap/brave/common/.config/BraveSoftware/Brave-Browser"),
    ("vivaldi", ".config/vivaldi"),
    ("opera", ".config/opera"),
    ("yandex", ".config/yandex-browser"),
];

pub(super) fn add(
    root: &Root,
    limits: &Limits,
    user: &str,
    home: &str,
    all: &mut Vec<BrowserExtension>,
    sources: &mut Vec<Source>,
) {
    for (browser, folder) in BROWSERS {
        let base = format!("{home}/{folder}");
        let profiles = root.names(&base).into_iter().filter(|n| n == "Default" || n.starts_with("Profile "));
        // Opera keeps its only profile in the folder itself.
        let profiles = profiles.chain((browser == "opera").then(String::new)).take(MAX_PROFILES);
        for profile in profiles {
            let path = if profile.is_empty() { base.clone() } else { format!("{base}/{profile}") };
            let ids = root.names(format!("{path}/Extensions"));
            if ids.is_empty() {
                continue;
            }
            let settings = settings(root, &path, limits);
            let ids: Vec<&String> = ids.iter().filter(|id| is_id(id)).collect();
            let most = MAX_OF_PROFILE.min(MAX_OF_ALL.saturating_sub(all.len()));
            if ids.len() > most {
                let e = InventoryError::TooMany("extensions");
                sources.push(Source::failed("extensions", &format!("{path}/Extensions"), most, &e));
            }
            for id in ids.into_iter().take(most) {
                let setting = settings.get(id.as_str());
                let of = |e| BrowserExtension {
                    browser: browser.into(),
                    user: user.into(),
                    profile: profile.clone(),
                    ..e
                };
                match extension(root, &path, id, setting, limits) {
                    Ok(Some(e)) => all.push(of(e)),
                    Ok(None) => {}
                    Err(e) => {
                        sources.push(Source::failed("extensions", &format!("{path}/Extensions/{id}"), 0, &e))
                    }
                }
            }
        }
    }
}

/// 32 letters from a to p.
fn is_id(name: &str) -> bool {
    name.len() == 32 && name.bytes().all(|b| (b'a'..=b'p').contains(&b))
}

/// What the profile says of each extension; the second file holds what must not be changed from outside.
fn settings(root: &Root, profile: &str, limits: &Limits) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for file in ["Preferences", "Secure Preferences"] {
        let Ok((text, _)) = root.read(format!("{profile}/{file}"), limits.text) else { continue };
        let Ok(mut value) = serde_json::from_slice::<Value>(&text) else { continue };
        if let Some(Value::Object(found)) = value.pointer_mut("/extensions/settings").map(Value::take) {
            all.extend(found);
        }
    }
    all
}

fn extension(
    root: &Root,
    profile: &str,
    id: &str,
    setting: Option<&Value>,
    limits: &Limits,
) -> Result<Option<BrowserExtension>> {
    let folder = format!("{profile}/Extensions/{id}");
    // `1.2.3_0`; an update leaves the version before until the browser ends.
    let versions = root.names(&folder);
    let Some(version) = versions.iter().max_by_key(|v| numbers(v)) else { return Ok(None) };
    let path = format!("{folder}/{version}/manifest.json");
    let (text, _) = match root.read(&path, limits.text.min(MAX_MANIFEST)) {
        Err(e) if e.is_absent() => return Ok(None),
        other => other?,
    };
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    let manifest: Value =
        serde_json::from_slice(text).map_err(|_| InventoryError::Malformed("an extension's manifest"))?;
    let field = |key: &str| manifest.get(key).and_then(Value::as_str).unwrap_or_default();
    let messages = || messages(root, &format!("{folder}/{version}"), field("default_locale"), limits);
    let said = |key: &str| {
        let value = field(key);
        let message = value.strip_prefix("__MSG_").and_then(|v| v.strip_suffix("__"));
        short(&message.map_or_else(
            || value.to_owned(),
            |m| messages().remove(&m.to_ascii_lowercase()).unwrap_or_default(),
        ))
    };
    let list = |pointer: &str| {
        let values = manifest.pointer(pointer).and_then(Value::as_array);
        values.into_iter().flatten().filter_map(Value::as_str)
    };
    let scripts = manifest.get("content_scripts").and_then(Value::as_array).into_iter().flatten();
    let pages = scripts.filter_map(|s| s.get("matches")?.as_array()).flatten().filter_map(Value::as_str);
    let later = || list("/optional_permissions").chain(list("/optional_host_permissions"));
    let asked = || list("/permissions").chain(list("/optional_permissions"));
    let pages: Vec<&str> = pages.collect();
    // What the manifest asks for at once, and what the user has agreed to since.
    let mut held: Vec<&str> =
        list("/permissions").chain(list("/host_permissions")).chain(pages.clone()).collect();
    for kind in ["api", "explicit_host", "scriptable_host"] {
        let active = setting.and_then(|s| s.pointer(&format!("/active_permissions/{kind}"))?.as_array());
        held.extend(active.into_iter().flatten().filter_map(Value::as_str));
    }
    Ok(Some(BrowserExtension {
        id: id.to_owned(),
        name: said("name"),
        version: short(field("version")),
        description: said("description"),
        enabled: setting.and_then(enabled),
        permissions: rights(asked().filter(|r| !is_host(r))),
        hosts: rights(
            asked()
                .filter(|r| is_host(r))
                .chain(list("/host_permissions"))
                .chain(list("/optional_host_permissions"))
                .chain(pages),
        ),
        optional: rights(later().filter(|r| !held.contains(r))),
        origin: setting.map(origin).unwrap_or_default().into(),
        path,
        ..BrowserExtension::default()
    }))
}

fn numbers(version: &str) -> Vec<u64> {
    version.split(['.', '_']).map(|n| n.parse().unwrap_or(0)).collect()
}

/// Older browsers write a state, newer ones the reasons for which it is off.
fn enabled(setting: &Value) -> Option<bool> {
    if let Some(state) = setting.get("state").and_then(Value::as_i64) {
        return Some(state == 1);
    }
    match setting.get("disable_reasons")? {
        Value::Array(reasons) => Some(reasons.is_empty()),
        other => other.as_i64().map(|n| n == 0),
    }
}

fn origin(setting: &Value) -> &'static str {
    if setting.get("from_webstore").and_then(Value::as_bool) == Some(true) {
        return "store";
    }
    match setting.get("location").and_then(Value::as_i64) {
        Some(4) => "unpacked",
        Some(5 | 10) => "component",
        Some(7 | 9) => "policy",
        Some(2 | 3 | 6) => "machine",
        Some(1) => "internal",
        _ => "",
    }
}

fn messages(root: &Root, folder: &str, locale: &str, limits: &Limits) -> BTreeMap<String, String> {
    // The name of the folder comes from the extension: it must not lead out of it.
    if locale.is_empty() || locale.contains(['/', '.']) {
        return BTreeMap::new();
    }
    let path = format!("{folder}/_locales/{locale}/messages.json");
    let Ok((text, _)) = root.read(path, limits.text.min(MAX_MANIFEST)) else {
        return BTreeMap::new();
    };
    let Ok(Value::Object(all)) = serde_json::from_slice(&text) else { return BTreeMap::new() };
    let of = |(k, v): (String, Value)| Some((k.to_ascii_lowercase(), v.get("message")?.as_str()?.to_owned()));
    all.into_iter().filter_map(of).collect()
}
