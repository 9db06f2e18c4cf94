//! Inventories of any known format as components.

mod cyclonedx;
mod origin;
mod own;
mod purl;
mod spdx;

use serde::Serialize;
use serde_json::Value;

use crate::component::Installed;
use crate::error::{VulnCode, VulnError};

pub use own::from_inventory;

/// Largest inventory that is read, bytes.
pub const MAX_INVENTORY: usize = 512 << 20;
/// Most components of one inventory.
pub const MAX_COMPONENTS: usize = 500_000;

/// A format of inventories.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum InventoryFormat {
    /// What `palisade-sensor inventory --json` prints.
    Palisade,
    /// CycloneDX JSON, 1.4 to 1.6.
    CycloneDx,
    /// SPDX JSON, 2.2 and 2.3.
    Spdx,
}

/// Something of an inventory that could not be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BadItem {
    /// What it is called there.
    pub item: String,
    /// What is wrong with it.
    pub error: VulnError,
}

/// An inventory as components.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadInventory {
    /// What it was.
    pub format: InventoryFormat,
    /// What it holds, sorted; each thing at each place once.
    pub installed: Vec<Installed>,
    /// What of it was left out, and why.
    pub bad: Vec<BadItem>,
    /// Product and cycle of the operating system as end-of-life tables have them; empty if it is not known.
    pub os: (String, String),
}

/// Reads an inventory, whichever format it has.
///
/// # Errors
/// If it is too large, no JSON, of no format that is read, or has too many components.
pub fn read(bytes: &[u8]) -> Result<ReadInventory, VulnError> {
    if bytes.len() > MAX_INVENTORY {
        let reason = format!("larger than {MAX_INVENTORY} bytes");
        return Err(VulnError::new(VulnCode::TooLarge, reason));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let value: Value = serde_json::from_slice(bytes).map_err(|e| VulnError::new(VulnCode::NotJson, e))?;
    let text = |key: &str| value[key].as_str().unwrap_or_default();
    let unknown = |reason: String| Err(VulnError::new(VulnCode::UnknownFormat, reason));
    let mut out = if text("format").starts_with("palisade-inventory/") {
        if text("format") != palisade_inventory::FORMAT {
            return unknown(format!("version {} of our own format is not read", text("format")));
        }
        let inventory =
            serde_json::from_value(value).map_err(|e| VulnError::new(VulnCode::UnknownFormat, e))?;
        from_inventory(&inventory)
    } else if text("bomFormat").eq_ignore_ascii_case("CycloneDX") {
        if !matches!(text("specVersion"), "1.4" | "1.5" | "1.6") {
            return unknown(format!("CycloneDX {} is not read", text("specVersion")));
        }
        cyclonedx::read(&value)?
    } else if !text("spdxVersion").is_empty() {
        if !matches!(text("spdxVersion"), "SPDX-2.2" | "SPDX-2.3") {
            return unknown(format!("{} is not read", text("spdxVersion")));
        }
        spdx::read(&value)?
    } else {
        return unknown("neither our own format, nor CycloneDX, nor SPDX".to_owned());
    };
    if out.installed.len() > MAX_COMPONENTS {
        let reason = format!("more than {MAX_COMPONENTS} components");
        return Err(VulnError::new(VulnCode::TooMany, reason));
    }
    out.installed.sort_by(|a, b| (&a.component, &a.path).cmp(&(&b.component, &b.path)));
    out.installed.dedup();
    Ok(out)
}

/// Elements of a list that must be one.
fn elements<'a>(value: &'a Value, key: &str) -> Result<&'a [Value], VulnError> {
    match &value[key] {
        Value::Array(list) if list.len() > MAX_COMPONENTS => {
            Err(VulnError::new(VulnCode::TooMany, format!("more than {MAX_COMPONENTS} components")))
        }
        Value::Array(list) => Ok(list),
        Value::Null => Ok(&[]),
        _ => Err(VulnError::new(VulnCode::UnknownFormat, format!("{key} is no list"))),
    }
}
