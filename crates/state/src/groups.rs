//! Device groups: what they are. Who belongs to them is kept by [`members`].

mod members;
mod preview;

use std::collections::HashMap;

use palisade_estate::group::{Automation, Criticality, Rule};
use palisade_types::{DeviceId, TenantId, TimeMicros};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::error::is_unique_violation;
use crate::{DeviceScope, Result, State, StateError, row};

pub use preview::{GroupPreview, PreviewedDevice};

/// Most groups of a tenant: each device that changes is held against every rule.
pub const MAX_DEVICE_GROUPS: usize = 200;
const MAX_DESCRIPTION: usize = 1000;

/// A device group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceGroup {
    /// The identifier.
    pub id: Uuid,
    /// The name, unique in the tenant without regard to case.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its place; of a device's groups the first by rank gives criticality and automation level.
    pub rank: u32,
    /// Who belongs to it.
    pub rule: Rule,
    /// How much harm the loss of one of its devices does.
    pub criticality: Criticality,
    /// How far the product may go on its devices by itself.
    pub automation: Automation,
    /// How many devices in service belong to it.
    pub devices: u64,
    /// How many users and tokens are limited to it.
    pub limits: u64,
    /// When it was made.
    pub created_at: TimeMicros,
    /// When it was changed last.
    pub changed_at: TimeMicros,
}

/// What a group shall be.
#[derive(Clone, Debug)]
pub struct NewDeviceGroup {
    /// The name.
    pub name: String,
    /// What it is for, at most 1000 characters.
    pub description: String,
    /// Its place, from 1; those at and behind it move back. The last place when absent.
    pub rank: Option<u32>,
    /// Who belongs to it.
    pub rule: Rule,
    /// How much harm the loss of one of its devices does.
    pub criticality: Criticality,
    /// How far the product may go on its devices by itself.
    pub automation: Automation,
}

/// A group as a device's page names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupOfDevice {
    /// The group.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// What it gives to a device of which it is the first.
    pub criticality: Criticality,
    /// The same.
    pub automation: Automation,
}

const COLUMNS: &str = "g.id, g.name, g.description, g.rank, g.rule, g.criticality, g.automation, g.created_at,
    g.changed_at,
    (SELECT count(*) FROM device_group_members m JOIN devices d ON d.tenant_id = m.tenant_id AND d.id = m.device_id
     WHERE m.tenant_id = g.tenant_id AND m.group_id = g.id AND d.status = 'active') AS devices,
    (SELECT count(*) FROM role_groups r WHERE r.tenant_id = g.tenant_id AND r.group_id = g.id) AS limits
    FROM device_groups g";

fn group(row: &PgRow) -> Result<DeviceGroup> {
    Ok(DeviceGroup {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        description: row.try_get("description")?,
        rank: u32::try_from(row.try_get::<i32, _>("rank")?).unwrap_or(0),
        rule: rule(row)?,
        criticality: row::parsed(row, "criticality")?,
        automation: row::parsed(row, "automation")?,
        devices: u64::try_from(row.try_get::<i64, _>("devices")?).unwrap_or(0),
        limits: u64::try_from(row.try_get::<i64, _>("limits")?).unwrap_or(0),
        created_at: row::time(row, "created_at")?,
        changed_at: row::time(row, "changed_at")?,
    })
}

fn rule(row: &PgRow) -> Result<Rule> {
    let stored: Value = row.try_get("rule")?;
    Rule::from_json(&stored).map_err(|e| StateError::Internal(format!("a stored rule: {e}")))
}

/// The fields that are stored, checked.
struct Checked {
    name: String,
    description: String,
    rule: Value,
}

impl NewDeviceGroup {
    fn checked(&self) -> Result<Checked> {
        let description = self.description.trim();
        if description.chars().count() > MAX_DESCRIPTION {
            return Err(StateError::InvalidArgument(format!(
                "a description has at most {MAX_DESCRIPTION} characters"
            )));
        }
        Ok(Checked {
            name: row::name(&self.name)?,
            description: row::text(description, MAX_DESCRIPTION),
            rule: self.rule.canonical().to_json(),
        })
    }
}

fn taken(error: sqlx::Error) -> StateError {
    if is_unique_violation(&error) {
        StateError::Conflict("a device group has this name".into())
    } else {
        error.into()
    }
}

