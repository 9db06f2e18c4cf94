//! The steps of a transfer.

use palisade_types::{SubscriptionId, TenantId, TimeMicros};
use serde_json::json;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::{Transfer, TransferPlan, TransferState, expect};
use crate::error::is_unique_violation;
use crate::{
    Actor, AuditEntry, AuditOutcome, EnrolmentToken, NewEnrolmentToken, Result, State, StateError, Tenant,
};

/// How long the new tenant's token is good.
const TOKEN_US: i64 = 7 * 86_400_000_000;

/// Spare uses of the new tenant's token: a machine whose enrolment broke off tries again.
const SPARE: i32 = 5;

impl State {
    /// What the transfer of a subscription would do. Changes nothing.
    ///
    /// # Errors
    /// `not_found`, `conflict` when it cannot move as things are, `wrong_region`.
    pub async fn plan_transfer(
        &self,
        from: TenantId,
        subscription: SubscriptionId,
        to: TenantId,
    ) -> Result<TransferPlan> {
        let (old, new) = self.ends(from, to).await?;
        let mut tx = self.tenant_tx(from).await?;
        let name = movable(&mut tx, from, subscription, &["active", "leaving"]).await?;
        let counts = sqlx::query(
            "SELECT (SELECT count(*) FROM machines m WHERE m.tenant_id = $1 AND m.subscription_id = $2
                     AND m.retired_at IS NULL AND m.device_id IS NULL) AS bare,
                    (SELECT count(*) FROM devices d WHERE d.tenant_id = $1 AND d.subscription_id = $2
                     AND d.status = 'active' AND d.source = 'sensor') AS devices,
                    (SELECT count(*) FROM enrolment_tokens e WHERE e.tenant_id = $1 AND (e.subscription_id = $2
                     OR e.machine_id IN (SELECT id FROM machines WHERE tenant_id = $1 AND subscription_id = $2)))
                    AS tokens",
        )
        .bind(from.0)
        .bind(subscription.0)
        .fetch_one(&mut *tx)
        .await?;
        let connectors = sqlx::query_scalar(
            "SELECT name FROM connectors WHERE tenant_id = $1 AND subscription_id = $2 AND state <> 'revoked'
             ORDER BY lower(name) LIMIT 1000",
        )
        .bind(from.0)
        .bind(subscription.0)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let devices: i64 = counts.try_get("devices")?;
        Ok(TransferPlan {
            name,
            from_region: old.region,
            to_region: new.region,
            machines: devices + counts.try_get::<i64, _>("bare")?,
            devices,
            connectors,
            tokens: counts.try_get("tokens")?,
        })
    }

    /// First step: makes the empty successor in the other tenant and closes the subscription to new
    /// machines. A transfer of it to the same tenant that is under way is returned as it is.
    ///
    /// # Errors
    /// `not_found`, `conflict` (the tenant's designated subscription, one that is on its way to another
    /// tenant, a name that the other tenant has already), `wrong_region`.
    pub async fn prepare_transfer(
        &self,
        from: TenantId,
        subscription: SubscriptionId,
        to: TenantId,
        by: &str,
        now: TimeMicros,
    ) -> Result<Transfer> {
        self.ends(from, to).await?;
        let begun = match self.open_transfer(from, subscription).await? {
            Some(open) if open.to != to => {
                return Err(StateError::Conflict("it is on its way to another tenant".into()));
            }
            Some(open) if open.state != TransferState::Prepared => return Ok(open),
            Some(open) => open,
            None => self.begin(from, subscription, to, now).await?,
        };
        if let Err(e) = self.make_successor(&begun, now).await {
            // Nothing was changed in either region yet.
            self.advance(&begun, TransferState::Cancelled, 0, now).await?;
            return Err(e);
        }
        let mut tx = self.tenant_tx(from).await?;
        mark(&mut tx, &begun, "leaving", now).await?;
        tx.commit().await?;
        self.tell_both(&begun, "subscription.transfer.prepare", by, now).await?;
        Ok(begun)
    }

    /// Second step: the old tenant lets go. Connectors' credentials are destroyed, enrolment and task
    /// tokens end, certificates are revoked, open orders and tasks are closed, machines and devices are
    /// out of service. What they reported stays.
    ///
    /// # Errors
    /// `not_found`, `conflict`.
    pub async fn offboard_transfer(&self, id: Uuid, by: &str, now: TimeMicros) -> Result<Transfer> {
        let open = self.transfer(id).await?;
        if open.state == TransferState::Offboarded {
            return Ok(open);
        }
        expect(&open, &[TransferState::Prepared])?;
        let mut tx = self.tenant_tx(open.from).await?;
        let machines = let_go(&mut tx, &open, now).await?;
        mark(&mut tx, &open, "left", now).await?;
        tx.commit().await?;
        let moved = self.advance(&open, TransferState::Offboarded, machines, now).await?;
        self.tell_both(&moved, "subscription.transfer.offboard", by, now).await?;
        Ok(moved)
    }

    /// Third step: a token of the new tenant, by which machines enter the successor. Asked for again,
    /// the one before ends and a new one is made, since its text is stored nowhere.
    ///
    /// # Errors
    /// `not_found`, `conflict`.
    pub async fn re_enrol_transfer(
        &self,
        id: Uuid,
        by: &str,
        now: TimeMicros,
    ) -> Result<(Transfer, EnrolmentToken, String)> {
        let open = self.transfer(id).await?;
        expect(&open, &[TransferState::Offboarded, TransferState::ReEnrolling])?;
        let mut tx = self.tenant_tx(open.to).await?;
        end_token(&mut tx, &open).await?;
        tx.commit().await?;
        let new = NewEnrolmentToken {
            created_by: created_by(&open),
            expires_at: now.plus_micros(TOKEN_US),
            max_uses: open.machines.max(1).saturating_add(SPARE),
            subscription: Some(open.successor),
            ..NewEnrolmentToken::default()
        };
        let (token, text) = self.create_enrolment_token(open.to, new, now).await?;
        let moved = self.advance(&open, TransferState::ReEnrolling, open.machines, now).await?;
        self.tell_both(&moved, "subscription.transfer.re_enrol", by, now).await?;
        Ok((moved, token, text))
    }

    /// How many machines have arrived in the successor.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn arrived(&self, transfer: &Transfer) -> Result<i64> {
        let mut tx = self.tenant_tx(transfer.to).await?;
        let arrived = sqlx::query_scalar(
            "SELECT count(*) FROM devices WHERE tenant_id = $1 AND subscription_id = $2 AND status = 'active'
                 AND source = 'sensor'",
        )
        .bind(transfer.to.0)
        .bind(transfer.successor.0)
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(arrived)
    }

    /// Last step: ends the token. Without `anyway`, only when as many machines have arrived as left.
    ///
    /// # Errors
    /// `not_found`, `conflict` when machines are still awaited.
    pub async fn finish_transfer(
        &self,
        id: Uuid,
        anyway: bool,
        by: &str,
        now: TimeMicros,
    ) -> Result<Transfer> {
        let open = self.transfer(id).await?;
        if open.state == TransferState::Done {
            return Ok(open);
        }
        expect(&open, &[TransferState::Offboarded, TransferState::ReEnrolling])?;
        let arrived = self.arrived(&open).await?;
        if !anyway && arrived < i64::from(open.machines) {
            return Err(StateError::Conflict(format!(
                "{arrived} of {} machines have arrived",
                open.machines
            )));
        }
        let mut tx = self.tenant_tx(open.to).await?;
        end_token(&mut tx, &open).await?;
        tx.commit().await?;
        let moved = self.advance(&open, TransferState::Done, open.machines, now).await?;
        self.tell_both(&moved, "subscription.transfer.finish", by, now).await?;
        Ok(moved)
    }

    /// Calls a transfer off while it is prepared: the subscription is as before, the successor goes.
    ///
    /// # Errors
    /// `not_found`, `conflict`.
    pub async fn cancel_transfer(&self, id: Uuid, by: &str, now: TimeMicros) -> Result<Transfer> {
        let open = self.transfer(id).await?;
        expect(&open, &[TransferState::Prepared])?;
        let mut tx = self.tenant_tx(open.from).await?;
        mark(&mut tx, &open, "active", now).await?;
        tx.commit().await?;
        let mut tx = self.tenant_tx(open.to).await?;
        // It has never been anything but empty; where nobody may delete it, it is one that has left.
        sqlx::query(
            "UPDATE subscriptions SET state = 'left', changed_at = $3 WHERE tenant_id = $1 AND id = $2",
        )
        .bind(open.to.0)
        .bind(open.successor.0)
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        let moved = self.advance(&open, TransferState::Cancelled, 0, now).await?;
        self.tell_both(&moved, "subscription.transfer.cancel", by, now).await?;
        Ok(moved)
    }

    async fn ends(&self, from: TenantId, to: TenantId) -> Result<(Tenant, Tenant)> {
        if from == to {
            return Err(StateError::Conflict("it is this tenant's already".into()));
        }
        let old = self.tenant(from).await?.ok_or(StateError::NotFound("tenant"))?;
        let new = self.tenant(to).await?.ok_or(StateError::NotFound("tenant"))?;
        for tenant in [&old, &new] {
            if !self.serves_region(&tenant.region) {
                return Err(StateError::WrongRegion);
            }
        }
        Ok((old, new))
    }

    async fn begin(
        &self,
        from: TenantId,
        subscription: SubscriptionId,
        to: TenantId,
        now: TimeMicros,
    ) -> Result<Transfer> {
        let mut tx = self.tenant_tx(from).await?;
        movable(&mut tx, from, subscription, &["active"]).await?;
        tx.commit().await?;
        let begun = Transfer {
            id: Uuid::new_v4(),
            from,
            subscription,
            to,
            successor: SubscriptionId(Uuid::new_v4()),
            state: TransferState::Prepared,
            machines: 0,
            created_at: now,
            changed_at: now,
        };
        sqlx::query(
            "INSERT INTO transfers (id, from_tenant, subscription_id, to_tenant, successor_id, state, created_at,
                 changed_at)
             VALUES ($1, $2, $3, $4, $5, 'prepared', $6, $6)",
        )
        .bind(begun.id)
        .bind(from.0)
        .bind(subscription.0)
        .bind(to.0)
        .bind(begun.successor.0)
        .bind(now.0)
        .execute(self.control())
        .await
        .map_err(|e| {
            if is_unique_violation(&e) {
                StateError::Conflict("its transfer has just begun elsewhere".into())
            } else {
                e.into()
            }
        })?;
        Ok(begun)
    }

    /// The same settings, in the other region; no machine, no connector, no plan: who pays decides anew.
    async fn make_successor(&self, transfer: &Transfer, now: TimeMicros) -> Result<()> {
        let mut tx = self.tenant_tx(transfer.from).await?;
        let old = sqlx::query(
            "SELECT name, kind, external_id, owner_tag, component_on, upgrades, other_products, exclusions, waves
             FROM subscriptions WHERE tenant_id = $1 AND id = $2",
        )
        .bind(transfer.from.0)
        .bind(transfer.subscription.0)
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        let mut tx = self.tenant_tx(transfer.to).await?;
        sqlx::query(
            "INSERT INTO subscriptions (tenant_id, id, name, kind, external_id, owner_tag, component_on, upgrades,
                 other_products, exclusions, waves, created_at, changed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)
             ON CONFLICT (tenant_id, id) DO NOTHING",
        )
        .bind(transfer.to.0)
        .bind(transfer.successor.0)
        .bind(old.try_get::<&str, _>("name")?)
        .bind(old.try_get::<&str, _>("kind")?)
        .bind(old.try_get::<&str, _>("external_id")?)
        .bind(old.try_get::<&str, _>("owner_tag")?)
        .bind(old.try_get::<bool, _>("component_on")?)
        .bind(old.try_get::<bool, _>("upgrades")?)
        .bind(old.try_get::<&str, _>("other_products")?)
        .bind(old.try_get::<serde_json::Value, _>("exclusions")?)
        .bind(old.try_get::<Option<serde_json::Value>, _>("waves")?)
        .bind(now.0)
        .execute(&mut *tx)
        .await
        .map_err(|e| {
            if is_unique_violation(&e) {
                StateError::Conflict("the other tenant has a subscription of this name: rename one".into())
            } else {
                e.into()
            }
        })?;
        tx.commit().await?;
        Ok(())
    }

    /// Each side's audit log says what concerns that side: neither learns the other's ids.
    async fn tell_both(&self, transfer: &Transfer, kind: &str, by: &str, now: TimeMicros) -> Result<()> {
        let sides = [
            (transfer.from, transfer.subscription, json!({ "direction": "out" })),
            (transfer.to, transfer.successor, json!({ "direction": "in" })),
        ];
        for (tenant, subscription, mut detail) in sides {
            detail["transfer"] = transfer.id.to_string().into();
            let entry = AuditEntry {
                actor: Actor::system(by),
                kind: kind.to_owned(),
                outcome: AuditOutcome::Success,
                target: subscription.to_string(),
                detail,
                address: String::new(),
            };
            self.audit(tenant, &entry, now).await?;
        }
        Ok(())
    }
}

