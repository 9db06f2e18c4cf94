//! Usage: metered hours added up, and what they cost.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::str::FromStr;

use palisade_estate::metering::{Hour, Tally, Tariff};
use palisade_estate::plan::Plan;
use palisade_types::{MachineId, SubscriptionId, TenantId};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, QueryBuilder, Row};
use uuid::Uuid;

use crate::page::{self, Cursor};
use crate::{DeviceScope, Page, Result, State, StateError, row};

/// By what hours are added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UsageBy {
    /// Subscriptions.
    Subscription,
    /// Owners.
    Owner,
    /// Plans.
    Plan,
    /// Machines.
    Machine,
    /// Hours of the clock.
    Hour,
}

impl FromStr for UsageBy {
    type Err = StateError;

    fn from_str(s: &str) -> Result<Self> {
        match s {
            "subscription" => Ok(Self::Subscription),
            "owner" => Ok(Self::Owner),
            "plan" => Ok(Self::Plan),
            "machine" => Ok(Self::Machine),
            "hour" => Ok(Self::Hour),
            _ => Err(StateError::InvalidArgument(
                "usage is added up by subscription, owner, plan, machine or hour".into(),
            )),
        }
    }
}

/// Which hours, and how to add them up.
#[derive(Clone, Debug)]
pub struct UsageQuery {
    /// The first hour.
    pub from: Hour,
    /// The first hour after the last one.
    pub to: Hour,
    /// By what; by nothing gives one row.
    pub by: Vec<UsageBy>,
    /// Only of this subscription.
    pub subscription: Option<SubscriptionId>,
    /// Only of this owner; an empty one is none.
    pub owner: Option<String>,
    /// Only under this plan.
    pub plan: Option<Plan>,
    /// Only of this machine.
    pub machine: Option<MachineId>,
    /// Only of machines that the caller may see.
    pub scope: DeviceScope,
    /// Rows of a page.
    pub limit: u32,
    /// The page.
    pub cursor: Option<String>,
}

impl UsageQuery {
    /// All hours of a stretch.
    pub fn between(from: Hour, to: Hour, by: Vec<UsageBy>) -> Self {
        Self {
            from,
            to,
            by,
            subscription: None,
            owner: None,
            plan: None,
            machine: None,
            scope: DeviceScope::all(),
            limit: 0,
            cursor: None,
        }
    }
}

/// Hours that have something in common; what they were not added up by is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UsageRow {
    /// The subscription, with its name.
    pub subscription: Option<(SubscriptionId, String)>,
    /// The owner; empty where machines have none.
    pub owner: Option<String>,
    /// The plan.
    pub plan: Option<Plan>,
    /// The machine, with its name.
    pub machine: Option<(MachineId, String)>,
    /// The hour.
    pub hour: Option<Hour>,
    /// How many machines.
    pub machines: u64,
    /// Hours and their cost.
    pub tally: Tally,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Usage {
    /// The rows.
    pub page: Page<UsageRow>,
    /// Everything that was asked for, over all pages.
    pub totals: UsageRow,
}

// Whole days are added up already. The rest is added up once, by everything that names, prices or joins them; the rest works on those
// few rows. The row without a key is the total.
const SQL: &str = "WITH counted AS MATERIALIZED (
    SELECT subscription_id, owner, plan, machine_id, trial, width_bucket(at, $4::bigint[]) AS stretch,
        CASE WHEN $9 THEN at END AS hour, sum(hours)::bigint AS hours
    FROM (
        SELECT tenant_id, subscription_id, owner, plan, machine_id, trial, hour AS at, 1::bigint AS hours
        FROM unnest($2::bigint[], $3::bigint[]) AS r(a, b) JOIN usage_hours ON hour >= r.a AND hour < r.b
        UNION ALL
        SELECT tenant_id, subscription_id, owner, plan, machine_id, trial, day * 24, hours
        FROM unnest($17::bigint[], $18::bigint[]) AS r(a, b) JOIN usage_days ON day >= r.a AND day < r.b
    ) u
    WHERE tenant_id = $1
        AND ($10::uuid IS NULL OR subscription_id = $10) AND ($11::text IS NULL OR owner = $11)
        AND ($12::text IS NULL OR plan = $12) AND ($13::uuid IS NULL OR machine_id = $13)
        AND ($14::uuid[] IS NULL OR machine_id = ANY($14))
    GROUP BY 1, 2, 3, 4, 5, 6, 7
), grouped AS (
    SELECT CASE WHEN $5 THEN subscription_id END AS subscription, CASE WHEN $6 THEN owner END AS by_owner,
        CASE WHEN $7 THEN plan END AS by_plan, CASE WHEN $8 THEN machine_id END AS machine, hour,
        concat_ws(E'\\x1f', CASE WHEN $5 THEN subscription_id END, CASE WHEN $6 THEN owner END,
            CASE WHEN $7 THEN plan END, CASE WHEN $8 THEN machine_id END, hour) AS of,
        plan, trial, stretch, machine_id, hours
    FROM counted
), summed AS (
    SELECT of, plan, trial, stretch, sum(hours)::bigint AS hours FROM grouped GROUP BY 1, 2, 3, 4
), groups AS (
    SELECT of, subscription, by_owner, by_plan, machine, hour, count(DISTINCT machine_id) AS machines
    FROM grouped GROUP BY 1, 2, 3, 4, 5, 6
), named AS (
    SELECT g.*, coalesce(s.name, '') AS subscription_name, coalesce(m.name, '') AS machine_name,
        concat_ws(E'\\x1f', left(lower(s.name), 30), left(lower(g.by_owner), 30), g.by_plan,
            left(lower(m.name), 30), lpad(g.hour::text, 10, '0'), md5(g.of)) COLLATE \"C\" AS key
    FROM groups g
    LEFT JOIN subscriptions s ON s.tenant_id = $1 AND s.id = g.subscription
    LEFT JOIN machines m ON m.tenant_id = $1 AND m.id = g.machine
), page AS (
    SELECT * FROM named WHERE $15::text IS NULL OR key > $15 ORDER BY key LIMIT $16
)
SELECT p.key, p.subscription, p.subscription_name, p.by_owner, p.by_plan, p.machine, p.machine_name, p.hour,
    p.machines, s.plan, s.trial, s.stretch, s.hours, (SELECT count(*) FROM groups) AS total
