//! What machine-hours cost.

use palisade_estate::metering::{RateCard, Tariff};
use palisade_types::{TenantId, TimeMicros};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::estate::{decoded, encoded};
use crate::{Result, State, StateError, row};

/// A rate card as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptRateCard {
    /// Its identifier.
    pub id: Uuid,
    /// The card.
    pub card: RateCard,
    /// Who wrote it.
    pub created_by: String,
    /// When.
    pub created_at: TimeMicros,
}

fn kept(row: &PgRow) -> Result<KeptRateCard> {
    Ok(KeptRateCard {
        id: row.try_get("id")?,
        card: decoded(row.try_get("card")?, "card")?,
        created_by: row.try_get("created_by")?,
        created_at: row::time(row, "created_at")?,
    })
}

fn rule(e: &palisade_estate::metering::BillError) -> StateError {
    StateError::Rule { code: e.code(), message: e.to_string() }
}

impl State {
    /// The rate cards, the first to take effect first.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn rate_cards(&self, tenant: TenantId) -> Result<Vec<KeptRateCard>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let rows = sqlx::query(
            "SELECT id, card, created_by, created_at FROM rate_cards WHERE tenant_id = $1 ORDER BY effective",
        )
        .bind(tenant.0)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.iter().map(kept).collect()
    }

    /// The rate cards as what prices hours.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn tariff(&self, tenant: TenantId) -> Result<Tariff> {
        let cards = self.rate_cards(tenant).await?;
        Tariff::new(cards.into_iter().map(|c| c.card).collect()).map_err(|e| rule(&e))
    }

    /// Writes a rate card; one that takes effect at the same instant is replaced.
    ///
    /// # Errors
    /// `rates_too_many`.
    pub async fn put_rate_card(
        &self,
        tenant: TenantId,
        card: &RateCard,
        by: &str,
        now: TimeMicros,
    ) -> Result<KeptRateCard> {
        let mut tx = self.tenant_tx(tenant).await?;
        let written = sqlx::query(
            "INSERT INTO rate_cards (tenant_id, id, card, effective, created_by, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (tenant_id, effective) DO UPDATE SET
                 card = excluded.card, created_by = excluded.created_by, created_at = excluded.created_at
             RETURNING id, card, created_by, created_at",
        )
        .bind(tenant.0)
        .bind(Uuid::new_v4())
        .bind(encoded(card)?)
        .bind(card.effective.0)
        .bind(row::text(by, 300))
        .bind(now.0)
        .fetch_one(&mut *tx)
        .await?;
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM rate_cards WHERE tenant_id = $1")
            .bind(tenant.0)
            .fetch_one(&mut *tx)
            .await?;
        if usize::try_from(count).unwrap_or(usize::MAX) > Tariff::MOST {
            return Err(rule(&palisade_estate::metering::BillError::TooMany));
        }
        let kept = kept(&written)?;
        tx.commit().await?;
        Ok(kept)
    }

    /// Takes a rate card away: hours under it cost what the card before says.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn delete_rate_card(&self, tenant: TenantId, id: Uuid) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        let done = sqlx::query("DELETE FROM rate_cards WHERE tenant_id = $1 AND id = $2")
            .bind(tenant.0)
            .bind(id)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(StateError::NotFound("rate card")) }
    }
}
