//! A tenant's packages and what is wrong with them, in memory. Read anew when one of the tables changed.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

use palisade_types::{TenantId, TimeMicros};
use roaring::RoaringBitmap;
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, Row};

use crate::{Result, StateError, row};

/// Books that are kept at once; beyond that, all are read anew.
const MOST_BOOKS: usize = 64;

/// A package in one version.
#[derive(Debug, Default)]
pub(super) struct Component {
    pub id: i64,
    pub ecosystem: Arc<str>,
    pub release: Arc<str>,
    pub name: Arc<str>,
    pub version: String,
    pub source_name: Arc<str>,
    pub source_version: String,
    pub arch: Arc<str>,
    pub vendor: Arc<str>,
    pub origin: Arc<str>,
    pub devices: RoaringBitmap,
    pub running: RoaringBitmap,
    pub covered: bool,
    pub end_of_life: Arc<str>,
    pub first_seen: TimeMicros,
    /// Its place in [`Book::software`].
    pub software: u32,
    /// What is wrong with it, in [`Book::found`].
    pub found: Range<usize>,
}

/// What is wrong with a component.
#[derive(Debug)]
pub(super) struct Found {
    pub component: u32,
    pub vulnerability: u32,
    pub severity: Arc<str>,
    pub fixed_version: Arc<str>,
    pub remedy: Arc<str>,
    pub advisory: String,
    pub feed: Arc<str>,
    pub feed_at: Option<TimeMicros>,
    pub first_seen: TimeMicros,
}

/// What is known of a vulnerability.
#[derive(Debug)]
pub(super) struct Known {
    pub id: String,
    pub title: String,
    pub description: String,
    pub severity: Arc<str>,
    pub cvss: Option<f64>,
    pub cvss_vector: String,
    pub epss: Option<f64>,
    pub kev_added: Option<TimeMicros>,
    /// Whether CISA says that it is exploited, by its catalogue or its decision points.
    pub exploited: bool,
    pub exploit_public: bool,
    pub published: Option<TimeMicros>,
    pub modified: Option<TimeMicros>,
    pub aliases: Vec<String>,
    pub weaknesses: Vec<String>,
    pub links: Vec<String>,
    pub facts: Value,
    pub first_seen: TimeMicros,
    /// Where it is, in [`Book::found`].
    pub found: Vec<u32>,
}

/// All versions of a package.
#[derive(Debug)]
pub(super) struct Product {
    /// Sixteen hexadecimal digits of what makes it this one.
    pub id: String,
    pub ecosystem: Arc<str>,
    pub vendor: Arc<str>,
    pub name: Arc<str>,
    /// Places in [`Book::components`].
    pub components: Vec<u32>,
}

/// All of it, at one instant.
#[derive(Debug, Default)]
pub(super) struct Book {
    stamp: Stamp,
    pub components: Vec<Component>,
    pub found: Vec<Found>,
    pub vulnerabilities: Vec<Known>,
    pub software: Vec<Product>,
    by_id: HashMap<String, u32>,
    software_by_id: HashMap<String, u32>,
    by_component: HashMap<i64, u32>,
}

/// By what a change is seen: how many rows each table has, and when the last one changed.
type Stamp = [(i64, i64); 3];

/// The books of tenants that were asked for.
#[derive(Default)]
pub(crate) struct Shelf(RwLock<HashMap<TenantId, Arc<Place>>>);

/// A tenant's book, and whose turn it is to read it: many who ask at once read it once.
#[derive(Default)]
struct Place {
    book: RwLock<Option<Arc<Book>>>,
    turn: tokio::sync::Mutex<()>,
}

impl Place {
    fn book_of(&self, stamp: &Stamp) -> Option<Arc<Book>> {
        let kept = self.book.read().unwrap_or_else(PoisonError::into_inner).clone();
        kept.filter(|book| book.stamp == *stamp)
    }
}

