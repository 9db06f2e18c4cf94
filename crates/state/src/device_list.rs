//! The list of devices: searched, filtered, sorted and paged in the database.

use std::str::FromStr;

use palisade_types::{TenantId, TimeMicros};
use sqlx::{Postgres, QueryBuilder, Row};
use uuid::Uuid;

use crate::health::rank_sql;
use crate::page::{self, Cursor};
use crate::{
    Device, DeviceScope, DeviceSource, HealthState, Page, Result, State, StateError, devices, presence, row,
};

/// What the list is sorted by; the identifier breaks ties.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceSort {
    /// Host name, without regard to case.
    #[default]
    Name,
    /// Distribution and its version.
    Os,
    /// Health, worst first.
    Health,
    /// Enrolment.
    FirstSeen,
    /// Anything heard.
    LastSeen,
    /// The last event; devices without one first.
    LastEvent,
    /// Version of the sensor.
    SensorVersion,
}

impl DeviceSort {
    fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Os => "os",
            Self::Health => "health",
            Self::FirstSeen => "first_seen",
            Self::LastSeen => "last_seen",
            Self::LastEvent => "last_event",
            Self::SensorVersion => "sensor_version",
        }
    }

    fn is_number(self) -> bool {
        matches!(self, Self::Health | Self::FirstSeen | Self::LastSeen | Self::LastEvent)
    }

    /// The key as SQL; `rank` is the health expression. Texts are the sensors' to choose, so their
    /// beginning has to do: the key goes into a cursor, which has a bound.
    fn sql(self, rank: &str) -> &str {
        match self {
            Self::Name => "left(lower(d.name), 100)",
            Self::Os => "left(lower(d.os_distribution || ' ' || d.os_version), 100)",
            Self::Health => rank,
            Self::FirstSeen => "d.first_seen",
            Self::LastSeen => "d.last_seen",
            Self::LastEvent => "coalesce(d.last_event, 0)",
            Self::SensorVersion => "left(d.sensor_version, 100)",
        }
    }
}

impl FromStr for DeviceSort {
    type Err = StateError;

    fn from_str(s: &str) -> Result<Self, StateError> {
        [
            Self::Name,
            Self::Os,
            Self::Health,
            Self::FirstSeen,
            Self::LastSeen,
            Self::LastEvent,
            Self::SensorVersion,
        ]
        .into_iter()
        .find(|sort| sort.as_str() == s)
        .ok_or_else(|| StateError::InvalidArgument("devices cannot be sorted by that".into()))
    }
}

/// Which devices, in which order. The default is all, by name, 50 at a time.
#[derive(Clone, Debug, Default)]
pub struct DeviceQuery {
    /// Text that the name, identifier, an address, a tag or the system contains.
    pub search: Option<String>,
    /// Only devices of one of these healths; all when empty.
    pub health: Vec<HealthState>,
    /// Only devices whose platform or distribution is one of these, without regard to case; all when empty.
    pub os: Vec<String>,
    /// Only devices of this device group.
    pub group: Option<Uuid>,
    /// Only devices that these tell of; all when `None`.
    pub source: Option<DeviceSource>,
    /// Whether devices that were taken out of service are shown too.
    pub offboarded: bool,
    /// The order.
    pub sort: DeviceSort,
    /// Whether the order is turned round.
    pub descending: bool,
    /// Rows of a page: 1 to 1000, 0 for 50.
    pub limit: u32,
    /// From the page before.
    pub cursor: Option<String>,
}

