//! What one device has, and what is wrong with it.

use palisade_types::{DeviceId, TenantId, TimeMicros};
use roaring::RoaringBitmap;

use super::affected::{AffectedBy, Evidence, affected};
use super::list::{self, Key, Range, Sorted, contains, needle};
use super::severity_rank;
use super::sight::{Sight, ordinal};
use super::weaknesses::{Weakness, weakness};
use crate::{DeviceScope, Page, Result, State};

/// A package on a device.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceSoftware {
    /// The package's number.
    pub component: i64,
    /// Its software's identifier.
    pub software: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Who makes it.
    pub vendor: String,
    /// Whose names and versions these are.
    pub ecosystem: String,
    /// Distribution and release.
    pub release: String,
    /// Architecture.
    pub arch: String,
    /// The source package.
    pub source_name: String,
    /// Where it comes from, if not from the distribution.
    pub origin: String,
    /// Where it lies.
    pub paths: Vec<String>,
    /// Whether it runs or is loaded.
    pub running: bool,
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
    /// When it was first seen anywhere.
    pub first_seen: TimeMicros,
}

/// Which packages of a device.
#[derive(Clone, Debug, Default)]
pub struct DeviceSoftwareQuery {
    /// Text that name, vendor or source package contains.
    pub search: Option<String>,
    /// Only with vulnerabilities, or only without.
    pub vulnerable: Option<bool>,
    /// Only what runs or is loaded, or only others.
    pub running: Option<bool>,
    /// Only what feeds speak of, or only others.
    pub covered: Option<bool>,
    /// Whether they are ordered by severity instead of by name.
    pub by_severity: bool,
    /// Which part.
    pub range: Range,
}

/// A vulnerability of a package on a device.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceFinding {
    /// The vulnerability; its numbers are of this device alone.
    pub weakness: Weakness,
    /// The package, and why.
    pub by: AffectedBy,
}

/// Which findings of a device.
#[derive(Clone, Debug, Default)]
pub struct FindingQuery {
    /// Text that the vulnerability's id or title, or the package's name contains.
    pub search: Option<String>,
    /// Only of one of these severities.
    pub severity: Vec<String>,
    /// Only of what runs or is loaded, or only of others.
    pub running: Option<bool>,
    /// Only with an update, or only without.
    pub fixable: Option<bool>,
    /// Only exploited ones, or only others.
    pub exploited: Option<bool>,
    /// Whether they are ordered by the vulnerability's id instead of by severity.
    pub by_id: bool,
    /// Which part.
    pub range: Range,
}

fn package(sight: &Sight, place: usize, ordinal: u32) -> DeviceSoftware {
    let c = &sight.book.components[place];
    let known = || sight.book.of_component(c).map(|(_, known)| known);
    let worst = known().map(|k| &*k.severity).max_by_key(|s| severity_rank(s));
    DeviceSoftware {
        component: c.id,
        software: sight.book.software[c.software as usize].id.clone(),
        name: c.name.to_string(),
        version: c.version.clone(),
        vendor: c.vendor.to_string(),
        ecosystem: c.ecosystem.to_string(),
        release: c.release.to_string(),
        arch: c.arch.to_string(),
        source_name: c.source_name.to_string(),
        origin: c.origin.to_string(),
        paths: Vec::new(),
        running: c.running.contains(ordinal),
        vulnerabilities: c.found.len() as u64,
        severity: worst.unwrap_or_default().to_owned(),
        exploited: known().filter(|k| k.exploited).count() as u64,
        covered: c.covered,
        end_of_life: c.end_of_life.to_string(),
        first_seen: c.first_seen,
    }
}

