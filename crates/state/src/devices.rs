//! Devices: what they are, and one at a time.

use std::collections::BTreeMap;
use std::str::FromStr;

use palisade_types::{DeviceId, MachineId, TenantId, TimeMicros};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use crate::health::{self, Health, HealthInputs, Hearing};
use crate::{DeviceScope, Result, State, StateError, presence, row};

/// The most bytes of JSON that is kept of what a device says about itself.
pub(crate) const MAX_JSON: usize = 64 * 1024;
const MAX_TAGS: usize = 50;
const MAX_ADDRESSES: usize = 64;

/// Whether a device is in service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceStatus {
    /// It is.
    Active,
    /// It was taken out of service; its certificates are refused.
    Offboarded,
}

impl FromStr for DeviceStatus {
    type Err = StateError;

    fn from_str(s: &str) -> Result<Self, StateError> {
        match s {
            "active" => Ok(Self::Active),
            "offboarded" => Ok(Self::Offboarded),
            _ => Err(StateError::InvalidArgument("unknown status of a device".into())),
        }
    }
}

/// Who tells of a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceSource {
    /// The sensor on it.
    #[default]
    Sensor,
    /// Scans of the machine, which has none.
    Agentless,
}

impl DeviceSource {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sensor => "sensor",
            Self::Agentless => "agentless",
        }
    }
}

impl FromStr for DeviceSource {
    type Err = StateError;

    fn from_str(s: &str) -> Result<Self, StateError> {
        match s {
            "sensor" => Ok(Self::Sensor),
            "agentless" => Ok(Self::Agentless),
            _ => Err(StateError::InvalidArgument("onboarding must be sensor or agentless".into())),
        }
    }
}

/// What a machine is. Texts are cut to 500 characters.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DeviceFacts {
    /// Host name.
    pub name: String,
    /// Platform as the hunting schema writes it, such as `Linux`.
    pub os_platform: String,
    /// Distribution, such as `Debian`.
    pub os_distribution: String,
    /// Version of the distribution, such as `12`.
    pub os_version: String,
    /// Kernel release.
    pub kernel: String,
    /// Machine architecture.
    pub architecture: String,
    /// Version of the sensor.
    pub sensor_version: String,
    /// The cgroup subtree that the sensor watches; empty for the whole machine.
    pub scope: String,
    /// Addresses, at most 64.
    pub ip_addresses: Vec<String>,
    /// Whatever else is known, as JSON of at most 64 KiB.
    pub extra: Value,
}

impl DeviceFacts {
    /// As PostgreSQL accepts it, whatever the sensor sent.
    pub(crate) fn cleaned(&self) -> Self {
        let text = |s: &str| row::text(s, 500);
        Self {
            name: text(&self.name),
            os_platform: text(&self.os_platform),
            os_distribution: text(&self.os_distribution),
            os_version: text(&self.os_version),
            kernel: text(&self.kernel),
            architecture: text(&self.architecture),
            sensor_version: text(&self.sensor_version),
            scope: text(&self.scope),
            ip_addresses: self.ip_addresses.iter().take(MAX_ADDRESSES).map(|a| row::text(a, 64)).collect(),
            extra: match row::json_bounded(&self.extra, MAX_JSON) {
                Value::Null => Value::Object(serde_json::Map::new()),
                other => other,
            },
        }
    }
}

/// A part of the sensor as its heartbeat describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// Its name.
    pub name: String,
    /// `ok`, `degraded`, `failed` or `off`.
    pub state: String,
    /// The rung of its ladder; 1 is the best, 0 where there is none.
    #[serde(default)]
    pub rung: u32,
    /// What is to be known about it.
    #[serde(default)]
    pub detail: String,
    /// By what it works.
    #[serde(default)]
    pub mechanism: String,
}

impl Component {
    /// Whether it does not work at all.
    pub fn failed(&self) -> bool {
        self.state == "failed"
    }
}

