//! What inventories hold besides packages: certificates, extensions of browsers, shares, hardware.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use palisade_inventory::risk::{self, Risk};
use palisade_state::vulnerabilities::{Item, ItemKind, ItemQuery};
use palisade_types::TimeMicros;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::vulnerabilities::device;
use crate::browser_extension;
use crate::error::ApiError;
use crate::extract::Params;
use crate::gate::{Authorized, VulnerabilitiesRead, audit};
use crate::instant::Instant;
use crate::listing::{self, Part, params};
use crate::page::page;
use crate::state::Api;

const DAY: i64 = 86_400_000_000;
/// A certificate that ends within so many days is about to.
const SOON: i64 = 60;

fn text(item: &Value, name: &str) -> String {
    item[name].as_str().unwrap_or_default().to_owned()
}

fn texts(item: &Value, name: &str) -> Vec<String> {
    item[name].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn instant(item: &Value, name: &str) -> Option<Instant> {
    item[name].as_i64().map(|us| TimeMicros(us).into())
}

/// A certificate on a device.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceCertificate {
    /// The device.
    device_id: String,
    /// Its name.
    device_name: String,
    /// SHA-256 of its bytes.
    fingerprint: String,
    /// Whom it names.
    subject: String,
    /// Who signed it.
    issuer: String,
    /// Its number.
    serial: String,
    /// From when it holds.
    #[schema(required = true)]
    not_before: Option<Instant>,
    /// Until when it holds.
    #[schema(required = true)]
    not_after: Option<Instant>,
    /// `valid`, `expiring` (within 60 days), `expired`, `not_yet_valid`.
    status: String,
    /// RSA, EC, Ed25519…
    key_type: String,
    /// Bits of the key; 0 where its kind has no sizes.
    key_size: u64,
    /// How it was signed.
    signature_algorithm: String,
    /// What is wrong with it: `weak_key`, `weak_signature`, `self_signed`.
    problems: Vec<String>,
    /// Whether it may sign others.
    authority: bool,
    /// Further names that it holds for.
    names: Vec<String>,
    /// What its key may be used for.
    key_usage: Vec<String>,
    /// `own` for what the machine shows or uses, `trust` for what it believes.
    store: String,
    /// Files that hold it.
    paths: Vec<String>,
    /// Configuration that names one of these files.
    used_by: Vec<String>,
}

fn problems(item: &Value) -> Vec<String> {
    let (key, bits) = (text(item, "key"), item["key_bits"].as_u64().unwrap_or(0));
    let signature = text(item, "signature").to_lowercase();
    let mut found = Vec::new();
    if matches!(key.as_str(), "RSA" | "DSA") && (1..2048).contains(&bits) {
        found.push("weak_key".to_owned());
    }
    if ["md2", "md5", "sha1"].iter().any(|weak| signature.contains(weak)) {
        found.push("weak_signature".to_owned());
    }
    if item["self_signed"] == true {
        found.push("self_signed".to_owned());
    }
    found
}

fn status(item: &Value, now: TimeMicros) -> &'static str {
    let at = |name: &str| item[name].as_i64();
    match (at("not_before_us"), at("not_after_us")) {
        (_, Some(end)) if end <= now.0 => "expired",
        (Some(begin), _) if begin > now.0 => "not_yet_valid",
        (_, Some(end)) if end <= now.0 + SOON * DAY => "expiring",
        _ => "valid",
    }
}

impl From<Item> for DeviceCertificate {
    fn from(i: Item) -> Self {
        let c = &i.item;
        Self {
            device_id: i.device.to_string(),
            device_name: i.device_name,
            fingerprint: text(c, "fingerprint"),
            subject: text(c, "subject"),
            issuer: text(c, "issuer"),
            serial: text(c, "serial"),
            not_before: instant(c, "not_before_us"),
            not_after: instant(c, "not_after_us"),
            status: status(c, TimeMicros::now()).to_owned(),
            key_type: text(c, "key"),
            key_size: c["key_bits"].as_u64().unwrap_or(0),
            signature_algorithm: text(c, "signature"),
            problems: problems(c),
            authority: c["authority"] == true,
            names: texts(c, "names"),
            key_usage: texts(c, "usage"),
            store: text(c, "store"),
            paths: texts(c, "paths"),
            used_by: texts(c, "used_by"),
        }
    }
}

page! {
    /// Certificates, those that end first at the top.
    DeviceCertificatePage of DeviceCertificate
}

