//! Machines: what connectors and sensors say of them, and what people decided.

use std::collections::BTreeMap;

use palisade_estate::machine::{OsFacts, PowerState};
use palisade_estate::plan::Override;
use palisade_types::{DeviceId, MachineId, SubscriptionId, TenantId, TimeMicros};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::requests;
use crate::{Result, State, StateError, row};

const MAX_JSON: usize = 64 * 1024;
const MAX_TAGS: usize = 50;

/// A column of JSON as what it holds.
pub(crate) fn decoded<T: DeserializeOwned>(value: Value, column: &str) -> Result<T> {
    serde_json::from_value(value).map_err(|e| StateError::Internal(format!("column {column}: {e}")))
}

/// A value as JSON that PostgreSQL takes.
pub(crate) fn encoded<T: Serialize>(value: &T) -> Result<Value> {
    let value = serde_json::to_value(value).map_err(|e| StateError::Internal(e.to_string()))?;
    Ok(row::json(&value))
}

/// A power state as its column holds it.
pub(crate) fn power_text(power: PowerState) -> String {
    serde_json::to_value(power).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

/// A machine of the estate.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    /// Its identifier, kept over moves and reinstalls.
    pub id: MachineId,
    /// Where it belongs.
    pub subscription: SubscriptionId,
    /// Its group within the subscription.
    pub resource_group: Option<Uuid>,
    /// The connector that knows it.
    pub connector: Option<Uuid>,
    /// Its name.
    pub name: String,
    /// What its cloud calls it; empty where none does.
    pub cloud_id: String,
    /// What its firmware says it is.
    pub hardware_id: String,
    /// How its connector reaches it.
    pub place: Value,
    /// Its system.
    pub os: OsFacts,
    /// The image that it was made of.
    pub image: String,
    /// Addresses.
    pub addresses: Vec<String>,
    /// Tags by key; a tag without a value has an empty one.
    pub tags: BTreeMap<String, String>,
    /// Who pays for it.
    pub owner: String,
    /// What its cloud says about its power.
    pub power: PowerState,
    /// Since when.
    pub power_since: TimeMicros,
    /// Its own plan, where it differs from its subscription's.
    pub plan_override: Override,
    /// What a person excluded it by.
    pub exclusion: Option<String>,
    /// When it was offboarded.
    pub offboarded_at: Option<TimeMicros>,
    /// When its cloud deleted it.
    pub retired_at: Option<TimeMicros>,
    /// Its device.
    pub device: Option<DeviceId>,
    /// When it was first known.
    pub first_seen: TimeMicros,
    /// When its connector listed it last.
    pub last_listed: Option<TimeMicros>,
    /// When somebody other than the estate process changed it.
    pub changed_at: TimeMicros,
}

/// A machine as a connector or a new sensor describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// What its cloud calls it; for a list of addresses, the name in that list.
    pub cloud_id: String,
    /// How to reach it.
    pub place: Value,
    /// Its system, as far as is known.
    pub os: OsFacts,
    /// Its image.
    pub image: String,
    /// Addresses.
    pub addresses: Vec<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Power.
    pub power: PowerState,
}

/// Where a new machine belongs.
#[derive(Clone, Copy, Debug)]
pub struct Placement {
    /// The subscription.
    pub subscription: SubscriptionId,
    /// The connector, if one listed it.
    pub connector: Option<Uuid>,
}

/// What a person changes about a machine; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct MachineChange {
    /// All tags anew.
    pub tags: Option<BTreeMap<String, String>>,
    /// Another subscription of the same tenant.
    pub subscription: Option<SubscriptionId>,
    /// Its own plan.
    pub plan_override: Option<Override>,
    /// Excluded by these words; `Some(None)` ends it.
    pub exclusion: Option<Option<String>>,
    /// Offboarded (true) or taken back (false).
    pub offboarded: Option<bool>,
}

pub(crate) const COLUMNS: &str = "m.id, m.subscription_id, m.resource_group_id, m.connector_id, m.name, m.cloud_id,
    m.hardware_id, m.place, m.os, m.image, m.addresses, m.tags, m.owner, m.power, m.power_since, m.plan_override,
    m.exclusion, m.offboarded_at, m.retired_at, m.device_id, m.first_seen, m.last_listed, m.changed_at";

