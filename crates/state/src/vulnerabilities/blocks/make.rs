//! Making, changing and ending rules.

use palisade_types::{TenantId, TimeMicros, UserId};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::list::one;
use super::{
    Block, BlockMode, BlockState, BlockSubject, LONGEST, MAX_MESSAGE, MOST_ACTIVE, MOST_PACKAGES, WARN_FIRST,
    rule,
};
use crate::{DeviceScope, Result, State, StateError, row};

/// Longest note or reason, characters.
const MAX_NOTE: usize = 1_000;

/// A rule to make.
#[derive(Clone, Debug)]
pub struct NewBlock {
    /// For what.
    pub subject: BlockSubject,
    /// Only on the devices of this group; everywhere where it is none.
    pub group: Option<Uuid>,
    /// What happens.
    pub mode: BlockMode,
    /// What is told with it.
    pub message: String,
    /// Why: 1 to 1000 characters.
    pub note: String,
    /// Why it blocks without having warned.
    pub confirm_reason: Option<String>,
    /// Until when, at most a year.
    pub expires_at: TimeMicros,
    /// Who makes it, as the audit log names them.
    pub created_by: String,
    /// The user.
    pub created_by_id: Option<UserId>,
}

impl NewBlock {
    fn check(&self, now: TimeMicros) -> Result<()> {
        let bad = |text: &str| Err(StateError::InvalidArgument(text.into()));
        let chars = self.note.trim().chars().count();
        if chars == 0 || chars > MAX_NOTE {
            return bad("a rule needs a note of 1 to 1000 characters");
        }
        if self.message.chars().count() > MAX_MESSAGE || self.message.chars().any(char::is_control) {
            return bad("a message has at most 200 characters, and no control characters");
        }
        if self.expires_at <= now || self.expires_at.0 - now.0 > LONGEST {
            return bad("a rule ends in the future, within a year");
        }
        Ok(())
    }
}

/// A reason that counts; an empty one does not.
fn reason(given: Option<&str>) -> Result<Option<String>> {
    let text = given.map(str::trim).filter(|t| !t.is_empty());
    if text.is_some_and(|t| t.chars().count() > MAX_NOTE) {
        return Err(StateError::InvalidArgument("confirm_reason has at most 1000 characters".into()));
    }
    Ok(text.map(str::to_owned))
}

fn warn_first() -> StateError {
    rule(
        "block_warn_first",
        "a rule warns for a day before it blocks: wait, or say in confirm_reason why not",
    )
}

/// Whether a caller may decide about the devices of a group, or of everything.
fn may_decide(scope: &DeviceScope, group: Option<Uuid>) -> Result<()> {
    match group {
        Some(group) if scope.excludes_group(group) => Err(StateError::NotFound("device group")),
        None if scope.is_limited() => Err(rule(
            "group_required",
            "somebody who is limited to device groups blocks for one of these groups only",
        )),
        _ => Ok(()),
    }
}

