//! How machines stand with recommendations: written by the estate process, read by people.

use std::collections::BTreeMap;

use palisade_estate::edr::{
    Affected, Assessment, Counts, Outcome, Reason, Recommendation, State as Stand, Summary, Topic,
};
use palisade_types::{MachineId, TenantId, TimeMicros};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde_json::{Value, json};
use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder, Row, Transaction};
use uuid::Uuid;

use super::products::FactsBy;
use crate::page::{self, Cursor};
use crate::{DeviceScope, Page, Result, State, StateError, row};

/// Machines that a summary names.
const NAMED: i64 = 100;
/// Most rows of one step of whoever follows.
const MOST: i64 = 5000;

/// What is to be written about a machine.
#[derive(Clone, Debug)]
pub struct Assessed {
    /// Which.
    pub machine: MachineId,
    /// How it stands with each recommendation.
    pub assessments: [Assessment; 2],
    /// When and by whom the facts were found that this rests on.
    pub facts: Option<(TimeMicros, FactsBy)>,
}

/// How a machine stands with a recommendation, as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct StandRow {
    /// Which recommendation.
    pub recommendation: Recommendation,
    /// How it stands.
    pub state: Stand,
    /// Why.
    pub reason: Reason,
    /// Since when it stands so.
    pub since: TimeMicros,
    /// When it was judged last.
    pub evaluated_at: TimeMicros,
    /// When the facts were found.
    pub facts_at: Option<TimeMicros>,
    /// `sensor` or `connector`; empty where there are none.
    pub facts_by: String,
    /// The whole assessment.
    pub assessment: Value,
}

/// A machine of a recommendation's list.
#[derive(Clone, Debug, PartialEq)]
pub struct AffectedRow {
    /// The machine with its name.
    pub machine: (MachineId, String),
    /// Its subscription's name.
    pub subscription: String,
    /// How it stands.
    pub state: Stand,
    /// Why.
    pub reason: Reason,
    /// Ids of its EDR solutions.
    pub products: Vec<String>,
    /// Checks that fail.
    pub failed: Vec<String>,
    /// Since when.
    pub since: TimeMicros,
}

/// Which machines of a recommendation.
#[derive(Clone, Debug)]
pub struct AffectedQuery {
    /// Which recommendation.
    pub recommendation: Recommendation,
    /// Only those that stand so.
    pub state: Option<Stand>,
    /// Only those for this reason.
    pub reason: Option<Reason>,
    /// Only those with this EDR solution.
    pub product: Option<String>,
    /// Only those on which this check fails.
    pub check: Option<String>,
    /// Rows of a page: 1 to 1000, 0 for 50.
    pub limit: u32,
    /// From the page before.
    pub cursor: Option<String>,
}

/// What the explorer shows of a machine.
#[derive(Clone, Debug, PartialEq)]
pub struct ExplorerStand {
    /// The machine.
    pub machine: MachineId,
    /// When it was written.
    pub changed_at: TimeMicros,
    /// Which recommendation.
    pub recommendation: Recommendation,
    /// How it stands.
    pub state: Stand,
    /// Products of all kinds: id, name, kind, and whether they run (`yes`, `no`, `unknown`).
    pub products: Vec<[String; 4]>,
}

/// A stored word that has one of a type's names.
fn word<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T> {
    let unknown = |e: serde::de::value::Error| StateError::Internal(format!("a stored word: {e}"));
    T::deserialize(text.into_deserializer()).map_err(unknown)
}

fn column<T: serde::de::DeserializeOwned>(row: &PgRow, name: &str) -> Result<T> {
    word(row.try_get::<&str, _>(name)?)
}

/// Of what `machine_recommendations r` has, what people see: those of machines that are there.
fn visible(select: &str, tenant: TenantId, scope: &DeviceScope) -> QueryBuilder<Postgres> {
    let mut q = QueryBuilder::new(format!(
        "SELECT {select} FROM machine_recommendations r
         JOIN machines m ON m.tenant_id = r.tenant_id AND m.id = r.machine_id
         JOIN subscriptions b ON b.tenant_id = m.tenant_id AND b.id = m.subscription_id
         WHERE m.retired_at IS NULL AND r.tenant_id = "
    ));
    q.push_bind(tenant.0);
    scope.push_machine(&mut q, "r.tenant_id", "r.machine_id");
    q
}

