//! Subscriptions: the parts of a tenant that have plans, connectors and a bill of their own.

use palisade_estate::plan::SubscriptionPlans;
use palisade_estate::provision::{OtherProducts, WavePlan};
use palisade_types::{SubscriptionId, TenantId, TimeMicros};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::machines::{decoded, encoded};
use crate::error::is_unique_violation;
use crate::{Result, State, StateError, row};

/// The most words in a subscription's list of exclusions.
const MAX_EXCLUSIONS: usize = 100;

/// A subscription.
#[derive(Clone, Debug, PartialEq)]
pub struct Subscription {
    /// Its identifier.
    pub id: SubscriptionId,
    /// Its name, unique in the tenant without regard to case.
    pub name: String,
    /// `direct`, `ssh`, `aws`, `cloud_init`.
    pub kind: String,
    /// Whether machines that no connector knows land here.
    pub designated: bool,
    /// What its cloud calls it; empty where none does.
    pub external_id: String,
    /// The key of the tag whose value is a machine's owner.
    pub owner_tag: String,
    /// What it is entitled to.
    pub plans: SubscriptionPlans,
    /// Whether endpoint protection is on.
    pub component_on: bool,
    /// Whether new versions are put on its machines.
    pub upgrades: bool,
    /// What to do beside other security products.
    pub other_products: OtherProducts,
    /// Tags (`key` or `key=value`) and patterns of names (`name:web-*`) that exclude a machine.
    pub exclusions: Vec<String>,
    /// How its next roll-out is cut into waves.
    pub waves: WavePlan,
    /// `active`, `leaving`, `left`.
    pub state: String,
    /// When it was made.
    pub created_at: TimeMicros,
    /// When a person changed it last.
    pub changed_at: TimeMicros,
}

/// What a new subscription shall be.
#[derive(Clone, Debug)]
pub struct NewSubscription {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// What its cloud calls it.
    pub external_id: String,
    /// The key of the owner's tag.
    pub owner_tag: String,
}

/// What shall be different; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct SubscriptionChange {
    /// Another name.
    pub name: Option<String>,
    /// The key of the owner's tag.
    pub owner_tag: Option<String>,
    /// The plans.
    pub plans: Option<SubscriptionPlans>,
    /// Endpoint protection.
    pub component_on: Option<bool>,
    /// Upgrades.
    pub upgrades: Option<bool>,
    /// Beside other products.
    pub other_products: Option<OtherProducts>,
    /// Exclusions.
    pub exclusions: Option<Vec<String>>,
    /// Waves.
    pub waves: Option<WavePlan>,
    /// Whether machines that no connector knows land here; only ever set.
    pub designated: Option<bool>,
}

const COLUMNS: &str = "id, name, kind, is_default, external_id, owner_tag, plans, component_on, upgrades,
    other_products, exclusions, waves, state, created_at, changed_at";

fn subscription(row: &PgRow) -> Result<Subscription> {
    let plans = row.try_get::<Option<Value>, _>("plans")?;
    let waves = row.try_get::<Option<Value>, _>("waves")?;
    Ok(Subscription {
        id: SubscriptionId(row.try_get("id")?),
        name: row.try_get("name")?,
        kind: row.try_get("kind")?,
        designated: row.try_get("is_default")?,
        external_id: row.try_get("external_id")?,
        owner_tag: row.try_get("owner_tag")?,
        plans: plans.map(|p| decoded(p, "plans")).transpose()?.unwrap_or_default(),
        component_on: row.try_get("component_on")?,
        upgrades: row.try_get("upgrades")?,
        other_products: decoded(Value::String(row.try_get("other_products")?), "other_products")?,
        exclusions: decoded(row.try_get("exclusions")?, "exclusions")?,
        waves: waves.map(|w| decoded(w, "waves")).transpose()?.unwrap_or_default(),
        state: row.try_get("state")?,
        created_at: row::time(row, "created_at")?,
        changed_at: row::time(row, "changed_at")?,
    })
}

/// One subscription, in the caller's transaction.
pub(crate) async fn read(
    tx: &mut PgConnection,
    tenant: TenantId,
    id: SubscriptionId,
) -> Result<Subscription> {
    let sql = format!("SELECT {COLUMNS} FROM subscriptions WHERE tenant_id = $1 AND id = $2");
    let found = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tenant.0).bind(id.0).fetch_optional(tx).await?;
    subscription(&found.ok_or(StateError::NotFound("subscription"))?)
}