/// Text as a pattern that contains it, with LIKE's own signs taken literally.
pub(crate) fn containing(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in row::text(text, 200).chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

fn conditions(
    query: &mut QueryBuilder<Postgres>,
    wanted: &DeviceQuery,
    (tenant, scope): (TenantId, &DeviceScope),
    rank: &str,
) {
    query.push(" WHERE d.tenant_id = ").push_bind(tenant.0);
    scope.push_device(query, "d.tenant_id", "d.id");
    if let Some(group) = wanted.group {
        DeviceScope::groups(vec![group]).push_device(query, "d.tenant_id", "d.id");
    }
    if !wanted.offboarded {
        query.push(" AND d.status = 'active'");
    }
    if let Some(source) = wanted.source {
        query.push(" AND d.source = ").push_bind(source.as_str());
    }
    if let Some(search) = wanted.search.as_deref().map(str::trim).filter(|s| !s.is_empty()) {
        query
            .push(
                " AND concat_ws(chr(10), d.name, d.id, d.os_distribution || ' ' || d.os_version,
                  array_to_string(d.ip_addresses, chr(10)), array_to_string(d.tags, chr(10))) ILIKE ",
            )
            .push_bind(containing(search));
    }
    let systems: Vec<String> = wanted.os.iter().map(|s| row::text(s.trim(), 200).to_lowercase()).collect();
    if !systems.is_empty() {
        query.push(" AND (lower(d.os_platform) = ANY(").push_bind(systems.clone());
        query.push(") OR lower(d.os_distribution) = ANY(").push_bind(systems).push("))");
    }
    if !wanted.health.is_empty() {
        let ranks: Vec<i64> = wanted.health.iter().map(|h| h.rank()).collect();
        query.push(" AND ").push(rank).push(" = ANY(").push_bind(ranks).push(")");
    }
}

impl State {
    /// A page of the scope's devices with their health as of `now`.
    ///
    /// # Errors
    /// `cursor_invalid` when the cursor was made for another order.
    pub async fn devices(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        wanted: &DeviceQuery,
        now: TimeMicros,
    ) -> Result<Page<Device>> {
        let direction = if wanted.descending { "desc" } else { "asc" };
        let list = format!("devices.{}.{direction}", wanted.sort.as_str());
        let after = wanted.cursor.as_deref().map(|c| Cursor::decode(c, &list)).transpose()?;
        let limit = page::limit(wanted.limit);
        let mut tx = self.tenant_tx(tenant).await?;
        let hearing = presence::hearing(&mut tx, now).await?;
        let rank = rank_sql(&hearing);

        let mut count = QueryBuilder::<Postgres>::new("SELECT count(*) FROM devices d");
        conditions(&mut count, wanted, (tenant, scope), &rank);
        let total: i64 = count.build_query_scalar().fetch_one(&mut *tx).await?;

        let key = wanted.sort.sql(&rank);
        let mut query =
            QueryBuilder::<Postgres>::new(format!("SELECT ({key})::text AS sort_key, {}", devices::COLUMNS));
        conditions(&mut query, wanted, (tenant, scope), &rank);
        if let Some(after) = &after {
            let comparison = if wanted.descending { "<" } else { ">" };
            query.push(format!(" AND ({key}, d.id) {comparison} ("));
            if wanted.sort.is_number() {
                query.push_bind(after.number()?);
            } else {
                query.push_bind(after.key.clone());
            }
            query.push(", ").push_bind(after.id.clone()).push(")");
        }
        query.push(format!(" ORDER BY {key} {direction}, d.id {direction} LIMIT ")).push_bind(limit + 1);
        let rows = query.build().fetch_all(&mut *tx).await?;
        tx.commit().await?;

        let mut items = Vec::with_capacity(rows.len());
        for row in &rows {
            items.push((row.try_get::<String, _>("sort_key")?, devices::device(row, hearing)?));
        }
        let page = page::finish(items, limit, total, |(key, device)| Cursor {
            list: list.clone(),
            key: key.clone(),
            id: device.id.to_string(),
        });
        Ok(Page {
            items: page.items.into_iter().map(|(_, device)| device).collect(),
            next_cursor: page.next_cursor,
            total: page.total,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::containing;

    #[test]
    fn the_signs_of_a_pattern_are_taken_literally() {
        assert_eq!(containing("a_b%c\\"), "%a\\_b\\%c\\\\%");
    }
}
