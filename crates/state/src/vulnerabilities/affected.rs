//! Devices of a set, page by page, and why each has a vulnerability.

use std::collections::{BTreeMap, HashMap};

use palisade_types::{DeviceId, TenantId, TimeMicros};
use roaring::RoaringBitmap;
use serde_json::Value;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};

use super::book::{Component, Found};
use super::list::Range;
use super::sight::numbers;
use crate::device_list::containing;
use crate::page::{self, Cursor, Page};
use crate::{DeviceScope, Result, State, StateError, row};

/// A device by its name.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceRef {
    /// Identifier.
    pub id: DeviceId,
    /// Name.
    pub name: String,
    /// Distribution and version.
    pub os: String,
    /// Its exposure, 0 to 100; none where it was not judged yet.
    pub exposure: Option<f64>,
}

/// A package of a device that has a vulnerability, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct AffectedBy {
    /// The package's number.
    pub component: i64,
    /// Its software's identifier.
    pub software: String,
    /// Its name.
    pub name: String,
    /// The installed version.
    pub version: String,
    /// Whose names and versions these are.
    pub ecosystem: String,
    /// Distribution and release; empty for a language's package.
    pub release: String,
    /// Architecture.
    pub arch: String,
    /// The source package.
    pub source_name: String,
    /// Its version.
    pub source_version: String,
    /// Where it lies, for packages that lie at a path of their own.
    pub paths: Vec<String>,
    /// Whether it runs or is loaded there.
    pub running: bool,
    /// The advisory that says so.
    pub advisory: String,
    /// The feed that the advisory is from.
    pub feed: String,
    /// When that feed was last fetched.
    pub feed_at: Option<TimeMicros>,
    /// The advisory's severity.
    pub severity: String,
    /// First version that is not affected; empty where there is none.
    pub fixed_version: String,
    /// `fixed`, `none_yet`, `deferred`, `will_not_fix`, `out_of_support`.
    pub remedy: String,
    /// Matched range, names, the source's words.
    pub why: Value,
    /// When it was first found.
    pub first_seen: TimeMicros,
}

/// A device with what makes it vulnerable.
#[derive(Clone, Debug, PartialEq)]
pub struct AffectedDevice {
    /// The device.
    pub device: DeviceRef,
    /// Its packages that have it.
    pub by: Vec<AffectedBy>,
}

/// Where packages lie and why they are vulnerable, for the rows of a page.
#[derive(Default)]
pub(super) struct Evidence {
    why: HashMap<(i64, String), Value>,
    /// By device and component.
    paths: HashMap<(String, i64), Vec<String>>,
}

impl Evidence {
    /// Reads it for some devices and some findings; `of` says of which components paths are wanted, else of all.
    pub async fn read(
        tx: &mut PgConnection,
        tenant: TenantId,
        devices: &[String],
        (findings, of): (&[(i64, String)], Option<&[i64]>),
    ) -> Result<Self> {
        let (components, vulnerabilities): (Vec<i64>, Vec<String>) = findings.iter().cloned().unzip();
        let rows = sqlx::query(
            "SELECT f.component_id, f.vulnerability, f.why
             FROM unnest($2::bigint[], $3::text[]) AS u(component, vulnerability)
             JOIN vulnerability_findings f ON f.tenant_id = $1 AND f.component_id = u.component
                 AND f.vulnerability = u.vulnerability",
        )
        .bind(tenant.0)
        .bind(&components)
        .bind(&vulnerabilities)
        .fetch_all(&mut *tx)
        .await?;
        let mut evidence = Self::default();
        for r in &rows {
            let key = (r.try_get("component_id")?, r.try_get("vulnerability")?);
            evidence.why.insert(key, r.try_get("why")?);
        }
        // A machine may have very many of them, and a list very many machines.
        let keys = of.map(|of| of.iter().map(ToString::to_string).collect::<Vec<_>>());
        let rows = sqlx::query(
            "SELECT c.device_id, p.key, p.value FROM device_components c CROSS JOIN LATERAL jsonb_each(
                 CASE WHEN jsonb_typeof(c.paths) = 'object' THEN c.paths ELSE '{}' END) AS p
             WHERE c.tenant_id = $1 AND c.device_id = ANY($2) AND ($3::text[] IS NULL OR p.key = ANY($3))",
        )
        .bind(tenant.0)
        .bind(devices)
        .bind(keys)
        .fetch_all(tx)
        .await?;
        for r in &rows {
            let (component, list): (&str, Value) = (r.try_get("key")?, r.try_get("value")?);
            let list = list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
            if let Ok(component) = component.parse() {
                evidence.paths.insert((r.try_get("device_id")?, component), list.collect());
            }
        }
        Ok(evidence)
    }

    pub fn paths(&self, device: &str, component: i64) -> Vec<String> {
        self.paths.get(&(device.to_owned(), component)).cloned().unwrap_or_default()
    }

    pub fn why(&self, component: i64, vulnerability: &str) -> Value {
        self.why.get(&(component, vulnerability.to_owned())).cloned().unwrap_or(Value::Null)
    }
}

