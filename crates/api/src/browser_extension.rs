//! An extension of a browser, read out of an inventory's item.

use palisade_inventory::BrowserExtension;
use serde_json::Value;

/// What an item says of an extension; what is not there, or of another type, is empty.
pub(crate) fn read(item: &Value) -> BrowserExtension {
    let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
    let texts = |name: &str| {
        let list = item[name].as_array().into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    BrowserExtension {
        browser: text("browser"),
        id: text("id"),
        name: text("name"),
        version: text("version"),
        description: text("description"),
        user: text("user"),
        profile: text("profile"),
        enabled: item["enabled"].as_bool(),
        permissions: texts("permissions"),
        hosts: texts("hosts"),
        optional: texts("optional"),
        origin: text("origin"),
        path: text("path"),
    }
}