impl State {
    /// Makes a rule for what one of the scope's devices has, or for a software that is named.
    ///
    /// # Errors
    /// `not_found` (subject or group), `group_required`, `invalid_argument`, `block_warn_first`,
    /// `block_not_applicable`, `block_too_many_packages`, `block_too_many`, `block_exists` where a rule for the same
    /// subject and group holds.
    pub async fn create_application_block(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        new: &NewBlock,
        now: TimeMicros,
    ) -> Result<Block> {
        new.check(now)?;
        may_decide(scope, new.group)?;
        let reason = reason(new.confirm_reason.as_deref())?;
        if new.mode == BlockMode::Block && reason.is_none() {
            return Err(warn_first());
        }
        let mut tx = self.tenant_tx(tenant).await?;
        if let Some(group) = new.group {
            let known: bool = sqlx::query_scalar(
                "SELECT EXISTS (SELECT FROM device_groups WHERE tenant_id = $1 AND id = $2)",
            )
            .bind(tenant.0)
            .bind(group)
            .fetch_one(&mut *tx)
            .await?;
            if !known {
                return Err(StateError::NotFound("device group"));
            }
        }
        let (title, targets) = self.block_targets(&mut tx, tenant, scope, &new.subject, now).await?;
        let targets = serde_json::to_value(targets).map_err(|e| StateError::Internal(e.to_string()))?;
        // Counting and making are one, whoever else makes one at the same time.
        sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 44))")
            .bind(format!("{tenant} application blocks"))
            .execute(&mut *tx)
            .await?;
        room(&mut tx, tenant, new, &targets).await?;
        let id = Uuid::now_v7();
        let blocking = (new.mode == BlockMode::Block).then_some(now.0);
        sqlx::query(
            "INSERT INTO application_blocks (tenant_id, id, subject_kind, subject, title, targets, group_id, mode,
                 message, note, confirm_reason, warning_since, blocking_since, state, created_by, created_by_id,
                 created_at, expires_at, changed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'active', $14, $15, $12, $16, $12)",
        )
        .bind(tenant.0)
        .bind(id)
        .bind(new.subject.kind())
        .bind(row::text(new.subject.id(), 300))
        .bind(row::text(&title, 1000))
        .bind(targets)
        .bind(new.group)
        .bind(new.mode.as_str())
        .bind(row::text(&new.message, MAX_MESSAGE))
        .bind(row::text(new.note.trim(), MAX_NOTE))
        .bind(if blocking.is_some() { reason.unwrap_or_default() } else { String::new() })
        .bind(now.0)
        .bind(blocking)
        .bind(row::text(&new.created_by, 300))
        .bind(new.created_by_id.map(|u| u.0))
        .bind(new.expires_at.0)
        .execute(&mut *tx)
        .await?;
        let made = self.block_with_counts(&mut tx, tenant, scope, id, now).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// Changes whether a rule warns or blocks. It blocks without a reason once it has warned for a day.
    ///
    /// # Errors
    /// `not_found`, `group_required`, `block_over`, `block_warn_first`, `invalid_argument`.
    pub async fn set_application_block_mode(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        id: Uuid,
        (mode, confirm_reason): (BlockMode, Option<&str>),
        now: TimeMicros,
    ) -> Result<Block> {
        let mut tx = self.tenant_tx(tenant).await?;
        let there = locked(&mut tx, tenant, scope, id).await?;
        let reason = reason(confirm_reason)?;
        if mode == BlockMode::Block && there.mode == BlockMode::Warn {
            let warned = now.0 - there.warning_since.0;
            if warned < WARN_FIRST && reason.is_none() {
                return Err(warn_first());
            }
        }
        if mode != there.mode {
            sqlx::query(
                "UPDATE application_blocks SET mode = $3, changed_at = $4, confirm_reason = $5,
                     blocking_since = CASE WHEN $3 = 'block' THEN $4 END,
                     warning_since = CASE WHEN $3 = 'warn' THEN $4 ELSE warning_since END
                 WHERE tenant_id = $1 AND id = $2",
            )
            .bind(tenant.0)
            .bind(id)
            .bind(mode.as_str())
            .bind(now.0)
            .bind(if mode == BlockMode::Block { reason.unwrap_or_default() } else { String::new() })
            .execute(&mut *tx)
            .await?;
        }
        let now_is = self.block_with_counts(&mut tx, tenant, scope, id, now).await?;
        tx.commit().await?;
        Ok(now_is)
    }

    /// Ends a rule; devices release what it held at their next contact. One that is over stays as it is.
    ///
    /// # Errors
    /// `not_found`, `group_required`.
    pub async fn cancel_application_block(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        id: Uuid,
        by: &str,
        now: TimeMicros,
    ) -> Result<Block> {
        let mut tx = self.tenant_tx(tenant).await?;
        let there = one(&mut tx, tenant, scope, id).await?;
        may_decide(scope, there.group.as_ref().map(|(g, _)| *g))?;
        sqlx::query(
            "UPDATE application_blocks SET state = 'cancelled', ended_at = $3, ended_by = $4, changed_at = $3
             WHERE tenant_id = $1 AND id = $2 AND state = 'active'",
        )
        .bind(tenant.0)
        .bind(id)
        .bind(now.0)
        .bind(row::text(by, 300))
        .execute(&mut *tx)
        .await?;
        let now_is = self.block_with_counts(&mut tx, tenant, scope, id, now).await?;
        tx.commit().await?;
        Ok(now_is)
    }
}

/// Whether there is room for one more rule.
async fn room(
    tx: &mut PgConnection,
    tenant: TenantId,
    new: &NewBlock,
    targets: &serde_json::Value,
) -> Result<()> {
    let r = sqlx::query(
        "SELECT count(*) AS active, coalesce(sum(jsonb_array_length(targets)), 0)::bigint + jsonb_array_length($5) AS packages,
             count(*) FILTER (WHERE subject_kind = $2 AND subject = $3 AND targets = $5
             AND group_id IS NOT DISTINCT FROM $4) AS same
         FROM application_blocks WHERE tenant_id = $1 AND state = 'active'",
    )
    .bind(tenant.0)
    .bind(new.subject.kind())
    .bind(new.subject.id())
    .bind(new.group)
    .bind(targets)
    .fetch_one(tx)
    .await?;
    if r.try_get::<i64, _>("same")? > 0 {
        return Err(rule("block_exists", "a rule for the same on the same devices holds already"));
    }
    let packages = r.try_get::<i64, _>("packages")?;
    if r.try_get::<i64, _>("active")? >= MOST_ACTIVE || packages > MOST_PACKAGES {
        return Err(rule("block_too_many", "at most 100 rules for 200 packages hold at once: end one first"));
    }
    Ok(())
}

/// A rule that the caller may change, locked.
async fn locked(tx: &mut PgConnection, tenant: TenantId, scope: &DeviceScope, id: Uuid) -> Result<Block> {
    sqlx::query("SELECT FROM application_blocks WHERE tenant_id = $1 AND id = $2 FOR UPDATE")
        .bind(tenant.0)
        .bind(id)
        .execute(&mut *tx)
        .await?;
    let there = one(tx, tenant, scope, id).await?;
    may_decide(scope, there.group.as_ref().map(|(g, _)| *g))?;
    if there.state != BlockState::Active {
        return Err(rule("block_over", "it is over; make a new one"));
    }
    Ok(there)
}
