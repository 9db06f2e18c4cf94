//! `DeviceTvm…`: software, vulnerabilities, and what else inventories hold, of the caller's devices.

pub(super) mod cells;
mod extensions;
mod items;

use async_trait::async_trait;
use palisade_explore::TextRows;
use palisade_schema::ColumnType;
use palisade_state::vulnerabilities::{
    InstalledBatch, InstalledOn, InstalledPackage, InstalledWeakness, ItemKind, ItemQuery, Range, Weakness,
    WeaknessQuery, WeaknessSort,
};
use palisade_state::{DeviceScope, State};
use palisade_types::{TenantId, TimeMicros};
use serde_json::json;

use self::cells::Cells;
use self::extensions::Gathered;
use super::{CallersViews, failure, unreadable};
use crate::browser_extension;
use crate::query::{QueryFailure, ViewRows, ViewScan};

/// Devices whose software is read at once.
const DEVICES: u32 = 32;
/// Vulnerabilities that are read at once; each reading goes through all of them.
const KNOWN: u32 = 5_000;
/// Items that are read at once.
const PAGE: u32 = 500;
const DAY: i64 = 86_400_000_000;
/// An end of support that is nearer than this is said to come.
const SOON: i64 = 180 * DAY;

/// Which of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Table {
    Inventory,
    Vulnerabilities,
    Evidence,
    Known,
    Items(ItemKind),
    Permissions,
}

impl Table {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "DeviceTvmSoftwareInventory" => Self::Inventory,
            "DeviceTvmSoftwareVulnerabilities" => Self::Vulnerabilities,
            "DeviceTvmSoftwareEvidenceBeta" => Self::Evidence,
            "DeviceTvmSoftwareVulnerabilitiesKB" => Self::Known,
            "DeviceTvmCertificateInfo" => Self::Items(ItemKind::Certificate),
            "DeviceTvmHardwareFirmware" => Self::Items(ItemKind::Hardware),
            "DeviceTvmBrowserExtensions" => Self::Items(ItemKind::BrowserExtension),
            "DeviceTvmBrowserExtensionsKB" => Self::Permissions,
            _ => return None,
        })
    }
}

/// What is asked for of such a table.
pub(super) struct Asked {
    columns: Vec<String>,
    /// Conditions on columns that are plain texts.
    only: Vec<(String, Vec<String>)>,
}

impl Asked {
    pub(super) fn new(scan: &ViewScan) -> Result<Self, QueryFailure> {
        let table = palisade_schema::table(&scan.table)
            .ok_or_else(|| failure("table_missing", format!("the table {} is not there", scan.table)))?;
        if let Some(unknown) = scan.columns.iter().find(|c| table.column(c).is_none()) {
            return Err(failure("internal", format!("{} has no column {unknown}", table.name)));
        }
        let plain = |name: &str| table.column(name).is_some_and(|c| c.kind == ColumnType::String);
        let only = scan.only.iter().filter(|o| plain(&o.column)).map(|o| (o.column.clone(), o.texts.clone()));
        Ok(Self { columns: scan.columns.clone(), only: only.collect() })
    }

    /// The devices that a condition names.
    pub(super) fn devices(&self) -> Option<&[String]> {
        self.only.iter().find(|(column, _)| column == "DeviceId").map(|(_, texts)| texts.as_slice())
    }

    /// Rows without a row.
    pub(super) fn rows(&self) -> TextRows {
        TextRows::new(self.columns.len())
    }

    /// Adds a row, unless a condition leaves it out.
    pub(super) fn push(&self, cells: &Cells, out: &mut TextRows) {
        if self.only.iter().any(|(column, texts)| !texts.iter().any(|t| t == cells.get(column))) {
            return;
        }
        for (name, column) in self.columns.iter().zip(&mut out.columns) {
            column.push(cells.get(name));
        }
        out.rows += 1;
    }
}

/// Where a reading goes on.
enum Next {
    Device(Option<u32>),
    Cursor(Option<String>),
    Over,
}

/// Rows of one of the tables.
pub(super) struct Tvm {
    state: State,
    tenant: TenantId,
    devices: DeviceScope,
    now: TimeMicros,
    table: Table,
    asked: Asked,
    next: Next,
    /// The extension whose machines are not all read yet.
    gathered: Option<Gathered>,
}

