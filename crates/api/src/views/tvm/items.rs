//! Rows that items of inventories give.

use palisade_inventory::risk::{Risk, judge, risk};
use palisade_state::vulnerabilities::{Item, ItemKind};
use palisade_types::TimeMicros;
use serde_json::{Value, json};

use super::cells::Cells;
use crate::browser_extension;

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

fn instant(value: &Value, name: &str) -> String {
    value[name].as_i64().map(|us| TimeMicros(us).to_rfc3339()).unwrap_or_default()
}

fn joined(value: &Value) -> String {
    let texts: Vec<&str> = value.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    texts.join(", ")
}

/// Tells each row of an item.
pub(super) fn rows(kind: ItemKind, item: &Item, mut tell: impl FnMut(&Cells)) {
    match kind {
        ItemKind::Certificate => tell(&certificate(item)),
        ItemKind::BrowserExtension => tell(&extension(item)),
        ItemKind::Hardware => hardware(item).iter().for_each(tell),
        // No table has them.
        ItemKind::NetworkShare => {}
    }
}

fn certificate(item: &Item) -> Cells {
    let c = &item.item;
    let bits =
        c["key_bits"].as_u64().filter(|bits| *bits > 0).map(|bits| bits.to_string()).unwrap_or_default();
    Cells::default()
        .text("DeviceId", &item.device.to_string())
        .text("Thumbprint", text(c, "fingerprint"))
        .text("Path", c["paths"][0].as_str().unwrap_or_default())
        .text("SerialNumber", text(c, "serial"))
        .json("IssuedTo", &json!({"Subject": text(c, "subject"), "Names": c["names"]}))
        .json("IssuedBy", &json!({"Subject": text(c, "issuer")}))
        .text("SignatureAlgorithm", text(c, "signature"))
        .text("KeySize", &bits)
        .text("ExpirationDate", &instant(c, "not_after_us"))
        .text("IssueDate", &instant(c, "not_before_us"))
        .text("SubjectType", if c["authority"] == true { "CA" } else { "EndEntity" })
        .text("KeyUsage", &joined(&c["usage"]))
}

/// A risk as these tables write it.
pub(super) fn risk_word(risk: Risk) -> &'static str {
    match risk {
        Risk::Low => "Low",
        Risk::Medium => "Medium",
        Risk::High => "High",
        Risk::Critical => "Critical",
    }
}

fn extension(item: &Item) -> Cells {
    let e = &item.item;
    let worst = risk(&judge(&browser_extension::read(e))).map_or("None", risk_word);
    let on = match e["enabled"].as_bool() {
        Some(true) => "True",
        Some(false) => "False",
        None => "",
    };
    Cells::default()
        .text("DeviceId", &item.device.to_string())
        .text("BrowserName", text(e, "browser"))
        .text("ExtensionId", text(e, "id"))
        .text("ExtensionName", text(e, "name"))
        .text("ExtensionDescription", text(e, "description"))
        .text("ExtensionVersion", text(e, "version"))
        .text("ExtensionRisk", worst)
        .text("IsActivated", on)
}

fn hardware(item: &Item) -> Vec<Cells> {
    let (h, boot) = (&item.item["hardware"], &item.item["boot"]);
    let of = |kind: &str, maker: &str, name: &str, version: &str, more: &Value| {
        Cells::default()
            .text("DeviceId", &item.device.to_string())
            .text("DeviceName", &item.device_name)
            .text("ComponentType", kind)
            .text("Manufacturer", maker)
            .text("ComponentName", name)
            .text("ComponentVersion", version)
            .json("AdditionalFields", more)
    };
    let mut all = Vec::new();
    if h.is_object() {
        let more = json!({"Board": h["board"], "MemoryBytes": h["memory_bytes"]});
        all.push(of("Hardware", text(h, "vendor"), text(h, "model"), text(h, "model_version"), &more));
        let cpu = &h["cpu"];
        let more = json!({"Signature": cpu["signature"], "Processors": cpu["processors"], "Weaknesses": cpu["weaknesses"]});
        all.push(of("Processor", text(cpu, "vendor"), text(cpu, "model"), text(cpu, "microcode"), &more));
        let more = json!({
            "Date": h["firmware_date"], "Boot": boot["firmware"], "SecureBoot": boot["secure_boot"],
            "Lockdown": boot["lockdown"],
        });
        all.push(of("Bios", text(h, "firmware_vendor"), "", text(h, "firmware_version"), &more));
    }
    if !text(boot, "tpm").is_empty() {
        all.push(of("TPM", "", "", text(boot, "tpm"), &json!({})));
    }
    all
}

#[cfg(test)]
mod tests {
    use palisade_types::DeviceId;

    use super::*;

    #[test]
    fn a_machine_is_a_row_for_each_component_that_it_has() {
        let item = |item: Value| Item { device: DeviceId::random(), device_name: "web-1".into(), item };
        let told = |item: &Item| {
            let mut kinds = Vec::new();
            rows(ItemKind::Hardware, item, |cells| kinds.push(cells.get("ComponentType").to_owned()));
            kinds
        };
        let whole =
            item(json!({"hardware": {"vendor": "Maker", "cpu": {"model": "C"}}, "boot": {"tpm": "2.0"}}));
        assert_eq!(told(&whole), ["Hardware", "Processor", "Bios", "TPM"]);
        assert!(told(&item(json!({"hardware": null, "boot": null}))).is_empty(), "a container has none");
    }
}