FROM page p JOIN summed s ON s.of = p.of
UNION ALL
SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    (SELECT count(DISTINCT machine_id) FROM counted), plan, trial, stretch, sum(hours)::bigint,
    (SELECT count(*) FROM groups)
FROM counted GROUP BY plan, trial, stretch";

fn group(row: &PgRow) -> Result<UsageRow> {
    let id = |column: &str| row.try_get::<Option<Uuid>, _>(column);
    let name =
        |column: &str| Ok::<_, StateError>(row.try_get::<Option<String>, _>(column)?.unwrap_or_default());
    Ok(UsageRow {
        subscription: id("subscription")?
            .map(|s| Ok::<_, StateError>((SubscriptionId(s), name("subscription_name")?)))
            .transpose()?,
        owner: row.try_get("by_owner")?,
        plan: row.try_get::<Option<&str>, _>("by_plan")?.map(plan).transpose()?,
        machine: id("machine")?
            .map(|m| Ok::<_, StateError>((MachineId(m), name("machine_name")?)))
            .transpose()?,
        hour: row.try_get::<Option<i64>, _>("hour")?.map(Hour),
        machines: u64::try_from(row.try_get::<i64, _>("machines")?).unwrap_or(0),
        tally: Tally::default(),
    })
}

fn plan(text: &str) -> Result<Plan> {
    text.parse().map_err(|_| StateError::Internal("column plan holds an unknown value".into()))
}

impl State {
    /// Usage, priced by the tenant's rate cards.
    ///
    /// # Errors
    /// `cursor_invalid`.
    pub async fn usage(&self, tenant: TenantId, query: &UsageQuery) -> Result<Usage> {
        let tariff = self.tariff(tenant).await?;
        let starts = tariff.starts();
        let after = query.cursor.as_deref().map(|c| Cursor::decode(c, "usage")).transpose()?;
        let limit = page::limit(query.limit);
        let by = |what| query.by.contains(&what);
        let read = Read::of(query.from.0..query.to.0, by(UsageBy::Hour), &starts);
        let mut tx = self.tenant_tx(tenant).await?;
        let within = within(&mut tx, tenant, &query.scope).await?;
        // Millions of hours are a few thousand groups: hashed in one pass. The planner, which cannot know,
        // would sort them on disk.
        sqlx::query("SELECT set_config('enable_sort', 'off', true), set_config('jit', 'off', true)")
            .execute(&mut *tx)
            .await?;
        let rows = sqlx::query(SQL)
            .bind(tenant.0)
            .bind(read.hours.iter().map(|r| r.start).collect::<Vec<_>>())
            .bind(read.hours.iter().map(|r| r.end).collect::<Vec<_>>())
            .bind(starts.iter().map(|h| h.0).collect::<Vec<_>>())
            .bind(by(UsageBy::Subscription))
            .bind(by(UsageBy::Owner))
            .bind(by(UsageBy::Plan))
            .bind(by(UsageBy::Machine))
            .bind(by(UsageBy::Hour))
            .bind(query.subscription.map(|s| s.0))
            .bind(query.owner.as_deref().map(|o| row::text(o, 256)))
            .bind(query.plan.map(Plan::as_str))
            .bind(query.machine.map(|m| m.0))
            .bind(within)
            .bind(after.map(|c| c.key))
            .bind(limit + 1)
            .bind(read.days.iter().map(|r| r.start).collect::<Vec<_>>())
            .bind(read.days.iter().map(|r| r.end).collect::<Vec<_>>())
            .fetch_all(&mut *tx)
            .await?;
        tx.commit().await?;
        let mut groups: BTreeMap<String, UsageRow> = BTreeMap::new();
        let mut totals = UsageRow::default();
        let mut total = 0;
        for row in &rows {
            total = row.try_get("total")?;
            let into = match row.try_get::<Option<String>, _>("key")? {
                Some(key) => match groups.entry(key) {
                    std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
                    std::collections::btree_map::Entry::Vacant(new) => new.insert(group(row)?),
                },
                None => {
                    totals.machines = u64::try_from(row.try_get::<i64, _>("machines")?).unwrap_or(0);
                    &mut totals
                }
            };
            add(&mut into.tally, row, &tariff, &starts)?;
        }
        let page = page::finish(groups.into_iter().collect(), limit, total, |(key, _)| Cursor {
            list: "usage".into(),
            key: key.clone(),
            id: String::new(),
        });
        let items = page.items.into_iter().map(|(_, row)| row).collect();
        Ok(Usage { page: Page { items, next_cursor: page.next_cursor, total: page.total }, totals })
    }
}

