//! Vulnerabilities that the caller's devices have.

use std::str::FromStr;

use palisade_types::{DeviceId, TenantId, TimeMicros};
use roaring::RoaringBitmap;
use serde_json::Value;

use super::book::Known;
use super::list::{self, Key, Range, Sorted, contains, needle};
use super::severity_rank;
use super::sight::{Sight, ordinal};
use crate::{DeviceScope, Page, Result, State, StateError};

/// Whether updates take a vulnerability away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Updates {
    /// Wherever it is.
    All,
    /// In some of the packages.
    Some,
    /// Nowhere yet.
    None,
}

impl Updates {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Some => "some",
            Self::None => "none",
        }
    }
}

/// A vulnerability, with numbers of the caller's devices.
#[derive(Clone, Debug, PartialEq)]
pub struct Weakness {
    /// CVE id where there is one, else the advisory's.
    pub id: String,
    /// One line about it; may be empty.
    pub title: String,
    /// What it is; may be empty.
    pub description: String,
    /// `critical`, `high`, `medium`, `low`, `none`, `unknown`.
    pub severity: String,
    /// CVSS base score, 0 to 10; none where nobody has scored it.
    pub cvss: Option<f64>,
    /// Its vector; empty where there is none.
    pub cvss_vector: String,
    /// How likely it is to be exploited within 30 days, 0 to 1; none where there is no score.
    pub epss: Option<f64>,
    /// When CISA listed it as exploited.
    pub kev_added: Option<TimeMicros>,
    /// Whether CISA says that it is exploited, by its catalogue or its decision points.
    pub exploited: bool,
    /// Whether an exploit is public.
    pub exploit_public: bool,
    /// When it was published.
    pub published: Option<TimeMicros>,
    /// When what is known of it changed last.
    pub modified: Option<TimeMicros>,
    /// Other names of it.
    pub aliases: Vec<String>,
    /// CWE ids.
    pub weaknesses: Vec<String>,
    /// Where to read on.
    pub links: Vec<String>,
    /// SSVC, who scored it how, and more.
    pub facts: Value,
    /// Devices that have it.
    pub devices: u64,
    /// Of these, devices on which one of its packages runs or is loaded.
    pub running_devices: u64,
    /// Of these, devices for which an exception holds.
    pub excepted_devices: u64,
    /// Packages in which it is, each in one version.
    pub components: u64,
    /// The packages' names, the first few.
    pub software: Vec<String>,
    /// Whether updates take it away.
    pub updates: Updates,
    /// When it was first found here.
    pub first_seen: TimeMicros,
}

/// Which vulnerabilities; all when nothing is said.
#[derive(Clone, Debug, Default)]
pub struct WeaknessQuery {
    /// Text that its id, an alias, its title or a package's name contains.
    pub search: Option<String>,
    /// Only those of one of these severities.
    pub severity: Vec<String>,
    /// Only those that are exploited, or only others.
    pub exploited: Option<bool>,
    /// Only those with a public exploit, or only others.
    pub exploit_public: Option<bool>,
    /// Only those that an update takes away in some package, or only others.
    pub fixable: Option<bool>,
    /// Only those of one software, by its identifier.
    pub software: Option<String>,
    /// Only those of one device.
    pub device: Option<DeviceId>,
    /// Whether those are left out that are excepted on every device.
    pub without_excepted: bool,
    /// In which order.
    pub sort: WeaknessSort,
    /// Which part.
    pub range: Range,
}

/// What vulnerabilities are ordered by; their identifiers break ties.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WeaknessSort {
    /// By severity, then whether it is exploited, then CVSS.
    #[default]
    Severity,
    /// By identifier.
    Id,
    /// By CVSS; those without a score are lowest.
    Cvss,
    /// By EPSS; those without a score are lowest.
    Epss,
    /// By the number of devices.
    Devices,
    /// By when it was published.
    Published,
    /// By when it was first found here.
    FirstSeen,
}

impl WeaknessSort {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Severity, "severity"),
        (Self::Id, "id"),
        (Self::Cvss, "cvss"),
        (Self::Epss, "epss"),
        (Self::Devices, "devices"),
        (Self::Published, "published"),
        (Self::FirstSeen, "first_seen"),
    ];

    fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(sort, _)| *sort == self).map_or("severity", |(_, name)| name)
    }
}

impl FromStr for WeaknessSort {
    type Err = StateError;

    fn from_str(s: &str) -> Result<Self> {
        let known = Self::ALL.iter().find(|(_, name)| *name == s).map(|(sort, _)| *sort);
        known.ok_or_else(|| StateError::InvalidArgument("vulnerabilities cannot be sorted by that".into()))
    }
}

/// Names of packages that a row shows.
const SHOWN: usize = 5;

