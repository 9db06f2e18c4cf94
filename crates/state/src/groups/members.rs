//! Who belongs to which device group. Only here are members written, one writer of a tenant at a
//! time, so that no older rule and no older fact overwrites a newer one.

use palisade_estate::group::{Rule, Subject};
use palisade_estate::machine::OsFamily;
use palisade_types::{DeviceId, SubscriptionId, TenantId, TimeMicros};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use super::rule;
use crate::{Result, State};

/// Rows that are held against rules at once.
pub(super) const CHUNK: usize = 2000;

/// Waits until nobody else writes the tenant's groups or members; to the end of the transaction.
pub(super) async fn lock(tx: &mut PgConnection, tenant: TenantId) -> Result<()> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('palisade.device_groups.' || $1, 0))")
        .bind(tenant.to_string())
        .execute(tx)
        .await?;
    Ok(())
}

/// What members are: devices, or machines.
#[derive(Clone, Copy)]
enum Kind {
    Device,
    Machine,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Machine => "machine",
        }
    }

    /// The table of members, its column, and the column's type.
    fn members(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Device => ("device_group_members", "device_id", "text"),
            Self::Machine => ("machine_group_members", "machine_id", "uuid"),
        }
    }

    /// Everything that rules look at, up to the tenant. A device and the machine that it is on are one
    /// thing to them; the sensor's word counts before the connector's.
    fn select(self) -> String {
        let (id, from) = match self {
            Self::Device => (
                "d.id",
                "devices d LEFT JOIN machines m ON m.tenant_id = d.tenant_id AND m.id = coalesce(d.machine_id,
                     (SELECT x.id FROM machines x WHERE x.tenant_id = d.tenant_id AND x.device_id = d.id))
                 WHERE d.tenant_id = ",
            ),
            Self::Machine => (
                "m.id::text",
                "machines m LEFT JOIN devices d ON d.tenant_id = m.tenant_id AND d.id = coalesce(m.device_id,
                     (SELECT x.id FROM devices x WHERE x.tenant_id = m.tenant_id AND x.machine_id = m.id
                      AND x.status = 'active'))
                 WHERE m.tenant_id = ",
            ),
        };
        format!(
            "SELECT {id} AS id, coalesce(d.name, m.name) AS name, d.os_platform, d.os_distribution, d.os_version,
                 m.os, coalesce(d.subscription_id, m.subscription_id) AS subscription_id, d.tags, m.tags AS machine_tags,
                 d.ip_addresses, m.addresses, d.status FROM {from}"
        )
    }

    /// The key, and the type that it is compared in.
    fn key(self) -> (&'static str, &'static str) {
        match self {
            Self::Device => ("d.id", "text"),
            Self::Machine => ("m.id", "uuid"),
        }
    }
}

/// The next devices behind `after`, from the first when empty; at most [`CHUNK`].
pub(super) async fn next_devices(tx: &mut PgConnection, tenant: TenantId, after: &str) -> Result<Vec<PgRow>> {
    rows(tx, tenant, Kind::Device, None, after).await
}

/// Something that may be a member, as rules see it.
pub(super) fn subject(row: &PgRow) -> Result<Subject> {
    let os: Option<Value> = row.try_get("os")?;
    let listed = |key: &str| os.as_ref().and_then(|o| o[key].as_str()).unwrap_or_default();
    let family = serde_json::from_value(listed("family").into()).unwrap_or_default();
    let platform = match family {
        OsFamily::Linux => "Linux",
        OsFamily::WindowsServer | OsFamily::WindowsClient => "Windows",
        OsFamily::MacOs => "macOS",
        OsFamily::Unknown | OsFamily::Other => "",
    };
    let said = |column: &str| row.try_get::<Option<String>, _>(column).map(|t| t.filter(|t| !t.is_empty()));
    let (by_platform, by_distribution, by_version) =
        (said("os_platform")?, said("os_distribution")?, said("os_version")?);
    let os = (
        by_platform.as_deref().unwrap_or(platform),
        by_distribution.as_deref().unwrap_or_else(|| listed("id")),
        by_version.as_deref().unwrap_or_else(|| listed("version")),
    );
    let name: String = row.try_get("name")?;
    let mut tags: Vec<String> = row.try_get::<Option<_>, _>("tags")?.unwrap_or_default();
    if let Some(Value::Object(cloud)) = row.try_get::<Option<Value>, _>("machine_tags")? {
        tags.extend(cloud.iter().map(|(key, value)| match value.as_str() {
            None | Some("") => key.clone(),
            Some(value) => format!("{key}={value}"),
        }));
    }
    let mut addresses: Vec<String> = row.try_get::<Option<_>, _>("ip_addresses")?.unwrap_or_default();
    addresses.extend(row.try_get::<Option<Vec<String>>, _>("addresses")?.unwrap_or_default());
    Ok(Subject::new(&name, os, SubscriptionId(row.try_get("subscription_id")?))
        .with_tags(tags.iter().map(String::as_str))
        .with_addresses(addresses.iter().map(String::as_str)))
}