/// From where a stretch of hours is read.
#[derive(Debug, PartialEq)]
struct Read {
    /// Stretches of hours that are read one by one.
    hours: Vec<Range<i64>>,
    /// Stretches of days whose hours are added up already.
    days: Vec<Range<i64>>,
}

impl Read {
    /// A day in which a price changes is read by its hours; so is everything that is asked for by hours.
    fn of(asked: Range<i64>, by_hour: bool, starts: &[Hour]) -> Self {
        let whole = (asked.start + 23).div_euclid(24)..asked.end.div_euclid(24);
        if by_hour || whole.is_empty() {
            return Self { hours: vec![asked], days: Vec::new() };
        }
        let broken = starts.iter().filter(|h| h.0.rem_euclid(24) != 0).map(|h| h.0.div_euclid(24));
        let broken: BTreeSet<i64> = broken.filter(|day| whole.contains(day)).collect();
        let mut read = Self { hours: Vec::new(), days: Vec::new() };
        read.hours.push(asked.start..whole.start * 24);
        let mut from = whole.start;
        for day in broken {
            read.days.push(from..day);
            read.hours.push(day * 24..(day + 1) * 24);
            from = day + 1;
        }
        read.days.push(from..whole.end);
        read.hours.push(whole.end * 24..asked.end);
        read.hours.retain(|r| !r.is_empty());
        read.days.retain(|r| !r.is_empty());
        read
    }
}

/// The machines that somebody is limited to; `None` for all.
async fn within(tx: &mut PgConnection, tenant: TenantId, scope: &DeviceScope) -> Result<Option<Vec<Uuid>>> {
    if !scope.is_limited() {
        return Ok(None);
    }
    let mut query = QueryBuilder::new("SELECT m.id FROM machines m WHERE m.tenant_id = ");
    query.push_bind(tenant.0);
    scope.push_machine(&mut query, "m.tenant_id", "m.id");
    let rows = query.build().fetch_all(tx).await?;
    Ok(Some(rows.iter().map(|r| r.try_get("id")).collect::<sqlx::Result<_>>()?))
}

fn add(tally: &mut Tally, row: &PgRow, tariff: &Tariff, starts: &[Hour]) -> Result<()> {
    let stretch = usize::try_from(row.try_get::<i32, _>("stretch")?).unwrap_or(0);
    // Before the first card there is no price, whichever hour it was.
    let hour = stretch.checked_sub(1).and_then(|i| starts.get(i)).copied().unwrap_or(Hour(i64::MIN));
    let hours = u64::try_from(row.try_get::<i64, _>("hours")?).unwrap_or(0);
    tally.add(tariff, plan(row.try_get("plan")?)?, hour, row.try_get("trial")?, hours);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::single_range_in_vec_init, reason = "stretches are meant, not what is in them")]
    fn whole_days_are_read_as_days() {
        let read = Read::of(30..200, false, &[Hour(48), Hour(101)]);
        assert_eq!(read, Read { hours: vec![30..48, 96..120, 192..200], days: vec![2..4, 5..8] });
        let every: usize = read.hours.iter().map(|r| r.clone().count()).sum::<usize>()
            + read.days.iter().map(|r| r.clone().count() * 24).sum::<usize>();
        assert_eq!(every, 170);
        assert_eq!(Read::of(24..72, false, &[]), Read { hours: vec![], days: vec![1..3] });
        assert_eq!(Read::of(24..72, true, &[]), Read { hours: vec![24..72], days: vec![] });
        assert_eq!(Read::of(25..47, false, &[]), Read { hours: vec![25..47], days: vec![] });
        assert_eq!(Read::of(5..5, false, &[]), Read { hours: vec![5..5], days: vec![] });
    }
}