pub(crate) fn machine(row: &PgRow) -> Result<Machine> {
    let plan_override = row.try_get::<Option<Value>, _>("plan_override")?;
    Ok(Machine {
        id: MachineId(row.try_get("id")?),
        subscription: SubscriptionId(row.try_get("subscription_id")?),
        resource_group: row.try_get("resource_group_id")?,
        connector: row.try_get("connector_id")?,
        name: row.try_get("name")?,
        cloud_id: row.try_get("cloud_id")?,
        hardware_id: row.try_get("hardware_id")?,
        place: row.try_get("place")?,
        os: decoded(row.try_get("os")?, "os")?,
        image: row.try_get("image")?,
        addresses: row.try_get("addresses")?,
        tags: decoded(row.try_get("tags")?, "tags")?,
        owner: row.try_get("owner")?,
        power: decoded(Value::String(row.try_get("power")?), "power")?,
        power_since: row::time(row, "power_since")?,
        plan_override: plan_override
            .map(|p| decoded(p, "plan_override"))
            .transpose()?
            .unwrap_or(Override::Inherit),
        exclusion: row.try_get("exclusion")?,
        offboarded_at: row::time_opt(row, "offboarded_at")?,
        retired_at: row::time_opt(row, "retired_at")?,
        device: row
            .try_get::<Option<&str>, _>("device_id")?
            .map(|d| d.parse().map_err(|_| StateError::Internal("column device_id".into())))
            .transpose()?,
        first_seen: row::time(row, "first_seen")?,
        last_listed: row::time_opt(row, "last_listed")?,
        changed_at: row::time(row, "changed_at")?,
    })
}

/// One machine, in the caller's transaction.
pub(crate) async fn read(tx: &mut PgConnection, tenant: TenantId, id: MachineId) -> Result<Machine> {
    let sql = format!("SELECT {COLUMNS} FROM machines m WHERE m.tenant_id = $1 AND m.id = $2");
    let found = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tenant.0).bind(id.0).fetch_optional(tx).await?;
    machine(&found.ok_or(StateError::NotFound("machine"))?)
}

/// Tags as they are kept: at most 50, keys of 1 to 128 characters, values of at most 256.
fn tags(of: &BTreeMap<String, String>) -> Result<Value> {
    if of.len() > MAX_TAGS {
        return Err(StateError::InvalidArgument(format!("a machine has at most {MAX_TAGS} tags")));
    }
    let kept: BTreeMap<String, String> =
        of.iter().map(|(k, v)| (row::text(k.trim(), 128), row::text(v.trim(), 256))).collect();
    if kept.keys().any(String::is_empty) {
        return Err(StateError::InvalidArgument("a tag has a key".into()));
    }
    encoded(&kept)
}

impl State {
    /// One machine.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn machine(&self, tenant: TenantId, id: MachineId) -> Result<Machine> {
        let mut tx = self.tenant_tx(tenant).await?;
        let found = read(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// The machine of a device.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn machine_of_device(&self, tenant: TenantId, device: DeviceId) -> Result<Machine> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sql = format!("SELECT {COLUMNS} FROM machines m WHERE m.tenant_id = $1 AND m.device_id = $2");
        let found = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(tenant.0)
            .bind(device.to_string())
            .fetch_optional(&mut *tx)
            .await?;
        tx.commit().await?;
        machine(&found.ok_or(StateError::NotFound("machine"))?)
    }