impl Tvm {
    /// The table of that name, where it is one of these.
    pub fn open(views: &CallersViews, scan: &ViewScan) -> Result<Option<Self>, QueryFailure> {
        let Some(table) = Table::named(&scan.table) else { return Ok(None) };
        Ok(Some(Self {
            state: views.state.clone(),
            tenant: views.tenant,
            devices: views.devices.clone(),
            now: views.now,
            table,
            asked: Asked::new(scan)?,
            next: match table {
                Table::Inventory | Table::Vulnerabilities | Table::Evidence => Next::Device(None),
                Table::Known | Table::Items(_) | Table::Permissions => Next::Cursor(None),
            },
            gathered: None,
        }))
    }

    async fn of_devices(&mut self, after: Option<u32>) -> Result<TextRows, QueryFailure> {
        let only = self.asked.devices();
        let read = self.state.installed_batch(self.tenant, &self.devices, only, (after, DEVICES)).await;
        let mut out = TextRows::new(self.asked.columns.len());
        let Some(batch) = read.map_err(|e| unreadable(&e))? else {
            self.next = Next::Over;
            return Ok(out);
        };
        self.tell(&batch, &mut out);
        self.next = Next::Device(Some(batch.last));
        Ok(out)
    }

    fn tell(&self, batch: &InstalledBatch, out: &mut TextRows) {
        batch.each(|device, package, weaknesses| match self.table {
            Table::Inventory => self.asked.push(&inventory(device, &package, self.now), out),
            Table::Evidence if package.paths.is_empty() => {}
            Table::Evidence => self.asked.push(&evidence(device, &package), out),
            _ => {
                for weakness in weaknesses {
                    self.asked.push(&vulnerability(device, &package, weakness), out);
                }
            }
        });
    }

    async fn known(&mut self, range: Range) -> Result<TextRows, QueryFailure> {
        let query = WeaknessQuery { sort: WeaknessSort::Id, range, ..WeaknessQuery::default() };
        let page = self.state.weaknesses(self.tenant, &self.devices, &query, self.now).await;
        let page = page.map_err(|e| unreadable(&e))?;
        let mut out = TextRows::new(self.asked.columns.len());
        page.items.iter().for_each(|w| self.asked.push(&kept(w), &mut out));
        self.next = page.next_cursor.map_or(Next::Over, |c| Next::Cursor(Some(c)));
        Ok(out)
    }

    /// Extensions come by their identifiers, so that all machines that have one follow each other.
    async fn permissions(&mut self, range: Range) -> Result<TextRows, QueryFailure> {
        let query = ItemQuery { by_identifier: true, range, ..ItemQuery::default() };
        let kind = ItemKind::BrowserExtension;
        let page = self.state.inventory_items(self.tenant, &self.devices, kind, &query).await;
        let page = page.map_err(|e| unreadable(&e))?;
        let mut out = TextRows::new(self.asked.columns.len());
        for item in &page.items {
            let extension = browser_extension::read(&item.item);
            match &mut self.gathered {
                Some(gathered) if gathered.is(&extension) => gathered.add(extension),
                _ => {
                    if let Some(done) = self.gathered.replace(Gathered::new(extension)) {
                        done.rows(|cells| self.asked.push(cells, &mut out));
                    }
                }
            }
        }
        self.next = match page.next_cursor {
            Some(cursor) => Next::Cursor(Some(cursor)),
            None => {
                if let Some(last) = self.gathered.take() {
                    last.rows(|cells| self.asked.push(cells, &mut out));
                }
                Next::Over
            }
        };
        Ok(out)
    }

    async fn items(&mut self, kind: ItemKind, range: Range) -> Result<TextRows, QueryFailure> {
        let query = ItemQuery { range, ..ItemQuery::default() };
        let page = self.state.inventory_items(self.tenant, &self.devices, kind, &query).await;
        let page = page.map_err(|e| unreadable(&e))?;
        let mut out = TextRows::new(self.asked.columns.len());
        for item in &page.items {
            items::rows(kind, item, |cells| self.asked.push(cells, &mut out));
        }
        self.next = page.next_cursor.map_or(Next::Over, |c| Next::Cursor(Some(c)));
        Ok(out)
    }
}

