//! Packages and what is wrong with them as the explorer's graph takes them: whole, and what differs from before.

use std::collections::BTreeMap;
use std::sync::Arc;

use palisade_types::{MachineId, TenantId, TimeMicros};
use sqlx::Row;

use super::book::{Book, Component, Known};
use crate::{Result, State, StateError};

/// A tenant's packages at one instant. Keeping one costs nothing while nothing changes.
#[derive(Clone)]
pub struct ExplorerBook(Arc<Book>);

/// A package in one version.
#[derive(Clone, Copy)]
pub struct ExplorerPackage<'b> {
    book: &'b Book,
    of: &'b Component,
}

/// A vulnerability that some package has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExplorerWeakness<'b> {
    /// CVE id where there is one, else the advisory's.
    pub id: &'b str,
    /// `critical`, `high`, `medium`, `low`, `none`, `unknown`.
    pub severity: &'b str,
    /// CVSS base score, 0 to 10.
    pub cvss: Option<f64>,
    /// How likely it is to be exploited within 30 days, 0 to 1.
    pub epss: Option<f64>,
    /// Whether CISA says that it is exploited.
    pub exploited: bool,
    /// Whether an exploit is public, or it is exploited.
    pub exploit_available: bool,
    /// Whether an update takes it away in some package.
    pub fix_available: bool,
    /// When it was published.
    pub published: Option<TimeMicros>,
}

impl ExplorerBook {
    /// Whether both are of the same instant.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whether nothing was ever assessed.
    pub fn is_empty(&self) -> bool {
        self.0.components.is_empty()
    }

    /// All packages, by their numbers.
    pub fn packages(&self) -> impl Iterator<Item = ExplorerPackage<'_>> {
        self.0.components.iter().map(|of| ExplorerPackage { book: &self.0, of })
    }

    /// The package of a number.
    pub fn package(&self, number: i64) -> Option<ExplorerPackage<'_>> {
        let at = self.0.components.binary_search_by_key(&number, |c| c.id).ok()?;
        Some(ExplorerPackage { book: &self.0, of: &self.0.components[at] })
    }

    /// All vulnerabilities that some package has.
    pub fn weaknesses(&self) -> impl Iterator<Item = ExplorerWeakness<'_>> {
        self.0.vulnerabilities.iter().filter(|k| !k.found.is_empty()).map(|k| weakness(&self.0, k))
    }

    /// A vulnerability that some package has.
    pub fn weakness(&self, id: &str) -> Option<ExplorerWeakness<'_>> {
        self.0.vulnerability(id).filter(|k| !k.found.is_empty()).map(|k| weakness(&self.0, k))
    }
}

fn weakness<'b>(book: &'b Book, known: &'b Known) -> ExplorerWeakness<'b> {
    ExplorerWeakness {
        id: &known.id,
        severity: &known.severity,
        cvss: known.cvss,
        epss: known.epss,
        exploited: known.exploited,
        exploit_available: known.exploit_public || known.exploited,
        fix_available: book.of_vulnerability(known).any(|(found, _)| !found.fixed_version.is_empty()),
        published: known.published,
    }
}

impl<'b> ExplorerPackage<'b> {
    /// Its number, which stays the same.
    pub fn number(&self) -> i64 {
        self.of.id
    }

    /// Its name.
    pub fn name(&self) -> &'b str {
        &self.of.name
    }

    /// Who makes it; empty where nobody says.
    pub fn vendor(&self) -> &'b str {
        &self.of.vendor
    }

    /// Its version.
    pub fn version(&self) -> &'b str {
        &self.of.version
    }

    /// Last day of its support, `YYYY-MM-DD`; empty where no table knows it.
    pub fn end_of_life(&self) -> &'b str {
        &self.of.end_of_life
    }

    /// The numbers of the devices that have it.
    pub fn devices(&self) -> impl Iterator<Item = u32> + 'b {
        self.of.devices.iter()
    }

    /// Whether a device has it.
    pub fn is_on(&self, device: u32) -> bool {
        self.of.devices.contains(device)
    }

    /// What it has.
    pub fn weaknesses(&self) -> impl Iterator<Item = &'b str> {
        self.book.of_component(self.of).map(|(_, known)| &*known.id)
    }

    /// Whether another one is called the same.
    pub fn is_as(&self, other: &ExplorerPackage<'_>) -> bool {
        (&self.of.name, &self.of.vendor, &self.of.version, &self.of.end_of_life)
            == (&other.of.name, &other.of.vendor, &other.of.version, &other.of.end_of_life)
    }

    /// Whether another one is on the same devices.
    pub fn is_where(&self, other: &ExplorerPackage<'_>) -> bool {
        self.of.devices == other.of.devices
    }
}

impl State {
    /// A tenant's packages as they are now.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn explorer_book(&self, tenant: TenantId) -> Result<ExplorerBook> {
        let mut tx = self.tenant_tx(tenant).await?;
        let book = self.shelf().book(&mut tx, tenant).await?;
        tx.commit().await?;
        Ok(ExplorerBook(book))
    }

    /// Which machines the devices are, by the devices' numbers.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn explorer_machines(&self, tenant: TenantId) -> Result<BTreeMap<u32, MachineId>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = sqlx::query(
            "SELECT o.ordinal, m.id FROM device_ordinals o
             JOIN machines m ON m.tenant_id = o.tenant_id AND m.device_id = o.device_id
             WHERE o.tenant_id = $1
             UNION SELECT o.ordinal, d.machine_id FROM device_ordinals o
             JOIN devices d ON d.tenant_id = o.tenant_id AND d.id = o.device_id
             WHERE o.tenant_id = $1 AND d.source = 'agentless' AND d.status = 'active'",
        )
        .bind(tenant.0)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.iter()
            .map(|r| {
                let number = u32::try_from(r.try_get::<i32, _>("ordinal")?)
                    .map_err(|_| StateError::Internal("a device's number is negative".into()))?;
                Ok((number, MachineId(r.try_get("id")?)))
            })
            .collect()
    }
}