impl State {
    /// A page of the packages on a device.
    ///
    /// # Errors
    /// `not_found` (the device, or it is outside the scope), `cursor_invalid`.
    pub async fn device_software(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        device: DeviceId,
        wanted: &DeviceSoftwareQuery,
        now: TimeMicros,
    ) -> Result<Page<DeviceSoftware>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let number = ordinal(&mut tx, tenant, scope, device).await?;
        let sight = self.sight(&mut tx, tenant, scope, now).await?;
        let needle = needle(wanted.search.as_deref());
        let mut rows = Vec::new();
        for (place, c) in sight.book.components.iter().enumerate() {
            let Some(number) = number.filter(|n| c.devices.contains(*n)) else { continue };
            let kept = wanted.vulnerable.is_none_or(|is| is != c.found.is_empty())
                && wanted.running.is_none_or(|is| is == c.running.contains(number))
                && wanted.covered.is_none_or(|is| is == c.covered)
                && [&c.name, &c.vendor, &c.source_name].iter().any(|text| contains(text, &needle));
            if !kept {
                continue;
            }
            let row = package(&sight, place, number);
            #[allow(clippy::cast_precision_loss)]
            let key = match (wanted.by_severity, row.severity.is_empty()) {
                (false, _) => Key::text(&row.name),
                (true, true) => Key::Number(-1.0),
                (true, false) => {
                    Key::Number(f64::from(severity_rank(&row.severity)) * 1e6 + row.vulnerabilities as f64)
                }
            };
            rows.push(Sorted { key, id: format!("{:020}", c.id), row });
        }
        let sort = if wanted.by_severity { "severity" } else { "name" };
        let mut page = list::page(rows, &wanted.range.list("device_software", sort), &wanted.range)?;
        let name = device.to_string();
        let of: Vec<i64> = page.items.iter().map(|row| row.component).collect();
        let evidence = Evidence::read(&mut tx, tenant, std::slice::from_ref(&name), (&[], Some(&of))).await?;
        tx.commit().await?;
        for row in &mut page.items {
            row.paths = evidence.paths(&name, row.component);
        }
        Ok(page)
    }

    /// A page of what is wrong with a device, a row for each vulnerability in each package.
    ///
    /// # Errors
    /// `not_found` (the device, or it is outside the scope), `cursor_invalid`.
    pub async fn device_findings(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        device: DeviceId,
        wanted: &FindingQuery,
        now: TimeMicros,
    ) -> Result<Page<DeviceFinding>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let number = ordinal(&mut tx, tenant, scope, device).await?;
        let sight = self.sight(&mut tx, tenant, scope, now).await?;
        let needle = needle(wanted.search.as_deref());
        let mut rows = Vec::new();
        for c in &sight.book.components {
            let Some(number) = number.filter(|n| c.devices.contains(*n)) else { continue };
            if wanted.running.is_some_and(|is| is != c.running.contains(number)) {
                continue;
            }
            for (found, known) in sight.book.of_component(c) {
                let kept = (wanted.severity.is_empty()
                    || wanted.severity.iter().any(|s| **s == *known.severity))
                    && wanted.fixable.is_none_or(|is| is != found.fixed_version.is_empty())
                    && wanted.exploited.is_none_or(|is| is == known.exploited)
                    && [known.id.as_str(), &known.title, &c.name].iter().any(|text| contains(text, &needle));
                if !kept {
                    continue;
                }
                let key = if wanted.by_id {
                    Key::text(&known.id)
                } else {
                    let kev = if known.exploited { 50.0 } else { 0.0 };
                    Key::Number(
                        f64::from(severity_rank(&known.severity)) * 100.0 + kev + known.cvss.unwrap_or(0.0),
                    )
                };
                rows.push(Sorted { key, id: format!("{}/{:020}", known.id, c.id), row: (found, known, c) });
            }
        }
        let sort = if wanted.by_id { "id" } else { "severity" };
        let page = list::page(rows, &wanted.range.list("device_findings", sort), &wanted.range)?;
        let findings: Vec<(i64, String)> = page.items.iter().map(|(_, k, c)| (c.id, k.id.clone())).collect();
        let name = device.to_string();
        let of: Vec<i64> = findings.iter().map(|(component, _)| *component).collect();
        let evidence =
            Evidence::read(&mut tx, tenant, std::slice::from_ref(&name), (&findings, Some(&of))).await?;
        tx.commit().await?;
        let number = number.unwrap_or_default();
        let alone = RoaringBitmap::from_iter([number]);
        let items = page.items.into_iter().map(|(found, known, c)| DeviceFinding {
            weakness: weakness(&sight, known, &alone),
            by: affected(
                (found, c, &sight.book.software[c.software as usize].id),
                &known.id,
                (&name, number),
                &evidence,
            ),
        });
        Ok(Page { items: items.collect(), next_cursor: page.next_cursor, total: page.total })
    }
}