    /// Writes a connector's complete listing: new machines appear, known ones are brought up to date,
    /// those of this connector that are gone are retired. Returns how many are new and how many retired.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn write_listing(
        &self,
        tenant: TenantId,
        place: Placement,
        listed: &[Listed],
        now: TimeMicros,
    ) -> Result<(u64, u64)> {
        let mut tx = self.tenant_tx(tenant).await?;
        let mut new = 0;
        for m in listed {
            new += upsert(&mut tx, tenant, place, m, now).await?;
        }
        let kept: Vec<&str> = listed.iter().map(|m| m.cloud_id.as_str()).collect();
        let retired = sqlx::query(
            "UPDATE machines SET retired_at = $4, power = 'deleted', power_since = $4, changed_at = $4
             WHERE tenant_id = $1 AND connector_id = $2 AND retired_at IS NULL AND NOT cloud_id = ANY($3)",
        )
        .bind(tenant.0)
        .bind(place.connector)
        .bind(&kept)
        .bind(now.0)
        .execute(&mut *tx)
        .await?
        .rows_affected();
        requests::wake(&mut tx).await?;
        tx.commit().await?;
        Ok((new, retired))
    }

    /// Changes what people decide about a machine. What the reconciler has to do about it is asked of
    /// it in the same transaction.
    ///
    /// # Errors
    /// `not_found`, `invalid_argument`.
    pub async fn change_machine(
        &self,
        tenant: TenantId,
        id: MachineId,
        change: &MachineChange,
        by: &str,
        now: TimeMicros,
    ) -> Result<Machine> {
        let new_tags = change.tags.as_ref().map(tags).transpose()?;
        let mut tx = self.tenant_tx(tenant).await?;
        let before = read(&mut tx, tenant, id).await?;
        if let Some(to) = change.subscription.filter(|to| *to != before.subscription) {
            super::subscriptions::read(&mut tx, tenant, to).await?;
            requests::ask(&mut tx, tenant, Some(id), None, "moved", by, now).await?;
        }
        match change.offboarded {
            Some(true) if before.offboarded_at.is_none() => {
                requests::ask(&mut tx, tenant, Some(id), None, "offboard", by, now).await?;
            }
            Some(false) if before.offboarded_at.is_some() => {
                requests::ask(&mut tx, tenant, Some(id), None, "onboard", by, now).await?;
            }
            _ => {}
        }
        sqlx::query(
            "UPDATE machines SET tags = coalesce($3, tags), subscription_id = coalesce($4, subscription_id),
                 plan_override = CASE WHEN $5 THEN $6 ELSE plan_override END,
                 exclusion = CASE WHEN $7 THEN $8 ELSE exclusion END,
                 offboarded_at = CASE WHEN $9 IS NULL THEN offboarded_at WHEN $9 THEN coalesce(offboarded_at, $10) END,
                 changed_at = $10
             WHERE tenant_id = $1 AND id = $2",
        )
        .bind(tenant.0)
        .bind(id.0)
        .bind(new_tags)
        .bind(change.subscription.map(|s| s.0))
        .bind(change.plan_override.is_some())
        .bind(change.plan_override.as_ref().map(encoded).transpose()?)
        .bind(change.exclusion.is_some())
        .bind(change.exclusion.clone().flatten().map(|e| row::text(&e, 300)))
        .bind(change.offboarded)
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        let after = read(&mut tx, tenant, id).await?;
        requests::wake(&mut tx).await?;
        tx.commit().await?;
        Ok(after)
    }

    /// Asks the reconciler for something about a machine: `fix` or `remove_extension`.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn ask_of_machine(
        &self,
        tenant: TenantId,
        id: MachineId,
        verb: &str,
        by: &str,
        now: TimeMicros,
    ) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        read(&mut tx, tenant, id).await?;
        requests::ask(&mut tx, tenant, Some(id), None, verb, by, now).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Writes one listed machine; returns 1 if it is new. What people decided is never overwritten: a
/// listing replaces tags that came from a listing only where the connector gives any.
pub(crate) async fn upsert(
    tx: &mut PgConnection,
    tenant: TenantId,
    place: Placement,
    m: &Listed,
    now: TimeMicros,
) -> Result<u64> {
    let addresses: Vec<String> = m.addresses.iter().take(64).map(|a| row::text(a, 64)).collect();
    let tags = tags(&m.tags.iter().take(MAX_TAGS).map(|(k, v)| (k.clone(), v.clone())).collect())?;
    let inserted: bool = sqlx::query_scalar(
        "INSERT INTO machines AS m (tenant_id, id, subscription_id, connector_id, name, cloud_id, place, os, image,
             addresses, tags, power, power_since, first_seen, last_listed, changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $13, $13)
         ON CONFLICT (tenant_id, cloud_id) WHERE cloud_id <> '' AND retired_at IS NULL DO UPDATE SET
             connector_id = excluded.connector_id, name = excluded.name, place = excluded.place,
             -- A list that does not know the system must not undo what a look at the machine found.
             os = CASE WHEN excluded.os ->> 'family' = 'unknown' OR coalesce(excluded.os ->> 'id', '') = ''
                 THEN m.os ELSE excluded.os END,
             image = excluded.image, addresses = excluded.addresses, tags = m.tags || excluded.tags,
             power_since = CASE WHEN m.power = excluded.power THEN m.power_since ELSE excluded.power_since END,
             power = excluded.power, last_listed = excluded.last_listed,
             changed_at = CASE WHEN (m.name, m.place, m.os, m.addresses, m.tags, m.power)
                 IS DISTINCT FROM (excluded.name, excluded.place, excluded.os, excluded.addresses, excluded.tags,
                     excluded.power) THEN excluded.changed_at ELSE m.changed_at END
         RETURNING (xmax = 0)",
    )
    .bind(tenant.0)
    .bind(MachineId::random().0)
    .bind(place.subscription.0)
    .bind(place.connector)
    .bind(row::text(&m.name, 200))
    .bind(row::text(&m.cloud_id, 300))
    .bind(row::json_bounded(&m.place, MAX_JSON))
    .bind(encoded(&m.os)?)
    .bind(row::text(&m.image, 200))
    .bind(&addresses)
    .bind(tags)
    .bind(power_text(m.power))
    .bind(now.0)
    .fetch_one(tx)
    .await?;
    Ok(u64::from(inserted))
}
