//! What is compared: the assessment before, as the tables hold it, and the one that is about to be written.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use palisade_types::TenantId;
use roaring::RoaringBitmap;
use serde_json::Value;
use sqlx::{PgConnection, Row};

use super::super::book::{bitmap, exploited as is_exploited};
use crate::Result;
use crate::assessment::{AssessmentWrite, ComponentRow, FindingRow, VulnerabilityRow};

/// A vulnerability as it was.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KnownBefore {
    pub title: String,
    pub severity: String,
    pub epss: Option<f64>,
    pub exploited: bool,
    pub exploit_public: bool,
    pub fixable: bool,
    pub devices: u32,
}

/// A component of a vulnerability that is gone: where it was, and where it ran.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GoneComponent {
    pub id: i64,
    pub label: String,
    pub devices: RoaringBitmap,
    pub running: RoaringBitmap,
}

/// The assessment before.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Before {
    /// Those that some device had.
    pub known: BTreeMap<String, KnownBefore>,
    /// Components by their ids.
    pub components: HashSet<i64>,
    /// Software: ecosystem and source.
    pub software: HashSet<(String, String)>,
    /// Recommendations to leave what has no support any more.
    pub ended: BTreeSet<String>,
    /// Certificates that were no longer valid.
    pub expired: BTreeSet<String>,
    /// Feeds: whether they alarmed.
    pub feeds: BTreeMap<String, bool>,
    /// The organisation's exposure.
    pub exposure: Option<f64>,
    /// Devices that were judged.
    pub devices: u32,
    /// The exposure that was last told.
    pub told: Option<f64>,
    /// Where those were that are gone now.
    pub gone: HashMap<String, Vec<GoneComponent>>,
}

/// The assessment that is about to be written.
pub struct After<'a> {
    pub write: &'a AssessmentWrite,
    /// Those that some device has.
    pub known: BTreeMap<&'a str, &'a VulnerabilityRow>,
    /// Components by their ids, with who has them.
    pub components: HashMap<i64, (&'a ComponentRow, RoaringBitmap)>,
    /// What each vulnerability is found in.
    pub found: HashMap<&'a str, Vec<&'a FindingRow>>,
    /// Every device that has something.
    pub devices: RoaringBitmap,
}

/// Whether CISA says that it is exploited.
pub fn exploited(known: &VulnerabilityRow) -> bool {
    known.kev_added.is_some() || is_exploited(&known.facts)
}

/// What a software is called that a component is a part of: by its source where it has one.
pub fn software(ecosystem: &str, source: &str, name: &str) -> (String, String) {
    (ecosystem.to_owned(), if source.is_empty() { name } else { source }.to_owned())
}

/// Whether something has to be done about a feed; as [`super::super::FeedState::alarms`].
pub fn alarms(state: &str, required: bool) -> bool {
    state != "ok" && (required || state != "never")
}

/// Whether a recommendation is there because support ended.
pub fn is_end_of_life(kind: &str) -> bool {
    matches!(kind, "upgrade_system" | "uninstall")
}

/// The fingerprint of a certificate that a recommendation calls expired.
pub fn expired(kind: &Value) -> Option<&str> {
    let problems = kind["problems"].as_array()?;
    problems.iter().any(|p| p == "expired").then(|| kind["fingerprint"].as_str())?
}

impl<'a> After<'a> {
    /// Reads it.
    ///
    /// # Errors
    /// `internal` when a set of devices cannot be read, which its writer has just made.
    pub fn of(write: &'a AssessmentWrite) -> Result<Self> {
        let mut components = HashMap::with_capacity(write.components.len());
        let mut devices = RoaringBitmap::new();
        for row in &write.components {
            let set = bitmap(&row.devices)?;
            devices |= &set;
            components.insert(row.id, (row, set));
        }
        let mut found: HashMap<&str, Vec<&FindingRow>> = HashMap::new();
        for finding in &write.findings {
            found.entry(&finding.vulnerability).or_default().push(finding);
        }
        let known = write.vulnerabilities.iter().filter(|v| v.device_count > 0);
        let known = known.map(|v| (v.id.as_str(), v)).collect();
        Ok(Self { write, known, components, found, devices })
    }

    /// Who has a vulnerability.
    pub fn devices_of(&self, vulnerability: &str) -> RoaringBitmap {
        let mut all = RoaringBitmap::new();
        for finding in self.found.get(vulnerability).into_iter().flatten() {
            if let Some((_, devices)) = self.components.get(&finding.component_id) {
                all |= devices;
            }
        }
        all
    }

    /// The organisation's exposure.
    pub fn exposure(&self) -> Option<f64> {
        self.write.point.map(|p| p.exposure)
    }

    /// Devices that were judged.
    pub fn judged(&self) -> u32 {
        self.write.point.map_or(0, |p| p.devices)
    }
}

