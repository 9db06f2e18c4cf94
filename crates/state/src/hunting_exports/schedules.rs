//! Exports by the clock as people make and change them.

use palisade_types::{TenantId, TimeMicros, UserId};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use uuid::Uuid;

use super::runs::{ExportRun, last_runs};
use super::{ExportClock, owner_key};
use crate::{DeviceScope, Principal, PrincipalKind, Result, Role, State, StateError, limits, row};

/// Most exports by the clock of a tenant.
const MOST: i64 = 50;
/// Most files that one keeps.
pub const MOST_KEPT: u16 = 100;

/// An export by the clock as it is made or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewScheduledExport {
    /// Name.
    pub name: String,
    /// KQL.
    pub query: String,
    /// `csv`, `json`, `jsonl`, `parquet`.
    pub format: String,
    /// When.
    pub clock: ExportClock,
    /// Files that are kept, 1 to [`MOST_KEPT`].
    pub keep: u16,
    /// Whether it is in force.
    pub enabled: bool,
}

/// Whose an export is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportOwner {
    /// By this it is known: [`owner_of`] says what somebody's is.
    pub key: String,
    /// The user; none for the instance's own.
    pub user: Option<UserId>,
    /// As people read it.
    pub name: String,
}

/// An export by the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduledExport {
    /// Identifier.
    pub id: Uuid,
    /// What it does.
    pub what: NewScheduledExport,
    /// With whose rights it runs.
    pub owner: ExportOwner,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: TimeMicros,
    /// Who changed it last.
    pub updated_by: String,
    /// When.
    pub updated_at: TimeMicros,
    /// When it runs next; never where it is switched off.
    pub next_run_at: Option<TimeMicros>,
    /// What its last run gave.
    pub last_run: Option<ExportRun>,
}

/// Who somebody is as an owner: a user, whatever they came by, or the instance itself.
pub fn owner_of(principal: &Principal) -> ExportOwner {
    match principal.user {
        Some(_) => {
            ExportOwner { key: owner_key(principal), user: principal.user, name: principal.email.clone() }
        }
        None => ExportOwner { key: "instance".to_owned(), user: None, name: "instance".to_owned() },
    }
}

pub(super) const COLUMNS: &str = "e.id, e.name, e.query, e.format, e.every, e.at_minute, e.at_hour, e.on_weekday, e.keep,
    e.enabled, e.owner_key, e.owner_id, e.owner, e.created_by, e.created_at, e.updated_by, e.updated_at, e.next_run_at";

fn small(r: &PgRow, column: &str) -> Result<Option<u8>> {
    Ok(r.try_get::<Option<i16>, _>(column)?.and_then(|n| u8::try_from(n).ok()))
}

pub(super) fn export(r: &PgRow) -> Result<ScheduledExport> {
    let minute = small(r, "at_minute")?.unwrap_or_default();
    let every: &str = r.try_get("every")?;
    Ok(ScheduledExport {
        id: r.try_get("id")?,
        what: NewScheduledExport {
            name: r.try_get("name")?,
            query: r.try_get("query")?,
            format: r.try_get("format")?,
            clock: ExportClock::read(every, minute, small(r, "at_hour")?, small(r, "on_weekday")?)?,
            keep: u16::try_from(r.try_get::<i16, _>("keep")?).unwrap_or(1),
            enabled: r.try_get("enabled")?,
        },
        owner: ExportOwner {
            key: r.try_get("owner_key")?,
            user: r.try_get::<Option<Uuid>, _>("owner_id")?.map(UserId),
            name: r.try_get("owner")?,
        },
        created_by: r.try_get("created_by")?,
        created_at: row::time(r, "created_at")?,
        updated_by: r.try_get("updated_by")?,
        updated_at: row::time(r, "updated_at")?,
        next_run_at: row::time_opt(r, "next_run_at")?,
        last_run: None,
    })
}