/// Every group in order, while nobody else can change one or its members.
async fn locked(tx: &mut PgConnection, tenant: TenantId) -> Result<Vec<Uuid>> {
    members::lock(tx, tenant).await?;
    Ok(sqlx::query_scalar("SELECT id FROM device_groups WHERE tenant_id = $1 ORDER BY rank")
        .bind(tenant.0)
        .fetch_all(tx)
        .await?)
}

async fn write_ranks(tx: &mut PgConnection, tenant: TenantId, order: &[Uuid]) -> Result<()> {
    sqlx::query(
        "UPDATE device_groups g SET rank = o.rank FROM unnest($2::uuid[]) WITH ORDINALITY AS o(id, rank)
         WHERE g.tenant_id = $1 AND g.id = o.id AND g.rank <> o.rank",
    )
    .bind(tenant.0)
    .bind(order)
    .execute(tx)
    .await?;
    Ok(())
}

/// Puts a group at a place, counted from 1; the last one when absent or too far.
fn place(order: &mut Vec<Uuid>, id: Uuid, rank: Option<u32>) {
    let at = rank.map_or(usize::MAX, |r| (r as usize).saturating_sub(1));
    order.insert(at.min(order.len()), id);
}

impl State {
    /// The device groups that lie in the scope, by rank.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn device_groups(&self, tenant: TenantId, scope: &DeviceScope) -> Result<Vec<DeviceGroup>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sql = format!("SELECT {COLUMNS} WHERE g.tenant_id = $1 ORDER BY g.rank");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tenant.0).fetch_all(&mut *tx).await?;
        tx.commit().await?;
        let all = rows.iter().map(group).collect::<Result<Vec<_>>>()?;
        Ok(all.into_iter().filter(|g| !scope.excludes_group(g.id)).collect())
    }

    /// One device group of the scope.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn device_group(&self, tenant: TenantId, scope: &DeviceScope, id: Uuid) -> Result<DeviceGroup> {
        if scope.excludes_group(id) {
            return Err(StateError::NotFound("device group"));
        }
        let mut tx = self.tenant_tx(tenant).await?;
        let sql = format!("SELECT {COLUMNS} WHERE g.tenant_id = $1 AND g.id = $2");
        let found =
            sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tenant.0).bind(id).fetch_optional(&mut *tx).await?;
        tx.commit().await?;
        group(&found.ok_or(StateError::NotFound("device group"))?)
    }

    /// Makes a device group; who belongs to it is known when this returns.
    ///
    /// # Errors
    /// `name_invalid`, `invalid_argument`, `conflict` (the name, or too many groups).
    pub async fn create_device_group(
        &self,
        tenant: TenantId,
        new: &NewDeviceGroup,
        now: TimeMicros,
    ) -> Result<DeviceGroup> {
        let checked = new.checked()?;
        let id = Uuid::new_v4();
        let mut tx = self.tenant_tx(tenant).await?;
        let mut order = locked(&mut tx, tenant).await?;
        if order.len() >= MAX_DEVICE_GROUPS {
            return Err(StateError::Conflict(format!(
                "a tenant has at most {MAX_DEVICE_GROUPS} device groups"
            )));
        }
        sqlx::query(
            "INSERT INTO device_groups (tenant_id, id, name, description, rank, rule, criticality, automation,
                 created_at, changed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
        )
        .bind(tenant.0)
        .bind(id)
        .bind(checked.name)
        .bind(checked.description)
        .bind(i32::try_from(order.len() + 1).unwrap_or(i32::MAX))
        .bind(checked.rule)
        .bind(new.criticality.as_str())
        .bind(new.automation.as_str())
        .bind(now.0)
        .execute(&mut *tx)
        .await
        .map_err(taken)?;
        place(&mut order, id, new.rank);
        write_ranks(&mut tx, tenant, &order).await?;
        members::regroup_all(&mut tx, tenant, id, &new.rule, now).await?;
        tx.commit().await?;
        self.device_group(tenant, &DeviceScope::all(), id).await
    }

    /// Changes a device group; without a rank it keeps its place.
    ///
    /// # Errors
    /// `not_found`, `name_invalid`, `invalid_argument`, `conflict` (the name).
    pub async fn update_device_group(
        &self,
        tenant: TenantId,
        id: Uuid,
        new: &NewDeviceGroup,
        now: TimeMicros,
    ) -> Result<DeviceGroup> {
        let checked = new.checked()?;
        let mut tx = self.tenant_tx(tenant).await?;
        let mut order = locked(&mut tx, tenant).await?;
        let done = sqlx::query(
            "UPDATE device_groups SET name = $3, description = $4, rule = $5, criticality = $6, automation = $7,
                 changed_at = $8
             WHERE tenant_id = $1 AND id = $2",
        )
        .bind(tenant.0)
        .bind(id)
        .bind(checked.name)
        .bind(checked.description)
        .bind(checked.rule)
        .bind(new.criticality.as_str())
        .bind(new.automation.as_str())
        .bind(now.0)
        .execute(&mut *tx)
        .await
        .map_err(taken)?;
        if done.rows_affected() == 0 {
            return Err(StateError::NotFound("device group"));
        }
        if new.rank.is_some() {
            order.retain(|other| *other != id);
            place(&mut order, id, new.rank);
            write_ranks(&mut tx, tenant, &order).await?;
        }
        members::regroup_all(&mut tx, tenant, id, &new.rule, now).await?;
        tx.commit().await?;
        self.device_group(tenant, &DeviceScope::all(), id).await
    }

    /// Deletes a device group; those behind it move up.
    ///
    /// # Errors
    /// `not_found`, `group_in_use` while a user or token is limited to it.
    pub async fn delete_device_group(&self, tenant: TenantId, id: Uuid) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        let mut order = locked(&mut tx, tenant).await?;
        let done = sqlx::query("DELETE FROM device_groups WHERE tenant_id = $1 AND id = $2")
            .bind(tenant.0)
            .bind(id)
            .execute(&mut *tx)
            .await
            .map_err(|e| match &e {
                sqlx::Error::Database(db) if db.is_foreign_key_violation() => StateError::GroupInUse,
                _ => e.into(),
            })?;
        if done.rows_affected() == 0 {
            return Err(StateError::NotFound("device group"));
        }
        order.retain(|other| *other != id);
        write_ranks(&mut tx, tenant, &order).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The groups of each of these devices, by rank; a device of none is left out.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn groups_of_devices(
        &self,
        tenant: TenantId,
        devices: &[DeviceId],
    ) -> Result<HashMap<DeviceId, Vec<GroupOfDevice>>> {
        let ids: Vec<String> = devices.iter().map(ToString::to_string).collect();
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = sqlx::query(
            "SELECT m.device_id, g.id, g.name, g.criticality, g.automation
             FROM device_group_members m JOIN device_groups g ON g.tenant_id = m.tenant_id AND g.id = m.group_id
             WHERE m.tenant_id = $1 AND m.device_id = ANY($2) ORDER BY g.rank",
        )
        .bind(tenant.0)
        .bind(ids)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let mut found: HashMap<DeviceId, Vec<GroupOfDevice>> = HashMap::new();
        for row in &rows {
            found.entry(row::device(row, "device_id")?).or_default().push(GroupOfDevice {
                id: row.try_get("id")?,
                name: row.try_get("name")?,
                criticality: row::parsed(row, "criticality")?,
                automation: row::parsed(row, "automation")?,
            });
        }
        Ok(found)
    }

    /// The devices of a limited scope, sorted; `None` where it is every device.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn devices_in_scope(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
    ) -> Result<Option<Vec<DeviceId>>> {
        if !scope.is_limited() {
            return Ok(None);
        }
        let mut query = sqlx::QueryBuilder::new("SELECT d.id FROM devices d WHERE d.tenant_id = ");
        query.push_bind(tenant.0);
        scope.push_device(&mut query, "d.tenant_id", "d.id");
        query.push(" ORDER BY d.id");
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = query.build().fetch_all(&mut *tx).await?;
        tx.commit().await?;
        rows.iter().map(|row| row::device(row, "id")).collect::<Result<Vec<_>>>().map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rank_is_a_place_in_the_order() {
        let [a, b, c] = [1, 2, 3].map(Uuid::from_u128);
        for (rank, expected) in [
            (None, [a, b, c]),
            (Some(0), [c, a, b]),
            (Some(1), [c, a, b]),
            (Some(2), [a, c, b]),
            (Some(99), [a, b, c]),
        ] {
            let mut order = vec![a, b];
            place(&mut order, c, rank);
            assert_eq!(order, expected, "{rank:?}");
        }
    }
}
