//! Rows of baselines and the secure score.

use palisade_types::DeviceId;
use roaring::RoaringBitmap;
use serde_json::{Value, json};

use super::VulnerableRows;

impl VulnerableRows {
    /// A profile's run on a device, by a revision (empty: by default): checks and how each ended.
    pub async fn baseline(
        &mut self,
        device: DeviceId,
        (profile, revision): (&str, &str),
        checks: &[(&str, &str)],
    ) {
        let mut told = serde_json::Map::new();
        for (check, state) in checks {
            let seen = json!({
                "state": state, "observed": format!("{check} on {device}"), "expected": "no",
                "evidence": [{"path": "/etc/ssh/sshd_config", "line": 3}],
            });
            told.insert((*check).to_owned(), seen);
            self.check(device, profile, check, state).await;
        }
        let body = json!({
            "format": "palisade-baseline-told/1", "profile": profile, "revision": revision,
            "by_default": revision.is_empty(), "taken_us": self.now, "system": "debian 12", "checks": Value::Object(told),
        });
        self.part(device, &format!("baseline/{profile}"), body).await;
        let count =
            |of: &str| i32::try_from(checks.iter().filter(|(_, state)| *state == of).count()).expect("few");
        sqlx::query(
            "INSERT INTO device_baselines (tenant_id, device_id, profile, revision, by_default, ran_at, system, compliant,
                 not_compliant, not_applicable, not_evaluated, error, changed_at)
             VALUES ($1, $2, $3, $4, $4 = '', $5, 'debian 12', $6, $7, $8, $9, '', $5)",
        )
        .bind(self.tenant.0)
        .bind(device.to_string())
        .bind(profile)
        .bind(revision)
        .bind(self.now)
        .bind(count("compliant"))
        .bind(count("not_compliant"))
        .bind(count("not_applicable"))
        .bind(count("not_evaluated"))
        .execute(&mut self.vuln)
        .await
        .expect("a run");
    }

    /// Adds a device to those on which a check ended so.
    async fn check(&mut self, device: DeviceId, profile: &str, check: &str, state: &str) {
        let none = self.set(&[]).await;
        sqlx::query(
            "INSERT INTO baseline_checks (tenant_id, profile, check_id, compliant, not_compliant, not_applicable,
                 not_evaluated, changed_at)
             VALUES ($1, $2, $3, $4, $4, $4, $4, $5) ON CONFLICT DO NOTHING",
        )
        .bind(self.tenant.0)
        .bind(profile)
        .bind(check)
        .bind(none)
        .bind(self.now)
        .execute(&mut self.vuln)
        .await
        .expect("a check");
        let place = "FROM baseline_checks WHERE tenant_id = $1 AND profile = $2 AND check_id = $3";
        let known: Vec<u8> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT {state} {place}")))
            .bind(self.tenant.0)
            .bind(profile)
            .bind(check)
            .fetch_one(&mut self.vuln)
            .await
            .expect("a set");
        let both = self.with(&known, device).await;
        let sql = format!(
            "UPDATE baseline_checks SET {state} = $4 WHERE tenant_id = $1 AND profile = $2 AND check_id = $3"
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(self.tenant.0)
            .bind(profile)
            .bind(check)
            .bind(both)
            .execute(&mut self.vuln)
            .await
            .expect("written");
    }

    /// A set with one device more.
    async fn with(&mut self, known: &[u8], device: DeviceId) -> Vec<u8> {
        let one = self.set(&[device]).await;
        let read = |bytes: &[u8]| RoaringBitmap::deserialize_from(bytes).expect("a set");
        let mut bytes = Vec::new();
        (read(known) | read(&one)).serialize_into(&mut bytes).expect("written");
        bytes
    }

    /// A device's secure score of checks of the impact 5: those that it passes and those that it fails.
    pub async fn secure(&mut self, device: DeviceId, passed: &[&str], failed: &[&str], weight: f64) {
        let all = u32::try_from(passed.len() + failed.len()).expect("few");
        let score = 100.0 * f64::from(u32::try_from(passed.len()).expect("few")) / f64::from(all);
        sqlx::query(
            "INSERT INTO device_secure_scores (tenant_id, device_id, score, network, possible, weight, evaluated_at)
             VALUES ($1, $2, $3, $3, $4, $5, $6)",
        )
        .bind(self.tenant.0)
        .bind(device.to_string())
        .bind(score)
        .bind(i32::try_from(5 * all).expect("few"))
        .bind(weight)
        .bind(self.now)
        .execute(&mut self.vuln)
        .await
        .expect("a score");
        for (checks, column) in [(passed, "passed"), (failed, "failed")] {
            for check in checks {
                self.cause(device, check, column).await;
            }
        }
    }

    async fn cause(&mut self, device: DeviceId, check: &str, column: &str) {
        let none = self.set(&[]).await;
        let cause = format!("configure/{check}");
        sqlx::query(
            "INSERT INTO secure_checks (tenant_id, cause, title, category, impact, passed, failed, changed_at)
             VALUES ($1, $2, $3, 'network', 5, $4, $4, $5) ON CONFLICT DO NOTHING",
        )
        .bind(self.tenant.0)
        .bind(&cause)
        .bind(check)
        .bind(none)
        .bind(self.now)
        .execute(&mut self.vuln)
        .await
        .expect("a cause");
        let sql = format!("SELECT {column} FROM secure_checks WHERE tenant_id = $1 AND cause = $2");
        let known: Vec<u8> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .bind(self.tenant.0)
            .bind(&cause)
            .fetch_one(&mut self.vuln)
            .await
            .expect("a set");
        let both = self.with(&known, device).await;
        let sql = format!("UPDATE secure_checks SET {column} = $3 WHERE tenant_id = $1 AND cause = $2");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(self.tenant.0)
            .bind(&cause)
            .bind(both)
            .execute(&mut self.vuln)
            .await
            .expect("written");
    }

    /// A point of both courses: the secure score with why it changed, and a profile's compliance on its day.
    pub async fn posture_history(&mut self, profile: &str, score: f64, changes: Value) {
        sqlx::query(
            "INSERT INTO secure_score_history (tenant_id, at, score, categories, devices, changes)
             VALUES ($1, $2, $3, '{\"network\": 50}', 1, $4)",
        )
        .bind(self.tenant.0)
        .bind(self.now)
        .bind(score)
        .bind(changes)
        .execute(&mut self.vuln)
        .await
        .expect("a point");
        sqlx::query(
            "INSERT INTO baseline_history (tenant_id, profile, day, devices, compliant_devices, compliant, not_compliant)
             VALUES ($1, $2, $3, 2, 1, 3, 1)",
        )
        .bind(self.tenant.0)
        .bind(profile)
        .bind(self.now)
        .execute(&mut self.vuln)
        .await
        .expect("a day");
    }
}