/// A vulnerability with the devices that are asked about.
pub(super) fn weakness(sight: &Sight, known: &Known, devices: &RoaringBitmap) -> Weakness {
    let mut running = RoaringBitmap::new();
    let (mut components, mut fixable) = (0u64, 0u64);
    let mut software: Vec<&str> = Vec::new();
    for (found, component) in sight.book.of_vulnerability(known) {
        if component.devices.is_disjoint(devices) {
            continue;
        }
        components += 1;
        fixable += u64::from(!found.fixed_version.is_empty());
        running |= &component.running;
        if software.len() < SHOWN && !software.contains(&&*component.name) {
            software.push(&component.name);
        }
    }
    Weakness {
        id: known.id.clone(),
        title: known.title.clone(),
        description: known.description.clone(),
        severity: known.severity.to_string(),
        cvss: known.cvss,
        cvss_vector: known.cvss_vector.clone(),
        epss: known.epss,
        kev_added: known.kev_added,
        exploited: known.exploited,
        exploit_public: known.exploit_public,
        published: known.published,
        modified: known.modified,
        aliases: known.aliases.clone(),
        weaknesses: known.weaknesses.clone(),
        links: known.links.clone(),
        facts: known.facts.clone(),
        devices: devices.len(),
        running_devices: running.intersection_len(devices),
        excepted_devices: sight.excepted.of_vulnerability(&known.id, devices),
        components,
        software: software.into_iter().map(str::to_owned).collect(),
        updates: match fixable {
            0 => Updates::None,
            n if n == components => Updates::All,
            _ => Updates::Some,
        },
        first_seen: known.first_seen,
    }
}

#[allow(clippy::cast_precision_loss)]
fn key(sort: WeaknessSort, known: &Known, devices: u64) -> Key {
    let at = |t: Option<TimeMicros>| Key::maybe(t.map(|t| t.0 as f64));
    match sort {
        WeaknessSort::Severity => Key::Number(
            f64::from(severity_rank(&known.severity)) * 100.0
                + if known.exploited { 50.0 } else { 0.0 }
                + known.cvss.unwrap_or(0.0),
        ),
        WeaknessSort::Id => Key::text(&known.id),
        WeaknessSort::Cvss => Key::maybe(known.cvss),
        WeaknessSort::Epss => Key::maybe(known.epss),
        WeaknessSort::Devices => Key::count(devices),
        WeaknessSort::Published => at(known.published),
        WeaknessSort::FirstSeen => at(Some(known.first_seen)),
    }
}

fn matches(
    sight: &Sight,
    known: &Known,
    devices: &RoaringBitmap,
    wanted: &WeaknessQuery,
    needle: &str,
) -> bool {
    let among = |list: &[String], word: &str| list.is_empty() || list.iter().any(|w| w == word);
    if !among(&wanted.severity, &known.severity)
        || wanted.exploited.is_some_and(|is| is != known.exploited)
        || wanted.exploit_public.is_some_and(|is| is != known.exploit_public)
        || (wanted.without_excepted && sight.excepted.of_vulnerability(&known.id, devices) == devices.len())
    {
        return false;
    }
    let mut seen = sight.book.of_vulnerability(known).filter(|(_, c)| !c.devices.is_disjoint(devices));
    if let Some(fixable) = wanted.fixable
        && sight
            .book
            .of_vulnerability(known)
            .any(|(f, c)| !c.devices.is_disjoint(devices) && !f.fixed_version.is_empty())
            != fixable
    {
        return false;
    }
    needle.is_empty()
        || contains(&known.id, needle)
        || contains(&known.title, needle)
        || known.aliases.iter().any(|a| contains(a, needle))
        || seen.any(|(_, c)| contains(&c.name, needle))
}

impl State {
    /// A page of the vulnerabilities that the scope's devices have.
    ///
    /// # Errors
    /// `cursor_invalid`, `not_found` for a device or a software that is not there.
    pub async fn weaknesses(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        wanted: &WeaknessQuery,
        now: TimeMicros,
    ) -> Result<Page<Weakness>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sight = self.sight(&mut tx, tenant, scope, now).await?;
        let only = match wanted.device {
            Some(device) => ordinal(&mut tx, tenant, scope, device).await?.into_iter().collect(),
            None => sight.visible.clone(),
        };
        tx.commit().await?;
        let software = match &wanted.software {
            Some(id) => Some(sight.software(id)?),
            None => None,
        };
        let needle = needle(wanted.search.as_deref());
        let mut rows = Vec::new();
        for known in &sight.book.vulnerabilities {
            let mut devices = RoaringBitmap::new();
            for (found, component) in sight.book.of_vulnerability(known) {
                if software.is_none_or(|s| s.components.binary_search(&found.component).is_ok()) {
                    devices |= &component.devices;
                }
            }
            devices &= &only;
            devices &= &sight.visible;
            if devices.is_empty() || !matches(&sight, known, &devices, wanted, &needle) {
                continue;
            }
            let key = key(wanted.sort, known, devices.len());
            rows.push(Sorted { key, id: known.id.clone(), row: (known, devices) });
        }
        let list = wanted.range.list("vulnerabilities", wanted.sort.as_str());
        let page = list::page(rows, &list, &wanted.range)?;
        Ok(Page {
            items: page.items.iter().map(|(known, devices)| weakness(&sight, known, devices)).collect(),
            next_cursor: page.next_cursor,
            total: page.total,
        })
    }

    /// One vulnerability that a device of the scope has.
    ///
    /// # Errors
    /// `not_found` where none has it.
    pub async fn weakness(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        id: &str,
        now: TimeMicros,
    ) -> Result<Weakness> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sight = self.sight(&mut tx, tenant, scope, now).await?;
        tx.commit().await?;
        let (known, devices) = sight.vulnerability(id)?;
        Ok(weakness(&sight, known, &devices))
    }
}
