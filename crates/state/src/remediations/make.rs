//! Taking a recommendation on, and deciding about it.

use palisade_types::{TenantId, TimeMicros, UserId};
use roaring::RoaringBitmap;
use serde_json::Value;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use super::{MAX_NOTE, MOST_DEVICES, Remediation, RemediationState, list, no_device};
use crate::vulnerabilities::Recommendation;
use crate::{DeviceScope, Result, State, StateError, row};

/// The longest time until something is due, microseconds: three years.
const LONGEST: i64 = 3 * 366 * 86_400 * 1_000_000;

/// A recommendation to take on.
#[derive(Clone, Debug)]
pub struct NewRemediation {
    /// Which.
    pub recommendation: String,
    /// What is to be done, in a line.
    pub title: String,
    /// `debian:12`, `npm`.
    pub ecosystem: String,
    /// Who sees to it.
    pub owner: String,
    /// Until when.
    pub due_at: Option<TimeMicros>,
    /// `low`, `medium`, `high`.
    pub priority: String,
    /// What else is to be said.
    pub note: String,
    /// Only the devices of this group.
    pub group: Option<Uuid>,
    /// How the sensors carry it out, once somebody approved; none where people do.
    pub run: Option<Value>,
    /// Who takes it on, as the audit log names them.
    pub created_by: String,
    /// The user.
    pub created_by_id: Option<UserId>,
}

/// What somebody changes of a remediation; what is none stays.
#[derive(Clone, Debug, Default)]
pub struct RemediationChange {
    /// Who sees to it.
    pub owner: Option<String>,
    /// Until when; `Some(None)` takes it away.
    pub due_at: Option<Option<TimeMicros>>,
    /// `low`, `medium`, `high`.
    pub priority: Option<String>,
    /// What else is to be said.
    pub note: Option<String>,
}

fn rule(code: &'static str, text: &str) -> StateError {
    StateError::Rule { code, message: text.to_owned() }
}

fn check(owner: &str, priority: &str, due_at: Option<TimeMicros>, now: TimeMicros) -> Result<()> {
    let bad = |words: &str| Err(StateError::InvalidArgument(words.into()));
    if owner.chars().count() > 200 {
        return bad("an owner has at most 200 characters");
    }
    if !["low", "medium", "high"].contains(&priority) {
        return bad("priority must be low, medium or high");
    }
    match due_at {
        Some(due) if due <= now || due.0 - now.0 > LONGEST => bad("due_at must lie in the next three years"),
        _ => Ok(()),
    }
}