/// A device with its judged health.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    /// The identifier.
    pub id: DeviceId,
    /// The subscription that it belongs to.
    pub subscription_id: Uuid,
    /// Whether it is in service.
    pub status: DeviceStatus,
    /// Who tells of it.
    pub source: DeviceSource,
    /// The machine that scans read, where they tell of it.
    pub machine: Option<MachineId>,
    /// What it is.
    pub facts: DeviceFacts,
    /// What people wrote on it.
    pub tags: Vec<String>,
    /// How it is.
    pub health: Health,
    /// Enrolment.
    pub first_seen: TimeMicros,
    /// Anything heard, by the server's clock.
    pub last_seen: TimeMicros,
    /// The last event.
    pub last_event: Option<TimeMicros>,
    /// The last heartbeat.
    pub last_heartbeat: Option<TimeMicros>,
    /// When a counter of lost events last rose.
    pub last_loss: Option<TimeMicros>,
    /// The sensor's parts, from the last heartbeat.
    pub components: Vec<Component>,
    /// The sensor's counters, from the last heartbeat.
    pub counters: BTreeMap<String, u64>,
    /// The last heartbeat as it was given.
    pub heartbeat: Value,
}

/// The columns that [`device`] reads, from `devices d` and `device_counters c`.
pub(crate) const COLUMNS: &str = "d.id, d.subscription_id, d.status, d.source, d.machine_id, d.name, d.os_platform, d.os_distribution,
    d.os_version, d.kernel, d.architecture, d.sensor_version, d.scope, d.ip_addresses, d.tags, d.facts, d.first_seen,
    d.last_seen, d.last_event, d.last_heartbeat, d.last_loss, d.heartbeat, d.components, c.counters
    FROM devices d LEFT JOIN device_counters c ON c.tenant_id = d.tenant_id AND c.device_id = d.id";

/// A row as a device.
pub(crate) fn device(row: &PgRow, hearing: Hearing) -> Result<Device> {
    let status: DeviceStatus = row::parsed(row, "status")?;
    let source: DeviceSource = row::parsed(row, "source")?;
    let components: Vec<Component> = decode(row.try_get("components")?, "components")?;
    let counters = row.try_get::<Option<Value>, _>("counters")?;
    let counters = counters.map(|c| decode(c, "counters")).transpose()?.unwrap_or_default();
    let first_seen = row::time(row, "first_seen")?;
    let last_seen = row::time(row, "last_seen")?;
    let last_event = row::time_opt(row, "last_event")?;
    let last_heartbeat = row::time_opt(row, "last_heartbeat")?;
    let last_loss = row::time_opt(row, "last_loss")?;
    let health = health::assess(&HealthInputs {
        hearing,
        offboarded: status == DeviceStatus::Offboarded,
        agentless: source == DeviceSource::Agentless,
        first_seen,
        last_seen,
        last_heartbeat,
        last_event,
        last_loss,
        components: &components,
    });
    Ok(Device {
        id: row::device(row, "id")?,
        subscription_id: row.try_get("subscription_id")?,
        status,
        source,
        machine: row.try_get::<Option<Uuid>, _>("machine_id")?.map(MachineId),
        facts: DeviceFacts {
            name: row.try_get("name")?,
            os_platform: row.try_get("os_platform")?,
            os_distribution: row.try_get("os_distribution")?,
            os_version: row.try_get("os_version")?,
            kernel: row.try_get("kernel")?,
            architecture: row.try_get("architecture")?,
            sensor_version: row.try_get("sensor_version")?,
            scope: row.try_get("scope")?,
            ip_addresses: row.try_get("ip_addresses")?,
            extra: row.try_get("facts")?,
        },
        tags: row.try_get("tags")?,
        health,
        first_seen,
        last_seen,
        last_event,
        last_heartbeat,
        last_loss,
        components,
        counters,
        heartbeat: row.try_get("heartbeat")?,
    })
}

fn decode<T: serde::de::DeserializeOwned>(value: Value, column: &str) -> Result<T> {
    serde_json::from_value(value).map_err(|e| StateError::Internal(format!("column {column}: {e}")))
}

