//! What the vuln process would conclude, written row by row, for tests of those who read it.

mod baselines;

use std::collections::BTreeMap;

use palisade_state::DbRole;
use palisade_types::{DeviceId, TenantId, TimeMicros};
use roaring::RoaringBitmap;
use serde_json::{Value, json};
use sqlx::{ConnectOptions, PgConnection};

use crate::TestDb;

/// Writes rows as the vuln process does, and parts of inventories as the lake does.
pub struct VulnerableRows {
    vuln: PgConnection,
    lake: PgConnection,
    tenant: TenantId,
    ordinals: BTreeMap<DeviceId, u32>,
    now: i64,
}

async fn connected(db: &TestDb, role: DbRole, tenant: TenantId) -> PgConnection {
    let mut connection = db.options(role).region.connect().await.expect("connects");
    sqlx::query("SELECT set_config('app.tenant', $1, false)")
        .bind(tenant.to_string())
        .execute(&mut connection)
        .await
        .expect("the tenant is set");
    connection
}

impl VulnerableRows {
    /// A writer for one tenant, at an instant.
    ///
    /// # Panics
    /// As every function here, when PostgreSQL refuses: the test cannot go on.
    pub async fn new(db: &TestDb, tenant: TenantId, now: TimeMicros) -> Self {
        Self {
            vuln: connected(db, DbRole::Vuln, tenant).await,
            lake: connected(db, DbRole::Lake, tenant).await,
            tenant,
            ordinals: BTreeMap::new(),
            now: now.0,
        }
    }

    async fn set(&mut self, devices: &[DeviceId]) -> Vec<u8> {
        let mut set = RoaringBitmap::new();
        for device in devices {
            if !self.ordinals.contains_key(device) {
                let sql = "INSERT INTO device_ordinals (tenant_id, ordinal, device_id)
                    SELECT $1, coalesce(max(ordinal), 0) + 1, $2 FROM device_ordinals WHERE tenant_id = $1
                    ON CONFLICT (tenant_id, device_id) DO UPDATE SET device_id = excluded.device_id
                    RETURNING ordinal";
                let q = sqlx::query_scalar(sql).bind(self.tenant.0).bind(device.to_string());
                let ordinal: i32 = q.fetch_one(&mut self.vuln).await.expect("a number");
                self.ordinals.insert(*device, u32::try_from(ordinal).expect("positive"));
            }
            set.insert(self.ordinals[device]);
        }
        let mut bytes = Vec::new();
        set.serialize_into(&mut bytes).expect("written");
        bytes
    }