/// A finding on a device, in full.
pub(super) fn affected(
    (found, component, software): (&Found, &Component, &str),
    vulnerability: &str,
    (device, ordinal): (&str, u32),
    evidence: &Evidence,
) -> AffectedBy {
    AffectedBy {
        component: component.id,
        software: software.to_owned(),
        name: component.name.to_string(),
        version: component.version.clone(),
        ecosystem: component.ecosystem.to_string(),
        release: component.release.to_string(),
        arch: component.arch.to_string(),
        source_name: component.source_name.to_string(),
        source_version: component.source_version.clone(),
        paths: evidence.paths(device, component.id),
        running: component.running.contains(ordinal),
        advisory: found.advisory.clone(),
        feed: found.feed.to_string(),
        feed_at: found.feed_at,
        severity: found.severity.to_string(),
        fixed_version: found.fixed_version.to_string(),
        remedy: found.remedy.to_string(),
        why: evidence.why(component.id, vulnerability),
        first_seen: found.first_seen,
    }
}

/// A page of a set of devices, by name. The set is already within the caller's scope.
pub(super) async fn devices_page(
    tx: &mut PgConnection,
    tenant: TenantId,
    devices: &RoaringBitmap,
    search: Option<&str>,
    (list, range): (&str, &Range),
) -> Result<Page<(u32, DeviceRef)>> {
    const KEY: &str = "left(lower(d.name), 100)";
    let list = range.list(list, "name");
    let after = range.cursor.as_deref().map(|c| Cursor::decode(c, &list)).transpose()?;
    let from = |columns: &str| {
        let mut q = QueryBuilder::<Postgres>::new(format!(
            "SELECT {columns} FROM device_ordinals o
             JOIN devices d ON d.tenant_id = o.tenant_id AND d.id = o.device_id
             LEFT JOIN device_exposures e ON e.tenant_id = d.tenant_id AND e.device_id = d.id
             WHERE d.status = 'active' AND o.tenant_id = "
        ));
        q.push_bind(tenant.0).push(" AND o.ordinal = ANY(").push_bind(numbers(devices)).push(")");
        if let Some(search) = search.map(str::trim).filter(|s| !s.is_empty()) {
            q.push(" AND d.name ILIKE ").push_bind(containing(search));
        }
        q
    };
    let total: i64 = from("count(*)").build_query_scalar().fetch_one(&mut *tx).await?;
    let mut q = from(&format!(
        "o.ordinal, d.id, d.name, d.os_distribution || ' ' || d.os_version AS os, e.exposure, {KEY} AS key"
    ));
    let (order, beyond) = if range.descending { ("DESC", "<") } else { ("ASC", ">") };
    if let Some(after) = after {
        q.push(format!(" AND ({KEY}, d.id) {beyond} ("))
            .push_bind(after.key)
            .push(", ")
            .push_bind(after.id)
            .push(")");
    }
    q.push(format!(" ORDER BY {KEY} {order}, d.id {order} LIMIT ")).push_bind(range.sql_limit() + 1);
    let mut items = Vec::new();
    for r in &q.build().fetch_all(tx).await? {
        let number: i32 = r.try_get("ordinal")?;
        let number = u32::try_from(number)
            .map_err(|_| StateError::Internal("a device's number is negative".into()))?;
        let key: String = r.try_get("key")?;
        items.push((key, number, device_ref(r)?));
    }
    let page = page::finish(items, range.sql_limit(), total, |(key, _, device)| Cursor {
        list: list.clone(),
        key: key.clone(),
        id: device.id.to_string(),
    });
    Ok(Page {
        items: page.items.into_iter().map(|(_, number, device)| (number, device)).collect(),
        next_cursor: page.next_cursor,
        total: page.total,
    })
}

fn device_ref(r: &sqlx::postgres::PgRow) -> Result<DeviceRef> {
    let os: String = r.try_get("os")?;
    Ok(DeviceRef {
        id: row::device(r, "id")?,
        name: r.try_get("name")?,
        os: os.trim().to_owned(),
        exposure: r.try_get("exposure")?,
    })
}

impl State {
    /// A page of the scope's devices that have a vulnerability, by name, each with why.
    ///
    /// # Errors
    /// `not_found` where none has it, `cursor_invalid`.
    pub async fn weakness_devices(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        id: &str,
        (search, range): (Option<&str>, &Range),
        now: TimeMicros,
    ) -> Result<Page<AffectedDevice>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sight = self.sight(&mut tx, tenant, scope, now).await?;
        let (known, devices) = sight.vulnerability(id)?;
        let page = devices_page(&mut tx, tenant, &devices, search, ("vulnerability_devices", range)).await?;
        let mut of: BTreeMap<u32, Vec<(&Found, &Component)>> = BTreeMap::new();
        let mut findings = Vec::new();
        for (found, component) in sight.book.of_vulnerability(known) {
            let on: Vec<u32> =
                page.items.iter().map(|(n, _)| *n).filter(|n| component.devices.contains(*n)).collect();
            if !on.is_empty() {
                findings.push((component.id, known.id.clone()));
            }
            on.into_iter().for_each(|n| of.entry(n).or_default().push((found, component)));
        }
        let names: Vec<String> = page.items.iter().map(|(_, d)| d.id.to_string()).collect();
        let theirs: Vec<i64> = findings.iter().map(|(component, _)| *component).collect();
        let evidence = Evidence::read(&mut tx, tenant, &names, (&findings, Some(&theirs))).await?;
        tx.commit().await?;
        let mut items = Vec::with_capacity(page.items.len());
        for ((number, device), name) in page.items.into_iter().zip(&names) {
            let by = of.remove(&number).unwrap_or_default().into_iter().map(|(found, component)| {
                let software = &sight.book.software[component.software as usize].id;
                affected((found, component, software), &known.id, (name, number), &evidence)
            });
            items.push(AffectedDevice { by: by.collect(), device });
        }
        Ok(Page { items, next_cursor: page.next_cursor, total: page.total })
    }
}