impl State {
    /// Every subscription of a tenant, by name; also those that have left it.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn subscriptions(&self, tenant: TenantId) -> Result<Vec<Subscription>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sql = format!(
            "SELECT {COLUMNS} FROM subscriptions WHERE tenant_id = $1 ORDER BY lower(name), id LIMIT 10000"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(tenant.0).fetch_all(&mut *tx).await?;
        tx.commit().await?;
        rows.iter().map(subscription).collect()
    }

    /// One subscription.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn subscription(&self, tenant: TenantId, id: SubscriptionId) -> Result<Subscription> {
        let mut tx = self.tenant_tx(tenant).await?;
        let found = read(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// Makes a subscription.
    ///
    /// # Errors
    /// `name_invalid`, `conflict` (the name is taken), `invalid_argument` (kind).
    pub async fn create_subscription(
        &self,
        tenant: TenantId,
        new: &NewSubscription,
        now: TimeMicros,
    ) -> Result<Subscription> {
        let name = row::name(&new.name)?;
        if !matches!(new.kind.as_str(), "direct" | "ssh" | "aws" | "cloud_init") {
            return Err(StateError::InvalidArgument(
                "a subscription is direct, ssh, aws or cloud_init".into(),
            ));
        }
        let id = SubscriptionId::random();
        let mut tx = self.tenant_tx(tenant).await?;
        sqlx::query(
            "INSERT INTO subscriptions (tenant_id, id, name, kind, external_id, owner_tag, created_at, changed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $7)",
        )
        .bind(tenant.0)
        .bind(id.0)
        .bind(&name)
        .bind(&new.kind)
        .bind(row::text(&new.external_id, 200))
        .bind(row::text(&new.owner_tag, 200))
        .bind(now.0)
        .execute(&mut *tx)
        .await
        .map_err(taken)?;
        let made = read(&mut tx, tenant, id).await?;
        super::requests::wake(&mut tx).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// Changes a subscription.
    ///
    /// # Errors
    /// `not_found`, `name_invalid`, `conflict`, `invalid_argument`.
    pub async fn change_subscription(
        &self,
        tenant: TenantId,
        id: SubscriptionId,
        change: &SubscriptionChange,
        now: TimeMicros,
    ) -> Result<Subscription> {
        let name = change.name.as_deref().map(row::name).transpose()?;
        if change.exclusions.as_ref().is_some_and(|e| {
            e.len() > MAX_EXCLUSIONS || e.iter().any(|w| w.trim().is_empty() || w.chars().count() > 200)
        }) {
            return Err(StateError::InvalidArgument(format!(
                "at most {MAX_EXCLUSIONS} exclusions of 1 to 200 characters"
            )));
        }
        let mut tx = self.tenant_tx(tenant).await?;
        if change.designated == Some(true) {
            sqlx::query("UPDATE subscriptions SET is_default = false WHERE tenant_id = $1 AND is_default AND id <> $2")
                .bind(tenant.0)
                .bind(id.0)
                .execute(&mut *tx)
                .await?;
        }
        let done = sqlx::query(
            "UPDATE subscriptions SET name = coalesce($3, name), owner_tag = coalesce($4, owner_tag),
                 plans = coalesce($5, plans), component_on = coalesce($6, component_on),
                 upgrades = coalesce($7, upgrades), other_products = coalesce($8, other_products),
                 exclusions = coalesce($9, exclusions), waves = coalesce($10, waves),
                 is_default = is_default OR $11, changed_at = $12
             WHERE tenant_id = $1 AND id = $2 AND state = 'active'",
        )
        .bind(tenant.0)
        .bind(id.0)
        .bind(name)
        .bind(change.owner_tag.as_deref().map(|t| row::text(t, 200)))
        .bind(change.plans.as_ref().map(encoded).transpose()?)
        .bind(change.component_on)
        .bind(change.upgrades)
        .bind(change.other_products.map(|o| match o {
            OtherProducts::Observe => "observe",
            OtherProducts::LeaveAlone => "leave_alone",
        }))
        .bind(change.exclusions.as_ref().map(encoded).transpose()?)
        .bind(change.waves.as_ref().map(encoded).transpose()?)
        .bind(change.designated.unwrap_or(false))
        .bind(now.0)
        .execute(&mut *tx)
        .await
        .map_err(taken)?;
        if done.rows_affected() == 0 {
            return Err(StateError::NotFound("subscription"));
        }
        let now_is = read(&mut tx, tenant, id).await?;
        super::requests::wake(&mut tx).await?;
        tx.commit().await?;
        Ok(now_is)
    }
}

fn taken(e: sqlx::Error) -> StateError {
    if is_unique_violation(&e) {
        StateError::Conflict("a subscription has this name".into())
    } else {
        e.into()
    }
}