    /// A package: ecosystem, release, name, version; the devices that have it, and those on which it runs.
    pub async fn component(&mut self, id: i64, what: [&str; 4], devices: &[DeviceId], running: &[DeviceId]) {
        let [ecosystem, release, name, version] = what;
        let (set, runs) = (self.set(devices).await, self.set(running).await);
        sqlx::query(
            "INSERT INTO components (tenant_id, id, key, ecosystem, release, name, version, source_name, source_version,
                 arch, vendor, origin, devices, running, device_count, running_count, covered, first_seen, changed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $6, $7, 'amd64', '', '', $8, $9, $10, $11, $12, $13, $13)",
        )
        .bind(self.tenant.0)
        .bind(id)
        .bind(id.to_be_bytes().to_vec())
        .bind(ecosystem)
        .bind(release)
        .bind(name)
        .bind(version)
        .bind(set)
        .bind(runs)
        .bind(i32::try_from(devices.len()).expect("few"))
        .bind(i32::try_from(running.len()).expect("few"))
        .bind(ecosystem != "uncovered")
        .bind(self.now)
        .execute(&mut self.vuln)
        .await
        .expect("a component");
    }

    /// Takes a package away from everywhere, with what was found in it.
    pub async fn drop_component(&mut self, id: i64) {
        sqlx::query("DELETE FROM components WHERE tenant_id = $1 AND id = $2")
            .bind(self.tenant.0)
            .bind(id)
            .execute(&mut self.vuln)
            .await
            .expect("deleted");
    }

    /// A vulnerability: id, severity, CVSS, whether it is exploited.
    pub async fn vulnerability(&mut self, id: &str, severity: &str, cvss: Option<f64>, exploited: bool) {
        sqlx::query(
            "INSERT INTO vulnerabilities (tenant_id, id, title, description, severity, cvss, cvss_vector, epss, kev_added,
                 exploit_public, published, modified, aliases, weaknesses, links, facts, device_count, fixable,
                 first_seen, changed_at)
             VALUES ($1, $2, 'Title of ' || $2, '', $3, $4, '', NULL, $5, false, $6, NULL, '{}', '{CWE-79}', '{}', '{}',
                 1, true, $6, $6)",
        )
        .bind(self.tenant.0)
        .bind(id)
        .bind(severity)
        .bind(cvss)
        .bind(exploited.then_some(self.now))
        .bind(self.now)
        .execute(&mut self.vuln)
        .await
        .expect("a vulnerability");
    }

    /// What decided a finding, which somebody reported as wrong.
    pub async fn case(&mut self, component: i64, vulnerability: &str, case: &Value) {
        sqlx::query(
            "UPDATE vulnerability_findings SET why = why || jsonb_build_object('case', $4::jsonb)
             WHERE tenant_id = $1 AND component_id = $2 AND vulnerability = $3",
        )
        .bind(self.tenant.0)
        .bind(component)
        .bind(vulnerability)
        .bind(case)
        .execute(&mut self.vuln)
        .await
        .expect("a case");
        self.keep_cases().await;
    }

    /// Keeps what decided findings that were reported as wrong, as every assessment does.
    pub async fn keep_cases(&mut self) {
        let kept =
            palisade_state::vulnerabilities::keep_cases(&mut self.vuln, self.tenant, TimeMicros(self.now));
        kept.await.expect("kept");
    }

    /// That a component has it; `fixed` is empty where no version is without it.
    pub async fn finding(&mut self, component: i64, vulnerability: &str, fixed: &str) {
        sqlx::query(
            "INSERT INTO vulnerability_findings (tenant_id, component_id, vulnerability, advisory, feed, feed_at, severity,
                 fixed_version, remedy, why, first_seen, changed_at)
             VALUES ($1, $2, $3, 'ADV-' || $3, 'test', $4, 'high', $5, $6, $7, $4, $4)",
        )
        .bind(self.tenant.0)
        .bind(component)
        .bind(vulnerability)
        .bind(self.now)
        .bind(fixed)
        .bind(if fixed.is_empty() { "none_yet" } else { "fixed" })
        .bind(json!({"range": format!("< {fixed}")}))
        .execute(&mut self.vuln)
        .await
        .expect("a finding");
    }

    /// What to do: id, product and version, and its effect.
    pub async fn recommendation(&mut self, id: &str, what: [&str; 2], devices: &[DeviceId], effect: f64) {
        self.resolving(id, what, devices, effect, json!({})).await;
    }

    /// The same with its document.
    pub async fn resolving(
        &mut self,
        id: &str,
        what: [&str; 2],
        devices: &[DeviceId],
        effect: f64,
        document: Value,
    ) {
        let set = self.set(devices).await;
        sqlx::query(
            "INSERT INTO vulnerability_recommendations (tenant_id, id, kind, product, release, target, severity, exploited,
                 exploit_public, restart, vulnerabilities, devices, device_count, effect, document, first_seen, changed_at)
             VALUES ($1, $2, 'update', $3, 'debian:12', $4, 'high', false, false, 'none', 1, $5, $6, $7, $9, $8, $8)",
        )
        .bind(self.tenant.0)
        .bind(id)
        .bind(what[0])
        .bind(what[1])
        .bind(set)
        .bind(i32::try_from(devices.len()).expect("few"))
        .bind(effect)
        .bind(self.now)
        .bind(document)
        .execute(&mut self.vuln)
        .await
        .expect("a recommendation");
    }

    /// How exposed a device is, and how much it counts.
    pub async fn exposure(&mut self, device: DeviceId, exposure: f64, weight: f64) {
        sqlx::query(
            "INSERT INTO device_exposures (tenant_id, device_id, exposure, unfixable, critical, high, medium, low, unknown,
                 exploited, software, uncovered, weight, contributors, evaluated_at)
             VALUES ($1, $2, $3, $3 / 2, 0, 1, 0, 0, 0, 0, 1, 0, $4, '[]', $5)",
        )
        .bind(self.tenant.0)
        .bind(device.to_string())
        .bind(exposure)
        .bind(weight)
        .bind(self.now)
        .execute(&mut self.vuln)
        .await
        .expect("an exposure");
    }

    /// Where a device's packages lie, by number.
    pub async fn paths(&mut self, device: DeviceId, paths: Value) {
        let none = self.set(&[]).await;
        sqlx::query(
            "INSERT INTO device_components (tenant_id, device_id, components, paths, taken_at, changed_at)
             VALUES ($1, $2, $3, $4, $5, $5)",
        )
        .bind(self.tenant.0)
        .bind(device.to_string())
        .bind(none)
        .bind(paths)
        .bind(self.now)
        .execute(&mut self.vuln)
        .await
        .expect("paths");
    }

    /// The organisation's exposure, so many microseconds ago.
    pub async fn history(&mut self, ago: i64, exposure: f64) {
        sqlx::query(
            "INSERT INTO exposure_history (tenant_id, at, exposure, devices, findings) VALUES ($1, $2, $3, 1, 1)",
        )
        .bind(self.tenant.0)
        .bind(self.now - ago)
        .bind(exposure)
        .execute(&mut self.vuln)
        .await
        .expect("a point");
    }

    /// A feed and how it stands.
    pub async fn feed(&mut self, feed: &str, state: &str, required: bool) {
        sqlx::query(
            "INSERT INTO feed_states (tenant_id, feed, title, state, records, fetched_at, failed_at, failure, required,
                 changed_at)
             VALUES ($1, $2, 'Feed ' || $2, $3, 7, $4, NULL, '', $5, $4)",
        )
        .bind(self.tenant.0)
        .bind(feed)
        .bind(state)
        .bind(self.now)
        .bind(required)
        .execute(&mut self.vuln)
        .await
        .expect("a feed");
    }

    /// A part of a device's inventory.
    pub async fn part(&mut self, device: DeviceId, part: &str, body: Value) {
        sqlx::query(
            "INSERT INTO device_inventory_parts (tenant_id, device_id, part, digest, body, received_at)
             VALUES ($1, $2, $3, '', $4, $5)",
        )
        .bind(self.tenant.0)
        .bind(device.to_string())
        .bind(part)
        .bind(body)
        .bind(self.now)
        .execute(&mut self.lake)
        .await
        .expect("a part");
        sqlx::query(
            "INSERT INTO device_inventories (tenant_id, device_id, taken_at, received_at, parts, left_out, complete, touched_at)
             VALUES ($1, $2, $3, $3, '{}', '{}', true, 0) ON CONFLICT (tenant_id, device_id) DO NOTHING",
        )
        .bind(self.tenant.0)
        .bind(device.to_string())
        .bind(self.now)
        .execute(&mut self.lake)
        .await
        .expect("an inventory");
    }
}