/// One of them, or `not_found`.
async fn one(tx: &mut PgConnection, tenant: TenantId, id: Uuid) -> Result<ScheduledExport> {
    let sql =
        format!("SELECT {COLUMNS} FROM hunting_scheduled_exports e WHERE e.tenant_id = $1 AND e.id = $2");
    let found = sqlx::query(AssertSqlSafe(sql)).bind(tenant.0).bind(id).fetch_optional(&mut *tx).await?;
    let mut found = export(&found.ok_or(StateError::NotFound("scheduled export"))?)?;
    found.last_run = last_runs(tx, tenant, &[id]).await?.remove(&id);
    Ok(found)
}

impl NewScheduledExport {
    fn check(&self) -> Result<String> {
        if !(1..=MOST_KEPT).contains(&self.keep) {
            return Err(StateError::InvalidArgument(format!("keep must be 1 to {MOST_KEPT}")));
        }
        row::name(&self.name)
    }

    fn next(&self, now: TimeMicros) -> Option<i64> {
        self.enabled.then(|| self.clock.next(now).0)
    }
}

impl State {
    /// Exports by the clock by their names: all of the tenant, or those of an owner.
    ///
    /// # Errors
    /// Only those of the store itself.
    pub async fn scheduled_exports(
        &self,
        tenant: TenantId,
        owner_key: Option<&str>,
    ) -> Result<Vec<ScheduledExport>> {
        let mut tx = self.tenant_tx(tenant).await?;
        let sql = format!(
            "SELECT {COLUMNS} FROM hunting_scheduled_exports e
             WHERE e.tenant_id = $1 AND ($2::text IS NULL OR e.owner_key = $2) ORDER BY lower(e.name), e.id"
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(tenant.0).bind(owner_key).fetch_all(&mut *tx).await?;
        let mut all = rows.iter().map(export).collect::<Result<Vec<_>>>()?;
        let ids: Vec<Uuid> = all.iter().map(|e| e.id).collect();
        let mut last = last_runs(&mut tx, tenant, &ids).await?;
        tx.commit().await?;
        for export in &mut all {
            export.last_run = last.remove(&export.id);
        }
        Ok(all)
    }

    /// One of them.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn scheduled_export(&self, tenant: TenantId, id: Uuid) -> Result<ScheduledExport> {
        let mut tx = self.tenant_tx(tenant).await?;
        let found = one(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// Makes one, which is its maker's.
    ///
    /// # Errors
    /// `name_invalid`, `invalid_argument`, `too_many_exports`.
    pub async fn create_scheduled_export(
        &self,
        maker: &Principal,
        new: &NewScheduledExport,
        now: TimeMicros,
    ) -> Result<ScheduledExport> {
        let (tenant, name, owner, by) = (maker.tenant, new.check()?, owner_of(maker), maker.actor().name);
        let (id, (minute, hour, weekday)) = (Uuid::now_v7(), new.clock.at());
        let mut tx = self.tenant_tx(tenant).await?;
        let there: i64 =
            sqlx::query_scalar("SELECT count(*) FROM hunting_scheduled_exports WHERE tenant_id = $1")
                .bind(tenant.0)
                .fetch_one(&mut *tx)
                .await?;
        if there >= MOST {
            let message = format!("there are {MOST} scheduled exports already");
            return Err(StateError::Rule { code: "too_many_exports", message });
        }
        sqlx::query(
            "INSERT INTO hunting_scheduled_exports (tenant_id, id, name, query, format, every, at_minute, at_hour, on_weekday,
                 keep, enabled, owner_key, owner_id, owner, created_by, created_at, updated_by, updated_at, next_run_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $15, $16, $17)",
        )
        .bind(tenant.0)
        .bind(id)
        .bind(&name)
        .bind(&new.query)
        .bind(&new.format)
        .bind(new.clock.every())
        .bind(i16::from(minute))
        .bind(hour.map(i16::from))
        .bind(weekday.map(i16::from))
        .bind(i16::try_from(new.keep).unwrap_or(i16::MAX))
        .bind(new.enabled)
        .bind(&owner.key)
        .bind(owner.user.map(|u| u.0))
        .bind(row::text(&owner.name, 300))
        .bind(row::text(&by, 300))
        .bind(now.0)
        .bind(new.next(now))
        .execute(&mut *tx)
        .await?;
        let made = one(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// Changes one as a whole; its owner stays.
    ///
    /// # Errors
    /// As [`State::create_scheduled_export`], and `not_found`.
    pub async fn change_scheduled_export(
        &self,
        (by, id): (&Principal, Uuid),
        new: &NewScheduledExport,
        now: TimeMicros,
    ) -> Result<ScheduledExport> {
        let (tenant, name, (minute, hour, weekday)) = (by.tenant, new.check()?, new.clock.at());
        let mut tx = self.tenant_tx(tenant).await?;
        sqlx::query(
            "UPDATE hunting_scheduled_exports SET name = $3, query = $4, format = $5, every = $6, at_minute = $7, at_hour = $8,
                 on_weekday = $9, keep = $10, enabled = $11, updated_by = $12, updated_at = $13, next_run_at = $14
             WHERE tenant_id = $1 AND id = $2",
        )
        .bind(tenant.0)
        .bind(id)
        .bind(&name)
        .bind(&new.query)
        .bind(&new.format)
        .bind(new.clock.every())
        .bind(i16::from(minute))
        .bind(hour.map(i16::from))
        .bind(weekday.map(i16::from))
        .bind(i16::try_from(new.keep).unwrap_or(i16::MAX))
        .bind(new.enabled)
        .bind(row::text(&by.actor().name, 300))
        .bind(now.0)
        .bind(new.next(now))
        .execute(&mut *tx)
        .await?;
        let now_is = one(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(now_is)
    }

    /// Deletes one with all of its runs; the files are its caller's to remove.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn delete_scheduled_export(&self, tenant: TenantId, id: Uuid) -> Result<()> {
        let mut tx = self.tenant_tx(tenant).await?;
        let done = sqlx::query("DELETE FROM hunting_scheduled_exports WHERE tenant_id = $1 AND id = $2")
            .bind(tenant.0)
            .bind(id)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        if done.rows_affected() == 0 { Err(StateError::NotFound("scheduled export")) } else { Ok(()) }
    }

    /// An owner with the rights that they have now; `run` names the deed that is theirs.
    ///
    /// # Errors
    /// `not_found` when there is no such user any more, or they are kept out.
    pub async fn export_principal(
        &self,
        tenant: TenantId,
        owner: &ExportOwner,
        run: Uuid,
    ) -> Result<Principal> {
        let Some(user) = owner.user else {
            return Ok(Principal {
                tenant,
                kind: PrincipalKind::Token { id: run },
                user: None,
                email: String::new(),
                name: owner.name.clone(),
                role: Role::Administrator,
                permissions: None,
                devices: DeviceScope::all(),
            });
        };
        let mut tx = self.tenant_tx(tenant).await?;
        let sql = format!(
            "SELECT u.email, u.name, u.role, {} FROM users u
             WHERE u.tenant_id = $1 AND u.id = $2 AND u.state = 'active'",
            limits::OF_USER
        );
        let found =
            sqlx::query(AssertSqlSafe(sql)).bind(tenant.0).bind(user.0).fetch_optional(&mut *tx).await?;
        tx.commit().await?;
        let found = found.ok_or(StateError::NotFound("user"))?;
        Ok(Principal {
            tenant,
            kind: PrincipalKind::Session { id: run },
            user: Some(user),
            email: found.try_get("email")?,
            name: found.try_get("name")?,
            role: row::parsed(&found, "role")?,
            permissions: None,
            devices: DeviceScope::within([found.try_get("user_groups")?]),
        })
    }
}
