//! Enrolment: bounded tokens, and the transaction that makes a device of a token's use.

use palisade_types::{DeviceId, MachineId, SubscriptionId, TenantId, TimeMicros};
use sqlx::postgres::PgRow;
use sqlx::{Postgres, Row, Transaction};
use uuid::Uuid;

use crate::secrets::{self, TokenKind};
use crate::{DeviceFacts, NewCertificate, Result, State, StateError, certificates, devices, row};

/// The most devices that one token may enrol.
const MAX_USES: i32 = 100_000;

/// An enrolment token without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolmentToken {
    /// Its identifier; not its secret.
    pub id: Uuid,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: TimeMicros,
    /// When it ends.
    pub expires_at: TimeMicros,
    /// How many devices it may enrol.
    pub max_uses: i32,
    /// How many it has enrolled.
    pub uses: i32,
    /// When it was last used.
    pub last_used_at: Option<TimeMicros>,
    /// The machine that it was made for, if it is for one.
    pub machine: Option<MachineId>,
    /// Where its devices belong; the tenant's designated subscription where nothing is said.
    pub subscription: Option<SubscriptionId>,
}

/// What a new token shall be.
#[derive(Clone, Debug, Default)]
pub struct NewEnrolmentToken {
    /// Who makes it, as the audit log names them.
    pub created_by: String,
    /// When it ends.
    pub expires_at: TimeMicros,
    /// How many devices it may enrol.
    pub max_uses: i32,
    /// The machine that the device is on, where the token was made for one.
    pub machine: Option<MachineId>,
    /// Where its devices belong; the tenant's designated subscription unless said.
    pub subscription: Option<SubscriptionId>,
}

fn enrolment_token(row: &PgRow) -> Result<EnrolmentToken> {
    Ok(EnrolmentToken {
        id: row.try_get("id")?,
        created_by: row.try_get("created_by")?,
        created_at: row::time(row, "created_at")?,
        expires_at: row::time(row, "expires_at")?,
        max_uses: row.try_get("max_uses")?,
        uses: row.try_get("uses")?,
        last_used_at: row::time_opt(row, "last_used_at")?,
        machine: row.try_get::<Option<Uuid>, _>("machine_id")?.map(MachineId),
        subscription: row.try_get::<Option<Uuid>, _>("subscription_id")?.map(SubscriptionId),
    })
}

/// An enrolment under way: one use of the token is taken in an open transaction. Dropping it gives
/// the use back; [`Enrolment::finish`] makes it final.
#[derive(Debug)]
pub struct Enrolment {
    tx: Transaction<'static, Postgres>,
    tenant: TenantId,
    machine: Option<Uuid>,
    subscription: Option<Uuid>,
}

impl Enrolment {
    /// The token's tenant.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Whether the tenant knows a device of that identifier.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn device_known(&mut self, device: DeviceId) -> Result<bool> {
        Ok(sqlx::query_scalar("SELECT exists (SELECT FROM devices WHERE tenant_id = $1 AND id = $2)")
            .bind(self.tenant.0)
            .bind(device.to_string())
            .fetch_one(&mut *self.tx)
            .await?)
    }

    /// Makes the device, or brings a known one back into service, with its certificate.
    ///
    /// # Errors
    /// `conflict` when the certificate's serial number was used before; then nothing has happened.
    pub async fn finish(
        mut self,
        device: DeviceId,
        facts: &DeviceFacts,
        certificate: &NewCertificate,
        now: TimeMicros,
    ) -> Result<()> {
        let subscription = self.subscription().await?;
        devices::upsert(&mut self.tx, self.tenant, device, facts, subscription, now).await?;
        self.link(device, now).await?;
        certificates::insert(&mut self.tx, self.tenant, device, certificate, now).await?;
        self.tx.commit().await?;
        Ok(())
    }

    /// Where the device belongs: with its machine, else where its token says.
    async fn subscription(&mut self) -> Result<Option<Uuid>> {
        let Some(machine) = self.machine else { return Ok(self.subscription) };
        let found =
            sqlx::query_scalar("SELECT subscription_id FROM machines WHERE tenant_id = $1 AND id = $2")
                .bind(self.tenant.0)
                .bind(machine)
                .fetch_optional(&mut *self.tx)
                .await?;
        Ok(found.or(self.subscription))
    }

    /// The machine that the token was made for has this device from now on.
    async fn link(&mut self, device: DeviceId, now: TimeMicros) -> Result<()> {
        let Some(machine) = self.machine else { return Ok(()) };
        for sql in [
            "UPDATE machines SET device_id = NULL, changed_at = $4 WHERE tenant_id = $1 AND device_id = $3 AND id <> $2",
            "UPDATE machines SET device_id = $3, changed_at = $4 WHERE tenant_id = $1 AND id = $2",
        ] {
            sqlx::query(sql)
                .bind(self.tenant.0)
                .bind(machine)
                .bind(device.to_string())
                .bind(now.0)
                .execute(&mut *self.tx)
                .await?;
        }
        Ok(())
    }
}