params! {
    pub(crate) struct CertificateParams {
        /// Text that any of its texts or the device's name contains.
        search: Option<String>,
        /// Only of one device.
        device: Option<String>,
        /// `own`, `trust` or `all`; own when absent: what machines show or use.
        store: Option<String>,
        /// Only those that end within so many days from now; 0 for those that have ended. At most 3650.
        #[param(minimum = 0, maximum = 3650)]
        ends_within_days: Option<u32>,
        /// Only those with a key or a signature that is weak.
        weak: Option<bool>,
        /// `asc` or `desc` by end; asc when absent.
        order: Option<String>,
    }
}

/// Lists certificates of devices.
#[utoipa::path(get, path = "/api/v1/certificates", operation_id = "certificates_list", tag = "vulnerabilities",
    params(CertificateParams),
    responses((status = 200, description = "Certificates.", content((DeviceCertificatePage = "application/json"), (String = "text/csv")))))]
pub(crate) async fn certificates(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    headers: HeaderMap,
    Params(params): Params<CertificateParams>,
) -> Result<Response, ApiError> {
    let part = params.part(params.order.as_deref(), false, &headers)?;
    let equal = match params.store.as_deref() {
        None | Some("" | "own") => vec![("store", "own".to_owned())],
        Some("trust") => vec![("store", "trust".to_owned())],
        Some("all") => Vec::new(),
        Some(_) => return Err(ApiError::invalid("store must be own, trust or all")),
    };
    let ends_before = match params.ends_within_days {
        Some(days @ 0..=3650) => Some(TimeMicros::now().0 + i64::from(days) * DAY),
        Some(_) => return Err(ApiError::invalid("ends_within_days must be 0 to 3650")),
        None => None,
    };
    let query = ItemQuery {
        search: listing::search(params.search)?,
        device: device(params.device)?,
        equal,
        ends_before,
        weak: params.weak.unwrap_or(false),
        by_identifier: false,
        range: part.range.clone(),
    };
    let (tenant, scope) = (caller.tenant(), caller.devices());
    let found = api.config.state.inventory_items(tenant, scope, ItemKind::Certificate, &query).await?;
    let columns = [
        "device_id",
        "device_name",
        "subject",
        "issuer",
        "serial",
        "not_before",
        "not_after",
        "status",
        "problems",
        "key_type",
        "key_size",
        "signature_algorithm",
        "store",
        "paths",
        "used_by",
        "fingerprint",
    ];
    part.answer("certificates", &columns, DeviceCertificatePage::from(found), |p| (&p.items, p.total))
}

/// Something that an extension may do, or a pattern of pages on which it may.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExtensionPermission {
    /// As the extension asks for it.
    id: String,
    /// The same for people.
    name: String,
    /// How much harm it allows this extension: `low`, `medium`, `high`, `critical`.
    risk: String,
    /// What it lets an extension do.
    reason: String,
    /// Whether the extension has it; what it has not it may ask for later.
    required: bool,
}

/// An extension of a browser on a device.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceBrowserExtension {
    /// The device.
    device_id: String,
    /// Its name.
    device_name: String,
    /// chrome, chromium, edge, brave, vivaldi, opera, firefox.
    browser: String,
    /// Its id.
    extension_id: String,
    /// Its name.
    name: String,
    /// Its version.
    version: String,
    /// What it says about itself.
    description: String,
    /// Whose it is.
    user: String,
    /// Whether it is switched on; null where the browser does not say.
    #[schema(required = true)]
    enabled: Option<bool>,
    /// What it may do.
    permissions: Vec<String>,
    /// On which pages.
    hosts: Vec<String>,
    /// The risk of the worst that it has of these: `low`, `medium`, `high`, `critical`; empty where it may do
    /// nothing special.
    risk: String,
    /// Each of these judged, worst first.
    judged: Vec<ExtensionPermission>,
    /// Where it came from.
    origin: String,
    /// The file that shows it.
    path: String,
}

/// What an extension may do, and the risk of the worst.
fn judged(item: &Value) -> (String, Vec<ExtensionPermission>) {
    let extension = browser_extension::read(item);
    let judged = risk::judge(&extension);
    let worst = risk::risk(&judged).map(Risk::as_str).unwrap_or_default().to_owned();
    let told = judged.into_iter().map(|j| ExtensionPermission {
        id: j.id.to_owned(),
        name: j.name,
        risk: j.risk.as_str().to_owned(),
        reason: j.reason.to_owned(),
        required: j.required,
    });
    (worst, told.collect())
}

impl From<Item> for DeviceBrowserExtension {
    fn from(i: Item) -> Self {
        let e = &i.item;
        let (worst, judged) = judged(e);
        Self {
            device_id: i.device.to_string(),
            device_name: i.device_name,
            browser: text(e, "browser"),
            extension_id: text(e, "id"),
            name: text(e, "name"),
            version: text(e, "version"),
            description: text(e, "description"),
            user: text(e, "user"),
            enabled: e["enabled"].as_bool(),
            permissions: texts(e, "permissions"),
            hosts: texts(e, "hosts"),
            risk: worst,
            judged,
            origin: text(e, "origin"),
            path: text(e, "path"),
        }
    }
}

