//! Software of the caller's devices: all versions of a package together.

use std::collections::BTreeMap;
use std::str::FromStr;

use palisade_types::{TenantId, TimeMicros};
use roaring::RoaringBitmap;

use super::affected::{DeviceRef, devices_page};
use super::book::{Book, Component, Product};
use super::list::{self, Key, Range, Sorted, contains, needle};
use super::severity_rank;
use super::sight::Sight;
use crate::{DeviceScope, Page, Result, State, StateError};

/// A package in all its versions, with numbers of the caller's devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Software {
    /// Identifier.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Who makes it; empty where nobody says.
    pub vendor: String,
    /// Whose names and versions these are: `Debian`, `npm`…
    pub ecosystem: String,
    /// Devices that have it.
    pub devices: u64,
    /// Devices on which it runs or is loaded.
    pub running_devices: u64,
    /// Different versions.
    pub versions: u64,
    /// Vulnerabilities in any of them.
    pub vulnerabilities: u64,
    /// Devices with a version that has one.
    pub exposed_devices: u64,
    /// The worst severity of these; empty without one.
    pub severity: String,
    /// Vulnerabilities that are exploited.
    pub exploited: u64,
    /// Vulnerabilities with a public exploit.
    pub exploit_public: u64,
    /// Whether a feed speaks of every version: without one, no vulnerabilities is no clean bill.
    pub covered: bool,
    /// The earliest last day of support of a version, `YYYY-MM-DD`; empty where no table knows it.
    pub end_of_life: String,
}

/// A version of a software.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoftwareVersion {
    /// The version.
    pub version: String,
    /// Distribution and release; empty for a language's package.
    pub release: String,
    /// Devices that have it.
    pub devices: u64,
    /// Devices on which it runs or is loaded.
    pub running_devices: u64,
    /// Vulnerabilities in it.
    pub vulnerabilities: u64,
    /// The worst severity of these; empty without one.
    pub severity: String,
    /// Vulnerabilities that are exploited.
    pub exploited: u64,
    /// Whether a feed speaks of it.
    pub covered: bool,
    /// Last day of its support; empty where no table knows it.
    pub end_of_life: String,
}

/// Which software; all when nothing is said.
#[derive(Clone, Debug, Default)]
pub struct SoftwareQuery {
    /// Text that its name, vendor or source package contains.
    pub search: Option<String>,
    /// Only of these ecosystems, without regard to case.
    pub ecosystem: Vec<String>,
    /// Only with vulnerabilities, or only without.
    pub vulnerable: Option<bool>,
    /// Only with one that is exploited, or only others.
    pub exploited: Option<bool>,
    /// Only what feeds speak of, or only others.
    pub covered: Option<bool>,
    /// Only what is out of support on this day, `YYYY-MM-DD`.
    pub ended_by: Option<String>,
    /// In which order.
    pub sort: SoftwareSort,
    /// Which part.
    pub range: Range,
}

/// What software is ordered by; identifiers break ties.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SoftwareSort {
    /// By name.
    #[default]
    Name,
    /// By vendor.
    Vendor,
    /// By the number of devices.
    Devices,
    /// By the number of exposed devices.
    ExposedDevices,
    /// By the number of vulnerabilities.
    Vulnerabilities,
    /// By the worst severity, then the number of vulnerabilities.
    Severity,
    /// By the number of versions.
    Versions,
}

impl SoftwareSort {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Name, "name"),
        (Self::Vendor, "vendor"),
        (Self::Devices, "devices"),
        (Self::ExposedDevices, "exposed_devices"),
        (Self::Vulnerabilities, "vulnerabilities"),
        (Self::Severity, "severity"),
        (Self::Versions, "versions"),
    ];

    fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(sort, _)| *sort == self).map_or("name", |(_, name)| name)
    }

    #[allow(clippy::cast_precision_loss)]
    fn key(self, s: &Software) -> Key {
        match self {
            Self::Name => Key::text(&s.name),
            Self::Vendor => Key::text(&s.vendor),
            Self::Devices => Key::count(s.devices),
            Self::ExposedDevices => Key::count(s.exposed_devices),
            Self::Vulnerabilities => Key::count(s.vulnerabilities),
            Self::Severity if s.severity.is_empty() => Key::Number(-1.0),
            Self::Severity => {
                Key::Number(f64::from(severity_rank(&s.severity)) * 1e9 + (s.vulnerabilities as f64).min(1e8))
            }
            Self::Versions => Key::count(s.versions),
        }
    }
}