fn created_by(transfer: &Transfer) -> String {
    format!("transfer {}", transfer.id)
}

async fn end_token(tx: &mut PgConnection, transfer: &Transfer) -> Result<()> {
    sqlx::query(
        "DELETE FROM enrolment_tokens WHERE tenant_id = $1 AND subscription_id = $2 AND created_by = $3",
    )
    .bind(transfer.to.0)
    .bind(transfer.successor.0)
    .bind(created_by(transfer))
    .execute(tx)
    .await?;
    Ok(())
}

/// The name of a subscription that may leave.
async fn movable(
    tx: &mut PgConnection,
    tenant: TenantId,
    subscription: SubscriptionId,
    states: &[&str],
) -> Result<String> {
    let found =
        sqlx::query("SELECT name, is_default, state FROM subscriptions WHERE tenant_id = $1 AND id = $2")
            .bind(tenant.0)
            .bind(subscription.0)
            .fetch_optional(tx)
            .await?
            .ok_or(StateError::NotFound("subscription"))?;
    if found.try_get("is_default")? {
        let why = "machines that no connector knows land in this subscription: designate another one first";
        return Err(StateError::Conflict(why.into()));
    }
    let state: &str = found.try_get("state")?;
    if !states.contains(&state) {
        return Err(StateError::Conflict(format!("the subscription is {state}")));
    }
    Ok(found.try_get("name")?)
}