page! {
    /// Extensions of browsers, by name.
    DeviceBrowserExtensionPage of DeviceBrowserExtension
}

params! {
    /// A list of items of devices.
    pub(crate) struct ItemParams {
        /// Text that any of its texts or the device's name contains.
        search: Option<String>,
        /// Only of one device.
        device: Option<String>,
    }
}

impl ItemParams {
    fn asked(self, headers: &HeaderMap) -> Result<(Part, ItemQuery), ApiError> {
        let part = self.part(None, false, headers)?;
        let query = ItemQuery {
            search: listing::search(self.search)?,
            device: device(self.device)?,
            range: part.range.clone(),
            ..ItemQuery::default()
        };
        Ok((part, query))
    }
}

/// Lists extensions of browsers on devices.
#[utoipa::path(get, path = "/api/v1/browser-extensions", operation_id = "browser_extensions_list",
    tag = "vulnerabilities", params(ItemParams),
    responses((status = 200, description = "Extensions.", content((DeviceBrowserExtensionPage = "application/json"), (String = "text/csv")))))]
pub(crate) async fn extensions(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    headers: HeaderMap,
    Params(params): Params<ItemParams>,
) -> Result<Response, ApiError> {
    let (part, query) = params.asked(&headers)?;
    let (tenant, scope) = (caller.tenant(), caller.devices());
    let found = api.config.state.inventory_items(tenant, scope, ItemKind::BrowserExtension, &query).await?;
    let columns = [
        "device_id",
        "device_name",
        "browser",
        "name",
        "version",
        "user",
        "enabled",
        "risk",
        "permissions",
        "hosts",
        "origin",
        "extension_id",
        "path",
    ];
    part.answer("browser-extensions", &columns, DeviceBrowserExtensionPage::from(found), |p| {
        (&p.items, p.total)
    })
}

/// A folder that others may mount.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceShare {
    /// The device.
    device_id: String,
    /// Its name.
    device_name: String,
    /// `nfs` or `smb`.
    protocol: String,
    /// Its name; for NFS the path.
    name: String,
    /// The folder.
    path: String,
    /// Who may mount it; empty is everybody.
    clients: Vec<String>,
    /// Whether it can be written to.
    writable: bool,
    /// Whether one gets in without a name.
    anonymous: bool,
    /// Whether remote administrators are administrators here.
    root_kept: bool,
    /// Whether its server runs; null where nobody could look.
    #[schema(required = true)]
    running: Option<bool>,
    /// The file that says so.
    source: String,
}

impl From<Item> for DeviceShare {
    fn from(i: Item) -> Self {
        let s = &i.item;
        Self {
            device_id: i.device.to_string(),
            device_name: i.device_name,
            protocol: text(s, "kind"),
            name: text(s, "name"),
            path: text(s, "path"),
            clients: texts(s, "clients"),
            writable: s["writable"] == true,
            anonymous: s["anonymous"] == true,
            root_kept: s["root_kept"] == true,
            running: s["running"].as_bool(),
            source: text(s, "source"),
        }
    }
}

page! {
    /// Shares, by name.
    DeviceSharePage of DeviceShare
}

/// Lists folders of devices that others may mount.
#[utoipa::path(get, path = "/api/v1/network-shares", operation_id = "network_shares_list",
    tag = "vulnerabilities", params(ItemParams),
    responses((status = 200, description = "Shares.", content((DeviceSharePage = "application/json"), (String = "text/csv")))))]
pub(crate) async fn shares(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    headers: HeaderMap,
    Params(params): Params<ItemParams>,
) -> Result<Response, ApiError> {
    let (part, query) = params.asked(&headers)?;
    let (tenant, scope) = (caller.tenant(), caller.devices());
    let found = api.config.state.inventory_items(tenant, scope, ItemKind::NetworkShare, &query).await?;
    let columns = [
        "device_id",
        "device_name",
        "protocol",
        "name",
        "path",
        "clients",
        "writable",
        "anonymous",
        "root_kept",
        "running",
        "source",
    ];
    part.answer("network-shares", &columns, DeviceSharePage::from(found), |p| (&p.items, p.total))
}