impl State {
    /// Takes a recommendation on, for the devices of the scope (and of the group) that need it now.
    ///
    /// # Errors
    /// `not_found` (recommendation or group), `invalid_argument`, `remediation_no_device` where none needs it,
    /// `remediation_exists` where somebody has taken it on already and it is not over.
    pub async fn create_remediation(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        new: &NewRemediation,
        now: TimeMicros,
    ) -> Result<Remediation> {
        check(&new.owner, &new.priority, new.due_at, now)?;
        let mut scope_of_it = scope.clone();
        if let Some(group) = new.group {
            scope_of_it = scope_of_it.and(group);
        }
        let (mut found, devices) =
            self.recommendation_with_devices(tenant, &scope_of_it, &new.recommendation, now).await?;
        if new.group.is_some() {
            found.effect = self.vulnerability_recommendation(tenant, scope, &found.id, now).await?.effect;
        }
        if devices.is_empty() {
            return Err(no_device());
        }
        let id = Uuid::now_v7();
        let mut tx = self.tenant_tx(tenant).await?;
        // Two people who take the same on at once make one.
        sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 43))")
            .bind(format!("{tenant} {}", new.recommendation))
            .execute(&mut *tx)
            .await?;
        let open: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM remediations WHERE tenant_id = $1 AND recommendation_id = $2
                 AND state NOT IN ('completed', 'cancelled', 'stopped'))",
        )
        .bind(tenant.0)
        .bind(&new.recommendation)
        .fetch_one(&mut *tx)
        .await?;
        if open {
            return Err(rule("remediation_exists", "somebody has taken it on already"));
        }
        insert(&mut tx, (tenant, id), new, &found, now).await?;
        insert_devices(&mut tx, (tenant, id), &devices, now).await?;
        let made = list::one(&mut tx, tenant, scope, id).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// Changes who sees to it, until when, how urgent it is and what is said.
    ///
    /// # Errors
    /// `not_found`, `invalid_argument`, `remediation_over`.
    pub async fn change_remediation(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        id: Uuid,
        change: &RemediationChange,
        now: TimeMicros,
    ) -> Result<Remediation> {
        let mut tx = self.tenant_tx(tenant).await?;
        let there = list::locked(&mut tx, tenant, scope, id).await?;
        if there.state.is_over() {
            return Err(rule("remediation_over", "it is over"));
        }
        let owner = change.owner.clone().unwrap_or(there.owner);
        let priority = change.priority.clone().unwrap_or(there.priority);
        // One that is overdue already may stay so.
        check(&owner, &priority, change.due_at.flatten(), now)?;
        sqlx::query(
            "UPDATE remediations SET owner = $3, due_at = $4, priority = $5, note = $6, changed_at = $7
             WHERE tenant_id = $1 AND id = $2",
        )
        .bind(tenant.0)
        .bind(id)
        .bind(row::text(owner.trim(), 200))
        .bind(change.due_at.unwrap_or(there.due_at).map(|at| at.0))
        .bind(&priority)
        .bind(row::text(change.note.as_deref().unwrap_or(&there.note).trim(), MAX_NOTE))
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        let now_is = list::one(&mut tx, tenant, scope, id).await?;
        tx.commit().await?;
        Ok(now_is)
    }

    /// Moves a remediation on by a person's word, if it is in one of the states `from`. `run` takes the place
    /// of how it is carried out; `approved_by` notes who allowed that.
    ///
    /// # Errors
    /// `not_found`, `remediation_not_whole` for somebody who does not see all of its devices,
    /// `remediation_wrong_state`.
    pub async fn decide_remediation(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        id: Uuid,
        decision: &Decision<'_>,
        now: TimeMicros,
    ) -> Result<Remediation> {
        let mut tx = self.tenant_tx(tenant).await?;
        let there = list::locked(&mut tx, tenant, scope, id).await?;
        let whole: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM remediation_devices WHERE tenant_id = $1 AND remediation_id = $2",
        )
        .bind(tenant.0)
        .bind(id)
        .fetch_one(&mut *tx)
        .await?;
        if u64::try_from(whole).ok() != Some(there.devices) {
            return Err(rule(
                "remediation_not_whole",
                "it has devices that you do not see; somebody who sees them decides",
            ));
        }
        if !decision.from.contains(&there.state) {
            return Err(rule(
                "remediation_wrong_state",
                &format!("that cannot be done while it is {}", there.state),
            ));
        }
        sqlx::query(
            "UPDATE remediations SET state = $3, run = coalesce($4, run), reason_code = $5, reason = '',
                 approved_by = coalesce($6, approved_by),
                 approved_at = CASE WHEN $6::text IS NULL THEN approved_at ELSE $7 END, changed_at = $7
             WHERE tenant_id = $1 AND id = $2",
        )
        .bind(tenant.0)
        .bind(id)
        .bind(decision.to.as_str())
        .bind(&decision.run)
        .bind(decision.reason_code)
        .bind(decision.approved_by.map(|name| row::text(name, 200)))
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        if decision.again {
            // Who failed is asked anew; what is under way stays.
            sqlx::query(
                "UPDATE remediation_devices SET step = 'waiting', since = $3, missed = 0, order_id = NULL
                 WHERE tenant_id = $1 AND remediation_id = $2 AND step IN ('failed', 'refused', 'checked', 'rolled_back')",
            )
            .bind(tenant.0)
            .bind(id)
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        }
        if decision.back {
            // Only where it is known what was there before.
            sqlx::query(
                "UPDATE remediation_devices SET step = 'rolling_back', since = $3, missed = 0, order_id = NULL
                 WHERE tenant_id = $1 AND remediation_id = $2 AND versions IS NOT NULL
                   AND step IN ('applied', 'verified', 'failed')",
            )
            .bind(tenant.0)
            .bind(id)
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        }
        let now_is = list::one(&mut tx, tenant, scope, id).await?;
        tx.commit().await?;
        Ok(now_is)
    }
}