impl State {
    /// Whether a token could enrol a device now; nothing is used up.
    ///
    /// # Errors
    /// `enrolment_token_invalid` for every token that could not.
    pub async fn check_enrolment_token(&self, token: &str, now: TimeMicros) -> Result<TenantId> {
        let (tenant, hash) =
            secrets::parse(TokenKind::Enrolment, token).ok_or(StateError::EnrolmentTokenInvalid)?;
        let mut tx = self.secret_tx(tenant, StateError::EnrolmentTokenInvalid).await?;
        let good: bool = sqlx::query_scalar(
            "SELECT exists (SELECT FROM enrolment_tokens
             WHERE tenant_id = $1 AND token_hash = $2 AND uses < max_uses AND expires_at > $3)",
        )
        .bind(tenant.0)
        .bind(&hash[..])
        .bind(now.0)
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        if good { Ok(tenant) } else { Err(StateError::EnrolmentTokenInvalid) }
    }

    /// Makes a token and returns its text, which is never to be had again.
    ///
    /// # Errors
    /// `invalid_argument` when the number of uses or the expiry is out of bounds.
    pub async fn create_enrolment_token(
        &self,
        tenant: TenantId,
        new: NewEnrolmentToken,
        now: TimeMicros,
    ) -> Result<(EnrolmentToken, String)> {
        if !(1..=MAX_USES).contains(&new.max_uses) {
            return Err(StateError::InvalidArgument(format!("a token may be used 1 to {MAX_USES} times")));
        }
        if new.expires_at <= now {
            return Err(StateError::InvalidArgument("the token would have expired already".into()));
        }
        let (text, hash) = secrets::issue(TokenKind::Enrolment, tenant);
        let token = EnrolmentToken {
            id: Uuid::new_v4(),
            created_by: row::text(&new.created_by, 300),
            created_at: now,
            expires_at: new.expires_at,
            max_uses: new.max_uses,
            uses: 0,
            last_used_at: None,
            machine: new.machine,
            subscription: new.subscription,
        };
        let mut tx = self.tenant_tx(tenant).await?;
        sqlx::query(
            "INSERT INTO enrolment_tokens (tenant_id, id, token_hash, created_by, created_at, expires_at, max_uses,
                 machine_id, subscription_id)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(tenant.0)
        .bind(token.id)
        .bind(&hash[..])
        .bind(&token.created_by)
        .bind(now.0)
        .bind(token.expires_at.0)
        .bind(token.max_uses)
        .bind(new.machine.map(|m| m.0))
        .bind(new.subscription.map(|s| s.0))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok((token, text))
    }

    /// Every enrolment token of the tenant, newest first; used up and expired ones too.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn enrolment_tokens(&self, tenant: TenantId) -> Result<Vec<EnrolmentToken>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = sqlx::query(
            "SELECT id, created_by, created_at, expires_at, max_uses, uses, last_used_at, machine_id, subscription_id
             FROM enrolment_tokens WHERE tenant_id = $1 ORDER BY created_at DESC, id",
        )
        .bind(tenant.0)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.iter().map(enrolment_token).collect()
    }

    /// Ends a token.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn delete_enrolment_token(&self, tenant: TenantId, id: Uuid) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        let done = sqlx::query("DELETE FROM enrolment_tokens WHERE tenant_id = $1 AND id = $2")
            .bind(tenant.0)
            .bind(id)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(StateError::NotFound("enrolment token")) }
    }

    /// Takes one use of a token. Others who use the same token wait until this one is finished or
    /// dropped, so it should be finished within milliseconds.
    ///
    /// # Errors
    /// `enrolment_token_invalid`, `enrolment_token_expired`, `enrolment_token_exhausted`.
    pub async fn begin_enrolment(&self, token: &str, now: TimeMicros) -> Result<Enrolment> {
        let (tenant, hash) =
            secrets::parse(TokenKind::Enrolment, token).ok_or(StateError::EnrolmentTokenInvalid)?;
        let mut tx = self.secret_tx(tenant, StateError::EnrolmentTokenInvalid).await?;
        let taken = sqlx::query(
            "UPDATE enrolment_tokens SET uses = uses + 1, last_used_at = $3
             WHERE tenant_id = $1 AND token_hash = $2 AND uses < max_uses AND expires_at > $3
             RETURNING machine_id, subscription_id",
        )
        .bind(tenant.0)
        .bind(&hash[..])
        .bind(now.0)
        .fetch_optional(&mut *tx)
        .await?;
        if let Some(taken) = taken {
            let machine = taken.try_get("machine_id")?;
            let subscription = taken.try_get("subscription_id")?;
            return Ok(Enrolment { tx, tenant, machine, subscription });
        }
        let expires_at: Option<i64> = sqlx::query_scalar(
            "SELECT expires_at FROM enrolment_tokens WHERE tenant_id = $1 AND token_hash = $2",
        )
        .bind(tenant.0)
        .bind(&hash[..])
        .fetch_optional(&mut *tx)
        .await?;
        Err(match expires_at {
            None => StateError::EnrolmentTokenInvalid,
            Some(at) if at <= now.0 => StateError::EnrolmentTokenExpired,
            Some(_) => StateError::EnrolmentTokenExhausted,
        })
    }
}