/// Hardware and firmware of a device.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceHardware {
    /// The device.
    device_id: String,
    /// Its name.
    device_name: String,
    /// Who made it.
    manufacturer: String,
    /// Its model.
    model: String,
    /// Who made the firmware.
    firmware_vendor: String,
    /// The firmware's version.
    firmware_version: String,
    /// Its date, as the firmware writes it.
    firmware_date: String,
    /// The processor.
    processor: String,
    /// The microcode that runs.
    microcode: String,
    /// The kernel's word on each weakness of the processor.
    processor_weaknesses: Vec<String>,
    /// Bytes of memory.
    memory_bytes: u64,
    /// `efi` or `bios`; empty where it does not tell.
    boot_firmware: String,
    /// Whether only signed loaders start; null where it does not tell.
    #[schema(required = true)]
    secure_boot: Option<bool>,
    /// The version of the TPM; empty where there is none.
    tpm: String,
    /// Release of the running kernel.
    kernel: String,
}

impl From<Item> for DeviceHardware {
    fn from(i: Item) -> Self {
        let (h, boot) = (&i.item["hardware"], &i.item["boot"]);
        Self {
            device_id: i.device.to_string(),
            device_name: i.device_name,
            manufacturer: text(h, "vendor"),
            model: text(h, "model"),
            firmware_vendor: text(h, "firmware_vendor"),
            firmware_version: text(h, "firmware_version"),
            firmware_date: text(h, "firmware_date"),
            processor: text(&h["cpu"], "model"),
            microcode: text(&h["cpu"], "microcode"),
            processor_weaknesses: texts(&h["cpu"], "weaknesses"),
            memory_bytes: h["memory_bytes"].as_u64().unwrap_or(0),
            boot_firmware: text(boot, "firmware"),
            secure_boot: boot["secure_boot"].as_bool(),
            tpm: text(boot, "tpm"),
            kernel: text(&i.item, "kernel"),
        }
    }
}

page! {
    /// Hardware of devices, by maker and model.
    DeviceHardwarePage of DeviceHardware
}

/// Lists hardware and firmware of devices.
#[utoipa::path(get, path = "/api/v1/hardware", operation_id = "hardware_list", tag = "vulnerabilities",
    params(ItemParams),
    responses((status = 200, description = "Hardware.", content((DeviceHardwarePage = "application/json"), (String = "text/csv")))))]
pub(crate) async fn hardware(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    headers: HeaderMap,
    Params(params): Params<ItemParams>,
) -> Result<Response, ApiError> {
    let (part, query) = params.asked(&headers)?;
    let (tenant, scope) = (caller.tenant(), caller.devices());
    let found = api.config.state.inventory_items(tenant, scope, ItemKind::Hardware, &query).await?;
    let columns = [
        "device_id",
        "device_name",
        "manufacturer",
        "model",
        "firmware_vendor",
        "firmware_version",
        "firmware_date",
        "processor",
        "microcode",
        "boot_firmware",
        "secure_boot",
        "tpm",
        "kernel",
    ];
    part.answer("hardware", &columns, DeviceHardwarePage::from(found), |p| (&p.items, p.total))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_certificate_says_what_is_wrong_with_it() {
        let c = json!({"key": "RSA", "key_bits": 1024, "signature": "sha1WithRSAEncryption", "self_signed": true});
        assert_eq!(problems(&c), ["weak_key", "weak_signature", "self_signed"]);
        let c = json!({"key": "EC", "key_bits": 256, "signature": "ecdsa-with-SHA256"});
        assert!(problems(&c).is_empty());
    }

    #[test]
    fn a_certificate_that_ends_soon_is_told_apart() {
        let now = TimeMicros(1_700_000_000_000_000);
        let ends = |days: i64| status(&json!({"not_before_us": 0, "not_after_us": now.0 + days * DAY}), now);
        assert_eq!((ends(-1), ends(59), ends(61)), ("expired", "expiring", "valid"));
        assert_eq!(status(&json!({"not_before_us": now.0 + 1}), now), "not_yet_valid");
    }

    #[test]
    fn an_extension_s_permissions_are_judged() {
        let item = json!({
            "browser": "chrome", "id": "a", "name": "A", "version": "1", "user": "ann", "profile": "Default",
            "path": "/x", "permissions": ["tabs", "history"], "hosts": ["<all_urls>"], "optional": ["history"],
        });
        let (worst, judged) = super::judged(&item);
        let told: Vec<_> = judged.iter().map(|j| (j.id.as_str(), j.risk.as_str(), j.required)).collect();
        assert_eq!(worst, "high");
        assert_eq!(
            told,
            [("<all_urls>", "high", true), ("history", "high", false), ("tabs", "medium", true)]
        );
        assert!(judged.iter().all(|j| !j.reason.is_empty() && !j.name.is_empty()));
        assert!(super::judged(&json!("nothing")).1.is_empty());
    }
}
