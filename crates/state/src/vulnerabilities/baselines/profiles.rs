//! Profiles that people made, and which devices run which profile.

use palisade_types::{TenantId, TimeMicros};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::{Result, State, StateError, row};

/// Most profiles of a tenant.
pub const MAX_PROFILES: i64 = 200;
/// Most places where profiles of a tenant are assigned.
const MAX_ASSIGNMENTS: i64 = 1000;
/// Longest name of whoever changed something.
const MAX_BY: usize = 200;

/// A profile as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptProfile {
    /// Its name.
    pub name: String,
    /// The profile, as JSON.
    pub document: Value,
    /// Rises with each change.
    pub revision: u32,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: TimeMicros,
    /// Who changed it last.
    pub updated_by: String,
    /// When.
    pub updated_at: TimeMicros,
}

/// A profile to keep; who calls has checked its content.
#[derive(Clone, Debug)]
pub struct NewProfile {
    /// Its name.
    pub name: String,
    /// The profile, as JSON.
    pub document: Value,
    /// Who keeps it.
    pub by: String,
}

/// Where a profile is assigned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssignedTo {
    /// Every device.
    pub everywhere: bool,
    /// Devices of these groups, by id and name.
    pub groups: Vec<(Uuid, String)>,
}

fn profile(r: &PgRow) -> Result<KeptProfile> {
    Ok(KeptProfile {
        name: r.try_get("name")?,
        document: r.try_get("document")?,
        revision: u32::try_from(r.try_get::<i32, _>("revision")?).unwrap_or(0),
        created_by: r.try_get("created_by")?,
        created_at: row::time(r, "created_at")?,
        updated_by: r.try_get("updated_by")?,
        updated_at: row::time(r, "updated_at")?,
    })
}

const COLUMNS: &str = "name, document, revision, created_by, created_at, updated_by, updated_at";

async fn lock(tx: &mut PgConnection, tenant: TenantId) -> Result<()> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('palisade.baselines.' || $1, 0))")
        .bind(tenant.to_string())
        .execute(tx)
        .await?;
    Ok(())
}