impl Shelf {
    /// The tenant's book as its tables are now.
    pub(super) async fn book(&self, tx: &mut PgConnection, tenant: TenantId) -> Result<Arc<Book>> {
        let place = self.place(tenant);
        let before = stamp(tx, tenant).await?;
        if let Some(book) = place.book_of(&before) {
            return Ok(book);
        }
        let _turn = place.turn.lock().await;
        let now = stamp(tx, tenant).await?;
        if let Some(book) = place.book_of(&now) {
            return Ok(book);
        }
        let book = Arc::new(Book::read(tx, tenant, now).await?);
        *place.book.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&book));
        Ok(book)
    }

    fn place(&self, tenant: TenantId) -> Arc<Place> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&tenant).cloned();
        if let Some(place) = known {
            return place;
        }
        let mut places = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= MOST_BOOKS {
            places.clear();
        }
        Arc::clone(places.entry(tenant).or_default())
    }
}

async fn stamp(tx: &mut PgConnection, tenant: TenantId) -> Result<Stamp> {
    let row = sqlx::query(
        "SELECT (SELECT count(*) FROM components WHERE tenant_id = $1) AS a,
                (SELECT coalesce(max(changed_at), 0) FROM components WHERE tenant_id = $1) AS b,
                (SELECT count(*) FROM vulnerabilities WHERE tenant_id = $1) AS c,
                (SELECT coalesce(max(changed_at), 0) FROM vulnerabilities WHERE tenant_id = $1) AS d,
                (SELECT count(*) FROM vulnerability_findings WHERE tenant_id = $1) AS e,
                (SELECT coalesce(max(changed_at), 0) FROM vulnerability_findings WHERE tenant_id = $1) AS f",
    )
    .bind(tenant.0)
    .fetch_one(tx)
    .await?;
    let get = |column: &str| row.try_get::<i64, _>(column);
    Ok([(get("a")?, get("b")?), (get("c")?, get("d")?), (get("e")?, get("f")?)])
}

/// Texts of which there are few, kept once.
#[derive(Default)]
struct Words(HashMap<String, Arc<str>>);

impl Words {
    fn get(&mut self, row: &sqlx::postgres::PgRow, column: &str) -> Result<Arc<str>> {
        let text: &str = row.try_get(column)?;
        if let Some(known) = self.0.get(text) {
            return Ok(Arc::clone(known));
        }
        let word: Arc<str> = text.into();
        self.0.insert(text.to_owned(), Arc::clone(&word));
        Ok(word)
    }
}

/// A set of devices as it is stored.
pub(super) fn bitmap(bytes: &[u8]) -> Result<RoaringBitmap> {
    RoaringBitmap::deserialize_from(bytes)
        .map_err(|e| StateError::Internal(format!("a set of devices cannot be read: {e}")))
}

/// What an ecosystem is without its release: `Debian` of `Debian:12`.
fn family(ecosystem: &str) -> &str {
    ecosystem.split(':').next().unwrap_or_default()
}

/// The identifier of all versions of a package.
pub(super) fn software_id(ecosystem: &str, vendor: &str, name: &str) -> String {
    let mut hash = Sha256::new();
    for part in [family(ecosystem), vendor, name] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hex::encode(&hash.finalize()[..8])
}

impl Book {
    async fn read(tx: &mut PgConnection, tenant: TenantId, stamp: Stamp) -> Result<Self> {
        let mut book = Self { stamp, ..Self::default() };
        let mut words = Words::default();
        book.read_components(tx, tenant, &mut words).await?;
        book.read_vulnerabilities(tx, tenant, &mut words).await?;
        book.read_findings(tx, tenant, &mut words).await?;
        Ok(book)
    }

