//! Tenants and settings of the instance, in the control database.

use palisade_types::{TenantId, TimeMicros};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::error::is_unique_violation;
use crate::{Result, State, StateError, row};

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its identifier.
    pub id: TenantId,
    /// Its name, unique without regard to case.
    pub name: String,
    /// The region whose database holds its data.
    pub region: String,
    /// When it was made.
    pub created_at: TimeMicros,
}

fn tenant(row: &PgRow) -> Result<Tenant> {
    Ok(Tenant {
        id: TenantId(row.try_get("id")?),
        name: row.try_get("name")?,
        region: row.try_get("region")?,
        created_at: row::time(row, "created_at")?,
    })
}

fn fixed(tenant: &Tenant) -> StateError {
    StateError::RegionFixed(format!("the region of tenant {} is {}", tenant.name, tenant.region))
}

pub(crate) async fn insert_tenant(control: &mut PgConnection, tenant: &Tenant) -> Result<()> {
    sqlx::query("INSERT INTO tenants (id, name, region, created_at) VALUES ($1, $2, $3, $4)")
        .bind(tenant.id.0)
        .bind(&tenant.name)
        .bind(&tenant.region)
        .bind(tenant.created_at.0)
        .execute(control)
        .await
        .map_err(|e| {
            if is_unique_violation(&e) {
                StateError::Conflict("a tenant has this name".into())
            } else {
                e.into()
            }
        })?;
    Ok(())
}

/// Where machines land that no connector knows.
pub(crate) async fn default_subscription(
    tx: &mut PgConnection,
    tenant: TenantId,
    now: TimeMicros,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO subscriptions (tenant_id, id, name, kind, is_default, created_at)
         VALUES ($1, $2, 'Direct onboarding', 'direct', true, $3)",
    )
    .bind(tenant.0)
    .bind(Uuid::new_v4())
    .bind(now.0)
    .execute(tx)
    .await?;
    Ok(())
}

impl State {
    /// Makes a tenant with its default subscription. Its region is fixed by that. Needs the role
    /// [`crate::DbRole::Owner`] or [`crate::DbRole::Api`].
    ///
    /// # Errors
    /// `name_invalid`, `invalid_argument` (region), `region_unknown`, `conflict` when the name is taken.
    pub async fn create_tenant(&self, name: &str, region: &str, now: TimeMicros) -> Result<Tenant> {
        let name = row::name(name)?;
        let well_formed = !region.is_empty()
            && region.len() <= 63
            && !region.starts_with('-')
            && region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !well_formed {
            return Err(StateError::InvalidArgument("a region has 1 to 63 of a-z, 0-9 and -".into()));
        }
        if !self.serves_region(region) {
            return Err(StateError::RegionUnknown(region.to_owned()));
        }
        let tenant = Tenant { id: TenantId::random(), name, region: region.to_owned(), created_at: now };
        // The name is taken first and shown last: a tenant that is listed always has its default
        // subscription, and a name that is taken already leaves nothing in the region.
        let mut control = self.control().begin().await?;
        insert_tenant(&mut control, &tenant).await?;
        let mut tx = self.scoped(region, tenant.id).await?;
        default_subscription(&mut tx, tenant.id, now).await?;
        tx.commit().await?;
        control.commit().await?;
        Ok(tenant)
    }

    /// The tenant of that name, made now if there is none: what the first subscription that connects
    /// asks for. Without a region it is made in the first one that this process serves; says whether it
    /// was made.
    ///
    /// # Errors
    /// Those of [`State::create_tenant`], and `region_fixed` when there is such a tenant in another
    /// region.
    pub async fn ensure_tenant(
        &self,
        name: &str,
        region: Option<&str>,
        now: TimeMicros,
    ) -> Result<(Tenant, bool)> {
        if let Some(found) = self.named_tenant(name).await? {
            return match region {
                Some(wanted) if wanted != found.region => Err(fixed(&found)),
                _ => Ok((found, false)),
            };
        }
        match self.create_tenant(name, region.unwrap_or(self.own_region()), now).await {
            Ok(made) => Ok((made, true)),
            // Another call was faster.
            Err(StateError::Conflict(why)) => match self.named_tenant(name).await? {
                Some(found) if region.is_none_or(|wanted| wanted == found.region) => Ok((found, false)),
                Some(found) => Err(fixed(&found)),
                None => Err(StateError::Conflict(why)),
            },
            Err(other) => Err(other),
        }
    }

    /// Refuses to move a tenant to another region, with the reason. The database refuses it as well,
    /// whoever asks.
    ///
    /// # Errors
    /// `region_fixed`, `region_unknown`, `not_found`.
    pub async fn set_tenant_region(&self, tenant: TenantId, region: &str) -> Result<()> {
        let found = self.tenant(tenant).await?.ok_or(StateError::NotFound("tenant"))?;
        if found.region == region {
            return Ok(());
        }
        if self.serves_region(region) {
            Err(fixed(&found))
        } else {
            Err(StateError::RegionUnknown(region.into()))
        }
    }

    /// The tenants of the regions that this process serves, oldest first.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn tenants(&self) -> Result<Vec<Tenant>> {
        let rows = sqlx::query("SELECT id, name, region, created_at FROM tenants ORDER BY created_at, id")
            .fetch_all(self.control())
            .await?;
        let all: Vec<Tenant> = rows.iter().map(tenant).collect::<Result<_>>()?;
        Ok(all.into_iter().filter(|t| self.serves_region(&t.region)).collect())
    }

    /// One tenant.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn tenant(&self, id: TenantId) -> Result<Option<Tenant>> {
        let row = sqlx::query("SELECT id, name, region, created_at FROM tenants WHERE id = $1")
            .bind(id.0)
            .fetch_optional(self.control())
            .await?;
        row.as_ref().map(tenant).transpose()
    }

    async fn named_tenant(&self, name: &str) -> Result<Option<Tenant>> {
        let name = row::name(name)?;
        self.tenant_by_name(Some(&name)).await
    }

    /// The tenant of that name (without regard to case), or the only one when no name is given.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn tenant_by_name(&self, name: Option<&str>) -> Result<Option<Tenant>> {
        let name = name.map(str::trim).filter(|n| !n.is_empty());
        let mut rows = sqlx::query(
            "SELECT id, name, region, created_at FROM tenants
             WHERE $1::text IS NULL OR lower(name) = lower($1) ORDER BY created_at LIMIT 2",
        )
        .bind(name.map(|n| row::text(n, 200)))
        .fetch_all(self.control())
        .await?;
        if rows.len() == 1 { rows.pop().as_ref().map(tenant).transpose() } else { Ok(None) }
    }

    /// A setting of the instance.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn setting(&self, key: &str) -> Result<Option<Value>> {
        Ok(sqlx::query_scalar("SELECT value FROM instance_settings WHERE key = $1")
            .bind(key)
            .fetch_optional(self.control())
            .await?)
    }

    /// Writes a setting of the instance. Needs the role Owner or Api.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn set_setting(&self, key: &str, value: &Value, now: TimeMicros) -> Result<()> {
        sqlx::query(
            "INSERT INTO instance_settings (key, value, updated_at) VALUES ($1, $2, $3)
             ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
        )
        .bind(key)
        .bind(row::json(value))
        .bind(now.0)
        .execute(self.control())
        .await?;
        Ok(())
    }
}
