//! Rules: who wants to hear of what.

use std::collections::HashMap;

use palisade_estate::notify::{EventKind, Wanted};
use palisade_types::{TenantId, TimeMicros};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use uuid::Uuid;

use crate::error::is_unique_violation;
use crate::vulnerabilities::SEVERITIES;
use crate::{Result, State, StateError, row};

/// Most rules of a tenant.
const MOST: i64 = 100;
/// Most webhooks of a rule.
const MOST_WEBHOOKS: usize = 10;

/// A rule as it is made or changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewNotificationRule {
    /// Name.
    pub name: String,
    /// Whether it is in force.
    pub enabled: bool,
    /// What it wants to hear of.
    pub kinds: Vec<EventKind>,
    /// The least severity; empty for any.
    pub severity: String,
    /// Only about what is exploited.
    pub exploited_only: bool,
    /// Only where it concerns at least so many devices.
    pub least_devices: u32,
    /// Only devices of this group count.
    pub group: Option<Uuid>,
    /// Where it is sent.
    pub webhooks: Vec<Uuid>,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotificationRule {
    /// Identifier.
    pub id: Uuid,
    /// What it asks.
    pub rule: NewNotificationRule,
    /// The group's name; empty where there is none, or it is gone.
    pub group: String,
    /// Names of its webhooks, in the same order.
    pub webhooks: Vec<String>,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: TimeMicros,
    /// When it was changed last.
    pub changed_at: TimeMicros,
    /// When it last had something sent.
    pub last_fired_at: Option<TimeMicros>,
}

impl NewNotificationRule {
    /// As events are held against it.
    pub fn wanted(&self) -> Wanted {
        Wanted {
            kinds: self.kinds.clone(),
            severity: self.severity.clone(),
            exploited_only: self.exploited_only,
            least_devices: self.least_devices,
            of_group: self.group.is_some(),
        }
    }

    fn check(&self) -> Result<String> {
        let bad = |text: &str| Err(StateError::InvalidArgument(text.into()));
        if self.kinds.is_empty() {
            return bad("a rule needs a kind of event");
        }
        if !self.severity.is_empty() && !SEVERITIES.contains(&self.severity.as_str()) {
            return bad("severity must be critical, high, medium, low, none, unknown or empty");
        }
        if self.webhooks.len() > MOST_WEBHOOKS {
            return bad("a rule has at most 10 webhooks");
        }
        if self.least_devices > 1_000_000 {
            return bad("least_devices is at most 1000000");
        }
        row::name(&self.name)
    }
}

const COLUMNS: &str = "r.id, r.name, r.enabled, r.kinds, r.severity, r.exploited_only, r.least_devices, r.group_id,
    coalesce(g.name, '') AS group_name, r.webhooks, r.created_by, r.created_at, r.changed_at, r.last_fired_at";

const FROM: &str = "FROM notification_rules r
    LEFT JOIN device_groups g ON g.tenant_id = r.tenant_id AND g.id = r.group_id WHERE r.tenant_id = $1";

/// The rule's own columns, as they were asked for.
pub(super) fn asked(r: &PgRow) -> Result<NewNotificationRule> {
    let kinds: Vec<String> = r.try_get("kinds")?;
    Ok(NewNotificationRule {
        name: r.try_get("name")?,
        enabled: r.try_get("enabled")?,
        // A kind that this version does not know is of a later one.
        kinds: kinds.iter().filter_map(|k| k.parse().ok()).collect(),
        severity: r.try_get("severity")?,
        exploited_only: r.try_get("exploited_only")?,
        least_devices: u32::try_from(r.try_get::<i32, _>("least_devices")?).unwrap_or_default(),
        group: r.try_get("group_id")?,
        webhooks: r.try_get("webhooks")?,
    })
}