impl State {
    /// The profiles that people made, by name.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn baseline_profiles(&self, tenant: TenantId) -> Result<Vec<KeptProfile>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sql = format!("SELECT {COLUMNS} FROM baseline_profiles WHERE tenant_id = $1 ORDER BY name");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tenant.0).fetch_all(&mut *tx).await?;
        tx.commit().await?;
        rows.iter().map(profile).collect()
    }

    /// Keeps a new profile.
    ///
    /// # Errors
    /// `conflict` when the name is taken, `baseline_too_many`.
    pub async fn create_baseline_profile(
        &self,
        tenant: TenantId,
        new: &NewProfile,
        now: TimeMicros,
    ) -> Result<KeptProfile> {
        let mut tx = self.tenant_tx(tenant).await?;
        lock(&mut tx, tenant).await?;
        let known: i64 = sqlx::query_scalar("SELECT count(*) FROM baseline_profiles WHERE tenant_id = $1")
            .bind(tenant.0)
            .fetch_one(&mut *tx)
            .await?;
        if known >= MAX_PROFILES {
            let message = format!("there are {MAX_PROFILES} profiles already; delete one first");
            return Err(StateError::Rule { code: "baseline_too_many", message });
        }
        let sql = format!(
            "INSERT INTO baseline_profiles (tenant_id, name, document, revision, created_by, created_at, updated_by, updated_at)
             VALUES ($1, $2, $3, 1, $4, $5, $4, $5) ON CONFLICT DO NOTHING RETURNING {COLUMNS}"
        );
        let made = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(tenant.0)
            .bind(&new.name)
            .bind(row::json(&new.document))
            .bind(row::text(&new.by, MAX_BY))
            .bind(now.0)
            .fetch_optional(&mut *tx)
            .await?;
        let made = made.ok_or_else(|| StateError::Conflict("there is a profile of this name".into()))?;
        tx.commit().await?;
        profile(&made)
    }

    /// Changes a profile. `read_at` is the revision at which the caller read it, where that matters.
    ///
    /// # Errors
    /// `not_found`; `conflict` when it was changed since it was read.
    pub async fn update_baseline_profile(
        &self,
        tenant: TenantId,
        new: &NewProfile,
        read_at: Option<u32>,
        now: TimeMicros,
    ) -> Result<KeptProfile> {
        let mut tx = self.tenant_tx(tenant).await?;
        lock(&mut tx, tenant).await?;
        let sql = format!(
            "UPDATE baseline_profiles SET document = $3, revision = revision + 1, updated_by = $4, updated_at = $5
             WHERE tenant_id = $1 AND name = $2 AND ($6::integer IS NULL OR revision = $6) RETURNING {COLUMNS}"
        );
        let changed = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(tenant.0)
            .bind(&new.name)
            .bind(row::json(&new.document))
            .bind(row::text(&new.by, MAX_BY))
            .bind(now.0)
            .bind(read_at.map(|n| i32::try_from(n).unwrap_or(-1)))
            .fetch_optional(&mut *tx)
            .await?;
        if let Some(changed) = changed {
            tx.commit().await?;
            return profile(&changed);
        }
        let there: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM baseline_profiles WHERE tenant_id = $1 AND name = $2)",
        )
        .bind(tenant.0)
        .bind(&new.name)
        .fetch_one(&mut *tx)
        .await?;
        Err(if there {
            StateError::Conflict("the profile was changed since it was read".into())
        } else {
            StateError::NotFound("profile")
        })
    }

    /// Deletes a profile and takes it from all devices.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn delete_baseline_profile(&self, tenant: TenantId, name: &str) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        lock(&mut tx, tenant).await?;
        let gone = sqlx::query("DELETE FROM baseline_profiles WHERE tenant_id = $1 AND name = $2")
            .bind(tenant.0)
            .bind(name)
            .execute(&mut *tx)
            .await?;
        if gone.rows_affected() == 0 {
            return Err(StateError::NotFound("profile"));
        }
        sqlx::query("DELETE FROM baseline_assignments WHERE tenant_id = $1 AND profile = $2")
            .bind(tenant.0)
            .bind(name)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Where profiles are assigned, by profile.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn baseline_assignments(&self, tenant: TenantId) -> Result<Vec<(String, AssignedTo)>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = sqlx::query(
            "SELECT a.profile, a.group_id, g.name FROM baseline_assignments a
             LEFT JOIN device_groups g ON g.tenant_id = a.tenant_id AND g.id = a.group_id
             WHERE a.tenant_id = $1 ORDER BY a.profile, g.name, a.group_id",
        )
        .bind(tenant.0)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let mut all: Vec<(String, AssignedTo)> = Vec::new();
        for r in &rows {
            let profile: String = r.try_get("profile")?;
            if all.last().is_none_or(|(last, _)| *last != profile) {
                all.push((profile, AssignedTo::default()));
            }
            let Some((_, to)) = all.last_mut() else { continue };
            match r.try_get::<Option<Uuid>, _>("group_id")? {
                None => to.everywhere = true,
                Some(group) => {
                    to.groups.push((group, r.try_get::<Option<_>, _>("name")?.unwrap_or_default()))
                }
            }
        }
        Ok(all)
    }

    /// Says which devices run a profile, in the place of what was said before.
    ///
    /// # Errors
    /// `not_found` for a group that is not there, `baseline_too_many`.
    pub async fn assign_baseline(
        &self,
        tenant: TenantId,
        profile: &str,
        (everywhere, groups): (bool, &[Uuid]),
        by: &str,
        now: TimeMicros,
    ) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        lock(&mut tx, tenant).await?;
        let known: i64 =
            sqlx::query_scalar("SELECT count(*) FROM device_groups WHERE tenant_id = $1 AND id = ANY($2)")
                .bind(tenant.0)
                .bind(groups)
                .fetch_one(&mut *tx)
                .await?;
        let distinct: std::collections::BTreeSet<&Uuid> = groups.iter().collect();
        if usize::try_from(known).unwrap_or(0) != distinct.len() {
            return Err(StateError::NotFound("device group"));
        }
        sqlx::query("DELETE FROM baseline_assignments WHERE tenant_id = $1 AND profile = $2")
            .bind(tenant.0)
            .bind(profile)
            .execute(&mut *tx)
            .await?;
        let places = everywhere.then_some(None).into_iter().chain(distinct.into_iter().copied().map(Some));
        for group in places {
            sqlx::query(
                "INSERT INTO baseline_assignments (tenant_id, id, profile, group_id, created_by, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(tenant.0)
            .bind(Uuid::now_v7())
            .bind(profile)
            .bind(group)
            .bind(row::text(by, MAX_BY))
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        }
        let all: i64 = sqlx::query_scalar("SELECT count(*) FROM baseline_assignments WHERE tenant_id = $1")
            .bind(tenant.0)
            .fetch_one(&mut *tx)
            .await?;
        if all > MAX_ASSIGNMENTS {
            let message = format!("profiles are assigned to at most {MAX_ASSIGNMENTS} groups together");
            return Err(StateError::Rule { code: "baseline_too_many", message });
        }
        tx.commit().await?;
        Ok(())
    }
}