    async fn read_components(
        &mut self,
        tx: &mut PgConnection,
        tenant: TenantId,
        words: &mut Words,
    ) -> Result<()> {
        let rows = sqlx::query(
            "SELECT id, ecosystem, release, name, version, source_name, source_version, arch, vendor, origin, devices,
                    running, covered, end_of_life, first_seen
             FROM components WHERE tenant_id = $1 ORDER BY id",
        )
        .bind(tenant.0)
        .fetch_all(tx)
        .await?;
        for r in &rows {
            let place = place(self.components.len())?;
            let component = Component {
                id: r.try_get("id")?,
                ecosystem: words.get(r, "ecosystem")?,
                release: words.get(r, "release")?,
                name: words.get(r, "name")?,
                version: r.try_get("version")?,
                source_name: words.get(r, "source_name")?,
                source_version: r.try_get("source_version")?,
                arch: words.get(r, "arch")?,
                vendor: words.get(r, "vendor")?,
                origin: words.get(r, "origin")?,
                devices: bitmap(r.try_get("devices")?)?,
                running: bitmap(r.try_get("running")?)?,
                covered: r.try_get("covered")?,
                end_of_life: words.get(r, "end_of_life")?,
                first_seen: row::time(r, "first_seen")?,
                ..Component::default()
            };
            self.by_component.insert(component.id, place);
            self.components.push(component);
            let software = self.software_of(place)?;
            self.components[place as usize].software = software;
        }
        Ok(())
    }

    fn software_of(&mut self, place_of: u32) -> Result<u32> {
        let c = &self.components[place_of as usize];
        let id = software_id(&c.ecosystem, &c.vendor, &c.name);
        if let Some(known) = self.software_by_id.get(&id) {
            self.software[*known as usize].components.push(place_of);
            return Ok(*known);
        }
        let at = place(self.software.len())?;
        self.software.push(Product {
            id: id.clone(),
            ecosystem: family(&c.ecosystem).into(),
            vendor: Arc::clone(&c.vendor),
            name: Arc::clone(&c.name),
            components: vec![place_of],
        });
        self.software_by_id.insert(id, at);
        Ok(at)
    }

    async fn read_vulnerabilities(
        &mut self,
        tx: &mut PgConnection,
        tenant: TenantId,
        words: &mut Words,
    ) -> Result<()> {
        let rows = sqlx::query(
            "SELECT id, title, description, severity, cvss, cvss_vector, epss, kev_added, exploit_public, published,
                    modified, aliases, weaknesses, links, facts, first_seen
             FROM vulnerabilities WHERE tenant_id = $1",
        )
        .bind(tenant.0)
        .fetch_all(tx)
        .await?;
        for r in &rows {
            let facts: Value = r.try_get("facts")?;
            let kev_added = row::time_opt(r, "kev_added")?;
            let known = Known {
                id: r.try_get("id")?,
                title: r.try_get("title")?,
                description: r.try_get("description")?,
                severity: words.get(r, "severity")?,
                cvss: r.try_get("cvss")?,
                cvss_vector: r.try_get("cvss_vector")?,
                epss: r.try_get("epss")?,
                exploited: kev_added.is_some() || exploited(&facts),
                kev_added,
                exploit_public: r.try_get("exploit_public")?,
                published: row::time_opt(r, "published")?,
                modified: row::time_opt(r, "modified")?,
                aliases: r.try_get("aliases")?,
                weaknesses: r.try_get("weaknesses")?,
                links: r.try_get("links")?,
                facts,
                first_seen: row::time(r, "first_seen")?,
                found: Vec::new(),
            };
            self.by_id.insert(known.id.clone(), place(self.vulnerabilities.len())?);
            self.vulnerabilities.push(known);
        }
        Ok(())
    }