fn filter(q: &mut QueryBuilder<Postgres>, query: &AffectedQuery) {
    q.push(" AND r.recommendation = ").push_bind(query.recommendation.as_str());
    if let Some(state) = query.state {
        q.push(" AND r.state = ").push_bind(state.as_str());
    }
    if let Some(reason) = query.reason {
        q.push(" AND r.reason = ").push_bind(reason.as_str());
    }
    if let Some(product) = &query.product {
        q.push(" AND ").push_bind(row::text(product, 100)).push(" = ANY(r.products)");
    }
    if let Some(check) = &query.check {
        q.push(" AND ").push_bind(row::text(check, 100)).push(" = ANY(r.failed)");
    }
}

/// What belongs to which recommendation, counted.
async fn tally<K: Ord + serde::de::DeserializeOwned>(
    tx: &mut Transaction<'static, Postgres>,
    (tenant, scope): (TenantId, &DeviceScope),
    list: &str,
) -> Result<BTreeMap<(Recommendation, K), u64>> {
    let mut q = QueryBuilder::new(format!(
        "SELECT r.recommendation, u.word, count(*) AS n FROM machine_recommendations r
         JOIN machines m ON m.tenant_id = r.tenant_id AND m.id = r.machine_id
         CROSS JOIN unnest(r.{list}) AS u(word) WHERE m.retired_at IS NULL AND r.tenant_id = "
    ));
    q.push_bind(tenant.0);
    scope.push_machine(&mut q, "r.tenant_id", "r.machine_id");
    q.push(" GROUP BY 1, 2");
    let mut out = BTreeMap::new();
    for r in &q.build().fetch_all(&mut **tx).await? {
        let n = u64::try_from(r.try_get::<i64, _>("n")?).unwrap_or(0);
        out.insert((column(r, "recommendation")?, column(r, "word")?), n);
    }
    Ok(out)
}

fn of<K: Ord + Clone>(all: &BTreeMap<(Recommendation, K), u64>, which: Recommendation) -> BTreeMap<K, u64> {
    all.iter().filter(|((r, _), _)| *r == which).map(|((_, k), n)| (k.clone(), *n)).collect()
}