/// The rules to hold things against.
struct Rules(Vec<(Uuid, Rule)>);

impl Rules {
    async fn of(tx: &mut PgConnection, tenant: TenantId) -> Result<Self> {
        let rows = sqlx::query("SELECT id, rule FROM device_groups WHERE tenant_id = $1")
            .bind(tenant.0)
            .fetch_all(tx)
            .await?;
        let read = |row: &PgRow| Ok((row.try_get("id")?, rule(row)?));
        Ok(Self(rows.iter().map(read).collect::<Result<_>>()?))
    }

    /// Writes which of these rows belong to which of the groups.
    async fn apply(
        &self,
        tx: &mut PgConnection,
        tenant: TenantId,
        kind: Kind,
        rows: &[PgRow],
        now: TimeMicros,
    ) -> Result<()> {
        let mut looked_at: Vec<String> = Vec::with_capacity(rows.len());
        let (mut groups, mut members): (Vec<Uuid>, Vec<String>) = (Vec::new(), Vec::new());
        for row in rows {
            let (id, subject) = (row.try_get::<String, _>("id")?, subject(row)?);
            for (group, rule) in &self.0 {
                if rule.matches(&subject) {
                    groups.push(*group);
                    members.push(id.clone());
                }
            }
            looked_at.push(id);
        }
        let of: Vec<Uuid> = self.0.iter().map(|(id, _)| *id).collect();
        let (table, column, ty) = kind.members();
        let gone = format!(
            "DELETE FROM {table} m WHERE m.tenant_id = $1 AND m.{column} = ANY($2::text[]::{ty}[])
             AND m.group_id = ANY($3) AND NOT EXISTS (
                 SELECT FROM unnest($4::uuid[], $5::text[]) AS u(group_id, id)
                 WHERE u.group_id = m.group_id AND u.id::{ty} = m.{column})"
        );
        sqlx::query(sqlx::AssertSqlSafe(gone))
            .bind(tenant.0)
            .bind(&looked_at)
            .bind(&of)
            .bind(&groups)
            .bind(&members)
            .execute(&mut *tx)
            .await?;
        let come = format!(
            "INSERT INTO {table} (tenant_id, group_id, {column}, since)
             SELECT $1, u.group_id, u.id::{ty}, $4 FROM unnest($2::uuid[], $3::text[]) AS u(group_id, id)
             ON CONFLICT DO NOTHING"
        );
        sqlx::query(sqlx::AssertSqlSafe(come))
            .bind(tenant.0)
            .bind(&groups)
            .bind(&members)
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        Ok(())
    }
}

/// The rows of some things, or with `None` the next ones behind `after`, from the first when empty.
async fn rows(
    tx: &mut PgConnection,
    tenant: TenantId,
    kind: Kind,
    ids: Option<&[String]>,
    after: &str,
) -> Result<Vec<PgRow>> {
    let mut query = QueryBuilder::<Postgres>::new(kind.select());
    query.push_bind(tenant.0);
    let (key, ty) = kind.key();
    if let Some(ids) = ids {
        query.push(format!(" AND {key} = ANY(")).push_bind(ids.to_vec()).push(format!("::text[]::{ty}[])"));
    } else if !after.is_empty() {
        query.push(format!(" AND {key} > ")).push_bind(after.to_owned()).push(format!("::text::{ty}"));
    }
    query.push(format!(" ORDER BY {key} LIMIT ")).push_bind(if ids.is_some() {
        i64::MAX
    } else {
        CHUNK as i64
    });
    Ok(query.build().fetch_all(tx).await?)
}

/// Holds everything against one group's rule. The caller has the lock.
pub(super) async fn regroup_all(
    tx: &mut PgConnection,
    tenant: TenantId,
    group: Uuid,
    rule: &Rule,
    now: TimeMicros,
) -> Result<()> {
    let rules = Rules(vec![(group, rule.clone())]);
    for kind in [Kind::Device, Kind::Machine] {
        let mut after = String::new();
        loop {
            let chunk = rows(tx, tenant, kind, None, &after).await?;
            rules.apply(tx, tenant, kind, &chunk, now).await?;
            match chunk.last() {
                Some(last) if chunk.len() == CHUNK => after = last.try_get("id")?,
                _ => break,
            }
        }
    }
    Ok(())
}

