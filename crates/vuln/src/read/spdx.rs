//! SPDX JSON.

use serde_json::Value;

use super::purl::{Beside, component};
use super::{BadItem, InventoryFormat, ReadInventory, elements};
use crate::component::Installed;
use crate::error::VulnError;

pub(super) fn read(value: &Value) -> Result<ReadInventory, VulnError> {
    let packages = elements(value, "packages")?;
    let text = |p: &Value, key: &str| p[key].as_str().unwrap_or_default().to_owned();
    let os = packages
        .iter()
        .find(|p| {
            p["primaryPackagePurpose"] == "OPERATING-SYSTEM"
                || p["primaryPackagePurpose"] == "OPERATING_SYSTEM"
        })
        .map(|p| (text(p, "name"), text(p, "versionInfo")));
    let mut out = ReadInventory {
        format: InventoryFormat::Spdx,
        installed: Vec::new(),
        bad: Vec::new(),
        os: os.clone().unwrap_or_default(),
    };
    for package in packages {
        let references = package["externalRefs"].as_array().into_iter().flatten();
        let mut purls =
            references.filter(|r| r["referenceType"] == "purl").map(|r| text(r, "referenceLocator"));
        // The document's own subject and files have none.
        let Some(purl) = purls.find(|p| !p.is_empty()) else { continue };
        let beside = Beside {
            os: os.as_ref().map(|(id, version)| (id.as_str(), version.as_str())),
            ..source(&text(package, "sourceInfo"))
        };
        match component(&purl, beside) {
            Ok(Some(component)) => out.installed.push(Installed {
                component,
                path: text(package, "packageFileName"),
                ..Installed::default()
            }),
            Ok(None) => {}
            Err(error) => out.bad.push(BadItem { item: purl, error }),
        }
    }
    Ok(out)
}

/// `built package from: openssl 1.1.1d-0+deb10u7`
fn source(info: &str) -> Beside<'static> {
    let Some(rest) = info.strip_prefix("built package from: ") else { return Beside::default() };
    let (name, version) = rest.split_once(' ').unwrap_or((rest, ""));
    Beside { source: name.to_owned(), source_version: version.to_owned(), ..Beside::default() }
}