impl State {
    /// Writes how machines stand. What is as it was keeps its instants.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn write_assessed(&self, tenant: TenantId, found: &[Assessed], now: TimeMicros) -> Result<()> {
        if found.is_empty() {
            return Ok(());
        }
        let mut records = Vec::with_capacity(found.len() * 2);
        for one in found {
            for a in &one.assessments {
                let failed = a.products.iter().flat_map(|p| &p.checks);
                let failed: Vec<_> = failed.filter(|c| c.outcome == Outcome::Unhealthy).collect();
                let mut codes: Vec<&str> = failed.iter().map(|c| c.code.as_str()).collect();
                let mut topics: Vec<&str> = failed.iter().map(|c| c.topic.as_str()).collect();
                for list in [&mut codes, &mut topics] {
                    list.sort_unstable();
                    list.dedup();
                }
                let products: Vec<&str> = a.products.iter().map(|p| p.product.id.as_str()).collect();
                let whole = serde_json::to_value(a)
                    .map_err(|e| StateError::Internal(format!("an assessment: {e}")))?;
                records.push(json!({
                    "machine_id": one.machine.0, "recommendation": a.recommendation.as_str(),
                    "state": a.state.as_str(), "reason": a.reason.as_str(), "complete": a.complete,
                    "products": products, "failed": codes, "topics": topics, "assessment": row::json(&whole),
                    "facts_at": one.facts.map(|(at, _)| at.0),
                    "facts_by": one.facts.map_or("", |(_, by)| by.as_str()),
                }));
            }
        }
        let mut tx = self.tenant_tx(tenant).await?;
        sqlx::query(
            "INSERT INTO machine_recommendations AS r (tenant_id, machine_id, recommendation, state, reason, complete,
                 products, failed, topics, assessment, facts_at, facts_by, since, evaluated_at, changed_at)
             SELECT $1, u.machine_id, u.recommendation, u.state, u.reason, u.complete, u.products, u.failed, u.topics,
                 u.assessment, u.facts_at, u.facts_by, $3, $3, $3
             FROM jsonb_to_recordset($2) AS u(machine_id uuid, recommendation text, state text, reason text,
                 complete boolean, products text[], failed text[], topics text[], assessment jsonb, facts_at bigint,
                 facts_by text)
             JOIN machines m ON m.tenant_id = $1 AND m.id = u.machine_id
             ON CONFLICT (tenant_id, machine_id, recommendation) DO UPDATE SET
                 state = excluded.state, reason = excluded.reason, complete = excluded.complete,
                 products = excluded.products, failed = excluded.failed, topics = excluded.topics,
                 assessment = excluded.assessment, facts_at = excluded.facts_at, facts_by = excluded.facts_by,
                 since = CASE WHEN r.state = excluded.state THEN r.since ELSE excluded.since END,
                 evaluated_at = excluded.evaluated_at,
                 changed_at = CASE WHEN r.assessment = excluded.assessment THEN r.changed_at
                     ELSE excluded.changed_at END",
        )
        .bind(tenant.0)
        .bind(Value::Array(records))
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// How a machine stands with each recommendation; nothing where it was never judged. The caller has
    /// made sure that it may be seen.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn stands_of(&self, tenant: TenantId, machine: MachineId) -> Result<Vec<StandRow>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = sqlx::query(
            "SELECT recommendation, state, reason, since, evaluated_at, facts_at, facts_by, assessment
             FROM machine_recommendations WHERE tenant_id = $1 AND machine_id = $2",
        )
        .bind(tenant.0)
        .bind(machine.0)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let mut stands = Vec::with_capacity(rows.len());
        for r in &rows {
            stands.push(StandRow {
                recommendation: column(r, "recommendation")?,
                state: column(r, "state")?,
                reason: column(r, "reason")?,
                since: row::time(r, "since")?,
                evaluated_at: row::time(r, "evaluated_at")?,
                facts_at: row::time_opt(r, "facts_at")?,
                facts_by: r.try_get("facts_by")?,
                assessment: r.try_get("assessment")?,
            });
        }
        stands.sort_by_key(|s| s.recommendation);
        Ok(stands)
    }

    /// Both recommendations over the scope's machines, with the first machines of each.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn recommendations(&self, tenant: TenantId, scope: &DeviceScope) -> Result<Vec<Summary>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let select = "r.recommendation, r.state, r.reason, count(*) AS n,
            count(*) FILTER (WHERE NOT r.complete AND r.state <> 'not_applicable') AS incomplete";
        let mut q = visible(select, tenant, scope);
        q.push(" GROUP BY 1, 2, 3");
        let counted = q.build().fetch_all(&mut *tx).await?;
        let whose = (tenant, scope);
        let products = tally::<String>(&mut tx, whose, "products").await?;
        let topics = tally::<Topic>(&mut tx, whose, "topics").await?;
        let checks = tally::<String>(&mut tx, whose, "failed").await?;
        let mut out = Vec::new();
        for which in Recommendation::ALL {
            let mut one = Summary {
                recommendation: which,
                counts: Counts::default(),
                reasons: BTreeMap::new(),
                products: of(&products, which),
                topics: of(&topics, which),
                checks: of(&checks, which),
                incomplete: 0,
                machines: Vec::new(),
                more: false,
            };
            for r in &counted {
                if column::<Recommendation>(r, "recommendation")? != which {
                    continue;
                }
                let number = |name: &str| -> Result<u64> {
                    Ok(u64::try_from(r.try_get::<i64, _>(name)?).unwrap_or(0))
                };
                let n = number("n")?;
                match column(r, "state")? {
                    Stand::Unhealthy => one.counts.unhealthy += n,
                    Stand::Healthy => one.counts.healthy += n,
                    Stand::NotApplicable => one.counts.not_applicable += n,
                }
                one.incomplete += number("incomplete")?;
                *one.reasons.entry(column(r, "reason")?).or_default() += n;
            }
            first_machines(&mut tx, whose, &mut one).await?;
            out.push(one);
        }
        tx.commit().await?;
        Ok(out)
    }

    /// A page of the machines that a recommendation is about, by name.
    ///
    /// # Errors
    /// `cursor_invalid`.
    pub async fn affected_machines(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        query: &AffectedQuery,
    ) -> Result<Page<AffectedRow>> {
        const LIST: &str = "recommendations.name.asc";
        let limit = page::limit(query.limit);
        let mut count = visible("count(*)", tenant, scope);
        filter(&mut count, query);
        let columns =
            "m.id, m.name, b.name AS subscription, r.state, r.reason, r.products, r.failed, r.since,
            left(lower(m.name), 100) AS key";
        let mut q = visible(columns, tenant, scope);
        filter(&mut q, query);
        if let Some(cursor) = query.cursor.as_deref() {
            let after = Cursor::decode(cursor, LIST)?;
            let id: Uuid = after.id.parse().map_err(|_| StateError::CursorInvalid)?;
            q.push(" AND (left(lower(m.name), 100), m.id) > (").push_bind(after.key);
            q.push(", ").push_bind(id).push(")");
        }
        q.push(" ORDER BY left(lower(m.name), 100), m.id LIMIT ").push_bind(limit + 1);
        let mut tx = self.tenant_tx(tenant).await?;
        let total: i64 = count.build_query_scalar().fetch_one(&mut *tx).await?;
        let rows = q.build().fetch_all(&mut *tx).await?;
        tx.commit().await?;
        let mut items = Vec::with_capacity(rows.len());
        for r in &rows {
            let one = AffectedRow {
                machine: (MachineId(r.try_get("id")?), r.try_get("name")?),
                subscription: r.try_get("subscription")?,
                state: column(r, "state")?,
                reason: column(r, "reason")?,
                products: r.try_get("products")?,
                failed: r.try_get("failed")?,
                since: row::time(r, "since")?,
            };
            items.push((r.try_get::<String, _>("key")?, one));
        }
        let page = page::finish(items, limit, total, |(key, one)| Cursor {
            list: LIST.into(),
            key: key.clone(),
            id: one.machine.0.to_string(),
        });
        Ok(Page {
            items: page.items.into_iter().map(|(_, one)| one).collect(),
            next_cursor: page.next_cursor,
            total: page.total,
        })
    }

    /// What was written after an instant about how machines stand, in that order, for the explorer.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn stands_since(&self, tenant: TenantId, since: TimeMicros) -> Result<Vec<ExplorerStand>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = sqlx::query(
            "SELECT machine_id, recommendation, state, changed_at,
                 coalesce((SELECT jsonb_agg(jsonb_build_array(p ->> 'id', p ->> 'name', p ->> 'kind', p ->> 'running'))
                     FROM (SELECT x -> 'product' AS p FROM jsonb_array_elements(assessment -> 'products') AS x
                           UNION ALL SELECT x FROM jsonb_array_elements(assessment -> 'others') AS x) both_kinds),
                     '[]') AS products
             FROM machine_recommendations WHERE tenant_id = $1 AND changed_at > $2
             ORDER BY changed_at, machine_id LIMIT $3",
        )
        .bind(tenant.0)
        .bind(since.0)
        .bind(MOST)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let read = |r: &PgRow| {
            Ok(ExplorerStand {
                machine: MachineId(r.try_get("machine_id")?),
                changed_at: row::time(r, "changed_at")?,
                recommendation: column(r, "recommendation")?,
                state: column(r, "state")?,
                products: super::decoded(r.try_get("products")?, "products")?,
            })
        };
        rows.iter().map(read).collect()
    }
}

/// Names the first machines of a summary, unhealthy ones in front.
async fn first_machines(
    tx: &mut Transaction<'static, Postgres>,
    (tenant, scope): (TenantId, &DeviceScope),
    summary: &mut Summary,
) -> Result<()> {
    let columns = "r.machine_id, r.state, r.reason, r.products, r.failed";
    let mut q = visible(columns, tenant, scope);
    q.push(" AND r.recommendation = ").push_bind(summary.recommendation.as_str());
    q.push(
        " ORDER BY array_position(ARRAY['unhealthy', 'healthy', 'not_applicable'], r.state), r.machine_id LIMIT ",
    );
    q.push_bind(NAMED + 1);
    for r in &q.build().fetch_all(&mut **tx).await? {
        summary.machines.push(Affected {
            machine: MachineId(r.try_get("machine_id")?),
            state: column(r, "state")?,
            reason: column(r, "reason")?,
            products: r.try_get("products")?,
            failed: r.try_get("failed")?,
        });
    }
    let named = usize::try_from(NAMED).unwrap_or(usize::MAX);
    summary.more = summary.machines.len() > named;
    summary.machines.truncate(named);
    Ok(())
}