fn rule(r: &PgRow, names: &HashMap<Uuid, String>) -> Result<NotificationRule> {
    let asked = asked(r)?;
    let named = asked.webhooks.iter().map(|id| names.get(id).cloned().unwrap_or_default()).collect();
    Ok(NotificationRule {
        id: r.try_get("id")?,
        group: r.try_get("group_name")?,
        webhooks: named,
        created_by: r.try_get("created_by")?,
        created_at: row::time(r, "created_at")?,
        changed_at: row::time(r, "changed_at")?,
        last_fired_at: row::time_opt(r, "last_fired_at")?,
        rule: asked,
    })
}

async fn names(tx: &mut PgConnection, tenant: TenantId) -> Result<HashMap<Uuid, String>> {
    let rows = sqlx::query("SELECT id, name FROM notification_webhooks WHERE tenant_id = $1")
        .bind(tenant.0)
        .fetch_all(tx)
        .await?;
    rows.iter().map(|r| Ok((r.try_get("id")?, r.try_get("name")?))).collect()
}

async fn one(tx: &mut PgConnection, tenant: TenantId, id: Uuid) -> Result<NotificationRule> {
    let sql = format!("SELECT {COLUMNS} {FROM} AND r.id = $2");
    let found = sqlx::query(AssertSqlSafe(sql)).bind(tenant.0).bind(id).fetch_optional(&mut *tx).await?;
    let names = names(tx, tenant).await?;
    rule(&found.ok_or(StateError::NotFound("notification rule"))?, &names)
}

/// Whether everything is there that a rule names.
async fn check(tx: &mut PgConnection, tenant: TenantId, new: &NewNotificationRule) -> Result<()> {
    let webhooks: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM notification_webhooks WHERE tenant_id = $1 AND id = ANY($2) AND deleted_at IS NULL",
    )
    .bind(tenant.0)
    .bind(&new.webhooks)
    .fetch_one(&mut *tx)
    .await?;
    if usize::try_from(webhooks) != Ok(new.webhooks.len()) {
        return Err(StateError::NotFound("webhook"));
    }
    let Some(group) = new.group else { return Ok(()) };
    let known: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM device_groups WHERE tenant_id = $1 AND id = $2)")
            .bind(tenant.0)
            .bind(group)
            .fetch_one(tx)
            .await?;
    if known { Ok(()) } else { Err(StateError::NotFound("device group")) }
}

fn taken(error: sqlx::Error) -> StateError {
    if is_unique_violation(&error) {
        StateError::Conflict("a notification rule has this name".into())
    } else {
        error.into()
    }
}

fn words(kinds: &[EventKind]) -> Vec<String> {
    let mut words: Vec<String> = kinds.iter().map(|k| k.as_str().to_owned()).collect();
    words.sort_unstable();
    words.dedup();
    words
}