impl FromStr for SoftwareSort {
    type Err = StateError;

    fn from_str(s: &str) -> Result<Self> {
        let known = Self::ALL.iter().find(|(_, name)| *name == s).map(|(sort, _)| *sort);
        known.ok_or_else(|| StateError::InvalidArgument("software cannot be sorted by that".into()))
    }
}

/// What several components of a software add up to.
#[derive(Default)]
struct Sum<'b> {
    devices: RoaringBitmap,
    running: RoaringBitmap,
    exposed: RoaringBitmap,
    vulnerabilities: BTreeMap<u32, (&'b str, bool, bool)>,
    uncovered: bool,
    end_of_life: String,
}

impl<'b> Sum<'b> {
    fn add(&mut self, book: &'b Book, component: &'b Component, visible: &RoaringBitmap) {
        let here = &component.devices & visible;
        self.running |= &component.running & &here;
        for (found, known) in book.of_component(component) {
            let kept = (&*known.severity, known.exploited, known.exploit_public);
            self.vulnerabilities.insert(found.vulnerability, kept);
        }
        if !component.found.is_empty() {
            self.exposed |= &here;
        }
        self.uncovered |= !component.covered;
        let end = &component.end_of_life;
        if !end.is_empty() && (self.end_of_life.is_empty() || **end < *self.end_of_life) {
            self.end_of_life = end.to_string();
        }
        self.devices |= here;
    }

    fn severity(&self) -> String {
        let worst = self.vulnerabilities.values().map(|(s, ..)| *s).max_by_key(|s| severity_rank(s));
        worst.unwrap_or_default().to_owned()
    }

    fn count(&self, which: impl Fn(&(&str, bool, bool)) -> bool) -> u64 {
        self.vulnerabilities.values().filter(|v| which(v)).count() as u64
    }
}

/// A product as the caller's devices have it; none where none has it.
fn software(book: &Book, product: &Product, visible: &RoaringBitmap) -> Option<Software> {
    let mut sum = Sum::default();
    let mut versions: Vec<&str> = Vec::new();
    for place in &product.components {
        let component = &book.components[*place as usize];
        if !component.devices.is_disjoint(visible) {
            versions.push(&component.version);
            sum.add(book, component, visible);
        }
    }
    versions.sort_unstable();
    versions.dedup();
    (!sum.devices.is_empty()).then(|| Software {
        id: product.id.clone(),
        name: product.name.to_string(),
        vendor: product.vendor.to_string(),
        ecosystem: product.ecosystem.to_string(),
        devices: sum.devices.len(),
        running_devices: sum.running.len(),
        versions: versions.len() as u64,
        vulnerabilities: sum.count(|_| true),
        exposed_devices: sum.exposed.len(),
        severity: sum.severity(),
        exploited: sum.count(|(_, kev, _)| *kev),
        exploit_public: sum.count(|(.., public)| *public),
        covered: !sum.uncovered,
        end_of_life: sum.end_of_life,
    })
}

impl SoftwareQuery {
    fn matches(&self, s: &Software) -> bool {
        (self.ecosystem.is_empty() || self.ecosystem.iter().any(|e| e.eq_ignore_ascii_case(&s.ecosystem)))
            && self.vulnerable.is_none_or(|is| is == (s.vulnerabilities > 0))
            && self.exploited.is_none_or(|is| is == (s.exploited > 0))
            && self.covered.is_none_or(|is| is == s.covered)
            && self.ended_by.as_ref().is_none_or(|day| !s.end_of_life.is_empty() && s.end_of_life < *day)
    }
}