async fn mark(tx: &mut PgConnection, transfer: &Transfer, state: &str, now: TimeMicros) -> Result<()> {
    sqlx::query("UPDATE subscriptions SET state = $3, changed_at = $4 WHERE tenant_id = $1 AND id = $2")
        .bind(transfer.from.0)
        .bind(transfer.subscription.0)
        .bind(state)
        .bind(now.0)
        .execute(tx)
        .await?;
    Ok(())
}

const MACHINES: &str = "(SELECT id FROM machines WHERE tenant_id = $1 AND subscription_id = $2)";
const DEVICES: &str = "(SELECT id FROM devices WHERE tenant_id = $1 AND subscription_id = $2)";

/// Everything by which the old tenant could still hear or reach the machines; how many there were. It
/// may be repeated.
async fn let_go(tx: &mut PgConnection, transfer: &Transfer, now: TimeMicros) -> Result<i32> {
    let ended = [
        format!(
            "DELETE FROM enrolment_tokens
             WHERE tenant_id = $1 AND (subscription_id = $2 OR machine_id IN {MACHINES})"
        ),
        format!("DELETE FROM tasks WHERE tenant_id = $1 AND state = 'queued' AND machine_id IN {MACHINES}"),
        format!("UPDATE tasks SET token_hash = NULL WHERE tenant_id = $1 AND machine_id IN {MACHINES}"),
        "DELETE FROM rollouts WHERE tenant_id = $1 AND subscription_id = $2".to_owned(),
        "UPDATE devices SET status = 'offboarded' WHERE tenant_id = $1 AND subscription_id = $2".to_owned(),
    ];
    for sql in ended {
        let statement = sqlx::query(sqlx::AssertSqlSafe(sql));
        statement.bind(transfer.from.0).bind(transfer.subscription.0).execute(&mut *tx).await?;
    }
    let dated = [
        "UPDATE connectors SET state = 'revoked', secret = NULL, list_wanted_at = NULL, changed_at = $3
         WHERE tenant_id = $1 AND subscription_id = $2"
            .to_owned(),
        format!(
            "UPDATE orders SET state = 'expired', completed_at = $3
             WHERE tenant_id = $1 AND state IN ('queued', 'delivered') AND device_id IN {DEVICES}"
        ),
        format!(
            "UPDATE device_certificates SET revoked_at = $3
             WHERE tenant_id = $1 AND revoked_at IS NULL AND device_id IN {DEVICES}"
        ),
        "UPDATE machines SET offboarded_at = coalesce(offboarded_at, $3), changed_at = $3
         WHERE tenant_id = $1 AND subscription_id = $2"
            .to_owned(),
    ];
    for sql in dated {
        let statement = sqlx::query(sqlx::AssertSqlSafe(sql));
        statement.bind(transfer.from.0).bind(transfer.subscription.0).bind(now.0).execute(&mut *tx).await?;
    }
    // By what the transfer itself revoked: a repeated call counts the same machines.
    let left: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
        "SELECT (SELECT count(DISTINCT device_id) FROM device_certificates
                 WHERE tenant_id = $1 AND revoked_at >= $3 AND device_id IN {DEVICES})
              + (SELECT count(*) FROM machines
                 WHERE tenant_id = $1 AND subscription_id = $2 AND retired_at IS NULL AND device_id IS NULL)"
    )))
    .bind(transfer.from.0)
    .bind(transfer.subscription.0)
    .bind(transfer.created_at.0)
    .fetch_one(tx)
    .await?;
    Ok(i32::try_from(left).unwrap_or(i32::MAX))
}