#[async_trait]
impl ViewRows for Tvm {
    async fn batch(&mut self) -> Result<Option<TextRows>, QueryFailure> {
        loop {
            let rows = match std::mem::replace(&mut self.next, Next::Over) {
                Next::Over => return Ok(None),
                Next::Device(after) => self.of_devices(after).await?,
                Next::Cursor(cursor) => {
                    let range = |limit| Range { descending: false, limit, cursor };
                    match self.table {
                        Table::Items(kind) => self.items(kind, range(PAGE)).await?,
                        Table::Permissions => self.permissions(range(PAGE)).await?,
                        _ => self.known(range(KNOWN)).await?,
                    }
                }
            };
            if rows.rows > 0 {
                return Ok(Some(rows));
            }
        }
    }
}

fn of_device(device: &InstalledOn) -> Cells {
    Cells::default()
        .text("DeviceId", &device.id)
        .text("DeviceName", &device.name)
        .text("OSPlatform", &device.os_platform)
        .text("OSVersion", &device.os_version)
        .text("OSArchitecture", &device.architecture)
}

fn with_package(cells: Cells, package: &InstalledPackage<'_>) -> Cells {
    cells
        .text("SoftwareVendor", package.vendor)
        .text("SoftwareName", package.name)
        .text("SoftwareVersion", package.version)
}

fn inventory(device: &InstalledOn, package: &InstalledPackage<'_>, now: TimeMicros) -> Cells {
    let cells = with_package(of_device(device), package);
    let end = format!("{}T00:00:00Z", package.end_of_life).parse::<TimeMicros>().ok();
    let status = match end {
        None => "",
        // The last day is one of support.
        Some(end) if end.0 + DAY <= now.0 => "EOS Version",
        Some(end) if end.0 <= now.0 + SOON => "Upcoming EOS Version",
        Some(_) => "None",
    };
    cells.text("EndOfSupportStatus", status).instant("EndOfSupportDate", end)
}

fn evidence(device: &InstalledOn, package: &InstalledPackage<'_>) -> Cells {
    let seen = device.taken_at.map(TimeMicros::to_rfc3339).unwrap_or_default();
    with_package(of_device(device), package)
        .json("DiskPaths", &json!(package.paths))
        .text("LastSeenTime", &seen)
}

/// A severity as these tables write it.
fn severity(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

fn vulnerability(device: &InstalledOn, package: &InstalledPackage<'_>, w: &InstalledWeakness<'_>) -> Cells {
    let cells = with_package(of_device(device), package)
        .text("CveId", w.id)
        .text("VulnerabilitySeverityLevel", &severity(w.severity))
        .text("RecommendedSecurityUpdateId", w.advisory);
    match w.fixed_version {
        "" => cells.json("CveTags", &json!(["NoSecurityUpdate"])),
        fixed => cells.text("RecommendedSecurityUpdate", &format!("{} {fixed}", package.name)),
    }
}

fn kept(w: &Weakness) -> Cells {
    Cells::default()
        .text("CveId", &w.id)
        .text("CvssScore", &w.cvss.map(|s| format!("{s:.1}")).unwrap_or_default())
        .truth("IsExploitAvailable", Some(w.exploit_public || w.exploited))
        .text("VulnerabilitySeverityLevel", &severity(&w.severity))
        .instant("LastModifiedTime", w.modified)
        .instant("PublishedDate", w.published)
        .text("VulnerabilityDescription", if w.description.is_empty() { &w.title } else { &w.description })
        .json("AffectedSoftware", &json!(w.software))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_of_support_is_told_by_its_day() {
        let now: TimeMicros = "2026-11-29T12:00:00Z".parse().expect("an instant");
        let device = InstalledOn {
            id: "d".into(),
            name: "n".into(),
            os_platform: String::new(),
            os_version: String::new(),
            architecture: String::new(),
            taken_at: None,
        };
        for (day, status) in [
            ("2026-11-28", "EOS Version"),
            ("2026-11-29", "Upcoming EOS Version"),
            ("2028-01-01", "None"),
            ("", ""),
        ] {
            let package =
                InstalledPackage { vendor: "", name: "p", version: "1", end_of_life: day, paths: Vec::new() };
            assert_eq!(inventory(&device, &package, now).get("EndOfSupportStatus"), status, "{day}");
        }
        assert_eq!((severity("critical"), severity("")), ("Critical".to_owned(), String::new()));
    }
}