/// All devices of a product that the caller sees.
fn devices_of(sight: &Sight, product: &Product, version: Option<&str>) -> RoaringBitmap {
    let mut all = RoaringBitmap::new();
    for place in &product.components {
        let component = &sight.book.components[*place as usize];
        if version.is_none_or(|v| v == component.version) {
            all |= &component.devices;
        }
    }
    all & &sight.visible
}

impl State {
    /// A page of the software of the scope's devices.
    ///
    /// # Errors
    /// `cursor_invalid`.
    pub async fn software(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        wanted: &SoftwareQuery,
        now: TimeMicros,
    ) -> Result<Page<Software>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sight = self.sight(&mut tx, tenant, scope, now).await?;
        tx.commit().await?;
        let needle = needle(wanted.search.as_deref());
        let book = &sight.book;
        // A source package that only others' devices have must not be found by its name.
        let sources = |p: &Product| {
            let seen = p.components.iter().map(|c| &book.components[*c as usize]);
            seen.filter(|c| !c.devices.is_disjoint(&sight.visible)).any(|c| contains(&c.source_name, &needle))
        };
        let named = |p: &Product| contains(&p.name, &needle) || contains(&p.vendor, &needle) || sources(p);
        let rows = book
            .software
            .iter()
            .filter(|p| named(p))
            .filter_map(|p| software(book, p, &sight.visible))
            .filter(|s| wanted.matches(s))
            .map(|s| Sorted { key: wanted.sort.key(&s), id: s.id.clone(), row: s })
            .collect();
        list::page(rows, &wanted.range.list("software", wanted.sort.as_str()), &wanted.range)
    }

    /// One software of the scope's devices, with its versions, most devices first.
    ///
    /// # Errors
    /// `not_found` where none has it.
    pub async fn software_versions(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        id: &str,
        now: TimeMicros,
    ) -> Result<(Software, Vec<SoftwareVersion>)> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sight = self.sight(&mut tx, tenant, scope, now).await?;
        tx.commit().await?;
        let book = &sight.book;
        let product = book.product(id).ok_or(StateError::NotFound("software"))?;
        let whole = software(book, product, &sight.visible).ok_or(StateError::NotFound("software"))?;
        let mut sums: BTreeMap<(&str, &str), Sum> = BTreeMap::new();
        for place in &product.components {
            let component = &book.components[*place as usize];
            if !component.devices.is_disjoint(&sight.visible) {
                let sum = sums.entry((&component.version, &component.release)).or_default();
                sum.add(book, component, &sight.visible);
            }
        }
        let mut versions: Vec<SoftwareVersion> = sums
            .into_iter()
            .map(|((version, release), sum)| SoftwareVersion {
                version: version.to_owned(),
                release: release.to_owned(),
                devices: sum.devices.len(),
                running_devices: sum.running.len(),
                vulnerabilities: sum.count(|_| true),
                severity: sum.severity(),
                exploited: sum.count(|(_, kev, _)| *kev),
                covered: !sum.uncovered,
                end_of_life: sum.end_of_life,
            })
            .collect();
        versions.sort_by(|a, b| b.devices.cmp(&a.devices).then_with(|| a.version.cmp(&b.version)));
        Ok((whole, versions))
    }

    /// A page of the scope's devices that have a software, or one version of it, by name.
    ///
    /// # Errors
    /// `not_found` where none has it, `cursor_invalid`.
    pub async fn software_devices(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        (id, version): (&str, Option<&str>),
        (search, range): (Option<&str>, &Range),
        now: TimeMicros,
    ) -> Result<Page<DeviceRef>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sight = self.sight(&mut tx, tenant, scope, now).await?;
        let product = sight.software(id)?;
        let devices = devices_of(&sight, product, version);
        let page = devices_page(&mut tx, tenant, &devices, search, ("software_devices", range)).await?;
        tx.commit().await?;
        let items = page.items.into_iter().map(|(_, device)| device).collect();
        Ok(Page { items, next_cursor: page.next_cursor, total: page.total })
    }
}