/// Makes a device, or brings a known one back into service with new facts.
pub(crate) async fn upsert(
    tx: &mut PgConnection,
    tenant: TenantId,
    id: DeviceId,
    facts: &DeviceFacts,
    subscription: Option<Uuid>,
    now: TimeMicros,
) -> Result<()> {
    let facts = facts.cleaned();
    let done = sqlx::query(
        "INSERT INTO devices AS d (tenant_id, id, subscription_id, name, os_platform, os_distribution, os_version,
             kernel, architecture, sensor_version, scope, ip_addresses, facts, first_seen, last_seen, enrolled_at)
         SELECT $1, $2, s.id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $13
         FROM subscriptions s WHERE s.tenant_id = $1 AND CASE WHEN $14::uuid IS NULL THEN s.is_default ELSE s.id = $14 END
         ON CONFLICT (tenant_id, id) DO UPDATE SET status = 'active', name = excluded.name,
             subscription_id = CASE WHEN $14::uuid IS NULL THEN d.subscription_id ELSE $14 END,
             enrolled_at = excluded.enrolled_at,
             os_platform = excluded.os_platform, os_distribution = excluded.os_distribution,
             os_version = excluded.os_version, kernel = excluded.kernel, architecture = excluded.architecture,
             sensor_version = excluded.sensor_version, scope = excluded.scope,
             ip_addresses = excluded.ip_addresses, facts = excluded.facts,
             last_seen = greatest(d.last_seen, excluded.last_seen)",
    )
    .bind(tenant.0)
    .bind(id.to_string())
    .bind(&facts.name)
    .bind(&facts.os_platform)
    .bind(&facts.os_distribution)
    .bind(&facts.os_version)
    .bind(&facts.kernel)
    .bind(&facts.architecture)
    .bind(&facts.sensor_version)
    .bind(&facts.scope)
    .bind(&facts.ip_addresses)
    .bind(&facts.extra)
    .bind(now.0)
    .bind(subscription)
    .execute(tx)
    .await?;
    if done.rows_affected() == 0 {
        return Err(StateError::Internal("the tenant has no default subscription".into()));
    }
    Ok(())
}

impl State {
    /// One device of the scope.
    ///
    /// # Errors
    /// `not_found`, also for one that lies outside the scope.
    pub async fn device(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        id: DeviceId,
        now: TimeMicros,
    ) -> Result<Device> {
        let mut query = QueryBuilder::<Postgres>::new(format!("SELECT {COLUMNS} WHERE d.tenant_id = "));
        query.push_bind(tenant.0).push(" AND d.id = ").push_bind(id.to_string());
        scope.push_device(&mut query, "d.tenant_id", "d.id");
        let mut tx = self.tenant_tx(tenant).await?;
        let hearing = presence::hearing(&mut tx, now).await?;
        let found = query.build().fetch_optional(&mut *tx).await?;
        tx.commit().await?;
        device(&found.ok_or(StateError::NotFound("device"))?, hearing)
    }

    /// Takes a device out of service: its certificates are refused from now on.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn offboard_device(&self, tenant: TenantId, id: DeviceId) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        let done = sqlx::query("UPDATE devices SET status = 'offboarded' WHERE tenant_id = $1 AND id = $2")
            .bind(tenant.0)
            .bind(id.to_string())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(StateError::NotFound("device")) }
    }

    /// Replaces a device's tags: at most 50 of 1 to 200 characters; doubles are dropped.
    ///
    /// # Errors
    /// `not_found`, also for one that lies outside the scope, `name_invalid`, `invalid_argument` (too many).
    pub async fn set_device_tags(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        id: DeviceId,
        tags: &[String],
    ) -> Result<()> {
        if tags.len() > MAX_TAGS {
            return Err(StateError::InvalidArgument(format!("a device has at most {MAX_TAGS} tags")));
        }
        let mut cleaned = tags.iter().map(|t| row::name(t)).collect::<Result<Vec<_>>>()?;
        cleaned.sort();
        cleaned.dedup();
        let mut query = QueryBuilder::<Postgres>::new("UPDATE devices AS d SET tags = ");
        query.push_bind(cleaned).push(" WHERE d.tenant_id = ").push_bind(tenant.0);
        query.push(" AND d.id = ").push_bind(id.to_string());
        scope.push_device(&mut query, "d.tenant_id", "d.id");
        let mut tx = self.tenant_tx(tenant).await?;
        let done = query.build().execute(&mut *tx).await?;
        tx.commit().await?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(StateError::NotFound("device")) }
    }
}