impl Before {
    /// Reads it; none where nothing of this tenant was ever judged.
    pub async fn read(tx: &mut PgConnection, tenant: TenantId) -> Result<Option<Self>> {
        let kept = sqlx::query("SELECT devices, exposure FROM vulnerability_timelines WHERE tenant_id = $1")
            .bind(tenant.0)
            .fetch_optional(&mut *tx)
            .await?;
        let Some(kept) = kept.filter(|r| r.try_get::<i32, _>("devices").is_ok_and(|n| n > 0)) else {
            return Ok(None);
        };
        let mut before = Self {
            devices: u32::try_from(kept.try_get::<i32, _>("devices")?).unwrap_or_default(),
            told: kept.try_get("exposure")?,
            ..Self::default()
        };
        before.exposure = sqlx::query_scalar(
            "SELECT sum(weight * exposure) / sum(weight) FROM device_exposures WHERE tenant_id = $1",
        )
        .bind(tenant.0)
        .fetch_one(&mut *tx)
        .await?;
        before.read_known(tx, tenant).await?;
        before.read_rest(tx, tenant).await?;
        Ok(Some(before))
    }

    async fn read_known(&mut self, tx: &mut PgConnection, tenant: TenantId) -> Result<()> {
        let rows = sqlx::query(
            "SELECT id, title, severity, epss, kev_added IS NOT NULL AS listed, exploit_public, fixable, device_count,
                 jsonb_build_object('kev', facts->'kev', 'ssvc', facts->'ssvc') AS facts
             FROM vulnerabilities WHERE tenant_id = $1 AND device_count > 0",
        )
        .bind(tenant.0)
        .fetch_all(&mut *tx)
        .await?;
        for r in &rows {
            let known = KnownBefore {
                title: r.try_get("title")?,
                severity: r.try_get("severity")?,
                epss: r.try_get("epss")?,
                exploited: r.try_get::<bool, _>("listed")? || is_exploited(&r.try_get("facts")?),
                exploit_public: r.try_get("exploit_public")?,
                fixable: r.try_get("fixable")?,
                devices: u32::try_from(r.try_get::<i32, _>("device_count")?).unwrap_or_default(),
            };
            self.known.insert(r.try_get("id")?, known);
        }
        let rows = sqlx::query(
            "SELECT id, ecosystem, source_name, name FROM components WHERE tenant_id = $1 AND device_count > 0",
        )
        .bind(tenant.0)
        .fetch_all(&mut *tx)
        .await?;
        for r in &rows {
            self.components.insert(r.try_get("id")?);
            let (ecosystem, source, name) =
                (r.try_get("ecosystem")?, r.try_get("source_name")?, r.try_get("name")?);
            self.software.insert(software(ecosystem, source, name));
        }
        Ok(())
    }

    async fn read_rest(&mut self, tx: &mut PgConnection, tenant: TenantId) -> Result<()> {
        let rows = sqlx::query(
            "SELECT id, kind, document->'kind' AS document FROM vulnerability_recommendations
             WHERE tenant_id = $1 AND kind IN ('upgrade_system', 'uninstall', 'replace_certificate')",
        )
        .bind(tenant.0)
        .fetch_all(&mut *tx)
        .await?;
        for r in &rows {
            if is_end_of_life(r.try_get("kind")?) {
                self.ended.insert(r.try_get("id")?);
            }
            let document: Option<Value> = r.try_get("document")?;
            self.expired.extend(document.as_ref().and_then(expired).map(str::to_owned));
        }
        let rows = sqlx::query("SELECT feed, state, required FROM feed_states WHERE tenant_id = $1")
            .bind(tenant.0)
            .fetch_all(&mut *tx)
            .await?;
        for r in &rows {
            self.feeds.insert(r.try_get("feed")?, alarms(r.try_get("state")?, r.try_get("required")?));
        }
        Ok(())
    }

    /// Those that no device has any more.
    pub fn gone(&self, after: &After<'_>) -> Vec<String> {
        self.known.keys().filter(|id| !after.known.contains_key(id.as_str())).cloned().collect()
    }

    /// Reads where those were, before the tables forget it; of the first `most` only.
    pub async fn read_gone(
        &mut self,
        tx: &mut PgConnection,
        tenant: TenantId,
        gone: &[String],
        most: usize,
    ) -> Result<()> {
        let asked = &gone[..gone.len().min(most)];
        if asked.is_empty() {
            return Ok(());
        }
        let rows = sqlx::query(
            "SELECT f.vulnerability, c.id, c.name || ' ' || c.version AS label, c.devices, c.running
             FROM vulnerability_findings f
             JOIN components c ON c.tenant_id = f.tenant_id AND c.id = f.component_id
             WHERE f.tenant_id = $1 AND f.vulnerability = ANY($2) ORDER BY 1, 2 LIMIT 20000",
        )
        .bind(tenant.0)
        .bind(asked)
        .fetch_all(&mut *tx)
        .await?;
        for r in &rows {
            let component = GoneComponent {
                id: r.try_get("id")?,
                label: r.try_get("label")?,
                devices: bitmap(r.try_get("devices")?)?,
                running: bitmap(r.try_get("running")?)?,
            };
            self.gone.entry(r.try_get("vulnerability")?).or_default().push(component);
        }
        Ok(())
    }
}