    async fn read_findings(
        &mut self,
        tx: &mut PgConnection,
        tenant: TenantId,
        words: &mut Words,
    ) -> Result<()> {
        let rows = sqlx::query(
            "SELECT component_id, vulnerability, advisory, feed, feed_at, severity, fixed_version, remedy, first_seen
             FROM vulnerability_findings WHERE tenant_id = $1 ORDER BY component_id, vulnerability",
        )
        .bind(tenant.0)
        .fetch_all(tx)
        .await?;
        for r in &rows {
            let of: &str = r.try_get("vulnerability")?;
            let component = self.by_component.get(&r.try_get::<i64, _>("component_id")?).copied();
            // What was written between the two readings comes with the next book.
            let (Some(component), Some(vulnerability)) = (component, self.by_id.get(of).copied()) else {
                continue;
            };
            let at = self.found.len();
            self.found.push(Found {
                component,
                vulnerability,
                severity: words.get(r, "severity")?,
                fixed_version: words.get(r, "fixed_version")?,
                remedy: words.get(r, "remedy")?,
                advisory: r.try_get("advisory")?,
                feed: words.get(r, "feed")?,
                feed_at: row::time_opt(r, "feed_at")?,
                first_seen: row::time(r, "first_seen")?,
            });
            self.vulnerabilities[vulnerability as usize].found.push(place(at)?);
            let range = &mut self.components[component as usize].found;
            *range = if range.start == range.end { at..at + 1 } else { range.start..at + 1 };
        }
        Ok(())
    }

    pub fn vulnerability(&self, id: &str) -> Option<&Known> {
        self.by_id.get(id).map(|place| &self.vulnerabilities[*place as usize])
    }

    pub fn product(&self, id: &str) -> Option<&Product> {
        self.software_by_id.get(id).map(|place| &self.software[*place as usize])
    }

    /// The findings of a vulnerability, each with its component.
    pub fn of_vulnerability<'b>(
        &'b self,
        known: &'b Known,
    ) -> impl Iterator<Item = (&'b Found, &'b Component)> {
        known.found.iter().map(|at| {
            let found = &self.found[*at as usize];
            (found, &self.components[found.component as usize])
        })
    }

    /// What is wrong with a component.
    pub fn of_component<'b>(&'b self, c: &'b Component) -> impl Iterator<Item = (&'b Found, &'b Known)> {
        self.found[c.found.clone()].iter().map(|f| (f, &self.vulnerabilities[f.vulnerability as usize]))
    }
}

/// Whether facts say that it is exploited: an entry of CISA's catalogue counts without a date too, and so does its
/// decision point `active`.
pub(super) fn exploited(facts: &Value) -> bool {
    facts["kev"].is_object() || facts["ssvc"]["exploitation"] == "active"
}

fn place(n: usize) -> Result<u32> {
    u32::try_from(n).map_err(|_| StateError::Internal("there are more rows than places".into()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn versions_and_releases_of_a_package_are_one_software() {
        let id = software_id("Debian:12", "", "openssl");
        assert_eq!(id, software_id("Debian:11", "", "openssl"));
        assert_ne!(id, software_id("Ubuntu:24.04", "", "openssl"));
        assert_ne!(software_id("npm", "a", "b"), software_id("npm", "", "ab"));
        assert_eq!(id.len(), 16);
    }

    #[test]
    fn what_cisa_says_is_exploited_is_so_without_a_date() {
        for (facts, is) in [
            (json!({ "kev": { "added": null, "ransomware": false }, "ssvc": null }), true),
            (json!({ "kev": null, "ssvc": { "exploitation": "active" } }), true),
            (json!({ "kev": null, "ssvc": { "exploitation": "poc" } }), false),
            (json!({ "kev": null, "ssvc": null }), false),
            (json!({}), false),
        ] {
            assert_eq!(exploited(&facts), is, "{facts}");
        }
    }

    #[test]
    fn a_broken_set_of_devices_is_an_error() {
        assert!(bitmap(&[1, 2, 3]).is_err());
        let mut bytes = Vec::new();
        RoaringBitmap::from_iter([1, 70_000]).serialize_into(&mut bytes).expect("written");
        assert_eq!(bitmap(&bytes).expect("read").len(), 2);
    }
}