/// A person's decision about a remediation.
#[derive(Clone, Debug)]
pub struct Decision<'a> {
    /// States in which it can be made.
    pub from: &'a [RemediationState],
    /// The state after it.
    pub to: RemediationState,
    /// How it is carried out from then on; none leaves it.
    pub run: Option<Value>,
    /// Who allowed that sensors change something; none where that is not what was decided.
    pub approved_by: Option<&'a str>,
    /// Whether devices where it failed are asked again.
    pub again: bool,
    /// Whether devices go back to the versions that they had.
    pub back: bool,
    /// Why it is as it is then; empty where there is nothing to say.
    pub reason_code: &'a str,
}

async fn insert(
    tx: &mut PgConnection,
    (tenant, id): (TenantId, Uuid),
    new: &NewRemediation,
    found: &Recommendation,
    now: TimeMicros,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO remediations (tenant_id, id, recommendation_id, kind, title, product, ecosystem, target,
             severity, effect, owner, due_at, priority, note, state, run, created_by, created_by_id, created_at,
             changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 'requested', $15, $16, $17, $18, $18)",
    )
    .bind(tenant.0)
    .bind(id)
    .bind(&found.id)
    .bind(&found.kind)
    .bind(row::text(&new.title, 300))
    .bind(&found.product)
    .bind(row::text(&new.ecosystem, 100))
    .bind(&found.target)
    .bind(&found.severity)
    .bind(found.effect.unwrap_or(0.0))
    .bind(row::text(new.owner.trim(), 200))
    .bind(new.due_at.map(|at| at.0))
    .bind(&new.priority)
    .bind(row::text(new.note.trim(), MAX_NOTE))
    .bind(new.run.as_ref().map(row::json))
    .bind(row::text(&new.created_by, 200))
    .bind(new.created_by_id.map(|u| u.0))
    .bind(now.0)
    .execute(tx)
    .await?;
    Ok(())
}

async fn insert_devices(
    tx: &mut PgConnection,
    (tenant, id): (TenantId, Uuid),
    devices: &RoaringBitmap,
    now: TimeMicros,
) -> Result<()> {
    let numbers: Vec<i32> = devices.iter().filter_map(|n| i32::try_from(n).ok()).take(MOST_DEVICES).collect();
    let mut q = QueryBuilder::<Postgres>::new(
        "INSERT INTO remediation_devices (tenant_id, remediation_id, device_id, since)
         SELECT o.tenant_id, ",
    );
    q.push_bind(id).push(", o.device_id, ").push_bind(now.0);
    q.push(" FROM device_ordinals o WHERE o.tenant_id = ").push_bind(tenant.0);
    q.push(" AND o.ordinal = ANY(").push_bind(numbers).push(")");
    q.build().execute(&mut *tx).await?;
    let there: i64 = sqlx::query(
        "SELECT count(*) AS n FROM remediation_devices WHERE tenant_id = $1 AND remediation_id = $2",
    )
    .bind(tenant.0)
    .bind(id)
    .fetch_one(tx)
    .await?
    .try_get("n")?;
    if there == 0 { Err(no_device()) } else { Ok(()) }
}