impl State {
    /// Rules by their names.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn notification_rules(&self, tenant: TenantId) -> Result<Vec<NotificationRule>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sql = format!("SELECT {COLUMNS} {FROM} ORDER BY lower(r.name), r.id");
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(tenant.0).fetch_all(&mut *tx).await?;
        let names = names(&mut tx, tenant).await?;
        tx.commit().await?;
        rows.iter().map(|r| rule(r, &names)).collect()
    }

    /// One of them.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn notification_rule(&self, tenant: TenantId, id: Uuid) -> Result<NotificationRule> {
        let mut tx = self.tenant_tx(tenant).await?;
        let found = one(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// Makes a rule.
    ///
    /// # Errors
    /// `name_invalid`, `invalid_argument`, `not_found` (webhook, device group), `conflict` (the name is taken),
    /// `too_many_rules`.
    pub async fn create_notification_rule(
        &self,
        tenant: TenantId,
        new: &NewNotificationRule,
        by: &str,
        now: TimeMicros,
    ) -> Result<NotificationRule> {
        let name = new.check()?;
        let id = Uuid::now_v7();
        let mut tx = self.tenant_tx(tenant).await?;
        check(&mut tx, tenant, new).await?;
        let there: i64 = sqlx::query_scalar("SELECT count(*) FROM notification_rules WHERE tenant_id = $1")
            .bind(tenant.0)
            .fetch_one(&mut *tx)
            .await?;
        if there >= MOST {
            let message = format!("there are {MOST} notification rules already");
            return Err(StateError::Rule { code: "too_many_rules", message });
        }
        sqlx::query(
            "INSERT INTO notification_rules (tenant_id, id, name, enabled, kinds, severity, exploited_only, least_devices,
                 group_id, webhooks, created_by, created_at, changed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)",
        )
        .bind(tenant.0)
        .bind(id)
        .bind(&name)
        .bind(new.enabled)
        .bind(words(&new.kinds))
        .bind(&new.severity)
        .bind(new.exploited_only)
        .bind(i32::try_from(new.least_devices).unwrap_or(i32::MAX))
        .bind(new.group)
        .bind(&new.webhooks)
        .bind(row::text(by, 200))
        .bind(now.0)
        .execute(&mut *tx)
        .await
        .map_err(taken)?;
        let made = one(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// Changes a rule as a whole.
    ///
    /// # Errors
    /// As [`State::create_notification_rule`]; `not_found` for the rule too.
    pub async fn change_notification_rule(
        &self,
        tenant: TenantId,
        id: Uuid,
        new: &NewNotificationRule,
        now: TimeMicros,
    ) -> Result<NotificationRule> {
        let name = new.check()?;
        let mut tx = self.tenant_tx(tenant).await?;
        let before = one(&mut tx, tenant, id).await?;
        // A group that has gone since may stay named: nothing matches then.
        let kept = NewNotificationRule {
            group: new.group.filter(|_| new.group != before.rule.group),
            ..new.clone()
        };
        check(&mut tx, tenant, &kept).await?;
        sqlx::query(
            "UPDATE notification_rules SET name = $3, enabled = $4, kinds = $5, severity = $6, exploited_only = $7,
                 least_devices = $8, group_id = $9, webhooks = $10, changed_at = $11
             WHERE tenant_id = $1 AND id = $2",
        )
        .bind(tenant.0)
        .bind(id)
        .bind(&name)
        .bind(new.enabled)
        .bind(words(&new.kinds))
        .bind(&new.severity)
        .bind(new.exploited_only)
        .bind(i32::try_from(new.least_devices).unwrap_or(i32::MAX))
        .bind(new.group)
        .bind(&new.webhooks)
        .bind(now.0)
        .execute(&mut *tx)
        .await
        .map_err(taken)?;
        let now_is = one(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(now_is)
    }

    /// Deletes a rule; what it had sent stays to be seen.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn delete_notification_rule(&self, tenant: TenantId, id: Uuid) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        let done = sqlx::query("DELETE FROM notification_rules WHERE tenant_id = $1 AND id = $2")
            .bind(tenant.0)
            .bind(id)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        if done.rows_affected() == 0 { Err(StateError::NotFound("notification rule")) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_says_of_what_and_from_when() {
        let good = NewNotificationRule {
            name: "r".into(),
            kinds: vec![EventKind::NewVulnerability],
            severity: "high".into(),
            ..NewNotificationRule::default()
        };
        assert!(good.check().is_ok());
        assert!(NewNotificationRule { kinds: Vec::new(), ..good.clone() }.check().is_err());
        assert!(NewNotificationRule { severity: "bad".into(), ..good.clone() }.check().is_err());
        assert!(NewNotificationRule { webhooks: vec![Uuid::nil(); 11], ..good.clone() }.check().is_err());
        assert!(NewNotificationRule { name: " ".into(), ..good.clone() }.check().is_err());
        assert!(NewNotificationRule { least_devices: u32::MAX, ..good }.check().is_err());
        let twice = [EventKind::FeedTrouble, EventKind::EndOfLife, EventKind::FeedTrouble];
        assert_eq!(words(&twice), ["end_of_life", "feed_trouble"]);
    }
}