impl State {
    /// Holds these devices, and the machines that they are on, against every rule.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn regroup_devices(
        &self,
        tenant: TenantId,
        devices: &[DeviceId],
        now: TimeMicros,
    ) -> Result<()> {
        let ids: Vec<String> = devices.iter().map(ToString::to_string).collect();
        let mut tx = self.tenant_tx(tenant).await?;
        lock(&mut tx, tenant).await?;
        regroup(&mut tx, tenant, &ids, &[], now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Holds all devices and machines against one group's rule.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn regroup_group(&self, tenant: TenantId, group: Uuid, now: TimeMicros) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        lock(&mut tx, tenant).await?;
        let found = sqlx::query("SELECT rule FROM device_groups WHERE tenant_id = $1 AND id = $2")
            .bind(tenant.0)
            .bind(group)
            .fetch_optional(&mut *tx)
            .await?
            .ok_or(crate::StateError::NotFound("device group"))?;
        regroup_all(&mut tx, tenant, group, &rule(&found)?, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Holds what has changed since against every rule, at most `limit` things at once, and says how
    /// many there were. Devices and machines are noted by the database itself whenever a name, tag,
    /// address, system or subscription changes, whoever changes it. The estate process calls this
    /// until it returns less than `limit`; the API does before it shows anything to somebody who is
    /// limited.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn regroup_changed(&self, tenant: TenantId, limit: u32, now: TimeMicros) -> Result<usize> {
        let mut tx = self.tenant_tx(tenant).await?;
        let any: bool =
            sqlx::query_scalar("SELECT exists (SELECT FROM device_group_pending WHERE tenant_id = $1)")
                .bind(tenant.0)
                .fetch_one(&mut *tx)
                .await?;
        if !any {
            return Ok(0);
        }
        lock(&mut tx, tenant).await?;
        // Taken off first: a change that commits after this is noted anew.
        let taken = sqlx::query(
            "DELETE FROM device_group_pending p USING (
                 SELECT kind, id FROM device_group_pending WHERE tenant_id = $1 LIMIT $2) AS due
             WHERE p.tenant_id = $1 AND p.kind = due.kind AND p.id = due.id RETURNING p.kind, p.id",
        )
        .bind(tenant.0)
        .bind(i64::from(limit))
        .fetch_all(&mut *tx)
        .await?;
        let (mut devices, mut machines) = (Vec::new(), Vec::new());
        for row in &taken {
            let list = if row.try_get::<&str, _>("kind")? == Kind::Device.word() {
                &mut devices
            } else {
                &mut machines
            };
            list.push(row.try_get("id")?);
        }
        regroup(&mut tx, tenant, &devices, &machines, now).await?;
        tx.commit().await?;
        Ok(taken.len())
    }
}

/// Some devices with their machines, and some machines with their devices. The caller has the lock.
async fn regroup(
    tx: &mut PgConnection,
    tenant: TenantId,
    devices: &[String],
    machines: &[String],
    now: TimeMicros,
) -> Result<()> {
    let rules = Rules::of(tx, tenant).await?;
    if rules.0.is_empty() {
        return Ok(());
    }
    let pairs = sqlx::query(
        "SELECT id::text AS machine, device_id AS device FROM machines
         WHERE tenant_id = $1 AND (device_id = ANY($2) OR id = ANY($3::text[]::uuid[]))
         UNION SELECT machine_id::text, id FROM devices
         WHERE tenant_id = $1 AND machine_id IS NOT NULL
             AND (id = ANY($2) OR machine_id = ANY($3::text[]::uuid[]))",
    )
    .bind(tenant.0)
    .bind(devices)
    .bind(machines)
    .fetch_all(&mut *tx)
    .await?;
    let (mut all_devices, mut all_machines) = (devices.to_vec(), machines.to_vec());
    for pair in &pairs {
        all_machines.push(pair.try_get("machine")?);
        all_devices.extend(pair.try_get::<Option<String>, _>("device")?);
    }
    for (kind, mut ids) in [(Kind::Device, all_devices), (Kind::Machine, all_machines)] {
        ids.sort_unstable();
        ids.dedup();
        let found = rows(tx, tenant, kind, Some(&ids), "").await?;
        rules.apply(tx, tenant, kind, &found, now).await?;
    }
    Ok(())
}
