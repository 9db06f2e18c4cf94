//! CycloneDX JSON.

use serde_json::Value;

use super::purl::{Beside, component};
use super::{BadItem, InventoryFormat, MAX_COMPONENTS, ReadInventory, elements};
use crate::component::Installed;
use crate::error::{VulnCode, VulnError};

/// How deep components may stand within components.
const MAX_DEPTH: usize = 16;

pub(super) fn read(value: &Value) -> Result<ReadInventory, VulnError> {
    let mut all: Vec<&Value> = Vec::new();
    let mut open: Vec<(&Value, usize)> = elements(value, "components")?.iter().map(|c| (c, 0)).collect();
    open.push((&value["metadata"]["component"], 0));
    while let Some((component, depth)) = open.pop() {
        if component.is_object() {
            all.push(component);
        }
        if all.len() > MAX_COMPONENTS {
            return Err(VulnError::new(VulnCode::TooMany, format!("more than {MAX_COMPONENTS} components")));
        }
        if depth < MAX_DEPTH {
            open.extend(elements(component, "components")?.iter().map(|c| (c, depth + 1)));
        }
    }
    let text = |c: &Value, key: &str| c[key].as_str().unwrap_or_default().to_owned();
    let os =
        all.iter().find(|c| c["type"] == "operating-system").map(|c| (text(c, "name"), text(c, "version")));
    let mut out = ReadInventory {
        format: InventoryFormat::CycloneDx,
        installed: Vec::new(),
        bad: Vec::new(),
        os: os.clone().unwrap_or_default(),
    };
    for item in all {
        let purl = text(item, "purl");
        if purl.is_empty() {
            // An image, a file or the system itself is no package; a library without a package URL is one.
            if item["type"] == "library" {
                let reason = "it has no package URL";
                out.bad.push(BadItem {
                    item: text(item, "name"),
                    error: VulnError::new(VulnCode::BadComponent, reason),
                });
            }
            continue;
        }
        let property = |names: &[&str]| {
            let list = item["properties"].as_array().into_iter().flatten();
            let found = list.filter(|p| p["name"].as_str().is_some_and(|n| names.contains(&n)));
            found.filter_map(|p| p["value"].as_str()).find(|v| !v.is_empty()).unwrap_or_default().to_owned()
        };
        let beside = Beside {
            os: os.as_ref().map(|(id, version)| (id.as_str(), version.as_str())),
            source: property(&["aquasecurity:trivy:SrcName", "syft:metadata:source"]),
            source_version: source_version(&property),
            module: property(&["aquasecurity:trivy:Modularitylabel", "syft:metadata:modularityLabel"]),
            vendor: property(&["syft:metadata:vendor"]),
        };
        match component(&purl, beside) {
            Ok(Some(component)) => out.installed.push(Installed {
                component,
                path: property(&["aquasecurity:trivy:FilePath", "syft:location:0:path"]),
                ..Installed::default()
            }),
            Ok(None) => {}
            Err(error) => out.bad.push(BadItem { item: purl, error }),
        }
    }
    Ok(out)
}

/// Trivy keeps epoch, version and release apart.
fn source_version(property: &dyn Fn(&[&str]) -> String) -> String {
    let version = property(&["aquasecurity:trivy:SrcVersion", "syft:metadata:sourceVersion"]);
    let (epoch, release) =
        (property(&["aquasecurity:trivy:SrcEpoch"]), property(&["aquasecurity:trivy:SrcRelease"]));
    let mut out = match epoch.as_str() {
        "" | "0" => version,
        epoch => format!("{epoch}:{version}"),
    };
    if !release.is_empty() && !out.is_empty() {
        out = format!("{out}-{release}");
    }
    out
}
